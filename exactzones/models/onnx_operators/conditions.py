"""Operators of ONNX that compare, choose and join truth values: of constants, and of values that depend on the input as steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from exactzones.models import steps, tensors
from exactzones.models.arrays import Array, fractions
from exactzones.models.onnx_node import OnnxNode, Operand, Steppable
from exactzones.models.tensors import Tensor


def greater(node: OnnxNode) -> Steppable:
    """Tell where the first operand is greater."""
    return _greater(node, 0, 1)


def less(node: OnnxNode) -> Steppable:
    """Tell where the second operand is greater."""
    return _greater(node, 1, 0)


def greater_or_equal(node: OnnxNode) -> Steppable:
    """Tell where the second operand is not greater."""
    return _negated(less(node))


def less_or_equal(node: OnnxNode) -> Steppable:
    """Tell where the first operand is not greater."""
    return _negated(greater(node))


def equal(node: OnnxNode) -> Steppable:
    """Tell where the operands are equal."""
    if isinstance(node.operand(0), Tensor) or isinstance(node.operand(1), Tensor):
        return steps.added(greater_or_equal(node), greater(node), -1)
    left, right = fractions(node.array(0)), fractions(node.array(1))
    tensors.broadcast(left.shape, right.shape)
    return np.asarray(left == right, bool)


def _greater(node: OnnxNode, first: int, second: int) -> Steppable:
    difference = steps.added(node.operand(first), node.operand(second), -1)
    return steps.positive(steps.settled(difference), f"the comparison {node.name!r}")


def _negated(value: Steppable) -> Steppable:
    return steps.complement(value) if isinstance(value, steps.Stepped) else np.logical_not(value)  # type: ignore[arg-type]


def negation(node: OnnxNode) -> Steppable:
    """Tell where a truth value does not hold."""
    return _negated(_truth(node, 0))


def conjunction(node: OnnxNode) -> Steppable:
    """Tell where both truth values hold."""
    return _joined(node, np.logical_and, steps.multiplied)


def disjunction(node: OnnxNode) -> Steppable:
    """Tell where one of two truth values holds, or both."""
    return _joined(node, np.logical_or, lambda a, b: steps.added(steps.added(a, b), steps.multiplied(a, b), -1))


def exclusive(node: OnnxNode) -> Steppable:
    """Tell where exactly one of two truth values holds."""
    return _joined(
        node,
        np.logical_xor,
        lambda a, b: steps.added(steps.added(a, b), steps.multiplied(steps.multiplied(a, b), np.array(2)), -1),
    )


def _joined(node: OnnxNode, of_constants: Callable[..., Any], of_steps: Callable[[Steppable, Steppable], Steppable]) -> Steppable:
    left, right = _truth(node, 0), _truth(node, 1)
    tensors.broadcast(tuple(left.shape), tuple(right.shape))
    if isinstance(left, steps.Stepped) or isinstance(right, steps.Stepped):
        return of_steps(left, right)
    return np.asarray(of_constants(left, right))


def _truth(node: OnnxNode, place: int) -> steps.Stepped | Array:
    value = node.steppable(place)
    return value if isinstance(value, steps.Stepped) else np.asarray(node.array(place), bool)


def choose(node: OnnxNode) -> Steppable:
    """Return the second operand where a condition holds, else the third."""
    condition = _truth(node, 0)
    parts = [node.steppable(1), node.steppable(2)]
    if isinstance(condition, steps.Stepped) or any(isinstance(part, steps.Stepped) for part in parts):
        return steps.chosen(condition, *parts)
    return _chosen_by_constant(condition, node.operand(1), node.operand(2))


def _chosen_by_constant(condition: Array, *parts: Operand) -> Operand:
    shape = tensors.broadcast(condition.shape, *(tuple(part.shape) for part in parts))
    where = np.broadcast_to(condition, shape)
    if not any(isinstance(part, Tensor) for part in parts):
        left, right = (part for part in parts if not isinstance(part, Tensor))
        if left.dtype != right.dtype:
            left, right = fractions(left), fractions(right)
        return np.where(where, left, right)
    flat = [part.reshaped((part.value.size,)) if isinstance(part, Tensor) else part.reshape(-1) for part in parts]
    sizes = [math.prod(part.shape) for part in parts]
    numbers = [np.arange(size).reshape(part.shape) for size, part in zip(sizes, parts, strict=True)]
    order = np.where(where, numbers[0], sizes[0] + numbers[1])
    return tensors.concatenated(flat, 0).moved(lambda _: order)


def sign(node: OnnxNode) -> Steppable:
    """Return -1, 0 or 1."""
    x = node.operand()
    if isinstance(x, Tensor):
        return steps.sign(x, f"the sign {node.name!r}")
    result = np.array([(entry > 0) - (entry < 0) for entry in fractions(x).ravel()], np.int64).reshape(x.shape)
    return result if x.dtype.kind == "i" else fractions(result)


def shrink(node: OnnxNode) -> Steppable:
    """Return ``x + bias`` below ``-lambd``, ``x - bias`` above ``lambd``, and 0 between them; continuous if both are equal."""
    x, own = node.tensor(), {name: fractions(np.array(node.attributes[name]), name) for name in ("lambd", "bias")}
    source, minus = f"Shrink {node.name!r}", np.array(-1)
    above = steps.positive(x.plus(own["lambd"], 1, -1), source)
    below = steps.positive(x.times(minus).plus(own["lambd"], 1, -1), source)
    return steps.chosen(above, x.plus(own["bias"], 1, -1), steps.chosen(below, x.plus(own["bias"]), np.array(0)))


def thresholded_relu(node: OnnxNode) -> Steppable:
    """Return x where it exceeds ``alpha``, else 0; continuous if ``alpha`` is 0."""
    x, alpha = node.tensor(), fractions(np.array(node.attributes["alpha"]), "alpha")
    return steps.multiplied(steps.positive(x.plus(alpha, 1, -1), f"ThresholdedRelu {node.name!r}"), x)
