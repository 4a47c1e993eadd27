"""The weights of a network as float arrays, for file formats that hold only floats; inexact ones are refused."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from exactzones.errors import InputError
from exactzones.models.arrays import Array
from exactzones.network import Network
from exactzones.rational import Vector, text
from exactzones.rational.floats import equal_float


def float_arrays(network: Network) -> list[tuple[Array, Array]]:
    """Return weight and bias of every layer: all as float32 if that is exact, else all as float64.

    Returns:
        Pairs of arrays of shapes (outputs, inputs) and (outputs,).

    Raises:
        InputError: a weight is not a 64-bit float; the message names it and says which format can hold it.
    """
    wide = [
        (_array(layer.weight.rows, f"layer {k} weight"), _array([layer.bias], f"layer {k} bias")[0])
        for k, layer in enumerate(network.layers)
    ]
    with np.errstate(over="ignore"):
        narrow = [(weight.astype(np.float32), bias.astype(np.float32)) for weight, bias in wide]
    narrow_is_exact = all(
        np.array_equal(a, b) for pair, other in zip(wide, narrow, strict=True) for a, b in zip(pair, other, strict=True)
    )
    return narrow if narrow_is_exact else wide


def _array(rows: Sequence[Vector], what: str) -> Array:
    return np.array([[_float(entry, f"{what}[{i}][{j}]") for j, entry in enumerate(row)] for i, row in enumerate(rows)])


def _float(value: Fraction, what: str) -> float:
    nearest = equal_float(value)
    if nearest is None:
        digits = text(value)
        number = digits if len(digits) < 60 else "a long number"
        raise InputError(f"{what} is {number}, which is not a 64-bit float; save the network as .json, which holds it exactly")
    return nearest
