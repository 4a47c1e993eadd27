"""Cells of a search that are visited together: their vertices, the bounds of units on them, and the log of all bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from exactzones.certification.provers.polytopes import Vertices
from exactzones.certification.provers.relaxation import FloatClaim, Relaxation
from exactzones.checker.arithmetic import Array

SETTLED = 1e-9
"""A unit counts as settled on a cell on which its pre-activation exceeds zero by at most this."""
_RESIZED = 6
"""In float arithmetic, sizes of activations are taken again after so many levels of the tree (an even number)."""


class CellBounds(NamedTuple):
    """Bounds of all hidden units on cells, and where each comes from: a number in the log, -1, or ``_SPLIT``.

    In a search of boxes it comes from a node, or is -1.  All arrays have shape (cells, units), or (units,) for a single cell.
    """

    low: Array
    high: Array
    low_from: Array
    high_from: Array

    @classmethod
    def stack(cls, parts: list[CellBounds]) -> CellBounds:
        """Return the bounds of single cells as one batch."""
        return cls(*(np.array(arrays) for arrays in zip(*parts, strict=True)))

    def of(self, cell: int) -> CellBounds:
        """Return the bounds of one cell, as views."""
        return CellBounds(*(array[cell] for array in self))

    def copy(self) -> CellBounds:
        """Return a copy."""
        return CellBounds(*(array.copy() for array in self))


@dataclass
class OpenCell:
    """A cell that waits to be visited: its k vertices, shape (k, d), the ids of d hyperplanes tight at each, bounds of units.

    In float arithmetic it also has ``sizes``: bounds on the absolute values of activations, taken ``sized_at`` a node above.
    """

    points: Array
    tight: Array
    bounds: CellBounds
    parent: int
    side: int
    depth: int
    sizes: Array | None = None
    sized_at: int = -1


class CellBatch:
    """Cells that are visited together.

    Attributes:
        cells: the open cells.
        numbers: of their nodes.
        vertices: of all of them.
        lifted: (1, vertex) of each cell, padded; shape (cells, dim + 1, most vertices of a cell).
        tight: the ids tight at each vertex, padded; shape (cells, most vertices of a cell, dim).
        bounds: of all hidden units; improved in place.
        live: which cells are not proved yet.
        targets: linear lower bounds of the negated conditions, shape (cells, conditions, dim + 1).
        sizes: bounds on the absolute values of activations, shape (cells, units); None in real arithmetic.
        sized: the cells whose own bounds give their sizes.
    """

    def __init__(self, cells: list[OpenCell], numbers: Array, claim: FloatClaim) -> None:
        self.cells, self.numbers, self.claim = cells, numbers, claim
        count, dim = len(cells), cells[0].points.shape[1]
        sizes = np.array([len(cell.points) for cell in cells])
        owner = np.repeat(np.arange(count), sizes)
        self.vertices = Vertices(
            np.concatenate([cell.points for cell in cells]), np.concatenate([cell.tight for cell in cells]), owner
        )
        first = np.cumsum(sizes) - sizes
        padded = first[:, None] + np.minimum(np.arange(sizes.max()), sizes[:, None] - 1)
        ones = np.ones((count, 1, sizes.max()))
        self.lifted = np.concatenate([ones, self.vertices.points[padded].transpose(0, 2, 1)], 1)
        self.tight = self.vertices.tight[padded]
        self.centres = np.add.reduceat(self.vertices.points, first) / sizes[:, None]
        self.bounds = CellBounds.stack([cell.bounds for cell in cells])
        self.live = np.ones(count, bool)
        self.targets = np.zeros((count, len(claim.targets), dim + 1))
        self.sizes: Array | None = None
        self.sized = np.zeros(count, bool)
        if claim.rounding is not None:
            self.sizes = np.array([claim.rounding.sizes if cell.sizes is None else cell.sizes for cell in cells])
            self.sized = np.array([cell.parent < 0 or cell.depth - cell.sized_at >= _RESIZED for cell in cells])

    @property
    def is_root(self) -> bool:
        """Whether the batch is a whole region."""
        return len(self.cells) == 1 and self.cells[0].parent < 0

    def open_units(self) -> Array:
        """Return which units have a ReLU and no sign yet, shape (cells, units)."""
        open_units: Array = self.claim.relu & (self.bounds.low < -SETTLED) & (self.bounds.high > SETTLED)
        return open_units

    def relax(self) -> list[Relaxation]:
        """Return the relaxations of all layers."""
        return [self.claim.relax(k, self.bounds.low, self.bounds.high, self.sizes) for k in range(self.claim.depth)]

    def resize(self, k: int) -> None:
        """Take the sizes of layer k's activations from the bounds of the units, on the cells where that is due."""
        if self.sizes is not None and self.sized.any():
            span, sizes = self.claim.span(k), self.claim.sizes(self.bounds.low, self.bounds.high)
            assert sizes is not None  # noqa: S101 - it is only in real arithmetic
            self.sizes[self.sized, span] = np.minimum(sizes, self.sizes)[self.sized, span]

    def least(self, rows: Array, cell: Array) -> tuple[Array, Array]:
        """Return the least value of rows over their cells' vertices, and at which vertex; rows come cell by cell."""
        counts = np.bincount(cell, minlength=len(self.lifted))
        place = np.arange(len(cell)) - (np.cumsum(counts) - counts)[cell]
        padded = np.zeros((len(self.lifted), counts.max(), self.lifted.shape[1]))
        padded[cell, place] = rows
        values = np.matmul(padded, self.lifted)
        at = values.argmin(2)
        return np.take_along_axis(values, at[..., None], 2)[cell, place, 0], at[cell, place]


@dataclass
class BoundLog:
    """All bounds that were computed, as parallel lists of arrays."""

    node: list[Array] = field(default_factory=list)
    unit: list[Array] = field(default_factory=list)
    upper: list[Array] = field(default_factory=list)
    row: list[Array] = field(default_factory=list)
    tight: list[Array] = field(default_factory=list)
    count: int = 0

    def add(self, node: Array, unit: Array, upper: int, row: Array, tight: Array) -> Array:
        """Record bounds; returns their numbers."""
        self.node.append(node)
        self.unit.append(unit)
        self.upper.append(np.full(len(node), upper))
        self.row.append(row)
        self.tight.append(tight)
        self.count += len(node)
        return np.arange(self.count - len(node), self.count)
