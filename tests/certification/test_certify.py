"""certify against the list of zones and brute force, on small networks of every kind; what it hands over is checked."""

import os
import signal
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import brute_force
from zones.support import any_property, small_networks

from exactzones.affine import AffineMap
from exactzones.certification import (
    CanFire,
    CannotFire,
    Complete,
    Undecided,
    case_of,
    certify,
    certify_cases,
    conjunction,
    dead_features,
    guessing,
    maximum,
    never_together,
    prove_complete,
)
from exactzones.checker import check
from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, Condition, Property, condition, feature
from exactzones.testing import KINDS, boxes, domains, polyhedra, rationals
from exactzones.zones import find_zones


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """Little time for guesses, so that proofs are looked for, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guessing, "_FEW_INPUTS_SECONDS", 0.002)
        yield


def sound(network, cases, decision):
    """Demand that the evidence is right, and return whether one of the cases can hold."""
    report = check(network, cases, decision.certificate.lines)
    if isinstance(decision, CanFire):
        case = cases[decision.case]
        assert network.satisfies(decision.witness, case.prop)
        values = [sum(a * x for a, x in zip(row, (1, *decision.witness), strict=True)) for row in case.rows]
        strict = [sum(a * x for a, x in zip(row, (1, *decision.witness), strict=True)) for row in case.strict]
        assert all(value >= 0 for value in values)
        assert all(value > 0 for value in strict)
        assert (str(report), report.proves) == ("valid", "can fire")
        return True
    assert isinstance(decision, CannotFire)
    assert (str(report), report.proves, report.nodes) == ("valid", "cannot fire", decision.nodes)
    return False


def decided(network, prop, domain=None):
    return sound(network, [case_of(network, prop, domain)], certify(network, prop, domain))


@pytest.mark.parametrize("kind", KINDS)
@at_most(60)
@given(data=st.data())
def test_agrees_with_the_list_of_zones(kind, data):
    network = data.draw(small_networks(kind, inputs=(1, 3)))
    prop, domain = data.draw(any_property(network)), data.draw(domains(network.inputs))
    assert decided(network, prop, domain) == (len(find_zones(network, prop, domain)) > 0)


@at_most(60)
@given(st.data())
def test_agrees_with_brute_force(data):
    network = data.draw(small_networks(most=5, inputs=(1, 2)))
    prop, domain = data.draw(any_property(network)), data.draw(domains(network.inputs))
    assert decided(network, prop, domain) == bool(brute_force(network, prop, domain))


@at_most(60)
@given(st.data())
def test_flat_domains(data):
    """A line or a point in the plane: the same as the network on the line."""
    network = data.draw(small_networks(most=6, inputs=2))
    prop = data.draw(any_property(network))
    slope = data.draw(st.tuples(st.integers(-2, 2), st.integers(-2, 2)).filter(any))
    base = data.draw(st.tuples(rationals(), rationals()))
    ends = sorted(data.draw(st.tuples(rationals(), rationals())))
    normal = (-slope[1], slope[0])
    length = slope[0] ** 2 + slope[1] ** 2
    equation = (-(normal[0] * base[0] + normal[1] * base[1]), *normal)
    along = -(slope[0] * base[0] + slope[1] * base[1])
    rows = [(along - ends[0] * length, *slope), (ends[1] * length - along, -slope[0], -slope[1])]
    domain = Polyhedron.of(2, rows, equations=[equation])
    line = network.compose(AffineMap.of([[slope[0]], [slope[1]]], list(base)))
    if ends[0] == ends[1]:
        expected = line.satisfies([ends[0]], prop)
    else:
        expected = len(find_zones(line, prop, Polyhedron.box([ends[0]], [ends[1]]))) > 0
    assert decided(network, prop, domain) == expected


@given(st.data())
def test_any_polyhedron(data):
    """Empty, flat and unbounded ones: nothing is in an empty domain, and certify always decides."""
    network = data.draw(small_networks(most=6, inputs=(1, 2)))
    prop = data.draw(any_property(network) | st.just(ALWAYS))
    domain = data.draw(polyhedra(network.inputs, full_dimensional=False))
    found = decided(network, prop, domain)
    if domain.is_empty:
        assert not found
    if prop == ALWAYS:
        assert found == (not domain.is_empty)


@given(st.data())
def test_strict_rows(data):
    """A witness is strictly inside; "cannot" speaks of the closure; between the two certify is undecided."""
    network = data.draw(small_networks(most=5, inputs=(1, 2)))
    prop = data.draw(any_property(network))
    domain = data.draw(polyhedra(network.inputs, strict=True, full_dimensional=False))
    decision = certify(network, prop, domain)
    cases = [case_of(network, prop, domain)]
    if isinstance(decision, Undecided):
        assert domain.hrep.strict
        assert check(network, cases, decision.certificate.lines).verdict == "incomplete"
        return
    sound(network, cases, decision)


def test_strict_rows_that_exclude_the_only_points():
    network = Network.mlp([([[1]], [0]), ([[1]], [0])])
    at_least_one = condition({0: 1}, -1, strict=False)
    open_end = Polyhedron.of(1, [(0, 1)], strict=[(1, -1)])
    assert isinstance(certify(network, at_least_one, open_end), Undecided)
    assert not decided(network, feature(0, 1), open_end)
    assert decided(network, feature(0, Fraction(999, 1000)), open_end)


@given(st.data())
def test_several_cases(data):
    network = data.draw(small_networks(most=5, inputs=(1, 2)))
    pairs = data.draw(st.lists(st.tuples(any_property(network), domains(network.inputs)), max_size=3))
    expected = any(len(find_zones(network, prop, domain)) for prop, domain in pairs)
    cases = [case_of(network, prop, domain) for prop, domain in pairs]
    assert sound(network, cases, certify_cases(network, cases)) == expected


@given(st.data())
def test_what_is_not_enough_time_is_not_lost(data):
    network = data.draw(small_networks(most=6, inputs=(1, 2)))
    prop, domain = data.draw(any_property(network)), data.draw(domains(network.inputs))
    case = case_of(network, prop, domain)
    decision = certify(network, prop, domain, seconds=1e-9)
    for _ in range(3):
        if not isinstance(decision, Undecided):
            break
        report = check(network, [case], decision.certificate.lines)
        assert report.verdict == "incomplete"
        assert report.open_leaves == decision.open_leaves
        decision = certify(network, prop, domain, seconds=1e-9, resume=decision.certificate)
    if isinstance(decision, Undecided):
        decision = certify(network, prop, domain, resume=decision.certificate)
    assert sound(network, [case], decision) == (len(find_zones(network, prop, domain)) > 0)


@settings(max_examples=60)
@given(st.data())
def test_maxima(data):
    network = data.draw(small_networks(most=6, inputs=(1, 2)))
    domain = data.draw(domains(network.inputs))
    unit = data.draw(st.integers(0, network.widths[-1] - 1))
    top = maximum(network, unit, domain)
    inside = Polyhedron.space(network.inputs) if domain is None else domain
    assert inside.contains(top.point)
    pre_activation = network.trace(top.point)[-1][unit]
    if top.ray is not None:
        far = [x + 10**9 * r for x, r in zip(top.point, top.ray, strict=True)]
        assert inside.contains(far)
        assert network.trace(far)[-1][unit] > pre_activation
        return
    assert pre_activation == top.value
    assert str(check(network, [case_of(network, feature(unit, top.value), domain)], top.certificate.lines)) == "valid"
    assert not len(find_zones(network, feature(unit, top.value), domain))
    assert decided(network, condition({unit: 1}, -top.value, strict=False), domain)


@given(st.data())
def test_complete_lists(data):
    network = data.draw(small_networks(most=6, inputs=(1, 2)))
    prop = data.draw(any_property(network))
    domain = data.draw(domains(network.inputs))
    zones = find_zones(network, prop, domain)
    found = prove_complete(zones)
    assert isinstance(found, Complete)
    report = check(network, [case_of(network, prop, domain)], found.certificate.lines)
    assert str(report) == "valid"
    assert report.zones == len(zones)


def test_a_complete_list_of_zones_that_touch():
    network = Network.mlp([([[1], [-1]], [0, 0]), ([[-1, -1]], [0])])  # -|x|
    prop, domain = condition({0: 1}, strict=False), Polyhedron.box([-1], [1])
    zones = find_zones(network, prop, domain)
    assert len(zones) == 2
    found = prove_complete(zones)
    assert str(check(network, [case_of(network, prop, domain)], found.certificate.lines)) == "valid"


@settings(max_examples=50)
@given(st.data())
def test_questions(data):
    network = data.draw(small_networks(most=5, inputs=(1, 2), outputs=2))
    domain = data.draw(boxes(network.inputs))
    alive = {i for i in range(2) if len(find_zones(network, feature(i), domain))}
    dead = dead_features(network, domain)
    assert set(dead) == {0, 1} - alive
    for unit, decision in dead.items():
        assert not sound(network, [case_of(network, feature(unit), domain)], decision)
    both = conjunction(feature(0), feature(1))
    together = len(find_zones(network, both, domain)) > 0
    assert sound(network, [case_of(network, both, domain)], never_together(network, 0, 1, domain)) == together


# Named cases.


def ternary():
    """The 2-6-6-1 network of the exact bound: weights and biases in {-1, 0, 1}, layer by layer, weights before bias."""
    draw = np.random.default_rng(0)
    pairs = []
    for below, above in ((2, 6), (6, 6), (6, 1)):
        weight = draw.integers(-1, 2, (above, below))
        pairs.append((weight.tolist(), draw.integers(-1, 2, above).tolist()))
    return Network.mlp(pairs)


def test_a_bound_that_is_exactly_reached():
    network, domain = ternary(), Polyhedron.box([-6, -6], [6, 6])
    top = maximum(network, 0, domain)
    assert top.value == 19
    assert network(top.point) == (19,)
    assert not decided(network, feature(0, 19), domain)
    assert decided(network, condition({0: 1}, -19, strict=False), domain)
    assert not decided(network, condition({0: 1}, -19 - Fraction(1, 10**9), strict=False), domain)
    assert decided(network, feature(0, 19 - Fraction(1, 10**30)), domain)


@pytest.mark.parametrize("size", [10**17, 10**40, Fraction(1, 10**17)])
def test_weights_that_cancel(size):
    """relu(s x + 1) - relu(s x) - 1/2 is 1/2 for x >= 0; in floats it is -1/2 where s x is large."""
    network = Network.mlp([([[size], [size]], [1, 0]), ([[1, -1]], [Fraction(-1, 2)])])
    domain = Polyhedron.box([1], [2])
    assert decided(network, feature(0), domain)
    assert not decided(network, feature(0, Fraction(1, 2)), domain)
    assert not decided(network, feature(0, Fraction(1, 2)))
    assert not decided(network, condition({0: -1}, 0, strict=False), domain)
    assert decided(network, condition({0: 1}, Fraction(-1, 2), strict=False), Polyhedron.box([-1], [1]))
    assert maximum(network, 0).value == Fraction(1, 2)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("size", [10**400, Fraction(1, 10**400)], ids=["huge", "tiny"])
def test_numbers_beyond_the_range_of_floats(size):
    network, scaled = (Network.mlp([([[factor], [-factor]], [0, 0]), ([[1, 1]], [0])]) for factor in (1, size))
    domain = Polyhedron.box([-1], [1])
    for net, top, within in ((scaled, size, domain), (network, size, Polyhedron.box([-size], [size]))):
        assert not decided(net, feature(0, top), within)
        assert decided(net, feature(0, top * Fraction(9, 10)), within)
    assert decided(network, condition({0: size}, -1))
    assert decided(network, feature(0, size))
    assert decided(network, feature(0, size), domain) == (size < 1)


def test_deep_cancellation():
    """Products of huge and tiny weights whose sum is the input again, plus 1 / 10^20."""
    huge, tiny = 10**17, Fraction(1, 10**17)
    network = Network.mlp(
        [
            ([[huge, huge], [huge, -huge]], [huge, huge]),
            ([[tiny, tiny], [tiny, -tiny]], [0, 0]),
            ([[huge, -huge], [-huge, huge]], [1, 1]),
            ([[1, -1]], [Fraction(1, 10**20)]),
        ]
    )
    domain = Polyhedron.box([-1, -1], [1, 1])
    prop = feature(0)
    assert decided(network, prop, domain) == (len(find_zones(network, prop, domain)) > 0)
    top = maximum(network, 0, domain)
    assert network(top.point)[0] == top.value


@pytest.mark.parametrize("shift", [0, Fraction(1, 10**12), Fraction(1, 10**40)])
def test_slivers(shift):
    """|x| + |y| <= shift everywhere but on a sliver around the origin."""
    network = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[-1, -1, -1, -1]], [shift])])
    assert decided(network, feature(0)) == (shift > 0)
    assert decided(network, condition({0: 1}, strict=False))
    assert decided(network, feature(0), Polyhedron.box([-1, -1], [1, 1])) == (shift > 0)


def test_conditions_that_exclude_each_other_on_hidden_layers():
    network = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [0])])
    both = condition({0: 1}, layer=0) & condition({1: 1}, layer=0)
    assert not decided(network, both)
    assert not decided(network, condition({0: 1}, layer=0, after_relu=True) & condition({1: 1}, layer=0, after_relu=True))
    at_zero = condition({0: 1}, layer=0, strict=False) & condition({1: 1}, layer=0, strict=False)
    assert decided(network, at_zero)
    assert not decided(network, at_zero & feature(0))
    assert decided(network, at_zero & condition({0: -1}, strict=False))


def test_properties_without_conditions_or_terms():
    network = Network.mlp([([[1]], [0])])
    assert decided(network, ALWAYS)
    assert not decided(network, condition({}, 0))
    assert decided(network, condition({}, 0, strict=False))
    assert not decided(network, condition({}, -1, strict=False))
    twice = Property((Condition(-1, ((0, Fraction(1)), (0, Fraction(-1))), Fraction(0)),))  # z - z > 0
    assert not decided(network, twice)


def test_domains_without_an_interior_and_without_points():
    network = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])
    assert decided(network, feature(0), Polyhedron.of(1, equations=[(-2, 1)]))
    assert not decided(network, feature(0), Polyhedron.of(1, equations=[(-1, 1)]))
    assert not decided(network, feature(0), Polyhedron.of(1, [(-1, 1), (0, -1)]))
    assert not decided(network, ALWAYS, Polyhedron.of(1, [(-1, 1), (0, -1)]))
    assert not decided(network, ALWAYS, Polyhedron.of(1, [(-1, 0)]))
    bounded = [(1, 1), (1, -1)]
    assert not decided(network, feature(0), Polyhedron.of(1, [*bounded, (0, 0)]))
    assert not decided(network, feature(0), Polyhedron.of(1, bounded, strict=[(0, 0)]))  # 0 > 0: empty, and so is its claim


def test_certificates_of_others_are_not_resumed():
    network = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])
    other = Network((*network.layers[:-1], replace(network.layers[-1], bias=(Fraction(-2),))))
    proved = certify(network, feature(0), Polyhedron.box([-1], [1])).certificate
    with pytest.raises(InputError, match="resume"):
        certify(other, feature(0), Polyhedron.box([-1], [1]), resume=proved)
    with pytest.raises(InputError, match="resume"):
        certify(network, feature(0), Polyhedron.box([-2], [2]), resume=proved)
    with pytest.raises(InputError, match="resume"):
        certify(network, feature(0), Polyhedron.box([-1], [1]), resume=replace(proved, lines=()))
    with pytest.raises(InputError, match="resume"):
        certify(network, feature(0), Polyhedron.box([-1], [1]), resume=replace(proved, lines=("nonsense",)))
    witness = certify(network, feature(0)).certificate
    assert decided(network, feature(0))
    assert isinstance(certify(network, feature(0), resume=witness), CanFire)


@pytest.fixture
def heeded():
    """Let SIGINT interrupt, which a process that is started in the background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_interrupted_in_a_search_it_keeps_what_was_found():
    draw = np.random.default_rng(5)
    widths = [4, 16, 16, 1]
    network = Network.mlp([(draw.normal(size=(n, m)), draw.normal(size=n)) for m, n in pairwise(widths)])
    domain = Polyhedron.box(-1, 1, dim=4)
    claim = feature(0, threshold=maximum(network, 0, domain).value)
    visited = []

    def progress(count, _):
        visited.append(count)
        if len(visited) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    part = certify(network, claim, domain, progress=progress)
    assert isinstance(part, Undecided)
    assert part.reason == "interrupted"
    assert len(part.certificate.lines) > 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert isinstance(certify(network, claim, domain, resume=part.certificate), CannotFire)
