"""The last step to an exact distance: from a certificate for a ball that is a little smaller to the ball of the distance itself.

The certificate's tree is replayed on the larger ball.  Regions on which it no longer proves the claim are proved anew, except for
those that contain the nearest point: there the bound at that point's own radius is exactly zero (``foot``), once the regions are
small enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from exactzones.certification.ball.foot import Foot, Signs
from exactzones.certification.run import Run
from exactzones.checker import Node
from exactzones.checker.core import batches
from exactzones.checker.rules import OpenRegion
from exactzones.rational import Vector


@dataclass
class Ring:
    """The proof that nothing is nearer than a foot.

    Args:
        run: about the ball of the foot's radius; each case has a tree of its own.
        foot: the nearest point.
        case: whose nearest point it is.
    """

    run: Run
    foot: Foot
    case: int
    refused: dict[int, Node] = field(default_factory=dict)

    def prove(self, lines: Sequence[str]) -> bool | Vector:
        """Return whether nothing is nearer than the foot, or a point at which a case holds that may be nearer.

        Args:
            lines: of a certificate for a ball that is a little smaller, without the first one.
        """
        run = self.run
        if not self._replay(lines):
            return False
        for number in sorted(run.tree.waiting):
            if not self._settle(number):
                return False
        witness = run.prove_all()
        return not run.tree.waiting if witness is None else witness[1]

    def _replay(self, lines: Sequence[str]) -> bool:
        """Add the nodes that are still accepted; False if a split is not, so that the numbers of others no longer fit."""
        for batch in batches(iter(lines), self.run.tree):
            if self.run.stopped():
                return False
            self.run.add(batch)
            self.refused |= {node.number: node for node in batch if node.number in self.run.tree.waiting}
            if any(node.splits for node in self.refused.values()):
                return False
        return True

    def _settle(self, number: int) -> bool:
        """Split a region until the exact bound closes all parts that contain the foot; the other parts are left open."""
        stack, tree = [number], self.run.tree
        while stack:
            at = stack.pop()
            region = tree.waiting[at]
            if not self._contains_foot(region):
                continue
            if self.run.deadline.passed:
                return False
            gaps = self.foot.gaps(self._signs(region))
            if gaps is None:
                return False
            if not gaps:
                del tree.waiting[at]
                continue
            unit = max(gaps, key=lambda each: self._cost(region, each, gaps[each]))
            bounds = self.refused[at].bounds if at in self.refused else ()
            children = self.run.add([Node(at, bounds, "relu", self._number(region, unit))])
            if at not in children:
                return False
            stack += children[at]
        return True

    def _contains_foot(self, region: OpenRegion) -> bool:
        """Tell whether a region is about the foot's case and contains the foot."""
        if list(self.run.trees[region.tree]) != [self.case]:
            return False
        claim = self.run.tree.claims[region.tree]
        for row in region.rows:
            if row.split is None:
                return False
            unit, side = row.split
            layer = claim.layer_of(unit)
            value = self.foot.trace[layer - 1][unit - claim.offsets[layer]]
            if value < 0 if side else value > 0:
                return False
        return True

    def _number(self, region: OpenRegion, unit: tuple[int, int]) -> int:
        """Return the number of a unit (layer, unit) among all units."""
        first: int = self.run.tree.claims[region.tree].offsets[unit[0] + 1]
        return first + unit[1]

    def _signs(self, region: OpenRegion) -> Signs:
        """Return what is known of the hidden units' signs on a region, by layer."""
        offsets, known = self.run.tree.claims[region.tree].offsets, region.known
        spans = [slice(a, b) for a, b in pairwise(offsets[1:])]
        on, off = known.are_on()[0], known.are_nonpositive()[0]
        return Signs(*([part[span].tolist() for span in spans] for part in (on, off)))

    def _cost(self, region: OpenRegion, unit: tuple[int, int], coefficient: Fraction) -> float:
        """Return what a unit's relaxation costs the bound at the foot."""
        known, number = region.known, self._number(region, unit)
        if not (known.has_low[0, number] and known.has_high[0, number]):
            return float("inf")
        scale = 1 << self.run.tree.claims[region.tree].bits
        low, high = int(known.low[0, number]) / scale, int(known.high[0, number]) / scale
        value = float(self.foot.trace[unit[0]][unit[1]])
        return abs(float(coefficient)) * (high * (value - low) / (high - low) - max(value, 0.0))
