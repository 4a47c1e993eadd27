"""Integer arithmetic on whole arrays: products rounded down, exactly as Python's integers would give them.

Every number of the fixed kind is an integer ``v`` that stands for ``v / 2^bits``.  Machine integers do the work where it is
certain that they suffice (magnitudes are looked at before every product, and long factors are cut into digits, whose
products a matrix of floats adds up below 2^50, where floats are integers); else Python's own integers do, in arrays of
objects, with the same results.  The exact kind has Fractions in arrays of objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from exactzones.rational import Matrix

Array: TypeAlias = np.ndarray[Any, Any]
_WORD = 62
"""Sums stay below ``2^62``: one bit less than int64 has."""
_FLOAT = 50
"""Sums of products below ``2^50`` go through floats, which hold integers up to ``2^53``: three bits are spare."""
_SHORTEST = 8  # bits of a digit: with shorter ones Python's integers are as fast
_FEW = 1 << 14  # products: for fewer the way through floats does not pay


def size(array: Array) -> int:
    """Return k with ``|entry| < 2^k`` for all entries."""
    if array.size == 0:
        return 0
    return max(int(array.max()).bit_length(), int(array.min()).bit_length())


def integers(values: Any) -> Array:
    """Return Python integers as an array: of int64 where they fit, else of objects."""
    array = np.array(values, dtype=object)
    return array.astype(np.int64) if size(array) < _WORD else array


def narrow(array: Array) -> Array:
    """Return an array of objects as int64 again where they fit."""
    return array.astype(np.int64) if array.dtype == object and size(array) < _WORD else array


class Weights:
    """Exact rational matrix, for products from the left that are rounded down.

    Args:
        matrix: shape (outputs, inputs).

    Raises:
        InexactError: an entry is irrational.
    """

    def __init__(self, matrix: Matrix) -> None:
        numerators, self.denominator = matrix.scaled()
        self.integers = integers(numerators.rows()).reshape(matrix.shape)
        self._shift = self.denominator.bit_length() - 1 if self.denominator & (self.denominator - 1) == 0 else None
        self._digits: dict[int, list[Array]] = {}

    @cached_property
    def exact(self) -> Array:
        """The matrix as Fractions."""
        return fractions(self.integers, self.denominator)

    @cached_property
    def size(self) -> int:
        """How many bits an entry has at most."""
        return size(self.integers)

    def product(self, left: Array, needed: Array | None = None, *, judged: bool = True) -> tuple[Array, Array]:
        """Return ``floor(left @ matrix)``, and where that is less than the product.

        Args:
            left: shape (rows, outputs).
            needed: shape (inputs,); columns that are not needed come out as zeros.
            judged: whether it is asked where something was cut off; else nothing is said to be.
        """
        used = left.any(0)
        columns = np.ones(self.integers.shape[1], bool) if needed is None else needed
        if used.all() and columns.all():
            return self._product(left, self.integers, ..., judged)
        part = np.ix_(used, columns)
        values, inexact = self._product(left[:, used], self.integers[part], part, judged)
        shape = len(left), len(columns)
        whole, where = np.zeros(shape, values.dtype), np.zeros(shape, bool)
        whole[:, columns] = values
        if judged:
            where[:, columns] = inexact
        return whole, where

    def _product(self, left: Array, right: Array, part: Any, judged: bool) -> tuple[Array, Array]:
        if object not in (left.dtype, right.dtype):
            most = size(left) + self.size + len(right).bit_length()  # bits of a sum of products
            if most < _WORD and (self._shift is None or left.size * right.shape[1] < _FEW):
                return self._divided(left @ right)
            if self._shift is not None and most - self._shift < _WORD:
                return self._by_digits(left, part, self._shift, judged)
        values, inexact = self._divided(left.astype(object) @ right.astype(object))
        return narrow(values), inexact

    def _divided(self, total: Array) -> tuple[Array, Array]:
        if self.denominator == 1:
            return total, np.zeros(total.shape, bool)
        if self._shift is not None and (total.dtype == object or self._shift < _WORD):
            return total >> self._shift, (total & ((1 << self._shift) - 1)).astype(bool)
        total = total.astype(object)
        return total // self.denominator, (total % self.denominator).astype(bool)

    def _by_digits(self, left: Array, part: Any, shift: int, judged: bool) -> tuple[Array, Array]:
        """Multiply by digits of both factors, through floats, and carry from the lowest: ``floor(product / 2^shift)``.

        NumPy multiplies matrices of floats twenty times as fast as those of integers.  Digits are so short that all sums of
        absolute products stay below ``2^50``, and the few of them that are added below ``2^53``: whatever order they are
        added in, no step is rounded.
        """
        step = (_FLOAT - len(self.integers).bit_length()) // 2
        if step not in self._digits:
            self._digits[step] = [digit.astype(np.float64) for digit in _digits(self.integers, self.size, step)]
        right = np.concatenate([digit[part] for digit in self._digits[step]], 1)
        digits, count = _digits(left, size(left), step), len(self._digits[step])
        products = np.concatenate(digits).astype(np.float64) @ right
        products = products.reshape(len(digits), len(left), count, -1)
        sums = [
            sum(products[i, :, k - i] for i in range(max(0, k - count + 1), min(k, len(digits) - 1) + 1)).astype(np.int64)
            for k in range(len(digits) + count - 1)
        ]
        return _carried(sums, step, shift, judged)


def _digits(array: Array, bits: int, step: int) -> list[Array]:
    """Return digits of ``step`` bits of integers below ``2^bits``, the lowest first; the last one has the sign."""
    count = max(1, -(-bits // step))
    mask = (1 << step) - 1
    return [*((array >> (step * k)) & mask for k in range(count - 1)), array >> (step * (count - 1))]


def _carried(sums: Sequence[Array], step: int, shift: int, judged: bool) -> tuple[Array, Array]:
    """Return ``floor(sum_k sums[k] 2^(step k) / 2^shift)``, and where something is cut off, if that is asked."""
    mask = (1 << step) - 1
    found, lost, carry = np.zeros_like(sums[0]), np.zeros(sums[0].shape, bool), np.zeros_like(sums[0])
    for k, part in enumerate(sums):
        value, place, last = part + carry, step * k - shift, k + 1 == len(sums)
        carry = value >> step
        if place <= -step and not (last or judged):  # all of it is cut off
            continue
        digit = value if last else value & mask
        if place >= 0:
            found += digit << place
            continue
        found += digit >> min(-place, 63)
        if judged:
            lost |= (digit & ((1 << min(-place, 63)) - 1)) != 0
    return found, lost


def fractions(array: Array, denominator: int) -> Array:
    """Return ``array / denominator`` as Fractions."""
    found = np.empty(array.shape, object)
    found.ravel()[:] = [Fraction(int(entry), denominator) for entry in array.ravel()]
    return found


def times(left: Array, right: Array, bits: int) -> Array:
    """Return ``floor(left * right / 2^bits)``, entry by entry."""
    if object not in (left.dtype, right.dtype):
        one, other = size(left), size(right)
        if one < other:
            left, right, one, other = right, left, other, one
        step, carry = _WORD - 1 - one, np.zeros((), np.int64)
        if step >= _SHORTEST and one + other - bits < _WORD and other <= step + bits // step * step:
            while other > step:  # the lowest digit of the right factor comes first
                carry = (carry + left * (right & ((1 << step) - 1))) >> step
                right, other, bits = right >> step, other - step, bits - step
            return np.asarray((carry + left * right) >> bits)
    return narrow((left.astype(object) * right.astype(object)) >> bits)


def total(array: Array) -> Array:
    """Return the sums of the rows."""
    safe = array.dtype == object or size(array) + array.shape[1].bit_length() < _WORD
    found: Array = (array if safe else array.astype(object)).sum(1)
    return found
