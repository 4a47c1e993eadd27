"""A store's zones as one file for other programs; JSON and CSV are written zone by zone, without a list of all zones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike

import numpy as np

from exactzones.export import csv_lines
from exactzones.files import as_path, atomic_stream
from exactzones.formats.zones_json import zones_writer
from exactzones.store.reading import ZoneStore


def export(store: ZoneStore, path: str | PathLike[str]) -> None:
    """Write a store to a file as ``Zones.save`` does, with the same content.

    ``.json``, ``.json.gz`` and ``.csv`` are written zone by zone, if the store is complete.  For other suffixes, and for a store
    that is not complete, all zones are held in memory.

    Raises:
        InputError: another suffix, zones that the format cannot hold, or a file that cannot be written.
    """
    target = as_path(path)
    if store.manifest.islands is None or not target.lower().endswith((".json", ".json.gz", ".csv")):
        store.listed().save(target)
    elif target.lower().endswith(".csv"):
        with atomic_stream(target) as stream:
            for line in csv_lines(store, store.island_of, store.network.inputs):
                stream.write(line.encode())
    else:
        with zones_writer(target, store.network, store.prop, store.domain) as writer:
            for zone in store:
                writer.add(zone)
            writer.finish_complete(_pairs(store), (island.tolist() for island in store.islands))


def _pairs(store: ZoneStore) -> Iterator[Sequence[int]]:
    """Yield the pairs of zones that share a facet, ascending."""
    for edges in store.edges():
        yield from edges[:, np.lexsort(edges[::-1])].T.tolist()
