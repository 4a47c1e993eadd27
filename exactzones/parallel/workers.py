"""The workers of any executor, and the calls that they are busy with."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import wait as wait_for_any
from typing import Any, Generic, TypeVar

from exactzones.parallel.processes import Processes, processes

_RETRIES = 2  # how often a call that was lost with its worker is submitted again
_STUCK_SECONDS = 1.0  # without a result, until the processes of a pool are looked at
_CLEANUP_SECONDS = 5.0  # that a broken executor gets to mark its futures as failed
_ALL_GONE_SECONDS = 60.0  # for which a Dask cluster may have no worker at all; those that die are started again

Result = TypeVar("Result")


class WorkersLostError(Exception):
    """An executor has lost workers and cannot go on; the message names the error that it raised."""


@dataclass(eq=False)
class Call(Generic[Result]):
    """A call that a worker is to make.

    Attributes:
        function: what is called.
        arguments: its positional arguments.
        retries: how often it was submitted again because its worker was lost.
    """

    function: Callable[..., Result]
    arguments: tuple[Any, ...]
    retries: int = 0


class Workers(Generic[Result]):
    """The workers of an executor and the calls that they are busy with; a context manager that cancels the calls on exit.

    A call that is lost with its worker is submitted again: twice at most, or as long as ``Processes`` replace those that die.  An
    executor that is broken for good, as a ``ProcessPoolExecutor`` is once one of its processes has died, ends the work with a
    ``WorkersLostError``.

    Args:
        executor: any; it is not shut down.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._starting: list[Future[None]] = []
        self._calls: dict[Future[Result], Call[Result]] = {}
        self._last_seen = time.monotonic()  # when a result came in, or the workers were looked at
        self._all_gone: float | None = None  # since when there is no worker

    def __enter__(self) -> Workers[Result]:
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._futures():
            future.cancel()

    def __len__(self) -> int:
        """Return the number of calls in flight."""
        return len(self._calls)

    @cached_property
    def count(self) -> int:
        """How many workers there are."""
        return worker_count(self._executor)

    @property
    def driver_works(self) -> bool:
        """Whether the driver should work as well: a scheduler or threads in its process would have to wait for it."""
        return isinstance(self._executor, Processes)

    def start(self, prepare: Callable[..., None], *arguments: Any) -> None:
        """Let each worker make a call that prepares it.

        Raises:
            WorkersLostError: the executor is broken.
        """
        for _ in range(self.count):
            self._starting.append(self._submitted(prepare, arguments))

    def any_ready(self) -> bool:
        """Tell whether a worker has been prepared."""
        return any(future.done() for future in self._starting)

    def submit(self, function: Callable[..., Result], *arguments: Any) -> Call[Result]:
        """Submit a call.

        Raises:
            WorkersLostError: the executor is broken.
        """
        call = Call(function, arguments)
        self._calls[self._submitted(function, arguments)] = call
        return call

    def finished(self, seconds: float) -> list[tuple[Call[Result], Result]]:
        """Wait until a call has finished, or for some seconds; return the finished calls and their results, oldest first.

        Raises:
            WorkersLostError: the executor is broken, or workers were lost time and again.
            Exception: whatever a call raised.
        """
        done, _ = wait(self._calls, timeout=seconds, return_when=FIRST_COMPLETED)
        self._watch(idle=not done)
        results = []
        for future in [future for future in self._calls if future in done]:
            call = self._calls.pop(future)
            try:
                results.append((call, future.result()))
            except _lost_worker_errors() as error:
                self._retry(call, error)
        return results

    def _retry(self, call: Call[Result], error: BaseException) -> None:
        """Submit a call again that was lost by an error."""
        is_broken = isinstance(error, BrokenExecutor)
        if is_broken and not isinstance(self._executor, Processes):
            raise self._lost(error) from error
        if not is_broken:
            call.retries += 1
            if call.retries > _RETRIES:
                raise self._lost(error) from error
        try:
            self._calls[self._executor.submit(call.function, *call.arguments)] = call
        except Exception:  # noqa: BLE001 - each kind of executor has its own error for being closed
            raise self._lost(error) from error

    def _futures(self) -> list[Future[Any]]:
        return [*self._starting, *self._calls]

    def _submitted(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Any]:
        try:
            return self._executor.submit(function, *arguments)
        except BrokenExecutor as error:
            raise self._lost(error) from error

    def _lost(self, error: BaseException) -> WorkersLostError:
        if isinstance(error, BrokenExecutor):  # it fails to mark its futures if one of them is cancelled meanwhile
            wait(self._futures(), timeout=_CLEANUP_SECONDS)
        return WorkersLostError(type(error).__name__)

    def _watch(self, *, idle: bool) -> None:
        now = time.monotonic()
        if not idle:
            self._last_seen, self._all_gone = now, None
        elif now - self._last_seen > _STUCK_SECONDS:  # again and again: a process may die long after the last result
            self._last_seen = now
            _break_if_stuck(self._executor)
            if _dask_threads(self._executor) != 0:
                self._all_gone = None
            elif now - (self._all_gone or now) > _ALL_GONE_SECONDS:
                raise WorkersLostError("no worker is left")
            else:
                self._all_gone = self._all_gone or now


def worker_count(executor: Executor) -> int:
    """Return how many calls an executor makes at a time, or the number of processors if it does not tell."""
    threads = _dask_threads(executor)
    if threads is not None:
        return max(1, threads)
    count = getattr(executor, "_max_workers", None) or getattr(executor, "num_workers", None)
    return count if isinstance(count, int) and count > 0 else os.cpu_count() or 1


def _dask_threads(executor: Executor) -> int | None:
    """Return the number of threads of a cluster's workers; None if the executor is not of dask.distributed."""
    client = getattr(executor, "_client", None)
    return None if client is None else sum(client.nthreads().values())


def _lost_worker_errors() -> tuple[type[BaseException], ...]:
    """Return the errors that executors raise when a worker is gone."""
    distributed = sys.modules.get("distributed")
    return (BrokenExecutor, CancelledError, *(() if distributed is None else (distributed.KilledWorker,)))


def _break_if_stuck(executor: Executor) -> None:
    """Break a pool that waits forever: a process that is killed while it sends a result leaves half of it in the queue."""
    running = getattr(executor, "_processes", None)
    result_queue = getattr(executor, "_result_queue", None)
    if not isinstance(executor, ProcessPoolExecutor) or not running or result_queue is None:
        return
    workers = list(running.values())
    if wait_for_any([process.sentinel for process in workers], timeout=0):
        for process in workers:
            process.kill()
        result_queue._writer.close()  # noqa: SLF001 - the queue ends, and the pool notices that it is broken


@contextmanager
def executor_of(workers: Executor | int) -> Iterator[Executor]:
    """Yield the executor that is passed, or one of so many processes on this machine; one of them is this process."""
    if not isinstance(workers, int):
        yield workers
        return
    with processes(max(1, workers - 1)) as pool:
        yield pool
