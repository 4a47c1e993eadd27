"""Read exact numbers from numbers and texts of any kind."""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from typing import Any, TypeAlias, cast

import flint
import numpy as np

from exactzones.errors import InexactError, quoted
from exactzones.rational.entries import flat_entries, is_scalar
from exactzones.rational.quadratic import Quadratic, square_root

Vector: TypeAlias = tuple[Fraction, ...]

_INTEGER_OR_QUOTIENT = re.compile(r"[+-]?\d+(/\d+)?")
_DECIMAL = re.compile(r"([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?")
_PLAIN = r"(?:\d+/\d+|\d+\.?\d*|\.\d+)"
_ROOT = rf"(?:(?P<factor>{_PLAIN})\*)?sqrt\((?P<radicand>\d+)\)(?:/(?P<divisor>\d+))?"
_TERM = re.compile(rf"(?P<sign>[+-]?)(?:{_ROOT}|(?P<plain>{_PLAIN}))", re.ASCII)
MAX_DIGITS = 100_000
"""Limits texts, so that a hostile "1e999999999" cannot exhaust the memory."""


def exact(value: Any, what: str = "value") -> Fraction:
    """Return the rational number that ``value`` is.

    Args:
        value: an int or a Fraction; a float, or a scalar of NumPy or PyTorch, read as the dyadic rational that it is; a string
            such as ``"1/3"``, ``"-0.1"`` or ``"1e-3"``, read as the decimal that it says; or a rational sympy number.
        what: how an error message names it.

    Raises:
        InexactError: it is NaN, infinite, irrational, or not a number.

    >>> exact("0.1"), exact(0.5)
    (Fraction(1, 10), Fraction(1, 2))
    """
    if isinstance(value, (bool, np.bool_)):
        raise InexactError(f"{what} is {value}, a truth value; expected a number")
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
    return exact(value.item(), what) if is_scalar(value) else _from_object(value, what)


def _from_object(value: Any, what: str) -> Fraction:
    """Read a number of sympy; refuse everything else."""
    sympy = sys.modules.get("sympy")
    if sympy is not None and isinstance(value, sympy.Basic):
        if isinstance(value, sympy.Float):
            value = sympy.Rational(value)
        if isinstance(value, sympy.Rational) and value.is_finite:
            return Fraction(int(value.p), int(value.q))
        raise InexactError(f"{what} is {value}, which is not rational; pass rationalize=DENOMINATOR to take a nearby rational")
    kind = "not rational" if isinstance(value, Quadratic) else "not an exact number"
    raise InexactError(
        f'{what} is {quoted(value)} of type {type(value).__name__}, which is {kind}; write a number such as "1/3", 0.5 or 2'
    )


def _from_text(value: str, what: str) -> Fraction:
    stripped = value.strip()
    if len(stripped) > MAX_DIGITS:
        raise InexactError(f"{what} has {len(stripped)} characters; at most {MAX_DIGITS} are read")
    if _INTEGER_OR_QUOTIENT.fullmatch(stripped) and stripped.isascii():
        numerator, _, denominator = stripped.partition("/")
        below = integer(denominator) if denominator else 1
        if below == 0:
            raise InexactError(f"{what} is {value!r}, which divides by zero")
        return Fraction(integer(numerator), below)
    match = _DECIMAL.fullmatch(stripped)
    if match is None or not (match[2] or match[3]) or not stripped.isascii():
        raise InexactError(f'{what} is {value!r}; write a number such as "1/3", "0.1" or "-6"')
    exponent = int(match[4]) if match[4] and len(match[4]) < 8 else (0 if not match[4] else MAX_DIGITS + 1)
    if abs(exponent) > MAX_DIGITS:
        raise InexactError(f"{what} is {value!r}; exponents beyond {MAX_DIGITS} are refused")
    digits = integer(match[2] + match[3]) * (-1 if match[1] == "-" else 1)
    shift = exponent - len(match[3])
    return Fraction(digits * 10**shift) if shift >= 0 else Fraction(digits, 10**-shift)


def integer(digits: str) -> int:
    """Return the integer that a text says, of any length; ``int()`` refuses more than 4,300 digits.

    Raises:
        ValueError: the text is not an integer.
    """
    return int(flint.fmpz(digits.lstrip("+")))


def algebraic(value: Any, what: str = "value") -> Fraction:
    """Return the number that ``value`` is: rational, or of a field Q(sqrt(D)).

    Args:
        value: what ``exact`` reads; a ``Quadratic``; a string such as ``"1/2-3*sqrt(5)"`` or ``"sqrt(3)/2"``; or a sympy number
            that is ``a + b sqrt(D)``.
        what: how an error message names it.

    Returns:
        A Fraction, or a ``Quadratic`` where it is irrational.  The annotation says Fraction for both, because the
        operations are the same.

    Raises:
        InexactError: it is not such a number.

    >>> print(algebraic("1/2 + sqrt(12)"), algebraic("sqrt(9)/2"))
    1/2+2*sqrt(3) 3/2
    """
    if isinstance(value, (int, float, Fraction)):  # the most frequent types first
        return exact(value, what)
    if isinstance(value, Quadratic):
        return cast("Fraction", value)
    if isinstance(value, str) and "sqrt" in value:
        return _sum_from_text(value, what)
    sympy = sys.modules.get("sympy")
    if sympy is not None and isinstance(value, sympy.Expr) and value.is_number and not value.is_Rational:
        number = _from_sympy(value, what, sympy)
        return exact(value, what) if number is None else number
    return exact(value, what)


def _sum_from_text(value: str, what: str) -> Fraction:
    """Read a sum of terms ``p/q`` or ``p/q*sqrt(D)/r``; all terms but the first must have a sign."""
    if len(value) > MAX_DIGITS:
        raise InexactError(f"{what} has {len(value)} characters; at most {MAX_DIGITS} are read")
    compact = "".join(part.strip() for part in re.split(r"([+*/-])", value))
    total, position = Fraction(0), 0
    while position < len(compact):
        term = _TERM.match(compact, position)
        if term is None or (position and not term["sign"]):
            raise InexactError(f'{what} is {value!r}; write a number such as "1/2+3*sqrt(5)" or "sqrt(3)/2"')
        number = _from_text(term["plain"] or term["factor"] or "1", what)
        if term["radicand"]:
            divisor = _from_text(term["divisor"] or "1", what)
            if not divisor:
                raise InexactError(f"{what} is {value!r}, which divides by zero")
            number = number * square_root(integer(term["radicand"])) / divisor
        total, position = total + (-number if term["sign"] == "-" else number), term.end()
    return total


def _from_sympy(expression: Any, what: str, sympy: Any) -> Fraction | None:
    """Return the number that a sympy number is if it simplifies to ``a + b sqrt(D)``, else None."""
    total = Fraction(0)
    for term in sympy.Add.make_args(sympy.expand(sympy.radsimp(sympy.sqrtdenest(expression)))):
        coefficient, root = term.as_coeff_Mul()
        if not isinstance(coefficient, (sympy.Rational, sympy.Float)) or not coefficient.is_finite:
            return None
        number = exact(coefficient, what)
        if root != 1:
            square = root**2
            if not (root.is_Pow and root.exp == sympy.Rational(1, 2) and square.is_Integer and square > 0):
                return None
            number = number * square_root(int(square))
        total += number
    return total


def vector(*numbers: Any) -> Vector:
    """Return numbers as a vector of exact numbers; each is read as by ``algebraic``.

    >>> vector(1, "1/3")
    (Fraction(1, 1), Fraction(1, 3))
    """
    return tuple(algebraic(entry, f"entry {k}") for k, entry in enumerate(numbers))


def vector_of(value: Any, what: str = "point", expected: str = "a sequence of numbers") -> Vector:
    """Return a sequence, an array, a tensor, or text such as "1/2,3" as an exact vector.

    Args:
        value: what the caller passed; the entries of an array or a tensor of any shape are taken in row-major order.
        what: how an error message names it.
        expected: what an error message says to write.

    Raises:
        InexactError: an entry that is not an exact number.
        InputError: not a sequence.

    >>> vector_of("1/2,3")
    (Fraction(1, 2), Fraction(3, 1))
    """
    return tuple(algebraic(entry, f"entry {k} of the {what}") for k, entry in enumerate(flat_entries(value, what, expected)))
