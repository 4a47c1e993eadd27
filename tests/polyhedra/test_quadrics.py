"""Conditions of degree 2 on polyhedra: z3 decides the same, and every point that is returned satisfies them."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exactzones.affine import AffineMap
from exactzones.errors import InexactError
from exactzones.polyhedra import Polyhedron, quadrics
from exactzones.polyhedra.quadrics import QuadraticCondition, point_satisfying
from exactzones.rational import Quadratic

SMALL = st.integers(-2, 2)


def condition(relation, *rows):
    """Return a condition by its coefficients: of 1, x0, x1, .. in the first row, of x0^2, x0 x1, .. in the second, and so on."""
    size = len(rows)
    matrix = [[Fraction(0)] * size for _ in range(size)]
    for j, row in enumerate(rows):
        for k, entry in enumerate(row, j):
            matrix[j][k] += Fraction(entry) / 2
            matrix[k][j] += Fraction(entry) / 2
    return QuadraticCondition(tuple(map(tuple, matrix)), relation)


@st.composite
def conditions(draw, dim):
    rows = [draw(st.lists(SMALL, min_size=dim + 1 - k, max_size=dim + 1 - k)) for k in range(dim + 1)]
    return condition(draw(st.sampled_from([">", ">=", "="])), *rows)


@st.composite
def polytopes(draw, dim):
    """Boxes with a cut, some of whose rows are strict; some are flat or empty."""
    rows = [(draw(st.integers(0, 2)), *(sign * (k == j) for j in range(dim))) for k, sign in product(range(dim), [1, -1])]
    rows.append(tuple(draw(st.lists(SMALL, min_size=dim + 1, max_size=dim + 1))))
    strict = draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    return [row for row, own in zip(rows, strict, strict=True) if not own], [
        row for row, own in zip(rows, strict, strict=True) if own
    ]


@st.composite
def questions(draw):
    dim = draw(st.sampled_from([1, 2, 2, 3]))
    return dim, draw(polytopes(dim)), draw(st.lists(conditions(dim), min_size=1, max_size=2))


def z3_decides(dim, rows, strict, listed):
    z3 = pytest.importorskip("z3")
    lifted = [z3.RealVal(1), *(z3.Real(f"x{k}") for k in range(dim))]

    def combined(factors):
        return sum(z3.Q(factor.numerator, factor.denominator) * term for factor, term in factors)

    solver = z3.Solver()
    solver.set("timeout", 3000)
    solver.add(*(combined(zip(map(Fraction, row), lifted, strict=True)) >= 0 for row in rows))
    solver.add(*(combined(zip(map(Fraction, row), lifted, strict=True)) > 0 for row in strict))
    for each in listed:
        terms = [(each.matrix[j][k], lifted[j] * lifted[k]) for j, k in product(range(dim + 1), repeat=2)]
        left = combined(terms)
        solver.add({">": left > 0, ">=": left >= 0, "=": left == 0}[each.relation])
    return str(solver.check())


@settings(max_examples=30)
@given(questions())
def test_z3_decides_the_same(question):
    dim, (rows, strict), listed = question
    polytope = Polyhedron.of(dim, rows, strict=strict)
    try:
        point = point_satisfying(listed, polytope)
    except InexactError:
        assert len(listed) > 1  # they touch: a single condition is always decided
        return
    if point is not None:
        assert polytope.contains(point)
        assert all(each.holds(point) for each in listed)
    assert z3_decides(dim, rows, strict, listed) in {"unknown", "unsat" if point is None else "sat"}


@pytest.fixture(autouse=True)
def few_pieces(monkeypatch):
    monkeypatch.setattr(quadrics, "_MOST_PIECES", 40)


SQUARE = Polyhedron.box(0, 2, dim=2)
PRODUCT = ([0, 0, 0], [0, 1], [0])


def test_the_extreme_value_counts_if_it_is_attained():
    """x y <= 4 on [0, 2]^2, with equality in a corner, which x < 2 excludes."""
    at_least = condition(">=", [-4, 0, 0], *PRODUCT[1:])
    assert at_least.point_in(SQUARE) == (2, 2)
    assert at_least.point_in(Polyhedron.of(2, SQUARE.hrep.rows, strict=[(2, -1, 0)])) is None
    assert condition(">", [-4, 0, 0], *PRODUCT[1:]).point_in(SQUARE) is None


def test_a_zero_may_be_irrational():
    (x,) = condition("=", [-2, 0], [1]).point_in(Polyhedron.box(0, 2, dim=1))
    assert isinstance(x, Quadratic)
    assert x * x == 2
    assert condition("=", [-2, 0], [1]).point_in(Polyhedron.box(0, Fraction(7, 5), dim=1)) is None


def test_a_long_radicand_gives_a_rational_point_that_is_close():
    long = 2**70 + 1
    (x,) = condition("=", [-long, 0], [1]).point_in(Polyhedron.box(0, 2**36, dim=1))
    assert x != 0
    assert abs(x * x - long) < Fraction(1, 10**60)


def test_conditions_that_touch_are_undecided_and_others_are_not():
    """The circle of radius 1 and the line x + y = sqrt(2) touch; x + y >= 2 has no point in common with the disc."""
    disc, box = condition(">=", [1, 0, 0], [-1, 0], [-1]), Polyhedron.box(-2, 2, dim=2)
    touching = condition(">=", [-2, 0, 0], [1, 2], [1])
    with pytest.raises(InexactError, match="2 conditions of degree 2 together could not be decided"):
        point_satisfying([disc, touching], Polyhedron.box(0, 2, dim=2))
    assert point_satisfying([disc, condition(">=", [-4, 0, 0], [1, 2], [1])], Polyhedron.box(0, 2, dim=2)) is None
    ring = [disc, condition(">=", [Fraction(-1, 2), 0, 0], [1, 0], [1])]
    point = point_satisfying(ring, box)
    assert Fraction(1, 2) <= sum(entry * entry for entry in point) <= 1


@given(conditions(2), st.lists(SMALL, min_size=6, max_size=6), st.lists(SMALL, min_size=2, max_size=2))
def test_preimages(wanted, entries, point):
    mapping = AffineMap.of([entries[:2], entries[2:4]], entries[4:])
    assert wanted.preimage(mapping).value(list(map(Fraction, point))) == wanted.value(mapping(point))
