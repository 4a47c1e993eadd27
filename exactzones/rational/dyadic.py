"""Floats as integers over a power of two, whole arrays at a time, and exact products with such integers."""

from __future__ import annotations

from collections.abc import Sequence
from operator import add
from typing import Any

import numpy as np

from exactzones.rational.arrays import Floats

Integers = np.ndarray[Any, Any]
"""int64 where all entries are below ``2^WORD``, else Python integers as objects."""

WORD = 61
"""Sums of int64 stay below ``2^WORD``."""


def odd_parts(values: Floats) -> tuple[Integers, Integers]:
    """Return finite floats as ``odd * 2^shift`` with odd integers; zero is ``0 * 2^0``."""
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    trailing = np.maximum(np.frexp((whole & -whole).astype(np.float64))[1] - 1, 0)
    return whole >> trailing, np.where(whole == 0, 0, exponent.astype(np.int64) - 53 + trailing)


def over_power_of_two(values: Floats) -> tuple[Integers, int]:
    """Return floats as integers and the least power of two by which these must be divided.

    >>> over_power_of_two(np.array([0.5, -3.0]))
    (array([ 1, -6]), 2)
    """
    odd, shift = odd_parts(values)
    low = min(0, int(shift.min(initial=0)))
    _, length = np.frexp(odd.astype(np.float64))
    if int((length + shift).max(initial=0)) - low < WORD:
        return odd << (shift - low), 1 << -low
    shifted = np.empty(odd.shape, object)
    shifted.ravel()[:] = [entry << by for entry, by in zip(odd.ravel().tolist(), (shift - low).ravel().tolist(), strict=True)]
    return shifted, 1 << -low


def texts(values: Floats) -> list[str]:
    """Return each float of shape (n,) as text "p/q", or "p" for an integer.

    >>> texts(np.array([0.5, 0.0, -3.0]))
    ['1/2', '0', '-3']
    """
    odd, shift = odd_parts(values)
    ends = {s: "" if s >= 0 else f"/{1 << -s}" for s in set(shift.tolist())}
    above = odd.tolist()
    if shift.max(initial=0) > 0:
        above = [entry << max(by, 0) for entry, by in zip(above, shift.tolist(), strict=True)]
    return list(map(add, map(str, above), map(ends.__getitem__, shift.tolist())))


def row_sums(values: Integers, columns: Integers, starts: Integers, vector: Sequence[int]) -> list[int]:
    """Return the product of a sparse integer matrix and an integer vector, exactly.

    Long factors are split into digits whose products can be summed in int64.

    Args:
        values: the entries, row by row.
        columns: the column of each entry.
        starts: the index of each row's first entry, then the number of entries.
        vector: shape (columns,).
    """
    count = len(starts) - 1
    if not len(values):
        return [0] * count
    step = (WORD - int(np.diff(starts).max()).bit_length()) // 2
    if values.dtype == object:
        return list(_sums(values * np.array(vector, object)[columns], starts))
    total = np.zeros(count, object)
    for k, right in enumerate(_digits(vector, step)):
        for j, left in enumerate(_split(values, step)):
            total += _sums(left * right[columns], starts).astype(object) << (step * (j + k))
    return list(total)


def _sums(products: Integers, starts: Integers) -> Integers:
    """Return the sums of the rows' products; a row without entries has the sum 0."""
    full = np.flatnonzero(np.diff(starts))
    sums = np.zeros(len(starts) - 1, products.dtype)
    sums[full] = np.add.reduceat(products, starts[full])
    return sums


def _split(values: Integers, step: int) -> list[Integers]:
    """Return the digits, of ``step`` bits, of int64 numbers: least significant first; the last has the sign."""
    bits = max(int(values.max()).bit_length(), int(values.min()).bit_length())
    count = max(1, -(-bits // step))
    return [*((values >> (step * k)) & ((1 << step) - 1) for k in range(count - 1)), values >> (step * (count - 1))]


def _digits(vector: Sequence[int], step: int) -> list[Integers]:
    """Return the same digits of Python integers."""
    count = max(1, -(-max((entry.bit_length() for entry in vector), default=0) // step))
    mask = (1 << step) - 1
    last = step * (count - 1)
    digits = [np.array([(entry >> (step * k)) & mask for entry in vector], np.int64) for k in range(count - 1)]
    return [*digits, np.array([entry >> last for entry in vector], np.int64)]
