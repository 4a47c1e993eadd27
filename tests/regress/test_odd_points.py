"""Points that can be iterated over only once, points with missing entries, and values that are not points."""

from __future__ import annotations

import numpy as np
import pytest

from exactzones import ALWAYS, InputError, Network, find_zones, nearest

NET = Network.mlp([([[1, 0], [0, 1]], [0, 0])])
ZONES = find_zones(NET, ALWAYS)
RADICAL = find_zones(Network.mlp([([["sqrt(2)", 0], [0, 1]], [0, 0])]), ALWAYS)
POINTS = [(1, 2), (-1, 3)]


@pytest.mark.parametrize("zones", [ZONES, RADICAL])
def test_generators_are_read_as_lists_are(zones):
    """``containing`` once looked at a generator twice, found nothing the second time, and said that no point is in a zone."""
    assert zones.containing(point for point in POINTS) == zones.containing(POINTS) != []
    assert zones.at(point for point in POINTS) == zones.at(POINTS)
    assert zones.at(iter(point) for point in POINTS) == zones.at(POINTS)
    assert zones.locate(point for point in POINTS) == zones.locate(POINTS)
    assert zones.containing(iter(POINTS[0])) == zones.containing(POINTS[0])
    assert zones.at(iter(POINTS[0])) == zones.at(POINTS[0])


def test_missing_entries_are_refused():
    """What lies under a mask is not a datum."""
    masked = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, True], [False, False]])
    for ask in (ZONES.at, ZONES.containing, ZONES.locate):
        with pytest.raises(InputError, match="masked"):
            ask(masked)
        assert len(ask(masked[1:])) == 1


@pytest.mark.parametrize("zones", [ZONES, RADICAL])
@pytest.mark.parametrize(
    "wrong", [None, 5, np.array(3.0), "12", b"12", [(1, 2), 3], [np.array(1.0), (1, 2)], np.zeros((1, 1, 2))]
)
def test_what_is_no_point_is_refused_in_one_line(zones, wrong):
    """Not by a TypeError from within."""
    for ask in (zones.at, zones.containing, zones.locate):
        with pytest.raises(InputError, match=r"points?"):
            ask(wrong)


@pytest.mark.parametrize("zones", [ZONES, RADICAL])
@pytest.mark.parametrize("single", [[1, 2], (1, 2), np.array([1.0, 2.0]), ["1/3", "2"]])
def test_a_single_point_is_not_located(zones, single):
    """``locate`` is for many points, and says so."""
    with pytest.raises(InputError, match="single point"):
        zones.locate(single)
    assert zones.locate([single]) == zones.locate(np.array([single], dtype=object))


@pytest.mark.parametrize("zones", [ZONES, RADICAL])
def test_no_points_are_in_no_zones(zones):
    """An empty data set is one, of whatever shape an empty list has."""
    for nothing in ([], np.zeros((0, 2)), np.zeros(0)):
        assert zones.locate(nothing) == []


@pytest.mark.parametrize("wrong", [None, 5])
def test_nearest_and_networks_refuse_what_is_no_point(wrong):
    """The same for single points."""
    for ask in (NET, lambda point: nearest(ZONES, point)):
        with pytest.raises(InputError, match=f"point is {wrong}; expected a sequence of"):
            ask(wrong)
