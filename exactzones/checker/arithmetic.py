"""Integer arithmetic on whole arrays: products rounded down, exactly as Python's integers would give them.

A fixed-point number is an integer ``v`` that stands for ``v / 2^bits``.  Machine integers are used where they certainly suffice:
magnitudes are compared before every product, and long factors are split into digits whose products are added up in floats below
2^50, where floats are exact.  Elsewhere the arrays hold Python integers as objects, with the same results.  Rational
numbers are Fractions, in arrays of objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, TypeAlias

import numpy as np

from exactzones.rational import Matrix
from exactzones.rational.blocks import SparseFloats

Array: TypeAlias = np.ndarray[Any, Any]
WORD = 62
"""Sums in int64 stay below ``2^62``, with one bit to spare."""
_FLOAT = 50
"""Sums of products in floats stay below ``2^50``; floats represent integers up to ``2^53`` exactly, so three bits are spare."""
_APART = 10
"""Bits by which the lower digits of two factors may differ, so that sums below ``2^50`` of either can be added in int64."""
_SHORTEST = 8  # bits of a digit; with shorter digits Python's integers would be as fast
_FEW = 1 << 14  # products: for fewer, int64 is as fast as digits in floats


def size(array: Array) -> int:
    """Return k with ``|entry| < 2^k`` for all entries."""
    if array.size == 0:
        return 0
    return max(int(array.max()).bit_length(), int(array.min()).bit_length())


def integers(values: Any) -> Array:
    """Return Python integers as an array: int64 if all fit, else objects."""
    array = np.array(values, dtype=object)
    return array.astype(np.int64) if size(array) < WORD else array


def narrow(array: Array) -> Array:
    """Return an array of objects as int64 if all entries fit."""
    return array.astype(np.int64) if array.dtype == object and size(array) < WORD else array


class Weights:
    """An exact rational matrix, for products from the left that are rounded down.

    Args:
        matrix: shape (outputs, inputs).
        first: a column to be put before it, shape (outputs,); rational numbers.

    Attributes:
        is_sparse: whether products are computed by blocks.

    Raises:
        InexactError: an entry is irrational.
    """

    is_sparse = False
    integers: Array
    denominator: int

    def __init__(self, matrix: Matrix, first: Sequence[Fraction] | None = None) -> None:
        values, below = matrix.numerators()
        column = first or ()
        denominator = lcm(below, *[entry.denominator for entry in column])
        numerators = narrow(multiple(values, denominator // below))
        if first is not None:
            entries = [entry.numerator * (denominator // entry.denominator) for entry in column]
            numerators = np.concatenate([integers(entries).reshape(-1, 1), numerators], 1)
        self._hold(numerators, denominator)

    @classmethod
    def of_integers(cls, numerators: Array, denominator: int) -> Weights:
        """Return the matrix ``numerators / denominator``."""
        weights = cls.__new__(cls)
        weights._hold(numerators, denominator)  # noqa: SLF001 - of the same class
        return weights

    def _hold(self, numerators: Array, denominator: int) -> None:
        self.integers, self.denominator = numerators, denominator
        self._shift = self.denominator.bit_length() - 1 if self.denominator & (self.denominator - 1) == 0 else None
        self._digits: dict[tuple[int, int], list[Array]] = {}

    def split_floats(self) -> tuple[Array, Array | SparseFloats]:
        """Return the nearest floats of the first column and of the others, for guesses."""
        floats = self.floats()
        return floats[:, 0].copy(), floats[:, 1:].copy()

    def floats(self) -> Array:
        """Return the nearest floats, for guesses."""
        if self.integers.dtype != object and self.denominator < 1 << 1000:
            return self.integers / self.denominator
        return np.array([[int(entry) / self.denominator for entry in row] for row in self.integers]).reshape(self.integers.shape)

    @cached_property
    def exact(self) -> Array:
        """The matrix as Fractions."""
        return fractions(self.integers, self.denominator)

    @cached_property
    def size(self) -> int:
        """The number of bits of the largest entry."""
        return size(self.integers)

    def narrowed(self, rows: Array) -> tuple[Weights, Array]:
        """Return the matrix of these rows and of the columns where one has an entry, and these columns, after the first one."""
        chosen = self.integers[rows]
        columns = np.flatnonzero(chosen[:, 1:].any(0))
        return Weights.of_integers(chosen[:, np.concatenate([[0], columns + 1])], self.denominator), columns

    def product(self, left: Array, needed: Array | None = None, *, judged: bool = True) -> tuple[Array, Array]:
        """Return ``floor(left @ matrix)``, and a mask of the entries that were rounded.

        Args:
            left: shape (rows, outputs).
            needed: shape (inputs,); columns that are not needed are returned as zeros.
            judged: whether the mask is needed; if not, it may be False everywhere.
        """
        columns = np.ones(self.integers.shape[1], bool) if needed is None else needed
        if np.count_nonzero(left) <= len(left):
            rows, units = np.nonzero(left)
            if (np.diff(rows) > 0).all():
                return self._multiples(left, (rows, units), columns)
        used = left.any(0)
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

    def _multiples(self, left: Array, where: tuple[Array, Array], columns: Array) -> tuple[Array, Array]:
        """Do the same where each row of the left factor has at most one entry, at these places: a function starts as one unit."""
        (rows, units), factors = where, left[where]
        everything = int(np.bitwise_or.reduce(factors)) if len(factors) else 0
        twos = [(number & -number).bit_length() - 1 for number in (everything, self.denominator)]
        halved = max(0, min(twos))  # so many twos divide all factors and the denominator
        factors, right = factors >> halved, self.integers[np.ix_(units, columns)]
        fits = object not in (factors.dtype, right.dtype) and size(factors) + self.size < WORD
        total = factors[:, None] * right if fits else factors.astype(object)[:, None] * right.astype(object)
        values, inexact = self._divided(total, halved)
        whole, rounded = np.zeros((len(left), len(columns)), values.dtype), np.zeros((len(left), len(columns)), bool)
        whole[np.ix_(rows, columns)], rounded[np.ix_(rows, columns)] = values, inexact
        return narrow(whole), rounded

    def _product(self, left: Array, right: Array, part: Any, judged: bool) -> tuple[Array, Array]:
        if object not in (left.dtype, right.dtype):
            most = size(left) + self.size + len(right).bit_length()  # bits of a sum of products
            if most < WORD and (self._shift is None or left.size * right.shape[1] < _FEW):
                return self._divided(left @ right)
            if self._shift is not None and most - self._shift < WORD:
                return self._by_digits(left, part, self._shift, judged)
        values, inexact = self._divided(left.astype(object) @ right.astype(object))
        return narrow(values), inexact

    def _divided(self, total: Array, halved: int = 0) -> tuple[Array, Array]:
        """Return numerators divided by the denominator, after both were halved so many times, and a mask of what was rounded."""
        below = self.denominator >> halved
        if below == 1:
            return total, np.zeros(total.shape, bool)
        if self._shift is not None and (total.dtype == object or self._shift - halved < WORD):
            return total >> (self._shift - halved), (total & (below - 1)).astype(bool)
        total = total.astype(object)
        return total // below, (total % below).astype(bool)

    def _by_digits(self, left: Array, part: Any, shift: int, judged: bool) -> tuple[Array, Array]:
        """Multiply the digits of both factors in floats, then carry from the lowest digit: ``floor(product / 2^shift)``.

        NumPy multiplies matrices of floats twenty times as fast as those of integers.  Digits are so short that all sums of
        absolute products stay below ``2^50``, and sums of a few of these below ``2^53``: no step is rounded, in whatever order
        the products are added.
        """
        both, most = _FLOAT - len(self.integers).bit_length(), size(left)
        low = max(1, -(-self.size // 2))
        high = max(low, -(-most // 2))
        if low + high <= both and high - low <= _APART and low <= shift <= low + high:
            return self._by_two_digits(left, part, (high, low, shift), judged)
        step, parts = both // 2, digits(left, most, both // 2)
        count = max(1, -(-self.size // step))
        right = self._digits_of(part, step, count)
        products: Any = np.concatenate(parts).astype(np.float64) @ right
        products = products.reshape(len(parts), len(left), count, -1)
        sums = [
            sum(products[i, :, k - i] for i in range(max(0, k - count + 1), min(k, len(parts) - 1) + 1)).astype(np.int64)
            for k in range(len(parts) + count - 1)
        ]
        return carried(sums, step, shift, judged)

    def _by_two_digits(self, left: Array, part: Any, bits: tuple[int, int, int], judged: bool) -> tuple[Array, Array]:
        """Do the same where each factor has two digits: lower ones of so many bits, of the left factor no shorter.

        Args:
            left: the left factor.
            part: of the matrix.
            bits: of the left factor's lower digit and of the matrix's, and of the denominator, which has as many as the latter at
                least, and as both together at most.
            judged: whether the mask is needed.
        """
        high, low, shift = bits
        both = np.empty((2, *left.shape))
        both[0], both[1] = left & ((1 << high) - 1), left >> high
        products = both.reshape(2 * len(left), -1) @ self._digits_of(part, low, 2)
        products = products.reshape(2, len(left), 2, -1)
        lowest, middle = products[0, :, 0].astype(np.int64), products[1, :, 0].astype(np.int64)
        middle <<= high - low  # the sum stays below 2^62: see _APART
        middle += products[0, :, 1].astype(np.int64)
        middle += lowest >> low
        result = products[1, :, 1].astype(np.int64)
        result <<= high + low - shift
        result += middle >> (shift - low)
        if not judged:
            return result, np.zeros(result.shape, bool)
        return result, ((lowest & ((1 << low) - 1)) | (middle & ((1 << (shift - low)) - 1))) != 0

    def _digits_of(self, part: Any, step: int, count: int) -> Array:
        """Return so many digits of a part of the matrix as floats, side by side."""
        if (step, count) not in self._digits:
            self._digits[step, count] = [digit.astype(np.float64) for digit in digits(self.integers, step * count, step)]
        return np.concatenate([digit[part] for digit in self._digits[step, count]], 1)


def digits(array: Array, bits: int, step: int) -> list[Array]:
    """Return the digits, of ``step`` bits, of integers below ``2^bits``: least significant first; the last has the sign."""
    count = max(1, -(-bits // step))
    mask = (1 << step) - 1
    return [*((array >> (step * k)) & mask for k in range(count - 1)), array >> (step * (count - 1))]


def carried(sums: Sequence[Array], step: int, shift: int, judged: bool) -> tuple[Array, Array]:
    """Return ``floor(sum_k sums[k] 2^(step k) / 2^shift)`` and, if ``judged``, a mask of the entries that were rounded."""
    mask = (1 << step) - 1
    result, lost, carry = np.zeros_like(sums[0]), np.zeros(sums[0].shape, bool), np.zeros_like(sums[0])
    for k, part in enumerate(sums):
        value, place, last = part + carry, step * k - shift, k + 1 == len(sums)
        carry = value >> step
        if place <= -step and not (last or judged):  # it does not reach the result
            continue
        digit = value if last else value & mask
        if place >= 0:
            result += digit << place
            continue
        result += digit >> min(-place, 63)
        if judged:
            lost |= (digit & ((1 << min(-place, 63)) - 1)) != 0
    return result, lost


def multiple(array: Array, factor: int) -> Array:
    """Return the product with a positive integer."""
    fits = array.dtype != object and size(array) + factor.bit_length() < WORD
    product: Array = array * factor if fits else array.astype(object) * factor
    return product


def sums_of_multiples(rows: Array, chosen: Array, factors: Array, first: Array) -> Array:
    """Return ``sum_k factors[k] rows[chosen[k]]`` over each part of the sequence of k, as integers.

    Args:
        rows: shape (rows, columns).
        chosen: numbers of rows, shape (products,).
        factors: shape (products,).
        first: where each part begins, ascending, shape (sums,).
    """
    longest = int(np.diff(first, append=len(chosen)).max())
    step = WORD - size(factors) - longest.bit_length() if object not in (rows.dtype, factors.dtype) else 0
    if step < _SHORTEST:
        products = rows.astype(object)[chosen] * factors.astype(object)[:, None]
        return np.asarray(np.add.reduceat(products, first, axis=0))
    parts = digits(rows, size(rows), step)
    sums = [np.add.reduceat(part[chosen] * factors[:, None], first, axis=0) for part in parts]
    whole = sums[-1]
    for part in reversed(sums[:-1]):
        whole = (whole.astype(object) << step) + part
    return whole


def fractions(array: Array, denominator: int) -> Array:
    """Return ``array / denominator`` as Fractions."""
    quotients = np.empty(array.shape, object)
    quotients.ravel()[:] = [Fraction(int(entry), denominator) for entry in array.ravel()]
    return quotients


def times(left: Array, right: Array, bits: int) -> Array:
    """Return ``floor(left * right / 2^bits)``, entry by entry."""
    if object not in (left.dtype, right.dtype):
        one, other = size(left), size(right)
        if one < other:
            left, right, one, other = right, left, other, one
        step, carry = WORD - 1 - one, np.zeros((), np.int64)
        if step >= _SHORTEST and one + other - bits < WORD and other <= step + bits // step * step:
            while other > step:  # the least significant digit of the right factor comes first
                carry = (carry + left * (right & ((1 << step) - 1))) >> step
                right, other, bits = right >> step, other - step, bits - step
            return np.asarray((carry + left * right) >> bits)
    return narrow((left.astype(object) * right.astype(object)) >> bits)


def sums_by_row(rows: Array, terms: Array, shape: tuple[int, ...]) -> Array:
    """Return the sum of each row of a matrix, given the entries that are not zero, in the order of the rows.

    Args:
        rows: the row of each entry.
        terms: the entries.
        shape: of the matrix.
    """
    safe = terms.dtype == object or size(terms) + shape[1].bit_length() < WORD
    sums = np.zeros(shape[0], terms.dtype if safe else object)
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    if len(first):
        sums[rows[first]] = np.add.reduceat(terms if safe else terms.astype(object), first)
    return sums


def total(array: Array) -> Array:
    """Return the sums of the rows."""
    safe = array.dtype == object or size(array) + array.shape[1].bit_length() < WORD
    sums: Array = (array if safe else array.astype(object)).sum(1)
    return sums
