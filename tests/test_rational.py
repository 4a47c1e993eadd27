"""Exact numbers: what is read and what is refused, and linear algebra against sympy and plain Fractions."""

import enum
import math
import pickle
from decimal import Decimal
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
    Rationalization,
    algebraic,
    common_zero,
    determinant,
    dot,
    exact,
    integer_dot,
    integer_row,
    nullspace,
    over_common_denominator,
    primitive,
    rank,
    rationalize,
    row_echelon,
    sum_of_quotients,
    text,
    vector,
)
from exactzones.testing import rationals

BIG = 100_000


class Colour(enum.IntEnum):
    RED = 7


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (3, Fraction(3)),
        (-(10**50), Fraction(-(10**50))),
        (Colour.RED, Fraction(7)),
        (Fraction(2, 6), Fraction(1, 3)),
        (0.5, Fraction(1, 2)),
        (-0.0, Fraction(0)),
        (0.1, Fraction(3602879701896397, 2**55)),
        (5e-324, Fraction(1, 2**1074)),  # the least subnormal
        (np.int8(-128), Fraction(-128)),
        (np.uint64(2**64 - 1), Fraction(2**64 - 1)),
        (np.float16(0.1), Fraction(1638, 2**14)),  # 11 bits: 0.1 * 2**14 = 1638.4
        (np.float32(0.1), Fraction(13421773, 2**27)),
        (np.float64(0.1), Fraction(3602879701896397, 2**55)),
        (np.float16(6e-8), Fraction(1, 2**24)),  # the least subnormal
        ("1/3", Fraction(1, 3)),
        ("-4/6", Fraction(-2, 3)),
        ("0.1", Fraction(1, 10)),
        ("-0.1", Fraction(-1, 10)),
        ("1e-3", Fraction(1, 1000)),
        ("-.5E+2", Fraction(-50)),
        ("5.", Fraction(5)),
        ("+5", Fraction(5)),
        (" 7\n", Fraction(7)),
        ("000012", Fraction(12)),
        ("0/5", Fraction(0)),
        ("0e5", Fraction(0)),
        ("2.50e1", Fraction(25)),
        (sympy.Integer(4), Fraction(4)),
        (sympy.Rational(-1, 3), Fraction(-1, 3)),
        (sympy.Float(0.1), Fraction(3602879701896397, 2**55)),
    ],
)
def test_exact_reads(given_value, expected):
    assert exact(given_value) == expected
    assert type(exact(given_value)) is Fraction


@pytest.mark.parametrize(
    "refused",
    [
        True,
        np.True_,
        float("nan"),
        float("inf"),
        -math.inf,
        np.float16("inf"),
        np.float32("nan"),
        np.float64("-inf"),
        None,
        1j,
        np.complex64(1),
        Decimal("0.1"),
        b"1",
        [1],
        np.array([1]),
        sympy.sqrt(2),
        sympy.pi,
        sympy.oo,
        sympy.nan,
        sympy.zoo,
        sympy.I,
        sympy.Symbol("x"),
        sympy.true,
    ],
)
def test_exact_refuses(refused):
    with pytest.raises(InexactError, match="weight 7 is"):
        exact(refused, "weight 7")


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        " ",
        ".",
        "-",
        "+",
        "e5",
        "1e",
        "1e+",
        "--1",
        "+-1",
        "- 1",
        "1/0",
        "-5/00",
        "1/",
        "/2",
        "1/-2",
        "1/2/3",
        "1.5/2",
        "1e5/2",
        "0x10",
        "0b1",
        "1_0",
        "1,5",
        "1 000",
        "nan",
        "inf",
        "-Infinity",
        "1e999999999",
        "1e-999999999",
        "1e" + "9" * 5000,
        f"1e{BIG + 1}",
        "\u0663",  # ARABIC-INDIC DIGIT THREE: a digit to Python's int
        "\uff13",  # FULLWIDTH DIGIT THREE
        "²",
        "½",
        "1/\u0663",
        "1e\u0663",
        "1\x00",
        "1\n2",
        "1j",
        "sqrt(2)",
        "__import__('os')",
    ],
)
def test_hostile_strings_are_refused(hostile):
    with pytest.raises(InexactError, match="bias"):
        exact(hostile, "bias")


def test_long_strings_are_read_up_to_a_limit():
    ones = (10**BIG - 1) // 9
    assert exact("1" * BIG) == ones
    assert exact("-" + "1" * (BIG - 1)) == -(ones // 10)
    assert exact("." + "1" * (BIG - 1)) == Fraction(ones // 10, 10 ** (BIG - 1))
    assert exact("1/" + "1" * (BIG - 2)) == Fraction(1, ones // 100)
    assert exact(f"1e{BIG}") == 10**BIG
    assert exact(f"-1e-{BIG}") == Fraction(-1, 10**BIG)
    with pytest.raises(InexactError, match="100001 characters"):
        exact("1" * (BIG + 1))


def test_refusals_say_what_the_value_is():
    with pytest.raises(InexactError, match=r"bias is .*of type object, which is not an exact number"):
        exact(object(), "bias")
    with pytest.raises(InexactError, match=r"bias is .*of type Quadratic, which is not rational"):
        exact(algebraic("sqrt(2)"), "bias")
    with pytest.raises(InexactError, match="bias is pi, which is not rational; pass rationalize="):
        exact(sympy.pi, "bias")
    with pytest.raises(InexactError, match="bias is True, a truth value; expected a number"):
        exact(True, "bias")


@pytest.mark.parametrize(
    ("row", "rational"),
    [
        ([[1, "1/2"], [0, 3]], True),
        ([["sqrt(4)", 1]], True),
        ([["sqrt(2)", 1]], False),
        ([[0, 1], [1, "1+sqrt(2)"]], False),
    ],
)
def test_a_matrix_knows_whether_it_is_rational(row, rational):
    matrix = Matrix.of(row)
    assert matrix.is_rational is rational
    if rational:
        assert matrix.scaled()[0].rows() == [tuple(int(e * matrix.scaled()[1]) for e in line) for line in matrix.rows]
        return
    for ask in (matrix.scaled, lambda: matrix.lifted([Fraction(0)] * len(row))):
        with pytest.raises(InexactError, match=r"the weight .*sqrt\(2\) is irrational"):
            ask()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_the_dyadic_rational_that_it_is(number):
    read = exact(number)
    assert read == Fraction(number)
    assert float(read) == number
    assert exact(np.float64(number)) == read


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_a_matrix_of_floats_remembers_them(kind):
    numbers = np.array([[0.1, -0.0, 5e-324], [6e4, -1, 2**-24]], kind)
    m = Matrix.of(numbers)
    for known in (m, pickle.loads(pickle.dumps(m))):  # noqa: S301
        assert known.floats.dtype == np.float64
        assert [list(map(Fraction, row)) for row in known.floats.tolist()] == list(map(list, m.rows))
        assert known == m
    numbers[0, 0] = 7
    assert m.floats[0, 0] == float(m[0, 0]) != 7
    with pytest.raises(ValueError, match="read-only"):
        m.floats[0, 0] = 7
    assert m.select([True, False]).floats is m.beside([Fraction(1), Fraction(2)]).floats is None


@given(st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1))
def test_narrow_floats_by_their_bits(half, single):
    """From the definition of IEEE 754: sign, exponent, fraction."""
    for bits, fraction_size, exponent_size, number in (
        (half, 10, 5, np.array(half, np.uint16).view(np.float16)[()]),
        (single, 23, 8, np.array(single, np.uint32).view(np.float32)[()]),
    ):
        fraction, rest = bits % 2**fraction_size, bits >> fraction_size
        exponent, sign = rest % 2**exponent_size, rest >> exponent_size
        bias = 2 ** (exponent_size - 1) - 1
        if exponent == 2**exponent_size - 1:
            with pytest.raises(InexactError):
                exact(number)
            continue
        mantissa = fraction + (2**fraction_size if exponent else 0)
        expected = mantissa * Fraction(2) ** (max(exponent, 1) - bias - fraction_size)
        assert exact(number) == (-expected if sign else expected)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(lambda d: abs(d.as_tuple().exponent) < 1000))
def test_decimal_strings_say_what_they_say(number):
    assert exact(str(number)) == Fraction(number)


@given(st.fractions())
def test_text_round_trip(number):
    assert exact(text(number)) == number
    assert text(number) == str(number)


def test_text_beyond_python_s_limit_of_digits():
    number = Fraction(-(10**9000) - 1, 3**10000)
    with pytest.raises(ValueError, match="4300 digits"):
        str(number)
    numerator, denominator = text(number).split("/")
    assert numerator == "-1" + "0" * 8999 + "1"
    assert len(denominator) == 4772  # 10000 * log10(3) = 4771.2
    assert exact(text(number)) == number
    assert text(10**5000) == "1" + "0" * 5000


ROOTS = [
    sympy.sqrt(2),
    sympy.sqrt(3) / 2,
    -sympy.E,
    sympy.pi * 10**30,
    sympy.sqrt(2) / 10**30,
    sympy.sqrt(sympy.Integer(10) ** 20 + 1) - 10**10,  # cancels twenty digits
    sympy.Rational(1, 3),
    sympy.Rational(355, 113) + sympy.Rational(1, 10**40),
    sympy.cos(1) * sympy.exp(-sympy.Rational(7, 3)),
    sympy.Integer(-5),
]


@pytest.mark.parametrize("expression", ROOTS, ids=str)
@pytest.mark.parametrize("max_denominator", [1, 2, 97, 10**6, 10**40])
def test_rationalization_error_is_certified(expression, max_denominator):
    taken = rationalize(expression, max_denominator)
    assert 1 <= taken.value.denominator <= max_denominator
    true_error = abs(sympy.N(expression - sympy.Rational(taken.value.numerator, taken.value.denominator), 200, maxn=1000))
    assert true_error <= sympy.Rational(taken.error.numerator, taken.error.denominator)
    # Dirichlet: the closest fraction is off by less than 1/(denominator * limit); some slack is allowed for the certificate.
    assert taken.error <= Fraction(1, max_denominator) + Fraction(1, 10**10)


def test_rationalization_speaks():
    taken = rationalize(sympy.sqrt(3) / 2, 100)
    assert taken.value == Fraction(84, 97)
    assert str(taken).startswith("sqrt(3)/2 taken as 84/97 (off by at most ")
    assert taken == Rationalization(taken.expression, taken.value, taken.error)


@pytest.mark.parametrize(
    "refused", [sympy.oo, sympy.nan, sympy.I, sympy.Symbol("x"), math.nan, math.inf, None, True, object(), [1]]
)
def test_rationalize_refuses(refused):
    with pytest.raises(InexactError, match="entry"):
        rationalize(refused, 100, "entry")


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
