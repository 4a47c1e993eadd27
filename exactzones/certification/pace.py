"""How long the checker takes for the nodes of a search: measured, so that a search ends in time for its check."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from exactzones.checker import Node
from exactzones.checker.rules import Invalid
from exactzones.checker.tree import Tree
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded

Nodes: TypeAlias = Generator[list[Node], dict[int, tuple[int, int]], None]
"""Yields nodes in batches, and is sent the children of each batch."""
BATCH = 128
"""How many nodes are checked together."""
_TRIALS = (7 / 8, 3 / 4, 5 / 8, 1 / 2, 3 / 8, 1 / 4)  # shares of the time at which the check is tried on some nodes, if left
_TRIAL = 1 / 32  # share of the time that is left which a trial may take, for each of its two steps
_TRIED, _TRIAL_BATCH = 500, 16  # nodes that are written down for the first trial, and how many are checked at a time
_RESERVE = 1.3  # deeper nodes take longer to check than those that were measured
_SLICES = 8  # nodes are checked in parts of this share of the time that is left
_GRACE_SECONDS = 0.4  # for the check, once the user has interrupted the search
_GUESS = 4.0  # how many times as long as the search its check takes, if that was not measured


class CheckPace:
    """The pace of the checker in a run with a deadline; without one, nothing is measured.

    Args:
        deadline: of the run.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._whole = deadline.left()
        self._cost = 0.0  # seconds for each node, to write it down and to check it
        self._setup = 0.0  # seconds of these to write it down
        self._trials = list(_TRIALS)
        self._grace: Deadline | None = None

    def left(self) -> float:
        """Return how many seconds are left for checking; after an interruption there are a few."""
        if not self._deadline.interrupted:
            return self._deadline.left()
        if self._grace is None:
            self._grace = Deadline(_GRACE_SECONDS)
        return self._grace.left()

    def check(self) -> None:
        """Raise an error if no time is left for checking.

        Raises:
            BudgetExceeded: see ``left``.
        """
        if self.left() <= 0:
            raise BudgetExceeded(self._deadline.reason)

    def is_due(self, visited: int, nodes: Callable[[int, int], Nodes], tree: Tree) -> bool:
        """Tell whether the time that is left is what the check of a search takes, so that the search must end.

        Args:
            visited: number of nodes of the search.
            nodes: returns what the search has proved of so many of its first nodes, in batches of a size; see ``Proof.nodes``.
            tree: to which they will be added; it is not changed.
        """
        left = self._deadline.left()
        if left == math.inf:
            return False
        if self._trials and left < self._trials[0] * self._whole:
            self._trials = [share for share in self._trials if left >= share * self._whole]
            most = max(_TRIED, int(_TRIAL * left / self._setup)) if self._setup else _TRIED
            self._try(min(visited, most), nodes, tree)
        return _RESERVE * visited * self._cost > left

    def _try(self, visited: int, nodes: Callable[[int, int], Nodes], tree: Tree) -> None:
        """Measure how long a few nodes take, on a copy of the tree; the bounds of a root are computed before, and kept."""
        scratch = copy.copy(tree)
        scratch.waiting = dict(tree.waiting)
        start = written = begun = time.monotonic()
        generator, checked = nodes(visited, _TRIAL_BATCH), 0
        with suppress(StopIteration, Invalid, BudgetExceeded), scratch.watched(self.check):
            batch = next(generator)
            written = time.monotonic()
            for node in batch[:1]:  # a batch is empty if none of its regions was proved
                scratch.prepare(node)
            begun, end = time.monotonic(), self._deadline.part(_TRIAL)
            while not end.passed:
                children = scratch.add(batch)
                checked += len(batch)
                batch = generator.send(children)
        self._setup = (written - start) / max(1, visited)
        self._cost = max(self._cost, self._setup + (time.monotonic() - begun) / max(1, checked))

    @contextmanager
    def measured(self, visited: int) -> Iterator[None]:
        """Note how long writing down and checking so many nodes takes: from many that is known better than from trials."""
        start = time.monotonic()
        yield
        if visited >= _TRIED and not self._deadline.passed:
            self._cost, self._trials = (time.monotonic() - start) / visited, []

    def affordable(self, visited: int, seconds: float) -> int:
        """Return for how many of the first nodes of a search there is time.

        Args:
            visited: number of nodes of the search.
            seconds: that the search took.
        """
        left = self.left()
        if left == math.inf:
            return visited
        cost = self._cost or _GUESS * seconds / max(1, visited)
        return max(1, min(visited, int(left / max(cost, 1e-6))))

    def part(self) -> int:
        """Return how many nodes to check before the deadline is looked at again."""
        left = self.left()
        return BATCH if left == math.inf or not self._cost else max(1, min(BATCH, int(left / _SLICES / self._cost)))
