"""The number seam: what an exact number is, integer rows, exact matrices.

Public values are ``fractions.Fraction``; rows are primitive tuples of Python integers; products run on
python-flint.  Only this package knows python-flint.  Only ``floats`` rounds; a float is read as the
dyadic rational that it is.

There is a second ordered field behind the seam: a number may be ``a + b sqrt(D)``, a ``Quadratic``, where weights, points or
thresholds are given so.  It calculates and compares as a Fraction does, so the types say Fraction for both; what can do with
rational numbers only asks ``irrational`` first, or for ``Matrix.scaled``, which refuses.
"""

from exactzones.rational.approximation import Rationalization, rationalize
from exactzones.rational.elimination import common_zero, determinant, nullspace, rank, row_echelon
from exactzones.rational.entries import entries, flag, index
from exactzones.rational.integers import IntegerMatrix
from exactzones.rational.matrix import Matrix
from exactzones.rational.quadratic import Quadratic, irrational, quotient, square_root, text
from exactzones.rational.reading import Vector, algebraic, exact, integer, vector
from exactzones.rational.rows import (
    Row,
    dot,
    integer_dot,
    integer_row,
    over_common_denominator,
    primitive,
    sum_of_quotients,
)

__all__ = [
    "IntegerMatrix",
    "Matrix",
    "Quadratic",
    "Rationalization",
    "Row",
    "Vector",
    "algebraic",
    "common_zero",
    "determinant",
    "dot",
    "entries",
    "exact",
    "flag",
    "index",
    "integer",
    "integer_dot",
    "integer_row",
    "irrational",
    "nullspace",
    "over_common_denominator",
    "primitive",
    "quotient",
    "rank",
    "rationalize",
    "row_echelon",
    "square_root",
    "sum_of_quotients",
    "text",
    "vector",
]
