"""Distribute a run's open regions over worker processes."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple, TypeAlias

from exactzones.certification.run import MARGINS, Run
from exactzones.checker import Case
from exactzones.checker.certificate import renumbered
from exactzones.checker.rules import OpenRegion
from exactzones.deadline import Deadline
from exactzones.network import Network
from exactzones.parallel import Call, Workers, WorkersLostError, executor_of
from exactzones.rational import Vector

_ALONE_SECONDS = 0.5  # for which this process works alone before others are started
_PIECE_NODES, _OWN_NODES = 512, 128  # that a worker visits before it returns the rest of its regions; and this process
_MOST_REGIONS = 64  # in a piece
_POLL_SECONDS = 1.0

_Claim: TypeAlias = tuple[Network, Sequence[Case], dict[str, int] | None, Sequence[Sequence[int]]]


def prove_with_workers(run: Run, workers: Executor | int) -> tuple[int, Vector] | None:
    """Prove a run's open regions, together with workers, until all are proved, time is up or a worker dies.

    Args:
        run: what has been proved so far; what is proved is added to it.
        workers: an executor, or the number of processes; they start only if this process alone does not finish within a moment.

    Returns:
        A case and a witness if there is one.
    """
    alone, before = time.monotonic() + _ALONE_SECONDS, -1
    while time.monotonic() < alone and before < len(run.nodes) and run.tree.waiting and not run.stopped():
        before = len(run.nodes)
        witness = run.prove(sorted(run.tree.waiting), MARGINS[0], most=_OWN_NODES)
        if witness is not None:
            return witness
    if not run.tree.waiting:
        return None
    try:
        with executor_of(workers) as executor, Workers[_PieceProof](executor) as busy:
            return _distribute(run, busy)
    except WorkersLostError as error:
        run.failure = f"a worker process died ({error}), perhaps for lack of memory"
        return None


def _distribute(run: Run, workers: Workers[_PieceProof]) -> tuple[int, Vector] | None:
    """Let workers prove regions, and the parts they leave open, newest first; return a case and a witness if there is one."""
    claim: _Claim = run.network, run.cases, run.patterns, run.trees
    job, queue = pickle.dumps(claim), sorted(run.tree.waiting)
    in_flight: dict[Call[_PieceProof], list[int]] = {}
    while (queue or in_flight) and not run.stopped():
        while queue and len(in_flight) < 2 * workers.count:
            piece = _take(queue, 2 * workers.count)
            regions = [run.tree.waiting[number] for number in piece]
            in_flight[workers.submit(_prove_piece, job, regions, time.time() + run.left())] = piece
        helps = bool(queue) and workers.driver_works
        done = workers.finished(0 if helps else min(_POLL_SECONDS, run.left()))
        for call, part in done:
            if part.witness is not None:
                return part.witness
            queue += _adopt(run, in_flight.pop(call), part)
        if helps and not done:
            witness = _prove_some(run, queue, 2 * workers.count)
            if witness is not None:
                return witness
        run.checkpoints.offer(run.nodes)
        if run.progress is not None:
            run.progress(run.tree.nodes, len(run.tree.waiting))
    return None


def _take(queue: list[int], pieces: int) -> list[int]:
    """Take a piece off the end of a queue of regions."""
    size = max(1, min(_MOST_REGIONS, len(queue) // pieces))
    piece = queue[-size:]
    del queue[-size:]
    return piece


def _prove_some(run: Run, queue: list[int], pieces: int) -> tuple[int, Vector] | None:
    """Prove a piece of the queue in this process, and put what is left of it back."""
    piece, before, made = _take(queue, pieces), len(run.nodes), run.tree.made
    witness = run.prove(piece, MARGINS[0], most=_OWN_NODES)
    if len(run.nodes) > before:
        queue += [number for number in (*piece, *range(made, run.tree.made)) if number in run.tree.waiting]
    return witness


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


def _prove_piece(job: bytes, regions: Sequence[OpenRegion], end: float) -> _PieceProof:
    """Prove as much of some regions as one round gets to, in a worker.

    Args:
        job: the network, its cases, the patterns of listed zones, and the trees, pickled.
        regions: where.
        end: the time (of ``time.time``) at which the whole run ends: the call may have waited for a worker.
    """
    if _memory.claim is None or job != _memory.job:
        _memory.job, _memory.claim = job, pickle.loads(job)  # noqa: S301 - the driver pickled it
    network, cases, patterns, trees = _memory.claim
    run = Run(network, cases, Deadline(max(0.0, end - time.time())), None, patterns, trees=trees)
    run.tree.waiting, run.tree.made = dict(enumerate(regions)), len(regions)
    witness = run.prove([*run.tree.waiting], MARGINS[0], most=_PIECE_NODES)
    return _PieceProof(run.nodes, run.splits, run.tree.waiting, witness)


def _adopt(run: Run, piece: Sequence[int], part: _PieceProof) -> list[int]:
    """Add to a run what a worker proved of some regions, and checked; return the numbers of the regions that are left open."""
    if not part.nodes:  # no progress: the regions are left to the provers that come last
        return []
    numbers = [*piece]
    for line, splits in zip(part.nodes, part.splits, strict=True):
        run.nodes.append(renumbered(line, numbers))
        if splits:
            numbers += [run.tree.made, run.tree.made + 1]
            run.tree.made += 2
    for number in piece:
        del run.tree.waiting[number]
    run.tree.nodes += len(part.nodes)
    run.tree.waiting.update({numbers[at]: region for at, region in part.waiting.items()})
    return [numbers[at] for at in part.waiting]
