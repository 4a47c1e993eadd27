"""Zones of the inequalities engine as rows: patterns, which neurons cut each cell, and an inner point."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from exactzones.engine.forward import rows_as_bytes
from exactzones.engine.frontier import OFF, ON, Floats, Integers, States
from exactzones.engine.inequalities import InequalitySearch, first_cell, inequality_search
from exactzones.engine.inequality_leaf import UNCUT, InequalityLeaf, maximum_bounds
from exactzones.engine.inequality_nodes import Node, NodeLeaves, NodeQueue
from exactzones.engine.leaf_floats import lifted_points, lifted_rows, targets_of
from exactzones.engine.workers import leaves_on
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.program import Point
from exactzones.property import Property
from exactzones.rational import Row, text
from exactzones.rational.floats import clipped_float
from exactzones.store.columns import (
    Table,
    bytes_of,
    fixed_bytes,
    flat_list,
    nothing,
    numbers,
    patterns_of,
    shortened,
    table_of,
    texts,
    vectors,
)
from exactzones.store.engines import SearchRows, ZoneRows
from exactzones.store.packing import Bytes
from exactzones.zone import Zone


@dataclass(frozen=True, eq=False)
class InequalityRows(SearchRows):
    """The inequalities engine as a ``StoredEngine``.

    Attributes:
        search: the search whose leaves are stored.
        rows_of_domain: the rows of the domain.
    """

    search: InequalitySearch
    rows_of_domain: Sequence[Row]
    name = "inequalities"

    @classmethod
    def of(cls, network: Network, prop: Property, rows: Sequence[Row]) -> InequalityRows | None:
        """Return the engine for a question; None if it cannot search it."""
        search = inequality_search(network, prop, rows)
        return None if search is None else cls(replace(search, repeatable=True), rows)

    @property
    def columns(self) -> Sequence[str]:
        """The columns from which zones are made."""
        return "pattern", "uncut", self._point, "exact"

    @property
    def _point(self) -> str:
        """The column of the inner points: with a target, which is positive there, they are witnesses."""
        return "witness" if self.arrangement.has_target else "inner"

    def batches(
        self, after: States | None, tick: Callable[[int], None], executor: Executor | None
    ) -> Generator[NodeLeaves, None, None]:
        """Yield the zones that come after the one with these states."""
        search, inputs = self.search, self.search.network.inputs
        start = first_cell(search, Polyhedron.of(inputs, self.rows_of_domain) if self.rows_of_domain else None)
        tick(1)
        starts: list[Node | NodeLeaves] = [start] if after is None else search.cells_after(start, after)
        if executor is not None:
            yield from leaves_on(executor, search, [NodeQueue(starts)] if starts else [], tick)
            return
        for leaves in search.leaves(starts, tick):
            yield search.listed(leaves)

    def joined(self, batches: Sequence[NodeLeaves]) -> NodeLeaves:
        """Return successive batches as one."""
        states = np.concatenate([np.zeros((0, self.layout.units), np.uint8), *(batch.states for batch in batches)])
        return NodeLeaves(states, [point for batch in batches for point in batch.inner])

    def part(self, batch: NodeLeaves, start: int, stop: int) -> NodeLeaves:
        """Return the zones from ``start`` to ``stop``, without the last."""
        return batch.part(start, stop)

    def sizes(self, batch: NodeLeaves) -> Integers:
        """Return zeros: these zones have no tight sets."""
        return np.zeros(len(batch), np.int64)

    def last_pattern(self, batch: NodeLeaves) -> Bytes:
        """Return the packed pattern of the last zone."""
        packed: Bytes = self.layout.packed(batch.states[-1:] & np.uint8(ON))[0]
        return packed

    def rows(self, batch: NodeLeaves, first: int) -> ZoneRows:
        """Return zones as rows; what needs vertices is null."""
        arrangement, count, signs = self.arrangement, len(batch), batch.states & np.uint8(ON)
        written = [None if isinstance(point, np.ndarray) else " ".join(map(text, point)) for point in batch.inner]
        columns = {
            "zone": numbers(np.arange(first, first + count)),
            "pattern": fixed_bytes(self.layout.packed(signs)),
            **{name: nothing(name, count) for name in ("planes", "corners", "condition", "witness", "maximum")},
            "uncut": fixed_bytes(np.packbits((batch.states & UNCUT)[:, self.layout.cut] > 0, axis=1)),
            "inner": nothing("inner", count),
            "exact": texts(written),
        }
        columns[self._point] = vectors(lifted_points(arrangement.section, np.array([*map(_rounded, batch.inner)])))
        if arrangement.has_target:
            target = lifted_rows(arrangement.section, targets_of(arrangement, signs))
            maximum = self._maximum(batch)
            columns |= {"condition": vectors(shortened(target)), "maximum": numbers(maximum, known=np.isfinite(maximum))}
        return ZoneRows(table_of(columns))

    def _maximum(self, batch: NodeLeaves) -> Floats:
        """Return the feature's largest value on each zone, computed exactly where its bounds are far apart; infinite: unknown."""
        lower, upper = self.bounds(batch)
        maximum = upper - float(self.search.prop.conditions[0].constant)
        apart = upper - lower > np.maximum(1e-9, 1e-6 * np.abs(maximum))  # as they are where coordinates are large
        for k in np.flatnonzero(apart & np.isfinite(maximum)).tolist():
            supremum = self.zone(batch, k).supremum
            maximum[k] = np.inf if supremum is None else clipped_float(supremum)
        return maximum

    def batch_of(self, table: Table) -> NodeLeaves:
        """Return the zones of a table."""
        states = self.layout.unpacked(patterns_of(table))
        is_uncut = np.ones(states.shape, bool)
        is_uncut[:, self.layout.cut] = np.unpackbits(bytes_of(table["uncut"]), axis=1, count=len(self.layout.cut))
        states |= np.where(is_uncut, np.uint8(UNCUT), np.uint8(OFF))
        places = list(self.arrangement.section.coordinates)
        points = flat_list(table[self._point])[0].reshape(len(table), -1)[:, places]
        if table["exact"].null_count == len(table):
            return NodeLeaves(states, points)
        written = zip(points, table["exact"].to_pylist(), strict=True)
        return NodeLeaves(states, [point if exact is None else tuple(map(Fraction, exact.split())) for point, exact in written])

    def zone(self, batch: NodeLeaves, at: int) -> Zone:
        """Return a zone of a batch."""
        inner = batch.inner[at]
        point = inner.copy() if isinstance(inner, np.ndarray) else inner
        return next(self.search.all_zones(NodeLeaves(batch.states[at : at + 1], [point])))

    def bounds(self, batch: NodeLeaves) -> tuple[Floats, Floats]:
        """Return bounds on the target's supremum on each zone."""
        lower, upper = maximum_bounds(self.leaves(batch)).T
        return lower, upper

    def leaves(self, batch: NodeLeaves) -> list[InequalityLeaf]:
        """Return zones as leaves of the search."""
        pairs = zip(rows_as_bytes(batch.states), batch.inner, strict=True)
        return [InequalityLeaf(self.search.kernel, states, inner) for states, inner in pairs]


def _rounded(point: Point) -> Sequence[float] | Floats:
    return point if isinstance(point, np.ndarray) else [clipped_float(entry) for entry in point]
