"""What the searches in floats share: branch and bound over the subregions of regions.  Nothing in this module is trusted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from fractions import Fraction
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from exactzones.certification.provers.relaxation import FloatClaim
from exactzones.checker import Node
from exactzones.checker.arithmetic import Array
from exactzones.deadline import Deadline
from exactzones.rational import Vector

UNKNOWN = 1e9
"""Stands for a bound that is not known."""
SHARE_BITS = 10
"""Fractional bits of the multipliers when several conditions are combined."""


class RegionRows(NamedTuple):
    """Rows ``b + a . x >= 0`` in floats.

    Attributes:
        matrix: shape (rows, inputs + 1).
        numbers: the row numbers in the certificate.
        divisors: what each row was divided by.
    """

    matrix: Array
    numbers: Sequence[int]
    divisors: Sequence[Fraction]


class FloatRegion(NamedTuple):
    """A region to be searched, in floats, without the inputs that are constant on it.

    Attributes:
        path: for each split that led to it, the unit, among all units, and the side; None where an input was cut.
        claim: the network and the conditions.
        low, high: a box that contains the region, shape (inputs,).
        rows: rows of the region that the box does not express.
        known: lower and upper bounds of all hidden units on the region, -inf or inf where none is known.
        confirm: tells whether a point is an exact witness of a case; returns the case and the witness.
        inputs: the numbers of these inputs in the network.
    """

    claim: FloatClaim
    low: Array
    high: Array
    rows: RegionRows
    known: tuple[Array, Array]
    path: Sequence[tuple[int, int] | None]
    confirm: Callable[[Array], tuple[int, Vector] | None]
    inputs: Array


class SearchTree:
    """What a search has visited and what is open.

    Args:
        confirm: as in ``FloatRegion``.

    Attributes:
        stack: open subregions; each has a ``parent`` (a node, -1 for a root) and a ``side`` (0 or 1: which child it is; for a
            root the place of its region).
        count: number of visited subregions; nodes are numbered in the order of visits.
        roots: the place of a region -> its node, once it is visited.
        split: node -> the hidden unit that splits it, or the input that is cut.
        children: node -> the numbers of its two children, -1 while they are open.
        leaf: node -> why the conditions cannot hold there, in the search's own form.
        zone: node -> the listed zone that contains it.
        witness: a case and a point where its conditions hold, once one is found.
        deadline: is looked at within long steps, which raise BudgetExceeded; subregions of such a step stay open.
    """

    def __init__(self, confirm: Callable[[Array], tuple[int, Vector] | None]) -> None:
        self.confirm, self.deadline = confirm, Deadline()
        self.stack: list[Any] = []
        self.count = 0
        self.roots: dict[int, int] = {}
        self.split: dict[int, int] = {}
        self.children: dict[int, list[int]] = {}
        self.leaf: dict[int, Any] = {}
        self.zone: dict[int, int] = {}
        self.witness: tuple[int, Vector] | None = None

    def _place(self, node: int, parent: int, side: int) -> None:
        """Record where a node belongs."""
        if parent >= 0:
            self.children[parent][side] = node
        else:
            self.roots[side] = node

    def _record_split(self, node: int, unit: int) -> None:
        """Record that a hidden unit splits a node, or a cut of an input."""
        self.split[node], self.children[node] = unit, [-1, -1]


class RegionSearch(SearchTree, ABC):
    """Branch and bound over the subregions of regions that share a claim; the first region comes first.

    Args:
        regions: the regions.
        batch: how many subregions are visited at once.
    """

    def __init__(self, regions: Sequence[FloatRegion], batch: int) -> None:
        super().__init__(regions[0].confirm)
        self.claim, self.batch = regions[0].claim, batch

    def run(self) -> Iterator[int]:
        """Visit subregions batch by batch, and yield their number after each batch, until none is open or a witness is found."""
        while self.stack and self.witness is None:
            batch = self.stack[-self.batch :]
            del self.stack[-self.batch :]
            numbers = self.count + np.arange(len(batch))
            self.count += len(batch)
            for number, subregion in zip(numbers.tolist(), batch, strict=True):
                self._place(number, subregion.parent, subregion.side)
            self._step(batch, numbers)
            yield self.count

    def _try_witness(self, points: Array) -> None:
        """Try to confirm the most promising point exactly, if the conditions hold there in floats."""
        values = self.claim.slack(points)
        best = int(values.argmax())
        if values[best] > 0:
            self.witness = self.confirm(points[best])

    @abstractmethod
    def _step(self, batch: list[Any], numbers: Array) -> None:
        """Visit subregions: prove each, or put the two sides of a split on the stack."""


S = TypeVar("S", bound=SearchTree)


class Proof(ABC, Generic[S]):
    """The tree of a search as nodes of a certificate.

    Args:
        search: finished or not; subregions that it has not proved are left open.
        first: how many of its nodes, in the order in which they were visited, to look at.
    """

    def __init__(self, search: S, first: int) -> None:
        self.search, self.first_nodes = search, min(first, search.count)

    def nodes(self, roots: Sequence[int], batch: int = 128) -> Generator[list[Node], dict[int, tuple[int, int]], None]:
        """Yield the nodes in batches, parents first; the caller sends back the numbers of each batch's children.

        Args:
            roots: the numbers of the regions in the certificate.
            batch: how many nodes to yield at a time.
        """
        search = self.search
        decided = {node for node in (*search.split, *search.leaf, *search.zone) if node < self.first_nodes}
        stack = [(node, roots[place]) for place, node in sorted(search.roots.items(), reverse=True)]
        while stack:
            chosen = stack[-batch:]
            del stack[-batch:]
            children = yield [self.certificate_node(node, number) for node, number in chosen if node in decided]
            for node, number in chosen:
                if number in children:
                    stack += [
                        (child, at) for child, at in zip(search.children[node], children[number], strict=True) if child >= 0
                    ]

    @abstractmethod
    def certificate_node(self, node: int, number: int) -> Node:
        """Return a node of the search as the certificate's node ``number``."""
