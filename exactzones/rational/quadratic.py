"""The field Q(sqrt(D)): numbers ``a + b sqrt(D)``, their arithmetic and their order, exactly.

A rational number of the field is a ``Fraction`` (or an int), never a ``Quadratic``.  So equal numbers have one form, and code
meets a ``Quadratic`` only if its input was irrational.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering
from typing import Any, TypeAlias

import flint

from exactzones.errors import InexactError

Rational: TypeAlias = Fraction | int

_MAX_RADICAND = 2**64  # radicands are factorised
_FLOAT_BITS = 64  # binary digits after the point in the first attempt to round a number to a float


@total_ordering
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Quadratic:
    """The irrational number ``rational + coefficient * sqrt(radicand)``.

    Arithmetic is defined with ints, Fractions and numbers of the same field; rational results are Fractions (or ints).  It is not
    defined with floats, which would round.

    Attributes:
        rational: the rational part.
        coefficient: the factor of the root, not zero.
        radicand: a square-free integer > 1.

    >>> golden = (1 + square_root(5)) / 2
    >>> print(golden, golden * golden - golden, golden < Fraction(8, 5))
    1/2+1/2*sqrt(5) 1 False
    """

    rational: Rational
    coefficient: Rational
    radicand: int

    def _parts(self, other: Any) -> tuple[Rational, Rational] | None:
        """Return (rational, coefficient) of a number of the same field, None if it is not an exact number.

        Raises:
            InexactError: a number of another field.
        """
        if isinstance(other, Quadratic):
            if other.radicand != self.radicand:
                raise InexactError(
                    f"sqrt({self.radicand}) and sqrt({other.radicand}) occur in one calculation; only numbers of one field "
                    "Q(sqrt(D)) are exact: use a rational approximation of one of them"
                )
            return other.rational, other.coefficient
        return (other, 0) if isinstance(other, (int, Fraction)) else None

    def _with(self, rational: Rational, coefficient: Rational) -> Any:
        return Quadratic(rational, coefficient, self.radicand) if coefficient else rational

    def __add__(self, other: Any) -> Any:
        parts = self._parts(other)
        return NotImplemented if parts is None else self._with(self.rational + parts[0], self.coefficient + parts[1])

    __radd__ = __add__

    def __neg__(self) -> Quadratic:
        return Quadratic(-self.rational, -self.coefficient, self.radicand)

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __mul__(self, other: Any) -> Any:
        parts = self._parts(other)
        if parts is None:
            return NotImplemented
        a, b, (c, d) = self.rational, self.coefficient, parts
        return self._with(a * c + self.radicand * b * d, a * d + b * c)

    __rmul__ = __mul__

    def _inverse(self) -> Quadratic:
        norm = Fraction(self.rational**2 - self.radicand * self.coefficient**2)  # not zero: the root is irrational
        return Quadratic(self.rational / norm, -self.coefficient / norm, self.radicand)

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Quadratic):
            return self * other._inverse()
        return self * (1 / Fraction(other)) if isinstance(other, (int, Fraction)) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        return self._inverse() * other

    def __floordiv__(self, other: Any) -> int:
        floor: int = math.floor(self / other)
        return floor

    def __rfloordiv__(self, other: Any) -> int:
        floor: int = math.floor(self._inverse() * other)
        return floor

    def __pow__(self, exponent: int) -> Any:
        return math.prod([self] * exponent) if exponent >= 0 else 1 / self**-exponent

    def __pos__(self) -> Quadratic:
        return self

    def __abs__(self) -> Quadratic:
        return self if self > 0 else -self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quadratic):
            return False
        return (self.rational, self.coefficient, self.radicand) == (other.rational, other.coefficient, other.radicand)

    def __hash__(self) -> int:
        return hash((self.rational, self.coefficient, self.radicand))

    def __gt__(self, other: Any) -> bool:
        if self._parts(other) is None:
            return NotImplemented
        difference = self - other
        a, b = (difference.rational, difference.coefficient) if isinstance(difference, Quadratic) else (difference, 0)
        # x -> x |x| keeps the order: a > -b sqrt(D) iff a |a| > -b |b| D.
        return bool(a * max(a, -a) + self.radicand * b * max(b, -b) > 0)

    def __floor__(self) -> int:
        above, below = self.numerator, self.denominator
        square = above.coefficient**2 * self.radicand  # not a square number, because the radicand is square-free
        root = math.isqrt(int(square)) if above.coefficient > 0 else -math.isqrt(int(square)) - 1
        return int((above.rational + root) // below)

    def __round__(self) -> int:
        rounded: int = math.floor(self + Fraction(1, 2))  # an irrational number is never halfway
        return rounded

    def __float__(self) -> float:
        """Return the nearest float: the one to which both dyadic rationals around the number round once they are close enough."""
        bits = _FLOAT_BITS
        while True:
            low = math.floor(self * 2**bits)
            below, above = float(Fraction(low, 2**bits)), float(Fraction(low + 1, 2**bits))
            if below == above:
                return below
            bits *= 2

    @property
    def numerator(self) -> Quadratic:
        """The number times its denominator; both parts are integers."""
        scale = self.denominator
        return Quadratic(int(self.rational * scale), int(self.coefficient * scale), self.radicand)

    @property
    def denominator(self) -> int:
        """The least common denominator of both parts."""
        return math.lcm(self.rational.denominator, self.coefficient.denominator)

    def bit_length(self) -> int:
        """Return the bit length of the longer part; both are integers."""
        return max(int(part).bit_length() for part in (self.rational, self.coefficient))

    def _sympy_(self) -> Any:
        from sympy import Rational as Quotient  # noqa: PLC0415  # slow to import, and rarely needed
        from sympy import sqrt  # noqa: PLC0415

        rational, coefficient = (Quotient(part.numerator, part.denominator) for part in (self.rational, self.coefficient))
        return rational + coefficient * sqrt(self.radicand)

    def __str__(self) -> str:
        return text(self)

    def __repr__(self) -> str:
        return f"algebraic({text(self)!r})"


def square_root(radicand: int) -> Any:
    """Return the square root of a natural number: an int or a Quadratic.

    Raises:
        InexactError: the number is larger than 2^64, too large to be factorised.

    >>> print(square_root(9), square_root(12))
    3 2*sqrt(3)
    """
    if radicand > _MAX_RADICAND:
        raise InexactError(
            f"sqrt({flint.fmpz(radicand).str()}) has too large a radicand; expected at most 2^64: use a rational approximation"
        )
    factors = flint.fmpz(radicand).factor() if radicand else []
    outside = math.prod(int(prime) ** (power // 2) for prime, power in factors) if radicand else 0
    inside = math.prod(int(prime) for prime, power in factors if power % 2)
    return outside if inside == 1 else Quadratic(0, outside, inside)


def irrational(numbers: Iterable[Any]) -> bool:
    """Tell whether any of these exact numbers is irrational."""
    return any(isinstance(number, Quadratic) for number in numbers)


def quotient(above: Any, below: Any) -> Fraction:
    """Return the quotient of two exact numbers, as a Fraction where it is rational.

    >>> quotient(3, 6)
    Fraction(1, 2)
    """
    try:
        return Fraction(above, below)
    except TypeError:
        divided: Fraction = above / below
        return divided


def text(value: Fraction | int | Quadratic) -> str:
    """Return ``value`` as "p/q" or "p", with any number of digits; an irrational number as "a+b*sqrt(D)".

    >>> text(Fraction(-3, 6)), text(square_root(3) / 2 - 1)
    ('-1/2', '-1+1/2*sqrt(3)')
    """
    if isinstance(value, Quadratic):
        before = f"{text(value.rational)}{'+' if value.coefficient > 0 else ''}" if value.rational else ""
        return f"{before}{_factor(value.coefficient)}sqrt({value.radicand})"
    numerator = flint.fmpz(value.numerator).str()
    return numerator if value.denominator == 1 else f"{numerator}/{flint.fmpz(value.denominator).str()}"


def _factor(coefficient: Rational) -> str:
    return "" if coefficient == 1 else "-" if coefficient == -1 else f"{text(coefficient)}*"
