"""A claim in floats, and linear relaxations of its layers, with which the provers guess.  Nothing in this module is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import TypeAlias

import numpy as np

from exactzones.checker.arithmetic import Array
from exactzones.checker.claim import Claim

Relaxation: TypeAlias = tuple[Array, Array, Array]
"""Upper slopes, upper constants and lower slopes of a layer's units, each of shape (cells, units)."""


class FloatClaim:
    """The layers and conditions of a claim in floats.

    Args:
        claim: the cases of one tree.
        fixed: shape (inputs,); the values of inputs that are constant on the domain, NaN for the others; constants are
            substituted, so only the others remain inputs.

    Attributes:
        weights, biases: per hidden layer, shapes (units, inputs) and (units,).
        masks: per hidden layer, shape (units,); which units have a ReLU.
        depth: number of hidden layers.
        units: number of hidden units of all layers together.
        relu: shape (units,); which hidden units have a ReLU.
        layer_of: shape (units,); the layer of each hidden unit.
        targets: for each condition its negation, as (layer, coefficients of that layer's inputs, constant).
        cases: the conditions of each case of the tree, as slices of ``targets``.
        domain_rows: number of rows of the domain.
    """

    def __init__(self, claim: Claim, fixed: Array | None = None) -> None:
        hidden = claim.layers[: claim.horizon]
        affine = [units.floats for units in hidden]
        self.weights, self.biases = [part[:, 1:].copy() for part in affine], [part[:, 0].copy() for part in affine]
        self.masks = [units.relu for units in hidden]
        self.depth, self.domain_rows = claim.horizon, len(claim.rows)
        self.offsets = [offset - claim.inputs for offset in claim.offsets[1:]]
        self.units = self.offsets[-1]
        self.relu = claim.relu[claim.inputs :]
        self.layer_of = np.searchsorted(self.offsets, np.arange(self.units), side="right") - 1
        self.targets: list[tuple[int, Array, float]] = []
        ends = np.cumsum([0, *map(len, claim.targets)]).tolist()
        self.cases = [slice(first, end) for first, end in pairwise(ends)]
        for target in chain(*claim.targets):
            coefficients, constant = target.coefficients.astype(float), float(target.constant)
            if target.after_relu:
                self.targets.append((target.layer + 1, coefficients, constant))
            else:
                row = coefficients @ claim.layers[target.layer].floats
                self.targets.append((target.layer, row[1:], constant + float(row[0])))

        if fixed is not None and np.isfinite(fixed).any():
            self._substitute(fixed)

    def _substitute(self, values: Array) -> None:
        """Replace inputs by the constants that are not NaN."""
        free, known = ~np.isfinite(values), np.where(np.isfinite(values), values, 0)
        for r, (layer, coefficients, constant) in enumerate(self.targets):
            if layer == 0:
                self.targets[r] = layer, coefficients[free], constant + float(coefficients @ known)
        if self.weights:
            self.biases[0] = self.biases[0] + self.weights[0] @ known
            self.weights[0] = self.weights[0][:, free]

    def span(self, k: int) -> slice:
        """Return the slice of hidden layer k among all hidden units."""
        return slice(self.offsets[k], self.offsets[k + 1])

    def slack(self, points: Array) -> Array:
        """Return for each point, shape (count, inputs), the least slack of a case's conditions, maximised over the cases."""
        values, slacks = points, np.zeros((len(self.targets), len(points)))
        for k in range(len(self.weights) + 1):
            for r, (layer, coefficients, constant) in enumerate(self.targets):
                if layer == k:
                    slacks[r] = -(values @ coefficients + constant)
            if k < len(self.weights):
                before = values @ self.weights[k].T + self.biases[k]
                values = np.where(self.masks[k], np.maximum(before, 0), before)
        greatest: Array = np.max([slacks[case].min(0, initial=np.inf) for case in self.cases], axis=0)
        return greatest

    def relax(self, k: int, low: Array, high: Array) -> Relaxation:
        """Return the linear relaxation of hidden layer k.

        Args:
            k: the layer.
            low: lower bounds of all hidden units, shape (cells, units).
            high: upper bounds of the same units.
        """
        low, high = low[:, self.span(k)], high[:, self.span(k)]
        on = (low >= 0) | ~self.masks[k]
        off = (high <= 0) & ~on
        open_ = ~(on | off)
        slope = np.where(on, 1.0, np.where(open_, high / np.where(open_, high - low, 1.0), 0.0))
        return slope, np.where(open_, -slope * low, 0.0), np.where(on | (open_ & (high > -low)), 1.0, 0.0)

    def lower(self, coefficients: Array, constants: Array, cell: Array, relaxed: Sequence[Relaxation]) -> Array:
        """Return linear lower bounds ``(b, a)`` over the inputs of functions of a layer's activations, by back-substitution.

        Args:
            coefficients: of the activations, shape (functions, units of the layer); of the inputs if ``relaxed`` is empty.
            constants: shape (functions,).
            cell: shape (functions,); the cell on which each function is bounded.
            relaxed: relaxations of the layers up to and including that one.
        """
        for k in range(len(relaxed) - 1, -1, -1):
            slope, shift, lower = relaxed[k]
            negative = np.minimum(coefficients, 0)
            constants = constants + np.einsum("pn,pn->p", negative, shift[cell])
            coefficients = (coefficients - negative) * lower[cell] + negative * slope[cell]
            constants = constants + coefficients @ self.biases[k]
            coefficients = coefficients @ self.weights[k]
        return np.concatenate([constants[:, None], coefficients], 1)

    def lower_targets(self, cell: Array, relaxed: Sequence[Relaxation]) -> Array:
        """Return linear lower bounds of the negated conditions, shape (cells, conditions, inputs + 1)."""
        parts = []
        for layer, coefficients, constant in self.targets:
            parts.append(self.lower(np.tile(coefficients, (len(cell), 1)), np.full(len(cell), constant), cell, relaxed[:layer]))
        return np.stack(parts, 1)
