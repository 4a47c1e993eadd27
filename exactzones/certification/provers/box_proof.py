"""Turn the tree of a box search into nodes of a certificate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from exactzones.certification.provers.base import SHARE_BITS, Proof
from exactzones.certification.provers.box_leaves import Refuted
from exactzones.certification.provers.box_search import BoxSearch
from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.arithmetic import Array
from exactzones.checker.bounds import ALPHA_BITS, MULTIPLIER_BITS


class BoxProof(Proof[BoxSearch]):
    """The tree of a box search.

    Args:
        search: finished or not; regions that it has not proved are left open.
        inputs: number of inputs of the network, with those that are constant.
        first: how many of its nodes to look at.
    """

    def __init__(self, search: BoxSearch, inputs: int, first: int) -> None:
        super().__init__(search, first)
        self.inputs = inputs

    def certificate_node(self, node: int, number: int) -> Node:
        """Return a node of the search as the certificate's node ``number``."""
        search, inputs = self.search, self.inputs
        sharp = search.slopes.get(node, {})
        units = sorted({*search.bounds.get(node, ()), *sharp})
        slopes = (tuple((inputs + of, alpha) for of, alpha in sharp.get(bound, ())) for bound in units)
        bounds = tuple(
            Bound(inputs + unit, bool(upper), exact=False, hint=Hint(alphas=alphas))
            for (unit, upper), alphas in zip(units, slopes, strict=True)
        )
        if node in search.split:
            return Node(number, bounds, "relu", inputs + search.split[node])
        return Node(number, bounds, "no", refutations=(self._refutation(search.leaf[node]),))

    def _refutation(self, leaf: Refuted) -> Refutation:
        """Return the dual variables of a leaf as the certificate writes them."""
        variables, numbered = leaf.variables, self.search.rows
        share = SHARE_BITS if len(variables.mu) > 1 else 0
        unit = 1 << (MULTIPLIER_BITS + share)
        mu = tuple((k, round(m * (1 << share))) for k, m in enumerate(variables.mu.tolist()) if m > 0)
        rows = (
            (number, Fraction(round(m * unit), 1 << MULTIPLIER_BITS) / divisor)
            for number, m, divisor in zip(numbered.numbers, variables.rows.tolist(), numbered.divisors, strict=True)
            if m > 0
        )
        units = self.inputs + leaf.units
        split = np.nonzero((leaf.side != 0) & (variables.beta > 0))[0]
        sides, multipliers = (leaf.side[split] < 0).astype(int).tolist(), _rounded(variables.beta[split] * unit)
        betas = zip(units[split].tolist(), sides, multipliers, strict=True)
        sloped = np.nonzero(leaf.sloped)[0]
        alphas = zip(units[sloped].tolist(), _rounded(variables.alpha[sloped] * (1 << ALPHA_BITS)), strict=True)
        return Refutation(mu, Hint.of(rows, betas, alphas))


def _rounded(numbers: Array) -> list[int]:
    """Return the nearest integers, as Python's."""
    return [*map(int, np.rint(numbers).tolist())]
