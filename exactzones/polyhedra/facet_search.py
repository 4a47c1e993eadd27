"""The facets of a polyhedron with many rows in many dimensions.

``irredundant`` asks a linear program with all rows about each row that its rays do not find.  With hundreds of rows and inputs
that is slow, so here rays slide along what blocks them until they leave through the row they are meant for, and programs have few
rows: a row that is redundant needs few others to prove it, and a point that violates others says which.

Sources: Boneh, Boneh, Caron 1983, Constraint classification in mathematical programming (rays); Clarkson 1994, More
output-sensitive geometric algorithms (programs with the rows found so far).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from exactzones.deadline import Deadline
from exactzones.polyhedra.bounds import Bounds, FloatBounds
from exactzones.polyhedra.program import Point, Program
from exactzones.rational import Row, integer_dot, integer_row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF

_Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

_SLIDES = 100  # times that a ray changes its direction
_PAST = 1.1  # how far a ray is turned away from the row that blocks it; 1 is along the row's hyperplane
_BEYOND = 1 + 2.0**-10  # how far beyond its row, in proportion, a ray must get before it leaves the box
_WITHIN = 1 - 2.0**-10
_RAYS = 1 << 22  # numbers in one batch
_NEW_ROWS = 5  # that a program gains at once


@dataclass
class FacetSearch:
    """The search for the irredundant rows of a full-dimensional polyhedron.

    Attributes:
        rows: integer rows ``b + a . x >= 0`` with ``a != 0``, none a multiple of another.
        bounds: of the coordinates.
        inner: a point strictly inside.
        redundant: numbers of rows that are known to be redundant.
        deadline: when to stop.
        facets: numbers of rows that are irredundant, as far as they are known.
        sides: sides of the box that are, as (coordinate, 1 for a lower bound or -1 for an upper one).
    """

    rows: Sequence[Row]
    bounds: Bounds
    inner: Point
    redundant: set[int] = field(default_factory=set)
    deadline: Deadline = field(default_factory=Deadline)
    facets: set[int] = field(default_factory=set)
    sides: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._matrix = np.array([_scaled(row) for row in self.rows]).reshape(len(self.rows), len(self.bounds.low) + 1)
        self._low, self._high = FloatBounds.of(self.bounds).inner
        self._centre = np.array([float(entry) for entry in self.inner])

    def run(self) -> None:
        """Find all facets.

        Raises:
            BudgetExceeded: time is up.
        """
        size = max(1, _RAYS // max(1, len(self.rows) + len(self._low)))
        open_rows = np.array(sorted(set(range(len(self.rows))) - self.redundant), np.int64)
        for start in range(0, len(open_rows), size):
            self._slide(open_rows[start : start + size])
        sides = [(k, side) for k, side, _ in self.bounds.sides()]
        for start in range(0, len(sides), size):
            self._along_axes(sides[start : start + size])
        self._by_programs(sides)

    def _heights(self, point: Floats) -> Floats:
        heights: Floats = self._matrix[:, 0] + self._matrix[:, 1:] @ point
        return heights

    @np.errstate(all="ignore")  # infinities and NaN decide nothing
    def _slide(self, meant: _Integers) -> None:
        """Send a ray through each of some rows, and turn it away from what blocks it."""
        lengths = np.sqrt(np.square(self._matrix[:, 1:]).sum(axis=1))
        normals, heights = self._matrix[:, 1:] / lengths[:, None], self._heights(self._centre) / lengths
        to_low, to_high = ((self._low - self._centre) * _WITHIN)[:, None], ((self._high - self._centre) * _WITHIN)[:, None]
        rays = -normals[meant].T
        for _ in range(_SLIDES):
            self.deadline.check()
            speeds = normals @ rays
            times = np.where(speeds < 0, heights[:, None] / -speeds, np.inf)
            own = times[meant, np.arange(len(meant))] * _BEYOND
            clipped = np.clip(rays, to_low / own, to_high / own)
            in_box = (clipped == rays).all(axis=0)
            rays = clipped
            first = np.argmin(times, axis=0)
            ready = in_box & np.isfinite(times.min(axis=0))
            self._confirm(rays[:, ready], times[:, ready])
            going = np.isfinite(own) & ~np.isin(meant, list(self.facets))
            rays, first, meant = rays[:, going], first[going], meant[going]
            if not len(meant):
                return
            blocked = normals[np.where(first == meant, 0, first)].T
            turn = np.where(first == meant, 0.0, _PAST) * (blocked * rays).sum(axis=0)
            rays = rays - turn * blocked

    def _confirm(self, rays: Floats, times: Floats) -> None:
        """Enter the rows that rays cross first, if points after the crossings are certainly beyond them alone."""
        crossed = np.argmin(times, axis=0)
        columns = np.arange(len(crossed))
        first = times[crossed, columns]
        times[crossed, columns] = np.inf
        second = np.minimum(times.min(axis=0, initial=np.inf), first * _BEYOND)
        points = self._centre[:, None] + (first + second) / 2 * rays
        within = ((self._low[:, None] <= points) & (points <= self._high[:, None])).all(axis=0)
        signs = self._signs(points)
        signs[crossed, columns] = -signs[crossed, columns]
        self.facets.update(crossed[within & (signs > 0).all(axis=0)].tolist())

    @np.errstate(all="ignore")
    def _along_axes(self, sides: list[tuple[int, int]]) -> None:
        """Enter the sides of the box that a ray along their axis crosses before all rows."""
        self.deadline.check()
        coordinates, signs = np.array(sides, np.int64).reshape(-1, 2).T
        ends = np.where(signs > 0, self._low[coordinates], self._high[coordinates])
        speeds = -self._matrix[:, 1:][:, coordinates] * signs
        times = np.where(speeds < 0, self._heights(self._centre)[:, None] / -speeds, np.inf)
        first = np.abs(self._centre[coordinates] - ends)
        second = np.minimum(times.min(axis=0, initial=np.inf), first * 2 + 1)
        points = np.repeat(self._centre[:, None], len(sides), axis=1)
        columns = np.arange(len(sides))
        points[coordinates, columns] -= signs * (first + second) / 2
        outside = (points < self._low[:, None]) | (points > self._high[:, None])
        right = outside[coordinates, columns] & (outside.sum(axis=0) == 1) & (self._signs(points) > 0).all(axis=0)
        self.sides.update(sides[k] for k in np.flatnonzero(right))

    def _signs(self, points: Floats) -> _Integers:
        """Return the certain signs of all rows at points of shape (d, n); 0 where the error bound cannot tell."""
        lifted = np.concatenate([np.ones((1, points.shape[1])), points])
        values = self._matrix @ lifted
        off = (len(lifted) + 6) * UNIT_ROUNDOFF * (np.abs(self._matrix) @ np.abs(lifted)) * SLACK + TINY
        signs: _Integers = (values > off).astype(np.int64) - (values < -off)
        return signs

    def _by_programs(self, sides: Sequence[tuple[int, int]]) -> None:
        """Decide the rows and sides that no ray has found, with programs of few rows."""
        program, stack = Program(self.bounds), dict[int, int]()
        for k in sorted(set(range(len(self.rows))) - self.facets - self.redundant):
            if k not in stack:
                self._push(program, stack, k)
            with program.flipped(stack[k]):
                is_facet = self._meets_others(program, stack)
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

    def _push(self, program: Program, stack: dict[int, int], k: int) -> None:
        stack[k] = len(program)
        program.push(self.rows[k])

    def _violated(self, point: Point) -> list[int]:
        """Return the rows that are not certainly positive at a point, the most violated ones first."""
        floats = np.array([float(entry) for entry in point])
        heights = self._heights(floats)
        if isinstance(point, np.ndarray):
            doubtful = set(np.flatnonzero(self._signs(floats[:, None])[:, 0] <= 0).tolist())
        else:
            lifted = integer_row((Fraction(1), *point))
            doubtful = {k for k, row in enumerate(self.rows) if integer_dot(row, lifted) <= 0}
        return sorted(doubtful - self.redundant, key=lambda k: float(heights[k]))


def _scaled(row: Row) -> list[float]:
    """Return a row of integers divided by the largest of them; each entry is the nearest float."""
    largest = max(map(abs, row))
    return [entry / largest for entry in row]
