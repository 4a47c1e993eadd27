"""Domains and points in the notation of the command line."""

from __future__ import annotations

import re
from fractions import Fraction

from exactzones.errors import DimensionError, DomainError, InputError, one_line
from exactzones.rational import Vector, algebraic, text

_LONGEST = 80  # characters of a value in a message


def parse_domain(spec: str, dim: int, what: str = "domain") -> list[tuple[Fraction, Fraction]] | None:
    """Read a box.

    Args:
        spec: ``all`` for the whole space, ``LO:HI`` for every input, or ``LO:HI,LO:HI,...``, one per input; bounds are
            exact numbers such as ``1/3``, ``0.1`` or ``-6``.
        dim: number of inputs.
        what: how an error message names the box.

    Returns:
        ``dim`` pairs (lower, upper) with lower <= upper, or None for the whole space.

    Raises:
        DomainError: an interval is empty.
        DimensionError: the text has neither one interval nor one per input.
        InputError: the text is not of this form.

    >>> parse_domain("0:1/3", 2)
    [(Fraction(0, 1), Fraction(1, 3)), (Fraction(0, 1), Fraction(1, 3))]
    """
    if spec.strip() == "all":
        return None
    parts = spec.split(",")
    if len(parts) == 1:
        return [_interval(spec, what, "every input")] * dim
    if len(parts) != dim:
        raise DimensionError(f"{what} {one_line(repr(spec), _LONGEST)}", expected=dim, got=len(parts), hint=separator_hint(spec))
    return [_interval(part, what, f"input {k}") for k, part in enumerate(parts)]


def _interval(part: str, what: str, which: str) -> tuple[Fraction, Fraction]:
    bounds = part.split(":")
    if len(bounds) != 2:
        written = one_line(repr(part.strip()), _LONGEST)
        raise InputError(
            f"{what} of {which} is {written}; write LO:HI, such as -1:1/3, or all for the whole space{separator_hint(part)}"
        )
    lower, upper = (algebraic(bound, f"{name} bound of {which}") for name, bound in zip(("lower", "upper"), bounds, strict=True))
    if lower > upper:
        raise DomainError(f"{what} of {which} is empty: {_shown(lower)} > {_shown(upper)}; write the smaller bound first")
    return lower, upper


def separator_hint(line: str) -> str:
    """Return what to change in a line of numbers that are not separated by commas; nothing if none is seen.

    >>> separator_hint("length;width"), separator_hint("1,5;2,5")
    ('; separate numbers by commas, not semicolons', '; separate numbers by commas, not semicolons, and write 1.5 for 1,5')
    """
    for separator, name in ((";", "semicolons"), ("\t", "tabs"), (" ", "spaces")):
        before, after = (r"\d", r"[-+.\d]") if separator == " " else (r"[\w\"]", r"[-+.\w\"]")  # names of columns, too
        if re.search(f"{before}{separator}{after}", line):
            decimals = ", and write 1.5 for 1,5" if "," in line and separator != " " else ""
            return f"; separate numbers by commas, not {name}{decimals}"
    return ""


def _shown(number: Fraction) -> str:
    return one_line(text(number), _LONGEST)


def parse_point(spec: str, dim: int) -> Vector:
    """Read a point ``x,y,...``, with exact numbers such as ``1/3``, ``0.1`` or ``-6``.

    Raises:
        DimensionError: the text has not one number per input.
        InputError: an entry is not an exact number.

    >>> parse_point("1/2,-3/4", 2)
    (Fraction(1, 2), Fraction(-3, 4))
    """
    entries = spec.split(",")
    if len(entries) != dim:
        raise DimensionError(f"point {one_line(repr(spec), _LONGEST)}", expected=dim, got=len(entries), hint=separator_hint(spec))
    return tuple(algebraic(entry, f"coordinate {k} of the point") for k, entry in enumerate(entries))
