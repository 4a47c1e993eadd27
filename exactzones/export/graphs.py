"""Which zones touch, as GraphML and GEXF: for Gephi, yEd, igraph and the like."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import networkx

from exactzones.polyhedra import describe
from exactzones.polyhedra.shapes import floats
from exactzones.rational import text
from exactzones.zones import Zones


def plain_graph(zones: Zones) -> networkx.Graph:
    """Return ``zones.graph`` with attributes that every program reads: texts, numbers and truth values.

    Nodes carry ``pattern``, ``island``, ``maximum`` (exact, "p/q", or "unbounded") and a point at which the property fires:
    ``sample`` (exact) and ``x0``, ``x1``, .. (floats).  Edges carry ``facet`` (its hyperplane's equation), ``flips`` (the neurons
    whose sign differs, "layer:unit", with spaces between) and ``fires`` (whether the property fires somewhere on the facet).
    """
    graph = networkx.Graph(property=str(zones.prop), complete=zones.complete)
    for k, zone in enumerate(zones):
        (position,) = floats([zone.sample])
        graph.add_node(
            k,
            label=" ".join(zone.pattern),
            pattern=" ".join(zone.pattern),
            island=zones.island_of[k],
            maximum="unbounded" if zone.maximum.value is None else text(zone.maximum.value),
            sample=", ".join(map(text, zone.sample)),
            **{f"x{j}": entry for j, entry in enumerate(position)},
        )
    for a, b, facet in zones.graph.edges(data=True):
        flips = " ".join(f"{layer}:{unit}" for layer, unit in facet["flips"])
        graph.add_edge(a, b, facet=describe(facet["facet"], "="), flips=flips, fires=bool(facet["fires"]))
    return graph


def graphml(zones: Zones) -> str:
    """Return ``plain_graph`` as GraphML."""
    return _written(networkx.write_graphml_xml, plain_graph(zones))


def gexf(zones: Zones) -> str:
    """Return ``plain_graph`` as GEXF; nodes lie where their samples are (of more than three inputs, the first three count)."""
    graph = plain_graph(zones)
    for _, node in graph.nodes(data=True):
        node["viz"] = {"position": {axis: node.get(f"x{k}", 0.0) for k, axis in enumerate("xyz")}}
    return re.sub(r' lastmodifieddate="[^"]*"', "", _written(networkx.write_gexf, graph))  # the same text every day


def _written(write: Any, graph: networkx.Graph) -> str:
    stream = BytesIO()
    write(graph, stream)
    return stream.getvalue().decode()
