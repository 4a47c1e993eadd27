"""Prover for many inputs: branch and bound over hidden units, on a box, with bounds that gradient ascent improves.

Nothing here is trusted: floats propose a tree with hints, the checker's integers decide.  At the root back-substitution (CROWN)
bounds all units.  Then the conditions are bounded, with lower slopes of open units and multiples of split units' bounds chosen by
gradient ascent (beta-CROWN).  A region that is not proved is split by the most promising of a few candidate units.  Where a layer
between others has few open units, these come first, and later units are bounded anew on each side (see ``bottleneck``).

Sources: Zhang et al. 2018, CROWN; Wang et al. 2021, Beta-CROWN; Bunel et al. 2020, Branch and bound for piecewise linear neural
network verification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from exactzones.certification.provers.base import UNKNOWN, FloatRegion, RegionSearch
from exactzones.certification.provers.box_leaves import BITS, Refuted, as_written, usual_slopes
from exactzones.certification.provers.dual import BoundResult, BoxBatch, DualBound, DualVariables, Relaxed, least
from exactzones.certification.provers.relaxation import FloatClaim
from exactzones.certification.provers.shared_bounds import SharedBounds, key_of
from exactzones.certification.provers.sharp_bounds import Slopes, bottleneck, is_affordable, sharpen
from exactzones.checker.arithmetic import Array
from exactzones.checker.bounds import ALPHA_BITS
from exactzones.rational.blocks import SparseFloats

_ROOT_STEPS, _STEPS = 100, 20
_CANDIDATES = 8  # units whose splits are bounded in full; units of the first layer are cheaper, and are tried in addition
_FIRST_LAYER = 128  # candidates of the first layer
_WORK = 1 << 22  # most numbers in a batch of bounds
_NUMBERS = 1 << 17  # of inputs and units of the boxes that are visited at once
_NEIGHBOURS = 64  # units of a sparse layer that are bounded at once: they depend on few units, which are close to each other
_OFF = 0.2  # share of units that must be off to be left out
_WORTH = 0.05  # a unit's bound is kept if it narrows the unit's range by this share, or settles the unit


@dataclass
class _OpenBoxes:
    """A region that waits to be visited, as a batch of one row, with the dual variables to start from.

    Attributes:
        sharp: whether sharper bounds of its units are worth their time.
    """

    boxes: BoxBatch
    variables: DualVariables
    parent: int
    side: int
    sharp: bool = False


class _Candidates(NamedTuple):
    """Regions that are to be split.

    Attributes:
        boxes, variables, relaxed, result: the regions, and how their conditions were bounded.
        gain: an estimate of what splitting each unit gains, -1 where a unit is not open; shape (boxes, units).
        worst: the bound of the conditions, shape (boxes, 1); below zero.
    """

    boxes: BoxBatch
    variables: DualVariables
    relaxed: Relaxed
    result: BoundResult
    gain: Array
    worst: Array


class _SignedUnits(NamedTuple):
    """Units of one layer that are to be bounded, as parallel arrays: boxes, places in the layer, and 1 or -1 for z or -z."""

    cell: Array
    unit: Array
    sign: Array


class BoxSearch(RegionSearch):
    """Search of regions by splits of hidden units.

    Args:
        regions: with the same claim and domain; of their rows only those of the domain are used.
        margin: how often the bound on the checker's rounding is subtracted from a bound.
        shared: takes and gives bounds of units.
    """

    def __init__(self, regions: Sequence[FloatRegion], *, margin: float = 1, shared: SharedBounds | None = None) -> None:
        claim, self.rows = regions[0].claim, regions[0].rows
        super().__init__(regions, _batch(claim, len(regions[0].low)))
        self._units = np.arange(claim.units)  # the number of each unit of the claim among all hidden units
        self._shared = SharedBounds() if shared is None else shared
        self.margin = margin
        self.dual = DualBound(claim, self.rows.matrix)
        self.bounds: dict[int, list[tuple[int, int]]] = {}
        self.slopes: dict[int, dict[tuple[int, int], Slopes]] = {}  # by node
        for place, region in reversed([*enumerate(regions)]):
            if len(claim.targets):
                boxes, variables = self._first_boxes(region)
                self.stack.append(_OpenBoxes(boxes, variables, -1, place, sharp=not boxes.side.any()))

    def _first_boxes(self, region: FloatRegion) -> tuple[BoxBatch, DualVariables]:
        """Return a region as a batch of one row, and the dual variables to start from."""
        claim, count = self.claim, len(self.claim.targets)
        side = np.zeros((1, claim.units))
        for split in region.path:
            if split is not None:
                side[0, split[0]] = 1 if split[1] else -1
        box = region.low[None].astype(float), region.high[None].astype(float)
        low, high = np.maximum(region.known[0], -UNKNOWN)[None], np.minimum(region.known[1], UNKNOWN)[None]
        on = (low >= 0) & (high >= UNKNOWN)  # for the size of rounding errors an estimate is enough
        high[on] = _upper_estimate(low, claim.pre_activations((box[0] + box[1]) / 2))[on]
        boxes = BoxBatch(low, high, *box, side)
        variables = DualVariables(
            np.zeros((1, claim.units)),
            np.zeros((1, claim.units)),
            np.full((1, count), 1 / max(count, 1)),
            np.zeros((1, len(self.rows.matrix))),
        )
        return boxes, variables

    def _step(self, batch: list[_OpenBoxes], numbers: Array) -> None:
        boxes, variables = BoxBatch.stack([item.boxes for item in batch]), DualVariables.stack([item.variables for item in batch])
        roots = np.array([item.parent < 0 for item in batch])
        root = bool((roots & ~boxes.side.any(1)).any())  # else an earlier search has split it
        self._tighten(boxes, numbers, root=root, begun=bool(roots.any()))
        variables.alpha[roots] = (boxes.high > -boxes.low)[roots]
        steps = _ROOT_STEPS if roots.any() else _STEPS  # the certificate has no dual variables of regions that are searched on
        value, corners, variables = self.dual.ascend(boxes, variables, steps, margin=self.margin, look=self.deadline.check)
        self._try_witness(corners)
        if self.witness is not None:
            return
        proved = self._prove(boxes, variables, numbers, value > 0)
        worth = np.array([item.sharp for item in batch])
        sharper = [k for k in np.flatnonzero(worth & ~proved).tolist() if self._sharpen(boxes, k, int(numbers[k]))]
        if sharper:
            sub = boxes.take(sharper)
            value[sharper], _, better = self.dual.ascend(
                sub, variables.take(sharper), _ROOT_STEPS, margin=self.margin, look=self.deadline.check
            )
            variables.put(np.array(sharper), better)
            proved[sharper] = self._prove(sub, better, numbers[sharper], value[sharper] > 0)
        left = np.nonzero(~proved)[0]
        if len(left):
            self._branch(boxes.take(left), variables.take(left), value[left], numbers[left])
        if roots.any() and all(item.parent >= 0 for item in self.stack):
            self._leave_out_off()

    def _leave_out_off(self) -> None:
        """Leave out of the claim the units that are off on all regions, if there are many."""
        boxes = [item.boxes for item in self.stack]
        off = np.logical_and.reduce([(box.high[0] <= 0) & (box.side[0] == 0) for box in boxes] or [np.array(False)])
        off = off & self.claim.relu
        if self.claim.rounding is not None or not off.any() or off.mean() < _OFF:
            return
        self.claim, self._units = self.claim.without(off), self._units[~off]
        self.dual = DualBound(self.claim, self.rows.matrix)
        for item in self.stack:
            item.boxes, item.variables = item.boxes.without(off), item.variables.without(off)
        self.batch = _batch(self.claim, self.rows.matrix.shape[1] - 1)

    # Bounds.

    def _tighten(self, boxes: BoxBatch, numbers: Array, *, root: bool, begun: bool = False) -> None:
        """Bound the open units of all layers, in place: always at a root, and below it where that is cheaper than the ascent.

        Of boxes with which a search has ``begun``, the certificate has those bounds only on which its leaves rest.
        """
        claim = self.claim
        if root:
            for k, number in enumerate(numbers.tolist()):
                self._tighten_root(boxes, k, number)
        elif begun or self._open_later(boxes) <= 2 * _STEPS:
            for k in range(0 if begun else 1, claim.depth):  # splits do not change the box: the first layer's bounds are final
                self._bound_layer(boxes, numbers, k)

    def _open_later(self, boxes: BoxBatch) -> float:
        """Return how many units are open on a box, without those of the first layer, on average."""
        later = slice(self.claim.offsets[:2][-1], None)
        return float(((boxes.low < 0) & (boxes.high > 0) & self.claim.relu)[:, later].sum(1).mean())

    def _tighten_root(self, boxes: BoxBatch, place: int, number: int) -> None:
        """Bound the open units of one box, or take the bounds that another search has found on it."""
        box, claim = boxes.take([place]), self.claim
        key = key_of(claim, self.margin, box)
        if key not in self._shared.roots:
            for k in range(claim.depth):
                self._bound_layer(box, np.array([number]), k)
            self._shared.roots.clear()
            self._shared.roots[key] = box.low, box.high, self.bounds.get(number, [])
        boxes.low[place], boxes.high[place], bounds = self._shared.roots[key]
        if bounds:
            self.bounds[number] = bounds

    def _sharpen(self, boxes: BoxBatch, place: int, number: int) -> bool:
        """Bound the open units of a box more sharply, in place, if that is affordable; tell whether."""
        box = boxes.take([place])
        if not is_affordable(self.claim, box):
            return False
        sharp = self._shared.sharper(
            (self._units.tobytes(), key_of(self.claim, self.margin, box)),
            lambda: sharpen(self.dual, box, self.margin, self.deadline.check),
        )
        boxes.low[place], boxes.high[place] = sharp.boxes.low[0], sharp.boxes.high[0]
        units = self._units.tolist()
        self.slopes[number] = {
            (units[unit], upper): tuple((units[of], alpha) for of, alpha in slopes)
            for (unit, upper), slopes in sharp.slopes.items()
        }
        return bool(sharp.slopes)

    def _bound_layer(self, boxes: BoxBatch, numbers: Array, k: int) -> None:
        """Bound the open units of hidden layer k, in place.

        In real arithmetic the bound that may settle a unit comes first, and where it does, there is no other: the upper bound
        of a unit that is on is then only an estimate, for the size of rounding errors.
        """
        claim = self.claim
        span, first = claim.span(k), claim.span(k).start
        cell, unit = np.nonzero((boxes.low[:, span] < 0) & (boxes.high[:, span] > 0))
        if not len(cell):
            return
        weights = claim.weights[k]
        size = max(1, _WORK // max(1, claim.units + boxes.box_low.shape[1]))
        if isinstance(weights, SparseFloats):
            order = np.lexsort((weights.row_order[unit], cell))
            cell, unit, size = cell[order], unit[order], min(size, _NEIGHBOURS)
        middle = claim.pre_activations((boxes.box_low + boxes.box_high) / 2)[cell, first + unit]
        sign = np.where((middle >= 0) | ~claim.masks[k][unit], 1, -1)
        for flip in (1, -1):
            both = claim.rounding is not None or flip == 1
            settled = (boxes.low[cell, first + unit] >= 0) | (boxes.high[cell, first + unit] <= 0) | ~claim.masks[k][unit]
            left = np.arange(len(cell)) if both else np.flatnonzero(~settled)
            for start in range(0, len(left), size):
                self.deadline.check()
                part = left[start : start + size]
                self._bound_units(boxes, numbers, k, _SignedUnits(cell[part], unit[part], flip * sign[part]))
        low, high = boxes.low[cell, first + unit], boxes.high[cell, first + unit]
        boxes.high[cell, first + unit] = np.where(high < UNKNOWN, high, _upper_estimate(low, middle))

    def _bound_units(self, boxes: BoxBatch, numbers: Array, k: int, asked: _SignedUnits) -> None:
        """Bound units of hidden layer k from one side, each on a box of its own, in place; worthwhile bounds are recorded."""
        claim, (cell, unit, sign) = self.claim, asked
        sub = boxes.take(cell[:1] if (cell == cell[0]).all() else cell)
        relaxed = Relaxed(claim, sub)
        variables = DualVariables(
            (sub.high > -sub.low).astype(float),
            np.zeros_like(sub.low),
            np.zeros((len(sub.low), 0)),
            np.zeros((len(sub.low), len(self.rows.numbers))),
        )
        place = claim.span(k).start + unit
        lost = relaxed.errors[k][np.arange(len(sub.low)) if len(sub.low) > 1 else 0, unit] if relaxed.errors else 0
        functions = {k: sign[:, None] * claim.weights[k][unit]}, sign * claim.biases[k][unit] - lost
        result = self.dual.bound(sub, relaxed, variables, functions, margin=True)
        values = sign * (result.value - self.margin * result.margin)
        low, high = boxes.low[cell, place], boxes.high[cell, place]
        worth = np.maximum(_WORTH * (high - low), 1e-12)
        better_low, better_high = (values > low + worth) | (values >= 0), (values < high - worth) | (values <= 0)
        for upper, better in ((0, better_low & (sign > 0)), (1, better_high & (sign < 0))):
            known = boxes.high if upper else boxes.low
            for c, u, value in zip(cell[better].tolist(), place[better].tolist(), values[better].tolist(), strict=True):
                known[c, u] = value
                self.bounds.setdefault(int(numbers[c]), []).append((int(self._units[u]), upper))

    def _prove(self, boxes: BoxBatch, variables: DualVariables, numbers: Array, likely: Array) -> Array:
        """Round the dual variables of regions that seem proved, record those that remain proved, and return which."""
        done = np.zeros(len(numbers), bool)
        for bits in BITS:
            chosen = np.nonzero(likely & ~done)[0]
            if not len(chosen):
                break
            refuted, _ = self._refutations(boxes.take(chosen), variables.take(chosen), bits)
            for k, leaf in refuted.items():
                self.leaf[int(numbers[chosen[k]])] = leaf
                done[chosen[k]] = True
        return done

    def _refutations(self, boxes: BoxBatch, variables: DualVariables, bits: int = ALPHA_BITS) -> tuple[dict[int, Refuted], Array]:
        """Round dual variables; returns the refutations that remain, by the box's number, and by how much each box is refuted."""
        relaxed, usual = Relaxed(self.claim, boxes), usual_slopes(boxes)
        rounded = as_written(variables, usual, bits)
        result = self.dual.bound(boxes, relaxed, rounded, self.dual.combined(rounded.mu, relaxed), margin=True)
        sloped = relaxed.open & (result.coefficients > 0) & (rounded.alpha != usual)
        excess = result.value - self.margin * result.margin
        refuted = {
            k: Refuted(DualVariables(*(part[k] for part in rounded.arrays())), sloped[k], boxes.side[k], self._units)
            for k in np.nonzero(excess > 0)[0].tolist()
        }
        return refuted, excess

    # Splits.

    def _branch(self, boxes: BoxBatch, variables: DualVariables, value: Array, numbers: Array) -> None:
        """Split each region by the most promising of a few open units, judged mostly by the better of the two sides."""
        if not self.claim.depth:
            return
        candidates = self._candidates(boxes, variables, value)
        best, score = self._best_later_unit(candidates)
        if candidates.relaxed.open[:, : self.claim.offsets[1]].any():
            first, first_score = self._best_first_unit(candidates)
            best = np.where(first_score > score, first, best)
        narrow = [bottleneck(self.claim, boxes.take([k])) for k in range(len(numbers))]
        best = np.array([unit if at is None else at for unit, at in zip(best.tolist(), narrow, strict=True)])
        for k, number in enumerate(numbers.tolist()):
            if not candidates.relaxed.open[k].any():  # all units are settled and nothing is proved: left to the exact prover
                continue
            self._record_split(number, int(self._units[best[k]]))
            for side in (0, 1):
                child = boxes.take([k])
                child.side[0, best[k]] = 1 if side else -1
                (child.low if side else child.high)[0, best[k]] = 0
                self.stack.append(_OpenBoxes(child, variables.take([k]), number, side, sharp=narrow[k] is not None))

    def _candidates(self, boxes: BoxBatch, variables: DualVariables, value: Array) -> _Candidates:
        """Estimate what splitting each unit gains: mostly what the unit's relaxation costs the bound."""
        relaxed = Relaxed(self.claim, boxes)
        result = self.dual.bound(boxes, relaxed, variables, self.dual.combined(variables.mu, relaxed))
        negative, positive = np.maximum(-result.coefficients, 0), np.maximum(result.coefficients, 0)
        gain = negative * relaxed.shift + 0.1 * positive * np.minimum(-boxes.low, boxes.high)
        gain = np.where(relaxed.open, gain, -1)
        return _Candidates(boxes, variables, relaxed, result, gain=gain, worst=np.minimum(value, -1e-9)[:, None])

    def _best_later_unit(self, candidates: _Candidates) -> tuple[Array, Array]:
        """Bound both sides of a few splits of each region; returns the best unit and its score, shape (boxes,).

        Units of the first layer are tried only where others are too few.
        """
        boxes, variables, _, _, gain, worst = candidates
        claim, dual, every = self.claim, self.dual, np.arange(len(gain))
        if claim.depth < 2:
            return np.zeros(len(gain), int), np.full(len(gain), -np.inf)
        later = gain.copy()
        later[:, : claim.offsets[1]] -= 2 * (1 + gain.max(initial=0.0))
        units = np.argsort(-later, 1)[:, :_CANDIDATES]
        cell, unit = np.repeat(every, units.shape[1]), units.ravel()
        values = []
        for side in (-1, 1):
            sub, tried, rows = boxes.take(cell), variables.take(cell), np.arange(len(cell))
            sub.side[rows, unit] = side
            (sub.high if side < 0 else sub.low)[rows, unit] = 0
            relaxed = Relaxed(claim, sub)
            values.append(dual.bound(sub, relaxed, tried, dual.combined(tried.mu, relaxed)).value.reshape(units.shape))
        score = np.where(np.take_along_axis(gain, units, 1) >= 0, _score(values[0], values[1], worst), -np.inf)
        best = score.argmax(1)
        return units[every, best], score[every, best]

    def _best_first_unit(self, candidates: _Candidates) -> tuple[Array, Array]:
        """Do the same for units of the first layer: a split of one changes the function of the inputs by a multiple of a row."""
        boxes, variables, relaxed, result, all_gains, worst = candidates
        claim = self.claim
        gain = all_gains[:, : claim.offsets[1]]
        weight, bias, every = claim.weights[0], claim.biases[0], np.arange(len(gain))
        most = max(4, min(_FIRST_LAYER, _WORK // (8 * len(gain) * weight.shape[1])))
        units = np.argsort(-gain, 1)[:, :most]

        def of_units(array: Array) -> Array:
            return np.take_along_axis(array[:, : claim.offsets[1]], units, 1)

        after, slope = of_units(result.coefficients), of_units(relaxed.slope)
        before = np.where(after > 0, of_units(variables.alpha), slope) * after
        constant = result.value - least(result.inputs, boxes.box_low, boxes.box_high)
        fixed = constant[:, None] - np.minimum(after, 0) * of_units(relaxed.shift)
        values = []
        for change in (-before, after - before):  # off, on
            inputs = result.inputs[:, None] + change[..., None] * weight[units]
            values.append(fixed + change * bias[units] + least(inputs, boxes.box_low[:, None], boxes.box_high[:, None]))
        score = np.where(np.take_along_axis(gain, units, 1) >= 0, _score(values[0], values[1], worst), -np.inf)
        best = score.argmax(1)
        return units[every, best], score[every, best]


def _batch(claim: FloatClaim, inputs: int) -> int:
    """Return how many boxes are visited at once: so many that their arrays stay in the processor's cache."""
    return int(max(1, min(256, _NUMBERS // max(1, claim.units + inputs))))


def _upper_estimate(low: Array, middle: Array) -> Array:
    """Return about the upper bounds of units, given the lower ones and values in the middle of the box."""
    estimate: Array = np.maximum(2 * middle - low, middle)
    return estimate


def _score(off: Array, on: Array, worst: Array) -> Array:
    """Return the score of a split: what its better side gains, and a hundredth of what the other side does."""
    one, other = (np.maximum(np.minimum(side, 0) - worst, 1e-9) for side in (off, on))
    score: Array = np.maximum(one, other) + 0.01 * np.minimum(one, other)
    return score
