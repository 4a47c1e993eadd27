"""Rows in canonical form, membership, preimages of rows, and how rows are written."""

from fractions import Fraction

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from polyhedra import brute

from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, InexactError
from exactzones.polyhedra import HRep, VRep, describe
from exactzones.rational import Matrix, vector
from exactzones.testing import points, polyhedra, rationals


def test_rows_are_primitive_sorted_and_single():
    system = HRep.of(2, [(2, "1/2", 0), (8, 2, 0), (0, -3, 6), (0, 0, 0), (5, 0, 0)], strict=[(1.5, 0, 3), (1, 0, 0)])
    assert system.rows == ((0, -1, 2), (4, 1, 0))
    assert system.strict == ((1, 0, 2),)
    assert HRep.of(2, equations=[(0, -1, 2), (0, 2, -4), (0, 0, 0)]).equations == ((0, 1, -2),)


def test_impossible_rows_are_kept():
    assert HRep.of(1, [(-3, 0)]).rows == ((-1, 0),)
    assert HRep.of(1, strict=[(0, 0)]).strict == ((0, 0),)
    assert HRep.of(1, strict=[(-2, 0)]).strict == ((-1, 0),)
    assert HRep.of(1, equations=[(-2, 0)]).equations == ((1, 0),)
    for system in (HRep.of(1, [(-3, 0)]), HRep.of(1, strict=[(0, 0)]), HRep.of(1, equations=[(2, 0)])):
        assert not system.contains(vector(0))


def test_closed_rows_hold_each_row_once():
    system = HRep.of(1, [(1, 1), (0, 1)], strict=[(0, 1), (0, -1)])
    assert system.closed_rows == ((0, -1), (0, 1), (1, 1))


@given(st.data(), st.integers(1, 3))
def test_membership_and_scaling(data, dim):
    system = data.draw(polyhedra(dim, full_dimensional=False, strict=True)).hrep
    point = data.draw(points(dim, max_denominator=2))
    expected = (
        all(brute.at(row, point) >= 0 for row in system.rows)
        and all(brute.at(row, point) > 0 for row in system.strict)
        and all(brute.at(row, point) == 0 for row in system.equations)
    )
    assert system.contains(point) == expected
    factor = data.draw(rationals().map(abs).filter(bool))

    def scaled(rows):
        return data.draw(st.permutations([[factor * entry for entry in row] for row in rows]))

    assert HRep.of(dim, scaled(system.rows), strict=scaled(system.strict), equations=scaled(system.equations)) == system
    turned = [[-entry for entry in row] for row in system.equations]
    assert HRep.of(dim, system.rows, strict=system.strict, equations=turned) == system
    event(f"inside: {expected}")


@given(st.data(), st.integers(1, 3), st.integers(1, 3))
def test_preimage_of_a_system(data, inner, outer):
    system = data.draw(polyhedra(outer, full_dimensional=False, strict=True)).hrep
    rows = st.lists(st.lists(rationals(), min_size=inner, max_size=inner), min_size=outer, max_size=outer)
    mapping = AffineMap(Matrix.of(data.draw(rows)), data.draw(points(outer)))
    point = data.draw(points(inner))
    assert system.preimage(mapping).contains(point) == system.contains(mapping(point))
    assert system.preimage(AffineMap.identity(outer)) == system
    event(f"inside: {system.contains(mapping(point))}")


@given(st.data(), st.integers(1, 3))
def test_intersection_of_systems(data, dim):
    one, other = (data.draw(polyhedra(dim, full_dimensional=False, strict=True)).hrep for _ in range(2))
    point = data.draw(points(dim, max_denominator=2))
    assert one.intersect(other).contains(point) == (one.contains(point) and other.contains(point))
    assert one.intersect(other) == other.intersect(one)
    assert one.intersect(one) == one
    assert one.intersect(HRep(dim)) == one


def test_homogeneous_generators():
    vrep = VRep(2, (vector("1/2", "-1/3"),), ((0, 1),), ((1, 0),))
    assert vrep.homogeneous() == ([(6, 3, -2)], [(0, 0, 1)], [(0, 1, 0)])
    assert not vrep.is_bounded
    assert VRep(2, (vector(0, 0),)).is_bounded


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: HRep.of(2, [(1, 2)]), DimensionError, r"row \(b, a_1, .., a_d\) has 2 entries; expected 3"),
        (lambda: HRep.of(2, strict=[(1, 2, 3, 4)]), DimensionError, "has 4 entries; expected 3"),
        (lambda: HRep.of(2, equations=[()]), DimensionError, "has 0 entries; expected 3"),
        (lambda: HRep.of(1, [(1, float("nan"))]), InexactError, "row entry is nan"),
        (lambda: HRep.of(1, [(True, 1)]), InexactError, "row entry is True"),
        (lambda: HRep.of(1).contains(vector(1, 2)), DimensionError, "point has 2 entries; expected 1"),
        (lambda: HRep.of(1).intersect(HRep.of(2)), DimensionError, "space of the other polyhedron has dimension 2; expected 1"),
        (
            lambda: HRep.of(1).preimage(AffineMap.identity(2)),
            DimensionError,
            "codomain of the affine map has dimension 2; expected 1",
        ),
    ],
)
def test_refusals(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    ("row", "relation", "names", "written"),
    [
        ((-3, 2, -1), ">=", None, "2 x0 - x1 >= 3"),
        ((0, -1, 0), ">", None, "x0 < 0"),
        ((1, 0, 0), ">=", None, "0 >= -1"),
        ((1, 0, -2), "=", None, "x1 = 1/2"),
        ((Fraction(1, 2), Fraction(-1, 3), 1), "<=", ["u", "v"], "1/3 u - v >= 1/2"),
    ],
)
def test_describe(row, relation, names, written):
    assert describe(row, relation, names) == written
