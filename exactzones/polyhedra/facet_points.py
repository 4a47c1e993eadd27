"""Points beyond one row of a polyhedron alone, for many rows at once: guesses in floats, of which nothing is proved.

For each row the point nearest to a centre is sought at which this row is negative and all others are positive, by a margin.  That
point is the centre plus a combination of a few rows' slopes with multipliers >= 0, moved into the box coordinate by coordinate.
Newton's method, damped where a multiplier would become negative, finds the multipliers; then the row that is violated most joins.
If there is no such point, the multipliers grow until their combination of the rows is negative on the whole box, which proves it.
The rows of a combination are a good start for the polyhedron on the other side of a facet.

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
Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

NO_ROW = -1
_MOST_ROWS = 24  # of a combination
_ROUNDS = 30  # in which rows join
_JOINING = 2  # rows in a round, at most
_IDLE = 5  # rounds in which no point is found, after which the search ends
_STEPS = 4  # of Newton's method after each
_LEAST_STEP = 0.1  # however close a multiplier is to zero
_REGULAR = 1e-3  # added to the diagonal: few coordinates may be free
_BATCH = 1 << 17  # numbers that are gathered at once: few enough for a processor's cache


class Reached(NamedTuple):
    """Rows about which something was found.

    Attributes:
        rows: (K,) their numbers; ``NO_ROW`` where no row was to be negative.
        points: (K, d) points beyond them.
        others: (K, s) the rows of the combinations, with ``NO_ROW`` where there are fewer.
        multipliers: (K, s) of these rows.
        refuted: (K,) whether there seems to be no such point: the combination is negative on the box.
    """

    rows: Integers
    points: Floats
    others: Integers
    multipliers: Floats
    refuted: Flags


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
        """Yield what is found, round by round.

        Args:
            rows: each of which is to be negative at a point; ``NO_ROW`` asks for a point at which all are positive.
            hints: for some of them the rows of a combination to begin with, with their multipliers.
        """
        meant, idle = np.array(rows, np.int64), 0
        slots, multipliers = np.full((len(meant), _MOST_ROWS), NO_ROW), np.zeros((len(meant), _MOST_ROWS))
        for k, row in enumerate(rows):
            combination = dict(list({row: 0.0, **hints.get(row, {})}.items())[: _MOST_ROWS - 1])
            slots[k, : len(combination)] = list(combination)
            multipliers[k, : len(combination)] = list(combination.values())
        for _ in range(_ROUNDS):
            idle += 1
            used = (slots >= 0).sum(axis=1)
            order = np.argsort(-used, kind="stable")  # a batch is as wide as its longest combination
            meant, slots, multipliers = meant[order], slots[order], multipliers[order]
            going = np.zeros(len(meant), bool)
            for part in self._batches(used[order]):
                self.deadline.check()
                reached, going[part] = self._advance(meant[part], slots[part], multipliers[part])
                idle = 0 if len(reached.rows) else idle
                yield reached
            meant, slots, multipliers = meant[going], slots[going], multipliers[going]
            if not len(meant) or idle > _IDLE:
                return

    def _batches(self, used: Integers) -> Iterator[slice]:
        """Yield parts of combinations of these many rows, in descending order."""
        start = 0
        while start < len(used):
            size = max(1, _BATCH // ((int(used[start]) + 1) * len(self.centre) + len(self.matrix)))
            yield slice(start, start + size)
            start += size

    @np.errstate(all="ignore")  # infinities and NaN decide nothing
    def _advance(self, meant: Integers, slots: Integers, multipliers: Floats) -> tuple[Reached, Flags]:
        """Return what is found, and which of the others may still be; change the combinations."""
        points, tops = self._nearest(meant, slots, multipliers)
        values = points @ self.matrix[:, 1:].T + self.matrix[:, 0]
        flipped = np.flatnonzero(meant >= 0)
        values[flipped, meant[flipped]] *= -1
        worst = np.argmin(values, axis=1)
        least = values[np.arange(len(meant)), worst]
        refuted = tops < 0
        found = (least > self.margin / 64) | refuted
        reached = Reached(meant[found], points[found], slots[found], multipliers[found], refuted[found])
        leaving = multipliers <= 0
        leaving[:, 0] = False
        slots[leaving], multipliers[leaving] = NO_ROW, 0.0
        order = np.argsort(slots[:, 1:] < 0, axis=1, kind="stable") + 1
        slots[:, 1:], multipliers[:, 1:] = (np.take_along_axis(each, order, axis=1) for each in (slots, multipliers))
        return reached, ~found & self._join(values, slots) & np.isfinite(least)

    def _join(self, values: Floats, slots: Integers) -> Flags:
        """Let the lowest rows join combinations, and return where the lowest one of all could, or had joined before.

        Args:
            values: (K, n) of the rows at points; those of rows that join become infinite.
            slots: (K, s) the combinations.
        """
        every, goes_on = np.arange(len(slots)), np.ones(len(slots), bool)
        for nth in range(_JOINING):
            lowest = np.argmin(values, axis=1)
            is_new = (slots != lowest[:, None]).all(axis=1)
            has_place = slots[:, -1] < 0
            if nth == 0:
                goes_on = has_place | ~is_new
            else:
                is_new &= values[every, lowest] < self.margin / 2
            joining = np.flatnonzero(is_new & has_place)
            slots[joining, (slots[joining, 1:] >= 0).sum(axis=1) + 1] = lowest[joining]
            values[every, lowest] = np.inf
        return goes_on

    def _nearest(self, meant: Integers, slots: Integers, multipliers: Floats) -> tuple[Floats, Floats]:
        """Return the points near the centre at which the rows of combinations have the margin; set the multipliers.

        Also returned are the largest values of the combinations on the box.
        """
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
        combined = (y[:, None] @ slopes)[:, 0]
        tops = (y * constants).sum(axis=1) + np.where(combined > 0, combined * self.high, combined * self.low).sum(axis=1)
        return np.clip(self.centre + combined, self.low, self.high), tops
