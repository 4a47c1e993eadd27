"""What a store needs of an engine: its zones in batches, as rows of a table and back, and how a search goes on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.forward import ZoneSearch
from exactzones.engine.frontier import Floats, Integers, States
from exactzones.engine.inequalities import InequalitySearch
from exactzones.store.columns import Table
from exactzones.store.packing import Bytes, Layout
from exactzones.zone import Zone

B = TypeVar("B")


class ZoneRows(NamedTuple):
    """Zones as rows.

    Attributes:
        table: the rows.
        verdicts: what is known about their faces, to be kept until the zones are connected; None if nothing is.
    """

    table: Table
    verdicts: Bytes | None = None


class SearchRows:
    """What the engines that can be stored have in common."""

    search: ZoneSearch | InequalitySearch

    @property
    def arrangement(self) -> Arrangement:
        """The layers that matter to the property, and the domain."""
        return self.search.arrangement

    @cached_property
    def layout(self) -> Layout:
        """How patterns are packed."""
        return Layout.of(self.arrangement)


class StoredEngine(Protocol[B]):
    """An engine whose zones can be stored; ``B`` is a batch of successive zones, which has a length."""

    @property
    def name(self) -> str:
        """The name of the engine."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns that ``batch_of`` reads."""

    @property
    def arrangement(self) -> Arrangement:
        """The layers that matter to the property, and the domain."""

    @property
    def layout(self) -> Layout:
        """How patterns are packed."""

    def batches(self, after: States | None, tick: Callable[[int], None], executor: Executor | None) -> Generator[B, None, None]:
        """Yield the zones that come after the one with these states of all units, (units,); None: all zones."""

    def joined(self, batches: Sequence[B]) -> B:
        """Return successive batches as one."""

    def part(self, batch: B, start: int, stop: int) -> B:
        """Return the zones from ``start`` to ``stop``, without the last."""

    def sizes(self, batch: B) -> Integers:
        """Return (P,) how many ids of hyperplanes each zone has."""

    def last_pattern(self, batch: B) -> Bytes:
        """Return the packed pattern of the last zone, (width,)."""

    def rows(self, batch: B, first: int) -> ZoneRows:
        """Return zones as rows; they depend on the zones and their order only.

        Args:
            batch: the zones.
            first: the number of the first zone.
        """

    def batch_of(self, table: Table) -> B:
        """Return the zones of a table with these columns."""

    def zone(self, batch: B, at: int) -> Zone:
        """Return a zone of a batch, which does not keep the batch in memory."""

    def bounds(self, batch: B) -> tuple[Floats, Floats]:
        """Return (P,) lower and upper bounds on the target's supremum on each zone; there is a target."""
