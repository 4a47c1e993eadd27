"""Several workers: how the search is divided among them, and how what they find is put back in order.

The search is a line of frontiers, first things first.  Workers get pieces of it, from the front; a worker that does not finish
its piece in a fraction of a second hands back what is left, and that takes the piece's place in the line.  So no piece has to be
of the right size beforehand, memory stays bounded, and everybody can be stopped soon.  What was found leaves the line at its
front only: in the order in which one worker alone would have found it, however the work was divided.
"""

from __future__ import annotations

import math
import pickle
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeAlias

import numpy as np

from exactzones.engine.arrangement import Arrangement, Stats, settled
from exactzones.engine.frontier import Frontier, Ids, Integers, States
from exactzones.errors import BudgetExceeded
from exactzones.parallel import break_if_stuck, lost_worker_errors, worker_count

_PIECE_BYTES = 4 << 20


@dataclass(frozen=True)
class Pace:
    """How the work is divided.  Nothing of it changes what is found, nor in which order.

    Attributes:
        alone: seconds that the driver works by itself before it asks for help; most networks are done by then.
        patient: whether it waits for the workers to start; else it goes on by itself until the first one is there.
        task: seconds after which a worker hands back what is left of its piece.
        short: the same while there are fewer pieces than workers.
        step: seconds that one call of the kernel should take.
        most: how many cells it may return; fewer where that takes longer.
        leaves: as many leaves end a piece, too.
        held: bytes of results that may wait for their turn.
    """

    alone: float = 0.1
    patient: bool = False
    task: float = 0.25
    short: float = 0.03
    step: float = 0.02
    most: int = 4096
    leaves: int = 20_000
    held: int = 64 << 20


PACE = Pace()

_here = threading.local()  # what a worker remembers from one piece to the next


@dataclass(frozen=True)
class Leaves:
    """Cells behind all layers, as arrays.

    Attributes:
        prefix: (P, units) states.
        ptr: (P + 1,) where the generators of each start in ``tight``, (V, d).
    """

    prefix: States
    ptr: Integers
    tight: Ids

    def __len__(self) -> int:
        return len(self.prefix)

    @classmethod
    def of(cls, frontier: Frontier) -> Leaves:
        """Keep what names a frontier's cells."""
        return cls(frontier.prefix, frontier.cells.ptr, frontier.cells.tight)

    def __reduce__(self) -> tuple[Any, ...]:
        """Send small ids as small numbers: in many dimensions what costs is to send them."""
        return _received, (self.prefix, self.ptr, self.tight.astype(np.min_scalar_type(self.tight.max(initial=0))))

    @property
    def size(self) -> int:
        """In bytes."""
        return self.prefix.nbytes + self.ptr.nbytes + self.tight.nbytes

    def take(self, chosen: Sequence[int]) -> Leaves:
        """Return some of them, in the order given."""
        if len(chosen) == len(self):
            return self
        index = np.array(chosen, np.int64)
        ptr = np.concatenate([[0], np.cumsum(np.diff(self.ptr)[index])]).astype(np.int64)
        kept = [self.tight[self.ptr[k] : self.ptr[k + 1]] for k in chosen]
        return Leaves(self.prefix[index], ptr, np.concatenate(kept) if kept else self.tight[:0])


def _received(prefix: States, ptr: Integers, tight: np.ndarray[Any, Any]) -> Leaves:
    return Leaves(prefix, ptr, tight.astype(np.int32))


class Job(Protocol):
    """What is done; it must survive pickling."""

    @property
    def arrangement(self) -> Arrangement:
        """What cuts."""

    def chosen(self, leaves: Frontier) -> Sequence[int]:
        """Return which cells are to be listed, of a frontier behind all layers."""


@dataclass(frozen=True)
class Done:
    """What came of a piece: leaves, then what is left to do, both in order; and how much was done."""

    leaves: list[Leaves]
    rest: list[Frontier]
    visited: int
    stats: Stats
    seconds: float

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(leaves.size for leaves in self.leaves)


def work(job: Job, piece: Sequence[Frontier], pace: Pace, seconds: float) -> Done:
    """Follow frontiers to their leaves, depth first, until the time is up; at least one step is made."""
    arrangement = job.arrangement
    arrangement.stats, before = Stats(), arrangement.stats
    stack = [*reversed(piece)]
    found: list[Leaves] = []
    visited = count = steps = 0
    limits: dict[int, int] = _here.__dict__.setdefault("limits", {})
    start = now = time.perf_counter()
    while stack and (not steps or (now - start < seconds and count < pace.leaves)):
        frontier = stack.pop()
        steps += 1
        if frontier.layer == len(arrangement.layers):
            arrangement.stats.cells += len(frontier)
            listed = Leaves.of(frontier).take(job.chosen(frontier))
            count += len(listed)
            if len(listed):
                found.append(listed)
        else:
            limit = min(pace.most, limits.get(frontier.layer, 64))
            parts = arrangement.advance(frontier, limit)
            visited += settled(frontier, parts)
            stack += reversed(parts)
            took = time.perf_counter() - now
            limits[frontier.layer] = max(1, int(limit * min(2.0, max(0.1, pace.step / took))))
        now = time.perf_counter()
    stats, arrangement.stats = arrangement.stats, before
    return Done(found, stack[::-1], visited, stats, now - start)


def _unpickled(job: bytes) -> Job:
    """Return a job, built once per thread (its caches and counters are not for two)."""
    known: dict[bytes, Job] = _here.__dict__.setdefault("known", {})
    if job not in known:
        while len(known) > 1:
            del known[next(iter(known))]
        _here.limits = {}
        known[job] = pickle.loads(job)  # noqa: S301 - the driver wrote it
    return known[job]


def _work(job: bytes, piece: list[Frontier], pace: Pace, seconds: float) -> Done:
    """Do a piece of work, in a worker."""
    return work(_unpickled(job), piece, pace, seconds)


def _get_ready(job: bytes) -> None:
    """Import everything and build the job, in a worker."""
    _unpickled(job)


_Item: TypeAlias = "Frontier | Done | Future[Done]"


class Division:
    """A search that is divided among the workers of an executor.

    Args:
        job: what is done.
        executor: any; it is not shut down.
        tick: called with numbers of cells visited, at least ten times a second; it may raise to stop.
    """

    def __init__(self, job: Job, executor: Executor, tick: Callable[[int], None], pace: Pace | None = None) -> None:
        self.job, self.executor, self.tick, self.pace = job, executor, tick, pace or PACE
        self.pickled = pickle.dumps(job)
        self.line: list[_Item] = []
        self.flying: dict[Future[Done], tuple[list[tuple[int, int]], float]] = {}  # -> (layer, cells) of its piece, expected time
        self.cost: dict[int, float] = {}  # layer -> seconds per cell
        self.held = 0
        self.silent = 0  # how often nobody was done in time

    def run(self, start: Frontier) -> Generator[Leaves, None, None]:
        """Yield the leaves that count.

        Raises:
            BudgetExceeded: a worker died, and the executor is broken; what was yielded until then is right.
        """
        starting: list[Future[None]] = []
        self.tick(len(start))
        try:
            rest = yield from self._alone([start], self.pace.alone, starting)
            if not rest:
                return
            workers = worker_count(self.executor)
            for _ in range(workers):
                starting.append(self.executor.submit(_get_ready, self.pickled))  # noqa: PERF401 - some may be out when one fails
            if not self.pace.patient:
                rest = yield from self._alone(rest, math.inf, starting)
            self.line += rest
            yield from self._together(2 * workers)
        except lost_worker_errors() as error:
            if isinstance(error, BrokenExecutor):  # it marks all futures, and stumbles over one that is cancelled meanwhile
                wait([*self.flying], timeout=5)
                wait(starting, timeout=5)
            raise BudgetExceeded(
                f"a worker process died ({type(error).__name__}), perhaps for lack of memory: the search cannot go on"
            ) from error
        finally:
            for pending in (starting, self.flying):
                for future in pending:
                    future.cancel()

    def _alone(
        self, rest: list[Frontier], seconds: float, until: Sequence[Future[None]]
    ) -> Generator[Leaves, None, list[Frontier]]:
        """Work without workers for some time or until one of these futures is done; return what is left."""
        spent = 0.0
        while rest and spent < seconds and not any(future.done() for future in until):
            done = work(self.job, rest, self.pace, self.pace.short)
            self._count(done.stats, done.visited)
            yield from done.leaves
            rest = done.rest
            spent += done.seconds
        return rest

    def _together(self, most: int) -> Iterator[Leaves]:
        while self.line:
            while self.line and isinstance(self.line[0], Done):
                done = self.line.pop(0)
                assert isinstance(done, Done)  # noqa: S101 - just seen
                self.held -= done.size
                yield from done.leaves
            self._submit(most)
            if self.flying:
                finished, _ = wait(self.flying, timeout=0.1, return_when=FIRST_COMPLETED)
                self.silent = 0 if finished else self.silent + 1
                if self.silent % 10 == 9:  # once a second: a process may die long after the others fell silent
                    break_if_stuck(self.executor)
            self.tick(0)
            self._collect()

    def _submit(self, most: int) -> None:
        """Hand out pieces from the front of the line until enough are out, or too much has come back out of turn."""
        at = 0
        while len(self.flying) < most:
            while at < len(self.line) and not isinstance(self.line[at], Frontier):
                at += 1
            if at == len(self.line) or (at and self.held > self.pace.held):
                return
            waiting = sum(self._expected(item) for item in self.line if isinstance(item, Frontier))
            hungry = waiting < most * self.pace.task / 2
            piece = self._take(at, min(self.pace.task / 2, max(waiting / most, self.pace.step)))
            expected = sum(map(self._expected, piece))
            future = self.executor.submit(_work, self.pickled, piece, self.pace, self.pace.short if hungry else self.pace.task)
            self.flying[future] = [(frontier.layer, len(frontier)) for frontier in piece], expected
            self.line.insert(at, future)

    def _expected(self, frontier: Frontier) -> float:
        """Return how long a frontier may take, in seconds."""
        return len(frontier) * self.cost.get(frontier.layer, 1e-3)

    def _take(self, at: int, seconds: float) -> list[Frontier]:
        """Take frontiers out of the line that come one after the other, as many cells as may take so long; at least one."""
        piece: list[Frontier] = []
        room = _PIECE_BYTES
        while at < len(self.line) and isinstance(frontier := self.line[at], Frontier):
            each = frontier.maps[0].nbytes + frontier.state[0].nbytes + 1
            cells = max(min(len(frontier), int(seconds / self.cost.get(frontier.layer, 1e-3)), room // each), int(not piece))
            if cells <= 0:
                break
            del self.line[at]
            piece.append(frontier.part(0, cells))
            seconds -= self._expected(piece[-1])
            room -= cells * each
            if cells < len(frontier):
                self.line.insert(at, frontier.part(cells, len(frontier)))
                break
        return piece

    def _collect(self) -> None:
        """Put what came back in its place in the line."""
        for future in [future for future in self.flying if future.done()]:
            done = future.result()
            layers, expected = self.flying.pop(future)
            self._learn(layers, done, expected)
            at = self.line.index(future)
            self.line[at : at + 1] = [done, *done.rest]
            self.held += done.size
            self._count(done.stats, done.visited)

    def _learn(self, layers: list[tuple[int, int]], done: Done, expected: float) -> None:
        """Correct what cells of these layers are thought to cost."""
        ratio = (2 if done.rest else 1) * done.seconds / expected
        factor = min(4.0, max(0.25, ratio)) ** 0.5
        for layer in {layer for layer, _ in layers}:
            self.cost[layer] = self.cost.get(layer, 1e-3) * factor

    def _count(self, stats: Stats, visited: int) -> None:
        total = self.job.arrangement.stats
        for field in fields(Stats):
            setattr(total, field.name, getattr(total, field.name) + getattr(stats, field.name))
        self.tick(visited)
