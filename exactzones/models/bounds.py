"""Bounds of tensors on the box of inputs that is of interest, on which operators that make steps may be constant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models.arrays import Array, fractions, object_array
from exactzones.models.sparse import Sparse
from exactzones.models.tensors import Tensor
from exactzones.models.values import Value, ancestors
from exactzones.rational import text

_STEPS = "compares or truncates values, which rounding may move over a step"


def each_step(operand: Tensor | Array, step: Callable[[Any], Any]) -> Array:
    """Return a function of every entry, which has the same value at all numbers that the entry may be.

    Args:
        operand: a constant, or a tensor whose graph has a box.
        step: monotone on each side of 0, from Fractions.

    Raises:
        FormatError: it is not constant on the box, or there is no box.

    >>> each_step(np.array([-0.5, 2.5]), int).tolist()
    [0, 2]
    """
    if not isinstance(operand, Tensor):
        return object_array([step(entry) for entry in fractions(operand).ravel()]).reshape(operand.shape)
    if operand.graph.box is None:
        raise FormatError("it is not piecewise linear where it depends on the network's input; a constant is expected")
    if not all(map(_copies, ancestors(operand.value))):
        operand.graph.refuse_floats(_STEPS)
    lows, highs = (side.vector() for side in _bounds(operand.value, operand.graph.box))
    results = []
    for low, high in zip(lows, highs, strict=True):
        result, *others = [step(number) for number in (low, high, *([type(low)(0)] * (low < 0 < high)))]
        if any(other != result for other in others):
            raise FormatError(
                f"it depends on a value between {text(low)} and {text(high)}, on which it is not constant; a smaller domain is "
                "expected"
            )
        results.append(result)
    return object_array(results).reshape(operand.shape)


def positivity(tensor: Tensor) -> Array:
    """Return 1 for entries that are positive on the whole box, -1 for those that are positive nowhere, else 0."""
    known = np.zeros(tensor.shape, int)
    if tensor.graph.box is not None:
        lows, highs = (side.vector() for side in _bounds(tensor.value, tensor.graph.box))
        known = np.array([(low > 0) - (high <= 0) for low, high in zip(lows, highs, strict=True)]).reshape(tensor.shape)
    compared = _entries(tensor.value) <= 2 and all(map(_copies, ancestors(tensor.value) - {tensor.value}))
    if not (known.all() and compared):
        tensor.graph.refuse_floats(_STEPS)
    return known


def _copies(value: Value) -> bool:
    """Whether every entry of a value is one of its sources, perhaps with its sign changed, the ReLU of one, or zero."""
    return value.constant is None and _entries(value) <= 1


def _entries(value: Value) -> int:
    """Return how many numbers an entry of a value is the sum of, at most; more than two if some are not copies."""
    parts = [matrix for _, matrix in value.terms]
    if any((np.abs(matrix.values) != (matrix.denominator or 1)).any() for matrix in parts):
        return 3
    rows = np.concatenate(
        [part.rows for part in (*parts, *([] if value.constant is None else [value.constant]))] or [np.zeros(0, int)]
    )
    return int(np.bincount(rows, minlength=1).max())


def _bounds(output: Value, box: tuple[Sparse, Sparse]) -> tuple[Sparse, Sparse]:
    """Return lower and upper bounds of a value's entries, as columns, by interval arithmetic."""
    known: dict[Value, tuple[Sparse, Sparse]] = {}
    for value in sorted(ancestors(output), key=lambda each: each.number):
        if not value.terms:
            known[value] = box
            continue
        sides = []
        for first in (0, 1):  # a lower bound takes lower bounds where it has positive factors, and upper ones elsewhere
            parts = [] if value.constant is None else [value.constant]
            for source, matrix in value.terms:
                parts += [matrix.positive().after(known[source][first]), matrix.negative().after(known[source][1 - first])]
            total = Sparse.added(parts)
            sides.append(total.positive() if value.relu else total)
        known[value] = sides[0], sides[1]
    return known[output]
