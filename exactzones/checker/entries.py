"""Entries of a certificate's lines, each validated when it is read: integers within limits, multipliers, numbers as strings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from exactzones.errors import FormatError
from exactzones.rational import integer

_LONGEST_NUMBER = 20_000  # characters


def json_of(line: str, what: str) -> Any:
    """Return what a line of JSON says; floats are refused.

    Raises:
        FormatError: it is not JSON, or contains a float; the message says that ``what`` is wrong.
    """
    try:
        return json.loads(line, parse_float=_no_float, parse_constant=_no_float)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"{what} is not JSON, or is truncated: {str(error)[:80]}") from None


def whole(value: Any, what: str, least: int | None = 0, most: int | None = None) -> int:
    """Return an integer within limits.

    Raises:
        FormatError: it is something else.
    """
    if type(value) is not int or (least is not None and value < least) or (most is not None and value > most):
        span = "" if least is None else f" from {least}" + ("" if most is None else f" to {most}")
        raise FormatError(f"{what} is {shown(value)}; expected an integer{span}")
    return value


def string(value: Any, what: str) -> str:
    """Return a string.

    Raises:
        FormatError: it is something else.
    """
    if not isinstance(value, str):
        raise FormatError(f"{what} is {shown(value)}; expected a string")
    return value


def fraction(value: Any) -> Fraction:
    """Return the number that a string ``p`` or ``p/q`` says.

    Raises:
        FormatError: it is something else.
    """
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        numerator, _, denominator = value.partition("/")
        try:
            return Fraction(integer(numerator), integer(denominator or "1"))
        except (ValueError, ZeroDivisionError):
            pass
    raise FormatError(f'{shown(value)} is not a rational number as a string, such as "-3/4"') from None


def multiplier(value: Any) -> int | Fraction:
    """Return a multiplier: an integer, or a number as a string, >= 0.

    Raises:
        FormatError: it is something else.
    """
    if isinstance(value, str):
        exact = fraction(value)
        if exact < 0:
            raise FormatError("a multiplier is negative")
        return exact
    return whole(value, "multiplier")


def pairs(entries: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Return a flat list ``[a, b, c, d, ..]`` as pairs ``(a, b), (c, d), ..``.

    Raises:
        FormatError: its length is odd.
    """
    if len(entries) % 2:
        raise FormatError("a list of pairs has an odd number of entries")
    return zip(entries[::2], entries[1::2], strict=True)


def shown(value: Any) -> str:
    """Return a short text for any value."""
    return type(value).__name__ if isinstance(value, (list, dict)) else repr(value[:40] if isinstance(value, str) else value)[:60]


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is a float, but certificates contain integers and strings only")
