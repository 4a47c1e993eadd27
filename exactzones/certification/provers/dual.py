"""Lower bounds of linear functions of a network's values on many regions at once, and their ascent.

The bound is the checker's: carried back through the layers with lower slopes (alphas) of open units, multiples (betas) of the
split units' bounds, multipliers of the domain's rows; its least value over a box of inputs.  It is concave in what is chosen
layer by layer, and its gradient comes from one pass forward: the corner of the box at which the bound is taken, carried through
the relaxation that it was computed with.

Source: Wang et al. 2021, Beta-CROWN; Xu et al. 2021, Fast and Complete.  Nothing here is trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exactzones.certification.provers.relaxation import FloatClaim, Floats

_CHORD = 2.0**-22
"""What the checker's slopes of 24 bits cost at most, relatively, and a reserve of four."""
_FIXED = 2.0**-26
"""What its fixed numbers (2^-40 each, summed over weights) cost a bound of values of size 1, with an ample reserve."""
_RATE, _DECAY = 0.25, 0.96
_BETA_RATE = 6.0  # of betas, in units of the coefficients
_FIRST, _SECOND = 0.8, 0.99


@dataclass
class Regions:
    """Regions of the inputs, one a row.

    Attributes:
        low, high: bounds of all hidden units, shape (regions, units).
        box_low, box_high: of the inputs, shape (regions, inputs).
        side: 1 and -1 for units that the path splits (z >= 0, z <= 0), else 0; shape (regions, units).
    """

    low: Floats
    high: Floats
    box_low: Floats
    box_high: Floats
    side: Floats

    @classmethod
    def stack(cls, parts: Sequence[Regions]) -> Regions:
        """Return several as one."""
        names = "low", "high", "box_low", "box_high", "side"
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def take(self, some: Any) -> Regions:
        """Return some of them, in that order."""
        return Regions(self.low[some], self.high[some], self.box_low[some], self.box_high[some], self.side[some])


@dataclass
class Hints:
    """What bounds are computed with, one a row: slopes and multiples of hidden units, of conditions, of the domain's rows.

    Attributes:
        alpha, beta: shape (regions, units).
        mu: shape (regions, conditions), sums of 1.
        rows: shape (regions, rows).
    """

    alpha: Floats
    beta: Floats
    mu: Floats
    rows: Floats

    @classmethod
    def stack(cls, parts: Sequence[Hints]) -> Hints:
        """Return several as one."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*(part.parts() for part in parts), strict=True)))

    def take(self, some: Any) -> Hints:
        """Return some of them, in that order."""
        return Hints(self.alpha[some], self.beta[some], self.mu[some], self.rows[some])

    def put(self, some: Floats, other: Hints) -> None:
        """Replace some of them."""
        for mine, theirs in zip(self.parts(), other.parts(), strict=True):
            mine[some] = theirs

    def parts(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the four arrays."""
        return self.alpha, self.beta, self.mu, self.rows


@dataclass
class Taken:
    """Bounds as they were computed.

    Attributes:
        value: shape (regions,).
        margin: what the checker's rounding may take from them, shape (regions,).
        coefficients: of all hidden units' activations on the way back, shape (regions, units).
        inputs: of the inputs, shape (regions, inputs).
    """

    value: Floats
    margin: Floats
    coefficients: Floats
    inputs: Floats


class Relaxed:
    """Slopes and shifts of all units, ``ReLU(z) <= slope z + shift``, and which are on and open; shape (regions, units)."""

    def __init__(self, claim: FloatClaim, regions: Regions) -> None:
        low, high = regions.low, regions.high
        self.on = (low >= 0) | ~claim.relu
        self.open = ~self.on & (high > 0)
        self.slope = np.where(self.open, high / np.where(self.open, high - low, 1.0), self.on)
        self.shift = np.where(self.open, -self.slope * low, 0.0)

    def slopes(self, alpha: Floats) -> Floats:
        """Return the lower slopes of all units for those of open ones."""
        return np.where(self.open, alpha, self.on)


class Dual:
    """The bound of one claim.

    Args:
        claim: the network and the conditions.
        rows: of the domain, ``b + a . x >= 0``, shape (rows, inputs + 1).
    """

    def __init__(self, claim: FloatClaim, rows: Floats) -> None:
        self.claim, self.rows = claim, rows
        widths = {layer: len(coefficients) for layer, coefficients, _ in claim.targets}
        self.conditions = {
            top: np.array([c if layer == top else np.zeros(width) for layer, c, _ in claim.targets])
            for top, width in widths.items()
        }
        self.constants = np.array([constant for _, _, constant in claim.targets])

    def start(self, mu: Floats) -> tuple[dict[int, Floats], Floats]:
        """Return combinations of the conditions: coefficients of activations (layer: shape (regions, units)), and constants."""
        return {top: mu @ conditions for top, conditions in self.conditions.items()}, mu @ self.constants

    def bound(
        self, regions: Regions, relaxed: Relaxed, hints: Hints, start: tuple[dict[int, Floats], Floats], *, margin: bool = False
    ) -> Taken:
        """Bound functions of the network's values from below, one for each region."""
        claim = self.claim
        begun, constant = start
        count = len(constant)
        coefficients = np.zeros((count, claim.units))
        lower, lost = relaxed.slopes(hints.alpha), np.zeros(count)
        after = np.zeros((count, 0))
        for k in range(max(begun, default=0) - 1, -1, -1):
            span = claim.span(k)
            after = begun[k + 1] + after if after.size and k + 1 in begun else begun.get(k + 1, after)
            coefficients[:, span] = after
            positive = np.maximum(after, 0)
            negative = after - positive
            before = positive * lower[:, span] + negative * relaxed.slope[:, span] - regions.side[:, span] * hints.beta[:, span]
            constant = constant + np.einsum("bn,bn->b", negative, relaxed.shift[:, span]) + before @ claim.biases[k]
            if margin:
                most = np.maximum(-regions.low[:, span], regions.high[:, span])
                lost += (np.abs(after) * np.where(relaxed.open[:, span], most, 0)).sum(1) * _CHORD
                lost += _FIXED * (np.maximum(regions.high[:, span], 0).sum(1) + after.shape[1] + np.abs(claim.biases[k]).sum())
            after = before @ claim.weights[k]
        if 0 in begun:
            after = begun[0] + after if after.size else begun[0]
        if not after.size:
            after = np.zeros((count, regions.box_low.shape[1]))
        if len(self.rows):
            after, constant = after - hints.rows @ self.rows[:, 1:], constant - hints.rows @ self.rows[:, 0]
        value = constant + (np.maximum(after, 0) * regions.box_low + np.minimum(after, 0) * regions.box_high).sum(1)
        if margin:
            lost += _FIXED * (np.maximum(np.abs(regions.box_low), np.abs(regions.box_high)).sum(1) + 1)
            lost += 1e-12 * np.abs(value)
        return Taken(value, lost, coefficients, after)

    def forward(self, regions: Regions, relaxed: Relaxed, hints: Hints, taken: Taken) -> tuple[Floats, Hints]:
        """Return the corners at which bounds are taken, and the gradients."""
        claim = self.claim
        point = np.where(taken.inputs > 0, regions.box_low, regions.box_high)
        lower = relaxed.slopes(hints.alpha)
        before = np.empty_like(hints.alpha)
        values, along = point, {0: point}
        for k in range(claim.depth):
            span = claim.span(k)
            z = values @ claim.weights[k].T + claim.biases[k]
            before[:, span] = z
            values = np.where(
                taken.coefficients[:, span] > 0, lower[:, span] * z, relaxed.slope[:, span] * z + relaxed.shift[:, span]
            )
            along[k + 1] = values
        mu = np.zeros_like(hints.mu)
        if mu.size:
            mu += self.constants
            for top, conditions in self.conditions.items():
                mu += along[top] @ conditions.T
        rows = -(point @ self.rows[:, 1:].T + self.rows[:, 0]) if len(self.rows) else np.zeros_like(hints.rows)
        alpha = np.where(relaxed.open, np.maximum(taken.coefficients, 0) * before, 0)
        return point, Hints(alpha, -regions.side * before, mu, rows)

    def ascend(self, regions: Regions, hints: Hints, steps: int, *, margin: float = 1) -> tuple[Floats, Floats, Hints]:
        """Improve the hints of regions until the conditions cannot hold there, or for some steps.

        Returns:
            The bounds, the corners at which they are taken, and the best hints.
        """
        count = len(hints.alpha)
        best, corners, chosen = np.full(count, -np.inf), np.zeros_like(regions.box_low), hints.take(np.arange(count))
        where = np.arange(count)
        relaxed = Relaxed(self.claim, regions)
        now = hints.take(where)
        first = [np.zeros_like(part) for part in now.parts()]
        second = [np.zeros_like(part) for part in now.parts()]
        scale = np.ones(4)
        for step in range(steps + 1):
            taken = self.bound(regions, relaxed, now, self.start(now.mu), margin=True)
            point, gradient = self.forward(regions, relaxed, now, taken)
            value = taken.value - margin * taken.margin
            if step == 0:
                scale[1] = scale[3] = _BETA_RATE * (np.abs(taken.coefficients).mean() + 1e-12) if taken.coefficients.size else 1.0
            better = np.nonzero(value > best[where])[0]
            best[where[better]], corners[where[better]] = value[better], point[better]
            chosen.put(where[better], now.take(better))
            left = np.nonzero(value <= 0)[0]
            if not len(left) or step == steps:
                break
            parts = []
            if len(left) < 0.8 * len(where):
                where, regions, gradient, now = where[left], regions.take(left), gradient.take(left), now.take(left)
                first, second = [part[left] for part in first], [part[left] for part in second]
                relaxed = Relaxed(self.claim, regions)
            for k, (part, slope) in enumerate(zip(now.parts(), gradient.parts(), strict=True)):
                first[k] = _FIRST * first[k] + (1 - _FIRST) * slope
                second[k] = _SECOND * second[k] + (1 - _SECOND) * slope**2
                direction = first[k] / (1 - _FIRST ** (step + 1)) / (np.sqrt(second[k] / (1 - _SECOND ** (step + 1))) + 1e-30)
                parts.append(part + _RATE * _DECAY**step * scale[k] * direction)
            now = Hints(np.clip(parts[0], 0, 1), np.maximum(parts[1], 0), _on_simplex(parts[2]), np.maximum(parts[3], 0))
        return best, corners, chosen


def _on_simplex(points: Floats) -> Floats:
    """Return the nearest points with entries >= 0 that sum to 1 (Held, Wolfe and Crowder 1974)."""
    if points.shape[1] < 2:
        return np.ones_like(points)
    falling = -np.sort(-points, 1)
    above = np.cumsum(falling, 1) - 1
    many = (falling * np.arange(1, points.shape[1] + 1) > above).sum(1)
    shift = above[np.arange(len(points)), many - 1] / many
    found: Floats = np.maximum(points - shift[:, None], 0)
    return found
