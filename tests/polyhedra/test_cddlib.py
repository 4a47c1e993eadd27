"""The pitfalls of cddlib that its back end avoids, one test each."""

from fractions import Fraction
from itertools import permutations

import pytest
from examples_drawn import at_most
from hypothesis import event, given
from hypothesis import strategies as st
from polyhedra import brute

from exactzones.polyhedra import HRep, Infeasible, Polyhedron, VRep
from exactzones.polyhedra.backends import cddlib
from exactzones.polyhedra.lp import feasibility
from exactzones.rational import vector
from exactzones.testing import polyhedra


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_system_without_rows_keeps_its_dimension(dim):
    space = Polyhedron.space(dim)
    lines = tuple(sorted(tuple(int(j == k) for j in range(dim)) for k in range(dim)))
    assert space.vrep == VRep(dim, (vector(*[0] * dim),), (), lines)
    assert Polyhedron.hull(space.vrep.vertices, lines=lines).hrep == HRep(dim)
    assert space.irredundant == HRep(dim)
    assert (space.dim, space.is_empty, space.is_bounded) == (dim, False, False)


def test_a_cone_keeps_its_apex():
    quadrant = Polyhedron.of(2, [(0, 1, 0), (0, 0, 1)])
    assert quadrant.vrep == VRep(2, (vector(0, 0),), ((0, 1), (1, 0)))
    half_plane = Polyhedron.of(2, [(0, 1, 1)])
    assert half_plane.vrep == VRep(2, (vector(0, 0),), ((0, 1),), ((1, -1),))
    assert Polyhedron.hull([(0, 0)], rays=[(0, 1), (1, 0)]).irredundant == quadrant.irredundant
    line = Polyhedron.of(2, equations=[(0, 1, 1)])
    assert line.vrep == VRep(2, (vector(0, 0),), (), ((1, -1),))


def test_an_infeasible_system_is_not_canonicalised():
    """cddlib turns all rows of ``x >= 1, x <= 0, y >= 0`` into equations."""
    empty = Polyhedron.of(2, [(-1, 1, 0), (0, -1, 0), (0, 0, 1)])
    assert empty.irredundant == HRep(2, ((-1, 0, 0),))
    assert (empty.dim, empty.vrep) == (-1, VRep(2, ()))


INFEASIBLE = [
    HRep.of(1, [(-2, 1), (1, -1)]),
    HRep.of(2, [(-1, 1, 1), (-1, 1, -1), (0, -1, 0)]),
    HRep.of(2, [(-1, 1, 0)], equations=[(0, 1, 0)]),
    HRep.of(2, [(0, 0, 1)], equations=[(0, 1, 0), (-1, 1, 0)]),
    HRep.of(3, [(0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (-1, -1, -1, -1)]),
    HRep.of(2, [(-1, 0, 0), (0, 1, 0)]),
]


@pytest.mark.parametrize("system", INFEASIBLE)
def test_farkas_vectors_do_not_come_from_the_dual_of_an_infeasible_program(system):
    infeasible = feasibility(system)
    assert isinstance(infeasible, Infeasible)
    rows = [*system.rows, *system.equations]
    total = [
        sum((m * row[k] for m, row in zip(infeasible.farkas, rows, strict=True)), start=Fraction(0))
        for k in range(system.ambient_dim + 1)
    ]
    assert total[0] < 0
    assert not any(total[1:])
    assert all(m >= 0 for m in infeasible.farkas[: len(system.rows)])


def test_the_order_of_rows_does_not_show():
    rows = [(1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (1, 1, 1)]
    forms = {(p.vrep, p.irredundant) for p in (Polyhedron.of(2, order) for order in permutations(rows))}
    assert len(forms) == 1
    points = [(0, 0), (2, 0), (0, 2), (2, 2), (1, 1)]
    assert len({Polyhedron.hull(order).irredundant for order in permutations(points)}) == 1


@at_most(60)
@given(st.integers(1, 3).flatmap(polyhedra))
def test_redundancy_both_ways(polyhedron):
    """Every row left out is implied, and every row kept cuts something off: both by brute force."""
    kept = polyhedron.irredundant
    for row in polyhedron.hrep.rows:
        assert brute.is_empty(kept.intersect(HRep.of(kept.ambient_dim, strict=[tuple(-entry for entry in row)])))
    for row in kept.rows:
        others = HRep.of(kept.ambient_dim, set(kept.rows) - {row}, strict=[tuple(-entry for entry in row)])
        assert not brute.is_empty(others)
    event(f"redundant rows: {len(kept.rows) < len(polyhedron.hrep.rows)}")


def test_long_rationals():
    small = Fraction(1, 7**300)
    box = Polyhedron.box([small, 0], [3 * small, 1 + small])
    assert box.volume() == 2 * small * (1 + small)
    assert Polyhedron.hull(box.vrep.vertices) == box


def test_a_program_with_equations_twice():
    """cddlib appends every equation a second time, reversed: the multipliers come back one per equation, of any sign."""
    solution = cddlib.maximize([(1, 1, 0), (1, -1, 0)], [(0, 1, -1)], (0, 0, 1))  # |x| <= 1, x = y, maximise y
    assert (solution.value, solution.point) == (1, vector(1, 1))
    # 1 - y = 1 * (1 - x) + 1 * (x - y)
    assert solution.multipliers == vector(0, 1, 1)
    solution = cddlib.maximize([(1, 1, 0), (1, -1, 0)], [(0, -1, 1)], (0, 0, 1))
    assert solution.multipliers == vector(0, 1, -1)
