"""Functions of PyTorch that are composed of others, and some of constants only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models.arrays import Array
from exactzones.models.torch_operators import activations, arithmetic, linear, shapes, windows
from exactzones.models.torch_operators.operands import operand


def addcmul(x: Any, left: Any, right: Any, *, value: Any = 1) -> Any:
    """Return ``x + value left right``."""
    return arithmetic.add(x, arithmetic.mul(left, right), alpha=value)


def addmm(x: Any, left: Any, right: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """Return ``beta x + alpha left right`` with a product of matrices."""
    return arithmetic.add(arithmetic.mul(linear.matmul(left, right), alpha), arithmetic.mul(x, beta))


def lerp(start: Any, end: Any, weight: Any) -> Any:
    """Return ``start + weight (end - start)``."""
    return arithmetic.add(start, arithmetic.mul(arithmetic.sub(end, start), weight))


def hstack(parts: Any) -> Any:
    """Concatenate along the second axis, or the first of vectors."""
    return shapes.cat(parts, min(1, len(operand(parts[0]).shape) - 1))


def movedim(x: Any, source: Any, destination: Any) -> Any:
    """Move axes to other places; the others keep their order."""
    numbered = np.empty(range(len(operand(x).shape)))  # the length of each axis is its number
    return shapes.permute(x, *np.moveaxis(numbered, source, destination).shape)


def triangular(cut: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``tril`` or ``triu``: all entries beyond a diagonal become 0."""
    return lambda x, diagonal=0: arithmetic.mul(x, cut(np.ones(operand(x).shape[-2:]), diagonal))


def arange(*bounds: Any, **_: Any) -> Array:
    """Return integers from a start to before an end."""
    return np.arange(*bounds)


def full(size: Any, fill_value: Any, **_: Any) -> Array:
    """Return equal numbers."""
    return np.full(tuple(size), float(fill_value))


def rrelu(x: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, *_: Any, **__: Any) -> Any:
    """Return the leaky ReLU with the mean of two slopes, which the function draws between them in training.

    Raises:
        FormatError: it draws them in evaluation mode, too.
    """
    if training:
        raise FormatError("it draws slopes in evaluation mode, too; write training=self.training, or use nn.RReLU")
    return activations.leaky_relu(x, (lower + upper) / 2)


def max_pool_with_indices(*arguments: Any) -> tuple[Any]:
    """Return the maxima only: the places are not known."""
    return (windows.max_pool(2)(*arguments),)
