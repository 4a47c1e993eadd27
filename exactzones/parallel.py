"""One pool of processes, and what is known of executors: how many workers they have, and how they say that one is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import wait as wait_for_any
from typing import Any

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def worker_count(executor: Executor) -> int:
    """Return how many tasks an executor runs at a time, where it tells: it decides how far ahead work is handed out."""
    client = getattr(executor, "_client", None)  # of dask.distributed
    if client is not None:
        threads: dict[str, int] = client.nthreads()
        return max(1, sum(threads.values()))
    count = getattr(executor, "_max_workers", None) or getattr(executor, "num_workers", None)
    return count if isinstance(count, int) and count > 0 else os.cpu_count() or 1


def lost_worker_errors() -> tuple[type[BaseException], ...]:
    """Return what executors raise when a worker is gone for good."""
    distributed = sys.modules.get("distributed")
    return (BrokenExecutor, CancelledError, *(() if distributed is None else (distributed.KilledWorker,)))


def break_if_stuck(executor: Executor) -> None:
    """Break a pool of processes that waits forever: one that is killed in the middle of its answer leaves half of it."""
    running = getattr(executor, "_processes", None)
    answers = getattr(executor, "_result_queue", None)
    if not isinstance(executor, ProcessPoolExecutor) or not running or answers is None:
        return
    found = list(running.values())
    if wait_for_any([process.sentinel for process in found], timeout=0):
        for process in found:
            process.kill()
        answers._writer.close()  # noqa: SLF001 - now the answers end, and the pool sees that it is broken


def _end_with_parent() -> None:
    """Let a worker end when its parent was killed; it would wait for work forever."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - this is a worker

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Processes(ProcessPoolExecutor):
    """Starts its processes deaf to Ctrl-C, which a terminal sends to all of them: it is the driver's to handle."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call; this is what starts processes, and they inherit the signals that are blocked."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Return an executor of processes on this machine, each with one thread.

    Processes are spawned, not forked: a fork would inherit the locks of threads that it lacks.
    """
    resource_tracker.ensure_running()  # it would unblock signals when it starts
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))  # read when a process imports NumPy, which may be much later
    pool = _Processes(count, get_context("spawn"), _end_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # they end soon; what was found need not wait for it
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
