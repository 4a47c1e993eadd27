"""Activation functions of PyTorch, entry by entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from exactzones.models import steps, tensors
from exactzones.models.steps import Steppable
from exactzones.models.tensors import Tensor
from exactzones.models.torch_operators.arithmetic import div
from exactzones.models.torch_operators.operands import constant, optional_constant, steppable, tensor


def absolute(x: Any) -> Tensor:
    """Return the absolute value."""
    return tensors.absolute(tensor(x))


def clamp(x: Any, min: Any = None, max: Any = None) -> Tensor:  # noqa: A002  torch's names
    """Return ``min(max(x, low), high)``; either bound may be None."""
    return tensors.clipped(tensor(x), optional_constant(min, "the lower bound"), optional_constant(max, "the upper bound"))


def clamp_max(x: Any, max: Any) -> Tensor:  # noqa: A002  torch's name
    """Return ``min(x, max)``."""
    return clamp(x, None, max)


def clamp_min(x: Any, min: Any) -> Tensor:  # noqa: A002  torch's name
    """Return ``max(x, min)``."""
    return clamp(x, min, None)


def hardsigmoid(x: Any, inplace: bool = False) -> Tensor:  # noqa: ARG001  torch's argument
    """Return ``min(max(x / 6 + 1 / 2, 0), 1)``."""
    return tensors.clipped(div(tensor(x), 6).plus(np.array(0.5)), 0, 1)


def hardtanh(x: Any, min_val: Any = -1.0, max_val: Any = 1.0, inplace: bool = False) -> Tensor:  # noqa: ARG001
    """Return ``min(max(x, min_val), max_val)``."""
    return tensors.clipped(tensor(x), min_val, max_val)


def leaky_relu(x: Any, negative_slope: Any = 0.01, inplace: bool = False) -> Tensor:  # noqa: ARG001
    """Return x where it is positive, else ``negative_slope x``."""
    return tensors.leaky(tensor(x), negative_slope)


def prelu(x: Any, weight: Any) -> Tensor:
    """Return x where it is positive, else x times the slope of its channel."""
    x, slopes = tensor(x), constant(weight, "the slope")
    if slopes.size == 1:
        return tensors.leaky(x, slopes.reshape(()))
    if slopes.size > 1:
        slopes = slopes.reshape(-1, *[1] * (len(x.shape) - 2))
    return tensors.leaky(x, slopes)


def relu(x: Any, inplace: bool = False) -> Steppable:  # noqa: ARG001
    """Return the ReLU."""
    jumping = steps.rectified(steppable(x))
    return tensor(x).relu() if jumping is None else jumping


def relu6(x: Any, inplace: bool = False) -> Tensor:
    """Return ``min(max(x, 0), 6)``."""
    return hardtanh(x, 0, 6, inplace)
