"""The weights of a network as float arrays, for file formats that hold nothing else, if that loses nothing."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.rational import text

Array: TypeAlias = np.ndarray[Any, Any]


def float_arrays(network: Network) -> list[tuple[Array, Array]]:
    """Return (weight, bias) of every layer: all float32 if that is exact, else all float64.

    Returns:
        arrays of shapes (outputs, inputs) and (outputs,).

    Raises:
        InputError: a weight that is no 64-bit float; the message names it and says which format can hold it.
    """
    arrays = [
        (
            np.array(
                [
                    [_float(entry, f"layer {k} weight[{i}][{j}]") for j, entry in enumerate(row)]
                    for i, row in enumerate(layer.weight.rows)
                ]
            ),
            np.array([_float(entry, f"layer {k} bias[{i}]") for i, entry in enumerate(layer.bias)]),
        )
        for k, layer in enumerate(network.layers)
    ]
    single = [(_narrow(weight), _narrow(bias)) for weight, bias in arrays]
    exact = all(
        np.array_equal(a, b) for wide, narrow in zip(arrays, single, strict=True) for a, b in zip(wide, narrow, strict=True)
    )
    return single if exact else arrays


def _narrow(array: Array) -> Array:
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _float(value: Fraction, what: str) -> float:
    try:
        nearest = float(value)
    except OverflowError:
        nearest = 0.0
    if Fraction(nearest) != value:
        shown = text(value)
        raise InputError(
            f"{what} is {shown if len(shown) < 60 else 'a number'} that no 64-bit float equals; save the network as .json, which is exact"
        )
    return nearest
