"""Operators of ONNX that make or convert constants, such as shapes."""

from __future__ import annotations

import math

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models import casts, steps
from exactzones.models.arrays import Array, fractions
from exactzones.models.bounds import each_step
from exactzones.models.onnx_node import OnnxNode, Steppable
from exactzones.models.steps import Stepped
from exactzones.models.tensors import Tensor

_FLOATS = {1: casts.FLOAT32, 10: casts.FLOAT16, 11: casts.FLOAT64, 16: casts.BFLOAT16}
_INTEGERS = {6: 31, 7: 63}  # INT32 and INT64: the number of digits
_BOOL = 9


def cast(node: OnnxNode) -> Steppable:
    """Return the operand in another type.

    A constant is rounded if the type does not hold all numbers of its own type.  A tensor that depends on the input stays exact;
    a cast to integers is read where it is constant, see ``bounds``, and one to truth values as a comparison.
    """
    operand, to = node.steppable(), node.attributes["to"]
    target = _FLOATS.get(to)
    if isinstance(operand, Stepped) and (target is not None or operand.is_whole):
        return operand
    if target is not None:
        if isinstance(operand, (Tensor, Stepped)):
            return operand
        source = None if node.origin is None else casts.BY_NAME.get(node.origin.name)
        return operand if source is not None and target.holds(source) else target.rounded(operand, "its input")
    if to in _INTEGERS:
        return _truncated(node, 2 ** _INTEGERS[to])
    if to == _BOOL:
        value, source_name = node.operand(), f"the cast {node.name!r}"
        if isinstance(value, Tensor):
            return steps.added(steps.positive(value, source_name), steps.positive(value.times(np.array(-1)), source_name))
        return np.asarray(fractions(value) != 0, bool)
    raise FormatError(f"a cast to type number {to} is not supported; a cast to floats, int32, int64 or bool is expected")


def _truncated(node: OnnxNode, limit: int) -> Array:
    operand = node.operand()
    if isinstance(operand, np.ndarray) and operand.dtype.kind in "iu":
        return operand.astype(np.int64)
    result = each_step(operand, int)
    if any(abs(entry) >= limit for entry in result.ravel()):
        raise FormatError("it casts a number that is too large for the type")
    return result.astype(np.int64)


def shape(node: OnnxNode) -> Array:
    """Return the operand's shape."""
    return np.array(node.shape[node.attributes["start"] : node.attributes["end"]], np.int64)


def eye_like(node: OnnxNode) -> Array:
    """Return ones on a diagonal, and zeros elsewhere, in the shape of the operand."""
    if len(node.shape) != 2:
        raise FormatError(f"its input has shape {node.shape}; a matrix is expected")
    return np.eye(*node.shape, k=node.attributes["k"])


def constant_of_shape(node: OnnxNode) -> Array:
    """Return an array of equal numbers."""
    lengths = node.integers(0) or []
    if min(lengths, default=0) < 0 or math.prod(lengths) > MAX_WEIGHTS:
        raise FormatError(f"its shape is {lengths}; lengths from 0 with at most {MAX_WEIGHTS} entries together are expected")
    return np.broadcast_to(np.asarray(node.attributes["value"]).reshape(-1)[:1], lengths)
