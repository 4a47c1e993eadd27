"""Integer matrices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import flint

from exactzones.rational.rows import Row


class IntegerMatrix:
    """An immutable integer matrix, for long chains of products without denominators and without conversions in between.

    >>> m = IntegerMatrix.of([[1, 2], [3, 4]])
    >>> (m @ m.keeping([True, False])).rows()
    [(1, 2), (3, 6)]
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: Any) -> None:
        """Wrap a python-flint matrix; callers outside this module use ``of`` or ``Matrix.scaled``."""
        self._entries = entries

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> IntegerMatrix:
        """Build a matrix from at least one row of integers."""
        return cls(flint.fmpz_mat(list(map(list, rows))))

    @classmethod
    def column(cls, entries: Sequence[Any]) -> IntegerMatrix:
        """Build a matrix of one column."""
        return cls(flint.fmpz_mat(len(entries), 1, entries))

    def __matmul__(self, other: IntegerMatrix) -> IntegerMatrix:
        return IntegerMatrix(self._entries * other._entries)

    def times(self, factor: int) -> IntegerMatrix:
        """Return the matrix times an integer."""
        return IntegerMatrix(self._entries * factor)

    def bordered(self, corner: int, column: Sequence[int]) -> IntegerMatrix:
        """Return ``((corner, 0), (column, self))``: a row on top and a column on the left.

        >>> IntegerMatrix.of([[1, 2]]).bordered(5, [6]).rows()
        [(5, 0, 0), (6, 1, 2)]
        """
        height, width = self._entries.nrows(), self._entries.ncols()
        flat = [corner, *[0] * width]
        for first, row in zip(column, self._entries.table(), strict=True):
            flat += [first, *row]
        return IntegerMatrix(flint.fmpz_mat(height + 1, width + 1, flat))

    def keeping(self, kept: Iterable[Any]) -> IntegerMatrix:
        """Return the matrix with the rows that are not kept set to zero."""
        entries = flint.fmpz_mat(self._entries)
        columns = range(entries.ncols())
        for k, keep in enumerate(kept):
            if not keep:
                for j in columns:
                    entries[k, j] = 0
        return IntegerMatrix(entries)

    def through(self, kept: Iterable[Any], inner: IntegerMatrix) -> IntegerMatrix:
        """Return ``self @ inner.keeping(kept)``, which is quicker if few rows are kept.

        >>> m = IntegerMatrix.of([[1, 2], [3, 4]])
        >>> m.through([True, False], m).rows()
        [(1, 2), (3, 6)]
        """
        chosen = [k for k, keep in enumerate(kept) if keep]
        if not chosen:
            return IntegerMatrix(flint.fmpz_mat(self._entries.nrows(), inner._entries.ncols()))
        rows = inner._entries.table()
        left = flint.fmpz_mat([[row[k] for k in chosen] for row in self._entries.table()])
        return IntegerMatrix(left * flint.fmpz_mat([rows[k] for k in chosen]))

    def reading(self, kept: Iterable[Any]) -> IntegerMatrix:
        """Return the matrix with the columns that are not kept set to zero; faster than ``keeping`` if there are few rows."""
        mask, height = tuple(kept), self._entries.nrows()
        entries = [e if keep else 0 for e, keep in zip(self._entries.entries(), mask * height, strict=True)]
        return IntegerMatrix(flint.fmpz_mat(height, len(mask), entries))

    def parts(self) -> list[IntegerMatrix]:
        """Return each row as a matrix."""
        return [IntegerMatrix(flint.fmpz_mat(1, len(row), row)) for row in self._entries.table()]

    def row(self, index: int) -> Row:
        """Return a row."""
        entries = self._entries
        return tuple([int(entries[index, j]) for j in range(entries.ncols())])

    def entries(self) -> list[Any]:
        """Return all entries, row by row, as python-flint's integers."""
        entries: list[Any] = self._entries.entries()
        return entries

    def rows(self) -> list[Row]:
        """Return all rows."""
        return [tuple(map(int, row)) for row in self._entries.table()]

    def activated(self, relu: Sequence[bool]) -> tuple[bytes, IntegerMatrix]:
        """Return the signs of a column (1 positive, 2 negative, 0 zero), and the column after a ReLU on the chosen entries."""
        values = self._entries.entries()
        signs = bytes([1 if value > 0 else 2 if value < 0 else 0 for value in values])
        after = [0 if sign == 2 and clipped else v for v, sign, clipped in zip(values, signs, relu, strict=True)]
        return signs, IntegerMatrix.column(after)
