"""Neighbours and islands against their definitions: pairs of closed cells, intersected one by one."""

from fractions import Fraction

import pytest
from hypothesis import event, given
from zones.support import cases, complexes, components, firing, pairs, small_networks

from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import condition, feature
from exactzones.testing import adjacency_is_right
from exactzones.zones import ENGINES, find_zones


def flips(first, second):
    return tuple((k, unit) for (k, unit, _), a, b in zip(first.neuron_rows, first.signs, second.signs, strict=True) if a != b)


@given(cases(small_networks(inputs=(1, 3))))
def test_the_ready_made_check_holds_for_every_zone(case):
    zones = case.zones
    event(f"edges: {min(zones.graph.number_of_edges(), 5)}")
    for k in range(len(zones)):
        adjacency_is_right(zones, k)


@given(cases(small_networks(inputs=(1, 3), most=5)))
def test_edges_are_the_pairs_with_a_common_facet(case):
    zones = case.zones
    dim = case.net.inputs
    cells = [Polyhedron(zone.hrep) for zone in zones]
    expected = {(a, b) for a, b in pairs(zones) if cells[a].intersect(cells[b]).dim == dim - 1}
    assert zones.touching == tuple(sorted(expected))  # before there is a graph
    assert {tuple(sorted(edge)) for edge in zones.graph.edges} == expected
    for a, b in expected:
        edge = zones.graph.edges[a, b]
        common = cells[a].intersect(cells[b])
        assert common.intersect(Polyhedron.of(dim, equations=[edge["facet"]])) == common
        assert edge["flips"] == flips(zones[a], zones[b]) == flips(zones[b], zones[a])
        assert edge["flips"]
        assert edge["fires"] == (not firing(zones[a]).intersect(cells[b]).is_empty)


@given(complexes(small_networks(inputs=(1, 2), most=5)))
def test_the_graph_of_all_cells_is_connected_and_its_nodes_are_the_zones(zones):
    assert zones.islands == (tuple(range(len(zones))),)
    assert [zones.graph.nodes[k]["zone"] for k in range(len(zones))] == list(zones)


@given(cases(small_networks(inputs=(1, 3), most=5)))
def test_islands_are_the_components_of_the_set_that_fires(case):
    """The firing parts are convex, and a limit point of one that fires lies in it: two hang together iff they share a point."""
    zones = case.zones
    parts = [firing(zone) for zone in zones]
    assert not any(part.is_empty for part in parts)
    joined = [(a, b) for a, b in pairs(zones) if not parts[a].intersect(parts[b]).is_empty]
    event(f"islands: {min(len(zones.islands), 4)}, open: {case.prop.is_open}")
    assert zones.islands == components(len(zones), joined)


ABSOLUTE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [0])])


@pytest.mark.parametrize("engine", ENGINES)
def test_zero_parts_the_two_halves_of_an_absolute_value(engine):
    strictly = find_zones(ABSOLUTE, feature(0), engine=engine)
    assert (len(strictly), strictly.islands) == (2, ((0,), (1,)))
    assert strictly.graph.edges[0, 1]["fires"] is False
    weakly = find_zones(ABSOLUTE, condition([1], strict=False), engine=engine)
    assert (len(weakly), weakly.islands) == (2, ((0, 1),))
    assert weakly.graph.edges[0, 1]["fires"] is True


@pytest.mark.parametrize("engine", ENGINES)
def test_opposite_quadrants_hang_together_by_a_vertex_if_zero_counts(engine):
    """ReLU units x, y, -x, -y; on the quadrants x y >= 0 the value min(|x|, |y|) - ... is |x + y| - |x - y|, >= 0."""
    net = Network.of(
        ([[1, 0], [0, 1]], [0, 0], False),
        ([[1, 1], [-1, -1], [1, -1], [-1, 1]], [0, 0, 0, 0], True),
        ([[1, 1, -1, -1]], [0], False),
    )
    quadrants = Polyhedron.box(-1, 1, dim=2)
    open_set = find_zones(net, feature(0), quadrants, engine=engine)
    assert len(open_set.islands) == 2
    assert open_set.volume == 2
    closed_set = find_zones(net, condition([1], strict=False), quadrants, engine=engine)
    assert len(closed_set.islands) == 1
    # -|y| + ReLU(-x - 1) + ReLU(x - 1) >= 0: two wedges |y| <= |x| - 1 and the segment between their tips, y = 0.
    wedges = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [-1, -1, 0, 0]), ([[1, 1, -1, -1]], [0])])
    assert len(find_zones(wedges, feature(0), engine=engine).islands) == 2
    flat_bridge = find_zones(wedges, condition([1], strict=False), engine=engine)
    assert len(flat_bridge.islands) == 1
    flat = [zone for zone in flat_bridge if zone.firing_cell is None]
    assert {zone.sample[1] for zone in flat} == {Fraction(0)}
    assert {zone.volume for zone in flat} == {Fraction(0)}


@pytest.mark.parametrize("engine", ENGINES)
def test_several_neurons_flip_at_one_facet(engine):
    """Units x, 2 x, -x and a second layer that reads them: all change sign at x = 0."""
    net = Network.of(([[1], [2], [-1]], [0, 0, 0], True), ([[1, 1, -1]], [0], True), ([[1]], [1], False))
    zones = find_zones(net, feature(0), engine=engine)
    assert len(zones) == 2
    assert zones.graph.edges[0, 1]["flips"] == ((0, 0), (0, 1), (0, 2), (1, 0))
    assert zones.graph.edges[0, 1]["facet"] == (0, 1)
