"""Prover for few inputs: cells of a bounded domain, stored by their vertices, cut by hidden units layer by layer.

Nothing here is trusted: floats propose a tree, the checker's integers decide.  On a cell, open units get linear bounds (CROWN),
whose least value is taken over the cell's vertices; the vertex at which it is attained names the rows whose multipliers prove
the bound (its tight rows).  A cell is proved once a condition cannot hold on it, and is split otherwise, by an open unit of the
first layer that has one.  No linear program is solved.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from exactzones.certification.provers.base import UNKNOWN, FloatRegion, RegionSearch
from exactzones.certification.provers.cell_batch import SETTLED, BoundLog, CellBatch, CellBounds, OpenCell
from exactzones.certification.provers.polytopes import Planes, Vertices, crossings
from exactzones.certification.provers.relaxation import Relaxation
from exactzones.checker.arithmetic import Array

_Shapes: TypeAlias = dict[Any, tuple[Array, Array]]
_ROUNDING = 2.0**-26
"""What the checker's rounding costs a bound of values of size 1, approximately."""
_PERIOD = 2
"""Bounds of layers after the first open one are kept only at levels of the tree that are multiples of this."""
_SPLIT = -2
"""Origin of a bound that a split gave.  The origin -1 means that it was known before the search."""


class CellSearch(RegionSearch):
    """Search of regions by cells.

    Args:
        regions: with the same claim.
        patterns: signs of listed zones and their numbers: cells on which the conditions hold are expected to be such zones,
            and no witness is searched for; None if there is no list.
        margin: by how much a bound must exceed zero, in multiples of what the checker's rounding may cost, approximately.
        batch: how many cells to visit at once.
    """

    def __init__(
        self,
        regions: Sequence[FloatRegion],
        *,
        patterns: dict[str, int] | None = None,
        margin: float = 1,
        batch: int = 256,
    ) -> None:
        super().__init__(regions, batch)
        self.patterns = patterns
        self.margin, self.is_coarse = margin * _ROUNDING, margin <= 1
        self.box = np.min([region.low for region in regions], 0), np.max([region.high for region in regions], 0)
        self.dim = len(regions[0].low)
        self.planes = Planes(self.dim)
        self.log = BoundLog()
        self.bounds_at: dict[int, CellBounds] = {}
        self.sized: set[int] = set()  # nodes whose bounds give the sizes of activations in float arithmetic
        self.divisors = {number: size for each in regions for _, number, size in zip(*each.rows, strict=True) if size != 1}
        shapes: _Shapes = {}
        for place, region in reversed([*enumerate(regions)]):
            points, tight = self._shape(region, shapes)
            origin = np.full(self.claim.units, -1, np.int32)
            known = np.maximum(region.known[0], -UNKNOWN), np.minimum(region.known[1], UNKNOWN)
            bounds = CellBounds(*known, origin, origin.copy())
            if len(points) > self.dim:
                self.stack.append(OpenCell(points, tight, bounds, parent=-1, side=place, depth=len(region.path)))

    def _shape(self, region: FloatRegion, shapes: _Shapes) -> tuple[Array, Array]:
        """Return the vertices of a region, and the ids tight at each; regions with the first splits in common share the work."""
        key: Any = region.low.tobytes(), region.high.tobytes()
        if key not in shapes:
            shapes[key] = self._box(region)
        for row, number, _ in zip(*region.rows, strict=True):
            before, key = key, (key, row.tobytes(), number)
            if key not in shapes:
                shapes[key] = self._cut_one(*shapes[before], row, number)
        return shapes[key]

    def _box(self, region: FloatRegion) -> tuple[Array, Array]:
        """Return the corners of the box around a region, and the ids of the sides tight at each."""
        sides = []
        for j in range(self.dim):
            unit = np.eye(self.dim)[j]
            sides += [[region.high[j], *-unit], [-region.low[j], *unit]]
        first = self.planes.add(np.array(sides), np.full(2 * self.dim, -1))[0]
        corners = np.array(list(itertools.product((0, 1), repeat=self.dim)))
        return np.where(corners, region.high, region.low), np.where(corners, 0, 1) + 2 * np.arange(self.dim) + first

    def _step(self, batch: list[OpenCell], numbers: Array) -> None:
        cells, claim = CellBatch(batch, numbers, self.claim), self.claim
        if self.patterns is None:
            self._try_witness(cells.centres)
        before = cells.bounds.copy()
        self._tighten(cells)
        if not cells.is_root:
            self._forget(cells, before)
        for c, number in enumerate(numbers.tolist()):
            self.bounds_at[number] = cells.bounds.of(c)
        self.sized.update(numbers[cells.sized].tolist())
        open_units = cells.open_units()
        layer = np.full(len(batch), -1)  # the first layer that has an open unit
        for k in range(claim.depth - 1, -1, -1):
            layer[open_units[:, claim.span(k)].any(1)] = k
        for c in np.nonzero(cells.live & (layer < 0))[0].tolist():
            self._finish(int(numbers[c]), cells.targets[c], cells.vertices.take(cells.vertices.owner == c))
        cells.live &= layer >= 0
        if cells.live.any() and self.witness is None:
            unit, rows = self._choose_splits(cells, layer, open_units)
            self._split(cells, unit, rows)

    # Bounds.

    def _tighten(self, cells: CellBatch) -> None:
        """Bound open units and then the conditions layer by layer, in place; record cells on which no case can hold as proved."""
        claim = self.claim
        relaxed: list[Relaxation] = []
        earlier = cells.relax()
        for k in range(claim.depth):
            changed = self._bound_layer(cells, k, relaxed)
            cells.resize(k)
            if len(changed) or cells.sized.any():
                earlier[k] = claim.relax(k, cells.bounds.low, cells.bounds.high, cells.sizes)
            relaxed.append(earlier[k])
            if (cells.is_root and k < claim.depth - 1) or not cells.live.any():
                continue
            # Bound the conditions after every layer: a cell is finished as soon as it can be.
            live = np.nonzero(cells.live)[0]
            chosen = live if k in (0, claim.depth - 1) else np.intersect1d(live, changed)
            if len(chosen):
                cells.targets[chosen] = claim.lower_targets(chosen, [*relaxed, *earlier[k + 1 :]], cells.sizes)
                self._refute_cells(cells, chosen)
        if claim.depth == 0 and claim.targets:
            every = np.arange(len(cells.numbers))
            cells.targets[:] = claim.lower_targets(every, [], cells.sizes)
            self._refute_cells(cells, every)

    def _bound_layer(self, cells: CellBatch, k: int, relaxed: list[Relaxation]) -> Array:
        """Bound the open units of hidden layer k, in place; returns the cell of each such unit."""
        claim, bounds, span = self.claim, cells.bounds, self.claim.span(k)
        cell, unit = np.nonzero((bounds.low[:, span] < 0) & (bounds.high[:, span] > 0) & cells.live[:, None])
        if not len(cell):
            return cell
        weight, bias, half = claim.weights[k][unit], claim.biases[k][unit], len(cell)
        errors = claim.errors(k, cells.sizes)
        lost = 0 if errors is None else errors[cell, unit]
        both_signs = np.concatenate([weight, -weight]), np.concatenate([bias - lost, -bias - lost]), np.concatenate([cell, cell])
        rows = claim.lower(*both_signs, relaxed)
        for upper, lower_rows, known, source in (
            (0, rows[:half], bounds.low, bounds.low_from),
            (1, rows[half:], bounds.high, bounds.high_from),
        ):
            value, at = cells.least(lower_rows, cell)
            value = np.where(np.abs(value) < SETTLED, -SETTLED, value)
            value = -value if upper else value
            before = known[cell, span.start + unit]
            better = np.nonzero(value < before if upper else value > before)[0]
            units = span.start + unit[better]
            tight = cells.tight[cell[better], at[better]]
            logged = self.log.add(cells.numbers[cell[better]], units, upper, lower_rows[better], tight)
            known[cell[better], units], source[cell[better], units] = value[better], logged
        return cell

    def _refute_cells(self, cells: CellBatch, chosen: Array) -> None:
        """Finish those of the chosen cells on which every case has a condition that certainly does not hold."""
        cases = self.claim.cases
        if any(case.start == case.stop for case in cases):
            return
        targets, bounds = cells.targets[chosen], cells.bounds
        width = targets.shape[1]
        value, at = cells.least(targets.reshape(-1, self.dim + 1), np.repeat(chosen, width))
        value, at = value.reshape(-1, width), at.reshape(-1, width)
        best = np.stack([case.start + value[:, case].argmax(1) for case in cases], 1)
        sizes = np.maximum(np.abs(bounds.low[chosen]), np.abs(bounds.high[chosen]))
        margin = self.margin * (1 + np.where(sizes < UNKNOWN, sizes, 0).sum(1))  # one bound of a split unit may be unknown
        done = (np.take_along_axis(value, best, 1) > margin[:, None]).all(1)
        if done.any():
            index, condition = np.repeat(np.nonzero(done)[0], len(cases)), best[done].ravel()
            cell = chosen[index]
            tight = cells.tight[cell, at[index, condition]]
            logged = self.log.add(cells.numbers[cell], self.claim.units + condition, 0, targets[index, condition], tight)
            numbers = cells.numbers[chosen[done]].tolist()
            self.leaf.update(zip(numbers, logged.reshape(-1, len(cases)).tolist(), strict=True))
            cells.live[chosen[done]] = False

    def _forget(self, cells: CellBatch, before: CellBounds) -> None:
        """At every other level drop new bounds of layers after the first open one: proofs are shorter, with a few more cells."""
        claim, bounds = self.claim, cells.bounds
        depth = np.array([cell.depth for cell in cells.cells])
        first = np.full(len(depth), claim.depth)
        for k in range(claim.depth - 1, -1, -1):
            span = claim.span(k)
            first[((bounds.low[:, span] < -SETTLED) & (bounds.high[:, span] > SETTLED)).any(1)] = k
        forget = (cells.live & (depth % _PERIOD != 0))[:, None] & (claim.layer_of[None] > first[:, None])
        for old, new in zip(before, bounds, strict=True):
            new[forget] = old[forget]

    # Splits.

    def _choose_splits(self, cells: CellBatch, layer: Array, open_units: Array) -> tuple[Array, Array]:
        """Choose the unit that splits each live cell: in its first open layer, the one whose range zero divides most evenly.

        Returns:
            The units, shape (cells,), and linear lower bounds of z and -z of these units, shape (2, cells, dim + 1).
        """
        claim, bounds = self.claim, cells.bounds
        rows = np.zeros((2, len(layer), self.dim + 1))
        unit = np.zeros(len(layer), int)
        relaxed = cells.relax()
        for k in range(claim.depth):
            chosen = np.nonzero((layer == k) & cells.live)[0]
            if not len(chosen):
                continue
            span = claim.span(k)
            score = np.where(open_units[chosen, span], np.minimum(-bounds.low[chosen, span], bounds.high[chosen, span]), -1)
            j = score.argmax(1)
            unit[chosen] = span.start + j
            errors = claim.errors(k, cells.sizes)
            lost = 0 if errors is None else errors[chosen, j]
            for side, sign in ((0, 1), (1, -1)):
                constants = sign * claim.biases[k][j] - lost
                rows[side, chosen] = claim.lower(sign * claim.weights[k][j], constants, chosen, relaxed[:k])
        return unit, rows

    def _split(self, cells: CellBatch, unit: Array, rows: Array) -> None:
        """Split the live cells and put their children on the stack, all sides z <= 0 first."""
        live = np.nonzero(cells.live)[0].tolist()
        vertices = cells.vertices.take(cells.live[cells.vertices.owner])
        for side in (0, 1):
            shapes = self._cut(cells, vertices, rows[side], live)
            for c, (points, tight) in zip(live, shapes, strict=True):
                bounds, u, cell = cells.bounds.of(c).copy(), unit[c], cells.cells[c]
                if side:
                    bounds.low[u], bounds.low_from[u] = max(bounds.low[u], 0.0), _SPLIT
                else:
                    bounds.high[u], bounds.high_from[u] = min(bounds.high[u], 0.0), _SPLIT
                child = OpenCell(points, tight, bounds, int(cells.numbers[c]), side=side, depth=cell.depth + 1)
                if cells.sizes is not None:
                    child.sizes, child.sized_at = cells.sizes[c], cell.depth if cells.sized[c] else cell.sized_at
                self.stack.append(child)
        for c in live:
            self._record_split(int(cells.numbers[c]), int(unit[c]))

    def _cut(self, cells: CellBatch, vertices: Vertices, rows: Array, live: list[int]) -> list[tuple[Array, Array]]:
        """Return the parts of live cells where rows are <= 0, as points and tight ids; if a part is a sliver, the whole cell."""
        values = -(rows[vertices.owner, 0] + (rows[vertices.owner, 1:] * vertices.points).sum(1))
        ids = np.full(len(rows), -1)
        ids[live] = self.planes.add(-rows[live], np.array([self.claim.domain_rows + cells.cells[c].depth for c in live]))
        parts = Vertices.stack([vertices.take(values >= 0), crossings(vertices, values, ids)])
        parts = parts.take(np.argsort(parts.owner, kind="stable"))
        counts = np.bincount(parts.owner, minlength=len(rows))
        first = np.cumsum(counts) - counts
        shapes = []
        for c in live:
            if counts[c] <= self.dim:
                whole = vertices.take(vertices.owner == c)
                shapes.append((whole.points, whole.tight))
            else:
                mine = slice(first[c], first[c] + counts[c])
                shapes.append((parts.points[mine], parts.tight[mine]))
        return shapes

    # Cells on which all units are settled.

    def _finish(self, number: int, targets: Array, vertices: Vertices) -> None:
        """Decide a cell on which every unit is settled: the conditions are affine there."""
        refuted: list[int | None] = []
        for case in self.claim.cases:  # all cases: one may hold on the boundary only, and another one inside
            bound, points = self._refute(number, case, targets, vertices)
            if bound is None and len(points) and self.patterns is None:
                self._try_witness(points.mean(0)[None])
                if self.witness is not None:
                    return
            refuted.append(bound)
        if None not in refuted:
            self.leaf[number] = refuted
            return
        if not len(points) or self.patterns is None:
            return
        signs = "".join("+" if entry > -SETTLED else "-" for entry in self.bounds_at[number].low[self.claim.relu])
        if signs in self.patterns:
            self.zone[number] = self.patterns[signs]

    def _refute(self, number: int, case: slice, targets: Array, vertices: Vertices) -> tuple[int | None, Array]:
        """Return the logged bound that shows that a case cannot hold, or None and the vertices of the part where it holds."""
        points, tight = vertices.points, vertices.tight
        for r in range(case.start, case.stop):  # the condition holds where -row > 0
            row = targets[r]
            values = row[0] + points @ row[1:]
            if len(points) and values.min() > self.margin:
                unit = np.array([self.claim.units + r])
                return int(self.log.add(np.array([number]), unit, 0, row[None], tight[[values.argmin()]])[0]), points
            points, tight = self._cut_one(points, tight, -row, -2 - r)
        return None, points

    def _cut_one(self, points: Array, tight: Array, row: Array, number: int) -> tuple[Array, Array]:
        """Cut a single cell by ``row >= 0``."""
        values = row[0] + points @ row[1:]
        ids = self.planes.add(row[None], np.array([number]))
        fresh = crossings(Vertices(points, tight, np.zeros(len(points), int)), values, ids)
        keep = values >= 0
        return np.concatenate([points[keep], fresh.points]), np.concatenate([tight[keep], fresh.tight])
