"""Which zones share a facet, for zones whose cells are kept by their inequalities: by their patterns, without vertices.

Let C be the cell of a pattern, h a row that is positive inside of it, and F the facet where h = 0.  On the other side of F is at
most one cell C', and it contains F (``zones.graph.Matching``, step 1).  On F the affine maps of both regimes agree, so a unit's
row in the regime of C' is its row in the regime of C plus a multiple of h.  If that row is not a multiple of h, its sign near F
is the same on both sides, and so is the unit's state.  Otherwise the row in the regime of C', which follows from the states of
the units before, is a multiple of h as well, and the sign of the factor is the state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import networkx
import numpy as np

from exactzones.engine.frontier import ON, Integers
from exactzones.engine.inequality_leaf import InequalityLeaf, facets_of_units
from exactzones.polyhedra import Optimal, Polyhedron, Unbounded
from exactzones.rational import Row, primitive
from exactzones.zone import Zone
from exactzones.zones.islands import pattern_hashes


class PatternMatching:
    """Finds what lies on the other side of facets of zones whose sources are leaves of one search of the inequalities engine.

    Args:
        zones: the zones.
        leaves: their sources.
    """

    def __init__(self, zones: Sequence[Zone], leaves: Sequence[InequalityLeaf]) -> None:
        self.zones, self.leaves = zones, leaves
        self.arrangement = leaves[0].arrangement
        self.first = self.arrangement.exact.base[0]
        self.has_relu = [has_relu for layer in self.arrangement.layers for has_relu in layer.relu]
        self._of_last: tuple[int, dict[Row, list[int]]] = -1, {}

    def fill(self, graph: networkx.Graph, names: Sequence[tuple[int, int]], lazy_row: Any) -> networkx.Graph:
        """Return a graph with all shared facets as edges.

        Args:
            graph: an empty graph.
            names: (layer, unit) of each unit of the arrangement.
            lazy_row: makes an edge's row of a leaf and an id.
        """
        graph.add_nodes_from((k, {"zone": zone}) for k, zone in enumerate(self.zones))
        index = {leaf.prefix: k for k, leaf in enumerate(self.leaves)}
        neighbours = self._neighbours()
        settled = (neighbours >= 0) & (neighbours < np.arange(len(neighbours))[:, None])  # decided from the other side
        for k, unit, fires in facets_of_units(self.leaves, settled, neighbours < 0):
            other, identity = int(neighbours[k, unit]), self.first + unit
            flips: tuple[tuple[int, int], ...] = (names[unit],)
            if other < 0:
                several = self.across(k, identity)
                found = None if several is None else index.get(several)
                if found is None or graph.has_edge(k, found):
                    continue
                differ = zip(self.leaves[k].prefix, self.leaves[found].prefix, names, strict=True)
                other, flips = found, tuple(name for own, its, name in differ if own != its)
            known = self.fires(k, identity) if fires is None else fires
            graph.add_edge(k, other, facet=lazy_row(self.leaves[k], identity), flips=flips, fires=known)
        return graph

    def _neighbours(self) -> Integers:
        """Return for each leaf and unit the leaf that differs in this unit only, (leaves, units); -1 if there is none."""
        states = np.frombuffer(b"".join([leaf.prefix for leaf in self.leaves]), np.uint8).reshape(len(self.leaves), -1)
        random = np.random.default_rng(0).integers(0, 1 << 64, states.shape[1], np.uint64)
        keys = pattern_hashes(np.packbits(states, axis=1), random)
        order = np.argsort(keys)
        neighbours = np.full(states.shape, -1)
        for unit, own in enumerate(random):
            at = np.searchsorted(keys[order], keys ^ own)
            found = order[np.minimum(at, len(order) - 1)]
            right = (states[found] != states).sum(axis=1) == 1
            right &= states[found, unit] != states[:, unit]
            neighbours[right, unit] = found[right]
        return neighbours

    def across(self, k: int, identity: int) -> bytes | None:
        """Return the states of the cell on the other side of a leaf's facet where several units flip; None if one flips."""
        if self._of_last[0] != k:
            self._of_last = k, self._hyperplanes(k)
        hyperplanes = self._of_last[1]
        zero = {*hyperplanes[_up_to_sign(self.leaves[k].row(identity))], *hyperplanes[()]}
        return self._across(k, identity, zero) if len(zero) > 1 else None

    def _hyperplanes(self, leaf: int) -> dict[Row, list[int]]:
        """Return the units by the hyperplanes where they are zero in the regime of a leaf; those of () are zero everywhere."""
        found: dict[Row, list[int]] = defaultdict(list)
        for unit, has_relu in enumerate(self.has_relu):
            if has_relu:
                found[_up_to_sign(self.leaves[leaf].row(self.first + unit))].append(unit)
        return found

    def _across(self, leaf: int, identity: int, zero: set[int]) -> bytes:
        """Return the states of the cell on the other side of a facet, given the units that are zero on it."""
        prefix = bytearray(self.leaves[leaf].prefix)
        facet = self.leaves[leaf].rows()[identity]
        at = next(k for k, entry in enumerate(facet) if entry)
        for unit in sorted(zero):
            row = self.arrangement.exact.row(bytes(prefix), self.first + unit)
            prefix[unit] = ON if row[at] * facet[at] < 0 else 1 - ON
        return bytes(prefix)

    def fires(self, k: int, identity: int) -> bool:
        """Tell exactly whether the property fires somewhere on a facet."""
        zone, section = self.zones[k], self.arrangement.section
        if not any(condition.terms for condition in zone.prop.conditions):
            return all(condition.holds(condition.constant) for condition in zone.prop.conditions)
        facet = section.lift_row(primitive(self.leaves[k].rows()[identity]))
        kept = zone.kept
        if kept is None or len(zone.conditions) != 1 or not zone.conditions[0].strict:
            return not zone.firing.intersect(Polyhedron.of(section.dim, equations=[facet])).is_empty
        kept.program.push(tuple(-entry for entry in facet))
        try:
            found = kept.maximize(zone.conditions[0].integer_row)
        finally:
            kept.program.pop()
        return isinstance(found, Unbounded) or (isinstance(found, Optimal) and found.value > 0)


def _up_to_sign(row: Row) -> Row:
    """Return the primitive row of a hyperplane; () for a row of zeros."""
    reduced = primitive(row) if any(row) else ()
    return max(reduced, tuple([-entry for entry in reduced]))
