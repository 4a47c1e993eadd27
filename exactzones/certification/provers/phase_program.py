"""The triangle relaxation of a claim as a linear program; the phases of units are bounds that change from region to region.

Nothing here is trusted: it proposes dual variables, and ``DualBound`` and the checker decide what they prove.

Source: Ehlers 2017, Formal verification of piece-wise linear feed-forward neural networks (the triangle relaxation).
"""

from __future__ import annotations

import numpy as np

from exactzones.certification.provers.dual import BoxBatch, DualVariables, Relaxed
from exactzones.certification.provers.relaxation import FloatClaim
from exactzones.checker.arithmetic import Array
from exactzones.polyhedra.backends.highs import INFINITY, FloatProgram

_ZERO = 1e-9  # multipliers up to this share of the largest are taken for zero


class PhaseProgram:
    """The points at which the triangle relaxation of the network allows all conditions.

    The columns are the inputs, then the activations a of all hidden units.  The rows are those of the domain; then for each unit
    ``z - a``; for each unit the upper side of its triangle; and the conditions.

    Args:
        claim: the network and the conditions, in real arithmetic.
        domain: rows ``b + a . x >= 0`` of the domain, shape (rows, inputs + 1).
        boxes: the region, as a batch of one row.
    """

    def __init__(self, claim: FloatClaim, domain: Array, boxes: BoxBatch) -> None:
        self.claim, self.inputs, self._domain = claim, boxes.box_low.shape[1], len(domain)
        relaxed = Relaxed(claim, boxes)
        free = np.full(claim.units, INFINITY)
        self._program = FloatProgram(np.concatenate([boxes.box_low[0], -free]), np.concatenate([boxes.box_high[0], free]))
        self._open, self._on = relaxed.open[0], relaxed.on[0]
        self._slope, self._shift = relaxed.slope[0], relaxed.shift[0]
        self._biases = np.concatenate(claim.biases)
        self._terms: list[tuple[Array, Array]] = []
        for row in domain:
            self._push(0, row[1:], -row[0], INFINITY)
        before = [self._activations(k) for k in range(claim.depth + 1)]
        for unit, layer in enumerate(claim.layer_of.tolist()):
            row = claim.weights[layer][unit - claim.offsets[layer]]
            self._push(before[layer], row, -INFINITY, INFINITY, (unit, -1.0))
        for unit, layer in enumerate(claim.layer_of.tolist()):
            row = -self._slope[unit] * claim.weights[layer][unit - claim.offsets[layer]]
            self._push(before[layer], row, -INFINITY, INFINITY, (unit, 1.0))
        for layer, coefficients, constant in claim.targets:
            self._push(before[layer], coefficients, -INFINITY, -constant)
        self._sides = np.full(claim.units, 2.0)
        self.fix(boxes.side[0])

    def _activations(self, layer: int) -> int:
        """Return the first column of a layer's inputs."""
        return 0 if layer == 0 else self.inputs + self.claim.offsets[layer - 1]

    def _push(self, first: int, row: Array, lower: float, upper: float, unit: tuple[int, float] | None = None) -> None:
        columns = np.flatnonzero(np.abs(row) > _ZERO)
        terms = row[columns]
        columns = columns + first
        if unit is not None:
            columns, terms = np.append(columns, self.inputs + unit[0]), np.append(terms, unit[1])
        self._terms.append((columns, terms))
        self._program.push_terms(columns, terms, lower, upper)

    def fix(self, side: Array) -> None:
        """Set the phases of split units: 1 (on), -1 (off) or 0 (not split), shape (units,)."""
        for unit in np.flatnonzero(side != self._sides).tolist():
            self._fix(unit, int(side[unit]))
        self._sides = side.copy()

    def _fix(self, unit: int, side: int) -> None:
        row, triangle, column = self._domain + unit, self._domain + self.claim.units + unit, self.inputs + unit
        end = -self._biases[unit]
        is_open = self._open[unit] and not side
        on = side > 0 or (not side and self._on[unit])
        off = not on and not is_open
        self._program.bound_row(row, end if on else -INFINITY, INFINITY if off and not side else end)
        self._program.bound_row(
            triangle, -INFINITY, self._slope[unit] * self._biases[unit] + self._shift[unit] if is_open else INFINITY
        )
        self._program.bound(column, -INFINITY if on and not side else 0.0, 0.0 if off else INFINITY)

    def solve(self) -> tuple[Array | None, DualVariables | None]:
        """Look for a point.

        Returns:
            The values of inputs and activations, or dual variables, as a batch of one row, that seem to prove that there is none;
            neither where the solver finds neither.
        """
        point, ray = self._program.point_or_ray()
        return point, None if ray is None else self._variables(ray)

    def _variables(self, ray: Array) -> DualVariables:
        units, domain = self.claim.units, self._domain
        scale = np.abs(ray).max(initial=0.0)
        ray = np.where(np.abs(ray) > _ZERO * scale, ray, 0.0) / (scale or 1.0)
        columns = np.zeros(self.inputs + units)
        for number in np.flatnonzero(ray).tolist():
            at, terms = self._terms[number]
            columns[at] += ray[number] * terms
        lower = np.maximum(-ray[domain : domain + units], 0)  # multipliers of a >= z
        zero = np.maximum(-columns[self.inputs :], 0)  # multipliers of a >= 0
        alpha = lower / np.where(lower + zero > 0, lower + zero, 1)
        beta = np.where(self._sides > 0, zero, np.where(self._sides < 0, lower, 0))
        mu = np.maximum(-ray[len(ray) - len(self.claim.targets) :], 0)
        rows = np.maximum(ray[:domain], 0)
        share = mu.sum() or 1.0
        return DualVariables(alpha[None], beta[None] / share, mu[None] / share, rows[None] / share)
