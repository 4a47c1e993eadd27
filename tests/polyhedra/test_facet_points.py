"""Points beyond one row of a polyhedron alone."""

import numpy as np

from exactzones.deadline import Deadline
from exactzones.polyhedra.facet_points import PointSearch


def test_points_that_need_more_rows_than_a_combination_has_are_not_found():
    """Each of 30 coordinates is to be greater than 1, but for the first one: a combination of 30 rows, from the origin."""
    count = 30
    rows = np.concatenate([-np.ones((count, 1)), np.eye(count)], axis=1)
    for centre, reached in ((np.zeros(count), 0), (np.full(count, 1.5), 1)):
        search = PointSearch(rows, np.full(count, -3.0), np.full(count, 3.0), centre, 0.01, Deadline())
        assert sum(len(part.rows) for part in search.search([0], {0: dict.fromkeys(range(1, count), 1.0)})) == reached
