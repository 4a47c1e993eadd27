"""How a command ends early, on a signal or when its time is up, with what it has.

A signal interrupts the step that runs, by KeyboardInterrupt, and leaves two seconds for the steps after it, such as writing what
was found.  So does the end of the time, by an alarm, in a step that does not look at its deadline.  Between steps a command is
not interrupted.  A second signal ends the process at once: files are renamed into place, so none is half-written.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from exactzones.deadline import Deadline, TimeUp
from exactzones.files import remove_scratch

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, the request to end, and the end of the terminal; Windows does not know the last."""
_GRACE_SECONDS = 1.3  # that a signal leaves
_WRITING_SECONDS = 0.3  # beyond the deadline, for reading what is asked and for writing files
_SAME_SECONDS = 0.1  # within which a second signal is the first one, sent twice: to the process and to its group
_OVERRUN = 0.04  # share of the time by which a step may miss its part of the deadline before the alarm interrupts it
_ALARM_SECONDS = 0.25  # until an alarm that a library has swallowed rings again
_LONGEST_START = 1.0  # CPU seconds that the interpreter may have needed before ``main``; more were another program's
_LEAST_SECONDS = 0.25  # of a limit that the start does not use up

Result = TypeVar("Result")


class Stop:
    """The one that watches over a process's command: its signals and its deadline.

    Attributes:
        deadline: of the command.
        left_out: the steps for which there was no time, in words.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.deadline = Deadline()
        self.left_out: list[str] = []
        self._interruptible = False
        self._gentle = False
        self._signalled = -math.inf  # when the first signal came
        self._due = math.inf  # when the alarm is to interrupt
        self._begun = time.monotonic()

    @contextmanager
    def on_signals(self, *, to_the_end: bool) -> Iterator[None]:
        """Handle signals in a block; until its first step they interrupt it anywhere.  Ignored signals stay ignored.

        Args:
            to_the_end: the process ends after the block.  Ignore them afterwards, since all is done: the interpreter, which may
                still be busy when it ends, would let the next one decide the exit code.
        """
        self._reset()  # the tests run many commands in a process
        if to_the_end:
            self._begun -= min(time.process_time(), _LONGEST_START)
        if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
            yield
            return
        handlers: dict[int, Any] = dict.fromkeys(SIGNALS, self._on_signal)
        if hasattr(signal, "setitimer"):
            handlers[signal.SIGALRM] = self._on_alarm
        before = {number: signal.getsignal(number) for number in handlers}
        hook, sys.unraisablehook = sys.unraisablehook, _report_unraisable
        self._interruptible = True
        for number, handler in handlers.items():
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, handler)
        try:
            yield
        finally:
            self._interruptible = False
            _ring_in(0)
            for number, old in before.items():
                signal.signal(number, signal.SIG_IGN if to_the_end else old)
            if not to_the_end:
                sys.unraisablehook = hook

    def start(self, seconds: float | None) -> Deadline:
        """Start the command's time, from the start of its process to the last byte that it writes; return its deadline.

        A short limit leaves a little time in any case, or at least half of it.
        """
        spent = time.monotonic() - self._begun
        if seconds is not None:
            spent = min(spent, max(seconds - _LEAST_SECONDS, seconds / 2))
        self.deadline = Deadline(seconds, spent=spent)
        self._arm(self.deadline.left(_WRITING_SECONDS))
        return self.deadline

    @contextmanager
    def step(self, until: Deadline | None = None) -> Iterator[None]:
        """Let a signal and the end of the time interrupt a block; afterwards only steps can be interrupted.

        Args:
            until: a part of the command's deadline that the block looks at often, and by which it should end; it is interrupted
                only if it does not.  Without, it may be interrupted anywhere.

        Raises:
            KeyboardInterrupt: it was interrupted; ``deadline.reason`` says why.
        """
        seconds = self.deadline.left() if until is None else until.left() + _OVERRUN * self.deadline.left() + _WRITING_SECONDS / 2
        with self._interruptible_for(seconds, gentle=until is not None):
            yield

    def attempt(self, what: str, compute: Callable[[], Result], *, writes: bool = False) -> Result | None:
        """Return what a step computes; if there is no time for it, None, and its name goes to ``left_out``.

        Args:
            what: its name.
            compute: the step.
            writes: whether it writes a file, for which there is a little time beyond the deadline, once for all files.
        """
        seconds = self.deadline.left(writes * _WRITING_SECONDS)
        try:
            if seconds > 0:
                with self._interruptible_for(seconds, gentle=False):
                    return compute()
        except KeyboardInterrupt:
            pass
        self.left_out.append(what)
        return None

    @contextmanager
    def _interruptible_for(self, seconds: float, *, gentle: bool) -> Iterator[None]:
        """Let a signal interrupt a block, at once unless ``gentle`` is set, and the alarm after some seconds."""
        try:
            self._interruptible, self._gentle = True, gentle
            self._arm(seconds)
            yield
        finally:
            self._interruptible = self._gentle = False
            _ring_in(0)

    def _arm(self, seconds: float) -> None:
        """Let the alarm interrupt the step in so many seconds."""
        self._due = time.monotonic() + seconds
        if seconds != math.inf:
            _ring_in(max(seconds, 0.001))

    def _on_signal(self, _number: int, _frame: Any) -> None:
        passed = time.monotonic() - self._signalled
        if passed < math.inf:
            if passed > _SAME_SECONDS:
                remove_scratch()
                os._exit(3)
            return
        self._signalled = time.monotonic()
        self.deadline.interrupt(_GRACE_SECONDS)
        if self._gentle:
            self._arm(_GRACE_SECONDS / 2)
        elif self._interruptible:
            raise KeyboardInterrupt

    def _on_alarm(self, _number: int, _frame: Any) -> None:
        if self._interruptible:
            early = self._due - time.monotonic()
            if early <= 0:
                raise TimeUp(self.deadline.reason)
            self._arm(early)


def _ring_in(seconds: float) -> None:
    """Set the alarm clock; 0 stops it."""
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, seconds, _ALARM_SECONDS)


def _report_unraisable(unraisable: Any) -> None:
    """Report an exception in a destructor or callback of a library, except for an interruption, which comes again."""
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)


stop = Stop()
"""The one of this process."""
