"""What ``_cdd`` does, over any ordered field: double description and linear programs, in plain Python.

It is for irrational numbers, which cddlib does not know, and asks nothing of them but arithmetic and order; with rational ones
it gives what cddlib gives.  Simple and slow: polyhedra with some dozens of rows are fine.

Sources: Motzkin, Raiffa, Thompson, Thrall 1953 (double description); Terlaky 1985 (the criss-cross method with least indices,
which ends from any start, needs no feasible one, and finds the multipliers by the way).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

from exactzones.errors import BackendError
from exactzones.polyhedra._cdd import Solution
from exactzones.rational import Row, integer_dot, nullspace, primitive, quotient

_Entries: TypeAlias = Sequence[Fraction | int]


def generators(rows: Sequence[Row], equations: Sequence[Row], dim: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Return (vertices, rays, lines) of a system as primitive homogeneous rows; vertices have a positive first entry."""
    found, lines = cone([(1, *(0,) * dim), *rows], equations, dim + 1)
    return [ray for ray in found if ray[0]], [ray for ray in found if not ray[0]], lines


def inequalities(points: Sequence[Row], rays: Sequence[Row], lines: Sequence[Row], dim: int) -> tuple[list[Row], list[Row]]:
    """Return (rows, equations) of the hull of generators given as homogeneous rows; ``points`` is not empty."""
    rows, equations = cone([*points, *rays], lines, dim + 1)
    return [row for row in rows if any(row[1:])], equations


def cone(rows: Sequence[Row], equations: Sequence[Row], width: int) -> tuple[list[Row], list[Row]]:
    """Return (extreme rays, lines) of ``{y in R^width : row . y >= 0, equation . y = 0}``; rays are unique up to the lines."""
    lines = list(nullspace(equations, width))
    rays: list[tuple[Row, int]] = []  # each with the bit set of the rows that are tight there
    for k, row in enumerate(rows):
        bit = 1 << k
        chosen = next((j for j, line in enumerate(lines) if integer_dot(row, line)), None)
        if chosen is not None:
            pivot = lines.pop(chosen)
            pivot = pivot if integer_dot(row, pivot) > 0 else tuple(-entry for entry in pivot)
            lines = [_moved(line, row, pivot) for line in lines]
            rays = [*((_moved(ray, row, pivot), tight | bit) for ray, tight in rays), (pivot, bit - 1)]
            continue
        valued = [(integer_dot(row, ray), ray, tight) for ray, tight in rays]
        crossing = [
            (primitive(above * b - below * a for a, b in zip(high, low, strict=True)), up & down | bit)
            for above, high, up in valued
            for below, low, down in valued
            if above > 0 > below and sum(up & down & tight == up & down for _, tight in rays) == 2
        ]
        rays = [(ray, tight | bit if value == 0 else tight) for value, ray, tight in valued if value >= 0] + crossing
    return [ray for ray, _ in rays], lines


def _moved(generator: Row, row: Row, pivot: Row) -> Row:
    """Return a generator moved along a line onto the hyperplane where ``row`` is zero."""
    height, value = integer_dot(row, pivot), integer_dot(row, generator)
    return primitive(height * g - value * p for g, p in zip(generator, pivot, strict=True))


def maximize(rows: Sequence[_Entries], equations: Sequence[_Entries], objective: _Entries) -> Solution:
    """Solve ``max objective . (1, x)`` over a system that the caller knows to be feasible and bounded.

    Raises:
        BackendError: it is not.
    """
    height, free = len(rows), len(rows) + len(equations)
    coordinates = range(free, free + len(objective) - 1)
    program = _Dictionary([*rows, *equations], objective)
    for name in range(height, free):
        # The slack of an equation is zero, and leaves for good; one that depends on no other variable says nothing.
        program.pivot(name, next((other for other in coordinates if program.lines[name].get(other)), None))
    for name in coordinates:
        # A coordinate has no sign to be kept: it comes in for good; one on which no row depends stays zero.
        if name not in program.lines:
            program.pivot(next((other for other in range(height) if program.lines.get(other, {}).get(name)), None), name)
    program.criss_cross(height)
    lines, slopes = program.lines, program.lines[_OBJECTIVE]
    if any(map(slopes.get, coordinates)) or any(name in lines and lines[name][_CONSTANT] for name in range(height, free)):
        raise BackendError(_NEITHER)
    zero = Fraction(0)
    return Solution(
        slopes[_CONSTANT] + zero,
        tuple(lines[name][_CONSTANT] + zero if name in lines else zero for name in coordinates),
        tuple(zero - slopes.get(name, 0) for name in range(free)),
    )


_CONSTANT, _OBJECTIVE = -1, -2
_NEITHER = "a linear program is infeasible or unbounded that was to be neither"


class _Dictionary:
    """A linear program in the course of its solution: some variables and the objective as affine functions of the others.

    Attributes:
        lines: for each variable that is such a function its coefficients, by variable.  Variables are the slacks of the rows,
            0, 1, .., then the coordinates.
    """

    def __init__(self, rows: Sequence[_Entries], objective: _Entries) -> None:
        names = [_CONSTANT, *range(len(rows), len(rows) + len(objective) - 1)]
        self.lines = {k: dict(zip(names, row, strict=True)) for k, row in enumerate(rows)}
        self.lines[_OBJECTIVE] = dict(zip(names, objective, strict=True))

    def pivot(self, out: int | None, back: int | None) -> None:
        """Let ``out`` and ``back``, which it depends on, change places; without a partner nothing happens."""
        if out is None or back is None:
            return
        line = self.lines.pop(out)
        slope = line.pop(back)
        solved = {name: quotient(-entry, slope) for name, entry in line.items()} | {out: quotient(1, slope)}
        for other in self.lines.values():
            factor = other.pop(back)
            for name, entry in solved.items():
                other[name] = other.get(name, 0) + factor * entry
        self.lines[back] = solved

    def criss_cross(self, height: int) -> None:
        """Pivot until the first ``height`` variables are >= 0, and those that the objective depends on lower it.

        Raises:
            BackendError: the program is infeasible or unbounded.
        """
        while True:
            lines, slopes = self.lines, self.lines[_OBJECTIVE]
            wrong = (name for name in range(height) if (lines[name][_CONSTANT] < 0 if name in lines else slopes[name] > 0))
            name = next(wrong, None)
            if name is None:
                return
            pair: tuple[int | None, int | None]
            if name in lines:
                pair = name, next((other for other in range(height) if lines[name].get(other, 0) > 0), None)
            else:
                pair = next((other for other in range(height) if other in lines and lines[other][name] < 0), None), name
            if None in pair:
                raise BackendError(_NEITHER)
            self.pivot(*pair)
