"""A zone's sample depended on what had been asked of the zone before: linear programs began where the last one had ended."""

import random

import pytest

from exactzones.polyhedra import HRep
from exactzones.polyhedra.inequality_cell import InequalityCell
from exactzones.polyhedra.program import Program, exactly


@pytest.mark.parametrize("seed", range(20))
def test_a_point_depends_on_the_cell_and_the_rows_only(seed):
    draw = random.Random(seed)  # noqa: S311
    sides = [(6, *(sign * (j == k) for j in range(3))) for k in range(3) for sign in (1, -1)]
    rows = (*sides, *((draw.randint(1, 9), *(draw.randint(-5, 5) for _ in range(3))) for _ in range(4)))
    inner = Program.on(HRep.of(3, rows)).interior()
    asked, fresh = InequalityCell(3, rows, inner), InequalityCell(3, rows, inner)
    wanted = [(draw.randint(-9, 0), *(draw.randint(-5, 5) for _ in range(3))) for _ in range(2)]
    for _ in range(3):
        asked.maximize((0, *(draw.randint(-3, 3) for _ in range(3))))
    before, after = fresh.point_where(wanted), asked.point_where(wanted)
    assert (before is None) == (after is None)
    assert before is None or exactly(before) == exactly(after)
