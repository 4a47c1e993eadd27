"""Zones as a table for spreadsheets: CSV."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

from exactzones.rational import text
from exactzones.zones import Zones, as_zones
from exactzones.zones.display import columns, records


def csv_text(zones: Zones) -> str:
    """Return a header and one line per zone: its number, then the columns of ``Zones.to_dataframe``.

    Numbers are exact, "p/q" or "p"; infinite ones are empty fields.
    """
    stream = StringIO()
    names = columns(as_zones(zones).network.inputs)
    lines = csv.writer(stream, lineterminator="\n")
    lines.writerow(["zone", *names])
    for k, record in enumerate(records(zones)):
        lines.writerow([k, *map(_cell, (record[name] for name in names))])
    return stream.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else text(value)
