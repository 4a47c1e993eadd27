"""Statements in words about a list of zones as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from operator import lt
from typing import Any

from exactzones.affine import AffineMap
from exactzones.band import width_text
from exactzones.network import Network
from exactzones.notation import counted, number
from exactzones.polyhedra import Box, Polyhedron
from exactzones.polyhedra.shapes import bounding_box, sides
from exactzones.rational import Vector
from exactzones.view.slices import MOST
from exactzones.zones import Zones
from exactzones.zones.union_parts import UnionParts, count_zones

_FEW = 8  # islands that are listed
_MOST_SIZES = 4  # islands whose sizes are said, the largest first
_MOST_RANGES = 16  # of a box that are written
_MANY = 5000  # with more zones, computing their exact share of the volume would take longer than the rest of the page

_counted = partial(counted, grouped=True)


def verdict(zones: Zones | UnionParts) -> str:
    """Return one or two sentences about where the property holds, or that it holds nowhere."""
    where = region(zones.domain)
    if zones.network.slice is not None:
        where = str(zones.network.slice) if zones.domain is None else f"{where} on {zones.network.slice}"
    if not len(zones):
        if zones.complete:
            return f"Cannot fire: the list of zones is complete and empty; no point of {where} satisfies {zones.prop}."
        return f"No zone was found before the search stopped early, which says nothing about the rest of {where}."
    sizes = [count_zones(zones, island) for island in zones.islands]
    largest = sorted(range(len(sizes)), key=lambda island: -sizes[island])[:_MOST_SIZES]
    named = [f"island {island}: {_counted(sizes[island], 'zone')}" for island in largest]
    listed = f" ({', '.join([*named, *['..'] * (len(sizes) > len(largest))])})" if len(sizes) > 1 else ""
    count = f"{_counted(count_zones(zones), 'zone')} in {_counted(len(sizes), 'island')}{listed}"
    if zones.complete:
        return f"Fires in {count}. The list is complete: it fires nowhere else in {where}."
    return f"Incomplete: {count} found before the search stopped early. Nothing is known about the places without a zone."


def facts(zones: Zones | UnionParts, window: Polyhedron) -> list[tuple[str, str]]:
    """Return further facts about the zones, as pairs of a term and its description."""
    rows = [("property", str(zones.prop)), ("domain", region(zones.domain)), ("window", region(window))]
    if len(zones):
        rows.insert(1, ("zones", f"{_counted(count_zones(zones), 'zone')}, {_counted(len(zones.islands), 'island')}"))
    share = zones.share if len(zones) <= _MANY else None
    if share is not None:
        rows.append(("share", f"{float(share * 100):.4g} % of the domain"))
    several = isinstance(zones, Zones) and len(zones.prop.conditions) > 1  # the maximum is that of the first condition
    best = None if several else zones.maximum
    if best is not None and best.value is None:
        rows.append(("largest value", "unbounded"))
    elif best is not None and best.value is not None:
        rows.append(("largest value", f"{number(best.value)} at {_point(best.point)}"))
    return [*rows, *_hashes(zones.network)]


def _hashes(network: Network) -> list[tuple[str, str]]:
    """Return which network it is; on a slice also the network on all of the input space."""
    if network.slice is None:
        return [("network", f"sha256 {network.sha256[:16]}..")]
    whole, embedding = network.slice
    on_slice = f"sha256 {network.sha256[:16]}.., with {_counted(embedding.inputs, 'coordinate')} of {network.slice}"
    return [("network", f"sha256 {whole.sha256[:16]}.."), ("network on the slice", on_slice)]


def notes(zones: Zones | UnionParts, outside: Sequence[str], flat: AffineMap | None) -> list[str]:
    """Return remarks that help to read the picture."""
    remarks = []
    unbounded, beyond = outside.count("unbounded"), len(outside) - outside.count("")
    if beyond:
        endless = f", {unbounded:,} of them without end" if unbounded else ""
        extend = "1 extends" if beyond == 1 else f"{beyond:,} extend"
        remarks.append(f"Zones are drawn up to the border of the window: {extend} beyond it{endless}.")
    if zones.network.inputs == 1:
        remarks.append("The network has one input: a zone is drawn as the area between the feature's graph and its threshold.")
    if flat is not None:
        remarks.append(
            f"This is a slice of an input space of {flat.outputs} dimensions. All statements are exact, for the slice."
        )
    return remarks


def band_notes(band: dict[str, Any] | None) -> list[str]:
    """Return the remark about how far floats move the boundary of zones, and about its hairline, if one is drawn."""
    if band is None:
        return []
    what = "the boundary of the zones (the hairline)" if band["edges"] else "the boundary of the zones"
    half = band["half"]
    told = "may be anywhere in some zone" if None in half else f"may move by up to {width_text(max(half, default=0.0))}"
    text = f"Where {band['arithmetic']} computes the network, in any order of summation, {what} {told}"
    return [f"{text}; the card of a zone says how far its own boundary may move."]


def lonely_notes(data: dict[str, Any] | None, islands: int) -> list[str]:
    """Return the remark about islands without data points, if there are any."""
    lonely = [] if data is None else data["empty"]
    if not lonely:
        return []
    listed = f"{', '.join(map(str, lonely[:_FEW]))}{', ..' if len(lonely) > _FEW else ''}"
    which = f"island {listed} (dashed circle)" if len(lonely) == 1 else f"islands {listed} (dashed circles)"
    return [f"{len(lonely):,} of {_counted(islands, 'island')} without a data point: {which}."]


def region(polyhedron: Polyhedron | None) -> str:
    """Return a name for a part of the input space (None: all of it)."""
    if polyhedron is None:
        return "the input space"
    corners = _corners(polyhedron)
    if corners is None:
        return f"the domain ({_counted(len(polyhedron.hrep.closed_rows), 'inequality', 'inequalities')})"
    ranges = [f"[{number(a)}, {number(b)}]" for a, b in zip(*corners, strict=True)]
    if len(ranges) <= _MOST_RANGES:
        return f"the box {' by '.join(ranges)}"
    return f"the box {ranges[0]}^{len(ranges)}" if len(set(ranges)) == 1 else f"a box of {len(ranges)} inputs"


def _corners(polyhedron: Polyhedron) -> tuple[Vector, Vector] | None:
    """Return the lowest and the highest corner of a box that is not flat, else None."""
    if isinstance(polyhedron, Box):  # one of many inputs has too many vertices to list
        return (polyhedron.low, polyhedron.high) if all(map(lt, polyhedron.low, polyhedron.high)) else None
    if polyhedron.ambient_dim > MOST or not polyhedron.is_bounded:
        return None
    box = bounding_box(polyhedron.vrep.vertices)
    return sides(box) if box == polyhedron else None


def _point(point: Vector) -> str:
    return f"({', '.join(map(number, point))})"
