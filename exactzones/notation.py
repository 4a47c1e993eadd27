"""Exact numbers, points, rows, maps and systems as text, LaTeX and HTML, for messages, representations, commands and notebooks.

Short numbers are written exactly.  Long ones (such as weights that were floats) are written as decimals of six digits, rounded
correctly from the exact number, and marked: by a tilde before them, or by the word "rounded" after a formula.  What would fill
the page ends in dots: points, sums, matrices, systems.  In the body of ``with exactly():`` nothing is rounded.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

from exactzones.rational import Quadratic, Row, Vector, quotient, text

_LONG = 16  # an integer or an irrational number with more characters is rounded
_LONG_PART = 3  # a fraction with more digits above or below its line is written as a decimal
_DIGITS = 6  # significant digits of a decimal
_LARGE = 12  # rows and columns of a matrix, entries of a point and terms of a sum that are written
_LARGE_ENTRY = 10**_DIGITS  # an inequality with larger numbers is divided by its largest slope
_MANY = 60  # inequalities of a system that are written in LaTeX
_FEW = 6  # the same on a line
_TURNED = {">=": "<=", ">": "<", "<=": ">=", "<": ">", r"\ge": r"\le", r"\le": r"\ge"}
_ROUNDED = r"\quad\text{(rounded)}"
_writes_exactly: ContextVar[bool] = ContextVar("writes_exactly", default=False)


@contextmanager
def exactly() -> Iterator[None]:
    """Write every number exactly and every point in full, however long, in the body of a with statement.

    >>> with exactly():
    ...     print(number(Fraction(0.1)))
    3602879701896397/36028797018963968
    """
    before = _writes_exactly.set(True)
    try:
        yield
    finally:
        _writes_exactly.reset(before)


def is_exact() -> bool:
    """Tell whether this is the body of ``with exactly():``."""
    return _writes_exactly.get()


def _is_rounded(value: Fraction | int) -> bool:
    """Tell whether a number is rounded when it is written."""
    return _written(value)[1]


def _digits(value: Fraction | int) -> str:
    return _written(value)[0]


def _written(value: Fraction | int) -> tuple[str, bool]:
    """Return a number as text without a mark, and whether it is rounded."""
    return (text(value), False) if _is_short(value) else _rounded(value, _DIGITS)


def decimal(value: Fraction | int, digits: int = _DIGITS) -> str:
    """Return the nearest decimal of so many significant digits (of two, the even one), without a mark.

    >>> decimal(Fraction(2, 3), 4), decimal(Fraction(-1, 8))
    ('0.6667', '-0.125')
    """
    return _rounded(value, digits)[0] if value else "0"


def _rounded(value: Fraction | int, digits: int) -> tuple[str, bool]:
    """Return the nearest decimal, and whether it is another number."""
    size = max(value, -value)

    def nearest(power: int) -> tuple[int, bool]:
        scaled = size * Fraction(10) ** power
        return round(scaled), bool(round(scaled) == scaled)

    written, is_equal = _decimal(nearest, _exponent(math.floor(size), math.floor(quotient(1, size))), digits)
    return f"{'-' if value < 0 else ''}{written}", not is_equal


def _exponent(whole: int, inverse: int) -> int:
    """Return k with 10^k <= x < 10^(k + 1), or k - 1, given the floors of a positive number x and of its inverse."""
    return len(text(whole)) - 1 if whole else -len(text(inverse))


def _is_short(value: Fraction | int) -> bool:
    """Tell whether a number is written as it is."""
    if not value or _writes_exactly.get():
        return True
    if isinstance(value, Quadratic) or value.denominator == 1:
        return len(text(value)) <= _LONG
    return bool(max(abs(value.numerator), value.denominator) < 10**_LONG_PART)


def _decimal(nearest: Callable[[int], tuple[int, bool]], exponent: int, most: int = _DIGITS) -> tuple[str, bool]:
    """Write the decimal that is nearest to a positive number, and tell whether it is the number.

    Args:
        nearest: takes k, and returns the integer that is nearest to 10^k times the number, and whether they are equal.
        exponent: see ``_exponent``.
        most: how many significant digits to write.
    """
    scaled, is_equal = nearest(most - 1 - exponent)
    while scaled >= 10**most:
        exponent += 1
        scaled, is_equal = nearest(most - 1 - exponent)
    digits = str(scaled).rstrip("0")
    if not -5 < exponent < most:
        return f"{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{exponent:+03d}", is_equal
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits}", is_equal
    whole, part = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{whole}{'.' if part else ''}{part}", is_equal


def number(value: Fraction | int) -> str:
    """Write a number as text.

    >>> number(Fraction(-1, 3)), number(Fraction(0.1)), number(Fraction(3543, 256))
    ('-1/3', '~0.1', '~13.8398')
    """
    written, rounded = _written(value)
    return f"{'~' if rounded else ''}{written}"


def root(square: Fraction | int) -> str:
    """Write the root of a number that is not negative as text.

    >>> root(Fraction(9, 4)), root(2)
    ('3/2', '~1.41421')
    """
    if not isinstance(square, Quadratic):
        above, below = math.isqrt(square.numerator), math.isqrt(square.denominator)
        if Fraction(above, below) ** 2 == square:
            return number(Fraction(above, below))
    if _writes_exactly.get():
        return f"sqrt({text(square)})"

    def nearest(power: int) -> tuple[int, bool]:
        scaled = square * Fraction(100) ** power
        below = math.isqrt(math.floor(scaled))
        return below + (scaled > (below + Fraction(1, 2)) ** 2), False

    exponent = _exponent(math.isqrt(math.floor(square)), math.isqrt(math.floor(quotient(1, square))))
    return f"~{_decimal(nearest, exponent)[0]}"


def counted(count: int, noun: str, plural: str | None = None, *, grouped: bool = False) -> str:
    """Write a count with its noun.

    Args:
        count: how many.
        noun: the singular.
        plural: the plural; by default the noun with an s.
        grouped: whether to write a comma between thousands.

    >>> counted(1, "zone"), counted(3000, "zone"), counted(3000, "zone", grouped=True)
    ('1 zone', '3000 zones', '3,000 zones')
    """
    return f"{count:{',' if grouped else ''}} {noun if count == 1 else plural or noun + 's'}"


def point(entries: Iterable[Fraction | int]) -> str:
    """Write a point as text; one of many entries ends in dots.

    >>> point((Fraction(1, 2), 3)), point((Fraction(0.1), 3)), point(range(1000))
    ('(1/2, 3)', '~(0.1, 3)', '(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, .. 1000 in all)')
    """
    listed = list(entries)
    shown = listed if _writes_exactly.get() else listed[:_LARGE]
    dots = "" if len(shown) == len(listed) else f", .. {len(listed)} in all"
    written = [_written(entry) for entry in shown]
    mark = "~" if any(rounded for _, rounded in written) else ""
    return f"{mark}({', '.join(digits for digits, _ in written)}{dots})"


def points(listed: Sequence[Sequence[Fraction | int]]) -> str:
    """Write points as text, separated by commas; the last ones of many are dots.

    >>> points([(0, 1)] * 8)
    '(0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), ..'
    """
    return _listed(point, listed)


def linears(rows: Sequence[Sequence[Fraction | int]]) -> str:
    """Write functions as ``linear`` does, separated by commas; the last ones of many are dots."""
    return _listed(linear, rows)


def _listed(write: Callable[[Any], str], listed: Sequence[Any]) -> str:
    shown = listed if _writes_exactly.get() else listed[:_FEW]
    return ", ".join([*map(write, shown), *[".."] * (len(shown) < len(listed))])


def linear(row: Sequence[Fraction | int]) -> str:
    """Write the function ``b + a . x`` as text; one of many terms ends in dots.

    >>> linear((Fraction(-3, 2), 2, -1))
    '2 x0 - x1 - 3/2'
    """
    return _sum(row, with_constant=True)


def comparison(row: Sequence[Fraction | int], relation: str) -> str:
    """Write the comparison of ``b + a . x`` with zero as text, the constant on the right, as ``turned`` has it.

    >>> comparison((-3, 2, -1), ">="), comparison((3, -2, 0), ">="), comparison((-1, 3000000, -2000000), ">=")
    ('2 x0 - x1 >= 3', 'x0 <= 3/2', '~ x0 - 2/3 x1 >= 3.33333e-07')
    """
    turned_row, relation = turned(row, relation)
    scaled = _readable(turned_row)
    left = _sum(scaled, with_constant=False)
    mark = "~ " if _is_rounded(scaled[0]) and not left.startswith("~") else ""
    return f"{mark}{left} {relation} {_digits(-scaled[0])}"


def turned(row: Sequence[Fraction | int], relation: str) -> tuple[Sequence[Fraction | int], str]:
    r"""Return a comparison of ``b + a . x`` with zero as people write it.

    The first slope is positive, and a single one is 1, unless the division would make short numbers long.

    Args:
        row: ``(b, a_1, .., a_d)``.
        relation: one of ``=``, ``>``, ``>=``, ``<``, ``<=``, and in LaTeX ``\ge`` or ``\le``.

    >>> turned((3, -1, -2), ">="), turned((2, -4, 0), ">=")
    (((-3, 1, 2), '<='), ((Fraction(-1, 2), Fraction(1, 1), Fraction(0, 1)), '<='))
    """
    slopes = [slope for slope in row[1:] if slope]
    if not slopes:
        return row, relation
    if slopes[0] < 0:
        row, relation = tuple([-entry for entry in row]), _TURNED.get(relation, relation)
    if len(slopes) > 1:
        return row, relation
    divided = [quotient(entry, max(slopes[0], -slopes[0])) for entry in row]
    return (row if all(map(_is_short, row)) and not _is_short(divided[0]) else tuple(divided)), relation


def _sum(row: Sequence[Fraction | int], *, with_constant: bool) -> str:
    """Write the linear part of ``b + a . x``, with or without the constant."""
    terms = [(entry, f"x{k}") for k, entry in enumerate(row[1:]) if entry]
    shown = terms if _writes_exactly.get() else terms[:_LARGE]
    constant = [(row[0], "")] if with_constant else []
    dots = [] if len(shown) == len(terms) else [(1, f".. ({len(terms)} terms)")]
    written = linear_sum([*shown, *dots, *constant], _digits)
    return f"~ {written}" if any(_is_rounded(entry) for entry, _ in (*shown, *constant)) else written


def system(rows: Iterable[Row], strict: Iterable[Row] = (), equations: Iterable[Row] = ()) -> str:
    """Write a system of linear inequalities on a line; one of many ends in dots.

    >>> system([(-3, 2)], [(4, -1)])
    'x0 >= 3/2, x0 < 4'
    """
    listed = [(row, relation) for relation, group in (("=", equations), (">=", rows), (">", strict)) for row in group]
    shown = listed if _writes_exactly.get() else listed[:_FEW]
    dots = [] if len(shown) == len(listed) else [f".. {len(listed)} in all"]
    return ", ".join([*(comparison(row, relation) for row, relation in shown), *dots])


def _readable(row: Sequence[Fraction | int]) -> Sequence[Fraction | int]:
    """Return a row unchanged if its numbers are short, else divided by the absolute value of its largest slope."""
    largest = max([max(slope, -slope) for slope in row[1:]], default=0)
    if not largest or all(_is_short(entry) and -_LARGE_ENTRY < entry < _LARGE_ENTRY for entry in row):
        return row
    return [quotient(entry, largest) for entry in row]


def linear_sum(terms: Iterable[tuple[Fraction | int, str]], write: Callable[[Fraction | int], str], times: str = " ") -> str:
    """Write a sum of coefficients times names; terms that are zero are left out, and a name may be empty.

    Args:
        terms: (coefficient, name) of each term.
        write: how a positive coefficient is written.
        times: what is between a coefficient and a name.
    """
    written = ""
    for coefficient, name in terms:
        if coefficient:
            size = max(coefficient, -coefficient)
            factor = "" if size == 1 and name else write(size)
            if name and isinstance(size, Quadratic) and any(sign in factor for sign in "+-"):
                factor = f"({factor})"
            written += f" {'-' if coefficient < 0 else '+'} {factor}{times if factor and name else ''}{name}"
    written = written.removeprefix(" + ") or "0"
    return f"-{written[3:]}" if written.startswith(" - ") else written


def latex_number(value: Fraction | int) -> str:
    r"""Write a number in LaTeX.

    >>> print(latex_number(Fraction(-1, 3)), latex_number(Fraction(1, 10**40)))
    -\tfrac{1}{3} 1\cdot 10^{-40}
    """
    written = _digits(value)
    if not _is_short(value):
        digits, _, exponent = written.partition("e")
        return digits + (rf"\cdot 10^{{{int(exponent)}}}" if exponent else "")
    if isinstance(value, Quadratic):
        return linear_sum([(value.rational, ""), (value.coefficient, rf"\sqrt{{{value.radicand}}}")], latex_number)
    if value.denominator == 1:
        return written
    return rf"{'-' if value < 0 else ''}\tfrac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def latex_matrix(rows: Sequence[Sequence[Fraction | int]]) -> str:
    """Write a matrix in parentheses, in LaTeX."""
    lines = []
    for row in rows[:_LARGE]:
        entries = [latex_number(entry) for entry in row[:_LARGE]] + ([r"\cdots"] if len(row) > _LARGE else [])
        lines.append(" & ".join(entries))
    if len(rows) > _LARGE:
        lines.append(r"\vdots")
    return r"\begin{pmatrix} " + r" \\ ".join(lines) + r" \end{pmatrix}"


def latex_affine(matrix: Sequence[Vector], offset: Vector) -> str:
    """Write the map ``x -> A x + b`` in LaTeX.

    Args:
        matrix: the rows of A, shape (m, n).
        offset: b, shape (m,).
    """
    linear_part = rf"{latex_matrix(matrix)}\,x + " if matrix and matrix[0] else ""
    rounded = any(map(_is_rounded, [*offset, *(entry for row in matrix for entry in row)]))
    return rf"x \mapsto {linear_part}{latex_matrix([(entry,) for entry in offset])}{_ROUNDED if rounded else ''}"


def latex_system(dim: int, rows: Sequence[Row], strict: Sequence[Row] = (), equations: Sequence[Row] = ()) -> str:
    r"""Write the set of points that satisfy a system of linear inequalities in LaTeX.

    Args:
        dim: dimension d of the space.
        rows: ``(b, a_1, .., a_d)``, meaning ``b + a . x >= 0``.
        strict: rows meaning ``b + a . x > 0``.
        equations: rows meaning ``b + a . x = 0``.

    >>> print(latex_system(1, [(-3, 2)]))
    \left\{ x \in \mathbb{R}^{1} : \begin{aligned} x_{0} &\ge \tfrac{3}{2} \end{aligned} \right\}
    """
    space = rf"\mathbb{{R}}^{{{dim}}}"
    lines: list[str] = []
    rounded = False
    for relation, group in (("=", equations), (">", strict), (r"\ge", rows)):
        for given in group[: _MANY + 1 - len(lines)]:
            turned_row, sign = turned(given, relation)
            row = _readable(turned_row)
            left = linear_sum(((entry, f"x_{{{k}}}") for k, entry in enumerate(row[1:])), latex_number)
            lines.append(rf"{left} &{sign} {latex_number(-row[0])}")
            rounded = rounded or any(map(_is_rounded, row))
    if not lines:
        return space
    if len(lines) > _MANY:
        lines[-1] = r"&\;\,\vdots"
    system = r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"
    return rf"\left\{{ x \in {space} : {system} \right\}}{_ROUNDED if rounded else ''}"


def html_table(rows: Iterable[Sequence[str]], header: Sequence[str] = ()) -> str:
    """Write a table in HTML.

    Args:
        rows: the cells of each row, in HTML already (see ``escaped``).
        header: the cells of a heading; none by default.
    """
    look = 'style="text-align:left;vertical-align:top"'
    top = f"<tr>{''.join(f'<th {look}>{cell}</th>' for cell in header)}</tr>" if header else ""
    body = "".join(f"<tr>{''.join(f'<td {look}>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{top}{body}</table>"


def escaped(value: object) -> str:
    """Return the text of an object with the characters of HTML markup escaped."""
    return html.escape(str(value))


def html_lines(lines: Sequence[str], most: int = 12) -> str:
    """Write lines of text in HTML, one below the other; of many, the first ones, and how many more there are.

    Args:
        lines: plain text.
        most: how many lines to show.
    """
    shown = [escaped(line) for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"and {len(lines) - most} more")
    return "<br/>".join(shown)
