"""Turn a search of boxes into nodes of a certificate that contain only the bounds on which the leaves rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from exactzones.certification.provers.base import Proof
from exactzones.certification.provers.carried import Carried, carry, of_units
from exactzones.certification.provers.cell_batch import CellBounds
from exactzones.certification.provers.cut_boxes import relax
from exactzones.certification.provers.cut_search import CutSearch
from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.arithmetic import Array
from exactzones.checker.bounds import ALPHA_BITS

_CERTAIN = 1e-6
"""A bound at least so far from zero has the same sign in the checker's numbers."""


class CutProof(Proof[CutSearch]):
    """The tree of a search of boxes, trimmed to what proves its leaves.

    A function that is carried back needs bounds of the units that it meets with a negative coefficient.  These bounds
    are computed at the node that first gave them, and need others there.  Units with a positive coefficient need none: the
    function's hint says their lower slopes.

    Args:
        search: finished or not; boxes that it has not proved are left open.
        inputs: number of inputs of the network, with those that are constant.
        first: how many of its nodes to look at.
    """

    def __init__(self, search: CutSearch, inputs: int, first: int) -> None:
        super().__init__(search, first)
        self.claim, self.inputs = search.claim, inputs
        self._needed: dict[int, Array] = {}
        self.slopes: dict[tuple[int, int, bool], tuple[Array, Array]] = {}
        self._known = {node: _Known(*search.known[place]).copy() for place, node in search.roots.items()}
        self._trim()

    def certificate_node(self, node: int, number: int) -> Node:
        """Return a node of the search as the certificate's node ``number``; parents come first."""
        search, claim = self.search, self.claim
        known = self._known.pop(node)
        needed = self._needed.get(node)
        pairs = np.argwhere(needed.T).tolist() if needed is not None else []
        if needed is not None:
            known.learn(needed, search.bounds_at[node])
        usual = known.usual_slopes

        def hint(unit: int, *, upper: bool = False) -> Hint:
            units, wanted = self.slopes[node, unit, upper]
            chosen = wanted != usual[units]
            slopes = (wanted[chosen].astype(int) << ALPHA_BITS).tolist()
            return Hint(alphas=tuple(zip((units[chosen] + self.inputs).tolist(), slopes, strict=True)))

        bounds = tuple(
            Bound(self.inputs + unit, bool(upper), exact=False, hint=hint(unit, upper=bool(upper))) for unit, upper in pairs
        )
        if node in search.split:
            self._known.update((child, known.copy()) for child in search.children[node])
            return Node(number, bounds, "cut", search.split[node], search.where[node])
        conditions = zip(search.leaf[node], claim.cases, strict=True)
        refutations = (Refutation(((k - case.start, 1),), hint(claim.units + k)) for k, case in conditions)
        return Node(number, bounds, "no", refutations=tuple(refutations))

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


class _Known(NamedTuple):
    """What the certificate knows of units on a node's region: its bounds, -inf or inf where it has none."""

    low: Array
    high: Array

    def copy(self) -> _Known:
        return _Known(self.low.copy(), self.high.copy())

    def learn(self, needed: Array, bounds: CellBounds) -> None:
        """Take the needed bounds of a node."""
        self.low[needed[0]], self.high[needed[1]] = bounds.low[needed[0]], bounds.high[needed[1]]

    @property
    def usual_slopes(self) -> Array:
        """The lower slope that each unit gets without a hint; -1 where the checker may take either: its bounds are narrower."""
        slopes = np.where(np.isfinite(self.low) | np.isfinite(self.high), -1, 0)
        slopes[self.high < -_CERTAIN], slopes[self.low > _CERTAIN] = 0, 1
        return slopes


class _Needs:
    """What some nodes of one depth need.

    Args:
        proof: to which it belongs.
        nodes: the nodes.
    """

    def __init__(self, proof: CutProof, nodes: list[int]) -> None:
        self.proof, self.claim, self.nodes = proof, proof.claim, nodes
        search = proof.search
        self.bounds = CellBounds.stack([search.bounds_at[node] for node in nodes])
        self.steep = np.array([search.steep_at[node] for node in nodes])
        self.relaxed = [relax(self.claim, k, self.bounds, self.steep) for k in range(self.claim.depth)]
        low, high, relu = self.bounds.low, self.bounds.high, self.claim.relu
        self.on, self.off = relu & (low >= 0), relu & (high <= 0) & (low < 0)
        self.wanted = np.zeros((2, *low.shape), bool)

    def mark(self) -> None:
        """Mark what the nodes need, layer by layer from the last one."""
        leaves = [(i, k) for i, node in enumerate(self.nodes) for k in self.proof.search.leaf.get(node, ())]
        for k, (layer, coefficients, _) in enumerate(self.claim.targets):
            at = np.array([i for i, condition in leaves if condition == k], int)
            if len(at):
                rows = np.tile(coefficients, (len(at), 1))
                functions = Carried(layer, at, np.arange(len(coefficients)), rows, np.zeros(len(at)))
                self._carry(functions, np.full(len(at), self.claim.units + k), upper=False)
        for k in range(self.claim.depth - 1, -1, -1):
            span = self.claim.span(k)
            # The checker's rounding needs lower bounds of units without a ReLU.
            self.wanted[0][:, span][:, ~self.claim.masks[k]] = True
            self._order(k)
            for upper in (False, True):
                at, unit = np.nonzero(np.stack([self.proof.needed(node)[int(upper), span] for node in self.nodes]))
                for part, functions in of_units(self.claim, k, at, unit, np.full(len(at), upper)):
                    self._carry(functions, span.start + unit[part], upper=upper)

    def _carry(self, functions: Carried, unit: Array, *, upper: bool) -> None:
        """Carry functions back, and mark the bounds that they need; write down the hint of each.

        Args:
            functions: conditions, or units as z or -z.
            unit: of each function, shape (functions,); the number of units and that of the condition if it is one.
            upper: whether they are upper bounds of units.
        """
        self.proof.search.deadline.check()
        sloped: list[tuple[Array, Array, Array]] = []

        def look(met: Carried) -> None:
            at, units = met.at[:, None], self.claim.offsets[met.layer - 1] + met.columns
            relu, on, off = self.claim.relu[units], self.on[at, units], self.off[at, units]
            negative, positive = met.coefficients < 0, met.coefficients > 0
            for side, wanted in enumerate((negative & relu & ~off, negative & relu & ~on)):
                row, column = np.nonzero(wanted)
                self.wanted[side, met.at[row], units[column]] = True
            row, column = np.nonzero(positive & relu)
            sloped.append((row, units[column], (on | self.steep[at, units] & ~off)[row, column]))

        carry(self.claim, self.relaxed, functions, look)
        row, other, steep = (np.concatenate(parts) for parts in zip(*sloped, strict=True)) if sloped else [np.zeros(0, int)] * 3
        order = np.lexsort((other, row))
        ends = np.searchsorted(row[order], np.arange(len(unit) + 1)).tolist()
        other, steep = other[order], steep[order].astype(bool)
        for i, (at, each) in enumerate(zip(functions.at.tolist(), unit.tolist(), strict=True)):
            mine = slice(ends[i], ends[i + 1])
            self.proof.slopes[self.nodes[at], each, upper] = other[mine], steep[mine]

    def _order(self, k: int) -> None:
        """Have the wanted bounds of layer k computed at the nodes from which they come."""
        span = self.claim.span(k)
        for upper, origin in enumerate((self.bounds.low_from[:, span], self.bounds.high_from[:, span])):
            node, unit = np.nonzero(self.wanted[upper][:, span] & (origin >= 0))
            source = origin[node, unit]
            for each in np.unique(source).tolist():
                self.proof.needed(each)[upper, span.start + unit[source == each]] = True
