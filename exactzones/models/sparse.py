"""Exact sparse matrices: what lies between the operators of a model and the dense matrices of its layers.

The entries are 64-bit floats as long as nothing was computed with them, else integers over one common denominator;
nothing here rounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import InexactError, InputError
from exactzones.files import MAX_WEIGHTS
from exactzones.rational import Matrix, Vector, exact

Array: TypeAlias = np.ndarray[Any, Any]

_MANY_PRODUCTS = 5_000_000  # half a kilobyte each while they are added up


class TooManyProductsError(InputError):
    """A product of two matrices is too large to be computed entry by entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A matrix by its nonzero entries, which are sorted by row and column.

    Attributes:
        shape: (rows, columns).
        rows: the row of each entry.
        columns: the column of each entry.
        values: floats if ``below`` is 0, else integers.
        below: the common denominator of the integers.

    >>> twice = Sparse.of((2, 2), [0, 1], [1, 0], [2, 0.5])
    >>> twice.after(twice).rational()
    [Fraction(1, 1), Fraction(1, 1)]
    """

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array
    below: int = 0

    @classmethod
    def of(cls, shape: tuple[int, int], rows: Any, columns: Any, values: Any) -> Sparse:
        """Build a matrix from entries in any order; entries at the same place are added.

        Args:
            shape: (rows, columns).
            rows: of the entries.
            columns: of the entries.
            values: numbers, finite; exact ones that are no floats in an array of Fractions.
        """
        held, below = _held(np.asarray(values))
        return _sorted(shape, np.asarray(rows, np.int64), np.asarray(columns, np.int64), held, below)

    @classmethod
    def dense(cls, array: Array) -> Sparse:
        """Return a two-dimensional array as a matrix."""
        rows, columns = np.nonzero(array)
        return cls.of((array.shape[0], array.shape[1]), rows, columns, array[rows, columns])

    @classmethod
    def pick(cls, index: Array, width: int, factor: int = 1) -> Sparse:
        """Return the matrix whose row k takes ``factor`` times entry ``index[k]``, or nothing where that is negative."""
        flat = np.asarray(index, np.int64).ravel()
        rows = np.flatnonzero(flat >= 0)
        return cls((len(flat), width), rows, flat[rows], np.full(len(rows), float(factor)))

    @classmethod
    def diagonal(cls, values: Array) -> Sparse:
        """Return the matrix that multiplies entry k by ``values[k]``."""
        every = np.arange(values.size)
        return cls.of((values.size, values.size), every, every, values.ravel())

    @classmethod
    def added(cls, parts: Sequence[Sparse]) -> Sparse:
        """Return the sum of matrices of one shape."""
        if len(parts) == 1:
            return parts[0]
        values, below = _together(parts)
        rows, columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "columns"))
        return _sorted(parts[0].shape, rows, columns, values, below)

    @classmethod
    def stacked(cls, parts: Sequence[Sparse]) -> Sparse:
        """Return matrices of one width on top of each other."""
        if len(parts) == 1:
            return parts[0]
        values, below = _together(parts)
        heights = [part.shape[0] for part in parts]
        starts = np.cumsum([0, *heights[:-1]])
        rows = np.concatenate([part.rows + start for part, start in zip(parts, starts, strict=True)])
        return cls((sum(heights), parts[0].shape[1]), rows, np.concatenate([part.columns for part in parts]), values, below)

    @property
    def starts(self) -> Array:
        """Where each row's entries start, and at last how many entries there are."""
        return np.searchsorted(self.rows, np.arange(self.shape[0] + 1))

    @property
    def one_each(self) -> bool:
        """Whether every row has exactly one entry."""
        return len(self.rows) == self.shape[0] and bool((self.rows == np.arange(self.shape[0])).all())

    @property
    def moves(self) -> bool:
        """Whether all entries are 1."""
        return not self.below and bool((self.values == 1).all())

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return self.shape[0] == self.shape[1] and self.one_each and self.moves and bool((self.columns == self.rows).all())

    def after(self, inner: Sparse) -> Sparse:
        """Return the product ``self inner``, exactly.

        Raises:
            TooManyProductsError: it would take too long.
        """
        shape = (self.shape[0], inner.shape[1])
        if self.is_identity:
            return inner
        if inner.one_each and inner.moves:
            return _sorted(shape, self.rows, inner.columns[self.columns], self.values, self.below)
        starts = inner.starts
        each = np.diff(starts)[self.columns]
        total = int(each.sum())
        if total > _MANY_PRODUCTS:
            return self._dense_product(inner)
        index = np.repeat(starts[self.columns] - (np.cumsum(each) - each), each) + np.arange(total)
        rows, columns = np.repeat(self.rows, each), inner.columns[index]
        if not self.below and bool((np.abs(self.values) == 1).all()):
            signs = np.repeat(self.values, each)
            values = inner.values[index] * (signs.astype(np.int64).astype(object) if inner.below else signs)
            return _sorted(shape, rows, columns, values, inner.below)
        (ours, above), (theirs, below) = self._integers(), inner._integers()
        return _sorted(shape, rows, columns, np.repeat(ours, each) * theirs[index], above * below)

    def _dense_product(self, inner: Sparse) -> Sparse:
        height, middle, width = *self.shape, inner.shape[1]
        if height * middle * width > 500 * _MANY_PRODUCTS or height * width + middle * (height + width) > MAX_WEIGHTS // 10:
            raise TooManyProductsError(f"a product of {height} x {middle} and {middle} x {width} weights is too large")
        product = self.matrix() @ inner.matrix()
        return Sparse.dense(np.array(product.rows, object))

    def _integers(self) -> tuple[Array, int]:
        return (self.values, self.below) if self.below else _from_floats(self.values)

    def rational(self) -> list[Fraction]:
        """Return the values as Fractions."""
        if not self.below:
            return [exact(value) for value in self.values]
        return [Fraction(value, self.below) for value in self.values]

    def matrix(self) -> Matrix:
        """Return the dense matrix."""
        floats = self._floats()
        if floats is not None:
            array = np.zeros(self.shape)
            array[self.rows, self.columns] = floats
            return Matrix.of(array)
        zero = Fraction(0)
        rows = [[zero] * self.shape[1] for _ in range(self.shape[0])]
        for row, column, value in zip(self.rows.tolist(), self.columns.tolist(), self.rational(), strict=True):
            rows[row][column] = value
        return Matrix.of(rows, columns=self.shape[1])

    def _floats(self) -> Array | None:
        """Return the values as floats if they are some."""
        if not self.below:
            return self.values
        try:
            floats = [value / self.below for value in self.values]
        except OverflowError:
            return None
        ratios = (value.as_integer_ratio() for value in floats)
        equal = all(a * self.below == entry * b for (a, b), entry in zip(ratios, self.values, strict=True))
        return np.array(floats, float) if equal else None

    def split(self) -> tuple[Sparse, Sparse]:
        """Return all columns but the last, and the last."""
        width = self.shape[1] - 1
        left = self.columns < width
        sides = [
            Sparse((self.shape[0], length), self.rows[there], self.columns[there] - start, self.values[there], self.below)
            for there, start, length in ((left, 0, width), (~left, width, 1))
        ]
        return sides[0], sides[1]

    def part(self, start: int, stop: int) -> Sparse:
        """Return the rows from ``start`` to before ``stop``."""
        first, last = np.searchsorted(self.rows, [start, stop])
        own = slice(first, last)
        return Sparse((stop - start, self.shape[1]), self.rows[own] - start, self.columns[own], self.values[own], self.below)

    def vector(self) -> Vector:
        """Return a matrix of one column as a vector."""
        entries = [Fraction(0)] * self.shape[0]
        for row, value in zip(self.rows.tolist(), self.rational(), strict=True):
            entries[row] = value
        return tuple(entries)


def finite(array: Array, what: str) -> Array:
    """Return an array of numbers after checking that all are finite.

    Raises:
        InexactError: NaN or infinity; the message names the entry.
    """
    if array.dtype.kind not in "fiuO":
        array = array.astype(np.float64)  # bfloat16, which NumPy does not know
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0]
        raise InexactError(f"{what}{''.join(f'[{k}]' for k in place)} is {array[tuple(place)]}; every number must be finite")
    return array


def fractions(array: Array, what: str = "a constant") -> Array:
    """Return an array of Fractions, equal to an array of numbers.

    Raises:
        InexactError: NaN or infinity.
    """
    if array.dtype == object:
        return array
    found = np.empty(array.size, object)
    found[:] = [exact(entry) for entry in finite(array, what).ravel()]
    return found.reshape(array.shape)


def _held(values: Array) -> tuple[Array, int]:
    if values.dtype != object and values.dtype.kind == "f":
        return values.astype(np.float64), 0
    if values.dtype != object and values.size and max(abs(int(values.max())), abs(int(values.min()))) <= 2**53:
        return values.astype(np.float64), 0
    numbers = [exact(entry) for entry in values]
    below = math.lcm(*(number.denominator for number in numbers))
    return _objects([number.numerator * (below // number.denominator) for number in numbers]), below


def _objects(entries: list[int]) -> Array:
    held = np.empty(len(entries), object)
    held[:] = entries
    return held


def _from_floats(values: Array) -> tuple[Array, int]:
    """Return floats as integers over a power of two."""
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1  # of zero it is -1, and there are no zeros
    shift = exponent.astype(np.int64) - 53 + trailing
    low = min(0, int(shift.min(initial=0)))
    odd = (whole >> np.maximum(trailing, 0)).tolist()
    return _objects([entry << by for entry, by in zip(odd, (shift - low).tolist(), strict=True)]), 1 << -low


def _together(parts: Sequence[Sparse]) -> tuple[Array, int]:
    if not any(part.below for part in parts):
        return np.concatenate([part.values for part in parts]), 0
    held = [part._integers() for part in parts]  # noqa: SLF001  the same class
    below = math.lcm(*(own for _, own in held))
    return np.concatenate([values * (below // own) for values, own in held]), below


def _sorted(shape: tuple[int, int], rows: Array, columns: Array, values: Array, below: int) -> Sparse:
    """Sort the entries, add those at the same place, and drop zeros."""
    keys = rows * shape[1] + columns
    steps = np.diff(keys)
    if not (steps > 0).all():
        order = np.argsort(keys, kind="stable")
        rows, columns, values, keys = rows[order], columns[order], values[order], keys[order]
        first = np.flatnonzero(np.concatenate([[True], np.diff(keys) > 0]))
        if len(first) < len(keys):
            if not below:
                values, below = _from_floats(np.where(values == 0, 0.0, values))
            values = np.add.reduceat(values, first)
            rows, columns = rows[first], columns[first]
    there = values != 0
    if not there.all():
        rows, columns, values = rows[there], columns[there], values[there]
    return Sparse(shape, rows, columns, values, below)
