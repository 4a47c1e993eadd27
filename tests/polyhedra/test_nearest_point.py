"""The nearest point that floats guess and an exact check confirms, against the exact active set method."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

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
