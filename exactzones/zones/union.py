"""The zones of a disjunction: the union of the zones of its cases, each with the cases that hold somewhere in it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any, overload

from exactzones.arguments import DomainLike, NetworkLike, Progress, as_count, as_deadline, as_domain, as_network
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded
from exactzones.files import as_path
from exactzones.network import Network, Pattern
from exactzones.polyhedra import Cell, HRep, Polyhedron, VRep
from exactzones.property import Condition, Disjunction, Property, as_cases
from exactzones.rational import Vector
from exactzones.zone import Zone
from exactzones.zones.listing import Zones, as_zones, find_zones
from exactzones.zones.union_parts import UnionParts, volume_of

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class UnionZone:
    """A closed cell of the network's polyhedral complex, in which one or more cases of a disjunction hold somewhere.

    Attributes:
        parts: pairs of the number of a case and the case's zone, in the order of the cases; all have one cell.
    """

    parts: tuple[tuple[int, Zone], ...]

    @property
    def cases(self) -> tuple[int, ...]:
        """The numbers of the cases that hold somewhere in the cell."""
        return tuple(case for case, _ in self.parts)

    @property
    def pattern(self) -> Pattern:
        """The activation pattern, up to the last layer that matters to any case."""
        return self.parts[0][1].pattern

    @property
    def cell(self) -> Cell:
        """The closed cell, intersected with the domain."""
        return self.parts[0][1].cell

    @property
    def hrep(self) -> HRep:
        """The irredundant inequalities of the closed cell."""
        return self.parts[0][1].hrep

    @property
    def vrep(self) -> VRep:
        """The vertices, rays and lines of the closed cell."""
        return self.cell.vrep

    @property
    def listed_vrep(self) -> VRep | None:
        """The same for lists of zones; None if the engine kept the cell without them, and there may be many."""
        return self.parts[0][1].listed_vrep

    @cached_property
    def volume(self) -> Fraction | None:
        """The exact volume of the part of the cell in which a case holds; None if it is infinite."""
        return volume_of(zone for _, zone in self.parts)

    @property
    def sample(self) -> Vector:
        """A point at which the first of ``cases`` holds, shape (inputs,)."""
        return self.parts[0][1].sample

    def contains(self, point: Sequence[Any]) -> bool:
        """Tell whether a point lies in the closed cell."""
        return bool(self.parts[0][1].contains(point))

    def fires(self, point: Sequence[Any]) -> bool:
        """Tell whether a point lies in the cell and one of the cases holds there."""
        return any(zone.fires(point) for _, zone in self.parts)

    def __repr__(self) -> str:
        return f"UnionZone({' '.join(self.pattern) or 'no hidden neurons'}, cases {', '.join(map(str, self.cases))})"


@dataclass(frozen=True, eq=False)
class ZoneUnion(Sequence[UnionZone]):
    """The zones of a disjunction: a sequence in the order in which the cases' lists have them first.

    Attributes:
        network: the network.
        prop: the resolved disjunction.
        domain: the domain; None is all of the input space.
        lists: the zones of each case, or of the first ones if the search was stopped.
        complete: False if the search was stopped.
    """

    network: Network
    prop: Disjunction
    domain: Polyhedron | None
    lists: tuple[Zones, ...]
    complete: bool = True

    @cached_property
    def zones(self) -> tuple[UnionZone, ...]:
        """The zones."""
        parts: dict[Pattern, list[tuple[int, Zone]]] = {}
        for case, listed in enumerate(self.lists):
            for zone in listed:
                parts.setdefault(zone.pattern, []).append((case, zone))
        return tuple(UnionZone(tuple(each)) for each in parts.values())

    @overload
    def __getitem__(self, index: int) -> UnionZone: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[UnionZone, ...]: ...
    def __getitem__(self, index: int | slice) -> UnionZone | tuple[UnionZone, ...]:
        return self.zones[index]

    def __len__(self) -> int:
        return len(self.zones)

    @cached_property
    def parts(self) -> UnionParts:
        """The parts of the zones, on each of which one case holds, as a sequence of zones."""
        zones = tuple(zone for each in self.zones for _, zone in each.parts)
        owners = tuple((k, case) for k, each in enumerate(self.zones) for case, _ in each.parts)
        number = {(case, self.zones[k].pattern): part for part, (k, case) in enumerate(owners)}
        connected = [
            tuple(number[case, listed[k].pattern] for k in island)
            for case, listed in enumerate(self.lists)
            for island in listed.islands
        ]
        return UnionParts(self.network, self.prop, self.domain, zones, owners, tuple(connected), self.complete)

    @property
    def islands(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The connected components of the set in which a case holds, as tuples of pairs: a zone's index and a case's number.

        A zone in which several cases hold may have parts in several islands.
        """
        return tuple(tuple(self.parts.owners[part] for part in island) for island in self.parts.islands)

    @property
    def graph(self) -> networkx.Graph:
        """The graph with zones as nodes 0, 1, .. and shared facets as edges; "fires" tells whether a case holds on the facet."""
        return self.parts.zone_graph

    @property
    def volume(self) -> Fraction | None:
        """The exact volume of the set in which a case holds, overlaps counted once; None if it is infinite."""
        return self.parts.volume

    @property
    def share(self) -> Fraction | None:
        """The volume divided by that of the domain; None if the domain is unbounded."""
        return self.parts.share

    def containing(self, point: Sequence[Any]) -> list[UnionZone]:
        """Return the zones whose closed cell contains a point, shape (inputs,)."""
        return [zone for zone in self.zones if zone.contains(point)]

    def at(self, point: Sequence[Any]) -> UnionZone | None:
        """Return the first zone in which a case holds at a point, shape (inputs,), or None."""
        return next((zone for zone in self.zones if zone.fires(point)), None)

    def save(self, path: str | PathLike[str], *, merge: bool = False) -> None:
        """Write the zones to a file; the suffix says how, as for ``Zones.save``.

        Args:
            path: of the file, which holds either its old content or all of the new.
            merge: whether JSON has the merged parts as well.

        Raises:
            InputError: another suffix, zones that the format cannot hold, or a file that cannot be written.
        """
        target = as_path(path)
        if target.lower().endswith((".json", ".json.gz")):  # imported by name: these packages are on floors above
            import_module("exactzones.formats.union_json").save_union(self, target, merge=merge)
        else:
            import_module("exactzones.export").save(self, target)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ZoneUnion):
            return NotImplemented
        return (self.prop, self.complete, self.lists) == (other.prop, other.complete, other.lists)

    def __hash__(self) -> int:
        return hash((self.prop, self.lists))

    def __repr__(self) -> str:
        where = f" on {self.network.slice}" if self.network.slice else ""
        return f"ZoneUnion({len(self)} zones of {self.prop}{where}{'' if self.complete else ', incomplete'})"


def find_union(
    network: NetworkLike,
    prop: Disjunction | Property | Condition | int,
    domain: DomainLike = None,
    *,
    engine: str = "forward",
    seconds: float | Deadline | None = None,
    max_zones: int | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ZoneUnion:
    """Return the complete list of the zones of a disjunction.

    Args:
        network: the network, or the path of its file.
        prop: such as ``feature(0) | feature(1)``.
        domain: a polyhedron or a box; None is all of the input space.
        engine: see ``find_zones``.
        seconds: time limit, or a deadline that has begun already.
        max_zones: largest number of zones of all cases together.
        jobs: number of processes on this machine.
        executor: its workers take part.
        progress: called now and then with (cells visited, zones found) of the current case.

    Raises:
        InputError: an argument does not fit.
        BudgetExceeded: a limit was reached; ``found`` is an incomplete ZoneUnion.

    >>> from exactzones import feature
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1], [1, -1]], [-1, 0])])    # |x| - 1 and x
    >>> [(zone.pattern, zone.cases) for zone in find_union(net, feature(0) | feature(1))]
    [(('+-',), (0, 1)), (('-+',), (0,))]
    """
    loaded, until, most = as_network(network), as_deadline(seconds), as_count(max_zones, "number of zones")
    resolved = Disjunction(as_cases(prop)).resolve(loaded.widths)
    region, lists = as_domain(domain, loaded.inputs), list[Zones]()
    options: dict[str, Any] = {"engine": engine, "jobs": jobs, "executor": executor, "progress": progress}
    for case in of_one_horizon(resolved, loaded):
        left = None if most is None else most - sum(map(len, lists))
        try:
            lists.append(find_zones(loaded, case, region, seconds=until, max_zones=left, **options))
        except BudgetExceeded as stopped:
            found = ZoneUnion(loaded, resolved, region, (*lists, stopped.found), complete=False)
            raise BudgetExceeded(stopped.reason, found) from None
    return ZoneUnion(loaded, resolved, region, tuple(lists))


def of_one_horizon(prop: Disjunction, network: Network) -> list[Property]:
    """Return the cases, each with the same layers in its patterns: a condition that always holds asks for the missing ones."""
    horizon = max((case.horizon if case.conditions else len(network.layers) for case in prop.cases), default=0)
    after_relu = horizon == len(network.layers)
    true = Condition(horizon - after_relu, (), Fraction(1), strict=True, after_relu=after_relu)
    return [case if case.horizon == horizon else Property((*case.conditions, true)) for case in prop.cases]


def as_drawn(value: Any) -> Zones | UnionParts:
    """Return a list of zones, or the parts of a union of zones, which pictures draw.

    Raises:
        InputError: something else.
    """
    return value.parts if isinstance(value, ZoneUnion) else as_zones(value)
