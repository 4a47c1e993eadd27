"""Products of whole arrays against Python's integers, around all the sizes at which another way is taken."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones.checker import arithmetic
from exactzones.checker.arithmetic import Weights, integers, narrow, size, sums_of_multiples, times, total
from exactzones.checker.sparse_weights import SparseWeights
from exactzones.rational import Matrix
from exactzones.rational.blocks import Blocks, SparseForm
from exactzones.rational.storage import SparseEntries


@given(st.data())
def test_products_are_rounded_down_as_integers_are(data):
    draw = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    rows, outputs, inputs = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    left = numbers(draw, data.draw(st.integers(1, 70)), (rows, outputs))
    matrix = numbers(draw, data.draw(st.integers(1, 70)), (outputs, inputs))
    denominator = data.draw(st.sampled_from([1, 3, 1 << 5, 1 << 24, 1 << 40, 1 << 63, 1 << 90]))
    weights = Weights(Matrix.of([[Fraction(entry, denominator) for entry in row] for row in matrix.tolist()]))
    needed = draw.random(inputs) < 0.8
    left[:, draw.random(outputs) < 0.1] = 0
    if data.draw(st.booleans()):  # one unit in each row, as functions start
        left[np.arange(outputs) != draw.integers(outputs, size=rows)[:, None]] = 0
        left <<= data.draw(st.sampled_from([0, 7, 40]))
    values, inexact = weights.product(integers(left.tolist()), needed if data.draw(st.booleans()) else None)
    whole = left @ matrix
    wanted, lost = whole // denominator, (whole % denominator).astype(bool)
    some = np.nonzero(values.any(0) | needed)[0]
    assert (values[:, some] == wanted[:, some]).all()
    assert (inexact[:, some] == lost[:, some]).all()


@given(st.data())
def test_products_by_blocks_are_those_of_the_whole_matrix(data):
    draw = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    outputs, inputs = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20))
    left = numbers(draw, data.draw(st.integers(1, 70)), (data.draw(st.integers(1, 9)), outputs))
    matrix = numbers(draw, data.draw(st.integers(1, 70)), (outputs, inputs))
    matrix[draw.random((outputs, inputs)) < 0.6] = 0
    places = np.nonzero(matrix)
    denominator = data.draw(st.sampled_from([1, 3, 1 << 5, 1 << 40, 1 << 90]))
    entries = SparseEntries(matrix.shape, *places, matrix[places], denominator)
    first = [Fraction(entry, data.draw(st.sampled_from([1, 3, 8]))) for entry in numbers(draw, 30, (outputs,)).tolist()]
    dense = Weights(Matrix.sparse(entries), first)
    sparse = SparseWeights(SparseForm(entries, Blocks(entries.shape, *places)), first)
    needed = draw.random(inputs + 1) < 0.8
    needed[0] = True  # constants always are
    for chosen in (None, needed):
        for judged in (True, False):
            values, inexact = sparse.product(integers(left.tolist()), chosen, judged=judged)
            wanted, lost = dense.product(integers(left.tolist()), chosen, judged=judged)
            some = slice(None) if chosen is None else chosen
            assert (values == wanted).all()
            assert not judged or (inexact[:, some] == lost[:, some]).all()
    assert sparse.is_short
    assert (sparse.integers == dense.integers).all()
    assert (sparse.denominator, sparse.size) == (dense.denominator, dense.size)
    for ours, theirs in zip(sparse.split_floats(), dense.split_floats(), strict=True):
        np.testing.assert_allclose(np.eye(outputs) @ ours, np.eye(outputs) @ theirs, rtol=1e-14)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("bits", [22, 44, 50, 61, 130])
def test_the_largest_products_by_blocks_do_not_wrap(bits, sign):
    matrix = np.full((4096, 1), sign * ((1 << bits) - 1), object)
    places = np.nonzero(matrix)
    entries = SparseEntries(matrix.shape, *places, matrix[places], 1 << 40)
    first = [Fraction(sign * ((1 << bits) - 1), 1 << 40)] * 4096
    for block in (Blocks(entries.shape, *places), Blocks((4096, 1), np.zeros(0, int), np.zeros(0, int))):
        sparse = SparseWeights(SparseForm(entries, block), first)
        values, _ = sparse.product(integers([[(1 << bits) - 1] * 4096, [-(1 << bits)] * 4096]))
        wanted = [4096 * k * sign * ((1 << bits) - 1) >> 40 for k in ((1 << bits) - 1, -(1 << bits))]
        assert values[:, 0].tolist() == wanted
        assert not block.shapes or values[:, 1].tolist() == wanted
    assert not SparseWeights(SparseForm(entries, block), [Fraction(1 << 5000)] * 4096).is_short


def test_products_by_blocks_of_numerators_that_exceed_all_floats():
    matrix = np.array([[1.0, 0.0], [0.0, 1e-320], [-3.5, 0.0]])
    places = np.nonzero(matrix)
    form = SparseForm(SparseEntries(matrix.shape, *places, matrix[places]), Blocks(matrix.shape, *places))
    for column in ([Fraction(1), Fraction(1, 3 << 1000), Fraction(-5)], [Fraction(2)] * 3):
        sparse, dense = SparseWeights(form, column), Weights(Matrix.of(matrix), column)
        for left in ([[1 << 40, -7, 1 << 39], [3, 1 << 60, 0]], [[1 << 1100, -1, 5]]):
            for ours, theirs in zip(sparse.product(integers(left)), dense.product(integers(left)), strict=True):
                assert (ours == theirs).all()


@given(st.data())
def test_entrywise_products_are_rounded_down(data):
    draw = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    left, right = (numbers(draw, data.draw(st.integers(1, 70)), (20,)) for _ in range(2))
    bits = data.draw(st.integers(0, 70))
    assert times(integers(left.tolist()), integers(right.tolist()), bits).tolist() == (left * right >> bits).tolist()


def numbers(draw, bits, shape):
    """Integers of up to so many bits, as objects; extreme ones and zeros among them."""
    found = np.array([int.from_bytes(draw.bytes(10)) % (1 << bits) for _ in range(int(np.prod(shape)))], object)
    found[draw.random(len(found)) < 0.2] = (1 << bits) - 1
    found[draw.random(len(found)) < 0.1] = 0
    return (found * draw.choice([-1, 1], len(found))).reshape(shape)


def largest(bits, shape, sign=1):
    """The largest integers below ``2^bits``, all of one sign, so that sums are as large as they can be."""
    array = np.empty(shape, object)
    array[...] = sign * ((1 << bits) - 1)
    return array


def boundaries(shift):
    """Sizes of two factors and a number of products with sums around 62 bits, before and after they are shifted."""
    for length in (1, 3, 7):
        for bits in {*range(59, 67), *range(59 + shift, 67 + shift)}:
            for left in (1, 11, 31, 45, 61):
                right = bits - left - length.bit_length()
                if 1 <= right <= 100:
                    yield left, right, length


class ScaledMatrix:
    """What ``Weights`` needs of a matrix: here the denominator is not reduced."""

    def __init__(self, numerators, denominator):
        self._numerators, self._denominator = numerators, denominator

    def numerators(self):
        return self._numerators, self._denominator


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("shift", [0, 1, 24, 36, 40, 61, 62, 63, 64, 67, 90])
def test_the_largest_sums_do_not_wrap(shift, sign, monkeypatch):
    """At every guard: one bit more in a product that machine integers take would give another number."""
    for left, right, length in boundaries(shift):
        factor, matrix = largest(left, (1, length)), largest(right, (length, 2), sign)
        matrix[0, 0] -= sign  # so that not all entries are equal
        whole = factor @ matrix
        for few in (1 << 14, 1):  # products in machine integers, and by digits in floats
            monkeypatch.setattr(arithmetic, "_FEW", few)
            values, inexact = Weights(ScaledMatrix(matrix, 1 << shift)).product(integers(factor.tolist()))
            assert (values == whole >> shift).all(), (left, right, length, few)
            assert (inexact == (whole % (1 << shift) != 0)).all(), (left, right, length, few)


@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_the_largest_entrywise_products_do_not_wrap(signs):
    for left in (1, 8, 20, 30, 31, 32, 45, 52, 53, 54, 59, 60, 61, 62, 63):
        for right in (1, 8, 20, 30, 31, 32, 45, 52, 53, 54, 59, 60, 61, 62, 63):
            one, other = (largest(bits, (2,), sign) for bits, sign in zip((left, right), signs, strict=True))
            for bits in {0, 1, 7, 8, 9, 24, 40, 60, *(left + right - k for k in range(58, 66))}:
                if bits >= 0:
                    got = times(integers(one.tolist()), integers(other.tolist()), bits).tolist()
                    assert got == (one * other >> bits).tolist(), (left, right, bits)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 15, 16, 31])
def test_the_largest_totals_do_not_wrap(length, sign):
    for bits in range(55, 65):
        array = largest(bits, (3, length), sign)
        assert total(integers(array.tolist())).tolist() == array.sum(1).tolist()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("length", [1, 2, 3, 7, 8])
def test_the_largest_sums_of_multiples_do_not_wrap(length, sign):
    for long in (1, 20, 45, 60, 61, 62, 63):
        for other in (1, 20, 31, 45, 51, 52, 53, 60, 61, 62, 63):
            rows, factors = largest(long, (2, 3), sign), largest(other, (length + 2,))
            rows[1], rows[0, 0] = -rows[1], rows[0, 0] - sign
            chosen = np.array([0] * length + [1, 0])
            products = rows[chosen] * factors[:, None]
            wanted = [products[:length].sum(0), products[length:].sum(0)]
            got = sums_of_multiples(integers(rows.tolist()), chosen, integers(factors.tolist()), np.array([0, length]))
            assert (got == wanted).all(), (long, other)


@pytest.mark.parametrize("bits", [61, 62, 63, 64])
@pytest.mark.parametrize("sign", [1, -1])
def test_integers_become_machine_words_only_if_they_fit(bits, sign):
    for value in (sign * ((1 << bits) - 1), sign * (1 << (bits - 1)), sign * (1 << bits)):
        array = np.empty(2, object)
        array[:] = [value, 0]
        assert integers([value, 0]).tolist() == narrow(array).tolist() == [value, 0]
        assert size(array) >= abs(value).bit_length()


def test_a_guard_that_is_six_bits_too_wide_wraps():
    """The product of the largest numbers that a change of one guard gave wrongly, unnoticed by any other test."""
    factor, weight = (1 << 60) + 1, Fraction((1 << 40) - 1, 1 << 36)
    assert int(Weights(Matrix.of([[weight]])).product(np.array([[factor]]))[0][0, 0]) == factor * weight // 1
