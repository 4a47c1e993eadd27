"""Sums of quotients whose denominators are products of known numbers: no common factors have to be looked for on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from exactzones.rational.integer_arrays import BigIntegers

Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class FactoredQuotients:
    """Quotients whose denominators are powers of products of different ones of some numbers, the factors.

    Attributes:
        numerators: (m, n) for each k; n quotients, whose denominators are the products to the power of k + 1, for k = 0, 1, ..
        ptr: (n + 1,) where the factors of each product start in ``members``.
        members: numbers of factors.
    """

    numerators: Sequence[BigIntegers]
    ptr: Integers
    members: Integers

    @classmethod
    def zero(cls, counts: Sequence[int]) -> FactoredQuotients:
        """Return one quotient, 0, given m for each k."""
        return cls([np.zeros((count, 1), object) for count in counts], np.zeros(2, np.int64), np.zeros(0, np.int64))

    @classmethod
    def joined(cls, parts: Sequence[FactoredQuotients]) -> FactoredQuotients:
        """Return the quotients of several, one after the other."""
        numerators = [np.concatenate(of_power, axis=1) for of_power in zip(*[part.numerators for part in parts], strict=True)]
        sizes, members = zip(*[(np.diff(part.ptr), part.members) for part in parts], strict=True)
        return cls(numerators, np.append(0, np.cumsum(np.concatenate(sizes))), np.concatenate(members))

    def summed(self, factors: BigIntegers) -> FactoredQuotients:
        """Return the sum, as one quotient: of pairs, then pairs of pairs, and so on, over denominators that share factors.

        Args:
            factors: (f,) their values.
        """
        terms = self
        while len(terms.ptr) > 2:
            terms = terms._paired(factors)
        return terms

    def unit(self, factors: BigIntegers) -> Any:
        """Return the product of the factors of a single quotient's denominator."""
        return grouped_products(factors[self.members], np.diff(self.ptr))[0]

    def _paired(self, factors: BigIntegers) -> FactoredQuotients:
        """Return the sums of the first two quotients, of the next two, and so on."""
        count, sizes = len(self.ptr) - 1, np.diff(self.ptr)
        owner = np.repeat(np.arange(count), sizes)
        keys = owner // 2 * len(factors) + self.members
        order = np.argsort(keys, kind="stable")
        new = np.append(True, keys[order[1:]] != keys[order[:-1]])[: len(order)]
        alone = np.empty(len(order), bool)
        alone[order] = new & np.append(new[1:], True)[: len(order)]
        others = owner[alone] ^ 1  # the quotient whose denominator lacks the factor
        chosen = alone.nonzero()[0][np.argsort(others, kind="stable")]
        lacking = grouped_products(factors[self.members[chosen]], np.bincount(others, minlength=count + 1))[:count]
        pairs = np.arange(0, count, 2)
        numerators = [np.add.reduceat(above * lacking ** (k + 1), pairs, axis=1) for k, above in enumerate(self.numerators)]
        pair, members = np.divmod(keys[order[new]], len(factors))
        return FactoredQuotients(numerators, np.append(0, np.cumsum(np.bincount(pair, minlength=len(pairs)))), members)


def grouped_products(values: BigIntegers, sizes: Integers) -> BigIntegers:
    """Return the product of the first sizes[0] values, of the next sizes[1], and so on; 1 where there are none."""
    while len(values) and sizes.max() > 1:
        first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        place, size = np.arange(len(values)) - first, np.repeat(sizes, sizes)
        left = np.flatnonzero(place % 2 == 0)
        paired = left[place[left] + 1 < size[left]]
        products = values.copy()
        products[paired] *= values[paired + 1]
        values, sizes = products[left], (sizes + 1) // 2
    result: BigIntegers = np.ones(len(sizes), object)
    result[sizes > 0] = values
    return result
