"""A short form of stops.py: each command once, stopped in some way."""

from pathlib import Path

import pytest
from stress.stops import COMMANDS, Run, stops


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("half", [0, 1])
def test_nothing_is_lost_and_no_file_is_torn(tmp_path, monkeypatch, half):
    monkeypatch.setattr(Run, "seconds", 3.0)
    assert stops(range(half, len(COMMANDS), 2), 0, tmp_path) == []
