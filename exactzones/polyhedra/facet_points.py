"""Points beyond one row of a polyhedron alone, for many rows at once: guesses in floats, of which nothing is proved.

For each row the point nearest to a centre is sought at which this row is negative and all others are positive, by a margin.  That
point is the centre plus a combination of a few rows' slopes with multipliers >= 0, moved into the box coordinate by coordinate.
Newton's method, damped where a multiplier would become negative, finds the multipliers; then the row that is violated most joins.
The rows of such a combination are a good start for the polyhedron on the other side of a facet.

Source: Qi and Sun 1993, A nonsmooth version of Newton's method; Goldfarb and Idnani 1983 (rows that join and leave).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from exactzones.deadline import Deadline
from exactzones.rational.arrays import Floats

Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

NO_ROW = -1
_MOST_ROWS = 24  # of a combination
_ROUNDS = 30  # of rows that join
_IDLE = 5  # rounds in which no point is found, after which the search ends
_STEPS = 5  # of Newton's method after each
_LEAST_STEP = 0.1  # however close a multiplier is to zero
_REGULAR = 1e-3  # added to the diagonal: few coordinates may be free
_BATCH = 1 << 20  # numbers that are gathered at once


class Reached(NamedTuple):
    """Points that were found.

    Attributes:
        rows: (K,) the numbers of the rows that are negative there; ``NO_ROW`` if none was to be.
        points: (K, d).
        others: (K, s) the rows of the combinations, with ``NO_ROW`` where there are fewer.
        multipliers: (K, s) of these rows.
    """

    rows: Integers
    points: Floats
    others: Integers
    multipliers: Floats


@dataclass(frozen=True)
class PointSearch:
    """The search for points.

    Attributes:
        matrix: (n, d + 1) rows ``b + a . x >= 0`` with slopes of length 1.
        low: (d,) lower bounds of the box.
        high: (d,) upper bounds.
        centre: (d,) near which points are sought.
        margin: how far from all rows they are, at least.
        deadline: when to stop.
    """

    matrix: Floats
    low: Floats
    high: Floats
    centre: Floats
    margin: float
    deadline: Deadline

    def search(self, rows: Sequence[int], hints: Mapping[int, Mapping[int, float]]) -> Iterator[Reached]:
        """Yield points as they are found.

        Args:
            rows: each of which is to be negative at a point; ``NO_ROW`` asks for a point at which all are positive.
            hints: for some of them the rows of a combination to begin with, with their multipliers.
        """
        meant = np.array(rows, np.int64)
        slots = np.full((len(meant), _MOST_ROWS), NO_ROW)
        multipliers, idle = np.zeros(slots.shape), 0
        for k, row in enumerate(rows):
            combination = dict(list({row: 0.0, **hints.get(row, {})}.items())[: _MOST_ROWS - 1])
            slots[k, : len(combination)] = list(combination)
            multipliers[k, : len(combination)] = list(combination.values())
        for _ in range(_ROUNDS):
            idle += 1
            going = np.zeros(len(meant), bool)
            width = int((slots >= 0).sum(axis=1).max(initial=1)) + 1
            size = max(1, _BATCH // (width * len(self.centre) + len(self.matrix)))
            for start in range(0, len(meant), size):
                self.deadline.check()
                part = slice(start, start + size)
                reached, going[part] = self._advance(meant[part], slots[part], multipliers[part])
                idle = 0 if len(reached.rows) else idle
                yield reached
            meant, slots, multipliers = meant[going], slots[going], multipliers[going]
            if not len(meant) or idle > _IDLE:
                return

    @np.errstate(all="ignore")  # infinities and NaN decide nothing
    def _advance(self, meant: Integers, slots: Integers, multipliers: Floats) -> tuple[Reached, Any]:
        """Return the points that are found, and which of the others may still be; change the combinations."""
        points = self._nearest(meant, slots, multipliers)
        values = points @ self.matrix[:, 1:].T + self.matrix[:, 0]
        flipped = np.flatnonzero(meant >= 0)
        values[flipped, meant[flipped]] *= -1
        worst = np.argmin(values, axis=1)
        least = values[np.arange(len(meant)), worst]
        found = least > self.margin / 64
        reached = Reached(meant[found], points[found], slots[found], multipliers[found])
        leaving = multipliers <= 0
        leaving[:, 0] = False
        slots[leaving], multipliers[leaving] = NO_ROW, 0.0
        order = np.argsort(slots[:, 1:] < 0, axis=1, kind="stable") + 1
        slots[:, 1:], multipliers[:, 1:] = (np.take_along_axis(each, order, axis=1) for each in (slots, multipliers))
        is_new = (slots != worst[:, None]).all(axis=1)
        has_place = slots[:, -1] < 0
        joining = np.flatnonzero(is_new & has_place)
        slots[joining, (slots[joining, 1:] >= 0).sum(axis=1) + 1] = worst[joining]
        return reached, ~found & (has_place | ~is_new) & np.isfinite(least)

    def _nearest(self, meant: Integers, slots: Integers, multipliers: Floats) -> Floats:
        """Return the points near the centre at which the rows of combinations have the margin; set the multipliers."""
        width = min(int((slots >= 0).sum(axis=1).max()) + 1, slots.shape[1])
        chosen = slots[:, :width]
        signs = np.where(chosen < 0, 0.0, np.where(chosen == meant[:, None], -1.0, 1.0))
        slopes, constants = self.matrix[chosen, 1:] * signs[:, :, None], self.matrix[chosen, 0] * signs
        y, diagonal = multipliers[:, :width], np.arange(width)
        for _ in range(_STEPS):
            moved = self.centre + (y[:, None] @ slopes)[:, 0]
            points = np.clip(moved, self.low, self.high)
            missing = (self.margin - constants - (slopes @ points[:, :, None])[:, :, 0]) * np.abs(signs)
            acting = (signs != 0) & ((y > 0) | (missing > 0))
            free = slopes * ((self.low < moved) & (moved < self.high))[:, None]
            products = (free @ slopes.transpose(0, 2, 1)) * (acting[:, :, None] & acting[:, None])
            products[:, diagonal, diagonal] += np.where(acting, _REGULAR, 1.0)
            step = np.linalg.solve(products, np.where(acting, missing, 0.0)[:, :, None])[:, :, 0]
            shares = np.where(step < 0, y / -step, np.inf).min(axis=1)
            y = np.maximum(y + np.clip(shares, _LEAST_STEP, 1.0)[:, None] * step, 0.0)
        multipliers[:, :width] = y
        return np.clip(self.centre + (y[:, None] @ slopes)[:, 0], self.low, self.high)
