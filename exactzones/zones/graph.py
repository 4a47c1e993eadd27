"""Which zones touch, and which form islands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import networkx

from exactzones.polyhedra import Polyhedron
from exactzones.rational import Row, integer_dot
from exactzones.zones.zone import Zone


def adjacency(zones: Sequence[Zone]) -> networkx.Graph:
    """Return the graph whose nodes are zone indices and whose edges are shared facets.

    Node ``i`` carries ``zone``.  An edge carries ``facet`` (the row of its hyperplane, ``b + a . x = 0``), ``flips`` (the
    neurons (layer, unit) whose sign differs: sometimes several at once) and ``fires`` (whether the property fires somewhere
    on the facet).

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
            hyperplane = max(row, tuple(-entry for entry in row))
            flips = tuple(unit for unit, a, b in zip(units, zones[other].signs, zone.signs, strict=True) if a != b)
            graph.add_edge(other, k, facet=hyperplane, flips=flips, fires=_fires_on(zone, row, corners))
    return graph


def _hidden_units(zone: Zone) -> list[tuple[int, int]]:
    return [(k, unit) for k, layer in enumerate(zone.network.layers[: zone.prop.horizon]) for unit in layer.relu_units]


def _fires_on(zone: Zone, facet: Row, corners: list[Row]) -> bool:
    if len(zone.conditions) == 1 and zone.conditions[0].strict:
        row = zone.conditions[0].integer_row
        return any(integer_dot(row, corner) > 0 for corner in corners) or any(integer_dot(row, line) for line in zone.cell.lines)
    return not zone.firing.intersect(Polyhedron.of(zone.cell.dim, equations=[facet])).is_empty


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
