"""From what a search of cells recorded to the nodes of a certificate: only the bounds that its leaves rest on."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from exactzones.certify.cells import CellSearch
from exactzones.certify.relaxation import Floats
from exactzones.certify.search import SHARE, Proof
from exactzones.check import Bound, Hint, Node
from exactzones.check.bounds import ALPHA_BITS, MULTIPLIER_BITS


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
        self.at: dict[int, list[int]] = {}
        if not recorded.count:
            self.node = self.unit = self.upper = self.kept = np.zeros(0, int)
            return
        self.unit, self.upper = np.concatenate(recorded.unit), np.concatenate(recorded.upper)
        self.node, row, tight = np.concatenate(recorded.node), np.concatenate(recorded.row), np.concatenate(recorded.tight)
        self.kept = np.zeros(len(self.unit), bool)
        self.tight = tight
        self._trim()
        chosen = np.nonzero(self.kept)[0]
        self.place = np.cumsum(self.kept) - 1
        self.multipliers = _solve(search.planes.rows[tight[chosen]][:, :, 1:], row[chosen][:, 1:])

    def _trim(self) -> None:
        """Mark what the leaves rest on, from the last node to the first."""
        search, claim = self.search, self.claim
        layer = np.concatenate([claim.layer_of, [claim.depth] * len(claim.targets)])
        need = np.zeros(search.count, int)

        def mark(bound: int) -> None:
            if not self.kept[bound]:
                node = int(self.node[bound])
                self.kept[bound] = True
                self.at.setdefault(node, []).append(bound)
                need[node] = max(need[node], layer[self.unit[bound]])

        for node in range(search.count - 1, -1, -1):
            if node in search.leaf:
                mark(search.leaf[node])
            elif node in search.zone:
                need[node] = claim.depth
            elif node in search.split:
                need[node] = max(need[node], layer[search.split[node]])
            low, high, low_from, high_from = search.bounds_at[node]
            asked = layer[: claim.units] < need[node]
            chosen = self._sloped(node)
            if chosen is not None:
                asked[chosen] = False
            for bound in low_from[asked & (high > 0) & (low_from >= 0)].tolist():
                mark(bound)
            for bound in high_from[asked & (low < 0) & (high_from >= 0)].tolist():
                mark(bound)

    def _sloped(self, node: int) -> Floats | None:
        """Return the units of the last layer that count positively at a leaf: of them only the lower slope matters, no bound."""
        leaf = self.search.leaf.get(node)
        if leaf is None:
            return None
        layer, coefficients, _ = self.claim.targets[int(self.unit[leaf]) - self.claim.units]
        if layer == 0 or (self.search.planes.index_of[self.tight[leaf]] < -1).any():  # other conditions take part
            return None
        found: Floats = self.claim.offsets[layer - 1] + np.nonzero((coefficients > 0) & self.claim.masks[layer - 1])[0]
        return found

    def written(self, node: int, number: int) -> Node:
        """Return a node with the number that it has in the certificate."""
        search, inputs = self.search, self.inputs
        numbers = [bound for bound in self.at.get(node, ()) if self.unit[bound] < self.claim.units]
        numbers.sort(key=lambda bound: (self.unit[bound], self.upper[bound]))
        bounds = tuple(Bound(inputs + int(self.unit[b]), bool(self.upper[b]), False, Hint(self._hint(b)[0])) for b in numbers)
        if node in search.split:
            return Node(number, bounds, "relu", inputs + search.split[node])
        if node in search.zone:
            return Node(number, bounds, "zone", search.zone[node])
        leaf = search.leaf[node]
        rows, others = self._hint(leaf)
        target = int(self.unit[leaf]) - self.claim.units
        if others:
            rows = tuple((index, m * (1 << SHARE)) for index, m in rows)
            mu = ((target, 1 << SHARE), *((r, m >> (MULTIPLIER_BITS - SHARE)) for r, m in others))
        else:
            mu = ((target, 1),)
        return Node(number, bounds, "no", mu=mu, hint=Hint(rows, (), self._slopes(node)))

    def _slopes(self, node: int) -> tuple[tuple[int, int], ...]:
        """Return the lower slopes that the search took where no bounds are kept: 1 or 0."""
        units = self._sloped(node)
        if units is None:
            return ()
        low, high = (part[units] for part in self.search.bounds_at[node][:2])
        slopes = np.where((low >= 0) | ((high > 0) & (high > -low)), 1 << ALPHA_BITS, 0)
        return tuple(zip((units + self.inputs).tolist(), slopes.tolist(), strict=True))

    def _hint(self, bound: int) -> tuple[tuple[tuple[int, int | Fraction], ...], list[tuple[int, int]]]:
        place = self.place[bound]
        rows: list[tuple[int, int | Fraction]] = []
        others = []
        for plane, multiplier in zip(self.tight[bound].tolist(), self.multipliers[place].tolist(), strict=True):
            index = int(self.search.planes.index_of[plane])
            m = round(multiplier * (1 << MULTIPLIER_BITS))
            if m > 0 and index in self.search.divided:
                rows.append((index, Fraction(m, 1 << MULTIPLIER_BITS) / self.search.divided[index]))
            elif m > 0 and index >= 0:
                rows.append((index, m))
            elif m > 0 and index < -1:
                others.append((-2 - index, m))
        return tuple(rows), others


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
