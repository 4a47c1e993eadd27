"""Rows: primitive tuples of integers, each representing all its positive multiples.

Over Q(sqrt(D)) the entries of a row are numbers ``a + b sqrt(D)`` with integers a and b, and the first one that is not zero is an
integer.  Exactly one positive multiple of a row has this form and is primitive; it is rational if some multiple is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from operator import mul
from typing import TypeAlias

import flint

from exactzones.rational.quadratic import quotient

Row: TypeAlias = tuple[int, ...]
_Reduced: TypeAlias = tuple[flint.fmpz, flint.fmpz]  # numerator and denominator

_ZERO, _ONE = (flint.fmpz(0), flint.fmpz(1)), (flint.fmpz(1), flint.fmpz(1))


def primitive(row: Iterable[int]) -> Row:
    """Divide an integer row by the greatest common divisor of its entries.

    >>> primitive([4, -6])
    (2, -3)
    """
    row = tuple(row)
    try:
        divisor = math.gcd(*row)
    except TypeError:  # an irrational entry
        lead = abs(next(entry for entry in row if entry))
        return over_common_denominator([quotient(entry, lead) for entry in row])[0]
    return tuple([entry // divisor for entry in row]) if divisor > 1 else row


def integer_row(entries: Sequence[Fraction | int]) -> Row:
    """Scale a rational row by a positive number to a primitive integer row.

    >>> from exactzones.rational import vector
    >>> integer_row(vector("1/2", "-1/3"))
    (3, -2)
    """
    return primitive(over_common_denominator(entries)[0])


def over_common_denominator(entries: Sequence[Fraction | int]) -> tuple[Row, int]:
    """Return a rational row as a row of integers and their least common denominator.

    >>> from exactzones.rational import vector
    >>> over_common_denominator(vector("1/2", "-1/3"))
    ((3, -2), 6)
    """
    common = math.lcm(*[entry.denominator for entry in entries])
    return tuple([entry.numerator * (common // entry.denominator) for entry in entries]), common


def integer_dot(left: Row, right: Row) -> int:
    """Return the inner product of two integer rows."""
    return sum(map(mul, left, right))


def dot(left: Sequence[Fraction | int], right: Sequence[Fraction | int]) -> Fraction:
    """Return the inner product of two rational rows."""
    return sum(map(mul, left, right), start=Fraction(0))


def sum_of_quotients(quotients: Iterable[tuple[int, int]]) -> Fraction:
    """Return the sum of quotients a / b with b > 0, in pairs, then pairs of pairs, and so on, so that most summands are short.

    >>> sum_of_quotients([(1, 2), (1, 3), (1, 6)])
    Fraction(1, 1)
    """
    quotients = list(quotients)
    try:
        sums = [flint.fmpq(above, below) for above, below in quotients] or [flint.fmpq(0)]
    except TypeError:  # an irrational number
        return sum((quotient(above, below) for above, below in quotients), start=Fraction(0))
    while len(sums) > 1:
        sums = [a + b for a, b in itertools.zip_longest(sums[::2], sums[1::2], fillvalue=flint.fmpq(0))]
    return reduced_fraction(sums[0].p, sums[0].q)


def sum_of_products(terms: Iterable[Sequence[Fraction]]) -> Fraction:
    """Return the sum of products of exact numbers; far quicker than ``Fraction`` if they have millions of digits.

    >>> sum_of_products([(Fraction(1, 2), Fraction(1, 3)), (Fraction(-1, 6),)])
    Fraction(0, 1)
    """
    listed = [list(term) for term in terms]
    try:
        reduced = [[(flint.fmpz(n.numerator), flint.fmpz(n.denominator)) for n in term] for term in listed]
    except TypeError:  # an irrational number
        return sum((math.prod(term, start=Fraction(1)) for term in listed), start=Fraction(0))
    total = reduce(_plus, [reduce(_times, term, _ONE) for term in reduced], _ZERO)
    return reduced_fraction(*total)


def _times(one: _Reduced, other: _Reduced) -> _Reduced:
    """Return a product: only numerators and denominators of different factors can have common factors."""
    (above, below), (above2, below2) = one, other
    first, second = above.gcd(below2), above2.gcd(below)
    product = (above // first) * (above2 // second)
    return (product, (below // second) * (below2 // first)) if product else _ZERO


def _plus(one: _Reduced, other: _Reduced) -> _Reduced:
    """Return a sum (Knuth, The Art of Computer Programming 2, 4.5.1): it can only be reduced by divisors of both denominators."""
    (above, below), (above2, below2) = one, other
    common = below.gcd(below2)
    rest = below // common
    total = above * (below2 // common) + above2 * rest
    left = total.gcd(common)
    return total // left, rest * (below2 // left)


def reduced_fraction(numerator: flint.fmpz, denominator: flint.fmpz) -> Fraction:
    """Convert a reduced quotient, without looking for common factors, which takes long for long numbers and finds none."""
    fraction = object.__new__(Fraction)
    fraction._numerator, fraction._denominator = int(numerator), int(denominator)  # type: ignore[attr-defined]
    return fraction
