"""The adjacency graph of zones as GraphML and GEXF, for Gephi, yEd, igraph and similar programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import count, islice
from typing import Any, NamedTuple, TypeAlias

import networkx

from exactzones.polyhedra import describe
from exactzones.polyhedra.shapes import floats
from exactzones.rational import Row, text
from exactzones.zones import UnionZone, Zone, Zones, ZoneUnion, as_zones

_Node: TypeAlias = tuple[int, dict[str, Any]]
_Edge: TypeAlias = tuple[int, int, dict[str, Any]]

_BLOCK = 1000  # nodes or edges that are written at once


def plain_graph(zones: Zones | ZoneUnion) -> networkx.Graph:
    """Return ``zones.graph`` with attributes of types that every program reads: strings, numbers and booleans.

    Node attributes: ``pattern``, ``island``, ``maximum`` (exact, "p/q", or "unbounded") and a point at which the property fires,
    ``sample`` (exact) and ``x0``, ``x1``, .. (floats).  Edge attributes: ``facet`` (the equation of its hyperplane), ``flips``
    (the neurons whose signs differ, "layer:unit", separated by spaces) and ``fires`` (whether the property fires on the facet).
    Zones of a disjunction have ``cases`` and ``islands`` (numbers, separated by spaces) in place of ``island`` and ``maximum``.
    """
    if not isinstance(zones, ZoneUnion):
        as_zones(zones)
    graph = networkx.Graph(property=zones.prop.exact_text(), complete=zones.complete)
    listed: Sequence[Zone | UnionZone] = zones
    for k, zone in enumerate(listed):
        graph.add_node(k, **node_attributes(zone, **_what_fires(zones, k)))
    for a, b, facet in zones.graph.edges(data=True):
        graph.add_edge(a, b, **edge_attributes(facet["facet"], facet["flips"], fires=facet["fires"]))
    return graph


def _what_fires(zones: Zones | ZoneUnion, k: int) -> dict[str, Any]:
    """Return the attributes that differ between the zones of a conjunction and those of a disjunction."""
    if isinstance(zones, Zones):
        return {"island": zones.island_of[k], "maximum": maximum_text(zones[k])}
    return {"cases": " ".join(map(str, zones[k].cases)), "islands": " ".join(map(str, zones.parts.islands_of(k)))}


def maximum_text(zone: Zone) -> str:
    """Return the attribute ``maximum`` of a zone."""
    value = zone.maximum.value
    return "unbounded" if value is None else text(value)


def node_attributes(zone: Zone | UnionZone, **what_fires: Any) -> dict[str, Any]:
    """Return the attributes of a zone, among them those that are given."""
    (position,) = floats([zone.sample])
    pattern = {name: " ".join(zone.pattern) for name in ("label", "pattern")}
    where = {f"x{j}": entry for j, entry in enumerate(position)}
    return {**pattern, **what_fires, "sample": ", ".join(map(text, zone.sample)), **where}


def edge_attributes(facet: Row, flips: Iterable[tuple[int, int]], *, fires: bool) -> dict[str, Any]:
    """Return the attributes of a facet that two zones share."""
    names = " ".join(f"{layer}:{unit}" for layer, unit in flips)
    return {"facet": describe(facet, "="), "flips": names, "fires": bool(fires)}


def graphml(zones: Zones | ZoneUnion) -> str:
    """Return ``plain_graph`` as GraphML."""
    return _graphml_text(plain_graph(zones))


def gexf(zones: Zones | ZoneUnion) -> str:
    """Return ``plain_graph`` as GEXF; nodes are placed at the first three coordinates of their samples."""
    return _gexf_text(plain_graph(zones))


def _graphml_text(graph: networkx.Graph) -> str:
    return _text_of(networkx.write_graphml_xml, graph)


def _gexf_text(graph: networkx.Graph) -> str:
    for _, node in graph.nodes(data=True):
        node["viz"] = {"position": {axis: node.get(f"x{k}", 0.0) for k, axis in enumerate("xyz")}}
    dated = _text_of(networkx.write_gexf, graph)
    return re.sub(r' lastmodifieddate="[^"]*"', "", dated)  # the date would make the text change daily


def _text_of(write: Any, graph: networkx.Graph) -> str:
    stream = BytesIO()
    write(graph, stream)
    return stream.getvalue().decode()


class GraphStream(NamedTuple):
    """Writes graphs that are not in memory: the texts of many small graphs, cut and joined.

    Attributes:
        suffix: ".graphml" or ".gexf".
        attributes: those of the graph.
    """

    suffix: str
    attributes: dict[str, Any]

    def pieces(self, nodes: Iterable[_Node], edges: Iterable[_Edge]) -> Iterator[str]:
        """Yield the text of the whole graph, with nodes and edges in the order in which they are given.

        Args:
            nodes: (number, attributes) of each; all have the same names of attributes.
            edges: (node, node, attributes) of each, likewise.
        """
        nodes, edges = iter(nodes), iter(edges)
        first, edge = [*islice(nodes, 1)], [*islice(edges, 1)]
        # Every text has the first node, so that attributes have the same numbers everywhere; a loop adds no other one.
        loops = [(first[0][0], first[0][0], attributes) for _, _, attributes in edge]
        head, node, rest = _cut(self._text(first, loops), "node")
        between, _, foot = _cut(rest, "edge")
        yield head + node
        while more := [*islice(nodes, _BLOCK)]:
            yield _cut(self._text(more, []), "node")[1]
        yield between
        numbers = count()
        while edge:
            numbered = [(a, b, attributes | {"id": next(numbers)}) for a, b, attributes in edge]
            yield _cut(self._text(first, numbered if self.suffix == ".gexf" else edge), "edge")[1]
            edge = [*islice(edges, _BLOCK)]
        yield foot

    def _text(self, nodes: Iterable[_Node], edges: Iterable[_Edge]) -> str:
        graph = networkx.Graph(**self.attributes)
        graph.add_nodes_from(nodes)
        graph.add_edges_from(edges)
        return (_gexf_text if self.suffix == ".gexf" else _graphml_text)(graph)


def _cut(text: str, tag: str) -> tuple[str, str, str]:
    """Return what is before all elements of a kind in XML, these elements, and what is after them; nothing if there are none."""
    start, end = text.find(f"<{tag} "), text.rfind(f"</{tag}>")
    if start < 0:
        return text, "", ""
    start, end = text.rfind("\n", 0, start) + 1, text.find("\n", end) + 1
    return text[:start], text[start:end], text[end:]
