"""The weights of a network as float arrays, for file formats that hold nothing else, if that loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.rational import Vector, text

Array: TypeAlias = np.ndarray[Any, Any]


def float_arrays(network: Network) -> list[tuple[Array, Array]]:
    """Return (weight, bias) of every layer: all float32 if that is exact, else all float64.

    Returns:
        arrays of shapes (outputs, inputs) and (outputs,).

    Raises:
        InputError: a weight that is no 64-bit float; the message names it and says which format can hold it.
    """
    wide = [
        (_array(layer.weight.rows, f"layer {k} weight"), _array([layer.bias], f"layer {k} bias")[0])
        for k, layer in enumerate(network.layers)
    ]
    with np.errstate(over="ignore"):
        narrow = [(weight.astype(np.float32), bias.astype(np.float32)) for weight, bias in wide]
    loses_nothing = all(
        np.array_equal(a, b) for pair, other in zip(wide, narrow, strict=True) for a, b in zip(pair, other, strict=True)
    )
    return narrow if loses_nothing else wide


def _array(rows: Sequence[Vector], what: str) -> Array:
    return np.array([[_float(entry, f"{what}[{i}][{j}]") for j, entry in enumerate(row)] for i, row in enumerate(rows)])


def _float(value: Fraction, what: str) -> float:
    try:
        nearest = float(value)
    except OverflowError:
        nearest = 0.0
    if nearest != value:  # Python compares a float with a Fraction exactly
        shown = text(value)
        number = f"{shown}, which" if len(shown) < 60 else "a long number that"
        raise InputError(f"{what} is {number} no 64-bit float equals; save the network as .json, which holds it exactly")
    return nearest
