"""Matrices that keep their floats, or their entries that are not zero, against the same matrix entry by entry."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones.errors import InputError
from exactzones.rational import Matrix
from exactzones.rational.dyadic import over_power_of_two, row_sums
from exactzones.rational.floats import clipped_float, filter_float, float_matrix
from exactzones.rational.storage import SparseEntries

NUMBERS = st.sampled_from([0.0, 0.0, 1.0, -0.5, 0.1, 3e-310, -(2.0**70), 1e-30, 1 - 2**-53]) | st.floats(-9, 9, width=32)
COORDINATES = st.fractions(-9, 9, max_denominator=50) | st.floats(-9, 9).map(Fraction)


def sparse(array, denominator=0):
    """Return the array, divided by the denominator if it is not 0, by its entries that are not zero."""
    rows, columns = np.nonzero(array)
    return Matrix.sparse(SparseEntries(array.shape, rows, columns, array[rows, columns], denominator))


@st.composite
def stored(draw):
    """Return a stored matrix, and the same as a matrix of python-flint."""
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    form = draw(st.sampled_from(["dense", "sparse", "quotients"]))
    if form == "quotients":
        array = np.array(draw(st.lists(st.integers(-(10**25), 10**25), min_size=height * width, max_size=height * width)), object)
        array = array.reshape(height, width)
        return sparse(array, 30), Matrix.of([[Fraction(entry, 30) for entry in row] for row in array])
    array = np.array(draw(st.lists(NUMBERS, min_size=height * width, max_size=height * width))).reshape(height, width)
    plain = Matrix.of([[Fraction(entry) for entry in row] for row in array.tolist()])
    return (Matrix.of(array) if form == "dense" else sparse(array)), plain


def test_a_matrix_of_very_many_zeros_is_not_written_out():
    vast = Matrix.sparse(SparseEntries((1 << 20, 1 << 20), np.array([3]), np.array([5]), np.array([2.0])))
    assert (vast @ ((Fraction(1),) * (1 << 20)))[3] == 2
    for wanted in (lambda: vast.floats, lambda: vast[3, 5]):
        with pytest.raises(
            InputError, match="has 1099511627776 entries with its zeros, which are needed here; at most 500000000"
        ):
            wanted()


@given(stored(), st.data())
def test_what_is_stored_is_the_matrix(pair, data):
    matrix, plain = pair
    height, width = matrix.shape
    rows = data.draw(st.lists(st.integers(0, height - 1), max_size=4))
    columns = sorted(data.draw(st.sets(st.integers(0, width - 1), min_size=1)))
    assert list(matrix.lines()) == list(plain.lines())
    assert matrix.take(rows).rows == plain.take(rows).rows
    assert matrix.pick(columns).rows == plain.pick(columns).rows
    assert pickle.loads(pickle.dumps(matrix)) == plain  # noqa: S301 - our own bytes
    for each in (matrix, plain):
        numerators, denominator = each.numerators()
        assert tuple(tuple(Fraction(int(n), denominator) for n in row) for row in numerators) == plain.rows


@given(stored())
def test_floats(pair):
    for policy in (clipped_float, filter_float):
        ours, plain = (float_matrix(matrix, policy) for matrix in pair)
        assert np.array_equal(ours, plain, equal_nan=True)


@given(stored(), st.data())
def test_exact_products_with_a_vector(pair, data):
    """The product of the stored form, which small matrices do not use, against python-flint."""
    matrix, plain = pair
    vector = tuple(data.draw(st.lists(COORDINATES, min_size=matrix.shape[1], max_size=matrix.shape[1])))
    assert matrix.storage.times(vector) == plain @ vector
    assert matrix @ vector == plain @ vector


@pytest.mark.parametrize("share", [0.01, 1])
def test_large_products(share):
    """Many long factors, whose sums of products would leave int64 without digits."""
    random = np.random.default_rng(0)
    array = random.normal(size=(40, 600)) * (random.random((40, 600)) < share)
    vector = tuple(map(Fraction, random.normal(size=600).tolist()))
    expected = tuple(sum(Fraction(w) * x for w, x in zip(row, vector, strict=True)) for row in array.tolist())
    assert Matrix.of(array) @ vector == sparse(array) @ vector == expected


def test_digits_of_extreme_integers():
    values, below = over_power_of_two(np.array([2.0**59, -(2.0**59), 1.0, -1.0]))
    assert (values.dtype, below) == (np.int64, 1)
    vector = [-(2**200), 2**200 - 1, -1, 2**63]
    assert row_sums(values, np.arange(4), np.array([0, 0, 4, 4]), vector) == [0, -(2**260) + 2**59 - 1 - 2**63, 0]
