"""Integer rows and exact matrices: against sympy and plain Fractions."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from exactzones.errors import DimensionError, InexactError, InputError
from exactzones.rational import (
    IntegerMatrix,
    Matrix,
    common_zero,
    determinant,
    dot,
    integer_dot,
    integer_row,
    nullspace,
    over_common_denominator,
    primitive,
    rank,
    row_echelon,
    sum_of_products,
    sum_of_quotients,
    vector,
)
from exactzones.testing import rationals

INTEGERS = st.integers(-6, 6)


@given(st.lists(INTEGERS, min_size=1, max_size=5))
def test_primitive(row):
    scaled = primitive(row)
    divisor = math.gcd(*row)
    assert [entry * (divisor or 1) for entry in scaled] == row
    assert math.gcd(*scaled) == (1 if any(row) else 0)


@given(st.lists(rationals(12, 9), min_size=1, max_size=5))
def test_integer_row_is_a_positive_multiple(row):
    scaled = integer_row(row)
    assert all(type(entry) is int for entry in scaled)
    assert math.gcd(*scaled) == (1 if any(row) else 0)
    factors = {Fraction(s) / r for s, r in zip(scaled, row, strict=True) if r}
    assert len(factors) == (1 if any(row) else 0)
    assert all(factor > 0 for factor in factors)
    assert [s == 0 for s in scaled] == [r == 0 for r in row]


@st.composite
def integer_matrices(draw, entries=INTEGERS):
    height, width = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    row = st.lists(entries, min_size=width, max_size=width).map(tuple)
    rows = draw(st.lists(row, min_size=height, max_size=height))
    if draw(st.booleans()) and height > 1:  # rank deficient on purpose
        rows[-1] = tuple(2 * a - 3 * b for a, b in zip(rows[0], rows[-2], strict=True))
    return rows


@given(integer_matrices())
def test_row_echelon_against_sympy(rows):
    echelon, pivots = row_echelon(rows)
    reduced, expected_pivots = sympy.Matrix(rows).rref()
    assert pivots == expected_pivots
    assert rank(rows) == len(pivots) == len(echelon)
    for k, (row, pivot) in enumerate(zip(echelon, pivots, strict=True)):
        assert math.gcd(*row) == 1
        assert row[pivot] > 0
        assert [sympy.Rational(entry, row[pivot]) for entry in row] == list(reduced.row(k))
    assert row_echelon(echelon) == (echelon, pivots)


@given(integer_matrices())
def test_nullspace_is_a_basis_of_the_kernel(rows):
    width = len(rows[0])
    basis = nullspace(rows, width)
    assert len(basis) == width - sympy.Matrix(rows).rank()
    assert rank(basis) == len(basis)
    for direction in basis:
        assert math.gcd(*direction) == 1
        assert all(integer_dot(row, direction) == 0 for row in rows)


def test_no_rows_at_all():
    assert row_echelon([]) == ((), ())
    assert rank([]) == 0
    assert nullspace([], 2) == ((1, 0), (0, 1))


@given(
    st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(INTEGERS, min_size=n, max_size=n).map(tuple), min_size=n, max_size=n))
)
def test_determinant_against_sympy(rows):
    assert determinant(rows) == sympy.Matrix(rows).det()


def test_long_integers_in_linear_algebra():
    rows = [(10**40, 10**40 + 1), (10**40 - 1, 10**40)]
    assert determinant(rows) == 1  # n * n - (n + 1) * (n - 1)
    assert row_echelon(rows) == (((1, 0), (0, 1)), (0, 1))
    assert integer_dot(rows[0], (1, -1)) == -1
    assert dot(rows[0], vector("1/2", "-1/2")) == Fraction(-1, 2)


@st.composite
def matrix_triples(draw):
    a, b, c, d = (draw(st.integers(0, 3)) for _ in range(4))

    def entries(height, width):
        row = st.lists(rationals(), min_size=width, max_size=width)
        return draw(st.lists(row, min_size=height, max_size=height))

    return (entries(a, b), b), (entries(b, c), c), (entries(c, d), d)


def _product(left, right, width):
    return [
        [sum((a * row[j] for a, row in zip(line, right, strict=True)), start=Fraction(0)) for j in range(width)] for line in left
    ]


@given(matrix_triples())
def test_matrix_laws_against_plain_fractions(triple):
    plain = [rows for rows, _ in triple]
    a, b, c = (Matrix.of(rows, columns=width) for rows, width in triple)
    assert [list(row) for row in (a @ b).rows] == _product(plain[0], plain[1], triple[1][1])
    assert (a @ b).shape == (a.shape[0], b.shape[1])
    assert (a @ b) @ c == a @ (b @ c)
    assert Matrix.identity(a.shape[0]) @ a == a == a @ Matrix.identity(a.shape[1])
    point = tuple(Fraction(k + 1, 2) for k in range(b.shape[1]))
    assert list(b @ point) == [sum((p * q for p, q in zip(row, point, strict=True)), start=Fraction(0)) for row in plain[1]]
    assert a @ (b @ point) == (a @ b) @ point


@given(matrix_triples())
def test_matrix_parts(triple):
    (rows, width), _, _ = triple
    m = Matrix.of(rows, columns=width)
    height = len(rows)
    assert m.shape == (height, width)
    assert m.rows == tuple(map(tuple, rows))
    assert all(m[k, j] == rows[k][j] for k in range(height) for j in range(width))
    assert m.integer_rows() == [integer_row(row) for row in m.rows]
    kept = [k % 2 == 0 for k in range(height)]
    assert m.select(kept).rows == tuple(row if keep else (Fraction(0),) * width for row, keep in zip(m.rows, kept, strict=True))
    column = [Fraction(k, 3) for k in range(height)]
    assert m.beside(column).rows == tuple((first, *row) for first, row in zip(column, m.rows, strict=True))
    assert m.stack(m).rows == m.rows + m.rows
    longest = max((max(abs(e.numerator).bit_length(), e.denominator.bit_length()) for row in rows for e in row), default=0)
    assert m.bits() == longest
    twin = Matrix.of([[entry * 2 for entry in row] for row in rows], columns=width) if any(map(any, rows)) else None
    assert twin != m
    for copy in (Matrix.of(m.rows, columns=width), pickle.loads(pickle.dumps(m)), Matrix.of(m)):  # noqa: S301
        assert copy == m
        assert hash(copy) == hash(m)
        assert repr(copy) == repr(m)


def test_matrix_of_arrays():
    assert Matrix.of(np.array([[1, 2], [3, 4]], np.int8)) == Matrix.of([[1, 2], [3, 4]])
    assert Matrix.of(np.array([[2**64 - 1]], np.uint64))[0, 0] == 2**64 - 1
    for kind in (np.float16, np.float32, np.float64):
        array = np.array([[0.1, -2.5], [3e-5, 0]], kind)
        assert Matrix.of(array) == Matrix.of([list(row) for row in array])
        assert Matrix.of(array.T) == Matrix.of([list(row) for row in array.T])  # not contiguous
    assert Matrix.of(np.array([["1/3", Fraction(1, 2)]], object)).rows == ((Fraction(1, 3), Fraction(1, 2)),)
    assert Matrix.of(np.zeros((0, 3))).shape == (0, 3)
    assert Matrix.zeros(2, 1).rows == ((0,), (0,))


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ([[1, 2], [3]], DimensionError, "row 1 of up has 1 entry; expected 2"),
        ([[1], [math.nan]], InexactError, r"up\[1\]\[0\] is nan"),
        (5, InputError, "up is 5; expected a list of rows"),
        ([1, 2], InputError, "row 0 of up is 1; expected a sequence of numbers"),
        ([[[1]]], InexactError, r"up\[0\]\[0\]"),
        (np.zeros(3), InputError, r"up has shape \(3,\)"),
        (np.array([[0.0, np.inf]]), InexactError, r"up\[0\]\[1\] is inf"),
        (np.array([[True]]), InexactError, "NumPy type bool"),
        (np.array([[1j]]), InexactError, "NumPy type complex128"),
        (np.array([[1]], np.longdouble), InexactError, "NumPy type"),
        (np.array([["1"]]), InexactError, "NumPy type <U1"),
    ],
)
def test_matrix_refuses(bad, error, message):
    with pytest.raises(error, match=message):
        Matrix.of(bad, "up")


def test_products_that_do_not_fit():
    with pytest.raises(DimensionError, match="matrix on the right has 3 rows; expected 2"):
        Matrix.zeros(1, 2) @ Matrix.zeros(3, 1)
    with pytest.raises(DimensionError, match="vector has 1 entry; expected 2"):
        Matrix.zeros(1, 2) @ vector(1)


@st.composite
def independent_rows(draw):
    """d independent rows of d + 1 integers, small or long."""
    dim = draw(st.integers(1, 6))
    entries = draw(st.sampled_from([st.integers(-3, 3), st.integers(-(10**40), 10**40)]))
    rows = draw(st.lists(st.lists(entries, min_size=dim + 1, max_size=dim + 1).map(tuple), min_size=dim, max_size=dim))
    assume(rank(rows) == dim)
    return rows


@given(independent_rows())
def test_common_zero_spans_the_kernel(rows):
    zero = common_zero(rows)
    assert not any(integer_dot(row, zero) for row in rows)
    assert zero in [tuple(sign * entry for entry in kernel) for kernel in nullspace(rows, len(rows) + 1) for sign in (1, -1)]


@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 10**9)), max_size=30))
def test_sum_of_quotients_against_fractions(quotients):
    assert sum_of_quotients(iter(quotients)) == sum((Fraction(a, b) for a, b in quotients), start=Fraction(0))


@given(st.lists(st.lists(rationals(), max_size=3), max_size=5), st.integers(1, 60), st.booleans())
def test_sum_of_products_against_fractions(terms, factor, twice):
    terms = [*terms, *([-1, *term] for term in terms if twice), [Fraction(1, factor), Fraction(factor, 6)]]
    total = sum_of_products(iter(terms))
    assert total == sum((math.prod(term, start=Fraction(1)) for term in terms), start=Fraction(0))
    assert total.denominator > 0
    assert math.gcd(total.numerator, total.denominator) == 1


@given(st.lists(rationals(), min_size=1, max_size=5))
def test_over_common_denominator_is_the_row(entries):
    row, divisor = over_common_denominator(entries)
    assert divisor > 0
    assert [Fraction(entry, divisor) for entry in row] == entries
    assert math.gcd(divisor, *row) == 1


@given(st.data())
def test_integer_matrices_against_rational_ones(data):
    """Products, as for two layers on an activation region, with rows and columns set to zero, and a column after a ReLU."""
    height, middle, width = (data.draw(st.integers(1, 4)) for _ in range(3))

    def matrix(m, n):
        return Matrix.of(data.draw(st.lists(st.lists(rationals(), min_size=n, max_size=n), min_size=m, max_size=m)))

    outer, inner = matrix(height, middle), matrix(middle, width)
    kept = tuple(data.draw(st.lists(st.booleans(), min_size=middle, max_size=middle)))
    (a, p), (b, q) = outer.scaled(), inner.scaled()
    assert all(math.gcd(s, *(entry for row in m.rows() for entry in row)) == 1 for m, s in ((a, p), (b, q)))
    expected = [tuple(int(entry * p * q) for entry in row) for row in (outer @ inner.select(kept)).rows]
    assert (a @ b.keeping(kept)).rows() == expected
    assert (a.reading(kept) @ b).rows() == expected
    assert [(part @ b.keeping(kept)).row(0) for part in a.parts()] == expected
    offset = data.draw(st.tuples(*[rationals()] * middle))
    numerators, scale = inner.beside(offset).scaled()
    assert inner.lifted(offset).rows() == [(scale, *(0,) * width), *numerators.rows()]
    relu = data.draw(st.lists(st.booleans(), min_size=height, max_size=height))
    values = [row[0] for row in expected]
    signs, after = IntegerMatrix.column(values).activated(relu)
    assert list(signs) == [{1: 1, 0: 0, -1: 2}[(value > 0) - (value < 0)] for value in values]
    assert after.rows() == [(max(value, 0) if clipped else value,) for value, clipped in zip(values, relu, strict=True)]
    assert IntegerMatrix.of(expected).rows() == expected
