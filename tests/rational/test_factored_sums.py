"""Sums of quotients over products of known factors, against sums of fractions."""

from fractions import Fraction
from math import prod

import flint
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exactzones.rational.factored_sums import FactoredQuotients, grouped_products

numbers = st.integers(-(10**12), 10**12)
positive = st.integers(1, 10**12)


def objects(entries):
    return np.array([flint.fmpz(entry) for entry in entries], object)


@given(st.data())
def test_sums(data):
    factors = data.draw(st.lists(positive, min_size=1, max_size=6))
    sets = data.draw(st.lists(st.sets(st.integers(0, len(factors) - 1)), min_size=1, max_size=9))
    above = [[data.draw(numbers) for _ in sets] for _ in range(3)]
    members = np.array([k for chosen in sets for k in sorted(chosen)], np.int64)
    ptr = np.append(0, np.cumsum([len(chosen) for chosen in sets]))
    quotients = FactoredQuotients([objects(row)[None] for row in above], ptr, members)
    split = data.draw(st.integers(1, len(sets)))
    first = FactoredQuotients([row[:, :split] for row in quotients.numerators], ptr[: split + 1], members[: ptr[split]])
    joined = FactoredQuotients.joined([FactoredQuotients.zero([1, 1, 1]), quotients, first])
    total = joined.summed(objects(factors))
    unit = int(total.unit(objects(factors)))
    assert unit == prod(factors[k] for k in set().union(*sets))
    for power, row in enumerate(above):
        terms = [Fraction(n, prod(factors[k] for k in chosen) ** (power + 1)) for n, chosen in zip(row, sets, strict=True)]
        assert Fraction(int(total.numerators[power][0, 0]), unit ** (power + 1)) == sum(terms) + sum(terms[:split])


@given(st.lists(st.lists(positive)))
def test_products_of_groups(groups):
    products = grouped_products(objects([n for group in groups for n in group]), np.array([len(g) for g in groups], np.int64))
    assert products.tolist() == [prod(group) for group in groups]
