"""Prover for few inputs and many units: boxes that are halved, with linear bounds of all units carried forward.

Nothing here is trusted: floats propose a tree, the checker's integers decide.  On a box every unit lies between two
linear functions of the inputs, which are carried forward from layer to layer: that bounds thousands of units at once.  The
conditions are then bounded backward (CROWN).  A box that is not proved is halved along the input that moves the open units most,
weighted by what they count in the bound.

Sources: Weng et al. 2018, Fast-Lin; Zhang et al. 2018, CROWN; Wang et al. 2018, ReluVal (halving of inputs).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from exactzones.certification.limits import CELL_SEARCH_INPUTS
from exactzones.certification.provers.base import UNKNOWN, FloatRegion, RegionSearch
from exactzones.certification.provers.cell_batch import SETTLED, CellBounds
from exactzones.certification.provers.cut_boxes import Boxes, absolute
from exactzones.certification.provers.paths import Paths
from exactzones.certification.provers.relaxation import FloatClaim, Relaxation
from exactzones.checker.arithmetic import Array
from exactzones.rational.blocks import SparseFloats

_OPEN_FOR_EACH_INPUT = 20
"""Open units for each input, in the first layer that has any, from which boxes are searched: these units cut too many cells."""
_STILL_OPEN = 3
"""Such units for each input, below which a box is left to the search of cells."""
_MOST_CUTS, _MOST_FOR_EACH_INPUT = 12, 2
"""Cuts, and further ones for each input, after which it is left, too: what holds with equality is never proved on boxes."""
_ROUNDING = 2.0**-26  # what the checker's rounding costs a bound of values of size 1, approximately
_WORK = 1 << 20  # most coefficients of one layer in a batch
_MEMORY = 1 << 23  # bounds of units that a search keeps
_BOXES = 256  # most boxes that are visited at once


def suits(region: FloatRegion) -> bool:
    """Tell whether boxes should be searched on a region, not cells: many units cut it, or it is a part of such a box."""
    claim, dim = region.claim, len(region.low)
    is_box = len(region.rows.numbers) <= len(region.path)
    if dim > CELL_SEARCH_INPUTS or not is_box or claim.rounding is not None:
        return False
    if region.path and (None not in region.path or _cuts(region) >= _most_cuts(dim)):
        return False
    if region.path and _is_sparse(claim):
        low, high = region.known
        return bool((claim.relu & (low < 0) & (high > 0)).sum() >= _OPEN_FOR_EACH_INPUT * dim)
    return _first_open(region) >= (_STILL_OPEN if region.path else _OPEN_FOR_EACH_INPUT) * dim


def _is_sparse(claim: FloatClaim) -> bool:
    """Tell whether units depend on few others, so that later layers cut too many cells where the first cuts few."""
    return any(isinstance(weight, SparseFloats) for weight in claim.weights)


def _most_cuts(dim: int) -> int:
    return _MOST_CUTS + _MOST_FOR_EACH_INPUT * dim


def _cuts(region: FloatRegion) -> int:
    return sum(split is None for split in region.path)


def _first_open(region: FloatRegion) -> int:
    """Return how many units are open on a box in the first layer that has any."""
    claim, (centre, radius) = region.claim, ((region.low + region.high) / 2, (region.high - region.low) / 2)
    lines = np.concatenate([centre[None], np.eye(len(centre))])
    for k, (bias, mask) in enumerate(zip(claim.biases, claim.masks, strict=True)):
        lines = lines @ claim.weights[k].T
        lines[0] += bias
        reach = radius @ np.abs(lines[1:])
        is_open = mask & (np.abs(lines[0]) < reach - SETTLED)
        if is_open.any():
            return int(is_open.sum())
        lines = np.where(mask & (lines[0] < 0), 0, lines)
    return 0


@dataclass
class _OpenBox:
    """A box that waits: its corners, bounds of the units and the nodes that gave them, and how many cuts led to it."""

    low: Array
    high: Array
    bounds: CellBounds
    parent: int
    side: int
    cuts: int


class CutSearch(RegionSearch):
    """Search of regions by boxes.

    Args:
        regions: boxes, with the same claim.
        bits: fractional bits of the certificate's fixed-point numbers.
        margin: by how much a bound must exceed zero, in multiples of what the checker's rounding may cost, approximately.

    Attributes:
        where: node -> at which multiple of ``2^-bits`` the input ``split[node]`` is cut.
        bounds_at: node -> bounds of all units on it, and the nodes at which they are computed; -1 if they were known before.
        steep_at: node -> which units have the lower slope 1 where they are open.
        depth: node -> cuts that led to it.
        known: bounds of all hidden units that the certificate has on each region.
    """

    def __init__(self, regions: Sequence[FloatRegion], *, bits: int, margin: float = 1) -> None:
        claim, self.inputs, self.bits = regions[0].claim, regions[0].inputs, bits
        self.dim = len(self.inputs)
        width = max(map(len, claim.biases))
        super().__init__(regions, max(1, min(_BOXES, _WORK // (width * (self.dim + 1)))))
        self.margin = margin * _ROUNDING
        self.paths = [Paths.of(claim, k) for k in range(claim.depth)]
        self.where: dict[int, int] = {}
        self.bounds_at: dict[int, CellBounds] = {}
        self.steep_at: dict[int, Array] = {}
        self.depth: dict[int, int] = {}
        self.known = [region.known for region in regions]
        for place, region in reversed([*enumerate(regions)]):
            origin = np.full(claim.units, -1, np.int32)
            known = np.maximum(region.known[0], -UNKNOWN), np.minimum(region.known[1], UNKNOWN)
            bounds = CellBounds(*known, origin, origin.copy())
            low, high = region.low.astype(float), region.high.astype(float)
            self.stack.append(_OpenBox(low, high, bounds, -1, place, _cuts(region)))

    def run(self) -> Iterator[int]:
        """Visit boxes as ``RegionSearch.run`` does, until their bounds take too much memory."""
        for visited in super().run():
            yield visited
            if visited * self.claim.units > _MEMORY:
                return

    def _step(self, batch: list[_OpenBox], numbers: Array) -> None:
        low, high = np.array([box.low for box in batch]), np.array([box.high for box in batch])
        centre, radius = (low + high) / 2, (high - low) / 2
        self._try_witness(centre)
        if self.witness is not None:
            return
        bounds, claim = CellBounds.stack([box.bounds for box in batch]), self.claim
        boxes = Boxes(claim, centre, radius, numbers, bounds, claim.pre_activations(centre) > 0, self.deadline, self.paths)
        middles = boxes.carry_forward()
        relaxed = [boxes.relax(k) for k in range(claim.depth)]
        left = self._refute(boxes, relaxed, np.arange(len(batch)))
        for c, number in enumerate(numbers.tolist()):
            self.bounds_at[number], self.steep_at[number], self.depth[number] = bounds.of(c), boxes.steep[c], batch[c].cuts
        is_open, sparse = boxes.is_open, _is_sparse(claim)
        first = np.zeros(len(batch), int)  # how many units are open in the first layer that has any
        for k in range(self.claim.depth - 1, -1, -1):
            count = is_open[:, self.claim.span(k)].sum(1)
            first = np.where(count > 0, count, first)
        score = self._scores(left, is_open, relaxed, middles) * radius[left]
        for c, row in zip(left.tolist(), score, strict=True):
            many = first[c] >= _STILL_OPEN * self.dim or (sparse and is_open[c].sum() >= _OPEN_FOR_EACH_INPUT * self.dim)
            if batch[c].cuts < _most_cuts(self.dim) and many:
                self._halve(batch[c], int(numbers[c]), int(row.argmax()), bounds.of(c))

    def _refute(self, boxes: Boxes, relaxed: list[Relaxation], left: Array) -> Array:
        """Record the boxes on which each case has a condition that certainly does not hold; return the places of the others."""
        claim, bounds = self.claim, boxes.bounds
        if not claim.cases or any(case.start == case.stop for case in claim.cases):
            return left
        values = boxes.least_targets(left, relaxed)
        best = np.stack([case.start + values[:, case].argmax(1) for case in claim.cases], 1)
        sizes = np.maximum(np.abs(bounds.low[left]), np.abs(bounds.high[left]))
        margin = self.margin * (1 + np.where(sizes < UNKNOWN, sizes, 0).sum(1))  # settled units may have one bound only
        done = (np.take_along_axis(values, best, 1) > margin[:, None]).all(1)
        self.leaf.update(zip(boxes.numbers[left[done]].tolist(), best[done].tolist(), strict=True))
        rest: Array = left[~done]
        return rest

    def _scores(self, left: Array, is_open: Array, relaxed: list[Relaxation], middles: list[Array]) -> Array:
        """Return how fast inputs move the open units of these boxes, by their weights in the bound; shape (boxes, inputs)."""
        claim, score = self.claim, np.full((len(left), self.dim), 1e-12)
        layer = max((layer for layer, _, _ in claim.targets), default=0)
        total = [np.zeros(len(claim.biases[k])) for k in range(claim.depth)]
        for top, coefficients, _ in claim.targets:
            if top:
                total[top - 1] = total[top - 1] + np.abs(coefficients)
        weight = np.zeros((len(left), 0))
        for k in range(layer - 1, -1, -1):
            weight = total[k] + weight if weight.size else np.tile(total[k], (len(left), 1))
            span, part = claim.span(k), relaxed[k]
            score += np.einsum("bn,bjn->bj", np.where(is_open[left, span], weight, 0), np.abs(middles[k][left]))
            weight = (weight * np.maximum(part.slope, part.lower)[left]) @ absolute(claim.weights[k])
        return score

    def _halve(self, box: _OpenBox, number: int, place: int, bounds: CellBounds) -> None:
        """Put the halves of a box on the stack, the lower one first; a box too narrow for a cut stays open."""
        where = round((box.low[place] + box.high[place]) / 2 * 2.0**self.bits)
        middle = where / 2.0**self.bits
        if not box.low[place] < middle < box.high[place]:
            return
        self._record_split(number, int(self.inputs[place]))
        self.where[number] = where
        for side, ends in ((0, box.high), (1, box.low)):
            moved = ends.copy()
            moved[place] = middle
            low, high = (box.low, moved) if side == 0 else (moved, box.high)
            self.stack.append(_OpenBox(low, high, bounds.copy(), number, side, box.cuts + 1))
