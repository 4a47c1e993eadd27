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
from typing import Any, TypeAlias

import numpy as np

from exactzones.deadline import Deadline
from exactzones.polyhedra.bounds import Bounds, FloatBounds
from exactzones.polyhedra.facet_points import NO_ROW, Flags, Integers, PointSearch, Reached
from exactzones.polyhedra.program import LazyRow, Point, Program
from exactzones.rational import Row, integer_dot, integer_row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF

Side: TypeAlias = tuple[int, int]
"""A side of a box: the coordinate, and 1 for its lower bound or -1 for the upper one."""

_MARGIN = 2.0**-10  # of points, in proportion to that of the inner point
_MARGINS = (2.0**-4, 2.0**-8, 2.0**-14, 2.0**-20)  # of an inner point, the first that works
_NEW_ROWS = 5  # that a program gains at once
_SMALL = 1e-9  # multipliers in proportion to the largest one, which are taken for zero
_OFF_THE_BOUNDS = 2.0**-6  # how much narrower a box is made for an inner point
_ASCENT = 20  # steps to a deeper inner point
_REGULAR = 1e-12  # added to the diagonal of a system that may be singular


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
        return self.floats.deeper(self._inner)

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


@dataclass(frozen=True)
class FloatRows:
    """Rows and bounds in floats, with bounds of all rounding errors.

    Attributes:
        matrix: (n, d + 1) the rows with slopes of length 1, rounded: the errors are four roundings of each entry.
        lengths: (n,) upper bounds of the lengths of these rows, constants included.
        limits: the bounds of the coordinates.
    """

    matrix: Floats
    lengths: Floats
    limits: FloatBounds

    @classmethod
    @np.errstate(all="ignore")
    def of(cls, rows: Sequence[Row], limits: FloatBounds) -> FloatRows:
        """Return integer rows as floats."""
        scaled = np.array([_scaled(row) for row in rows]).reshape(len(rows), len(limits.inner[0]) + 1)
        slopes = np.sqrt(np.square(scaled[:, 1:]).sum(axis=1))
        slopes = np.where(slopes > 0, slopes, 1.0)
        lengths = np.sqrt(np.square(scaled).sum(axis=1)) / slopes * SLACK
        return cls(scaled / slopes[:, None], lengths, limits)

    def heights(self, point: Floats) -> Floats:
        """Return the values of the rows at a point, (n,)."""
        values: Floats = self.matrix[:, 0] + self.matrix[:, 1:] @ point
        return values

    @np.errstate(all="ignore")
    def signs(self, points: Floats) -> Integers:
        """Return the certain signs of the rows at points of the box, (K, n); 0 where the error bound cannot tell."""
        values = points @ self.matrix[:, 1:].T + self.matrix[:, 0]
        off = self._off(np.sqrt(np.square(points).sum(axis=1) + 1))[:, None] * self.lengths + TINY
        signs: Integers = (values > off).astype(np.int64) - (values < -off)
        return signs

    def beyond(self, reached: Reached) -> Flags:
        """Tell which points certainly lie beyond their rows alone, (K,)."""
        signs = self.signs(reached.points)
        signs[np.arange(len(reached.rows)), reached.rows] *= -1
        return np.asarray((signs > 0).all(axis=1))

    def moved(self, point: Floats, coordinates: Integers, there: Floats) -> tuple[Floats, Floats]:
        """Return the values of the rows where one coordinate of a point is exchanged, and bounds of their errors, (n, K) each.

        Args:
            point: (d,).
            coordinates: (K,) which one is exchanged.
            there: (K,) its new value.
        """
        moves = self.matrix[:, 1:][:, coordinates] * (there - point[coordinates])
        off = self._off(np.sqrt(np.square(point).sum() + 1)) * self.lengths
        return self.heights(point)[:, None] + moves, off[:, None] + 10 * UNIT_ROUNDOFF * SLACK * np.abs(moves) + TINY

    def _off(self, lengths: Any) -> Any:
        """Return a bound of the error of an inner product of a row with points of these lengths, per length of the row."""
        return (self.matrix.shape[1] + 10) * UNIT_ROUNDOFF * SLACK * lengths

    def with_sides(self, sides: Sequence[Side]) -> FloatRows:
        """Return the rows together with those of some sides of the box, which is wider there."""
        extra, (low, high) = np.zeros((len(sides), self.matrix.shape[1])), (end.copy() for end in self.limits.inner)
        for row, (k, sign) in zip(extra, sides, strict=True):
            end = (self.limits.outer[0] if sign > 0 else self.limits.outer[1])[k]
            row[0], row[k + 1] = -sign * end, sign
            (low if sign > 0 else high)[k] = end - sign
        lengths = np.sqrt(np.square(extra).sum(axis=1)) * SLACK
        wider = (low, high)
        return FloatRows(np.concatenate([self.matrix, extra]), np.concatenate([self.lengths, lengths]), FloatBounds(wider, wider))

    def points(self, centre: Floats, margin: float, deadline: Deadline) -> PointSearch:
        """Return the search for points near a centre."""
        return PointSearch(self.matrix, *self.limits.inner, centre, margin, deadline)

    def inside(self, centre: Floats, near: Sequence[int], deadline: Deadline) -> Floats | None:
        """Return a point near a centre, off all bounds, at which all rows are certainly positive; None if floats find none.

        Args:
            centre: (d,), strictly inside the box, which is bounded.
            near: the numbers of rows that may be the nearest ones to the point.
            deadline: when to stop.
        """
        low, high = (end + (centre - end) * _OFF_THE_BOUNDS for end in self.limits.inner)
        for margin in _MARGINS:
            search = PointSearch(self.matrix, low, high, centre, margin, deadline)
            for reached in search.search([NO_ROW], {NO_ROW: dict.fromkeys(near, 0.0)}):
                if len(reached.points) and (self.signs(reached.points) > 0).all():
                    point: Floats = reached.points[0]
                    return point
        return None

    @np.errstate(all="ignore")
    def deeper(self, point: Floats) -> Floats:
        """Return a point farther from the nearest rows than one strictly inside, (d,), if ascent finds one."""
        low, high = (np.where(np.isinf(end), end, end + (point - end) * _OFF_THE_BOUNDS) for end in self.limits.inner)
        for _ in range(_ASCENT if len(self.matrix) else 0):
            heights = self.heights(point)
            least = heights.min()
            slope = np.exp((least - heights) / least) @ self.matrix[:, 1:]
            steps = least * 2.0 ** np.arange(-2, 8) / (np.sqrt(np.square(slope).sum()) or 1.0)
            points = np.clip(point + steps[:, None] * slope, low, high)
            reached = (points @ self.matrix[:, 1:].T + self.matrix[:, 0]).min(axis=1)
            if not reached.max() > least:
                break
            point = points[reached.argmax()]
        return point

    @np.errstate(all="ignore")
    def implies(self, others: Sequence[int], row: int, sides: Sequence[Side] = ()) -> bool:
        """Tell whether floats find multipliers of other rows, and prove that on the box their sum is below a row.

        The sum is to have the row's slopes, but for coordinates whose sides of the box make up for the difference.
        """
        chosen = self.matrix[list(others)]
        slopes = chosen[:, 1:].copy()
        slopes[:, [k for k, _ in sides]] = 0.0
        products = slopes @ slopes.T + np.eye(len(others)) * _REGULAR
        multipliers = np.maximum(np.linalg.solve(products, slopes @ self.matrix[row, 1:]), 0.0)
        return self._is_above(chosen, multipliers, row)

    @np.errstate(all="ignore")
    def is_below(self, combination: Mapping[int, float], row: int) -> bool:
        """Tell whether floats prove that on the box the sum of other rows with multipliers >= 0 is below a row.

        Args:
            combination: the multipliers of the others, and that of the row by which they are divided.
            row: whose multiplier is not zero.
        """
        others = {other: y for other, y in combination.items() if other != row}
        return self._is_above(self.matrix[list(others)], np.array(list(others.values())) / combination[row], row)

    def _is_above(self, chosen: Floats, multipliers: Floats, row: int) -> bool:
        combined = multipliers @ chosen - self.matrix[row]
        sizes = multipliers @ np.abs(chosen) + np.abs(self.matrix[row])
        off = (len(chosen) + 10) * UNIT_ROUNDOFF * SLACK * sizes + TINY
        return self.limits.largest(combined, off, sizes[1:] > 0) < 0


def _scaled(row: Row) -> Floats:
    """Return a row of integers divided by the largest of them, up to two roundings of each entry."""
    try:
        floats = np.array(row, np.float64)
    except OverflowError:
        largest = max(map(abs, row))
        return np.array([entry / largest for entry in row])
    scaled: Floats = floats / np.abs(floats).max()
    return scaled
