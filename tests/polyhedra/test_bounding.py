"""Polytopes around data: they contain it, and are no larger than they say."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exactzones import DimensionError, InputError, Polyhedron, bounding

POINTS = st.integers(1, 3).flatmap(
    lambda dim: st.lists(st.lists(st.fractions(-4, 4, max_denominator=3), min_size=dim, max_size=dim), min_size=1, max_size=12)
)


@settings(max_examples=25, deadline=None)
@given(POINTS)
def test_the_points_lie_in_each_and_the_hull_lies_in_all(points):
    shapes = {kind: bounding(points, kind) for kind in ("box", "zonotope", "hull")}
    assert all(shape.contains(point) for shape in shapes.values() for point in points)
    assert shapes["hull"] == Polyhedron.hull(points)
    for kind in ("box", "zonotope"):
        assert shapes[kind].is_bounded
        assert shapes["hull"].is_subset(shapes[kind])
        for row in shapes[kind].hrep.rows:  # each facet touches the data
            assert min(row[0] + sum(a * x for a, x in zip(row[1:], point, strict=True)) for point in points) == 0


def test_a_zonotope_follows_correlated_data():
    steps = np.random.default_rng(1).normal(size=(200, 4))
    data = steps[:, :1] + steps / 50
    box, zonotope = (bounding(data.astype(np.float32), kind).volume() for kind in ("box", "zonotope"))
    assert 10_000 * zonotope < box


def test_many_points_take_no_matrix_of_pairs():
    assert bounding([[k] for k in range(60_000)], "zonotope") == Polyhedron.box(0, 59_999, dim=1)


def test_what_cannot_be_bounded():
    for data, kind, message in [
        ([], "box", "data has no points"),
        ([[]], "box", "data has no points"),
        ([[1, 2]], "ball", 'kind is \'ball\'; expected "box", "zonotope" or "hull"'),
        (np.ones((3, 9)), "hull", 'at most 5: pass "zonotope" or "box"'),
        ([[1, float("nan")]], "box", "coordinate 1 of point 0"),
        (3, "box", "data is 3"),
    ]:
        with pytest.raises(InputError, match=message):
            bounding(data, kind)
    with pytest.raises(DimensionError, match="point 1 of the data"):
        bounding([[1], [1, 2]])
    assert bounding([["1/3"]]).contains([Fraction(1, 3)])
