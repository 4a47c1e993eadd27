"""A space and the zones in it as plain data: shapes as floats that draw, everything else as exact text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import networkx

from exactzones.affine import AffineMap
from exactzones.formats.zones_json import number_texts, row_texts
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.polyhedra.shapes import Ring, floats, outline, sides
from exactzones.rational import Vector
from exactzones.zones import Zone, Zones

Data: TypeAlias = dict[str, Any]

_WHOLE_MAPS = 2000
"""Of more zones the page has the function of the feature only, not the whole map of the layer: ``zone.affine`` has it."""


class _Table:
    """Numbers exact points, the same for equal ones."""

    def __init__(self) -> None:
        self.points: list[Vector] = []
        self._known: dict[Hashable, int] = {}

    def number(self, point: Vector) -> int:
        # The hash of a fraction takes a modular inverse, that of its parts does not.
        found = self._known.setdefault(tuple([(entry.numerator, entry.denominator) for entry in point]), len(self.points))
        if found == len(self.points):
            self.points.append(point)
        return found


def drawing(zones: Zones, window: Polyhedron) -> Data:
    """Return what draws the zones inside a window: a box in 1-D to 3-D.

    Returns:
        ``corners`` (points as floats), and per zone: ``rings`` (corner numbers) of the part that fires, ``cells`` those of the
        closed cell where that is larger, ``outside`` ("unbounded" or "cut" where it goes on beyond the window), ``functions``
        (the feature as ``b + a . x``, floats), ``colours`` (numbers per colouring).
    """
    table = _Table()
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
        "functions": floats(map(_function, zones)),
        "colours": _colours(zones),
        "patterns": [" ".join(zone.pattern) for zone in zones],
    }


def exact_texts(zones: Zones, flat: AffineMap | None = None) -> Data:
    """Return everything that the page says about zones, as text.

    Returns:
        ``points`` (coordinates; with a slice's flat also ``lifted``, those in the larger space), ``zones`` (per zone:
        inequalities and conditions as rows ``b, a_1, .., a_d``, vertices as numbers of points, rays, lines, a sample, the affine
        map), ``edges`` (two zones, the row of their facet, the neurons that flip, whether the property fires there).
    """
    table = _Table()
    listed = []
    whole = len(zones) <= _WHOLE_MAPS
    for zone in zones:
        entry: Data = {
            "inequalities": row_texts(zone.hrep.rows),
            "conditions": [[*number_texts(condition.row), ">" if condition.strict else ">="] for condition in zone.conditions],
            "vertices": [table.number(vertex) for vertex in zone.vrep.vertices],
            "sample": table.number(zone.sample),
            "function": number_texts(_function(zone)),
        }
        entry |= {name: row_texts(rows) for name, rows in (("rays", zone.vrep.rays), ("lines", zone.vrep.lines)) if rows}
        if whole:
            entry["map"] = row_texts(zone.affine.augmented().rows)
        listed.append(entry)
    edges = [[a, b, number_texts(edge["facet"]), edge["flips"], edge["fires"]] for a, b, edge in zones.graph.edges(data=True)]
    lifted = {} if flat is None else {"lifted": row_texts(map(flat, table.points))}
    return {"points": row_texts(table.points), "zones": listed, "edges": edges} | lifted


def _numbered(rings: Sequence[Ring], table: _Table) -> list[list[int]]:
    return [[table.number(corner) for corner in ring] for ring in rings]


def _function(zone: Zone) -> Vector:
    """Return what the first condition compares with its threshold, as an affine function on the zone."""
    constant, *slope = zone.conditions[0].row
    return (constant - zone.prop.conditions[0].constant, *slope)


def _outside(zone: Zone, part: Cell | Polyhedron, window: Polyhedron) -> str:
    """Tell how a part goes on beyond the window, if it does."""
    within = not any(part.signs(row)[0] for row in window.hrep.rows) if isinstance(part, Cell) else part.is_subset(window)
    if within:
        return ""
    return "cut" if zone.cell.is_bounded or part.is_bounded else "unbounded"


def _colours(zones: Zones) -> Data:
    """Return a number per zone for each way to colour them.

    Zones of different patterns, or of different functions, that touch have different colours; islands are counted.
    """
    same: dict[Hashable, int] = {}
    functions = [same.setdefault(tuple(c.row for c in zone.conditions), len(same)) for zone in zones]
    touching = networkx.Graph((functions[a], functions[b]) for a, b in zones.graph.edges if functions[a] != functions[b])
    apart = defaultdict(int, networkx.greedy_color(touching))
    patterns = networkx.greedy_color(zones.graph)
    return {
        "island": zones.island_of,
        "pattern": [patterns[k] for k in range(len(zones))],
        "map": [apart[function] for function in functions],
        "maps": len(same),
    }
