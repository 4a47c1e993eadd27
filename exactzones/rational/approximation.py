"""Rational approximations of irrational numbers, with a bound on the error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from importlib import import_module
from typing import Any

from exactzones.errors import InexactError, InputError
from exactzones.rational.quadratic import text
from exactzones.rational.reading import MAX_DIGITS, exact

_LARGEST_EXPONENT = 700


@dataclass(frozen=True, slots=True)
class Rationalization:
    """A rational approximation of a number, with a bound on its error.

    Attributes:
        expression: the number, as text.
        value: the approximation.
        error: an upper bound of its distance to the number.
    """

    expression: str
    value: Fraction
    error: Fraction

    def __str__(self) -> str:
        return f"{self.expression} taken as {text(self.value)} (off by at most {float(self.error):.2g})"


def sympy_module(purpose: str) -> Any:
    """Return sympy, which is slow to import and rarely needed.

    Raises:
        InputError: it is not installed; the message says what needs it.
    """
    try:
        return import_module("sympy")
    except ImportError:
        raise InputError(f"{purpose} needs sympy, which is not installed: pip install exactzones[sympy]") from None


def exponential(exponent: Fraction, name: str) -> tuple[Fraction, Rationalization | None]:
    """Return ``e ^ exponent``: exactly, with None, if it is 1; otherwise the nearest float, with its record.

    Args:
        exponent: the exponent.
        name: the expression in the record.

    Raises:
        InexactError: the result is not in the range of floats.

    >>> exponential(Fraction(1), "e")[1].error < Fraction(1, 2**52)
    True
    """
    if not exponent:
        return Fraction(1), None
    if abs(exponent) > _LARGEST_EXPONENT:
        raise InexactError(f"{name} is not in the range of floats; expected an exponent of at most {_LARGEST_EXPONENT}")
    context = Context(prec=60)  # the exponent is off by less than 10^-57, and exp is correctly rounded
    close = Fraction(context.exp(context.divide(Decimal(exponent.numerator), Decimal(exponent.denominator))))
    taken = Fraction(float(close))
    return taken, Rationalization(name, taken, abs(taken - close) + close / 10**50)


def rationalize(value: Any, max_denominator: int, what: str = "value") -> Rationalization:
    """Return the closest rational with a bounded denominator to a real sympy number.

    Args:
        value: a sympy number.
        max_denominator: the largest denominator that is allowed.
        what: how an error message names the value.

    Raises:
        InexactError: ``value`` is not a finite real number, or sympy cannot tell whether it is zero.
        InputError: sympy is not installed.

    >>> import sympy
    >>> rationalize(sympy.sqrt(3) / 2, 100).value
    Fraction(84, 97)
    """
    sympy = sympy_module("rationalize")
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
        if sympy.log(size, 10) > MAX_DIGITS:
            raise InexactError(f"{what} is {value}, which has more than {MAX_DIGITS} digits")
        digits = max(0, math.ceil(sympy.log(size, 10))) + 2 * len(str(max_denominator)) + 20
        close = exact(sympy.Rational(expression.evalf(digits, strict=True)))
    except sympy.core.evalf.PrecisionExhausted:
        raise InexactError(f"{what} is {value}, which sympy cannot tell from zero; simplify it first") from None
    nearest = close.limit_denominator(max_denominator)
    slack = Fraction(1, 10 ** (digits - 3)) * max(1, abs(math.ceil(close)))
    return Rationalization(str(expression), nearest, abs(nearest - close) + slack)
