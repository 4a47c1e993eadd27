"""Activation functions of ONNX, entry by entry."""

from __future__ import annotations

import math

import numpy as np

from exactzones.errors import FormatError
from exactzones.models import steps, tensors
from exactzones.models.onnx_node import OnnxNode, Operand, Steppable
from exactzones.models.tensors import Tensor

LARGEST = float(np.finfo(np.float32).max)


def absolute(node: OnnxNode) -> Tensor:
    """Return the absolute value."""
    return tensors.absolute(node.tensor())


def clip(node: OnnxNode) -> Tensor:
    """Return ``min(max(x, low), high)``; before opset 11 the bounds are attributes; extreme floats, the defaults, mean none."""
    bounds = [node.operand(k) if k < len(node.operands) and node.operands[k] is not None else None for k in (1, 2)]
    if len(node.operands) == 1:
        bounds = [np.array(node.attributes[name]) for name in ("min", "max")]
    for bound in bounds:
        if bound is not None and math.prod(bound.shape) != 1:
            raise FormatError(f"a bound has shape {bound.shape}; a single number is expected")
    low, high = (None if bound is None else _scalar(bound) for bound in bounds)
    low = None if isinstance(low, np.ndarray) and low <= -LARGEST else low
    high = None if isinstance(high, np.ndarray) and high >= LARGEST else high
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        x = node.tensor() if low is None else tensors.maximum(node.tensor(), low)
        return x if high is None else tensors.minimum(x, high)
    return tensors.clipped(node.tensor(), low, high)


def _scalar(operand: Operand) -> Operand:
    return operand.reshaped(()) if isinstance(operand, Tensor) else operand.reshape(())


def hard_sigmoid(node: OnnxNode) -> Tensor:
    """Return ``min(max(alpha x + beta, 0), 1)``."""
    alpha, beta = (np.array(node.attributes[name]) for name in ("alpha", "beta"))
    return tensors.clipped(node.tensor().times(alpha).plus(beta), 0, 1)


def leaky_relu(node: OnnxNode) -> Tensor:
    """Return x where it is positive, else ``alpha x``."""
    return tensors.leaky(node.tensor(), node.attributes["alpha"])


def prelu(node: OnnxNode) -> Tensor:
    """Return x where it is positive, else x times a slope."""
    return tensors.leaky(node.tensor(), node.array(1))


def relu(node: OnnxNode) -> Steppable:
    """Return the ReLU."""
    jumping = steps.rectified(node.steppable(0))
    return node.tensor().relu() if jumping is None else jumping
