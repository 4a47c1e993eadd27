"""The trees of a certificate: their open regions, and how nodes are added.  The rules themselves are in ``rules.py``."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from exactzones.checker import rules, splits
from exactzones.checker.arithmetic import Array
from exactzones.checker.bounds import FixedPoint, RationalNumbers
from exactzones.checker.certificate import Node
from exactzones.checker.claim import Claim, Lowered
from exactzones.checker.known import KnownBounds
from exactzones.checker.records import Case
from exactzones.checker.rules import Batch, Invalid, OpenRegion, go_on
from exactzones.network import Network

_MOST_SPLITS = 1000
"""How many more splits than units a path may have; each region stores its path, so long paths would exhaust the memory."""


class Tree:
    """The trees of a certificate, from their roots on.

    Args:
        network: the network.
        trees: the cases that each tree is about; they have one polyhedron, and each is claimed to hold nowhere on it.
        bits: number of fractional bits of fixed-point numbers.
        patterns: of the listed zones.
        lowered: the network in the forms that claims need, if it is at hand.

    Attributes:
        waiting: the open regions by number.
        made: number of regions so far, which is also the number of the next one.
        nodes: number of accepted nodes.
    """

    def __init__(
        self,
        network: Network,
        trees: Sequence[Sequence[Case]],
        bits: int,
        patterns: Sequence[tuple[str, ...]] = (),
        *,
        lowered: Lowered | None = None,
    ) -> None:
        forms = lowered or Lowered(network)
        self.claims = [Claim(network, cases, bits, forms) for cases in trees]
        self.fixed = [FixedPoint(claim) for claim in self.claims]
        self.exact = [RationalNumbers(claim) for claim in self.claims]
        self.waiting: dict[int, OpenRegion] = {}
        for k, claim in enumerate(self.claims):
            low, high, has_low, has_high = claim.box()
            self.waiting[k] = OpenRegion(k, KnownBounds(low[None], high[None], has_low[None], has_high[None]), ())
        self.made = len(self.claims)
        self.nodes = 0
        self._look: Callable[[], None] = go_on
        self._roots: dict[Hashable, KnownBounds] = {}  # copies of the tree share it
        self._signs = [self._sign_row(pattern) for pattern in patterns]

    def _sign_row(self, pattern: tuple[str, ...]) -> Array | None:
        """Return a zone's pattern as 1 and -1 for units with a ReLU, else 0; None if it does not fit the network."""
        claim = self.claims[0]
        text = "".join(pattern)
        where = np.nonzero(claim.relu)[0]
        if len(text) != len(where) or set(text) - {"+", "-"}:
            return None
        signs = np.zeros(claim.units, np.int8)
        signs[where] = [1 if sign == "+" else -1 for sign in text]
        return signs

    def add(self, nodes: Sequence[Node], *, skip: bool = False) -> dict[int, tuple[int, int]]:
        """Check nodes of open regions together, and replace each region by its children; all are added, or none.

        Args:
            nodes: to be added.
            skip: leave the regions open whose refutations prove too little, and add the other nodes.

        Returns:
            The number of each node that splits -> the numbers of its two children.

        Raises:
            Invalid: a rule is broken.
        """
        numbers = [node.number for node in nodes]
        seen: set[int] = set()
        for number in numbers:
            if number not in self.waiting or number in seen:
                raise Invalid(f"node {number}: there is no such region, or an earlier line has closed it")
            seen.add(number)
        regions = [self.waiting[number] for number in numbers]
        children: dict[int, list[OpenRegion]] = {}
        left: set[int] = set()
        for k in sorted({region.tree for region in regions}):
            chosen = [i for i, region in enumerate(regions) if region.tree == k]
            of_tree, unrefuted = self._check([nodes[i] for i in chosen], [regions[i] for i in chosen], k)
            left |= {numbers[chosen[i]] for i in unrefuted}
            children.update({chosen[i]: pair for i, pair in of_tree.items()})
        if left and not skip:
            raise Invalid(f"node {min(left)}: the bound does not show that the conditions cannot hold together")
        for number in seen - left:
            del self.waiting[number]
        made = {}
        for i in sorted(children):
            made[numbers[i]] = self.made, self.made + 1
            self.waiting.update(zip(made[numbers[i]], children[i], strict=True))
            self.made += 2
        self.nodes += len(nodes) - len(left)
        return made

    @contextmanager
    def watched(self, look: Callable[[], None]) -> Iterator[None]:
        """Call a function now and then while nodes are checked; what it raises ends the check, and leaves the tree as it is."""
        before, self._look = self._look, look
        try:
            yield
        finally:
            self._look = before

    def prepare(self, node: Node) -> None:
        """Compute the bounds of a node at a root before it is added; nothing else is checked.

        Raises:
            Invalid: a rule is broken.
        """
        region = self.waiting.get(node.number)
        if region is not None and not region.rows:
            k = region.tree
            self._with_bounds(Batch([node], [region], region.known.part(0), self.fixed[k], self.exact[k], self._look))

    def _with_bounds(self, batch: Batch) -> Batch:
        """Compute the bounds of nodes; those of a root are also taken from another root with the same box and the same bounds."""
        if len(batch.nodes) > 1 or batch.regions[0].rows:
            rules.compute_bounds(batch)
            return batch
        key = batch.claim.rows, batch.claim.horizon, batch.nodes[0].bounds
        if key not in self._roots:
            rules.compute_bounds(batch)
            self._roots.clear()
            self._roots[key] = batch.known.part(0)
        return batch._replace(known=self._roots[key].part(0))

    def _check(
        self, nodes: Sequence[Node], regions: Sequence[OpenRegion], k: int
    ) -> tuple[dict[int, list[OpenRegion]], set[int]]:
        """Check nodes of tree k; return the children of those that split, and which are not refuted, by place in the sequence."""
        known = KnownBounds.stack([region.known for region in regions])
        batch = self._with_bounds(Batch(nodes, regions, known, self.fixed[k], self.exact[k], self._look))
        cases = len(batch.claim.targets)
        for node in nodes:
            if node.kind == "no" and len(node.refutations) != cases:
                raise Invalid(
                    f"node {node.number}: number of refutations: expected {cases}, one for each case of the tree; "
                    f"got {len(node.refutations)}"
                )
        left = {i for case in range(cases) for i in rules.unrefuted(batch, case)}
        rows = splits.split_rows(batch)
        children = {}
        for i, (node, region) in enumerate(zip(nodes, regions, strict=True)):
            most = batch.claim.units + _MOST_SPLITS
            if node.splits and len(region.rows) > most:
                raise Invalid(f"node {node.number}: {len(region.rows)} splits lead to it; at most {most} are allowed")
            if node.kind == "zone":
                rules.require_zone(batch, i, self._signs[node.at] if node.at < len(self._signs) else None)
            elif node.kind == "relu":
                children[i] = splits.relu_children(batch, i, rows[i])
            elif node.kind == "cut":
                children[i] = splits.cut_children(batch, i)
        return children, left
