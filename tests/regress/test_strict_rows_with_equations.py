"""A system with an equation that is empty only for its strict rows raised IndexError."""

from fractions import Fraction

from exactzones.polyhedra import HRep, Infeasible
from exactzones.polyhedra.lp import feasibility


def test_the_strict_phase_finds_the_multipliers_of_equations():
    """x > 0, x + y <= 0, y = 0 (so x <= 0)."""
    system = HRep.of(2, [(0, -1, -1)], strict=[(0, 1, 0)], equations=[(0, 0, 1)])
    found = feasibility(system)
    assert isinstance(found, Infeasible)
    rows = (*system.closed_rows, *system.equations)
    total = [sum((m * row[k] for m, row in zip(found.farkas, rows, strict=True)), start=Fraction(0)) for k in range(3)]
    assert total == [0, 0, 0]
    assert found.farkas[rows.index((0, 1, 0))] > 0
