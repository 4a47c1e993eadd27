"""NumPy arrays of integers and floats as exact matrices of python-flint, converted as a whole."""

from __future__ import annotations

from typing import Any, TypeAlias

import flint
import numpy as np

from exactzones.errors import InexactError, InputError

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

_PASSES = 2  # passes over all entries of a matrix of floats; after these, trained weights have hardly any bits left


def numbers_of(array: np.ndarray[Any, Any], what: str) -> Any:
    """Return an array as a matrix: integers as one of python-flint, floats as read-only float64.

    Args:
        array: shape (m, n), integers or floats of up to 64 bits.
        what: how an error message names it.

    Raises:
        InexactError: an entry is not finite, or of another type.
        InputError: not a matrix.
    """
    if array.ndim != 2:
        raise InputError(f"{what} has shape {array.shape}; a matrix (rows, columns) is expected")
    if array.dtype.kind in "iu":
        return _of_integers(array)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise InexactError(f"{what} has NumPy type {array.dtype}; integers and floats up to 64 bits are read")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        k, j = bad[0]
        raise InexactError(f"{what}[{k}][{j}] is {array[k, j]}; every number must be finite")
    floats = array.astype(np.float64)
    floats.flags.writeable = False
    return floats


def _of_integers(array: np.ndarray[Any, Any]) -> Any:
    return flint.fmpq_mat(flint.fmpz_mat(*array.shape, array.ravel().tolist()))


def of_floats(array: Floats) -> Any:
    """Convert finite floats in passes over all of them.  Each takes 62 bits of every entry, as multiples of one power of two.

    Entries that have bits left after the passes, and those of matrices that are mostly zeros, are converted one by one.
    """
    matrix, left = flint.fmpq_mat(*array.shape), array
    for _ in range(_PASSES):
        if 8 * np.count_nonzero(left) < left.size:
            break
        unit = int(np.frexp(np.abs(left).max(initial=0))[1]) - 62  # |entries| < 2^62 units
        with np.errstate(under="ignore"):  # an entry far below this power of two has 0 as its multiple
            multiples = np.ldexp(left, -unit).astype(np.int64)
        matrix += _of_integers(multiples) * flint.fmpq(2) ** unit
        left = left - np.ldexp(multiples.astype(np.float64), unit)  # no rounding: the trailing bits of the entries
    places = np.nonzero(left)
    for k, j, entry in zip(*(column.tolist() for column in (*places, left[places])), strict=True):
        matrix[k, j] += flint.fmpq(*entry.as_integer_ratio())
    return matrix
