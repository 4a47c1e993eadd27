"""Arithmetic of PyTorch: sums, products by constants, maxima and minima, sums along axes; exact for constants, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models import pooling, steps, tensors
from exactzones.models.arrays import computed, fractions
from exactzones.models.casts import FLOAT32
from exactzones.models.steps import Operand, Stepped
from exactzones.models.tensors import Tensor
from exactzones.models.torch_operators.operands import axis_from_front, constant, operand, steppable, tensor


def add(left: Any, right: Any, *, alpha: Any = 1) -> Any:
    """Return ``left + alpha right``; integers, which are lengths of axes, stay integers."""
    return _sum_or_difference(left, right, alpha, 1)


def sub(left: Any, right: Any, alpha: Any = 1) -> Any:
    """Return ``left - alpha right``."""
    return _sum_or_difference(left, right, alpha, -1)


def _sum_or_difference(left: Any, right: Any, alpha: Any, sign: int) -> Any:
    if isinstance(left, tuple) and isinstance(right, tuple):  # lengths of axes
        return left + right
    if isinstance(left, int) and isinstance(right, int):
        return left + sign * right
    left, right = steppable(left), steppable(right)
    if alpha != 1:
        right = mul(right, alpha)
    if isinstance(left, Stepped) or isinstance(right, Stepped):
        return steps.added(left, right, sign)
    if isinstance(left, Tensor):
        return left.plus(right, 1, sign)
    if isinstance(right, Tensor):
        return right.plus(left, sign, 1)
    return computed(np.asarray(fractions(left) + sign * fractions(right), object))


def mul(left: Any, right: Any) -> Any:
    """Return the product; one factor must be a constant, or a step."""
    if isinstance(left, int) and isinstance(right, int):
        return left * right
    left, right = steppable(left), steppable(right)
    if isinstance(left, Stepped) or isinstance(right, Stepped):
        return steps.multiplied(left, right)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        raise FormatError(tensors.NO_CONSTANT_FACTOR)
    if isinstance(left, Tensor):
        return left.times(constant(right, "a factor"))
    if isinstance(right, Tensor):
        return right.times(left)
    return computed(np.asarray(fractions(left) * fractions(right), object))


def div(left: Any, right: Any) -> Any:
    """Return the quotient by a constant."""
    divisor = fractions(constant(right, "the divisor"))
    if not np.asarray(divisor != 0).all():
        raise FormatError("its divisor has an entry 0; nonzero numbers are expected")
    dividend = steppable(left)
    return dividend.divided(divisor) if isinstance(dividend, Tensor) else mul(dividend, np.asarray(1 / divisor, object))


def floordiv(left: Any, right: Any) -> int:
    """Return the floor of the quotient of two integers, which are lengths of axes."""
    if not isinstance(left, int) or not isinstance(right, int) or right == 0:
        raise FormatError("a floor division is not piecewise linear; two lengths of axes, the second not 0, are expected")
    return left // right


def neg(x: Any) -> Any:
    """Return ``-x``."""
    return mul(x, -1) if isinstance(x, Stepped) else tensor(x).times(np.array(-1))


def rsub(left: Any, right: Any, alpha: Any = 1) -> Any:
    """Return ``right - alpha left``."""
    return sub(right, left, alpha)


def maximum(left: Any, right: Any = None) -> Tensor:
    """Return the elementwise maximum of two operands; one may be a constant."""
    return _larger_or_smaller(left, right, tensors.maximum)


def minimum(left: Any, right: Any = None) -> Tensor:
    """Return the elementwise minimum of two operands; one may be a constant."""
    return _larger_or_smaller(left, right, tensors.minimum)


def _larger_or_smaller(left: Any, right: Any, pairwise: Callable[[Tensor, Operand], Tensor]) -> Tensor:
    first, second = operand(left), operand(right)
    return pairwise(first, second) if isinstance(first, Tensor) else pairwise(tensor(second), first)


def mean(x: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Return means along axes, by default along all."""
    return _reduced(x, dim, mean=True, keep=keepdim)


def sum_(x: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Return sums along axes, by default along all."""
    return _reduced(x, dim, mean=False, keep=keepdim)


def _reduced(x: Any, dim: Any, *, mean: bool, keep: bool) -> Tensor:
    rank = len(tensor(x).shape)
    axes = range(rank) if dim is None else (dim,) if isinstance(dim, int) else dim
    return pooling.summed(tensor(x), {axis_from_front(axis, rank) for axis in axes}, mean=mean, keep=keep)


def to_float32(x: Any) -> Any:
    """Return a constant rounded to 32 bits; a tensor that depends on the input stays exact."""
    return FLOAT32.rounded(x, "its argument") if isinstance(x, np.ndarray) else x
