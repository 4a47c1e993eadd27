"""Zones as a table for spreadsheets: CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from exactzones.engine.frontier import Integers
from exactzones.rational import text
from exactzones.zone import Zone
from exactzones.zones import Zones, as_zones
from exactzones.zones.display import columns, records


def csv_text(zones: Zones) -> str:
    """Return a header and one line per zone: its number, then the columns of ``Zones.to_dataframe``.

    Numbers are exact, "p/q" or "p"; infinite ones are empty fields.
    """
    listed = as_zones(zones)
    return "".join(csv_lines(listed.zones, listed.island_of, listed.network.inputs))


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
