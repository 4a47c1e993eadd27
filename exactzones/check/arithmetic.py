"""Integer arithmetic on whole arrays: products rounded down, exactly as Python's integers would give them.

Every number of the fixed kind is an integer ``v`` that stands for ``v / 2^bits``.  Machine integers do the work where it is
certain that they suffice (magnitudes are looked at before every product, and long factors are cut into limbs); else
Python's own integers do, in arrays of objects, with the same results.  The exact kind has Fractions in arrays of objects.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
_WORD = 62
"""Sums stay below ``2^62``: one bit less than int64 has."""


def size(array: Array) -> int:
    """Return k with ``|entry| < 2^k`` for all entries."""
    if array.size == 0:
        return 0
    return max(int(array.max()).bit_length(), int(array.min()).bit_length())


def integers(values: Any) -> Array:
    """Return Python integers as an array: of int64 where they fit, else of objects."""
    array = np.array(values, dtype=object)
    return array.astype(np.int64) if size(array) < _WORD else array


def fitting(array: Array, value: int) -> Array:
    """Return the array with room for a value."""
    return array if array.dtype == object or value.bit_length() < _WORD else array.astype(object)


def narrow(array: Array) -> Array:
    """Return an array of objects as int64 again where they fit."""
    return array.astype(np.int64) if array.dtype == object and size(array) < _WORD else array


class Weights:
    """Exact rational matrix, for products from the left that are rounded down.

    Args:
        rows: shape (outputs, inputs), of Fractions.
    """

    def __init__(self, rows: Any, shape: tuple[int, int]) -> None:
        entries = [list(row) for row in rows]
        self.denominator = lcm(*(entry.denominator for row in entries for entry in row))
        scaled = [[entry.numerator * (self.denominator // entry.denominator) for entry in row] for row in entries]
        self.integers = integers(scaled).reshape(shape)
        self._shift = self.denominator.bit_length() - 1 if self.denominator & (self.denominator - 1) == 0 else None
        self._limbs: dict[int, list[Array]] = {}

    @cached_property
    def exact(self) -> Array:
        """The matrix as Fractions."""
        return fractions(self.integers, self.denominator)

    @cached_property
    def size(self) -> int:
        """How many bits an entry has at most."""
        return size(self.integers)

    def product(self, left: Array, needed: Array | None = None) -> tuple[Array, Array]:
        """Return ``floor(left @ matrix)``, and where that is less than the product.

        Args:
            left: shape (rows, outputs).
            needed: shape (inputs,); columns that are not needed come out as zeros.
        """
        used = left.any(0)
        columns = np.ones(self.integers.shape[1], bool) if needed is None else needed
        if used.all() and columns.all():
            return self._product(left, self.integers, ...)
        part = np.ix_(used, columns)
        values, inexact = self._product(left[:, used], self.integers[part], part)
        shape = len(left), len(columns)
        whole, where = np.zeros(shape, values.dtype), np.zeros(shape, bool)
        whole[:, columns], where[:, columns] = values, inexact
        return whole, where

    def _product(self, left: Array, right: Array, part: Any) -> tuple[Array, Array]:
        room = _WORD - len(right).bit_length() - size(left)
        if object not in (left.dtype, right.dtype):
            if self.size < room:
                return self._divided(left @ right)
            limbs = -(-self.size // room) if room > 0 else 0
            step = -(-self.size // limbs) if limbs else 0
            if self._shift is not None and limbs and step * (limbs - 1) <= self._shift:
                return self._by_limbs(left, step, limbs, self._shift - step * (limbs - 1), part)
        values, inexact = self._divided(left.astype(object) @ right.astype(object))
        return narrow(values), inexact

    def _divided(self, total: Array) -> tuple[Array, Array]:
        if self.denominator == 1:
            return total, np.zeros(total.shape, bool)
        if self._shift is not None and (total.dtype == object or self._shift < _WORD):
            return total >> self._shift, (total & ((1 << self._shift) - 1)).astype(bool)
        total = total.astype(object)
        return total // self.denominator, (total % self.denominator).astype(bool)

    def _by_limbs(self, left: Array, step: int, limbs: int, rest: int, part: Any) -> tuple[Array, Array]:
        """Cut the matrix into limbs of ``step`` bits, the last with the sign, and carry from the lowest."""
        if step not in self._limbs:
            cut = [(self.integers >> (step * k)) & ((1 << step) - 1) for k in range(limbs - 1)]
            self._limbs[step] = [*cut, self.integers >> (step * (limbs - 1))]
        mask = (1 << step) - 1
        total = left @ self._limbs[step][0][part]
        lost = np.zeros(total.shape, np.int64)
        for limb in self._limbs[step][1:]:
            lost |= total & mask
            total = left @ limb[part] + (total >> step)
        lost |= total & ((1 << min(rest, 63)) - 1)  # all there is of it
        return total >> rest, lost.astype(bool)


def fractions(array: Array, denominator: int) -> Array:
    """Return ``array / denominator`` as Fractions."""
    found = np.empty(array.shape, object)
    found.ravel()[:] = [Fraction(int(entry), denominator) for entry in array.ravel()]
    return found


def times(left: Array, right: Array, bits: int) -> Array:
    """Return ``floor(left * right / 2^bits)``, entry by entry."""
    if object not in (left.dtype, right.dtype):
        one, other = size(left), size(right)
        if one + other < _WORD:
            return np.asarray(left * right >> bits)
        half = bits // 2
        if one + other - half < _WORD and one + half < _WORD:
            return np.asarray((left * (right >> half) + (left * (right & ((1 << half) - 1)) >> half)) >> (bits - half))
    return narrow((left.astype(object) * right.astype(object)) >> bits)


def total(array: Array) -> Array:
    """Return the sums of the rows."""
    safe = array.dtype == object or size(array) + array.shape[1].bit_length() < _WORD
    found: Array = (array if safe else array.astype(object)).sum(1)
    return found
