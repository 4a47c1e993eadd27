"""The number seam: what an exact number is, integer rows, exact matrices.

Public values are ``fractions.Fraction``; rows are primitive tuples of Python integers; products run on
python-flint.  Only this package knows python-flint.  Nothing here rounds: a float is taken as the
dyadic rational that it is.
"""

from exactzones.rational.approximation import Rationalization, rationalize
from exactzones.rational.elimination import common_zero, determinant, nullspace, rank, row_echelon
from exactzones.rational.integers import IntegerMatrix
from exactzones.rational.matrix import Matrix
from exactzones.rational.reading import Vector, exact, text, vector
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
    "Rationalization",
    "Row",
    "Vector",
    "common_zero",
    "determinant",
    "dot",
    "exact",
    "integer_dot",
    "integer_row",
    "nullspace",
    "over_common_denominator",
    "primitive",
    "rank",
    "rationalize",
    "row_echelon",
    "sum_of_quotients",
    "text",
    "vector",
]
