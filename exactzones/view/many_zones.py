"""The data of pages with thousands of zones in the plane: drawn from floats; the page works out exact numbers on demand.

It gets the network and the zones' patterns, from which everything else about a zone follows (``assets/facts.js``).
"""

from __future__ import annotations

from collections.abc import Sequence

from exactzones.formats.zones_json import number_texts, row_texts
from exactzones.layer import Layer
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import Ring, floats, rings, sides
from exactzones.rational import Row
from exactzones.view.spaces import MANY, Data, colours, numbered
from exactzones.zones import Zones
from exactzones.zones.outlines import Outlines, outlines

_SHARP = 2.0**-20  # share of the window by which a corner may be wrong


def many_zones(zones: Zones, window: Polyhedron) -> tuple[Data, Data] | None:
    """Return what draws the zones (see ``spaces.drawing``), and what their exact numbers follow from.

    None if that is not enough: for few zones, zones beyond the window, other spaces than a bounded plane, several conditions.

    Returns:
        The second has ``layers`` (each with its ``rows`` (``b, a_1, ..``) and which units have a ``relu``; the last computes the
        value that is positive where the property fires), ``threshold``, ``domain`` (``rows`` and, in order, ``corners``), and
        ``edges`` (two zones, and whether the property fires on their facet).
    """
    domain, conditions = zones.domain, zones.prop.conditions
    if len(zones) <= MANY or domain is None or not domain.is_bounded or len(conditions) != 1 or not conditions[0].strict:
        return None
    if zones.network.inputs != 2 or domain.hrep.strict or not domain.is_subset(window):
        return None
    low, high = floats(sides(window))
    drawn = outlines(zones, _SHARP * max(b - a for a, b in zip(low, high, strict=True)))
    if drawn is None:
        return None
    (ring,) = rings(domain.cell())
    return _drawing(zones, drawn, ring, (low, high)), _sources(zones, drawn, ring, domain.hrep.rows)


def _drawing(zones: Zones, drawn: Outlines, ring: Ring, window: Sequence[Sequence[float]]) -> Data:
    """Return the data of ``spaces.drawing``, given the corners of the domain in order."""
    corners = [*drawn.corners, *floats(ring)]
    functions = drawn.functions.copy()
    functions[:, 0] -= float(zones.prop.conditions[0].constant)
    return {
        "dim": 2,
        "window": window,
        "domain": [[*range(len(corners) - len(ring), len(corners))]],
        "rings": [[ring] for ring in drawn.rings],
        "cells": [None if ring is None else [ring] for ring in drawn.cells],
        "corners": corners,
        "outside": [""] * len(zones),
        "functions": functions.tolist(),
        "colours": colours(zones, numbered(drawn.maps.tolist())),
        "patterns": [" ".join(zone.pattern) for zone in zones],
    }


def _sources(zones: Zones, drawn: Outlines, ring: Ring, rows: Sequence[Row]) -> Data:
    """Return what the exact numbers follow from, given the corners and rows of the domain."""
    return {
        "layers": [_layer(layer) for layer in drawn.chain],
        "threshold": number_texts([-zones.prop.conditions[0].constant])[0],
        "domain": {"rows": row_texts(rows), "corners": row_texts(ring)},
        "edges": [[a, b, fires] for a, b, fires in zones.graph.edges(data="fires")],
    }


def _layer(layer: Layer) -> Data:
    return {"rows": row_texts(layer.affine.augmented().rows), "relu": list(layer.relu)}
