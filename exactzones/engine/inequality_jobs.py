"""Several workers for the inequalities engine: an ordered queue of cells, as ``driver`` has one of frontiers.

Workers get cells from the front of the queue.  What a worker does not finish in a fraction of a second it returns, and this takes
the place of what it was given, so the leaves come in the order in which a single worker would find them.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from typing import NamedTuple, TypeAlias

from exactzones.engine.inequalities import InequalitySearch, Node
from exactzones.errors import BudgetExceeded
from exactzones.parallel import Call, Workers, WorkersLostError

_ALONE_SECONDS, _SHORT_SECONDS, _LONG_SECONDS, _POLL_SECONDS = 0.1, 0.05, 0.5, 0.1
_ITEMS = 1024  # that a call of the kernel returns before it stops
_MOST_NODES = 16  # cells that a worker is given
_MOST_LEAVES = 200_000  # that wait for their turn


class NodePiece(NamedTuple):
    """What was found of some cells: leaves, then the cells that are left, which come after them."""

    leaves: list[Node]
    rest: list[Node]


_QueueItem: TypeAlias = Node | NodePiece | Call[NodePiece]


def leaves_on(
    executor: Executor, search: InequalitySearch, start: Node, tick: Callable[[int], None]
) -> Generator[Sequence[Node], None, None]:
    """Yield the leaves of a search in batches, found by the workers of an executor.

    Raises:
        BudgetExceeded: a worker died, and the executor is broken; what was yielded until then is right.
    """
    first = follow(search, [start], _ALONE_SECONDS)
    tick(len(first.leaves))
    yield first.leaves
    if not first.rest:
        return
    try:
        with Workers[NodePiece](executor) as workers:
            yield from _together(workers, pickle.dumps(search), [*first.rest], tick)
    except WorkersLostError as error:
        raise BudgetExceeded(f"a worker process died ({error}), perhaps for lack of memory: the search cannot go on") from error


def _together(
    workers: Workers[NodePiece], job: bytes, queue: list[_QueueItem], tick: Callable[[int], None]
) -> Iterator[Sequence[Node]]:
    """Let the workers process a queue."""
    while queue:
        while queue and isinstance(first := queue[0], NodePiece):
            del queue[0]
            yield first.leaves
        _submit(workers, job, queue)
        results = workers.finished(_POLL_SECONDS) if len(workers) else []
        tick(0)
        for call, piece in results:
            at = queue.index(call)
            queue[at : at + 1] = [piece, *piece.rest]
            tick(len(piece.leaves))


def _submit(workers: Workers[NodePiece], job: bytes, queue: list[_QueueItem]) -> None:
    """Submit cells from the front of the queue until each worker has two calls, or too many leaves wait for their turn."""
    at, most = 0, 2 * workers.count
    waiting = sum(isinstance(item, Node) for item in queue)
    buffered = sum(len(item.leaves) for item in queue if isinstance(item, NodePiece))
    seconds = _SHORT_SECONDS if waiting < most else _LONG_SECONDS
    while len(workers) < most and at < len(queue):
        nodes: list[Node] = []
        while at < len(queue) and isinstance(node := queue[at], Node) and len(nodes) < max(1, min(_MOST_NODES, waiting // most)):
            nodes.append(node)
            del queue[at]
        if nodes:
            queue.insert(at, workers.submit(work, job, nodes, seconds))
            if buffered > _MOST_LEAVES:
                return
        at += 1


def follow(search: InequalitySearch, nodes: Sequence[Node], seconds: float) -> NodePiece:
    """Search cells, depth first, until time is up."""
    stack, leaves = [*reversed(nodes)], list[Node]()
    end = time.perf_counter() + seconds
    while stack:
        node = stack.pop()
        if node.listed:
            leaves.append(node)
        elif time.perf_counter() > end:
            stack.append(node)
            break
        else:
            stack += reversed(search.advance(node, _ITEMS))
    return NodePiece(leaves, stack[::-1])


class _Memory(threading.local):
    """The search that a thread of a worker works on; threads must not share its programs."""

    def __init__(self) -> None:
        self.job = b""
        self.search: InequalitySearch | None = None


_memory = _Memory()


def work(job: bytes, nodes: Sequence[Node], seconds: float) -> NodePiece:
    """Search cells of a pickled search, in a worker; the search is unpickled once."""
    if _memory.search is None or job != _memory.job:
        _memory.job, _memory.search = job, pickle.loads(job)  # noqa: S301 - the driver pickled it
    return follow(_memory.search, nodes, seconds)
