"""Which zones touch, and which form islands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

import networkx
import numpy as np

from exactzones.engine.facets import Flags, Leaves
from exactzones.engine.frontier import OFF, ON, OPEN, Integers
from exactzones.engine.leaf import Leaf
from exactzones.engine.residues import BadLuckError
from exactzones.polyhedra import Polyhedron
from exactzones.rational import Row, integer_dot, rank
from exactzones.zone import Zone

_OFF, _ON = bytes([OFF]), bytes([ON])
_Shared: TypeAlias = tuple[int, int, tuple[tuple[int, int], ...]]  # facet, leaf beyond, neurons that flip


def adjacency(zones: Sequence[Zone]) -> networkx.Graph:
    """Return the graph whose nodes are zone indices and whose edges are shared facets.

    Node ``i`` carries ``zone``.  An edge carries ``facet`` (the row of its hyperplane, ``b + a . x = 0``), ``flips`` (the
    neurons (layer, unit) whose sign differs: sometimes several at once) and ``fires`` (whether the property fires somewhere
    on the facet).

    Zones of the forward engine are matched by their patterns, others by their exact cells.
    """
    leaves = [zone.source for zone in zones if isinstance(zone.source, Leaf)]
    if leaves and len(leaves) == len(zones) and all(leaf.arrangement is leaves[0].arrangement for leaf in leaves):
        with suppress(BadLuckError):
            return _Matching(zones, leaves).graph()
    return adjacency_of_cells(zones)


def adjacency_of_cells(zones: Sequence[Zone]) -> networkx.Graph:
    """Return the graph that ``adjacency`` returns, from the zones' exact cells: slow, and right for zones of any origin.

    The closed cells of a network form a polyhedral complex, so two cells that share a piece of dimension d - 1 share a whole
    facet: cells are matched by the generators of their facets, through a dictionary, never pair by pair.  All cells of one
    network and domain have the same lineality space, so generators reduced modulo it are unique.

    Source: Grigsby and Lindsey 2022, On transversality of bent hyperplane arrangements (the canonical polyhedral complex).
    """
    graph = networkx.Graph()
    waiting: dict[frozenset[Row], int] = {}
    units = _hidden_units(zones[0]) if zones else []
    for k, zone in enumerate(zones):
        graph.add_node(k, zone=zone)
        for row, on in zone.cell.facets:
            corners = [ray for j, ray in enumerate(zone.cell.canonical_rays) if on >> j & 1]
            key = frozenset(corners)
            other = waiting.pop(key, None)
            if other is None:
                waiting[key] = k
                continue
            flips = tuple(unit for unit, a, b in zip(units, zones[other].signs, zone.signs, strict=True) if a != b)
            graph.add_edge(other, k, facet=_canonical(row), flips=flips, fires=_fires_on(zone, row, corners))
    return graph


def _canonical(row: Row) -> Row:
    return max(row, tuple(-entry for entry in row))


def _hidden_units(zone: Zone) -> list[tuple[int, int]]:
    return [(k, unit) for k, layer in enumerate(zone.network.layers[: zone.prop.horizon]) for unit in layer.relu_units]


def _fires_on(zone: Zone, facet: Row, corners: Sequence[Row]) -> bool:
    if len(zone.conditions) == 1 and zone.conditions[0].strict:
        row = zone.conditions[0].integer_row
        return any(integer_dot(row, corner) > 0 for corner in corners) or any(integer_dot(row, line) for line in zone.cell.lines)
    return not zone.firing.intersect(Polyhedron.of(zone.cell.dim, equations=[facet])).is_empty


class _Later(NamedTuple):
    """The row of a neuron's hyperplane, not worked out yet."""

    leaf: Leaf
    identity: int

    def row(self) -> Row:
        return _canonical(self.leaf.arrangement.section.lift_row(self.leaf.row(self.identity)))


class _Edge(MutableMapping[str, Any]):
    """The attributes of an edge; rows of hyperplanes are worked out when they are looked at."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        value = self._known[name]
        if isinstance(value, _Later):
            value = self._known[name] = value.row()
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        self._known[name] = value

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def update(self, other: Any = (), /, **more: Any) -> None:
        self._known.update(other._known if isinstance(other, _Edge) else other, **more)  # noqa: SLF001 - of its own kind

    def copy(self) -> _Edge:
        twin = _Edge()
        twin.update(self)
        return twin

    def __repr__(self) -> str:
        return repr(dict(self))


class _Graph(networkx.Graph):  # type: ignore[misc]  # networkx has no types
    edge_attr_dict_factory = _Edge


class _Matching:
    """The graph of leaves of one arrangement, matched by their patterns.

    Let C be the cell of a pattern, j a neuron, H the hyperplane where it is zero in C's regime, F = C ∩ H of dimension d - 1, and
    V the neurons that are zero on all of H in C's regime; j is one of them.

    1.  *Another full-dimensional cell C' contains F iff the patterns agree outside of V.*  If they do, the network's regimes on
        C and on C' agree on H, layer by layer: units of V pass on zero in either regime, the others pass on the same.  So a
        point of H satisfies the inequalities of C iff it satisfies those of C', and F is in both.  Conversely, neurons that
        differ between two cells that contain F are zero on F, hence on H.  There is one such C' at most.
    2.  *Exactly one of the ids that are tight at C's generators has F's hyperplane, and the generators at which it is tight span
        F.*  Among the neurons that cut the cells that C came from, the first with that hyperplane is the only one, as a later
        one has a single sign on what is left; and in the middle of F the infinitesimal shifts that break ties change nothing.
        If C' has F as well, it is the neuron at which their histories part.  The other way round an id may be tight somewhere
        and yet belong to no facet: what it spans may be smaller.
    3.  *If j is in the last layer, and C and another full-dimensional cell C' differ in j only, then F has dimension d - 1*: C
        and C' are the two parts into which H cuts the convex set that the other neurons cut out.

    So neighbours are looked up by the pattern with one neuron flipped.  Where that is listed it remains to see that F has
    dimension d - 1; where it is not, that V = {j}.  Both hold unless something vanishes by coincidence, so both are proved modulo
    a prime for thousands of facets at once.  Few are left over.  Of those the dimension is found exactly, and they are matched by
    their patterns without V, where V is taken modulo the prime, perhaps too large, and the same from both sides of a facet; that
    the neurons that differ do vanish is then seen exactly.
    """

    def __init__(self, zones: Sequence[Zone], leaves: Sequence[Leaf]) -> None:
        self.zones, self.leaves = zones, leaves
        self.arrangement = leaves[0].arrangement
        layers, base = self.arrangement.layers, self.arrangement.exact.base
        self.first, self.last = base[0], base[len(layers) - 1]
        names = iter(_hidden_units(zones[0]))
        self.names = [next(names) if has_relu else (0, 0) for layer in layers for has_relu in layer.relu]
        self.index = {leaf.prefix: k for k, leaf in enumerate(leaves)}
        self.waiting: dict[bytes, int] = {}
        conditions = zones[0].prop.conditions
        self.constant = None if any(c.terms for c in conditions) else all(c.holds(c.constant) for c in conditions)

    def graph(self) -> networkx.Graph:
        """Return the graph.

        Raises:
            BadLuckError: it has to be found in another way.
        """
        graph = _Graph()
        graph.add_nodes_from((k, {"zone": zone}) for k, zone in enumerate(self.zones))
        prefixes = [leaf.prefix for leaf in self.leaves]
        for part in Leaves.in_parts(self.arrangement, prefixes, [leaf.tight for leaf in self.leaves]):
            beyond = self._beyond(part)
            shared = [*self._one_flips(part, beyond), *self._several_flip(part, np.flatnonzero(beyond < 0))]
            fires = self._fires(part, [facet for facet, _, _ in shared])
            for (facet, other, flips), fire in zip(shared, fires, strict=True):
                a, identity = self._named(part, facet)
                graph.add_edge(a, other, facet=_Later(self.leaves[a], identity), flips=flips, fires=fire)
        return graph

    def _named(self, part: Leaves, facet: int) -> tuple[int, int]:
        """Return a facet's leaf, counted among all, and its hyperplane."""
        leaves, ids, _ = part.facets
        return part.first + int(leaves[facet]), int(ids[facet])

    def _beyond(self, part: Leaves) -> Integers:
        """Return for each facet the leaf whose pattern has just the facet's neuron flipped; -1 if it is not listed."""
        found = []
        leaves, ids, _ = part.facets
        for leaf, identity in zip((leaves + part.first).tolist(), (ids - self.first).tolist(), strict=True):
            prefix = self.leaves[leaf].prefix
            flipped = prefix[:identity] + (_OFF if prefix[identity] else _ON) + prefix[identity + 1 :]
            found.append(self.index.get(flipped, -1))
        return np.array(found, np.int64)

    def _one_flips(self, part: Leaves, beyond: Integers) -> Iterator[_Shared]:
        """Yield the shared facets where one neuron flips, each from one of its sides."""
        leaves, ids, _ = part.facets
        ahead = np.flatnonzero(beyond > leaves + part.first)
        sure = ids[ahead] >= self.last
        sure[~sure] = self._span(part, ahead[~sure])
        for facet in ahead[sure].tolist():
            yield facet, int(beyond[facet]), (self.names[ids[facet] - self.first],)

    def _several_flip(self, part: Leaves, lonely: Integers) -> Iterator[_Shared]:
        """Yield the shared facets where several neurons flip, each from one of its sides."""
        vanishing = part.vanishing(lonely)
        several = np.flatnonzero(vanishing.sum(axis=1) > 1)
        several = several[self._span(part, lonely[several])]
        for facet, zero in zip(lonely[several].tolist(), vanishing[several], strict=True):
            a, identity = self._named(part, facet)
            leaf = self.leaves[a]
            pattern = np.frombuffer(leaf.prefix, np.uint8)
            key = np.where(zero, OPEN, pattern).tobytes()
            other = self.waiting.pop(key, None)
            if other is None:
                self.waiting[key] = a
                continue
            units = np.flatnonzero(pattern != np.frombuffer(self.leaves[other].prefix, np.uint8)).tolist()
            hyperplane = leaf.row(identity)
            if not units or not all(_is_multiple(leaf.row(self.first + unit), hyperplane) for unit in units):
                raise BadLuckError  # V was too large by chance: two facets have one key, maybe of one and the same leaf
            yield facet, other, tuple(self.names[unit] for unit in units)

    def _span(self, part: Leaves, facets: Integers) -> Flags:
        """Tell which facets have dimension d - 1."""
        sure = part.spans(facets)
        for k in np.flatnonzero(~sure).tolist():
            leaf = self.leaves[self._named(part, facets[k])[0]]
            sure[k] = rank([leaf.generator(tight) for tight in part.generators(facets[k])]) == self.arrangement.dim
        return sure

    def _fires(self, part: Leaves, facets: list[int]) -> Sequence[bool]:
        """Tell on which facets the property fires somewhere."""
        if self.constant is not None:
            return [self.constant] * len(facets)
        if not self.arrangement.has_target:
            return [self._fires_on(part, facet) for facet in facets]
        verdicts = part.fires(np.array(facets, np.int64)).tolist()
        return [v > 0 or (v == 0 and self._target_fires_on(part, facet)) for facet, v in zip(facets, verdicts, strict=True)]

    def _fires_on(self, part: Leaves, facet: int) -> bool:
        a, identity = self._named(part, facet)
        leaf, section = self.leaves[a], self.arrangement.section
        corners = [section.lift(leaf.generator(tight)) for tight in part.generators(facet)]
        return _fires_on(self.zones[a], section.lift_row(leaf.row(identity)), corners)

    def _target_fires_on(self, part: Leaves, facet: int) -> bool:
        leaf = self.leaves[self._named(part, facet)[0]]
        target = leaf.row(self.arrangement.exact.ids - 1)
        return any(integer_dot(target, leaf.generator(tight)) > 0 for tight in part.generators(facet))


def _is_multiple(row: Row, other: Row) -> bool:
    at = next(k for k, entry in enumerate(other) if entry)
    return all(a * other[at] == b * row[at] for a, b in zip(row, other, strict=True))


def islands(zones: Sequence[Zone], graph: networkx.Graph) -> tuple[tuple[int, ...], ...]:
    """Return the connected components of the set that fires, as sorted tuples of zone indices.

    Zones are joined through facets on which the property fires somewhere.  That is all there is when every condition is strict
    (the set is open in the domain).  With ``>=`` conditions two zones may also hang together by a lower-dimensional face, which
    has a vertex (modulo lines) in common: those pairs are decided by an exact linear program.
    """
    joined = networkx.Graph()
    joined.add_nodes_from(range(len(zones)))
    joined.add_edges_from((a, b) for a, b, fires in graph.edges(data="fires") if fires)
    if zones and not zones[0].prop.is_open:
        sharing: dict[Row, list[int]] = defaultdict(list)
        for k, zone in enumerate(zones):
            for ray in zone.cell.canonical_rays:
                if ray[0]:
                    sharing[ray].append(k)
        for group in sharing.values():
            for position, a in enumerate(group):
                for b in group[position + 1 :]:
                    if not joined.has_edge(a, b) and not zones[a].firing.intersect(zones[b].firing).is_empty:
                        joined.add_edge(a, b)
    return tuple(sorted(tuple(sorted(component)) for component in networkx.connected_components(joined)))
