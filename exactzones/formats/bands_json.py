"""How far floats move the boundary of zones, as JSON: the field "bands" of a list of zones, or of the zones of a disjunction."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from exactzones.errors import DomainError
from exactzones.formats.zones_json import number_texts
from exactzones.rational import text
from exactzones.zones import Zone, Zones, ZoneUnion


def bands_document(zones: Zones | ZoneUnion, arithmetic: str) -> dict[str, Any]:
    """Return the bands of zones in floats (see ``Zone.band``).

    Returns:
        ``arithmetic``, ``half_width`` (the largest of all zones as a string, null if it is infinite) and ``zones``: for each
        its ``errors`` (one for each condition) and ``half_width``, or null if the zone is unbounded; of a disjunction, a list
        of these, one for each case that holds in the zone.

    Raises:
        InputError: floats that the model of execution does not cover.
    """
    if isinstance(zones, ZoneUnion):
        bands = [[_band(part, arithmetic) for _, part in zone.parts] for zone in zones]
        return _document(arithmetic, bands, [band for group in bands for band in group])
    listed = [_band(zone, arithmetic) for zone in zones]
    return _document(arithmetic, listed, listed)


def _document(arithmetic: str, bands: list[Any], each: Iterable[dict[str, Any] | None]) -> dict[str, Any]:
    widths: list[Any] = [None if band is None else band["half_width"] for band in each]
    largest = None if None in widths else max(widths, key=Fraction, default="0")
    return {"arithmetic": arithmetic, "half_width": largest, "zones": bands}


def _band(zone: Zone, arithmetic: str) -> dict[str, Any] | None:
    try:
        band = zone.band(arithmetic)
    except DomainError:
        return None
    width = band.half_width
    return {"errors": number_texts(band.errors), "half_width": None if math.isinf(width) else text(Fraction(width))}
