"""From exact numbers to floats, and the constants of proved rounding error bounds.

Every conversion rounds to nearest.  The policies differ where the nearest float is not close:

===================  =============================================  ==================================================
policy               beyond the range of floats                     where floats are too small to be near in proportion
===================  =============================================  ==================================================
``filter_float``     an infinity                                    NaN
``clipped_float``    the largest finite float, with the sign        the nearest float, possibly 0
``equal_float``      None                                           None
===================  =============================================  ==================================================

``filter_float`` is for error bounds: infinities and NaN compare false, so they decide nothing.  ``clipped_float`` is for
guesses that are verified exactly.  ``equal_float`` is for files, where no rounding is allowed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from exactzones.rational.arrays import Floats
from exactzones.rational.matrix import Matrix, StoredMatrix
from exactzones.rational.storage import SparseEntries

Policy: TypeAlias = Callable[[Fraction | int], float]

UNIT_ROUNDOFF = 2.0**-53
"""Largest relative error of one rounding."""

SLACK = 1 + 1e-9
"""Factor that covers the rounding errors of the bound itself."""

TINY = 1e-290
"""Summand that covers everything that may underflow."""

EXACT_INTEGERS = 2.0**52
"""Integers below this are exact as floats, and so are their sums and differences of two."""


def filter_float(value: Fraction | int) -> float:
    """Return the nearest float if it is near in proportion; otherwise an infinity or NaN.

    >>> filter_float(Fraction(1, 3)), filter_float(-(10**400)), filter_float(Fraction(1, 10**400))
    (0.3333333333333333, -inf, nan)
    """
    try:
        nearest = float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return nearest if abs(nearest) >= sys.float_info.min or not value or nearest == value else float("nan")


_LEADING_BITS = 64  # beyond those that a float holds


def clipped_float(value: Fraction | int) -> float:
    """Return the nearest finite float.

    >>> clipped_float(10**400) == sys.float_info.max
    True
    """
    try:
        return float(value)
    except OverflowError:
        return sys.float_info.max if value > 0 else -sys.float_info.max


def ratio_as_float(above: Sequence[Fraction], below: Sequence[Fraction]) -> float:
    """Return about the product of some numbers divided by that of others, which may have millions of digits.

    >>> ratio_as_float([Fraction(10**400)], [Fraction(10**400), Fraction(4)])
    0.25
    """
    mantissa, exponent = 1.0, 0
    for numbers, sign in ((above, 1), (below, -1)):
        for number in numbers:
            if not isinstance(number, Fraction):  # irrational
                return clipped_float(math.prod(above) / math.prod(below))
            for part, power in ((number.numerator, sign), (number.denominator, -sign)):
                shift = max(0, part.bit_length() - _LEADING_BITS)
                mantissa, exponent = mantissa * float(part >> shift) ** power, exponent + power * shift
    return math.ldexp(mantissa, exponent)


def equal_float(value: Fraction | int) -> float | None:
    """Return the float that equals a number, None if there is none.

    >>> equal_float(Fraction(1, 4)), equal_float(Fraction(1, 3))
    (0.25, None)
    """
    try:
        nearest = float(value)
    except OverflowError:
        return None
    return nearest if nearest == value else None  # Python compares a float with a Fraction exactly


def float_vector(entries: Iterable[Fraction | int], policy: Policy) -> Floats:
    """Return exact numbers as floats, shape (n,)."""
    return np.array([policy(entry) for entry in entries], np.float64)


def float_values(entries: SparseEntries, policy: Policy) -> Floats:
    """Return the entries that a sparse matrix stores as floats, in their order."""
    if not entries.denominator:
        return entries.values
    return np.array([policy(Fraction(entry, entries.denominator)) for entry in entries.values], np.float64)


def unscaled(integers: Any, bits: int) -> Floats:
    """Return the numbers ``n / 2^bits`` for an array of integers n, as finite floats.

    >>> unscaled(np.array([3, -(10**400)], object), 1).tolist() == [1.5, -sys.float_info.max]
    True
    """
    try:
        numbers: Floats = integers.astype(float) / (1 << bits)
    except OverflowError:
        return np.array([clipped_float(Fraction(each, 1 << bits)) for each in integers.tolist()])
    return numbers


def float_matrix(matrix: Matrix, policy: Policy) -> Floats:
    """Return an exact matrix as floats of the same shape, each entry as the policy converts it."""
    if matrix.floats is not None:
        return matrix.floats
    if isinstance(matrix, StoredMatrix) and isinstance(matrix.storage, SparseEntries):
        return matrix.storage.dense(float_values(matrix.storage, policy))
    if not matrix.is_rational:
        return np.array([[policy(entry) for entry in row] for row in matrix.rows]).reshape(matrix.shape)
    numerators, denominator = matrix.scaled()
    rows = numerators.rows()
    try:
        floats = np.array([[entry / denominator for entry in row] for row in rows], np.float64)
    except OverflowError:
        floats = np.array([[policy(Fraction(entry, denominator)) for entry in row] for row in rows], np.float64)
        return floats.reshape(matrix.shape)
    floats = floats.reshape(matrix.shape)
    for k, j in np.argwhere(np.abs(floats) < sys.float_info.min).tolist():
        if rows[k][j]:
            floats[k, j] = policy(Fraction(rows[k][j], denominator))
    return floats
