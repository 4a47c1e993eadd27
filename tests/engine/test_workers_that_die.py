"""Processes that die: they are replaced, nothing is lost, and none outlives its driver."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from engine.support import ENDLESS, paced

from exactzones.errors import BudgetExceeded
from exactzones.parallel import Pace, processes
from exactzones.zones import find_zones, stream_zones


def test_a_process_that_dies_is_replaced():
    """Its piece is searched again, by new processes: nothing is lost, and the order stays."""
    complete = stream_zones(*ENDLESS)
    killed = []
    with processes(2) as pool, paced(Pace(alone_seconds=0, wait_for_workers=True)):

        def progress(_cells, zones):
            if zones > 100 and not killed:
                killed.append(pool.pids[0])
                os.kill(killed[0], signal.SIGKILL)

        with pytest.raises(BudgetExceeded, match="budget of 30000 zones") as stopped:
            find_zones(*ENDLESS, executor=pool, progress=progress, max_zones=30000)
    assert killed
    assert [zone.pattern for zone in stopped.value.found] == [next(complete).pattern for _ in range(30000)]


def test_processes_that_die_time_and_again():
    """The search stops with a clear message and keeps what was found."""
    complete = stream_zones(*ENDLESS)
    killed = set()
    with processes(2) as pool, paced(Pace(alone_seconds=0, wait_for_workers=True)):

        def progress(_cells, zones):
            for pid in set(pool.pids) - killed if zones > 100 else ():
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)

        with pytest.raises(BudgetExceeded, match=r"a worker process died \(BrokenProcessPool\)") as stopped:
            find_zones(*ENDLESS, executor=pool, progress=progress)
        found = stopped.value.found
        assert len(killed) >= 4
        assert len(found) > 100
        assert not found.complete
        assert [zone.pattern for zone in found[:300]] == [next(complete).pattern for _ in found[:300]]
        with pytest.raises(BudgetExceeded, match="a worker process died"):  # the pool stays broken
            find_zones(*ENDLESS, executor=pool)


def test_a_pool_of_the_callers_that_breaks():
    """It cannot be started again."""
    with ProcessPoolExecutor(1) as pool, paced(Pace(alone_seconds=0, wait_for_workers=True)):
        pool.submit(os._exit, 1)
        with pytest.raises(BudgetExceeded, match=r"a worker process died \(BrokenProcessPool\)"):
            find_zones(*ENDLESS, executor=pool)


HALF_AN_ANSWER = """
import os, signal, struct, sys
frame = sys._getframe()
while "pipe" not in frame.f_locals:
    frame = frame.f_back
frame.f_locals["pipe"]._send(struct.pack("!i", 1000) + b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("count", "seconds"), [(2, 0), (1, 2)])
def test_a_process_that_dies_in_the_middle_of_its_answer(count, seconds):
    """Nobody waits for the other half; it may die long after the last answer, too."""
    with processes(count) as pool, paced(Pace(alone_seconds=0, wait_for_workers=True)):
        pool.submit(exec, f"import time; time.sleep({seconds})\n{HALF_AN_ANSWER}")
        with pytest.raises(BudgetExceeded, match="budget of 3000 zones"):
            find_zones(*ENDLESS, executor=pool, max_zones=3000)
        assert pool.deaths == 1
        pool.shutdown(wait=True)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes there")
def test_workers_end_when_their_driver_is_killed():
    script = "from exactzones.parallel import Pace, processes\nimport os, time\n"
    script += "with processes(1) as pool: print(pool.submit(os.getpid).result(), flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        pid = int(parent.stdout.readline())
        stat = Path(f"/proc/{pid}/stat")
        assert stat.exists()
        parent.kill()
        deadline = time.monotonic() + 20
        while stat.exists() and stat.read_text().rsplit(") ", 1)[1][0] != "Z":
            assert time.monotonic() < deadline
            time.sleep(0.05)
