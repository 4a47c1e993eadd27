"""What a zone knows: maxima, volumes, samples, maps, inequalities; and what the list adds up."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import assume, event, given
from hypothesis import strategies as st
from zones.support import cases, complexes, firing, small_networks

from exactzones.network import Network
from exactzones.polyhedra import Optimal, Polyhedron, Unbounded
from exactzones.property import ALWAYS, condition, feature
from exactzones.rational import dot
from exactzones.testing import domain_points, features
from exactzones.zones import ENGINES, find_zones

both = pytest.mark.parametrize("engine", ENGINES)


@given(cases(small_networks(inputs=(1, 3)), features))
def test_the_maximum_of_a_zone_is_that_of_a_linear_program(case):
    zones = case.zones
    assume(len(zones))
    index, layer = zones.prop.conditions[0].terms[0][0], zones.prop.conditions[0].layer
    for zone in zones:
        row = zone.maps[layer].augmented().rows[index]
        program = Polyhedron(zone.hrep).maximize(row[1:])
        event(type(program).__name__)
        best = zone.maximum
        assert zone.contains(best.point)
        if isinstance(program, Optimal):
            assert (best.value, best.ray) == (program.value + row[0], None)
            assert case.net.trace(best.point)[layer][index] == best.value
        else:
            assert isinstance(program, Unbounded)
            assert best.value is None
            along = [
                case.net.trace([a + t * b for a, b in zip(best.point, best.ray, strict=True)])[layer][index] for t in (0, 1, 9)
            ]
            assert along[0] < along[1] < along[2]
            assert zone.contains([a + 1000 * b for a, b in zip(best.point, best.ray, strict=True)])
    values = [zone.maximum.value for zone in zones]
    assert zones.maximum.value == (None if None in values else max(values))


@given(cases(small_networks(inputs=(1, 3)), bounded=True))
def test_volume_is_that_of_the_part_that_fires(case):
    zones = case.zones
    for zone in zones:
        assert zone.volume == firing(zone).volume()
        assert (zone.volume == 0) == (zone.firing_cell is None)
    assert zones.volume == sum(zone.volume for zone in zones)
    assert zones.share * case.domain.volume() == zones.volume


@given(cases(small_networks(inputs=(1, 3)), bounded=False))
def test_volume_of_unbounded_parts_is_infinite(case):
    zones = case.zones
    for zone in zones:
        part = firing(zone)
        assert (zone.volume is None) == (part.dim == case.net.inputs and not part.is_bounded)
    assert zones.share is None
    assert (zones.volume is None) == any(zone.volume is None for zone in zones)


@given(cases(), st.data())
def test_firing_is_the_cell_and_the_conditions(case, data):
    zones = case.zones
    assume(len(zones))
    zone = data.draw(st.sampled_from(list(zones)))
    assert zone.firing == firing(zone)
    assert not zone.firing.is_empty
    point = data.draw(domain_points(zones))
    assert zone.fires(point) == zone.firing.contains(point)
    if zone.firing_cell is not None:
        assert Polyhedron.of_cell(zone.firing_cell) == firing(zone).closure()


@at_most(60)
@given(complexes())
def test_the_inequalities_of_the_pattern_cut_the_cell_out_of_the_domain(zones):
    space = zones.domain or Polyhedron.space(zones.network.inputs)
    for zone in zones:
        assert Polyhedron(zone.inequalities).intersect(space) == Polyhedron(zone.hrep)
        assert zone.hrep == Polyhedron(zone.hrep).irredundant  # no redundant row
        assert zone.vrep == Polyhedron(zone.hrep).vrep
        assert len(zone.neuron_rows) == len(zone.signs)


@given(cases())
def test_distinct_maps_counts_functions(case):
    zones = case.zones
    seen = []
    for zone in zones:
        function = (zone.affine.matrix.rows, zone.affine.offset)
        if function not in seen:
            seen.append(function)
    assert zones.distinct_maps == len(seen)


@given(complexes())
def test_zones_are_values(zones):
    again = find_zones(zones.network, zones.prop, zones.domain)
    assert set(again) == set(zones)
    assert len(set(zones)) == len(zones)
    assert zones[0] != "zone"
    assert repr(zones[0]).startswith("Zone(")
    assert zones[:1] == (zones[0],)
    assert zones[-1] == list(zones)[-1]
    assert zones[0] in zones


@both
def test_the_sample_is_short(engine):
    """The cell's vertices are long rationals; a point with few bits lies inside too."""
    net = Network.mlp([([["1/3", "1/7"], ["-1/11", "3/13"]], ["1/17", "-5/19"]), ([[1, 1]], ["-1/23"])])
    for zone in find_zones(net, feature(0), Polyhedron.box("-29/31", "41/37", dim=2), engine=engine):
        assert all(entry.denominator <= 16 for entry in zone.sample), zone.sample


@both
def test_finite_and_infinite_maxima(engine):
    tent = Network.mlp([([[1], [1], [1]], [0, -1, -2]), ([[1, -2, 1]], [0])])
    zones = find_zones(tent, feature(0), engine=engine)
    assert (zones.maximum.value, zones.maximum.point, zones.maximum.ray) == (1, (1,), None)
    ramp = Network.mlp([([[1, 0]], [0]), ([[2]], [-1])])
    best = find_zones(ramp, feature(0), engine=engine).maximum
    assert best.value is None
    assert best.ray[0] > 0
    bounded = find_zones(ramp, feature(0), Polyhedron.box(-1, 3, dim=2), engine=engine).maximum
    assert (bounded.value, bounded.point[0]) == (5, 3)
    half = find_zones(ramp, feature(0), Polyhedron.of(2, [(3, -1, 0)]), engine=engine).maximum
    assert (half.value, half.point[0], half.ray) == (5, 3, None)


@both
def test_the_maximum_is_of_the_feature_not_of_the_feature_less_the_threshold(engine):
    net = Network.mlp([([[1]], [0]), ([[3]], [1])])
    zones = find_zones(net, feature(0, threshold=5), Polyhedron.box(0, 2, dim=1), engine=engine)
    assert zones.maximum.value == 7


@both
def test_a_line_in_every_zone(engine):
    """The network does not read its second input: every cell has the line (0, 1)."""
    net = Network.mlp([([[1, 0], [-1, 0]], [-1, -1]), ([[1, 1]], [0])])
    zones = find_zones(net, feature(0), engine=engine)
    assert [zone.vrep.lines for zone in zones] == [((0, 1),), ((0, 1),)]
    assert zones.volume is None
    strip = find_zones(net, feature(0), Polyhedron.of(2, [(5, 1, 0), (5, -1, 0)]), engine=engine)
    assert (strip.maximum.value, strip.maximum.ray) == (4, None)


@both
def test_conditions_on_several_layers(engine):
    """x > 1/2 on the first layer, a <= 2 after its ReLU, the output >= 1: 1 <= x <= 2."""
    net = Network.of(([[1]], [0], True), ([[1]], [0], False))
    prop = condition([1], "-1/2", layer=0) & condition([-1], 2, layer=0, strict=False, after_relu=True)
    prop &= condition([1], -1, strict=False)
    (zone,) = find_zones(net, prop, engine=engine)
    assert zone.firing == Polyhedron.box(1, 2, dim=1)
    assert zone.volume == 1
    assert zone.pattern == ("+",)


@both
def test_infinite_volume_beside_a_flat_part(engine):
    """-ReLU(x) >= 0 on x <= 0 (infinite) and at x = 0 of the cell x >= 0 (flat)."""
    net = Network.mlp([([[1]], [0]), ([[-1]], [0])])
    zones = find_zones(net, condition([1], strict=False), engine=engine)
    assert {zone.volume for zone in zones} == {None, Fraction(0)}
    assert zones.volume is None
    assert all(dot(zone.conditions[0].row, (1, *zone.sample)) >= 0 for zone in zones)


def seeded(widths, kind):
    rng = np.random.default_rng(7)
    shapes = [(outputs, inputs) for inputs, outputs in itertools.pairwise(widths)]
    if kind == "ternary":
        return Network.mlp([(rng.integers(-1, 2, shape), rng.integers(-1, 2, shape[0])) for shape in shapes])
    return Network.mlp([(rng.normal(size=shape), rng.normal(size=shape[0]) * 0.5) for shape in shapes])


@pytest.mark.parametrize("kind", ["normal", "ternary"])
@pytest.mark.parametrize("widths", [(1, 12, 12, 1), (2, 12, 12, 12, 1), (3, 8, 8, 1), (4, 6, 6, 1), (5, 6, 4, 1)])
@pytest.mark.parametrize("bounded", [True, False])
def test_generators_shared_among_many_zones_are_those_of_cddlib(widths, kind, bounded):
    """Hundreds of zones, whose generators are solved once for all zones around them; vertices from rows by cddlib."""
    dim = widths[0]
    domain = Polyhedron.box(-3, 3, dim=dim) if bounded else None
    space = domain or Polyhedron.space(dim)
    zones = find_zones(seeded(widths, kind), ALWAYS, domain)
    for zone in zones[:: 1 + len(zones) // 150]:
        assert zone.vrep == Polyhedron(zone.inequalities.intersect(space.hrep)).vrep


@given(cases(small_networks(inputs=(1, 3))))
def test_the_supremum_is_the_value_of_the_maximum(case):
    zones = case.zones
    suprema = [zone.supremum for zone in zones]
    assert suprema == [zone.maximum.value for zone in case.zones]
    assert suprema == [zone.supremum for zone in zones if zone.cell]


def test_the_maximum_of_many_zones_builds_no_cells():
    zones = find_zones(seeded((2, 12, 12, 1), "normal"), feature(0), Polyhedron.box(-3, 3, dim=2))
    best = zones.maximum
    assert sum("cell" in zone.__dict__ for zone in zones) == 0
    assert best.value == max(zone.maximum.value for zone in zones)
    assert zones.network.trace(best.point)[-1] == (best.value,)
    assert len(zones) > 20
