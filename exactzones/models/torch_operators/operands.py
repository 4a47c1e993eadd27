"""Arguments of PyTorch's functions and methods."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from inspect import Parameter, signature
from typing import Any, NamedTuple, TypeVar

import numpy as np

from exactzones.errors import FormatError
from exactzones.models.arrays import Array
from exactzones.models.folding import folded, lifted
from exactzones.models.steps import Operand, Steppable, Stepped, settled
from exactzones.models.tensors import Tensor

_Result = TypeVar("_Result")


class Extremes(NamedTuple):
    """The result of ``max`` or ``min`` along an axis; the places are not known."""

    values: Any
    indices: Any = None


class ConstantArgumentError(FormatError):
    """A function whose argument depends on the network's input has a constant."""


def steppable(value: Any) -> Steppable:
    """Return a tensor, which may have steps, an array or a number as an operand.

    Raises:
        FormatError: the value is something else.
    """
    if isinstance(value, (Tensor, np.ndarray, Stepped)):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return np.array(value)
    raise FormatError(f"an argument is a {type(value).__name__}; a tensor or a number is expected")


def operand(value: Any) -> Operand:
    """Return a tensor, an array or a number as an operand.

    Raises:
        FormatError: the value is something else, or has steps.
    """
    return settled(steppable(value))


def tensor(value: Any) -> Tensor:
    """Return an argument that depends on the network's input.

    Raises:
        FormatError: it has steps.
        ConstantArgumentError: it is a constant.
    """
    known = settled(value) if isinstance(value, Stepped) else value
    if not isinstance(known, Tensor):
        raise ConstantArgumentError("its argument is a constant; a tensor that depends on the network's input is expected")
    return known


def constant(value: Any, what: str) -> Array:
    """Return an argument that must be a constant.

    Raises:
        FormatError: it depends on the network's input, or is neither a tensor nor a number.
    """
    if isinstance(value, (Tensor, Stepped)):
        raise FormatError(f"{what} depends on the network's input; a constant is expected")
    return np.asarray(operand(value))


def optional_constant(value: Any, what: str) -> Array | None:
    """Return an argument that must be a constant or None.

    Raises:
        FormatError: see ``constant``.
    """
    return None if value is None else constant(value, what)


def axis_from_front(axis: int, rank: int) -> int:
    """Return an axis counted from the front.

    Raises:
        FormatError: there is no such axis.
    """
    if not -rank <= axis < rank:
        raise FormatError(f"axis {axis} does not exist; {-rank} to {rank - 1} is expected")
    return axis % rank


def of_steps(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function that moves the entries of its first argument also take one with steps."""

    @wraps(function)
    def call(x: Any, *arguments: Any, **named: Any) -> Any:
        if not isinstance(x, Stepped):
            return function(x, *arguments, **named)
        return x.moved(partial(_of_part, function, arguments, named))

    return call


def _of_part(function: Callable[..., Any], arguments: Any, named: Any, part: Operand) -> Operand:
    if isinstance(part, Tensor):
        return tensor(function(part, *arguments, **named))
    return folded(function(lifted(part), *arguments, **named))


def options_by_position(function: Callable[..., _Result]) -> Callable[..., _Result]:
    """Let callers pass a function's keyword-only arguments by position, too, in their order, as PyTorch does."""
    parameters = signature(function).parameters.values()
    options = [parameter.name for parameter in parameters if parameter.kind is Parameter.KEYWORD_ONLY]
    count = len(parameters) - len(options)

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> _Result:
        if len(arguments) > count + len(options):
            raise TypeError(f"{len(arguments)} arguments are passed; at most {count + len(options)} are expected")
        return function(*arguments[:count], **dict(zip(options, arguments[count:], strict=False)), **named)

    return call
