"""The certificate so far, handed over now and then, so that a run that is killed loses little."""

from __future__ import annotations

import time
from collections.abc import Callable

_INTERVAL = 5.0  # seconds between two checkpoints, at least
_SHARE = 1 / 20  # of the time may go into checkpoints


class Checkpoints:
    """Decides when a run's certificate is handed over.

    Args:
        save: is called with the lines of nodes that are proved; None for a run without checkpoints.
    """

    def __init__(self, save: Callable[[list[str]], None] | None) -> None:
        self._save = save
        self._last = time.monotonic()
        self._cost = 0.0  # seconds that the last one took
        self._saved = 0  # lines of the last one

    @property
    def is_due(self) -> bool:
        """Whether it is time for one."""
        return self._save is not None and time.monotonic() - self._last > max(_INTERVAL, self._cost / _SHARE)

    def offer(self, nodes: list[str]) -> None:
        """Hand over the lines of a run's nodes, if it is time and there are new ones."""
        if self.is_due and len(nodes) > self._saved:
            self._hand_over(nodes)

    def _hand_over(self, lines: list[str]) -> None:
        assert self._save is not None  # noqa: S101 - else none is due
        start = time.monotonic()
        self._save(lines)
        self._saved, self._last = len(lines), time.monotonic()
        self._cost = self._last - start
