"""Exact volumes: known bodies, additivity, determinants."""

import math
from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from polyhedra import brute

from exactzones.affine import AffineMap
from exactzones.errors import DomainError
from exactzones.polyhedra import Polyhedron
from exactzones.rational import Matrix, determinant
from exactzones.testing import boxes, points, polyhedra

DIMS = st.integers(1, 3)


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5])
def test_simplex(dim):
    units = [(0, *(int(j == k) for j in range(dim))) for k in range(dim)]
    assert Polyhedron.of(dim, [*units, (1, *[-1] * dim)]).volume() == Fraction(1, math.factorial(dim))


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_cross_polytope(dim):
    body = Polyhedron.of(dim, [(1, *signs) for signs in product((-1, 1), repeat=dim)])
    assert body.volume() == Fraction(2**dim, math.factorial(dim))
    assert body.cell().volume() == body.volume()


@pytest.mark.parametrize(("dim", "numerator"), [(3, 4), (4, 11)])
def test_slice_of_a_cube_between_vertices(dim, numerator):
    """The hypersimplex ``1 <= sum x <= 2`` in the unit cube has volume A(d, 1) / d!, A the Eulerian numbers 1, 4, 11."""
    body = Polyhedron.box(0, 1, dim=dim).intersect(Polyhedron.of(dim, [(-1, *[1] * dim), (2, *[-1] * dim)]))
    assert body.volume() == Fraction(numerator, math.factorial(dim))


@given(DIMS.flatmap(boxes))
def test_box(box):
    low, high = box.vrep.vertices[0], box.vrep.vertices[-1]
    assert box.volume() == math.prod(b - a for a, b in zip(low, high, strict=True)) > 0


@given(st.data(), DIMS)
def test_additive_under_cuts(data, dim):
    body = data.draw(polyhedra(dim, bounded=True))
    row = data.draw(st.tuples(*[st.integers(-2, 2)] * (dim + 1)).filter(lambda row: any(row[1:])))
    parts = [body.intersect(Polyhedron.of(dim, [cut])).volume() for cut in (row, tuple(-entry for entry in row))]
    assert sum(parts) == body.volume() > 0
    event("cut in two" if all(parts) else "not cut")


@given(st.data(), DIMS)
def test_an_invertible_map_scales_by_its_determinant(data, dim):
    body = data.draw(polyhedra(dim, bounded=True))
    rows = data.draw(st.lists(st.tuples(*[st.integers(-2, 2)] * dim), min_size=dim, max_size=dim))
    assume(determinant(rows) != 0)
    mapping = AffineMap(Matrix.of(rows), data.draw(points(dim)))
    assert body.preimage(mapping).volume() * abs(determinant(rows)) == body.volume()


@given(st.data(), st.integers(1, 3))
def test_a_hull_in_the_plane_by_the_shoelace_of_all_triangles(data, dim):
    """In dimension 1 and 2 by direct formulas, in 3 the volume of a simplex from its corners."""
    corners = data.draw(st.lists(points(dim, max_denominator=2), min_size=dim + 1, max_size=dim + 1 if dim == 3 else 6))
    hull = Polyhedron.hull(corners)
    if dim == 1:
        expected = max(corners)[0] - min(corners)[0]
    elif dim == 2:
        expected = _shoelace(corners)
    else:
        edges = [[a - b for a, b in zip(corner, corners[0], strict=True)] for corner in corners[1:]]
        expected = abs(_leibniz(edges)) / 6
    assert hull.volume() == expected
    event(f"flat: {expected == 0}")


def _leibniz(m):
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )


def _shoelace(corners):
    """Sum the cross products over the hull's directed edges: the pairs with every corner to their left."""
    total = Fraction(0)
    for a, b in [pair for one, other in combinations(set(corners), 2) for pair in ((one, other), (other, one))]:
        sides = [(c, (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) for c in corners]
        between = all(min(a, b) <= c <= max(a, b) for c, side in sides if side == 0)  # an edge ends at the outermost corners
        if all(side >= 0 for _, side in sides) and between:
            total += a[0] * b[1] - a[1] * b[0]
    return total / 2


@given(st.data(), DIMS)
def test_flat_and_empty_bodies_have_none(data, dim):
    body = data.draw(polyhedra(dim, full_dimensional=False, bounded=True, strict=True))
    assert (body.volume() == 0) == (brute.dimension(body.hrep) < dim)
    event(f"volume is zero: {body.volume() == 0}")


def test_strict_rows_do_not_change_it():
    assert Polyhedron.of(1, strict=[(0, 1), (3, -1)]).volume() == 3


def test_an_unbounded_body_has_none():
    with pytest.raises(DomainError, match="the volume of an unbounded polyhedron is not a number"):
        Polyhedron.of(2, [(0, 1, 0)]).volume()
    assert Polyhedron.of(2, equations=[(0, 1, 0)]).volume() == 0  # unbounded, but flat
