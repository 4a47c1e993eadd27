"""Bounds on volumes in floats, against the exact volumes of the zones one by one."""

import itertools
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import assume, event, given
from hypothesis import strategies as st
from zones.support import small_networks

from exactzones.engine.volumes import _determinants, _positive_part, volume_bounds
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import feature
from exactzones.rational import determinant
from exactzones.testing import domains, features
from exactzones.testing.strategies import KINDS
from exactzones.zones import find_zones
from exactzones.zones.islands import Connections
from exactzones.zones.volumes import share_bounds


def draw_zones(data):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=6, inputs=(1, 5)))
    zones = find_zones(net, data.draw(features(net)), data.draw(domains(net.inputs, bounded=True)))
    assume(Connections.of(zones.zones) is not None)
    return zones


@given(st.data())
def test_the_bounds_hold_for_each_zone(data):
    zones = draw_zones(data)
    low, high = volume_bounds([zone.source for zone in zones])
    for zone, least, most in zip(zones, low, high, strict=True):
        assert least <= zone.volume
        assert not most < zone.volume
    event(f"known: {(high < np.inf).all()}")


@given(st.data())
def test_the_bounds_hold_without_the_kernel(data):
    zones = draw_zones(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exactzones.engine.volumes.load", SimpleNamespace)
        low, high = volume_bounds([zone.source for zone in zones])
    for zone, least, most in zip(zones, low, high, strict=True):
        assert least <= zone.volume
        assert not most < zone.volume


@given(st.data())
def test_the_bounds_of_the_share_hold_and_are_close(data):
    zones = draw_zones(data)
    connections = Connections.of(zones.zones)
    low, high = share_bounds(zones.zones, connections, zones.domain, 1e-7)
    assert low <= zones.share <= high
    assert high - low <= Fraction(2, 10**7) * zones.share
    assert (low == high == 1) <= (zones.share == 1)
    event(f"exactly: {low == high}")


@given(st.data())
def test_unknown_floats_are_made_up_for_exactly(data):
    zones = draw_zones(data)
    connections = Connections.of(zones.zones)
    blind = replace(connections.survey, least=np.full(len(zones), -np.inf))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exactzones.zones.islands.volume_bounds", lambda leaves: np.full((2, len(leaves)), [[0.0], [np.nan]]))
        low, high = share_bounds(zones.zones, replace(connections, survey=blind), zones.domain, 1e-7)
    assert low <= zones.share <= high
    assert high - low < Fraction(1, 10**290)


rationals = st.fractions(-8, 8, max_denominator=8)


@given(st.integers(1, 5), st.data())
def test_determinants_of_simplices(dim, data):
    corners = data.draw(st.lists(st.lists(rationals, min_size=dim, max_size=dim), min_size=dim + 1, max_size=dim + 1))
    off = data.draw(st.lists(st.sampled_from([0, 2**-40, 2**-8]), min_size=dim + 1, max_size=dim + 1))
    moved = [[x + Fraction(e) * data.draw(st.sampled_from([-1, 0, 1])) for x in c] for c, e in zip(corners, off, strict=True)]
    scale = 840
    exact = abs(determinant([[scale, *(int(x * scale * 2**40) for x in corner)] for corner in moved]))
    points = np.array([[list(map(float, corner)) for corner in corners]])
    sizes, wrong = _determinants(points, np.array([off], float) + 2**-50)
    assert abs(Fraction(sizes[0]) - Fraction(exact, scale ** (dim + 1) * 2 ** (40 * dim))) <= Fraction(wrong[0])


def exact_part(values):
    """The share of a simplex with a positive affine function, by cutting off one corner after the other."""
    if all(value >= 0 for value in values):
        return Fraction(1)
    if all(value <= 0 for value in values):
        return Fraction(0)
    up, down = max(range(len(values)), key=values.__getitem__), min(range(len(values)), key=values.__getitem__)
    total = values[up] - values[down]
    without_low = exact_part([0 if k == down else value for k, value in enumerate(values)])
    without_high = exact_part([0 if k == up else value for k, value in enumerate(values)])
    return (values[up] * without_low - values[down] * without_high) / total


@at_most(60)
@given(st.lists(rationals, min_size=2, max_size=6))
def test_the_positive_part_of_a_simplex(values):
    part = _positive_part(np.array([list(map(float, values))]))[0]
    assert part == pytest.approx(float(exact_part(values)), rel=1e-12)


def test_the_positive_part_of_a_triangle_and_of_a_tetrahedron():
    """Similar triangles; two corners up and two down, values 1: by symmetry half."""
    assert _positive_part(np.array([[1.0, -1, -1]]))[0] == 0.25
    assert _positive_part(np.array([[1.0, 1, -1, -1]]))[0] == 0.5
    assert _positive_part(np.array([[3.0, -1, -1, -1]]))[0] == pytest.approx(27 / 64)
    assert np.isnan(_positive_part(np.array([[1.0, np.nan, -1]]))[0])


@pytest.mark.parametrize("widths", [(1, 20, 20, 1), (2, 20, 20, 1), (3, 12, 12, 1), (4, 8, 6, 1), (5, 7, 5, 1)])
def test_all_cells_of_a_box_fill_it(widths):
    rng = np.random.default_rng(1)
    net = Network.mlp([(rng.normal(size=(b, a)), rng.normal(size=b)) for a, b in itertools.pairwise(widths)])
    box = Polyhedron.box(-2, 2, dim=widths[0])
    zones = find_zones(net, feature(0, -1000), box)
    low, high = volume_bounds([zone.source for zone in zones])
    assert low.sum() <= 4.0 ** widths[0] * (1 + 1e-12)
    assert high.sum() >= 4.0 ** widths[0] * (1 - 1e-12)
    assert high.sum() - low.sum() < 1e-5 * high.sum()
    assert zones.share_bounds() == (1, 1)
