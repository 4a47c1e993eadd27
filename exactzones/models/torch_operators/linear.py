"""Linear functions of PyTorch with weights: linear, matmul and batch_norm; see ``windows`` for convolutions."""

from __future__ import annotations

from typing import Any

from exactzones.errors import FormatError
from exactzones.models import folding, tensors
from exactzones.models.normalization import Statistics, normalized
from exactzones.models.tensors import Tensor
from exactzones.models.torch_operators.operands import (
    constant,
    operand,
    optional_constant,
    options_by_position,
    tensor,
)


def matmul(left: Any, right: Any) -> Any:
    """Return the matrix product; at most one factor depends on the network's input."""
    first, second = operand(left), operand(right)
    if isinstance(first, Tensor) or isinstance(second, Tensor):
        return tensors.product(first, second)
    return folding.product(first, second)


def linear(x: Any, weight: Any, bias: Any = None) -> Tensor:
    """Return ``x weight^T + bias``."""
    return tensors.dense(tensor(x), constant(weight, "the weight"), optional_constant(bias, "the bias"))


@options_by_position
def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    *,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: Any = 0.1,  # noqa: ARG001  for training only
    eps: float = 1e-5,
) -> Tensor:
    """Return the batch normalization with the running statistics."""
    if training:
        raise FormatError("it uses the statistics of the batch; training=False is expected, or training=self.training")
    return normalize(x, statistics(running_mean, running_var, weight=weight, bias=bias, eps=eps), "batch_norm")


def statistics(running_mean: Any, running_var: Any, *, weight: Any, bias: Any, eps: float) -> Statistics:
    """Return the statistics of a batch normalization.

    Raises:
        FormatError: there are no running statistics, or a part depends on the network's input.
    """
    if running_mean is None or running_var is None:
        raise FormatError(
            "it keeps no running statistics, so its result depends on the batch; track_running_stats=True is expected"
        )
    scale, shift = optional_constant(weight, "the weight"), optional_constant(bias, "the bias")
    mean, variance = constant(running_mean, "the running mean"), constant(running_var, "the running variance")
    return Statistics(mean, variance, scale, shift, eps)


def normalize(x: Any, own: Statistics, what: str) -> Tensor:
    """Return a batch normalization; ``what`` is its name in the network's rationalizations."""
    return normalized(tensor(x), own, what)
