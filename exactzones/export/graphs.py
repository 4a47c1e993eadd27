"""The adjacency graph of zones as GraphML and GEXF, for Gephi, yEd, igraph and similar programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import networkx

from exactzones.polyhedra import describe
from exactzones.polyhedra.shapes import floats
from exactzones.rational import text
from exactzones.zones import UnionZone, Zone, Zones, ZoneUnion, as_zones


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
        (position,) = floats([zone.sample])
        graph.add_node(
            k,
            label=" ".join(zone.pattern),
            pattern=" ".join(zone.pattern),
            **_what_fires(zones, k, zone),
            sample=", ".join(map(text, zone.sample)),
            **{f"x{j}": entry for j, entry in enumerate(position)},
        )
    for a, b, facet in zones.graph.edges(data=True):
        flips = " ".join(f"{layer}:{unit}" for layer, unit in facet["flips"])
        graph.add_edge(a, b, facet=describe(facet["facet"], "="), flips=flips, fires=bool(facet["fires"]))
    return graph


def _what_fires(zones: Zones | ZoneUnion, k: int, zone: Zone | UnionZone) -> dict[str, Any]:
    """Return the attributes that differ between the zones of a conjunction and those of a disjunction."""
    if isinstance(zones, Zones):
        assert isinstance(zone, Zone)  # noqa: S101 - as it is one of them
        value = zone.maximum.value
        return {"island": zones.island_of[k], "maximum": "unbounded" if value is None else text(value)}
    return {"cases": " ".join(map(str, zones[k].cases)), "islands": " ".join(map(str, zones.parts.islands_of(k)))}


def graphml(zones: Zones | ZoneUnion) -> str:
    """Return ``plain_graph`` as GraphML."""
    return _text_of(networkx.write_graphml_xml, plain_graph(zones))


def gexf(zones: Zones | ZoneUnion) -> str:
    """Return ``plain_graph`` as GEXF; nodes are placed at the first three coordinates of their samples."""
    graph = plain_graph(zones)
    for _, node in graph.nodes(data=True):
        node["viz"] = {"position": {axis: node.get(f"x{k}", 0.0) for k, axis in enumerate("xyz")}}
    return re.sub(
        r' lastmodifieddate="[^"]*"', "", _text_of(networkx.write_gexf, graph)
    )  # the date would make the text change daily


def _text_of(write: Any, graph: networkx.Graph) -> str:
    stream = BytesIO()
    write(graph, stream)
    return stream.getvalue().decode()
