"""What an exact number is: read from numbers of any kind, written as text."""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from typing import Any, TypeAlias

import flint
import numpy as np

from exactzones.errors import InexactError

Vector: TypeAlias = tuple[Fraction, ...]

_INTEGER_OR_QUOTIENT = re.compile(r"[+-]?\d+(/\d+)?")
_DECIMAL = re.compile(r"([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?")
MAX_DIGITS = 100_000
"""A hostile "1e999999999" must not eat the memory."""


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
    if len(stripped) > MAX_DIGITS:
        raise InexactError(f"{what} has {len(stripped)} characters; at most {MAX_DIGITS} are read")
    if _INTEGER_OR_QUOTIENT.fullmatch(stripped) and stripped.isascii():
        numerator, _, denominator = stripped.partition("/")
        below = _integer(denominator) if denominator else 1
        if below == 0:
            raise InexactError(f"{what} is {value!r}, which divides by zero")
        return Fraction(_integer(numerator), below)
    match = _DECIMAL.fullmatch(stripped)
    if match is None or not (match[2] or match[3]) or not stripped.isascii():
        raise InexactError(f'{what} is {value!r}; write a number such as "1/3", "0.1" or "-6"')
    exponent = int(match[4]) if match[4] and len(match[4]) < 8 else (0 if not match[4] else MAX_DIGITS + 1)
    if abs(exponent) > MAX_DIGITS:
        raise InexactError(f"{what} is {value!r}; exponents beyond {MAX_DIGITS} are refused")
    digits = _integer(match[2] + match[3]) * (-1 if match[1] == "-" else 1)
    shift = exponent - len(match[3])
    return Fraction(digits * 10**shift) if shift >= 0 else Fraction(digits, 10**-shift)


def _integer(digits: str) -> int:
    return int(flint.fmpz(digits.lstrip("+")))  # int() refuses more than 4,300 digits


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
