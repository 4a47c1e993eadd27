"""Zones of the forward engine as rows: patterns, and the tight sets of their generators."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from exactzones.engine.forward import ZoneSearch, zone_search
from exactzones.engine.frontier import Floats, Frontier, Integers, States
from exactzones.engine.leaf_floats import LeafFloats, leaf_floats
from exactzones.engine.resume import frontiers_after
from exactzones.engine.starting_cones import NotPointedError
from exactzones.engine.survey import supremum_bounds
from exactzones.engine.workers import LeafBatch
from exactzones.network import Network
from exactzones.property import Property
from exactzones.rational import Row, text
from exactzones.rational.floats import clipped_float
from exactzones.store.columns import Table, leaves_of, nothing, texts, zones_table
from exactzones.store.engines import SearchRows, ZoneRows
from exactzones.store.packing import Bytes, Planes
from exactzones.zone import Zone


@dataclass(frozen=True, eq=False)
class ForwardRows(SearchRows):
    """The forward engine as a ``StoredEngine``.

    Attributes:
        search: the search whose leaves are stored.
    """

    search: ZoneSearch
    name = "forward"
    columns = ("pattern", "planes", "corners")

    @classmethod
    def of(cls, network: Network, prop: Property, rows: Sequence[Row]) -> ForwardRows | None:
        """Return the engine for a question; None if it cannot search it, except for what ``can_start`` tells."""
        search = zone_search(network, prop, rows)
        return None if search is None else cls(search)

    @property
    def can_start(self) -> bool:
        """Whether the domain can be cut into cones."""
        try:
            return self._start is not None
        except NotPointedError:
            return False

    @cached_property
    def _start(self) -> Frontier:
        return self.search.arrangement.start()

    def batches(
        self, after: States | None, tick: Callable[[int], None], executor: Executor | None
    ) -> Generator[LeafBatch, None, None]:
        """Yield the zones that come after the one with these states."""
        starts = [self._start] if after is None else frontiers_after(self.arrangement, self._start, after)
        return self.search.batches(starts, tick, executor)

    def joined(self, batches: Sequence[LeafBatch]) -> LeafBatch:
        """Return successive batches as one."""
        if not batches:
            layout = self.layout
            return LeafBatch(np.zeros((0, layout.units), np.uint8), np.zeros(1, np.int64), np.zeros((0, layout.dim), np.int32))
        ends = np.cumsum(np.concatenate([[0], *(np.diff(batch.ptr) for batch in batches)]))
        return LeafBatch(np.concatenate([b.prefix for b in batches]), ends, np.concatenate([b.tight for b in batches]))

    def part(self, batch: LeafBatch, start: int, stop: int) -> LeafBatch:
        """Return the zones from ``start`` to ``stop``, without the last."""
        ptr = batch.ptr[start : stop + 1]
        return LeafBatch(batch.prefix[start:stop], ptr - ptr[0], batch.tight[ptr[0] : ptr[-1]])

    def sizes(self, batch: LeafBatch) -> Integers:
        """Return how many ids each zone has in its tight sets."""
        return np.diff(batch.ptr) * self.layout.dim

    def last_pattern(self, batch: LeafBatch) -> Bytes:
        """Return the packed pattern of the last zone."""
        packed: Bytes = self.layout.packed(batch.prefix[-1:])[0]
        return packed

    def rows(self, batch: LeafBatch, first: int) -> ZoneRows:
        """Return zones as rows, with verdicts on their faces."""
        constant = float(self.search.prop.conditions[0].constant) if self.arrangement.has_target else 0.0
        floats = leaf_floats(self.arrangement, batch)
        floats = floats._replace(maximum=floats.maximum - constant)
        planes, written = Planes.of(self.layout, batch, floats), self._exact_witnesses(batch, floats)
        table = zones_table(self.layout, batch, planes, floats, first)
        return ZoneRows(
            table.append_column("exact", nothing("exact", len(batch)) if written is None else texts(written)), planes.verdicts
        )

    def _exact_witnesses(self, batch: LeafBatch, floats: LeafFloats) -> list[str | None] | None:
        """Return exact witnesses of zones about which floats say little, whose floats are replaced; None if there are none."""
        if not floats.coarse.any():
            return None
        written: list[str | None] = [None] * len(batch)
        for k in np.flatnonzero(floats.coarse).tolist():
            zone = self.zone(batch, k)
            written[k] = " ".join(map(text, zone.sample))
            floats.witness[k] = [*map(clipped_float, zone.sample)]
            if self.arrangement.has_target and zone.supremum is not None:
                floats.maximum[k] = clipped_float(zone.supremum)
                floats.target[k] = [*map(clipped_float, zone.conditions[0].row)]
        return written

    def batch_of(self, table: Table) -> LeafBatch:
        """Return the zones of a table."""
        return leaves_of(self.layout, table)

    def zone(self, batch: LeafBatch, at: int) -> Zone:
        """Return a zone of a batch."""
        return self.search.zone(batch.prefix[at].copy(), batch.tight[batch.ptr[at] : batch.ptr[at + 1]].copy())

    def bounds(self, batch: LeafBatch) -> tuple[Floats, Floats]:
        """Return bounds on the target's supremum on each zone."""
        return supremum_bounds(self.arrangement, batch)
