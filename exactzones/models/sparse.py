"""Exact sparse matrices for the linear maps of a model's operators, before these become the matrices of layers.

The entries are 64-bit floats until something is computed with them, and then integers over one common
denominator.  Nothing is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.errors import InputError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.arrays import Array, computed, object_array, require_short
from exactzones.rational import Matrix, Vector, exact
from exactzones.rational.storage import SparseEntries

_MANY_PRODUCTS = 5_000_000  # each product takes half a kilobyte until they are summed


_LARGE = 1 << 16  # entries from which a matrix is kept by those that are not zero,
_SPARSE = 8  # if it has less than one in so many


class TooManyProductsError(InputError):
    """A product of two matrices is too large to be computed entry by entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A matrix by its nonzero entries, which are sorted by row and column.

    Attributes:
        shape: (rows, columns).
        rows: the row of each entry.
        columns: the column of each entry.
        values: floats if ``denominator`` is 0, else the numerators, as Python integers.
        denominator: the common denominator; 0 if the values are floats.

    >>> twice = Sparse.of((2, 2), [0, 1], [1, 0], [2, 0.5])
    >>> twice.after(twice).rational()
    [Fraction(1, 1), Fraction(1, 1)]
    """

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array
    denominator: int = 0

    @classmethod
    def of(cls, shape: tuple[int, int], rows: Any, columns: Any, values: Any) -> Sparse:
        """Build a matrix from entries in any order; entries at the same place are added.

        Args:
            shape: (rows, columns).
            rows: the row of each entry.
            columns: the column of each entry.
            values: finite numbers, as an array of Fractions if they are not floats or integers.
        """
        entries, denominator = _as_entries(np.asarray(values))
        return _sorted(shape, np.asarray(rows, np.int64), np.asarray(columns, np.int64), entries, denominator)

    @classmethod
    def dense(cls, array: Array) -> Sparse:
        """Return a two-dimensional array as a matrix."""
        rows, columns = np.nonzero(array)
        return cls.of((array.shape[0], array.shape[1]), rows, columns, array[rows, columns])

    @classmethod
    def pick(cls, index: Array, width: int, factor: int = 1) -> Sparse:
        """Return the matrix whose row k picks ``factor`` times entry ``index[k]``; a row with a negative index is zero."""
        flat = np.asarray(index, np.int64).ravel()
        rows = np.flatnonzero(flat >= 0)
        return cls((len(flat), width), rows, flat[rows], np.full(len(rows), float(factor)))

    @classmethod
    def diagonal(cls, values: Array) -> Sparse:
        """Return the matrix that multiplies entry k by ``values[k]``."""
        places = np.arange(values.size)
        return cls.of((values.size, values.size), places, places, values.ravel())

    @classmethod
    def added(cls, parts: Sequence[Sparse]) -> Sparse:
        """Return the sum of matrices of one shape."""
        if len(parts) == 1:
            return parts[0]
        values, denominator = _over_one_denominator(parts)
        rows, columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "columns"))
        return _sorted(parts[0].shape, rows, columns, values, denominator)

    @classmethod
    def stacked(cls, parts: Sequence[Sparse]) -> Sparse:
        """Return matrices of one width on top of each other."""
        if len(parts) == 1:
            return parts[0]
        values, denominator = _over_one_denominator(parts)
        heights = [part.shape[0] for part in parts]
        starts = np.cumsum([0, *heights[:-1]])
        rows = np.concatenate([part.rows + start for part, start in zip(parts, starts, strict=True)])
        columns = np.concatenate([part.columns for part in parts])
        return cls((sum(heights), parts[0].shape[1]), rows, columns, values, denominator)

    @property
    def starts(self) -> Array:
        """The index of each row's first entry, then the number of entries; shape (rows + 1,)."""
        return np.searchsorted(self.rows, np.arange(self.shape[0] + 1))

    @property
    def one_per_row(self) -> bool:
        """Whether every row has exactly one entry."""
        return len(self.rows) == self.shape[0] and bool((self.rows == np.arange(self.shape[0])).all())

    @property
    def all_ones(self) -> bool:
        """Whether all nonzero entries are 1."""
        return not self.denominator and bool((self.values == 1).all())

    @property
    def is_identity(self) -> bool:
        """Whether it is the identity matrix."""
        return self.shape[0] == self.shape[1] and self.one_per_row and self.all_ones and bool((self.columns == self.rows).all())

    def after(self, inner: Sparse) -> Sparse:
        """Return the product ``self inner``, exactly.

        Raises:
            TooManyProductsError: the product would take too long.
        """
        shape = (self.shape[0], inner.shape[1])
        if self.is_identity:
            return inner
        if inner.one_per_row and inner.all_ones:
            return _sorted(shape, self.rows, inner.columns[self.columns], self.values, self.denominator)
        starts = inner.starts
        each = np.diff(starts)[self.columns]  # the number of products in which each entry occurs
        total = int(each.sum())
        if total > _MANY_PRODUCTS:
            return self._dense_product(inner)
        index = np.repeat(starts[self.columns] - (np.cumsum(each) - each), each) + np.arange(total)
        rows, columns = np.repeat(self.rows, each), inner.columns[index]
        if not self.denominator and bool((np.abs(self.values) == 1).all()):
            signs = np.repeat(self.values, each)
            values = inner.values[index] * (signs.astype(np.int64).astype(object) if inner.denominator else signs)
            return _sorted(shape, rows, columns, values, inner.denominator)
        (left, left_denominator), (right, right_denominator) = self._integers(), inner._integers()
        products = np.repeat(left, each) * right[index]
        return _sorted(shape, rows, columns, products, left_denominator * right_denominator)

    def _dense_product(self, inner: Sparse) -> Sparse:
        height, middle, width = *self.shape, inner.shape[1]
        if height * middle * width > 500 * _MANY_PRODUCTS or height * width + middle * (height + width) > MAX_WEIGHTS // 10:
            raise TooManyProductsError(f"the product of a {height} x {middle} and a {middle} x {width} matrix is too large")
        product = self.matrix() @ inner.matrix()
        return Sparse.dense(np.array(product.rows, object))

    def _integers(self) -> tuple[Array, int]:
        return (self.values, self.denominator) if self.denominator else _from_floats(self.values)

    def rational(self) -> list[Fraction]:
        """Return the values as Fractions."""
        if not self.denominator:
            return [exact(value) for value in self.values]
        return list(computed(object_array([Fraction(value, self.denominator) for value in self.values])))

    def matrix(self) -> Matrix:
        """Return the matrix as a layer has it: dense, or large and kept by its entries that are not zero."""
        floats = self._floats()
        values, denominator = (self.values, self.denominator) if floats is None else (floats, 0)
        stored = SparseEntries(self.shape, self.rows, self.columns, values, denominator)
        if _SPARSE * len(self.rows) < math.prod(self.shape) > _LARGE:
            return Matrix.sparse(stored)
        return Matrix.of(stored.dense(floats)) if floats is not None else Matrix.of_entries(stored)

    def _floats(self) -> Array | None:
        """Return the values as floats if all of them are floats, else None."""
        if not self.denominator:
            return self.values
        try:
            floats = [value / self.denominator for value in self.values]
        except OverflowError:
            return None
        ratios = (value.as_integer_ratio() for value in floats)
        equal = all(above * self.denominator == entry * below for (above, below), entry in zip(ratios, self.values, strict=True))
        return np.array(floats, float) if equal else None

    def split(self) -> tuple[Sparse, Sparse]:
        """Return all columns but the last, and the last."""
        width = self.shape[1] - 1
        left = self.columns < width
        sides = [
            Sparse((self.shape[0], length), self.rows[own], self.columns[own] - start, self.values[own], self.denominator)
            for own, start, length in ((left, 0, width), (~left, width, 1))
        ]
        return sides[0], sides[1]

    def positive(self) -> Sparse:
        """Return the matrix with its negative entries dropped: the ReLU of every entry."""
        own = self.values > 0
        return Sparse(self.shape, self.rows[own], self.columns[own], self.values[own], self.denominator)

    def negative(self) -> Sparse:
        """Return the matrix with its positive entries dropped."""
        own = self.values < 0
        return Sparse(self.shape, self.rows[own], self.columns[own], self.values[own], self.denominator)

    def row_slice(self, start: int, stop: int) -> Sparse:
        """Return the rows from ``start`` to before ``stop``."""
        first, last = np.searchsorted(self.rows, [start, stop])
        own = slice(first, last)
        rows, columns, values = self.rows[own] - start, self.columns[own], self.values[own]
        return Sparse((stop - start, self.shape[1]), rows, columns, values, self.denominator)

    def vector(self) -> Vector:
        """Return a matrix of one column as a vector."""
        entries = [Fraction(0)] * self.shape[0]
        for row, value in zip(self.rows.tolist(), self.rational(), strict=True):
            entries[row] = value
        return tuple(entries)


def _as_entries(values: Array) -> tuple[Array, int]:
    """Return numbers as the entries of a matrix with their denominator: floats and 0 if that is exact, else integers."""
    if values.dtype != object and values.dtype.kind == "f":
        return values.astype(np.float64), 0
    if values.dtype != object and values.size and max(abs(int(values.max())), abs(int(values.min()))) <= 2**53:
        return values.astype(np.float64), 0
    numbers = [exact(entry) for entry in values]
    denominator = math.lcm(*(number.denominator for number in numbers))
    return object_array([number.numerator * (denominator // number.denominator) for number in numbers]), denominator


def _from_floats(values: Array) -> tuple[Array, int]:
    """Return floats as integers over a power of two."""
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1  # -1 for a zero
    shift = exponent.astype(np.int64) - 53 + trailing
    low = min(0, int(shift.min(initial=0)))
    odd = (whole >> np.maximum(trailing, 0)).tolist()
    return object_array([entry << by for entry, by in zip(odd, (shift - low).tolist(), strict=True)]), 1 << -low


def _over_one_denominator(parts: Sequence[Sparse]) -> tuple[Array, int]:
    """Return the values of several matrices, one after the other, and their common denominator (0 if all are floats)."""
    if not any(part.denominator for part in parts):
        return np.concatenate([part.values for part in parts]), 0
    integers = [part._integers() for part in parts]  # noqa: SLF001  the same class
    common = math.lcm(*(denominator for _, denominator in integers))
    return np.concatenate([values * (common // denominator) for values, denominator in integers]), common


def _sorted(shape: tuple[int, int], rows: Array, columns: Array, values: Array, denominator: int) -> Sparse:
    """Build a matrix from entries in any order: sort them, add those at the same place, and drop zeros."""
    keys = rows * shape[1] + columns
    steps = np.diff(keys)
    if not (steps > 0).all():
        order = np.argsort(keys, kind="stable")
        rows, columns, values, keys = rows[order], columns[order], values[order], keys[order]
        first = np.flatnonzero(np.concatenate([[True], np.diff(keys) > 0]))
        if len(first) < len(keys):
            if not denominator:
                values, denominator = _from_floats(np.where(values == 0, 0.0, values))
            values = np.add.reduceat(values, first)
            rows, columns = rows[first], columns[first]
    nonzero = values != 0
    if not nonzero.all():
        rows, columns, values = rows[nonzero], columns[nonzero], values[nonzero]
    if denominator:
        require_short(values, denominator)
    return Sparse(shape, rows, columns, values, denominator)
