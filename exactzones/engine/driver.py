"""The driver of a search with several workers: it distributes the work and puts the results back in order.

The work is an ordered queue of frontiers.  Workers get pieces of it, from the front.  A worker that does not finish its piece in
a fraction of a second returns the rest of it, which takes the piece's place in the queue.  So the size of a piece need not be
right beforehand, memory stays bounded, and every worker can be stopped soon.  Leaves are taken from the front of the queue only,
so they come in the order in which a single worker would find them, however the work was divided.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from dataclasses import fields
from typing import NamedTuple, TypeAlias

from exactzones.engine.arrangement import Stats
from exactzones.engine.frontier import Frontier
from exactzones.engine.workers import Job, LeafBatch, Pace, PieceResult, Worker, prepare, work
from exactzones.errors import BudgetExceeded
from exactzones.parallel import Call, Workers, WorkersLostError

PACE = Pace()
_PIECE_BYTES = 4 << 20  # of the frontiers in one piece
_POLL_SECONDS = 0.1
_FIRST_COST = 1e-3  # seconds per cell, until some are measured

_Item: TypeAlias = Frontier | PieceResult | Call[PieceResult]


class _Estimate(NamedTuple):
    """Estimate of a piece of the queue: how many seconds it takes, and the layers that cut its cells."""

    layers: frozenset[int]
    expected: float


class _Costs:
    """How long a cell takes, by the layer that cuts it; learned from results."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}

    def of_cell(self, layer: int) -> float:
        """Return how many seconds a cell should take."""
        return self._seconds.get(layer, _FIRST_COST)

    def of_frontier(self, frontier: Frontier) -> float:
        """Return how many seconds a frontier should take."""
        return len(frontier) * self.of_cell(frontier.layer)

    def learn(self, piece: _Estimate, result: PieceResult) -> None:
        """Correct the costs of a piece's layers, halfway on a logarithmic scale and by a factor of at most 2."""
        ratio = (2 if result.rest else 1) * result.seconds / piece.expected
        factor = min(4.0, max(0.25, ratio)) ** 0.5
        for layer in piece.layers:
            self._seconds[layer] = self.of_cell(layer) * factor


class Driver:
    """Distributes a search over the workers of an executor.

    Args:
        job: the search.
        executor: any executor; it is not shut down.
        tick: called with numbers of cells visited, at least ten times a second; it may raise to stop the search.
        pace: how finely the search is divided.

    Attributes:
        queue: in order, frontiers that wait, calls that workers execute, and results that wait for their turn.
        in_flight: the pieces that workers process, by call.
        buffered_bytes: size of the results in the queue.
    """

    def __init__(self, job: Job, executor: Executor, tick: Callable[[int], None], pace: Pace | None = None) -> None:
        self.job, self.executor, self.tick, self.pace = job, executor, tick, pace or PACE
        self.pickled_job = pickle.dumps(job)
        self.worker = Worker(job)
        self.queue: list[_Item] = []
        self.in_flight: dict[Call[PieceResult], _Estimate] = {}
        self.costs = _Costs()
        self.buffered_bytes = 0

    def run(self, *starts: Frontier) -> Generator[LeafBatch, None, None]:
        """Yield the leaves of successive frontiers that are to be listed.

        Raises:
            BudgetExceeded: a worker died, and the executor is broken; what was yielded until then is right.
        """
        self.tick(sum(map(len, starts)))
        try:
            with Workers[PieceResult](self.executor) as workers:
                rest = yield from self._alone([*starts], self.pace.alone_seconds, lambda: False)
                if not rest:
                    return
                workers.start(prepare, self.pickled_job)
                if not self.pace.wait_for_workers:
                    rest = yield from self._alone(rest, math.inf, workers.any_ready)
                self.queue += rest
                yield from self._together(workers)
        except WorkersLostError as error:
            raise BudgetExceeded(
                f"a worker process died ({error}), perhaps for lack of memory: the search cannot go on"
            ) from error

    def _alone(
        self, rest: list[Frontier], seconds: float, stop: Callable[[], bool]
    ) -> Generator[LeafBatch, None, list[Frontier]]:
        """Work without workers for some time or until ``stop`` returns true; return the frontiers that are left."""
        spent = 0.0
        while rest and spent < seconds and not stop():
            result = self.worker.work(rest, self.pace, self.pace.short_piece_seconds)
            self._count(result)
            yield from result.leaves
            rest = result.rest
            spent += result.seconds
        return rest

    def _together(self, workers: Workers[PieceResult]) -> Iterator[LeafBatch]:
        """Let the workers process the queue."""
        while self.queue:
            while self.queue and isinstance(first := self.queue[0], PieceResult):
                del self.queue[0]
                self.buffered_bytes -= first.nbytes
                yield from first.leaves
            self._submit(workers)
            results = workers.finished(_POLL_SECONDS)
            self.tick(0)
            for call, result in results:
                self._collect(call, result)

    def _submit(self, workers: Workers[PieceResult]) -> None:
        """Submit pieces from the front of the queue until each worker has two, or too many results wait for their turn."""
        most = 2 * workers.count
        at = 0
        while len(self.in_flight) < most:
            while at < len(self.queue) and not isinstance(self.queue[at], Frontier):
                at += 1
            if at == len(self.queue) or (at and self.buffered_bytes > self.pace.buffer_bytes):
                return
            waiting = sum(self.costs.of_frontier(item) for item in self.queue if isinstance(item, Frontier))
            is_short = waiting < most * self.pace.piece_seconds / 2
            piece = self._take(at, min(self.pace.piece_seconds / 2, max(waiting / most, self.pace.call_seconds)))
            seconds = self.pace.short_piece_seconds if is_short else self.pace.piece_seconds
            call = workers.submit(work, self.pickled_job, piece, self.pace, seconds)
            self.in_flight[call] = _Estimate(frozenset(part.layer for part in piece), sum(map(self.costs.of_frontier, piece)))
            self.queue.insert(at, call)

    def _take(self, at: int, seconds: float) -> list[Frontier]:
        """Take successive frontiers out of the queue whose cells should take so many seconds; at least one cell."""
        piece: list[Frontier] = []
        room = _PIECE_BYTES
        while at < len(self.queue) and isinstance(frontier := self.queue[at], Frontier):
            cell_bytes = frontier.maps[0].nbytes + frontier.state[0].nbytes + 1
            affordable = min(int(seconds / self.costs.of_cell(frontier.layer)), room // cell_bytes)
            cells = min(len(frontier), max(affordable, int(not piece)))
            if cells <= 0:
                break
            del self.queue[at]
            piece.append(frontier.part(0, cells))
            seconds -= self.costs.of_frontier(piece[-1])
            room -= cells * cell_bytes
            if cells < len(frontier):
                self.queue.insert(at, frontier.part(cells, len(frontier)))
                break
        return piece

    def _collect(self, call: Call[PieceResult], result: PieceResult) -> None:
        """Put a result in the place of its call."""
        self.costs.learn(self.in_flight.pop(call), result)
        at = self.queue.index(call)
        self.queue[at : at + 1] = [result, *result.rest]
        self.buffered_bytes += result.nbytes
        self._count(result)

    def _count(self, result: PieceResult) -> None:
        """Add a result's counts to those of the search."""
        total = self.job.arrangement.stats
        for count in fields(Stats):
            setattr(total, count.name, getattr(total, count.name) + getattr(result.stats, count.name))
        self.tick(result.visited)
