"""The ready-made checks accept right lists and catch wrong ones: they are a product, so they are tested like one."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exactzones.errors import ExactZonesError
from exactzones.network import Network
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.property import ALWAYS, condition, feature
from exactzones.rational import text
from exactzones.testing import (
    CheckFailed,
    CheckReport,
    adjacency_is_right,
    check_zones,
    domain_points,
    domains,
    features,
    networks,
    pattern_towards,
    points,
    properties,
    zones_are_complete,
    zones_are_sound,
    zones_do_not_overlap,
)
from exactzones.zones import Zones, find_zones

NAMES = ["zones_are_sound", "zones_are_complete", "zones_do_not_overlap", "adjacency_is_right"]

# |x| + |y| - 1 on the box [-2, 2]^2: four zones in a ring, one per quadrant.
DIAMOND = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1]], [-1])])
BOX = Polyhedron.box(-2, 2, dim=2)


@pytest.fixture
def right():
    return find_zones(DIAMOND, feature(0), BOX)


def wrong(zones, listed):
    return Zones(zones.network, zones.prop, zones.domain, tuple(listed))


def failures(zones, examples=60):
    return {report.name: report.failure for report in check_zones(zones, examples=examples) if report.failure}


def quadrant(zone):
    return tuple(1 if entry > 0 else -1 for entry in zone.sample)


def point_in(message):
    return message[message.index("(", message.index(" at ") if " at " in message else 0) + 1 :].split(")")[0]


def test_a_right_list_passes_and_the_report_counts(right):
    assert len(right) == 4
    started = []
    reports = check_zones(right, examples=50, progress=started.append)
    assert started == [report.name for report in reports] == NAMES
    assert all(isinstance(report, CheckReport) and report.failure is None for report in reports)
    assert [report.tried for report in reports[:3]] == [50, 50, 50]
    assert reports[3].tried == 4  # only four zones exist


def test_an_empty_list_has_no_neighbours_to_check():
    silent = find_zones(DIAMOND, feature(0, threshold=100), BOX)
    assert [(report.name, report.failure) for report in check_zones(silent, examples=20)] == [(name, None) for name in NAMES[:3]]


@pytest.mark.parametrize("dropped", range(4))
def test_a_zone_that_is_missing(right, dropped):
    missing = wrong(right, [zone for k, zone in enumerate(right) if k != dropped])
    assert "none of the zones fires there" in failures(missing, examples=500)["zones_are_complete"]
    with pytest.raises(CheckFailed, match="none of the zones fires there"):
        zones_are_complete(missing, tuple(Fraction(2 * sign) for sign in quadrant(right[dropped])))


def test_the_failing_point_is_shrunk_and_written_as_fractions(right):
    (message,) = failures(wrong(right, [zone for zone in right if quadrant(zone) != (1, 1)]), examples=500).values()
    written = point_in(message)
    point = tuple(map(Fraction, written.split(", ")))
    assert ", ".join(map(text, point)) == written
    assert DIAMOND.satisfies(point, feature(0))
    assert all(0 <= entry <= 2 and entry.denominator <= 64 for entry in point), message


def test_a_point_that_needs_fractions_is_written_with_them():
    """Only points between 1/3 and 1/2 fire: no integer will do."""
    net = Network.mlp([([[1], [1], [1]], ["-1/3", "-5/12", "-1/2"]), ([[1, -2, 1]], [0])])
    zones = find_zones(net, feature(0), Polyhedron.box(0, 1, dim=1))
    (message,) = failures(wrong(zones, []), examples=500).values()
    assert Fraction(1, 3) < Fraction(point_in(message)) < Fraction(1, 2)


@pytest.mark.parametrize("neuron", range(4))
def test_a_flipped_sign(right, neuron):
    signs = list(right[0].pattern[0])
    signs[neuron] = "-" if signs[neuron] == "+" else "+"
    flipped = replace(right[0], pattern=("".join(signs),), source=right[0].cell)
    with pytest.raises(CheckFailed, match=re.escape(f"the map of Zone({''.join(signs)}) to layer ")):
        zones_are_sound(wrong(right, [flipped, *right[1:]]), right[0].sample)


def test_a_zone_listed_twice(right):
    twice = wrong(right, [*right, right[2]])
    with pytest.raises(CheckFailed, match="is in the interior of both"):
        zones_do_not_overlap(twice, right[2].sample)
    found = failures(twice, examples=300)
    assert "zones_do_not_overlap" in found
    assert not {"zones_are_sound", "zones_are_complete"} & set(found)


def test_a_cell_that_is_too_large(right):
    whole = replace(right[0], source=BOX.cell())
    enlarged = wrong(right, [whole, *right[1:]])
    with pytest.raises(CheckFailed):
        zones_are_sound(enlarged, right[1].sample)
    with pytest.raises(CheckFailed):
        zones_do_not_overlap(enlarged, right[1].sample)
    assert {"zones_are_sound", "zones_do_not_overlap"} <= set(failures(enlarged, examples=300))


def test_a_cell_that_is_too_small(right):
    less = right[0].cell.halves((-2, *quadrant(right[0])))[1]  # |x| + |y| >= 2 only
    lost = tuple(Fraction(3, 4) * sign for sign in quadrant(right[0]))
    with pytest.raises(CheckFailed, match="none of the zones fires there"):
        zones_are_complete(wrong(right, [replace(right[0], source=less), *right[1:]]), lost)


@pytest.mark.parametrize("index", range(4))
def test_an_edge_that_is_missing(right, index):
    a, b = sorted(right.graph.edges)[index]
    right.graph.remove_edge(a, b)
    for k in (a, b):
        with pytest.raises(CheckFailed, match=r"Zone\([+-]+\) and Zone\([+-]+\) share a facet"):
            adjacency_is_right(right, k)
    assert "share a facet" in failures(right)["adjacency_is_right"]


def test_an_edge_too_many(right):
    a, b = next((a, b) for a in range(4) for b in range(a) if not right.graph.has_edge(a, b))
    right.graph.add_edge(a, b, facet=(0, 1, 0), flips=((0, 0),), fires=True)
    for k in (a, b):
        with pytest.raises(CheckFailed, match="do not share a facet"):
            adjacency_is_right(right, k)


def test_an_edge_with_another_facet_or_other_flips(right):
    a, b = next(iter(right.graph.edges))
    edge = right.graph.edges[a, b]
    kept = dict(edge)
    edge["facet"] = (1, *kept["facet"][1:])
    with pytest.raises(CheckFailed, match="does not lie in"):
        adjacency_is_right(right, a)
    edge.update(kept, flips=kept["flips"][:1])
    with pytest.raises(CheckFailed, match="the neurons whose signs differ"):
        adjacency_is_right(right, b)
    edge.update(kept)
    adjacency_is_right(right, a)


def test_an_edge_that_says_that_nothing_fires_on_its_facet(right):
    """On the facet between two quadrants the feature fires beyond distance 1."""
    a, b = next(iter(right.graph.edges))
    assert right.graph.edges[a, b]["fires"] is True
    right.graph.edges[a, b]["fires"] = False
    with pytest.raises(CheckFailed, match=r"the property fires on the facet between .*, at \("):
        adjacency_is_right(right, a)


def test_an_edge_that_says_that_the_property_fires_where_it_does_not():
    absolute = find_zones(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [0])]), feature(0))
    assert absolute.graph.edges[0, 1]["fires"] is False
    absolute.graph.edges[0, 1]["fires"] = True
    with pytest.raises(CheckFailed, match="the property fires nowhere on the facet between"):
        adjacency_is_right(absolute, 0)


def test_two_kinds_of_failure_in_one_check_are_one_report():
    """A cell that is too large fires where it should not at some points, and computes other values at others."""
    bent = Network.mlp([([[1], [-1], [1]], [0, 0, -1]), ([[1, 1, -3]], ["-1/2"])])
    zones = find_zones(bent, feature(0))
    whole = replace(zones[0], source=Cell.space(1))
    found = failures(wrong(zones, [whole, *zones[1:]]), examples=500)
    assert "zones_are_sound" in found
    assert point_in(found["zones_are_sound"])


def test_a_failed_check_is_an_assertion_and_one_of_the_packages_errors(right):
    with pytest.raises(AssertionError) as caught:
        zones_are_complete(wrong(right, []), (Fraction(2), Fraction(2)))
    assert isinstance(caught.value, ExactZonesError)


def test_points_outside_the_domain_are_nobodys_business(right):
    outside = (Fraction(3), Fraction(0))
    zones_are_complete(wrong(right, []), outside)
    zones_are_sound(right, outside)
    zones_do_not_overlap(right, outside)


def test_overlap_is_about_interiors(right):
    zones_do_not_overlap(right, (Fraction(0), Fraction(2)))
    assert len(right.containing((0, 2))) == 2


@given(st.data(), networks(inputs=(1, 3), max_width=3))
def test_right_lists_pass_whatever_the_network(data, net):
    zones = find_zones(net, data.draw(features(net) | properties(net)), data.draw(domains(net.inputs)))
    point = data.draw(domain_points(zones))
    for check in (zones_are_sound, zones_are_complete, zones_do_not_overlap):
        check(zones, point)
    if len(zones):
        adjacency_is_right(zones, data.draw(st.integers(0, len(zones) - 1)))


@given(st.data(), networks(inputs=(1, 2), max_width=3))
def test_a_missing_zone_is_missed_at_its_own_sample(data, net):
    zones = find_zones(net, ALWAYS, data.draw(domains(net.inputs)))
    gone = data.draw(st.sampled_from(list(zones)))
    left = wrong(zones, [zone for zone in zones if zone is not gone])
    with pytest.raises(CheckFailed):
        zones_are_complete(left, gone.sample)


def test_many_inputs_are_checked_too():
    """A hundred inputs: hypothesis must be able to draw points of that size."""
    net = Network.mlp([([[1] * 100, [(-1) ** k for k in range(100)]], [0, -1]), ([[1, -1]], [0])])
    reports = check_zones(find_zones(net, feature(0)), examples=10)
    assert [(report.name, report.failure) for report in reports] == [(name, None) for name in NAMES]


def test_points_for_a_domain_reach_its_corners_and_its_inside():
    zones = find_zones(DIAMOND, feature(0), BOX)
    seen = set()

    @settings(max_examples=100)  # a few would not show all kinds of points
    @given(domain_points(zones))
    def draw(point):
        assert len(point) == 2
        assert all(isinstance(entry, Fraction) for entry in point)
        seen.add((BOX.contains(point), max(map(abs, point)) == 2, 0 in point))

    draw()
    assert {inside for inside, _, _ in seen} == {True, False}
    assert {on_the_border for _, on_the_border, _ in seen} == {True, False}
    assert {on_a_neuron for _, _, on_a_neuron in seen} == {True, False}


@given(st.data(), networks(inputs=(1, 3), max_width=3))
def test_the_pattern_a_step_away_is_the_pattern_of_a_point_close_by(data, net):
    point = data.draw(points(net.inputs))
    direction = data.draw(points(net.inputs))
    horizon = data.draw(st.integers(0, len(net.layers)))
    expected = pattern_towards(net, point, direction, horizon)
    # Weights may be as small as 2**-126, so a small step is a very small one; below some step nothing changes any more.
    step = Fraction(1, 2**1000)
    assert net.pattern([a + step * b for a, b in zip(point, direction, strict=True)], horizon) == expected


def test_weak_conditions_are_checked_on_their_boundary():
    """-|x| >= 0 holds at 0 only; leaving both of the two zones out is found out at that point."""
    net = Network.mlp([([[1], [-1]], [0, 0]), ([[-1, -1]], [0])])
    zones = find_zones(net, condition([1], strict=False))
    assert failures(zones) == {}
    assert set(failures(wrong(zones, []))) == {"zones_are_complete"}
