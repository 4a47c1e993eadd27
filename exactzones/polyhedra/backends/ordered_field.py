"""The back end in plain Python, over any ordered field: double description, and linear programs by the criss-cross method.

It is for irrational numbers, which cddlib does not support, and for rational numbers that are too long for pycddlib.  It needs
only the arithmetic and order of numbers; for rational ones it returns what cddlib returns.  It is simple and slow, and suits
polyhedra with a few dozen rows.

Linear programs start where HiGHS ends in floats, so that a few exact pivots, mostly none, remain.

Sources: Motzkin, Raiffa, Thompson, Thrall 1953 (double description); Terlaky 1985 (the criss-cross method with least indices,
which terminates from any start, feasible or not, and yields the multipliers as well).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from exactzones.errors import BackendError
from exactzones.polyhedra.backends.guessed import final_basis
from exactzones.polyhedra.backends.protocol import Entries, Solution
from exactzones.rational import Row, integer_dot, nullspace, primitive, quotient


def generators(rows: Sequence[Row], equations: Sequence[Row], dim: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Return (vertices, rays, lines) of a non-empty system: see ``Backend.generators``."""
    extreme, lines = cone([(1, *(0,) * dim), *rows], equations, dim + 1)
    return [ray for ray in extreme if ray[0]], [ray for ray in extreme if not ray[0]], lines


def inequalities(points: Sequence[Row], rays: Sequence[Row], lines: Sequence[Row], dim: int) -> tuple[list[Row], list[Row]]:
    """Return (rows, equations) of the hull of generators: see ``Backend.inequalities``."""
    rows, equations = cone([*points, *rays], lines, dim + 1)
    return [row for row in rows if any(row[1:])], equations


def cone(rows: Sequence[Row], equations: Sequence[Row], width: int) -> tuple[list[Row], list[Row]]:
    """Return (extreme rays, lines) of ``{y in R^width : row . y >= 0, equation . y = 0}``; rays are unique up to the lines."""
    lines = list(nullspace(equations, width))
    rays: list[tuple[Row, int]] = []  # each with the bit set of the rows that are tight on it
    for k, row in enumerate(rows):
        bit = 1 << k
        chosen = next((j for j, line in enumerate(lines) if integer_dot(row, line)), None)
        if chosen is not None:
            pivot = lines.pop(chosen)
            pivot = pivot if integer_dot(row, pivot) > 0 else tuple(-entry for entry in pivot)
            lines = [_onto_hyperplane(line, row, pivot) for line in lines]
            rays = [*((_onto_hyperplane(ray, row, pivot), tight | bit) for ray, tight in rays), (pivot, bit - 1)]
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


def _onto_hyperplane(generator: Row, row: Row, pivot: Row) -> Row:
    """Return a generator moved along the line ``pivot`` onto the hyperplane where ``row`` is zero."""
    height, value = integer_dot(row, pivot), integer_dot(row, generator)
    return primitive(height * g - value * p for g, p in zip(generator, pivot, strict=True))


def maximize(rows: Sequence[Entries], equations: Sequence[Entries], objective: Entries) -> Solution:
    """Solve a linear program that is feasible and bounded: see ``Backend.maximize``."""
    height, free = len(rows), len(rows) + len(equations)
    coordinates = range(free, free + len(objective) - 1)
    program = _Dictionary([*rows, *equations], objective)
    for name in range(height, free):
        # The slack of an equation is zero: it leaves the basis for good, unless it depends on no coordinate and is constant.
        program.pivot(name, next((other for other in coordinates if program.lines[name].get(other)), None))
    for name in coordinates:
        # A coordinate is free: it enters the basis for good, unless no row depends on it, and it stays zero.
        if name not in program.lines:
            program.pivot(next((other for other in range(height) if program.lines.get(other, {}).get(name)), None), name)
    basis = final_basis(rows, equations, objective)
    program.start_at([k for k in basis.rows if k < height] if basis else [], height)
    program.criss_cross(height)
    lines, slopes = program.lines, program.lines[_OBJECTIVE]
    if any(map(slopes.get, coordinates)) or any(name in lines and lines[name][_CONSTANT] for name in range(height, free)):
        raise BackendError(_CONTRADICTION)
    zero = Fraction(0)
    return Solution(
        slopes[_CONSTANT] + zero,
        tuple(lines[name][_CONSTANT] + zero if name in lines else zero for name in coordinates),
        tuple(zero - slopes.get(name, 0) for name in range(free)),
    )


_CONSTANT, _OBJECTIVE = -1, -2
_CONTRADICTION = "the criss-cross method finds a linear program infeasible or unbounded that is known to be neither"


class _Dictionary:
    """A linear program while it is solved: basic variables and the objective as affine functions of the other variables.

    Attributes:
        lines: for each basic variable its coefficients, by variable.  Variables are numbered: the slacks of the rows, 0, 1, ..,
            then the coordinates.
    """

    def __init__(self, rows: Sequence[Entries], objective: Entries) -> None:
        names = [_CONSTANT, *range(len(rows), len(rows) + len(objective) - 1)]
        self.lines = {k: dict(zip(names, row, strict=True)) for k, row in enumerate(rows)}
        self.lines[_OBJECTIVE] = dict(zip(names, objective, strict=True))

    def pivot(self, leaving: int | None, entering: int | None) -> None:
        """Exchange a basic variable for one that it depends on; do nothing if either is None."""
        if leaving is None or entering is None:
            return
        line = self.lines.pop(leaving)
        slope = line.pop(entering)
        solved = {name: quotient(-entry, slope) for name, entry in line.items()} | {leaving: quotient(1, slope)}
        for other in self.lines.values():
            factor = other.pop(entering)
            for name, entry in solved.items():
                other[name] = other.get(name, 0) + factor * entry
        self.lines[entering] = solved

    def start_at(self, tight: Sequence[int], height: int) -> None:
        """Make the slacks of these rows, of the first ``height``, zero, as far as the rows are independent."""
        loose = set(range(height)).difference(tight)
        for name in tight:
            if name in self.lines:
                self.pivot(name, next((other for other, slope in self.lines[name].items() if slope and other in loose), None))

    def criss_cross(self, height: int) -> None:
        """Pivot until the first ``height`` variables are >= 0 and the objective does not increase with any of them.

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
                raise BackendError(_CONTRADICTION)
            self.pivot(*pair)
