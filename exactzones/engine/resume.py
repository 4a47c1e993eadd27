"""What is left of a search after a leaf: a search can go on from there, and needs to know nothing else about its past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import OPEN, Frontier, States


def frontiers_after(arrangement: Arrangement, start: Frontier, leaf: States) -> list[Frontier]:
    """Return the frontiers whose leaves come after a leaf, in order.

    The order of leaves does not depend on how the work is divided.  So only the cells that contain the leaf are cut again, one
    in each step: what comes before such a cell is done, and what comes after it is left.

    Args:
        arrangement: the cells.
        start: where the search began.
        leaf: (units,) the states of the leaf's units.

    Raises:
        ValueError: no cell contains the leaf.
    """
    queue = [start]
    while True:
        (frontier, cell), later = _first_around(queue, leaf)
        rest = [frontier.part(cell + 1, len(frontier)), *later]
        if frontier.layer == len(arrangement.layers):
            return [part for part in rest if len(part)]
        queue = [*arrangement.advance(frontier.part(cell, cell + 1)), *rest]


def _first_around(queue: Sequence[Frontier], leaf: States) -> tuple[tuple[Frontier, int], Sequence[Frontier]]:
    """Return the first cell that contains a leaf, as a frontier and an index, and the frontiers after that one."""
    for k, frontier in enumerate(queue):
        for cell in _around(frontier, leaf):
            return (frontier, cell), queue[k + 1 :]
    raise ValueError("no cell contains the leaf")


def _around(frontier: Frontier, leaf: States) -> Iterator[int]:
    before = frontier.prefix.shape[1]
    units = leaf[before : before + frontier.state.shape[1]]
    agree = (frontier.prefix == leaf[:before]).all(axis=1)
    agree &= ((frontier.state == OPEN) | (frontier.state == units)).all(axis=1)
    yield from np.flatnonzero(agree).tolist()
