"""Exact numbers: what is read and what is refused, text, and rational approximations."""

import enum
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from exactzones.errors import InexactError
from exactzones.rational import (
    Matrix,
    Rationalization,
    algebraic,
    exact,
    rationalize,
    text,
)

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
