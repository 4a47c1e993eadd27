"""Matrices in floats that are applied to many points at once: dense, or in blocks where rows read the same few columns.

A convolution at one place reads the same inputs for every channel, so its rows there are a small dense block; a product gathers
the inputs of all blocks of one shape, and calls BLAS for each ("im2col").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from exactzones.rational import Matrix
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import clipped_float, float_matrix, float_values
from exactzones.rational.matrix import StoredMatrix
from exactzones.rational.storage import SparseEntries

Places: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]
FloatType: TypeAlias = type[Any]
"""float32 or float64 of NumPy."""

_GATHER = 16  # entries of a dense product that cost as much as a gathered one
_BLOCK = 2  # and as one of a block's product


def clipped_to(values: Floats, dtype: FloatType) -> Floats:
    """Return floats in a format, the largest finite ones in place of those beyond its range."""
    if values.dtype == dtype:
        return values
    return np.clip(values, np.finfo(dtype).min, np.finfo(dtype).max).astype(dtype)


class _Blocks(NamedTuple):
    """The blocks of one shape.

    Attributes:
        rows: shape (blocks, height).
        columns: shape (blocks, width).
        entries: shape (blocks, height, width).
    """

    rows: Places
    columns: Places
    entries: Floats


@dataclass(frozen=True, eq=False)
class FloatMap:
    """A matrix in floats.

    Attributes:
        matrix: the exact one.
        dtype: float32 or float64.
    """

    matrix: Matrix
    dtype: FloatType

    def __call__(self, points: Floats) -> Floats:
        """Return the images of points of shape (points, columns), shape (points, rows)."""
        return points @ self.dense.T if self._forward is None else _product(self._forward, points, self.matrix.shape[0])

    def pull(self, gradients: Floats) -> Floats:
        """Return for gradients at the images, shape (points, rows), those at the points."""
        return gradients @ self.dense if self._backward is None else _product(self._backward, gradients, self.matrix.shape[1])

    @cached_property
    def dense(self) -> Floats:
        """The whole matrix."""
        return clipped_to(float_matrix(self.matrix, clipped_float), self.dtype)

    @cached_property
    def _forward(self) -> list[_Blocks] | None:
        return self._blocks(transposed=False)

    @cached_property
    def _backward(self) -> list[_Blocks] | None:
        return None if self._forward is None else self._blocks(transposed=True)

    def _blocks(self, *, transposed: bool) -> list[_Blocks] | None:
        """Return the blocks of the matrix or of its transpose; None if a dense product is as fast."""
        if not isinstance(self.matrix, StoredMatrix) or not isinstance(self.matrix.storage, SparseEntries):
            return None
        storage = self.matrix.storage
        size = self.matrix.shape[0] * self.matrix.shape[1]
        if _BLOCK * len(storage.rows) > size:
            return None
        rows, columns, values = storage.rows, storage.columns, clipped_to(float_values(storage, clipped_float), self.dtype)
        if transposed:
            order = np.lexsort((rows, columns))
            rows, columns, values = columns[order], rows[order], values[order]
        blocks = _blocks_of(rows, columns, values)
        gathered = sum(part.columns.size for part in blocks)
        return blocks if transposed or _GATHER * gathered + _BLOCK * len(values) < size else None


def _blocks_of(rows: Places, columns: Places, values: Floats) -> list[_Blocks]:
    """Return the blocks of a matrix by its entries, which are sorted by row and column."""
    own, starts, counts = np.unique(rows, return_index=True, return_counts=True)
    found = []
    for width in np.unique(counts).tolist():
        chosen = np.flatnonzero(counts == width)
        entries = starts[chosen][:, None] + np.arange(width)
        sets, which = np.unique(columns[entries], axis=0, return_inverse=True)
        which = which.reshape(-1)
        order, heights = np.argsort(which, kind="stable"), np.bincount(which)
        firsts = np.cumsum(heights) - heights
        for height in np.unique(heights).tolist():
            blocks = np.flatnonzero(heights == height)
            members = order[firsts[blocks][:, None] + np.arange(height)]
            found.append(_Blocks(own[chosen[members]], sets[blocks], values[entries[members]]))
    return found


def _product(blocks: list[_Blocks], points: Floats, height: int) -> Floats:
    """Return the product of points of shape (points, columns) with the transpose of a matrix of so many rows."""
    columns = np.ascontiguousarray(points.T)
    product = np.zeros((height, len(points)), np.result_type(points, *(part.entries for part in blocks)))
    for part in blocks:
        product[part.rows] = part.entries @ columns[part.columns]
    return product.T
