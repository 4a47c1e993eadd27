"""Zones as JSON, for other programs.  Every number is a string: "p/q", "p" or "a+b*sqrt(D)"."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

from exactzones.files import write_atomically
from exactzones.property import Property
from exactzones.rational import text
from exactzones.zones import MergedZone, Zone, Zones

FORMAT, VERSION = "exactzones/zones", 1


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the format."""
    loaded: dict[str, Any] = json.loads(resources.files("exactzones.formats").joinpath("zones.schema.json").read_text())
    return loaded


def zones_to_json(zones: Zones, *, merge: bool = False) -> dict[str, Any]:
    """Return zones as a JSON object, see ``schema``; ``merge`` adds the merged zones, each with the numbers of its pieces."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "complete": zones.complete,
        "network": {"sha256": zones.network.sha256, "inputs": zones.network.inputs},
        "feature": _property(zones.prop),
        "domain": {"all": True} if zones.domain is None else {"inequalities": row_texts(zones.domain.hrep.closed_rows)},
        "zones": [_zone(zone) for zone in zones],
        "adjacency": sorted(sorted(edge) for edge in zones.graph.edges),
        "islands": [list(island) for island in zones.islands],
    }
    if merge:
        document["merged"] = [_merged(merged) for merged in zones.merged]
    return document


def save_zones(zones: Zones, path: str | Path, *, merge: bool = False) -> None:
    """Write zones to a JSON file, see ``zones_to_json``; the file holds either its old content or all of the new.

    Raises:
        InputError: the file cannot be written.
    """
    write_atomically(path, zones_text(zones, merge=merge).encode())


def zones_text(zones: Zones, *, merge: bool = False) -> str:
    """Return zones as the text of a JSON file, see ``zones_to_json``."""
    return json.dumps(zones_to_json(zones, merge=merge), separators=(",", ":")) + "\n"


def number_texts(entries: Iterable[Fraction | int]) -> list[str]:
    """Return exact numbers as strings."""
    return [text(entry) for entry in entries]


def row_texts(rows: Iterable[Sequence[Fraction | int]]) -> list[list[str]]:
    """Return rows of exact numbers as lists of strings."""
    return [number_texts(row) for row in rows]


def _property(prop: Property) -> dict[str, Any]:
    if len(prop.conditions) == 1:
        only = prop.conditions[0]
        if only.strict and not only.after_relu and len(only.terms) == 1 and only.terms[0][1] == 1:
            return {"layer": only.layer, "index": only.terms[0][0], "threshold": text(-only.constant)}
    return {
        "conditions": [
            {
                "layer": condition.layer,
                "terms": [[unit, text(coefficient)] for unit, coefficient in condition.terms],
                "constant": text(condition.constant),
                "strict": condition.strict,
                "after_relu": condition.after_relu,
            }
            for condition in prop.conditions
        ]
    }


def _zone(zone: Zone) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "pattern": list(zone.pattern),
        "inequalities": row_texts(zone.hrep.rows),
        "vertices": row_texts(zone.vrep.vertices),
        "rays": row_texts(zone.vrep.rays),
        "lines": row_texts(zone.vrep.lines),
        "sample": number_texts(zone.sample),
    }
    if len(zone.conditions) == 1 and zone.conditions[0].strict:
        entry["feature"] = number_texts(zone.conditions[0].row)
    else:
        entry["conditions"] = [{"row": number_texts(condition.row), "strict": condition.strict} for condition in zone.conditions]
    return entry


def _merged(merged: MergedZone) -> dict[str, Any]:
    closure, vrep = merged.polyhedron.hrep, merged.polyhedron.vrep
    return {
        "pieces": list(merged.pieces),
        "inequalities": row_texts(closure.rows),
        "strict": row_texts(closure.strict),
        "vertices": row_texts(vrep.vertices),
        "rays": row_texts(vrep.rays),
        "lines": row_texts(vrep.lines),
    }
