"""What a worker does with a piece of a search: follow its frontiers to their leaves until time is up."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from exactzones.engine.arrangement import Arrangement, Stats, settled
from exactzones.engine.frontier import Frontier, Ids, Integers, States

_FIRST_LIMIT = 64  # cells returned by the kernel's first call on a layer
_JOBS = 2  # that a worker keeps


@dataclass(frozen=True)
class Pace:
    """How finely a search is divided.  It affects neither the zones nor their order.

    Attributes:
        alone_seconds: how long the driver works by itself before it starts workers; most networks are done by then.
        wait_for_workers: whether the driver waits until workers have started; otherwise it works until the first is ready.
        piece_seconds: after so many seconds a worker returns what is left of its piece.
        short_piece_seconds: the same while there are fewer pieces than workers.
        call_seconds: how long one call of the kernel should take; short calls copy more cells that are cut in part only.
        call_cells: how many cells a call may return; fewer if they take longer than ``call_seconds``.
        piece_leaves: a piece also ends after so many leaves.
        buffer_bytes: size of the results that may wait for their turn.
    """

    alone_seconds: float = 0.1
    wait_for_workers: bool = False
    piece_seconds: float = 0.5
    short_piece_seconds: float = 0.03
    call_seconds: float = 0.1
    call_cells: int = 4096
    piece_leaves: int = 20_000
    buffer_bytes: int = 64 << 20


@dataclass(frozen=True)
class LeafBatch:
    """Cells that all layers have cut, as arrays.

    Attributes:
        prefix: (P, units) states.
        ptr: (P + 1,) where the generators of each cell start in ``tight``.
        tight: (V, d) sorted ids of the hyperplanes that are tight at each generator.
    """

    prefix: States
    ptr: Integers
    tight: Ids

    def __len__(self) -> int:
        return len(self.prefix)

    @classmethod
    def of(cls, frontier: Frontier) -> LeafBatch:
        """Return the cells of a frontier after the last layer."""
        return cls(frontier.prefix, frontier.cells.ptr, frontier.cells.tight)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle ids in as few bytes as they need: in many dimensions they dominate the transfer."""
        return _unpickled_batch, (self.prefix, self.ptr, self.tight.astype(np.min_scalar_type(self.tight.max(initial=0))))

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.prefix.nbytes + self.ptr.nbytes + self.tight.nbytes

    def take(self, chosen: Sequence[int]) -> LeafBatch:
        """Return the cells with these indices, in this order."""
        if len(chosen) == len(self):
            return self
        index = np.array(chosen, np.int64)
        ptr = np.concatenate([[0], np.cumsum(np.diff(self.ptr)[index])]).astype(np.int64)
        kept = [self.tight[self.ptr[k] : self.ptr[k + 1]] for k in chosen]
        return LeafBatch(self.prefix[index], ptr, np.concatenate(kept) if kept else self.tight[:0])


def _unpickled_batch(prefix: States, ptr: Integers, tight: np.ndarray[Any, Any]) -> LeafBatch:
    return LeafBatch(prefix, ptr, tight.astype(np.int32))


class Job(Protocol):
    """A search that can be pickled and sent to workers."""

    @property
    def arrangement(self) -> Arrangement:
        """The arrangement whose cells are searched."""

    def chosen(self, leaves: Frontier) -> Sequence[int]:
        """Return the indices of the cells that are to be listed, ascending, of a frontier after the last layer."""


@dataclass(frozen=True)
class PieceResult:
    """What a worker returns for a piece of the search.

    Attributes:
        leaves: in the order of the search.
        rest: the frontiers that are left, which come after the leaves.
        visited: number of cells that went through a layer.
        stats: counts of what was done.
        seconds: how long it took.
    """

    leaves: list[LeafBatch]
    rest: list[Frontier]
    visited: int
    stats: Stats
    seconds: float

    @property
    def nbytes(self) -> int:
        """Size of the leaves in bytes."""
        return sum(leaves.nbytes for leaves in self.leaves)


@dataclass
class Worker:
    """Works on pieces of one job.

    Attributes:
        job: which.
        limits: layer -> how many cells a call of the kernel may return, so that it takes the time that a call should take.
    """

    job: Job
    limits: dict[int, int] = field(default_factory=dict)

    def work(self, piece: Sequence[Frontier], pace: Pace, seconds: float) -> PieceResult:
        """Follow frontiers to their leaves, depth first, until time is up, but for at least one step."""
        arrangement = self.job.arrangement
        arrangement.stats, before = Stats(), arrangement.stats
        stack = [*reversed(piece)]
        leaves: list[LeafBatch] = []
        visited = count = steps = 0
        start = now = time.perf_counter()
        while stack and (not steps or (now - start < seconds and count < pace.piece_leaves)):
            frontier = stack.pop()
            steps += 1
            if frontier.layer == len(arrangement.layers):
                arrangement.stats.cells += len(frontier)
                listed = LeafBatch.of(frontier).take(self.job.chosen(frontier))
                count += len(listed)
                if len(listed):
                    leaves.append(listed)
            else:
                limit = min(pace.call_cells, self.limits.get(frontier.layer, _FIRST_LIMIT))
                parts = arrangement.advance(frontier, limit)
                visited += settled(frontier, parts)
                stack += reversed(parts)
                ratio = pace.call_seconds / (time.perf_counter() - now)
                self.limits[frontier.layer] = max(1, int(limit * min(2.0, max(0.1, ratio))))
            now = time.perf_counter()
        stats, arrangement.stats = arrangement.stats, before
        return PieceResult(leaves, stack[::-1], visited, stats, now - start)


class _Memory(threading.local):
    """What a thread of a worker keeps between pieces; threads must not share the caches and counters of a job."""

    def __init__(self) -> None:
        self.workers: dict[bytes, Worker] = {}


_memory = _Memory()


def _worker(job: bytes) -> Worker:
    """Return this thread's worker for a pickled job, which is unpickled once."""
    workers = _memory.workers
    if job not in workers:
        while len(workers) >= _JOBS:
            del workers[next(iter(workers))]
        workers[job] = Worker(pickle.loads(job))  # noqa: S301 - the driver pickled it
    return workers[job]


def prepare(job: bytes) -> None:
    """Import what a pickled job needs and unpickle it, in a worker."""
    _worker(job)


def work(job: bytes, piece: Sequence[Frontier], pace: Pace, seconds: float) -> PieceResult:
    """Work on a piece of a pickled job, in a worker."""
    return _worker(job).work(piece, pace, seconds)
