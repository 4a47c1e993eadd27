"""From what a search of cells recorded to the nodes of a certificate: only the bounds that its leaves rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from exactzones.certification.provers.base import SHARE, Proof
from exactzones.certification.provers.cell_search import CellSearch
from exactzones.certification.provers.relaxation import Floats
from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.bounds import ALPHA_BITS, MULTIPLIER_BITS


class CellProof(Proof[CellSearch]):
    """The tree of a cell search, trimmed.

    Args:
        search: finished or not; cells that still wait are left open.
        inputs: of the network, with those that are constant.
    """

    def __init__(self, search: CellSearch, inputs: int) -> None:
        super().__init__(search)
        self.claim, self.inputs = search.claim, inputs
        recorded = search.recorded
        if not recorded.count:
            self.unit = self.upper = self.chosen = np.zeros(0, int)
            self.index = self.multipliers = np.zeros((0, search.dim), int)
            self.first = np.zeros(search.count + 1, int)
            return
        self.unit, self.upper = np.concatenate(recorded.unit), np.concatenate(recorded.upper)
        self.node, row, tight = np.concatenate(recorded.node), np.concatenate(recorded.row), np.concatenate(recorded.tight)
        self.kept = np.zeros(len(self.unit), bool)
        self.tight = tight
        self._trim()
        chosen = np.nonzero(self.kept)[0]
        self.chosen = chosen[np.lexsort((self.upper[chosen], self.unit[chosen], self.node[chosen]))]
        planes = tight[self.chosen]
        multipliers = _solve(search.planes.rows[planes][:, :, 1:], row[self.chosen][:, 1:])
        self.index, self.multipliers = search.planes.index_of[planes], np.rint(multipliers * (1 << MULTIPLIER_BITS))
        self.first = np.searchsorted(self.node[self.chosen], np.arange(search.count + 1))

    def _trim(self) -> None:
        """Mark what the leaves rest on, from the last node to the first."""
        search, claim = self.search, self.claim
        layer = np.concatenate([claim.layer_of, [claim.depth] * len(claim.targets)])
        need = np.zeros(search.count, int)

        def mark(bounds: Floats) -> None:
            fresh = bounds[~self.kept[bounds]]
            self.kept[fresh] = True
            np.maximum.at(need, self.node[fresh], layer[self.unit[fresh]])

        for node in range(search.count - 1, -1, -1):
            if node in search.leaf:
                mark(np.array(search.leaf[node]))
            elif node in search.zone:
                need[node] = claim.depth
            elif node in search.split:
                need[node] = max(need[node], layer[search.split[node]])
            low, high, low_from, high_from = search.bounds_at[node]
            asked = layer[: claim.units] < need[node]
            chosen = self._sloped(node)
            if chosen is not None:
                asked[chosen] = False
            mark(low_from[asked & (high > 0) & (low_from >= 0)])
            mark(high_from[asked & (low < 0) & (high_from >= 0)])

    def _sloped(self, node: int) -> Floats | None:
        """Return the units of the last layer that count positively at a leaf: of them only the lower slope matters, no bound."""
        found = np.ones(self.claim.units, bool)
        for leaf in self.search.leaf.get(node, ()):
            layer, coefficients, _ = self.claim.targets[int(self.unit[leaf]) - self.claim.units]
            if layer == 0 or (self.search.planes.index_of[self.tight[leaf]] < -1).any():  # other conditions take part
                return None
            here = np.zeros(self.claim.units, bool)
            here[self.claim.span(layer - 1)] = (coefficients > 0) & self.claim.masks[layer - 1]
            found &= here
        return np.nonzero(found)[0] if node in self.search.leaf else None

    def written(self, node: int, number: int) -> Node:
        """Return a node with the number that it has in the certificate."""
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
        """Return why a case's conditions, which come after ``first`` others, cannot hold together."""
        mu, pairs = [(condition, 1)], list(zip(hint.rows, hint.multipliers, strict=True))
        others = [(-2 - index - first, int(m)) for index, m in pairs if index < 0]
        if others:
            mu = [(condition, 1 << SHARE), *((r, m >> (MULTIPLIER_BITS - SHARE)) for r, m in others)]
            pairs = [(index, m * (1 << SHARE)) for index, m in pairs if index >= 0]
        return Refutation(tuple(mu), Hint.of(pairs, alphas=slopes))

    def _slopes(self, node: int) -> tuple[tuple[int, int], ...]:
        """Return the lower slopes that the search took where no bounds are kept: 1 or 0."""
        units = self._sloped(node)
        if units is None:
            return ()
        low, high = (part[units] for part in self.search.bounds_at[node][:2])
        slopes = np.where((low >= 0) | ((high > 0) & (high > -low)), 1 << ALPHA_BITS, 0)
        return tuple(zip((units + self.inputs).tolist(), slopes.tolist(), strict=True))

    def _hints(self, node: int) -> Iterator[tuple[int, int, Hint]]:
        """Yield the bounds of a node that are kept: unit, upper, multiples of rows; other conditions count as rows -2, -3, .."""
        mine = slice(self.first[node], self.first[node + 1])
        which, divided = self.chosen[mine], self.search.divided
        used = (self.multipliers[mine] > 0) & (self.index[mine] != -1)
        indices = self.index[mine][used].tolist()
        multipliers: list[int | Fraction] = [*map(int, self.multipliers[mine][used].tolist())]
        if divided:
            pairs = zip(indices, multipliers, strict=True)
            multipliers = [Fraction(m, 1 << MULTIPLIER_BITS) / divided[k] if k in divided else m for k, m in pairs]
        ends = used.sum(1).cumsum().tolist()
        for unit, upper, start, end in zip(self.unit[which].tolist(), self.upper[which].tolist(), [0, *ends], ends, strict=False):
            yield unit, upper, Hint(tuple(indices[start:end]), tuple(multipliers[start:end]))


def _solve(normals: Floats, rows: Floats) -> Floats:
    """Return multipliers m with ``sum m_h normals_h = row``; zeros where the normals are dependent."""
    if not len(rows):
        return rows
    transposed, right = normals.transpose(0, 2, 1), rows[:, :, None]
    try:
        found = np.linalg.solve(transposed, right)[:, :, 0]
    except np.linalg.LinAlgError:
        found = np.zeros_like(rows)
        for k in range(len(rows)):
            try:
                found[k] = np.linalg.solve(transposed[k], right[k])[:, 0]
            except np.linalg.LinAlgError:
                continue
    return np.where(np.isfinite(found) & (np.abs(found) < 1 << 40), found, 0)
