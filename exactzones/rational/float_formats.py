"""Formats of floating-point numbers, exactly: which rationals they hold, and how they round.

A format of precision p has the numbers ``m 2^e`` with ``|m| < 2^p``.  A network is *evaluated in an arithmetic*: over the reals,
or in a format, or with its products in one format and its sums in another, as tensor cores do.

Source: Higham 2002, Accuracy and Stability of Numerical Algorithms, ch. 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal, TypeAlias

from exactzones.errors import InputError, quoted

Direction: TypeAlias = Literal["nearest", "down", "up", "zero"]


@dataclass(frozen=True)
class FloatFormat:
    """A binary format of IEEE 754, or one of its kind.

    Attributes:
        name: as the command line writes it.
        precision: number of significant bits, the leading one included.
        least: the smallest positive normal number is ``2^least``.
        greatest: the largest number is less than ``2^(greatest + 1)``.
    """

    name: str
    precision: int
    least: int
    greatest: int

    @cached_property
    def smallest_normal(self) -> Fraction:
        """The smallest positive normal number."""
        return _power(self.least)

    @cached_property
    def largest(self) -> Fraction:
        """The largest number."""
        return (2 - _power(1 - self.precision)) * _power(self.greatest)

    @cached_property
    def rounding(self) -> Fraction:
        """A bound on the relative error of an operation whose result is one of the two numbers next to the exact one.

        It is twice the unit roundoff, which bounds the error where numbers are rounded to the nearest.
        """
        return _power(1 - self.precision)

    def spacing(self, value: Fraction) -> Fraction:
        """Return the distance between the numbers of the format around a number."""
        exponent = max(_exponent(value), self.least) if value else self.least
        return _power(exponent - self.precision + 1)

    def round(self, value: Fraction, direction: Direction = "nearest", *, flush: bool = False) -> Fraction:
        """Return the number of the format next to a number; ties go to the even one.

        Args:
            value: any rational.
            direction: to the nearest number, or the nearest that is not greater, not less or not farther from zero.
            flush: return zero in place of a subnormal number.

        Raises:
            OverflowError: the result would exceed the largest number.
        """
        unit = self.spacing(value)
        quotient = value / unit
        below = quotient.numerator // quotient.denominator
        if direction == "nearest":
            whole = round(quotient)
        elif direction == "zero":
            whole = below + (value < 0 and below != quotient)
        else:
            whole = below + (direction == "up" and below != quotient)
        rounded = whole * unit
        if abs(rounded) > self.largest:
            raise OverflowError(f"{float(value):.6g} is beyond the largest number of {self.name}")
        return Fraction(0) if flush and abs(rounded) < self.smallest_normal else rounded

    def contains(self, value: Fraction) -> bool:
        """Tell whether a rational is a number of the format."""
        return abs(value) <= self.largest and (value / self.spacing(value)).denominator == 1


FORMATS = {
    each.name: each
    for each in (
        FloatFormat("float64", 53, -1022, 1023),
        FloatFormat("float32", 24, -126, 127),
        FloatFormat("float16", 11, -14, 15),
        FloatFormat("bfloat16", 8, -126, 127),
    )
}
"""The formats by name."""
REAL = "real"
"""The name of exact arithmetic."""


@dataclass(frozen=True)
class FloatArithmetic:
    """How units are computed: operands, products and results in one format, sums in another, usually the same.

    Attributes:
        name: as the command line writes it: the format's name, or two joined by ``+``.
        products: the format of the weights, the products and the results.
        sums: the format of the sums; it has all numbers of the other one.
    """

    name: str
    products: FloatFormat
    sums: FloatFormat

    @classmethod
    def of(cls, name: str) -> FloatArithmetic | None:
        """Return the arithmetic of this name; None for ``real``.

        Raises:
            InputError: there is no such arithmetic; the message lists those that there are.

        >>> FloatArithmetic.of("bfloat16+float32").sums.name
        'float32'
        """
        first, plus, second = name.partition("+") if isinstance(name, str) else ("", "", "")
        if first == REAL and not plus:
            return None
        products, sums = FORMATS.get(first), FORMATS.get(second if plus else first)
        if products is None or sums is None:
            known = ", ".join((REAL, *FORMATS))
            raise InputError(f"arithmetic is {quoted(name)}; expected {known}, or a pair such as bfloat16+float32")
        if sums.precision < products.precision or sums.least > products.least or sums.greatest < products.greatest:
            raise InputError(f"arithmetic is {quoted(name)}; sums in {second} do not hold all numbers of {first}")
        return cls(name, products, sums)

    def relative_error(self, products: int, sums: int) -> Fraction | None:
        """Return a bound on the relative error after so many roundings to either format; None if there are too many.

        For roundings ``1 + e_k`` whose bounds on ``|e_k|`` sum to ``s < 1``, their product differs from 1 by at most
        ``s / (1 - s)`` (Higham 2002, lemma 3.1).  Bounds above 1 are not used.
        """
        s = products * self.products.rounding + sums * self.sums.rounding
        return s / (1 - s) if 2 * s <= 1 else None


def _power(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def _exponent(value: Fraction) -> int:
    """Return the k with ``2^k <= |value| < 2^(k + 1)``."""
    above, below = abs(value.numerator), value.denominator
    k = above.bit_length() - below.bit_length()
    return k if (above << max(-k, 0)) >= (below << max(k, 0)) else k - 1
