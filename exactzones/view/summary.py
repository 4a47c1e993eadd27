"""The answer in words: what a list of zones says as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from exactzones.affine import AffineMap
from exactzones.notation import counted, number
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import bounding_box, sides
from exactzones.rational import Vector
from exactzones.zones import Zones

_MANY = 5000  # zones whose exact share of the volume would take longer than the rest of the page

_counted = partial(counted, grouped=True)


def verdict(zones: Zones) -> str:
    """Say where the property holds, or that it cannot: a sentence or two."""
    where = region(zones.domain)
    if not len(zones):
        if zones.complete:
            return f"Cannot fire: the list of zones is complete and empty, there is no point of {where} with {zones.prop}."
        return f"No zone was found before the search stopped early; that says nothing about the rest of {where}."
    sizes = sorted((len(island) for island in zones.islands), reverse=True)
    listed = f" ({' + '.join(map(str, sizes[:6]))}{' + ..' if len(sizes) > 6 else ''})" if len(sizes) > 1 else ""
    count = f"{_counted(len(zones), 'zone')} in {_counted(len(sizes), 'island')}{listed}"
    if zones.complete:
        return f"Fires in {count}. The list is complete: nowhere else in {where}."
    return f"Incomplete: {count} found before the search stopped early. Where none is drawn nothing is known."


def facts(zones: Zones, window: Polyhedron) -> list[tuple[str, str]]:
    """Return what else is worth knowing, as pairs of a term and its description."""
    found = [("property", str(zones.prop)), ("domain", region(zones.domain)), ("window", region(window))]
    if len(zones):
        found.insert(1, ("zones", f"{_counted(len(zones), 'zone')}, {_counted(len(zones.islands), 'island')}"))
    share = zones.share if len(zones) <= _MANY else None
    if share is not None:
        found.append(("share", f"{float(share * 100):.4g} % of the domain"))
    best = zones.maximum
    if best is not None and best.value is None:
        found.append(("largest value", "unbounded"))
    elif best is not None and best.value is not None:
        found.append(("largest value", f"{number(best.value)} at {_point(best.point)}"))
    return [*found, ("network", f"sha256 {zones.network.sha256[:16]}..")]


def notes(zones: Zones, outside: Sequence[str], flat: AffineMap | None) -> list[str]:
    """Return what to know when looking at the picture."""
    found = []
    unbounded, beyond = outside.count("unbounded"), len(outside) - outside.count("")
    if beyond:
        some = f", {unbounded:,} without end" if unbounded else ""
        found.append(f"Zones are drawn as far as the window reaches: {beyond:,} of them go on beyond it{some}.")
    if zones.network.inputs == 1:
        found.append("One input: a zone is the area between the feature's graph and its threshold.")
    if flat is not None:
        found.append(f"A slice of an input space of {flat.outputs} dimensions; what is said is exact, and about the slice.")
    return found


def region(polyhedron: Polyhedron | None) -> str:
    """Name a part of the input space."""
    if polyhedron is None:
        return "the input space"
    if polyhedron.is_bounded and (box := bounding_box(polyhedron.vrep.vertices)) == polyhedron:
        pairs = zip(*sides(box), strict=True)
        return "the box " + " by ".join(f"[{number(a)}, {number(b)}]" for a, b in pairs)
    return f"the domain ({_counted(len(polyhedron.hrep.closed_rows), 'inequality', 'inequalities')})"


def _point(point: Vector) -> str:
    return f"({', '.join(map(number, point))})"
