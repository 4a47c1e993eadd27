"""Operators of ONNX that make or convert constants, such as shapes."""

from __future__ import annotations

import math

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models import casts
from exactzones.models.arrays import Array
from exactzones.models.onnx_node import OnnxNode, Steppable
from exactzones.models.steps import Stepped
from exactzones.models.tensors import Tensor

_FLOATS = {1: casts.FLOAT32, 10: casts.FLOAT16, 11: casts.FLOAT64, 16: casts.BFLOAT16}
_INTEGERS = (6, 7)  # INT32, INT64


def cast(node: OnnxNode) -> Steppable:
    """Return the operand in another type.

    A constant is rounded if the type does not hold all numbers of its own type.  A tensor that depends on the input stays exact.
    """
    operand, target = node.steppable(), _FLOATS.get(node.attributes["to"])
    if isinstance(operand, Stepped) and (target is not None or operand.is_whole):
        return operand
    if isinstance(operand, (Tensor, Stepped)):
        if target is not None:
            return operand
    elif target is not None:
        source = None if node.origin is None else casts.BY_NAME.get(node.origin.name)
        return operand if source is not None and target.holds(source) else target.rounded(operand, "its input")
    elif node.attributes["to"] in _INTEGERS and operand.dtype.kind in "iu":
        return operand.astype(np.int64)
    raise FormatError("a cast to integers or truth values is not piecewise linear; a cast to floats is expected")


def shape(node: OnnxNode) -> Array:
    """Return the operand's shape."""
    return np.array(node.shape[node.attributes["start"] : node.attributes["end"]], np.int64)


def constant_of_shape(node: OnnxNode) -> Array:
    """Return an array of equal numbers."""
    lengths = node.integers(0) or []
    if min(lengths, default=0) < 0 or math.prod(lengths) > MAX_WEIGHTS:
        raise FormatError(f"its shape is {lengths}; lengths from 0 with at most {MAX_WEIGHTS} entries together are expected")
    return np.broadcast_to(np.asarray(node.attributes["value"]).reshape(-1)[:1], lengths)
