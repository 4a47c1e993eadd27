"""Exact numbers: reading them, integer rows, exact matrices, linear algebra.

Public values are ``fractions.Fraction``; rows are primitive tuples of Python integers; products run on python-flint, which only
this package imports.  A float is read as the dyadic rational that it is.  Only two things round: ``floats``, which converts
exact numbers to floats, and ``rationalize``, which returns a bound on its error.

If weights, points or thresholds are irrational, a number may also be a ``Quadratic``, ``a + b sqrt(D)``.  It has the
operations and the order of a Fraction, so type annotations say Fraction for both.  Code that needs rational numbers asks
``irrational`` or ``Matrix.is_rational`` first, or calls ``Matrix.scaled``, which raises an InexactError for others.
"""

from exactzones.rational.approximation import Rationalization, rationalize, sympy_module
from exactzones.rational.elimination import (
    certainly_independent,
    common_zero,
    determinant,
    elementary_divisors,
    independent,
    nullspace,
    rank,
    row_echelon,
)
from exactzones.rational.entries import entries, flag, flat_entries, index, read_points
from exactzones.rational.integers import IntegerMatrix
from exactzones.rational.matrix import Matrix
from exactzones.rational.quadratic import Quadratic, irrational, quotient, square_root, text
from exactzones.rational.reading import MAX_DIGITS, Vector, algebraic, exact, integer, vector, vector_of
from exactzones.rational.rows import (
    Row,
    dot,
    integer_dot,
    integer_row,
    over_common_denominator,
    primitive,
    sum_of_products,
    sum_of_quotients,
)
from exactzones.rational.sparse_rows import SparseRow, SparseRows

__all__ = [
    "MAX_DIGITS",
    "IntegerMatrix",
    "Matrix",
    "Quadratic",
    "Rationalization",
    "Row",
    "SparseRow",
    "SparseRows",
    "Vector",
    "algebraic",
    "certainly_independent",
    "common_zero",
    "determinant",
    "dot",
    "elementary_divisors",
    "entries",
    "exact",
    "flag",
    "flat_entries",
    "independent",
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
    "read_points",
    "row_echelon",
    "square_root",
    "sum_of_products",
    "sum_of_quotients",
    "sympy_module",
    "text",
    "vector",
    "vector_of",
]
