"""Zones that are described from a point, as JSON: those of ``zones_json``, with their facets, and without most vertices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exactzones.formats.zones_json import (
    cell_document,
    conditions_document,
    domain_document,
    number_texts,
    property_document,
    row_texts,
)
from exactzones.rational import text
from exactzones.zones.local import LocalZone, ZoneFacet

_VERTEX_INPUTS = 3
"""Up to so many inputs vertices are worked out."""


def local_zones_document(zones: Sequence[LocalZone]) -> dict[str, Any]:
    """Return the zones at a point, at least one, as a JSON object."""
    first = zones[0]
    return {
        "network": {"sha256": first.network.sha256, "inputs": first.network.inputs},
        "feature": property_document(first.prop),
        "domain": domain_document(first.domain),
        "point": number_texts(first.point),
        "zones": [_zone(zone) for zone in zones],
    }


def _zone(local: LocalZone) -> dict[str, Any]:
    vrep = local.zone.vrep if local.network.inputs <= _VERTEX_INPUTS else None
    return (
        cell_document(local.pattern, local.hrep, vrep)
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
