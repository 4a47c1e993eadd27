"""Zones of two inputs as shapes in the plane, for geometry libraries and maps: GeoJSON and WKT.

A shape is the closure of the part of a zone that fires, cut by a window.  Corners are rounded to floats; the properties in
GeoJSON have the exact vertices.
"""

from __future__ import annotations

import json
from typing import Any

from exactzones.arguments import WindowLike, as_window
from exactzones.errors import InputError
from exactzones.polyhedra.shapes import Ring, floats, outline
from exactzones.rational import text
from exactzones.zones import Zones, ZoneUnion
from exactzones.zones.union import as_drawn
from exactzones.zones.union_parts import UnionParts
from exactzones.zones.window import default_window


def wkt(zones: Zones | ZoneUnion, window: WindowLike = None) -> str:
    """Return a GEOMETRYCOLLECTION with one geometry per zone, in order: usually a polygon, empty outside the window.

    Args:
        zones: of two inputs; of a zone in which several cases of a disjunction hold, each case has a geometry.
        window: a bounded polyhedron; its bounding box is the cut.  By default the domain's box, or a box around all vertices.

    Raises:
        InputError: not two inputs, or an unbounded or flat window.
    """
    shapes = []
    for ring in _rings(as_drawn(zones), window):
        corners = [f"{x!r} {y!r}" for x, y in floats(ring)]
        if not corners:
            shapes.append("POLYGON EMPTY")
        elif len(corners) <= 2:
            shapes.append(f"{'POINT' if len(corners) == 1 else 'LINESTRING'} ({', '.join(corners)})")
        else:
            shapes.append(f"POLYGON (({', '.join([*corners, corners[0]])}))")
    whole = f"({', '.join(shapes)})" if shapes else "EMPTY"
    return f"GEOMETRYCOLLECTION {whole}\n"


def geojson(zones: Zones | ZoneUnion, window: WindowLike = None) -> dict[str, Any]:
    """Return a FeatureCollection with one feature per zone, in order; the geometry of a zone outside the window is null.

    Properties: ``zone``, ``pattern``, ``island``, ``unbounded``, and of the uncut part, exactly, ``vertices`` and ``sample``.
    For a disjunction there is one feature per zone and ``case`` that holds in it.

    Args:
        zones: of two inputs.
        window: as in ``wkt``.

    Raises:
        InputError: not two inputs, or an unbounded or flat window.
    """
    features, drawn = [], as_drawn(zones)
    for k, (zone, ring) in enumerate(zip(drawn, _rings(drawn, window), strict=True)):
        vrep = zone.firing.vrep
        properties = {
            **({"zone": drawn.owners[k][0], "case": drawn.owners[k][1]} if isinstance(drawn, UnionParts) else {"zone": k}),
            "pattern": " ".join(zone.pattern),
            "island": drawn.island_of[k],
            "unbounded": not vrep.is_bounded,
            "vertices": [list(map(text, vertex)) for vertex in vrep.vertices],
            "sample": list(map(text, zone.sample)),
        }
        features.append({"type": "Feature", "geometry": _geometry(ring), "properties": properties})
    whole = {"property": zones.prop.exact_text(), "complete": zones.complete}
    return {"type": "FeatureCollection", **whole, "features": features}


def geojson_text(zones: Zones | ZoneUnion) -> str:
    """Return ``geojson`` as a file's text."""
    return json.dumps(geojson(zones), separators=(",", ":")) + "\n"


def _geometry(ring: Ring) -> dict[str, Any] | None:
    corners = list(map(list, floats(ring)))
    if not corners:
        return None
    if len(corners) == 1:
        return {"type": "Point", "coordinates": corners[0]}
    if len(corners) == 2:
        return {"type": "LineString", "coordinates": corners}
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


def _rings(zones: Zones | UnionParts, window: WindowLike) -> list[Ring]:
    """Return the corners of each zone's firing part in the window, counter-clockwise; empty outside the window."""
    if zones.network.inputs != 2:
        raise InputError(f"shapes in the plane need 2 inputs, but this network has {zones.network.inputs}")
    box = default_window(zones) if window is None else as_window(window, 2)
    rings = []
    for zone in zones:
        ring = next(iter(outline(zone.firing_part, box)), ())
        rings.append(ring if _turns_left(ring) else ring[::-1])
    return rings


def _turns_left(ring: Ring) -> bool:
    if len(ring) < 3:
        return True
    (ax, ay), (bx, by), (cx, cy) = ring[:3]
    return (bx - ax) * (cy - by) - (by - ay) * (cx - bx) > 0
