"""How much time is left: one deadline for everything that a command or a call does, looked at inside long steps."""

from __future__ import annotations

import math
import time

from exactzones.errors import BudgetExceeded


class TimeUp(KeyboardInterrupt):
    """The time of a command is up, in a step that does not look at its deadline; it interrupts as Ctrl-C does."""


class Deadline:
    """The time at which work is to end.

    Args:
        seconds: from now; None is no limit.
        whole: the deadline of which this one is a part; a user who interrupts that one wants this one to end at once.

    Attributes:
        seconds: the user's limit, which messages name; a part has that of the whole.
    """

    def __init__(self, seconds: float | None = None, whole: Deadline | None = None) -> None:
        self.seconds: float | None = seconds if whole is None else whole.seconds
        self._end = math.inf if seconds is None else time.monotonic() + seconds
        self._whole = whole
        self._interrupted = False

    @property
    def interrupted(self) -> bool:
        """Whether the user wants the work to end."""
        return self._interrupted or (self._whole is not None and self._whole.interrupted)

    def left(self) -> float:
        """Return how many seconds are left, at least 0; infinity if there is no limit."""
        if self._whole is not None and self._whole.interrupted:
            return 0.0
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.left() <= 0

    def check(self) -> None:
        """Go on if time is left.

        Raises:
            BudgetExceeded: it is not.
        """
        if self.passed:
            raise BudgetExceeded(self.reason)

    @property
    def reason(self) -> str:
        """Why the work ends, in words."""
        return "interrupted" if self.interrupted or self.seconds is None else f"the budget of {self.seconds:g} s ran out"

    def part(self, share: float) -> Deadline:
        """Return a deadline after a share of what is left, from 0 to 1."""
        left = self.left()
        return Deadline(None if left == math.inf else share * left, self)

    def interrupt(self, grace: float = 0.0) -> None:
        """End at most ``grace`` seconds from now, and parts at once, because the user wants it."""
        self._interrupted = True
        self._end = min(self._end, time.monotonic() + grace)
