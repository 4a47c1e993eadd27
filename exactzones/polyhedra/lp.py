"""Exact linear programs, each answer with a certificate that proves it.

Every certificate is verified before it is returned, by multiplying out, so that a wrong answer of a back end
(``polyhedra.backends``) becomes an error, never a result.

Source: Schrijver 1986, Theory of Linear and Integer Programming, chapter 7 (duality, Farkas' lemma, Motzkin's
transposition theorem for strict rows).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from exactzones.errors import BackendError, DimensionError
from exactzones.polyhedra import backends
from exactzones.polyhedra.representation import HRep
from exactzones.rational import Row, Vector, dot, rank


@dataclass(frozen=True, slots=True)
class Optimal:
    """The maximum over the closure, a point where it is attained, and multipliers that prove it.

    Attributes:
        value: the maximum over the closure; over the polyhedron itself it is a supremum if strict rows exclude the point.
        point: shape (dim,).
        multipliers: one entry per row of ``closed_rows`` (all >= 0), then one per equation (of any sign), such that
            ``value - objective . x = sum multipliers_k * row_k(x)`` for all x.
    """

    value: Fraction
    point: Vector
    multipliers: Vector


@dataclass(frozen=True, slots=True)
class Unbounded:
    """A point of the polyhedron and a direction of it in which the objective grows without bound.

    Attributes:
        point: shape (dim,).
        ray: shape (dim,).
    """

    point: Vector
    ray: Vector


@dataclass(frozen=True, slots=True)
class Infeasible:
    """Farkas multipliers, which prove that no point satisfies the system.

    The combination of ``closed_rows`` and equations with them is a negative constant, or zero with a positive multiplier on a
    strict row; at a point of the system it would be non-negative, or positive.

    Attributes:
        farkas: one entry per row of ``closed_rows`` (all >= 0), then one per equation (of any sign).
    """

    farkas: Vector


LPResult: TypeAlias = Optimal | Unbounded | Infeasible


def feasibility(system: HRep) -> Vector | Infeasible:
    """Return a point that satisfies every row (strict ones strictly), or a proof that there is none."""
    closed = _phase_one(system, strictly=False)
    if isinstance(closed, Infeasible) or not system.strict:
        return closed
    return _phase_one(system, strictly=True)


def _phase_one(system: HRep, *, strictly: bool) -> Vector | Infeasible:
    """Find a point of the closed system or, if ``strict``, of the whole system, whose closed one is known to have a point.

    The linear program maximises t <= 1 where the relaxed rows are >= t; it is feasible and bounded.  For the closed system all
    rows are relaxed (equations as pairs of rows), and the system is infeasible if t < 0.  Strictly, only the strict rows are
    relaxed, and it is infeasible if t <= 0.
    """
    relaxed = set(system.strict if strictly else system.closed_rows)
    rows = [(*row, -1 if row in relaxed else 0) for row in system.closed_rows]
    height = len(rows)
    cap = (1, *(0,) * system.ambient_dim, -1)
    if strictly:
        equations = [(*row, 0) for row in system.equations]
    else:
        equations = []
        for row in system.equations:
            rows += [(*row, -1), (*(-entry for entry in row), -1)]
    solution = backends.maximize([*rows, cap], equations, (*(0,) * (system.ambient_dim + 1), 1))
    if solution.value > 0 or (solution.value == 0 and not strictly):
        point = solution.point[:-1]
        if not (system if strictly else system.closure()).contains(point):
            raise BackendError("a linear program returned a point that is not in the polyhedron")
        return point
    if strictly:
        on_equations = solution.multipliers[len(rows) + 1 :]
    else:
        pairs = solution.multipliers[height : len(rows)]
        on_equations = tuple(above - below for above, below in zip(pairs[::2], pairs[1::2], strict=True))
    farkas = (*solution.multipliers[:height], *on_equations)
    if not proves_empty(system, farkas):
        raise BackendError("the multipliers of a linear program do not prove that the system is infeasible")
    return Infeasible(farkas)


def proves_empty(system: HRep, multipliers: Sequence[Fraction]) -> bool:
    """Tell whether multipliers prove that a system is infeasible (see ``Infeasible``), by multiplying out."""
    rows = system.closed_rows
    if any(entry < 0 for entry in multipliers[: len(rows)]):
        return False
    constant, *slope = _combine(system, multipliers)
    strict = set(system.strict)
    uses_strict = any(entry > 0 and row in strict for row, entry in zip(rows, multipliers, strict=False))
    return not any(slope) and (constant < 0 or (constant == 0 and uses_strict))


def maximize(system: HRep, objective: Sequence[Fraction]) -> LPResult:
    """Maximise ``objective . x`` over the closure of a system, exactly.

    Args:
        system: if it has a point, its strict rows are read as ``>=``, so that ``value`` is the supremum.
        objective: exact numbers, shape (dim,).

    Raises:
        DimensionError: the objective does not have dim entries.
        BackendError: an answer of a back end is wrong.
    """
    if len(objective) != system.ambient_dim:
        raise DimensionError("objective", expected=system.ambient_dim, got=len(objective))
    start = feasibility(system)
    if isinstance(start, Infeasible):
        return start
    ray = _improving_ray(system, objective)
    if ray is not None:
        return Unbounded(start, ray)
    solution = backends.maximize(system.closed_rows, system.equations, (0, *objective))
    optimum = Optimal(solution.value, solution.point, solution.multipliers)
    if not proves_optimal(system, objective, optimum):
        raise BackendError("the point and the multipliers of a linear program do not prove the optimum")
    return optimum


def proves_optimal(system: HRep, objective: Sequence[Fraction], optimum: Optimal) -> bool:
    """Tell whether point and multipliers prove that a value is the maximum over the closure of a system (see ``Optimal``)."""
    attained = system.closure().contains(optimum.point) and dot(objective, optimum.point) == optimum.value
    nonnegative = all(entry >= 0 for entry in optimum.multipliers[: len(system.closed_rows)])
    return attained and nonnegative and _combine(system, optimum.multipliers) == (optimum.value, *(-entry for entry in objective))


def _improving_ray(system: HRep, objective: Sequence[Fraction]) -> Vector | None:
    """Return r in the recession cone with objective . r = 1, or None if there is none."""
    rows: list[Row] = [(0, *row[1:]) for row in system.closed_rows]
    equations: list[Row] = [(0, *row[1:]) for row in system.equations]
    bound = HRep.of(system.ambient_dim, [(1, *(-entry for entry in objective))]).rows
    solution = backends.maximize([*rows, *bound], equations, (0, *objective))
    if solution.value <= 0:
        return None  # the multipliers of the optimum prove this, so continue with the next program
    if (
        not HRep(system.ambient_dim, tuple(rows), (), tuple(equations)).contains(solution.point)
        or dot(objective, solution.point) <= 0
    ):
        raise BackendError("a linear program returned a direction in which the objective does not grow within the polyhedron")
    return solution.point


def is_bounded(system: HRep) -> bool:
    """Tell whether a system that has a point is bounded, without its vertices.

    A direction of its recession cone on which all rows are zero exists iff the rows do not have full rank; another one exists iff
    the sum of the rows grows without bound.
    """
    slopes = [row[1:] for row in system.closed_rows if any(row[1:])]
    sides = {(k, row[k] > 0) for row in slopes if sum(map(bool, row)) == 1 for k in range(len(row)) if row[k]}
    if len(sides) == 2 * system.ambient_dim:
        return True
    if rank([*slopes, *(row[1:] for row in system.equations)]) < system.ambient_dim:
        return False
    total = tuple(sum(column, start=Fraction(0)) for column in zip(*slopes, strict=True))
    return not slopes or _improving_ray(system, total) is None


def _combine(system: HRep, multipliers: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Return the sum of multiplier * row over ``closed_rows`` and equations, shape (dim + 1,)."""
    total = [Fraction(0)] * (system.ambient_dim + 1)
    for row, entry in zip((*system.closed_rows, *system.equations), multipliers, strict=True):
        if entry:
            total = [t + entry * r for t, r in zip(total, row, strict=True)]
    return tuple(total)


def is_valid(system: HRep, row: Row, *, strictly: bool = False) -> bool:
    """Tell whether ``b + a . x >= 0`` (or > 0) holds at every point of a system."""
    violated = tuple(-entry for entry in row)
    reverse = HRep.of(system.ambient_dim, [violated]) if strictly else HRep.of(system.ambient_dim, strict=[violated])
    return isinstance(feasibility(system.intersect(reverse)), Infeasible)
