"""Matrices in floats: products by blocks are those of the whole matrix, and of exact numbers; networks of them are attacked."""

from fractions import Fraction

import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import given
from hypothesis import strategies as st

from exactzones import Network, Polyhedron, certify, feature
from exactzones.certification import CanFire, CannotFire, case_of, certify_cases
from exactzones.certification import run as run_module
from exactzones.certification.witness.float_map import FloatMap
from exactzones.certification.witness.float_network import FloatNetwork
from exactzones.certification.witness.search import Effort, WitnessFinder
from exactzones.deadline import Deadline
from exactzones.network import Layer
from exactzones.rational import Matrix
from exactzones.rational.storage import SparseEntries


def sparse(matrix):
    """Return a matrix that keeps its entries that are not zero."""
    rows, columns = np.nonzero(matrix)
    return Matrix.sparse(SparseEntries(matrix.shape, rows, columns, matrix[rows, columns]))


def convolution(kernel, length, padding=0, stride=1):
    """Return the matrix of a convolution over sequences: kernel of shape (channels, inputs, width)."""
    channels, inputs, width = kernel.shape
    places = range(-padding, length + padding - width + 1, stride)
    matrix = np.zeros((channels, len(places), inputs, length))
    for k, first in enumerate(places):
        for j in range(width):
            if 0 <= first + j < length:
                matrix[:, k, :, first + j] = kernel[:, :, j]
    return matrix.reshape(channels * len(places), inputs * length)


@st.composite
def kernels(draw):
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 4)))
    entries = draw(st.lists(st.integers(-3, 3), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return np.array(entries, float).reshape(shape)


@at_most(6)
@given(kernels(), st.integers(0, 2), st.integers(1, 2), st.sampled_from([np.float32, np.float64]))
def test_blocks_are_the_whole_matrix(kernel, padding, stride, dtype):
    matrix = convolution(kernel, 380, padding, stride)
    whole, blocks = FloatMap(Matrix.of(matrix), dtype), FloatMap(sparse(matrix), dtype)
    assert blocks._forward is not None
    rng = np.random.default_rng(0)
    points, gradients = (rng.integers(-9, 9, (7, size)).astype(dtype) for size in matrix.shape[::-1])
    assert np.array_equal(blocks(points), points @ matrix.T)  # small integers are exact in both
    assert np.array_equal(blocks(points), whole(points))
    assert np.array_equal(blocks.pull(gradients), gradients @ matrix)
    assert blocks(points).dtype == dtype
    exact = blocks.matrix @ tuple(Fraction(float(entry)) for entry in points[0])
    assert [Fraction(float(entry)) for entry in blocks(points)[0]] == list(exact)


def test_what_is_dense_stays_dense():
    assert FloatMap(sparse(np.ones((300, 300))), np.float64)._forward is None
    scattered = np.random.default_rng(0).random((300, 300)) < 1 / 3
    assert FloatMap(sparse(scattered.astype(float)), np.float64)._forward is None
    thirds = Matrix.sparse(SparseEntries((800, 80), np.zeros(1, int), np.zeros(1, int), np.array([1], object), 3))
    assert FloatMap(thirds, np.float32)(np.eye(80, dtype=np.float32)).max() == np.float32(1 / 3)


def test_numbers_beyond_float32():
    large = Network.of(([[1e300, -1]], [-1e300], False))
    floats = FloatNetwork.of(large, np.float32)
    assert np.isfinite(floats.weights[0]).all()
    assert np.isfinite(floats.biases[0]).all()


def attacked(length=100, channels=4):
    """A residual network of convolutions on [-1, 1]^length, and the largest value of its output, at one corner."""
    rng = np.random.default_rng(3)
    signs = np.where(rng.random(length) < 1 / 2, -1.0, 1.0)
    smooth = np.zeros((channels, 1, 3))
    smooth[:, 0, 1], smooth[:, 0, 0] = 1, 0.25 * np.arange(channels)
    first = convolution(smooth, length, padding=1) * signs
    places = len(first) // channels
    mixed = convolution(np.full((1, channels, 1), 0.25), places)
    skip = np.vstack([mixed, np.eye(len(first))])  # the convolution, and what it adds to
    relu = [True] * len(mixed) + [False] * len(first)
    last = np.hstack([np.ones(len(mixed)), np.full(len(first), 0.5)])[None]
    layers = [
        Layer(sparse(first), (Fraction(1),) * len(first), (True,) * len(first)),
        Layer(sparse(skip), (Fraction(0),) * len(skip), tuple(relu)),
        Layer(Matrix.of(last), (Fraction(0),), (False,)),
    ]
    net = Network(tuple(layers))
    top = net([int(sign) for sign in signs])[0]  # every entry of every layer is largest there
    return net, top


def test_gradients_find_what_samples_miss():
    net, top = attacked()
    box = Polyhedron.box(-1, 1, dim=net.inputs)
    rng = np.random.default_rng(0)
    drawn = np.vstack([rng.uniform(-1, 1, (4_000, net.inputs)), rng.choice([-1.0, 1.0], (4_000, net.inputs))])
    assert FloatNetwork.of(net).trace(drawn)[-1].max() < 0.8 * float(top)
    for dtype in (np.float32, np.float64):
        finder = WitnessFinder(net, box, FloatNetwork.of(net, dtype))
        wanted = feature(0, top * Fraction(9, 10))
        cases = [feature(0, top + 1), feature(0, 2 * top), *[feature(0, top + k) for k in range(2, 20)], wanted]
        number, point = finder.find(cases, Effort(Deadline(60), rounds=4, seconds=0, seed=1))
        assert number == len(cases) - 1
        assert net.satisfies(point, wanted)
        assert finder.find(cases, Effort(Deadline(60), rounds=4, seconds=0, seed=1)) == (number, point)


def test_a_witness_needs_no_tree(monkeypatch):
    net, top = attacked()
    box = Polyhedron.box(-1, 1, dim=net.inputs)

    def refuse(*_, **__):
        raise AssertionError("a tree is set up")

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "Tree", refuse)
        decision = certify(net, feature(0, top * Fraction(9, 10)), box)
        assert isinstance(decision, CanFire)
        assert certify(net, feature(0, top), box, seconds=0).open_leaves == 1
        with pytest.raises(AssertionError, match="a tree"):
            certify(net, feature(0, top), box)
    cases = [case_of(net, feature(0, level), box) for level in (top + 1, top - Fraction(1, 4))]
    assert certify_cases(net, cases).case == 1
    assert isinstance(certify_cases(net, cases[:1]), CannotFire)
