"""Filtered linear programs: floats guess, and an error bound or exact arithmetic decides.

A ``Program`` is a stack of rows over a box or another polyhedron.  HiGHS solves it, warm from the answer before.  What it says is
not believed:

* a point inside is taken if every row is positive there by more than a bound on all rounding errors;
* multipliers that show that nothing is inside are taken if what they combine is negative on the whole box by more than such a
  bound; the box absorbs what rounding leaves of them;
* where neither settles it, the basis that HiGHS ends with is solved exactly (``polyhedra.backends.basis``), and where that
  basis is not optimal, ``polyhedra.lp`` solves the program.

Sources: Jansson 2004, Rigorous lower and upper bounds in linear programming; Neumaier and Shcherbina 2004, Safe bounds in linear
and mixed-integer programming (multipliers and a box); Gleixner, Steffy, Wolter 2016 (exact from floats).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from exactzones.polyhedra import lp
from exactzones.polyhedra.backends.basis import BasicOptimum, ExactProgram, optimum_at
from exactzones.polyhedra.backends.highs import INFINITY, FloatProgram, FloatSolution
from exactzones.polyhedra.bounds import Bounds, FloatBounds
from exactzones.polyhedra.filtered_rows import FilteredRow, LazyRow
from exactzones.polyhedra.representation import HRep
from exactzones.rational import Row, Vector, integer_dot, integer_row, over_common_denominator
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF, filter_float

__all__ = ["Counts", "LazyRow", "Point", "Program", "exactly"]

Point: TypeAlias = Floats | Vector
"""A point that was proved to be where it should be: floats, each of which is the rational number that it is, or Fractions."""


@dataclass
class Counts:
    """How programs were settled.

    Attributes:
        programs: all that were asked of HiGHS.
        inside: points inside that the error bound proves.
        outside: multipliers that the error bound proves.
        basis: programs that were settled by the exact solution at the last basis.
        pivoted: programs that were solved exactly from the start.
    """

    programs: int = 0
    inside: int = 0
    outside: int = 0
    basis: int = 0
    pivoted: int = 0


class Program:
    """A stack of rows over a box, about which questions are answered exactly.

    Args:
        bounds: of the coordinates.  They may be missing; then fewer questions are settled in floats.
        limits: the same in floats, if the caller has them.

    Attributes:
        bounds: see above.
        counts: how the questions were settled.
        refutation: the multipliers of the rows by which floats proved that ``interior`` has no point; None if they did not.

    >>> program = Program(Bounds((Fraction(0),) * 2, (Fraction(1),) * 2))
    >>> program.push((-1, 1, 1))  # x + y >= 1
    >>> program.interior() is not None, program.maximize((0, 1, 2)).value
    (True, Fraction(3, 1))
    >>> program.push((1, -1, -1))  # and x + y <= 1: flat
    >>> program.interior() is None
    True
    """

    def __init__(self, bounds: Bounds, limits: FloatBounds | None = None) -> None:
        self.bounds, self.counts = bounds, Counts()
        self.refutation: Floats | None = None
        self.dim = len(bounds.low)
        self._float_bounds = limits or FloatBounds.of(bounds)
        free = np.array([-INFINITY]), np.array([1.0])
        low, high = self._float_bounds.guess
        self._float = FloatProgram(np.concatenate([low, free[0]]), np.concatenate([high, free[1]]))
        self._rows: list[FilteredRow] = []
        self._suspended: dict[int, FilteredRow] = {}
        self._matrix, self._errors = np.zeros((16, self.dim + 1)), np.zeros(16)
        self._for_interior: bool | None = None  # what the additional variable is set for

    @classmethod
    def on(cls, domain: HRep) -> Program:
        """Return a program whose first rows are those of a closed system without equations that are not bounds of coordinates."""
        bounds, others = Bounds.of(domain.closed_rows, domain.ambient_dim)
        program = cls(bounds)
        for row in others:
            program.push(row)
        return program

    def __len__(self) -> int:
        return len(self._rows)

    def push(self, row: Row | LazyRow) -> None:
        """Add a row ``b + a . x >= 0``: integers, or floats with an error bound."""
        entry = FilteredRow.of(row)
        count = len(self._rows)
        if count == len(self._errors):
            self._matrix = np.concatenate([self._matrix, np.zeros_like(self._matrix)])
            self._errors = np.concatenate([self._errors, np.zeros_like(self._errors)])
        self._rows.append(entry)
        self._place(count, entry)
        self._float.push(np.append(entry.guess[1:], -1.0), -entry.guess[0])

    def pop(self) -> None:
        """Remove the row that was added last."""
        self._rows.pop()
        self._float.pop(len(self._rows))

    def suspend(self, row: int) -> None:
        """Take a row out of all programs until ``resume``; its place stays."""
        self._suspended[row] = self._rows[row]
        one = (1, *(0,) * self.dim)
        self._place(row, FilteredRow(np.array(one, np.float64), 0.0, one, 1.0))
        self._float.bound_row(row, -INFINITY, INFINITY)

    def resume(self, row: int) -> None:
        """Bring a row back that was suspended."""
        self._place(row, self._suspended.pop(row))
        self._bound_row(row)

    @contextmanager
    def flipped(self, row: int) -> Iterator[None]:
        """Turn a row round for a while: ``b + a . x <= 0``."""
        self._flip(row)
        try:
            yield
        finally:
            self._flip(row)

    @contextmanager
    def beyond(self, coordinate: int, side: int) -> Iterator[None]:
        """Exchange the box for the one next to it, for a while.

        Args:
            coordinate: whose bound is crossed.
            side: 1 for the lower bound, -1 for the upper one.
        """
        before = self.bounds
        end = (before.low if side > 0 else before.high)[coordinate]
        if end is None:
            raise ValueError("this side of the box is at infinity")
        below, above = (end - 1, end) if side > 0 else (end, end + 1)
        low, high = list(before.low), list(before.high)
        low[coordinate], high[coordinate] = below, above
        self._move(Bounds(tuple(low), tuple(high)), coordinate)
        try:
            yield
        finally:
            self._move(before, coordinate)

    def interior(self) -> Point | None:
        """Return a point of the box at which every row is positive; None if there is none.

        So if the box has an interior, a point is returned iff the polyhedron has an interior.  The point may lie on bounds of
        coordinates; ``off_the_bounds`` returns one that does not.
        """
        solution, self.refutation = self._solve_interior(), None
        if solution is not None:
            point = self._float_bounds.clip(solution.point[: self.dim])
            if self.is_inside(point):
                self.counts.inside += 1
                return point
            multipliers = self._multipliers(solution)
            if self._refutes(multipliers):
                self.counts.outside, self.refutation = self.counts.outside + 1, multipliers
                return None
        return self._exact_interior(solution)

    def off_the_bounds(self, point: Point, rows: Sequence[Row] = ()) -> Vector:
        """Return a point strictly inside, on the way from a point to the middle of the box, which has an interior.

        Args:
            point: as ``interior`` returns it.
            rows: more rows that are positive there, and stay so.
        """
        start = exactly(point)
        middle = tuple(map(_between, start, *self.bounds))
        (here, scale), (there, other) = (over_common_denominator((Fraction(1), *each)) for each in (start, middle))
        share = Fraction(1)
        for row in (*self.exact_rows(), *rows):
            before, after = Fraction(integer_dot(row, here), scale), Fraction(integer_dot(row, there), other)
            if after < 0:
                share = min(share, before / (before - after))
        part = Fraction(1, 1 << (share.denominator // share.numerator).bit_length())  # less than the share
        return tuple(a + part * (b - a) for a, b in zip(start, middle, strict=True))

    def is_inside(self, point: Floats) -> bool:
        """Tell whether floats prove that every row is positive at a point of the box; False if they cannot tell."""
        values, off = self.values(point[None])
        return bool((values > off).all()) and self._float_bounds.contains(point)

    def values(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the rows of the stack at points of shape (n, d), and bounds of the errors, (n, rows) each.

        The rows are those of the stack in floats: positive multiples of the exact rows.
        """
        count = len(self._rows)
        matrix, errors = self._matrix[:count], self._errors[:count]
        with np.errstate(all="ignore"):
            lifted = np.concatenate([np.ones((len(points), 1)), points], axis=1)
            sizes = np.abs(lifted)
            off = (self.dim + 4) * UNIT_ROUNDOFF * (sizes @ np.abs(matrix).T) + sizes.sum(axis=1)[:, None] * errors
            return lifted @ matrix.T, off * SLACK + TINY

    def slopes(self) -> Floats:
        """Return the slopes of the stack's rows in floats, (rows, d)."""
        return self._matrix[: len(self._rows), 1:]

    @property
    def float_bounds(self) -> tuple[Floats, Floats]:
        """Lower and upper bounds of the coordinates in floats, rounded inward; infinities where there are none."""
        return self._float_bounds.inner

    def maximize(self, objective: Row) -> lp.LPResult:
        """Maximise ``objective . (1, x)`` exactly.

        Args:
            objective: integers, shape (d + 1,).

        Returns:
            As ``lp.maximize`` does; multipliers are those of the rows of ``system``, in its order.
        """
        self._prepare(np.append(_unit_size([filter_float(entry) for entry in objective[1:]]), 0.0), interior=False)
        solution = self._float.solve()
        self.counts.programs += 1
        optimum = None if solution is None else self._basic_optimum((*objective[1:], 0), (Fraction(0), Fraction(0)))
        if optimum is None:
            self.counts.pivoted += 1
            return self._pivoted(objective)
        self.counts.basis += 1
        return lp.Optimal(optimum.value + objective[0], optimum.point[:-1], self._with_bounds(objective, optimum))

    def upper_bound(self, objective: Floats, error: float = 0.0) -> float:
        """Return a proved upper bound of the maximum of ``objective . (1, x)``; infinity where floats prove none.

        Args:
            objective: (d + 1,) floats.
            error: a bound on the absolute error of every entry.
        """
        self._prepare(np.append(_unit_size(objective[1:]), 0.0), interior=False)
        solution = self._float.solve()
        self.counts.programs += 1
        if solution is None:
            return math.inf
        scale = float(np.abs(objective[1:]).max(initial=0)) or 1.0
        return self._top(self._multipliers(solution) * scale, objective, error)

    def is_redundant(self, row: int) -> bool:
        """Tell whether the other rows and the box imply a row; the polyhedron has an interior."""
        with self.flipped(row):
            return self.interior() is None

    @property
    def system(self) -> list[Row]:
        """All rows as integers: those of the stack, then those of the box."""
        return [*self.exact_rows(), *self.bounds.rows()]

    def exact_rows(self) -> list[Row]:
        """Return the rows of the stack as integers."""
        return [row.exact() for row in self._rows]

    def _solve_interior(self) -> FloatSolution | None:
        if not self._for_interior:
            self._prepare(np.append(np.zeros(self.dim), 1.0), interior=True)
        self.counts.programs += 1
        return self._float.solve()

    def _prepare(self, costs: Floats, *, interior: bool) -> None:
        """Set the objective, and free the additional variable, which all rows exceed, if it is to be maximised."""
        if interior != self._for_interior:
            self._float.bound(self.dim, *((-INFINITY, 1.0) if interior else (0.0, 0.0)))
        self._for_interior = interior
        self._float.maximise(costs)

    def _multipliers(self, solution: FloatSolution) -> Floats:
        """Return non-negative multipliers of the rows as they are in the matrix."""
        sizes = np.array([row.size * row.sign for row in self._rows])
        return np.maximum(solution.duals / sizes, 0.0) if len(sizes) else np.zeros(0)

    def _refutes(self, multipliers: Floats) -> bool:
        """Tell whether multipliers prove that no point of the box makes every row positive."""
        return bool(multipliers.any()) and self._top(multipliers, np.zeros(self.dim + 1), 0.0) < 0

    def _top(self, multipliers: Floats, objective: Floats, error: float) -> float:
        """Return an upper bound of ``objective + sum multipliers_k row_k`` on the box, hence of the objective where rows hold."""
        count = len(self._rows)
        matrix, errors = self._matrix[:count], self._errors[:count]
        with np.errstate(all="ignore"):
            used = np.where(multipliers > 0, 1.0, 0.0) @ (matrix != 0) + (objective != 0)
            if error or errors[multipliers > 0].any():
                used += 1.0
            combined = objective + multipliers @ matrix
            sizes = np.abs(objective) + multipliers @ np.abs(matrix)
            off = (count + 4) * UNIT_ROUNDOFF * sizes + error + multipliers @ errors
            top = self._float_bounds.largest(combined, off * SLACK + TINY, used[1:] > 0)
        return math.inf if math.isnan(top) else top

    def _exact_interior(self, solution: FloatSolution | None) -> Point | None:
        optimum = None if solution is None else self._basic_optimum((*(0,) * self.dim, 1), (None, Fraction(1)))
        if optimum is not None:
            self.counts.basis += 1
            return optimum.point[:-1] if optimum.value > 0 else None
        self.counts.pivoted += 1
        found = lp.feasibility(HRep.of(self.dim, self.bounds.rows(), strict=self.exact_rows()))
        return None if isinstance(found, lp.Infeasible) else found

    def _basic_optimum(self, objective: Row, last: tuple[Fraction | None, Fraction]) -> BasicOptimum | None:
        """Return the exact solution at the last basis if it is optimal; ``last`` bounds the additional variable."""
        rows = [(*row.exact(), -row.exact_size) for row in self._rows]
        exact = ExactProgram(rows, (*self.bounds.low, last[0]), (*self.bounds.high, last[1]), objective)
        return optimum_at(exact, self._float.basis())

    def _pivoted(self, objective: Row) -> lp.LPResult:
        """Maximise without a basis."""
        system = HRep.of(self.dim, self.system)
        found = lp.maximize(system, tuple(map(Fraction, objective[1:])))
        if isinstance(found, lp.Unbounded):
            return found
        proof = found.farkas if isinstance(found, lp.Infeasible) else found.multipliers
        of_row = dict(zip(system.closed_rows, proof, strict=True))
        multipliers = []
        for row in self.system:  # rows that are equal share one multiplier, rows of a multiple of each other as well
            primitive = integer_row(list(map(Fraction, row))) if any(row) else row
            factor = next((a // b for a, b in zip(row, primitive, strict=True) if b), 1)
            multipliers.append(of_row.pop(primitive, Fraction(0)) / factor)
        if isinstance(found, lp.Infeasible):
            return lp.Infeasible(tuple(multipliers))
        return lp.Optimal(found.value + objective[0], found.point, tuple(multipliers))

    def _with_bounds(self, objective: Row, optimum: BasicOptimum) -> Vector:
        """Return the multipliers of an optimum, followed by those of the box's rows."""
        left = list(map(Fraction, objective[1:]))
        for row, multiplier in zip(self.exact_rows(), optimum.multipliers, strict=True):
            if multiplier:
                left = [entry + multiplier * a if a else entry for entry, a in zip(left, row[1:], strict=True)]
        sides = []
        for k, sign, row in self.bounds.sides():
            sides.append(abs(left[k] / row[k + 1]) if left[k] * sign < 0 else Fraction(0))
        return (*optimum.multipliers, *sides)

    def _flip(self, index: int) -> None:
        self._place(index, self._rows[index].flipped())
        self._bound_row(index)
        self._float.entry(index, self.dim, -float(self._rows[index].sign))

    def _place(self, index: int, row: FilteredRow) -> None:
        self._rows[index] = row
        self._matrix[index], self._errors[index] = row.floats, row.error

    def _bound_row(self, index: int) -> None:
        row = self._rows[index]
        bound = -float(row.guess[0])
        self._float.bound_row(index, *((bound, INFINITY) if row.sign > 0 else (-INFINITY, bound)))

    def _move(self, bounds: Bounds, coordinate: int) -> None:
        one = FloatBounds.of(Bounds((bounds.low[coordinate],), (bounds.high[coordinate],)))
        self.bounds, self._float_bounds = bounds, self._float_bounds.with_coordinate(coordinate, one)
        low, high = one.guess
        self._float.bound(coordinate, low[0], high[0])


def exactly(point: Point) -> Vector:
    """Return a point as exact numbers."""
    return tuple(map(Fraction, point.tolist())) if isinstance(point, np.ndarray) else point


def _between(entry: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction:
    """Return a number inside an interval, near another one where the interval has no middle."""
    if low is not None and high is not None:
        return (low + high) / 2
    if low is not None:
        return max(entry, low + 1)
    return entry if high is None else min(entry, high - 1)


def _unit_size(slopes: Sequence[float] | Floats) -> Floats:
    """Return slopes divided by the largest of them, finite."""
    found = np.nan_to_num(np.asarray(slopes, np.float64), posinf=1e300, neginf=-1e300)
    largest = float(np.abs(found).max(initial=0))
    return found / largest if largest else found
