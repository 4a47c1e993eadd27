"""Bounds of the coordinates: a box, or more where some are missing, exactly and in floats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from exactzones.rational import Row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF, filter_float

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


class Bounds(NamedTuple):
    """Bounds of the coordinates, d each; None where there is none."""

    low: tuple[Fraction | None, ...]
    high: tuple[Fraction | None, ...]

    @classmethod
    def space(cls, dim: int) -> Bounds:
        """Return all of R^dim."""
        return cls((None,) * dim, (None,) * dim)

    @classmethod
    def of(cls, rows: Sequence[Row], dim: int) -> tuple[Bounds, list[Row]]:
        """Return the box that the rows of single coordinates describe, and the other rows."""
        low: list[Fraction | None] = [None] * dim
        high: list[Fraction | None] = [None] * dim
        others = []
        for row in rows:
            slopes = [k for k, entry in enumerate(row[1:]) if entry]
            if len(slopes) != 1:
                others.append(row)
                continue
            (k,) = slopes
            bound = Fraction(-row[0], row[k + 1])
            if row[k + 1] > 0:
                low[k] = bound if low[k] is None else max(low[k], bound)  # type: ignore[type-var]
            else:
                high[k] = bound if high[k] is None else min(high[k], bound)  # type: ignore[type-var]
        return cls(tuple(low), tuple(high)), others

    def rows(self) -> list[Row]:
        """Return the rows of the finite bounds: for each coordinate the lower one, then the upper one."""
        return [row for _, _, row in self.sides()]

    def sides(self) -> list[tuple[int, int, Row]]:
        """Return (coordinate, 1 for a lower bound or -1 for an upper one, row) for each finite bound."""
        dim, found = len(self.low), []
        for k, bounds in enumerate(zip(self.low, self.high, strict=True)):
            for bound, sign in zip(bounds, (1, -1), strict=True):
                if bound is not None:
                    row = [0] * (dim + 1)
                    row[0], row[k + 1] = -sign * bound.numerator, sign * bound.denominator
                    found.append((k, sign, tuple(row)))
        return found


class FloatBounds(NamedTuple):
    """A box in floats.

    Attributes:
        inner: bounds that are rounded inward.
        outer: bounds that are rounded outward.
    """

    inner: tuple[Floats, Floats]
    outer: tuple[Floats, Floats]

    @classmethod
    def of(cls, bounds: Bounds) -> FloatBounds:
        """Return bounds in floats."""
        lows = [(-math.inf, -math.inf) if bound is None else _around(bound) for bound in bounds.low]
        highs = [(math.inf, math.inf) if bound is None else _around(bound) for bound in bounds.high]
        inner = np.array([above for _, above in lows]), np.array([below for below, _ in highs])
        outer = np.array([below for below, _ in lows]), np.array([above for _, above in highs])
        return cls(inner, outer)

    @property
    def guess(self) -> tuple[Floats, Floats]:
        """The bounds for HiGHS."""
        return self.outer

    def with_coordinate(self, coordinate: int, bounds: FloatBounds) -> FloatBounds:
        """Return these bounds with those of one coordinate replaced by the bounds of a line."""
        inner, outer = ((low.copy(), high.copy()) for low, high in self)
        for own, others in ((inner, bounds.inner), (outer, bounds.outer)):
            own[0][coordinate], own[1][coordinate] = others[0][0], others[1][0]
        return FloatBounds(inner, outer)

    def clip(self, point: Floats) -> Floats:
        """Return the point of the box that is nearest to a point."""
        return np.clip(point, *self.inner)

    def contains(self, point: Floats) -> bool:
        """Tell whether floats prove that a point, (d,), is in the box."""
        return bool((self.inner[0] <= point).all() and (point <= self.inner[1]).all())

    def largest(self, combined: Floats, off: Floats, used: Flags) -> float:
        """Return an upper bound of a function on the box.

        Args:
            combined: (d + 1,) its entries, the constant first.
            off: (d + 1,) bounds on their errors.
            used: (d,) False for coordinates on which it certainly does not depend.
        """
        low, high = self.outer
        slopes, farthest = combined[1:], np.maximum(np.abs(low), np.abs(high))
        ends = np.where(slopes > 0, slopes * high, slopes * low) + off[1:] * farthest
        ends = np.where(used, np.where(np.isinf(farthest), math.inf, ends), 0.0)
        size = float(np.abs(combined[0]) + np.abs(ends).sum())
        return float(combined[0] + off[0] + ends.sum()) + (len(slopes) + 6) * UNIT_ROUNDOFF * size * SLACK + TINY


@lru_cache(maxsize=4096)  # a program whose box changes by a side asks for all the others again
def _around(value: Fraction) -> tuple[float, float]:
    """Return the largest float below a number and the least one above, equal if the number is a float."""
    nearest = filter_float(value)
    if not math.isfinite(nearest):
        return (math.nextafter(math.inf, 0), math.inf) if nearest > 0 else (-math.inf, -math.nextafter(math.inf, 0))
    return (
        nearest if nearest <= value else math.nextafter(nearest, -math.inf),
        nearest if nearest >= value else math.nextafter(nearest, math.inf),
    )
