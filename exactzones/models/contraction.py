"""Sums of products by an equation, as NumPy's einsum writes them: linear where one factor depends on the input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_uppercase

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.arrays import Array, fractions
from exactzones.models.sparse import Sparse
from exactzones.models.tensors import NO_CONSTANT_FACTOR, Tensor


def einsum(equation: str, operands: Sequence[Tensor | Array]) -> Tensor:
    """Return sums of products of operands, of which exactly one depends on the input.

    Args:
        equation: letters for the axes of each operand, such as "ij,jk->ik"; "..." stands for the axes in front.
        operands: as many as the equation has.

    Raises:
        FormatError: the equation does not fit the operands, two of them depend on the input, or there are too many products.
    """
    inputs, output = _letters(equation, [tuple(operand.shape) for operand in operands])
    variable = [k for k, operand in enumerate(operands) if isinstance(operand, Tensor)]
    if len(variable) != 1:
        raise FormatError(NO_CONSTANT_FACTOR)
    lengths: dict[str, int] = {}
    for letters, operand in zip(inputs, operands, strict=True):
        for letter, length in zip(letters, operand.shape, strict=True):
            if lengths.setdefault(letter, length) != length:
                raise FormatError(f"axis {letter!r} of equation {equation!r} has lengths {lengths[letter]} and {length}")
    order = [*output, *(letter for letter in lengths if letter not in output)]  # those that are summed last
    full = tuple(lengths[letter] for letter in order)
    if math.prod(full) > MAX_WEIGHTS:
        raise FormatError(f"equation {equation!r} gives {math.prod(full)} products; at most {MAX_WEIGHTS} are supported")
    shape = full[: len(output)]
    place = {letter: np.arange(lengths[letter]).reshape(-1, *[1] * (len(full) - 1 - k)) for k, letter in enumerate(order)}
    values: Array | None = None
    columns: Array = np.zeros((), np.int64)
    x = None
    for letters, operand in zip(inputs, operands, strict=True):
        at = tuple(place[letter] for letter in letters)
        if isinstance(operand, Tensor):
            x, columns = operand, operand.index[at]
        else:
            chosen = operand[at]
            values = chosen if values is None else np.asarray(fractions(values) * fractions(chosen), object)
    if x is None:
        raise FormatError(NO_CONSTANT_FACTOR)
    rows = np.repeat(np.arange(math.prod(shape)), math.prod(full[len(output) :]))
    entries = (np.broadcast_to(part, full).ravel() for part in (columns, np.array(1) if values is None else values))
    return x.mapped(Sparse.of((math.prod(shape), x.value.size), rows, *entries), shape)


def _letters(equation: str, shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], str]:
    """Return the letters of each operand's axes and of the result's, with letters in place of "..."."""
    left, arrow, output = equation.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(shapes):
        raise FormatError(f"equation {equation!r} has {len(inputs)} operands; there are {len(shapes)}")
    widest = 0
    for k, (letters, shape) in enumerate(zip(inputs, shapes, strict=True)):
        free = len(shape) - len(letters.replace("...", ""))
        if free < 0 or (free and "..." not in letters) or free > len(ascii_uppercase):
            raise FormatError(f"equation {equation!r} does not fit an operand of shape {shape}")
        inputs[k] = letters.replace("...", ascii_uppercase[len(ascii_uppercase) - free :])
        widest = max(widest, free)
    front = ascii_uppercase[len(ascii_uppercase) - widest :]
    if not arrow:
        every = "".join(inputs)
        output = front + "".join(sorted(letter for letter in set(every) if every.count(letter) == 1 and letter not in front))
    output = output.replace("...", front)
    unknown = set(output) - set("".join(inputs))
    if unknown or len(set(output)) < len(output) or not all(letter.isalpha() for letter in "".join(inputs)):
        raise FormatError(f"equation {equation!r} is not supported; an equation such as 'ij,jk->ik' is expected")
    return inputs, output


def along_axis(x: Tensor, axis: int, matrix: Array) -> Tensor:
    """Return the product of a matrix and the vectors along an axis of a tensor."""
    letters = "abcdefghijklmnopqrstuvwxy"[: len(x.shape)]
    result = einsum(f"{letters},z{letters[axis]}->{letters[:axis]}z{letters[axis + 1 :]}", [x, matrix])
    if not isinstance(result, Tensor):  # for mypy: x is one
        raise TypeError
    return result
