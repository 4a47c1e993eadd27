"""The driver of a search with several workers: it distributes the work and puts the results back in order.

The work is an ordered queue of cells.  Workers get pieces of it, from the front.  A worker that does not finish its piece in
a fraction of a second returns the rest of it, which takes the piece's place in the queue.  So the size of a piece need not be
right beforehand, memory stays bounded, and every worker can be stopped soon.  Leaves are taken from the front of the queue only,
so they come in the order in which a single worker would find them, however the work was divided.

While no result has come in, the driver of processes on this machine works on pieces itself: what it does needs not be sent.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from typing import Generic, NamedTuple

from exactzones.parallel.pieces import Job, L, Pace, PieceResult, W, WaitingCells, prepare, work
from exactzones.parallel.workers import Call, Workers

PACE = Pace()
_PIECE_BYTES = 4 << 20  # of the cells in one piece
_POLL_SECONDS = 0.1
_OWN_CALL_SECONDS = 0.02  # of the driver's calls of the kernel, during which it hands out nothing
_FIRST_COST = 1e-3  # seconds per cell, until some are measured


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

    def of_cells(self, cells: WaitingCells) -> float:
        """Return how many seconds cells should take."""
        return len(cells) * self.of_cell(cells.layer)

    def learn(self, piece: _Estimate, result: PieceResult[W, L]) -> None:
        """Correct the costs of a piece's layers, halfway on a logarithmic scale and by a factor of at most 2."""
        ratio = (2 if result.rest else 1) * result.seconds / piece.expected
        factor = min(4.0, max(0.25, ratio)) ** 0.5
        for layer in piece.layers:
            self._seconds[layer] = self.of_cell(layer) * factor


class Driver(Generic[W, L]):
    """Distributes a search over the workers of an executor.

    Args:
        job: the search.
        executor: any executor; it is not shut down.
        tick: called with numbers of cells visited, at least ten times a second; it may raise to stop the search.
        pace: how finely the search is divided.

    Attributes:
        queue: in order, cells that wait, calls that workers execute, and results that wait for their turn.
        in_flight: the pieces that workers process, by call.
        buffered_bytes: size of the results in the queue.
    """

    def __init__(self, job: Job[W, L], executor: Executor, tick: Callable[[int], None], pace: Pace | None = None) -> None:
        self.job, self.executor, self.tick, self.pace = job, executor, tick, pace or PACE
        self.pickled_job = pickle.dumps(job)
        self.worker = job.worker()
        self.queue: list[W | PieceResult[W, L] | Call[PieceResult[W, L]]] = []
        self.in_flight: dict[Call[PieceResult[W, L]], _Estimate] = {}
        self.costs = _Costs()
        self.buffered_bytes = 0

    def run(self, *starts: W) -> Generator[L, None, None]:
        """Yield the leaves of successive cells that are to be listed.

        Raises:
            WorkersLostError: a worker died, and the executor is broken; what was yielded until then is right.
        """
        self.tick(sum(map(len, starts)))
        with Workers[PieceResult[W, L]](self.executor) as workers:
            rest, spent = [*starts], 0.0
            while rest and spent < self.pace.alone_seconds:
                result = self.worker.work(rest, self.pace, self.pace.short_piece_seconds)
                self._count(result)
                yield from result.leaves
                rest = result.rest
                spent += result.seconds
            if rest:
                self.queue += rest
                workers.start(prepare, self.pickled_job)
                yield from self._together(workers)

    def _together(self, workers: Workers[PieceResult[W, L]]) -> Iterator[L]:
        """Process the queue, together with the workers once the first of them has started."""
        is_alone = not self.pace.wait_for_workers
        while self.queue:
            first = self.queue[0]
            if isinstance(first, PieceResult):
                del self.queue[0]
                self.buffered_bytes -= first.nbytes
                yield from first.leaves
                continue
            is_alone = is_alone and not workers.any_ready()
            if not is_alone:
                self._submit(workers)
            helps = is_alone or (workers.driver_works and not self.pace.wait_for_workers)
            results = workers.finished(0 if helps else _POLL_SECONDS)
            self.tick(0)
            if helps and not results and not self._work():
                results = workers.finished(_POLL_SECONDS)
            for call, result in results:
                self._collect(call, result)

    def _submit(self, workers: Workers[PieceResult[W, L]]) -> None:
        """Submit pieces from the front of the queue until each worker has two, or too many results wait for their turn."""
        most = 2 * workers.count
        at = 0
        while len(self.in_flight) < most:
            at = self._next(at)
            if at < 0:
                return
            waiting = sum(self.costs.of_cells(item) for item in self.queue if not isinstance(item, (PieceResult, Call)))
            is_short = waiting < most * self.pace.piece_seconds / 2
            piece = self._take(at, min(self.pace.piece_seconds / 2, max(waiting / most, self.pace.call_seconds)))
            seconds = self.pace.short_piece_seconds if is_short else self.pace.piece_seconds
            call = workers.submit(work, self.pickled_job, piece, self.pace, seconds)
            self.in_flight[call] = _Estimate(frozenset(part.layer for part in piece), sum(map(self.costs.of_cells, piece)))
            self.queue.insert(at, call)

    def _work(self) -> bool:
        """Work on the first cells that wait for a moment, and put the result in their place; return whether there were any."""
        at = self._next(0)
        if at < 0:
            return False
        piece = self._take(at, self.pace.call_seconds)
        pace = replace(self.pace, call_seconds=min(_OWN_CALL_SECONDS, self.pace.call_seconds))
        result = self.worker.work(piece, pace, self.pace.call_seconds)
        self.queue[at:at] = [result, *result.rest]
        self.buffered_bytes += result.nbytes
        self._count(result)
        return True

    def _next(self, at: int) -> int:
        """Return the place of the next cells that wait; -1 if there are none, or too many results wait for their turn."""
        while at < len(self.queue) and isinstance(self.queue[at], (PieceResult, Call)):
            at += 1
        return -1 if at == len(self.queue) or (at and self.buffered_bytes > self.pace.buffer_bytes) else at

    def _take(self, at: int, seconds: float) -> list[W]:
        """Take successive cells out of the queue that should take so many seconds; at least one cell."""
        piece: list[W] = []
        room = _PIECE_BYTES
        while at < len(self.queue) and not isinstance(cells := self.queue[at], (PieceResult, Call)):
            affordable = min(int(seconds / self.costs.of_cell(cells.layer)), room // cells.cell_bytes)
            count = min(len(cells), max(affordable, int(not piece)))
            if count <= 0:
                break
            del self.queue[at]
            piece.append(cells.part(0, count))
            seconds -= self.costs.of_cells(piece[-1])
            room -= count * cells.cell_bytes
            if count < len(cells):
                self.queue.insert(at, cells.part(count, len(cells)))
                break
        return piece

    def _collect(self, call: Call[PieceResult[W, L]], result: PieceResult[W, L]) -> None:
        """Put a result in the place of its call."""
        self.costs.learn(self.in_flight.pop(call), result)
        at = self.queue.index(call)
        self.queue[at : at + 1] = [result, *result.rest]
        self.buffered_bytes += result.nbytes
        self._count(result)

    def _count(self, result: PieceResult[W, L]) -> None:
        """Add a result's counts to those of the search."""
        self.job.count(result.stats)
        self.tick(result.visited)
