"""The nearest point of a polyhedron with many rows and coordinates in the Euclidean norm: floats guess, exact arithmetic decides.

With bounds of coordinates and multipliers y >= 0 of the other rows, the nearest point to p is p + A'y, moved into the bounds
coordinate by coordinate.  Floats find which rows are tight and which coordinates are at a bound; with that, multipliers and point
are the solution of a small linear system, and the conditions of Karush, Kuhn and Tucker are checked exactly.

Source: Neumaier and Shcherbina 2004 (the role of bounds); Qi and Sun 1993, A nonsmooth version of Newton's method.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from exactzones.polyhedra.backends.basis import solution_of
from exactzones.polyhedra.bounds import Bounds, FloatBounds
from exactzones.rational import Row, Vector, integer_dot, integer_row, over_common_denominator
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF, filter_float

_ROUNDS, _STEPS = 300, 40  # rows that join the tight ones, and steps of Newton's method after each
_NEAR = 1e-11


def nearest_point(rows: Sequence[Row], point: Vector) -> Vector | None:
    """Return the point nearest to ``point`` at which rational rows are >= 0; None where floats do not find it."""
    return nearest_in(*Bounds.of([row for row in rows if any(row[1:])], len(point)), point)


def nearest_in(bounds: Bounds, others: Sequence[Row], point: Vector) -> Vector | None:
    """Return the point nearest to another one in a box at which rational rows are >= 0; None where floats do not find it.

    Args:
        bounds: the box.
        others: rows ``b + a . x >= 0`` with ``a != 0``.
        point: shape (d,).
    """
    if not others:
        return _clipped(point, bounds)
    matrix = unit_rows(others)
    guess = _guess(matrix, FloatBounds.of(bounds).inner, np.array([filter_float(entry) for entry in point]))
    if guess is None:
        return None
    tight, sides = guess
    multipliers = _multipliers([others[k] for k in tight], bounds, point, sides)
    if multipliers is None or any(entry < 0 for entry in multipliers):
        return None
    columns = zip(*(others[k][1:] for k in tight), strict=True) if tight else ((),) * len(point)
    moved = (
        entry + sum(y * a for y, a in zip(multipliers, column, strict=True)) for entry, column in zip(point, columns, strict=True)
    )
    foot = _clipped(tuple(moved), bounds)
    lifted = integer_row((Fraction(1), *foot))
    if any(integer_dot(others[k], lifted) for k in tight):
        return None
    return foot if all(integer_dot(others[k], lifted) >= 0 for k in doubtful_rows(matrix, foot)) else None


def _clipped(point: Vector, bounds: Bounds) -> Vector:
    above = (x if low is None else max(x, low) for x, low in zip(point, bounds.low, strict=True))
    return tuple(x if high is None else min(x, high) for x, high in zip(above, bounds.high, strict=True))


def unit_rows(rows: Sequence[Row]) -> Floats:
    """Return rows divided by the length of their slopes; the errors of the entries are two roundings, in proportion."""
    scaled = np.array([[entry / largest for entry in row] for row in rows for largest in [max(map(abs, row))]])
    lengths: Floats = np.sqrt(np.square(scaled[:, 1:]).sum(axis=1))
    return scaled / np.where(lengths > 0, lengths, 1.0)[:, None]


@np.errstate(all="ignore")  # infinities and NaN decide nothing
def _guess(matrix: Floats, box: tuple[Floats, Floats], point: Floats) -> tuple[list[int], list[int]] | None:
    """Return the rows that seem to be tight at the nearest point and for each coordinate -1 or 1 at a bound, else 0; or None."""
    tight, y = list[int](), np.zeros(0)
    for _ in range(_ROUNDS):
        moved = point + matrix[tight, 1:].T @ y
        foot = np.clip(moved, *box)
        values = matrix[:, 0] + matrix[:, 1:] @ foot
        values[tight] = 0.0
        worst = int(np.argmin(values))
        if values[worst] >= -_NEAR * (1 + np.abs(foot).max()):
            return [row for row, entry in zip(tight, y, strict=True) if entry > _NEAR], (
                (moved >= box[1]).astype(int) - (moved <= box[0])
            ).tolist()
        tight, y = _tightened(matrix, box, point, [*tight, worst], np.append(y, 0.0))
    return None


def _tightened(
    matrix: Floats, box: tuple[Floats, Floats], point: Floats, tight: list[int], y: Floats
) -> tuple[list[int], Floats]:
    """Make rows tight by Newton's method; rows whose multipliers fall to zero on the way are dropped."""
    for _ in range(_STEPS):
        part = matrix[tight]
        moved = point + part[:, 1:].T @ y
        missing = -(part[:, 0] + part[:, 1:] @ np.clip(moved, *box))
        if not tight or np.abs(missing).max() < _NEAR:
            break
        free = part[:, 1:][:, (box[0] < moved) & (moved < box[1])]
        step = np.linalg.lstsq(free @ free.T, missing, rcond=None)[0]
        shares = np.where(step < 0, y / -step, np.inf)
        first = int(np.argmin(shares))
        if shares[first] > 1:
            y = y + step
            continue
        y = np.delete(y + shares[first] * step, first)
        tight = [row for k, row in enumerate(tight) if k != first]
    return tight, y


def _multipliers(tight: Sequence[Row], bounds: Bounds, point: Vector, sides: Sequence[int]) -> Vector | None:
    """Return the multipliers with which rows are zero, given at which bounds coordinates are; None if not unique."""
    known = zip(point, *bounds, sides, strict=True)
    start = [{-1: low, 1: high}.get(side, entry) or Fraction(0) for entry, low, high, side in known]
    scaled, _ = over_common_denominator((Fraction(1), *start))
    free = [k + 1 for k, side in enumerate(sides) if not side]
    slopes = [tuple([row[k] for k in free]) for row in tight]
    products = ([scaled[0] * integer_dot(own, other) for other in slopes] for own in slopes)
    return solution_of([(integer_dot(row, scaled), *line) for row, line in zip(tight, products, strict=True)])


def doubtful_rows(matrix: Floats, foot: Vector) -> list[int]:
    """Return the rows that floats do not prove to be positive at a point."""
    lifted = np.array([1.0, *map(filter_float, foot)])
    off = (len(lifted) + 8) * UNIT_ROUNDOFF * (np.abs(matrix) @ np.abs(lifted)) * SLACK + TINY
    doubtful: list[int] = np.flatnonzero(~(matrix @ lifted > off)).tolist()
    return doubtful
