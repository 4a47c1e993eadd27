"""The zones at a point, against the complete list of zones, its graph, and exact projections."""

import copy
import pickle
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exactzones import ALWAYS, BudgetExceeded, DomainError, Network, Polyhedron, feature, find_zones, zone_at
from exactzones.polyhedra.bounds import Bounds
from exactzones.polyhedra.irredundant import irredundant
from exactzones.polyhedra.program import Program
from exactzones.polyhedra.projection import project
from exactzones.testing import domains, networks, points, points_near


@st.composite
def cases(draw):
    network = draw(networks().filter(lambda network: network.inputs <= 3))
    domain = draw(st.none() | domains(network.inputs))
    return network, domain


@settings(max_examples=20)
@given(st.data())
def test_the_zones_at_a_point_are_those_of_the_list_that_contain_it(data):
    network, domain = data.draw(cases())
    zones = find_zones(network, ALWAYS, domain)
    point = data.draw(points_near(network) | points(network.inputs))
    expected = {zone.pattern: zone for zone in zones.containing(point)}
    assume(expected)
    local = zone_at(network, point, domain)
    assert {zone.pattern for zone in local} == set(expected)
    for zone in local:
        assert zone.hrep == expected[zone.pattern].hrep
        assert zone.zone == expected[zone.pattern]
        assert zone.affine == expected[zone.pattern].affine
        assert all(row[0] + sum(a * x for a, x in zip(row[1:], zone.inner_point, strict=True)) > 0 for row in zone.hrep.rows)


def test_a_unit_that_is_constant_on_the_inputs_but_not_on_the_values_of_the_layer_before():
    """Both values are x1, and their difference is 0; for all values of the layer the second unit's row implies the first's."""
    network = Network.of(([[0, 1], [0, 1]], [0, 0], False), ([[1, -1], [-1, 1]], [0, 1], True))
    domain = Polyhedron.box(-1, 1, dim=2)
    (zone,) = zone_at(network, [0, 0], domain)
    (listed,) = find_zones(network, ALWAYS, domain)
    assert (zone.pattern, zone.hrep) == (listed.pattern, listed.hrep)


@settings(max_examples=15)
@given(st.data())
def test_across_a_facet_is_the_neighbour_in_the_graph(data):
    network, domain = data.draw(cases())
    zones = find_zones(network, ALWAYS, domain)
    assume(1 < len(zones) < 60)
    number = data.draw(st.integers(0, len(zones) - 1))
    inner = zones[number].cell.interior_point()
    (zone,) = [each for each in zone_at(network, inner, domain) if each.pattern == zones[number].pattern]
    across = {facet: zone.across(facet) for facet in zone.facets if facet.flips}
    crossed = {other.pattern: set(facet.flips) for facet, other in across.items()}
    edges = zones.graph[number]
    neighbours = {zones[other].pattern: set(edge["flips"]) for other, edge in edges.items()}
    assert crossed == neighbours
    of_pattern = {each.pattern: each for each in zones}
    for other in across.values():  # what is known of the zone on this side is a guess on the other side
        assert other.hrep == of_pattern[other.pattern].hrep
        assert all(row[0] + sum(a * x for a, x in zip(row[1:], other.inner_point, strict=True)) > 0 for row in other.hrep.rows)


@settings(max_examples=15)
@given(st.data())
def test_zones_after_several_facets_are_those_at_their_points(data):
    """What is known of a zone is a guess on the other side of a facet: degenerate zones show that it is not more."""
    network = data.draw(networks().filter(lambda network: network.inputs <= 3))
    zone = zone_at(network, data.draw(points(network.inputs)), Polyhedron.box(-8, 8, dim=network.inputs))[0]
    for _ in range(4):
        facets = [facet for facet in zone.facets if facet.flips]
        assume(facets)
        zone = zone.across(data.draw(st.sampled_from(facets)))
        assert zone.facets
        (fresh,) = zone_at(network, zone.inner_point, zone.domain)
        assert fresh.pattern == zone.pattern
        assert fresh.hrep == zone.hrep


def test_zones_that_were_looked_at_can_be_copied():
    network = Network.mlp([([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [-1])])
    for domain in (None, Polyhedron.box(-1, 1, dim=2)):
        (zone,) = zone_at(network, ["1/3", "1/5"], domain)
        other = zone.across(zone.nearest_facet())
        for each in (zone, other):
            facets = each.facets
            for twin in (copy.deepcopy(each), pickle.loads(pickle.dumps(each))):  # noqa: S301 - our own
                assert twin == each
                assert replace(twin).facets == twin.facets == facets


@settings(max_examples=15)
@given(st.data())
def test_the_nearest_facet_is_as_far_as_its_hyperplane(data):
    network = data.draw(networks().filter(lambda network: network.inputs <= 3))
    point = data.draw(points(network.inputs))
    zone = zone_at(network, point)[0]
    for norm in (1, 2, "inf"):
        nearest = zone.nearest_facet(norm)
        assume(nearest is not None)
        feet = []
        for facet in zone.facets:
            face = Polyhedron.of(network.inputs, zone.hrep.rows, equations=[facet.row])
            feet.append(project(face.hrep, zone.point, norm).distance)
            assert facet.measure(norm) <= feet[-1]
        assert nearest.measure(norm) == min(feet)


def test_many_inputs_with_and_without_a_box():
    rng = np.random.default_rng(1)
    sizes = (14, 6, 8, 3)
    wide = Network.mlp([(rng.standard_normal((m, n)), rng.standard_normal(m)) for n, m in pairwise(sizes)])
    point = rng.random(14) / 2
    for domain in (None, "0:1"):
        (zone,) = zone_at(wide, point, domain)
        program = Program(Bounds((Fraction(0),) * 14, (Fraction(1),) * 14) if domain else Bounds.space(14))
        for row in zone.crossing.rows:
            program.push(row)
        facets = irredundant(program, np.array(list(map(float, zone.inner_point))))
        sides = {(coordinate, side): row for coordinate, side, row in program.bounds.sides()}
        expected = [*(program.exact_rows()[k] for k in facets.rows), *(sides[side] for side in facets.sides)]
        assert zone.hrep.rows == tuple(sorted(expected))
        across = zone.across(zone.nearest_facet())
        assert zone.zone.neuron_rows[:6] == across.zone.neuron_rows[:6]
        assert across.hrep.contains(across.inner_point)
        for start in (zone, across):
            for facet in [facet for facet in start.facets if facet.flips][:5]:
                assert start.across(facet).hrep == replace(start.across(facet), hints=None).hrep


def test_bad_points_are_refused():
    net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])
    with pytest.raises(DomainError, match="outside the domain"):
        zone_at(net, [3], "0:1")
    with pytest.raises(DomainError, match="flat"):
        zone_at(net, [1], "1:1")
    wide = Network.mlp([(np.eye(12), np.zeros(12)), (np.ones((1, 12)), [0])])
    with pytest.raises(BudgetExceeded, match="more than 1000 zones") as stopped:
        zone_at(wide, [0] * 12)
    assert len(stopped.value.found) == 1000
    (left, right) = zone_at(net, [0], prop=feature(0))
    assert left.nearest_facet().flips == right.nearest_facet().flips == ((0, 0), (0, 1))
    bounded = zone_at(net, [Fraction(1, 2)], "0:1")[0]
    end = next(facet for facet in bounded.facets if not facet.flips)
    with pytest.raises(DomainError, match="the domain ends"):
        bounded.across(end)
