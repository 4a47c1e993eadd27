"""The certificate so far, handed over now and then, so that a run that is killed loses little."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

from exactzones.certification.pace import Nodes
from exactzones.checker.certificate import write_node
from exactzones.checker.rules import Invalid
from exactzones.checker.tree import Tree
from exactzones.deadline import Deadline

_INTERVAL = 5.0  # seconds between two checkpoints, at least
_SHARE = 1 / 20  # of the time may go into checkpoints


class Checkpoints:
    """Decides when a run's certificate is handed over.

    Args:
        save: is called with the lines of nodes that are proved; None for a run without checkpoints.

    Attributes:
        lines: of the last checkpoint; it may have more than the run, whose search was not checked yet.
    """

    def __init__(self, save: Callable[[list[str]], None] | None) -> None:
        self._save = save
        self._last = time.monotonic()
        self._cost = 0.0  # seconds that the last one took
        self.lines: list[str] = []

    @property
    def is_due(self) -> bool:
        """Whether it is time for one."""
        return self._save is not None and time.monotonic() - self._last > max(_INTERVAL, self._cost / _SHARE)

    def offer(self, nodes: list[str]) -> None:
        """Hand over the lines of a run's nodes, if it is time and there are new ones."""
        if self.is_due and len(nodes) > len(self.lines):
            self._hand_over(nodes, time.monotonic())

    def offer_search(self, proved: list[str], tree: Tree, nodes: Callable[[int, int], Nodes], visited: int) -> None:
        """Hand over what an unfinished search would prove if it ended now, as far as the checker gets in its share of the time.

        Args:
            proved: the lines of the run's nodes.
            tree: the run's tree; it is not changed.
            nodes: returns what the search has proved of so many of its first nodes, in batches of a size; see ``Proof.nodes``.
            visited: number of nodes of the search.
        """
        if not self.is_due:
            return
        start = time.monotonic()
        end = Deadline(_SHARE * (start - self._last))
        scratch = copy.copy(tree)
        scratch.waiting = dict(tree.waiting)
        lines = list(proved)
        generator = nodes(max(256, visited // 8), 16)
        try:
            batch = next(generator)
            while not end.passed:
                children = scratch.add(batch)
                lines += map(write_node, batch)
                batch = generator.send(children)
        except (StopIteration, Invalid):
            pass
        if len(lines) > len(self.lines):
            self._hand_over(lines, start)
        else:
            self._last, self._cost = time.monotonic(), time.monotonic() - start

    def _hand_over(self, lines: list[str], start: float) -> None:
        assert self._save is not None  # noqa: S101 - else none is due
        self._save(lines)
        self.lines, self._last = list(lines), time.monotonic()
        self._cost = self._last - start
