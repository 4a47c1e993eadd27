"""The nearest point of a polyhedron with many rows and coordinates in the norms 1 and infinity: floats guess.  Proofs are exact.

In the norm 1 a linear program has two variables for each coordinate, how far it moves up and down, and only the rows that its
answers violated.

In the norm infinity, multipliers y >= 0 of rows give a lower bound of the distance: the least r for which their combination has
no negative maximum on the cube of radius r.  For a given r, a linear program finds the point of the cube that is deepest in all
rows, and multipliers; their bound is the next r (Newton's method for a concave, piecewise linear function of r).  In the end the
coordinates off their bounds and r solve a small linear system of the tight rows, and the combination proves that r is the least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from exactzones.polyhedra import lp
from exactzones.polyhedra.backends.basis import solution_of
from exactzones.polyhedra.backends.highs import INFINITY, FloatProgram
from exactzones.polyhedra.bounds import Bounds, FloatBounds
from exactzones.polyhedra.nearest_point import doubtful_rows, unit_rows
from exactzones.polyhedra.program import Program
from exactzones.rational import Row, Vector, integer_dot, integer_row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import filter_float

_ROUNDS = 300  # of linear programs for one point
_NEW_ROWS = 5  # that a program gains at once
_NEAR = 1e-11


def nearest_in_norm_1(bounds: Bounds, rows: Sequence[Row], point: Vector) -> Vector | None:
    """Return a point that is nearest in the norm 1 to a point of a box, in the box, at which rational rows are >= 0.

    Args:
        bounds: the box.
        rows: ``b + a . x >= 0`` with ``a != 0``.
        point: shape (d,).

    Returns:
        None if there is no such point.
    """
    if not rows:
        return point
    dim, lifted, matrix = len(point), integer_row((Fraction(1), *point)), unit_rows(rows)
    up = (None if high is None else high - x for x, high in zip(point, bounds.high, strict=True))
    down = (None if low is None else x - low for x, low in zip(point, bounds.low, strict=True))
    program = Program(Bounds((Fraction(0),) * (2 * dim), (*up, *down)))
    nearest = point
    while True:
        here = integer_row((Fraction(1), *nearest))
        violated = [k for k in doubtful_rows(matrix, nearest) if integer_dot(rows[k], here) < 0]
        if not violated:
            return nearest
        heights = matrix @ np.array([1.0, *map(filter_float, nearest)])
        for k in sorted(violated, key=lambda k: float(heights[k]))[:_NEW_ROWS]:
            slopes = [lifted[0] * entry for entry in rows[k][1:]]
            program.push((integer_dot(rows[k], lifted), *slopes, *(-entry for entry in slopes)))
        best = program.maximize((0, *(-1,) * (2 * dim)))
        if not isinstance(best, lp.Optimal):
            return None
        nearest = tuple(x + a - b for x, a, b in zip(point, best.point[:dim], best.point[dim:], strict=True))


def nearest_in_norm_inf(bounds: Bounds, rows: Sequence[Row], point: Vector) -> Vector | None:
    """Return a point as ``nearest_in_norm_1`` does, in the norm infinity; None where floats do not find it."""
    if not rows:
        return point
    matrix, box = unit_rows(rows), FloatBounds.of(bounds).inner
    if not _is_below(rows, matrix, point):
        return point
    guess = _deepest(matrix, box, np.array([filter_float(entry) for entry in point]))
    nearest = None if guess is None or len(guess.tight) != len(guess.free) + 1 else _confirmed(guess, rows, bounds, point)
    return None if nearest is None or _is_below(rows, matrix, nearest) else nearest


def _is_below(rows: Sequence[Row], matrix: Floats, point: Vector) -> bool:
    """Tell whether a row is negative at a point."""
    lifted = integer_row((Fraction(1), *point))
    return any(integer_dot(rows[k], lifted) < 0 for k in doubtful_rows(matrix, point))


class _Guess(NamedTuple):
    """What floats find.

    Attributes:
        radius: of the cube.
        tight: the rows that are tight.
        free: the coordinates that are not at an end of the cube, or of the box.
        upper: those of the others that are at their upper ends.
    """

    radius: float
    tight: list[int]
    free: list[int]
    upper: frozenset[int]


def _deepest(matrix: Floats, box: tuple[Floats, Floats], point: Floats) -> _Guess | None:
    """Look for the least radius at which the cube has a point at which no row is negative."""
    dim, used, radius = len(point), list[int](), 0.0
    program = FloatProgram(np.append(point, -INFINITY), np.append(point, 1.0))
    program.maximise(np.append(np.zeros(dim), 1.0))
    at_point = matrix[:, 0] + matrix[:, 1:] @ point
    new = np.argsort(at_point)[:_NEW_ROWS].tolist()
    for _ in range(_ROUNDS):
        for k in new:
            program.push(np.append(matrix[k, 1:], -1.0), -matrix[k, 0])
        used += new
        solution = program.solve()
        if solution is None:
            return None
        values, depth = matrix[:, 0] + matrix[:, 1:] @ solution.point[:dim], solution.point[dim]
        values[used] = np.inf
        new = [k for k in np.argsort(values)[:_NEW_ROWS].tolist() if values[k] < depth - _NEAR]
        if new:
            continue
        multipliers = np.maximum(solution.duals, 0.0)
        larger = _bound(multipliers @ matrix[used, 1:], -float(multipliers @ at_point[used]), point - box[0], box[1] - point)
        if depth >= -_NEAR or larger <= radius:
            basis = program.basis()
            return _Guess(radius, [used[k] for k in basis.rows], [k for k in basis.columns if k < dim], basis.upper)
        if not larger < np.inf:
            return None
        radius = larger
        for k, (low, high) in enumerate(zip(np.maximum(point - radius, box[0]), np.minimum(point + radius, box[1]), strict=True)):
            program.bound(k, low, high)
    return None


@np.errstate(all="ignore")
def _bound(slopes: Floats, height: float, below: Floats, above: Floats) -> float:
    """Return the least r with ``sum |slope| min(r, room) >= height``, where the room depends on the slope's sign."""
    rooms, sizes = np.where(slopes > 0, above, below), np.abs(slopes)
    order = np.argsort(rooms)
    rooms, sizes = rooms[order], sizes[order]
    rest = sizes.sum() - np.append(0.0, np.cumsum(sizes)[:-1])  # of the coordinates with at least this much room
    gained = np.append(0.0, np.cumsum(np.where(sizes > 0, sizes * rooms, 0.0))[:-1])
    reached = (height - gained) / rest
    fits = np.flatnonzero((reached <= rooms) & (rest > 0))
    return float(reached[fits[0]]) if len(fits) else np.inf


def _confirmed(guess: _Guess, rows: Sequence[Row], bounds: Bounds, point: Vector) -> Vector | None:
    """Return the point of a guess exactly; None if it is not proved that no smaller cube has a point where rows are >= 0."""
    tight, ends = [rows[k] for k in guess.tight], _ends(guess, bounds, point)
    solved = _solved(tight, guess.free, ends)
    if solved is None:
        return None
    radius, *values = solved
    moved = {k: base + sign * radius for k, (base, sign) in ends.items()} | dict(zip(guess.free, values, strict=True))
    nearest = tuple(moved[k] for k in range(len(point)))
    cube = [_within(x, radius, low, high) for x, low, high in zip(point, *bounds, strict=True)]
    if not all(low <= x <= high for x, (low, high) in zip(nearest, cube, strict=True)):
        return None
    return nearest if _is_least(tight, guess.free, nearest, cube, {k for k, (_, sign) in ends.items() if sign}) else None


def _ends(guess: _Guess, bounds: Bounds, point: Vector) -> dict[int, tuple[Fraction, int]]:
    """Return the ends at which coordinates are, as (b, s), which means b + s r for radii r near the guess."""
    ends = {}
    for k in set(range(len(point))) - set(guess.free):
        sign = 1 if k in guess.upper else -1
        bound = (bounds.high if sign > 0 else bounds.low)[k]
        is_near = bound is not None and sign * (bound - point[k]) <= guess.radius
        ends[k] = (bound, 0) if bound is not None and is_near else (point[k], sign)
    return ends


def _solved(tight: Sequence[Row], free: Sequence[int], ends: Mapping[int, tuple[Fraction, int]]) -> Vector | None:
    """Return the radius and the free coordinates at which rows are zero; None if they are not unique."""
    system = []
    for row in tight:
        base = sum((row[k + 1] * b for k, (b, _) in ends.items() if row[k + 1]), start=Fraction(row[0]))
        rate = sum(row[k + 1] * sign for k, (_, sign) in ends.items())
        system.append(integer_row((base, Fraction(rate), *(Fraction(row[k + 1]) for k in free))))
    return solution_of(system)


def _within(x: Fraction, radius: Fraction, low: Fraction | None, high: Fraction | None) -> tuple[Fraction, Fraction]:
    """Return the ends of a coordinate within a radius."""
    return (x - radius if low is None else max(x - radius, low)), (x + radius if high is None else min(x + radius, high))


def _is_least(
    tight: Sequence[Row], free: Sequence[int], nearest: Vector, cube: Sequence[tuple[Fraction, Fraction]], moving: set[int]
) -> bool:
    """Tell whether a combination of rows that are zero at a point proves that no smaller cube has a point where all are >= 0.

    It must have its maximum on the cube at the point, and depend on a coordinate whose end moves with the radius.
    """
    multipliers = solution_of([(-1, *(1,) * len(tight)), *((0, *(row[k + 1] for row in tight)) for k in free)])
    if multipliers is None or any(y < 0 for y in multipliers):
        return False
    scaled = integer_row(multipliers)
    depends = False
    for k, (low, high) in enumerate(cube):
        slope = integer_dot(scaled, tuple([row[k + 1] for row in tight]))
        if (slope > 0 and nearest[k] != high) or (slope < 0 and nearest[k] != low):
            return False
        depends |= bool(slope) and k in moving
    return depends
