"""The zones of a disjunction as JSON, for other programs.  Every number is a string, as in ``zones_json``.

The object has the fields "format" ("exactzones/union"), "version" (1), "network" and "domain" as lists of zones have them,
"cases" (a list of properties, each as the field "feature" of a list of zones), "complete", "zones": for each of them its
closed cell ("pattern", "inequalities", "vertices", "rays", "lines") and "cases", a list of objects with the number of the "case",
a "sample" at which it holds, and its "conditions" on the cell; "islands": for each connected component of the set in which a case
holds the pairs [zone, case] that make it up; and "merged", if it is wanted: convex sets as in lists of zones, with such pairs as
"pieces".
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from exactzones.errors import require
from exactzones.files import atomic_stream
from exactzones.formats.zones_json import (
    cell_document,
    condition_texts,
    domain_document,
    merged_document,
    network_document,
    number_texts,
    property_document,
)
from exactzones.zones.union import UnionZone, ZoneUnion

FORMAT, VERSION = "exactzones/union", 1


def union_to_json(
    union: ZoneUnion, *, merge: bool = False, islands: bool = True, bands: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the zones of a disjunction as a JSON object.

    Args:
        union: the zones.
        merge: whether the object has merged parts.
        islands: whether it has the islands; without, it is marked incomplete.
        bands: the field "bands" (see ``bands_json``); None leaves it out.
    """
    require(union, ZoneUnion, "union", "the list that find_union returns")
    document = {
        "format": FORMAT,
        "version": VERSION,
        "network": network_document(union.network),
        "cases": [property_document(case) for case in union.prop.cases],
        "domain": domain_document(union.domain),
        "zones": [_zone(zone, union) for zone in union],
        "complete": union.complete and islands,
    }
    if islands:
        document["islands"] = [list(map(list, island)) for island in union.islands]
    if bands is not None:
        document["bands"] = bands
    if merge:
        owners = union.parts.owners
        merged = (merged_document(each) for each in union.parts.merged)
        document["merged"] = [each | {"pieces": [list(owners[part]) for part in each["pieces"]]} for each in merged]
    return document


def save_union(union: ZoneUnion, path: str | Path, **options: Any) -> None:
    """Write the zones of a disjunction to a JSON file; the file holds either its old content or all of the new.

    Args:
        union: the zones.
        path: of the file; it is compressed if its name ends in .gz.
        options: those of ``union_to_json``.

    Raises:
        InputError: the file cannot be written.
    """
    document = (json.dumps(union_to_json(union, **options), indent=1) + "\n").encode()
    with atomic_stream(path) as stream:
        stream.write(gzip.compress(document, mtime=0) if str(path).lower().endswith(".gz") else document)


def _zone(zone: UnionZone, union: ZoneUnion) -> dict[str, Any]:
    cases = [
        {
            "case": case,
            "sample": number_texts(part.sample),
            "conditions": condition_texts(part.conditions[: len(union.prop.cases[case].conditions)]),
        }
        for case, part in zone.parts
    ]
    return cell_document(zone.pattern, zone.hrep, zone.listed_vrep) | {"cases": cases}
