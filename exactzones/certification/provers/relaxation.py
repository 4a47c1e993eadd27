"""A claim in floats: what the provers guess with.  Nothing here is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any, TypeAlias

import numpy as np

from exactzones.checker.claim import Claim

Floats: TypeAlias = np.ndarray[Any, Any]
Relaxation: TypeAlias = tuple[Floats, Floats, Floats]


class FloatClaim:
    """Weights of the layers that decide some cases, their conditions, and linear bounds through them.

    Args:
        claim: the cases.
        fixed: shape (inputs,); values of inputs that are constant on the domain, NaN for the others, which alone remain.

    Attributes:
        weights, biases: per layer, shapes (units, inputs) and (units,).
        depth: how many hidden layers there are.
        units: how many hidden units, all layers together.
        relu: shape (units,).
        layer_of: shape (units,).
        targets: per condition (layer, coefficients of that layer's input activations, constant): minus the condition.
        cases: the conditions of each case that the tree is about, as slices of ``targets``.
        domain_rows: how many rows the domain has.
    """

    def __init__(self, claim: Claim, fixed: Floats | None = None) -> None:
        affine = [_floats(units.affine.integers, units.affine.denominator) for units in claim.layers]
        self.weights, self.biases = [part[:, 1:].copy() for part in affine], [part[:, 0].copy() for part in affine]
        self.masks = [units.relu for units in claim.layers]
        self.depth, self.domain_rows = claim.horizon, len(claim.rows)
        self.offsets = [offset - claim.inputs for offset in claim.offsets[1:]]
        self.units = self.offsets[-1]
        self.relu = claim.relu[claim.inputs :]
        self.layer_of = np.searchsorted(self.offsets, np.arange(self.units), side="right") - 1
        self.targets: list[tuple[int, Floats, float]] = []
        ends = np.cumsum([0, *map(len, claim.targets)]).tolist()
        self.cases = [slice(first, end) for first, end in pairwise(ends)]
        for target in chain(*claim.targets):
            coefficients, constant = target.coefficients.astype(float), float(target.constant)
            if target.after_relu:
                self.targets.append((target.layer + 1, coefficients, constant))
            else:
                weight, bias = self.weights[target.layer], self.biases[target.layer]
                self.targets.append((target.layer, coefficients @ weight, constant + float(coefficients @ bias)))

        if fixed is not None and np.isfinite(fixed).any():
            self._fix(fixed)

    def _fix(self, values: Floats) -> None:
        """Make inputs constants."""
        free, known = ~np.isfinite(values), np.where(np.isfinite(values), values, 0)
        for r, (layer, coefficients, constant) in enumerate(self.targets):
            if layer == 0:
                self.targets[r] = layer, coefficients[free], constant + float(coefficients @ known)
        if self.weights:
            self.biases[0] = self.biases[0] + self.weights[0] @ known
            self.weights[0] = self.weights[0][:, free]

    def span(self, k: int) -> slice:
        """Return where hidden layer k is among all units."""
        return slice(self.offsets[k], self.offsets[k + 1])

    def slack(self, points: Floats) -> Floats:
        """Return the least slack of the conditions at points of shape (count, inputs), in the case where it is greatest."""
        values, slacks = points, np.zeros((len(self.targets), len(points)))
        for k in range(len(self.weights) + 1):
            for r, (layer, coefficients, constant) in enumerate(self.targets):
                if layer == k:
                    slacks[r] = -(values @ coefficients + constant)
            if k < len(self.weights):
                before = values @ self.weights[k].T + self.biases[k]
                values = np.where(self.masks[k], np.maximum(before, 0), before)
        found: Floats = np.max([slacks[case].min(0, initial=np.inf) for case in self.cases], axis=0)
        return found

    def relax(self, k: int, low: Floats, high: Floats) -> Relaxation:
        """Return upper slopes, upper constants and lower slopes of hidden layer k's units, each of shape (cells, units).

        Args:
            k: the layer.
            low: lower bounds of all hidden units, shape (cells, units).
            high: upper bounds.
        """
        low, high = low[:, self.span(k)], high[:, self.span(k)]
        on = (low >= 0) | ~self.masks[k]
        off = (high <= 0) & ~on
        open_ = ~(on | off)
        slope = np.where(on, 1.0, np.where(open_, high / np.where(open_, high - low, 1.0), 0.0))
        return slope, np.where(open_, -slope * low, 0.0), np.where(on | (open_ & (high > -low)), 1.0, 0.0)

    def lower(self, coefficients: Floats, constants: Floats, cell: Floats, relaxed: Sequence[Relaxation]) -> Floats:
        """Return rows ``(b, a)`` over the inputs that are nowhere greater than functions of a layer's activations.

        Args:
            coefficients: shape (claims, units of the layer); of the inputs if nothing is relaxed.
            constants: shape (claims,).
            cell: shape (claims,); whose bounds hold.
            relaxed: of the layers up to that one.
        """
        for k in range(len(relaxed) - 1, -1, -1):
            slope, shift, lower = relaxed[k]
            negative = np.minimum(coefficients, 0)
            constants = constants + np.einsum("pn,pn->p", negative, shift[cell])
            coefficients = (coefficients - negative) * lower[cell] + negative * slope[cell]
            constants = constants + coefficients @ self.biases[k]
            coefficients = coefficients @ self.weights[k]
        return np.concatenate([constants[:, None], coefficients], 1)

    def lower_targets(self, cell: Floats, relaxed: Sequence[Relaxation]) -> Floats:
        """Return rows below minus each condition, shape (cells, conditions, inputs + 1)."""
        parts = []
        for layer, coefficients, constant in self.targets:
            parts.append(self.lower(np.tile(coefficients, (len(cell), 1)), np.full(len(cell), constant), cell, relaxed[:layer]))
        return np.stack(parts, 1)


def _floats(integers: Floats, denominator: int) -> Floats:
    if integers.dtype != object and denominator < 1 << 1000:
        return integers / denominator
    return np.array([[int(entry) / denominator for entry in row] for row in integers]).reshape(integers.shape)
