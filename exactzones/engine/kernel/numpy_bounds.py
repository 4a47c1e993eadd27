"""Bounds of affine functions on a cell in NumPy; units that are not settled are relaxed.

The same operations in the same order as ``bounds.c``, ``backward.c`` and the search for better slopes in ``prune.c``: see there
and proofs/pruning.md.  Affine functions over (1, x) are columns of arrays (d + 1, units).
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exactzones.engine.frontier import OFF, ON, OPEN, Floats, States
from exactzones.engine.kernel.numpy_pool import Parent
from exactzones.engine.kernel.numpy_sums import in_order, sizes
from exactzones.engine.kernel.schema import Downstream
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF

NEAR = 1e-6
"""Relative difference up to which values count as equal, in choices that must not depend on rounding."""

LARGEST_REACH = 1e-3
"""No bounds are computed from generators that are less exact than this."""

TARGET_ROUNDS, UNIT_ROUNDS = 8, 3
"""Rounds of the search for good lower slopes, for the target and for a unit."""

_ROUNDED_UP = 1 + 4 * sys.float_info.epsilon
_SMALLEST = sys.float_info.min


@dataclass(frozen=True)
class Reach:
    """Maxima over generators of a cell.

    ``reach`` times the sum of an affine function's coefficients, plus ``total`` times their error, bounds the error of evaluating
    it; ``top`` is the largest entry.
    """

    reach: float
    total: float
    top: float

    @classmethod
    def of(cls, pool: Parent, cell: list[int]) -> Reach:
        """Return the maxima over these generators; NaN where one is."""
        reach = total = top = np.float64(0)
        for v in cell:
            (largest, size), error, dim = sizes(pool.points[v]), pool.errors[v], len(pool.points[v]) - 1
            reach = np.maximum(reach, (dim + 4) * UNIT_ROUNDOFF * largest + error)
            total = np.maximum(total, size + dim * error)  # the coefficients' errors count at the true generator, not at this one
            top = np.maximum(top, largest)
        return cls(float(reach), float(total), float(top))

    def error(self, size: Floats | float, error: Floats | float) -> Floats:
        """Bound the error of evaluating functions with coefficients of absolute sum ``size``, each off by ``error`` at most."""
        bound: Floats = np.asarray((size * np.float64(self.reach) + error * np.float64(self.total)) * SLACK + TINY)
        return bound


@dataclass
class Units:
    """A layer's units on a cell: u_slope z + u_shift >= ReLU(z) >= l_slope z, and ``largest``, a bound of |z| and |ReLU(z)|.

    ``upper`` and ``lower``, (d + 1, units), are affine bounds of a layer's activations; ``low`` and ``high`` are ranges of z.
    """

    u_slope: Floats
    u_shift: Floats
    l_slope: Floats
    largest: float
    low: Floats
    high: Floats
    upper: Floats
    lower: Floats

    @classmethod
    def of(cls, width: int, count: int) -> Units:
        """Return units about which nothing is known yet."""
        u_slope, u_shift, l_slope, low, high = np.zeros((5, count))
        upper, lower = np.zeros((2, width, count))
        return cls(u_slope=u_slope, u_shift=u_shift, l_slope=l_slope, largest=1.0, low=low, high=high, upper=upper, lower=lower)

    def relax(self, chosen: NDArray[np.bool_]) -> None:
        """Relax the chosen units on their ranges."""
        low, high = self.low, self.high
        most = np.where(np.abs(low) > np.abs(high), np.abs(low), np.abs(high))
        self.largest = float(np.maximum(self.largest, np.max(most[chosen], initial=0.0)))
        width = high - low  # may overflow
        slope = np.where(width <= sys.float_info.max, high / width * _ROUNDED_UP + _SMALLEST, 1.0)
        slope = np.where(slope > 1, 1.0, slope)
        # the chord from (low, 0) to (high, high), slope and shift rounded up
        chord = (slope, -slope * low * _ROUNDED_UP + _SMALLEST, (high > -low * (1 + NEAR)).astype(float))
        is_on, is_off = low >= 0, high <= 0
        for kept, crossing, on in zip((self.u_slope, self.u_shift, self.l_slope), chord, (1.0, 0.0, 1.0), strict=True):
            kept[chosen] = np.where(is_on, on, np.where(is_off, 0.0, crossing))[chosen]

    def settle(self, chosen: NDArray[np.bool_], on: Floats | float) -> None:
        """Make the relaxation of chosen units exact: on or off on the whole cell."""
        self.u_slope[chosen] = self.l_slope[chosen] = np.broadcast_to(on, self.u_slope.shape)[chosen]
        self.u_shift[chosen] = 0

    def lean(self, values: Floats, rounds: int) -> None:
        """Move lower slopes of relaxed units towards those that are exact where the pre-activations have these values."""
        moved = self.l_slope + ((values > 0) - self.l_slope) * 2 / (rounds + 2)
        self.l_slope = np.where(self.u_shift > 0, moved, self.l_slope)


@dataclass
class _Function:
    """An affine function of a layer's activations that is being bounded.

    ``size`` is the sum of the absolute values of the shifts in its constant, ``off`` its error, ``terms`` counts roundings.
    """

    coefficients: Floats
    constant: float
    size: float
    off: float = 0.0
    terms: float = 4.0

    def through_relu(self, units: Units) -> float:
        """Replace activations by pre-activations, for an upper bound; return the sum of the coefficients' absolute values."""
        positive = self.coefficients > 0
        shifts = np.where(positive, self.coefficients * units.u_shift, 0.0)
        self.constant = float(in_order(np.concatenate([[self.constant], shifts])))
        self.size = float(in_order(np.concatenate([[self.size], shifts])))
        self.coefficients = self.coefficients * np.where(positive, units.u_slope, units.l_slope)
        return float(in_order(np.abs(self.coefficients)))


class Bounder:
    """Bounds of the target on one cell."""

    def __init__(self, pool: Parent, downstream: Downstream, cell: list[int], state: States) -> None:
        self.pool, self.layers, self.target = pool, downstream.layers, downstream.target.ravel()
        self.state = state
        self.points = np.array([pool.points[v] for v in cell])
        self.reach = Reach.of(pool, cell)
        width, count = pool.rows.shape
        self.own = Units.of(width, count)
        self.units = [Units.of(width, len(layer.relu)) for layer in self.layers]
        self.highest = 0  # number of the generator at which the last bound was largest

    def proves(self, following: int | None) -> tuple[bool, int | None]:
        """Return whether the target is certainly positive nowhere on the cell and, if not, the neuron to cut with."""
        error, before = self._relax_own(), self.own
        for q, layer in enumerate(self.layers):
            units = self.units[q]
            largest = float(np.max(np.abs([before.upper, before.lower]), initial=1.0))
            error = self._bound_downstream(q, before, error + 4 * UNIT_ROUNDOFF * largest, largest)
            if q:
                self._tighten(q)
            units.largest = 1.0
            units.relax(np.ones(len(layer.relu), bool))
            units.settle(layer.relu == 0, 1.0)
            units.upper = units.u_slope * units.upper
            units.upper[0] += units.u_shift
            units.lower = units.lower * units.l_slope
            before = units
        bound, following = self._upper_bound(len(self.layers) - 1, self.target, following)
        return bound <= 0 or self._drops_by_slopes(bound), following

    def _relax_own(self) -> float:
        """Relax the neurons of the layer that cuts; return the error of the coefficients of ``upper`` and ``lower``."""
        pool, own, reach = self.pool, self.own, self.reach
        own.largest = float(np.max(pool.sums * reach.top + pool.row_error * reach.total, initial=1.0))
        values = in_order(self.points[:, :, None] * pool.rows, axis=1)
        own.low, own.high = self._ranges(values, values, reach.error(pool.sums, pool.row_error))
        is_open = self.state == OPEN
        own.relax(is_open)
        own.settle(~is_open, (self.state == ON).astype(float))
        own.upper = own.u_slope * pool.rows
        own.upper[0] += own.u_shift
        own.lower = own.l_slope * pool.rows
        return float(np.max(pool.row_error, initial=0.0))

    def _ranges(self, least: Floats, most: Floats, off: Floats) -> tuple[Floats, Floats]:
        """Return the ranges of affine functions with these values (generators, units); NaN after a sum that overflowed."""
        finite = (np.isfinite(least) & np.isfinite(most)).all(axis=0)
        low, high = np.where(finite, least.min(axis=0), np.nan), np.where(finite, most.max(axis=0), np.nan)
        return low - off, high + off

    def _bound_downstream(self, q: int, before: Units, error: float, largest: float) -> float:
        """Bound a layer's pre-activations from bounds of the activations before it, with their ``error`` and ``largest`` entry.

        Returns the error of the new coefficients.
        """
        layer, units = self.layers[q], self.units[q]
        weight, bias = layer.weight[:, :-1], layer.weight[:, -1]
        error = layer.row_sum * (error + (weight.shape[1] + 6) * UNIT_ROUNDOFF * largest) * SLACK + TINY
        positive = np.where(weight > 0, weight, 0.0)
        negative = weight - positive
        above, below = before.upper[:, None], before.lower[:, None]
        units.upper = in_order(positive * above + negative * below, axis=2)
        units.lower = in_order(positive * below + negative * above, axis=2)
        units.upper[0] += bias
        units.lower[0] += bias
        size = in_order(np.abs(units.upper) + np.abs(units.lower))
        most = in_order(units.upper * self.points[:, :, None], axis=1)
        least = in_order(units.lower * self.points[:, :, None], axis=1)
        units.low, units.high = self._ranges(least, most, self.reach.error(size, error))
        return error

    def _open_units(self, q: int) -> list[int]:
        units = self.units[q]
        return np.flatnonzero((self.layers[q].relu != 0) & ~(units.low >= 0) & ~(units.high <= 0)).tolist()

    def _narrow(self, q: int, i: int, low: float, high: float) -> None:
        units = self.units[q]
        units.high[i] = min(units.high[i], high)
        units.low[i] = max(units.low[i], low)

    def _tighten(self, q: int) -> None:
        """Bound the open units of a layer once more, from this layer all the way back, which is often tighter."""
        units = self.units[q]
        for i in self._open_units(q):
            sides = (1, -1) if units.high[i] < -units.low[i] else (-1, 1)  # the likelier side first
            for sign in sides:
                bound, _ = self._upper_bound(q - 1, sign * self.layers[q].weight[i])
                self._narrow(q, i, *((-math.inf, bound) if sign > 0 else (-bound, math.inf)))
                if units.low[i] >= 0 or units.high[i] <= 0:
                    break

    def _upper_bound(self, last: int, row: Floats, following: int | None = None) -> tuple[float, int | None]:
        """Bound an affine function of the activations of layer ``last`` (-1: the one that cuts) from above.

        The function, constant last, is taken back layer by layer, so that terms cancel before they are relaxed.  Returns the
        bound and the neuron to cut with: the one whose relaxation costs most, or ``following`` if none costs anything.
        """
        constant = float(row[-1])
        function = _Function(row[:-1], constant, abs(constant))
        for q in range(last, -1, -1):
            self._step_back(q, function)
        following = self._costliest(function, following)
        high = self._largest_value(function)
        return high + function.off * SLACK, following

    def _step_back(self, q: int, function: _Function) -> None:
        """Rewrite a function of layer q's activations as one of those of the layer before, for an upper bound."""
        layer, before = self.layers[q], self.units[q - 1] if q else self.own
        outputs = len(layer.relu)
        total = function.through_relu(self.units[q])
        column = function.coefficients[:, None]
        rewritten = in_order(np.where(column != 0, column * layer.weight, 0.0))
        function.coefficients = rewritten[:-1]
        function.constant += float(rewritten[-1])
        function.size += abs(float(rewritten[-1]))
        function.terms += outputs + 2
        # each activation is at most ``largest`` in size; TINY is for products that underflow
        rounding = total * layer.row_sum * (outputs + 8) * UNIT_ROUNDOFF + TINY
        function.off += rounding * before.largest + TINY * self.units[q].largest

    def _costliest(self, function: _Function, following: int | None) -> int | None:
        """Return the crossing neuron whose relaxation costs the bound most; of nearly equal ones the first."""
        own, coefficients = self.own, function.coefficients
        relaxed = (self.state == OPEN) & (coefficients != 0) & ~(own.u_slope <= 0) & ~(own.u_slope >= 1)
        low, high = own.u_shift / own.u_slope, own.u_shift / (1 - own.u_slope)
        costs = np.where(coefficients > 0, coefficients * own.u_shift, -coefficients * np.where(low < high, low, high))
        most = function.size * NEAR * NEAR
        for j in np.flatnonzero(relaxed).tolist():
            if costs[j] > most * (1 + NEAR):
                most, following = float(costs[j]), j
        return following

    def _largest_value(self, function: _Function) -> float:
        """Turn a function of the cutting layer's activations into one of x; return its largest value over the generators."""
        pool, count = self.pool, len(self.state)
        function.through_relu(self.own)
        terms = function.coefficients * pool.rows
        row, absolute = in_order(terms, axis=1), in_order(np.abs(terms), axis=1)
        row[0] += function.constant
        rounding = (count + 8) * UNIT_ROUNDOFF * absolute
        of_rows = np.abs(function.coefficients) * pool.row_error
        row_error = float(in_order(np.concatenate([[TINY], of_rows, rounding])))
        row_size = float(in_order(np.concatenate([[abs(function.constant)], absolute])))
        evaluation = float(self.reach.error(row_size, row_error))
        function.off += (function.terms + count) * 4 * UNIT_ROUNDOFF * function.size + TINY * self.own.largest + evaluation
        high, self.highest = -math.inf, 0
        for k, value in enumerate(in_order(row * self.points, axis=1).tolist()):
            if value > high:
                self.highest = k
            if not math.isfinite(value):
                high = math.nan  # nothing is greater
            elif value > high:
                high = value
        return high

    def _drops_by_slopes(self, before: float) -> bool:
        """Bound the target with better slopes; if they help much, bound downstream units likewise, then the target again."""
        last = len(self.layers) - 1
        bound = self._bound_by_slopes(last, self.target, TARGET_ROUNDS, before)
        if bound <= 0:
            return True
        if not bound < before / 2:
            return False
        for q in range(len(self.layers)):
            for i in self._open_units(q):
                row = self.layers[q].weight[i]
                high = self._bound_by_slopes(q - 1, row, UNIT_ROUNDS)
                low = -self._bound_by_slopes(q - 1, -row, UNIT_ROUNDS)
                self._narrow(q, i, low, high)
                self.units[q].relax(np.arange(len(self.layers[q].relu)) == i)
        return self._bound_by_slopes(last, self.target, TARGET_ROUNDS) <= 0

    def _bound_by_slopes(self, last: int, row: Floats, rounds: int, least: float = math.nan) -> float:
        """Bound a function as ``_upper_bound`` does, but with lower slopes that suit the points where the bounds were largest.

        ``least`` is the bound with the current slopes, if known.  Stops at a bound of 0 or less.  Any slopes give a bound; these
        are found by fictitious play with weights that favour later rounds.
        """
        mean = np.zeros(self.points.shape[1])
        for attempt in range(0 if math.isnan(least) else 1, rounds + 1):
            if least <= 0:
                break
            if attempt:
                mean += (self.points[self.highest] - mean) * 2 / (attempt + 1)
                self._lean_towards(mean, last, attempt)
            bound, _ = self._upper_bound(last, row)
            if not attempt or bound < least:
                least = bound
        return least

    def _lean_towards(self, point: Floats, last: int, rounds: int) -> None:
        """Move all lower slopes towards those that are exact at a point."""
        values = self.pool.values(point)
        self.own.lean(values, rounds)
        values = activations(values, self.state)
        for layer, units in zip(self.layers[: last + 1], self.units, strict=False):
            values = affine(layer.weight, values, 1.0)
            units.lean(values, rounds)
            values = np.where((layer.relu != 0) & (values < 0), 0.0, values)


def affine(weight: Floats, values: Floats, one: float) -> Floats:
    """Return an affine map's values; the sum begins with its last column times ``one``."""
    return in_order(np.concatenate([weight[:, -1:] * one, weight[:, :-1] * values], axis=1), axis=1)


def activations(values: Floats, state: States) -> Floats:
    """Return a layer's activations on a cell from its pre-activations at a point."""
    return np.where((state == OFF) | ((state == OPEN) & (values < 0)), 0.0, values)
