"""Matrices of exact numbers: rational ones on python-flint, those with an irrational entry as their rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import flint
import numpy as np

from exactzones.errors import DimensionError, InexactError, InputError
from exactzones.rational.integers import IntegerMatrix
from exactzones.rational.quadratic import irrational, text
from exactzones.rational.reading import Vector, algebraic
from exactzones.rational.rows import Row, dot, integer_row, primitive

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

_ZERO = Fraction(0)
_AT_ONCE = 2  # passes over all entries of a matrix of floats; trained weights have hardly a bit left then


class Matrix:
    """An immutable exact rational matrix of shape ``(rows, columns)``.

    >>> from exactzones.rational import vector
    >>> m = Matrix.of([[1, "1/2"], [0, 1]])
    >>> m @ vector(2, 2)
    (Fraction(3, 1), Fraction(2, 1))
    """

    __slots__ = ("__dict__", "_entries", "floats", "shape")

    def __init__(self, entries: Any, shape: tuple[int, int], floats: Floats | None = None) -> None:
        """Wrap a python-flint matrix; callers outside this module use ``of``.

        Args:
            entries: exact.
            shape: (rows, columns).
            floats: the same numbers as float64 where they were read from floats, for whoever wants them: the way back is long.
        """
        self._entries = entries
        self.shape = shape
        self.floats = floats

    @classmethod
    def of(cls, rows: Any, what: str = "matrix", *, columns: int | None = None) -> Matrix:
        """Build a matrix from nested sequences of exact numbers or from a NumPy array.

        Args:
            rows: shape (m, n); a float array is converted as a whole.
            what: how an error message names it.
            columns: needed only when there are no rows.

        Raises:
            InexactError: an entry is not a finite number that is rational or of a field Q(sqrt(D)).
            InputError: not a rectangle.
        """
        if isinstance(rows, Matrix):
            return rows
        if isinstance(rows, np.ndarray) and rows.dtype != object:
            return cls._of_array(rows, what)
        try:
            listed = [list(row) for row in rows]
        except TypeError:
            raise InputError(f"{what} is not a list of rows") from None
        width = columns if columns is not None else (len(listed[0]) if listed else 0)
        for k, row in enumerate(listed):
            if len(row) != width:
                raise DimensionError(f"row {k} of {what}", expected=width, got=len(row))
        numbers = [[algebraic(e, f"{what}[{k}][{j}]") for j, e in enumerate(row)] for k, row in enumerate(listed)]
        shape = (len(listed), width)
        if irrational(itertools.chain(*numbers)):
            return AlgebraicMatrix(tuple(map(tuple, numbers)), shape)
        return Matrix(flint.fmpq_mat(*shape, list(map(_fmpq, itertools.chain(*numbers)))), shape)

    @classmethod
    def _of_array(cls, array: np.ndarray[Any, Any], what: str) -> Matrix:
        if array.ndim != 2:
            raise InputError(f"{what} has shape {array.shape}; a matrix (rows, columns) is expected")
        if array.dtype.kind in "iu":
            return cls(_of_integers(array), (array.shape[0], array.shape[1]))
        if array.dtype.kind != "f" or array.dtype.itemsize > 8:
            raise InexactError(f"{what} has NumPy type {array.dtype}; integers and floats up to 64 bits are read")
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            k, j = bad[0]
            raise InexactError(f"{what}[{k}][{j}] is {array[k, j]}; every number must be finite")
        floats = array.astype(np.float64)
        floats.flags.writeable = False
        return cls(_of_floats(floats), (array.shape[0], array.shape[1]), floats)

    @classmethod
    def identity(cls, size: int) -> Matrix:
        """Return the identity matrix."""
        return cls.of([[int(k == j) for j in range(size)] for k in range(size)], columns=size)

    def __getitem__(self, index: tuple[int, int]) -> Fraction:
        return _fraction(self._entries[index])

    @cached_property
    def rows(self) -> tuple[Vector, ...]:
        """All rows as Fractions."""
        return tuple(tuple(map(_fraction, row)) for row in self._entries.tolist()) if self.shape[1] else ((),) * self.shape[0]

    def lines(self) -> list[str]:
        """Return each row as text, its numbers written as ``text`` writes them, with blanks between.

        >>> Matrix.of([[1, "-1/2"], [0, 1]]).lines()
        ['1 -1/2', '0 1']
        """
        return [" ".join([_text(entry) if entry else "0" for entry in row]) for row in self._entries.tolist()]

    def scaled(self) -> tuple[IntegerMatrix, int]:
        """Return this matrix times the least common denominator of its entries, and that denominator."""
        numerators, denominator = self._entries.numer_denom()
        return IntegerMatrix(numerators), int(denominator)

    def integer_rows(self) -> list[Row]:
        """Return the rows, each scaled by a positive number to a primitive integer row."""
        return list(map(primitive, self.scaled()[0].rows())) if self.shape[1] else [()] * self.shape[0]

    def __matmul__(self, other: Any) -> Any:
        """Return the exact product with a matrix (a Matrix) or a vector (a tuple of Fractions)."""
        if isinstance(other, Matrix):
            if self.shape[1] != other.shape[0]:
                raise DimensionError("matrix on the right", expected=self.shape[1], got=other.shape[0], size="rows")
            if 0 in (*self.shape, *other.shape):
                return Matrix.zeros(self.shape[0], other.shape[1])
            return Matrix(self._entries * other._entries, (self.shape[0], other.shape[1]))
        if len(other) != self.shape[1]:
            raise DimensionError("vector", expected=self.shape[1], got=len(other))
        if irrational(other):
            return tuple(dot(row, other) for row in self.rows)
        column = flint.fmpq_mat(len(other), 1, [_fmpq(entry) for entry in other])
        return tuple(_fraction(entry) for entry in (self._entries * column).entries())

    @classmethod
    def zeros(cls, height: int, width: int) -> Matrix:
        """Return the zero matrix."""
        return cls(flint.fmpq_mat(height, width), (height, width))

    def select(self, kept: Sequence[bool]) -> Matrix:
        """Return the matrix with the rows that are not kept set to zero."""
        width = self.shape[1]
        zero = [flint.fmpq(0)] * width
        picked = [entry for row, keep in zip(self._entries.tolist(), kept, strict=True) for entry in (row if keep else zero)]
        return Matrix(flint.fmpq_mat(self.shape[0], width, picked), self.shape)

    def beside(self, column: Sequence[Fraction]) -> Matrix:
        """Return the matrix ``(column | self)``."""
        if irrational(column):
            return Matrix.of([(first, *row) for first, row in zip(column, self.rows, strict=True)])
        rows = self._entries.tolist() if self.shape[1] else [[] for _ in range(self.shape[0])]
        flat = [entry for first, row in zip(column, rows, strict=True) for entry in (_fmpq(first), *row)]
        return Matrix(flint.fmpq_mat(self.shape[0], self.shape[1] + 1, flat), (self.shape[0], self.shape[1] + 1))

    def lifted(self, offset: Sequence[Fraction]) -> IntegerMatrix:
        """Return the matrix that takes (1, x) to (1, self x + offset), times the least positive integer that leaves no fractions.

        >>> Matrix.of([[1, "1/2"]]).lifted([Fraction(1, 3)]).rows()
        [(6, 0, 0), (2, 6, 3)]
        """
        numerators, denominator = self._entries.numer_denom()
        common = math.lcm(int(denominator), *[entry.denominator for entry in offset])
        rows = (numerators * (common // int(denominator))).table()
        flat = [common, *[0] * self.shape[1]]
        for entry, row in zip(offset, rows, strict=True):
            flat += [entry.numerator * (common // entry.denominator), *row]
        return IntegerMatrix(flint.fmpz_mat(self.shape[0] + 1, self.shape[1] + 1, flat))

    def stack(self, other: Matrix) -> Matrix:
        """Return this matrix on top of ``other``."""
        return Matrix.of([*self.rows, *other.rows], columns=self.shape[1])

    def bits(self) -> int:
        """Return the bit length of the longest numerator or denominator."""
        return max((max(int(e.p).bit_length(), int(e.q).bit_length()) for e in self._entries.entries()), default=0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Matrix) and self.shape == other.shape and bool(self._entries == other._entries)

    def __hash__(self) -> int:
        return hash((self.shape, self.rows))

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.shape[0]:
            return Matrix.zeros, self.shape
        return Matrix.of, (self.rows if self.floats is None else self.floats, "matrix"), None

    def __repr__(self) -> str:
        return f"Matrix([{', '.join('[' + ', '.join(map(text, row)) + ']' for row in self.rows)}])"


class AlgebraicMatrix(Matrix):
    """A matrix with an irrational entry: ``Matrix.of`` returns it where it has to, and so do sums of its products.

    >>> m = Matrix.of([["sqrt(2)", 1]])
    >>> m @ Matrix.of([["sqrt(2)"], [1]])
    Matrix([[3]])
    """

    __slots__ = ()

    def __getitem__(self, index: tuple[int, int]) -> Fraction:
        entry: Fraction = self._entries[index[0]][index[1]]
        return entry

    @property
    def rows(self) -> tuple[Vector, ...]:
        """All rows."""
        rows: tuple[Vector, ...] = self._entries
        return rows

    def lines(self) -> list[str]:
        """Return each row as text, its numbers written as ``text`` writes them, with blanks between."""
        return [" ".join(map(text, row)) for row in self.rows]

    def scaled(self) -> tuple[IntegerMatrix, int]:
        """Refuse: no denominator makes all entries integers.

        Raises:
            InexactError: always; the message says what to do.
        """
        entry = next(entry for row in self.rows for entry in row if irrational([entry]))
        raise InexactError(
            f"the weight {text(entry)} is irrational; this calculates with rational numbers only: round explicitly, "
            "network.rationalized(DENOMINATOR)"
        )

    def integer_rows(self) -> list[Row]:
        """Return the rows, each scaled by a positive number to the row that stands for its positive multiples."""
        return list(map(integer_row, self.rows))

    def __matmul__(self, other: Any) -> Any:
        """Return the exact product with a matrix or a vector."""
        if not isinstance(other, Matrix):
            if len(other) != self.shape[1]:
                raise DimensionError("vector", expected=self.shape[1], got=len(other))
            return tuple(dot(row, other) for row in self.rows)
        return _product(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _product(other, self)

    def select(self, kept: Sequence[bool]) -> Matrix:
        """Return the matrix with the rows that are not kept set to zero."""
        zero = (0,) * self.shape[1]
        return Matrix.of([row if keep else zero for row, keep in zip(self.rows, kept, strict=True)])

    def beside(self, column: Sequence[Fraction]) -> Matrix:
        """Return the matrix ``(column | self)``."""
        return Matrix.of([(first, *row) for first, row in zip(column, self.rows, strict=True)])

    def bits(self) -> int:
        """Return the bit length of the longest numerator or denominator."""
        return max(max(e.numerator.bit_length(), e.denominator.bit_length()) for row in self.rows for e in row)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Matrix) and self.shape == other.shape and self.rows == other.rows

    def __hash__(self) -> int:
        return hash((self.shape, self.rows))


def _product(left: Matrix, right: Matrix) -> Matrix:
    if left.shape[1] != right.shape[0]:
        raise DimensionError("matrix on the right", expected=left.shape[1], got=right.shape[0], size="rows")
    columns = list(zip(*right.rows, strict=True))
    return Matrix.of([[dot(row, column) for column in columns] for row in left.rows], columns=right.shape[1])


def _fmpq(value: Fraction | int) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q)) if value else _ZERO


def _text(value: Any) -> str:
    """Write a python-flint rational; the same as ``text``, without a Fraction in between."""
    try:
        return str(int(value.p)) if value.q == 1 else f"{int(value.p)}/{int(value.q)}"
    except ValueError:  # str() refuses more than 4,300 digits
        return text(_fraction(value))


def _of_integers(array: np.ndarray[Any, Any]) -> Any:
    return flint.fmpq_mat(flint.fmpz_mat(*array.shape, array.ravel().tolist()))


def _of_floats(array: np.ndarray[Any, Any]) -> Any:
    """Convert finite float64: many at once, 62 bits of each, as multiples of one power of two; few, or few remainders, singly."""
    matrix, left = flint.fmpq_mat(*array.shape), array
    for _ in range(_AT_ONCE):
        if 8 * np.count_nonzero(left) < left.size:
            break
        unit = int(np.frexp(np.abs(left).max(initial=0))[1]) - 62  # |entries| < 2^62 units
        with np.errstate(under="ignore"):  # what is far below a unit is none of it
            multiples = np.ldexp(left, -unit).astype(np.int64)
        matrix += _of_integers(multiples) * flint.fmpq(2) ** unit
        left = left - np.ldexp(multiples.astype(np.float64), unit)  # no rounding: the trailing bits of the entries
    places = np.nonzero(left)
    for k, j, entry in zip(*(column.tolist() for column in (*places, left[places])), strict=True):
        matrix[k, j] += flint.fmpq(*entry.as_integer_ratio())
    return matrix
