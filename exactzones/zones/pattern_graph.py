"""Which zones share a facet, and islands, of zones whose cells are kept by their inequalities: by patterns, without vertices.

Let C be the cell of a pattern, h a row that is positive inside of it, and F the facet where h = 0.  On the other side of F is at
most one cell C', and it contains F (``zones.graph.Matching``, step 1).  On F the affine maps of both regimes agree, so a unit's
row in the regime of C' is its row in the regime of C plus a multiple of h.  If that row is not a multiple of h, its sign near F
is the same on both sides, and so is the unit's state.  Otherwise the row in the regime of C', which follows from the states of
the units before, is a multiple of h as well, and the sign of the factor is the state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from exactzones.engine.forward import rows_as_bytes
from exactzones.engine.frontier import ON, Integers, States
from exactzones.engine.inequality_leaf import InequalityLeaf, facets_of_units
from exactzones.engine.leaf_arrays import Flags
from exactzones.polyhedra import Optimal, Polyhedron, Unbounded
from exactzones.rational import Row, primitive
from exactzones.threads import one_thread
from exactzones.zone import Zone
from exactzones.zones.islands import components, joined, pattern_hashes, spanning_forest

if TYPE_CHECKING:
    import networkx


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

    @classmethod
    def of(cls, zones: Sequence[Zone]) -> PatternMatching | None:
        """Return the matching of zones; None if they do not come from one search of the inequalities engine."""
        leaves = [zone.source for zone in zones if isinstance(zone.source, InequalityLeaf)]
        of_one_search = len(leaves) == len(zones) > 0 and all(leaf.kernel is leaves[0].kernel for leaf in leaves)
        return cls(zones, leaves) if of_one_search else None

    def fill(self, graph: networkx.Graph, names: Sequence[tuple[int, int]], lazy_row: Any) -> networkx.Graph:
        """Return a graph with all shared facets as edges.

        Args:
            graph: an empty graph.
            names: (layer, unit) of each unit of the arrangement.
            lazy_row: makes an edge's row of a leaf and an id.
        """
        graph.add_nodes_from((k, {"zone": zone}) for k, zone in enumerate(self.zones))
        for k, unit, other, fires in self.shared_facets():
            differ = zip(self.leaves[k].prefix, self.leaves[other].prefix, names, strict=True)
            flips, identity = tuple(name for own, its, name in differ if own != its), self.first + unit
            known = self.fires(k, identity) if fires is None else fires
            graph.add_edge(k, other, facet=lazy_row(self.leaves[k], identity), flips=flips, fires=known)
        return graph

    def shared_facets(self) -> Iterator[tuple[int, int, int, bool | None]]:
        """Yield (leaf, unit, leaf on the other side, whether the property fires on it) for each shared facet, once.

        The last is None where it is not known.
        """
        neighbours, several_flip = self._neighbours(), set[tuple[int, int]]()
        settled = (neighbours >= 0) & (neighbours < np.arange(len(neighbours))[:, None])  # decided from the other side
        for k, unit, fires in facets_of_units(self.leaves, settled, neighbours < 0):
            other = int(neighbours[k, unit])
            if other < 0:
                several = self.across(k, self.first + unit)
                found = None if several is None else self._index.get(several)
                if found is None or (min(k, found), max(k, found)) in several_flip:
                    continue
                several_flip.add((min(k, found), max(k, found)))
                other = found
            yield k, unit, other, fires

    @one_thread
    def islands(self) -> tuple[tuple[int, ...], ...] | None:
        """Return the connected components, as ``zones.graph.islands`` does; None if a condition is not strict.

        Only facets that join islands are proved.
        """
        if not self.zones[0].prop.is_open:
            return None
        neighbours, labels = self._neighbours(), np.arange(len(self.leaves))
        facets = np.argwhere(neighbours > labels[:, None])
        while len(tried := spanning_forest(labels, _ends(facets, neighbours))):
            asked = facets[tried]
            labels = joined(labels, _ends(asked[self._connect(asked)], neighbours))
            facets = np.delete(facets, tried, axis=0)
        if labels.any():  # more than one: perhaps several neurons flip at once
            labels = joined(labels, self._where_several_flip(neighbours < 0))
        return components(labels)

    def _connect(self, facets: Integers) -> Flags:
        """Tell which facets, (F, 2) of leaves and units, have dimension d - 1, and the property fires somewhere on them."""
        used, place = np.unique(facets[:, 0], return_inverse=True)
        settled = np.ones((len(used), len(self.has_relu)), bool)
        settled[place, facets[:, 1]] = False
        connect = np.zeros(settled.shape, bool)
        for k, unit, fires in facets_of_units([self.leaves[leaf] for leaf in used.tolist()], settled, np.zeros_like(settled)):
            connect[k, unit] = self.fires(int(used[k]), self.first + unit) if fires is None else fires
        found: Flags = connect[place, facets[:, 1]]
        return found

    def _where_several_flip(self, unmatched: Flags) -> Integers:
        """Return the pairs of leaves, (2, E), that share a facet on which several units flip and the property fires."""
        pairs = []
        for k, unit, fires in facets_of_units(self.leaves, ~unmatched, unmatched):
            several = self.across(k, self.first + unit)
            other = None if several is None else self._index.get(several)
            if other is not None and (self.fires(k, self.first + unit) if fires is None else fires):
                pairs.append((k, other))
        return np.array(pairs, np.int64).reshape(-1, 2).T

    @cached_property
    def _states(self) -> States:
        """(leaves, units) 1 on, 0 off."""
        return np.frombuffer(b"".join([leaf.states for leaf in self.leaves]), np.uint8).reshape(len(self.leaves), -1) & np.uint8(
            ON
        )

    @cached_property
    def _index(self) -> dict[bytes, int]:
        return {states: k for k, states in enumerate(rows_as_bytes(self._states))}

    def _neighbours(self) -> Integers:
        """Return for each leaf and unit the leaf that differs in this unit only, (leaves, units); -1 if there is none."""
        states = self._states
        random = np.random.default_rng(0).integers(0, 1 << 64, states.shape[1], np.uint64)
        keys = pattern_hashes(np.packbits(states, axis=1), random)
        order = np.argsort(keys)
        ascending, neighbours = keys[order], np.full(states.shape, -1)
        for unit, own in enumerate(random):
            at = np.minimum(np.searchsorted(ascending, keys ^ own), len(order) - 1)
            alike = np.flatnonzero(ascending[at] == keys ^ own)
            found = order[at[alike]]
            differ = states[found] != states[alike]
            right = differ[:, unit] & (differ.sum(axis=1) == 1)
            neighbours[alike[right], unit] = found[right]
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


def _ends(facets: Integers, neighbours: Integers) -> Integers:
    """Return the leaves on both sides of facets, (2, F)."""
    leaves, units = facets.T
    return np.stack([leaves, neighbours[leaves, units]])


def _up_to_sign(row: Row) -> Row:
    """Return the primitive row of a hyperplane; () for a row of zeros."""
    reduced = primitive(row) if any(row) else ()
    return max(reduced, tuple([-entry for entry in reduced]))
