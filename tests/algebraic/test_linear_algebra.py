"""Rows and matrices over Q(sqrt(D)): elimination against sympy, laws, canonical forms, and what stays rational."""

import math
import pickle
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from exactzones import DimensionError, InexactError, InputError
from exactzones.rational import (
    IntegerMatrix,
    Matrix,
    Quadratic,
    algebraic,
    determinant,
    dot,
    integer_dot,
    integer_row,
    irrational,
    nullspace,
    over_common_denominator,
    primitive,
    quotient,
    rank,
    row_echelon,
    square_root,
    sum_of_products,
    sum_of_quotients,
    text,
    vector,
)

ROOT = square_root(2)
PARTS = st.integers(-3, 3)
ENTRIES = st.builds(lambda a, b: a + b * ROOT, PARTS, st.sampled_from([0, 0, 1, -1, 2]))
NUMBERS = st.builds(lambda a, b, c: Fraction(a, c) + Fraction(b, c) * ROOT, PARTS, PARTS, st.integers(1, 4))


@st.composite
def matrices(draw, entries=ENTRIES, *, square=False, most=4):
    height = draw(st.integers(1, most))
    width = height if square else draw(st.integers(1, most))
    rows = draw(st.lists(st.lists(entries, min_size=width, max_size=width).map(tuple), min_size=height, max_size=height))
    if draw(st.booleans()) and height > 1:  # rank deficient on purpose, over the field only
        rows[-1] = tuple((1 + ROOT) * a - ROOT * b for a, b in zip(rows[0], rows[-2], strict=True))
    return rows


def by_sympy(rows):
    """Return the rows as a matrix over Q(sqrt(2)), sympy's own implementation of it."""
    field = sympy.QQ.algebraic_field(sympy.sqrt(2))
    entries = [[field.from_sympy(sympy.sympify(text(entry))) for entry in row] for row in rows]
    return sympy.polys.matrices.DomainMatrix(entries, (len(rows), len(rows[0])), field)


@settings(max_examples=30)
@given(matrices())
def test_elimination_against_sympy(rows):
    echelon, pivots = row_echelon(rows)
    reduced, expected = by_sympy(rows).rref()
    assert pivots == expected
    assert rank(rows) == len(pivots) == len(echelon)
    for k, (row, pivot) in enumerate(zip(echelon, pivots, strict=True)):
        assert row == primitive(row)
        assert type(row[pivot]) is int
        assert row[pivot] > 0
        expected_row = reduced.to_Matrix().row(k)
        assert [quotient(entry, row[pivot]) for entry in row] == list(map(algebraic, expected_row))


@given(matrices())
def test_nullspace_is_a_basis_of_the_kernel(rows):
    width = len(rows[0])
    basis = nullspace(rows, width)
    assert len(basis) == width - rank(rows)
    assert rank(basis) == len(basis)
    assert all(integer_dot(row, direction) == 0 for row in rows for direction in basis)
    assert all(direction == primitive(direction) for direction in basis)


@settings(max_examples=20)
@given(matrices(square=True, most=5))
def test_determinant_against_sympy(rows):
    expected = by_sympy(rows).det()
    assert determinant(rows) == algebraic(by_sympy(rows).domain.to_sympy(expected))


@given(st.permutations(range(5)))
def test_determinant_of_a_permutation(order):
    rows = [tuple((ROOT if k == 0 else 1) * (j == k) for j in range(5)) for k in order]
    inversions = sum(order[i] > order[j] for i in range(5) for j in range(i + 1, 5))
    assert determinant(rows) == ROOT * (-1) ** inversions
    assert determinant([*rows[:4], rows[0]]) == 0


@given(st.lists(NUMBERS, min_size=1, max_size=5), st.builds(lambda a, b: abs(a + b * ROOT), PARTS, PARTS).filter(bool))
def test_rows_stand_for_their_positive_multiples(row, factor):
    scaled = integer_row(row)
    assert integer_row([factor * entry for entry in row]) == scaled
    assert primitive(scaled) == scaled
    assert primitive([-entry for entry in scaled]) == tuple(-entry for entry in scaled)
    ratios = {quotient(s, r) for s, r in zip(scaled, row, strict=True) if r}
    assert len(ratios) == (1 if any(row) else 0)
    assert all(ratio > 0 for ratio in ratios)
    parts = [part for entry in scaled for part in ((entry.rational, entry.coefficient) if irrational([entry]) else (entry,))]
    assert all(type(part) is int for part in parts)
    assert math.gcd(*parts) == (1 if any(row) else 0)
    if any(row):
        assert type(next(entry for entry in scaled if entry)) is int


@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_common_denominators(row):
    above, below = over_common_denominator(row)
    assert below > 0
    assert [quotient(entry, below) for entry in above] == row
    assert sum_of_quotients([(entry, below) for entry in above]) == sum(row, start=Fraction(0))
    assert sum_of_products([(entry, entry, Fraction(1, 3)) for entry in row]) == sum((e * e for e in row), start=Fraction(0)) / 3


@st.composite
def triples(draw):
    a, b, c, d = (draw(st.integers(1, 3)) for _ in range(4))

    def entries(height, width):
        row = st.lists(st.one_of(NUMBERS, st.fractions(-2, 2, max_denominator=4)), min_size=width, max_size=width)
        return draw(st.lists(row, min_size=height, max_size=height))

    return entries(a, b), entries(b, c), entries(c, d)


@given(triples())
def test_matrix_laws(triple):
    a, b, c = map(Matrix.of, triple)
    columns = list(zip(*triple[1], strict=True))
    product = [[sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0)) for column in columns] for row in triple[0]]
    assert [list(row) for row in (a @ b).rows] == product
    assert (a @ b) @ c == a @ (b @ c)
    assert Matrix.identity(a.shape[0]) @ a == a == a @ Matrix.identity(a.shape[1])
    for point in (vector(*range(b.shape[1])), tuple(ROOT + k for k in range(b.shape[1]))):
        assert a @ (b @ point) == (a @ b) @ point
        assert list(b @ point) == [dot(row, point) for row in triple[1]]


@given(triples())
def test_matrix_parts(triple):
    rows, *_ = triple
    m = Matrix.of(rows)
    height, width = m.shape
    assert irrational(entry for row in rows for entry in row) == (not m.is_rational)
    assert m.rows == tuple(map(tuple, rows))
    assert all(m[k, j] == rows[k][j] for k in range(height) for j in range(width))
    assert m.integer_rows() == [integer_row(row) for row in m.rows]
    kept = [k % 2 == 0 for k in range(height)]
    assert m.select(kept).rows == tuple(row if keep else (0,) * width for row, keep in zip(m.rows, kept, strict=True))
    for column in ([Fraction(k, 3) for k in range(height)], [ROOT * k for k in range(height)]):
        assert m.beside(column).rows == tuple((first, *row) for first, row in zip(column, m.rows, strict=True))
    assert m.stack(m).rows == m.rows + m.rows
    assert m.bits() >= 0
    for copy in (Matrix.of(m.rows), pickle.loads(pickle.dumps(m)), Matrix.of(m)):  # noqa: S301
        assert copy == m
        assert m == copy
        assert hash(copy) == hash(m)
        assert repr(copy) == repr(m)
    other = Matrix.of([[entry + ROOT for entry in row] for row in rows])
    assert other != m
    assert m != other


def test_what_becomes_rational_is_a_rational_matrix():
    m = Matrix.of([["sqrt(2)", 0], [0, "sqrt(2)"]])
    assert (m @ m).is_rational
    assert m @ m == Matrix.of([[2, 0], [0, 2]])
    assert (m @ m).scaled() is not None
    assert m.select([False, False]).is_rational
    assert m.bits() == 1
    assert repr(m) == "Matrix([[sqrt(2), 0], [0, sqrt(2)]])"


def test_what_does_not_fit_is_refused():
    m = Matrix.of([["sqrt(2)", 0]])
    with pytest.raises(InexactError, match=r"the weight sqrt\(2\) is irrational.*network.rationalized"):
        m.scaled()
    with pytest.raises(DimensionError, match="vector"):
        m @ vector(1)
    with pytest.raises(DimensionError, match="on the right"):
        m @ Matrix.of([[1]])
    with pytest.raises(DimensionError, match="on the right"):
        Matrix.of([[1]]) @ Matrix.of([["sqrt(2)"], [1]])
    with pytest.raises(InexactError, match=r"matrix\[0\]\[1\]"):
        Matrix.of([[1, "sqrt(-2)"]])
    with pytest.raises(InputError, match="expected a list of rows"):
        Matrix.of("sqrt(2)")
    assert Matrix.of(["sqrt(2), 0"]) == m  # a row may be text
    with pytest.raises(TypeError):
        IntegerMatrix.of([[ROOT]])
    assert isinstance(m[0, 0], Quadratic)
