"""What the two float searches share: a tree of regions that grows, batch by batch.  Nothing in it is trusted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from fractions import Fraction
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from exactzones.certification.provers.relaxation import FloatClaim, Floats
from exactzones.checker import Node
from exactzones.rational import Vector

UNKNOWN = 1e9
"""What stands for a bound that is not known."""
SHARE = 10
"""Bits of the multiplier of a condition beside others."""


class Rows(NamedTuple):
    """Rows ``b + a . x >= 0``: shape (rows, inputs + 1), their numbers in the certificate, what they were divided by."""

    matrix: Floats
    numbers: Sequence[int]
    sizes: Sequence[Fraction]


class Start(NamedTuple):
    """The region that is searched.

    Attributes:
        claim: the network and the conditions in floats, of the inputs that vary.
        low, high: a box that contains the region, shape (inputs,).
        rows: rows of the region that are not in the box.
        known: bounds of all hidden units there, -inf or inf where there is none.
        confirm: is asked whether a point is a witness of a case, exactly; returns both.
    """

    claim: FloatClaim
    low: Floats
    high: Floats
    rows: Rows
    known: tuple[Floats, Floats]
    confirm: Callable[[Floats], tuple[int, Vector] | None]


class Search(ABC):
    """Search of one region.

    Attributes:
        stack: what waits; every item has a ``parent`` (-1 for the root) and the ``side`` of the parent that it is.
        count: how many regions were visited; they are numbered in that order.
        split: node -> the hidden unit that it is split by.
        children: node -> the numbers of its two children, -1 while they wait.
        leaf: node -> the proof that the conditions cannot hold there, in the search's own terms.
        zone: node -> the listed zone that it lies in.
        witness: a case and a point where its conditions hold, once one was found.
    """

    def __init__(self, start: Start, batch: int) -> None:
        self.claim, self.confirm, self.batch = start.claim, start.confirm, batch
        self.stack: list[Any] = []
        self.count = 0
        self.split: dict[int, int] = {}
        self.children: dict[int, list[int]] = {}
        self.leaf: dict[int, Any] = {}
        self.zone: dict[int, int] = {}
        self.witness: tuple[int, Vector] | None = None

    def run(self) -> Iterator[int]:
        """Work batch by batch, yielding how many regions were visited; ends when nothing waits or a witness was found."""
        while self.stack and self.witness is None:
            some = self.stack[-self.batch :]
            del self.stack[-self.batch :]
            numbers = self.count + np.arange(len(some))
            self.count += len(some)
            for number, item in zip(numbers.tolist(), some, strict=True):
                if item.parent >= 0:
                    self.children[item.parent][item.side] = number
            self._step(some, numbers)
            yield self.count

    def _divide(self, node: int, unit: int) -> None:
        """Record that a node is split by a unit."""
        self.split[node], self.children[node] = unit, [-1, -1]

    def _try(self, points: Floats) -> None:
        """Ask whether the most promising of some points is a witness."""
        values = self.claim.slack(points)
        best = int(values.argmax())
        if values[best] > 0:
            self.witness = self.confirm(points[best])

    @abstractmethod
    def _step(self, some: list[Any], numbers: Floats) -> None:
        """Visit regions: prove them, or put the two sides of a split on the stack."""


S = TypeVar("S", bound=Search)


class Proof(ABC, Generic[S]):
    """The tree of a search as nodes of a certificate.

    Args:
        search: finished or not; regions that still wait are left open.
    """

    def __init__(self, search: S) -> None:
        self.search = search

    def nodes(self, root: int, batch: int = 128) -> Generator[list[Node], dict[int, tuple[int, int]], None]:
        """Yield the nodes, some at a time, parents first; wants the numbers of children sent back.

        Args:
            root: the root's number in the certificate.
            batch: how many at a time.
        """
        search = self.search
        decided = {*search.split, *search.leaf, *search.zone}
        stack = [(0, root)] if search.count else []
        while stack:
            some = stack[-batch:]
            del stack[-batch:]
            made = yield [self.written(node, number) for node, number in some if node in decided]
            for node, number in some:
                if number in made:
                    stack += [(child, at) for child, at in zip(search.children[node], made[number], strict=True) if child >= 0]

    @abstractmethod
    def written(self, node: int, number: int) -> Node:
        """Return a node with the number that it has in the certificate."""
