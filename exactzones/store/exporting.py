"""A store's zones as one file for other programs; JSON and CSV are written zone by zone, without a list of all zones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from exactzones.errors import InputError
from exactzones.export import csv_lines, smtlib, writer
from exactzones.files import as_path, atomic_stream, write_atomically
from exactzones.formats.zones_json import zones_writer
from exactzones.store.reading import ZoneStore

MOST_IN_MEMORY = 100_000
"""The zones that an export holds in memory at most, unless its caller says otherwise; each takes some ten thousand bytes."""

_JSON = (".json", ".json.gz")


def export(store: ZoneStore, path: str | PathLike[str], *, most: int = MOST_IN_MEMORY) -> None:
    """Write a store to a file as ``Zones.save`` does, with the same content.

    ``.json``, ``.json.gz`` and ``.csv`` are written zone by zone, if the store is complete.  ``.smt2`` is the question, without
    zones.  For other suffixes, and for a store that is not complete, all zones are held in memory.

    Args:
        store: the store.
        path: of the file.
        most: the largest number of zones to hold in memory.

    Raises:
        InputError: another suffix, zones that the format cannot hold or that are too many, or a file that cannot be written.
    """
    target = as_path(path)
    lower = target.lower()
    if not lower.endswith(_JSON):
        writer(target, store.network.inputs)  # refuses other suffixes before anything is read
    is_streamed = store.manifest.islands is not None and lower.endswith((*_JSON, ".csv"))
    if lower.endswith(".smt2"):
        write_atomically(target, smtlib(store.network, store.prop, store.domain).encode())
    elif not is_streamed:
        _check_number(store, target, most)
        store.listed().save(target)
    elif lower.endswith(".csv"):
        with atomic_stream(target) as stream:
            for line in csv_lines(store, store.island_of, store.network.inputs):
                stream.write(line.encode())
    else:
        with zones_writer(target, store.network, store.prop, store.domain) as json_writer:
            for zone in store:
                json_writer.add(zone)
            json_writer.finish_complete(_pairs(store), (island.tolist() for island in store.islands))


def _check_number(store: ZoneStore, target: str, most: int) -> None:
    """Refuse to hold too many zones in memory.

    Raises:
        InputError: there are more than ``most``.
    """
    if len(store) <= most:
        return
    if store.manifest.islands is None:
        why = "the store is not complete, and only complete ones are written zone by zone"
        advice = f"finish it (exactzones zones .. --store {store.directory} --resume)"
    else:
        why = f"{Path(target).suffix} is made from all zones at once"
        advice = "export .json, .json.gz or .csv, which are written zone by zone"
    raise InputError(
        f"{target}: {why}; {len(store):,} zones do not fit in memory (the limit is {most:,}): {advice}, read the Parquet files "
        f"with DuckDB or polars, or raise the limit in Python, exactzones.store.export(store, path, most={len(store)})"
    )


def _pairs(store: ZoneStore) -> Iterator[Sequence[int]]:
    """Yield the pairs of zones that share a facet, ascending."""
    for edges in store.edges():
        yield from edges[:, np.lexsort(edges[::-1])].T.tolist()
