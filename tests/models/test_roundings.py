"""Models whose layers join operations: what floats compute by one after the other stays inside the band of the layers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models.float_band import band

from exactzones import certify, feature
from exactzones.certification import Undecided
from exactzones.models import tensors
from exactzones.models.normalization import Statistics, normalized
from exactzones.models.pooling import pooled_average, pooled_maximum
from exactzones.models.tensors import Tensor
from exactzones.models.windows import Geometry
from exactzones.rational.float_formats import FORMATS
from exactzones.roundings import Roundings, UnknownRoundings

HALF = FORMATS["float16"]
SIZE = 4


class Program:
    """Operations on vectors of numbers of float16: each result is rounded up, down or to the nearest, or flushed to zero."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def rounded(self, values):
        spacing = np.ldexp(1.0, np.maximum(np.frexp(values)[1] - 1, HALF.least) - 10)
        step = [np.floor, np.ceil, np.round][self.random.integers(3)]
        result = step(values / spacing) * spacing
        return np.where((abs(result) < float(HALF.smallest_normal)) & (self.random.random(values.shape) < 0.5), 0.0, result)

    def total(self, terms):
        """Sum up a list of vectors in a random order."""
        terms = list(terms)
        while len(terms) > 1:
            one, other = (terms.pop(self.random.integers(len(terms))) for _ in range(2))
            terms.append(self.rounded(one + other))
        return terms[0]

    def product(self, weight, x):
        return self.total([self.rounded(weight[:, k] * x[:, k : k + 1]) for k in range(weight.shape[1])])


def numbers(random, *shape):
    """Numbers of float16 with few bits, of which some are 0, 1 or -1."""
    values = random.integers(-64, 65, shape) / 2.0 ** random.integers(2, 7)
    return np.where(random.random(shape) < 0.3, np.sign(values), values)


def dense(tensor, x, program, random):
    weight, bias = numbers(random, SIZE, SIZE), numbers(random, SIZE)
    return tensors.dense(tensor, weight, bias), program.rounded(program.product(weight, x) + bias)


def shifted(tensor, x, program, random):
    bias = numbers(random, SIZE)
    return tensor.plus(bias, 1, -1), np.where(bias == 0, x, program.rounded(x - bias))  # a copy is not flushed


def scaled(tensor, x, program, random):
    factor = numbers(random, SIZE)
    return tensor.times(factor), np.where(abs(factor) == 1, x * factor, program.rounded(x * factor))


def divided(tensor, x, program, random):
    """By the number, or times its rounded reciprocal."""
    divisor = np.where((found := numbers(random, SIZE)) == 0, 3.0, found)
    inverse = program.rounded(1 / divisor)
    return tensor.divided(divisor), program.rounded(x / divisor if random.random() < 0.5 else x * inverse)


def leaky(tensor, x, program, random):
    slope = float(np.float16(random.random()))
    return tensors.leaky(tensor, slope), np.where(x > 0, x, program.rounded(slope * x))


def clipped(tensor, x, _program, _random):
    return tensors.clipped(tensor, -0.75, 6), np.clip(x, -0.75, 6)


def absolute(tensor, x, _program, _random):
    return tensors.absolute(tensor), abs(x)


def relu(tensor, x, _program, _random):
    return tensor.relu(), np.maximum(x, 0)


def residual(tensor, x, program, random):
    inner, y = dense(tensor, x, program, random)
    return inner.plus(tensor), program.rounded(x + y)


def block(tensor, x, program, random):
    """A residual block: its sum has terms of two levels."""
    inner, y = relu(*dense(tensor, x, program, random), program, random)
    inner, y = dense(inner, y, program, random)
    return inner.plus(tensor), program.rounded(x + y)


def difference(tensor, x, program, random):
    """Two sums that nearly cancel."""
    weight = numbers(random, SIZE, SIZE)
    one, other = tensors.product(tensor, weight.T), tensors.product(tensor, weight.T)
    return one.plus(other, 1, -1).plus(tensor), program.rounded(
        program.rounded(program.product(weight, x) - program.product(weight, x)) + x
    )


def doubled(tensor, x, program, random):
    """Each number is read twice, as two terms of a sum."""
    weight = numbers(random, SIZE, 2 * SIZE)
    both = tensors.concatenated([tensor, tensor], 1)
    return tensors.product(both, weight.T), program.product(weight, np.hstack([x, x]))


def average(tensor, x, program, _random):
    """Of windows of two, three times; then four numbers again."""
    geometry = Geometry((2,), (1,), (1,), (0,), (1,))
    pooled = pooled_average(tensor.reshaped((1, 1, SIZE)), geometry, with_padding=False)
    after = np.hstack([x[:, 1:], np.zeros((len(x), 1))])
    half = program.rounded(x + after) / np.array([2, 2, 2, 1])
    return pooled.reshaped((1, SIZE)), program.rounded(half)


def largest(tensor, x, _program, _random):
    pooled = pooled_maximum(tensor.reshaped((1, 1, SIZE)), Geometry((2,), (1,), (1,), (0,), (1,)))
    return pooled.reshaped((1, SIZE)), np.maximum(x, np.hstack([x[:, 1:], np.full((len(x), 1), -np.inf)]))


def batch_norm(tensor, x, program, random):
    mean, scale, shift = numbers(random, SIZE), numbers(random, SIZE), numbers(random, SIZE)
    variance, epsilon = abs(numbers(random, SIZE)) + 0.25, float(np.float16(1e-3))
    result = normalized(tensor, Statistics(mean, variance, scale, shift, epsilon), "BatchNormalization")
    root = program.rounded(1 / program.rounded(np.sqrt(program.rounded(variance + epsilon))))
    if random.random() < 0.5:
        factor = program.rounded(root * scale)
        offset = program.rounded(shift - program.rounded(mean * factor))
        return result, program.rounded(program.rounded(x * factor) + offset)
    return result, program.rounded(program.rounded(program.rounded(program.rounded(x - mean) * root) * scale) + shift)


OPERATIONS = (
    dense, shifted, scaled, divided, leaky, clipped, absolute, relu, residual, block, difference, doubled, average, largest,
    batch_norm,
)  # fmt: skip


@given(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=5), st.integers(0, 10**6))
def test_what_floats_compute_stays_inside_the_band(chosen, seed):
    random, program = np.random.default_rng(seed), Program(seed)
    tensor = Tensor.start((1, SIZE))
    points = x = program.rounded(random.normal(size=(20, SIZE)) * 2.0 ** random.integers(-8, 2))
    for operation in chosen:
        tensor, x = operation(tensor, x, program, random)
    network = tensor.graph.network(tensor.value)
    if not any(isinstance(layer.as_computed, UnknownRoundings) for layer in network.layers):
        low, high = band(network, points, "float16")
        exact = np.array([[float(y) for y in network([Fraction(v) for v in point])] for point in points])
        for values in (x, exact):
            assert (low <= values).all()
            assert (values <= high).all()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_covered(operation):
    """Once after a dense layer, alone and again after another one."""
    random, program = np.random.default_rng(0), Program(0)
    tensor, x = dense(Tensor.start((1, SIZE)), np.zeros((1, SIZE)), program, random)
    for _ in range(2):
        tensor, x = operation(tensor, x, program, random)
        network = tensor.graph.network(tensor.value)
        assert all(isinstance(layer.as_computed, Roundings) for layer in network.layers), network.layers


@pytest.mark.parametrize("weights", [[1, -1], [1, 1, -2], [3, -1]])
def test_products_with_one_number_are_terms_of_their_own(weights):
    """Over the reals (2^24 + 1 - 2^24) x = x; in float32 it depends on the order, as 2^24 + 1 is between two numbers."""
    big = 2.0**24
    start = Tensor.start((1, 1))
    copies = tensors.concatenated([start] * (len(weights) + 1), 1)
    tensor = tensors.dense(copies, np.array([[*(big * w for w in weights), 1.0]]), None)
    network = tensor.graph.network(tensor.value)
    exact = sum(weights) * big + 1
    for threshold in (exact - 0.5, exact + 0.5):
        assert isinstance(certify(network, feature(0, threshold), (1, 1), arithmetic="float32"), Undecided)
    (layer,) = network.layers
    assert layer.as_computed.sums == (len(weights),)
    assert layer.as_computed.weight.rows[0][0] >= sum(map(abs, weights)) * big + 1
