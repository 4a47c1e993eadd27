"""Many simple polytopes at once, in floats: their vertices, and the hyperplanes that are tight at each.

This double description serves proofs of which every step is verified exactly later, so its floats need no error bounds.
``polyhedra/backends/__init__.py`` lists the other implementations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from exactzones.checker.arithmetic import Array

_MIX = tuple(np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
"""Odd multipliers with well-mixed bits, for the keys of edges: one from the golden ratio, two from xxHash."""


class Planes:
    """All hyperplanes of a search.

    Attributes:
        rows: ``b + a . x >= 0``, shape (capacity, dim + 1).
        index_of: the row number of each in the certificate; -1 for sides of the box, -2 - k for condition k.
    """

    def __init__(self, dim: int) -> None:
        self.rows = np.zeros((1 << 12, dim + 1))
        self.index_of = np.full(1 << 12, -1)
        self._used = 0

    def add(self, rows: Array, index: Array) -> Array:
        """Add hyperplanes; returns their ids."""
        count = len(rows)
        while self._used + count > len(self.rows):
            self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
            self.index_of = np.concatenate([self.index_of, np.full_like(self.index_of, -1)])
        ids = np.arange(self._used, self._used + count)
        self.rows[ids], self.index_of[ids] = rows, index
        self._used += count
        return ids


class Vertices(NamedTuple):
    """Vertices of cells, cell by cell.

    Attributes:
        points: shape (vertices, dim).
        tight: the ids of the ``dim`` hyperplanes tight at each, ascending; shape (vertices, dim).
        owner: the cell of each, shape (vertices,).
    """

    points: Array
    tight: Array
    owner: Array

    @classmethod
    def stack(cls, parts: Sequence[Vertices]) -> Vertices:
        """Return several sets of vertices as one."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def take(self, rows: Array) -> Vertices:
        """Return the vertices with these row numbers, or where a mask is true."""
        return Vertices(self.points[rows], self.tight[rows], self.owner[rows])


def crossings(vertices: Vertices, values: Array, ids: Array) -> Vertices:
    """Return the vertices at which edges of cells cross new hyperplanes.

    Args:
        vertices: of all cells.
        values: for each vertex the value of its cell's new hyperplane's row, shape (vertices,).
        ids: the id of each cell's new hyperplane, -1 where a cell is not cut; shape (cells,).
    """
    points, tight, owner = vertices
    chosen = np.nonzero(ids[owner] >= 0)[0]
    negative = values[chosen] < 0
    planes, cell = tight[chosen], owner[chosen].astype(np.uint64)
    keys = []  # two vertices of a cell share an edge if all of their tight hyperplanes but one are the same
    for skipped in range(tight.shape[1]):
        key = cell * _MIX[1] + _MIX[2]
        for place in range(tight.shape[1]):
            if place != skipped:
                key = (key * _MIX[0]) ^ (planes[:, place].astype(np.uint64) * _MIX[1] + _MIX[2])
                key ^= key >> np.uint64(29)
        keys.append(key)
    all_keys = np.concatenate(keys)
    order = np.argsort(all_keys, kind="stable")
    same = np.nonzero(all_keys[order][1:] == all_keys[order][:-1])[0]
    one, other = order[same], order[same + 1]
    a, b = one % len(chosen), other % len(chosen)
    crossing = negative[a] != negative[b]
    one, a, b = one[crossing], chosen[a[crossing]], chosen[b[crossing]]
    share = values[a] / (values[a] - values[b])
    fresh = points[a] + share[:, None] * (points[b] - points[a])
    fresh_tight = tight[a].copy()
    fresh_tight[np.arange(len(a)), one // len(chosen)] = ids[owner[a]]
    fresh_tight.sort(1)
    return Vertices(fresh, fresh_tight, owner[a])
