"""Share the open regions of a run out to processes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from typing import TypeAlias

from exactzones.certification.run import MARGINS, Run
from exactzones.checker import Case
from exactzones.checker.certificate import read_node, write_node
from exactzones.checker.tree import Place
from exactzones.network import Network
from exactzones.parallel import processes
from exactzones.rational import Vector

_Claim: TypeAlias = tuple[Network, Sequence[Case], dict[str, int] | None, Sequence[Sequence[int]]]
_ALONE = 1.0  # seconds that one process works before others are asked
_SLICE = 8.0  # seconds that a process works on a region before what is left of it is shared out again


def divide(run: Run, jobs: int) -> tuple[int, Vector] | None:
    """Work alone for a moment, then give the regions that are left to processes, until all are proved or time is up."""
    alone = time.monotonic() + _ALONE
    for number in sorted(run.tree.waiting):
        if time.monotonic() < alone:
            found = run.prove(number, MARGINS[0], until=alone)
            if found is not None:
                return found
    if not run.tree.waiting:
        return None
    with processes(jobs) as pool:
        running: dict[Future[_Slice], int] = {}
        queue = sorted(run.tree.waiting)
        while (queue or running) and not run.stopped():
            while queue and len(running) < 2 * jobs:
                number = queue.pop()
                claim = run.network, run.cases, run.patterns, run.trees
                running[pool.submit(_prove_slice, claim, run.tree.waiting[number], min(_SLICE, run.left()))] = number
            done, _ = wait(running, timeout=min(1, max(run.left(), 0)), return_when=FIRST_COMPLETED)
            for future in done:
                number, part = running.pop(future), future.result()
                if part.witness is not None:
                    return part.witness
                queue += _adopt(run, number, part)
            if run.progress is not None:
                run.progress(run.tree.nodes, len(run.tree.waiting))
    return None


@dataclass(frozen=True)
class _Slice:
    """What a process made of a region: nodes numbered from 0 (the region), what waits, perhaps a case and a witness."""

    nodes: tuple[str, ...]
    waiting: dict[int, Place]
    witness: tuple[int, Vector] | None


def _prove_slice(claim: _Claim, place: Place, seconds: float) -> _Slice:
    """Prove a region as far as it goes in some seconds; runs in a process of its own."""
    network, cases, patterns, trees = claim
    run = Run(network, cases, seconds, None, patterns, trees=trees)
    run.tree.waiting, run.tree.made = {0: place}, 1
    found = run.prove_all(MARGINS)
    return _Slice(tuple(run.nodes), run.tree.waiting, found)


def _adopt(run: Run, number: int, part: _Slice) -> list[int]:
    """Take over what a process proved and checked of a region; returns the numbers of what is left of it."""
    if not part.nodes:  # no progress: it is left to the end
        return []
    numbers = {0: number}
    for node in map(read_node, part.nodes):
        run.nodes.append(write_node(replace(node, number=numbers[node.number])))
        if node.kind in {"relu", "cut"}:
            for _ in range(2):
                numbers[len(numbers)] = run.tree.made
                run.tree.made += 1
    del run.tree.waiting[number]
    run.tree.nodes += len(part.nodes)
    run.tree.waiting.update({numbers[at]: place for at, place in part.waiting.items()})
    return [numbers[at] for at in part.waiting]
