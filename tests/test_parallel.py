"""Calls on the workers of any executor: what is lost with a worker is done again, a broken executor ends the work."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

from exactzones.parallel import Processes, Workers, WorkersLostError, processes
from exactzones.parallel import workers as workers_module


class Failing(Executor):
    """Makes every call at once, but fails the first times with the errors of a list."""

    _max_workers = 2

    def __init__(self, *errors):
        self.errors = [*errors]

    def submit(self, function, /, *arguments):
        future = Future()
        if self.errors:
            future.set_exception(self.errors.pop(0))
        else:
            future.set_result(function(*arguments))
        return future


def results(executor, count=3):
    """Square numbers; whatever was lost has to come back with its own call."""
    with Workers(executor) as workers:
        calls = {workers.submit(pow, number, 2): number for number in range(count)}
        found = {}
        while workers:
            for call, result in workers.finished(1):
                found[calls.pop(call)] = result
        return found


def test_calls_lost_with_their_workers_are_made_again():
    assert results(Failing(CancelledError(), CancelledError(), CancelledError())) == {0: 0, 1: 1, 2: 4}


def test_a_call_that_is_lost_time_and_again():
    with pytest.raises(WorkersLostError, match="CancelledError"):
        results(Failing(*(CancelledError() for _ in range(3))), count=1)


def test_an_executor_that_is_closed():
    """Losing a call is what counts, not what the executor says when it is asked again."""

    class Closed(Failing):
        def submit(self, function, /, *arguments):
            if not self.errors:
                raise RuntimeError("closed")
            return super().submit(function, *arguments)

    with pytest.raises(WorkersLostError, match="CancelledError"):
        results(Closed(CancelledError()), count=1)


def test_a_broken_executor():
    with pytest.raises(WorkersLostError, match="BrokenExecutor"):
        results(Failing(BrokenExecutor()))


def test_an_error_of_a_call_is_the_callers():
    with ThreadPoolExecutor(1) as threads, Workers(threads) as workers:
        workers.submit(divmod, 1, 0)
        with pytest.raises(ZeroDivisionError):
            workers.finished(10)


def test_calls_are_cancelled_on_exit():
    class Asleep(Executor):
        def submit(self, *_args):
            return futures.setdefault(len(futures), Future())

    futures = {}
    with Workers(Asleep()) as workers:
        workers.submit(pow, 2, 2)
        workers.start(print)
        assert not workers.any_ready()
        assert workers.finished(0) == []
    assert all(future.cancelled() for future in futures.values())


def slowly_squared(number):
    time.sleep(0.02)
    return number**2


def fail_with_a_lock():
    raise ValueError(threading.Lock())


def test_processes_that_are_killed_at_any_moment():
    with processes(2) as pool, Workers(pool) as workers:
        calls = {workers.submit(slowly_squared, number): number for number in range(60)}
        squares = {}
        while workers:
            if len(squares) > 10 * pool.deaths and pool.deaths < 4:
                os.kill(pool.pids[-1], signal.SIGKILL)
            for call, square in workers.finished(0.05):
                squares[calls[call]] = square
        assert squares == {number: number**2 for number in range(60)}
        assert 1 <= pool.deaths <= 6


def test_errors_in_a_process_are_the_callers():
    """One that cannot be pickled, too; they say where they were raised."""
    with processes(1) as pool:
        with pytest.raises(ZeroDivisionError) as raised:
            pool.submit(divmod, 1, 0).result()
        assert "in a worker process" in raised.value.__notes__[0]
        with pytest.raises(RuntimeError, match="ValueError"):
            pool.submit(fail_with_a_lock).result()
        with pytest.raises(TypeError, match="pickle"):
            pool.submit(threading.Lock).result()
        assert pool.deaths == 0


def test_shutting_down_waits_for_calls():
    pool = Processes(1)
    futures = [pool.submit(pow, number, 2) for number in range(5)]
    pool.shutdown()
    assert [future.result(0) for future in futures] == [0, 1, 4, 9, 16]
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(pow, 2, 2)


def test_the_end_of_the_block_ends_busy_processes():
    start = time.monotonic()
    with processes(1) as pool:
        pool.submit(pow, 2, 2).result()
        future = pool.submit(time.sleep, 1000)
        waiting = pool.submit(pow, 2, 2)
    assert time.monotonic() - start < 100
    assert isinstance(future.exception(0), BrokenProcessPool)
    assert isinstance(waiting.exception(0), BrokenProcessPool)


def test_a_program_ends_though_its_processes_are_busy():
    """Whether it shuts them down or not, without a word."""
    script = (
        "import time\nfrom exactzones.parallel import Processes\n"
        "if __name__ == '__main__': pool = Processes(1); pool.submit(pow, 2, 2).result(); pool.submit(time.sleep, 1000)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=100)  # noqa: S603
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_cluster_without_workers(monkeypatch):
    """It may get new ones, but not everything waits forever."""

    class Client:
        def nthreads(self):
            return {}

    class Deserted(Executor):
        _client = Client()

        def submit(self, *_args):
            return Future()

    monkeypatch.setattr(workers_module, "_STUCK_SECONDS", 0.0)
    monkeypatch.setattr(workers_module, "_ALL_GONE_SECONDS", 0.05)
    with Workers(Deserted()) as workers:
        workers.submit(pow, 2, 2)
        waiting = (workers.finished(0.01) for _ in range(1000))
        with pytest.raises(WorkersLostError, match="no worker is left"):
            list(waiting)
