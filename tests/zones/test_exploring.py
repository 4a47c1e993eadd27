"""Zones around a point, against the complete list of zones, its islands, and exact projections."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exactzones import ALWAYS, BudgetExceeded, DomainError, InputError, Network, check, explore, feature, find_zones, prove_island
from exactzones.polyhedra.projection import project
from exactzones.testing import domains, networks, points, points_near, properties

NORMS = st.sampled_from([1, 2, "inf"])
TENT = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1
STEPS = Network.mlp([([[1], [1], [1], [1]], [0, -1, -2, -3]), ([[1, -2, 2, -2]], ["-1/2"])])
"""Fires on two intervals: from 1/2 to 3/2, and from 5/2 to 7/2."""


@st.composite
def questions(draw):
    network = draw(networks(max_width=3).filter(lambda network: network.inputs <= 3))
    domain = draw(st.none() | domains(network.inputs))
    return network, draw(st.just(ALWAYS) | properties(network)), domain


def expected(zones, point, norm):
    """Return (distance, pattern) of each zone, in order."""
    return sorted((project(zone.firing.hrep, point, norm).distance, zone.pattern) for zone in zones)


def draw_case(data):
    """Draw a question, the list of its zones, a point of the domain, and a norm."""
    network, prop, domain = data.draw(questions())
    zones = find_zones(network, prop, domain)
    assume(len(zones) < 30)
    point = network.point(data.draw(points_near(network) | points(network.inputs)))
    assume(domain is None or domain.hrep.closure().contains(point))
    return zones, point, data.draw(NORMS)


@settings(max_examples=15)
@given(st.data())
def test_everywhere_all_zones_come_in_the_order_of_their_distance(data):
    zones, point, norm = draw_case(data)
    found = []
    around = explore(zones.network, zones.prop, point, zones.domain, norm=norm, everywhere=True, on_zone=found.append)
    listed = expected(zones, point, norm)
    assert [(near.distance, near.pattern) for near in around] == listed
    assert tuple(found) == around.zones
    assert (around.complete, around.farther) == (True, False)
    order = [zones.index(near.zone) for near in around]
    assert set(around.touching) == {tuple(sorted((order.index(a), order.index(b)))) for a, b in zones.graph.edges}


@settings(max_examples=10)
@given(st.data())
def test_floats_that_look_for_nearest_points_first_change_no_distance(data):
    zones, point, norm = draw_case(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exactzones.zones.exploring.MANY_INPUTS", 1)
        around = explore(zones.network, zones.prop, point, zones.domain, norm=norm, everywhere=True)
    assert [(near.distance, near.pattern) for near in around] == expected(zones, point, norm)


@settings(max_examples=15)
@given(st.data())
def test_an_island_is_that_of_the_list(data):
    zones, point, norm = draw_case(data)
    assume(zones.prop.is_open)
    around = explore(zones.network, zones.prop, point, zones.domain, norm=norm)
    assert (around.complete, around.farther) == (True, False)
    if not zones:
        assert not around
        return
    first = expected(zones, point, norm)[0]
    island = next(island for island in zones.islands if any(zones[k].pattern == first[1] for k in island))
    assert [(near.distance, near.pattern) for near in around] == expected([zones[k] for k in island], point, norm)
    if zones.network.satisfies(point, zones.prop):
        assert all(zone.pattern in {near.pattern for near in around} for zone in zones.containing(point))


def test_a_radius_leaves_out_what_is_farther():
    for norm in (1, 2, "inf"):
        near = explore(TENT, 0, ["1/2"], norm=norm, radius=1, everywhere=True)
        assert ([each.pattern for each in near], near.complete, near.farther) == ([("+-",)], True, True)
    assert len(explore(TENT, 0, ["1/2"], radius="3/2", everywhere=True)) == 2
    assert not explore(TENT, 0, ["1/2"], radius="1/4")


def test_the_point_chooses_the_island():
    """The feature fires from 1/2 to 3/2, on two zones, and from 5/2 to 7/2."""
    near = explore(STEPS, 0, [1])
    assert ([each.pattern for each in near], near.touching) == ([("++--",), ("+---",)], ((0, 1),))
    assert [each.point for each in explore(STEPS, 0, ["19/10"])] == [(Fraction(3, 2),), (Fraction(1),)]
    assert [each.distance for each in explore(STEPS, 0, ["21/10"])] == [Fraction(4, 25), Fraction(81, 100)]


def test_many_inputs():
    rng = np.random.default_rng(3)
    net = Network.mlp([(rng.standard_normal((4, 20)), rng.standard_normal(4)), (rng.standard_normal((1, 4)), [0])])
    point = rng.random(20)
    around = explore(net, ALWAYS, point, "-2:2", norm="inf")
    assert around.complete
    assert len(around) == len(find_zones(net, ALWAYS, "-2:2"))
    assert [near.distance for near in around] == sorted(near.distance for near in around)
    assert around[0].zone.contains(point)


def test_budgets_keep_what_was_found():
    with pytest.raises(BudgetExceeded, match="budget of 2 zones") as stopped:
        explore(STEPS, ALWAYS, [0], max_zones=2)
    assert ([near.pattern for near in stopped.value.found], stopped.value.found.complete) == ([("+---",), ("----",)], False)
    with pytest.raises(BudgetExceeded, match="0 s ran out") as stopped:
        explore(STEPS, ALWAYS, [0], seconds=0)
    assert not stopped.value.found


def test_bad_questions_are_refused():
    with pytest.raises(InputError, match="everywhere=True"):
        explore(TENT, feature(0) & ~feature(0, 1), [0])
    assert len(explore(TENT, feature(0) & ~feature(0, 1), [0], everywhere=True)) == 2
    with pytest.raises(InputError, match="radius is -1"):
        explore(TENT, 0, [0], radius=-1)
    with pytest.raises(DomainError, match="outside the domain"):
        explore(TENT, 0, [5], (0, 1))


@settings(max_examples=5)
@given(st.data())
def test_an_island_has_a_certificate_for_each_facet_where_it_ends(data):
    zones, point, _ = draw_case(data)
    assume(zones.prop.is_open and 0 < len(zones) < 8)
    around = explore(zones.network, zones.prop, point, zones.domain)
    borders = prove_island(around)
    inside = {near.pattern for near in around}
    ends = [(k, facet) for k, near in enumerate(around) for facet in near.local.facets if facet.flips]
    ends = [(k, facet) for k, facet in ends if around[k].local.across(facet).pattern not in inside]
    assert [(border.zone, border.facet) for border in borders] == ends
    for border in borders:
        assert check(zones.network, zones.prop, border.domain, border.certificate).proves == "cannot fire"
        assert all(around[border.zone].zone.contains(vertex) for vertex in border.domain.vrep.vertices)


def test_only_a_complete_island_is_proved():
    borders = prove_island(explore(STEPS, 0, [1]))  # from 1/2 to 3/2, in the zones from 1 to 2 and from 0 to 1
    assert [(border.zone, border.facet.row) for border in borders] == [(0, (2, -1)), (1, (0, 1))]
    assert all(check(STEPS, 0, border.domain, border.certificate).proves == "cannot fire" for border in borders)
    assert check(STEPS, 0, borders[0].domain, borders[1].certificate).verdict == "invalid"
    for options in ({"radius": "1/8"}, {"everywhere": True}):
        with pytest.raises(InputError, match="not a complete island"):
            prove_island(explore(STEPS, 0, ["5/4"], **options))
