"""The kernel in NumPy: to read, to check the C kernel in tests, and to run where there is no C compiler.

Algorithm, error bounds and order of the output are those of the C files: see there and proofs/filter.md.  Even the roundings are
the same: the operations have the same order, so that both kernels return the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from exactzones.engine.frontier import OFF, ON, Floats, Integers, States
from exactzones.engine.kernel.numpy_pool import Parent
from exactzones.engine.kernel.numpy_prune import Pruning
from exactzones.engine.kernel.schema import NOWHERE, RESULT, UNKNOWN, CutRequest, CutResult


@dataclass
class _CutCellsOutput:
    """The cells that a call returns, one after the other; for leaves only the tight sets of their generators, no numbers."""

    leaves: bool
    parent: list[int] = field(default_factory=list)
    state: list[States] = field(default_factory=list)
    verdict: list[int] = field(default_factory=list)
    ptr: list[int] = field(default_factory=lambda: [0])
    points: list[Floats] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    integers: list[tuple[int, ...]] = field(default_factory=list)
    has_integers: list[bool] = field(default_factory=list)
    tight: list[tuple[int, ...]] = field(default_factory=list)
    plane_ptr: list[int] = field(default_factory=lambda: [0])
    plane_ids: list[int] = field(default_factory=list)
    plane_rows: list[Floats] = field(default_factory=list)
    plane_error: list[float] = field(default_factory=list)

    def emit(self, pool: Parent, cell: list[int], state: States, verdict: int) -> None:
        self.parent.append(pool.index)
        self.state.append(state.copy())
        self.verdict.append(verdict)
        self.tight += [pool.tight[v] for v in cell]
        if not self.leaves:
            self._numbers(pool, cell)
        self.ptr.append(len(self.tight))
        self.plane_ptr.append(len(self.plane_ids))

    def _numbers(self, pool: Parent, cell: list[int]) -> None:
        for v in cell:
            integers = pool.integers[v]
            self.points.append(pool.points[v])
            self.error.append(pool.errors[v])
            self.integers.append(integers or (0,) * len(pool.points[v]))
            self.has_integers.append(integers is not None)
        for identity in dict.fromkeys(identity for v in cell for identity in pool.tight[v] if identity):
            row, error = pool.plane(identity)
            self.plane_ids.append(identity)
            self.plane_rows.append(row)
            self.plane_error.append(error)

    def as_bytes(self) -> dict[str, bytes]:
        return {array.name: np.array(getattr(self, array.name), array.dtype).tobytes() for array in RESULT}


@np.errstate(all="ignore")  # infinities and NaN decide nothing
def cut(request: CutRequest) -> CutResult:
    """Cut cells by the neurons of one layer, depth first: see ``schema``."""
    finished, rest = _CutCellsOutput(request.leaves), _CutCellsOutput(leaves=False)
    counts = dict.fromkeys(("cuts", "bounds", "dropped", "undecided", "exact", "solved"), 0)
    parents, begun = 0, time.process_time()

    def is_over() -> bool:
        is_late = counts["cuts"] > 0 and time.process_time() - begun >= request.seconds
        return is_late or len(finished.parent) >= request.limit

    while parents < len(request.cells) and not is_over():
        pool = Parent.of_request(request, parents, counts)
        stack = [(list(range(len(pool.points))), request.state[parents].copy())]
        _cut_parent(request, pool, stack, finished, is_over)
        for cell, state in reversed(stack):  # what the limit or the time left is returned unfinished, in the order of visits
            rest.emit(pool, cell, state, UNKNOWN)
        parents += 1
    return {"finished": finished.as_bytes(), "rest": rest.as_bytes(), "parents": parents, "counts": counts}


def _cut_parent(
    request: CutRequest,
    pool: Parent,
    stack: list[tuple[list[int], States]],
    finished: _CutCellsOutput,
    is_over: Callable[[], bool],
) -> None:
    pruning = None if request.downstream is None else Pruning(pool, request.downstream)
    while stack and not is_over():
        cell, state = stack.pop()
        j = pool.classify(cell, state)
        if request.keep_above and (state == OFF).any():
            continue
        verdict, j = (UNKNOWN, j) if pruning is None else pruning.look(cell, state, j)
        if verdict == NOWHERE:
            continue
        if j is None:
            finished.emit(pool, cell, state, verdict)
            continue
        pool.counts["cuts"] += 1
        above, below = pool.split(cell, j)
        on, off = state.copy(), state.copy()
        on[j], off[j] = ON, OFF
        stack += [(above, on)] if request.keep_above else [(below, off), (above, on)]


def expand(rows: Floats, parents: Integers, state: States, out: Floats) -> None:
    """Set the rows of the next layer's input: see ``schema``."""
    out[:, :, :-1] = np.where(state[:, None, :] == ON, rows[parents], 0)
    out[:, :, -1] = 0
    out[:, 0, -1] = 1
