"""Matrices of exact numbers: kept by python-flint if all entries are rational, by their rows otherwise."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import flint
import numpy as np

from exactzones.errors import DimensionError, InexactError, InputError, quoted
from exactzones.rational.arrays import Floats, numbers_of
from exactzones.rational.blocks import SparseForm
from exactzones.rational.dyadic import Integers
from exactzones.rational.entries import entries, index
from exactzones.rational.integers import IntegerMatrix
from exactzones.rational.quadratic import irrational, text
from exactzones.rational.reading import Vector, algebraic, vector_of
from exactzones.rational.rows import Row, dot, integer_row, primitive
from exactzones.rational.storage import DenseFloats, SparseEntries, Storage

_ZERO = Fraction(0)
_SMALL = 1 << 14  # entries up to which python-flint's are made for a product


class Matrix:
    """An immutable matrix of exact numbers; ``Matrix.of`` builds one, a ``RationalMatrix`` if all entries are rational.

    Attributes:
        shape: (rows, columns).
        rows: all rows, each a tuple of Fractions (and of ``Quadratic`` numbers where they are irrational).
        floats: read-only float64 copy of the entries if they came from floats, else None (converting back is slow).
        is_rational: whether all entries are rational.
        sparse_form: the entries and their blocks if products are faster by blocks, else None.

    >>> from exactzones.rational import vector
    >>> m = Matrix.of([[1, "1/2"], [0, 1]])
    >>> m @ vector(2, 2)
    (Fraction(3, 1), Fraction(2, 1))
    >>> root = Matrix.of([["sqrt(2)", 1]])
    >>> root @ Matrix.of([["sqrt(2)"], [1]]), root.is_rational
    (Matrix([[3]]), False)
    """

    __slots__ = ("__dict__", "floats", "shape")

    rows: tuple[Vector, ...]
    is_rational = False
    sparse_form: SparseForm | None = None

    def __init__(self, rows: tuple[Vector, ...], shape: tuple[int, int]) -> None:
        """Hold rows with an irrational entry; callers outside this module use ``of``."""
        self.rows = rows
        self.shape = shape
        self.floats: Floats | None = None

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
            numbers = numbers_of(rows, what)
            return StoredMatrix(DenseFloats(numbers)) if isinstance(numbers, np.ndarray) else RationalMatrix(numbers)
        if isinstance(rows, str):
            raise InputError(f"{what} is {quoted(rows)}; expected a list of rows")
        listed = [
            entries(row, f"row {k} of {what}", "a sequence of numbers")
            for k, row in enumerate(entries(rows, what, "a list of rows"))
        ]
        width = index(columns, "columns", least=0) if columns is not None else (len(listed[0]) if listed else 0)
        for k, row in enumerate(listed):
            if len(row) != width:
                raise DimensionError(f"row {k} of {what}", expected=width, got=len(row))
        numbers = [[algebraic(e, f"{what}[{k}][{j}]") for j, e in enumerate(row)] for k, row in enumerate(listed)]
        shape = (len(listed), width)
        if irrational(itertools.chain(*numbers)):
            return Matrix(tuple(map(tuple, numbers)), shape)
        return RationalMatrix(flint.fmpq_mat(*shape, list(map(_fmpq, itertools.chain(*numbers)))))

    @classmethod
    def sparse(cls, entries: SparseEntries) -> Matrix:
        """Return a rational matrix that keeps its entries that are not zero."""
        return StoredMatrix(entries)

    @classmethod
    def of_entries(cls, entries: SparseEntries) -> Matrix:
        """Return the rational matrix with these entries, and zeros elsewhere."""
        return RationalMatrix(entries.entries())

    @classmethod
    def identity(cls, size: int) -> Matrix:
        """Return the identity matrix of shape (size, size)."""
        count = index(size, "size of the matrix", least=0)
        entries = [0] * count**2
        entries[:: count + 1] = [1] * count
        return RationalMatrix(flint.fmpq_mat(flint.fmpz_mat(count, count, entries)))

    @classmethod
    def zeros(cls, height: int, width: int) -> Matrix:
        """Return the zero matrix of shape (height, width)."""
        return RationalMatrix(flint.fmpq_mat(height, width))

    def __getitem__(self, index: tuple[int, int]) -> Fraction:
        return self.rows[index[0]][index[1]]

    def lines(self) -> Iterator[str]:
        """Yield each row as text: its numbers as ``text`` writes them, separated by blanks.

        >>> list(Matrix.of([[1, "-1/2"], [0, 1]]).lines())
        ['1 -1/2', '0 1']
        """
        return (" ".join(map(text, row)) for row in self.rows)

    def take(self, rows: Sequence[int]) -> Matrix:
        """Return the matrix of the rows with these numbers."""
        return Matrix.of([self.rows[k] for k in rows], columns=self.shape[1])

    def pick(self, columns: Sequence[int]) -> Matrix:
        """Return the matrix of the columns with these numbers, which are in ascending order."""
        return Matrix.of([[row[j] for j in columns] for row in self.rows], columns=len(columns))

    def numerators(self) -> tuple[Integers, int]:
        """Return this matrix as an array of integers, int64 or Python's, and the number by which these must be divided.

        Raises:
            InexactError: an entry is irrational; see ``scaled``.
        """
        matrix, denominator = self.scaled()
        return np.array(matrix.rows(), object).reshape(self.shape), denominator

    def scaled(self) -> tuple[IntegerMatrix, int]:
        """Return this matrix times the least common denominator of its entries, and that denominator.

        Raises:
            InexactError: an entry is irrational; the message says what to do.
        """
        entry = next(entry for row in self.rows for entry in row if irrational([entry]))
        raise InexactError(
            f"the weight {text(entry)} is irrational; this operation supports rational numbers only: round explicitly, "
            "network.rationalized(DENOMINATOR)"
        )

    def lifted(self, offset: Sequence[Fraction]) -> IntegerMatrix:
        """Return the matrix that takes (1, x) to (1, self x + offset), times the least positive integer that leaves no fractions.

        Raises:
            InexactError: an entry is irrational.

        >>> Matrix.of([[1, "1/2"]]).lifted([Fraction(1, 3)]).rows()
        [(6, 0, 0), (2, 6, 3)]
        """
        numerators, denominator = self.scaled()
        common = math.lcm(denominator, *[entry.denominator for entry in offset])
        column = [entry.numerator * (common // entry.denominator) for entry in offset]
        return numerators.times(common // denominator).bordered(common, column)

    def integer_rows(self) -> list[Row]:
        """Return the rows, each scaled by a positive number to the ``Row`` that represents its positive multiples."""
        return list(map(integer_row, self.rows))

    def __matmul__(self, other: Any) -> Any:
        """Return the exact product with a Matrix (a Matrix) or with a vector, a tuple of exact numbers (a tuple)."""
        if isinstance(other, Matrix):
            if self.shape[1] != other.shape[0]:
                raise DimensionError("matrix on the right", expected=self.shape[1], got=other.shape[0], size="rows")
            return self._times_matrix(other)
        column: Vector = other if type(other) is tuple else vector_of(other, "vector")
        if len(column) != self.shape[1]:
            raise DimensionError("vector", expected=self.shape[1], got=len(column))
        return self._times_vector(column)

    def _times_matrix(self, other: Matrix) -> Matrix:
        columns = list(zip(*other.rows, strict=True))
        return Matrix.of([[dot(row, column) for column in columns] for row in self.rows], columns=other.shape[1])

    def _times_vector(self, vector: Vector) -> Vector:
        return tuple(dot(row, vector) for row in self.rows)

    def select(self, kept: Sequence[bool]) -> Matrix:
        """Return the matrix with the rows that are not kept set to zero."""
        zero = (0,) * self.shape[1]
        return Matrix.of([row if keep else zero for row, keep in zip(self.rows, kept, strict=True)])

    def beside(self, column: Sequence[Fraction]) -> Matrix:
        """Return the matrix ``(column | self)``."""
        return Matrix.of([(first, *row) for first, row in zip(column, self.rows, strict=True)])

    def stack(self, other: Matrix) -> Matrix:
        """Return this matrix on top of ``other``."""
        return Matrix.of([*self.rows, *other.rows], columns=self.shape[1])

    def bits(self) -> int:
        """Return the bit length of the longest numerator or denominator."""
        return max(max(e.numerator.bit_length(), e.denominator.bit_length()) for row in self.rows for e in row)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Matrix) and self.shape == other.shape and self.rows == other.rows

    def __hash__(self) -> int:
        return hash((self.shape, self.rows))

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.shape[0]:
            return Matrix.zeros, self.shape
        return Matrix.of, (self.rows, "matrix"), None

    def __repr__(self) -> str:
        return f"Matrix([{', '.join('[' + ', '.join(map(text, row)) + ']' for row in self.rows)}])"


class RationalMatrix(Matrix):
    """A matrix of rational numbers: the same results as a Matrix, calculated by python-flint."""

    __slots__ = ("_entries",)

    is_rational = True

    def __init__(self, entries: Any) -> None:
        """Wrap a python-flint matrix; callers outside this module use ``Matrix.of``."""
        self._entries = entries
        self.shape = (entries.nrows(), entries.ncols())
        self.floats = None

    def __getitem__(self, index: tuple[int, int]) -> Fraction:
        return _fraction(self._entries[index])

    @cached_property
    def rows(self) -> tuple[Vector, ...]:  # type: ignore[override]  # computed when it is first read
        """All rows as Fractions."""
        return tuple(tuple(map(_fraction, row)) for row in self._entries.tolist()) if self.shape[1] else ((),) * self.shape[0]

    def lines(self) -> Iterator[str]:
        """Yield each row as text: see ``Matrix.lines``."""
        return (" ".join([_text(entry) if entry else "0" for entry in row]) for row in self._entries.tolist())

    def scaled(self) -> tuple[IntegerMatrix, int]:
        """Return this matrix times the least common denominator of its entries, and that denominator."""
        numerators, denominator = self._entries.numer_denom()
        return IntegerMatrix(numerators), int(denominator)

    def integer_rows(self) -> list[Row]:
        """Return the rows, each scaled by a positive number to a primitive integer row."""
        return list(map(primitive, self.scaled()[0].rows())) if self.shape[1] else [()] * self.shape[0]

    def _times_matrix(self, other: Matrix) -> Matrix:
        if not isinstance(other, RationalMatrix):
            return super()._times_matrix(other)
        chosen = other.storage.chosen if isinstance(other, StoredMatrix) and isinstance(other.storage, SparseEntries) else None
        if chosen is not None:
            return self.pick(chosen)
        if 0 in (*self.shape, *other.shape):
            return Matrix.zeros(self.shape[0], other.shape[1])
        return RationalMatrix(self._entries * other._entries)  # noqa: SLF001 - of the same class

    def _times_vector(self, vector: Vector) -> Vector:
        if irrational(vector):
            return super()._times_vector(vector)
        column = flint.fmpq_mat(len(vector), 1, [_fmpq(entry) for entry in vector])
        return tuple(_fraction(entry) for entry in (self._entries * column).entries())

    def select(self, kept: Sequence[bool]) -> Matrix:
        """Return the matrix with the rows that are not kept set to zero."""
        height, width = self.shape
        zero = [flint.fmpq(0)] * width
        picked = [entry for row, keep in zip(self._entries.tolist(), kept, strict=True) for entry in (row if keep else zero)]
        return RationalMatrix(flint.fmpq_mat(height, width, picked))

    def beside(self, column: Sequence[Fraction]) -> Matrix:
        """Return the matrix ``(column | self)``."""
        if irrational(column):
            return super().beside(column)
        height, width = self.shape
        rows = self._entries.tolist() if width else [[] for _ in range(height)]
        flat = [entry for first, row in zip(column, rows, strict=True) for entry in (_fmpq(first), *row)]
        return RationalMatrix(flint.fmpq_mat(height, width + 1, flat))

    def bits(self) -> int:
        """Return the bit length of the longest numerator or denominator."""
        return max((max(int(e.p).bit_length(), int(e.q).bit_length()) for e in self._entries.entries()), default=0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RationalMatrix):
            return False
        return self.shape == other.shape and bool(self._entries == other._entries)

    __hash__ = Matrix.__hash__


class StoredMatrix(RationalMatrix):
    """A rational matrix that keeps what it was made of; python-flint's entries are made when they are needed.

    Attributes:
        storage: its floats, or its entries that are not zero.
    """

    __slots__ = ("storage",)

    def __init__(self, storage: Storage) -> None:
        """Keep a storage; callers outside this package use ``Matrix.of`` or ``Matrix.sparse``."""
        self.storage = storage
        self.shape = storage.shape

    @cached_property
    def _entries(self) -> Any:
        return self.storage.entries()

    @cached_property
    def sparse_form(self) -> SparseForm | None:  # type: ignore[override]
        """The entries and their blocks if products are faster by blocks, else None."""
        return SparseForm.of(self.storage)

    @property
    def floats(self) -> Floats | None:  # type: ignore[override]
        """Read-only float64 copy of the entries if they came from floats, else None."""
        return self.storage.floats

    def lines(self) -> Iterator[str]:
        """Yield each row as text: see ``Matrix.lines``."""
        return self.storage.lines()

    def take(self, rows: Sequence[int]) -> Matrix:
        """Return the matrix of the rows with these numbers."""
        return StoredMatrix(self.storage.take(rows))

    def pick(self, columns: Sequence[int]) -> Matrix:
        """Return the matrix of the columns with these numbers, which are in ascending order."""
        return StoredMatrix(self.storage.pick(columns))

    def numerators(self) -> tuple[Integers, int]:
        """Return this matrix as an array of integers, and the number by which these must be divided."""
        return self.storage.numerators()

    def _times_vector(self, vector: Vector) -> Vector:
        if irrational(vector) or ("_entries" in self.__dict__ or math.prod(self.shape) <= _SMALL):
            return super()._times_vector(vector)
        return self.storage.times(vector)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StoredMatrix) and isinstance(self.storage, DenseFloats) and isinstance(other.storage, DenseFloats):
            return np.array_equal(self.storage.floats, other.storage.floats)
        return super().__eq__(other)

    __hash__ = Matrix.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        return StoredMatrix, (self.storage,)


def _fmpq(value: Fraction | int) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q)) if value else _ZERO


def _text(value: Any) -> str:
    """Write a python-flint rational as ``text`` writes numbers, without a Fraction in between."""
    try:
        return str(int(value.p)) if value.q == 1 else f"{int(value.p)}/{int(value.q)}"
    except ValueError:  # str() refuses more than 4,300 digits
        return text(_fraction(value))
