"""The back end that calls cddlib, through pycddlib's exact (gmp) half: rational numbers only.

It is the only module that imports cddlib, and knows its pitfalls, all seen with pycddlib 3.0.2 and cddlib 0.94m:

* For a system without rows, or one that describes a cone, cddlib's answer lacks the dimension or the apex.  So the row
  ``1 0 .. 0`` is added first, and removed from the answer.
* The dual simplex method, which is the default and which ``matrix_canonicalize`` uses, first runs in floats.  If coefficients
  differ by many orders of magnitude, it writes outside its arrays, and the process dies.  The criss-cross method does not; at
  worst it reports on standard error, which ``_ask`` silences, that it starts again exactly.  So all linear programs use that
  method, and ``polyhedra.redundancy`` consists of linear programs.
* The dual solution of an infeasible linear program is not a Farkas vector: ``polyhedra.lp`` only asks for programs that are
  feasible.
* Numbers are passed on as decimals, and Python neither writes nor reads integers of more than 4,300 digits: the ValueError that
  it raises becomes an UnsupportedNumbersError.

cddlib's rows are ``b + a . x >= 0``; its generators are ``1 v`` for a vertex and ``0 r`` for a ray.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any, TypeVar

import cdd
import cdd.gmp

from exactzones.errors import BackendError
from exactzones.polyhedra.backends.protocol import Entries, Solution, UnsupportedNumbersError
from exactzones.polyhedra.backends.silence import quietly
from exactzones.rational import Row, integer_row, irrational

_Answer = TypeVar("_Answer")


def generators(rows: Sequence[Row], equations: Sequence[Row], dim: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Return (vertices, rays, lines) of a non-empty system: see ``Backend.generators``."""
    _refuse_irrational(chain(*rows, *equations))

    def convert() -> tuple[Any, Any]:
        matrix = _matrix([*rows, _trivial(dim)], equations, cdd.RepType.INEQUALITY)
        answer = cdd.gmp.copy_generators(cdd.gmp.polyhedron_from_matrix(matrix))
        return answer.array, answer.lin_set

    entries, line_indices = _ask(convert)
    vertices: list[Row] = []
    rays: list[Row] = []
    lines: list[Row] = []
    for k, row in enumerate(map(integer_row, entries)):
        (lines if k in line_indices else vertices if row[0] else rays).append(row)
    return vertices, rays, lines


def inequalities(points: Sequence[Row], rays: Sequence[Row], lines: Sequence[Row], dim: int) -> tuple[list[Row], list[Row]]:
    """Return (rows, equations) of the hull of generators: see ``Backend.inequalities``."""
    _refuse_irrational(chain(*points, *rays, *lines))

    def convert() -> tuple[Any, Any]:
        matrix = _matrix([*points, *rays], lines, cdd.RepType.GENERATOR)
        answer = cdd.gmp.copy_inequalities(cdd.gmp.polyhedron_from_matrix(matrix))
        return answer.array, answer.lin_set

    entries, equation_indices = _ask(convert)
    rows: list[Row] = []
    equations: list[Row] = []
    for k, row in enumerate(map(integer_row, entries)):
        if any(row[1:]):
            (equations if k in equation_indices else rows).append(row)
        elif row != _trivial(dim):
            raise BackendError(f"cddlib returned the row {row} for a non-empty hull")
    return rows, equations


def maximize(rows: Sequence[Row], equations: Sequence[Row], objective: Entries) -> Solution:
    """Solve a linear program that is feasible and bounded: see ``Backend.maximize``."""
    system = [*rows, *equations]
    _refuse_irrational(chain(objective, *system))
    if not system:  # without rows cddlib would not know the dimension
        if any(objective[1:]):
            raise BackendError("a linear program without rows is unbounded")
        return Solution(Fraction(objective[0]), (Fraction(0),) * (len(objective) - 1), ())
    # cddlib begins in floats, with tolerances of 1e-6, which suit entries of about size 1: rows are divided by powers of two.
    sizes = [1 << max(map(abs, row)).bit_length() for row in system]
    scaled = [tuple(Fraction(entry, size) for entry in row) for row, size in zip(system, sizes, strict=True)]

    def solve() -> tuple[Any, Any, Any, Any]:
        matrix = _matrix(scaled[: len(rows)], scaled[len(rows) :], cdd.RepType.INEQUALITY)
        matrix.obj_type = cdd.LPObjType.MAX
        matrix.obj_func = list(objective)
        program = cdd.gmp.linprog_from_matrix(matrix)
        cdd.gmp.linprog_solve(program, cdd.LPSolverType.CRISS_CROSS)
        return program.status, program.obj_value, program.primal_solution, program.dual_solution

    status, value, point, dual = _ask(solve)
    if status != cdd.LPStatusType.OPTIMAL:
        raise BackendError(f"cddlib reports {status!r} for a linear program that is feasible and bounded")
    # cddlib appends every equation reversed, after all rows, so it may have two multipliers.
    height = len(system)
    multipliers = [Fraction(0)] * height
    for k, multiplier in dual:
        if k < height:
            multipliers[k] += Fraction(multiplier) / sizes[k]
        else:
            original = len(rows) + k - height
            multipliers[original] -= Fraction(multiplier) / sizes[original]
    return Solution(Fraction(value), tuple(map(Fraction, point)), tuple(multipliers))


def _matrix(rows: Sequence[Entries], equations: Sequence[Entries], kind: Any) -> Any:
    return cdd.gmp.matrix_from_array([*rows, *equations], lin_set=range(len(rows), len(rows) + len(equations)), rep_type=kind)


def _trivial(dim: int) -> Row:
    return (1, *(0,) * dim)


def _refuse_irrational(numbers: Iterable[Fraction | int]) -> None:
    if irrational(numbers):
        raise UnsupportedNumbersError("cddlib calculates with rational numbers only")


def _ask(call: Callable[[], _Answer]) -> _Answer:
    """Return what a call of cddlib returns; what it writes to standard error, about problems that it solves, goes nowhere.

    Raises:
        UnsupportedNumbersError: a number is too long for Python's conversion from or to decimals.
    """
    try:
        return quietly(call)
    except ValueError as error:
        if "digits" not in str(error):
            raise
        raise UnsupportedNumbersError("a number is too long for pycddlib, which passes it on as decimals") from error
