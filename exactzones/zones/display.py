"""Lists of zones as tables and pictures, for notebooks, data frames and spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from exactzones.engine.frontier import Integers
from exactzones.notation import counted, escaped, html_table, number, point
from exactzones.polyhedra.shapes import outline
from exactzones.polyhedra.svg import Shape, svg
from exactzones.property import brief
from exactzones.zone import Zone
from exactzones.zones.volumes import zone_volumes
from exactzones.zones.window import Listed, default_window

MAX_VOLUME_INPUTS = 5
"""Volumes are computed up to this number of inputs d, because even a cube is cut into d! simplices."""

_BLOCK = 4096  # zones of which volumes are computed at once
_ROWS = 20  # at most in a table
_DRAWN = 2000  # zones at most in a picture


def records(zones: Iterable[Zone], island_of: Sequence[int] | Integers, inputs: int) -> Iterator[dict[str, Any]]:
    """Yield a record for each zone, with exact numbers; see ``Zones.to_dataframe``."""
    iterator, k = iter(zones), 0
    while block := list(islice(iterator, _BLOCK)):
        volumes = zone_volumes(block) if inputs <= MAX_VOLUME_INPUTS else [None] * len(block)
        for zone, volume in zip(block, volumes, strict=True):
            record = _record(zone) | {"island": int(island_of[k]), "volume": volume}
            yield {name: record[name] for name in columns(inputs)}
            k += 1


def _record(zone: Zone) -> dict[str, Any]:
    """Return a record without the island and the volume."""
    vertices, rays, lines = zone.listed_counts or (None, None, None)
    record = {
        "pattern": " ".join(zone.pattern),
        "facets": len(zone.hrep.rows),
        "vertices": vertices,
        "rays": rays,
        "lines": lines,
        "maximum": zone.maximum.value,
    }
    return record | {f"x{j}": entry for j, entry in enumerate(zone.sample)}


def columns(inputs: int) -> list[str]:
    """Return the names of the entries of a record."""
    volume = ["volume"] if inputs <= MAX_VOLUME_INPUTS else []
    counts = ["pattern", "island", "facets", "vertices", "rays", "lines", "maximum"]
    return [*counts, *volume, *(f"x{k}" for k in range(inputs))]


def picture(zones: Listed) -> str | None:
    """Return the zones as SVG, coloured by island; None if the input space is not a plane or there are too many zones."""
    if zones.network.inputs != 2 or len(zones.zones) > _DRAWN:
        return None
    window = default_window(zones)
    shapes = [
        Shape(outline(zone.firing_part, window), zones.island_of[k], f"zone {k}: {' '.join(zone.pattern)}")
        for k, zone in enumerate(zones.zones)
    ]
    return svg(shapes, window, islands=[[ring for k in island for ring in shapes[k].rings] for island in zones.islands])


def page(zones: Listed) -> str:
    """Return a summary, the picture and a table of the first zones as HTML."""
    count = len(zones.zones)
    where = "all of the input space" if zones.domain is None else "its domain"
    if zones.network.slice is not None:
        where = f"{zones.network.slice}" if zones.domain is None else f"its domain on {zones.network.slice}"
    if not count:
        silent = "fires nowhere in" if zones.complete else "was not found to fire, before the search stopped early, in"
        return f"<p>{escaped(zones.prop)} {silent} {where}</p>"
    summary = f"{counted(count, 'zone')} of {brief(zones.prop, zones.network.widths)} in {where}"
    islands = "" if count > _DRAWN else f", {counted(len(zones.islands), 'island')}"
    stopped = "" if zones.complete else "; incomplete: the search stopped early"
    rows = []
    for k, zone in enumerate(zones.zones[:_ROWS]):
        value = zone.maximum.value
        largest = "unbounded" if value is None else number(value)
        vertices = "" if zone.listed_vrep is None else str(len(zone.listed_vrep.vertices))
        rows.append((str(k), escaped(" ".join(zone.pattern)), vertices, largest, point(zone.sample)))
    header = ("zone", "pattern", "vertices", "largest value", "fires at")
    more = f"<p>and {count - _ROWS} more</p>" if count > _ROWS else ""
    return f"<div><p>{escaped(summary)}{islands}{stopped}</p>{picture(zones) or ''}{html_table(rows, header)}{more}</div>"
