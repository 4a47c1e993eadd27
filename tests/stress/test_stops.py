"""A short form of stops.py: some twenty commands, each stopped in some way."""

import os
from pathlib import Path

import pytest
from stress.stops import COMMANDS, stops

posix = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
asked = pytest.mark.skipif(
    "EXACTZONES_STRESS" not in os.environ,
    reason="its time limits do not hold yet on a machine that is busy with other tests; EXACTZONES_STRESS=1 runs it",
)


@posix
@asked
@pytest.mark.parametrize("seed", [0, 100])
def test_nothing_is_lost_and_no_file_is_torn(tmp_path, seed):
    assert stops(len(COMMANDS), seed, tmp_path) == []
