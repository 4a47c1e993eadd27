"""Operators of ONNX that make or convert constants, such as shapes."""

from __future__ import annotations

import math

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.arrays import Array
from exactzones.models.onnx_node import OnnxNode, Operand
from exactzones.models.tensors import Tensor

_FLOATS = (1, 10, 11, 16)  # FLOAT, FLOAT16, DOUBLE, BFLOAT16
_INTEGERS = (6, 7)  # INT32, INT64


def cast(node: OnnxNode) -> Operand:
    """Return the operand in another type: floats as they are, integer constants as floats or 64-bit integers."""
    operand, kind = node.operand(), node.attributes["to"]
    if isinstance(operand, Tensor) or operand.dtype.kind not in "iu":
        if kind in _FLOATS:
            return operand
    elif kind in _FLOATS:
        return operand.astype(np.float64)
    elif kind in _INTEGERS:
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
