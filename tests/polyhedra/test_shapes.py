from fractions import Fraction
from itertools import pairwise

import pytest

from exactzones import DomainError, InputError, Polyhedron
from exactzones.polyhedra.shapes import area, bounding_box, cut, floats, normal, outline, rings, window_box
from exactzones.rational import dot, vector

SQUARE = Polyhedron.box(-2, 2, dim=2)
CUBE = Polyhedron.box(-2, 2, dim=3)


def test_ring_of_a_triangle_goes_round():
    triangle = Polyhedron.hull([(0, 0), (3, 0), (0, 3)])
    (ring,) = rings(triangle.cell())
    assert set(ring) == {vector(0, 0), vector(3, 0), vector(0, 3)}
    assert area(ring) == Fraction(9, 2)


def test_ring_of_many_corners_has_the_exact_area():
    disc = Polyhedron.hull([(a, b) for a in range(-6, 7) for b in range(-6, 7) if a * a + b * b <= 37])
    (ring,) = rings(disc.cell())
    assert area(ring) == disc.volume()


def test_cut_with_the_window_is_exact():
    half_plane = Polyhedron.of(2, [(1, "1/3", -1)]).cell()
    part = cut(half_plane, SQUARE)
    assert part.volume() == 12  # y <= 1 + x / 3 over [-2, 2]: the mean height is 3, and the width is 4


def test_cut_outside_is_none():
    assert cut(Polyhedron.of(2, [(-5, 1, 0)]).cell(), SQUARE) is None
    assert outline(Polyhedron.of(2, [(-5, 1, 0)]), SQUARE) == []


def test_facets_of_a_solid_face_outward_and_close_it():
    solid = Polyhedron.of(3, [("1/2", 1, 1, 1)]).intersect(CUBE)
    facets = rings(solid.cell())
    inside = solid.interior_point()
    volume = Fraction(0)
    for ring in facets:
        out = normal(ring)
        height = dot(out, [a - b for a, b in zip(ring[0], inside, strict=True)])
        assert height > 0
        # Fan of the facet into triangles; each spans a tetrahedron with the point inside.
        for a, b in pairwise(ring[1:]):
            volume += dot(normal((ring[0], a, b)), [p - q for p, q in zip(ring[0], inside, strict=True)]) / 6
    assert volume == solid.volume()


@pytest.mark.parametrize(
    ("flat", "sizes"),
    [
        (Polyhedron.of(2, equations=[(0, 1, -1)]), [2]),
        (Polyhedron.of(2, equations=[(0, 1, 0), (-1, 0, 1)]), [1]),
        (Polyhedron.of(3, equations=[(0, 1, 1, 1)]), [6]),
        (Polyhedron.of(3, equations=[(0, 1, 0, 0)], strict=[(0, 0, 1, 0)]), [4]),
    ],
)
def test_flat_parts_have_one_ring(flat, sizes):
    window = SQUARE if flat.ambient_dim == 2 else CUBE
    shown = outline(flat, window)
    assert [len(ring) for ring in shown] == sizes
    assert all(flat.closure().contains(corner) and window.contains(corner) for ring in shown for corner in ring)


def test_bounding_box_of_one_point_is_a_window():
    assert bounding_box([vector(3, 4)]) == Polyhedron.box([2, 3], [4, 5])
    assert bounding_box([vector(0, 0), vector(4, 0)], margin=Fraction(1, 4)) == Polyhedron.box([-1, -1], [5, 1])


@pytest.mark.parametrize("window", [Polyhedron.space(2), Polyhedron.of(2, [(0, 1, 0)]), Polyhedron.box([0, 0], [1, 0])])
def test_what_is_no_window(window):
    with pytest.raises(DomainError, match="the window is unbounded, empty or flat"):
        window_box(window, 2)


def test_window_of_another_dimension():
    with pytest.raises(InputError, match="window"):
        window_box(CUBE, 2)


def test_beyond_floats():
    with pytest.raises(InputError, match="smaller window"):
        floats([vector(10**400)])
