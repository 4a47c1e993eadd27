"""Zones as a table for spreadsheets: CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from exactzones.engine.frontier import Integers
from exactzones.rational import text
from exactzones.zone import Zone
from exactzones.zones import Zones, ZoneUnion, as_zones
from exactzones.zones.display import MAX_VOLUME_INPUTS, columns, records


def csv_text(zones: Zones | ZoneUnion) -> str:
    """Return a header and one line per zone: its number, then the columns of ``Zones.to_dataframe``.

    Numbers are exact, "p/q" or "p"; infinite ones are empty fields.  For zones of a disjunction there are the numbers of the
    "cases" that hold in a zone and of the "islands" that it has parts in, and the volume is that of the union of the cases.
    """
    if isinstance(zones, ZoneUnion):
        return "".join(_union_lines(zones))
    listed = as_zones(zones)
    return "".join(csv_lines(listed.zones, listed.island_of, listed.network.inputs))


def _union_lines(union: ZoneUnion) -> Iterator[str]:
    """Yield the lines of ``csv_text`` for the zones of a disjunction."""
    inputs = union.network.inputs
    names = ["pattern", "cases", "islands", "facets", "vertices", "rays", "lines"]
    volume = ["volume"] if inputs <= MAX_VOLUME_INPUTS else []
    yield _line(["zone", *names, *volume, *(f"x{j}" for j in range(inputs))])
    for k, zone in enumerate(union):
        vrep = zone.listed_vrep
        sizes = [None] * 3 if vrep is None else [len(vrep.vertices), len(vrep.rays), len(vrep.lines)]
        texts = [" ".join(zone.pattern), " ".join(map(str, zone.cases)), " ".join(map(str, union.parts.islands_of(k)))]
        numbers = [len(zone.hrep.rows), *sizes, *([zone.volume] if volume else []), *zone.sample]
        yield _line([k, *texts, *map(_cell, numbers)])


def csv_lines(zones: Iterable[Zone], island_of: Sequence[int] | Integers, inputs: int) -> Iterator[str]:
    """Yield the lines of ``csv_text``, given zones in their order and the island of each."""
    names = columns(inputs)
    yield _line(["zone", *names])
    for k, record in enumerate(records(zones, island_of, inputs)):
        yield _line([k, *(_cell(record[name]) for name in names)])


def _line(entries: Sequence[Any]) -> str:
    stream = StringIO()
    csv.writer(stream, lineterminator="\n").writerow(entries)
    return stream.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else text(value)
