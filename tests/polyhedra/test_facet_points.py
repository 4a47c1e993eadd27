"""Points beyond one row of a polyhedron alone."""

from fractions import Fraction

import numpy as np

from exactzones.deadline import Deadline
from exactzones.polyhedra.bounds import Bounds, FloatBounds
from exactzones.polyhedra.facet_points import PointSearch
from exactzones.polyhedra.float_rows import FloatRows


def test_points_that_need_more_rows_than_a_combination_has_are_not_found():
    """Each of 30 coordinates is to be greater than 1, but for the first one: a combination of 30 rows, from the origin."""
    count = 30
    rows = np.concatenate([-np.ones((count, 1)), np.eye(count)], axis=1)
    for centre, reached in ((np.zeros(count), 0), (np.full(count, 1.5), 1)):
        search = PointSearch(rows, np.full(count, -3.0), np.full(count, 3.0), centre, 0.01, Deadline())
        assert sum(len(part.rows) for part in search.search([0], {0: dict.fromkeys(range(1, count), 1.0)})) == reached


def test_a_row_that_others_imply_is_refuted_by_the_combination_that_proves_it():
    """On [0, 1]^2, x + y >= 1 and x >= y imply x >= 1/4."""
    rows = np.array([[-0.25, 1.0, 0.0], [-1.0, 1.0, 1.0], [0.0, 1.0, -1.0]])
    rows /= np.linalg.norm(rows[:, 1:], axis=1)[:, None]
    search = PointSearch(rows, np.zeros(2), np.ones(2), np.array([0.9, 0.5]), 0.001, Deadline())
    assert {row for part in search.search([0, 1, 2], {}) for row in part.rows[part.refuted]} == {0}


def test_a_point_in_the_tip_of_a_wedge_is_lifted_out_of_it():
    """Between y >= 0 and 16 y <= x: ascent from the tip stops at once, though there is a point 1/32 from both."""
    floats = FloatRows.of([(0, 0, 1), (0, 1, -16)], FloatBounds.of(Bounds((Fraction(0),) * 2, (Fraction(1),) * 2)))
    tip = np.array([2.0**-10, 2.0**-15])
    lifted = floats.lifted(tip, Deadline())
    assert floats.are_positive(lifted)
    assert floats.limits.contains(lifted)
    assert floats.heights(lifted).min() > 100 * floats.heights(tip).min()
    bottom = np.array([0.5, 0.25])
    assert not floats.are_positive(bottom)
