"""Turn a search of boxes into nodes of a certificate that contain only the bounds on which the leaves rest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exactzones.certification.provers.base import Proof
from exactzones.certification.provers.cell_batch import CellBounds
from exactzones.certification.provers.cut_search import CutSearch
from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.arithmetic import Array

_WORK = 1 << 21  # most coefficients of one layer that are carried back at a time


class CutProof(Proof[CutSearch]):
    """The tree of a search of boxes, trimmed to what proves its leaves.

    A function that is carried back needs bounds of the units that it meets with a coefficient that is not zero.  These bounds
    are computed at the node that first gave them, and need others there.

    Args:
        search: finished or not; boxes that it has not proved are left open.
        inputs: number of inputs of the network, with those that are constant.
        first: how many of its nodes to look at.
    """

    def __init__(self, search: CutSearch, inputs: int, first: int) -> None:
        super().__init__(search, first)
        self.claim, self.inputs = search.claim, inputs
        self._needed: dict[int, Array] = {}
        self._trim()

    def certificate_node(self, node: int, number: int) -> Node:
        """Return a node of the search as the certificate's node ``number``."""
        needed = self._needed.get(node)
        pairs = np.argwhere(needed.T).tolist() if needed is not None else []
        bounds = tuple(Bound(self.inputs + unit, bool(upper), exact=False, hint=Hint()) for unit, upper in pairs)
        if node in self.search.split:
            return Node(number, bounds, "cut", self.search.split[node], self.search.where[node])
        conditions = zip(self.search.leaf[node], self.claim.cases, strict=True)
        return Node(number, bounds, "no", refutations=tuple(Refutation(((k - case.start, 1),), Hint()) for k, case in conditions))

    def _trim(self) -> None:
        """Mark the bounds that leaves need, and those that these need, from the deepest nodes to the roots."""
        levels: dict[int, list[int]] = {}
        for node in (*self.search.leaf, *self.search.split):
            if node < self.first_nodes:
                levels.setdefault(self.search.depth[node], []).append(node)
        for _, nodes in sorted(levels.items(), reverse=True):
            for start in range(0, len(nodes), self.search.batch):
                _Needs(self, nodes[start : start + self.search.batch]).mark()

    def needed(self, node: int) -> Array:
        """Return which bounds are computed at a node, shape (2, units): lower ones, then upper ones."""
        return self._needed.setdefault(node, np.zeros((2, self.claim.units), bool))


class _Needs:
    """What some nodes of one depth need.

    Args:
        proof: to which it belongs.
        nodes: the nodes.
    """

    def __init__(self, proof: CutProof, nodes: list[int]) -> None:
        self.proof, self.claim, self.nodes = proof, proof.claim, nodes
        self.bounds = CellBounds.stack([proof.search.bounds_at[node] for node in nodes])
        self.relaxed = [self.claim.relax(k, self.bounds.low, self.bounds.high) for k in range(self.claim.depth)]

    def mark(self) -> None:
        """Mark what the nodes need, layer by layer from the last one."""
        leaves = [(i, k) for i, node in enumerate(self.nodes) for k in self.proof.search.leaf.get(node, ())]
        for top in range(self.claim.depth, -1, -1):
            chosen = [(i, self.claim.targets[k][1]) for i, k in leaves if self.claim.targets[k][0] == top]
            if chosen:
                self._carry(np.array([i for i, _ in chosen]), np.array([row for _, row in chosen]), top)
            if top < self.claim.depth:
                for at, rows in self._unit_rows(top):
                    self._carry(at, rows, top)

    def _unit_rows(self, k: int) -> Iterator[tuple[Array, Array]]:
        """Yield the functions whose bounds are computed at the nodes, as the coefficients of layer k's inputs."""
        span = self.claim.span(k)
        needed = np.stack([self.proof.needed(node)[:, span] for node in self.nodes])
        at, upper, unit = np.nonzero(needed)
        size = max(1, _WORK // max(1, *map(len, self.claim.biases)))
        for start in range(0, len(at) if k else 0, size):
            part = slice(start, start + size)
            yield at[part], np.where(upper[part], -1.0, 1.0)[:, None] * self.claim.weights[k][unit[part]]

    def _carry(self, at: Array, rows: Array, top: int) -> None:
        """Carry functions of layer ``top``'s inputs back, each on a node, and mark the bounds that they need."""
        starts = np.flatnonzero(np.diff(at, prepend=-1))  # of each node's functions, which come together
        for k in range(top - 1, -1, -1):
            used = np.zeros((len(self.nodes), rows.shape[1]), bool)
            used[at[starts]] = np.logical_or.reduceat(rows != 0, starts, axis=0)
            self._need(k, used)
            slope, _, lower, _ = self.relaxed[k]
            rows = np.maximum(rows, 0) * lower[at] + np.minimum(rows, 0) * slope[at]
            if k:
                rows = rows @ self.claim.weights[k]

    def _need(self, k: int, used: Array) -> None:
        """Mark the bounds of units that are used: that which settles the unit, or both; a lower one if it has no ReLU."""
        span, relu = self.claim.span(k), self.claim.masks[k]
        low, high, low_from, high_from = (part[:, span] for part in self.bounds)
        on, off = low >= 0, (high <= 0) & (low < 0)
        for upper, wanted, origin in ((0, used & ~(relu & off), low_from), (1, used & relu & ~on, high_from)):
            node, unit = np.nonzero(wanted & (origin >= 0))
            source = origin[node, unit]
            for each in np.unique(source).tolist():
                self.proof.needed(each)[upper, span.start + unit[source == each]] = True
