"""Turn the log of a cell search into nodes of a certificate that contain only the bounds on which the leaves rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from exactzones.certification.provers.base import SHARE_BITS, Proof
from exactzones.certification.provers.cell_search import CellSearch
from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.arithmetic import Array
from exactzones.checker.bounds import ALPHA_BITS, MULTIPLIER_BITS

_SPARE = 2.0**-16
"""Share of a unit's range that rounding multipliers may cost its bound."""
_SPARE_OF_CONDITION = 2.0**-6
_COARSER = 4, 2, 0
"""By how many bits to round more coarsely than is certainly fine enough."""
_TINY = 1e-300


class CellProof(Proof[CellSearch]):
    """The tree of a cell search, trimmed to what proves its leaves.

    Args:
        search: finished or not; cells that it has not proved are left open.
        inputs: number of inputs of the network, with those that are constant.
        first: how many of its nodes to look at.
    """

    def __init__(self, search: CellSearch, inputs: int, first: int) -> None:
        super().__init__(search, first)
        self.claim, self.inputs = search.claim, inputs
        log = search.log
        if not log.count:
            self.unit = self.upper = self.chosen = np.zeros(0, int)
            self.index = self.multipliers = np.zeros((0, search.dim), int)
            self.first = np.zeros(self.first_nodes + 1, int)
            return
        self.unit, self.upper = np.concatenate(log.unit), np.concatenate(log.upper)
        self.node, row, tight = np.concatenate(log.node), np.concatenate(log.row), np.concatenate(log.tight)
        self.kept = np.zeros(len(self.unit), bool)
        self.tight = tight
        self._mark_needed()
        chosen = np.nonzero(self.kept)[0]
        self.chosen = chosen[np.lexsort((self.upper[chosen], self.unit[chosen], self.node[chosen]))]
        self.first = np.searchsorted(self.node[self.chosen], np.arange(self.first_nodes + 1))
        planes = tight[self.chosen]
        self.index = search.planes.index_of[planes]
        self.multipliers = self._multipliers(planes, row[self.chosen])

    def _multipliers(self, numbers: Array, rows: Array) -> Array:
        """Return the multipliers of kept bounds, times ``2^MULTIPLIER_BITS``, rounded as coarsely as a bound can spare.

        Args:
            numbers: of the hyperplanes that prove each bound, shape (bounds, dim).
            rows: what is bounded, shape (bounds, dim + 1).
        """
        every = self.search.planes.rows
        planes = every[numbers]
        exact = np.where(self.index == -1, 0, np.maximum(_solve(planes[:, :, 1:], rows[:, 1:]), 0))
        found: Array = np.rint(exact * (1 << MULTIPLIER_BITS))
        if not self.search.is_coarse:
            return found
        best = self._least(rows - np.einsum("bh,bhj->bj", exact, planes))
        spare = self._spare(best)
        cost = np.where(exact > 0, -self._least(-np.abs(every))[numbers], 0).sum(1)  # of rounding by 1, at most
        finest = np.floor(np.log2(np.maximum(spare, _TINY)) - np.log2(np.maximum(cost, _TINY))).astype(int) + 1
        left = np.nonzero((spare > 0) & (finest > -MULTIPLIER_BITS))[0]
        for coarser in _COARSER:  # fewer bits may do, since errors cancel
            step = np.ldexp(1.0, np.minimum(finest[left] + coarser, 0))[:, None]
            rounded = np.rint(exact[left] / step) * step
            rest = rows[left] - np.einsum("bh,bhj->bj", rounded, planes[left])
            enough = best[left] - self._least(rest) <= spare[left]
            found[left[enough]] = rounded[enough] * (1 << MULTIPLIER_BITS)
            left = left[~enough]
        return found

    def _least(self, rows: Array) -> Array:
        """Return the least values of rows over the box."""
        low, high = self.search.box
        least: Array = rows[..., 0] + np.minimum(rows[..., 1:] * low, rows[..., 1:] * high).sum(-1)
        return least

    def _spare(self, best: Array) -> Array:
        """Return what rounding may cost each kept bound: a share of the unit's range, or of how positive a condition is."""
        units, spare = self.unit[self.chosen], _SPARE_OF_CONDITION * best
        for node in range(self.first_nodes):
            mine = slice(self.first[node], self.first[node + 1])
            known, unit = self.search.bounds_at[node], units[mine]
            hidden = unit < self.claim.units
            unit = unit[hidden]
            spare[mine][hidden] = _SPARE * (known.high[unit] - known.low[unit])
        return np.asarray(spare)

    def _mark_needed(self) -> None:
        """Mark the bounds on which the leaves rest, going from the last node to the first."""
        search, claim = self.search, self.claim
        layer = np.concatenate([claim.layer_of, [claim.depth] * len(claim.targets)])
        need = np.zeros(self.first_nodes, int)  # by node: bounds of the layers before this one are needed

        def mark(bounds: Array) -> None:
            fresh = bounds[~self.kept[bounds]]
            self.kept[fresh] = True
            np.maximum.at(need, self.node[fresh], layer[self.unit[fresh]])

        for node in range(self.first_nodes - 1, -1, -1):
            if node in search.leaf:
                mark(np.array(search.leaf[node]))
            elif node in search.zone:
                need[node] = claim.depth
            elif node in search.split:
                need[node] = max(need[node], layer[search.split[node]])
            low, high, low_from, high_from = search.bounds_at[node]
            needed = layer[: claim.units] < need[node]
            without = self._units_by_slope(node)
            if without is not None:
                needed[without] = False
            mark(low_from[needed & (high > 0) & (low_from >= 0)])
            mark(high_from[needed & (low < 0) & (high_from >= 0)])
            if node in search.sized:
                mark(high_from[high_from >= 0])
                mark(low_from[~claim.relu & (low_from >= 0)])

    def _units_by_slope(self, node: int) -> Array | None:
        """Return the units of the last layer with positive coefficients at a leaf: these need a lower slope, but no bounds.

        None if the node is not a leaf, or if other conditions take part in its refutation.
        """
        common = np.ones(self.claim.units, bool)
        for leaf in self.search.leaf.get(node, ()):
            layer, coefficients, _ = self.claim.targets[int(self.unit[leaf]) - self.claim.units]
            if layer == 0 or (self.search.planes.index_of[self.tight[leaf]] < -1).any():  # other conditions take part
                return None
            positive = np.zeros(self.claim.units, bool)
            positive[self.claim.span(layer - 1)] = (coefficients > 0) & self.claim.masks[layer - 1]
            common &= positive
        return np.nonzero(common)[0] if node in self.search.leaf else None

    def certificate_node(self, node: int, number: int) -> Node:
        """Return a node of the search as the certificate's node ``number``."""
        search, inputs = self.search, self.inputs
        hints = list(self._hints(node))
        bounds = tuple(Bound(inputs + unit, bool(upper), False, hint) for unit, upper, hint in hints if unit < self.claim.units)
        if node in search.split:
            return Node(number, bounds, "relu", inputs + search.split[node])
        if node in search.zone:
            return Node(number, bounds, "zone", search.zone[node])
        conditions = [(unit - self.claim.units, hint) for unit, _, hint in hints if unit >= self.claim.units]
        slopes = self._slopes(node)
        refutations = (
            self._refutation(condition - case.start, case.start, hint, slopes)
            for case, (condition, hint) in zip(self.claim.cases, conditions, strict=True)
        )
        return Node(number, bounds, "no", refutations=tuple(refutations))

    @staticmethod
    def _refutation(condition: int, first: int, hint: Hint, slopes: Sequence[tuple[int, int]]) -> Refutation:
        """Return why the conditions of a case, which are numbered from ``first``, cannot hold together."""
        mu, pairs = [(condition, 1)], list(zip(hint.rows, hint.multipliers, strict=True))
        others = [(-2 - index - first, int(m)) for index, m in pairs if index < 0]
        if others:
            mu = [(condition, 1 << SHARE_BITS), *((r, m >> (MULTIPLIER_BITS - SHARE_BITS)) for r, m in others)]
            pairs = [(index, m * (1 << SHARE_BITS)) for index, m in pairs if index >= 0]
        return Refutation(tuple(mu), Hint.of(pairs, alphas=slopes))

    def _slopes(self, node: int) -> tuple[tuple[int, int], ...]:
        """Return the lower slopes, 1 or 0, that the search used for units whose bounds are not kept."""
        units = self._units_by_slope(node)
        if units is None:
            return ()
        low, high = (part[units] for part in self.search.bounds_at[node][:2])
        slopes = np.where((low >= 0) | ((high > 0) & (high > -low)), 1 << ALPHA_BITS, 0)
        return tuple(zip((units + self.inputs).tolist(), slopes.tolist(), strict=True))

    def _hints(self, node: int) -> Iterator[tuple[int, int, Hint]]:
        """Yield the bounds of a node that are kept as (unit, upper, hint); condition k counts as row -2 - k."""
        mine = slice(self.first[node], self.first[node + 1])
        which, divisors = self.chosen[mine], self.search.divisors
        used = (self.multipliers[mine] > 0) & (self.index[mine] != -1)
        indices = self.index[mine][used].tolist()
        multipliers: list[int | Fraction] = [*map(int, self.multipliers[mine][used].tolist())]
        if divisors:
            pairs = zip(indices, multipliers, strict=True)
            multipliers = [Fraction(m, 1 << MULTIPLIER_BITS) / divisors[k] if k in divisors else m for k, m in pairs]
        ends = used.sum(1).cumsum().tolist()
        for unit, upper, start, end in zip(self.unit[which].tolist(), self.upper[which].tolist(), [0, *ends], ends, strict=False):
            yield unit, upper, Hint(tuple(indices[start:end]), tuple(multipliers[start:end]))


def _solve(normals: Array, rows: Array) -> Array:
    """Return multipliers m with ``sum m_h normals_h = row``; zeros where the normals are dependent."""
    if not len(rows):
        return rows
    transposed, right = normals.transpose(0, 2, 1), rows[:, :, None]
    try:
        multipliers = np.linalg.solve(transposed, right)[:, :, 0]
    except np.linalg.LinAlgError:
        multipliers = np.zeros_like(rows)
        for k in range(len(rows)):
            try:
                multipliers[k] = np.linalg.solve(transposed[k], right[k])[:, 0]
            except np.linalg.LinAlgError:
                continue
    return np.where(np.isfinite(multipliers) & (np.abs(multipliers) < 1 << 40), multipliers, 0)
