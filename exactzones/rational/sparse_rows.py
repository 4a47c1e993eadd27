"""Rows by their entries that are not zero: a box of d inputs has 2 d rows of d + 1 entries, of which two are not zero."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple, overload

from exactzones.rational.rows import Row


class SparseRow(NamedTuple):
    """The row ``constant + sum of coefficient * coordinate >= 0``.

    Attributes:
        length: number of entries of the row, with its zeros.
        constant: the constant.
        terms: pairs (coordinate, coefficient), in ascending order.
    """

    length: int
    constant: int
    terms: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, row: Sequence[int]) -> SparseRow:
        """Return a row by its entries that are not zero."""
        return cls(len(row), row[0], tuple((k, entry) for k, entry in enumerate(row[1:]) if entry))

    def dense(self) -> Row:
        """Return the row with its zeros."""
        row = [0] * self.length
        row[0] = self.constant
        for k, entry in self.terms:
            row[k + 1] = entry
        return tuple(row)

    def value(self, point: Sequence[Fraction]) -> Fraction:
        """Return the left-hand side at a point."""
        return sum((entry * point[k] for k, entry in self.terms), start=Fraction(self.constant))

    def times(self, lifted: Row) -> int:
        """Return the left-hand side at the point ``x / x_0``, times ``x_0``.

        Args:
            lifted: integers ``(x_0, x)``.
        """
        return sum([entry * lifted[k + 1] for k, entry in self.terms], start=self.constant * lifted[0])


class SparseRows(Sequence[Row]):
    """An immutable sequence of rows that keeps their entries that are not zero; its items are rows with their zeros.

    Attributes:
        sparse: the rows.

    >>> rows = SparseRows.of([(1, 0, 2), (3, 0, 0)])
    >>> rows[0], rows.sparse[0].terms, len(rows)
    ((1, 0, 2), ((1, 2),), 2)
    """

    def __init__(self, sparse: Iterable[SparseRow]) -> None:
        self.sparse = tuple(sparse)

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]]) -> SparseRows:
        """Return rows that are written with their zeros."""
        return rows if isinstance(rows, SparseRows) else cls(map(SparseRow.of, rows))

    @classmethod
    def of_box(cls, low: Sequence[Fraction], high: Sequence[Fraction], *, equations: bool = False) -> SparseRows:
        """Return the rows of a box in the order in which a system of inequalities has them: sorted.

        Args:
            low: lower bounds, shape (dim,).
            high: upper bounds, shape (dim,).
            equations: whether coordinates that the box fixes come last, as the two rows of an equation each.
        """
        length, rows, fixed = len(low) + 1, [], []
        for k, (below, above) in enumerate(zip(low, high, strict=True)):
            if equations and below == above:
                sign = -1 if below > 0 else 1
                fixed.append(SparseRow(length, -sign * below.numerator, ((k, sign * below.denominator),)))
                continue
            rows.append(SparseRow(length, -below.numerator, ((k, below.denominator),)))
            rows.append(SparseRow(length, above.numerator, ((k, -above.denominator),)))
        both = [side for row in sorted(fixed, key=_order) for side in (row, _negated(row))]
        return cls((*sorted(rows, key=_order), *both))

    @cached_property
    def bounds(self) -> tuple[dict[int, Fraction], dict[int, Fraction]] | None:
        """The tightest lower and upper bounds by coordinate; None if a row has not exactly one coordinate."""
        low: dict[int, Fraction] = {}
        high: dict[int, Fraction] = {}
        for _, constant, terms in self.sparse:
            if len(terms) != 1:
                return None
            ((k, entry),) = terms
            bound = Fraction(-constant, entry)
            if entry > 0:
                low[k] = max(bound, low.get(k, bound))
            else:
                high[k] = min(bound, high.get(k, bound))
        return low, high

    def entries(self) -> Iterator[Any]:
        """Yield all constants and coefficients."""
        for row in self.sparse:
            yield row.constant
            yield from (entry for _, entry in row.terms)

    def __len__(self) -> int:
        return len(self.sparse)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(index, slice):
            return tuple(row.dense() for row in self.sparse[index])
        return self.sparse[index].dense()

    def __eq__(self, other: object) -> bool:
        return self.sparse == other.sparse if isinstance(other, SparseRows) else NotImplemented

    @cached_property
    def _hash(self) -> int:
        return hash(self.sparse)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"SparseRows({len(self)} rows)"


def _order(row: SparseRow) -> tuple[int, bool, int, int]:
    """Return what sorts rows of a single coordinate as tuples with their zeros are sorted."""
    ((k, entry),) = row.terms
    return row.constant, entry > 0, -k if entry > 0 else k, entry


def _negated(row: SparseRow) -> SparseRow:
    return SparseRow(row.length, -row.constant, tuple((k, -entry) for k, entry in row.terms))
