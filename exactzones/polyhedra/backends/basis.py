"""The exact solution of a linear program at a basis that a float solver ends with, and the proof that it is optimal.

Source: Dhiflaoui et al. 2003, Certifying and repairing solutions to large LPs; Applegate, Cook, Dash, Espinoza 2007, Exact
solutions to linear programming problems (the basis is taken from floats, the rest is rational).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from exactzones.polyhedra.backends.highs import Basis
from exactzones.rational import Row, Vector, common_zero, integer_dot, integer_row, quotient


class ExactProgram(NamedTuple):
    """``max objective . v`` over ``low <= v <= high``, rows ``b + a . v >= 0`` and equations ``b + a . v = 0``.

    Attributes:
        rows: integer rows ``(b, a_1, .., a_n)``, those of equations last.
        low: n lower bounds; None for none.
        high: n upper bounds.
        objective: n integers.
        equations: how many of the rows are equations.
    """

    rows: Sequence[Row]
    low: Sequence[Fraction | None]
    high: Sequence[Fraction | None]
    objective: Row
    equations: int = 0

    @property
    def height(self) -> int:
        """How many rows are inequalities."""
        return len(self.rows) - self.equations


class BasicOptimum(NamedTuple):
    """A proved optimum.

    Attributes:
        value: the maximum.
        point: n numbers, where it is attained.
        multipliers: one per row, >= 0 for inequalities; ``objective + sum multipliers_k a_k`` is largest over the bounds at
            ``point``, and the rows whose multipliers are not zero are zero there.
    """

    value: Fraction
    point: Vector
    multipliers: Vector


def optimum_at(program: ExactProgram, basis: Basis) -> BasicOptimum | None:
    """Return the solution at a basis if it is optimal, by exact arithmetic; None if it is not."""
    if len(basis.columns) != len(basis.rows):
        return None
    point = _point(program, basis)
    if point is None or not _feasible(program, point):
        return None
    slopes = _multipliers(program, basis)
    if slopes is None or any(slope < 0 for k, slope in zip(basis.rows, slopes, strict=True) if k < program.height):
        return None
    multipliers = [Fraction(0)] * len(program.rows)
    for k, slope in zip(basis.rows, slopes, strict=True):
        multipliers[k] = slope
    if not _dual_feasible(program, basis, slopes):
        return None
    value = sum((c * x for c, x in zip(program.objective, point, strict=True) if c), start=Fraction(0))
    return BasicOptimum(value, point, tuple(multipliers))


def _point(program: ExactProgram, basis: Basis) -> Vector | None:
    """Return the point at which the rows of the basis are tight and the other columns at their bounds; None if not unique."""
    bounds = (program.high[k] if k in basis.upper else program.low[k] for k in range(len(program.objective)))
    point = [Fraction(0) if bound is None else bound for bound in bounds]
    for k in basis.columns:
        point[k] = Fraction(0)
    fixed = integer_row([Fraction(1), *point])  # (scale, values of the other columns times scale)
    solved = solution_of(
        [
            (integer_dot(row, fixed), *(row[k + 1] * fixed[0] for k in basis.columns))
            for row in map(program.rows.__getitem__, basis.rows)
        ]
    )
    if solved is None:
        return None
    for k, value in zip(basis.columns, solved, strict=True):
        point[k] = value
    return tuple(point)


def _multipliers(program: ExactProgram, basis: Basis) -> Vector | None:
    """Return the multipliers of the tight rows that cancel the objective on the basic columns; None if not unique."""
    tight = [program.rows[k] for k in basis.rows]
    return solution_of([(program.objective[k], *(row[k + 1] for row in tight)) for k in basis.columns])


def solution_of(system: Sequence[Row]) -> Vector | None:
    """Return x with ``b + a . x = 0`` for n rows (b, a) of n + 1 integers; None if it is not unique."""
    if not system:
        return ()
    zero = common_zero(system)
    if not zero[0] or any(integer_dot(row, zero) for row in system):
        return None
    return tuple([quotient(entry, zero[0]) + Fraction(0) for entry in zero[1:]])


def _feasible(program: ExactProgram, point: Vector) -> bool:
    lifted = integer_row([Fraction(1), *point])
    within = all(
        (low is None or low <= x) and (high is None or x <= high)
        for x, low, high in zip(point, program.low, program.high, strict=True)
    )
    values = [integer_dot(row, lifted) for row in program.rows]
    return within and all(value >= 0 for value in values[: program.height]) and not any(values[program.height :])


def _dual_feasible(program: ExactProgram, basis: Basis, slopes: Vector) -> bool:
    """Tell whether what multipliers leave of the objective is largest at the bounds at which the columns are."""
    scaled = integer_row([Fraction(1), *slopes])
    tight = [program.rows[k] for k in basis.rows]
    for k in set(range(len(program.objective))) - set(basis.columns):
        left = integer_dot(scaled, (program.objective[k], *(row[k + 1] for row in tight)))
        fixed = program.low[k] is not None and program.low[k] == program.high[k]
        if fixed or not left:
            continue
        if (program.high if left > 0 else program.low)[k] is None or (left > 0) != (k in basis.upper):
            return False
    return True
