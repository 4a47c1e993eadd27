"""Functions of PyTorch that compare and choose; of values that depend on the input, they make steps, see ``models.steps``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models import casts, steps
from exactzones.models.steps import Steppable, Stepped
from exactzones.models.tensors import Tensor
from exactzones.models.torch_operators.operands import operand, steppable, tensor

INPUT_TYPE = "the input's type"
"""Stands for the ``dtype`` of a tensor that depends on the input, which is exact."""


def greater(left: Any, right: Any) -> Steppable:
    """Tell where the first argument is greater."""
    return steps.positive(steps.settled(steps.added(operand(left), operand(right), -1)), "a comparison")


def less(left: Any, right: Any) -> Steppable:
    """Tell where the second argument is greater."""
    return greater(right, left)


def greater_or_equal(left: Any, right: Any) -> Steppable:
    """Tell where the second argument is not greater."""
    return steps.complement(less(left, right))


def less_or_equal(left: Any, right: Any) -> Steppable:
    """Tell where the first argument is not greater."""
    return steps.complement(greater(left, right))


def equal(left: Any, right: Any) -> Steppable:
    """Tell where the arguments are equal."""
    return steps.added(greater_or_equal(left, right), greater(left, right), -1)


def not_equal(left: Any, right: Any) -> Steppable:
    """Tell where the arguments differ."""
    return steps.complement(equal(left, right))


def negation(value: Any) -> Steppable:
    """Tell where a truth value does not hold."""
    return steps.complement(_truth(value))


def conjunction(left: Any, right: Any) -> Steppable:
    """Tell where both truth values hold."""
    return steps.multiplied(_truth(left), _truth(right))


def disjunction(left: Any, right: Any) -> Steppable:
    """Tell where one of two truth values holds, or both."""
    return negation(conjunction(negation(left), negation(right)))


def exclusive(left: Any, right: Any) -> Steppable:
    """Tell where exactly one of two truth values holds."""
    return steps.added(disjunction(left, right), conjunction(left, right), -1)


def _truth(value: Any) -> Steppable:
    value = steppable(value)
    if isinstance(value, Tensor) or (isinstance(value, Stepped) and not value.is_whole):
        raise FormatError("an argument is not a truth value; a comparison is expected")
    return value if isinstance(value, Stepped) else np.asarray(value != 0)


def where(condition: Any, left: Any, right: Any) -> Steppable:
    """Return the second argument where a condition holds, else the third; as a method, the first two change places."""
    if isinstance(condition, Tensor):
        condition, left = left, condition
    return steps.chosen(_truth(condition), steppable(left), steppable(right))


def masked_fill(x: Any, mask: Any, value: Any) -> Steppable:
    """Return a number where a condition holds, else x."""
    return where(mask, value, x)


def sign(x: Any) -> Steppable:
    """Return -1, 0 or 1."""
    return steps.sign(tensor(x), "a sign")


def threshold(x: Any, threshold: Any, value: Any, inplace: bool = False) -> Steppable:  # noqa: ARG001  torch's argument
    """Return x where it exceeds a threshold, else a number; continuous if these are equal."""
    return where(greater(x, threshold), x, value)


def softshrink(x: Any, lambd: Any = 0.5) -> Tensor:
    """Return ``x + lambd`` below ``-lambd``, ``x - lambd`` above ``lambd``, and 0 between them."""
    values, bound = tensor(x), np.array(lambd)
    return values.plus(bound, 1, -1).relu().plus(values.plus(bound, -1, -1).relu(), 1, -1)


def converted(x: Any, *arguments: Any, dtype: Any = None) -> Any:
    """Return a value in another type: a constant is rounded, and what depends on the input stays exact."""
    kinds = [each for each in (dtype, *arguments) if str(each).startswith("torch.") or each == INPUT_TYPE]
    if not kinds and not isinstance(x, np.ndarray):
        return x  # to another device
    kind = casts.BY_NAME.get(str(kinds[0]).removeprefix("torch.")) if len(kinds) == 1 else None
    if isinstance(x, np.ndarray):
        if kind is None:
            raise FormatError(f"its arguments are {arguments or dtype}; a floating-point type is expected")
        return kind.rounded(x, "its argument")
    if kind is None and kinds != [INPUT_TYPE] and not (isinstance(x, Stepped) and x.is_whole):
        raise FormatError("a cast to integers or truth values is not piecewise linear; a cast to floats is expected")
    return x


TABLE: dict[str, Callable[..., Any]] = {
    "and": conjunction,
    "bitwise_and": conjunction,
    "bitwise_not": negation,
    "bitwise_or": disjunction,
    "bitwise_xor": exclusive,
    "eq": equal,
    "ge": greater_or_equal,
    "greater": greater,
    "greater_equal": greater_or_equal,
    "gt": greater,
    "invert": negation,
    "le": less_or_equal,
    "less": less,
    "less_equal": less_or_equal,
    "logical_and": conjunction,
    "logical_not": negation,
    "logical_or": disjunction,
    "logical_xor": exclusive,
    "lt": less,
    "masked_fill": masked_fill,
    "ne": not_equal,
    "not_equal": not_equal,
    "or": disjunction,
    "sign": sign,
    "softshrink": softshrink,
    "_threshold": threshold,
    "threshold": threshold,
    "to": converted,
    "where": where,
    "xor": exclusive,
}
"""By name of a function or method."""
