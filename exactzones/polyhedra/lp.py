"""Exact linear programs, each answer with the evidence that proves it.

Every certificate is multiplied out before it is returned, so a wrong answer of the solver is an error, never a result.

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
from exactzones.rational import Row, Vector

_Combined: TypeAlias = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Optimal:
    """The maximum, a point where it is attained, and multipliers that prove it.

    ``multipliers`` has one entry per row of ``closed_rows`` (all >= 0), then one per equation (of any sign), and
    ``value - objective . x = sum multipliers_k * row_k(x)`` for all x.

    Attributes:
        value: the maximum; a supremum where strict rows leave the point out.
        point: shape (dim,).
        multipliers: the proof.
    """

    value: Fraction
    point: Vector
    multipliers: Vector


@dataclass(frozen=True, slots=True)
class Unbounded:
    """A point of the polyhedron and a direction in which the objective grows for ever.

    Attributes:
        point: shape (dim,).
        ray: shape (dim,).
    """

    point: Vector
    ray: Vector


@dataclass(frozen=True, slots=True)
class Infeasible:
    """Farkas multipliers: non-negative on the rows, of any sign on the equations, and the combination is impossible.

    Their combination of ``closed_rows`` and equations is a negative constant, or zero with a positive multiplier on a strict row.

    Attributes:
        farkas: the multipliers, in the order of ``closed_rows`` and then the equations.
    """

    farkas: Vector


LPResult: TypeAlias = Optimal | Unbounded | Infeasible


def feasibility(system: HRep) -> Vector | Infeasible:
    """Return a point that satisfies every row (strict ones strictly), or the proof that there is none."""
    closed = _phase_one(system, strictly=False)
    if isinstance(closed, Infeasible) or not system.strict:
        return closed
    return _phase_one(system, strictly=True)


def _phase_one(system: HRep, *, strictly: bool) -> Vector | Infeasible:
    """Maximise t <= 1 where the relaxed rows are >= t; that program is feasible and bounded.

    First all rows are relaxed (equations as pairs of rows), and t < 0 says infeasible; then, once the closed system is known
    to have a point, the strict rows only, and t <= 0 does.
    """
    relaxed = set(system.strict if strictly else system.closed_rows)
    rows = [(*row, -1 if row in relaxed else 0) for row in system.closed_rows]
    height = len(rows)
    cap = (1, *(0,) * system.dim, -1)
    if strictly:
        equations = [(*row, 0) for row in system.equations]
    else:
        equations = []
        for row in system.equations:
            rows += [(*row, -1), (*(-entry for entry in row), -1)]
    solution = backends.maximize([*rows, cap], equations, (*(0,) * (system.dim + 1), 1))
    if solution.value > 0 or (solution.value == 0 and not strictly):
        point = solution.point[:-1]
        expected = system if strictly else HRep(system.dim, system.closed_rows, (), system.equations)
        if not expected.contains(point):
            raise BackendError(f"the linear program returned {point}, which is not in the polyhedron")
        return point
    if strictly:
        on_equations = solution.multipliers[len(rows) + 1 :]
    else:
        pairs = solution.multipliers[height : len(rows)]
        on_equations = tuple(above - below for above, below in zip(pairs[::2], pairs[1::2], strict=True))
    farkas = (*solution.multipliers[:height], *on_equations)
    if not proves_empty(system, farkas):
        raise BackendError("the multipliers do not prove that the system is empty")
    return Infeasible(farkas)


def proves_empty(system: HRep, multipliers: Sequence[Fraction]) -> bool:
    """Check Farkas multipliers by multiplying out."""
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
        system: strict rows are read as ``>=`` once the system is known to have a point, so that ``value`` is the supremum.
        objective: shape (dim,).

    Raises:
        DimensionError: len(objective) != dim.
    """
    if len(objective) != system.dim:
        raise DimensionError("objective", expected=system.dim, got=len(objective))
    start = feasibility(system)
    if isinstance(start, Infeasible):
        return start
    ray = _improving_ray(system, objective)
    if ray is not None:
        return Unbounded(start, ray)
    solution = backends.maximize(system.closed_rows, system.equations, (0, *objective))
    nonnegative = all(entry >= 0 for entry in solution.multipliers[: len(system.closed_rows)])
    if nonnegative and _combine(system, solution.multipliers) == (solution.value, *(-entry for entry in objective)):
        return Optimal(solution.value, solution.point, solution.multipliers)
    raise BackendError("the multipliers do not prove the optimum")


def _improving_ray(system: HRep, objective: Sequence[Fraction]) -> Vector | None:
    """Return r in the recession cone with objective . r = 1, if there is one."""
    rows: list[Row] = [(0, *row[1:]) for row in system.closed_rows]
    equations: list[Row] = [(0, *row[1:]) for row in system.equations]
    bound = HRep.of(system.dim, [(1, *(-entry for entry in objective))]).rows
    solution = backends.maximize([*rows, *bound], equations, (0, *objective))
    return solution.point if solution.value > 0 else None


def _combine(system: HRep, multipliers: Sequence[Fraction]) -> _Combined:
    total = [Fraction(0)] * (system.dim + 1)
    for row, entry in zip((*system.closed_rows, *system.equations), multipliers, strict=True):
        if entry:
            total = [t + entry * r for t, r in zip(total, row, strict=True)]
    return tuple(total)


def is_valid(system: HRep, row: Row, *, strictly: bool = False) -> bool:
    """Tell whether ``b + a . x >= 0`` (or > 0) holds at every point of a system."""
    violated = tuple(-entry for entry in row)
    reverse = HRep.of(system.dim, [violated]) if strictly else HRep.of(system.dim, strict=[violated])
    return isinstance(feasibility(system.intersect(reverse)), Infeasible)
