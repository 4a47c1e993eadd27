"""Numbers of all sizes: where machine integers or floats would answer wrongly, and once did."""

import warnings
from fractions import Fraction

import pytest
from checker.support import high, low, no, report

from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Condition, Property, condition, feature

RELU = Network.mlp([([[1]], [0]), ([[1]], [0])])


@pytest.mark.parametrize("upper", [0, 1])
@pytest.mark.parametrize("multiplier", [33_333, 1 << 16, (1 << 17) - 5, 1 << 40, 1 << 80, 10**400])
def test_multiples_of_known_bounds_do_not_overflow(multiplier, upper):
    # The product of multiplier and bound wrapped around in int64: "out > 0 is impossible" passed, though it holds at 2^-30.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tail = no((0, 1), hint=[[2 + upper, multiplier], []])
        found = report(RELU, feature(0), Polyhedron.box([-1], [Fraction(1, 1 << 30)]), [0, [low(1), high(1)], tail])
    assert found.verdict == "invalid"


@pytest.mark.parametrize("numerator", range(1, 9))
def test_slopes_of_exact_bounds_are_no_floats(numerator):
    # c a / 2^8 of integers was a float: larger than c if c is rounded up, and then no lower slope.
    c = (1 << 53) + numerator
    net = Network.of(([[1]], [0], True))
    prop = condition({0: -c}, 3 * c, after_relu=True, strict=False) & condition({0: c + 1}, -3 * c - 1, strict=False)
    assert net.satisfies([3], prop)
    tail = no((0, 1), (1, 1), exact=True, hint=[[], [1, 256]])
    assert report(net, prop, Polyhedron.box([-1], [3]), [0, [low(1), high(1)], tail]).verdict == "invalid"


def test_slopes_of_exact_bounds_may_be_long():
    net = Network.of(([[1]], [0], True))
    prop = condition({0: -(1 << 2000)}, -1, after_relu=True)
    tail = no((0, 1), exact=True, hint=[[], [1, 0]])
    assert report(net, prop, Polyhedron.box([-1], [3]), [0, [low(1), high(1)], tail]).verdict == "valid"


@pytest.mark.parametrize("size", [40, 44, 50, 100, 400])
def test_losses_at_relus_may_be_longer_than_machine_integers(size):
    net = Network.of(([[1 << 44]], [0], True))
    domain = Polyhedron.box([-1], [2])
    nodes = [0, [low(1), high(1)], no((0, 1 << size))]
    assert report(net, condition({0: 1}, -(1 << 45) - 1, after_relu=True), domain, nodes, bits=16).verdict == "valid"
    assert report(net, condition({0: 1}, -(1 << 45) + 1, after_relu=True), domain, nodes, bits=16).verdict == "invalid"


@pytest.mark.parametrize("bits", [16, 28, 40, 50, 55, 60, 200])
def test_weights_with_long_denominators(bits):
    # Limbs of the matrix met a shift by more than a machine word.
    net = Network.mlp([([[Fraction((1 << 50) + 1, 1 << 200)]], [0]), ([[1]], [0])])
    for sign, verdict in ((-1, "valid"), (1, "invalid")):
        assert report(net, feature(0, layer=0), Polyhedron.box([sign], [sign]), [0, [], no((0, 1))], bits=bits).verdict == verdict


def test_conditions_that_name_a_unit_twice():
    prop = Property((Condition(-1, ((0, Fraction(2)), (0, Fraction(-1))), Fraction(-1)),))
    assert RELU.satisfies([2], prop)
    assert report(RELU, prop, Polyhedron.box([2], [2]), [0, [], no((0, 1))]).verdict == "invalid"
