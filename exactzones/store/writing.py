"""Writing a store: zones go to disk chunk by chunk while they are found, and a search that was stopped goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from exactzones.arguments import (
    DomainLike,
    NetworkLike,
    Progress,
    PropertyLike,
    as_domain,
    as_network,
    as_progress,
    as_workers,
)
from exactzones.engine.forward import ZoneSearch, zone_search
from exactzones.engine.frontier import Frontier
from exactzones.engine.leaf_floats import leaf_floats
from exactzones.engine.resume import frontiers_after
from exactzones.engine.search import Budget, Meter, as_budget, check_domain, resolve
from exactzones.engine.starting_cones import NotPointedError
from exactzones.engine.workers import LeafBatch
from exactzones.errors import BudgetExceeded, InputError
from exactzones.files import as_path
from exactzones.network import Network
from exactzones.parallel import executor_of
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, as_property
from exactzones.store.columns import arrow, leaves_of, parquet_bytes, read_table, zones_table
from exactzones.store.links import write_links
from exactzones.store.manifest import (
    JOURNAL,
    MANIFEST,
    Chunk,
    Manifest,
    check_same,
    question_of,
    remove_remains,
    save_chunk,
    save_question,
    versions,
)
from exactzones.store.packing import Layout, Planes
from exactzones.store.reading import ZoneStore
from exactzones.store.verdicts import save_verdicts

CHUNK_ZONES, CHUNK_IDS = 1 << 13, 1 << 22
"""The numbers of zones, and of ids in their tight sets, that end a chunk."""


def store_zones(
    network: NetworkLike,
    prop: PropertyLike,
    domain: DomainLike = None,
    *,
    directory: str | PathLike[str],
    resume: bool = False,
    seconds: float | None = None,
    max_zones: int | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    budget: Budget | None = None,
) -> ZoneStore:
    """Write the zones of a property to Parquet files while they are found, then which of them touch and form islands.

    Stopping it, even by force, loses at most the chunk being written; ``resume=True`` goes on, and ends with the same bytes.

    Args:
        network: the network, or the path of its file.
        prop: a feature (``feature(2)``, or just 2) or a conjunction of conditions.
        domain: full-dimensional; a polyhedron, or a box such as "0:8" or (0, 8); None is all of the input space.
        directory: the folder; it is created.
        resume: whether to go on with what is in the folder.
        seconds: the time limit.
        max_zones: the largest number of zones to find in this run.
        jobs: the number of processes on this machine.
        executor: searches with its workers.
        progress: called at most ten times a second with (cells visited, zones found).
        budget: ``Budget(max_zones, seconds)``, both limits in one value.

    Raises:
        InputError: an argument does not fit, pyarrow is missing, or the forward engine cannot search the question.
        BudgetExceeded: a limit was reached, workers died, or the user interrupted; ``found`` is the incomplete store.
    """
    arrow()
    loaded = as_network(network)
    question = loaded, resolve(loaded, as_property(prop)), as_domain(domain, loaded.inputs)
    meter = Meter(as_budget(budget, seconds, max_zones), as_progress(progress))
    return _store(question, Path(as_path(directory, "directory")), meter, as_workers(jobs, executor), resume=resume)


def _store(
    question: tuple[Network, Property, Polyhedron | None],
    directory: Path,
    meter: Meter,
    workers: Executor | int | None,
    *,
    resume: bool,
) -> ZoneStore:
    """Search, write the chunks, then connect the zones."""
    network, prop, domain = question
    check_domain(network, domain)
    writer = _Writer(_StoredSearch.of(network, prop, domain), directory, _opened(directory, question, resume=resume))
    try:
        if not writer.manifest.complete:
            writer.search(meter, workers)
        if writer.manifest.islands is None:
            writer.manifest = write_links(ZoneStore.open(directory), meter.visit)
            remove_remains(directory, writer.manifest)
    except (BudgetExceeded, KeyboardInterrupt) as stopped:
        raise _stopped(writer, stopped) from None
    return ZoneStore.open(directory)


def _stopped(writer: _Writer, stopped: BaseException) -> BudgetExceeded:
    """Keep the zones of the chunk that was being written; return the error that hands over the incomplete store."""
    with suppress(KeyboardInterrupt):  # there is no time even for that: the last chunk is lost
        writer.keep()
    reason = stopped.reason if isinstance(stopped, BudgetExceeded) else "interrupted"
    return BudgetExceeded(reason, ZoneStore.open(writer.directory))


class _StoredSearch(NamedTuple):
    """A search and where it begins."""

    search: ZoneSearch
    start: Frontier

    @classmethod
    def of(cls, network: Network, prop: Property, domain: Polyhedron | None) -> _StoredSearch:
        search = zone_search(network, prop, () if domain is None else domain.facet_rows())
        try:
            if search is not None:
                return cls(search, search.arrangement.start())
        except NotPointedError:
            pass
        raise InputError(
            "a store holds zones of the forward engine: rational numbers, a layer with a ReLU that cuts, and at most 16 "
            "dimensions; list these zones with find_zones"
        )


def _opened(directory: Path, question: tuple[Network, Property, Polyhedron | None], *, resume: bool) -> Manifest:
    """Return the manifest of a folder: a new one, or that of the store that goes on."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        names = sorted(path.name for path in directory.iterdir())
    except OSError as error:
        raise InputError(f"{directory}: cannot be written: {error.strerror or error}") from None
    asked = question_of(*question)
    if MANIFEST in names:
        if not resume:
            raise InputError(f"{directory}: there is a store already; --resume (resume=True) goes on with it")
        manifest = Manifest.load(directory)
        check_same(manifest, asked, directory)
        if JOURNAL in names:
            manifest.save(directory)
        remove_remains(directory, manifest)
        return manifest
    strange = [name for name in names if name != "network.json" and not name.startswith(".network.json.")]
    if strange and not all(name.startswith(f".{MANIFEST}.") for name in strange):
        raise InputError(f"{directory}: the folder is not empty; a store needs one of its own")
    manifest = Manifest(asked, versions(), {"zones": CHUNK_ZONES, "ids": CHUNK_IDS})
    save_question(directory, question[0])
    manifest.save(directory)
    remove_remains(directory, manifest)
    return manifest


class _Buffer(NamedTuple):
    """Successive zones that are not on disk yet.

    Attributes:
        first: the number of the first of them.
        batches: the zones.
    """

    first: int
    batches: tuple[LeafBatch, ...]


class _Writer:
    """Writes chunks and the manifest that names them.

    ``buffer`` and ``manifest`` are replaced as a whole, so that both are in order whenever the writer is interrupted.
    """

    def __init__(self, job: _StoredSearch, directory: Path, manifest: Manifest) -> None:
        self.job, self.directory, self.manifest = job, directory, manifest
        self.layout = Layout.of(job.search.arrangement)
        self.buffer = _Buffer(sum(chunk.zones for chunk in manifest.whole_chunks), ())
        if manifest.partial:
            table = read_table(directory / manifest.chunks[-1].file)
            self.buffer = _Buffer(self.buffer.first, (leaves_of(self.layout, table),))

    def search(self, meter: Meter, workers: Executor | int | None) -> None:
        """Find the zones that are left, and write every chunk that is full.

        Raises:
            BudgetExceeded: the meter stopped the search, or workers died.
        """
        maybe_workers = nullcontext() if workers is None else executor_of(workers)
        with maybe_workers as executor:
            starts = self._starts()
            self._write_full_chunks()
            with closing(self.job.search.batches(starts, meter.visit, executor)) as batches:
                for batch in _counted(batches, meter):
                    self.buffer = self.buffer._replace(batches=(*self.buffer.batches, batch))
                    self._write_full_chunks()
        self._write(self._taken(), complete=True)
        meter.report()

    def keep(self) -> None:
        """Write the zones of the last chunk, which is not full."""
        first = sum(chunk.zones for chunk in self.manifest.whole_chunks)
        leaves = self._taken()
        ahead = first - self.buffer.first  # zones that are in chunks already
        if not self.manifest.complete and 0 <= ahead < len(leaves) and first + len(leaves) - ahead > self.manifest.zones:
            self._write(_part(leaves, ahead, len(leaves)), partial=True)

    def _starts(self) -> Sequence[Frontier]:
        if self.manifest.frontier is None:
            return [self.job.start]
        packed = np.frombuffer(bytes.fromhex(self.manifest.frontier), np.uint8)
        return frontiers_after(self.job.search.arrangement, self.job.start, self.layout.unpacked(packed[None])[0])

    def _taken(self) -> LeafBatch:
        """Return the zones of the buffer."""
        batches = self.buffer.batches
        if not batches:
            return LeafBatch(
                np.zeros((0, self.layout.units), np.uint8), np.zeros(1, np.int64), np.zeros((0, self.layout.dim), np.int32)
            )
        ends = np.cumsum(np.concatenate([[0], *(np.diff(batch.ptr) for batch in batches)]))
        return LeafBatch(np.concatenate([b.prefix for b in batches]), ends, np.concatenate([b.tight for b in batches]))

    def _write_full_chunks(self) -> None:
        limits, dim = self.manifest.limits, self.layout.dim
        zones, ids = (sum(map(count, self.buffer.batches)) for count in (len, lambda batch: batch.tight.size))
        if zones < limits["zones"] and ids < limits["ids"]:
            return
        leaves, first, start = self._taken(), self.buffer.first, 0
        while True:
            # A chunk ends with the zone that reaches a limit: this depends on the zones and their order only.
            full = np.searchsorted(leaves.ptr, leaves.ptr[start] + -(-limits["ids"] // dim))
            stop = int(min(start + limits["zones"], full))
            if stop > len(leaves):
                break
            self._write(_part(leaves, start, stop))
            start = stop
        self.buffer = _Buffer(first + start, (_part(leaves, start, len(leaves)),))

    def _write(self, leaves: LeafBatch, *, partial: bool = False, complete: bool = False) -> None:
        """Write a chunk, then what names it: a line of the journal, or the manifest if the search ends here."""
        old = self.manifest
        chunk = self._saved(leaves, "partial" if partial else "zones") if len(leaves) else None
        chunks = old.whole_chunks if chunk is None else (*old.whole_chunks, chunk)
        frontier = self.layout.packed(leaves.prefix[-1:]).tobytes().hex() if chunk else old.frontier
        if partial or complete:
            frontier = None if complete else frontier
            self.manifest = replace(old, chunks=chunks, partial=partial, frontier=frontier, complete=complete)
            self.manifest.save(self.directory)
        elif chunk is not None and frontier is not None:
            self.manifest = old.append(self.directory, chunk, frontier)
        if old.partial:
            (self.directory / old.chunks[-1].file).unlink(missing_ok=True)

    def _saved(self, leaves: LeafBatch, kind: str) -> Chunk:
        """Write a chunk's file."""
        chunks = self.manifest.whole_chunks
        first, search = sum(chunk.zones for chunk in chunks), self.job.search
        constant = float(search.prop.conditions[0].constant) if search.arrangement.has_target else 0.0
        floats = leaf_floats(search.arrangement, leaves)
        planes = Planes.of(self.layout, leaves, floats)
        table = zones_table(self.layout, leaves, planes, floats, first=first, constant=constant)
        name = f"{kind}-{len(chunks):05}{f'-{len(leaves)}' if kind == 'partial' else ''}.parquet"
        chunk = save_chunk(self.directory, name, len(leaves), parquet_bytes(table))
        if kind == "zones":
            save_verdicts(self.directory, chunk, planes.verdicts)
        return chunk


def _counted(batches: Iterator[LeafBatch], meter: Meter) -> Iterator[LeafBatch]:
    """Yield batches until the meter's number of zones is reached."""
    for batch in batches:
        most = meter.budget.zones
        if most is not None and meter.zones + len(batch) > most:
            yield _part(batch, 0, most - meter.zones)
            meter.zones = most
            meter.zone()
        meter.zones += len(batch)
        yield batch


def _part(leaves: LeafBatch, start: int, stop: int) -> LeafBatch:
    ptr = leaves.ptr[start : stop + 1]
    return LeafBatch(leaves.prefix[start:stop], ptr - ptr[0], leaves.tight[ptr[0] : ptr[-1]])
