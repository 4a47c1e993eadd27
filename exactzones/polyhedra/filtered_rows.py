"""Rows in floats with a bound on their errors, and their exact entries on demand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from exactzones.rational import Row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import EXACT_INTEGERS, UNIT_ROUNDOFF, filter_float


class LazyRow(NamedTuple):
    """A row ``b + a . x >= 0`` in floats, whose exact entries are computed only where the floats cannot decide.

    Attributes:
        floats: (d + 1,) the entries ``(b, a_1, .., a_d)``, rounded.
        error: a bound on the absolute error of every entry.
        exact: returns a positive multiple of the row as integers.
    """

    floats: Floats
    error: float
    exact: Callable[[], Row]


@dataclass(frozen=True, slots=True)
class FilteredRow:
    """A row of a ``program.Program``.

    Attributes:
        floats: (d + 1,) the entries, times ``sign``.
        error: a bound on their absolute errors.
        source: the row as it was pushed.
        size: about the Euclidean length of the slopes, a power of two; 1 if they are zero.
        sign: -1 if the row is turned round.
    """

    floats: Floats
    error: float
    source: Row | LazyRow
    size: float
    sign: int = 1

    @classmethod
    def of(cls, row: Row | LazyRow) -> FilteredRow:
        """Return a row of integers, or one with an error bound, as a filtered row."""
        if isinstance(row, LazyRow):
            floats, error = row.floats, row.error
        else:
            floats = np.array([filter_float(entry) for entry in row])
            largest = float(np.abs(floats).max())
            error = 0.0 if largest < EXACT_INTEGERS else largest * 2 * UNIT_ROUNDOFF
        length = float(np.sqrt(np.square(floats[1:] / (np.abs(floats).max() or 1.0)).sum())) * float(np.abs(floats).max())
        size = math.ldexp(1.0, math.frexp(length)[1]) if 0 < length < math.inf else 1.0
        return cls(floats, error, row, size)

    @property
    def guess(self) -> Floats:
        """The row for HiGHS: of a length between 1/2 and 1, not turned round."""
        scaled: Floats = np.nan_to_num(self.floats * (self.sign / self.size), posinf=1e30, neginf=-1e30)
        return scaled

    def exact(self) -> Row:
        """Return a positive multiple of the row as integers."""
        row = self.source.exact() if isinstance(self.source, LazyRow) else self.source
        return row if self.sign > 0 else tuple(-entry for entry in row)

    @property
    def exact_size(self) -> int:
        """A positive integer that is near ``size`` in proportion to the integer row."""
        row = self.exact()
        largest = max(range(len(row)), key=lambda k: abs(row[k]))
        value = abs(float(self.floats[largest]))
        if not value or not math.isfinite(value):
            return 1
        return max(1, round(abs(row[largest]) * Fraction(self.size) / Fraction(value)))

    def flipped(self) -> FilteredRow:
        """Return the row turned round: ``b + a . x <= 0``."""
        return FilteredRow(-self.floats, self.error, self.source, self.size, -self.sign)
