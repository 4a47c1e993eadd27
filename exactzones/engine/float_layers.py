"""Layers and rows in floats, with the numbers from which their errors are bounded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exactzones.engine.frontier import Floats, Ids
from exactzones.network import Layer
from exactzones.rational import Row, primitive
from exactzones.rational.floats import EXACT_INTEGERS, SLACK, TINY, UNIT_ROUNDOFF, filter_float, float_matrix, float_vector

_NEARLY_EQUAL = 1e-9  # rows whose means differ by less, relatively, are compared exactly


@dataclass(frozen=True)
class FloatLayer:
    """A layer in floats.

    Attributes:
        weight: (n, m + 1) the nearest floats, the bias last.
        row_sums: (n,) sums of the absolute values of the rows, rounded up.
        scale: the power of two that makes the weights of all layers up to this one integers; 0 if there is none.
        same: (n,) units whose rows are multiples of each other, so that they are zero at the same places, have the same number.
    """

    weight: Floats
    row_sums: Floats
    scale: float
    same: Ids


@np.errstate(over="ignore")
def float_layers(layers: Sequence[Layer]) -> list[FloatLayer]:
    """Return a chain of layers in floats."""
    converted = []
    scale: float = 1
    for layer in layers:
        bias = float_vector(layer.bias, filter_float)
        weight = np.hstack([float_matrix(layer.weight, filter_float), bias[:, None]])
        if scale:
            common = math.lcm(layer.weight.scaled()[1], *[entry.denominator for entry in layer.bias])
            scale = scale * common if common & (common - 1) == 0 and scale * common < EXACT_INTEGERS else 0
        row_sums = np.abs(weight).sum(axis=1) * SLACK + TINY  # an error that is a multiple of one must not underflow
        converted.append(FloatLayer(weight, row_sums, float(scale), _multiples(layer, weight)))
    return converted


@np.errstate(over="ignore")
def float_rows(rows: Sequence[Row]) -> tuple[Floats, Floats, float]:
    """Return integer rows as floats, a bound on the errors of each row's entries, and the scale: 1 if all are exact, else 0."""
    is_exact = all(abs(entry) < EXACT_INTEGERS for row in rows for entry in row)
    floats = np.array([[filter_float(entry) for entry in row] for row in rows])
    error = np.zeros(len(rows)) if is_exact else np.abs(floats).max(axis=1) * (2 * UNIT_ROUNDOFF)
    return floats, error, 1.0 if is_exact else 0.0


@np.errstate(all="ignore")
def _multiples(layer: Layer, floats: Floats) -> Ids:
    """Return a number for each unit; units whose rows (weights, bias) are multiples of each other have the same number.

    Divided by its first entry that is not zero, a row is the same as all its multiples, up to rounding; so is a weighted mean of
    its entries.  Only rows whose means are nearly equal are compared exactly.
    """
    first = np.argmax(floats != 0, axis=1)
    quotients = floats / floats[np.arange(len(floats)), first][:, None]
    means, sizes = quotients @ np.linspace(1, 2, floats.shape[1]), np.abs(quotients).sum(axis=1)
    order = np.argsort(means)
    is_near = ~(np.diff(means[order]) > _NEARLY_EQUAL * (sizes[order[1:]] + sizes[order[:-1]]))  # so is NaN
    classes: dict[Row, int] = {}
    same = np.arange(len(floats), dtype=np.int32)
    if not is_near.any():
        return same
    numerators, denominator = layer.weight.scaled()
    for k in np.union1d(order[1:][is_near], order[:-1][is_near]).tolist():
        above, below = layer.bias[k].as_integer_ratio()
        row = primitive([*(entry * below for entry in numerators.row(k)), above * denominator])
        same[k] = classes.setdefault(max(row, tuple(-entry for entry in row)), k)
    return same
