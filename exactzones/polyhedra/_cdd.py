"""The only module that talks to cddlib (through pycddlib's exact gmp half), with its traps disarmed.

cddlib's rows are ``b + a . x >= 0``; its generators are ``1 v`` for a vertex, ``0 r`` for a ray.  Traps, all seen
with pycddlib 3.0.2 and cddlib 0.94m:

* A system without rows, or one that describes a cone, comes back without its dimension or without its apex: the row
  ``1 0 .. 0`` is added first, and stripped from what comes back.
* The dual simplex method, the default and what ``matrix_canonicalize`` uses, runs in floats first, and writes outside its arrays
  when coefficients differ by many orders of magnitude: the process dies.  The criss-cross method does not (at worst it remarks
  on standard error that it starts again exactly), so all linear programs use it, and ``_backend.canonical`` is made of them.
* The dual of an infeasible linear program is not a Farkas vector: ``polyhedra.lp`` only asks for programs that are feasible.
* The order of generators is arbitrary: callers sort.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import cdd
import cdd.gmp

from exactzones.errors import BackendError
from exactzones.rational import Row, Vector, integer_row


@dataclass(frozen=True, slots=True)
class Solution:
    """An optimum: value, point, and one multiplier per row (rows first, then equations)."""

    value: Fraction
    point: Vector
    multipliers: Vector


def _matrix(rows: Sequence[Sequence[Fraction | int]], equations: Sequence[Sequence[Fraction | int]], kind: Any) -> Any:
    return cdd.gmp.matrix_from_array([*rows, *equations], lin_set=range(len(rows), len(rows) + len(equations)), rep_type=kind)


def _trivial(dim: int) -> Row:
    return (1, *(0,) * dim)


def generators(rows: Sequence[Row], equations: Sequence[Row], dim: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Return (vertices, rays, lines) of a system as primitive homogeneous rows; vertices have a positive first entry."""
    matrix = _matrix([*rows, _trivial(dim)], equations, cdd.RepType.INEQUALITY)
    found = cdd.gmp.copy_generators(cdd.gmp.polyhedron_from_matrix(matrix))
    vertices: list[Row] = []
    rays: list[Row] = []
    lines: list[Row] = []
    for k, entries in enumerate(found.array):
        row = integer_row(entries)
        (lines if k in found.lin_set else vertices if row[0] else rays).append(row)
    return vertices, rays, lines


def inequalities(points: Sequence[Row], rays: Sequence[Row], lines: Sequence[Row], dim: int) -> tuple[list[Row], list[Row]]:
    """Return (rows, equations) of the hull of generators given as homogeneous rows; ``points`` is not empty."""
    matrix = _matrix([*points, *rays], lines, cdd.RepType.GENERATOR)
    found = cdd.gmp.copy_inequalities(cdd.gmp.polyhedron_from_matrix(matrix))
    rows: list[Row] = []
    equations: list[Row] = []
    for k, entries in enumerate(found.array):
        row = integer_row(entries)
        if any(row[1:]):
            (equations if k in found.lin_set else rows).append(row)
        elif row != _trivial(dim):
            raise BackendError(f"cddlib returned the row {row} for a non-empty hull")
    return rows, equations


def maximize(rows: Sequence[Row], equations: Sequence[Row], objective: Sequence[Fraction | int]) -> Solution:
    """Solve ``max objective . (1, x)`` over a system that the caller knows to be feasible and bounded.

    Raises:
        BackendError: cddlib disagrees about feasible and bounded.
    """
    if not rows and not equations and not any(objective[1:]):  # cddlib would not know the dimension
        return Solution(Fraction(objective[0]), (Fraction(0),) * (len(objective) - 1), ())
    # The float phase that cddlib begins with compares with 1e-6: rows of about that size get through it far more often.
    sizes = [1 << max(map(abs, row)).bit_length() for row in (*rows, *equations)]
    scaled = [tuple(Fraction(entry, size) for entry in row) for row, size in zip((*rows, *equations), sizes, strict=True)]
    matrix = _matrix(scaled[: len(rows)], scaled[len(rows) :], cdd.RepType.INEQUALITY)
    matrix.obj_type = cdd.LPObjType.MAX
    matrix.obj_func = list(objective)
    program = cdd.gmp.linprog_from_matrix(matrix)
    cdd.gmp.linprog_solve(program, cdd.LPSolverType.CRISS_CROSS)
    if program.status != cdd.LPStatusType.OPTIMAL:
        raise BackendError(f"cddlib calls a feasible, bounded linear program {program.status!r}")
    # cddlib solves with every equation a second time, reversed, behind all rows.
    height = len(rows) + len(equations)
    multipliers = [Fraction(0)] * height
    for k, value in program.dual_solution:
        if k < height:
            multipliers[k] += Fraction(value) / sizes[k]
        else:
            multipliers[len(rows) + k - height] -= Fraction(value) / sizes[len(rows) + k - height]
    return Solution(Fraction(program.obj_value), tuple(map(Fraction, program.primal_solution)), tuple(multipliers))
