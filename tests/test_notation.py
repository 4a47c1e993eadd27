"""Numbers, rows and systems as text and LaTeX: what is written is read back and compared."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones import AffineMap, Network, Polyhedron
from exactzones.notation import (
    comparison,
    exactly,
    html_lines,
    latex_affine,
    latex_matrix,
    latex_system,
    linear,
    number,
    point,
    root,
    system,
)
from exactzones.rational import square_root

SHORT = st.fractions(-9, 9, max_denominator=99)


@given(st.lists(SHORT, min_size=1, max_size=4))
def test_text_of_a_row_reads_back(row):
    """Short numbers are exact; sympy reads what is written."""
    sympy = pytest.importorskip("sympy")
    names = sympy.symbols(f"x0:{len(row) - 1}") if len(row) > 1 else ()
    meant = sum((sympy.Rational(str(c)) * x for c, x in zip(row[1:], names, strict=True)), sympy.Rational(str(row[0])))
    assert sympy.expand(sympy.sympify(re.sub(r"(\d) x", r"\1*x", linear(row)), rational=True) - meant) == 0
    left, relation, right = re.split(" (>=|<=) ", comparison(row, ">="))
    both = sympy.sympify(re.sub(r"(\d) x", r"\1*x", left), rational=True) - sympy.Rational(right)
    factor = next((meant.coeff(name) / both.coeff(name) for name in names if meant.coeff(name)), sympy.Integer(1))
    assert sympy.expand(factor * both - meant) == 0
    assert (factor > 0) == (relation == ">=")
    assert not left.startswith("-")


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=4))
def test_rounded_numbers_say_so(row):
    exact = list(map(Fraction, row))
    for written in (linear(exact), comparison(exact, ">")):
        assert len(written) < 80
    assert number(exact[0]).startswith("~") or Fraction(number(exact[0])) == exact[0]


def test_a_number_beyond_floats():
    assert number(Fraction(10**400)) == "1e+400"
    assert point((Fraction(10**400 + 1), 1)) == "~(1e+400, 1)"


RATIONALS = st.fractions() | st.builds(
    lambda above, below, power: Fraction(above, below) * Fraction(10) ** power,
    st.integers(-(10**9), 10**9),
    st.integers(1, 10**9),
    st.integers(-400, 400),
)


def decimal(written):
    """Return the number that a text without a tilde says, and the place value of the last of six digits."""
    value = Fraction(written)
    exponent = len(str(abs(value.numerator) * 10**500 // value.denominator)) - 501
    return value, Fraction(10) ** (exponent - 5)


@given(RATIONALS)
def test_decimals_are_the_nearest_ones(value):
    """A number is written as it is, or as a decimal of six digits that misses it by at most half of the last digit's place."""
    written = number(value)
    said, place = decimal(written.removeprefix("~"))
    assert len(written) <= 17
    assert written.startswith("~") == (said != value)
    if said != value:
        assert abs(said - value) <= place / 2
        assert (said / place).denominator == 1
    with exactly():
        assert Fraction(number(value)) == value


@given(RATIONALS.map(abs))
def test_roots_are_the_nearest_decimals(square):
    written = root(square)
    if written.startswith("~"):
        said, place = decimal(written[1:])
        assert max(said - place / 2, 0) ** 2 <= square <= (said + place / 2) ** 2
    else:
        assert Fraction(written) ** 2 == square
    assert root(square**2) == number(square)


@given(SHORT, SHORT.filter(bool))
def test_irrational_decimals_are_the_nearest_ones(rational, coefficient):
    value = rational + coefficient * square_root(3) + Fraction(1, 10**20)
    said, place = decimal(number(value)[1:])
    assert abs(said - value) <= place / 2


def test_ties_are_rounded_to_even_digits():
    assert number(Fraction(10000005, 10)) == "~1e+06"
    assert number(Fraction(20000015, 20)) == "~1e+06"
    assert [number(Fraction(2 * k + 1, 2 * 10**5)) for k in (123456, 123457)] == ["~1.23456", "~1.23458"]
    assert number(Fraction(9999995, 10**4)) == "~1000"


def test_long_points_and_sums_end_in_dots():
    assert point([0] * 784) == f"({'0, ' * 12}.. 784 in all)"
    assert linear([1] * 785).endswith("+ x11 + .. (784 terms) + 1")
    assert comparison([0, *[Fraction(0.1)] * 20], ">=").endswith(".. (20 terms) >= 0")
    assert system([(k, 1) for k in range(9)]).endswith("x0 >= -5, .. 9 in all")
    with exactly():
        assert point(range(784)).endswith(" 783)")
        assert linear([1] * 785).endswith("x783 + 1")


def test_irrational_numbers():
    root = square_root(3)
    assert number(root / 2) == "1/2*sqrt(3)"
    assert linear((root, 1 + root, -root)) == "(1+sqrt(3)) x0 - sqrt(3) x1 + sqrt(3)"
    assert latex_matrix([[1 - root / 2]]) == r"\begin{pmatrix} 1 - \tfrac{1}{2} \sqrt{3} \end{pmatrix}"


def test_latex_of_objects():
    latex = AffineMap.of([[1, "-1/2"]], [3])._repr_latex_()
    matrix, offset = r"\begin{pmatrix} 1 & -\tfrac{1}{2} \end{pmatrix}", r"\begin{pmatrix} 3 \end{pmatrix}"
    assert latex == rf"$\displaystyle x \mapsto {matrix}\,x + {offset}$"
    assert AffineMap.of([[0.1]], [0])._repr_latex_().endswith(r"\text{(rounded)}$")
    square = Polyhedron.of(2, [(0, 1, 0)], strict=[(3, 0, -1)])._repr_latex_()
    assert r"- x" not in square.replace(r"-x", "")
    assert r"x_{1} &< 3 \\ x_{0} &\ge 0" in square
    assert Polyhedron.space(3)._repr_latex_() == r"$\displaystyle \mathbb{R}^{3}$"
    assert r"x_{0} &= 1" in Polyhedron.of(1, equations=[(-1, 1)])._repr_latex_()


def test_what_is_large_ends_in_dots():
    assert latex_matrix([[1] * 20] * 20).count(r"\\") == 12
    assert latex_matrix([[1] * 20] * 20).count(r"\cdots") == 12
    assert latex_system(1, [(k, 1) for k in range(100)]).count(r"\ge") == 60
    assert latex_affine((), ()).count("pmatrix") == 2
    assert html_lines([str(k) for k in range(15)]).endswith("11<br/>and 3 more")


def test_braces_match():
    for latex in (Polyhedron.box(0, 1, dim=3)._repr_latex_(), AffineMap.identity(20)._repr_latex_()):
        assert latex.count("{") == latex.count("}")
        assert latex.count(r"\begin") == latex.count(r"\end")


def test_a_network_is_a_table_of_layers():
    html = Network.of(([[1], [2]], [0, 0], [True, False]), ([[1, 1]], [0], False))._repr_html_()
    assert re.findall(r">(\d+)</td>", html) == ["0", "1", "2", "1", "1", "1", "2", "1", "0", "1"]
