"""Units of the first layer on a box, where they are affine: their maxima, and whether two fire together, in closed form.

The largest ``min(f, g)`` on a box is the least of ``max (t f + (1 - t) g)`` over t from 0 to 1 (linear programming duality).
That function of t is convex and piecewise linear; it breaks where a coordinate's coefficient changes its sign, so sorting these
places finds the least value (Dantzig 1957, the continuous knapsack).  Floats sort; integers decide what follows from the order.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

from exactzones.checker.arithmetic import Array
from exactzones.network import Layer
from exactzones.polyhedra import Box
from exactzones.property import Condition
from exactzones.rational import Vector, over_common_denominator
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF, clipped_float, float_matrix, float_vector

_CHUNK = 1 << 22  # weights that are converted to floats at a time


class Affine(NamedTuple):
    """The function ``(constant + slopes . x) / denominator``, in integers."""

    slopes: list[int]
    constant: int
    denominator: int

    @property
    def floats(self) -> Floats:
        """The slopes of the function as floats."""
        return np.array([slope / self.denominator for slope in self.slopes])


class FirstLayer:
    """The units of a first layer on a box.

    Args:
        layer: with rational weights.
        box: not empty, with rational bounds.
    """

    def __init__(self, layer: Layer, box: Box) -> None:
        self.layer, self.box = layer, box
        ends, self._scale = over_common_denominator((*box.low, *box.high))
        self._low, self._high = ends[: len(box.low)], ends[len(box.low) :]

    @cached_property
    def _ends(self) -> tuple[Floats, Floats]:
        return float_vector(self.box.low, clipped_float), float_vector(self.box.high, clipped_float)

    def function(self, condition: Condition) -> Affine:
        """Return the left-hand side of a condition on the layer's pre-activations."""
        units = [unit for unit, _ in condition.terms]
        values, below = self.layer.weight.take(units).numerators()
        factors = [coefficient for _, coefficient in condition.terms]
        constant = sum((c * self.layer.bias[unit] for unit, c in condition.terms), start=condition.constant)
        (*scaled, offset), denominator = over_common_denominator([*(c / below for c in factors), constant])
        slopes = np.array(scaled, object) @ values.astype(object)
        return Affine(slopes.tolist(), offset, denominator)

    def maximum(self, function: Affine) -> tuple[Fraction, Vector]:
        """Return the largest value of a function on the box, and a corner at which it is attained."""
        pairs = zip(function.slopes, self._low, self._high, strict=True)
        total = sum(slope * (high if slope > 0 else low) for slope, low, high in pairs)
        corner = zip(function.slopes, self.box.low, self.box.high, strict=True)
        value = Fraction(total + function.constant * self._scale, function.denominator * self._scale)
        return value, tuple([high if slope > 0 else low for slope, low, high in corner])

    def can_be_positive(self) -> Array:
        """Return which units are positive somewhere on the box, shape (units,): by floats where their signs are certain."""
        low, high = self._ends
        sizes, count = np.maximum(np.abs(low), np.abs(high)), self.layer.inputs
        answer = np.zeros(self.layer.outputs, bool)
        step = max(1, _CHUNK // count)
        for start in range(0, self.layer.outputs, step):
            units = range(start, min(start + step, self.layer.outputs))
            weight = float_matrix(self.layer.weight.take(units), clipped_float)
            bias = float_vector(self.layer.bias[start : units.stop], clipped_float)
            with np.errstate(all="ignore"):
                value = np.maximum(weight, 0) @ high + np.minimum(weight, 0) @ low + bias
                error = (count + 10) * UNIT_ROUNDOFF * SLACK * (np.abs(weight) @ sizes + np.abs(bias)) + TINY
            answer[units] = value > error
            for k in np.flatnonzero(~(np.abs(value) > error)).tolist():
                answer[units[k]] = self.maximum(self.function(Condition(0, ((units[k], Fraction(1)),), Fraction(0))))[0] > 0
        return answer

    def positive_together(self, one: Affine, other: Affine) -> Vector | list[Fraction]:
        """Return a point of the box at which two functions are positive or, if there seems to be none, shares of the first.

        A share t means that ``t one + (1 - t) other`` is perhaps nowhere positive: short ones come first, the exact one last.
        """
        a, c, (low, high) = one.floats, other.floats, self._ends
        change = np.abs(a - c) * (high - low)
        breaks = np.flatnonzero((a * c < 0) & (change > 0))
        places = c[breaks] / (c[breaks] - a[breaks])
        order = breaks[np.argsort(places, kind="stable")]
        up = np.where(c != 0, c > 0, a > 0)
        corner = np.where(up, high, low)
        gap = (a - c) @ corner + one.constant / one.denominator - other.constant / other.denominator
        reached = gap + np.cumsum(change[order])
        last = int(np.searchsorted(reached, 0)) if gap < 0 else -1
        if last in (-1, len(order)):  # one of the functions is the smaller one wherever it is largest
            point, shares = self._flipped(up, order[: max(last, 0)]), [Fraction(last >= 0)]
        else:
            at = int(order[last])
            point = self._balanced(self._flipped(up, order[:last]), at, one, other)
            slopes = Fraction(one.slopes[at], one.denominator), Fraction(other.slopes[at], other.denominator)
            exact = slopes[1] / (slopes[1] - slopes[0])
            shares = [*(Fraction(round(exact * (1 << bits)), 1 << bits) for bits in (10, 20)), exact]
        return point if self._value(one, point) > 0 and self._value(other, point) > 0 else shares

    def _flipped(self, up: Array, others: Array) -> Vector:
        """Return the corner with the upper ends where ``up`` is true, except for some coordinates, which are at the other end."""
        chosen = up.copy()
        chosen[others] ^= True
        ends = zip(chosen.tolist(), self.box.low, self.box.high, strict=True)
        return tuple([high if above else low for above, low, high in ends])

    def _balanced(self, corner: Vector, at: int, one: Affine, other: Affine) -> Vector:
        """Return a corner with one coordinate moved to where both functions are equal, or as close as the box allows."""
        gap = self._value(one, corner) - self._value(other, corner)
        slope = Fraction(one.slopes[at], one.denominator) - Fraction(other.slopes[at], other.denominator)
        moved = min(max(corner[at] - gap / slope, self.box.low[at]), self.box.high[at])
        return (*corner[:at], moved, *corner[at + 1 :])

    @staticmethod
    def _value(function: Affine, point: Vector) -> Fraction:
        numbers, scale = over_common_denominator(point)
        total = sum(map(int.__mul__, function.slopes, numbers))
        return Fraction(total + function.constant * scale, function.denominator * scale)
