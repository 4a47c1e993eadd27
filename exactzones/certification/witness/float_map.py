"""Matrices in floats that are applied to many points at once: dense, or by blocks where they are sparse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from exactzones.rational import Matrix
from exactzones.rational.arrays import Floats
from exactzones.rational.blocks import Blocks
from exactzones.rational.floats import clipped_float, float_matrix, float_values
from exactzones.rational.storage import SparseEntries

Places: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]
FloatType: TypeAlias = type[Any]
"""float32 or float64 of NumPy."""


def clipped_to(values: Floats, dtype: FloatType) -> Floats:
    """Return floats in a format, the largest finite ones in place of those beyond its range."""
    if values.dtype == dtype:
        return values
    return np.clip(values, np.finfo(dtype).min, np.finfo(dtype).max).astype(dtype)


class _Part(NamedTuple):
    """The blocks of one shape in a product of points with a matrix.

    Attributes:
        rows: from which each block reads, shape (blocks, height).
        columns: which it makes, shape (blocks, width).
        entries: turned, shape (blocks, width, height).
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
        return points @ self.dense.T if self._forward is None else _product(points, self._forward, self.matrix.shape[0])

    def pull(self, gradients: Floats) -> Floats:
        """Return for gradients at the images, shape (points, rows), those at the points."""
        return gradients @ self.dense if self._backward is None else _product(gradients, self._backward, self.matrix.shape[1])

    @cached_property
    def dense(self) -> Floats:
        """The whole matrix."""
        return clipped_to(float_matrix(self.matrix, clipped_float), self.dtype)

    @cached_property
    def _forward(self) -> list[_Part] | None:
        if self.matrix.sparse_form is None:
            return None
        entries = self.matrix.sparse_form.entries
        return self._parts(entries, Blocks(entries.shape[::-1], entries.columns, entries.rows))

    @cached_property
    def _backward(self) -> list[_Part] | None:
        return None if self.matrix.sparse_form is None else self._parts(*self.matrix.sparse_form)

    def _parts(self, entries: SparseEntries, blocks: Blocks) -> list[_Part]:
        values = clipped_to(float_values(entries, clipped_float), self.dtype)
        return [_Part(rows, columns, np.swapaxes(values[where], 1, 2)) for rows, columns, where in blocks.shapes]


def _product(points: Floats, parts: list[_Part], width: int) -> Floats:
    """Return the product of points, shape (points, rows), with a matrix of so many columns."""
    turned = np.ascontiguousarray(points.T)  # so that what a block reads of all points is in one place
    product = np.zeros((width, len(points)), np.result_type(points, *(part.entries for part in parts)))
    for rows, columns, entries in parts:
        product[columns] = entries @ turned[rows]
    return product.T
