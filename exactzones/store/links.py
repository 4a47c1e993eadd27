"""The second pass over a store: which zones touch, and which islands they form.

The edges of each chunk's zones are noted in a scratch file, from which the chunk's table is written when the islands are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.engine.residues import UnluckyPrimeError
from exactzones.store.columns import links_table, parquet_bytes
from exactzones.store.index import write_index
from exactzones.store.inequality_matching import InequalityMatching
from exactzones.store.inequality_rows import InequalityRows
from exactzones.store.manifest import Manifest, save_chunk
from exactzones.store.matching import EDGE, Edges, StoredMatching
from exactzones.store.patterns import PatternIndex
from exactzones.store.reading import ZoneStore
from exactzones.zones.graph import adjacency_of_cells, contacts
from exactzones.zones.islands import joined

_PENDING = 1 << 22  # edges that are kept before the islands are joined by them


def write_links(store: ZoneStore, tick: Callable[[int], None]) -> Manifest:
    """Write the neighbours and islands of a complete store; return the manifest that names them, which is on disk as well.

    Args:
        store: the store.
        tick: called now and then with 0; it may raise to stop, and then nothing is kept.
    """
    directory, chunks = store.directory, store.manifest.chunks
    starts = np.cumsum([0, *(chunk.zones for chunk in chunks)])
    scratch = [directory / f".links-{k:05}.edges" for k in range(len(chunks))]
    patterns = PatternIndex(store.all_patterns())
    try:
        try:
            labels = _noted(_edges(store, patterns, tick), starts, scratch)
        except UnluckyPrimeError:
            _remove(scratch)
            labels = _noted(_exact_edges(store), starts, scratch)
        if not store.prop.is_open:  # zones may touch in a vertex; from exact cells, all in memory
            pairs = [*contacts(list(store), lambda a, b: labels[a] == labels[b])]
            labels = joined(labels, np.array(pairs, np.int64).reshape(-1, 2).T)
        first_zones, islands = np.unique(labels, return_inverse=True)
        links = []
        for k, chunk in enumerate(chunks):
            tick(0)
            table = links_table(int(starts[k]), chunk.zones, _sorted(scratch[k]), islands[starts[k] : starts[k + 1]])
            links.append(save_chunk(directory, f"links-{k:05}.parquet", chunk.zones, parquet_bytes(table)))
            scratch[k].unlink(missing_ok=True)
    finally:
        _remove(scratch)
    index = write_index(directory, patterns)
    manifest = replace(store.manifest, links=tuple(links), islands=len(first_zones), index=index)
    manifest.save(directory)
    return manifest


def _remove(scratch: Sequence[Path]) -> None:
    for path in scratch:
        path.unlink(missing_ok=True)


def _sorted(scratch: Path) -> Edges:
    """Return the edges of a scratch file by zone and hyperplane."""
    edges = np.fromfile(scratch, EDGE) if scratch.exists() else np.zeros(0, EDGE)
    keys = edges["zone"].astype(np.int64) << 32 | edges["plane"]
    return edges if (keys[1:] > keys[:-1]).all() else edges[np.argsort(keys)]


def _noted(batches: Iterator[Edges], starts: Integers, scratch: Sequence[Path]) -> Integers:
    """Note edges, which come in both directions, in the scratch files; return for each zone the first zone of its island."""
    labels = np.arange(starts[-1])
    pending: list[Integers] = []
    for edges in batches:
        _note(edges, starts, scratch)
        joining = edges[(edges["fires"] > 0) & (edges["zone"] < edges["other"])]
        pending.append(np.stack([joining["zone"], joining["other"]]).astype(np.int64))
        if sum(ends.shape[1] for ends in pending) > _PENDING:
            labels, pending = joined(labels, np.concatenate(pending, axis=1)), []
    return joined(labels, np.concatenate([np.zeros((2, 0), np.int64), *pending], axis=1))


def _note(edges: Edges, starts: Integers, scratch: Sequence[Path]) -> None:
    """Append edges to the scratch files of the chunks of their zones."""
    chunk = np.searchsorted(starts, edges["zone"], side="right") - 1
    if (np.diff(chunk) < 0).any():
        order = np.argsort(chunk, kind="stable")
        edges, chunk = edges[order], chunk[order]
    for part in np.split(np.arange(len(edges)), np.flatnonzero(np.diff(chunk)) + 1):
        if len(part):
            with scratch[chunk[part[0]]].open("ab") as stream:
                edges[part[0] : part[-1] + 1].tofile(stream)


def _edges(store: ZoneStore, patterns: PatternIndex, tick: Callable[[int], None]) -> Iterator[Edges]:
    """Yield the edges of the graph in both directions.

    Raises:
        UnluckyPrimeError: they have to be computed from the exact cells.
    """
    if not len(store):
        return
    engine = store.engine
    matching: InequalityMatching | StoredMatching
    if isinstance(engine, InequalityRows):
        matching = InequalityMatching(store, engine, patterns)
    else:
        matching = StoredMatching(store, patterns)
    for chunk in range(len(store.manifest.chunks)):
        for edges in matching.edges(chunk):
            tick(0)
            yield edges


def _exact_edges(store: ZoneStore) -> Iterator[Edges]:
    """Yield the same edges, from the exact cells of all zones in memory; slow."""
    lift, first = store.engine.arrangement.section.lift_row, store.engine.arrangement.exact.base[0]
    edges = []
    for a, b, attributes in adjacency_of_cells(list(store)).edges(data=True):
        leaf, facet = store.source(a), attributes["facet"]
        rows = {plane: lift(leaf.row(plane)) for plane in np.unique(leaf.tight).tolist() if plane >= first}
        plane = next(plane for plane, row in rows.items() if facet in (row, tuple(-entry for entry in row)))
        edges += [(a, plane, b, attributes["fires"]), (b, plane, a, attributes["fires"])]
    yield np.array(edges, EDGE)
