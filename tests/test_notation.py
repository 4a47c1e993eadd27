"""Numbers, rows and systems as text and LaTeX: what is written is read back and compared."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones import AffineMap, Network, Polyhedron
from exactzones.notation import comparison, html_lines, latex_affine, latex_matrix, latex_system, linear, number, point
from exactzones.rational import square_root

SHORT = st.fractions(-99, 99, max_denominator=99)


@given(st.lists(SHORT, min_size=1, max_size=4))
def test_text_of_a_row_reads_back(row):
    """Short numbers are exact; sympy reads what is written."""
    sympy = pytest.importorskip("sympy")
    names = sympy.symbols(f"x0:{len(row) - 1}") if len(row) > 1 else ()
    meant = sum((sympy.Rational(str(c)) * x for c, x in zip(row[1:], names, strict=True)), sympy.Rational(str(row[0])))
    assert sympy.expand(sympy.sympify(re.sub(r"(\d) x", r"\1*x", linear(row)), rational=True) - meant) == 0
    left, _, right = comparison(row, ">=").partition(" >= ")
    both = sympy.sympify(re.sub(r"(\d) x", r"\1*x", left), rational=True) - sympy.Rational(right)
    assert sympy.expand(both - meant) == 0


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=4))
def test_rounded_numbers_say_so(row):
    exact = list(map(Fraction, row))
    for written in (linear(exact), comparison(exact, ">")):
        assert len(written) < 80
    assert number(exact[0]).startswith("~") or Fraction(number(exact[0])) == exact[0]


def test_a_number_beyond_floats():
    assert number(Fraction(10**400)) == "~1000000000000000.."
    assert point((Fraction(10**400), 1)) == "~(1000000000000000.., 1)"


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
    assert r"-x_{1} &> -3 \\ x_{0} &\ge 0" in square
    assert Polyhedron.space(3)._repr_latex_() == r"$\displaystyle \mathbb{R}^{3}$"
    assert r"-x_{0} &= -1" in Polyhedron.of(1, equations=[(-1, 1)])._repr_latex_()


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
