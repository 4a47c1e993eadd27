"""What a matrix of floats, or one that is mostly zeros, is kept as: its floats, or its entries that are not zero.

Exact entries in python-flint take some 70 bytes each; they are made when something is computed that needs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain, pairwise
from typing import Any, TypeAlias

import flint
import numpy as np

from exactzones.errors import InputError
from exactzones.rational.arrays import Floats, of_floats
from exactzones.rational.dyadic import Integers, over_power_of_two, row_sums, texts
from exactzones.rational.quadratic import text
from exactzones.rational.reading import Vector
from exactzones.rational.rows import over_common_denominator

_CHUNK = 1 << 18  # entries that are converted at a time
_MOST_PLACES = 500_000_000  # of a sparse matrix that is written out with its zeros


@dataclass(frozen=True, eq=False)
class DenseFloats:
    """A matrix as float64.

    Attributes:
        floats: read-only, shape (rows, columns).
    """

    floats: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.floats.shape[0], self.floats.shape[1]

    def take(self, rows: Sequence[int]) -> DenseFloats:
        """Return the matrix of these rows."""
        return DenseFloats(self.floats[np.asarray(rows, int)])

    def pick(self, columns: Sequence[int]) -> DenseFloats:
        """Return the matrix of these columns."""
        return DenseFloats(self.floats[:, np.asarray(columns, int)])

    def numerators(self) -> tuple[Integers, int]:
        """Return the matrix as integers, and the number by which these must be divided."""
        return over_power_of_two(self.floats)

    def entries(self) -> Any:
        """Return the matrix of python-flint."""
        return of_floats(self.floats)

    def lines(self) -> Iterator[str]:
        """Yield each row as text."""
        return (" ".join(texts(row)) for row in self.floats)

    def times(self, vector: Vector) -> Vector:
        """Return the exact product with a rational vector."""
        numerators, denominator = over_common_denominator(vector)
        height, width = self.shape
        step = max(1, _CHUNK // max(1, width))
        product: list[Fraction] = []
        for start in range(0, height, step):
            values, below = over_power_of_two(self.floats[start : start + step])
            count = len(values)
            columns, starts = np.tile(np.arange(width), count), np.arange(count + 1) * width
            sums = row_sums(values.ravel(), columns, starts, numerators)
            product += [Fraction(entry, denominator * below) for entry in sums]
        return tuple(product)


@dataclass(frozen=True, eq=False)
class SparseEntries:
    """A matrix by its entries that are not zero, which are sorted by row and column.

    Attributes:
        shape: (rows, columns).
        rows: the row of each entry.
        columns: the column of each entry.
        values: floats if ``denominator`` is 0, else the numerators, as Python integers.
        denominator: the common denominator; 0 if the values are floats.
    """

    shape: tuple[int, int]
    rows: Integers
    columns: Integers
    values: np.ndarray[Any, Any]
    denominator: int = 0

    @property
    def starts(self) -> Integers:
        """The index of each row's first entry, then the number of entries; shape (rows + 1,)."""
        return np.searchsorted(self.rows, np.arange(self.shape[0] + 1))

    @property
    def chosen(self) -> Sequence[int] | None:
        """The ascending numbers of the columns that a product from the left with this matrix chooses, None if it does not."""
        ones = not self.denominator and bool((self.values == 1).all())
        picks = ones and np.array_equal(self.columns, np.arange(self.shape[1])) and bool((np.diff(self.rows) > 0).all())
        return self.rows.tolist() if picks else None

    @property
    def floats(self) -> Floats | None:
        """The whole matrix as float64 if its entries are floats, else None."""
        return None if self.denominator else self.dense(self.values)

    def dense(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the whole matrix with these values at the places of its entries.

        Raises:
            InputError: it has too many places.
        """
        self._require_small()
        whole = np.zeros(self.shape, values.dtype)
        whole[self.rows, self.columns] = values
        return whole

    def take(self, rows: Sequence[int]) -> SparseEntries:
        """Return the matrix of these rows."""
        chosen = np.asarray(rows, int)
        starts = self.starts
        counts = np.diff(starts)[chosen]
        ends = np.cumsum(counts)
        index = np.repeat(starts[chosen] - (ends - counts), counts) + np.arange(int(counts.sum()))
        numbers = np.repeat(np.arange(len(chosen)), counts)
        return SparseEntries((len(chosen), self.shape[1]), numbers, self.columns[index], self.values[index], self.denominator)

    def pick(self, columns: Sequence[int]) -> SparseEntries:
        """Return the matrix of these columns, which are in ascending order."""
        place = np.full(self.shape[1], -1)
        place[np.asarray(columns, int)] = np.arange(len(columns))
        own = place[self.columns] >= 0
        shape = self.shape[0], len(columns)
        return SparseEntries(shape, self.rows[own], place[self.columns[own]], self.values[own], self.denominator)

    @cached_property
    def _integers(self) -> tuple[Integers, int]:
        return (self.values, self.denominator) if self.denominator else over_power_of_two(self.values)

    def integers(self) -> tuple[Integers, int]:
        """Return the entries as integers, and the number by which these must be divided."""
        return self._integers

    def numerators(self) -> tuple[Integers, int]:
        """Return the whole matrix as integers, and the number by which these must be divided."""
        values, denominator = self.integers()
        return self.dense(values), denominator

    def _require_small(self) -> None:
        places = self.shape[0] * self.shape[1]
        if places > _MOST_PLACES:
            needed = f"a matrix of the network has {places} entries with its zeros, which are needed here"
            raise InputError(f"{needed}; at most {_MOST_PLACES} are supported")

    def entries(self) -> Any:
        """Return the matrix of python-flint.

        Raises:
            InputError: it has too many places.
        """
        self._require_small()
        matrix = flint.fmpq_mat(*self.shape)
        values, denominator = self.integers()
        for k, j, entry in zip(self.rows.tolist(), self.columns.tolist(), values.tolist(), strict=True):
            matrix[k, j] = flint.fmpq(entry, denominator)
        return matrix

    def lines(self) -> Iterator[str]:
        """Yield each row as text."""
        starts = self.starts.tolist()
        chunk: tuple[int, list[str]] = (0, [])  # the texts of many rows, and the first of these entries
        for start, stop in pairwise(starts):
            if stop > chunk[0] + len(chunk[1]):
                chunk = start, self._texts(slice(start, max(stop, start + _CHUNK)))
            ends = [-1, *self.columns[start:stop].tolist(), self.shape[1]]
            zeros = ["0 " * (end - before - 1) for before, end in pairwise(ends)]
            own = chunk[1][start - chunk[0] : stop - chunk[0]]
            yield "".join(chain.from_iterable(zip(zeros, [f"{entry} " for entry in own] + [""], strict=True)))[:-1]

    def _texts(self, part: slice) -> list[str]:
        if not self.denominator:
            return texts(self.values[part])
        return [text(Fraction(entry, self.denominator)) for entry in self.values[part]]

    def times(self, vector: Vector) -> Vector:
        """Return the exact product with a rational vector."""
        numerators, below = over_common_denominator(vector)
        values, denominator = self.integers()
        sums = row_sums(values, self.columns, self.starts, numerators)
        return tuple([Fraction(entry, denominator * below) for entry in sums])


Storage: TypeAlias = DenseFloats | SparseEntries
