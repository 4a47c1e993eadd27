"""Cells of the inequalities engine on their way to a worker and back, and what a worker does with them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from exactzones.engine.frontier import Floats, States
from exactzones.parallel import Pace, PieceResult
from exactzones.polyhedra.program import Point

FIRST_ITEMS = 64  # that a call of the kernel returns before it stops


class Node(NamedTuple):
    """A cell on the way.

    Attributes:
        states: of all units: 1 on, 0 off, plus ``UNCUT`` where the unit's row is redundant; ``UNSEEN`` if it is to come.
        inner: a point as ``Program.interior`` returns it, in section coordinates: rows of neurons are positive, bounds of
            coordinates may be attained.
    """

    states: bytes
    inner: Point


@dataclass(frozen=True)
class NodeLeaves:
    """Cells that all layers have cut, and on which the target, if there is one, is positive at the inner point.

    Attributes:
        states: (P, units) states as in ``Node``.
        inner: their inner points: (P, dim) floats, or a list where some are exact.
    """

    states: States
    inner: Floats | list[Point]

    def __len__(self) -> int:
        return len(self.states)

    def part(self, start: int, stop: int) -> NodeLeaves:
        """Return the cells start .. stop - 1."""
        return NodeLeaves(self.states[start:stop], self.inner[start:stop])

    @property
    def nbytes(self) -> int:
        """Size in bytes, roughly."""
        return self.states.nbytes + (self.inner.nbytes if isinstance(self.inner, np.ndarray) else 0)


@dataclass(frozen=True)
class NodeQueue:
    """Successive cells that wait.

    Attributes:
        nodes: the cells, or leaves.
    """

    nodes: Sequence[Node | NodeLeaves]

    @property
    def layer(self) -> int:
        """All cells count as alike."""
        return 0

    @property
    def cell_bytes(self) -> int:
        """Size of one cell in bytes, roughly."""
        return 1 << 12

    def __len__(self) -> int:
        return len(self.nodes)

    def part(self, start: int, stop: int) -> NodeQueue:
        """Return the cells start .. stop - 1."""
        return NodeQueue(self.nodes[start:stop])


class NodeSearch(Protocol):
    """A search of the inequalities engine."""

    @property
    def counts(self) -> Counter[str]:
        """How many questions were decided, and how."""

    def advance(self, node: Node, items: int) -> list[Node | NodeLeaves]:
        """Search a cell for a while; return its parts in order, leaves among them."""

    def listed(self, leaves: NodeLeaves) -> NodeLeaves:
        """Return the leaves on which the property fires."""


class NodeWorker:
    """Works on pieces of one search.

    Args:
        search: which.
    """

    def __init__(self, search: NodeSearch) -> None:
        self.search, self.items = search, FIRST_ITEMS

    def work(self, piece: Sequence[NodeQueue], pace: Pace, seconds: float) -> PieceResult[NodeQueue, NodeLeaves]:
        """Follow cells to their leaves, depth first, until time is up, but for at least one step."""
        stack = [node for part in reversed(piece) for node in reversed(part.nodes)]
        leaves: list[NodeLeaves] = []
        before = self.search.counts.copy()
        count = steps = 0
        start = now = time.perf_counter()
        while stack and (not steps or (now - start < seconds and count < pace.piece_leaves)):
            node = stack.pop()
            steps += 1
            if isinstance(node, NodeLeaves):
                leaves.append(self.search.listed(node))
                count += len(node)
            else:
                items = min(pace.call_cells, self.items)
                stack += reversed(self.search.advance(node, items))
                ratio = pace.call_seconds / (time.perf_counter() - now)
                self.items = max(1, int(items * min(4.0, max(0.1, ratio))))
            now = time.perf_counter()
        stats = self.search.counts - before
        self.search.counts.subtract(stats)  # the driver counts them
        return PieceResult(leaves, [NodeQueue(stack[::-1])] if stack else [], count, stats, now - start)
