"""Properties: resolution, conjunction, what holds where, and how they read."""

from fractions import Fraction

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from exactzones.errors import FeatureError, InexactError, InputError
from exactzones.network import Network
from exactzones.property import ALWAYS, Condition, Property, condition, feature
from exactzones.testing import features, networks, points, points_near, properties

NET = Network.of(([[1], [-1]], [0, 0], True), ([[1, 1]], [-1], True))  # ReLU(|x| - 1)


@st.composite
def cases(draw):
    net = draw(networks())
    return net, draw(points(net.inputs) | points_near(net)), draw(properties(net)), draw(properties(net))


def _holds(net, point, prop):
    """Read each condition off the trace, literally."""
    for item in prop.conditions:
        values = net.trace(point)[item.layer]
        layer = net.layers[item.layer]
        if item.after_relu:
            values = [max(v, 0) if relu else v for v, relu in zip(values, layer.relu, strict=True)]
        total = item.constant
        for unit, coefficient in item.terms:
            total += coefficient * values[unit]
        if total < 0 or (item.strict and total == 0):
            return False
    return True


@given(cases())
def test_satisfies_reads_the_trace(case):
    net, point, one, other = case
    assert net.satisfies(point, one) == _holds(net, point, one)
    assert net.satisfies(point, one & other) == (net.satisfies(point, one) and net.satisfies(point, other))
    assert net.satisfies(point, one & one) == net.satisfies(point, one)
    assert net.satisfies(point, ALWAYS)
    assert net.satisfies(point, one & ALWAYS) == net.satisfies(point, one)
    event(f"holds: {net.satisfies(point, one)}")


@given(cases())
def test_conjunctions_join_conditions(case):
    _, _, one, other = case
    both = one & other
    assert both.conditions == one.conditions + other.conditions
    assert both.horizon == max(one.horizon, other.horizon)
    assert both.is_open == (one.is_open and other.is_open)
    assert str(both) == f"{one} and {other}"


@given(cases())
def test_negation_of_a_condition_holds_on_the_other_side(case):
    net, point, prop, _ = case
    for item in prop.conditions:
        flipped = Condition(item.layer, tuple((u, -c) for u, c in item.terms), -item.constant, not item.strict, item.after_relu)
        assert net.satisfies(point, Property((item,))) != net.satisfies(point, Property((flipped,)))


@given(st.data(), networks())
def test_resolve_counts_layers_from_the_front(data, net):
    prop = data.draw(features(net) | properties(net))
    resolved = prop.resolve(net.widths)
    assert all(0 <= item.layer < len(net.layers) for item in resolved.conditions)
    assert resolved.resolve(net.widths) == resolved
    point = data.draw(points(net.inputs))
    assert net.satisfies(point, resolved) == net.satisfies(point, prop)
    from_the_end = Property(
        tuple(Condition(c.layer - len(net.layers), c.terms, c.constant, c.strict, c.after_relu) for c in resolved.conditions)
    )
    assert from_the_end.resolve(net.widths) == resolved


@given(st.data(), networks("bottleneck"))
def test_shifted_is_the_property_of_the_tail(data, net):
    prop = data.draw(properties(net))
    point = data.draw(points(net.inputs))
    for latent in net.latents[1:]:
        if any(item.layer < latent.layer for item in prop.conditions):
            with pytest.raises(FeatureError, match="before this latent space"):
                prop.shifted(latent.layer)
            continue
        values = net.layers[latent.layer - 1].activate(net.trace(point)[latent.layer - 1])
        assert net.tail(latent.layer).satisfies(values, prop.shifted(latent.layer)) == net.satisfies(point, prop)
    assert prop.shifted(0) == prop


def test_firing_is_strict():
    assert NET.satisfies([2], feature(0))
    assert not NET.satisfies([1], feature(0))
    assert not NET.satisfies([0], feature(0))
    assert NET.satisfies(["3/2"], feature(0, threshold="0.49"))
    assert not NET.satisfies(["3/2"], feature(0, threshold="1/2"))
    assert NET.satisfies([0], feature(0, threshold=-2))  # the pre-activation is -1
    assert not NET.satisfies([0], feature(0, threshold=-1))
    assert NET.satisfies([-5], feature(1, layer=0))
    assert NET.satisfies([1], condition([1], strict=False))
    assert NET.satisfies([0], condition([1], strict=False, after_relu=True))
    assert not NET.satisfies([0], condition([1], strict=False))


def test_condition_s_parts():
    made = condition({2: "1/2", 0: -1, 1: 0}, "0.5", layer=1, strict=False, after_relu=True).conditions[0]
    assert made == Condition(1, ((0, Fraction(-1)), (2, Fraction(1, 2))), Fraction(1, 2), strict=False, after_relu=True)
    assert made.horizon == 2
    assert str(made) == "a1[0] - 1/2*a1[2] <= 1/2"
    assert condition([0, 3]).conditions[0].terms == ((1, Fraction(3)),)
    assert str(condition([])) == "0 > 0"
    assert feature(3, "0.5", 1) == condition({3: 1}, "-1/2", layer=1)
    assert str(ALWAYS) == "always"
    assert (ALWAYS.horizon, ALWAYS.is_open) == (0, True)
    assert condition([1], strict=False).is_open is False


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: feature(1).resolve((2, 1)), FeatureError, "feature 1 does not exist: layer 1 has features 0 to 0"),
        (lambda: feature(-1).resolve((2, 1)), FeatureError, "feature -1 does not exist"),
        (lambda: feature(0, layer=2).resolve((2, 1)), FeatureError, "layer 2 does not exist: the network's layers are 0 to 1"),
        (lambda: feature(0, layer=-3).resolve((2, 1)), FeatureError, "layer -3 does not exist"),
        (lambda: NET.satisfies([0], feature(7)), FeatureError, "feature 7"),
        (lambda: feature(0, threshold=float("nan")), InexactError, "threshold is nan"),
        (lambda: feature(0, threshold=True), InexactError, "threshold is True"),
        (lambda: condition([1, "x"]), InexactError, "coefficient 1 is 'x'"),
        (lambda: condition([1], constant=None), InexactError, "constant is None"),
        (lambda: condition({"0": 1}), InputError, "unit is '0'; expected an integer such as 2"),
        (lambda: feature(0, layer=0).shifted(1), FeatureError, "before this latent space"),
    ],
)
def test_refusals(build, error, message):
    with pytest.raises(error, match=message):
        build()
