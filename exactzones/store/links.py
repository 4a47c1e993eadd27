"""The second pass over a store: which zones touch, and which islands they form.

Facets are matched as in ``zones.graph``, chunk by chunk.  An edge is found from one of its sides; it is noted for both in a
scratch file for each chunk, from which the chunk's table is written at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from exactzones.engine.facets import FacetBatch
from exactzones.engine.frontier import Integers
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import LeafArrays
from exactzones.engine.residues import Coordinates, UnluckyPrimeError
from exactzones.store.columns import links_table, parquet_bytes
from exactzones.store.manifest import Manifest, save_chunk
from exactzones.store.patterns import PatternIndex
from exactzones.store.reading import ZoneStore
from exactzones.zone import Zone
from exactzones.zones.graph import Matching, adjacency_of_cells
from exactzones.zones.islands import joined

_EDGE = np.dtype([("zone", "<u4"), ("plane", "<u4"), ("other", "<u4"), ("fires", "u1")])
_PENDING = 1 << 22  # edges that are kept before the islands are joined by them

_Item = TypeVar("_Item")
_Edges = Any  # a structured array


def write_links(store: ZoneStore, tick: Callable[[int], None]) -> Manifest:
    """Write the neighbours and islands of a complete store; return the manifest that names them, which is on disk as well.

    Args:
        store: the store.
        tick: called now and then with 0; it may raise to stop, and then nothing is kept.
    """
    directory, chunks = store.directory, store.manifest.chunks
    starts = np.cumsum([0, *(chunk.zones for chunk in chunks)])
    scratch = [directory / f".links-{k:05}.edges" for k in range(len(chunks))]
    try:
        try:
            labels = _noted(_edges(store, tick), starts, scratch)
        except UnluckyPrimeError:
            _remove(scratch)
            labels = _noted(_exact_edges(store), starts, scratch)
        first_zones, islands = np.unique(labels, return_inverse=True)
        links = []
        for k, chunk in enumerate(chunks):
            tick(0)
            edges = np.fromfile(scratch[k], _EDGE) if scratch[k].exists() else np.zeros(0, _EDGE)
            edges = edges[np.lexsort((edges["plane"], edges["zone"]))]
            table = links_table(int(starts[k]), chunk.zones, edges, islands[starts[k] : starts[k + 1]])
            links.append(save_chunk(directory, f"links-{k:05}.parquet", chunk.zones, parquet_bytes(table)))
    finally:
        _remove(scratch)
    manifest = replace(store.manifest, links=tuple(links), islands=len(first_zones))
    manifest.save(directory)
    return manifest


def _remove(scratch: Sequence[Path]) -> None:
    for path in scratch:
        path.unlink(missing_ok=True)


def _noted(batches: Iterator[_Edges], starts: Integers, scratch: Sequence[Path]) -> Integers:
    """Note edges in the scratch files; return for each zone the first zone of its island."""
    labels = np.arange(starts[-1])
    pending: list[Integers] = []
    for edges in batches:
        _note(edges, starts, scratch)
        pending.append(np.stack([edges["zone"], edges["other"]]).astype(np.int64)[:, edges["fires"] > 0])
        if sum(ends.shape[1] for ends in pending) > _PENDING:
            labels, pending = joined(labels, np.concatenate(pending, axis=1)), []
    return joined(labels, np.concatenate([np.zeros((2, 0), np.int64), *pending], axis=1))


def _note(edges: _Edges, starts: Integers, scratch: Sequence[Path]) -> None:
    """Append edges, from both sides, to the scratch files of the chunks of their zones."""
    turned = edges.copy()
    turned["zone"], turned["other"] = edges["other"], edges["zone"]
    both = np.concatenate([edges, turned])
    chunk = np.searchsorted(starts, both["zone"], side="right") - 1
    order = np.argsort(chunk, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(chunk[order])) + 1):
        if len(part):
            with scratch[chunk[part[0]]].open("ab") as stream:
                both[part].tofile(stream)


def _edges(store: ZoneStore, tick: Callable[[int], None]) -> Iterator[_Edges]:
    """Yield the edges of the graph, chunk by chunk, each once.

    Raises:
        UnluckyPrimeError: they have to be computed from the exact cells.
    """
    if not len(store):
        return
    matching, modular = _StoredMatching(store), Coordinates(store.search.arrangement)
    for start, leaves in store.chunks():
        edges = []
        for batch in LeafArrays.parts(store.search.arrangement, leaves):
            tick(0)
            shared = matching.shared_facets(FacetBatch(replace(batch, first=batch.first + start), modular))
            edges += [(zone, plane, other, fires) for zone, plane, other, _, fires in shared]
        yield np.array(edges, _EDGE)


def _exact_edges(store: ZoneStore) -> Iterator[_Edges]:
    """Yield the same edges, from the exact cells of all zones in memory; slow."""
    lift, first = store.search.arrangement.section.lift_row, store.search.arrangement.exact.base[0]
    edges = []
    for a, b, attributes in adjacency_of_cells(list(store)).edges(data=True):
        leaf, facet = store.leaf(a), attributes["facet"]
        rows = {plane: lift(leaf.row(plane)) for plane in np.unique(leaf.tight).tolist() if plane >= first}
        plane = next(plane for plane, row in rows.items() if facet in (row, tuple(-entry for entry in row)))
        edges.append((a, plane, b, attributes["fires"]))
    yield np.array(edges, _EDGE)


class _Lazy(Sequence[_Item]):
    """A sequence whose items are computed when they are asked for."""

    def __init__(self, count: int, item: Callable[[int], _Item]) -> None:
        self._count, self._item = count, item

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        return self._item(int(index))


class _StoredMatching(Matching):
    """Matches the facets of the zones of a store."""

    def __init__(self, store: ZoneStore) -> None:
        leaves: Sequence[Leaf] = _Lazy(len(store), store.leaf)
        zones: Sequence[Zone] = _Lazy(len(store), store.__getitem__)
        super().__init__(zones, leaves)
        self._layout = store.layout
        self._patterns = PatternIndex(np.concatenate([*store.patterns()]))
        self._bit_of = np.zeros(store.layout.units, np.int64)
        self._bit_of[store.layout.cut] = np.arange(len(store.layout.cut))

    def neighbours(self, batch: FacetBatch) -> Integers:
        """Return for each facet the zone whose pattern differs in the facet's neuron only; -1 if it is not stored."""
        leaves, ids, _ = batch.facets
        own = self._patterns.patterns[batch.first : batch.first + len(batch.leaves)]
        return self._patterns.flipped(own[leaves], self._bit_of[ids - self.first])
