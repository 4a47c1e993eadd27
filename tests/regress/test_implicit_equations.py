"""The canonical form of a system: redundant rows go, rows that hold with equality everywhere become equations."""

import pytest

from exactzones.polyhedra import HRep, Polyhedron


@pytest.mark.parametrize(
    ("system", "smallest"),
    [
        # x >= 2 and x = 2, beside a row that is at least 2 everywhere
        (HRep.of(1, [(-2, 1), (0, 1)], equations=[(-2, 1)]), HRep.of(1, equations=[(-2, 1)])),
        (HRep.of(2, [(0, 1, 0), (0, -1, 0), (5, 1, 0), (1, 0, 1)]), HRep.of(2, [(1, 0, 1)], equations=[(0, 1, 0)])),
        # x + y <= 0 with x, y >= 0 is one point
        (HRep.of(2, [(0, 1, 0), (0, 0, 1), (0, -1, -1)]), HRep.of(2, equations=[(0, 1, 0), (0, 0, 1)])),
        # equal modulo the equation x = y
        (HRep.of(2, [(1, 1, 0), (1, 0, 1)], equations=[(0, 1, -1)]), HRep.of(2, [(1, 0, 1)], equations=[(0, 1, -1)])),
        (HRep.of(1, [(1, 1), (2, 1), (2, 2)]), HRep.of(1, [(1, 1)])),
    ],
)
def test_canonical_systems(system, smallest):
    found = Polyhedron(system).irredundant
    assert Polyhedron(found) == Polyhedron(smallest)
    assert (len(found.rows), len(found.equations)) == (len(smallest.rows), len(smallest.equations))
