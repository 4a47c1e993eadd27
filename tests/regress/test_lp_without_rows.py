"""A constant objective over all of R^d, a system with no rows, raised pycddlib's ValueError."""

from fractions import Fraction

from exactzones.polyhedra import Optimal, Polyhedron


def test_a_constant_over_the_whole_space():
    assert Polyhedron.space(2).maximize([0, 0]) == Optimal(Fraction(0), (Fraction(0), Fraction(0)), ())
