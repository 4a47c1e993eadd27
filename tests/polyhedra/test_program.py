"""Filtered programs against exact ones, each of their ways to an answer, and where floats alone would be wrong."""

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from polyhedra.systems import ENTRIES

from exactzones.polyhedra import HRep, Infeasible, Optimal, Polyhedron, Unbounded, irredundant, lp, program
from exactzones.polyhedra.bounds import Bounds, FloatBounds
from exactzones.polyhedra.program import LazyRow, Program
from exactzones.rational import dot, integer_dot

LARGE = st.integers(-(10**18), 10**18)


@st.composite
def bounds(draw, dim):
    kind = draw(st.sampled_from(("box", "space", "some")))
    if kind == "space":
        return Bounds.space(dim)
    ends = [
        sorted(draw(st.lists(st.fractions(-4, 4, max_denominator=3), min_size=2, max_size=2, unique=True))) for _ in range(dim)
    ]
    missing = [kind == "some" and draw(st.booleans()) for _ in range(2 * dim)]
    low = tuple(None if gone else end[0] for end, gone in zip(ends, missing[:dim], strict=True))
    return Bounds(low, tuple(None if gone else end[1] for end, gone in zip(ends, missing[dim:], strict=True)))


@st.composite
def programs(draw, most_rows=6, most_dim=4):
    dim = draw(st.integers(1, most_dim))
    rows = draw(st.lists(st.tuples(*[ENTRIES] * (dim + 1)) | st.tuples(*[LARGE] * (dim + 1)), max_size=most_rows))
    return draw(bounds(dim)), rows


def built(limits, rows):
    stack = Program(limits)
    for row in rows:
        stack.push(row)
    return stack


def exactly(point):
    return tuple(map(Fraction, np.asarray(point).tolist() if isinstance(point, np.ndarray) else point))


def check_interior(stack, limits, rows):
    point = stack.interior()
    expected = lp.feasibility(HRep.of(len(limits.low), limits.rows(), strict=rows))
    if point is None:
        assert isinstance(expected, Infeasible)
    else:
        assert HRep.of(len(limits.low), limits.rows(), strict=rows).contains(exactly(point))


@given(programs())
def test_a_point_inside_or_none(case):
    limits, rows = case
    stack = built(limits, rows)
    check_interior(stack, limits, rows)
    if rows:
        stack.pop()
        check_interior(stack, limits, rows[:-1])


@given(programs(), st.data())
def test_every_exact_path_gives_the_same(case, data):
    limits, rows = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Program, "is_inside", lambda *_: False)
        patch.setattr(Program, "_refutes", lambda *_: False)
        without_basis = data.draw(st.booleans())
        if without_basis:
            patch.setattr(program, "optimum_at", lambda *_: None)
        stack = built(limits, rows)
        check_interior(stack, limits, rows)
    assert stack.counts.inside == stack.counts.outside == 0
    assert stack.counts.pivoted == 1 or not without_basis


@given(programs(), st.data())
def test_maxima_are_proved(case, data):
    limits, rows = case
    dim = len(limits.low)
    objective = data.draw(st.tuples(*[ENTRIES] * (dim + 1)))
    stack = built(limits, rows)
    stack.interior()  # changes between the two kinds of questions
    found = stack.maximize(objective)
    expected = lp.maximize(HRep.of(dim, stack.system), tuple(map(Fraction, objective[1:])))
    assert type(found) is type(expected)
    if isinstance(found, Optimal):
        assert found.value == expected.value + objective[0] == dot(objective, (1, *found.point))
        assert all(factor >= 0 for factor in found.multipliers)
        columns = zip(objective, *stack.system, strict=True)
        combined = [column[0] + dot(found.multipliers, column[1:]) for column in columns]
        assert combined == [found.value, *[0] * dim]
        assert stack.upper_bound(np.array(objective, float)) >= found.value
    elif isinstance(found, Unbounded):
        assert dot(objective[1:], found.ray) > 0
    else:
        assert all(factor >= 0 for factor in found.farkas)
        constant, *slopes = (dot(found.farkas, column) for column in zip(*stack.system, strict=True))
        assert constant < 0
        assert not any(slopes)


@given(programs())
def test_redundant_rows(case):
    limits, rows = case
    system = HRep.of(len(limits.low), limits.rows(), strict=rows)
    assume(rows and not isinstance(lp.feasibility(system), Infeasible))
    stack = built(limits, rows)
    for k, row in enumerate(rows):
        rest = HRep.of(system.ambient_dim, limits.rows(), strict=[other for j, other in enumerate(rows) if j != k])
        assert stack.is_redundant(k) == lp.is_valid(rest, row)
        check_interior(stack, limits, rows)  # the row is as it was before


@given(programs(), st.booleans())
def test_facets_with_witnesses(case, rays):
    limits, rows = case
    stack = built(limits, rows)
    inner = stack.interior()
    assume(inner is not None and rows)
    with pytest.MonkeyPatch.context() as patch:
        if not rays:
            patch.setattr(irredundant, "_crossings", lambda *_: ())
        facets = irredundant.irredundant(stack, inner)
    listed = [rows[k] for k in facets.rows] + [row for k, sign, row in limits.sides() if (k, sign) in facets.sides]
    polyhedron = Polyhedron.of(len(limits.low), [*rows, *limits.rows()])
    assert len(listed) == len(polyhedron.irredundant.rows)
    assert HRep.of(polyhedron.ambient_dim, listed) == polyhedron.irredundant
    for k, point in facets.rows.items():
        others = HRep.of(
            polyhedron.ambient_dim, limits.rows(), strict=[row for j, row in enumerate(rows) if j != k and j in facets.rows]
        )
        assert others.contains(exactly(point))
        assert integer_dot(rows[k], (1, *exactly(point))) < 0
    for (k, sign), point in facets.sides.items():
        with stack.beyond(k, sign):
            moved = stack.bounds
        assert HRep.of(polyhedron.ambient_dim, moved.rows(), strict=[rows[j] for j in facets.rows]).contains(exactly(point))
    check_interior(stack, limits, rows)


@given(programs(), st.data())
def test_the_box_next_door(case, data):
    limits, rows = case
    sides = limits.sides()
    assume(sides)
    k, sign, _ = data.draw(st.sampled_from(sides))
    stack = built(limits, rows)
    with stack.beyond(k, sign):
        moved = stack.bounds
        check_interior(stack, moved, rows)
    assert stack.bounds == limits
    assert (moved.high[k] == limits.low[k]) if sign > 0 else (moved.low[k] == limits.high[k])
    check_interior(stack, limits, rows)


@given(programs(), st.randoms(use_true_random=False))
def test_rounded_rows_with_error_bounds(case, random):
    limits, rows = case
    stack = Program(limits)
    for row in rows:
        error = random.choice((0.0, 1e-9, 1e-2))
        scale = 2.0 ** random.randint(-3, 3)
        noise = [error * random.uniform(-1, 1) * (1 - 1e-6) for _ in row]
        floats = np.array(row, float) * scale + noise
        worst = max(abs(Fraction(a) - Fraction(b) * Fraction(scale)) for a, b in zip(floats.tolist(), row, strict=True))
        stack.push(LazyRow(floats, float(worst) * (1 + 1e-9), lambda row=row: row))
    check_interior(stack, limits, rows)


def test_floats_alone_would_be_wrong():
    # 0 < 3 x - y < 1e-30: a strip that is there; 0 < 3 x - y < 0 is not.  Floats find the same largest t, about zero, for both.
    box = Bounds((Fraction(0),) * 2, (Fraction(1),) * 2)
    thin, flat = built(box, [(0, 3, -1), (1, -3 * 10**30, 10**30)]), built(box, [(0, 3, -1), (0, -3, 1)])
    guesses = [stack._solve_interior().point[-1] for stack in (thin, flat)]
    assert guesses[0] == pytest.approx(guesses[1], abs=1e-12)
    assert thin.interior() is not None
    assert flat.interior() is None


def test_nothing_is_printed():
    code = "from exactzones.polyhedra.bounds import *; from exactzones.polyhedra.program import Program\n"
    code += "program = Program(Bounds.space(1)); program.push((1, 1)); program.interior()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603 - this Python
    assert (done.stdout, done.stderr) == (b"", b"")


def test_an_error_bound_that_is_too_small_would_be_wrong():
    # The float row 1e-17 - 0 x is positive; with an error of 1e-16 it need not be.
    stack = Program(Bounds((Fraction(0),), (Fraction(1),)))
    stack.push(LazyRow(np.array([1e-17, 0.0]), 1e-16, lambda: (-1, 0)))
    assert not stack.is_inside(np.array([0.5]))
    assert stack.interior() is None


def test_bounds_are_rounded_to_both_sides():
    third = Fraction(1, 3)
    floats = FloatBounds.of(Bounds((third,), (third,)))
    (inner_low, inner_high), (outer_low, outer_high) = floats.inner, floats.outer
    assert Fraction(outer_low[0]) < third < Fraction(outer_high[0])
    assert (inner_low[0], inner_high[0]) == (outer_high[0], outer_low[0])


@given(programs(), st.data())
def test_the_box_of_a_system(case, data):
    limits, rows = case
    dim = len(limits.low)
    found, others = Bounds.of([*rows, *limits.rows()], dim)
    point = data.draw(st.tuples(*[st.fractions(-5, 5, max_denominator=6)] * dim))
    assert HRep.of(dim, [*rows, *limits.rows()]).contains(point) == all(
        integer_dot(row, (1, *point)) >= 0 for row in (*found.rows(), *others)
    )


@given(programs())
def test_a_point_off_the_bounds_is_strictly_inside(case):
    box, rows = case
    stack = Program(box)
    for row in rows:
        stack.push(row)
    point = stack.interior()
    assume(point is not None)
    inside = (Fraction(1), *stack.off_the_bounds(point))
    assert all(dot(row, inside) > 0 for row in stack.system)
