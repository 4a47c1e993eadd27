"""Executions in floats: all of them stay inside the proved band, and networks made to depend on the order are never decided."""

import os
from fractions import Fraction

import numpy as np
import pytest

from exactzones.certification import CanFire, CannotFire, Undecided, case_of, certify
from exactzones.certification.float_orders import TYPES, FloatProgram, SumOrder, order_dependence
from exactzones.checker.deployed import RoundingTerms
from exactzones.network import Layer, Network
from exactzones.property import feature
from exactzones.rational.float_formats import FORMATS, FloatArithmetic

EVALUATIONS = int(os.environ.get("EXACTZONES_EVALUATIONS", "20000"))
"""Of units, in random trees; a million in a full run."""
HALF = FORMATS["float16"]
TINY = float(HALF.smallest_normal)


def rounded(values, random):
    """Round float64 numbers to float16: to the nearest, towards zero or away from it, and flush subnormal ones now and then."""
    nearest = values.astype(np.float16).astype(float)
    spacing = np.ldexp(1.0, np.maximum(np.frexp(values)[1] - 1, HALF.least) - 10)
    down, up = np.floor(values / spacing) * spacing, np.ceil(values / spacing) * spacing
    chosen = random.integers(0, 3, values.shape)
    result = np.where(chosen == 0, nearest, np.where(chosen == 1, down, up))
    return np.where((random.random(values.shape) < 0.5) & (np.abs(result) < TINY), 0.0, result)


def a_tree(weights, bias, values, random):
    """Evaluate units at many points as a random tree, each product fused with an addition or not; shape (points, units)."""
    products = values[:, None, :] * weights[None]  # 22 bits: exact in float64
    nodes = [(products[..., i], True) for i in range(weights.shape[1])]
    nodes.append((np.broadcast_to(bias, products.shape[:2]), False))
    while len(nodes) > 1:
        (one, fresh), (other, raw) = (nodes.pop(random.integers(len(nodes))) for _ in range(2))
        if fresh and random.random() < 0.5:
            one, fresh = rounded(one, random), False
        if raw and (fresh or random.random() < 0.5):  # at most one product is fused
            other, raw = rounded(other, random), False
        nodes.append((rounded(one + other, random), False))
    return nodes[0][0]


def band(layer, values):
    """The bounds of the rounding errors at computed activations, as the checker has them."""
    terms = RoundingTerms(layer, FloatArithmetic.of("float16"), "the layer")
    sizes = np.ceil(np.abs(values) * 2.0**40).astype(np.int64)
    return terms.errors(sizes, 40) / 2.0**40


def test_executions_stay_inside_the_band():
    random = np.random.default_rng(1)
    share = 0.0
    for _ in range(50):
        inputs, units = int(random.integers(1, 12)), int(random.integers(1, 6))
        scale = 2.0 ** random.integers(-8, 3)
        weights = (random.normal(size=(units, inputs)) * scale).astype(np.float16).astype(float)
        weights[np.abs(weights) < TINY] = 0
        bias = random.normal(size=units).astype(np.float16).astype(float)
        layer = Layer.of(weights, bias, relu=True)
        points = max(1, EVALUATIONS // (50 * units))
        values = rounded(random.normal(size=(points, inputs)) * 2.0 ** random.integers(-12, 3, (points, 1)), random)
        computed = a_tree(weights, bias, values, random)
        errors = np.abs(computed - (values @ weights.T + bias))  # float64: off by 2^-40 of the band
        bounds = band(layer, values)
        assert (errors <= bounds * (1 + 2.0**-30)).all()
        share = max(share, float((errors / bounds).max()))
    assert share > 0.3  # the band is not far too wide


def test_half_the_band_is_exceeded():
    """A product and a stored result, both rounded up from just above a number: float16 with sums in float32."""
    w = a = 1 + Fraction(1, 2**10)
    b = Fraction(1, 2**13)
    layer = Layer.of([[w]], [b], relu=False)
    terms = RoundingTerms(layer, FloatArithmetic.of("float16+float32"), "the layer")
    bound = Fraction(int(terms.errors(np.array([[int(a * 2**40)]]), 40)[0, 0]), 2**40)
    product = HALF.round(w * a, "up")
    total = FORMATS["float32"].round(product + b)
    error = HALF.round(total, "up") - (w * a + b)
    assert bound / 2 < error <= bound


@pytest.mark.parametrize("name", sorted(TYPES))
def test_named_orders_are_executions_of_numpy(name):
    random = np.random.default_rng(3)
    weight, bias = random.normal(size=(3, 5)).astype(TYPES[name]), random.normal(size=3).astype(TYPES[name])
    program = FloatProgram(Network((Layer.of(weight.astype(float), bias.astype(float), relu=True),)), name)
    point = random.normal(size=(1, 5)).astype(TYPES[name])
    forward, backward = TYPES[name](0), bias.copy()
    for k in range(5):
        forward = forward + weight[:, k] * point[0, k]
        backward = backward + weight[:, 4 - k] * point[0, 4 - k]
    assert (program.trace(point, SumOrder("forward"))[0][0][0] == forward + bias).all()
    assert (program.trace(point, SumOrder("backward", bias_first=False))[0][0][0] == backward).all()


def exactly(point, layer, arithmetic, *, fused):
    """A layer's pre-activations at a point, forward, by exact arithmetic and rounding to the nearest number."""
    result = []
    for row, bias in zip(layer.weight.rows, layer.bias, strict=True):
        total = Fraction(0)
        for w, a in zip(row, point, strict=True):
            exact = fused or arithmetic.products != arithmetic.sums
            total = arithmetic.sums.round(total + (w * a if exact else arithmetic.products.round(w * a)))
        result.append(arithmetic.products.round(arithmetic.sums.round(total + bias)))
    return result


@pytest.mark.parametrize("name", ["bfloat16", "bfloat16+float32", "float16+float32", "float32"])
def test_named_orders_against_exact_roundings(name):
    random, arithmetic = np.random.default_rng(4), FloatArithmetic.of(name)

    def numbers(*shape):
        return np.vectorize(lambda x: float(arithmetic.products.round(Fraction(x))))(random.normal(size=shape))

    network = Network((Layer.of(numbers(20, 4), numbers(20), relu=True),))
    program, points = FloatProgram(network, name), numbers(5, 4)
    for fused in (False, *[True] * (name in ("bfloat16", "float32"))):
        values = program.trace(points, SumOrder("forward", fused=fused))[0][0]
        for point, row in zip(points, values, strict=True):
            expected = exactly([Fraction(x) for x in point], network.layers[0], arithmetic, fused=fused)
            assert list(map(Fraction, row)) == expected


@pytest.mark.parametrize("name", ["bfloat16", "bfloat16+float32"])
def test_the_order_decides_in_other_arithmetics(name):
    """A sum in which 1 is absorbed next to a large number of the format of sums, or is not."""
    big = Fraction(2) ** FloatArithmetic.of(name).sums.precision
    root = Fraction(2) ** 12 if "+" in name else big  # of the weights, which are numbers of the other format
    network = Network.mlp([([[root, 1, -root]], [0])])
    point = [(big / root,) * 2, (1, 1), (big / root,) * 2]
    case = case_of(network, feature(0, Fraction(1, 2)), point, arithmetic=name)
    assert isinstance(certify(network, feature(0, Fraction(1, 2)), point, arithmetic=name, seconds=2), Undecided)
    assert order_dependence(network, [case], seconds=2) is not None


def adversaries(name):
    """Networks that fire at the point (1, .., 1) in one order and not in another: (what, network, threshold)."""
    big, step = Fraction(2) ** FORMATS[name].precision, Fraction(1)  # big + 1 is no number of the format
    cascade = [([[1, 1, 1], [0, 0, 0]], [-big, 0])] + [([[2, 0], [0, 0]], [0, 0])] * 6 + [([[1, 0]], [0])]
    return [
        ("cancellation", Network.mlp([([[big, step, -big]], [0])]), Fraction(1, 2)),
        ("cancellation after a ReLU", Network.mlp([([[big, step, -big]], [0]), ([[1]], [0])]), Fraction(1, 2)),
        ("an absorbed bias", Network.mlp([([[big, -big]], [1])]), Fraction(1, 2)),
        ("an absorbed negative bias", Network.mlp([([[big, -big, 2]], [-1])]), Fraction(3, 2)),
        ("many small terms", Network.mlp([([[big, *[step] * 8, -big]], [0])]), Fraction(4)),
        ("an exact tie", Network.mlp([([[big, step, -big]], [-1])]), Fraction(-1, 2)),
        ("a near tie", Network.mlp([([[big, step, step, step]], [0])]), big + 3),
        ("one unit doubled", Network.mlp([([[big, step, -big]], [0]), *[([[2]], [0])] * 3]), Fraction(4)),
        ("one unit amplified", Network.mlp([([[big, step, -big]], [0]), *[([[4]], [0])] * 4]), Fraction(100)),
        ("a cascade", Network.mlp([([[big, 1, 1], [0, 0, 0]], [-big, 0]), *cascade[1:]]), Fraction(65)),
    ]


DEEP = ("one unit amplified", "a cascade")  # whose bands are far wider than their thresholds
CASES = [
    (name, *each) for name in sorted(TYPES) for each in adversaries(name) if name != "float16" or each[0] not in DEEP
]  # in float16 these may overflow, and are refused


@pytest.mark.parametrize(("name", "what", "network", "threshold"), CASES, ids=[f"{each[1]}, {each[0]}" for each in CASES])
def test_what_depends_on_the_order_is_never_decided(name, what, network, threshold):
    here = [(1, 1)] * network.inputs
    found = order_dependence(network, [case_of(network, feature(0, threshold), here, arithmetic=name)], seconds=1)
    assert found is not None, what
    program, point = FloatProgram(network, name), np.ones((1, network.inputs))
    fires = [Fraction(float(program.trace(point, order)[-1][0][0, 0])) > threshold for order in found.orders]
    assert fires == [True, False]
    decision = certify(network, feature(0, threshold), here, arithmetic=name, seconds=5)
    assert isinstance(decision, Undecided)
    far = 1000 * (abs(threshold) + 1000)
    above, below = (far, -far) if what in DEEP else (2 * abs(threshold) + 1000, -1000)
    for beyond, kind in ((above, CannotFire), (below, CanFire)):
        decision = certify(network, feature(0, beyond), here, arithmetic=name, seconds=5)
        assert isinstance(decision, kind), (what, beyond, decision)
