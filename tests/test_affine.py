"""Affine maps: composition, outputs set to zero, flats through points."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, InputError
from exactzones.rational import Matrix, square_root, vector
from exactzones.testing import points, rationals


@st.composite
def maps(draw, inputs, outputs):
    row = st.lists(rationals(), min_size=inputs, max_size=inputs)
    matrix = draw(st.lists(row, min_size=outputs, max_size=outputs))
    return AffineMap(Matrix.of(matrix, columns=inputs), draw(points(outputs)))


@given(st.data(), *[st.integers(1, 3)] * 3)
def test_composition(data, a, b, c):
    inner, outer, point = data.draw(maps(a, b)), data.draw(maps(b, c)), data.draw(points(a))
    assert outer.after(inner)(point) == outer(inner(point))
    assert (outer.after(inner).inputs, outer.after(inner).outputs) == (a, c)
    assert AffineMap.identity(b).after(inner) == inner == inner.after(AffineMap.identity(a))
    lifted = (Fraction(1), *point)
    assert inner.augmented() @ lifted == inner(point)


@given(st.data(), st.integers(1, 3), st.integers(1, 3))
def test_keeping(data, a, b):
    mapping, point = data.draw(maps(a, b)), data.draw(points(a))
    kept = tuple(data.draw(st.lists(st.booleans(), min_size=b, max_size=b)))
    assert mapping.keeping(kept)(point) == tuple(v if keep else 0 for v, keep in zip(mapping(point), kept, strict=True))


@given(st.data(), st.integers(1, 3), st.integers(0, 3))
def test_through_points(data, dim, count):
    origin, *others = given_points = [data.draw(points(dim)) for _ in range(count + 1)]
    ways = np.array(others, float).reshape(count, dim) - np.array(origin, float)
    if np.linalg.matrix_rank(ways) < count:
        with pytest.raises(InputError, match="lies in the flat through the points before it, and adds no dimension"):
            AffineMap.through(*given_points)
        return
    flat = AffineMap.through(*given_points)
    assert (flat.inputs, flat.outputs) == (count, dim)
    assert flat((Fraction(0),) * count) == origin
    for k, other in enumerate(others):
        assert flat(tuple(Fraction(j == k) for j in range(count))) == other


def test_values():
    mapping = AffineMap.of([[1, "1/2"]], [-1])
    assert mapping(vector(1, 4)) == (Fraction(2),)
    assert hash(mapping) == hash(AffineMap.of([[1, 0.5]], [-1]))
    assert pickle.loads(pickle.dumps(mapping)) == mapping  # noqa: S301


def test_refusals():
    with pytest.raises(DimensionError, match="offset of the affine map has 2 entries; expected 1"):
        AffineMap.of([[1, 2]], [1, 2])
    with pytest.raises(DimensionError, match="point 2 has 1 entry; expected 2"):
        AffineMap.through([0, 0], [1, 1], [3])
    with pytest.raises(DimensionError, match="vector has 1 entry; expected 2"):
        AffineMap.identity(2)(vector(1))


def test_through_points_that_determine_no_map():
    root = square_root(3)
    for listed, number in (([[0, 0], [0, 0]], 1), ([[0, 0], [1, 1], [2, 2]], 2), ([[0, 0], [1, root], [root, 3]], 2)):
        with pytest.raises(InputError, match=f"^point {number} lies in the flat"):
            AffineMap.through(*listed)
    assert AffineMap.through([0, 0], [1, root], [root, 1])([1, 1]) == (1 + root, 1 + root)


def test_through_no_points():
    with pytest.raises(InputError, match="at least one point"):
        AffineMap.through()
