"""The nearest point of a polyhedron, exactly: linear programs for the norms 1 and infinity, an active set for the norm 2.

The nearest point in the Euclidean norm is rational: it is the projection onto the flat where its active rows are tight.  Its
distance is usually irrational, so the square of the distance is returned.

Floats guess the active rows, and an exact check decides (``nearest_point``); where it fails, the active set is found exactly.

Source: Goldfarb and Idnani 1983, A numerically stable dual method for solving strictly convex quadratic programs; in exact
arithmetic no step can fail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from exactzones.errors import BackendError, DimensionError, DomainError, InputError
from exactzones.polyhedra import lp
from exactzones.polyhedra.nearest_point import nearest_point
from exactzones.polyhedra.program import Program
from exactzones.polyhedra.representation import HRep
from exactzones.rational import Row, Vector, dot, integer_dot, integer_row, irrational, quotient, row_echelon

Norm: TypeAlias = Literal[1, 2, "inf"] | float
"""1, 2 or infinity, which is ``"inf"`` or ``math.inf``."""

MANY_INPUTS = 8
"""From here on floats look for the nearest point first."""

_NORMS: dict[object, Literal[1, 2, "inf"]] = {1: 1, 2: 2, "inf": "inf", math.inf: "inf"}


@dataclass(frozen=True, slots=True)
class Projection:
    """The distance of a polyhedron to a point, and a nearest point.

    Attributes:
        distance: the distance; for the norm 2 its square.
        point: a nearest point of the closure, shape (dim,).
        attained: whether ``point`` lies in the polyhedron itself.  If not, strict rows exclude all nearest points.
    """

    distance: Fraction
    point: Vector
    attained: bool


def named_norm(norm: object) -> Literal[1, 2, "inf"]:
    """Return 1, 2 or "inf".

    Raises:
        InputError: it is not a norm that is supported.
    """
    try:
        return _NORMS[norm]
    except (KeyError, TypeError):
        raise InputError(f'norm {norm!r} is not supported; expected 1, 2 or "inf"') from None


def project(system: HRep, point: Vector, norm: Norm = 2, *, nonempty: bool = False) -> Projection:
    """Return a nearest point of a system's closure.

    Args:
        system: a system on R^dim; if it has a point, its strict rows are read as ``>=``.
        point: shape (dim,).
        norm: 1, 2 or "inf".
        nonempty: whether the system is known to have a point.

    Raises:
        DimensionError: the point does not have dim entries.
        DomainError: no point satisfies the system.
        InputError: the norm is not supported.

    >>> from exactzones.rational import vector
    >>> project(HRep.of(2, [(-1, 1, 1)]), vector(0, 0)).point        # x + y >= 1
    (Fraction(1, 2), Fraction(1, 2))
    """
    chosen = named_norm(norm)
    if len(point) != system.ambient_dim:
        raise DimensionError("point", expected=system.ambient_dim, got=len(point))
    if system.contains(point):
        return Projection(Fraction(0), point, attained=True)
    if not nonempty and isinstance(lp.feasibility(system), lp.Infeasible):
        raise DomainError("an empty polyhedron has no nearest point")
    if chosen != 2:
        return _by_linear_programs(system, point, chosen)
    exactly = len(point) < MANY_INPUTS or system.equations or _is_irrational(system, point)
    guessed = None if exactly else nearest_point(system.closed_rows, point)
    nearest = _by_active_set(system, point) if guessed is None else guessed
    return Projection(distance(nearest, point, 2), nearest, system.contains(nearest))


def distance(point: Vector, other: Vector, norm: Norm = 2) -> Fraction:
    """Return the distance of two points of the same space; for the norm 2 its square.

    >>> distance((Fraction(0), Fraction(0)), (Fraction(3), Fraction(-4)), 1)
    Fraction(7, 1)
    """
    steps = [abs(a - b) for a, b in zip(point, other, strict=True)]
    match named_norm(norm):
        case 1:
            return sum(steps, start=Fraction(0))
        case "inf":
            return max(steps)
        case _:
            return dot(steps, steps)


def distance_to_row(row: Row, lifted: Row, norm: Norm = 2) -> Fraction:
    """Return the distance of a point to the half-space ``b + a . x >= 0`` with a != 0; for the norm 2 its square.

    Args:
        row: ``(b, a_1, .., a_d)``.
        lifted: the point as a homogeneous row ``(x_0, x)`` with ``x_0 > 0``, meaning ``x / x_0``.
        norm: 1, 2 or "inf".

    >>> distance_to_row((-5, 3, 4), (1, 0, 0))
    Fraction(1, 1)
    """
    violation = max(quotient(-integer_dot(row, lifted), lifted[0]), Fraction(0))
    match named_norm(norm):
        case 1:
            return violation / max(map(abs, row[1:]))
        case "inf":
            return violation / sum(map(abs, row[1:]))
        case _:
            return violation**2 / integer_dot(row[1:], row[1:])


def _by_linear_programs(system: HRep, point: Vector, norm: Literal[1, "inf"]) -> Projection:
    """Minimise the sum of upper bounds of |x_k - point_k|: one for each coordinate in the norm 1, a common one for infinity."""
    dim, bounds = system.ambient_dim, system.ambient_dim if norm == 1 else 1
    zero = (0,) * bounds
    rows: list[Row] = [(*row, *zero) for row in system.rows]
    for k, entry in enumerate(point):
        unit = [entry.denominator * (j == k) for j in range(dim)]
        bound = [entry.denominator * (j == k % bounds) for j in range(bounds)]
        rows += [(-entry.numerator, *unit, *bound), (entry.numerator, *(-e for e in unit), *bound)]
    strict, equations = ([(*row, *zero) for row in group] for group in (system.strict, system.equations))
    lifted = HRep.of(dim + bounds, rows, strict=strict, equations=equations)
    best = _maximized(lifted, (*(0,) * (dim + 1), *(-1,) * bounds))
    if not isinstance(best, lp.Optimal):
        raise BackendError(f"the linear program of a distance, which has an optimum, is {type(best).__name__}")
    # Several points may be nearest, and some of them may satisfy the strict rows.
    ball = HRep.of(dim + bounds, [(-best.value, *(0,) * dim, *(-1,) * bounds)])
    inside = lp.feasibility(lifted.intersect(ball)) if system.strict else best.point
    if isinstance(inside, lp.Infeasible):
        return Projection(-best.value, best.point[:dim], attained=False)
    return Projection(-best.value, inside[:dim], attained=True)


def _is_irrational(system: HRep, point: Vector) -> bool:
    return irrational(point) or irrational(entry for row in system.closed_rows for entry in row)


def _maximized(system: HRep, objective: Row) -> lp.LPResult:
    """Maximise ``objective . (1, x)`` over the closure of a system."""
    if system.equations or _is_irrational(system, ()):
        return lp.maximize(system, tuple(map(Fraction, objective[1:])))
    return Program.on(system).maximize(objective)


def _by_active_set(system: HRep, point: Vector) -> Vector:
    """Return the Euclidean projection of a point onto the closure of a system that has a point.

    Invariant: ``x = point + sum of multiplier * slope`` over the active rows, with multipliers >= 0, and active rows are tight at
    x.  So x is the projection onto the polyhedron of the active rows alone; once no row is violated, it is the projection onto
    the polyhedron of all rows.  A violated row joins the active ones; a row whose multiplier falls to zero on the way leaves
    them.  The distance grows whenever a row has joined, so no active set recurs, and the loop ends.
    """
    rows = [*system.closed_rows, *system.equations, *(tuple(-entry for entry in row) for row in system.equations)]
    rows = [row for row in rows if any(row[1:])]
    x, active = point, dict[Row, Fraction]()
    while True:
        lifted = integer_row((Fraction(1), *x))
        violated = [row for row in rows if integer_dot(row, lifted) < 0]
        if not violated:
            return x
        joining = max(violated, key=lambda row: distance_to_row(row, lifted))
        x, active = _join(joining, x, active)


def _join(row: Row, x: Vector, active: dict[Row, Fraction]) -> tuple[Vector, dict[Row, Fraction]]:
    """Raise the multiplier of a violated row until the row is tight; return the new x and multipliers."""
    multiplier = Fraction(0)
    while True:
        shares = _shares(list(active), row)
        along = [entry - sum(s * other[k + 1] for other, s in shares.items()) for k, entry in enumerate(row[1:])]
        rate = dot(row[1:], along)
        # The step until the new row is tight, or until an active row's multiplier is zero; in a tie the new row comes first.
        ends = [(-dot(row, (1, *x)) / rate, row)] if rate else []
        ends += [(active[other] / share, other) for other, share in shares.items() if share > 0]
        if not ends:
            raise BackendError("the active set method finds a system infeasible that a linear program found feasible")
        step, end = min(ends, key=lambda end: end[0])
        x = tuple(a + step * b for a, b in zip(x, along, strict=True))
        multiplier += step
        active = {other: value - step * shares[other] for other, value in active.items() if other != end}
        if end == row:
            return x, {**active, row: multiplier}


def _shares(active: Sequence[Row], row: Row) -> dict[Row, Fraction]:
    """Return the projection of a row's slope onto the span of the active slopes, which are independent, as coefficients."""
    gram = [(*(integer_dot(a[1:], b[1:]) for b in active), integer_dot(a[1:], row[1:])) for a in active]
    solved, _ = row_echelon(gram)
    return {other: quotient(line[-1], line[k]) for k, (other, line) in enumerate(zip(active, solved, strict=True))}
