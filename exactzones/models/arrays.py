"""NumPy arrays for the readers of models: two type aliases, and arrays of numbers that are checked or exact."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import InexactError
from exactzones.rational import MAX_DIGITS, exact

Array: TypeAlias = np.ndarray[Any, Any]
Shape: TypeAlias = tuple[int, ...]
"""Lengths of axes."""
_MAX_BITS = MAX_DIGITS * 10 // 3  # a digit is 3.3 bits, nearly
_COMMON = 4  # how many times as long numbers over a common denominator may be, before they are reduced


def finite(array: Array, what: str) -> Array:
    """Return an array of numbers after checking that all of them are finite.

    Raises:
        InexactError: NaN or infinity; the message calls the entry ``what[i][j]..``.
    """
    if array.dtype.kind not in "fiuO":
        array = array.astype(np.float64)  # bfloat16, which NumPy does not have
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0]
        raise InexactError(f"{what}{''.join(f'[{k}]' for k in place)} is {array[tuple(place)]}; every number must be finite")
    return array


def fractions(array: Array, what: str = "a constant") -> Array:
    """Return an array of Fractions equal to the numbers of an array; an array of exact numbers is returned as it is.

    Raises:
        InexactError: NaN or infinity.
    """
    if array.dtype == object:
        return array
    return object_array([exact(entry) for entry in finite(array, what).ravel()]).reshape(array.shape)


def object_array(entries: list[Any]) -> Array:
    """Return Python objects as an array of one axis; ``np.array`` would turn integers into machine words."""
    array = np.empty(len(entries), object)
    array[:] = entries
    return array


def computed(array: Array) -> Array:
    """Return an array of Fractions that a model's arithmetic gave, after checking their lengths.

    Raises:
        InexactError: a number has more digits than are read from a text.
    """
    most = max((max(entry.numerator.bit_length(), entry.denominator.bit_length()) for entry in array.ravel()), default=0)
    if most > _MAX_BITS:
        raise InexactError(f"the model's arithmetic gives a number of more than {MAX_DIGITS} digits, which is not supported")
    return array


def require_short(numerators: Array, denominator: int) -> None:
    """Check the lengths of numbers over a common denominator, before they are reduced; they may be a few times as long.

    Raises:
        InexactError: one is too long.
    """
    ends = (int(numerators.max()), int(numerators.min())) if len(numerators) else ()
    if max(number.bit_length() for number in (denominator, *ends)) > _COMMON * _MAX_BITS:
        raise InexactError(f"the model's arithmetic gives numbers of more than {_COMMON * MAX_DIGITS} digits")
