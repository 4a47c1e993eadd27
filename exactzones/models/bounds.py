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
    if tensor.graph.box is None:
        return np.zeros(tensor.shape, int)
    lows, highs = (side.vector() for side in _bounds(tensor.value, tensor.graph.box))
    return np.array([(low > 0) - (high <= 0) for low, high in zip(lows, highs, strict=True)]).reshape(tensor.shape)


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
