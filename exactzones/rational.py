"""The number seam: what an exact number is, integer rows, exact matrices.

Public values are ``fractions.Fraction``; rows are primitive tuples of Python integers; products run on
python-flint.  This is the only module that knows python-flint.  Nothing here rounds: a float is taken as the
dyadic rational that it is.
"""

from __future__ import annotations

import itertools
import math
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from operator import mul
from typing import Any, TypeAlias

import flint
import numpy as np

from exactzones.errors import DimensionError, InexactError, InputError

Vector: TypeAlias = tuple[Fraction, ...]
Row: TypeAlias = tuple[int, ...]

_INTEGER_OR_QUOTIENT = re.compile(r"[+-]?\d+(/\d+)?")
_DECIMAL = re.compile(r"([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?")
_MAX_DIGITS = 100_000  # a hostile "1e999999999" must not eat the memory


@dataclass(frozen=True, slots=True)
class Rationalization:
    """A rational number taken in place of an irrational one, and how far off it is at most."""

    expression: str
    value: Fraction
    error: Fraction

    def __str__(self) -> str:
        return f"{self.expression} taken as {text(self.value)} (off by at most {float(self.error):.2g})"


def exact(value: Any, what: str = "value") -> Fraction:
    """Return the rational number that ``value`` is.

    Args:
        value: int, Fraction, float or NumPy scalar (the dyadic rational that it is), a string such as
            ``"1/3"``, ``"-0.1"`` or ``"1e-3"`` (the decimal that it says), or a rational sympy number.
        what: how an error message names it.

    Raises:
        InexactError: NaN, infinity, an irrational sympy number, or not a number at all.

    >>> exact("0.1"), exact(0.5)
    (Fraction(1, 10), Fraction(1, 2))
    """
    if isinstance(value, (bool, np.bool_)):
        raise InexactError(f"{what} is {value}, a truth value; a number is expected")
    if isinstance(value, (int, np.integer)):
        return Fraction(int(value))
    if isinstance(value, Fraction):
        return value
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value):
            raise InexactError(f"{what} is {value}; every number must be finite")
        return Fraction(*value.as_integer_ratio())
    if isinstance(value, str):
        return _from_text(value, what)
    sympy = sys.modules.get("sympy")
    if sympy is not None and isinstance(value, sympy.Basic):
        if isinstance(value, sympy.Float):
            value = sympy.Rational(value)
        if isinstance(value, sympy.Rational) and value.is_finite:
            return Fraction(int(value.p), int(value.q))
        raise InexactError(f"{what} is {value}, which is not rational; pass rationalize=DENOMINATOR to take a nearby rational")
    raise InexactError(f"{what} is {value!r} of type {type(value).__name__}, which is not an exact number")


def _from_text(value: str, what: str) -> Fraction:
    stripped = value.strip()
    if len(stripped) > _MAX_DIGITS:
        raise InexactError(f"{what} has {len(stripped)} characters; at most {_MAX_DIGITS} are read")
    if _INTEGER_OR_QUOTIENT.fullmatch(stripped) and stripped.isascii():
        numerator, _, denominator = stripped.partition("/")
        below = _integer(denominator) if denominator else 1
        if below == 0:
            raise InexactError(f"{what} is {value!r}, which divides by zero")
        return Fraction(_integer(numerator), below)
    match = _DECIMAL.fullmatch(stripped)
    if match is None or not (match[2] or match[3]) or not stripped.isascii():
        raise InexactError(f'{what} is {value!r}; write a number such as "1/3", "0.1" or "-6"')
    exponent = int(match[4]) if match[4] and len(match[4]) < 8 else (0 if not match[4] else _MAX_DIGITS + 1)
    if abs(exponent) > _MAX_DIGITS:
        raise InexactError(f"{what} is {value!r}; exponents beyond {_MAX_DIGITS} are refused")
    digits = _integer(match[2] + match[3]) * (-1 if match[1] == "-" else 1)
    shift = exponent - len(match[3])
    return Fraction(digits * 10**shift) if shift >= 0 else Fraction(digits, 10**-shift)


def _integer(digits: str) -> int:
    return int(flint.fmpz(digits.lstrip("+")))  # int() refuses more than 4,300 digits


def rationalize(value: Any, max_denominator: int, what: str = "value") -> Rationalization:
    """Take the closest rational with a bounded denominator in place of a real sympy number.

    Raises:
        InexactError: ``value`` is not a finite real number, or a zero in disguise that sympy cannot tell from a small number.

    >>> import sympy
    >>> rationalize(sympy.sqrt(3) / 2, 100).value
    Fraction(84, 97)
    """
    import sympy  # noqa: PLC0415  # slow to import, and seldom needed
    from sympy.core.evalf import PrecisionExhausted  # noqa: PLC0415

    try:
        # sympy would run a string as code.
        expression = None if isinstance(value, str) else sympy.sympify(value)
    except sympy.SympifyError:
        expression = None
    is_real = isinstance(expression, sympy.Expr) and expression.is_number and expression.is_extended_real and expression.is_finite
    if expression is None or not is_real:
        raise InexactError(f"{what} is {value!r}, which is not a finite real number")
    try:
        size = abs(expression.evalf(3, strict=True)) if expression != 0 else 1
        if sympy.log(size, 10) > _MAX_DIGITS:
            raise InexactError(f"{what} is {value}, which has more than {_MAX_DIGITS} digits")
        digits = max(0, math.ceil(sympy.log(size, 10))) + 2 * len(str(max_denominator)) + 20
        close = exact(sympy.Rational(expression.evalf(digits, strict=True)))
    except PrecisionExhausted:
        raise InexactError(f"{what} is {value}, which sympy cannot tell from zero; simplify it first") from None
    taken = close.limit_denominator(max_denominator)
    slack = Fraction(1, 10 ** (digits - 3)) * max(1, abs(math.ceil(close)))
    return Rationalization(str(expression), taken, abs(taken - close) + slack)


def text(value: Fraction | int) -> str:
    """Return ``value`` as "p/q" or "p", however many digits it has.

    >>> text(Fraction(-3, 6))
    '-1/2'
    """
    numerator = flint.fmpz(value.numerator).str()
    return numerator if value.denominator == 1 else f"{numerator}/{flint.fmpz(value.denominator).str()}"


def vector(*entries: Any) -> Vector:
    """Return the exact vector of these numbers.

    >>> vector(1, "1/3")
    (Fraction(1, 1), Fraction(1, 3))
    """
    return tuple(exact(entry, f"entry {k}") for k, entry in enumerate(entries))


def primitive(row: Iterable[int]) -> Row:
    """Divide an integer row by the greatest common divisor of its entries.

    >>> primitive([4, -6])
    (2, -3)
    """
    row = tuple(row)
    divisor = math.gcd(*row)
    return tuple([entry // divisor for entry in row]) if divisor > 1 else row


def integer_row(entries: Sequence[Fraction]) -> Row:
    """Scale a rational row by a positive number to a primitive integer row.

    >>> integer_row(vector("1/2", "-1/3"))
    (3, -2)
    """
    return primitive(over_common_denominator(entries)[0])


def over_common_denominator(entries: Sequence[Fraction]) -> tuple[Row, int]:
    """Return a rational row as an integer row and the positive number that it is divided by.

    >>> over_common_denominator(vector("1/2", "-1/3"))
    ((3, -2), 6)
    """
    common = math.lcm(*[entry.denominator for entry in entries])
    return tuple([entry.numerator * (common // entry.denominator) for entry in entries]), common


def integer_dot(left: Row, right: Row) -> int:
    """Return the inner product of two integer rows."""
    return sum(map(mul, left, right))


def dot(left: Sequence[Fraction | int], right: Sequence[Fraction | int]) -> Fraction:
    """Return the inner product of two rational rows."""
    return sum(map(mul, left, right), start=Fraction(0))


def determinant(rows: Sequence[Row]) -> int:
    """Return the determinant of a square integer matrix."""
    minors = _MINORS.get(len(rows) - 1)
    return integer_dot(rows[0], minors(*rows[1:])) if minors else int(flint.fmpz_mat(list(map(list, rows))).det())


def common_zero(rows: Sequence[Row]) -> Row:
    """Return a primitive vector that spans the line on which d independent rows of d + 1 entries are zero.

    >>> common_zero([(2, 1, 0), (-1, 0, 1)])
    (1, -2, 1)
    """
    minors = _MINORS.get(len(rows))
    if minors:
        return primitive(minors(*rows))
    kernel, _ = flint.fmpz_mat(list(map(list, rows))).nullspace()
    return primitive([int(kernel[k, 0]) for k in range(len(rows) + 1)])


def _minors_1(row: Row) -> Row:
    a, b = row
    return b, -a


def _minors_2(first: Row, second: Row) -> Row:
    (a, b, c), (d, e, f) = first, second
    return b * f - c * e, c * d - a * f, a * e - b * d


def _minors_3(first: Row, second: Row, third: Row) -> Row:
    (a, b, c, d), (e, f, g, h), (i, j, k, m) = first, second, third
    fg, gh, fh = f * k - g * j, g * m - h * k, f * m - h * j
    ef, eg, eh = e * j - f * i, e * k - g * i, e * m - h * i
    return b * gh - c * fh + d * fg, c * eh - a * gh - d * eg, a * fh - b * eh + d * ef, b * eg - a * fg - c * ef


_MINORS: dict[int, Callable[..., Row]] = {1: _minors_1, 2: _minors_2, 3: _minors_3}
"""By number of rows: the vector whose inner product with one more row, on top, is the determinant."""


def rank(rows: Sequence[Row]) -> int:
    """Return the rank of an integer matrix given by its rows."""
    return int(flint.fmpz_mat([list(row) for row in rows]).rank()) if rows else 0


def row_echelon(rows: Sequence[Row]) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """Return the primitive reduced row echelon form (leading entries positive) and the pivot columns."""
    if not rows:
        return (), ()
    reduced, _, size = flint.fmpz_mat([list(row) for row in rows]).rref()
    echelon: list[Row] = []
    pivots: list[int] = []
    for entries in reduced.tolist()[:size]:
        row = primitive(int(entry) for entry in entries)
        pivot = next(k for k, entry in enumerate(row) if entry)
        echelon.append(row if row[pivot] > 0 else tuple(-entry for entry in row))
        pivots.append(pivot)
    return tuple(echelon), tuple(pivots)


def nullspace(rows: Sequence[Row], dim: int) -> tuple[Row, ...]:
    """Return a primitive integer basis of ``{x in R^dim : row . x = 0 for every row}``."""
    echelon, pivots = row_echelon(rows)
    basis: list[Row] = []
    for free in (k for k in range(dim) if k not in pivots):
        common = math.lcm(*(row[pivot] for row, pivot in zip(echelon, pivots, strict=True)))
        direction = [0] * dim
        direction[free] = common
        for row, pivot in zip(echelon, pivots, strict=True):
            direction[pivot] = -row[free] * (common // row[pivot])
        basis.append(primitive(direction))
    return tuple(basis)


class Matrix:
    """An immutable exact rational matrix of shape ``(rows, columns)``.

    >>> m = Matrix.of([[1, "1/2"], [0, 1]])
    >>> m @ vector(2, 2)
    (Fraction(3, 1), Fraction(2, 1))
    """

    __slots__ = ("__dict__", "_entries", "shape")

    def __init__(self, entries: Any, shape: tuple[int, int]) -> None:
        """Wrap a python-flint matrix; callers outside this module use ``of``."""
        self._entries = entries
        self.shape = shape

    @classmethod
    def of(cls, rows: Any, what: str = "matrix", *, columns: int | None = None) -> Matrix:
        """Build a matrix from nested sequences of exact numbers or from a NumPy array.

        Args:
            rows: shape (m, n); a float array is converted as a whole.
            what: how an error message names it.
            columns: needed only when there are no rows.

        Raises:
            InexactError: an entry is not a finite rational number.
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
        numbers = [_fmpq(exact(e, f"{what}[{k}][{j}]")) for k, row in enumerate(listed) for j, e in enumerate(row)]
        return cls(flint.fmpq_mat(len(listed), width, numbers), (len(listed), width))

    @classmethod
    def _of_array(cls, array: np.ndarray[Any, Any], what: str) -> Matrix:
        if array.ndim != 2:
            raise InputError(f"{what} has shape {array.shape}; a matrix (rows, columns) is expected")
        if array.dtype.kind in "iu":
            numbers = [flint.fmpq(entry) for entry in array.ravel().tolist()]
        elif array.dtype.kind == "f" and array.dtype.itemsize <= 8:
            bad = np.argwhere(~np.isfinite(array))
            if len(bad):
                k, j = bad[0]
                raise InexactError(f"{what}[{k}][{j}] is {array[k, j]}; every number must be finite")
            numbers = [flint.fmpq(*entry.as_integer_ratio()) for entry in array.astype(np.float64).ravel().tolist()]
        else:
            raise InexactError(f"{what} has NumPy type {array.dtype}; integers and floats up to 64 bits are read")
        return cls(flint.fmpq_mat(*array.shape, numbers), (array.shape[0], array.shape[1]))

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
                raise DimensionError("matrix on the right", expected=self.shape[1], got=other.shape[0])
            if 0 in (*self.shape, *other.shape):
                return Matrix.zeros(self.shape[0], other.shape[1])
            return Matrix(self._entries * other._entries, (self.shape[0], other.shape[1]))
        if len(other) != self.shape[1]:
            raise DimensionError("vector", expected=self.shape[1], got=len(other))
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
        rows = self._entries.tolist() if self.shape[1] else [[] for _ in range(self.shape[0])]
        flat = [entry for first, row in zip(column, rows, strict=True) for entry in (_fmpq(first), *row)]
        return Matrix(flint.fmpq_mat(self.shape[0], self.shape[1] + 1, flat), (self.shape[0], self.shape[1] + 1))

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
        return (Matrix.of, (self.rows, "matrix"), None) if self.shape[0] else (Matrix.zeros, self.shape)

    def __repr__(self) -> str:
        return f"Matrix([{', '.join('[' + ', '.join(map(text, row)) + ']' for row in self.rows)}])"


class IntegerMatrix:
    """An immutable integer matrix on which long chains of products run: no denominators, no conversions in between.

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

    def under(self, first: Sequence[int]) -> IntegerMatrix:
        """Return the matrix with one more row on top."""
        entries = [*first, *self._entries.entries()]
        return IntegerMatrix(flint.fmpz_mat(self._entries.nrows() + 1, len(first), entries))

    def __matmul__(self, other: IntegerMatrix) -> IntegerMatrix:
        return IntegerMatrix(self._entries * other._entries)

    def keeping(self, kept: Iterable[Any]) -> IntegerMatrix:
        """Return the matrix with the rows that are not kept set to zero."""
        entries = flint.fmpz_mat(self._entries)
        columns = range(entries.ncols())
        for k, keep in enumerate(kept):
            if not keep:
                for j in columns:
                    entries[k, j] = 0
        return IntegerMatrix(entries)

    def reading(self, kept: Iterable[Any]) -> IntegerMatrix:
        """Return the matrix with the columns that are not kept set to zero; cheaper than ``keeping`` where there are few rows."""
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

    def rows(self) -> list[Row]:
        """Return all rows."""
        return [tuple(map(int, row)) for row in self._entries.table()]

    def activated(self, relu: Sequence[bool]) -> tuple[bytes, IntegerMatrix]:
        """Return a column's signs, 1 positive, 2 negative, 0 zero, and the column with a ReLU on some of its entries."""
        values = self._entries.entries()
        signs = bytes([1 if value > 0 else 2 if value < 0 else 0 for value in values])
        after = [0 if sign == 2 and clipped else v for v, sign, clipped in zip(values, signs, relu, strict=True)]
        return signs, IntegerMatrix.column(after)


def _fmpq(value: Fraction | int) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def sum_of_quotients(quotients: Iterable[tuple[int, int]]) -> Fraction:
    """Return the sum of many a / b, b > 0; short sums are added to short ones, for the last may be very long.

    >>> sum_of_quotients([(1, 2), (1, 3), (1, 6)])
    Fraction(1, 1)
    """
    sums = [flint.fmpq(above, below) for above, below in quotients] or [flint.fmpq(0)]
    while len(sums) > 1:
        sums = [a + b for a, b in itertools.zip_longest(sums[::2], sums[1::2], fillvalue=flint.fmpq(0))]
    return _fraction(sums[0])
