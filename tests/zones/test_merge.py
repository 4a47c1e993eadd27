"""Merged zones: each is exactly the union of its pieces, boundary included."""

import itertools
from fractions import Fraction

import pytest
from examples_drawn import at_most
from hypothesis import assume, event, given
from hypothesis import strategies as st
from zones.support import cases, complexes, firing, small_networks

from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, condition, feature
from exactzones.testing import domain_points
from exactzones.zones import ENGINES, find_zones
from exactzones.zones import merge as merging


@given(cases(small_networks(inputs=(1, 3), most=6)))
def test_each_merged_polyhedron_is_the_union_of_its_pieces(case):
    """Exactly: every piece lies in it, and no cell of the network has a point in it that does not fire in a piece."""
    zones = case.zones
    merged = zones.merged
    event(f"zones {min(len(zones), 6)} -> {min(len(merged), 6)}")
    assert sorted(piece for one in merged for piece in one.pieces) == list(range(len(zones)))
    assert len(zones.islands) <= len(merged) <= len(zones) or not case.prop.is_open
    cells = find_zones(case.net, _everything(case), case.domain)
    for one in merged:
        for piece in one.pieces:
            assert firing(zones[piece]).is_subset(one.polyhedron)
        if len(one.pieces) == 1:
            continue
        pieces = {zones[piece].pattern: firing(zones[piece]) for piece in one.pieces}
        dim = case.net.inputs
        for cell in cells:
            common = one.polyhedron.intersect(Polyhedron(cell.hrep))
            if cell.pattern in pieces:
                assert common.is_subset(pieces[cell.pattern])
            else:  # it may touch the merged set, where a piece fires too
                assert common.dim < dim


def _everything(case):
    """A property that always holds, on the layers whose patterns decide the case's property."""
    prop = case.prop.resolve(case.net.widths)
    if prop.horizon == 0:
        return condition({}, 1, layer=0)
    return condition({}, 1, layer=prop.horizon - 1, after_relu=True)


@at_most(60)
@given(cases(small_networks(inputs=(1, 3))), st.data())
def test_merged_polyhedra_fire_where_the_property_does(case, data):
    zones = case.zones
    assume(len(zones))
    for _ in range(5):
        point = data.draw(domain_points(zones))
        fires = (case.domain is None or case.domain.contains(point)) and case.net.satisfies(point, case.prop)
        assert any(one.polyhedron.contains(point) for one in zones.merged) == fires


@given(cases(small_networks(inputs=(1, 3)), bounded=True))
def test_merging_keeps_volumes_and_islands(case):
    zones = case.zones
    assert sum(one.polyhedron.volume() for one in zones.merged) == zones.volume
    island = {zone: k for k, members in enumerate(zones.islands) for zone in members}
    for one in zones.merged:
        assert len({island[piece] for piece in one.pieces}) == 1
        assert sum(zones[piece].volume for piece in one.pieces) == one.polyhedron.volume()


def merged(net, prop, domain=None, engine="backward"):
    return find_zones(net, prop, domain, engine=engine).merged


ABSOLUTE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [0])])


@pytest.mark.parametrize("engine", ENGINES)
def test_an_absolute_value_does_not_fire_at_zero_so_its_halves_stay_apart(engine):
    assert [one.pieces for one in merged(ABSOLUTE, feature(0), engine=engine)] == [(0,), (1,)]
    whole = merged(ABSOLUTE, condition([1], strict=False), engine=engine)
    assert [one.pieces for one in whole] == [(0, 1)]
    assert whole[0].polyhedron == Polyhedron.space(1)
    shifted = merged(ABSOLUTE, feature(0, threshold=-1), engine=engine)
    assert [one.polyhedron for one in shifted] == [Polyhedron.space(1)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_hole_of_dimension_two_less_keeps_pieces_apart(engine):
    """|x| + |y| > 0 is the plane without one point: four quadrants, no two of which have a convex union."""
    net = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1]], [0])])
    zones = find_zones(net, feature(0), engine=engine)
    assert (len(zones), len(zones.islands), len(zones.merged)) == (4, 1, 4)
    weakly = find_zones(net, condition([1], strict=False), engine=engine)
    assert [one.polyhedron for one in weakly.merged] == [Polyhedron.space(2)]


@given(complexes(small_networks(inputs=(1, 3), most=6)))
def test_all_cells_of_a_network_merge_into_the_domain(zones):
    """However the neighbours were joined on the way: what is left is joined as a whole island."""
    (one,) = zones.merged
    assert one.pieces == tuple(range(len(zones)))
    assert one.polyhedron == (zones.domain or Polyhedron.space(zones.network.inputs))


@pytest.mark.parametrize("engine", ENGINES)
def test_joins_of_neighbours_can_get_stuck_and_the_island_is_joined_all_the_same(engine, monkeypatch):
    """Of seven cells of three lines some are joined first, and then no two of the rest have a convex union."""
    joined = []
    exactly = merging._exactly

    def recording(parts, envelope):
        joined.append(len(parts))
        return exactly(parts, envelope)

    monkeypatch.setattr(merging, "_exactly", recording)
    for slopes in itertools.permutations([(1, 0), (0, 1), (1, 1)]):
        net = Network.of((slopes, [int(sum(slope) == 2) for slope in slopes], True))
        (one,) = find_zones(net, ALWAYS, engine=engine).merged
        assert one.polyhedron == Polyhedron.space(2)
    assert max(joined) > 2


@pytest.mark.parametrize("engine", ENGINES)
def test_three_pieces_form_one_half_space(engine):
    """ReLU(x) - ReLU(-x) + ReLU(x - 1) + 2 - ReLU(x - 1) > 0: three cells, x > -2."""
    net = Network.mlp([([[1], [-1], [1], [1]], [0, 0, -1, -1]), ([[1, -1, 1, -1]], [2])])
    zones = find_zones(net, feature(0), engine=engine)
    assert len(zones) == 3
    assert [one.polyhedron for one in zones.merged] == [Polyhedron.of(1, strict=[(2, 1)])]
    assert [len(one.pieces) for one in zones.merged] == [3]


@pytest.mark.parametrize("engine", ENGINES)
def test_all_cells_of_an_arrangement_form_the_plane(engine):
    """Three lines in general position: seven cells."""
    net = Network.of(([[1, 0], [0, 1], [1, 1]], [0, 0, -1], True))
    zones = find_zones(net, ALWAYS, engine=engine)
    assert len(zones) == 7
    assert [one.polyhedron for one in zones.merged] == [Polyhedron.space(2)]


@pytest.mark.parametrize("engine", ENGINES)
def test_strict_and_weak_sides_of_the_outcome(engine):
    """0 < x <= 2 from x > 0 and 2 - x >= 0, cut by a neuron at 1."""
    net = Network.of(([[1], [1]], [-1, 0], [True, False]), ([[0, 1]], [0], False))
    prop = condition([1]) & condition([-1], 2, strict=False)
    (one,) = merged(net, prop, engine=engine)
    assert one.pieces == (0, 1)
    assert one.polyhedron == Polyhedron.of(1, [(2, -1)], strict=[(0, 1)])
    assert not one.polyhedron.contains([0])
    assert one.polyhedron.contains([2])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_strict_row_that_only_touches(engine):
    """x + y > 0 on the quadrant x, y >= 0 leaves out the corner only; the piece keeps that row."""
    quadrant = Polyhedron.of(2, [(0, 1, 0), (0, 0, 1)])
    net = Network.of(([[1, -1]], [0], True), ([[0]], [0], False))
    corner = condition([1], layer=0, after_relu=False)  # a split of the quadrant at x = y
    assert len(find_zones(net, corner, quadrant, engine=engine)) == 1
    lanes = Network.of(([[1, -1], [1, 1]], [0, 0], [True, False]), ([[0, 1]], [0], False))
    (one,) = merged(lanes, feature(0), quadrant, engine=engine)
    assert len(one.pieces) == 2
    assert not one.polyhedron.contains([0, 0])
    assert one.polyhedron.contains([0, Fraction(1, 9)])
    assert one.polyhedron.contains([Fraction(1, 9), 0])


def test_zones_whose_firing_part_is_flat_stand_alone():
    """-|x| >= 0 holds at 0 only; both cells list it."""
    net = Network.mlp([([[1], [-1]], [0, 0]), ([[-1, -1]], [0])])
    zones = find_zones(net, condition([1], strict=False))
    assert [(one.pieces, one.polyhedron.dim) for one in zones.merged] == [((0,), 0), ((1,), 0)]
    assert zones.islands == ((0, 1),)
    assert zones.volume == 0
