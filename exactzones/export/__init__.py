"""Export zones to other programs: graphs, shapes, tables, and the question itself for SMT solvers.

Numbers are exact where the format allows it (strings such as "1/3", SMT-LIB); coordinates are floats where readers of the format
expect floats.  Only JSON (``exactzones zones --json``) keeps everything exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from exactzones.errors import InputError
from exactzones.export.graphs import gexf, graphml, plain_graph
from exactzones.export.planar import geojson, geojson_text, wkt
from exactzones.export.smt import smtlib
from exactzones.export.tables import csv_lines, csv_text
from exactzones.files import as_path, write_atomically
from exactzones.zones import Zones, ZoneUnion, as_zones

__all__ = ["SUFFIXES", "csv_lines", "csv_text", "geojson", "gexf", "graphml", "plain_graph", "save", "smtlib", "wkt", "writer"]

_WRITERS: dict[str, Callable[[Any], str]] = {
    ".graphml": graphml,
    ".gexf": gexf,
    ".geojson": geojson_text,
    ".wkt": wkt,
    ".csv": csv_text,
    ".smt2": lambda zones: smtlib(zones.network, zones.prop, zones.domain),
}
SUFFIXES = tuple(_WRITERS)


def save(zones: Zones | ZoneUnion, path: str | Path) -> None:
    """Write zones to a file in the format of its suffix; an error leaves the old content of the file.

    ``.graphml``, ``.gexf``: the graph of zones that touch.  ``.geojson``, ``.wkt``: the parts that fire, as shapes (2 inputs).
    ``.csv``: one line per zone.  ``.smt2``: the question, not the answer.

    Args:
        zones: the result of ``find_zones`` or ``find_union``.
        path: ends in one of ``SUFFIXES``.

    Raises:
        InputError: another suffix, zones that the format cannot hold, or a file that cannot be written.
    """
    if not isinstance(zones, ZoneUnion):
        as_zones(zones)
    target = as_path(path)
    write_atomically(target, writer(target, zones.network.inputs)(zones).encode())


def writer(path: str | Path, inputs: int) -> Callable[[Any], str]:
    """Return the function that turns zones into the text of a file with this suffix.

    Args:
        path: ends in one of ``SUFFIXES``.
        inputs: number of inputs of the network.

    Raises:
        InputError: the suffix is not one of ``SUFFIXES``, or the format holds shapes in the plane and there are not 2 inputs.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise InputError(f"{path}: suffix {Path(path).suffix!r} is not known; exports end in {', '.join(SUFFIXES)}")
    if suffix in (".geojson", ".wkt") and inputs != 2:
        raise InputError(f"{path}: shapes in the plane need 2 inputs, but this network has {inputs}; export a slice of it")
    return _WRITERS[suffix]
