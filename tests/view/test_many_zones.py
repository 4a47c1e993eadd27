"""Pages with thousands of zones: drawn from floats, with exact numbers that the page works out by itself."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from view.hands import screen, text_at
from view.support import SQUARE, carried

from exactzones import AffineMap, Network, Polyhedron, feature, find_zones
from exactzones.testing.strategies import features, networks
from exactzones.view import many_zones, page
from exactzones.view.spaces import PointNumbers, drawing, exact_texts

WINDOW = Polyhedron.box(-4, 8, dim=2)
TRIANGLE = Polyhedron.of(2, [(3, 1, 0), (3, 0, 1), (4, -1, -1)])


@pytest.fixture(scope="module", autouse=True)
def _even_one_is_many():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many_zones, "MANY", 0)
        yield


def corners(drawn, rings):
    """Return the different corners of one ring, rounded; None if there is no ring."""
    return rings and {tuple(round(x, 6) + 0.0 for x in drawn["corners"][corner]) for corner in rings[0]}


@settings(max_examples=60)
@given(st.data())
def test_the_picture_is_the_exact_one(data):
    net = data.draw(networks(inputs=2))
    zones = find_zones(net, data.draw(features(net)), data.draw(st.sampled_from([SQUARE, TRIANGLE])))
    found = many_zones.many_zones(zones, WINDOW)
    if found is None:
        return
    drawn, exact = found[0], drawing(zones, WINDOW, PointNumbers())
    assert [drawn[name] for name in ("patterns", "colours", "outside")] == [
        exact[name] for name in ("patterns", "colours", "outside")
    ]
    np.testing.assert_allclose(drawn["functions"], exact["functions"], atol=1e-9)
    np.testing.assert_allclose(drawn["window"], exact["window"])
    assert corners(drawn, drawn["domain"]) == corners(exact, exact["domain"])
    for key in ("rings", "cells"):
        assert [corners(drawn, ring) for ring in drawn[key]] == [corners(exact, ring) for ring in exact[key]]


def random_network(kind, seed):
    draw = np.random.default_rng(seed)
    number = {"floats": lambda *size: draw.normal(size=size), "integers": lambda *size: draw.integers(-2, 3, size)}[kind]
    return Network.mlp([(number(after, before).tolist(), number(after).tolist()) for before, after in ((2, 6), (6, 5), (5, 1))])


@pytest.mark.parametrize("domain", [SQUARE, TRIANGLE])
@pytest.mark.parametrize("kind", ["floats", "integers"])
def test_the_page_works_out_the_exact_numbers(opened, kind, domain):
    zones = find_zones(random_network(kind, 3), feature(0, threshold="-1/3"), domain)
    assert len(zones) > 10
    tab = opened(zones, window=WINDOW)
    entries = tab.evaluate("exactzones.main.patterns.map((_, zone) => exactzones.book.entry(zone))")
    points = tab.evaluate("exactzones.book.exact.points")
    table = PointNumbers()
    expected = exact_texts(zones, drawing(zones, WINDOW, table), table)

    def said(entry, points):
        """Return an entry with its points instead of their numbers."""
        places = {"vertices": [points[k] for k in entry["vertices"]], "sample": points[entry["sample"]], "map": None}
        part = {"fires": sorted(points[k] for k in entry["fires"]["vertices"])} if "fires" in entry else {}
        return entry | places | part

    assert [said(entry, points) | {"rays": None} for entry in entries] == [
        said(entry, expected["points"]) | {"rays": None} for entry in expected["zones"]
    ]
    facets = {(a, b): (facet, fires) for a, b, facet, _, fires in expected["edges"]}
    for a, b in combinations(range(len(zones)), 2):
        edge = tab.evaluate("([a, b]) => exactzones.book.edge(a, b)", [a, b])
        assert (edge and (edge["facet"], edge["fires"])) == facets.get((a, b))


def test_a_slice_has_the_points_of_the_larger_space_too(opened):
    net = Network.mlp([(np.random.default_rng(3).integers(-3, 4, (8, 3)).tolist(), [1] * 8), ([[1, -1] * 4], [0])])
    flat = AffineMap.through((0, 0, "1/3"), (1, 0, 0), (0, 1, 1))
    zones = find_zones(net.compose(flat), feature(0), SQUARE)
    tab = opened(zones, flat=flat)
    tab.evaluate("exactzones.main.patterns.forEach((_, zone) => exactzones.book.entry(zone))")
    points, lifted = tab.evaluate("[exactzones.book.exact.points, exactzones.book.exact.lifted]")
    assert [list(map(str, flat(point))) for point in points] == lifted


def test_two_zones_are_clicked(opened):
    zones = find_zones(random_network("integers", 3), feature(0), SQUARE)
    tab = opened(zones)
    (a, b), *_ = [(a, b) for a, b, fires in zones.graph.edges(data="fires") if fires]
    for zone in (a, b):
        tab.mouse.click(*screen(tab, *map(float, zones[zone].sample)))
        assert f"Zone {zone}" in text_at(tab, "#chosen") or zone == b
    assert f"Zones {a} and {b} share a facet" in text_at(tab, "#chosen")


def test_a_page_of_few_zones_or_of_others_has_all_numbers():
    net = random_network("integers", 3)
    for zones, window in (
        (find_zones(net, feature(0)), WINDOW),
        (find_zones(net, feature(0), SQUARE), Polyhedron.box(-1, 1, dim=2)),
    ):
        assert "zones" in carried(page(zones, window=window))[1]
    assert "layers" in carried(page(find_zones(net, feature(0), SQUARE)))[1]
