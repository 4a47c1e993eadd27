"""Zones of networks over Q(sqrt(D)): against brute force, forward evaluation, and equivalent rational networks."""

import math
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from oracle import brute_force
from zones.support import any_property, small_networks

from exactzones import ALWAYS, AffineMap, Layer, Network, Polyhedron, condition, feature, find_zones
from exactzones.property import Property
from exactzones.rational import Matrix, Quadratic, irrational, square_root
from exactzones.testing import domains
from exactzones.testing.checks import check_zones, zones_are_complete, zones_are_sound
from exactzones.testing.strategies import points_near

ROOTS = st.sampled_from([square_root(2), square_root(3), square_root(7)])
SQUARE = Polyhedron.box(-4, 4, dim=2)


@st.composite
def irrational_networks(draw, **options):
    """Draw a rational network and multiply its entries by 1, r, 1 + r, .. for a square root r."""
    net, root = draw(small_networks(**options)), draw(ROOTS)
    factors = st.sampled_from([Fraction(1), root, 1 + root, -root, root / 3, (5 - 3 * root) / 2])
    layers = []
    for layer in net.layers:
        rows = [[entry * draw(factors) for entry in row] for row in layer.weight.rows]
        layers.append(Layer.of(rows, [entry * draw(factors) for entry in layer.bias], relu=layer.relu))
    return Network(tuple(layers))


@given(st.data(), irrational_networks(most=5, inputs=(1, 2)))
@settings(max_examples=20, suppress_health_check=[HealthCheck.filter_too_much])
def test_the_zones_are_those_of_brute_force(data, net):
    assume(not net.is_rational)
    prop, domain = data.draw(any_property(net)), data.draw(domains(net.inputs))
    actual = find_zones(net, prop, domain)
    expected = brute_force(net, prop, domain)
    assert {zone.pattern for zone in actual} == set(expected)
    for zone in actual:
        assert Polyhedron(zone.hrep) == expected[zone.pattern]
        assert zone.fires(zone.sample)
        assert net.satisfies(zone.sample, prop)


@settings(max_examples=40)
@given(st.data(), irrational_networks(inputs=(1, 2)))
def test_zones_agree_with_forward_evaluation(data, net):
    zones = find_zones(net, data.draw(any_property(net)), data.draw(domains(net.inputs)))
    points = data.draw(st.lists(points_near(net), min_size=1, max_size=4))
    for point in points:
        zones_are_sound(zones, point)
        zones_are_complete(zones, point)
    assert zones.containing(points) == [zones.containing(point) for point in points]
    if zones.domain is not None:
        assert all(zones.domain.contains(zone.sample) for zone in zones)


def positive_diagonals(net, root):
    """Return the network with every hidden unit times the root, and the next layer divided by it: the same function."""
    layers, divisor = [], Fraction(1)
    for k, layer in enumerate(net.layers):
        factor = root if k < len(net.layers) - 1 else Fraction(1)
        rows = [[entry * factor / divisor for entry in row] for row in layer.weight.rows]
        layers.append(Layer.of(rows, [entry * factor for entry in layer.bias], relu=layer.relu))
        divisor = factor
    return Network(tuple(layers))


@settings(max_examples=40)
@given(st.data(), small_networks(inputs=(1, 3)), ROOTS)
def test_positive_factors_change_no_zone(data, net, root):
    """Multiplying every hidden unit by a root changes nothing in zones: patterns, rows, generators, graph, islands, volumes."""
    prop = data.draw(st.integers(0, net.widths[-1] - 1).map(feature))
    domain = data.draw(domains(net.inputs))
    scaled = positive_diagonals(net, root)
    assume(not scaled.is_rational)
    expected, actual = find_zones(net, prop, domain, engine="backward"), find_zones(scaled, prop, domain)
    assert [zone.pattern for zone in actual] == [zone.pattern for zone in expected]
    for one, other in zip(actual, expected, strict=True):
        assert (one.hrep, one.vrep, one.sample) == (other.hrep, other.vrep, other.sample)
        assert not irrational(entry for row in one.hrep.rows for entry in row)
        assert (one.affine, one.conditions, one.maximum) == (other.affine, other.conditions, other.maximum)
        assert one.firing == other.firing
    assert dict(actual.graph.edges) == dict(expected.graph.edges)
    assert (actual.islands, actual.volume, actual.distinct_maps) == (expected.islands, expected.volume, expected.distinct_maps)
    assert [join.pieces for join in actual.merged] == [join.pieces for join in expected.merged]
    forward = find_zones(net, prop, domain)
    assert {(zone.pattern, zone.hrep) for zone in actual} == {(zone.pattern, zone.hrep) for zone in forward}


@settings(max_examples=40)
@given(st.data(), small_networks(inputs=(1, 2)), ROOTS)
def test_irrational_coordinates_move_zones_along(data, net, root):
    """With x = root y + 1 the zones of net(x) are the images of those of the network in y, in every detail."""
    prop = data.draw(any_property(net))
    domain = data.draw(domains(net.inputs, bounded=True))
    size = net.inputs
    change = AffineMap.of([[root * (k == j) for j in range(size)] for k in range(size)], [1] * size)
    back = AffineMap.of([[1 / root * (k == j) for j in range(size)] for k in range(size)], [-1 / root] * size)
    assert change.after(back) == AffineMap.identity(size)
    expected = find_zones(net, prop, domain)
    actual = find_zones(net.compose(change), prop, domain.preimage(change))
    assert {zone.pattern for zone in actual} == {zone.pattern for zone in expected}
    old = {zone.pattern: zone for zone in expected}
    for zone in actual:
        twin = old[zone.pattern]
        assert set(map(change, zone.vrep.vertices)) == set(twin.vrep.vertices)
        assert Polyhedron(zone.hrep) == Polyhedron(twin.hrep).preimage(change)
        assert zone.volume * root**size == twin.volume
        assert zone.maximum.value == twin.maximum.value
    names = [[zone.pattern for zone in zones] for zones in (actual, expected)]
    islands = [
        {frozenset(name[k] for k in island) for island in zones.islands}
        for zones, name in zip((actual, expected), names, strict=True)
    ]
    assert islands[0] == islands[1]
    assert {frozenset(names[0][k] for k in edge) for edge in actual.graph.edges} == {
        frozenset(names[1][k] for k in edge) for edge in expected.graph.edges
    }


@settings(max_examples=40)
@given(irrational_networks(inputs=(1, 2)))
def test_all_cells_fill_the_domain(net):
    domain = Polyhedron.box("-sqrt(2)" if _radicand(net) == 2 else -1, 2, dim=net.inputs)
    cells = find_zones(net, Property(()), domain)
    assert cells.volume == domain.volume()
    assert cells.share == 1


def _radicand(net):
    return next((number.radicand for layer in net.layers for number in layer.irrationals), 2)


def test_through_a_latent_space():
    """A bottleneck with irrational rows: pulled back block by block, and brute force; the ready-made checks pass."""
    net = Network.of(
        ([[1, 0], ["-1/2", "sqrt(3)/2"], ["-1/2", "-sqrt(3)/2"]], ["-1/2"] * 3, True),
        ([["1/4", "1/4", "-sqrt(3)/4"], ["sqrt(3)/4", "-sqrt(3)/4", 0]], [0, 0], False),
        ([[1, 0], ["-1/2", "sqrt(3)/2"], ["-1/2", "-sqrt(3)/2"]], ["-3/10"] * 3, True),
        ([[1, "sqrt(3)", -1]], ["-1/10"], False),
    )
    assert [latent.name for latent in net.latents] == ["input", "latent1"]
    zones = find_zones(net, feature(0), SQUARE)
    assert {zone.pattern for zone in zones} == set(brute_force(net, feature(0), SQUARE))
    assert any(irrational(vertex) for zone in zones for vertex in zone.vrep.vertices)
    assert all(report.failure is None for report in check_zones(zones, examples=20))
    deeper = zones.zones_in("latent1")
    assert {zone.pattern for zone in deeper} == set(brute_force(deeper.network, deeper.prop))
    best = zones.maximum
    assert net(best.point)[0] == best.value
    assert isinstance(best.value, Quadratic)


def test_thresholds_and_domains_make_rational_networks_irrational():
    """|x| > sqrt(2) on [-2, 1 + sqrt(2)] has the zones [-2, -sqrt(2)) and (sqrt(2), 1 + sqrt(2)], by hand."""
    net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [0])])
    zones = find_zones(net, feature(0, threshold="sqrt(2)"), Polyhedron.box(-2, "1+sqrt(2)", dim=1))
    root = square_root(2)
    assert [zone.firing.vrep.vertices for zone in zones] == [((root,), (1 + root,)), ((-2,), (-root,))]
    assert zones.volume == 3 - root
    assert zones.share == (3 - root) / (3 + root)
    assert len(zones.islands) == 2
    assert zones.fires([2])
    assert not zones.fires(["sqrt(2)"])
    closed = find_zones(net, condition({0: 1}, "-sqrt(2)", strict=False))
    assert closed.fires(["sqrt(2)"])
    assert not closed.fires(["1414213562373095048801688724209698078/1000000000000000000000000000000000000"])


def test_near_misses_are_told_apart():
    """Three lines through one point over Q(sqrt(2)), and the same with a rational approximation that misses it by 10^-31."""
    through = [["1", "0"], ["0", "1"], ["1", "1"]]
    nearly = Fraction(math.isqrt(8 * 10**62), 10**31)
    for third, cells in (("-2*sqrt(2)", 6), (-nearly, 7)):
        net = Network.of((through, ["-sqrt(2)", "-sqrt(2)", third], True))
        assert len(find_zones(net, ALWAYS)) == cells


@pytest.mark.parametrize("kind", ["box", "plane"])
def test_degenerate_networks(kind):
    """Units sqrt(2) x and x, whose rows are multiples, and a dead one."""
    net = Network.of(([["sqrt(2)", 0], [1, 0], [0, 0]], [0, 0, "-sqrt(2)"], True), ([[1, "-sqrt(2)", 1]], [1], False))
    zones = find_zones(net, feature(0), SQUARE if kind == "box" else None)
    assert [zone.pattern for zone in zones] == [("++-",), ("---",)]
    assert len(zones.islands) == 1
    assert len(zones.merged) == 1
    assert zones[0].affine == AffineMap(Matrix.of([[0, 0]]), (Fraction(1),))
    assert [edge["flips"] for _, _, edge in zones.graph.edges(data=True)] == [((0, 0), (0, 1))]
