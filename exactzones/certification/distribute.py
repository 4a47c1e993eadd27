"""Distribute a run's open regions over worker processes."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple, TypeAlias

from exactzones.certification.pieces import Piece, divide, pieces_of, sort
from exactzones.certification.run import MARGINS, Run
from exactzones.checker import Case
from exactzones.checker.node_lines import renumbered
from exactzones.checker.rules import OpenRegion
from exactzones.deadline import Deadline
from exactzones.network import Network
from exactzones.parallel import Call, Workers, WorkersLostError, executor_of
from exactzones.rational import Vector

_ALONE_SECONDS = 0.5  # for which this process works alone before others are started
_WORK_SHARE = 0.95  # of the time that is left: then a worker returns what it has
_POLL_SECONDS = 1.0

_Claim: TypeAlias = tuple[Network, Sequence[Case], dict[str, int] | None, Sequence[Sequence[int]]]


def prove_with_workers(run: Run, workers: Executor | int) -> tuple[int, Vector] | None:
    """Prove a run's open regions, together with workers, until all are proved, time is up or a worker dies.

    The nodes of a finished proof and their order do not depend on time, on the number of workers, or on when an earlier run was
    killed from whose checkpoint this one goes on.

    Args:
        run: what has been proved so far; what is proved is added to it.
        workers: an executor, or the number of processes; they start only if this process alone does not finish within a moment.

    Returns:
        A case and a witness if there is one.
    """
    whole, queue = pieces_of(run)
    alone, witness = time.monotonic() + _ALONE_SECONDS, None
    while queue and witness is None and time.monotonic() < alone and not run.stopped():
        witness = _prove_here(run, queue)
    try:
        if queue and witness is None and not run.stopped():
            with executor_of(workers) as executor, Workers[_PieceProof](executor) as busy:
                witness = _distribute(run, queue, busy)
    except WorkersLostError as error:
        run.failure = f"a worker process died ({error}), perhaps for lack of memory"
    if witness is None:
        sort(run, whole)
    return witness


def _distribute(run: Run, queue: list[Piece], workers: Workers[_PieceProof]) -> tuple[int, Vector] | None:
    """Let workers prove pieces, and the parts of what they leave open, newest first; return a case and a witness, or None."""
    claim: _Claim = run.network, run.cases, run.patterns, run.trees
    job = pickle.dumps(claim)
    in_flight: dict[Call[_PieceProof], Piece] = {}
    while (queue or in_flight) and not run.stopped():
        while queue and len(in_flight) < 2 * workers.count:
            piece = queue.pop()
            regions = [run.tree.waiting[number] for number in piece.regions]
            end = time.time() + _WORK_SHARE * run.deadline.left()
            in_flight[workers.submit(_prove_piece, job, regions, piece.most, end)] = piece
        helps = bool(queue) and workers.driver_works
        done = workers.finished(0 if helps else min(_POLL_SECONDS, run.deadline.left()))
        for call, part in done:
            if part.witness is not None:
                return part.witness
            queue += _adopt(run, in_flight.pop(call), part)
        if helps and not done:
            witness = _prove_here(run, queue)
            if witness is not None:
                return witness
        run.checkpoints.offer(run.nodes)
        if run.progress is not None:
            run.progress(run.tree.nodes, len(run.tree.waiting))
    return None


def _prove_here(run: Run, queue: list[Piece]) -> tuple[int, Vector] | None:
    """Prove the last piece of the queue in this process, and put the parts of what is left in its place."""
    piece, first, made = queue.pop(), len(run.nodes), run.tree.made
    witness = run.prove(piece.regions, MARGINS[0], most=piece.most)
    queue += _divided(run, piece, first, [*piece.regions, *range(made, run.tree.made)])
    return witness


def _divided(run: Run, piece: Piece, first: int, numbers: Sequence[int]) -> list[Piece]:
    """Divide what is left of a piece, whose nodes are those from ``first`` on, and which had these regions."""
    return divide(run, piece, range(first, len(run.nodes)), [number for number in numbers if number in run.tree.waiting])


class _PieceProof(NamedTuple):
    """What a worker proved of some regions.

    Attributes:
        nodes: lines of a certificate; the regions have the numbers 0, 1, ..
        splits: whether each of these nodes splits its region.
        waiting: the regions that are left open, by number.
        witness: a case and a witness if there is one.
    """

    nodes: list[str]
    splits: list[bool]
    waiting: dict[int, OpenRegion]
    witness: tuple[int, Vector] | None


class _Memory(threading.local):
    """The claim that a thread of a worker has unpickled."""

    def __init__(self) -> None:
        self.job = b""
        self.claim: _Claim | None = None


_memory = _Memory()


def _prove_piece(job: bytes, regions: Sequence[OpenRegion], most: int, end: float) -> _PieceProof:
    """Prove as much of some regions as one round gets to, in a worker.

    Args:
        job: the network, its cases, the patterns of listed zones, and the trees, pickled.
        regions: where.
        most: how many nodes to visit.
        end: the time (of ``time.time``) at which to return: the call may have waited for a worker.
    """
    if _memory.claim is None or job != _memory.job:
        _memory.job, _memory.claim = job, pickle.loads(job)  # noqa: S301 - the driver pickled it
    network, cases, patterns, trees = _memory.claim
    run = Run(network, cases, Deadline(max(0.0, end - time.time())), None, patterns, trees=trees)
    run.tree.waiting, run.tree.made = dict(enumerate(regions)), len(regions)
    witness = run.prove([*run.tree.waiting], MARGINS[0], most=most)
    return _PieceProof(run.nodes, run.splits, run.tree.waiting, witness)


def _adopt(run: Run, piece: Piece, part: _PieceProof) -> list[Piece]:
    """Add to a run what a worker proved of a piece, and checked; return the pieces of what is left open."""
    first, numbers = len(run.nodes), [*piece.regions]
    for line, splits in zip(part.nodes, part.splits, strict=True):
        run.nodes.append(renumbered(line, numbers))
        if splits:
            numbers += [run.tree.made, run.tree.made + 1]
            run.tree.made += 2
    run.splits += part.splits
    for number in piece.regions:
        del run.tree.waiting[number]
    run.tree.nodes += len(part.nodes)
    run.tree.waiting.update({numbers[at]: region for at, region in part.waiting.items()})
    return _divided(run, piece, first, numbers)
