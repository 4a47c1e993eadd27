"""Deadlines: one for everything that a command or a call does, which long steps check on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from exactzones.errors import BudgetExceeded

_Item = TypeVar("_Item")


class TimeUp(KeyboardInterrupt):
    """The time of a command ran out in a step that does not check its deadline; it interrupts the step as Ctrl-C does."""


class Deadline:
    """The time at which work is to end.

    Args:
        seconds: from now; None is no limit.
        whole: the deadline of which this one is a part; if the user interrupts that one, this one ends at once.
        spent: how many of the seconds have passed already.

    Attributes:
        seconds: the user's limit, which messages name; a part has that of the whole.
    """

    def __init__(self, seconds: float | None = None, whole: Deadline | None = None, *, spent: float = 0.0) -> None:
        self.seconds: float | None = seconds if whole is None else whole.seconds
        self._end = math.inf if seconds is None else time.monotonic() + seconds - spent
        self._whole = whole
        self._interrupted = False

    @property
    def interrupted(self) -> bool:
        """Whether the user wants the work to end."""
        return self._interrupted or (self._whole is not None and self._whole.interrupted)

    def left(self, beyond: float = 0.0) -> float:
        """Return how many seconds are left, at least 0; infinity if there is no limit.

        Args:
            beyond: how many seconds after the deadline work may go on.
        """
        if self._whole is not None and self._whole.interrupted:
            return 0.0
        return max(0.0, self._end + beyond - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.left() <= 0

    def check(self) -> None:
        """Raise an error if no time is left.

        Raises:
            BudgetExceeded: the time is up, or the user has interrupted the work.
        """
        if self.passed:
            raise BudgetExceeded(self.reason)

    def watch(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Yield items as long as there is time.

        Raises:
            BudgetExceeded: see ``check``.
        """
        for item in items:
            self.check()
            yield item

    @property
    def reason(self) -> str:
        """Why the work ends, in words."""
        return "interrupted" if self.interrupted or self.seconds is None else f"the budget of {self.seconds:g} s ran out"

    def part(self, share: float) -> Deadline:
        """Return a deadline after a share (from 0 to 1) of the time that is left."""
        left = self.left()
        return Deadline(None if left == math.inf else share * left, self)

    def interrupt(self, grace: float = 0.0) -> None:
        """End within ``grace`` seconds, and parts at once, because the user has interrupted the work."""
        self._interrupted = True
        self._end = min(self._end, time.monotonic() + grace)
