"""Casts of constants to floating-point types: rounded to nearest, as the frameworks round them when they run a model."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from exactzones.errors import InexactError
from exactzones.models.arrays import Array, fractions, object_array


class FloatType(NamedTuple):
    """A binary floating-point type.

    Attributes:
        name: NumPy's name of the type.
        precision: number of significant bits.
        least: smallest exponent e of normal numbers 1.x * 2^e.
        largest: largest exponent.
    """

    name: str
    precision: int
    least: int
    largest: int

    def holds(self, other: FloatType) -> bool:
        """Whether every finite number of another type is one of this type."""
        finest, other_finest = self.least - self.precision, other.least - other.precision
        return self.precision >= other.precision and finest <= other_finest and self.largest >= other.largest

    def nearest(self, value: Fraction, what: str) -> Fraction:
        """Return the number of this type that is nearest to a number; of two such numbers, the even one.

        Raises:
            InexactError: the number is too large; the message calls it ``what``.

        >>> FLOAT16.nearest(Fraction(1, 3), "weight")
        Fraction(1365, 4096)
        """
        if not value:
            return value
        above, below = abs(value.numerator), value.denominator
        exponent = above.bit_length() - below.bit_length()  # or one less
        if above << max(-exponent, 0) < below << max(exponent, 0):
            exponent -= 1
        unit = Fraction(2) ** (max(exponent, self.least) - self.precision + 1)
        result = round(value / unit) * unit
        if abs(result) >= 2 ** (self.largest + 1):
            raise InexactError(f"{what} is too large for type {self.name}; every number must be finite")
        return result

    def rounded(self, array: Array, what: str) -> Array:
        """Return an array of finite numbers, each rounded to this type.

        Raises:
            InexactError: a number is not finite, or is too large.
        """
        if self.name != "bfloat16" and array.dtype.kind in "fiu":
            with np.errstate(over="ignore"):
                result = array.astype(self.name)
            if np.isfinite(result).all():
                return result
        entries = fractions(array, what)
        return object_array([self.nearest(entry, what) for entry in entries.ravel()]).reshape(entries.shape)


FLOAT16 = FloatType("float16", 11, -14, 15)
BFLOAT16 = FloatType("bfloat16", 8, -126, 127)
FLOAT32 = FloatType("float32", 24, -126, 127)
FLOAT64 = FloatType("float64", 53, -1022, 1023)

BY_NAME = {kind.name: kind for kind in (FLOAT16, BFLOAT16, FLOAT32, FLOAT64)}
