"""The facets of a polyhedron with many rows in many dimensions.

``irredundant`` asks a linear program with all rows about each row that its rays do not find.  With hundreds of rows and inputs
that is slow.  So here floats look for points beyond one row alone (``facet_points``), an error bound confirms them, and programs
decide what is left with few rows: a row that is redundant needs few others to prove it, and a point that violates others says
which.

The polyhedron on the other side of a facet has nearly the same rows, so the reasons found here are good guesses there: the rows
that a point must respect, and the rows that imply another one, whose multipliers are computed anew.

Source: Clarkson 1994, More output-sensitive geometric algorithms (programs with the rows found so far).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from exactzones.deadline import Deadline
from exactzones.polyhedra.bounds import Bounds
from exactzones.polyhedra.facet_points import NO_ROW
from exactzones.polyhedra.float_rows import FloatRows, Side
from exactzones.polyhedra.program import LazyRow, Point, Program
from exactzones.rational import Row, integer_dot, integer_row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import UNIT_ROUNDOFF

_MARGIN = 2.0**-10  # of points, in proportion to that of the inner point
_NEW_ROWS = 5  # that a program gains at once
_SMALL = 1e-9  # multipliers in proportion to the largest one, which are taken for zero


@dataclass
class Reasons:
    """What rows matter to each row; only guesses are made of them.

    Attributes:
        facets: by facet, the rows whose combination leads to a point beyond it alone, with their multipliers.
        redundant: by redundant row, other rows that imply it.
        sides: by redundant row, the sides of the box that do so together with them.
    """

    facets: dict[int, Mapping[int, float]] = field(default_factory=dict)
    redundant: dict[int, tuple[int, ...]] = field(default_factory=dict)
    sides: dict[int, tuple[Side, ...]] = field(default_factory=dict)

    def of(self, row: int) -> tuple[int, ...]:
        """Return the rows that matter to a row, as far as they are known."""
        return tuple(self.facets[row]) if row in self.facets else self.redundant.get(row, ())


@dataclass
class FacetSearch:
    """The search for the irredundant rows of a full-dimensional polyhedron.

    Attributes:
        rows: integer rows ``b + a . x >= 0`` with ``a != 0``, none a multiple of another.
        bounds: of the coordinates.
        inner: a point strictly inside.
        floats: the rows in floats.
        hints: the reasons that were found for a polyhedron with similar rows; ``imply`` tries those of redundant rows.
        centre: near which floats look for points; by default the inner point.
        deadline: when to stop.
        redundant: numbers of rows that are known to be redundant.
        facets: numbers of rows that are irredundant, as far as they are known.
        sides: sides of the box that are.
        reasons: of this polyhedron.
        beyond: by facet, a point beyond it alone, as far as floats found one.
        is_sparse: whether reasons of redundant rows are to be those of linear programs, which name few sides of the box.
    """

    rows: Sequence[Row]
    bounds: Bounds
    inner: Point
    floats: FloatRows
    hints: Reasons = field(default_factory=Reasons)
    centre: Floats | None = None
    deadline: Deadline = field(default_factory=Deadline)
    redundant: set[int] = field(default_factory=set)
    facets: set[int] = field(default_factory=set)
    sides: set[Side] = field(default_factory=set)
    reasons: Reasons = field(default_factory=Reasons)
    beyond: dict[int, Floats] = field(default_factory=dict)
    is_sparse: bool = False

    def __post_init__(self) -> None:
        self._inner = np.array([float(entry) for entry in self.inner])

    def run(self) -> None:
        """Find all facets.

        Raises:
            BudgetExceeded: time is up.
        """
        self._reach()
        ends = enumerate(zip(*self.bounds, strict=True))
        sides = [(k, sign) for k, both in ends for end, sign in zip(both, (1, -1), strict=True) if end is not None]
        self._along_axes(sides)
        self._reach_sides([side for side in sides if side not in self.sides])
        self._by_programs(sides)

    def imply(self) -> None:
        """Enter the rows that are implied by those that the hints name."""
        for k, others in self.hints.redundant.items():
            sides = self.hints.sides.get(k, ())
            if k not in self.redundant and others and self.floats.implies(others, k, sides):
                self.redundant.add(k)
                self.reasons.redundant[k], self.reasons.sides[k] = others, sides

    def _reach(self) -> None:
        """Look for points beyond the open rows, and enter those of which the error bounds prove what is found."""
        centre = self._inner if self.centre is None else self.centre
        open_rows = sorted(set(range(len(self.rows))) - self.redundant)
        for reached in self.floats.points(centre, self._margin, self.deadline).search(open_rows, self.hints.facets):
            is_facet = self.floats.beyond(reached)
            for k, row in enumerate(reached.rows.tolist()):
                found = zip(reached.others[k].tolist(), reached.multipliers[k].tolist(), strict=True)
                combination = {other: y for other, y in found if other != NO_ROW}
                if is_facet[k]:
                    self.facets.add(row)
                    self.reasons.facets[row] = combination
                    self.beyond[row] = reached.points[k].copy()
                elif reached.refuted[k] and not self.is_sparse and self.floats.is_below(combination, row):
                    self.redundant.add(row)
                    self.reasons.redundant[row] = tuple(other for other in combination if other != row)

    def _along_axes(self, sides: list[Side]) -> None:
        """Enter the sides of the box that a ray along their axis crosses before all rows, from one of two inner points."""
        for point in (lambda: self._inner, lambda: self._deep):
            self.deadline.check()
            left = [side for side in sides if side not in self.sides]
            if left:
                self._shoot(point(), left)

    @np.errstate(all="ignore")  # infinities and NaN decide nothing
    def _shoot(self, point: Floats, sides: list[Side]) -> None:
        coordinates, signs = np.array(sides, np.int64).reshape(-1, 2).T
        outer = self.floats.limits.outer
        ends, here = np.where(signs > 0, outer[0][coordinates], outer[1][coordinates]), point[coordinates]
        slopes = self.floats.matrix[:, 1:][:, coordinates]
        speeds = -slopes * signs
        times = np.where(speeds < 0, self.floats.heights(point)[:, None] / -speeds, np.inf)
        first = np.abs(here - ends)
        second = np.minimum(times.min(axis=0, initial=np.inf), first * 2 + 1)
        there = here - signs * (first + second) / 2
        values, off = self.floats.moved(point, coordinates, there)
        right = ((there - ends) * signs < 0) & (values > off).all(axis=0)
        self.sides.update(sides[k] for k in np.flatnonzero(right))

    def _reach_sides(self, sides: Sequence[Side]) -> None:
        """Look for points beyond open sides of the box, and enter those that certainly lie beyond their sides alone."""
        if not sides:
            return
        count, floats = len(self.rows), self.floats.with_sides(sides)
        points = floats.points(self._deep, self._margin, self.deadline)
        for reached in points.search(range(count, count + len(sides)), {}):
            self.sides.update(sides[row - count] for row in reached.rows[floats.beyond(reached)].tolist())

    @cached_property
    def _deep(self) -> Floats:
        return self.floats.lifted(self.floats.deeper(self._inner), self.deadline)

    @property
    def _margin(self) -> float:
        return float(self.floats.heights(self._inner).min(initial=1.0)) * _MARGIN

    def _by_programs(self, sides: Sequence[Side]) -> None:
        """Decide the rows and sides for which no point has been found, with programs of few rows."""
        program, stack = Program(self.bounds, self.floats.limits), dict[int, int]()
        for k in sorted(set(range(len(self.rows))) - self.facets - self.redundant):
            for row in (*self.hints.of(k), k):
                if row not in stack and row not in self.redundant:
                    self._push(program, stack, row)
            with program.flipped(stack[k]):
                is_facet = self._meets_others(program, stack)
                if not is_facet:
                    self._explain(k, program, stack)
            if is_facet:
                self.facets.add(k)
            else:
                self.redundant.add(k)
                program.suspend(stack[k])
        for side in sides:
            if side not in self.sides:
                with program.beyond(*side):
                    if self._meets_others(program, stack):
                        self.sides.add(side)

    def _meets_others(self, program: Program, stack: dict[int, int]) -> bool:
        """Tell whether a point of a program satisfies all other rows, too; rows that are violated join the program."""
        while True:
            self.deadline.check()
            point = program.interior()
            if point is None:
                return False
            violated = [k for k in self._violated(point) if k not in stack]
            if not violated:
                return True
            for k in violated[:_NEW_ROWS]:
                self._push(program, stack, k)

    def _explain(self, k: int, program: Program, stack: dict[int, int]) -> None:
        """Enter why a row is redundant, if floats have proved it."""
        proof = program.refutation
        if proof is not None:
            least = proof.max() * _SMALL
            self.reasons.redundant[k] = tuple(row for row, place in stack.items() if row != k and proof[place] > least)
            left = proof @ program.slopes()
            used = np.flatnonzero(np.abs(left) > _SMALL * np.abs(left).max(initial=0)).tolist()
            self.reasons.sides[k] = tuple((c, 1 if left[c] < 0 else -1) for c in used)

    def _push(self, program: Program, stack: dict[int, int], k: int) -> None:
        stack[k] = len(program)
        row, largest = self.floats.matrix[k], float(np.abs(self.floats.matrix[k]).max())
        program.push(LazyRow(row, 4 * UNIT_ROUNDOFF * largest, lambda: self.rows[k]))

    def _violated(self, point: Point) -> list[int]:
        """Return the rows that are not certainly positive at a point, the most violated ones first."""
        floats = np.array([float(entry) for entry in point])
        heights = self.floats.heights(floats)
        if isinstance(point, np.ndarray):
            doubtful = set(np.flatnonzero(self.floats.signs(floats[None])[0] <= 0).tolist())
        else:
            lifted = integer_row((Fraction(1), *point))
            doubtful = {k for k, row in enumerate(self.rows) if integer_dot(row, lifted) <= 0}
        return sorted(doubtful - self.redundant, key=lambda k: float(heights[k]))
