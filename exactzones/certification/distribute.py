"""Distribute a run's open regions over worker processes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeAlias

from exactzones.certification.run import MARGINS, Run
from exactzones.checker import Case
from exactzones.checker.certificate import read_node, write_node
from exactzones.checker.rules import OpenRegion
from exactzones.deadline import Deadline
from exactzones.network import Network
from exactzones.parallel import Call, Workers, WorkersLostError, executor_of
from exactzones.rational import Vector

_ALONE_SECONDS = 1.0  # for which this process works alone before others are started
_REGION_SECONDS = 8.0  # that a worker spends on a region before the rest of it is distributed again
_POLL_SECONDS = 1.0

_Claim: TypeAlias = tuple[Network, Sequence[Case], dict[str, int] | None, Sequence[Sequence[int]]]


def prove_with_workers(run: Run, workers: Executor | int) -> tuple[int, Vector] | None:
    """Prove a run's open regions with workers until all are proved, time is up or a worker dies.

    Args:
        run: what has been proved so far; what is proved is added to it.
        workers: an executor, or the number of processes; they start only if this process alone does not finish within a second.

    Returns:
        A case and a witness if there is one.
    """
    alone = time.monotonic() + _ALONE_SECONDS
    for number in sorted(run.tree.waiting):
        if time.monotonic() < alone:
            witness = run.prove([number], MARGINS[0], until=alone)
            if witness is not None:
                return witness
    if not run.tree.waiting:
        return None
    try:
        with executor_of(workers) as executor, Workers[_RegionResult](executor) as busy:
            return _distribute(run, busy)
    except WorkersLostError as error:
        run.failure = f"a worker process died ({error}), perhaps for lack of memory"
        return None


def _distribute(run: Run, workers: Workers[_RegionResult]) -> tuple[int, Vector] | None:
    """Let workers prove regions, and the parts they leave open, newest first; return a case and a witness if there is one."""
    claim = run.network, run.cases, run.patterns, run.trees
    queue = sorted(run.tree.waiting)
    in_flight: dict[Call[_RegionResult], int] = {}
    while (queue or in_flight) and not run.stopped():
        while queue and len(in_flight) < 2 * workers.count:
            number = queue.pop()
            seconds = min(_REGION_SECONDS, run.left())
            call = workers.submit(_prove_part, claim, run.tree.waiting[number], seconds, time.time() + run.left())
            in_flight[call] = number
        for call, part in workers.finished(min(_POLL_SECONDS, max(run.left(), 0))):
            if part.witness is not None:
                return part.witness
            queue += _adopt(run, in_flight.pop(call), part)
        run.checkpoints.offer(run.nodes)
        if run.progress is not None:
            run.progress(run.tree.nodes, len(run.tree.waiting))
    return None


@dataclass(frozen=True)
class _RegionResult:
    """What a worker proved of a region.

    Attributes:
        nodes: lines of a certificate; the region has the number 0.
        waiting: the regions that are left open, by number.
        witness: a case and a witness if there is one.
    """

    nodes: tuple[str, ...]
    waiting: dict[int, OpenRegion]
    witness: tuple[int, Vector] | None


def _prove_part(claim: _Claim, region: OpenRegion, seconds: float, end: float) -> _RegionResult:
    """Prove as much of a region as possible within some seconds, in a worker.

    Args:
        claim: the network, its cases, the patterns of listed zones, and the trees.
        region: where.
        seconds: for this region.
        end: the time (of ``time.time``) at which the whole run ends: the call may have waited for a worker.
    """
    seconds = max(0.0, min(seconds, end - time.time()))
    network, cases, patterns, trees = claim
    run = Run(network, cases, Deadline(seconds), None, patterns, trees=trees)
    run.tree.waiting, run.tree.made = {0: region}, 1
    witness = run.prove_all(MARGINS)
    return _RegionResult(tuple(run.nodes), run.tree.waiting, witness)


def _adopt(run: Run, number: int, part: _RegionResult) -> list[int]:
    """Add to a run what a worker proved of a region, and checked; return the numbers of the regions that are left open."""
    if not part.nodes:  # no progress: the region is left to the provers that come last
        return []
    numbers = {0: number}
    for node in map(read_node, part.nodes):
        run.nodes.append(write_node(replace(node, number=numbers[node.number])))
        if node.splits:
            for _ in range(2):
                numbers[len(numbers)] = run.tree.made
                run.tree.made += 1
    del run.tree.waiting[number]
    run.tree.nodes += len(part.nodes)
    run.tree.waiting.update({numbers[at]: region for at, region in part.waiting.items()})
    return [numbers[at] for at in part.waiting]
