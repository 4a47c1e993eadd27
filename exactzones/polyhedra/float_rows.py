"""Rows of a polyhedron and bounds of its coordinates in floats, with bounds of all rounding errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from exactzones.deadline import Deadline
from exactzones.polyhedra.bounds import FloatBounds
from exactzones.polyhedra.facet_points import NO_ROW, Flags, Integers, PointSearch, Reached
from exactzones.rational import Row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF

Side: TypeAlias = tuple[int, int]
"""A side of a box: the coordinate, and 1 for its lower bound or -1 for the upper one."""

_MARGINS = (2.0**-4, 2.0**-8, 2.0**-14, 2.0**-20)  # of an inner point, the first that works
_OFF_THE_BOUNDS = 2.0**-6  # how much narrower a box is made for an inner point
_ASCENT = 20  # steps to a deeper inner point
_DEEP = 2.0**-3  # an inner point that is as far from all rows will do
_RISE = 2.0**6  # how many times as far from all rows a point is sought
_LEAST_RISE = 1.1
_NEAR = 6  # rows with which the search for it begins
_REGULAR = 1e-12  # added to the diagonal of a system that may be singular


@dataclass(frozen=True)
class FloatRows:
    """Rows and bounds in floats, with bounds of all rounding errors.

    Attributes:
        matrix: (n, d + 1) the rows with slopes of length 1, rounded: the errors are four roundings of each entry.
        lengths: (n,) upper bounds of the lengths of these rows, constants included.
        limits: the bounds of the coordinates.
    """

    matrix: Floats
    lengths: Floats
    limits: FloatBounds

    @classmethod
    @np.errstate(all="ignore")
    def of(cls, rows: Sequence[Row], limits: FloatBounds) -> FloatRows:
        """Return integer rows as floats."""
        scaled = np.array([_scaled(row) for row in rows]).reshape(len(rows), len(limits.inner[0]) + 1)
        slopes = np.sqrt(np.square(scaled[:, 1:]).sum(axis=1))
        slopes = np.where(slopes > 0, slopes, 1.0)
        lengths = np.sqrt(np.square(scaled).sum(axis=1)) / slopes * SLACK
        return cls(scaled / slopes[:, None], lengths, limits)

    def heights(self, point: Floats) -> Floats:
        """Return the values of the rows at a point, (n,)."""
        values: Floats = self.matrix[:, 0] + self.matrix[:, 1:] @ point
        return values

    @np.errstate(all="ignore")
    def signs(self, points: Floats) -> Integers:
        """Return the certain signs of the rows at points of the box, (K, n); 0 where the error bound cannot tell."""
        values = points @ self.matrix[:, 1:].T + self.matrix[:, 0]
        off = self._off(np.sqrt(np.square(points).sum(axis=1) + 1))[:, None] * self.lengths + TINY
        signs: Integers = (values > off).astype(np.int64) - (values < -off)
        return signs

    def are_positive(self, point: Floats) -> bool:
        """Tell whether all rows are certainly positive at a point of the box."""
        return bool((self.signs(point[None]) > 0).all())

    def beyond(self, reached: Reached) -> Flags:
        """Tell which points certainly lie beyond their rows alone, (K,)."""
        signs = self.signs(reached.points)
        signs[np.arange(len(reached.rows)), reached.rows] *= -1
        return np.asarray((signs > 0).all(axis=1))

    def moved(self, point: Floats, coordinates: Integers, there: Floats) -> tuple[Floats, Floats]:
        """Return the values of the rows where one coordinate of a point is exchanged, and bounds of their errors, (n, K) each.

        Args:
            point: (d,).
            coordinates: (K,) which one is exchanged.
            there: (K,) its new value.
        """
        moves = self.matrix[:, 1:][:, coordinates] * (there - point[coordinates])
        off = self._off(np.sqrt(np.square(point).sum() + 1)) * self.lengths
        return self.heights(point)[:, None] + moves, off[:, None] + 10 * UNIT_ROUNDOFF * SLACK * np.abs(moves) + TINY

    def _off(self, lengths: Any) -> Any:
        """Return a bound of the error of an inner product of a row with points of these lengths, per length of the row."""
        return (self.matrix.shape[1] + 10) * UNIT_ROUNDOFF * SLACK * lengths

    def with_sides(self, sides: Sequence[Side]) -> FloatRows:
        """Return the rows together with those of some sides of the box, which is wider there."""
        extra, (low, high) = np.zeros((len(sides), self.matrix.shape[1])), (end.copy() for end in self.limits.inner)
        for row, (k, sign) in zip(extra, sides, strict=True):
            end = (self.limits.outer[0] if sign > 0 else self.limits.outer[1])[k]
            row[0], row[k + 1] = -sign * end, sign
            (low if sign > 0 else high)[k] = end - sign
        lengths = np.sqrt(np.square(extra).sum(axis=1)) * SLACK
        wider = (low, high)
        return FloatRows(np.concatenate([self.matrix, extra]), np.concatenate([self.lengths, lengths]), FloatBounds(wider, wider))

    def points(self, centre: Floats, margin: float, deadline: Deadline) -> PointSearch:
        """Return the search for points near a centre."""
        return PointSearch(self.matrix, *self.limits.inner, centre, margin, deadline)

    def inside(self, centre: Floats, near: Sequence[int], deadline: Deadline) -> Floats | None:
        """Return a point near a centre, off all bounds, at which all rows are certainly positive; None if floats find none.

        Args:
            centre: (d,), strictly inside the box, which is bounded.
            near: the numbers of rows that may be the nearest ones to the point.
            deadline: when to stop.
        """
        low, high = (end + (centre - end) * _OFF_THE_BOUNDS for end in self.limits.inner)
        for margin in _MARGINS:
            search = PointSearch(self.matrix, low, high, centre, margin, deadline)
            for reached in search.search([NO_ROW], {NO_ROW: dict.fromkeys(near, 0.0)}):
                if len(reached.points) and self.are_positive(reached.points[0]):
                    point: Floats = reached.points[0]
                    return point
        return None

    @np.errstate(all="ignore")
    def lifted(self, point: Floats, deadline: Deadline) -> Floats:
        """Return a point farther from all rows than one strictly inside, (d,), as far as a search finds one.

        Where two rows nearly face each other, ascent (``deeper``) stops early.
        """
        low, high = (np.where(np.isinf(end), end, end + (point - end) * _OFF_THE_BOUNDS) for end in self.limits.inner)
        heights, best, factor = self.heights(point), point, _RISE
        least, near = heights.min(initial=np.inf), dict.fromkeys(np.argsort(heights)[:_NEAR].tolist(), 0.0)
        while least < _DEEP and factor > _LEAST_RISE:
            rises = False
            for reached in PointSearch(self.matrix, low, high, point, least * factor, deadline).search([NO_ROW], {NO_ROW: near}):
                height = self.heights(reached.points[0]).min() if len(reached.points) else 0.0
                if height > _LEAST_RISE * least:
                    rises, best, least = True, reached.points[0], height
                    near = {
                        k: y for k, y in zip(reached.others[0].tolist(), reached.multipliers[0].tolist(), strict=True) if k >= 0
                    }
            factor = factor if rises else np.sqrt(factor)
        return best

    @np.errstate(all="ignore")
    def deeper(self, point: Floats) -> Floats:
        """Return a point farther from the nearest rows than one strictly inside, (d,), if ascent finds one."""
        low, high = (np.where(np.isinf(end), end, end + (point - end) * _OFF_THE_BOUNDS) for end in self.limits.inner)
        for _ in range(_ASCENT if len(self.matrix) else 0):
            heights = self.heights(point)
            least = heights.min()
            slope = np.exp((least - heights) / least) @ self.matrix[:, 1:]
            steps = least * 2.0 ** np.arange(-2, 8) / (np.sqrt(np.square(slope).sum()) or 1.0)
            points = np.clip(point + steps[:, None] * slope, low, high)
            reached = (points @ self.matrix[:, 1:].T + self.matrix[:, 0]).min(axis=1)
            if not reached.max() > least:
                break
            point = points[reached.argmax()]
        return point

    @np.errstate(all="ignore")
    def implies(self, others: Sequence[int], row: int, sides: Sequence[Side] = ()) -> bool:
        """Tell whether floats find multipliers of other rows, and prove that on the box their sum is below a row.

        The sum is to have the row's slopes, but for coordinates whose sides of the box make up for the difference.
        """
        chosen = self.matrix[list(others)]
        slopes = chosen[:, 1:].copy()
        slopes[:, [k for k, _ in sides]] = 0.0
        products = slopes @ slopes.T + np.eye(len(others)) * _REGULAR
        multipliers = np.maximum(np.linalg.solve(products, slopes @ self.matrix[row, 1:]), 0.0)
        return self._is_above(chosen, multipliers, row)

    @np.errstate(all="ignore")
    def is_below(self, combination: Mapping[int, float], row: int) -> bool:
        """Tell whether floats prove that on the box the sum of other rows with multipliers >= 0 is below a row.

        Args:
            combination: the multipliers of the others, and that of the row by which they are divided.
            row: whose multiplier is not zero.
        """
        others = {other: y for other, y in combination.items() if other != row}
        return self._is_above(self.matrix[list(others)], np.array(list(others.values())) / combination[row], row)

    def _is_above(self, chosen: Floats, multipliers: Floats, row: int) -> bool:
        combined = multipliers @ chosen - self.matrix[row]
        sizes = multipliers @ np.abs(chosen) + np.abs(self.matrix[row])
        off = (len(chosen) + 10) * UNIT_ROUNDOFF * SLACK * sizes + TINY
        return self.limits.largest(combined, off, sizes[1:] > 0) < 0


def _scaled(row: Row) -> Floats:
    """Return a row of integers divided by the largest of them, up to two roundings of each entry."""
    try:
        floats = np.array(row, np.float64)
    except OverflowError:
        largest = max(map(abs, row))
        return np.array([entry / largest for entry in row])
    scaled: Floats = floats / np.abs(floats).max()
    return scaled
