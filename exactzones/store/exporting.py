"""A store's zones as one file for other programs; texts of zones and of graphs are written zone by zone, without a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from exactzones.errors import InputError
from exactzones.export import csv_lines, smtlib, writer
from exactzones.export.graphs import GraphStream, edge_attributes, maximum_text, node_attributes
from exactzones.files import as_path, atomic_stream, write_atomically
from exactzones.formats.zones_json import zones_writer
from exactzones.store.reading import ZoneStore
from exactzones.zones.graph import facet_row

MOST_IN_MEMORY = 100_000
"""The zones that an export holds in memory at most, unless its caller says otherwise; each takes some ten thousand bytes."""

_JSON = (".json", ".json.gz")
_GRAPHS = (".graphml", ".gexf")


def export(store: ZoneStore, path: str | PathLike[str], *, most: int = MOST_IN_MEMORY) -> None:
    """Write a store to a file as ``Zones.save`` does, with the same content.

    If the store is complete, ``.json``, ``.json.gz`` and ``.csv`` are written zone by zone, and ``.graphml`` and ``.gexf``, too,
    if it has more than ``most`` zones; the edges are then in the order of the zones.  ``.smt2`` is the question, without zones.
    For other suffixes, and for a store that is not complete, all zones are held in memory.

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
    by_zone = (*_JSON, ".csv", *(_GRAPHS if len(store) > most else ()))
    is_streamed = store.manifest.islands is not None and lower.endswith(by_zone)
    if lower.endswith(".smt2"):
        write_atomically(target, smtlib(store.network, store.prop, store.domain).encode())
    elif not is_streamed:
        _check_number(store, target, most)
        store.listed().save(target)
    elif not lower.endswith(_JSON):
        with atomic_stream(target) as stream:
            for piece in _pieces(store, Path(lower).suffix):
                stream.write(piece.encode())
    else:
        with zones_writer(target, store.network, store.prop, store.domain) as json_writer:
            for zone in store:
                json_writer.add(zone)
            json_writer.finish_complete(_pairs(store), (island.tolist() for island in store.islands))


def _pieces(store: ZoneStore, suffix: str) -> Iterator[str]:
    """Yield the text of a table or a graph."""
    if suffix == ".csv":
        return csv_lines(store, store.island_of, store.network.inputs)
    nodes = (
        (k, node_attributes(zone, island=int(store.island_of[k]), maximum=maximum_text(zone))) for k, zone in enumerate(store)
    )
    whole = {"property": store.prop.exact_text(), "complete": store.complete}
    return GraphStream(suffix, whole).pieces(nodes, _shared_facets(store))


def _shared_facets(store: ZoneStore) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield (zone, zone, attributes) for each facet that two zones share, in the order of the zones."""
    patterns = store.all_patterns()
    for chunk in store.manifest.links:
        for row in store.table(chunk, ["zone", "facets", "neighbours", "fires"]).to_pylist():
            zone, links = row["zone"], zip(row["neighbours"], row["facets"], row["fires"], strict=True)
            leaf = store.source(zone)
            for other, plane, fires in sorted(link for link in links if link[0] > zone):
                differ = np.flatnonzero(np.unpackbits(patterns[zone] ^ patterns[other]))
                flips = [store.neurons[bit] for bit in differ.tolist()]
                yield zone, other, edge_attributes(facet_row(leaf, plane), flips, fires=fires)


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
        advice = f"export {', '.join((*_JSON, '.csv', *_GRAPHS))}, which are written zone by zone"
    raise InputError(
        f"{target}: {why}; {len(store):,} zones do not fit in memory (the limit is {most:,}): {advice}, read the Parquet files "
        f"with DuckDB or polars, or raise the limit in Python, exactzones.store.export(store, path, most={len(store)})"
    )


def _pairs(store: ZoneStore) -> Iterator[Sequence[int]]:
    """Yield the pairs of zones that share a facet, ascending."""
    for edges in store.edges():
        yield from edges[:, np.lexsort(edges[::-1])].T.tolist()
