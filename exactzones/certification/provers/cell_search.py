"""Prover for few inputs: cells of a bounded domain, kept by their vertices, cut by hidden units in the order of layers.

Nothing here is trusted: floats propose a tree, the checker's integers decide.  On a cell, the units of the layers that are not
settled yet get linear bounds (CROWN) whose least value is taken over the cell's vertices; the vertex at which it is taken
names the rows whose multipliers prove the bound (its tight rows).  A cell is dropped once a condition cannot hold on it, else
split by a unit of the first layer that is still open.  No linear program is solved.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from exactzones.certification.provers.base import UNKNOWN, Search, Start
from exactzones.certification.provers.polytopes import Planes, crossings
from exactzones.certification.provers.relaxation import Floats, Relaxation

_SETTLED = 1e-9
_ROUNDING = 2.0**-26  # what the checker's rounding costs a bound, about, for values of size 1
_PERIOD = 2  # of the levels at which bounds of later layers are kept


@dataclass
class Cell:
    """A cell that waits: vertices (k, d), the ids of the d hyperplanes tight at each, bounds of all hidden units."""

    vertices: Floats
    tight: Floats
    low: Floats
    high: Floats
    low_from: Floats  # which bound each comes from; -1 none, -2 a split
    high_from: Floats
    parent: int
    side: int
    depth: int


@dataclass
class _Recorded:
    """All bounds that were taken, as parallel lists of arrays."""

    node: list[Floats] = field(default_factory=list)
    unit: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    row: list[Floats] = field(default_factory=list)
    tight: list[Floats] = field(default_factory=list)
    count: int = 0

    def add(self, node: Floats, unit: Floats, upper: int, row: Floats, tight: Floats) -> Floats:
        """Record bounds; returns their numbers."""
        self.node.append(node)
        self.unit.append(unit)
        self.upper.append(np.full(len(node), upper))
        self.row.append(row)
        self.tight.append(tight)
        self.count += len(node)
        return np.arange(self.count - len(node), self.count)


class CellSearch(Search):
    """Search of one region.

    Args:
        start: the region.
        depth: how many splits led to it.
        patterns: signs of listed zones and their numbers: cells on which the conditions hold are to be such zones, and no
            witness is looked for.
        margin: how far beyond zero a bound must be, in units of what the checker's rounding may cost, about.
        batch: how many cells at once.
    """

    def __init__(
        self, start: Start, depth: int, *, patterns: dict[str, int] | None = None, margin: float = 1, batch: int = 256
    ) -> None:
        super().__init__(start, batch)
        self.patterns = patterns
        self.margin = margin * _ROUNDING
        self.dim = len(start.low)
        self.planes = Planes(self.dim)
        box = []
        for j in range(self.dim):
            unit = np.eye(self.dim)[j]
            box += [[start.high[j], *-unit], [-start.low[j], *unit]]
        self.planes.add(np.array(box), np.full(2 * self.dim, -1))
        self.recorded = _Recorded()
        self.bounds_at: dict[int, tuple[Floats, Floats, Floats, Floats]] = {}
        corners = np.array(list(itertools.product((0, 1), repeat=self.dim)))
        vertices = np.where(corners, start.high, start.low)
        tight = np.where(corners, 0, 1) + 2 * np.arange(self.dim)
        self.divided = {number: size for _, number, size in zip(*start.rows, strict=True) if size != 1}
        for row, number, _ in zip(*start.rows, strict=True):
            vertices, tight = self._cut_alone(vertices, tight, row, number)
        origin = np.full(self.claim.units, -1, np.int32)
        bounds = np.maximum(start.known[0], -UNKNOWN), np.minimum(start.known[1], UNKNOWN)
        if len(vertices) > self.dim:
            self.stack.append(Cell(vertices, tight, *bounds, origin, origin.copy(), -1, 0, depth))

    def _step(self, some: list[Cell], numbers: Floats) -> None:
        claim, cells, count = self.claim, some, len(some)
        sizes = np.array([len(cell.vertices) for cell in cells])
        vertices = np.concatenate([cell.vertices for cell in cells])
        tight = np.concatenate([cell.tight for cell in cells])
        owner = np.repeat(np.arange(count), sizes)
        first = np.cumsum(sizes) - sizes
        padded = first[:, None] + np.minimum(np.arange(sizes.max()), sizes[:, None] - 1)
        points = np.concatenate([np.ones((count, 1, sizes.max())), vertices[padded].transpose(0, 2, 1)], 1)
        centres = np.add.reduceat(vertices, first) / sizes[:, None]
        if self.patterns is None:
            self._try(centres)
        low, high = np.array([cell.low for cell in cells]), np.array([cell.high for cell in cells])
        low_from, high_from = np.array([cell.low_from for cell in cells]), np.array([cell.high_from for cell in cells])
        before = low.copy(), high.copy(), low_from.copy(), high_from.copy()
        root = cells[0].parent < 0
        live, targets = self._tighten(low, high, low_from, high_from, points, tight[padded], numbers, root=root)
        if not root:
            self._forget(np.array([cell.depth for cell in cells]), live, before, low, high, low_from, high_from)
        for c in range(count):
            self.bounds_at[int(numbers[c])] = low[c], high[c], low_from[c], high_from[c]
        open_ = claim.relu & (low < -_SETTLED) & (high > _SETTLED)
        layer = np.full(count, -1)
        for k in range(claim.depth - 1, -1, -1):
            layer[open_[:, claim.span(k)].any(1)] = k
        for c in np.nonzero(live & (layer < 0))[0].tolist():
            self._finish(int(numbers[c]), targets[c], vertices[owner == c], tight[owner == c])
        live &= layer >= 0
        if live.any() and self.witness is None:
            keep = live[owner]
            self._split(
                cells, numbers, live, layer, open_, (vertices[keep], tight[keep], owner[keep]), (low, high, low_from, high_from)
            )

    # Bounds.

    def _least(self, rows: Floats, cell: Floats, points: Floats) -> tuple[Floats, Floats]:
        """Return the least value of rows over their cells' vertices, and at which vertex; rows come cell by cell."""
        counts = np.bincount(cell, minlength=len(points))
        place = np.arange(len(cell)) - (np.cumsum(counts) - counts)[cell]
        batch = np.zeros((len(points), counts.max(), self.dim + 1))
        batch[cell, place] = rows
        values = np.matmul(batch, points)
        at = values.argmin(2)
        return np.take_along_axis(values, at[..., None], 2)[cell, place, 0], at[cell, place]

    def _tighten(
        self,
        low: Floats,
        high: Floats,
        low_from: Floats,
        high_from: Floats,
        points: Floats,
        tight: Floats,
        numbers: Floats,
        *,
        root: bool,
    ) -> tuple[Floats, Floats]:
        """Bound open units layer by layer, in place; returns which cells live on, and linear bounds of the conditions there."""
        claim, count = self.claim, len(low)
        live = np.ones(count, bool)
        targets = np.zeros((count, len(claim.targets), self.dim + 1))
        relaxed: list[Relaxation] = []
        old = [claim.relax(k, low, high) for k in range(claim.depth)]
        for k in range(claim.depth):
            span = claim.span(k)
            cell, unit = np.nonzero((low[:, span] < 0) & (high[:, span] > 0) & live[:, None])
            if len(cell):
                weight, bias, half = claim.weights[k][unit], claim.biases[k][unit], len(cell)
                both = np.concatenate([weight, -weight]), np.concatenate([bias, -bias]), np.concatenate([cell, cell])
                rows = claim.lower(*both, relaxed)
                for upper, chosen, known, source in ((0, rows[:half], low, low_from), (1, rows[half:], high, high_from)):
                    value, at = self._least(chosen, cell, points)
                    value = np.where(np.abs(value) < _SETTLED, -_SETTLED, value)
                    value = -value if upper else value
                    before = known[cell, span.start + unit]
                    better = np.nonzero(value < before if upper else value > before)[0]
                    units = span.start + unit[better]
                    found = self.recorded.add(
                        numbers[cell[better]], units, upper, chosen[better], tight[cell[better], at[better]]
                    )
                    known[cell[better], units], source[cell[better], units] = value[better], found
                old[k] = claim.relax(k, low, high)
            relaxed.append(old[k])
            if (root and k < claim.depth - 1) or not live.any():
                continue
            # The conditions after each layer: a cell is done as soon as it can be.
            some = np.nonzero(live)[0] if k in (0, claim.depth - 1) else np.intersect1d(np.nonzero(live)[0], cell)
            if len(some):
                targets[some] = claim.lower_targets(some, [*relaxed, *old[k + 1 :]])
                self._drop(some, targets[some], points, tight, numbers, live, low, high)
        if claim.depth == 0 and claim.targets:
            targets[:] = claim.lower_targets(np.arange(count), [])
            self._drop(np.arange(count), targets, points, tight, numbers, live, low, high)
        return live, targets

    def _drop(
        self,
        some: Floats,
        targets: Floats,
        points: Floats,
        tight: Floats,
        numbers: Floats,
        live: Floats,
        low: Floats,
        high: Floats,
    ) -> None:
        """Drop cells on which in every case some condition is certainly not met."""
        width, cases = targets.shape[1], self.claim.cases
        if any(case.start == case.stop for case in cases):
            return
        value, at = self._least(targets.reshape(-1, self.dim + 1), np.repeat(some, width), points)
        value, at = value.reshape(-1, width), at.reshape(-1, width)
        best = np.stack([case.start + value[:, case].argmax(1) for case in cases], 1)
        sizes = np.maximum(np.abs(low[some]), np.abs(high[some]))
        margin = self.margin * (1 + np.where(sizes < UNKNOWN, sizes, 0).sum(1))  # the other side of a split may be unknown
        done = (np.take_along_axis(value, best, 1) > margin[:, None]).all(1)
        if done.any():
            index, condition = np.repeat(np.nonzero(done)[0], len(cases)), best[done].ravel()
            cell = some[index]
            found = self.recorded.add(
                numbers[cell], self.claim.units + condition, 0, targets[index, condition], tight[cell, at[index, condition]]
            )
            self.leaf.update(zip(numbers[some[done]].tolist(), found.reshape(-1, len(cases)).tolist(), strict=True))
            live[some[done]] = False

    def _forget(self, depth: Floats, live: Floats, before: tuple[Floats, ...], *now: Floats) -> None:
        """On every other level forget what was learnt behind the first open layer: shorter proofs for a few more cells."""
        claim, low, high = self.claim, now[0], now[1]
        first = np.full(len(depth), claim.depth)
        for k in range(claim.depth - 1, -1, -1):
            first[((low[:, claim.span(k)] < -_SETTLED) & (high[:, claim.span(k)] > _SETTLED)).any(1)] = k
        forget = (live & (depth % _PERIOD != 0))[:, None] & (claim.layer_of[None] > first[:, None])
        for old, new in zip(before, now, strict=True):
            new[forget] = old[forget]

    # Splits and ends.

    def _split(
        self,
        cells: list[Cell],
        numbers: Floats,
        live: Floats,
        layer: Floats,
        open_: Floats,
        geometry: tuple[Floats, Floats, Floats],
        bounds: tuple[Floats, Floats, Floats, Floats],
    ) -> None:
        claim, count = self.claim, len(cells)
        low, high, low_from, high_from = bounds
        vertices, tight, owner = geometry
        rows = np.zeros((2, count, self.dim + 1))
        unit = np.zeros(count, int)
        relaxed = [claim.relax(k, low, high) for k in range(claim.depth)]
        for k in range(claim.depth):
            some = np.nonzero((layer == k) & live)[0]
            if not len(some):
                continue
            span = claim.span(k)
            score = np.where(open_[some, span], np.minimum(-low[some, span], high[some, span]), -1)
            j = score.argmax(1)
            unit[some] = span.start + j
            for side, sign in ((0, 1), (1, -1)):
                rows[side, some] = claim.lower(sign * claim.weights[k][j], sign * claim.biases[k][j], some, relaxed[:k])
        alive = np.nonzero(live)[0].tolist()
        domain = claim.domain_rows
        children: dict[int, list[tuple[int, Cell]]] = {}
        for side in (0, 1):  # z <= 0, so its lower bound is; z >= 0, so the lower bound of -z is <= 0
            values = -(rows[side][owner, 0] + (rows[side][owner, 1:] * vertices).sum(1))
            ids = np.full(count, -1)
            ids[alive] = self.planes.add(-rows[side][alive], np.array([domain + cells[c].depth for c in alive]))
            fresh, fresh_tight, fresh_owner = crossings(vertices, tight, owner, values, ids)
            keep = values >= 0
            parts = [
                np.concatenate(pair) for pair in ((vertices[keep], fresh), (tight[keep], fresh_tight), (owner[keep], fresh_owner))
            ]
            order = np.argsort(parts[2], kind="stable")
            corners, planes, owners = (part[order] for part in parts)
            counts = np.bincount(owners, minlength=count)
            first = np.cumsum(counts) - counts
            for c in alive:
                if counts[c] <= self.dim:  # a sliver: the whole cell contains it
                    mine = owner == c
                    shape = vertices[mine], tight[mine]
                else:
                    mine = slice(first[c], first[c] + counts[c])
                    shape = corners[mine], planes[mine]
                child = Cell(
                    *shape,
                    low[c].copy(),
                    high[c].copy(),
                    low_from[c].copy(),
                    high_from[c].copy(),
                    int(numbers[c]),
                    side,
                    cells[c].depth + 1,
                )
                if side:
                    child.low[unit[c]], child.low_from[unit[c]] = max(child.low[unit[c]], 0.0), -2
                else:
                    child.high[unit[c]], child.high_from[unit[c]] = min(child.high[unit[c]], 0.0), -2
                children.setdefault(c, []).append((side, child))
        for c in alive:
            self._divide(int(numbers[c]), int(unit[c]))
        for side in (0, 1):
            self.stack += [children[c][side][1] for c in alive]

    def _finish(self, number: int, targets: Floats, vertices: Floats, tight: Floats) -> None:
        """Decide a cell on which every unit is settled: the conditions are affine there."""
        refuted = []
        for case in self.claim.cases:  # all of them: where one only touches another may hold
            found, where = self._refute(number, case, targets, vertices, tight)
            if found is None and len(where) and self.patterns is None:
                self._try(where.mean(0)[None])
                if self.witness is not None:
                    return
            refuted.append(found)
        if None not in refuted:
            self.leaf[number] = refuted
            return
        if not len(where) or self.patterns is None:
            return
        signs = "".join("+" if entry > -_SETTLED else "-" for entry in self.bounds_at[number][0][self.claim.relu])
        if signs in self.patterns:
            self.zone[number] = self.patterns[signs]

    def _refute(self, number: int, case: slice, targets: Floats, vertices: Floats, tight: Floats) -> tuple[int | None, Floats]:
        """Return the bound that shows that a case's conditions cannot hold together, or else where they do, as vertices."""
        for r in range(case.start, case.stop):  # the condition holds where -row > 0
            row = targets[r]
            values = row[0] + vertices @ row[1:]
            if len(vertices) and values.min() > self.margin:
                unit = np.array([self.claim.units + r])
                return int(self.recorded.add(np.array([number]), unit, 0, row[None], tight[[values.argmin()]])[0]), vertices
            vertices, tight = self._cut_alone(vertices, tight, -row, -2 - r)
        return None, vertices

    def _cut_alone(self, vertices: Floats, tight: Floats, row: Floats, number: int) -> tuple[Floats, Floats]:
        """Cut a single cell by ``row >= 0``."""
        values, owner = row[0] + vertices @ row[1:], np.zeros(len(vertices), int)
        ids = self.planes.add(row[None], np.array([number]))
        fresh, fresh_tight, _ = crossings(vertices, tight, owner, values, ids)
        keep = values >= 0
        return np.concatenate([vertices[keep], fresh]), np.concatenate([tight[keep], fresh_tight])
