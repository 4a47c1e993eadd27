"""A space and its zones as plain data for the page: shapes as floats, everything else as exact text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeAlias

import networkx

from exactzones.affine import AffineMap
from exactzones.formats.zones_json import number_texts, row_texts
from exactzones.polyhedra import Cell, Polyhedron, VRep
from exactzones.polyhedra.shapes import Ring, floats, outline, sides
from exactzones.rational import Vector
from exactzones.zones import Zone, Zones
from exactzones.zones.union_parts import UnionParts

Data: TypeAlias = dict[str, Any]

MANY = 2000
"""With more zones than this, the page has only the feature's function on each, not the affine map of the whole layer."""


class PointNumbers:
    """Numbers exact points; equal points have equal numbers."""

    def __init__(self) -> None:
        self.points: list[Vector] = []
        self._number_of: dict[Hashable, int] = {}

    def number(self, point: Vector) -> int:
        """Return the number of a point."""
        # Pairs of integers hash faster than fractions, whose hash requires a modular inverse.
        key = tuple([(entry.numerator, entry.denominator) for entry in point])
        number = self._number_of.setdefault(key, len(self.points))
        if number == len(self.points):
            self.points.append(point)
        return number


def threshold(zones: Zones | UnionParts) -> float:
    """Return the threshold of the first condition; 0 for a disjunction, whose cases have different ones."""
    return 0.0 if isinstance(zones, UnionParts) else floats([(-zones.prop.conditions[0].constant,)])[0][0]


def drawing(zones: Zones | UnionParts, window: Polyhedron, table: PointNumbers) -> Data:
    """Return the data that draw the zones inside a window, a box in one to three dimensions, and number their corners.

    Returns:
        ``corners`` (points as floats), and per zone: ``rings`` (the polygons of the part that fires, as corner numbers),
        ``cells`` (those of the closed cell if it is larger, else None), ``outside`` ("unbounded" or "cut" if the zone extends
        beyond the window, else ""), ``functions`` (the feature as ``b + a . x``, floats), ``colours`` (see ``colours``).
        Of a disjunction, these are about the parts of zones, and ``owners`` are pairs of the numbers of a part's zone and case.
    """
    parts = [zone.firing_part for zone in zones]
    rings = [_numbered(outline(part, window), table) for part in parts]
    cells = [
        None if part is zone.cell else _numbered(outline(zone.cell, window), table)
        for zone, part in zip(zones, parts, strict=True)
    ]
    domain = None if zones.domain is None else _numbered(outline(zones.domain, window), table)
    return {
        "dim": zones.network.inputs,
        "window": floats(sides(window)),
        "domain": domain,
        "rings": rings,
        "cells": cells,
        "corners": floats(table.points),
        "outside": [_outside(zone, part, window) for zone, part in zip(zones, parts, strict=True)],
        "functions": floats(_function(zones, zone) for zone in zones),
        "colours": colours(zones, numbered(tuple(c.row for c in zone.conditions) for zone in zones)),
        "patterns": [" ".join(zone.pattern) for zone in zones],
    } | ({"owners": zones.owners} if isinstance(zones, UnionParts) else {})


def exact_texts(zones: Zones | UnionParts, main: Data, table: PointNumbers, flat: AffineMap | None = None) -> Data:
    """Return all exact facts about zones that the page can show, as text.

    Args:
        zones: the zones.
        main: their drawing.
        table: the numbers of its corners.
        flat: the slice, if they are zones on one.

    Returns:
        ``points`` (coordinates; on a slice also ``lifted``, their coordinates in the larger space), ``zones`` (per zone: about
        the closed cell its inequalities as rows ``b, a_1, .., a_d``, its vertices as numbers of points, rays, lines; ``fires``,
        the same about the part that fires, if that is smaller; conditions, a sample point, the affine map), ``edges`` (two
        zones, the row of their facet, the neurons that switch sign there, whether the property fires on the facet).
    """
    entries = []
    whole_maps = len(zones) <= MANY
    for k, zone in enumerate(zones):
        entry: Data = {
            "inequalities": row_texts(zone.hrep.rows),
            "conditions": [[*number_texts(condition.row), ">" if condition.strict else ">="] for condition in zone.conditions],
            **_generators(zone.vrep, table),
            "sample": table.number(zone.sample),
            "function": number_texts(_function(zones, zone)),
        }
        if main["cells"][k] is not None and main["outside"][k]:
            entry["fires"] = _generators(zone.firing_part.vrep, table)
        elif main["cells"][k] is not None:
            entry["fires"] = {"vertices": list(dict.fromkeys(corner for ring in main["rings"][k] for corner in ring))}
        if whole_maps:
            entry["map"] = row_texts(zone.affine.augmented().rows)
        entries.append(entry)
    edges = [[a, b, number_texts(edge["facet"]), edge["flips"], edge["fires"]] for a, b, edge in zones.graph.edges(data=True)]
    lifted = {} if flat is None else {"lifted": row_texts(map(flat, table.points))}
    return {"points": row_texts(table.points), "zones": entries, "edges": edges} | lifted


def _generators(vrep: VRep, table: PointNumbers) -> Data:
    """Return vertices as numbers, and rays and lines, if there are any, as text."""
    directions = {name: row_texts(rows) for name, rows in (("rays", vrep.rays), ("lines", vrep.lines)) if rows}
    return {"vertices": [table.number(vertex) for vertex in vrep.vertices]} | directions


def _numbered(rings: Sequence[Ring], table: PointNumbers) -> list[list[int]]:
    return [[table.number(corner) for corner in ring] for ring in rings]


def _function(zones: Zones | UnionParts, zone: Zone) -> Vector:
    """Return the value that the first condition compares with ``threshold``, as an affine function on the zone."""
    if isinstance(zones, UnionParts):
        return zone.conditions[0].row
    constant, *slope = zone.conditions[0].row
    return (constant - zone.prop.conditions[0].constant, *slope)


def _outside(zone: Zone, part: Cell | Polyhedron, window: Polyhedron) -> str:
    """Return "" if a part lies in the window, "unbounded" if the zone is unbounded, else "cut"."""
    within = not any(part.signs(row)[0] for row in window.hrep.rows) if isinstance(part, Cell) else part.is_subset(window)
    if within:
        return ""
    return "cut" if zone.cell.is_bounded or part.is_bounded else "unbounded"


def numbered(items: Iterable[Hashable]) -> list[int]:
    """Return a number for each item, 0, 1, .. in the order in which they first appear; equal items have equal numbers."""
    number_of: dict[Hashable, int] = {}
    return [number_of.setdefault(item, len(number_of)) for item in items]


def colours(zones: Zones | UnionParts, functions: Sequence[int]) -> Data:
    """Return the colour numbers of the zones for each colouring: by island, by pattern and by affine map.

    Zones that touch have different colours if their patterns, or their functions, differ; "maps" counts the functions.

    Args:
        zones: the zones.
        functions: what ``numbered`` returns for their functions.
    """
    touching = networkx.Graph((functions[a], functions[b]) for a, b in zones.graph.edges if functions[a] != functions[b])
    function_colours = defaultdict(int, networkx.greedy_color(touching))
    patterns = networkx.greedy_color(zones.graph)
    return {
        "island": zones.island_of,
        "pattern": [patterns[k] for k in range(len(zones))],
        "map": [function_colours[function] for function in functions],
        "maps": max(functions, default=-1) + 1,
    }
