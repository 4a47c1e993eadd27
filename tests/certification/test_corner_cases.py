"""Lists of zones that are short or doubled, certificates about everything, and largest values on the boundary of open domains."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from checker.test_all_checkers import checkers

from exactzones.certification import (
    CanFire,
    CannotFire,
    Complete,
    Undecided,
    case_of,
    certify,
    check,
    maximum,
    prove_complete,
    run,
)
from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, condition, feature
from exactzones.zones import Zones, find_zones

TENT = Network.mlp([([[1], [-1]], [0, 0]), ([[-1, -1]], [0])])  # -|x|
WIRE = Network.mlp([([[1]], [0])])  # x
RIDGE = Network.mlp([([[1, 0], [-1, 0]], [0, 0]), ([[1, 0]], [0])])  # ReLU(x)
BOX = Polyhedron.box([-1], [1])


def part(zones, *chosen):
    return Zones(zones.network, zones.prop, zones.domain, tuple(zones.zones[k] for k in chosen))


@pytest.mark.parametrize("chosen", [0, 1])
def test_a_short_list_that_misses_no_point_is_not_called_incomplete(chosen):
    """-|x| >= 0 holds at 0 only, which lies in both zones."""
    zones = find_zones(TENT, condition({0: 1}, strict=False), BOX)
    assert len(zones) == 2
    assert isinstance(prove_complete(zones), Complete)
    proof = prove_complete(part(zones, chosen))
    assert isinstance(proof, (Complete, Undecided))
    if isinstance(proof, Complete):
        assert check(TENT, zones.prop, BOX, proof.certificate).verdict == "valid"


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("network", [TENT, RIDGE])
def test_a_list_without_a_zone_is_refused(network, strict):
    """More than the common boundary is missing; the point that is named lies in no listed zone."""
    domain = Polyhedron.box([-1] * network.inputs, [1] * network.inputs)
    zones = find_zones(network, condition({0: 1}, "1/2", strict=strict), domain)
    assert len(zones) == 2
    for chosen in range(2):
        with pytest.raises(InputError, match=r"not complete: at .* the property holds outside all of its zones"):
            prove_complete(part(zones, chosen))


def test_a_list_with_a_zone_twice_is_refused():
    zones = find_zones(TENT, feature(0, threshold=-1), BOX)
    with pytest.raises(InputError, match="the list has 3 zones, but only 2 different patterns"):
        prove_complete(part(zones, 0, 1, 0))


@pytest.mark.parametrize("network", [TENT, WIRE, RIDGE])
def test_the_certificate_of_all_regimes_is_valid_for_always(network):
    domain = Polyhedron.box([-1] * network.inputs, [1] * network.inputs)
    zones = find_zones(network, ALWAYS, domain)
    proof = prove_complete(zones)
    assert isinstance(proof, Complete)
    for prop in (ALWAYS, zones.prop):
        for checker in checkers():
            report = checker(network, [case_of(network, prop, domain)], proof.certificate.lines)
            assert (report.verdict, report.zones) == ("valid", len(zones))


def test_what_always_holds_can_fire():
    decision = certify(TENT, ALWAYS, BOX)
    assert isinstance(decision, CanFire)
    assert check(TENT, ALWAYS, BOX, decision.certificate).verdict == "valid"


# The largest value.

HALF_OPEN = Polyhedron.of(1, [[0, 1]], strict=[[1, -1]])  # 0 <= x < 1


def test_on_an_open_domain_the_largest_value_is_not_attained():
    top = maximum(WIRE, 0, HALF_OPEN)
    assert (top.value, top.attained) == (1, False)
    assert not HALF_OPEN.contains(top.point)
    assert "not attained" in repr(top)
    listed = find_zones(WIRE, 0, HALF_OPEN).maximum
    assert (listed.value, listed.attained) == (1, False)


@pytest.mark.parametrize("side", [1, -1])
def test_where_the_domain_is_closed_it_is_attained(side):
    network = Network.mlp([([[side]], [0])])
    top = maximum(network, 0, HALF_OPEN if side < 0 else BOX)
    assert top.attained is True
    assert top.value == max(side * 1, 0)
    assert repr(top).count("attained") == 0
    zone = find_zones(network, 0, BOX)[0]
    assert zone.maximum.attained is True


@pytest.mark.parametrize("low", [True, False])
def test_a_point_of_the_domain_is_named_if_there_is_one(low):
    """The face x = 1 of the square is open at one end: its vertex there is excluded, the rest of the face is not."""
    row = (1, 0, 1) if low else (1, 0, -1)
    rows = [(1, 1, 0), (1, -1, 0), (1, 0, -1) if low else (1, 0, 1)]
    domain = Polyhedron.of(2, rows, strict=[row])
    for top in (maximum(RIDGE, 0, domain), find_zones(RIDGE, 0, domain).maximum):
        assert (top.value, top.attained) == (1, True)
        assert domain.contains(top.point)
        assert RIDGE(top.point)[0] == 1


def test_another_cell_may_attain_what_the_first_does_not():
    """|x| on -1 <= x < 1: the value 1 is attained at -1 only."""
    network = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [0])])
    for strict, point in (([1, -1], (-1,)), ([1, 1], (1,))):
        domain = Polyhedron.of(1, [[1, -strict[1]]], strict=[strict])
        for top in (maximum(network, 0, domain), find_zones(network, 0, domain).maximum):
            assert (top.value, top.attained, top.point) == (1, True, point)


def test_an_unbounded_feature_attains_nothing():
    assert maximum(WIRE, 0).attained is False
    assert find_zones(WIRE, 0).maximum.attained is False


def test_flat_tops_attain_inside():
    """min(x, 0) on -1 < x < 1 is 0 at every point from 0 on."""
    network = Network.mlp([([[-1]], [0]), ([[-1]], [0])])
    domain = Polyhedron.of(1, [], strict=[[1, 1], [1, -1]])
    top = maximum(network, 0, domain)
    assert (top.value, top.attained) == (0, True)
    assert domain.contains(top.point)
    assert replace(top, attained=None).attained is None
    assert Fraction(0) <= top.point[0] < 1


@pytest.mark.parametrize("gap", ["1", "1/1000000000", "0"])
def test_a_single_point_of_a_large_network_is_decided(gap):
    """Too large for the exact prover, and no region to search: bounds without hints decide it."""
    draw = np.random.default_rng(0)
    net = Network.mlp([(draw.normal(size=(160, 40)), draw.normal(size=160)), (draw.normal(size=(1, 160)), [0])])
    point, box = [0.5] * 40, [(0.5, 0.5)] * 40
    (value,) = net(point)
    claim = feature(0, value + Fraction(gap))
    found = certify(net, claim, box, seconds=60)
    assert isinstance(found, CannotFire)
    assert check(net, claim, box, found.certificate).verdict == "valid"
    if gap != "0":
        assert isinstance(certify(net, feature(0, value - Fraction(gap)), box, seconds=60), CanFire)


@pytest.mark.parametrize("seed", range(3))
def test_values_at_a_point_are_decided_without_rounding(monkeypatch, seed):
    """Where coordinates are no binary fractions, and units are exactly zero: as exact evaluation says, by all checkers."""
    monkeypatch.setattr(run, "EXACT_PROVER_SIZE", 0)
    draw = np.random.default_rng(seed)
    sizes = [(6, 4), (5, 6), (2, 5)]
    net = Network.mlp([(draw.integers(-2, 3, size).tolist(), draw.integers(-1, 2, size[0]).tolist()) for size in sizes])
    point = [Fraction(int(k), 3) for k in draw.integers(-2, 3, 4)]
    value, box = net(point)[0], Polyhedron.box(point, point)
    for claim in (feature(0, value), feature(0, value + Fraction(1, 10**30)), feature(0, value - Fraction(1, 10**30))):
        found = certify(net, claim, box)
        assert isinstance(found, CanFire if net.satisfies(point, claim) else CannotFire)
        if isinstance(found, CannotFire):
            assert {checker(net, [case_of(net, claim, box)], found.certificate.lines).verdict for checker in checkers()} == {
                "valid"
            }
    assert isinstance(certify(net, ~feature(0, value), box), CanFire)
