"""Pruning in NumPy: cells on which the target is positive nowhere are dropped before they are cut further.

The same operations in the same order as ``prune.c`` and ``target.c``: see there and proofs/pruning.md.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from exactzones.engine.frontier import ON, OPEN, Floats, States
from exactzones.engine.kernel.numpy_bounds import LARGEST_REACH, NEAR, Bounder, Reach, activations, affine
from exactzones.engine.kernel.numpy_pool import NEGATIVE, SMALL_INTEGER, Parent
from exactzones.engine.kernel.numpy_sums import in_order
from exactzones.engine.kernel.schema import NOWHERE, SOMEWHERE, UNKNOWN, Downstream
from exactzones.rational.floats import EXACT_INTEGERS, SLACK, TINY, UNIT_ROUNDOFF


class Pruning:
    """Decides for the cells of one parent which are dropped, and which neuron cuts the others."""

    def __init__(self, pool: Parent, downstream: Downstream) -> None:
        self.pool = pool
        self.downstream, self.layers = downstream, downstream.layers
        self.target, self.scale = downstream.target.ravel(), downstream.scale
        self.guesses: dict[int, bool] = {}

    def look(self, cell: list[int], state: States, following: int | None) -> tuple[int, int | None]:
        """Return the verdict about the target on a cell, and the neuron to cut with.

        ``following`` is the first neuron that crosses the cell.
        """
        if not self.layers and following is None:
            return self._fires(cell, state), None
        positive = [self._seems_positive(v, state) for v in cell]
        if any(positive):
            return UNKNOWN, following if all(positive) else self._cut_off_most(cell, positive, state, following)
        if any(self.pool.points[v][0] == 0 for v in cell):  # nothing is known about unbounded cells
            return UNKNOWN, following
        bounder = Bounder(self.pool, self.downstream, cell, state)
        if not bounder.reach.reach < LARGEST_REACH:
            return UNKNOWN, following
        self.pool.counts["bounds"] += 1
        is_dropped, following = bounder.proves(following)
        self.pool.counts["dropped"] += is_dropped
        return NOWHERE if is_dropped else UNKNOWN, following

    @cached_property
    def _magnitude(self) -> float:
        """How large the target can be at a generator whose entries do not exceed 1."""
        values = self.pool.sums
        for layer in self.layers:
            values = affine(np.abs(layer.weight), values, 1.0)
        return float(affine(np.abs(self.target[None]), values, 1.0)[0])

    def _seems_positive(self, v: int, state: States) -> bool:
        """Guess whether the target is positive at a generator, by plain float evaluation."""
        if v not in self.guesses:
            point = self.pool.points[v]
            values = activations(self.pool.values(point), state)
            for layer in self.layers:
                values = affine(layer.weight, values, point[0])
                values = np.where((layer.relu != 0) & (values < 0), 0.0, values)
            top = np.fmax.reduce(np.abs(point), initial=1.0)
            self.guesses[v] = bool(affine(self.target[None], values, point[0])[0] > NEAR * NEAR * self._magnitude * top)
        return self.guesses[v]

    def _cut_off_most(self, cell: list[int], positive: list[bool], state: States, following: int | None) -> int | None:
        """Return the neuron that has most generators on a side on which the target seems positive nowhere."""
        flags, is_positive = np.array([self.pool.flags[v] for v in cell]), np.array(positive)
        most = 0
        for j in np.flatnonzero(state == OPEN).tolist():
            for side in (flags[:, j] == NEGATIVE, (flags[:, j] != NEGATIVE) & (flags[:, j] != 0)):
                count = int(side.sum())
                if not is_positive[side].any() and count > most:
                    most, following = count, j
        return following

    def _fires(self, cell: list[int], state: States) -> int:
        """Return whether the target is positive somewhere on a cell on which all units before it are settled."""
        pool, is_on = self.pool, state == ON
        weight, constant = self.target[:-1], self.target[-1]
        row = _target_row(constant, np.where(is_on, weight * pool.rows, 0.0))
        size = float(in_order(np.abs(row)))
        largest = float(np.max(np.abs(pool.rows[:, is_on]), initial=1.0))
        total = float(in_order(np.concatenate([[abs(constant) + TINY], np.abs(weight[is_on])])))
        error = float(in_order(np.concatenate([[0.0], np.abs(weight[is_on]) * pool.row_error[is_on]])))
        is_exact = pool.is_exact and self.scale > 0 and total * largest * self.scale < EXACT_INTEGERS
        error = 0.0 if is_exact else (error + (len(weight) + 6) * UNIT_ROUNDOFF * total * largest) * SLACK + TINY
        verdict = NOWHERE
        for v in cell:
            value = float(in_order(row * pool.points[v]))
            bound = float(Reach.of(pool, [v]).error(size, error))
            if math.isfinite(value) and value < -bound:
                continue
            sign = SOMEWHERE if math.isfinite(value) and value > bound else self._sign_in_integers(row, v, is_exact=is_exact)
            if sign == SOMEWHERE:
                return SOMEWHERE
            verdict = max(verdict, sign)
        return verdict

    def _sign_in_integers(self, row: Floats, v: int, *, is_exact: bool) -> int:
        integers, entries = self.pool.integers[v], row * self.scale
        if not is_exact or integers is None or not np.abs(entries).max() <= SMALL_INTEGER:
            return UNKNOWN
        return SOMEWHERE if sum(int(entry) * z for entry, z in zip(entries.tolist(), integers, strict=True)) > 0 else NOWHERE


def _target_row(constant: float, terms: Floats) -> Floats:
    """Return the sums of rows of terms; the first sum begins with the constant."""
    first = np.zeros((len(terms), 1))
    first[0] = constant
    return in_order(np.concatenate([first, terms], axis=1), axis=1)
