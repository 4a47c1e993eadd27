"""The nearest point that floats guess and an exact check confirms, against the exact active set method."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exactzones.polyhedra.bounds import Bounds
from exactzones.polyhedra.nearest_in_norms import nearest_in_norm_1, nearest_in_norm_inf
from exactzones.polyhedra.nearest_point import nearest_point
from exactzones.polyhedra.projection import _by_active_set, project
from exactzones.polyhedra.representation import HRep
from exactzones.testing import points, polyhedra


@settings(max_examples=30)
@given(st.integers(1, 3).flatmap(lambda dim: st.tuples(polyhedra(dim), points(dim))))
def test_what_is_confirmed_is_the_nearest_point(drawn):
    polyhedron, point = drawn
    assume(not polyhedron.is_empty)
    closed = HRep.of(polyhedron.ambient_dim, polyhedron.hrep.closed_rows)
    found = nearest_point(closed.rows, point)
    assert found in (None, _by_active_set(closed, point))


@pytest.mark.parametrize("bounded", [False, True])
def test_floats_find_the_nearest_point_in_many_dimensions(bounded):
    rng = np.random.default_rng(5)
    rows = [(int(b), *map(int, slopes)) for b, slopes in zip(rng.integers(-9, 9, 6), rng.integers(-99, 99, (6, 40)), strict=True)]
    sides = [(2, *(sign * (j == k) for j in range(40))) for k in range(40) for sign in (1, -1)]
    system = HRep.of(40, [*rows, *(sides if bounded else [])])
    point = tuple(Fraction(int(entry), 8) for entry in rng.integers(-16, 16, 40))
    assert nearest_point(system.rows, point) == _by_active_set(system, point) == project(system, point).point
    assert nearest_point(system.rows, point) != point


def test_a_guess_that_is_wrong_is_refused(monkeypatch):
    """Without the row that is tight, the point itself would be the answer."""
    monkeypatch.setattr("exactzones.polyhedra.nearest_point._guess", lambda *_: ([], [0, 0]))
    assert nearest_point([(-1, 1, 1)], (Fraction(0), Fraction(0))) is None
    monkeypatch.setattr("exactzones.polyhedra.nearest_point._guess", lambda *_: ([0], [0, 0]))
    assert nearest_point([(5, 1, 1)], (Fraction(0), Fraction(0))) is None  # its multiplier is negative
    assert nearest_point([(-1, 1, 1)], (Fraction(0), Fraction(0))) == (Fraction(1, 2), Fraction(1, 2))


@settings(max_examples=60)
@given(st.integers(1, 3).flatmap(lambda dim: st.tuples(polyhedra(dim), points(dim))))
def test_nearest_points_in_the_norms_1_and_infinity_are_as_near_as_those_of_linear_programs(drawn):
    polyhedron, point = drawn
    dim = polyhedron.ambient_dim
    closed = HRep.of(dim, [row for row in polyhedron.hrep.closed_rows if any(row[1:])])
    assume(not polyhedron.is_empty)
    bounds, others = Bounds.of(closed.rows, dim)
    inside = zip(point, *bounds, strict=True)
    assume(all((low is None or low <= x) and (high is None or x <= high) for x, low, high in inside))
    for norm, nearest in ((1, nearest_in_norm_1), ("inf", nearest_in_norm_inf)):
        found, expected = nearest(bounds, others, point), project(closed, point, norm).distance
        if norm == 1 or found is not None:
            assert found is not None
            assert closed.contains(found)
            assert _distance(found, point, norm) == expected


@pytest.mark.parametrize("bounded", [False, True])
def test_floats_find_the_nearest_point_in_many_dimensions_in_other_norms(bounded):
    rng = np.random.default_rng(5)
    rows = [(int(b), *map(int, slopes)) for b, slopes in zip(rng.integers(-9, 9, 6), rng.integers(-99, 99, (6, 20)), strict=True)]
    bounds = Bounds((Fraction(-1, 8),) * 20, (Fraction(1, 8),) * 20) if bounded else Bounds.space(20)
    point = tuple(Fraction(int(entry), 64) for entry in rng.integers(-8, 9, 20))
    system = HRep.of(20, [*rows, *bounds.rows()])
    for norm, nearest in ((1, nearest_in_norm_1), ("inf", nearest_in_norm_inf)):
        found = nearest(bounds, rows, point)
        assert found is not None
        assert system.contains(found)
        assert _distance(found, point, norm) == project(system, point, norm).distance > 0


def _distance(one, other, norm):
    steps = [abs(a - b) for a, b in zip(one, other, strict=True)]
    return sum(steps) if norm == 1 else max(steps)
