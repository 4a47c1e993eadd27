"""Bounds of hidden units with lower slopes that gradient ascent chooses for each of them, where fixed slopes were not enough.

Nothing here is trusted: the slopes become hints, with which the checker computes the bounds.

Source: Xu et al. 2021, Fast and complete: enabling complete neural network verification with rapid and massively parallel
incomplete verifiers (alpha-CROWN).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from exactzones.certification.provers.dual import Adam, BoxBatch, DualBound, DualVariables, Relaxed
from exactzones.certification.provers.relaxation import FloatClaim
from exactzones.checker.arithmetic import Array
from exactzones.checker.bounds import ALPHA_BITS

_STEPS = 10  # of the ascent
_WORK = 1 << 35  # multiplications that bounds may take, at most
_TOGETHER = 128  # units that are bounded at once
_WORTH = 0.02  # a bound is kept if it narrows the unit's range by this share, or settles the unit

_DEEPEST = 4  # splits of a layer of few open units for which bounds are sharpened again, and how many units are few
_MANY = 4  # how many times as many open units there must be in later layers

Slopes: TypeAlias = tuple[tuple[int, int], ...]
"""Lower slopes of open units, times 2^8, by unit, where they are not those that the checker takes without a hint."""


class SharpBounds(NamedTuple):
    """Bounds of all hidden units on a box.

    Attributes:
        boxes: the box with these bounds, as a batch of one row.
        slopes: (unit, 1 for an upper bound) -> the slopes with which that bound is computed; of better bounds only.
    """

    boxes: BoxBatch
    slopes: dict[tuple[int, int], Slopes]


def is_affordable(claim: FloatClaim, boxes: BoxBatch) -> bool:
    """Tell whether units of later layers are few enough on a box, as a batch of one row, and no layer is sparse."""
    if not all(isinstance(weight, np.ndarray) for weight in claim.weights):
        return False
    open_units = ((boxes.low < 0) & (boxes.high > 0))[0]
    sizes = np.cumsum([weight.shape[0] * weight.shape[1] for weight in claim.weights])
    work = sum(int(open_units[claim.span(k)].sum()) * int(sizes[k]) for k in range(1, claim.depth))
    return 0 < 4 * (_STEPS + 1) * work <= _WORK  # both bounds, each with its gradient


def bottleneck(claim: FloatClaim, boxes: BoxBatch) -> int | None:
    """Return a unit whose splits are worth sharp bounds of later units, for a box as a batch of one row; None if there is none.

    It is one of the few open units of a layer between others.  Much of what later layers do not know about each other comes from
    these few.  Which unit it is depends on the box only, so that all claims about it split it in the same way and share bounds.
    """
    if claim.depth < 3 or np.count_nonzero(boxes.side) >= _DEEPEST or not is_affordable(claim, boxes):
        return None
    low, high = boxes.low[0], boxes.high[0]
    open_units = (low < 0) & (high > 0) & claim.relu & (boxes.side[0] == 0)
    counts = [int(open_units[claim.span(k)].sum()) for k in range(claim.depth)]
    for k in range(1, claim.depth - 1):
        if 0 < counts[k] <= _DEEPEST and sum(counts[k + 1 :]) >= _MANY * counts[k]:
            units = claim.span(k).start + np.flatnonzero(open_units[claim.span(k)])
            return int(units[np.argmax(np.minimum(-low[units], high[units]))])
    return None


def sharpen(dual: DualBound, boxes: BoxBatch, margin: float, look: Callable[[], None]) -> SharpBounds:
    """Bound the open units of all layers but the first, layer by layer.

    Args:
        dual: bounds functions of the network.
        boxes: a batch of one row; it is not changed.
        margin: how often the bound on the checker's rounding is subtracted from a bound.
        look: is called before each step; what it raises ends the work.
    """
    claim, box = dual.claim, boxes.take([0])
    slopes: dict[tuple[int, int], Slopes] = {}
    for k in range(1, claim.depth):
        first, relaxed = claim.span(k).start, Relaxed(claim, box)
        usual = (box.high[0] > -box.low[0]).astype(int) << ALPHA_BITS
        open_units = np.flatnonzero(relaxed.open[0, claim.span(k)])
        for start in range(0, len(open_units), _TOGETHER):
            units = open_units[start : start + _TOGETHER]
            for upper in (0, 1):
                values, alpha = _ascend(dual, box, _Asked(k, units, upper), margin, look)
                known, other = (side[0, first + units] for side in ((box.high, box.low) if upper else (box.low, box.high)))
                gain = known - values if upper else values - known
                settles = (gain > 0) & ((values <= 0) if upper else (values >= 0))
                better = settles | (gain > _WORTH * np.abs(other - known))
                (box.high if upper else box.low)[0, first + units[better]] = values[better]
                for row in np.flatnonzero(better).tolist():
                    chosen = np.flatnonzero((alpha[row] >= 0) & (alpha[row] != usual)).tolist()
                    slopes[first + int(units[row]), upper] = tuple((unit, int(alpha[row, unit])) for unit in chosen)
    return SharpBounds(box, slopes)


class _Asked(NamedTuple):
    """Units of layer k, as places in it, and whether their upper bounds are asked for."""

    k: int
    units: Array
    upper: int


def _ascend(dual: DualBound, box: BoxBatch, asked: _Asked, margin: float, look: Callable[[], None]) -> tuple[Array, Array]:
    """Return the best bounds that were found, and their slopes times 2^8, shape (asked, units); -1 where none is needed."""
    claim, (k, units, upper) = dual.claim, asked
    relaxed, count, sign = Relaxed(claim, box), len(units), -1 if upper else 1
    lost = relaxed.errors[k][0, units] if relaxed.errors else 0
    functions = {k: sign * claim.weights[k][units]}, sign * claim.biases[k][units] - lost
    start = np.repeat((box.high > -box.low).astype(float), count, 0)
    none = np.zeros((count, 0)), np.zeros((count, len(dual.rows)))
    variables = DualVariables(start, np.zeros_like(start), *none)
    best, alpha, adam = np.full(count, -np.inf), start.copy(), Adam(variables)
    for step in range(_STEPS + 1):
        look()
        result = dual.bound(box, relaxed, variables, functions)
        better = result.value > best
        best[better], alpha[better] = result.value[better], variables.alpha[better]
        if step < _STEPS:
            variables = adam.step(step, variables, dual.gradient(box, relaxed, variables, result)[1])
    rounded = np.rint(alpha * (1 << ALPHA_BITS))
    variables = DualVariables(rounded / (1 << ALPHA_BITS), np.zeros_like(start), *none)
    result = dual.bound(box, relaxed, variables, functions, margin=True)
    needed = relaxed.open & (result.coefficients > 0)
    return sign * (result.value - margin * result.margin), np.where(needed, rounded, -1).astype(int)
