"""Exact numbers, points, rows, maps and systems as text, LaTeX and HTML, for messages and notebooks.

Short numbers are written exactly.  Long ones (such as weights that were floats) are rounded to six digits, and marked: by a tilde
before them, or by the word "rounded" after a formula.  Matrices and systems that would fill the page end in dots.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from exactzones.rational import Quadratic, Row, Vector, quotient, text

_LONG = 16  # a number with more characters is rounded
_LARGE = 12  # rows and columns of a matrix that are written
_MANY = 60  # inequalities of a system that are written
_ROUNDED = r"\quad\text{(rounded)}"


def is_long(value: Fraction | int) -> bool:
    """Tell whether a number is so long that it is rounded when it is written."""
    return len(text(value)) > _LONG


def _digits(value: Fraction | int) -> str:
    if not is_long(value):
        return text(value)
    try:
        return f"{float(value):.6g}"
    except OverflowError:
        return f"{text(value)[:_LONG]}.."


def number(value: Fraction | int) -> str:
    """Write a number as text.

    >>> number(Fraction(-1, 3)), number(Fraction(0.1))
    ('-1/3', '~0.1')
    """
    return f"{'~' if is_long(value) else ''}{_digits(value)}"


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
    """Write a point as text.

    >>> point((Fraction(1, 2), 3)), point((Fraction(0.1), 3))
    ('(1/2, 3)', '~(0.1, 3)')
    """
    listed = list(entries)
    return f"{'~' if any(map(is_long, listed)) else ''}({', '.join(map(_digits, listed))})"


def linear(row: Sequence[Fraction | int]) -> str:
    """Write the function ``b + a . x`` as text.

    >>> linear((Fraction(-3, 2), 2, -1))
    '2 x0 - x1 - 3/2'
    """
    written = linear_sum([*((entry, f"x{k}") for k, entry in enumerate(row[1:])), (row[0], "")], _digits)
    return f"~ {written}" if any(map(is_long, row)) else written


def comparison(row: Sequence[Fraction | int], relation: str) -> str:
    """Write the comparison of ``b + a . x`` with zero as text, the constant on the right.

    >>> comparison((-3, 2, -1), ">=")
    '2 x0 - x1 >= 3'
    """
    scaled = _readable(row)
    left = linear_sum(((entry, f"x{k}") for k, entry in enumerate(scaled[1:])), _digits)
    return f"{'~ ' if any(map(is_long, scaled)) else ''}{left} {relation} {_digits(-scaled[0])}"


def _readable(row: Sequence[Fraction | int]) -> Sequence[Fraction | int]:
    """Return a row unchanged if its numbers are short, else divided by the absolute value of its largest slope."""
    largest = max([max(slope, -slope) for slope in row[1:]], default=0)
    if not any(map(is_long, row)) or not largest:
        return row
    return [quotient(entry, largest) for entry in row]


def linear_sum(terms: Iterable[tuple[Fraction | int, str]], write: Callable[[Fraction | int], str]) -> str:
    """Write a sum of coefficients times names; terms that are zero are left out, and a name may be empty.

    Args:
        terms: (coefficient, name) of each term.
        write: how a positive coefficient is written.
    """
    written = ""
    for coefficient, name in terms:
        if coefficient:
            size = max(coefficient, -coefficient)
            factor = "" if size == 1 and name else write(size)
            if name and isinstance(size, Quadratic) and any(sign in factor for sign in "+-"):
                factor = f"({factor})"
            written += f" {'-' if coefficient < 0 else '+'} {factor}{' ' if factor and name else ''}{name}"
    written = written.removeprefix(" + ") or "0"
    return f"-{written[3:]}" if written.startswith(" - ") else written


def latex_number(value: Fraction | int) -> str:
    r"""Write a number in LaTeX.

    >>> print(latex_number(Fraction(-1, 3)), latex_number(Fraction(1, 10**40)))
    -\tfrac{1}{3} 1\cdot 10^{-40}
    """
    written = _digits(value)
    if is_long(value):
        digits, _, exponent = written.partition("e")
        return (digits + (rf"\cdot 10^{{{int(exponent)}}}" if exponent else "")).replace("..", r"\ldots")
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
    rounded = any(map(is_long, [*offset, *(entry for row in matrix for entry in row)]))
    return rf"x \mapsto {linear_part}{latex_matrix([(entry,) for entry in offset])}{_ROUNDED if rounded else ''}"


def latex_system(dim: int, rows: Sequence[Row], strict: Sequence[Row] = (), equations: Sequence[Row] = ()) -> str:
    r"""Write the set of points that satisfy a system of linear inequalities in LaTeX.

    Args:
        dim: dimension d of the space.
        rows: ``(b, a_1, .., a_d)``, meaning ``b + a . x >= 0``.
        strict: rows meaning ``b + a . x > 0``.
        equations: rows meaning ``b + a . x = 0``.

    >>> print(latex_system(1, [(-3, 2)]))
    \left\{ x \in \mathbb{R}^{1} : \begin{aligned} 2 x_{0} &\ge 3 \end{aligned} \right\}
    """
    space = rf"\mathbb{{R}}^{{{dim}}}"
    lines: list[str] = []
    rounded = False
    for relation, group in (("=", equations), (">", strict), (r"\ge", rows)):
        for row in map(_readable, group[: _MANY + 1 - len(lines)]):
            left = linear_sum(((entry, f"x_{{{k}}}") for k, entry in enumerate(row[1:])), latex_number)
            lines.append(rf"{left} &{relation} {latex_number(-row[0])}")
            rounded = rounded or any(map(is_long, row))
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
