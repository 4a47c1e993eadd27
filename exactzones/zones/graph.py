"""Which zones share a facet, and which form islands (connected components)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import networkx
import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.facets import FacetBatch
from exactzones.engine.frontier import OFF, ON, OPEN, Integers
from exactzones.engine.inequality_leaf import InequalityLeaf
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import Flags
from exactzones.engine.residues import UnluckyPrimeError
from exactzones.polyhedra import Polyhedron
from exactzones.rational import Row, integer_dot
from exactzones.zone import Zone
from exactzones.zones.pattern_graph import PatternMatching

_OFF, _ON = bytes([OFF]), bytes([ON])
_SharedFacet: TypeAlias = tuple[int, int, tuple[tuple[int, int], ...]]  # facet, leaf on the other side, neurons that flip


def adjacency(zones: Sequence[Zone]) -> networkx.Graph:
    """Return the graph whose nodes are zone indices and whose edges are shared facets.

    A node has the attribute ``zone``.  An edge has the attributes ``facet`` (the row of its hyperplane, ``b + a . x = 0``),
    ``flips`` (the neurons (layer, unit) whose signs differ, sometimes several) and ``fires`` (whether the property fires
    somewhere on the facet).

    Zones of one search of the forward or the inequalities engine are matched by their patterns, others by their exact cells.
    """
    matching = PatternMatching.of(zones)
    if matching is not None:
        return matching.fill(_Graph(), _unit_names(zones[0], matching.arrangement), _FacetRow)
    of_leaves = Matching.of(zones)
    try:
        return adjacency_of_cells(zones) if of_leaves is None else of_leaves.graph()
    except UnluckyPrimeError:
        return adjacency_of_cells(zones)


def pairs(zones: Sequence[Zone]) -> list[tuple[int, int]]:
    """Return the edges of ``adjacency``; most zones need no graph for that."""
    of_leaves = Matching.of(zones)
    if of_leaves is not None:
        with suppress(UnluckyPrimeError):
            return list(of_leaves.pairs())
    return list(adjacency(zones).edges)


def adjacency_of_cells(zones: Sequence[Zone], parts: Sequence[Sequence[Zone]] | None = None) -> networkx.Graph:
    """Return the same graph as ``adjacency``, from the exact cells of zones of any origin; slow.

    Args:
        zones: of one network and domain.
        parts: for each of them the zones with its cell, of any properties: a facet fires if one of them fires there.

    The closed cells of a network form a polyhedral complex, so two cells whose intersection has dimension d - 1 share a whole
    facet.  Facets are matched by their generators in a dictionary.  All cells of one network and domain have the same lineality
    space, so generators reduced modulo it are unique.

    Source: Grigsby and Lindsey 2022, On transversality of bent hyperplane arrangements (the canonical polyhedral complex).
    """
    graph = networkx.Graph()
    unmatched: dict[frozenset[Row], int] = {}
    units = _hidden_units(zones[0]) if zones else []
    for k, zone in enumerate(zones):
        graph.add_node(k, zone=zone)
        of_cell = [zone] if parts is None else parts[k]
        for row, on in zone.cell.facets if len(zones) > 1 else ():  # a single cell may have too many vertices
            corners = [ray for j, ray in enumerate(zone.cell.canonical_rays) if on >> j & 1]
            key = frozenset(corners)
            other = unmatched.pop(key, None)
            if other is None:
                unmatched[key] = k
                continue
            flips = tuple(unit for unit, a, b in zip(units, zones[other].signs, zone.signs, strict=True) if a != b)
            graph.add_edge(
                other, k, facet=_canonical(row), flips=flips, fires=any(_fires_on(part, row, corners) for part in of_cell)
            )
    return graph


def _canonical(row: Row) -> Row:
    return max(row, tuple(-entry for entry in row))


def facet_row(leaf: Leaf | InequalityLeaf, identity: int) -> Row:
    """Return the row of the hyperplane of a leaf's facet, as the attribute ``facet`` of an edge has it."""
    return _canonical(leaf.arrangement.section.lift_row(leaf.row(identity)))


def _hidden_units(zone: Zone) -> list[tuple[int, int]]:
    return [(k, unit) for k, layer in enumerate(zone.network.layers[: zone.prop.horizon]) for unit in layer.relu_units]


def _unit_names(zone: Zone, arrangement: Arrangement) -> list[tuple[int, int]]:
    """Return (layer, unit) for each unit of an arrangement; (0, 0) for units without a ReLU."""
    names = iter(_hidden_units(zone))
    return [next(names) if has_relu else (0, 0) for layer in arrangement.layers for has_relu in layer.relu]


def _fires_on(zone: Zone, facet: Row, corners: Sequence[Row]) -> bool:
    if len(zone.conditions) == 1 and zone.conditions[0].strict:
        row = zone.conditions[0].integer_row
        return any(integer_dot(row, corner) > 0 for corner in corners) or any(integer_dot(row, line) for line in zone.cell.lines)
    return not zone.firing.intersect(Polyhedron.of(zone.cell.dim, equations=[facet])).is_empty


class _FacetRow(NamedTuple):
    """The row of a neuron's hyperplane, which is computed on demand."""

    leaf: Leaf | InequalityLeaf
    identity: int

    def row(self) -> Row:
        return facet_row(self.leaf, self.identity)


class _Edge(MutableMapping[str, Any]):
    """The attributes of an edge; the row of its hyperplane is computed when it is read."""

    __slots__ = ("_attributes",)

    def __init__(self) -> None:
        self._attributes: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        value = self._attributes[name]
        if isinstance(value, _FacetRow):
            value = self._attributes[name] = value.row()
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        self._attributes[name] = value

    def __delitem__(self, name: str) -> None:
        del self._attributes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def update(self, other: Any = (), /, **more: Any) -> None:
        self._attributes.update(other._attributes if isinstance(other, _Edge) else other, **more)  # noqa: SLF001 - of the same class

    def copy(self) -> _Edge:
        duplicate = _Edge()
        duplicate.update(self)
        return duplicate

    def __repr__(self) -> str:
        return repr(dict(self))


class _Graph(networkx.Graph):  # type: ignore[misc]  # networkx has no types
    edge_attr_dict_factory = _Edge


class Matching:
    """Builds the graph of zones whose sources are leaves of one arrangement, by matching their patterns.

    Let C be the cell of a pattern, j a neuron, H the hyperplane where it is zero in C's regime, F = C ∩ H of dimension d - 1, and
    V the neurons that are zero on all of H in C's regime; j is one of them.

    1.  *Another full-dimensional cell C' contains F iff the patterns agree outside V.*  If they agree, the affine maps of the two
        regimes agree on H, layer by layer: units of V pass on zero in both regimes, the others pass on the same values.  So a
        point of H satisfies the inequalities of C iff it satisfies those of C', and F is contained in both.  Conversely, neurons
        whose signs differ between two cells that contain F are zero on F, hence on H.  There is at most one such C'.
    2.  *Exactly one of the ids that are tight at C's generators has the hyperplane of F, and the generators at which it is tight
        span F.*  Consider the cells that were cut on the way to C.  Only the first neuron with that hyperplane cut one of them,
        because a later one has a single sign on the part that contains C; and in the interior of F the infinitesimal shifts that
        break ties change nothing.  If C' contains F as well, this neuron is the one that separated the two.  Conversely, an
        id may be tight at some generators without having a facet, because they may span less.
    3.  *If j is in the last layer, and another full-dimensional cell C' differs from C in j only, then F has dimension d - 1*: C
        and C' are the two parts into which H cuts the convex set that is defined by the other neurons.

    So neighbours are looked up by the pattern with one neuron flipped.  If that pattern is listed, it remains to prove that F has
    dimension d - 1; otherwise, that V = {j}.  Both are nearly always true, and are proved modulo a prime for thousands of facets
    at once.  For the few facets that are left, the dimension is computed exactly, and facets are matched by their
    patterns outside V.  Here V is computed modulo the prime: it may be too large, but is the same from both sides of a facet.
    Finally the neurons that differ are proved to vanish on H exactly.
    """

    def __init__(self, zones: Sequence[Zone], leaves: Sequence[Leaf]) -> None:
        self.zones, self.leaves = zones, leaves
        self.arrangement = leaves[0].arrangement
        layers, base = self.arrangement.layers, self.arrangement.exact.base
        self.first, self.last = base[0], base[len(layers) - 1]
        self.names = _unit_names(zones[0], self.arrangement)
        self.unpaired: dict[bytes, int] = {}
        conditions = zones[0].prop.conditions
        self.fires_everywhere = None if any(c.terms for c in conditions) else all(c.holds(c.constant) for c in conditions)

    @classmethod
    def of(cls, zones: Sequence[Zone]) -> Matching | None:
        """Return the matching of zones; None if they do not come from one search of the forward engine."""
        leaves = [zone.source for zone in zones if isinstance(zone.source, Leaf)]
        of_one_search = len(leaves) == len(zones) > 0 and all(leaf.arrangement is leaves[0].arrangement for leaf in leaves)
        return cls(zones, leaves) if of_one_search else None

    @cached_property
    def index(self) -> dict[bytes, int]:
        """Prefix -> index of its leaf."""
        return {leaf.prefix: k for k, leaf in enumerate(self.leaves)}

    def graph(self) -> networkx.Graph:
        """Return the graph.

        Raises:
            UnluckyPrimeError: it has to be computed from the exact cells.
        """
        graph = _Graph()
        graph.add_nodes_from((k, {"zone": zone}) for k, zone in enumerate(self.zones))
        for batch in self._batches():
            for a, identity, other, flips, fires in self.shared_facets(batch):
                graph.add_edge(a, other, facet=_FacetRow(self.leaves[a], identity), flips=flips, fires=fires)
        return graph

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield the pairs of leaves that share a facet.

        Raises:
            UnluckyPrimeError: they have to be computed from the exact cells.
        """
        for batch in self._batches():
            for facet, other, _ in self._shared(batch):
                yield self.leaf_and_id(batch, facet)[0], other

    def _batches(self) -> Iterator[FacetBatch]:
        return FacetBatch.batches(self.arrangement, [leaf.prefix for leaf in self.leaves], [leaf.tight for leaf in self.leaves])

    def shared_facets(self, batch: FacetBatch) -> Iterator[tuple[int, int, int, tuple[tuple[int, int], ...], bool]]:
        """Yield (leaf, id of the hyperplane, other leaf, neurons that flip, whether it fires) for each shared facet, once."""
        shared = self._shared(batch)
        fires = self.fires(batch, [facet for facet, _, _ in shared])
        for (facet, other, flips), fire in zip(shared, fires, strict=True):
            yield (*self.leaf_and_id(batch, facet), other, flips, bool(fire))

    def _shared(self, batch: FacetBatch) -> list[_SharedFacet]:
        neighbours = self.neighbours(batch)
        return [*self._one_flips(batch, neighbours), *self.several_flip(batch, np.flatnonzero(neighbours < 0))]

    def prefix(self, leaf: int) -> bytes:
        """Return the states of all units on a leaf."""
        return self.leaves[leaf].prefix

    def leaf_and_id(self, batch: FacetBatch, facet: int) -> tuple[int, int]:
        """Return the index of a facet's leaf among all leaves, and the id of its hyperplane."""
        leaves, ids, _ = batch.facets
        return batch.first + int(leaves[facet]), int(ids[facet])

    def neighbours(self, batch: FacetBatch) -> Integers:
        """Return for each facet the leaf whose pattern differs in the facet's neuron only; -1 if it is not listed."""
        neighbours = []
        leaves, ids, _ = batch.facets
        for leaf, identity in zip((leaves + batch.first).tolist(), (ids - self.first).tolist(), strict=True):
            prefix = self.prefix(leaf)
            flipped = prefix[:identity] + (_OFF if prefix[identity] else _ON) + prefix[identity + 1 :]
            neighbours.append(self.index.get(flipped, -1))
        return np.array(neighbours, np.int64)

    def _one_flips(self, batch: FacetBatch, neighbours: Integers) -> Iterator[_SharedFacet]:
        """Yield the shared facets where a single neuron flips, each from one of its sides."""
        leaves, ids, _ = batch.facets
        later = np.flatnonzero(neighbours > leaves + batch.first)
        certain = ids[later] >= self.last
        certain[~certain] = self.span(batch, later[~certain])
        for facet in later[certain].tolist():
            yield facet, int(neighbours[facet]), (self.names[ids[facet] - self.first],)

    def several_flip(self, batch: FacetBatch, unmatched: Integers) -> Iterator[_SharedFacet]:
        """Yield the shared facets where several neurons flip, each from one of its sides."""
        vanishing = batch.vanishing(unmatched)
        several = np.flatnonzero(vanishing.sum(axis=1) > 1)
        several = several[self.span(batch, unmatched[several])]
        for facet, zero in zip(unmatched[several].tolist(), vanishing[several], strict=True):
            a, identity = self.leaf_and_id(batch, facet)
            leaf = self.leaves[a]
            pattern = np.frombuffer(self.prefix(a), np.uint8)
            key = np.where(zero, OPEN, pattern).tobytes()
            other = self.unpaired.pop(key, None)
            if other is None:
                self.unpaired[key] = a
                continue
            units = np.flatnonzero(pattern != np.frombuffer(self.prefix(other), np.uint8)).tolist()
            hyperplane = leaf.row(identity)
            if not units or not all(_is_multiple(leaf.row(self.first + unit), hyperplane) for unit in units):
                raise UnluckyPrimeError  # V was too large: different facets, perhaps of the same leaf, have the same key
            yield facet, other, tuple(self.names[unit] for unit in units)

    def span(self, batch: FacetBatch, facets: Integers) -> Flags:
        """Tell exactly which facets have dimension d - 1."""
        spans = batch.spans(facets)
        for k in np.flatnonzero(~spans).tolist():
            spans[k] = self.leaves[self.leaf_and_id(batch, facets[k])[0]].spans_facet(batch.generators(facets[k]))
        return spans

    def fires(self, batch: FacetBatch, facets: list[int]) -> Sequence[bool]:
        """Tell for each facet whether the property fires somewhere on it."""
        if self.fires_everywhere is not None:
            return [self.fires_everywhere] * len(facets)
        if not self.arrangement.has_target:
            return [self._fires_on(batch, facet) for facet in facets]
        verdicts = batch.fires(np.array(facets, np.int64)).tolist()
        return [v > 0 or (v == 0 and self._target_fires_on(batch, facet)) for facet, v in zip(facets, verdicts, strict=True)]

    def _fires_on(self, batch: FacetBatch, facet: int) -> bool:
        a, identity = self.leaf_and_id(batch, facet)
        leaf, section = self.leaves[a], self.arrangement.section
        corners = [section.lift(leaf.generator(tight)) for tight in batch.generators(facet)]
        return _fires_on(self.zones[a], section.lift_row(leaf.row(identity)), corners)

    def _target_fires_on(self, batch: FacetBatch, facet: int) -> bool:
        return self.leaves[self.leaf_and_id(batch, facet)[0]].fires_at(batch.generators(facet))


def _is_multiple(row: Row, other: Row) -> bool:
    at = next(k for k, entry in enumerate(other) if entry)
    return all(a * other[at] == b * row[at] for a, b in zip(row, other, strict=True))


def islands(zones: Sequence[Zone], graph: networkx.Graph) -> tuple[tuple[int, ...], ...]:
    """Return the connected components of the set that fires, as sorted tuples of zone indices.

    Zones are connected through facets on which the property fires somewhere.  If every condition is strict the set is open in
    the domain, and there are no other connections.  With ``>=`` conditions two zones may also be connected through a face of
    lower dimension; they then have a vertex (modulo lines) in common, and an exact linear program decides.
    """
    connected = networkx.Graph()
    connected.add_nodes_from(range(len(zones)))
    connected.add_edges_from((a, b) for a, b, fires in graph.edges(data="fires") if fires)
    connected.add_edges_from(contacts(zones, connected.has_edge))
    return tuple(sorted(tuple(sorted(component)) for component in networkx.connected_components(connected)))


def contacts(zones: Sequence[Zone], known: Callable[[int, int], bool]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of zones whose firing parts touch and are not known to be connected; none if all conditions are strict.

    Such zones have a vertex in common.  Where vertices would be too many, all pairs are compared.
    """
    if not zones or zones[0].prop.is_open:
        return
    sharing: dict[Row, list[int]] = defaultdict(list)
    for k, zone in enumerate(zones):
        if zone.kept is not None and not zone.kept.has_few_corners:
            sharing[()].append(k)
            continue
        for ray in zone.cell.canonical_rays:
            if ray[0]:
                sharing[ray].append(k)
    for group in sharing.values():
        for a, b in itertools.combinations(group, 2):
            if not known(a, b) and not zones[a].firing.intersect(zones[b].firing).is_empty:
                yield a, b
