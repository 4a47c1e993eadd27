"""Prover for combinatorial problems: depth first over phases of units, with linear programs, learnt clauses and jumps back.

Where a condition can hold with equality only, such as ``sum min(x, 1 - x) <= 0``, bounds that gradient ascent improves are of
little use: a region is refuted by many phases together, as in satisfiability.  Here phases are carried through the network in
both directions, which guides the choice of splits, and a linear program over the triangle relaxation decides.  Phases without
which its multipliers still refute a region are left out; the others become a clause.  A split whose unit took no part in the
refutation of one side is undone (a jump back), so the certificate's tree does not have it.

Sources: Marques-Silva and Sakallah 1999, GRASP; Jeroslow and Wang 1990, Solving propositional satisfiability problems; Ehlers
2017, Formal verification of piece-wise linear feed-forward neural networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exactzones.certification.provers.base import UNKNOWN, FloatRegion
from exactzones.certification.provers.box_leaves import Refuted
from exactzones.certification.provers.box_search import BoxSearch
from exactzones.certification.provers.clauses import Clauses
from exactzones.certification.provers.dual import BoxBatch, DualBound, DualVariables, Relaxed, least
from exactzones.certification.provers.phase_program import PhaseProgram
from exactzones.certification.provers.propagation import Propagation, Ranges
from exactzones.certification.provers.shared_bounds import SharedBounds
from exactzones.checker.arithmetic import Array

_MOST_ENTRIES = 1 << 17  # weights that are not zero, up to which linear programs are quick
_EQUAL = 1e-9  # a bound this close to zero, relative to what it sums up, is taken for zero
_SQUARES = 1024  # how much more it counts that both sides of a split have a high score
_GRID = 1 << 16  # denominators of the points that are tried as witnesses


@dataclass
class _OpenPhases:
    """A region that waits to be visited.

    Attributes:
        sides: the phases of split units, 1 (on), -1 (off) or 0, shape (units,).
        ranges: of inputs and units on it.
        parent, side: as in ``SearchTree``.
    """

    sides: Array
    ranges: Ranges
    parent: int
    side: int


def is_combinatorial(region: FloatRegion) -> bool:
    """Tell whether some condition can hold on a region with equality only, and linear programs are quick."""
    claim, domain = region.claim, region.rows.matrix
    dense = [weight for weight in claim.weights if isinstance(weight, np.ndarray)]
    if claim.rounding is not None or not claim.depth or len(dense) < claim.depth:
        return False
    if sum(np.count_nonzero(weight) for weight in dense) > _MOST_ENTRIES:
        return False
    low, high = (np.clip(side, -UNKNOWN, UNKNOWN) for side in region.known)
    ranges = Ranges(region.low.astype(float), region.high.astype(float), low, high)
    Propagation(claim, domain).forward(ranges)
    boxes = BoxBatch(*(part[None] for part in (ranges.low, ranges.high, ranges.box_low, ranges.box_high, np.zeros(claim.units))))
    rows = _linear_conditions(DualBound(claim, domain), boxes)
    ends = np.where(rows[:, 1:] > 0, ranges.box_low, ranges.box_high)
    sizes = np.abs(rows[:, 0]) + (np.abs(rows[:, 1:]) * np.abs(ends)).sum(1)
    return bool((np.abs(rows[:, 0] + (rows[:, 1:] * ends).sum(1)) <= _EQUAL * (1 + sizes)).any())


def _linear_conditions(dual: DualBound, boxes: BoxBatch) -> Array:
    """Return linear lower bounds ``(b, a)`` over a box, as a batch of one row, of the negated conditions."""
    count = len(dual.claim.targets)
    boxes = boxes.take(np.zeros(count, int))
    relaxed, none = Relaxed(dual.claim, boxes), np.zeros_like(boxes.low)
    variables = DualVariables((boxes.high > -boxes.low).astype(float), none, np.eye(count), np.zeros((count, len(dual.rows))))
    result = dual.bound(boxes, relaxed, variables, dual.combined(variables.mu, relaxed))
    constants = result.value - least(result.inputs, boxes.box_low, boxes.box_high)
    return np.concatenate([constants[:, None], result.inputs], 1)


class PhaseSearch(BoxSearch):
    """Depth-first search of regions over phases of hidden units.

    Args:
        regions: with the same claim and domain, in real arithmetic.
        margin: how often the bound on the checker's rounding is subtracted from a bound.
        shared: as in ``BoxSearch``.
    """

    def __init__(self, regions: Sequence[FloatRegion], *, margin: float = 1, shared: SharedBounds | None = None) -> None:
        super().__init__(regions, margin=margin, shared=shared)
        self.batch = 1
        self._propagation = Propagation(self.claim, self.rows.matrix)
        self._origins: dict[int, tuple[int, int]] = {}  # of each node its parent and its side
        self._reasons: dict[int, Array] = {}  # of each refuted node the units that its refutation rests on, as a mask
        self._roots: dict[int, BoxBatch] = {item.side: item.boxes for item in self.stack}
        for k, item in enumerate(self.stack):
            box = item.boxes
            ranges = Ranges(*(part[0].copy() for part in (box.box_low, box.box_high, box.low, box.high)))
            self.stack[k] = _OpenPhases(box.side[0], ranges, -1, item.side)

    def _step(self, batch: list[Any], numbers: Array) -> None:
        item, number = batch[0], int(numbers[0])
        self.deadline.check()
        self._origins[number] = item.parent, item.side
        if item.parent < 0:
            self._begin(item, number)
        learnt = self._clauses.refutation(item.sides)
        if learnt is not None:
            self._close(number, *learnt)
            return
        conditions = _linear_conditions(self.dual, self._boxes(item.sides[None]))
        consistent = self._propagation.run(item.ranges, conditions)
        self._program.fix(item.sides)
        point, variables = self._program.solve()
        refuted = None if variables is None else self._learn(item.sides, variables)
        if refuted is not None:
            self._close(number, *refuted)
            return
        if point is not None:
            self._look(point[: len(item.ranges.box_low)])
        if self.witness is None:
            self._split(item, number, self._choose(item, point, consistent=consistent))

    def _begin(self, item: _OpenPhases, number: int) -> None:
        """Start on a root: clauses and the linear program are about one root at a time."""
        self._root = boxes = self._roots[item.side]
        self._tighten(boxes, np.array([number]), root=True)
        relaxed = Relaxed(self.claim, boxes)
        self._open = relaxed.open[0]
        # The upper bound of a unit that is on may be an estimate.
        item.ranges.low[:], item.ranges.high[:] = boxes.low[0], np.where(relaxed.on[0], np.inf, boxes.high[0])
        self._program = PhaseProgram(self.claim, self.rows.matrix, boxes)
        self._clauses: Clauses[Refuted] = Clauses(self.claim.units)

    def _boxes(self, sides: Array) -> BoxBatch:
        """Return the root's regions with these phases, shape (regions, units)."""
        boxes = self._root.take(np.zeros(len(sides), int))
        boxes.side = sides
        _fix(boxes, sides)
        return boxes

    def _look(self, point: Array) -> None:
        """Try a point, with simple coordinates, as a witness."""
        simple = np.clip(np.round(point * _GRID) / _GRID, self._root.box_low[0], self._root.box_high[0])
        if self.claim.slack(simple[None])[0] >= -_EQUAL:
            self.witness = self.confirm(simple)

    # Refutations.

    def _learn(self, sides: Array, variables: DualVariables) -> tuple[Refuted, Array] | None:
        """Return a refutation by dual variables and the units it rests on, and learn it; None if rounding leaves none."""

        def excess(tried: Array) -> Array:
            return self._refutations(self._boxes(tried), variables.take(np.zeros(len(tried), int)))[1]

        if excess(sides[None])[0] <= 0:
            return None
        kept = sides
        split = np.flatnonzero(sides * (self._root.side[0] == 0))
        if len(split):
            each = np.tile(sides, (len(split), 1))
            each[np.arange(len(split)), split] = 0
            order = split[np.argsort(-excess(each), kind="stable")]
            without = np.tile(sides, (len(split), 1))  # the first unit, the first two, and so on
            for k, unit in enumerate(order.tolist()):
                without[k:, unit] = 0
            enough = excess(without) > 0
            dropped = len(split) if enough.all() else int(enough.argmin())
            kept = without[dropped - 1] if dropped else sides
        refuted = self._refutations(self._boxes(kept[None]), variables)[0].get(0)
        if refuted is None:
            return None
        self._clauses.add(kept, refuted)
        return refuted, kept != 0

    def _close(self, number: int, refuted: Refuted, reason: Array) -> None:
        """Record that a node is refuted for a reason, and all ancestors that are refuted with it."""
        self.leaf[number] = refuted
        self._clauses.bump(reason)
        while True:
            self._reasons[number] = reason
            parent, side = self._origins[number]
            if parent < 0:
                return
            unit, other = self.split[parent], self.children[parent][1 - side]
            if reason[unit] and other in self._reasons:
                reason = reason | self._reasons[other]
                reason[unit] = False
            elif reason[unit]:
                return
            else:
                self._undo(parent, number)
            number = parent

    def _undo(self, node: int, child: int) -> None:
        """Take back the split of a node that is refuted as its child is."""
        if self.stack and self.stack[-1].parent == node:
            self.stack.pop()
        del self.split[node], self.children[node]
        if child in self.leaf:
            self.leaf[node] = self.leaf[child]
        else:
            self.split[node], self.children[node] = self.split[child], self.children[child]

    # Splits.

    def _choose(self, item: _OpenPhases, point: Array | None, *, consistent: bool) -> tuple[int, int] | None:
        """Return the unit that is to be split and the side to visit first; None if all units are settled."""
        claim, ranges = self.claim, item.ranges
        unsplit = self._open & (item.sides == 0)
        if not unsplit.any():
            return None
        before, off_by = self._violations(point)
        settled = (ranges.low >= 0) | (ranges.high <= 0)
        candidates = unsplit & (~settled if consistent else settled)  # where ranges are empty, linear programs must see why
        candidates = candidates if candidates.any() else unsplit
        score = off_by + _EQUAL * self._clauses.activity
        if not consistent:
            unit = int(np.where(candidates, score, -1).argmax())
            return unit, int(before[unit] > 0)
        first = claim.offsets[1]
        on, off = self._propagation.scores(ranges)
        score[:first] = _SQUARES * on * off + on + off + _EQUAL * score[:first]
        unit = int(np.where(candidates, score, -1).argmax())
        return unit, int(on[unit] < off[unit] if unit < first else before[unit] > 0)

    def _violations(self, point: Array | None) -> tuple[Array, Array]:
        """Return the units' pre-activations in a solution of the linear program, and by how much activations are not ReLU's."""
        claim = self.claim
        if point is None:
            return np.zeros(claim.units), np.zeros(claim.units)
        inputs = len(point) - claim.units
        values, before = point[inputs:], []
        for k in range(claim.depth):
            layer = values[claim.span(k - 1)] if k else point[:inputs]
            before.append(claim.weights[k] @ layer + claim.biases[k])
        every = np.concatenate(before)
        return every, np.abs(values - np.maximum(every, 0))

    def _split(self, item: _OpenPhases, number: int, choice: tuple[int, int] | None) -> None:
        """Put both sides of a split on the stack, the side to visit first last; without a choice the node stays open."""
        if choice is None:
            return
        unit, first = choice
        self._record_split(number, unit)
        for side in (1 - first, first):
            phase = np.zeros(self.claim.units)
            phase[unit] = 1 if side else -1
            ranges = item.ranges.copy()
            _fix(ranges, phase)
            self.stack.append(_OpenPhases(item.sides + phase, ranges, number, side))


def _fix(ranges: Ranges | BoxBatch, sides: Array) -> None:
    """Tighten bounds of units by phases, in place."""
    np.maximum(ranges.low, 0, out=ranges.low, where=sides > 0)
    np.minimum(ranges.high, 0, out=ranges.high, where=sides < 0)
