"""Slices: the flat through points, or along directions, and what is placed on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view.support import FOUR, carried, numbers

from exactzones import AffineMap, DimensionError, DomainError, InputError, Polyhedron, feature, find_zones, vector
from exactzones.formats.zones_json import zones_to_json
from exactzones.rational import dot
from exactzones.testing import points
from exactzones.view import cut_through, embedding, page
from exactzones.view.slices import foot


def test_points_and_directions_give_the_same_plane():
    p, u, v = [1, 2, 3, 4], [1, 0, 0, "1/3"], [0, -1, 2, 0]
    through = embedding(4, through=[p, [2, 2, 3, "13/3"], [1, 1, 5, 4]])
    assert through == embedding(4, along=[u, v], origin=p)
    assert through(vector(0, 0)) == vector(*p)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "0 dimensions"),
        ({"through": [[0, 0, 0, 0]]}, "0 dimensions"),
        ({"through": [[k, 0, 0, 0] for k in range(5)]}, "4 dimensions"),
        ({"through": [[0, 0, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2]]}, "point 2 lies in the flat through the points before it"),
        ({"along": [[1, 0, 0, 0], [2, 0, 0, 0]]}, "not linearly independent"),
        ({"through": [[0] * 4, [1] * 4], "along": [[1, 0, 0, 0]]}, "pass either points or directions"),
        ({"through": [[0] * 4, [1] * 4], "origin": [0] * 4}, "pass either points or directions"),
        ({"along": [[1, 0]]}, "direction of the slice has 2 entries; expected 4"),
        ({"through": [[0, 0], [1, 1]]}, "point 0 of the slice has 2 entries; expected 4"),
    ],
)
def test_wrong_slices(options, says):
    with pytest.raises(InputError, match=says):
        embedding(4, **options)


def test_a_domain_is_cut():
    flat = embedding(3, along=[[1, 0, 0], [0, 1, 1]])
    assert cut_through(None, flat) is None
    assert cut_through(Polyhedron.box(-1, 1, dim=3), flat) == Polyhedron.box(-1, 1, dim=2)
    with pytest.raises(DomainError, match="misses"):
        cut_through(Polyhedron.box(5, 6, dim=3), embedding(3, along=[[1, 0, 0], [0, 1, 0]]))


@given(st.data())
def test_the_foot_of_a_point_is_the_nearest_point(data):
    columns = [data.draw(points(4)) for _ in range(2)]
    try:
        flat = embedding(4, along=columns, origin=data.draw(points(4)))
    except InputError:
        return
    point = data.draw(points(4))
    at = flat(foot(flat, point))
    assert all(dot([a - b for a, b in zip(point, at, strict=True)], column) == 0 for column in columns)


def test_the_foot_on_a_flat_with_square_roots():
    flat = embedding(3, along=[["sqrt(2)", 1, 0], [0, 0, 1]], origin=[1, 0, 0])
    assert foot(flat, flat(vector(3, "sqrt(2)"))) == vector(3, "sqrt(2)")
    at = flat(foot(flat, vector(0, 1, 5)))
    assert [
        dot([a - b for a, b in zip(vector(0, 1, 5), at, strict=True)], along)
        for along in (vector("sqrt(2)", 1, 0), vector(0, 0, 1))
    ] == [0, 0]


def test_a_slice_is_exact_and_lifts_its_vertices():
    flat = embedding(4, through=[[0, 0, 0, 0], [1, 0, 0, 0], [0, "1/3", 1, 0]])
    box = Polyhedron.box(-3, 3, dim=4)
    zones = find_zones(FOUR.compose(flat), feature(0), cut_through(box, flat))
    scene, exact = carried(page(zones, [[1, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 5]], labels="aab", flat=flat))
    assert [flat(point) for point in numbers(exact["points"])] == numbers(exact["lifted"])
    assert all(box.contains(point) for point in numbers(exact["lifted"]))
    assert scene["letters"] == ["u0", "u1"]
    assert numbers(scene["flat"]["rows"]) == list(flat.augmented().rows)
    data = scene["data"]
    assert data["off"] == [False, False, True]
    assert data["away"] == ["0", "0", "5"]
    assert scene["axes"] == ["u0: x0 (slice)", "u1: 1/3 x1 + x2 (slice)"]
    assert [zone >= 0 for zone in data["zone"]] == [False, True, False]  # x0 + x1 - ReLU(x2 - x3) > 1
    assert any("slice" in note for note in scene["notes"])
    text = page(zones, [["1/2", 0, 0, "1/2"]], flat=flat)
    assert carried(text)[0]["data"]["away"] == ["~0.5"]
    assert "<h1>z1[0] &gt; 0 on a slice of 4 inputs</h1>" in text
    assert "on a slice of 4 inputs.<" in text.partition('id="verdict"')[2][:300]
    for network in (FOUR, zones.network):
        assert f"sha256 {network.sha256[:16]}.." in text


def test_networks_lists_and_json_name_the_slice():
    flat = embedding(4, through=[[0, 0, 0, 0], [1, 0, 0, 0], [0, "1/3", 1, 0]])
    sliced = FOUR.compose(flat)
    zones = find_zones(sliced, feature(0), "-1:1")
    assert (sliced.slice.whole, sliced.slice.embedding) == (FOUR, flat)
    assert repr(sliced) == "Network(2-2-1, 2 ReLU units, a slice of 4 inputs)"
    assert repr(zones) == f"Zones({len(zones)} zones of z1[0] > 0 on a slice of 4 inputs)"
    line = AffineMap.through([0, 1], [1, 1])
    assert sliced.compose(line).slice == (FOUR, flat.after(line))
    document = zones_to_json(zones)["network"]
    assert (document["sha256"], document["inputs"]) == (sliced.sha256, 2)
    assert document["slice"]["of"] == {"sha256": FOUR.sha256, "inputs": 4}
    assert document["slice"]["embedding"] == [["0", "1", "0"], ["0", "0", "1/3"], ["0", "0", "1"], ["0", "0", "0"]]
    assert FOUR.slice is None


def test_data_of_another_space():
    flat = embedding(4, along=[[1, 0, 0, 0]])
    with pytest.raises(DimensionError, match="data point 0 has 1 entry; expected 4"):
        page(find_zones(FOUR.compose(flat), feature(0), Polyhedron.box(0, 2, dim=1)), [[1]], flat=flat)
