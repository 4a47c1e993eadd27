"""How far floats move the boundary of zones: as text, and where the page draws it as a hairline."""

from __future__ import annotations

import math
from collections.abc import Iterator

from exactzones.band import width_text
from exactzones.errors import DomainError
from exactzones.rational import dot
from exactzones.view.spaces import Data, PointNumbers
from exactzones.zones import Zone, Zones
from exactzones.zones.union_parts import UnionParts


def bands(zones: Zones | UnionParts, arithmetic: str, main: Data, table: PointNumbers) -> Data:
    """Return how far floats move the boundary of each zone.

    Args:
        zones: the zones.
        arithmetic: a format of floats such as "float32".
        main: their drawing.
        table: the numbers of its corners.

    Returns:
        ``arithmetic``, per zone ``half`` (the half-width as a float; None if there is no bound) and ``widths`` (in words), and
        ``edges``: zone and corner numbers of the points (1-D) or segments (2-D) on which a condition is zero.

    Raises:
        InputError: floats that the model of execution does not cover.
    """
    half = [_half_width(zone, arithmetic) for zone in zones]
    edges = [[k, *ends] for k, zone in enumerate(zones) for ends in _boundary(zone, main["rings"][k], table)]
    return {
        "arithmetic": arithmetic,
        "half": [None if width is None or math.isinf(width) else width for width in half],
        "widths": list(map(_said, half)),
        "edges": edges,
    }


def _half_width(zone: Zone, arithmetic: str) -> float | None:
    """Return the half-width of a zone's band; None if the zone is unbounded."""
    try:
        return zone.band(arithmetic).half_width
    except DomainError:
        return None


def _said(width: float | None) -> str:
    if width is None:
        return "the zone is unbounded, so rounding errors on it are, too"
    if not width:
        return "the boundary is exact"
    if math.isinf(width):
        return "anywhere in the zone the order of summation may decide"
    return f"the boundary may move by {width_text(width)}"


def _boundary(zone: Zone, rings: list[list[int]], table: PointNumbers) -> Iterator[list[int]]:
    """Yield the corners or edges of rings on which a condition is zero."""
    dim = zone.network.inputs
    for condition in zone.conditions:
        for ring in rings if dim <= 2 and any(condition.row[1:]) else ():
            on = [dot(condition.row, (1, *table.points[corner])) == 0 for corner in ring]
            for k, corner in enumerate(ring):
                following = (k + 1) % len(ring)
                if dim == 1 and on[k]:
                    yield [corner]
                elif dim == 2 and on[k] and on[following] and following != k:
                    yield [corner, ring[following]]
