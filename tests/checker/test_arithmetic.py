"""Products of whole arrays against Python's integers, around all the sizes at which another way is taken."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exactzones.checker.arithmetic import Weights, integers, times
from exactzones.rational import Matrix


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
    values, inexact = weights.product(integers(left.tolist()), needed if data.draw(st.booleans()) else None)
    whole = left @ matrix
    wanted, lost = whole // denominator, (whole % denominator).astype(bool)
    some = np.nonzero(values.any(0) | needed)[0]
    assert (values[:, some] == wanted[:, some]).all()
    assert (inexact[:, some] == lost[:, some]).all()


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
