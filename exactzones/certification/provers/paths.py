"""Linear bounds through two layers at once, where few paths of two weights lead from inputs to outputs.

Bounds that are carried forward through one layer after the other forget that the units between are functions of the same inputs:
``(a + b) / 2 + |a - b| / 2 >= a`` is lost.  Through two layers the inputs' coefficients are added up before these are bounded.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from exactzones.certification.provers.relaxation import FloatClaim, Relaxation
from exactzones.checker.arithmetic import Array
from exactzones.rational.blocks import SparseFloats

_MOST = 4
"""Most paths for each entry of the two matrices with which they are followed."""


class Paths(NamedTuple):
    """The paths of two weights from the inputs of layer k - 1 to the units of layer k, in the order of units, then of inputs.

    Attributes:
        middle: the unit of layer k - 1 on each path.
        first, second: the two weights of each path.
        pair: where each pair of a unit and an input begins among the paths.
        inputs: the input of each pair.
        unit: the unit of each pair.
        entries: of layer k, as rows, columns and values.
    """

    middle: Array
    first: Array
    second: Array
    pair: Array
    inputs: Array
    unit: Array
    entries: tuple[Array, Array, Array]

    @classmethod
    def of(cls, claim: FloatClaim, k: int) -> Paths | None:
        """Return the paths to layer k; None if there are too many to follow, or no layer before."""
        if k == 0 or not claim.masks[k - 1].any():
            return None
        (unit, middle, second), (other, inputs, first) = _entries(claim.weights[k]), _entries(claim.weights[k - 1])
        starts = np.searchsorted(other, np.arange(len(claim.biases[k - 1]) + 1))
        counts = np.diff(starts)[middle]
        if counts.sum() > _MOST * (len(second) + len(first)):
            return None
        each = np.repeat(np.arange(len(middle)), counts)
        place = np.arange(len(each)) - np.repeat(np.cumsum(counts) - counts, counts) + starts[middle[each]]
        order = np.lexsort((inputs[place], unit[each]))
        each, place = each[order], place[order]
        keys = np.stack([unit[each], inputs[place]])
        pair = np.flatnonzero(np.any(np.diff(keys, axis=1, prepend=-1), axis=0))
        entries = unit, middle, second
        return cls(middle[each], first[place], second[each], pair, inputs[place[pair]], unit[each[pair]], entries)

    def bounds(self, ends: tuple[Array, Array], relaxed: Relaxation, biases: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return lower and upper linear bounds of layer k's units, shape (boxes, network inputs + 1, units).

        Args:
            ends: lower and upper linear bounds of the inputs of layer k - 1, of the same form.
            relaxed: the relaxation of layer k - 1.
            biases: of layer k - 1 and of layer k.
        """
        return self._bounds(ends, relaxed, biases, upper=False), self._bounds(ends, relaxed, biases, upper=True)

    def _bounds(self, ends: tuple[Array, Array], relaxed: Relaxation, biases: tuple[Array, Array], *, upper: bool) -> Array:
        count, width = len(relaxed.slope), len(biases[1])
        below = (self.second > 0) != upper  # the middle unit is replaced by its lower bound
        weights = self.first * self.second
        slopes = np.where(below, relaxed.lower[:, self.middle], relaxed.slope[:, self.middle])
        coefficients = np.add.reduceat(weights * slopes, self.pair, axis=1)
        units, middle, second = self.entries
        at_lower = (second > 0) != upper
        added = np.where(at_lower, relaxed.lower[:, middle], relaxed.slope[:, middle]) * biases[0][middle]
        added = second * (added + np.where(at_lower, 0, relaxed.shift[:, middle]))
        positive, negative = np.maximum(coefficients, 0)[:, None], np.minimum(coefficients, 0)[:, None]
        low, high = (np.broadcast_to(end, (count, *end.shape[1:]))[:, :, self.inputs] for end in ends)
        products = positive * (high if upper else low) + negative * (low if upper else high)
        bounds = np.zeros((count, products.shape[1], width))
        _add_up(bounds, products, self.unit)
        bounds[:, 0] += biases[1]
        _add_up(bounds[:, 0], added, units)
        return bounds


def _add_up(totals: Array, parts: Array, where: Array) -> None:
    """Add the parts, whose last axis is in ascending order of places, to the totals at these places."""
    if len(where):
        starts = np.flatnonzero(np.diff(where, prepend=-1))
        totals[..., where[starts]] += np.add.reduceat(parts, starts, axis=-1)


def _entries(weight: Array | SparseFloats) -> tuple[Array, Array, Array]:
    """Return the rows, in ascending order, the columns and the values of the entries that are not zero."""
    if isinstance(weight, SparseFloats):
        return weight.triples
    rows, columns = np.nonzero(weight)
    return rows, columns, weight[rows, columns]
