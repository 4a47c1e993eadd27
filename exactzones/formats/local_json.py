"""Zones that are described from a point, as JSON: those of ``zones_json``, with their facets, and without most vertices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exactzones.formats.zones_json import (
    cell_document,
    conditions_document,
    domain_document,
    network_document,
    number_texts,
    property_document,
    row_texts,
)
from exactzones.rational import text
from exactzones.zones.exploring import Exploration
from exactzones.zones.local import LocalZone, ZoneFacet

_VERTEX_INPUTS = 3
"""Up to so many inputs vertices are worked out."""


def local_zones_document(zones: Sequence[LocalZone]) -> dict[str, Any]:
    """Return the zones at a point, at least one, as a JSON object."""
    return _question(zones[0]) | {"zones": [_zone(zone) for zone in zones]}


def exploration_document(found: Exploration) -> dict[str, Any]:
    """Return the zones around a point as a JSON object; for the norm 2 distances are squares, and named so."""
    name = "distance_squared" if found.norm == 2 else "distance"
    zones = [
        _cell(near.local)
        | {"sample": number_texts(near.zone.sample)}
        | conditions_document(near.zone.conditions)
        | {name: text(near.distance), "nearest": number_texts(near.point)}
        for near in found
    ]
    return _question(found) | {
        "norm": found.norm,
        "radius": None if found.radius is None else text(found.radius),
        "everywhere": found.everywhere,
        "zones": zones,
        "adjacency": list(map(list, found.touching)),
        "complete": found.complete,
        "farther": found.farther,
    }


def _question(asked: LocalZone | Exploration) -> dict[str, Any]:
    return {
        "network": network_document(asked.network),
        "feature": property_document(asked.prop),
        "domain": domain_document(asked.domain),
        "point": number_texts(asked.point),
    }


def _cell(local: LocalZone) -> dict[str, Any]:
    vrep = local.zone.vrep if local.network.inputs <= _VERTEX_INPUTS else None
    return cell_document(local.pattern, local.hrep, vrep)


def _zone(local: LocalZone) -> dict[str, Any]:
    return (
        _cell(local)
        | {"sample": number_texts(local.inner_point), "affine": row_texts(local.affine.augmented().rows)}
        | conditions_document(local.zone.conditions)
        | {"facets": [_facet(k, facet) for k, facet in enumerate(local.facets)]}
    )


def _facet(number: int, facet: ZoneFacet) -> dict[str, Any]:
    return {
        "inequality": number,
        "flips": list(map(list, facet.flips)) or "domain",
        "distance": {"l1": text(facet.l1), "linf": text(facet.linf), "l2_squared": text(facet.l2_squared)},
    }
