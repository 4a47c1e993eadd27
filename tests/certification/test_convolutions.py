"""Networks of convolutions: by blocks and by whole matrices the provers and the checker come to the same answers."""

import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import given
from hypothesis import strategies as st

from exactzones.certification import Undecided, case_of, certify_cases, guessing
from exactzones.checker import Bound, Hint, Node, check
from exactzones.checker.reference import check_plainly
from exactzones.checker.tree import Tree
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import feature
from exactzones.rational import blocks

SIDE = 4  # images of one channel have this height and width


def convolution(kernel, side, stride):
    """Return the matrix of a convolution of square images, padded by one, and the side of its result."""
    outputs, channels, size, _ = kernel.shape
    after = (side + 2 - size) // stride + 1
    matrix = np.zeros((outputs, after, after, channels, side + 2, side + 2))
    for y, x in np.ndindex(after, after):
        matrix[:, y, x, :, stride * y : stride * y + size, stride * x : stride * x + size] = kernel
    return matrix[..., 1:-1, 1:-1].reshape(outputs * after * after, channels * side * side), after


@st.composite
def networks(draw):
    """A convolution and one of: another one, a transposed one, a residual one, average pooling; then a dense layer."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))

    def weights(*shape):
        return rng.integers(-4, 5, shape) / 4

    first, side = convolution(weights(2, 1, 3, 3), SIDE, draw(st.sampled_from([1, 2])))
    layers = [(first, weights(len(first)), True)]
    kind = draw(st.sampled_from(["plain", "transposed", "residual", "pooling"]))
    if kind == "plain":
        layers.append((convolution(weights(1, 2, 2, 2), side, 1)[0], weights((side + 1) ** 2), True))
    elif kind == "transposed":
        turned = convolution(weights(2, 1, 3, 3), side, 1)[0].T
        layers.append((turned, weights(len(turned)), True))
    elif kind == "pooling":
        pooled = convolution(np.full((1, 2, 2, 2), 0.25), side, 2)[0]
        layers.append((pooled, np.zeros(len(pooled)), False))
        layers.append((weights(3, len(pooled)), weights(3), True))
    else:
        inner = convolution(weights(2, 2, 3, 3), side, 1)[0]
        lanes = np.concatenate([inner, np.eye(len(first))])
        layers.append(
            (lanes, np.concatenate([weights(len(inner)), np.zeros(len(first))]), [True] * len(inner) + [False] * len(first))
        )
        layers.append((np.concatenate([np.eye(len(inner))] * 2, 1), weights(len(inner)), True))
    last = layers[-1][0].shape[0]
    layers.append((weights(2, last), weights(2), False))
    return Network(tuple(Layer.of(weight, bias, relu=relu) for weight, bias, relu in layers))


@pytest.fixture(scope="module")
def by_blocks():
    """A function that returns a network with all of its matrices in blocks, or none."""
    with pytest.MonkeyPatch.context() as patch:

        def turn(network, on):
            patch.setattr(blocks, "_LARGE", 0 if on else 1 << 62)
            patch.setattr(blocks, "_GAIN", 0)
            patch.setattr(blocks, "_DENSE", 0)
            return Network(tuple(Layer.of(layer.weight.floats, layer.bias, relu=layer.relu) for layer in network.layers))

        patch.setattr(guessing, "_FEW_INPUTS_SECONDS", 0.02)
        yield turn


def all_bounds(network, case):
    """Return the fast checker's bounds of all units without hints."""
    tree = Tree(network, [[case]], 40)
    units = range(network.inputs, tree.claims[0].units)
    node = Node(0, tuple(Bound(unit, upper, exact=False, hint=Hint()) for unit in units for upper in (0, 1)), "cut", 0, 0)
    tree.add([node])
    known = tree.waiting[1].known
    return [part.tolist() for part in (known.low, known.high, known.has_low, known.has_high)]


@at_most(8)
@given(networks(), st.data())
def test_blocks_change_neither_bounds_nor_verdicts(by_blocks, network, data):
    width = data.draw(st.sampled_from([0.125, 0.5, 1]))
    domain = Polyhedron.box(-width, width, dim=network.inputs)
    top = np.abs(np.array([float(x) for x in network([0] * network.inputs)])).max()
    cases = [case_of(network, feature(k, threshold=top + data.draw(st.integers(0, 16)) / 8), domain) for k in (0, 1)]
    sparse = by_blocks(network, on=True)
    assert all(layer.weight.sparse_form for layer in sparse.layers)
    assert all_bounds(sparse, cases[0]) == all_bounds(by_blocks(network, on=False), cases[0])
    decisions = [certify_cases(by_blocks(network, on=on), cases, seconds=0.7) for on in (True, False)]
    assert len({type(decision) for decision in decisions} - {Undecided}) <= 1
    for decision in decisions:
        wanted = "incomplete" if isinstance(decision, Undecided) else "valid"
        for on in (True, False):
            assert check(by_blocks(network, on=on), cases, decision.certificate.lines).verdict == wanted
        assert check_plainly(network, cases, decision.certificate.lines).verdict == wanted
