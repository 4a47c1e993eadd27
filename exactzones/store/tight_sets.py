"""Sets of d small integers as one integer each: their places among all such sets (the combinatorial number system).

The set c_1 < .. < c_d has the number C(c_1, 1) + .. + C(c_d, d).  Numbers take two thirds of the space of sets in a Parquet file.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.frontier import Integers

Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]

_LIMIT = 1 << 63


def numbers_of_sets(sets: np.ndarray[Any, Any]) -> Numbers | None:
    """Return the numbers of sets, (V, d), each ascending; None if one is not, or if numbers may not fit into 63 bits."""
    count, size = sets.shape
    table = _binomials(int(sets.max(initial=0)) + 1, size)
    if table is None or (sets[:, 1:] <= sets[:, :-1]).any():
        return None
    numbers = np.zeros(count, np.uint64)
    for k in range(size):
        numbers += table[k + 1].take(sets[:, k])
    return numbers


def sets_of_numbers(numbers: Numbers, size: int) -> Integers:
    """Return the sets, (V, size), that have these numbers."""
    largest = int(numbers.max(initial=0))
    if largest < 4 * len(numbers):  # many sets are the same
        return _sets(np.arange(largest + 1, dtype=np.uint64), size)[numbers.astype(np.int64)]
    return _sets(numbers, size)


def _sets(numbers: Numbers, size: int) -> Integers:
    largest, most = int(numbers.max(initial=0)), size
    while comb(most, size) <= largest:
        most += 1
    table = _binomials(most, size)
    if table is None:
        raise ValueError(f"{largest} is not the number of a set of {size} integers that a store writes")
    sets, left = np.zeros((len(numbers), size), np.int64), numbers.copy()
    for k in range(size, 0, -1):
        sets[:, k - 1] = np.searchsorted(table[k], left, side="right") - 1
        left -= table[k].take(sets[:, k - 1])
    return sets


@lru_cache(maxsize=8)
def _binomials(count: int, size: int) -> Numbers | None:
    """Return C(n, k), (size + 1, count), for n < count and k <= size; None if the numbers of sets may not fit into 63 bits."""
    if comb(count, min(size, count // 2)) >= _LIMIT:
        return None
    return np.array([[comb(n, k) for n in range(count)] for k in range(size + 1)], np.uint64)
