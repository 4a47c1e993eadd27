"""Sets of d small integers as one integer each: their places among all such sets (the combinatorial number system).

The set c_1 < .. < c_d has the number C(c_1, 1) + .. + C(c_d, d).  Numbers take two thirds of the space of sets in a Parquet file.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.errors import FormatError

Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]

_LIMIT = 1 << 63


def numbers_of_sets(sets: np.ndarray[Any, Any]) -> Numbers | None:
    """Return the numbers of sets, (V, d), each ascending; None if one is not, or if numbers may not fit into 63 bits."""
    most, size = int(sets.max(initial=0)) + 1, sets.shape[1]
    if comb(most, size) >= _LIMIT or (sets[:, 1:] <= sets[:, :-1]).any():
        return None
    table, numbers = _binomials(most, size), np.zeros(len(sets), np.uint64)
    for k in range(size):
        numbers += table[k + 1].take(sets[:, k])
    return numbers


def sets_of_numbers(numbers: Numbers, size: int, count: int) -> Integers:
    """Return the sets, (V, size), of integers below a count that have these numbers.

    Raises:
        FormatError: a number is too large.
    """
    largest = int(numbers.max(initial=0))
    if largest >= min(comb(count, size), _LIMIT) and len(numbers):
        raise FormatError(f"{largest} is not the number of a set of {size} of {count} hyperplanes")
    if largest < 4 * len(numbers):  # many sets are the same
        return _sets(np.arange(largest + 1, dtype=np.uint64), size)[numbers.astype(np.int64)]
    return _sets(numbers, size)


def _sets(numbers: Numbers, size: int) -> Integers:
    largest, most = int(numbers.max(initial=0)), size
    while comb(most, size) <= largest:
        most += 1
    table = _binomials(most, size)
    sets, left = np.zeros((len(numbers), size), np.int64), numbers.copy()
    for k in range(size, 0, -1):
        sets[:, k - 1] = np.searchsorted(table[k], left, side="right") - 1
        left -= table[k].take(sets[:, k - 1])
    return sets


@lru_cache(maxsize=8)
def _binomials(count: int, size: int) -> Numbers:
    """Return C(n, k), (size + 1, count), for n < count and k <= size; what does not fit into 63 bits is too large to matter."""
    return np.array([[min(comb(n, k), _LIMIT) for n in range(count)] for k in range(size + 1)], np.uint64)
