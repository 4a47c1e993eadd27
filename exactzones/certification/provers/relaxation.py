"""A claim in floats, and linear relaxations of its layers, with which the provers guess.  Nothing in this module is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from exactzones.checker.arithmetic import Array
from exactzones.checker.claim import Claim
from exactzones.rational.blocks import SparseFloats
from exactzones.rational.floats import unscaled

_TOGETHER = 1024
"""Functions that are carried back together: of a narrow network, their coefficients fit into a processor's cache."""


class Relaxation(NamedTuple):
    """The linear relaxation of a layer on cells; all arrays have shape (cells, units).

    Attributes:
        slope, shift: upper slopes and upper constants of the units.
        lower: lower slopes.
        error: bounds on the rounding errors of the pre-activations; None in real arithmetic.
    """

    slope: Array
    shift: Array
    lower: Array
    error: Array | None = None


class FloatClaim:
    """The layers and conditions of a claim in floats.

    Args:
        claim: the cases of one tree.
        fixed: shape (inputs,); the values of inputs that are constant on the domain, NaN for the others; constants are
            substituted, so only the others remain inputs.

    Attributes:
        fixed: as passed.
        weights, biases: per hidden layer, shapes (units, inputs) and (units,); claims about one network share them.
        masks: per hidden layer, shape (units,); which units have a ReLU.
        depth: number of hidden layers.
        units: number of hidden units of all layers together.
        relu: shape (units,); which hidden units have a ReLU.
        layer_of: shape (units,); the layer of each hidden unit.
        targets: for each condition its negation, as (layer, coefficients of that layer's inputs, constant).
        rounding: what rounding in floats costs; None in real arithmetic.
        cases: the conditions of each case of the tree, as slices of ``targets``.
        domain_rows: number of rows of the domain.
    """

    def __init__(self, claim: Claim, fixed: Array) -> None:
        self.fixed, hidden = fixed, claim.layers[: claim.horizon]
        self.biases: list[Array] = [units.floats[0] for units in hidden]
        self.weights: list[Array | SparseFloats] = [units.floats[1] for units in hidden]
        self.masks = [units.relu for units in hidden]
        self.depth, self.domain_rows = claim.horizon, len(claim.rows)
        self.offsets = [offset - claim.inputs for offset in claim.offsets[1:]]
        self.units = self.offsets[-1]
        self.relu = claim.relu[claim.inputs :]
        self.layer_of = np.searchsorted(self.offsets, np.arange(self.units), side="right") - 1
        self.targets: list[tuple[int, Array, float]] = []
        self.rounding = None if claim.sizes is None else FloatRounding(claim)
        ends = np.cumsum([0, *map(len, claim.targets)]).tolist()
        self.cases = [slice(first, end) for first, end in pairwise(ends)]
        for target in chain(*claim.targets):
            coefficients, constant = target.coefficients.astype(float), float(target.constant)
            if target.after_relu:
                self.targets.append((target.layer + 1, coefficients, constant))
            else:
                biases, weights = claim.layers[target.layer].floats
                self.targets.append((target.layer, coefficients @ weights, constant + float(coefficients @ biases)))
        if np.isfinite(fixed).any():
            self._substitute(fixed)

    def _substitute(self, values: Array) -> None:
        """Replace inputs by the constants that are not NaN."""
        free, known = ~np.isfinite(values), np.where(np.isfinite(values), values, 0)
        for r, (layer, coefficients, constant) in enumerate(self.targets):
            if layer == 0:
                self.targets[r] = layer, coefficients[free], constant + float(coefficients @ known)
        if self.weights:
            first = self.weights[0]
            self.biases[0] = self.biases[0] + np.asarray(first @ known)
            self.weights[0] = first.pick(free) if isinstance(first, SparseFloats) else first[:, free]

    def without(self, off: Array) -> FloatClaim:
        """Return the claim without hidden units that are off on all regions of a search; in real arithmetic.

        Args:
            off: which units, shape (units,).
        """
        kept = [~off[self.span(k)] for k in range(self.depth)]
        columns = [np.ones(self.weights[0].shape[1], bool), *kept]
        part = copy(self)
        part.biases = [bias[rows] for bias, rows in zip(self.biases, kept, strict=True)]
        part.masks = [mask[rows] for mask, rows in zip(self.masks, kept, strict=True)]
        part.weights = [
            weight.part(rows, before) if isinstance(weight, SparseFloats) else weight[np.ix_(rows, before)]
            for weight, rows, before in zip(self.weights, kept, columns, strict=False)
        ]
        part.offsets = [0, *np.cumsum([int(rows.sum()) for rows in kept]).tolist()]
        part.units, part.relu, part.layer_of = part.offsets[-1], self.relu[~off], self.layer_of[~off]
        part.targets = [(layer, coefficients[columns[layer]], constant) for layer, coefficients, constant in self.targets]
        return part

    def span(self, k: int) -> slice:
        """Return the slice of hidden layer k among all hidden units."""
        return slice(self.offsets[k], self.offsets[k + 1])

    def pre_activations(self, points: Array) -> Array:
        """Return the pre-activations of all hidden units at points, shape (points, units)."""
        values, found = points, []
        for weight, bias, mask in zip(self.weights, self.biases, self.masks, strict=True):
            found.append(values @ weight.T + bias)
            values = np.where(mask, np.maximum(found[-1], 0), found[-1])
        return np.concatenate(found, 1) if found else np.zeros((len(points), 0))

    def slack(self, points: Array) -> Array:
        """Return for each point, shape (count, inputs), the least slack of a case's conditions, maximised over the cases."""
        before, slacks = self.pre_activations(points), np.zeros((len(self.targets), len(points)))
        after = np.where(self.relu, np.maximum(before, 0), before)
        for r, (layer, coefficients, constant) in enumerate(self.targets):
            slacks[r] = -((after[:, self.span(layer - 1)] if layer else points) @ coefficients + constant)
        greatest: Array = np.max([slacks[case].min(0, initial=np.inf) for case in self.cases], axis=0)
        return greatest

    def sizes(self, low: Array, high: Array) -> Array | None:
        """Return bounds on the absolute values of hidden units' activations, shape (cells, units); None in real arithmetic.

        Args:
            low: lower bounds of all hidden units, shape (cells, units).
            high: upper bounds of the same units.
        """
        if self.rounding is None:
            return None
        size = np.where(self.relu, np.maximum(high, 0), np.maximum(np.abs(low), np.abs(high)))
        return np.minimum(size, self.rounding.sizes)

    def errors(self, k: int, sizes: Array | None) -> Array | None:
        """Return bounds on the rounding errors of layer k's pre-activations, shape (cells, units); None in real arithmetic.

        Args:
            k: the layer.
            sizes: bounds on the absolute values of all hidden units' activations, shape (cells, hidden units).
        """
        if self.rounding is None or sizes is None:
            return None
        constant, slopes = self.rounding.layers[k]
        return constant + (sizes[:, self.span(k - 1)] @ slopes.T if k else np.zeros((len(sizes), 1)))

    def relax(self, k: int, low: Array, high: Array, sizes: Array | None = None) -> Relaxation:
        """Return the linear relaxation of hidden layer k.

        Args:
            k: the layer.
            low: lower bounds of all hidden units, shape (cells, units).
            high: upper bounds of the same units.
            sizes: bounds on the absolute values of their activations, of the same shape; None in real arithmetic.
        """
        error = self.errors(k, sizes)
        low, high = low[:, self.span(k)], high[:, self.span(k)]
        on = (low >= 0) | ~self.masks[k]
        off = (high <= 0) & ~on
        open_ = ~(on | off)
        slope = np.where(on, 1.0, np.where(open_, high / np.where(open_, high - low, 1.0), 0.0))
        shift, lower = np.where(open_, -slope * low, 0.0), np.where(on | (open_ & (high > -low)), 1.0, 0.0)
        return Relaxation(slope, shift, lower, error)

    def lower(self, coefficients: Array, constants: Array, cell: Array, relaxed: Sequence[Relaxation]) -> Array:
        """Return linear lower bounds ``(b, a)`` over the inputs of functions of a layer's activations, by back-substitution.

        Args:
            coefficients: of the activations, shape (functions, units of the layer); of the inputs if ``relaxed`` is empty.
            constants: shape (functions,).
            cell: shape (functions,); the cell on which each function is bounded.
            relaxed: relaxations of the layers up to and including that one.
        """
        parts = [slice(start, start + _TOGETHER) for start in range(0, max(1, len(cell)), _TOGETHER)]
        return np.concatenate([self._carried(coefficients[part], constants[part], cell[part], relaxed) for part in parts])

    def _carried(self, coefficients: Array, constants: Array, cell: Array, relaxed: Sequence[Relaxation]) -> Array:
        """Return what ``lower`` does."""
        for k in range(len(relaxed) - 1, -1, -1):
            slope, shift, lower, error = relaxed[k]
            negative = np.minimum(coefficients, 0)
            constants = constants + np.einsum("pn,pn->p", negative, shift[cell])
            coefficients = coefficients - negative  # in place from here on: these arrays are large
            coefficients *= lower[cell]
            negative *= slope[cell]
            coefficients += negative
            constants += coefficients @ self.biases[k]
            if error is not None:
                constants = constants - np.einsum("pn,pn->p", np.abs(coefficients), error[cell])
            coefficients = coefficients @ self.weights[k]
        return np.concatenate([constants[:, None], coefficients], 1)

    def lower_targets(self, cell: Array, relaxed: Sequence[Relaxation], sizes: Array | None = None) -> Array:
        """Return linear lower bounds of the negated conditions, shape (cells, conditions, inputs + 1)."""
        parts = []
        lost = self.target_errors(sizes)
        for k, (layer, coefficients, constant) in enumerate(self.targets):
            constants = np.full(len(cell), constant) if lost is None else constant - lost[cell, k]
            parts.append(self.lower(np.tile(coefficients, (len(cell), 1)), constants, cell, relaxed[:layer]))
        return np.stack(parts, 1)

    def target_errors(self, sizes: Array | None) -> Array | None:
        """Return what rounding of the layers that conditions read takes from each, shape (cells, conditions)."""
        if self.rounding is None or sizes is None:
            return None
        lost = np.zeros((len(sizes), len(self.targets)))
        for k, (layer, coefficients) in enumerate(self.rounding.targets):
            if layer >= 0:
                errors = self.errors(layer, sizes)
                assert errors is not None  # noqa: S101 - it is only in real arithmetic
                lost[:, k] = errors @ coefficients
        return lost


class FloatRounding:
    """What rounding costs, as linear functions of the sizes of activations.

    Args:
        claim: a claim about float arithmetic.

    Attributes:
        layers: for each layer constants of its units' errors, shape (units,), and slopes, shape (units, inputs).
        targets: for each condition the layer whose pre-activations it reads (-1: activations), and its absolute coefficients.
        sizes: bounds on the absolute values of all hidden units, shape (hidden units,).
    """

    def __init__(self, claim: Claim) -> None:
        assert claim.sizes is not None  # noqa: S101 - in real arithmetic nothing is rounded
        sizes = unscaled(claim.sizes, claim.bits)
        self.sizes = sizes[claim.inputs :]
        self.layers: list[tuple[Array, Array]] = []
        for units in claim.layers:
            assert units.rounding is not None  # noqa: S101
            floats = units.rounding.coefficients.floats().T
            self.layers.append((floats[:, 0].copy(), floats[:, 1:].copy()))
        if self.layers:  # the sizes of inputs are the same everywhere
            constant, slopes = self.layers[0]
            self.layers[0] = constant + slopes @ sizes[: claim.inputs], slopes
        self.targets = [
            (-1 if target.after_relu else target.layer, np.abs(target.coefficients.astype(float)))
            for target in chain(*claim.targets)
        ]
