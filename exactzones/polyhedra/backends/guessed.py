"""Linear programs that HiGHS solves in floats, and what exact arithmetic makes of its answer: all of it, or a start.

It is faster than cddlib for programs of many variables: python-flint solves one system, where cddlib pivots exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from exactzones.polyhedra.backends.basis import ExactProgram, optimum_at
from exactzones.polyhedra.backends.highs import INFINITY, Basis, FloatProgram
from exactzones.polyhedra.backends.protocol import Entries, Solution
from exactzones.rational import integer_row, irrational, quotient
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import clipped_float


def maximize(rows: Sequence[Entries], equations: Sequence[Entries], objective: Entries) -> Solution | None:
    """Return the optimum of a linear program if HiGHS ends at its basis and the numbers are rational; None otherwise."""
    system = [*rows, *equations]
    if any(irrational(row) for row in (objective, *system)):
        return None
    basis = final_basis(rows, equations, objective)
    if basis is None:
        return None
    integers, scales = zip(*map(_integers, (objective, *system)), strict=True)
    bounds = (None,) * (len(objective) - 1)
    optimum = optimum_at(ExactProgram(integers[1:], bounds, bounds, integers[0][1:], len(equations)), basis)
    if optimum is None:
        return None
    unit = scales[0]
    multipliers = tuple(entry * scale / unit for entry, scale in zip(optimum.multipliers, scales[1:], strict=True))
    return Solution(optimum.value / unit + objective[0], optimum.point, multipliers)


def final_basis(rows: Sequence[Entries], equations: Sequence[Entries], objective: Entries) -> Basis | None:
    """Return the basis at which HiGHS ends in floats; None if it finds no optimum.  Rows of equations come last."""
    dim = len(objective) - 1
    program = FloatProgram(np.full(dim, -INFINITY), np.full(dim, INFINITY))
    program.maximise(_scaled_floats(objective)[1:])
    for k, row in enumerate((*rows, *equations)):
        floats = _scaled_floats(row)
        program.push(floats[1:], -floats[0])
        if k >= len(rows):
            program.bound_row(k, -floats[0], -floats[0])
    return None if program.solve() is None else program.basis()


def _integers(row: Entries) -> tuple[tuple[int, ...], Fraction]:
    """Return the primitive integer row in the direction of a row, and the factor between them."""
    integers = integer_row([Fraction(entry) for entry in row])
    first = next((k for k, entry in enumerate(integers) if entry), 0)
    return integers, Fraction(integers[first]) / row[first] if integers[first] else Fraction(1)


def _scaled_floats(row: Entries) -> Floats:
    """Return a row as floats, divided by a power of two above its largest entry."""
    size = 1 << math.ceil(max(*row, -min(row))).bit_length()
    return np.array([clipped_float(quotient(entry, size)) for entry in row])
