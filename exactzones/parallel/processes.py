"""An executor of processes on this machine that outlives its processes.

Each process has a pipe of its own: one that is killed at any moment, in the middle of its answer, too, costs the others nothing.
A ``ProcessPoolExecutor`` shares its queues among its processes; if one dies it gives up, or waits for the rest of an answer.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from multiprocessing.util import Finalize
from typing import Any

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_REPLACED = 3  # how many times as many processes as there are may be replaced because they have died
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # terminals and supervisors send them to all processes; the driver handles them


@dataclass(eq=False)
class _Process:
    """A process, the pipe to it, and what it does.

    Attributes:
        is_ready: whether it has started.
        future: of the call that it makes.
    """

    process: SpawnProcess
    pipe: Connection
    is_ready: bool = False
    future: Future[Any] | None = None

    @classmethod
    def started(cls) -> _Process:
        """Start a process."""
        context = get_context("spawn")  # a forked process would inherit locks that are held by threads which it does not have
        ours, theirs = context.Pipe()
        process = context.Process(target=_make_calls, args=(theirs,))
        process.start()
        theirs.close()
        return cls(process, ours)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a call."""
        return self.is_ready and self.future is None

    def end(self) -> None:
        """Let the process end; kill it if it is busy."""
        if not self.is_idle:
            self.process.kill()
        self.pipe.close()

    def answer(self) -> tuple[Future[Any] | None, bytes]:
        """Return the call that it has made and its pickled result.

        Raises:
            OSError: the process has died.
        """
        try:
            data = self.pipe.recv_bytes()
        except EOFError:
            raise OSError("the process has ended") from None
        future, self.future, self.is_ready = self.future, None, True
        return future, data


class Processes(Executor):
    """An executor of processes; one that dies is replaced by a new one, and its call fails with a ``BrokenProcessPool``.

    ``Workers`` submits that call again.  When too many have died, all calls fail so.

    Args:
        count: the number of processes.

    Attributes:
        deaths: how many processes have died.
    """

    def __init__(self, count: int) -> None:
        self._max_workers = count
        self.deaths = 0
        self._lock = threading.Lock()  # of the queue and the flags
        self._queue: deque[tuple[Future[Any], memoryview]] = deque()
        self._is_closed = self._is_cancelled = self._is_broken = False
        self._processes: list[_Process] = []  # only the thread changes it
        self._thread: threading.Thread | None = None

    def _start(self) -> None:
        """Start the thread that serves the processes."""
        self._bell, self._bell_button = get_context("spawn").Pipe(duplex=False)
        self._at_exit = Finalize(None, self._cancel, exitpriority=10)  # before the exit waits for the processes
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def pids(self) -> list[int]:
        """The ids of the processes."""
        return [each.process.pid for each in list(self._processes) if each.process.pid is not None]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call.

        Raises:
            BrokenProcessPool: too many processes have died.
            RuntimeError: after ``shutdown``.
        """
        call = ForkingPickler.dumps((fn, args, kwargs))
        future: Future[Any] = Future()
        with self._lock:
            if self._is_broken:
                raise _died()
            if self._is_closed:
                raise RuntimeError("a call was submitted after the executor was shut down")
            self._queue.append((future, call))
            if self._thread is None:
                self._start()
        self._ring()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more calls, and end the processes when they have made theirs.

        Args:
            wait: wait until the processes have ended.
            cancel_futures: end them at once, with the calls that they are busy with.
        """
        with self._lock:
            self._is_closed = True
            self._is_cancelled |= cancel_futures
        if self._thread is not None:
            self._ring()
            if wait:
                self._thread.join()

    def _cancel(self) -> None:
        self.shutdown(cancel_futures=True)

    def _ring(self) -> None:
        """Let the thread look at the queue."""
        with suppress(OSError):  # the thread has ended
            self._bell_button.send_bytes(b"")

    def _serve(self) -> None:
        """Hand out calls and receive results, in a thread, until the executor is shut down."""
        try:
            with _signals_blocked(*_SIGNALS):  # the processes that are started here never see them
                for _ in range(self._max_workers):
                    self._processes.append(_Process.started())
                while self._hand_out():
                    self._listen()
        except OSError:  # no process can be started
            self._is_broken = True
        finally:
            self._end()

    def _hand_out(self) -> bool:
        """Give calls to idle processes; return whether to go on."""
        with self._lock:
            busy = any(each.future is not None for each in self._processes)
            if self._is_cancelled or self._is_broken or (self._is_closed and not self._queue and not busy):
                return False
            calls = []
            idle = [each for each in self._processes if each.is_idle]
            while idle and self._queue:
                future, call = self._queue.popleft()
                if future.set_running_or_notify_cancel():
                    idle[-1].future = future
                    calls.append((idle.pop(), call))
        for each, call in calls:
            with suppress(OSError):  # it has died, as its pipe will tell
                each.pipe.send_bytes(call)
        return True

    def _listen(self) -> None:
        """Wait for a result, a death or the bell, and attend to it."""
        by_pipe = {each.pipe: each for each in self._processes}
        for pipe in wait([self._bell, *by_pipe]):
            if pipe is self._bell:
                self._bell.recv_bytes()
                continue
            each = by_pipe[pipe]  # type: ignore[index]  # it waits for connections, and returns some of them
            try:
                future, data = each.answer()
            except OSError:
                self._replace(each)
                continue
            self._hand_out()  # before the result is unpickled, which may take long
            if future is not None:
                _settle(future, data)

    def _replace(self, dead: _Process) -> None:
        """Start another process in place of one that has died, and let its call fail."""
        self._processes.remove(dead)
        dead.end()
        dead.process.join()
        self.deaths += 1
        if self.deaths > _REPLACED * self._max_workers:
            self._is_broken = True
        else:
            self._processes.append(_Process.started())
        if dead.future is not None:
            dead.future.set_exception(_died())

    def _end(self) -> None:
        """End all processes and calls."""
        with self._lock:
            self._is_closed = True
            calls = [future for future, _ in self._queue if future.set_running_or_notify_cancel()]
            self._queue.clear()
        for each in self._processes:
            each.end()
        for each in self._processes:
            each.process.join()
        for future in [*calls, *(each.future for each in self._processes if each.future is not None)]:
            future.set_exception(_died())
        self._bell_button.close()
        self._bell.close()
        self._at_exit.cancel()


def _died() -> BrokenProcessPool:
    return BrokenProcessPool("a process has died, or was ended")


def _settle(future: Future[Any], data: bytes) -> None:
    """Give a future the answer that a process has sent."""
    try:
        is_result, answer = pickle.loads(data)  # noqa: S301 - the process pickled it
    except Exception as error:  # noqa: BLE001 - of whatever kind, it is the caller's
        is_result, answer = False, error
    if is_result:
        future.set_result(answer)
    else:
        future.set_exception(answer)


def _make_calls(pipe: Connection) -> None:
    """Make the calls that come through a pipe, and answer them; this is what a process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where signals cannot be blocked
    _end_with_parent()
    pipe.send_bytes(b"")
    while True:
        try:
            call = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            function, args, kwargs = pickle.loads(call)  # noqa: S301 - the driver pickled it
            answer = ForkingPickler.dumps((True, function(*args, **kwargs)))
        except Exception as error:  # noqa: BLE001 - of whatever kind, it is the caller's
            error.add_note(f"in a worker process:\n{traceback.format_exc()}")
            answer = _pickled_error(error)
        pipe.send_bytes(answer)


def _pickled_error(error: Exception) -> memoryview:
    try:
        return ForkingPickler.dumps((False, error))
    except Exception:  # noqa: BLE001 - an error of any kind may hold anything
        return ForkingPickler.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))


def _end_with_parent() -> None:
    """Let a process end when its parent is killed, even in the middle of a call."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - this is a worker

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _signals_blocked(*names: str) -> Iterator[None]:
    """Block signals in this thread, where the platform has them; processes that are started meanwhile never see them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {getattr(signal, name) for name in names})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def processes(count: int) -> Iterator[Processes]:
    """Yield an executor of processes on this machine, each with a single thread for linear algebra.

    Args:
        count: the number of processes.
    """
    with _signals_blocked("SIGHUP"):  # the tracker ignores the others
        resource_tracker.ensure_running()  # now: it would unblock signals when it starts
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))  # read when a process imports NumPy, which may be much later
    pool = Processes(count)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
