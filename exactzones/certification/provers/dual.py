"""Lower bounds of linear functions of a network's values on many boxes at once, and their maximisation over dual variables.

The bound is the checker's: back-substitution through the layers, with lower slopes (alphas) of open units, multiples (betas) of
the split units' bounds and multipliers of the domain's rows, then the least value over a box of inputs.  It is concave in the
variables of each layer.  One forward pass gives its gradient: it carries the corner of the box at which the bound is attained
through the relaxation with which the bound was computed.

Sources: Wang et al. 2021, Beta-CROWN; Xu et al. 2021, Fast and Complete.  Nothing in this module is trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from exactzones.certification.provers.base import UNKNOWN, FloatRegion
from exactzones.certification.provers.propagation import Propagation, Ranges
from exactzones.certification.provers.relaxation import FloatClaim
from exactzones.checker.arithmetic import Array

_CHORD = 2.0**-22
"""Largest relative error of the checker's slopes, which have 24 bits, with a factor of four to spare."""
_FIXED = 2.0**-26
"""Generous bound on the rounding error, for values of size 1, of the checker's fixed-point numbers: 2^-40 for each weight."""
_RATE, _DECAY = 0.25, 0.96
_BETA_RATE = 6.0
"""Learning rate of betas and of rows' multipliers, relative to the mean absolute coefficient."""
_FIRST, _SECOND = 0.8, 0.99
"""Decay rates of Adam's first and second moments."""
_SHRINK = 0.8
"""Proved boxes are removed from a batch once less than this share of the batch is unproved."""

Combinations: TypeAlias = tuple[dict[int, Array], Array]
"""Linear functions, one for each box: by layer the coefficients of its inputs, shape (boxes, units), and constants."""


@dataclass
class BoxBatch:
    """Regions of the input space that are boxes, one in each row.

    Attributes:
        low, high: bounds of all hidden units, shape (boxes, units).
        box_low, box_high: bounds of the inputs, shape (boxes, inputs).
        side: 1 or -1 for units that were split on the path (z >= 0 or z <= 0), else 0; shape (boxes, units).
    """

    low: Array
    high: Array
    box_low: Array
    box_high: Array
    side: Array

    @classmethod
    def stack(cls, parts: Sequence[BoxBatch]) -> BoxBatch:
        """Return several batches as one."""
        names = "low", "high", "box_low", "box_high", "side"
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def take(self, rows: Any) -> BoxBatch:
        """Return the boxes with these row numbers, in that order."""
        return BoxBatch(self.low[rows], self.high[rows], self.box_low[rows], self.box_high[rows], self.side[rows])

    def without(self, units: Array) -> BoxBatch:
        """Return the boxes without the units that a mask chooses."""
        return BoxBatch(self.low[:, ~units], self.high[:, ~units], self.box_low, self.box_high, self.side[:, ~units])


@dataclass
class DualVariables:
    """The dual variables of bounds, one bound in each row.

    Attributes:
        alpha, beta: lower slopes of open units and multipliers of split units' bounds, shape (boxes, units).
        mu: multipliers of the conditions, which sum to 1; shape (boxes, conditions).
        rows: multipliers of the domain's rows, shape (boxes, rows).
    """

    alpha: Array
    beta: Array
    mu: Array
    rows: Array

    @classmethod
    def stack(cls, parts: Sequence[DualVariables]) -> DualVariables:
        """Return several batches as one."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*(part.arrays() for part in parts), strict=True)))

    def take(self, rows: Any) -> DualVariables:
        """Return the variables with these row numbers, in that order."""
        return DualVariables(self.alpha[rows], self.beta[rows], self.mu[rows], self.rows[rows])

    def without(self, units: Array) -> DualVariables:
        """Return the variables without those of the units that a mask chooses."""
        return DualVariables(self.alpha[:, ~units], self.beta[:, ~units], self.mu, self.rows)

    def put(self, rows: Array, other: DualVariables) -> None:
        """Replace the variables with these row numbers."""
        for ours, theirs in zip(self.arrays(), other.arrays(), strict=True):
            ours[rows] = theirs

    def arrays(self) -> tuple[Array, Array, Array, Array]:
        """Return the four arrays."""
        return self.alpha, self.beta, self.mu, self.rows


@dataclass
class BoundResult:
    """Lower bounds and the quantities needed for their gradients.

    Attributes:
        value: the bounds, shape (boxes,).
        margin: what the checker's rounding may subtract from them, shape (boxes,).
        coefficients: of all hidden units' activations in the back-substitution, shape (boxes, units).
        inputs: coefficients of the inputs, shape (boxes, inputs).
    """

    value: Array
    margin: Array
    coefficients: Array
    inputs: Array


class Relaxed:
    """The triangle relaxation of all units: ``ReLU(z) <= slope z + shift``, and which units are on and open.

    All arrays have shape (boxes, units).  In float arithmetic there are also bounds on the rounding ``errors`` of each layer's
    pre-activations, and on what these take from each condition (``lost``, shape (boxes, conditions)).
    """

    def __init__(self, claim: FloatClaim, boxes: BoxBatch) -> None:
        low, high = boxes.low, boxes.high
        self.on = (low >= 0) | ~claim.relu
        self.open = ~self.on & (high > 0)
        self.slope = np.where(self.open, high / np.where(self.open, high - low, 1.0), self.on)
        self.shift = np.where(self.open, -self.slope * low, 0.0)
        sizes = claim.sizes(low, high)
        errors = [claim.errors(k, sizes) for k in range(claim.depth)]
        self.errors = [error for error in errors if error is not None]
        self.lost = claim.target_errors(sizes)

    def lower_slopes(self, alpha: Array) -> Array:
        """Return the lower slopes of all units: alpha where a unit is open, else 1 or 0."""
        return np.where(self.open, alpha, self.on)


class Adam:
    """Gradient ascent with adaptive steps, for the four arrays of dual variables.

    Attributes:
        scales: learning rate of each array, relative to the common one.

    Source: Kingma and Ba 2015, Adam: A Method for Stochastic Optimization.
    """

    def __init__(self, variables: DualVariables) -> None:
        self._first = [np.zeros_like(part) for part in variables.arrays()]
        self._second = [np.zeros_like(part) for part in variables.arrays()]
        self.scales = np.ones(4)

    def keep(self, rows: Array) -> None:
        """Keep these rows of the batch only."""
        self._first, self._second = [part[rows] for part in self._first], [part[rows] for part in self._second]

    def step(self, step: int, variables: DualVariables, gradient: DualVariables) -> DualVariables:
        """Return the variables after step number ``step``, projected onto what is allowed."""
        moved = []
        for k, (part, slope) in enumerate(zip(variables.arrays(), gradient.arrays(), strict=True)):
            first = self._first[k] = _FIRST * self._first[k] + (1 - _FIRST) * slope
            second = self._second[k] = _SECOND * self._second[k] + (1 - _SECOND) * slope**2
            direction = first / (1 - _FIRST ** (step + 1)) / (np.sqrt(second / (1 - _SECOND ** (step + 1))) + 1e-30)
            moved.append(part + _RATE * _DECAY**step * self.scales[k] * direction)
        alpha, beta, mu, rows = moved
        return DualVariables(np.clip(alpha, 0, 1), np.maximum(beta, 0), _on_simplex(mu), np.maximum(rows, 0))


class Ascent(NamedTuple):
    """The best bounds that an ascent reached.

    Attributes:
        value: the bounds less the checker's rounding, shape (boxes,).
        corners: the corner of the box at which each is attained, shape (boxes, inputs).
        variables: the dual variables of each.
    """

    value: Array
    corners: Array
    variables: DualVariables


def _go_on() -> None:
    """Raise nothing."""


class DualBound:
    """The lower bound of a claim's conditions as a function of dual variables.

    Args:
        claim: the network and the conditions.
        rows: of the domain, ``b + a . x >= 0``, shape (rows, inputs + 1).
    """

    def __init__(self, claim: FloatClaim, rows: Array) -> None:
        self.claim, self.rows = claim, rows
        widths = {layer: len(coefficients) for layer, coefficients, _ in claim.targets}
        self.conditions = {
            top: np.array([c if layer == top else np.zeros(width) for layer, c, _ in claim.targets])
            for top, width in widths.items()
        }
        self.constants = np.array([constant for _, _, constant in claim.targets])

    def combined(self, mu: Array, relaxed: Relaxed) -> Combinations:
        """Return the combinations of the conditions with multipliers of shape (boxes, conditions)."""
        constants = mu @ self.constants
        if relaxed.lost is not None:
            constants = constants - (mu * relaxed.lost).sum(1)
        return {top: mu @ conditions for top, conditions in self.conditions.items()}, constants

    def bound(
        self, boxes: BoxBatch, relaxed: Relaxed, variables: DualVariables, functions: Combinations, *, margin: bool = False
    ) -> BoundResult:
        """Bound linear functions of the network's values from below, and with ``margin`` the rounding.

        Each function has a box and variables of its own, or all have the only ones.
        """
        claim = self.claim
        coefficients_of, constant = functions
        count = len(constant)
        coefficients = np.zeros((count, claim.units))
        lower, lost = relaxed.lower_slopes(variables.alpha), np.zeros(count)
        after = np.zeros((count, 0))
        for k in range(max(coefficients_of, default=0) - 1, -1, -1):
            span = claim.span(k)
            after = (
                coefficients_of[k + 1] + after if after.size and k + 1 in coefficients_of else coefficients_of.get(k + 1, after)
            )
            coefficients[:, span] = after
            positive = np.maximum(after, 0)
            negative = after - positive
            before = positive * lower[:, span] + negative * relaxed.slope[:, span] - boxes.side[:, span] * variables.beta[:, span]
            constant = constant + _row_sums(negative, relaxed.shift[:, span]) + before @ claim.biases[k]
            if relaxed.errors:
                constant = constant - _row_sums(np.abs(before), relaxed.errors[k])
            if margin:
                most = np.maximum(-boxes.low[:, span], boxes.high[:, span])
                lost += _row_sums(np.abs(after), np.where(relaxed.open[:, span], most, 0)) * _CHORD
                lost += _FIXED * (np.maximum(boxes.high[:, span], 0).sum(1) + after.shape[1] + np.abs(claim.biases[k]).sum())
            after = before @ claim.weights[k]
        if 0 in coefficients_of:
            after = coefficients_of[0] + after if after.size else coefficients_of[0]
        inputs = after if after.size else np.zeros((count, boxes.box_low.shape[1]))
        if len(self.rows):
            inputs, constant = inputs - variables.rows @ self.rows[:, 1:], constant - variables.rows @ self.rows[:, 0]
        positive = np.maximum(inputs, 0)
        value = constant + _row_sums(positive, boxes.box_low) + _row_sums(inputs - positive, boxes.box_high)
        if margin:
            lost += _FIXED * (np.maximum(np.abs(boxes.box_low), np.abs(boxes.box_high)).sum(1) + 1)
            lost += 1e-12 * np.abs(value)
        return BoundResult(value, lost, coefficients, inputs)

    def gradient(
        self, boxes: BoxBatch, relaxed: Relaxed, variables: DualVariables, result: BoundResult
    ) -> tuple[Array, DualVariables]:
        """Return the corners at which bounds of combined conditions are attained, and the gradients there."""
        claim = self.claim
        corners = np.where(result.inputs > 0, boxes.box_low, boxes.box_high)
        lower = relaxed.lower_slopes(variables.alpha)
        before = np.empty_like(variables.alpha)
        values, values_before = corners, {0: corners}
        for k in range(claim.depth):
            span = claim.span(k)
            z = values @ claim.weights[k].T + claim.biases[k]
            before[:, span] = z
            values = np.where(
                result.coefficients[:, span] > 0, lower[:, span] * z, relaxed.slope[:, span] * z + relaxed.shift[:, span]
            )
            values_before[k + 1] = values
        mu = np.zeros_like(variables.mu)
        if mu.size:
            mu += self.constants if relaxed.lost is None else self.constants - relaxed.lost
            for top, conditions in self.conditions.items():
                mu += values_before[top] @ conditions.T
        rows = -(corners @ self.rows[:, 1:].T + self.rows[:, 0]) if len(self.rows) else np.zeros_like(variables.rows)
        alpha = np.where(relaxed.open, np.maximum(result.coefficients, 0) * before, 0)
        return corners, DualVariables(alpha, -boxes.side * before, mu, rows)

    def ascend(
        self, boxes: BoxBatch, start: DualVariables, steps: int, *, margin: float = 1, look: Callable[[], None] = _go_on
    ) -> Ascent:
        """Improve dual variables until they prove that the conditions cannot hold on their box, or the steps are used up.

        Args:
            boxes: the regions.
            start: the variables to start from.
            steps: largest number of steps.
            margin: how often the bound on the checker's rounding is subtracted from a bound.
            look: is called before each step; what it raises ends the ascent.
        """
        count = len(start.alpha)
        rows = np.arange(count)  # which boxes are still worked on
        best = Ascent(np.full(count, -np.inf), np.zeros_like(boxes.box_low), start.take(rows))
        relaxed, variables, adam = Relaxed(self.claim, boxes), start.take(rows), Adam(start)
        for step in range(steps + 1):
            look()
            result = self.bound(boxes, relaxed, variables, self.combined(variables.mu, relaxed), margin=True)
            corners, gradient = self.gradient(boxes, relaxed, variables, result)
            value = result.value - margin * result.margin
            if step == 0 and result.coefficients.size:
                adam.scales[[1, 3]] = _BETA_RATE * (np.abs(result.coefficients).mean() + 1e-12)
            better = np.nonzero(value > best.value[rows])[0]
            best.value[rows[better]], best.corners[rows[better]] = value[better], corners[better]
            best.variables.put(rows[better], variables.take(better))
            left = np.nonzero(value <= 0)[0]
            if not len(left) or step == steps:
                break
            if len(left) < _SHRINK * len(rows):
                rows, boxes, gradient, variables = rows[left], boxes.take(left), gradient.take(left), variables.take(left)
                adam.keep(left)
                relaxed = Relaxed(self.claim, boxes)
            variables = adam.step(step, variables, gradient)
        return best


def shortfall(region: FloatRegion) -> float | None:
    """Return how far the best bound of a condition of some case is from refuting the case on a region; None without a bound."""
    claim, sides = region.claim, (region.low, region.high, *region.known)
    ranges = Ranges(*(side.astype(float) for side in sides))
    if all(isinstance(weight, np.ndarray) for weight in claim.weights):
        Propagation(claim, region.rows.matrix).forward(ranges)  # no bound of a unit may be proved yet
    low, high = (np.clip(side, -UNKNOWN, UNKNOWN)[None] for side in (ranges.low, ranges.high))
    boxes = BoxBatch(low, high, ranges.box_low[None], ranges.box_high[None], np.zeros_like(low))
    relaxed, dual = Relaxed(claim, boxes), DualBound(claim, np.zeros((0, len(region.low) + 1)))
    alpha, values = (boxes.high > -boxes.low).astype(float), []
    for mu in np.eye(len(claim.targets))[:, None]:
        variables = DualVariables(alpha, np.zeros_like(low), mu, np.zeros((1, 0)))
        values.append(float(dual.bound(boxes, relaxed, variables, dual.combined(mu, relaxed)).value[0]))
    lacking = [-max(values[case]) for case in claim.cases if values[case]]
    return max(0.0, *lacking) if lacking and max(lacking) < UNKNOWN else None


def least(inputs: Array, low: Array, high: Array) -> Array:
    """Return the least values of linear functions over boxes."""
    values: Array = (np.maximum(inputs, 0) * low + np.minimum(inputs, 0) * high).sum(-1)
    return values


def _row_sums(left: Array, right: Array) -> Array:
    """Return the dot products of rows, or those with the only row on the right."""
    sums: Array = left @ right[0] if len(right) == 1 else np.einsum("bn,bn->b", left, right)
    return sums


def _on_simplex(points: Array) -> Array:
    """Return the nearest points with entries >= 0 that sum to 1 (Held, Wolfe and Crowder 1974)."""
    if points.shape[1] < 2:
        return np.ones_like(points)
    descending = -np.sort(-points, 1)
    excess = np.cumsum(descending, 1) - 1
    positive = (descending * np.arange(1, points.shape[1] + 1) > excess).sum(1)
    shift = excess[np.arange(len(points)), positive - 1] / positive
    projected: Array = np.maximum(points - shift[:, None], 0)
    return projected
