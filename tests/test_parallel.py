"""Calls on the workers of any executor: what is lost with a worker is done again, a broken executor ends the work."""

from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor

import pytest

from exactzones.parallel import Workers, WorkersLostError


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
