"""Matrices converted as a whole, and their text, against the conversion entry by entry."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from exactzones.rational import Matrix, exact, square_root, text
from exactzones.testing import rationals

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=6)
KINDS = (np.float16, np.float32, np.float64)
ODD = (0.0, -0.0, 5e-324, -1.1125369292536007e-308, 2.0**1023, -1.7976931348623157e308, 0.1, 1 - 2**-53, 1e-30)


def plain(array):
    return tuple(tuple(exact(entry) for entry in row) for row in array)


def written(rows):
    return [" ".join(map(text, row)) for row in rows]


@given(st.sampled_from(KINDS).flatmap(lambda kind: arrays(kind, SHAPES, elements={"allow_nan": False, "allow_infinity": False})))
def test_floats_of_every_kind(array):
    matrix = Matrix.of(array)
    assert matrix.shape == array.shape
    assert matrix.rows == plain(array)
    assert list(matrix.lines()) == written(plain(array))


@given(arrays(np.float64, SHAPES, elements=st.sampled_from(ODD), fill=st.nothing()))
def test_odd_floats_side_by_side(array):
    """Subnormal, negative zero, the largest: exponents so far apart that some entries are converted singly."""
    with np.errstate(all="raise"):
        assert Matrix.of(array).rows == plain(array)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.2, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_with_zeros(share, kind):
    """Matrices with few and with many entries that are not zero."""
    random = np.random.default_rng(0)
    array = (random.normal(size=(40, 50)) * (random.random((40, 50)) < share)).astype(kind)
    assert np.any(array)
    assert Matrix.of(array).rows == plain(array)
    assert list(Matrix.of(array.T).lines()) == written(plain(array.T))


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint64])
def test_integers_up_to_the_ends_of_their_type(kind):
    ends = np.array([[np.iinfo(kind).min, np.iinfo(kind).max], [0, 1]], kind)
    assert Matrix.of(ends).rows == plain(ends)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_no_entries(shape):
    matrix = Matrix.of(np.zeros(shape))
    assert matrix.shape == shape
    assert list(matrix.lines()) == [""] * shape[0]


@given(st.lists(st.lists(rationals(10**30, 10**30), min_size=3, max_size=3), min_size=1, max_size=4))
def test_text_of_mixed_denominators(rows):
    assert list(Matrix.of(rows).lines()) == written(rows)


def test_text_of_numbers_too_long_for_str_and_of_irrational_ones():
    long = [[Fraction(10**5000 + 1, 3), 10**5000], [Fraction(-1, 10**5000), 0]]
    assert list(Matrix.of(long).lines()) == written(long)
    assert list(Matrix.of([[square_root(3) / 2, 1]]).lines()) == ["1/2*sqrt(3) 1"]
