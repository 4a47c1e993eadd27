"""Determinants, ranks, echelon forms and nullspaces: by python-flint or, if a number is irrational, by plain elimination."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import flint

from exactzones.rational.quadratic import irrational, quotient
from exactzones.rational.rows import Row, integer_dot, integer_row, primitive

_PRIME = 2**61 - 1


def determinant(rows: Sequence[Row]) -> int:
    """Return the determinant of a square integer matrix."""
    minors = _MINORS.get(len(rows) - 1)
    if minors:
        return integer_dot(rows[0], minors(*rows[1:]))
    if irrational(itertools.chain(*rows)):
        product: int = _eliminated(rows)[2]
        return product
    return int(flint.fmpz_mat(list(map(list, rows))).det())


def common_zero(rows: Sequence[Row]) -> Row:
    """Return a primitive vector that spans the nullspace of d independent integer rows of d + 1 entries.

    >>> common_zero([(2, 1, 0), (-1, 0, 1)])
    (1, -2, 1)
    """
    minors = _MINORS.get(len(rows))
    if minors:
        return primitive(minors(*rows))
    kernel, _ = flint.fmpz_mat(list(map(list, rows))).nullspace()
    return primitive([int(kernel[k, 0]) for k in range(len(rows) + 1)])


def _minors_1(row: Row) -> Row:
    a, b = row
    return b, -a


def _minors_2(first: Row, second: Row) -> Row:
    (a, b, c), (d, e, f) = first, second
    return b * f - c * e, c * d - a * f, a * e - b * d


def _minors_3(first: Row, second: Row, third: Row) -> Row:
    (a, b, c, d), (e, f, g, h), (i, j, k, m) = first, second, third
    fg, gh, fh = f * k - g * j, g * m - h * k, f * m - h * j
    ef, eg, eh = e * j - f * i, e * k - g * i, e * m - h * i
    return b * gh - c * fh + d * fg, c * eh - a * gh - d * eg, a * fh - b * eh + d * ef, b * eg - a * fg - c * ef


_MINORS: dict[int, Callable[..., Row]] = {1: _minors_1, 2: _minors_2, 3: _minors_3}
"""Number of rows -> the vector whose inner product with a further row is the determinant with that row on top."""


def rank(rows: Sequence[Row]) -> int:
    """Return the rank of an integer matrix given by its rows."""
    if irrational(itertools.chain(*rows)):
        return len(_eliminated(rows)[1])
    return int(flint.fmpz_mat([list(row) for row in rows]).rank()) if rows else 0


def certainly_independent(rows: Sequence[Row]) -> bool:
    """Tell whether rows are independent modulo a prime, and so over the rational numbers; far quicker than ``rank``.

    >>> certainly_independent([(1, 2), (2, 3)]), certainly_independent([(1, 2), (2, 4)])
    (True, False)
    """
    if not rows or len(rows) > len(rows[0]):
        return not rows
    residues = [entry % _PRIME for row in rows for entry in row]
    return int(flint.nmod_mat(len(rows), len(rows[0]), residues, _PRIME).rank()) == len(rows)


def independent(rows: Sequence[Row]) -> bool:
    """Tell whether rows, of integers or in one quadratic field, are linearly independent.

    >>> independent([(1, 2), (2, 3)]), independent([(1, 2), (2, 4)])
    (True, False)
    """
    is_rational = not irrational(itertools.chain(*rows))
    return (is_rational and certainly_independent(rows)) or rank(rows) == len(rows)


def row_echelon(rows: Sequence[Row]) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """Return the primitive reduced row echelon form (leading entries positive) and the pivot columns.

    Args:
        rows: integer rows of one length.
    """
    if not rows:
        return (), ()
    if irrational(itertools.chain(*rows)):
        field_rows, columns, _ = _eliminated(rows)
        return tuple(map(integer_row, field_rows)), columns
    reduced, _, size = flint.fmpz_mat([list(row) for row in rows]).rref()
    echelon: list[Row] = []
    pivots: list[int] = []
    for entries in reduced.tolist()[:size]:
        row = primitive(int(entry) for entry in entries)
        pivot = next(k for k, entry in enumerate(row) if entry)
        echelon.append(row if row[pivot] > 0 else tuple(-entry for entry in row))
        pivots.append(pivot)
    return tuple(echelon), tuple(pivots)


def nullspace(rows: Sequence[Row], dim: int) -> tuple[Row, ...]:
    """Return a primitive integer basis of ``{x in R^dim : row . x = 0 for every row}``.

    Args:
        rows: shape (dim,) each.
        dim: dimension of the space, which rows do not tell if there are none.
    """
    echelon, pivots = row_echelon(rows)
    basis: list[Row] = []
    for free in (k for k in range(dim) if k not in pivots):
        # The pivot entry of a row is its first one that is not zero, which is an integer even over Q(sqrt(D)).
        common = math.lcm(*(row[pivot] for row, pivot in zip(echelon, pivots, strict=True)))
        direction = [0] * dim
        direction[free] = common
        for row, pivot in zip(echelon, pivots, strict=True):
            direction[pivot] = -row[free] * (common // row[pivot])
        basis.append(primitive(direction))
    return tuple(basis)


def _eliminated(rows: Sequence[Sequence[Any]]) -> tuple[list[list[Any]], tuple[int, ...], Any]:
    """Return the reduced row echelon form with leading ones, the pivot columns, and the determinant (of a square matrix)."""
    remaining, reduced = [list(row) for row in rows], list[list[Any]]()
    pivots = []
    product: Any = 1
    for k in range(len(rows[0])):
        index = next((j for j, row in enumerate(remaining) if row[k]), None)
        if index is None:
            product = 0
            continue
        row = remaining.pop(index)
        product *= row[k] * (-1) ** index
        row = [quotient(entry, row[k]) for entry in row]
        for other in (*remaining, *reduced):
            factor = other[k]
            if factor:
                other[:] = [entry - factor * e for entry, e in zip(other, row, strict=True)]
        reduced.append(row)
        pivots.append(k)
    return reduced, tuple(pivots), product


def elementary_divisors(rows: Sequence[Sequence[int]]) -> list[int]:
    """Return the entries other than 0 of the Smith normal form of an integer matrix: each divides the next one.

    >>> elementary_divisors([[2, 4], [6, 8]])
    [2, 4]
    """
    if not rows or not rows[0]:
        return []
    reduced = flint.fmpz_mat([list(row) for row in rows]).snf()
    diagonal = (int(reduced[k, k]) for k in range(min(len(rows), len(rows[0]))))
    return [abs(entry) for entry in diagonal if entry]
