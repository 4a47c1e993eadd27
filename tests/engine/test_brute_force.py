"""Both engines against all 2^n sign vectors, and the zones against exact forward evaluation."""

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from oracle import brute_force
from zones.support import EVERY_CELL, by_pattern, cases, complexes, engines, layer, same_sets, small_networks

from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, condition, feature
from exactzones.rational import dot
from exactzones.testing import (
    KINDS,
    boxes,
    domain_points,
    domains,
    features,
    points,
    zones_are_complete,
    zones_are_sound,
    zones_do_not_overlap,
)
from exactzones.zones import ENGINES, find_zones


@pytest.mark.parametrize("engine", ENGINES)
@given(case=cases(small_networks(most=6)))
def test_zones_are_those_of_brute_force(engine, case):
    zones = find_zones(case.net, case.prop, case.domain, engine=engine)
    event(f"zones: {min(len(zones), 5)}, domain: {case.domain is not None}, open: {case.prop.is_open}")
    same_sets(by_pattern(zones), brute_force(case.net, case.prop, case.domain))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_every_cell_of_every_kind_of_network(kind, data):
    """ALWAYS lists all cells, so this is never vacuous."""
    net = data.draw(small_networks(kind, most=5, max_width=3, inputs=(1, 2)))
    domain = data.draw(domains(net.inputs))
    expected = brute_force(net, EVERY_CELL, domain)
    assert expected
    for engine in ENGINES:
        same_sets(by_pattern(find_zones(net, ALWAYS, domain, engine=engine)), expected)


@given(cases(small_networks(inputs=(1, 4), min_hidden=0, most=9)))
def test_the_engines_agree(case):
    """Cells, conditions, and everything that is read off them."""
    one, *others = (
        {zone.pattern: zone for zone in find_zones(case.net, case.prop, case.domain, engine=engine)}
        for engine in ENGINES
        if engine != "auto"
    )
    assert all(set(one) == set(other) for other in others)
    for zone, twin in ((zone, other[pattern]) for pattern, zone in one.items() for other in others):
        assert zone == twin
        assert (zone.hrep, zone.vrep, zone.inequalities) == (twin.hrep, twin.vrep, twin.inequalities)
        assert (zone.conditions, zone.maps) == (twin.conditions, twin.maps)
        assert (zone.maximum.value, zone.volume) == (twin.maximum.value, twin.volume)
        assert zone.fires(twin.sample)
        assert twin.fires(zone.sample)


@given(cases(small_networks(min_hidden=0)), st.data())
def test_zones_agree_with_forward_evaluation(case, data):
    zones = case.zones
    at = domain_points(zones)
    for _ in range(5):
        point = data.draw(at)
        zones_are_sound(zones, point)
        zones_are_complete(zones, point)
        zones_do_not_overlap(zones, point)
        inside = case.domain is None or case.domain.contains(point)
        fires = case.net.satisfies(point, case.prop)
        assert zones.fires(point) == (inside and fires)
        assert [zone.fires(point) for zone in zones] == [zone.contains(point) and fires for zone in zones]


@given(complexes(), st.data())
def test_every_cell_that_touches_a_point_computes_the_network(zones, data):
    net, domain = zones.network, zones.domain
    point = data.draw(domain_points(zones))
    touching = [zone for zone in zones if zone.contains(point)]
    assert touching == zones.containing(point)
    assert bool(touching) == (domain is None or domain.contains(point))
    trace = net.trace(point)
    for zone in touching:
        assert tuple(mapping(point) for mapping in zone.maps) == trace
        assert zone.affine(point) == trace[-1]


@given(cases())
def test_the_sample_of_every_zone_fires_strictly_inside(case):
    zones = case.zones
    assume(len(zones))
    for zone in zones:
        assert case.net.satisfies(zone.sample, case.prop)
        assert zone.fires(zone.sample)
        if zone.firing_cell is not None:  # otherwise the firing part is flat, and may lie in the cell's boundary
            assert all(dot(row, (1, *zone.sample)) > 0 for row in zone.hrep.rows)
            assert case.net.pattern(zone.sample, zone.prop.horizon) == zone.pattern
            assert zones.containing(zone.sample) == [zone]


@given(complexes(within=boxes))
def test_volumes_of_all_cells_add_up_to_the_box(zones):
    volumes = [zone.volume for zone in zones]
    assert all(volume > 0 for volume in volumes)
    assert sum(volumes) == zones.volume == zones.domain.volume()
    assert volumes == [Polyhedron(zone.hrep).volume() for zone in zones]
    assert zones.share == 1


@given(st.data(), small_networks(inputs=(1, 2)), engines)
def test_a_feature_its_negation_and_the_cells_where_it_is_zero_fill_the_box(data, net, engine):
    box = data.draw(boxes(net.inputs))
    last = net.layers[-1]
    negated = layer([[-entry for entry in row] for row in last.weight.rows], [-b for b in last.bias], last.relu)
    on, off, cells = (
        find_zones(network, prop, box, engine=engine)
        for network, prop in (
            (net, feature(0)),
            (Network((*net.layers[:-1], negated)), feature(0)),
            (net, condition({}, 1)),
        )
    )
    zero = sum((zone.volume for zone in cells if not any(zone.affine.augmented().rows[0])), start=0)
    assert on.volume + off.volume + zero == box.volume()


@given(complexes(small_networks(inputs=(1, 3), most=5)))
def test_interiors_are_disjoint(zones):
    for k, zone in enumerate(zones):
        for other in zones[k + 1 :]:
            rows = (*zone.hrep.rows, *other.hrep.rows)
            assert Polyhedron.of(zones.network.inputs, strict=rows).is_empty


@given(complexes(within=lambda dim: st.none() | boxes(dim)))
def test_mean_number_of_neighbours_is_at_most_twice_the_dimension(zones):
    """Facets between cells, not those on the box.

    Source: Fukuda, Saito, Tamura, Tokuyama 1991 for arrangements; each cell of a layer is cut by an arrangement of its own.
    """
    assert zones.graph.number_of_edges() <= zones.network.inputs * len(zones)


@given(small_networks(), st.data(), engines)
def test_a_point_fires_iff_exactly_the_zones_around_it_say_so(net, data, engine):
    point = data.draw(points(net.inputs))
    for unit, value in enumerate(net.trace(point)[-1]):
        zones = find_zones(net, feature(unit), engine=engine)
        assert zones.fires(point) == (value > 0)
        assert all(zone.fires(point) == (value > 0) for zone in zones.containing(point))


@given(st.data(), small_networks(max_hidden=1), engines)
def test_order_depends_on_the_network_and_the_property_only(data, net, engine):
    prop, domain = data.draw(features(net)), data.draw(domains(net.inputs))
    first, second = (find_zones(net, prop, domain, engine=engine) for _ in range(2))
    assert list(first) == list(second)
    assert first.islands == second.islands
    assert [(m.pieces, m.polyhedron.hrep) for m in first.merged] == [(m.pieces, m.polyhedron.hrep) for m in second.merged]
