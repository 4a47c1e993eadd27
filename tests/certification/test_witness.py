"""The search for witnesses: what it returns is one, exactly, and where the property holds on much of a domain it finds one."""

import csv
import os
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from exactzones import ALWAYS, Network, Polyhedron, condition, feature, find_zones
from exactzones.certification.witness.float_network import FloatNetwork, Slacks
from exactzones.certification.witness.search import find_witness
from exactzones.certification.witness.search_domain import SearchDomain, contains
from exactzones.errors import DimensionError, FeatureError
from exactzones.models import load_network
from exactzones.rational.floats import clipped_float
from exactzones.testing.strategies import domains, features, networks, points, polyhedra, properties
from exactzones.vnnlib.reader import read_vnnlib

FOLDER = os.environ.get("EXACTZONES_VNNCOMP")
ABS = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1


def identity(dim):
    return Network.of(([[int(k == j) for k in range(dim)] for j in range(dim)], None, False))


@st.composite
def questions(draw):
    net = draw(networks(inputs=(1, 3), max_width=4))
    domain = draw(polyhedra(net.inputs, full_dimensional=draw(st.booleans()), strict=True))
    return net, draw(properties(net, max_conditions=3)), domain


@given(questions(), st.integers(0, 3))
def test_a_witness_is_one_exactly(question, seed):
    net, prop, domain = question
    point = find_witness(net, prop, domain, seconds=0.05, seed=seed)
    event("found" if point is not None else "none")
    if point is not None:
        assert all(type(entry) is Fraction for entry in point)
        assert domain.contains(point)
        assert net.satisfies(point, prop)


@settings(max_examples=30)
@given(st.data())
def test_it_finds_one_where_zones_are(data):
    net = data.draw(networks(inputs=(1, 3), max_width=5))
    prop = data.draw(features(net))
    domain = data.draw(domains(net.inputs)) or Polyhedron.space(net.inputs)
    zones = find_zones(net, prop, domain)
    event("fires" if len(zones) else "never fires")
    point = find_witness(net, prop, domain, seconds=10 if len(zones) else 0.05)
    assert (point is not None) == (len(zones) > 0)


@given(questions())
def test_it_finds_a_single_value_of_a_unit(question):
    net, _, domain = question
    start = find_witness(net, ALWAYS, domain, seconds=1)
    assert (start is None) == domain.is_empty
    assume(start is not None)
    value = net.trace(start)[0][0]
    touching = condition({0: 1}, -value, layer=0, strict=False) & condition({0: -1}, value, layer=0, strict=False)
    point = find_witness(net, touching, domain, seconds=5)
    assert point is not None
    assert net.trace(point)[0][0] == value


def test_strict_means_strict():
    box = Polyhedron.box(-1, 1, dim=1)
    assert find_witness(ABS, feature(0), box, seconds=0.3) is None
    assert find_witness(ABS, condition({0: 1}, strict=False), box, seconds=1) in {(-1,), (1,)}
    inner = Polyhedron.of(1, [(0, 1)], strict=[(1, -1)])
    assert find_witness(ABS, condition({0: 1}, strict=False), inner, seconds=0.3) is None
    assert inner.contains(find_witness(ABS, condition({0: 1}, "1e-9"), inner, seconds=5))


def test_what_holds_at_one_point_only_is_found():
    offsets = ["-1/3", "1/3", "-1/7", "1/7"]
    kink = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], offsets), ([[-1] * 4], [0])])  # -|x - 1/3| - |y - 1/7|
    box = Polyhedron.box(-1, 1, dim=2)
    assert find_witness(kink, condition({0: 1}, strict=False), box, seconds=5) == (Fraction(1, 3), Fraction(1, 7))
    assert find_witness(kink, feature(0), box, seconds=0.3) is None


@pytest.mark.parametrize("reach", [10**3, 10**7, 10**15, 10**40])
def test_far_away(reach):
    net = Network.mlp([([[1, 1], [1, -1]], [0, 0]), ([[1, -3]], [-reach])])
    point = find_witness(net, feature(0), Polyhedron.space(2), seconds=10)
    assert net.satisfies(point, feature(0))
    half = Polyhedron.of(2, [(-5, 1, -1)])
    assert find_witness(net, feature(0, threshold=-reach), half, seconds=10) is not None


def test_hidden_layers_before_and_after_the_relu():
    net = Network.mlp([([[1, 0], [0, 1]], [0, 0]), ([[1, 1], [1, -1]], [-3, 0]), ([[1, 1]], [0])])
    box = Polyhedron.box(-2, 2, dim=2)
    for prop, holds in (
        (condition({0: -1}, layer=0) & condition({1: -1}, 1, layer=1, after_relu=True) & feature(0, "-1/2"), True),
        (condition({0: -1}, layer=1, strict=False, after_relu=True) & condition({0: 1}, "1/4", layer=1), True),
        (condition({0: -1}, layer=1, strict=False, after_relu=True) & condition({0: 1}, layer=1), False),
        (condition({0: 1, 1: -1}, "-7/2", layer=0) & condition({1: 1}, layer=0, strict=False, after_relu=True), True),
        (condition({0: 1, 1: -1}, "-7/2", layer=0) & condition({1: 1}, layer=0, after_relu=True), False),
    ):
        point = find_witness(net, prop, box, seconds=5 if holds else 0.2)
        assert (point is not None) is holds
        assert point is None or net.satisfies(point, prop)


def test_flat_domains():
    net = identity(3)
    segment = Polyhedron.of(3, [(1, 1, 0, 0), (1, -1, 0, 0)], equations=[(-1, 3, 3, 0), ("-1/7", 0, 0, 1)])
    point = find_witness(net, feature(0, "9/10"), segment, seconds=2)
    assert segment.contains(point)
    # x + y <= 1, x >= 1/2, y >= 1/2: a single point that no equation names; z is free.
    implied = Polyhedron.of(3, [(1, -1, -1, 0), ("-1/2", 1, 0, 0), ("-1/2", 0, 1, 0)])
    point = find_witness(net, feature(2, 100), implied, seconds=2)
    assert point[:2] == (Fraction(1, 2), Fraction(1, 2))
    assert point[2] > 100
    single = Polyhedron.box([1, 2, "1/3"], [1, 2, "1/3"])
    assert find_witness(net, feature(0), single, seconds=1) == (1, 2, Fraction(1, 3))
    assert find_witness(net, feature(0, 1), single, seconds=1) is None


@pytest.mark.parametrize(
    "domain",
    [
        Polyhedron.of(2, [(-1, 1, 0), (0, -1, 0)]),
        Polyhedron.of(2, [(-1, 1, 1), (0, -1, 0), (0, 0, -1)]),
        Polyhedron.of(2, [(0, 1, 0)], strict=[(0, -1, 0)]),
        Polyhedron.of(2, equations=[(1, 1, 1), (2, 1, 1)]),
        Polyhedron.of(2, [(-1, 0, 0)]),
        Polyhedron.of(2, strict=[(0, 1, 0)], equations=[(0, 1, 0), (0, 0, 1)]),
    ],
)
def test_an_empty_domain_has_no_witness(domain):
    assert domain.is_empty
    assert find_witness(identity(2), ALWAYS, domain, seconds=60) is None


def test_a_property_that_is_affine_on_the_domain_is_decided_at_once():
    start = time.monotonic()
    assert find_witness(identity(3), feature(0, 5) & feature(1), Polyhedron.box(-1, 1, dim=3), seconds=60) is None
    assert time.monotonic() - start < 20


def test_time_is_kept():
    start = time.monotonic()
    net = Network.of(*[(np.eye(6), None, True)] * 8, (-np.eye(6), None, False))
    assert find_witness(net, feature(0), Polyhedron.box(-1, 1, dim=6), seconds=0.5) is None
    assert time.monotonic() - start < 10


def test_a_seed_repeats_itself():
    net = Network.mlp([(np.random.default_rng(0).normal(size=(10, 3)), np.zeros(10)), (np.ones((1, 10)), [-30.0])])
    found = [find_witness(net, feature(0), Polyhedron.box(-6, 6, dim=3), seconds=60, seed=1) for _ in range(2)]
    assert found[0] is not None
    assert found[0] == found[1]


def test_weights_that_cancel_in_floats():
    big = 10**17
    net = Network.mlp([([[1], [0]], [big, big]), ([[1, -1]], ["-1/2"])])  # (10^17 + x) - 10^17 - 1/2, and floats lose x
    assert find_witness(net, feature(0), Polyhedron.box(-1, "1/2", dim=1), seconds=0.3) is None
    assert find_witness(net, feature(0), Polyhedron.box(-1, 1, dim=1), seconds=5)[0] > Fraction(1, 2)
    huge = Network.mlp([([[10**400]], [0]), ([[1]], [-1])])
    assert find_witness(huge, feature(0), Polyhedron.box(-1, 1, dim=1), seconds=5) is not None


def test_many_inputs_with_a_row_across():
    dim = 60
    units = [[int(k == j) for k in range(dim)] for j in range(dim)]
    rows = [row for unit in units for row in ((-1, *unit), (2, *(-entry for entry in unit)))]
    domain = Polyhedron.of(dim, [*rows, (65, *[-1] * dim)])
    point = find_witness(identity(dim), feature(0, "19/10") & feature(1, "19/10"), domain, seconds=10)
    assert domain.contains(point)


def test_short_numbers_are_preferred():
    net = Network.mlp([(np.random.default_rng(1).normal(size=(8, 2)), np.zeros(8)), (np.ones((1, 8)), [-1.0])])
    point = find_witness(net, feature(0), Polyhedron.box(-3, 3, dim=2), seconds=5)
    assert all(entry.denominator <= 1000 for entry in point)


def test_what_does_not_fit():
    with pytest.raises(DimensionError):
        find_witness(ABS, feature(0), Polyhedron.space(2), seconds=1)
    with pytest.raises(FeatureError):
        find_witness(ABS, feature(1), Polyhedron.space(1), seconds=1)


@given(st.data())
def test_regions_lead_back_into_the_domain(data):
    dim = data.draw(st.integers(1, 3))
    domain = data.draw(polyhedra(dim, full_dimensional=data.draw(st.booleans()), strict=True))
    region = SearchDomain.of(domain)
    assert (region is None) == domain.is_empty
    if region is not None:
        point = region.embed(region.exact(data.draw(points(region.dim, bound=20))))
        assert domain.contains(point)
    anywhere = data.draw(points(dim))
    assert contains(domain, anywhere) == domain.contains(anywhere)


@given(st.data())
def test_floats_come_close(data):
    net = data.draw(networks(max_width=4))
    prop = data.draw(properties(net)).resolve(net.widths)
    point = data.draw(points(net.inputs))
    slacks = Slacks(FloatNetwork.of(net), prop)
    trace = slacks.trace(np.array([[float(entry) for entry in point]]))
    exact = net.trace(point)
    for floats, values in zip(trace, exact, strict=False):
        assert floats[0] == pytest.approx([float(value) for value in values], rel=1e-9, abs=1e-9)
    assume(all(value for values in exact for value in values))  # else rounding may take another side of a kink
    for k, asked in enumerate(prop.conditions):
        layer, values = net.layers[asked.layer], exact[asked.layer]
        expected = asked.value(layer.activate(values) if asked.after_relu else values)
        assert slacks.values(trace)[0, k] == pytest.approx(float(expected), rel=1e-9, abs=1e-9)
        maps = net.regime_maps(net.pattern(point, asked.horizon), asked.horizon)
        slope = np.zeros(net.inputs)
        for unit, coefficient in asked.terms:
            passes = not asked.after_relu or not layer.relu[unit] or values[unit] > 0
            slope += float(coefficient) * passes * np.array([float(entry) for entry in maps[asked.layer].matrix.rows[unit]])
        weights = np.eye(len(prop.conditions))[[k]]
        assert slacks.gradients(trace, weights)[0] == pytest.approx(slope, rel=1e-9, abs=1e-9)


def test_numbers_too_large_for_floats():
    assert clipped_float(-(10**400)) == -clipped_float(10**400)
    net = Network.of(([[10**400]], [0], False))
    assert FloatNetwork.of(net).weights[0][0, 0] == clipped_float(10**400)


HARD = {
    ("ACASXU_run2a_1_9_batch_2000", "prop_7"),
    ("ACASXU_run2a_5_3_batch_2000", "prop_2"),
    ("mnist-net_256x2", "prop_2_0.03"),
    ("gcas", "gcas_1"),
    ("dubinsrejoin", "dubinsrejoin_case_unsafe_67"),
}


@pytest.mark.no_cover
@pytest.mark.skipif(not FOLDER, reason="EXACTZONES_VNNCOMP names no folder")
def test_public_instances():
    pytest.importorskip("onnx")
    solved = 0
    for table in sorted(Path(FOLDER).glob("*/expected.csv")):
        with table.open() as stream:
            rows = [row for row in csv.DictReader(stream) if row["expected"] == "sat"]
        for row in rows:
            if (Path(row["onnx"]).stem, Path(row["vnnlib"]).stem) not in HARD:
                continue
            net = load_network(table.parent / row["onnx"])
            cases = read_vnnlib(table.parent / row["vnnlib"], net)
            rounds = ((seed, case) for seed in range(10) for case in cases)
            found = (find_witness(net, case.property_for(net), case.domain, seconds=2, seed=seed) for seed, case in rounds)
            assert any(point is not None for point in found), row
            solved += 1
    assert solved == len(HARD)
