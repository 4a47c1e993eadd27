"""Bounds that follow from other bounds, through the network in both directions: they guide a search, and prove nothing.

Source: Belotti, Lee, Liberti, Margot and Waechter 2009, Branching and bounds tightening techniques for non-convex MINLP
(feasibility-based bounds tightening).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from exactzones.certification.provers.relaxation import FloatClaim
from exactzones.checker.arithmetic import Array

_SWEEPS = 64  # at most so often through all layers
_GAIN = 1e-3  # a bound counts as new if it narrows a range by this share
_TINY = 1e-9  # entries of this size, relative to the largest of a row, are taken for zero
_OFF = 1e-7  # bounds that cross by less are taken for equal


class Ranges(NamedTuple):
    """Bounds of the inputs, shape (inputs,), and of all hidden units' pre-activations, shape (units,)."""

    box_low: Array
    box_high: Array
    low: Array
    high: Array

    def copy(self) -> Ranges:
        """Return a copy."""
        return Ranges(*(part.copy() for part in self))

    def widths(self) -> Array:
        """Return the widths of all ranges, shape (inputs + units,)."""
        return np.concatenate([self.box_high - self.box_low, self.high - self.low])


class LinearRows:
    """Rows ``b + A v``, of which the entries are kept that are more than rounding errors.

    Args:
        matrix: A, shape (rows, columns).
        constants: b, shape (rows,).

    Attributes:
        row, column, entries: the row, column and value of each entry.
        grows: whether each is positive.
    """

    def __init__(self, matrix: Array, constants: Array) -> None:
        size = np.maximum(np.abs(matrix).max(axis=1, initial=0), np.abs(constants))
        self.row, self.column = np.nonzero(np.abs(matrix) > _TINY * size[:, None])
        self.entries, self.constants = matrix[self.row, self.column], constants
        self.grows = self.entries > 0

    def terms(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Return the least and greatest values of all terms, where columns have these bounds; shape (entries,)."""
        first, second = self.entries * low[self.column], self.entries * high[self.column]
        return np.where(self.grows, first, second), np.where(self.grows, second, first)

    def sums(self, terms: Array) -> Array:
        """Return the sums of each row's terms and its constant."""
        sums: Array = np.bincount(self.row, terms, len(self.constants)) + self.constants
        return sums

    def tighten(self, low: Array, high: Array, least: Array | float, greatest: Array | float) -> None:
        """Tighten bounds of the columns, in place, where rows lie between ``least`` and ``greatest``."""
        lower, upper = self.terms(low, high)
        ends = (
            ((greatest - self.sums(lower))[self.row] + lower) / self.entries,  # a term is at most what the others leave
            ((least - self.sums(upper))[self.row] + upper) / self.entries,
        )
        np.minimum.at(high, self.column, np.where(self.grows, *ends))
        np.maximum.at(low, self.column, np.where(self.grows, *ends[::-1]))


class Propagation:
    """Bounds that follow from phases of units and from the conditions.

    Args:
        claim: the network and the conditions; no layer is sparse.
        domain: rows of the domain, shape (rows, inputs + 1).
    """

    def __init__(self, claim: FloatClaim, domain: Array) -> None:
        self.claim = claim
        self._layers = [
            LinearRows(weight, biases)
            for weight, biases in zip(claim.weights, claim.biases, strict=True)
            if isinstance(weight, np.ndarray)
        ]
        self._domain = LinearRows(domain[:, 1:], domain[:, 0])
        self._targets = [
            (layer, LinearRows(coefficients[None], np.array([constant]))) for layer, coefficients, constant in claim.targets
        ]

    def run(self, ranges: Ranges, conditions: Array) -> bool:
        """Tighten ranges in place until little changes; returns False where nothing is left of one.

        Args:
            ranges: of inputs and units.
            conditions: functions of the inputs that are <= 0 where the conditions hold, shape (functions, inputs + 1).
        """
        rows = LinearRows(conditions[:, 1:], conditions[:, 0])
        for _ in range(_SWEEPS):
            before = ranges.widths()
            self.forward(ranges)
            if not self._backward(ranges):
                return False
            rows.tighten(ranges.box_low, ranges.box_high, -np.inf, 0.0)
            self._domain.tighten(ranges.box_low, ranges.box_high, 0.0, np.inf)
            after = ranges.widths()
            if (after < -_OFF).any():
                return False
            for low, high in ((ranges.box_low, ranges.box_high), (ranges.low, ranges.high)):
                np.maximum(high, low, out=high)
            if (after >= (1 - _GAIN) * before - _OFF).all():
                break
        return True

    def forward(self, ranges: Ranges) -> None:
        """Tighten the bounds of all units by those of the inputs, in place."""
        for k, rows in enumerate(self._layers):
            span = self.claim.span(k)
            lower, upper = rows.terms(*self._inputs(ranges, k))
            ranges.low[span] = np.maximum(ranges.low[span], rows.sums(lower))
            ranges.high[span] = np.minimum(ranges.high[span], rows.sums(upper))

    def _inputs(self, ranges: Ranges, layer: int) -> tuple[Array, Array]:
        """Return bounds of a layer's inputs: new arrays, but for those of the network."""
        if layer == 0:
            return ranges.box_low, ranges.box_high
        span, mask = self.claim.span(layer - 1), self.claim.masks[layer - 1]
        low, high = ranges.low[span], ranges.high[span]
        return np.where(mask, np.maximum(low, 0), low), np.where(mask, np.maximum(high, 0), high)

    def _backward(self, ranges: Ranges) -> bool:
        """Tighten bounds by those of later layers and by the conditions; returns False where nothing is left of one."""
        claim = self.claim
        for k in range(claim.depth, -1, -1):
            low, high = self._inputs(ranges, k)
            for layer, rows in self._targets:
                if layer == k:
                    rows.tighten(low, high, -np.inf, 0.0)
            if k < claim.depth:
                span = claim.span(k)
                self._layers[k].tighten(low, high, ranges.low[span], ranges.high[span])
            if (low > high + _OFF).any():
                return False
            if k:
                span, mask = claim.span(k - 1), claim.masks[k - 1]
                ranges.high[span] = np.minimum(ranges.high[span], high)
                ranges.low[span] = np.maximum(ranges.low[span], np.where(mask & (low <= _OFF), -np.inf, low))
        return True

    def scores(self, ranges: Ranges) -> tuple[Array, Array]:
        """Score the two phases, on and off, of the first layer's units: how far each uses up what other units' ranges leave.

        A range that the inputs could leave is a constraint.  One that s inputs could still meet counts 2^-s for each of them, as
        a clause of s literals does in the rule of Jeroslow and Wang.
        """
        rows, span = self._layers[0], self.claim.span(0)
        lower, upper = rows.terms(ranges.box_low, ranges.box_high)
        width, least, greatest = upper - lower, rows.sums(lower), rows.sums(upper)
        widest = np.zeros(len(least))
        np.maximum.at(widest, rows.row, width)
        widest = np.where(widest > _OFF, widest, 1.0)
        room_above, room_below = (ranges.high[span] - least) / widest, (greatest - ranges.low[span]) / widest
        above = np.where(greatest > ranges.high[span] + _OFF, np.exp2(-np.maximum(room_above, 0)), 0)[rows.row]
        below = np.where(least < ranges.low[span] - _OFF, np.exp2(-np.maximum(room_below, 0)), 0)[rows.row]
        share, inputs = width / widest[rows.row], len(ranges.box_low)
        up = np.bincount(rows.column, share * np.where(rows.grows, above, below), inputs)[rows.column]
        down = np.bincount(rows.column, share * np.where(rows.grows, below, above), inputs)[rows.column]
        part = width / np.maximum(np.bincount(rows.row, width, len(least)), _OFF)[rows.row]
        on = np.bincount(rows.row, part * np.where(rows.grows, up, down), len(least))
        off = np.bincount(rows.row, part * np.where(rows.grows, down, up), len(least))
        return on, off
