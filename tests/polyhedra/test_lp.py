"""Linear programs: the tests multiply every certificate out themselves, and compare the answers with brute force."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st
from polyhedra import brute

from exactzones.errors import BackendError, DimensionError
from exactzones.polyhedra import HRep, Infeasible, Optimal, Polyhedron, Unbounded, backends
from exactzones.polyhedra.lp import feasibility, is_valid, maximize, proves_empty, proves_optimal
from exactzones.rational import vector
from exactzones.testing import polyhedra, rationals

SYSTEMS = st.integers(1, 3).flatmap(lambda dim: polyhedra(dim, full_dimensional=False, strict=True)).map(lambda p: p.hrep)


def _combination(system, multipliers):
    rows = [*sorted({*system.rows, *system.strict}), *system.equations]
    assert len(multipliers) == len(rows)
    assert all(m >= 0 for m in multipliers[: len(rows) - len(system.equations)])
    return [
        sum((m * row[k] for m, row in zip(multipliers, rows, strict=True)), start=Fraction(0))
        for k in range(system.ambient_dim + 1)
    ]


def _assert_satisfies(system, point, *, strictly=True):
    assert len(point) == system.ambient_dim
    assert all(brute.at(row, point) >= 0 for row in system.rows)
    assert all(brute.at(row, point) >= 0 for row in system.strict)
    assert all(brute.at(row, point) > 0 for row in system.strict) or not strictly
    assert all(brute.at(row, point) == 0 for row in system.equations)


def _assert_impossible(system, farkas):
    constant, *slope = _combination(system, farkas)
    assert not any(slope)
    rows = sorted({*system.rows, *system.strict})
    strictly = any(m > 0 and row in system.strict for m, row in zip(farkas, rows, strict=False))
    assert constant < 0 or (constant == 0 and strictly)


def _assert_proved(system, objective, answer):
    """Check the certificate of an answer from the definitions alone."""
    slope = [Fraction(0), *objective]
    if isinstance(answer, Optimal):
        _assert_satisfies(system, answer.point, strictly=False)
        assert brute.at(slope, answer.point) == answer.value
        assert _combination(system, answer.multipliers) == [answer.value, *(-entry for entry in objective)]
    elif isinstance(answer, Unbounded):
        _assert_satisfies(system, answer.point)
        assert brute.at(slope, answer.ray) > 0
        assert all(brute.at((0, *row[1:]), answer.ray) >= 0 for row in (*system.rows, *system.strict))
        assert all(brute.at((0, *row[1:]), answer.ray) == 0 for row in system.equations)
    else:
        assert isinstance(answer, Infeasible)
        _assert_impossible(system, answer.farkas)


@st.composite
def programs(draw):
    system = draw(SYSTEMS)
    return system, tuple(draw(st.lists(rationals(), min_size=system.ambient_dim, max_size=system.ambient_dim)))


@given(programs())
@example((HRep.of(2), vector(0, 0)))
@example((HRep.of(2), vector(0, 1)))
@example((HRep.of(1, strict=[(0, 0)]), vector(1)))
@example((HRep.of(1, equations=[(1, 0)]), vector(1)))
@example((HRep.of(2, [(0, 1, 0)], strict=[(0, -1, 0)]), vector(1, 0)))
def test_every_answer_is_proved(program):
    system, objective = program
    answer = maximize(system, objective)
    _assert_proved(system, objective, answer)
    event(type(answer).__name__)
    if isinstance(answer, Infeasible):
        event(f"needs a strict row: {not any(_combination(system, answer.farkas))}")


TRIANGLE = [(0, 1, 0), (0, 0, 1), (2, -1, -1)]  # x, y >= 0, x + y <= 2


@pytest.mark.parametrize(
    ("system", "objective", "kind", "value"),
    [
        (HRep.of(2, TRIANGLE), (1, 2), Optimal, 4),
        (HRep.of(2, TRIANGLE), (-1, -1), Optimal, 0),
        (HRep.of(2, TRIANGLE), (0, 0), Optimal, 0),
        (HRep.of(2, TRIANGLE), ("1/3", "1/2"), Optimal, 1),
        (HRep.of(2, TRIANGLE[:2], equations=[(2, -1, -1)]), (1, 2), Optimal, 4),
        (HRep.of(2, strict=TRIANGLE), (1, 2), Optimal, 4),  # the supremum
        (HRep.of(2, TRIANGLE * 2, strict=TRIANGLE), (1, 1), Optimal, 2),
        (HRep.of(2, [(0, 1, 1)]), (-2, -2), Optimal, 0),  # a half-plane: no vertex
        (HRep.of(3, equations=[(-1, 1, 0, 0)]), (7, 0, 0), Optimal, 7),  # a plane
        (HRep.of(2), (0, 0), Optimal, 0),  # no rows at all
        (HRep.of(2), (0, -1), Unbounded, None),
        (HRep.of(2, TRIANGLE[:2]), (1, -5), Unbounded, None),
        (HRep.of(2, equations=[(0, 1, -1)]), (1, 0), Unbounded, None),
        (HRep.of(2, strict=[(0, 1, 1)]), (1, 0), Unbounded, None),
        (HRep.of(2, [*TRIANGLE, (-3, 1, 1)]), (1, 0), Infeasible, None),
        (HRep.of(2, TRIANGLE, strict=[(-2, 1, 1)]), (1, 0), Infeasible, None),
        (HRep.of(2, TRIANGLE, equations=[(-3, 1, 1)]), (1, 0), Infeasible, None),
        (HRep.of(2, equations=[(0, 1, 1), (1, 1, 1)]), (1, 0), Infeasible, None),
        (HRep.of(2, [(-1, 0, 0)]), (1, 0), Infeasible, None),
        (HRep.of(2, strict=[(0, 0, 0)]), (1, 0), Infeasible, None),
        (HRep.of(2, equations=[(1, 0, 0)]), (1, 0), Infeasible, None),
        (HRep.of(2, strict=[(0, 1, 0), (0, -1, 1), (0, 0, -1)]), (0, 0), Infeasible, None),
    ],
)
def test_each_kind_of_answer(system, objective, kind, value):
    answer = maximize(system, vector(*objective))
    assert isinstance(answer, kind)
    assert getattr(answer, "value", None) == value
    _assert_proved(system, vector(*objective), answer)


@given(programs())
def test_against_brute_force(program):
    system, objective = program
    answer = maximize(system, objective)
    assert isinstance(answer, Infeasible) == brute.is_empty(system)
    if not isinstance(answer, Infeasible):
        slope = (0, *objective)
        near, far = (max(brute.at(slope, point) for point in brute.corners(system, size)) for size in (brute.FAR, 2 * brute.FAR))
        assert isinstance(answer, Unbounded) == (far > near)
        assert isinstance(answer, Unbounded) or answer.value == near
    event(type(answer).__name__)


@given(SYSTEMS)
def test_feasibility(system):
    answer = feasibility(system)
    if isinstance(answer, Infeasible):
        _assert_impossible(system, answer.farkas)
        assert proves_empty(system, answer.farkas)
    else:
        _assert_satisfies(system, answer)
        assert system.contains(answer)
    event(type(answer).__name__)


@given(st.data(), SYSTEMS)
def test_proves_empty_is_sound(data, system):
    """Multipliers drawn at random prove nothing unless they are a proof, and never that a system with a point has none."""
    size = len(system.closed_rows) + len(system.equations)
    multipliers = data.draw(st.lists(st.integers(-1, 2).map(Fraction), min_size=size, max_size=size))
    accepted = proves_empty(system, multipliers)
    if not brute.is_empty(system):
        assert not accepted
    if accepted:
        _assert_impossible(system, multipliers)


def test_proves_empty_refuses_other_multipliers():
    system = HRep.of(1, [(-2, 1), (1, -1)])  # x >= 2, x <= 1
    assert proves_empty(system, vector(1, 1))
    assert proves_empty(system, vector("1/2", "1/2"))
    assert not proves_empty(system, vector(1, 2))  # a slope is left
    assert not proves_empty(system, vector(0, 0))
    assert not proves_empty(system, vector(-1, -1))
    touching = [(-1, 1), (1, -1)]  # x >= 1, x <= 1
    assert not proves_empty(HRep.of(1, touching), vector(1, 1))
    assert proves_empty(HRep.of(1, touching[:1], strict=touching[1:]), vector(1, 1))
    opposite = HRep.of(1, strict=[(0, 1)], equations=[(0, 1)])
    flat = HRep.of(2, [(0, 0, 1), (0, 0, -1)], strict=[(0, 1, 0)])  # x > 0, y = 0: not empty
    assert flat.closed_rows == ((0, 0, -1), (0, 0, 1), (0, 1, 0))
    assert not proves_empty(flat, vector(1, 1, 0))  # zero, but without the strict row
    negative = HRep.of(1, [(-1, 0)], strict=[(0, 1), (0, -1)])
    assert negative.closed_rows == ((-1, 0), (0, -1), (0, 1))
    assert proves_empty(negative, vector(1, 0, 0))
    assert proves_empty(negative, vector(0, 1, 1))
    assert not proves_empty(negative, vector(0, -1, -1))
    assert not proves_empty(negative, vector(1, 0, 1))  # a slope is left, though the constant is negative
    assert proves_empty(opposite, vector(1, -1))
    assert not proves_empty(opposite, vector(-1, 1))  # only an equation may take a negative multiplier


@given(st.data(), SYSTEMS)
def test_is_valid_against_brute_force(data, system):
    row = data.draw(st.tuples(*[st.integers(-2, 2)] * (system.ambient_dim + 1)))
    above = HRep.of(system.ambient_dim, strict=[tuple(-entry for entry in row)])
    outside = HRep.of(system.ambient_dim, [tuple(-entry for entry in row)])
    assert is_valid(system, row) == brute.is_empty(system.intersect(above))
    assert is_valid(system, row, strictly=True) == brute.is_empty(system.intersect(outside))
    event(f"valid: {is_valid(system, row)}")


def test_long_rationals():
    tiny = Fraction(1, 3**400)
    system = HRep.of(2, [(tiny, -1, 0), (0, 1, 0), (1, 0, -tiny), (0, 0, 1)])
    answer = maximize(system, vector(1, 1))
    assert isinstance(answer, Optimal)
    assert answer.value == tiny + 3**400
    _assert_proved(system, vector(1, 1), answer)
    empty = HRep.of(1, [(-tiny, 1), (tiny - tiny**2, -1)])
    _assert_proved(empty, vector(1), maximize(empty, vector(1)))


BOX = HRep.of(2, [(0, 1, 0), (1, -1, 0), (0, 0, 1)], equations=[(-1, 0, 2)])  # [0, 1] x {1/2}
OPTIMUM = maximize(BOX, vector(3, 0))


def test_proves_optimal_refuses_what_does_not_prove_it():
    value, point, multipliers = OPTIMUM.value, OPTIMUM.point, OPTIMUM.multipliers
    objective = vector(3, 0)
    assert (value, point) == (3, vector(1, "1/2"))
    assert proves_optimal(BOX, objective, OPTIMUM)
    for wrong in (
        Optimal(value + 1, point, multipliers),
        Optimal(value - 1, point, multipliers),
        Optimal(value, vector(0, "1/2"), multipliers),  # not attained there
        Optimal(value, vector(1, 0), multipliers),  # the equation does not hold there
        Optimal(value, point, tuple(2 * entry for entry in multipliers)),
        Optimal(value, point, (*multipliers[:-1], multipliers[-1] + 1)),
        # The combination is right, but an inequality cannot have a negative multiplier.
        Optimal(Fraction(0), vector(0, "1/2"), vector(*(-3 * int(row == (0, 1, 0)) for row in BOX.rows), 0)),
    ):
        assert not proves_optimal(BOX, objective, wrong)


EMPTY = HRep.of(1, [(-2, 1), (2, -2)])  # x >= 2, x <= 1
HALF_LINE = HRep.of(1, [(0, 1)])
OPEN = HRep.of(1, strict=[(0, 1), (1, -1)])
PHASE_ONE, RAY, OPTIMUM_OF = 0, 1, 2


def doubled(entries):
    return tuple(2 * entry for entry in entries)


def negated(entries):
    return tuple(-entry for entry in entries)


@pytest.mark.parametrize(
    ("system", "program", "part", "change", "message"),
    [
        (BOX, PHASE_ONE, "point", negated, "not in the polyhedron"),
        (BOX, PHASE_ONE, "value", lambda _: -1, "do not prove that the system is infeasible"),
        (EMPTY, PHASE_ONE, "multipliers", lambda entries: entries[::-1], "do not prove that the system is infeasible"),
        (EMPTY, PHASE_ONE, "multipliers", negated, "do not prove that the system is infeasible"),
        (EMPTY, PHASE_ONE, "value", lambda _: 0, "not in the polyhedron"),
        (OPEN, 1, "point", lambda _: vector(1, 1), "not in the polyhedron"),  # not in the open interval
        (OPEN, 1, "value", lambda _: 0, "do not prove that the system is infeasible"),
        (HALF_LINE, RAY, "point", negated, "does not grow"),
        (HALF_LINE, RAY, "value", lambda _: 0, None),
        (BOX, RAY, "value", lambda _: 1, "does not grow"),
        (BOX, OPTIMUM_OF, "value", lambda value: value + 1, "do not prove the optimum"),
        (BOX, OPTIMUM_OF, "point", doubled, "do not prove the optimum"),
        (BOX, OPTIMUM_OF, "multipliers", doubled, "do not prove the optimum"),
    ],
)
def test_a_wrong_answer_of_a_back_end_is_an_error(system, program, part, change, message, monkeypatch):
    """The back end errs in one part of its answer to one of the programs that are solved one after the other."""
    right, asked = backends.maximize, []

    def wrong(*question):
        asked.append(question)
        solution = right(*question)
        return replace(solution, **{part: change(getattr(solution, part))}) if len(asked) == program + 1 else solution

    monkeypatch.setattr(backends, "maximize", wrong)
    with pytest.raises(BackendError, match=message):
        maximize(system, vector(*[1] * system.ambient_dim))
    assert len(asked) > program


def test_an_objective_of_the_wrong_length():
    with pytest.raises(DimensionError, match="objective has 1 entry; expected 2"):
        maximize(HRep.of(2), vector(1))
    with pytest.raises(DimensionError, match="objective has 3 entries; expected 2"):
        Polyhedron.space(2).maximize([1, 2, 3])
