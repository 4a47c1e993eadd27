"""Exact volumes of all zones at once, against those of their cells one by one."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import event, given
from hypothesis import strategies as st
from zones.support import EVERY_CELL, any_property, small_networks

from exactzones.engine import exact_volumes as module
from exactzones.engine.exact_volumes import exact_volumes, total_volume
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, condition, feature
from exactzones.testing import domains, features
from exactzones.testing.strategies import KINDS
from exactzones.zones import find_zones
from exactzones.zones.volumes import firing_volume


def draw_network(data, inputs=(1, 4)):
    return data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=6, inputs=inputs))


def one_by_one(zones):
    return tuple(zone.volume for zone in zones)


def total(volumes):
    return None if None in volumes else sum(volumes, start=Fraction(0))


@at_most(40)
@given(st.data())
def test_features_on_bounded_domains(data):
    """The kernel's own zones, cut by the target's hyperplane; small integers make it pass through vertices."""
    net = draw_network(data)
    zones = find_zones(net, data.draw(features(net)), data.draw(domains(net.inputs, bounded=True)))
    expected = one_by_one(zones)
    assert zones.volumes == expected
    assert zones.volume == total(expected)
    assert zones.share == total(expected) / zones.domain.volume()
    event(f"inputs: {net.inputs}, zones: {min(len(zones), 3)}")


@at_most(40)
@given(st.data())
def test_any_property_on_any_domain(data):
    net = draw_network(data, inputs=(1, 3))
    prop = data.draw(st.one_of(any_property(net), st.sampled_from([Property(()), EVERY_CELL])))
    zones = find_zones(net, prop, data.draw(domains(net.inputs)), engine=data.draw(st.sampled_from(["auto", "backward"])))
    expected = one_by_one(zones)
    assert zones.volumes == expected
    assert zones.volume == total(expected)
    event(f"infinite: {None in expected}")


@at_most(40)
@given(st.data())
def test_the_volume_of_a_part_of_a_list(data):
    """Any zones have a boundary."""
    net = draw_network(data, inputs=(1, 3))
    zones = find_zones(net, data.draw(features(net)), data.draw(domains(net.inputs, bounded=True)))
    chosen = [zone for zone in zones if data.draw(st.booleans())]
    assert firing_volume(chosen) == total(one_by_one(chosen))


def normal_zones(widths, threshold=0, seed=1):
    rng = np.random.default_rng(seed)
    net = Network.mlp([(rng.normal(size=(b, a)), rng.normal(size=b)) for a, b in itertools.pairwise(widths)])
    return find_zones(net, feature(0, threshold), Polyhedron.box(-2, 2, dim=widths[0]))


@pytest.mark.parametrize("widths", [(1, 20, 20, 1), (2, 10, 10, 1), (3, 6, 6, 1), (4, 4, 3, 1), (5, 4, 2, 1)])
def test_generic_networks(widths):
    zones = normal_zones(widths)
    assert len(zones) > 8
    assert zones.volumes == one_by_one(zones)
    assert zones.volume == sum(zones.volumes)


@pytest.mark.parametrize("widths", [(1, 20, 20, 1), (2, 20, 20, 1), (3, 12, 12, 1), (4, 6, 4, 1), (5, 4, 3, 1)])
def test_all_cells_of_a_box_fill_it(widths):
    zones = normal_zones(widths, threshold=-1000)
    assert zones.volume == sum(zones.volumes) == 4 ** widths[0]


def test_batches_do_not_matter(monkeypatch):
    leaves = [zone.source for zone in normal_zones((3, 8, 8, 1))]
    expected = list(exact_volumes(leaves))
    monkeypatch.setattr(module, "_SHARING", 100)
    monkeypatch.setattr(module, "_BATCH", 10)
    assert list(exact_volumes(leaves)) == expected
    assert total_volume(leaves) == sum(expected)


def test_facets_that_are_not_matched_cancel(monkeypatch):
    """Then the sum is over all facets of all zones."""
    zones = normal_zones((3, 6, 6, 1))
    leaves = [zone.source for zone in zones]
    expected = total_volume(leaves)

    def apart(faces):
        everything = np.arange(len(faces.owners))
        return everything, everything

    monkeypatch.setattr(module, "shared", apart)
    assert total_volume(leaves) == expected == sum(zones.volumes)


def test_bounded_parts_of_unbounded_cells():
    """1 - |x| - |y| > 0 has a quarter of its volume 2 in each quadrant."""
    signs = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[-1] * 4], [1])])
    zones = find_zones(signs, 0)
    assert zones.volumes == (Fraction(1, 2),) * 4
    assert zones.volume == 2
    assert zones.share is None
    outside = find_zones(signs, condition({0: -1}))
    assert outside.volumes == (None,) * 4
    assert outside.volume is None


def test_directions_on_which_nothing_depends_are_infinite():
    net = Network.mlp([([[1, 0], [-1, 0]], [0, 0]), ([[-1, -1]], [1])])  # 1 - |x|, whatever y
    assert find_zones(net, 0).volumes == (None, None)
    assert find_zones(net, 0).volume is None
