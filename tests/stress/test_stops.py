"""A short form of stops.py: some twenty commands, each stopped in some way."""

from pathlib import Path

import pytest
from stress.stops import COMMANDS, stops

posix = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


@posix
@pytest.mark.parametrize("seed", [0, 100])
def test_nothing_is_lost_and_no_file_is_torn(tmp_path, seed):
    assert stops(len(COMMANDS), seed, tmp_path) == []
