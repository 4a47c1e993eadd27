"""Boxes that are visited together by the search of cuts: bounds of units on them, carried forward and then refined backward."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from exactzones.certification.provers.base import UNKNOWN
from exactzones.certification.provers.carried import Carried, carry
from exactzones.certification.provers.cell_batch import SETTLED, CellBounds
from exactzones.certification.provers.paths import Paths
from exactzones.certification.provers.relaxation import FloatClaim, Relaxation
from exactzones.checker.arithmetic import Array
from exactzones.deadline import Deadline
from exactzones.rational.blocks import SparseFloats


class Boxes(NamedTuple):
    """Boxes that are visited together.

    Attributes:
        claim: what is searched.
        centre, radius: of each box, shape (boxes, inputs).
        numbers: of their nodes.
        bounds: of all hidden units; improved in place.
        steep: which hidden units get the lower slope 1 where they are open, shape (boxes, units).
        deadline: see ``SearchTree``.
        paths: to each layer, where they are followed.
    """

    claim: FloatClaim
    centre: Array
    radius: Array
    numbers: Array
    bounds: CellBounds
    steep: Array
    deadline: Deadline
    paths: list[Paths | None]

    @property
    def is_open(self) -> Array:
        """Which units have a ReLU and no sign yet, shape (boxes, units)."""
        open_units: Array = self.claim.relu & (self.bounds.low < -SETTLED) & (self.bounds.high > SETTLED)
        return open_units

    def relax(self, k: int) -> Relaxation:
        """Return the relaxation of layer k: a lower slope is 1 where the unit is positive at the centre of the box."""
        return relax(self.claim, k, self.bounds, self.steep)

    def carry_forward(self) -> list[Array]:
        """Bound all units, in place; return for each layer the mean of its linear bounds' slopes.

        Bounds of settled units stay those of the first node on which they are settled, so that a proof computes them once.
        """
        claim, (count, dim) = self.claim, self.centre.shape
        upper = np.concatenate([np.zeros((1, dim)), np.eye(dim)])[None]
        lower, before, relaxed = upper, (upper, upper), None
        middles: list[Array] = []
        for k in range(claim.depth):
            self.deadline.check()
            paths, ends = self.paths[k], (lower, upper)
            if paths is not None and relaxed is not None:
                lower, upper = paths.bounds(before, relaxed, (claim.biases[k - 1], claim.biases[k]))
            else:
                lower, upper = _through(claim.weights[k], claim.biases[k], ends)
            before = ends
            middles.append((lower[:, 1:] + upper[:, 1:]) / 2)
            _learn(self.bounds, claim.span(k), claim.masks[k], self._reach(lower, upper), self.numbers)
            relaxed = self.relax(k)
            lower = lower * relaxed.lower[:, None]
            upper = upper * relaxed.slope[:, None]
            upper[:, 0] += relaxed.shift
        return [np.broadcast_to(part, (count, *part.shape[1:])) for part in middles]

    def _reach(self, lower: Array, upper: Array) -> list[Array]:
        """Return the least values of lower linear bounds and the greatest ones of upper ones, shape (boxes, units)."""
        ends = []
        for sign, part in ((-1, lower), (1, upper)):
            slopes = part[:, 1:]
            middle = part[:, 0] + np.einsum("bjn,bj->bn", slopes, self.centre)
            end = middle + sign * np.einsum("bjn,bj->bn", np.abs(slopes), self.radius)
            ends.append(np.where(np.abs(end) < SETTLED, sign * SETTLED, end))
        return ends

    def least_targets(self, at: Array, relaxed: list[Relaxation]) -> Array:
        """Return lower bounds of the negated conditions on some boxes, shape (boxes, conditions)."""
        least = np.zeros((len(at), len(self.claim.targets)))
        for k, (layer, coefficients, constant) in enumerate(self.claim.targets):
            rows, columns = np.tile(coefficients, (len(at), 1)), np.arange(len(coefficients))
            _, _, columns, rows, constants = carry(
                self.claim, relaxed, Carried(layer, at, columns, rows, np.full(len(at), constant))
            )
            centre, radius = (part[at[:, None], columns] for part in (self.centre, self.radius))
            least[:, k] = constants + np.einsum("pn,pn->p", rows, centre) - np.einsum("pn,pn->p", np.abs(rows), radius)
        return least


def relax(claim: FloatClaim, k: int, bounds: CellBounds, steep: Array) -> Relaxation:
    """Return the relaxation of layer k, with lower slopes of open units 1 where ``steep`` says so, else 0."""
    span, relaxed = claim.span(k), claim.relax(k, bounds.low, bounds.high)
    is_open = claim.masks[k] & (bounds.low[:, span] < 0) & (bounds.high[:, span] > 0)
    return relaxed._replace(lower=np.where(is_open, steep[:, span], relaxed.lower))


def _through(weight: Array | SparseFloats, bias: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return linear bounds of a layer's units from those of its inputs, shape (boxes, network inputs + 1, units)."""
    middle, half = (part.reshape(-1, part.shape[2]) for part in ((ends[1] + ends[0]) / 2, (ends[1] - ends[0]) / 2))
    shape = -1, ends[0].shape[1], len(bias)
    middle, half = (part.reshape(shape) for part in (middle @ weight.T, half @ absolute(weight).T))
    middle[:, 0] += bias
    return middle - half, middle + half


def absolute(weight: Array | SparseFloats) -> Array | SparseFloats:
    """Return the matrix of absolute values."""
    return abs(weight) if isinstance(weight, SparseFloats) else np.abs(weight)


def _learn(bounds: CellBounds, span: slice, mask: Array, ends: list[Array], numbers: Array) -> None:
    """Take new bounds of a layer's units where they are better, unless the unit is settled already."""
    low, high, low_from, high_from = (part[:, span] for part in bounds)
    settled = mask & ((low >= 0) | (high <= 0))
    known = low > -UNKNOWN, high < UNKNOWN
    # Units without a ReLU need any lower bound, for the checker's rounding only: the first one does.
    better_low = (ends[0] > low) & ~settled & (mask | ~known[0])
    better_high = (ends[1] < high) & ~settled & (mask | ~known[1])
    for values, new, better, origin in ((low, ends[0], better_low, low_from), (high, ends[1], better_high, high_from)):
        values[better] = new[better]
        origin[better] = np.broadcast_to(numbers[:, None], better.shape)[better]
