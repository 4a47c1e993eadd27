"""Pieces of a search: how finely it is divided, and what a worker returns for one."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

_JOBS = 2  # that a worker keeps


@dataclass(frozen=True)
class Pace:
    """How finely a search is divided.  It affects neither the zones nor their order.

    Attributes:
        alone_seconds: how long the driver works by itself before it starts workers; most networks are done by then.
        wait_for_workers: whether the driver leaves all work to the workers; otherwise it works while no result is ready.
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


class WaitingCells(Protocol):
    """Successive cells that wait to be searched."""

    @property
    def layer(self) -> int:
        """Cells with the same number should take equally long."""

    @property
    def cell_bytes(self) -> int:
        """Size of one cell in bytes, roughly."""

    def __len__(self) -> int: ...

    def part(self, start: int, stop: int) -> Any:
        """Return the cells start .. stop - 1."""


class Leaves(Protocol):
    """Leaves of a search as arrays."""

    def __len__(self) -> int: ...

    @property
    def nbytes(self) -> int:
        """Size in bytes."""


W = TypeVar("W", bound=WaitingCells)
L = TypeVar("L", bound=Leaves)


@dataclass(frozen=True)
class PieceResult(Generic[W, L]):
    """What a worker returns for a piece of the search.

    Attributes:
        leaves: in the order of the search.
        rest: the cells that are left, which come after the leaves.
        visited: number of cells that were visited.
        stats: counts of what was done, for ``Job.count``.
        seconds: how long it took.
    """

    leaves: list[L]
    rest: list[W]
    visited: int
    stats: Any
    seconds: float

    @property
    def nbytes(self) -> int:
        """Size of the leaves in bytes."""
        return sum(leaves.nbytes for leaves in self.leaves)


class Worker(Protocol[W, L]):
    """Works on pieces of one job."""

    def work(self, piece: Sequence[W], pace: Pace, seconds: float) -> PieceResult[W, L]:
        """Follow cells to their leaves, depth first, until time is up, but for at least one step."""


class Job(Protocol[W, L]):
    """A search that can be pickled and sent to workers."""

    def worker(self) -> Worker[W, L]:
        """Return a worker for it."""

    def count(self, stats: Any) -> None:
        """Add the counts of a result to those of the search."""


class _Memory(threading.local):
    """What a thread of a worker keeps between pieces; threads must not share the caches and counters of a job."""

    def __init__(self) -> None:
        self.workers: dict[bytes, Worker[Any, Any]] = {}


_memory = _Memory()


def _worker(job: bytes) -> Worker[Any, Any]:
    """Return this thread's worker for a pickled job, which is unpickled once."""
    workers = _memory.workers
    if job not in workers:
        while len(workers) >= _JOBS:
            del workers[next(iter(workers))]
        workers[job] = pickle.loads(job).worker()  # noqa: S301 - the driver pickled it
    return workers[job]


def prepare(job: bytes) -> None:
    """Import what a pickled job needs and unpickle it, in a worker."""
    _worker(job)


def work(job: bytes, piece: Sequence[Any], pace: Pace, seconds: float) -> PieceResult[Any, Any]:
    """Work on a piece of a pickled job, in a worker."""
    return _worker(job).work(piece, pace, seconds)
