"""Prover for many inputs: branch and bound over units, on a box, with bounds that are improved by ascent.

Nothing here is trusted: floats propose a tree with hints, the checker's integers decide.  At the root all units are bounded by
back-substitution (CROWN); then the conditions are, with lower slopes of open units and multiples of split units' bounds chosen by
gradient ascent (beta-CROWN).  A region that is not proved is split by the unit that, of a few candidates, promises most.

Source: Zhang et al. 2018; Wang et al. 2021; Bunel et al. 2020, Branch and bound for piecewise linear neural network verification.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from exactzones.certification.provers.base import SHARE, UNKNOWN, Proof, Search, Start
from exactzones.certification.provers.dual import Dual, Hints, Regions, Relaxed, Taken
from exactzones.certification.provers.relaxation import Floats
from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.bounds import ALPHA_BITS, MULTIPLIER_BITS

_ROOT_STEPS, _STEPS = 100, 20
_CANDIDATES = 8  # units that are tried in full, beside those of the first layer, which are cheap to try
_FIRST_LAYER = 128
_WORK = 1 << 22  # how many numbers a batch of bounds may take
_WORTH = 0.05  # a bound of a unit is written down if it narrows its range by this share, or settles it


@dataclass
class _Waiting:
    """A region that waits: itself and the hints to begin with, of a single row each."""

    regions: Regions
    hints: Hints
    parent: int
    side: int


@dataclass
class _Leaf:
    """A proof: the hints, rounded as they will be written, which units they count for, and the sides of split ones."""

    hints: Hints
    open: Floats
    positive: Floats
    side: Floats


class BoxSearch(Search):
    """Search of one region.

    Args:
        start: the region; of its rows those of the domain count.
        sides: units that were split on the way to the region, and the side.
        margin: how much of the ascent's reserve for rounding is demanded.
    """

    def __init__(self, start: Start, sides: dict[int, int], *, margin: float = 1) -> None:
        claim = start.claim
        super().__init__(start, max(1, min(256, _WORK // max(1, claim.units * (claim.units + len(start.low))))))
        self.margin, self.rows = margin, start.rows
        self.dual = Dual(claim, start.rows.matrix)
        side = np.zeros((1, claim.units))
        for unit, which in sides.items():
            side[0, unit] = 1 if which else -1
        bounds = np.maximum(start.known[0], -UNKNOWN)[None], np.minimum(start.known[1], UNKNOWN)[None]
        regions = Regions(*bounds, start.low[None].astype(float), start.high[None].astype(float), side)
        count = len(claim.targets)
        hints = Hints(
            np.zeros((1, claim.units)),
            np.zeros((1, claim.units)),
            np.full((1, count), 1 / max(count, 1)),
            np.zeros((1, len(start.rows.matrix))),
        )
        self.bounds: dict[int, list[tuple[int, int]]] = {}
        if count:
            self.stack.append(_Waiting(regions, hints, -1, 0))

    def _step(self, some: list[_Waiting], numbers: Floats) -> None:
        regions, hints = Regions.stack([item.regions for item in some]), Hints.stack([item.hints for item in some])
        root = some[0].parent < 0
        self._tighten(regions, numbers, root=root)
        if root:
            hints.alpha[:] = regions.high > -regions.low
        value, corners, hints = self.dual.ascend(regions, hints, _ROOT_STEPS if root else _STEPS, margin=self.margin)
        self._try(corners)
        if self.witness is not None:
            return
        proved = self._prove(regions, hints, numbers, value > 0)
        left = np.nonzero(~proved)[0]
        if len(left):
            self._branch(regions.take(left), hints.take(left), value[left], numbers[left])

    def _tighten(self, regions: Regions, numbers: Floats, *, root: bool) -> None:
        """Bound the open units of all layers, in place: at the root of all, below where it is cheap."""
        claim = self.claim
        if not root and claim.units * (claim.units + regions.box_low.shape[1]) * len(numbers) > _WORK:
            return
        for k in range(0 if root else 1, claim.depth):  # a split does not change the box, hence nothing of the first layer
            span = claim.span(k)
            cell, unit = np.nonzero((regions.low[:, span] < 0) & (regions.high[:, span] > 0))
            size = max(1, _WORK // max(1, claim.units + regions.box_low.shape[1]))
            for start in range(0, len(cell), size):
                self._bound_units(regions, numbers, k, cell[start : start + size], unit[start : start + size])

    def _bound_units(self, regions: Regions, numbers: Floats, k: int, cell: Floats, unit: Floats) -> None:
        claim = self.claim
        sub = regions.take(cell)
        relaxed = Relaxed(claim, sub)
        plain = Hints(
            (sub.high > -sub.low).astype(float),
            np.zeros_like(sub.low),
            np.zeros((len(cell), 0)),
            np.zeros((len(cell), len(self.rows.numbers))),
        )
        place = claim.span(k).start + unit
        found = []
        for sign in (1, -1):
            start = {k: sign * claim.weights[k][unit]}, sign * claim.biases[k][unit]
            taken = self.dual.bound(sub, relaxed, plain, start, margin=True)
            found.append(sign * (taken.value - self.margin * taken.margin))
        low, high = sub.low[np.arange(len(cell)), place], sub.high[np.arange(len(cell)), place]
        worth = np.maximum(_WORTH * (high - low), 1e-12)
        for upper, better in ((0, (found[0] > low + worth) | (found[0] >= 0)), (1, (found[1] < high - worth) | (found[1] <= 0))):
            known = regions.high if upper else regions.low
            for c, u, value in zip(cell[better].tolist(), place[better].tolist(), found[upper][better].tolist(), strict=True):
                known[c, u] = value
                self.bounds.setdefault(int(numbers[c]), []).append((u, upper))

    def _prove(self, regions: Regions, hints: Hints, numbers: Floats, likely: Floats) -> Floats:
        """Round the hints of regions that seem proved, and keep those that still are; returns which."""
        done = np.zeros(len(numbers), bool)
        some = np.nonzero(likely)[0]
        if not len(some):
            return done
        chosen = hints.take(some)
        chosen.alpha = np.round(chosen.alpha * (1 << ALPHA_BITS)) / (1 << ALPHA_BITS)
        chosen.mu = np.round(chosen.mu * (1 << SHARE)) / (1 << SHARE)
        sub = regions.take(some)
        relaxed = Relaxed(self.claim, sub)
        taken = self.dual.bound(sub, relaxed, chosen, self.dual.start(chosen.mu), margin=True)
        for k in np.nonzero(taken.value > self.margin * taken.margin)[0].tolist():
            self.leaf[int(numbers[some[k]])] = _Leaf(
                Hints(*(part[k] for part in chosen.parts())), relaxed.open[k], taken.coefficients[k] > 0, sub.side[k]
            )
            done[some[k]] = True
        return done

    def _branch(self, regions: Regions, hints: Hints, value: Floats, numbers: Floats) -> None:
        """Split regions by the open unit that promises most of a few: the one whose better side gains most."""
        claim, dual = self.claim, self.dual
        if not claim.depth:
            return
        relaxed = Relaxed(claim, regions)
        taken = dual.bound(regions, relaxed, hints, dual.start(hints.mu))
        negative, positive = np.maximum(-taken.coefficients, 0), np.maximum(taken.coefficients, 0)
        gain = negative * relaxed.shift + 0.1 * positive * np.minimum(-regions.low, regions.high)
        gain = np.where(relaxed.open, gain, -1)
        worst = np.minimum(value, -1e-9)[:, None]
        best, score = self._try_any(regions, hints, gain, worst)
        width = claim.offsets[1]
        if relaxed.open[:, :width].any():
            first, promised = self._try_first(regions, hints, relaxed, taken, gain[:, :width], worst)
            best = np.where(promised > score, first, best)
        for k, number in enumerate(numbers.tolist()):
            if not relaxed.open[k].any():  # every unit is settled, and still nothing is proved: exact arithmetic must decide
                continue
            self._divide(number, int(best[k]))
            for side in (0, 1):
                child, told = regions.take([k]), hints.take([k])
                child.side[0, best[k]] = 1 if side else -1
                (child.low if side else child.high)[0, best[k]] = 0
                self.stack.append(_Waiting(child, told, number, side))

    def _try_any(self, regions: Regions, hints: Hints, gain: Floats, worst: Floats) -> tuple[Floats, Floats]:
        """Bound both sides of a few splits of each region; returns the best unit and its score, shape (regions,)."""
        claim, dual, every = self.claim, self.dual, np.arange(len(gain))
        later = gain.copy()
        later[:, : claim.offsets[1]] -= 2 * (1 + gain.max(initial=0.0))  # those of the first layer only if there are no others
        if claim.depth < 2:
            return np.zeros(len(gain), int), np.full(len(gain), -np.inf)
        units = np.argsort(-later, 1)[:, :_CANDIDATES]
        cell, unit = np.repeat(every, units.shape[1]), units.ravel()
        values = []
        for side in (-1, 1):
            sub, tried, rows = regions.take(cell), hints.take(cell), np.arange(len(cell))
            sub.side[rows, unit] = side
            (sub.high if side < 0 else sub.low)[rows, unit] = 0
            values.append(dual.bound(sub, Relaxed(claim, sub), tried, dual.start(tried.mu)).value.reshape(units.shape))
        score = np.where(np.take_along_axis(gain, units, 1) >= 0, _score(values[0], values[1], worst), -np.inf)
        best = score.argmax(1)
        return units[every, best], score[every, best]

    def _try_first(
        self, regions: Regions, hints: Hints, relaxed: Relaxed, taken: Taken, gain: Floats, worst: Floats
    ) -> tuple[Floats, Floats]:
        """Do the same for units of the first layer: splitting one changes the function of the inputs by a multiple of a row."""
        claim, every = self.claim, np.arange(len(gain))
        weight, bias = claim.weights[0], claim.biases[0]
        most = max(4, min(_FIRST_LAYER, _WORK // (8 * len(gain) * weight.shape[1])))
        units = np.argsort(-gain, 1)[:, :most]

        def chosen(array: Floats) -> Floats:
            return np.take_along_axis(array[:, : claim.offsets[1]], units, 1)

        after, slope = chosen(taken.coefficients), chosen(relaxed.slope)
        before = np.where(after > 0, chosen(hints.alpha), slope) * after
        constant = taken.value - _least(taken.inputs, regions.box_low, regions.box_high)
        fixed = constant[:, None] - np.minimum(after, 0) * chosen(relaxed.shift)
        values = []
        for change in (-before, after - before):  # off, on
            inputs = taken.inputs[:, None] + change[..., None] * weight[units]
            values.append(fixed + change * bias[units] + _least(inputs, regions.box_low[:, None], regions.box_high[:, None]))
        score = np.where(np.take_along_axis(gain, units, 1) >= 0, _score(values[0], values[1], worst), -np.inf)
        best = score.argmax(1)
        return units[every, best], score[every, best]


def _score(off: Floats, on: Floats, worst: Floats) -> Floats:
    """Return what a split promises: what its better side gains, and a little of what the other does."""
    one, other = (np.maximum(np.minimum(side, 0) - worst, 1e-9) for side in (off, on))
    promise: Floats = np.maximum(one, other) + 0.01 * np.minimum(one, other)
    return promise


def _least(inputs: Floats, low: Floats, high: Floats) -> Floats:
    """Return the least values of linear functions over boxes."""
    least: Floats = (np.maximum(inputs, 0) * low + np.minimum(inputs, 0) * high).sum(-1)
    return least


class BoxProof(Proof[BoxSearch]):
    """The tree of a box search.

    Args:
        search: finished or not; regions that still wait are left open.
        inputs: of the network, with those that are constant.
    """

    def __init__(self, search: BoxSearch, inputs: int) -> None:
        super().__init__(search)
        self.inputs = inputs

    def written(self, node: int, number: int) -> Node:
        """Return a node with the number that it has in the certificate."""
        search, inputs = self.search, self.inputs
        units = sorted(set(search.bounds.get(node, ())))
        bounds = tuple(Bound(inputs + unit, bool(upper), exact=False, hint=Hint()) for unit, upper in units)
        if node in search.split:
            return Node(number, bounds, "relu", inputs + search.split[node])
        leaf = search.leaf[node]
        share = SHARE if len(leaf.hints.mu) > 1 else 0
        unit = 1 << (MULTIPLIER_BITS + share)
        mu = tuple((k, round(m * (1 << share))) for k, m in enumerate(leaf.hints.mu.tolist()) if m > 0)
        rows = (
            (index, Fraction(round(m * unit), 1 << MULTIPLIER_BITS) / size)
            for index, m, size in zip(search.rows.numbers, leaf.hints.rows.tolist(), search.rows.sizes, strict=True)
            if m > 0
        )
        split, sloped = np.nonzero((leaf.side != 0) & (leaf.hints.beta > 0))[0], np.nonzero(leaf.open & leaf.positive)[0]
        sides, multipliers = (leaf.side[split] < 0).astype(int).tolist(), _whole(leaf.hints.beta[split] * unit)
        betas = zip((inputs + split).tolist(), sides, multipliers, strict=True)
        alphas = zip((inputs + sloped).tolist(), _whole(leaf.hints.alpha[sloped] * (1 << ALPHA_BITS)), strict=True)
        return Node(number, bounds, "no", refutations=(Refutation(mu, Hint.of(rows, betas, alphas)),))


def _whole(numbers: Floats) -> list[int]:
    """Return the nearest integers, as Python's."""
    return [*map(int, np.rint(numbers).tolist())]
