"""Operators of ONNX that are computed for constants only: roots and powers, rounding, quantized weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models import bounds, tensors
from exactzones.models.arrays import Array, Shape, computed, fractions, object_array
from exactzones.models.folding import lifted
from exactzones.models.normalization import quotient_by_root
from exactzones.models.onnx_node import OnnxNode, Operand, axes_from_front
from exactzones.models.tensors import Tensor
from exactzones.rational import text
from exactzones.rational.approximation import Rationalization, exponential

_LARGEST_EXPONENT, _MOST_FACTORS = 64, 10_000
_BYTES = {"int8": (-128, 127), "uint8": (0, 255)}


def _constant(node: OnnxNode, place: int = 0) -> Array:
    operand = node.operand(place)
    if isinstance(operand, Tensor):
        raise FormatError("it is not piecewise linear where it depends on the network's input; a constant is expected")
    return operand


def each(function: Callable[[Fraction], Any]) -> Callable[[OnnxNode], Operand]:
    """Return the operator that applies a step function to each entry; integers stay integers."""

    def compute(node: OnnxNode) -> Operand:
        operand = node.operand()
        result = bounds.each_step(operand, lambda entry: Fraction(function(entry)))
        return result.astype(np.int64) if isinstance(operand, np.ndarray) and operand.dtype.kind == "i" else result

    return compute


def reciprocal(node: OnnxNode) -> Operand:
    """Return ``1 / x``."""
    array = fractions(_constant(node))
    if not np.asarray(array != 0).all():
        raise FormatError("it divides by an entry 0; nonzero numbers are expected")
    return object_array([1 / entry for entry in array.ravel()]).reshape(array.shape)


def square_root(node: OnnxNode) -> Operand:
    """Return the square root: exactly where it is rational, else the nearest float, which is recorded."""
    return _powers(node, fractions(_constant(node)), _HALVES)


def exponentials(node: OnnxNode) -> Operand:
    """Return powers of e: the nearest floats, which are recorded."""
    array = fractions(_constant(node))
    pairs = [exponential(entry, f"{node.name}: exp({text(entry)})") for entry in array.ravel()]
    return _recorded([value for value, _ in pairs], [record for _, record in pairs if record is not None], array.shape)


def power(node: OnnxNode) -> Operand:
    """Return powers of constants to integers and to halves of them; a square root that is not rational is the nearest float.

    The exponents 0 and 1 are possible of tensors that depend on the input, too.
    """
    left, right = node.operand(), node.operand(1)
    if isinstance(left, Tensor) and not isinstance(right, Tensor) and all(entry in (0, 1) for entry in fractions(right).ravel()):
        own = fractions(right)
        return left.times(own).plus(np.asarray(1 - own, object))
    base, exponent = fractions(_constant(node)), fractions(_constant(node, 1))
    shape = tensors.broadcast(base.shape, exponent.shape)
    return _powers(node, np.broadcast_to(base, shape), np.broadcast_to(exponent, shape))


_HALVES = np.array(Fraction(1, 2), object)


def _powers(node: OnnxNode, bases: Array, exponents: Array) -> Operand:
    results, records = [], []
    for base, exponent in zip(bases.ravel(), np.broadcast_to(exponents, bases.shape).ravel(), strict=True):
        if exponent.denominator > 2 or abs(exponent) > _LARGEST_EXPONENT or (not base and exponent < 0):
            raise FormatError(f"the power {base} ^ {exponent} is not supported; exponents such as 2, -1 or 1/2 are expected")
        if exponent.denominator == 1:
            results.append(base ** int(exponent))
            continue
        if base < 0:
            raise FormatError(f"it takes a root of {base}; numbers from 0 are expected")
        above = base ** int(exponent + Fraction(1, 2)) if base else Fraction(0)
        value, record = quotient_by_root(above, base, f"{node.name}: ({base}) ^ ({exponent})")
        results.append(value)
        records += [] if record is None else [record]
    return _recorded(results, records, bases.shape)


def _recorded(results: list[Fraction], records: Sequence[Rationalization], shape: Shape) -> Tensor:
    """Return constants as a tensor with the records of those that are not exact."""
    tensor = lifted(computed(object_array(results)).reshape(shape))
    tensor.graph.rationalizations += records
    return tensor


def reduce_product(node: OnnxNode) -> Operand:
    """Return products along axes."""
    array, axes = _constant(node), node.integers(1, "axes")
    if axes is None and node.attributes["noop_with_empty_axes"]:
        return array
    chosen = tuple(range(array.ndim)) if axes is None else tuple(axes_from_front(axes, array.ndim))
    if math.prod(array.shape[axis] for axis in chosen) > _MOST_FACTORS:
        raise FormatError(f"it multiplies more than {_MOST_FACTORS} numbers, which is not supported")
    integers = array.dtype.kind == "i"
    result = np.prod(array if integers else fractions(array), axis=chosen, keepdims=bool(node.attributes["keepdims"]))
    return np.asarray(result, np.int64) if integers else computed(np.asarray(result, object))


def reduce_norm(node: OnnxNode) -> Operand:
    """Return Euclidean norms along axes: exactly where they are rational, else the nearest float, which is recorded."""
    array, axes = fractions(_constant(node)), node.integers(1, "axes")
    if axes is None and node.attributes["noop_with_empty_axes"]:
        raise FormatError("it has no axes; at least one is expected")
    chosen = tuple(range(array.ndim)) if axes is None else tuple(axes_from_front(axes, array.ndim))
    squares = np.asarray(np.sum(array * array, axis=chosen, keepdims=bool(node.attributes["keepdims"])), object)
    return _powers(node, squares, _HALVES)


def modulo(node: OnnxNode) -> Operand:
    """Return remainders of integers, with the sign of the divisor."""
    left, right = _constant(node), _constant(node, 1)
    if left.dtype.kind != "i" or right.dtype.kind != "i" or node.attributes["fmod"] or not right.all():
        raise FormatError("only remainders of integers by nonzero integers, without fmod, are supported")
    tensors.broadcast(left.shape, right.shape)
    return np.asarray(left % right)


def range_(node: OnnxNode) -> Operand:
    """Return numbers from a start to before an end, by a step."""
    start, stop, step = (_constant(node, place).reshape(-1) for place in range(3))
    integers = all(each.dtype.kind == "i" and each.size == 1 for each in (start, stop, step))
    if not integers or not step[0] or abs(int(stop[0]) - int(start[0])) // abs(int(step[0])) > MAX_WEIGHTS:
        raise FormatError(f"only a range of integers, with a step that is not 0 and at most {MAX_WEIGHTS} entries, is supported")
    return np.arange(int(start[0]), int(stop[0]), int(step[0]), dtype=np.int64)


def size(node: OnnxNode) -> Operand:
    """Return the number of entries."""
    return np.array(math.prod(node.shape), np.int64)


def nonzero(node: OnnxNode) -> Operand:
    """Return the places of the entries that are not zero."""
    return np.asarray(np.nonzero(_constant(node)), np.int64)


def _along_axis(node: OnnxNode, place: int, rank: int) -> Array:
    """Return a scale or a zero point: one number, or one for each entry of an axis."""
    array = fractions(node.array(place))
    if array.ndim == 0 or array.size == 1:
        return array.reshape(())
    (axis,) = axes_from_front([node.attributes["axis"]], rank)
    if array.ndim != 1 or array.shape != node.shape[axis : axis + 1] or node.attributes["block_size"]:
        raise FormatError(f"its scale has shape {array.shape}; one number, or one for each entry of axis {axis}, is expected")
    return array.reshape(-1, *[1] * (rank - 1 - axis))


def dequantize(node: OnnxNode) -> Operand:
    """Return ``scale (x - zero point)`` of integers that are constants: quantized weights."""
    if isinstance(node.operand(), Tensor):
        raise FormatError("its input is a quantized value that depends on the network's input; export the model with floats")
    rank = len(node.shape)
    zero = _along_axis(node, 2, rank) if node.constant(2) is not None else np.array(Fraction(0), object)
    return np.asarray((fractions(_constant(node)) - zero) * _along_axis(node, 1, rank), object)


def quantize(node: OnnxNode) -> Operand:
    """Return ``round(x / scale) + zero point``, saturated, of constants."""
    if isinstance(node.operand(), Tensor):
        raise FormatError("it quantizes a value that depends on the network's input, which makes steps of it; export floats")
    rank, zero_point = len(node.shape), node.constant(2)
    low, high = _BYTES.get("uint8" if zero_point is None else zero_point.dtype.name, (0, -1))
    if low > high or node.attributes["output_dtype"]:
        raise FormatError("it quantizes to a type that is not supported; supported are int8 and uint8")
    zero = _along_axis(node, 2, rank) if zero_point is not None else np.array(Fraction(0), object)
    scaled = np.asarray(fractions(_constant(node)) / _along_axis(node, 1, rank), object)
    rounded = np.asarray(object_array([round(entry) for entry in scaled.ravel()]).reshape(scaled.shape) + zero, object)
    return np.array([min(max(int(entry), low), high) for entry in rounded.ravel()], np.int64).reshape(scaled.shape)
