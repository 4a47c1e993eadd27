"""Arithmetic of ONNX: sums, products with constants, maxima, minima, and sums along axes; also exact for constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from exactzones.errors import FormatError
from exactzones.models import pooling, steps, tensors
from exactzones.models.arrays import Array, computed, fractions
from exactzones.models.folding import folded, lifted
from exactzones.models.onnx_node import OnnxNode, Operand, Steppable, axes_from_front
from exactzones.models.tensors import Tensor


def add(node: OnnxNode) -> Steppable:
    """Return the sum, with broadcasting."""
    return _sum_or_difference(node, 1)


def subtract(node: OnnxNode) -> Steppable:
    """Return the difference, with broadcasting."""
    return _sum_or_difference(node, -1)


def _sum_or_difference(node: OnnxNode, sign: int) -> Steppable:
    left, right = node.steppable(0), node.steppable(1)
    if isinstance(left, steps.Stepped) or isinstance(right, steps.Stepped):
        return steps.added(left, right, sign)
    if isinstance(left, Tensor):
        return left.plus(right, 1, sign)
    if isinstance(right, Tensor):
        return right.plus(left, sign, 1)
    return _folded(left, right, lambda a, b: a + sign * b)


def multiply(node: OnnxNode) -> Steppable:
    """Return the product, with broadcasting; one factor is a constant, or a step."""
    left, right = node.steppable(0), node.steppable(1)
    if isinstance(left, steps.Stepped) or isinstance(right, steps.Stepped):
        return steps.multiplied(left, right)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        raise FormatError(tensors.NO_CONSTANT_FACTOR)
    if isinstance(left, Tensor):
        return left.times(node.array(1))
    if isinstance(right, Tensor):
        return right.times(left)
    return _folded(left, right, lambda a, b: a * b)


def divide(node: OnnxNode) -> Steppable:
    """Return the quotient by a constant, with broadcasting; of integers it is truncated towards zero."""
    left, divisor = node.steppable(0), node.operand(1)
    if isinstance(divisor, Tensor):
        raise FormatError("a quotient by a tensor that depends on the input is not piecewise linear; make the divisor a constant")
    if not np.asarray(divisor != 0).all():
        raise FormatError("its divisor has an entry 0; nonzero numbers are expected")
    if isinstance(left, (Tensor, steps.Stepped)):
        if isinstance(left, Tensor):
            return left.divided(divisor)
        return steps.multiplied(left, np.asarray(Fraction(1) / fractions(divisor), object))
    if left.dtype.kind == divisor.dtype.kind == "i":
        return _folded(left, divisor, lambda a, b: np.where(a * b < 0, -(abs(a) // abs(b)), abs(a) // abs(b)))
    return _folded(left, divisor, lambda a, b: a / b)


def negate(node: OnnxNode) -> Steppable:
    """Return ``-x``."""
    x, minus = node.steppable(), np.array(-1)
    return steps.multiplied(x, minus) if isinstance(x, steps.Stepped) else node.tensor().times(minus)


def _folded(left: Array, right: Array, operation: Callable[[Array, Array], Array]) -> Array:
    """Compute with constants: with integers as NumPy does, with all others exactly."""
    shape = tensors.broadcast(left.shape, right.shape)
    if left.dtype.kind == right.dtype.kind == "i":
        return np.asarray(operation(left, right))
    result = np.empty(math.prod(shape), object)
    result[:] = np.broadcast_to(np.asarray(operation(fractions(left), fractions(right)), object), shape).ravel()
    return computed(result).reshape(shape)


def maximum(node: OnnxNode) -> Operand:
    """Return the elementwise maximum of any number of operands, with broadcasting."""
    return _in_pairs(node, tensors.maximum)


def minimum(node: OnnxNode) -> Operand:
    """Return the elementwise minimum of any number of operands, with broadcasting."""
    return _in_pairs(node, tensors.minimum)


def sum_(node: OnnxNode) -> Operand:
    """Return the sum of any number of operands, with broadcasting."""
    return _in_pairs(node, lambda left, right: left.plus(right))


def _in_pairs(node: OnnxNode, pairwise: Callable[[Tensor, Operand], Tensor]) -> Operand:
    """Apply an operation of two operands to all operands in pairs, then to pairs of pairs, so that there are few layers."""
    every = [node.operand(place) for place in range(len(node.operands))]
    operands: Sequence[Operand] = sorted(every, key=lambda operand: not isinstance(operand, Tensor))  # constants last
    while len(operands) > 1:
        operands = [_pair(operands[k : k + 2], pairwise) for k in range(0, len(operands), 2)]
    return operands[0]


def _pair(operands: Sequence[Operand], pairwise: Callable[[Tensor, Operand], Tensor]) -> Operand:
    if len(operands) == 1:
        return operands[0]
    left, right = operands
    return pairwise(left, right) if isinstance(left, Tensor) else folded(pairwise(lifted(left), right))


def reduce_mean(node: OnnxNode) -> Tensor:
    """Return means along axes."""
    return _reduced(node, mean=True)


def reduce_sum(node: OnnxNode) -> Tensor:
    """Return sums along axes."""
    return _reduced(node, mean=False)


def reduce_absolute(node: OnnxNode) -> Tensor:
    """Return sums of absolute values along axes."""
    axes = _reduced_axes(node)
    if not axes:
        raise FormatError("it has no axes; at least one is expected")
    return pooling.summed(tensors.absolute(node.tensor()), axes, mean=False, keep=bool(node.attributes["keepdims"]))


def reduce_maximum(node: OnnxNode) -> Tensor:
    """Return maxima along axes."""
    return pooling.greatest(node.tensor(), _reduced_axes(node), keep=bool(node.attributes["keepdims"]))


def reduce_minimum(node: OnnxNode) -> Tensor:
    """Return minima along axes."""
    minus = np.array(-1)
    return pooling.greatest(node.tensor().times(minus), _reduced_axes(node), keep=bool(node.attributes["keepdims"])).times(minus)


def mean(node: OnnxNode) -> Operand:
    """Return the mean of any number of operands, with broadcasting."""
    total, count = sum_(node), np.array(len(node.operands))
    return total.divided(count) if isinstance(total, Tensor) else np.asarray(fractions(total) / int(count), object)


def _reduced_axes(node: OnnxNode) -> set[int]:
    """Return the axes along which a node reduces, from the front."""
    rank = len(node.shape)
    axes = node.integers(1, "axes")
    if axes is None:
        axes = [] if node.attributes["noop_with_empty_axes"] else list(range(rank))
    return set(axes_from_front(axes, rank))


def _reduced(node: OnnxNode, *, mean: bool) -> Tensor:
    x, axes = node.tensor(), _reduced_axes(node)
    return pooling.summed(x, axes, mean=mean, keep=bool(node.attributes["keepdims"])) if axes else x
