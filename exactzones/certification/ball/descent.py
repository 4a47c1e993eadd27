"""Descent from a witness to a locally nearest point at which conditions hold, in floats: from cell to cell, by linear programs.

On a cell the conditions are affine.  For a radius r a linear program finds the largest t such that all conditions and all rows of
the cell are at least t somewhere within r.  That value is concave in r, so Newton's method finds the least r with t = 0.  If the
optimum lies on a facet across which t would grow, the descent goes on in the next cell.

Nothing in this module is trusted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from exactzones.certification.ball.cell import FloatCell, FloatQuestion
from exactzones.deadline import Deadline
from exactzones.polyhedra.backends.highs import INFINITY, FloatProgram, FloatSolution
from exactzones.rational.arrays import Floats

_MOST_CELLS = 300
_STEPS = 60  # of Newton's method, or of bisection where it leaves the bracket
_NEW_ROWS = 8  # violated rows of neurons that join a program at a time
_ZERO = 1e-9  # what counts as zero: the violation of a row, a multiplier, the gain across a facet
_EXACT = 1e-13  # the change of a radius, in proportion to it, at which Newton's method ends
_LARGER = 1 + 1e-7  # the next program starts with a radius at which it is feasible in spite of rounding


class FloatBall(NamedTuple):
    """The points of a box that are within a radius of a centre; all have shape (inputs,)."""

    centre: Floats
    low: Floats
    high: Floats

    def bounds(self, radius: float) -> tuple[Floats, Floats]:
        """Return the bounds of the coordinates within a radius."""
        return np.maximum(self.low, self.centre - radius), np.minimum(self.high, self.centre + radius)


class Minimum(NamedTuple):
    """A locally nearest point.

    Attributes:
        radius: its distance.
        cell: its cell.
        free: the coordinates that are not at a bound.
        upper: which of the others are at their upper bounds.
        neurons: (layer, unit) of the neurons that are zero there.
        conditions: the numbers of the conditions that are zero there.
        inside: a point of the cell at which the conditions hold, or nearly so.
    """

    radius: float
    cell: FloatCell
    free: tuple[int, ...]
    upper: frozenset[int]
    neurons: tuple[tuple[int, int], ...]
    conditions: tuple[int, ...]
    inside: Floats


def descend(question: FloatQuestion, ball: FloatBall, start: Floats, deadline: Deadline) -> Minimum | None:
    """Return a locally nearest point, from a point at which the conditions hold; None if the programs fail."""
    cell, radius = FloatCell.at(question, start), float(np.abs(start - ball.centre).max()) * _LARGER
    for _ in range(_MOST_CELLS):
        deadline.check()
        program = _CellProgram(cell, ball)
        found = program.least_radius(radius)
        if found is None:
            return None
        radius = found
        turn = program.improving_facet()
        if turn is None:
            return program.minimum(radius)
        cell, radius = cell.turned(*turn), radius * _LARGER
    return None


def _size_of(row: Floats) -> float:
    """Return the largest slope of a row ``(b, a)``; 1 if there is none."""
    return float(np.abs(row[1:]).max(initial=0.0)) or 1.0


@dataclass
class _CellProgram:
    """The linear programs of one cell; the last variable is t.  Rows of neurons join them where they are violated."""

    cell: FloatCell
    ball: FloatBall
    neurons: list[int] = field(default_factory=list)  # which neurons' rows are among the program's rows, after the conditions
    duals: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self._rows, conditions = self.cell.rows
        self._sizes = np.array([_size_of(row) for row in self._rows])
        count = len(self.ball.centre)
        low, high = np.full(count + 1, -INFINITY), np.full(count + 1, INFINITY)
        self._program = FloatProgram(low, high)
        self._program.maximise(np.append(np.zeros(count), 1.0))
        self._matrix: list[Floats] = []  # the slopes of the program's rows
        for row in conditions:
            self._push(row)

    def _push(self, row: Floats) -> None:
        """Add the row ``row . (1, x) >= t``, divided by its largest slope."""
        scale = _size_of(row)
        self._program.push(np.append(row[1:] / scale, -1.0), -row[0] / scale)
        self._matrix.append(row[1:] / scale)

    def least_radius(self, radius: float) -> float | None:
        """Return the least radius at which all conditions can be zero, from a radius at which they can be positive."""
        below, above = 0.0, math.inf  # radii at which the value is negative, and positive
        for _ in range(_STEPS):
            solution = self.solve(radius)
            if solution is None:
                return None
            height, rate = float(solution.point[-1]), self._rate(radius)
            if abs(height) <= _EXACT * radius * rate or above * (1 - _EXACT) <= below:
                return radius
            below, above = (below, radius) if height > 0 else (radius, above)
            after = radius - height / rate if rate > 0 else math.nan
            if below < after < above:
                radius = after
            elif above < math.inf:
                radius = (below + above) / 2
            else:
                return None
        return None

    def _rate(self, radius: float) -> float:
        """Return the derivative of the last program's value by the radius."""
        low, high = self.ball.bounds(radius)
        slopes = self.duals @ np.array(self._matrix)
        moving = np.where(slopes > 0, high < self.ball.high, low > self.ball.low)
        return float(np.abs(slopes[moving]).sum())

    def solve(self, radius: float) -> FloatSolution | None:
        """Solve the program of a radius, with all rows of neurons that matter."""
        low, high = self.ball.bounds(radius)
        for column, (below, above) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            self._program.bound(column, below, above)
        while True:
            solution = self._program.solve()
            if solution is None:
                return None
            point = solution.point[:-1]
            values = (self._rows[:, 0] + self._rows[:, 1:] @ point) / self._sizes - solution.point[-1]
            violated = [k for k in np.argsort(values)[:_NEW_ROWS].tolist() if values[k] < -_ZERO and k not in self.neurons]
            if not violated:
                self.duals = np.maximum(solution.duals, 0.0)
                return solution
            for k in violated:
                self._push(self._rows[k])
                self.neurons.append(k)

    def improving_facet(self) -> tuple[int, int] | None:
        """Return the neuron (layer, unit) of a facet across which t would grow; None if there is none."""
        shares, multipliers = self._weights()
        parts = self.cell.coefficients(shares, multipliers)
        layers = zip(parts, self.cell.on, self.cell.question.network.masks, strict=False)
        gains = [np.where(on, before, after - before)[mask] for (after, before), on, mask in layers]
        gain = np.concatenate(gains) if gains else np.zeros(0)
        gain = np.where(multipliers > _ZERO * np.abs(multipliers).max(initial=0), gain, -np.inf)
        best = int(gain.argmax()) if len(gain) else -1
        return self.cell.units[best] if best >= 0 and gain[best] > _ZERO else None

    def _weights(self) -> tuple[Floats, Floats]:
        """Return the multipliers of the conditions and of all neurons' rows, as they are in the cell."""
        count = len(self.cell.question.constants)
        rows, conditions = self.cell.rows
        sizes = np.array([_size_of(row) for row in conditions])
        multipliers = np.zeros(len(rows))
        multipliers[self.neurons] = self.duals[count:] / self._sizes[self.neurons]
        return self.duals[:count] / sizes, multipliers

    def minimum(self, radius: float) -> Minimum | None:
        """Return what the basis of the last program says about the nearest point."""
        basis, count = self._program.basis(), len(self.cell.question.constants)
        last, units = len(self.ball.centre), self.cell.units
        solution = self.solve(radius * (1 + 1e-6))
        if solution is None:
            return None
        return Minimum(
            radius,
            self.cell,
            tuple(k for k in basis.columns if k != last),
            basis.upper,
            tuple(units[self.neurons[k - count]] for k in basis.rows if k >= count),
            tuple(k for k in basis.rows if k < count),
            solution.point[:-1],
        )
