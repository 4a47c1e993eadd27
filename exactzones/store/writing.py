"""Writing a store: zones go to disk chunk by chunk while they are found, and a search that was stopped goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

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
from exactzones.engine.frontier import States
from exactzones.engine.search import Budget, Meter, as_budget, resolve
from exactzones.errors import BudgetExceeded, InputError
from exactzones.files import as_path, make_folder
from exactzones.network import Network
from exactzones.parallel import executor_of
from exactzones.property import as_property
from exactzones.store.columns import arrow, parquet_bytes, read_table
from exactzones.store.engine_choice import engine_for
from exactzones.store.engines import StoredEngine
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
    strict_rows_of,
    versions,
)
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
    engine: str = "auto",
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
        engine: "forward" or "inequalities", as for ``find_zones``; "auto" goes on with the engine of the store that is there.
        seconds: the time limit.
        max_zones: the largest number of zones to find in this run.
        jobs: the number of processes on this machine.
        executor: searches with its workers.
        progress: called at most ten times a second with (cells visited, zones found).
        budget: ``Budget(max_zones, seconds)``, both limits in one value.

    Raises:
        InputError: an argument does not fit, pyarrow is missing, or the engine cannot search the question.
        BudgetExceeded: a limit was reached, workers died, or the user interrupted; ``found`` is the incomplete store.
    """
    arrow()
    loaded = as_network(network)
    question = loaded, resolve(loaded, as_property(prop)), as_domain(domain, loaded.inputs)
    meter = Meter(as_budget(budget, seconds, max_zones), as_progress(progress))
    place = Path(as_path(directory, "directory"))
    chosen, rows = engine_for(question, engine, place if resume else None)
    asked = question_of(*question[:2], rows, chosen.name) | strict_rows_of(question[2])
    writer = _Writer(chosen, place, _opened(place, asked, loaded, resume=resume))
    return _store(writer, meter, as_workers(jobs, executor))


def _store(writer: _Writer, meter: Meter, workers: Executor | int | None) -> ZoneStore:
    """Search, write the chunks, then connect the zones."""
    try:
        if not writer.manifest.complete:
            writer.search(meter, workers)
        if writer.manifest.islands is None:
            writer.manifest = write_links(ZoneStore.open(writer.directory), meter.visit)
            remove_remains(writer.directory, writer.manifest)
    except (BudgetExceeded, KeyboardInterrupt) as stopped:
        raise _stopped(writer, stopped) from None
    return ZoneStore.open(writer.directory)


def _stopped(writer: _Writer, stopped: BaseException) -> BudgetExceeded:
    """Keep the zones of the chunk that was being written; return the error that hands over the incomplete store."""
    with suppress(KeyboardInterrupt):  # there is no time even for that: the last chunk is lost
        writer.keep()
    reason = stopped.reason if isinstance(stopped, BudgetExceeded) else "interrupted"
    return BudgetExceeded(reason, ZoneStore.open(writer.directory))


def _opened(directory: Path, asked: dict[str, Any], network: Network, *, resume: bool) -> Manifest:
    """Return the manifest of a folder: a new one, or that of the store that goes on."""
    make_folder(directory)
    try:
        names = sorted(path.name for path in directory.iterdir())
    except OSError as error:
        raise InputError(f"{directory}: cannot be written: {error.strerror or error}") from None
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
    limits = {"zones": CHUNK_ZONES, "ids": CHUNK_IDS}
    manifest = Manifest(asked, versions(), limits, network_file=save_question(directory, network))
    manifest.save(directory)
    remove_remains(directory, manifest)
    return manifest


class _Buffer(NamedTuple):
    """Successive zones that are not on disk yet.

    Attributes:
        first: the number of the first of them.
        batches: the zones, in batches of the engine.
    """

    first: int
    batches: tuple[Any, ...]


class _Writer:
    """Writes chunks and what names them.

    ``buffer`` and ``manifest`` are replaced as a whole, so that both are in order whenever the writer is interrupted.
    """

    def __init__(self, engine: StoredEngine[Any], directory: Path, manifest: Manifest) -> None:
        self.engine, self.directory, self.manifest = engine, directory, manifest
        self.buffer = _Buffer(sum(chunk.zones for chunk in manifest.whole_chunks), ())
        if manifest.partial:
            table = read_table(directory / manifest.chunks[-1].file)
            self.buffer = _Buffer(self.buffer.first, (engine.batch_of(table),))

    def search(self, meter: Meter, workers: Executor | int | None) -> None:
        """Find the zones that are left, and write every chunk that is full.

        Raises:
            BudgetExceeded: the meter stopped the search, or workers died.
        """
        maybe_workers = nullcontext() if workers is None else executor_of(workers)
        with maybe_workers as executor:
            after = self._last_states()  # of all zones in the buffer, which chunks may not have
            self._write_full_chunks()
            with closing(self.engine.batches(after, meter.visit, executor)) as batches:
                for batch in self._counted(batches, meter):
                    self.buffer = self.buffer._replace(batches=(*self.buffer.batches, batch))
                    self._write_full_chunks()
        self._write(self._taken(), complete=True)
        meter.report()

    def keep(self) -> None:
        """Write the zones of the last chunk, which is not full."""
        first = sum(chunk.zones for chunk in self.manifest.whole_chunks)
        zones = self._taken()
        ahead = first - self.buffer.first  # zones that are in chunks already
        if not self.manifest.complete and 0 <= ahead < len(zones) and first + len(zones) - ahead > self.manifest.zones:
            self._write(self.engine.part(zones, ahead, len(zones)), partial=True)

    def _last_states(self) -> States | None:
        """Return the states of all units on the last zone; None if the search is at its start."""
        if self.manifest.frontier is None:
            return None
        packed = np.frombuffer(bytes.fromhex(self.manifest.frontier), np.uint8)
        states: States = self.engine.layout.unpacked(packed[None])[0]
        return states

    def _taken(self) -> Any:
        """Return the zones of the buffer."""
        return self.engine.joined(self.buffer.batches)

    def _write_full_chunks(self) -> None:
        limits = self.manifest.limits
        sizes = np.concatenate([np.zeros(1, np.int64), *map(self.engine.sizes, self.buffer.batches)])
        if len(sizes) <= limits["zones"] and sizes.sum() < limits["ids"]:
            return
        zones, ends, first, start = self._taken(), np.cumsum(sizes), self.buffer.first, 0
        while True:
            # A chunk ends with the zone that reaches a limit: this depends on the zones and their order only.
            full = np.searchsorted(ends, ends[start] + limits["ids"])
            stop = int(min(start + limits["zones"], full))
            if stop > len(zones):
                break
            self._write(self.engine.part(zones, start, stop))
            start = stop
        self.buffer = _Buffer(first + start, (self.engine.part(zones, start, len(zones)),))

    def _write(self, zones: Any, *, partial: bool = False, complete: bool = False) -> None:
        """Write a chunk, then what names it: a line of the journal, or the manifest if the search ends here."""
        old = self.manifest
        chunk = self._saved(zones, "partial" if partial else "zones") if len(zones) else None
        chunks = old.whole_chunks if chunk is None else (*old.whole_chunks, chunk)
        frontier = self.engine.last_pattern(zones).tobytes().hex() if chunk else old.frontier
        if partial or complete:
            frontier = None if complete else frontier
            self.manifest = replace(old, chunks=chunks, partial=partial, frontier=frontier, complete=complete)
            self.manifest.save(self.directory)
        elif chunk is not None and frontier is not None:
            self.manifest = old.append(self.directory, chunk, frontier)
        if old.partial:
            (self.directory / old.chunks[-1].file).unlink(missing_ok=True)

    def _saved(self, zones: Any, kind: str) -> Chunk:
        """Write a chunk's file."""
        chunks = self.manifest.whole_chunks
        rows = self.engine.rows(zones, sum(chunk.zones for chunk in chunks))
        name = f"{kind}-{len(chunks):05}{f'-{len(zones)}' if kind == 'partial' else ''}.parquet"
        chunk = save_chunk(self.directory, name, len(zones), parquet_bytes(rows.table))
        if kind == "zones" and rows.verdicts is not None:
            save_verdicts(self.directory, chunk, rows.verdicts)
        return chunk

    def _counted(self, batches: Iterator[Any], meter: Meter) -> Iterator[Any]:
        """Yield batches until the meter's number of zones is reached."""
        for batch in batches:
            most = meter.budget.zones
            if most is not None and meter.zones + len(batch) > most:
                yield self.engine.part(batch, 0, most - meter.zones)
                meter.zones = most
                meter.zone()
            meter.zones += len(batch)
            yield batch
