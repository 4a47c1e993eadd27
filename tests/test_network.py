"""Networks: exact forward evaluation against plain Fractions, patterns, regimes, hashes, refusals."""

import hashlib
import itertools
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import event, given
from hypothesis import strategies as st

from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, FeatureError, InexactError, InputError
from exactzones.network import Latent, Layer, Network, regime_bound
from exactzones.rational import vector
from exactzones.testing import KINDS, networks, points, points_near, rationals

ABSOLUTE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1


@st.composite
def networks_and_points(draw, kind=None):
    net = draw(networks(kind))
    return net, draw(points(net.inputs) | points_near(net))


def _plain(layer):
    """Return weights, biases and mask as lists of Fractions, out of the text of the network, not out of its matrices."""
    lines = Network((layer,)).canonical_text().splitlines()[1:]
    mask = [letter == "r" for letter in lines[0].split()[2]]
    split = [line.split(" | ") for line in lines[1:]]
    return [list(map(Fraction, row.split())) for row, _ in split], [Fraction(bias) for _, bias in split], mask


def _reference(net, point):
    """Evaluate with nothing but Fractions; returns every layer's (before, after)."""
    values, trace = list(point), []
    for layer in net.layers:
        rows, biases, mask = _plain(layer)
        before = []
        for row, bias in zip(rows, biases, strict=True):
            total = bias
            for w, v in zip(row, values, strict=True):
                total += w * v
            before.append(total)
        values = [v if v > 0 or not has_relu else Fraction(0) for v, has_relu in zip(before, mask, strict=True)]
        trace.append((before, values))
    return trace


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_forward_is_exact(kind, data):
    net, point = data.draw(networks_and_points(kind))
    reference = _reference(net, point)
    assert net.trace(point) == tuple(tuple(before) for before, _ in reference)
    assert net(point) == tuple(reference[-1][1])
    assert all(type(value) is Fraction for value in net(point))
    assert net([str(entry) for entry in point]) == net(point)


@given(networks_and_points())
def test_pattern_counts_zero_as_off(pair):
    net, point = pair
    reference = _reference(net, point)
    for horizon in (None, *range(len(net.layers) + 1)):
        size = len(net.layers) - 1 if horizon is None else horizon
        expected = tuple(
            "".join("+" if before[unit] > 0 else "-" for unit in layer.relu_units)
            for layer, (before, _) in zip(net.layers[:size], reference, strict=False)
            if layer.relu_units
        )
        assert net.pattern(point, horizon) == expected
    event(f"a zero pre-activation: {any(0 in before for before, _ in reference)}")


@given(networks_and_points())
def test_the_regime_s_affine_maps_are_the_network_at_the_point(pair):
    net, point = pair
    assert net.layers[-1].activate(net.affine_map(net.pattern(point))(point)) == net(point)
    trace = net.trace(point)
    for horizon in range(len(net.layers) + 1):
        maps = net.regime_maps(net.pattern(point, horizon), horizon)
        assert len(maps) == min(horizon + 1, len(net.layers))
        assert tuple(mapping(point) for mapping in maps) == trace[: horizon + 1]


@given(networks_and_points("integer"))
def test_a_neuron_at_zero_may_be_read_either_way(pair):
    """Every pattern that agrees with the point up to zeros computes the network there."""
    net, point = pair
    with_relu = [(layer, before) for layer, before in zip(net.layers[:-1], net.trace(point), strict=False) if layer.relu_units]
    choices = [
        ["+-" if before[u] == 0 else "+" if before[u] > 0 else "-" for u in layer.relu_units] for layer, before in with_relu
    ]
    patterns = [["".join(signs) for signs in itertools.product(*layer)] for layer in choices]
    tried = list(itertools.islice(itertools.product(*patterns), 64))
    assert tried
    for pattern in tried:
        assert net.affine_map(pattern)(point) == net.trace(point)[-1]
    event(f"patterns: {min(len(tried), 4)}")


@given(st.data(), networks())
def test_compose_is_the_network_on_a_slice(data, net):
    size = data.draw(st.integers(1, 3))
    origin, *columns = [data.draw(points(net.inputs)) for _ in range(size + 1)]
    embedding = AffineMap.of(list(zip(*columns, strict=True)), origin)
    sliced = net.compose(embedding)
    inside = data.draw(points(size))
    assert sliced.inputs == size
    assert sliced.trace(inside) == net.trace(embedding(inside))
    assert sliced.layers[1:] == net.layers[1:]
    assert net.compose(AffineMap.identity(net.inputs)) == net


@given(networks_and_points("bottleneck"))
def test_tails_start_at_the_latents(pair):
    net, point = pair
    reference = _reference(net, point)
    assert net.latents[0] == Latent("input", 0, net.inputs)
    linear = [k for k, layer in enumerate(net.layers[:-1]) if not any(layer.relu)]
    assert linear
    expected = [Latent(f"latent{n}", k + 1, net.widths[k]) for n, k in enumerate(linear, start=1)]
    assert list(net.latents[1:]) == expected
    for latent in net.latents:
        assert net.latent(latent.name) == latent
        tail = net.tail(latent.layer)
        assert tail.inputs == latent.dim
        values = reference[latent.layer - 1][1] if latent.layer else point
        assert tail(values) == net(point)


def test_latents_of_a_plain_network():
    assert ABSOLUTE.latents == (Latent("input", 0, 1),)
    lanes = Network.of(([[1], [1]], [0, 0], [True, False]), ([[1, 1]], [0], True), ([[1]], [0], False))
    assert lanes.latents == (Latent("input", 0, 1),)  # neither a layer with any ReLU nor the last is a down-projection
    with pytest.raises(FeatureError, match="no latent space 'latent1'; this network has input"):
        ABSOLUTE.latent("latent1")


@given(networks(), networks())
def test_equality_hash_and_pickle(one, other):
    assert (one == other) == (one.sha256 == other.sha256) == (one.canonical_text() == other.canonical_text())
    copy = pickle.loads(pickle.dumps(one))  # noqa: S301
    assert copy == one
    assert hash(copy) == hash(one)
    assert copy.sha256 == one.sha256


def test_sha256_of_a_tiny_network():
    """The hash of ``printf 'exactzones-network-1\\n2 1 rl\\n1/2 | 0\\n-1 | -3\\n1 2 l\\n1 1 | 1/3\\n' | sha256sum``."""
    net = Network.of(([[0.5], [-1]], [0, -3], [True, False]), ([[1, "2/2"]], ["1/3"], False))
    assert net.canonical_text() == "exactzones-network-1\n2 1 rl\n1/2 | 0\n-1 | -3\n1 2 l\n1 1 | 1/3\n"
    assert net.sha256 == "25afd6036ce15b778c4cf8ce39d25b214ab15e4b334df4b9b2c57c01ecdfc7a5"
    assert net.sha256 == hashlib.sha256(net.canonical_text().encode()).hexdigest()


@given(st.data(), networks(), rationals().filter(bool))
def test_sha256_changes_with_any_number(data, net, change):
    depth = data.draw(st.integers(0, len(net.layers) - 1))
    layer = net.layers[depth]
    rows, biases, mask = _plain(layer)
    unit = data.draw(st.integers(0, layer.outputs - 1))
    place = data.draw(st.integers(-2, layer.inputs - 1))
    if place == -2:
        mask[unit] = not mask[unit]
    elif place == -1:
        biases[unit] += change
    else:
        rows[unit][place] += change
    changed = Network((*net.layers[:depth], Layer.of(rows, biases, relu=mask), *net.layers[depth + 1 :]))
    assert changed.sha256 != net.sha256
    assert changed != net


def test_sha256_tells_shapes_apart():
    wide = Network.of(([[1, 1]], [1], True))
    nets = [
        wide,
        Network.of(([[1], [1]], [1, 1], True)),
        Network.of(([[1]], [1], True), ([[1]], [1], True)),
        Network.of(([[11]], [1], True)),
    ]
    assert len({net.sha256 for net in nets}) == len(nets)


def test_numbers_of_every_kind_make_the_same_network():
    expected = Network.of(([["1/2", 1], [0, "-0.25"]], [1, 0], True))
    array = np.array([[0.5, 1], [0, -0.25]])
    for kind in (np.float16, np.float32, np.float64):
        assert Network.of((array.astype(kind), np.array([1, 0], kind), True)) == expected
    half = sympy.Rational(1, 2)
    assert Network.of(([[half, 1], [0, -half / 2]], [1, 0], [True, True])) == expected
    assert Network.of(Layer.of(array, [1, 0])) == expected
    assert Network.mlp([(array, None)]).layers[0].bias == vector(0, 0)


def test_rationalizations_are_kept():
    root = sympy.sqrt(3) / 2
    net = Network.mlp([([[root, 1], [root, sympy.pi]], None), ([[1, "1/3"]], [sympy.sqrt(2)])], rationalize=100)
    assert [taken.expression for taken in net.rationalizations] == ["sqrt(3)/2", "pi", "sqrt(2)"]
    taken = {entry.expression: entry.value for entry in net.rationalizations}
    # Closest with denominators up to 100: 84/97, 311/99 and 140/99.
    assert taken == {"sqrt(3)/2": Fraction(84, 97), "pi": Fraction(311, 99), "sqrt(2)": Fraction(140, 99)}
    assert net.layers[0].weight.rows == ((Fraction(84, 97), 1), (Fraction(84, 97), Fraction(311, 99)))
    assert net.layers[1].bias == (Fraction(140, 99),)
    assert net.layers[1].weight.rows == ((1, Fraction(1, 3)),)
    for derived in (net.tail(1), net.compose(AffineMap.identity(2)), pickle.loads(pickle.dumps(net))):  # noqa: S301
        assert derived.rationalizations == net.rationalizations
    assert ABSOLUTE.rationalizations == ()
    with pytest.raises(InexactError, match=r"layer 0 weight\[0\]\[0\] is pi, which is not rational; pass rationalize="):
        Network.mlp([([[sympy.pi]], [0])])
    with pytest.raises(InexactError, match="nan"):
        Network.mlp([([[float("nan")]], [0])], rationalize=100)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (Network.of, InputError, "at least one layer"),
        (
            lambda: Network.of(([[1]], [0], True), ([[1, 1]], [0], True)),
            DimensionError,
            "input of layer 1 has 2 entries; expected 1",
        ),
        (lambda: Network.of(([[1], [1, 2]], [0, 0], True)), DimensionError, "row 1 of layer 0 weight has 2 entries; expected 1"),
        (lambda: Network.of(([[1]], [0, 1], True)), DimensionError, "layer 0 bias has 2 entries; expected 1"),
        (lambda: Network.of(([[1]], [0], [True, False])), DimensionError, "ReLU mask has 2 entries; expected 1"),
        (lambda: Network.of(([], [], True)), InputError, r"layer 0 weight has shape \(0, 0\)"),
        (lambda: Network.of(([[], []], [0, 0], True)), InputError, r"layer 0 weight has shape \(2, 0\)"),
        (lambda: Network.of((3, [0], True)), InputError, "layer 0 weight is 3; expected a list of rows"),
        (lambda: Network.of(([[1]], 3, True)), InputError, "layer 0 bias is 3; expected a sequence of 1 numbers"),
        (lambda: Network.of(([[1]], np.zeros((1, 1)), True)), InputError, r"layer 0 bias has shape \(1, 1\)"),
        (lambda: Network.of((np.zeros((1, 1, 1)), [0], True)), InputError, r"layer 0 weight has shape \(1, 1, 1\)"),
        (lambda: Network.of(([[1]], ["x"], True)), InexactError, r"layer 0 bias\[0\] is 'x'"),
        (lambda: Network.of(([[1], [True]], [0, 0], True)), InexactError, r"layer 0 weight\[1\]\[0\] is True"),
        (lambda: Network.mlp([([[1]], [0]), (np.array([[np.inf]]), [0])]), InexactError, r"layer 1 weight\[0\]\[0\] is inf"),
        (lambda: ABSOLUTE([1, 2]), DimensionError, "point has 2 entries; expected 1"),
        (lambda: ABSOLUTE(["a"]), InexactError, "coordinate 0 is 'a'"),
        (lambda: ABSOLUTE([float("nan")]), InexactError, "coordinate 0 is nan"),
        (
            lambda: ABSOLUTE.compose(AffineMap.identity(2)),
            DimensionError,
            "codomain of the embedding has dimension 2; expected 1",
        ),
        (lambda: ABSOLUTE.tail(2), FeatureError, "layer 2 does not exist: the network's layers are 0 to 1"),
        (lambda: ABSOLUTE.affine_map(("+",)), DimensionError, "activation pattern of a layer has 1 entry; expected 2"),
        (lambda: ABSOLUTE.affine_map(()), DimensionError, "activation pattern has 0 entries; expected 1"),
        (lambda: ABSOLUTE.affine_map(("+-", "+")), DimensionError, "activation pattern has 2 entries; expected 1"),
        (
            lambda: Layer.of([[1]], relu=True).kept("++"),
            DimensionError,
            "activation pattern of a layer has 2 entries; expected 1",
        ),
    ],
)
def test_refusals(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_masks():
    layer = Layer.of([[1], [1], [1]], relu=[False, True, False])
    assert layer.relu_units == (1,)
    assert layer.activate(vector(-1, -1, -1)) == vector(-1, 0, -1)
    assert layer.signs(vector(5, 0, 5)) == "-"
    assert layer.kept("-") == (True, False, True)
    assert Layer.of([[1]], relu=np.array([False])).relu == (False,)
    # A linear layer has no signs of its own: the pattern skips it.
    net = Network.of(([[1]], [0], False), ([[1]], [0], True), ([[1]], [0], False))
    assert net.pattern([3]) == ("+",)
    assert net.affine_map(("-",))(vector(3)) == (0,)


@pytest.mark.parametrize(("units", "dim", "regions"), [(10, 2, 56), (100, 2, 5051), (3, 3, 8), (4, 1, 5), (0, 2, 1), (2, 5, 4)])
def test_regime_bound(units, dim, regions):
    assert regime_bound(units, dim) == regions
