"""What a worker of the forward engine does with a piece of a search: follow its frontiers to their leaves until time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from exactzones.engine.arrangement import Arrangement, Stats, settled
from exactzones.engine.frontier import Frontier, Ids, Integers, States
from exactzones.errors import BudgetExceeded
from exactzones.parallel import Driver, Pace, PieceResult, WorkersLostError
from exactzones.parallel.pieces import Job, L, W

_FIRST_LIMIT = 64  # cells returned by the kernel's first call on a layer


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


class FrontierJob(Protocol):
    """A search of the forward engine."""

    @property
    def arrangement(self) -> Arrangement:
        """The arrangement whose cells are searched."""

    def chosen(self, leaves: Frontier) -> Sequence[int]:
        """Return the indices of the cells that are to be listed, ascending, of a frontier after the last layer."""


@dataclass
class FrontierWorker:
    """Works on pieces of one job.

    Attributes:
        job: which.
        limits: layer -> how many cells a call of the kernel may return, so that it takes the time that a call should take.
    """

    job: FrontierJob
    limits: dict[int, int] = field(default_factory=dict)

    def work(self, piece: Sequence[Frontier], pace: Pace, seconds: float) -> PieceResult[Frontier, LeafBatch]:
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


def leaves_on(executor: Executor, job: Job[W, L], starts: Sequence[W], tick: Callable[[int], None]) -> Generator[L, None, None]:
    """Yield the leaves of successive cells of a search, found by this process and the workers of an executor.

    Raises:
        BudgetExceeded: a worker died, and the executor is broken; what was yielded until then is right.
    """
    try:
        yield from Driver(job, executor, tick).run(*starts)
    except WorkersLostError as error:
        raise BudgetExceeded(f"a worker process died ({error}), perhaps for lack of memory: the search cannot go on") from error
