"""Exact sparse matrices, whose products from the left are computed by small dense blocks: the same numbers, faster."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from math import lcm

import numpy as np

from exactzones.checker.arithmetic import WORD, Array, Weights, carried, digits, integers, multiple, narrow, size
from exactzones.rational.blocks import BlockMatrix, Blocks, SparseFloats, SparseForm

_EXACT = 53
"""Floats represent all integers below ``2^53``."""
_SHORTEST = 16  # bits of a digit
_LONGEST = 2048  # bits of a numerator
_LEADING = 512  # of them, which a float can hold


class SparseWeights(Weights):
    """A sparse exact rational matrix after a dense column, for products from the left that are rounded down.

    Args:
        form: the matrix, shape (outputs, inputs).
        first: the column before it, shape (outputs,).
    """

    is_sparse = True

    def __init__(self, form: SparseForm, first: Sequence[Fraction]) -> None:
        values, below = form.entries.integers()
        self.denominator = lcm(below, *[entry.denominator for entry in first])
        self._form, self._values = form, narrow(multiple(values, self.denominator // below))
        self._first = integers([entry.numerator * (self.denominator // entry.denominator) for entry in first])
        self._shift = self.denominator.bit_length() - 1 if self.denominator & (self.denominator - 1) == 0 else None

    @cached_property
    def integers(self) -> Array:  # type: ignore[override]
        """The whole matrix times the denominator."""
        whole = self._form.entries.dense(self._values)
        return np.concatenate([self._first[:, None], whole], 1)

    @cached_property
    def order(self) -> Array:
        """The place of each output in an order in which outputs of the same inputs are together."""
        entries = self._form.entries
        return Blocks(entries.shape[::-1], entries.columns, entries.rows).order()

    @cached_property
    def size(self) -> int:
        """The number of bits of the largest entry."""
        return max(size(self._values), size(self._first))

    @cached_property
    def _most(self) -> int:
        """Return k such that the absolute numerators of each column have a sum below ``2^k``."""
        cut = max(0, self.size - _LEADING)  # lower bits are rounded up
        values, first = (((np.abs(part) >> cut) + (cut > 0)).astype(float) for part in (self._values, self._first))
        most = max(np.bincount(self._form.entries.columns, values).max(initial=0.0), first.sum())
        return cut + int(most).bit_length() + 1  # the rounding of floats included

    @cached_property
    def _terms(self) -> int:
        """The most products that are added up in floats: as many as the highest block has rows."""
        return max(1, self._form.blocks.height)

    @cached_property
    def _step(self) -> int:
        """The number of bits of a digit.

        Sums of so many products of two digits stay below ``2^53``, so floats represent them exactly; the sums over all rows and
        digits of the matrix, of which there are ``size / 16`` at most, stay below ``2^62``.
        """
        in_int64 = WORD - len(self._first).bit_length() - (self.size // _SHORTEST + 1).bit_length()
        return min(_EXACT - self._terms.bit_length(), in_int64) // 2

    @property
    def is_short(self) -> bool:
        """Whether the numerators have few enough bits for products by digits."""
        return self._step >= _SHORTEST and self.size < _LONGEST

    @cached_property
    def _digits(self) -> tuple[BlockMatrix, Array]:  # type: ignore[override]
        """The digits of the matrix, and of the first column in parts of so many rows, shape (parts, rows, digits)."""
        parts = [part.astype(np.float64) for part in digits(self._values, self.size, self._step)]
        column = np.stack(digits(self._first, self.size, self._step), 1).astype(np.float64)
        column = np.concatenate([column, np.zeros((-len(column) % self._terms, len(parts)))])
        return BlockMatrix(self._form.blocks, parts), column.reshape(-1, self._terms, len(parts))

    def split_floats(self) -> tuple[Array, Array | SparseFloats]:
        """Return the nearest floats of the first column and of the others, for guesses."""
        entries, blocks = self._form
        first = self._over_denominator(self._first)
        values = self._over_denominator(self._values) if entries.denominator else entries.values
        return first, SparseFloats(entries.shape, entries.rows, entries.columns, values, blocks=blocks)

    def _over_denominator(self, numerators: Array) -> Array:
        if numerators.dtype != object and self.denominator < 1 << 1000:
            return numerators / self.denominator
        return np.array([int(entry) / self.denominator for entry in numerators], np.float64)

    def narrowed(self, rows: Array) -> tuple[Weights, Array]:
        """Return the matrix of these rows and of the columns where one has an entry, and these columns; see ``Weights``."""
        entries, starts = self._form.entries, self._starts
        counts = starts[rows + 1] - starts[rows]
        places = np.arange(counts.sum()) + np.repeat(starts[rows] - (np.cumsum(counts) - counts), counts)
        columns, where = np.unique(entries.columns[places], return_inverse=True)
        chosen = np.zeros((len(rows), len(columns) + 1), np.result_type(self._values, self._first))
        chosen[:, 0] = self._first[rows]
        chosen[np.repeat(np.arange(len(rows)), counts), where + 1] = self._values[places]
        return Weights.of_integers(chosen, self.denominator), columns

    @cached_property
    def _starts(self) -> Array:
        return self._form.entries.starts

    def product(self, left: Array, needed: Array | None = None, *, judged: bool = True) -> tuple[Array, Array]:
        """Return ``floor(left @ matrix)``, and a mask of the entries that were rounded; see ``Weights.product``.

        The digits of both factors are multiplied in floats, whose sums of products are exact.  The first column is always needed.
        """
        matrix, column = self._digits
        factors = digits(left, size(left), self._step)
        stacked = np.concatenate(factors).astype(np.float64)
        others, chosen = matrix.product(stacked, None if needed is None else needed[1:])
        fits = self._shift is not None and size(left) + self._most - self._shift < WORD
        shape = matrix.count, len(factors), len(left), -1
        padded = np.concatenate([stacked, np.zeros((len(stacked), len(column) * self._terms - stacked.shape[1]))], 1)
        constants = (padded.reshape(len(padded), *column.shape[:2]).transpose(1, 0, 2) @ column).astype(np.int64).sum(0).T
        parts = [self._settled(part.reshape(shape), fits, judged) for part in (constants, others)]
        values = np.zeros((len(left), len(chosen) + 1), np.result_type(*(value for value, _ in parts)))
        inexact = np.zeros(values.shape, bool)
        columns = chosen if needed is None else chosen & needed[1:]
        for whole, ((first, other)) in zip((values, inexact), zip(*parts, strict=True), strict=True):
            whole[:, :1], whole[:, 1:][:, columns] = first, other[:, columns[chosen]]
        return values, inexact

    def _settled(self, products: Array, fits: bool, judged: bool) -> tuple[Array, Array]:
        """Add up products of digits, and divide by the denominator; returns values and a mask of those that were rounded.

        Args:
            products: of the matrix's and the left factor's digits, shape (digits, digits, rows, columns).
            fits: whether the values certainly fit machine integers.
            judged: whether the mask is needed.
        """
        own, other = products.shape[:2]
        sums = [
            sum(products[k - i, i].astype(np.int64, copy=False) for i in range(max(0, k - own + 1), min(k, other - 1) + 1))
            for k in range(own + other - 1)
        ]
        if fits and self._shift is not None:
            return carried(sums, self._step, self._shift, judged)
        values, inexact = self._divided(sum(part.astype(object) << (self._step * k) for k, part in enumerate(sums)))
        return narrow(values), inexact
