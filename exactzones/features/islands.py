"""The islands of a feature, and which of them no data point is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from exactzones.arguments import DomainLike
from exactzones.deadline import Deadline
from exactzones.engine.arrangement import MAX_DIM
from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.property import Disjunction, Property
from exactzones.rational import Vector
from exactzones.zone import Zone
from exactzones.zones import Zones, find_union, find_zones
from exactzones.zones.union import as_drawn
from exactzones.zones.union_parts import UnionParts, volume_of


@dataclass(frozen=True, eq=False)
class FeatureIsland:
    """A connected component of the inputs at which a feature fires.

    Attributes:
        zones: its zones; of a TopK, their parts on which one case holds.
        data: the numbers of the data points in it, from 0: those at which the feature fires.
    """

    zones: tuple[Zone, ...] = field(repr=False)
    data: tuple[int, ...]

    @property
    def is_unseen(self) -> bool:
        """Whether no data point is in it."""
        return not self.data

    @property
    def witness(self) -> Vector:
        """An exact point of it, at which the feature fires."""
        return self.zones[0].sample

    @property
    def volume(self) -> Fraction | None:
        """Its exact volume; None if it is infinite."""
        return volume_of(self.zones)

    def __repr__(self) -> str:
        return f"FeatureIsland({len(self.zones)} zones, {len(self.data)} data points)"


def listed_zones(
    network: Network, prop: Property | Disjunction, domain: DomainLike, seconds: float | Deadline | None
) -> Zones | UnionParts:
    """Return the zones of a feature; of a disjunction, their parts."""
    if len(network.layers) == 1 and network.inputs > MAX_DIM:
        raise InputError(
            f"zones of a first layer are listed for at most {MAX_DIM} inputs; without TopK, a feature of it that fires has one "
            "island, which is convex: ask features.dead, and features.fires(data) for the data in it"
        )
    if isinstance(prop, Disjunction):
        return as_drawn(find_union(network, prop, domain, engine="auto", seconds=seconds))
    return find_zones(network, prop, domain, seconds=seconds)


def islands_of(zones: Zones | UnionParts, data: Sequence[Any]) -> tuple[FeatureIsland, ...]:
    """Return the islands of a list of zones, with the data points in them."""
    at: list[Zone | None] = zones.at(data) if len(data) else []
    number = {id(zone): k for k, zone in enumerate(zones.zones)}
    within: dict[int, list[int]] = {}
    for point, zone in enumerate(at):
        if zone is not None:
            within.setdefault(zones.island_of[number[id(zone)]], []).append(point)
    return tuple(
        FeatureIsland(tuple(zones.zones[k] for k in members), tuple(within.get(island, ())))
        for island, members in enumerate(zones.islands)
    )
