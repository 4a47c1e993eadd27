"""The zones of a disjunction: the union of the zones of its cases, each with the cases that hold somewhere in it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from importlib import import_module
from os import PathLike
from typing import Any, overload

from exactzones.arguments import DomainLike, NetworkLike, Progress, as_count, as_deadline, as_domain, as_network
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, InputError
from exactzones.files import as_path
from exactzones.network import Network, Pattern
from exactzones.polyhedra import Cell, HRep, Polyhedron, VRep
from exactzones.property import Condition, Disjunction, Property, as_cases
from exactzones.rational import Vector
from exactzones.zone import Zone
from exactzones.zones.listing import Zones, find_zones


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
        return self.cell.hrep

    @property
    def vrep(self) -> VRep:
        """The vertices, rays and lines of the closed cell."""
        return self.cell.vrep

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

    def containing(self, point: Sequence[Any]) -> list[UnionZone]:
        """Return the zones whose closed cell contains a point, shape (inputs,)."""
        return [zone for zone in self.zones if zone.contains(point)]

    def at(self, point: Sequence[Any]) -> UnionZone | None:
        """Return the first zone in which a case holds at a point, shape (inputs,), or None."""
        return next((zone for zone in self.zones if zone.fires(point)), None)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the zones to a file .json or .json.gz, see ``formats.union_json``.

        Raises:
            InputError: another suffix, or a file that cannot be written.
        """
        target = as_path(path)
        if not target.lower().endswith((".json", ".json.gz")):
            raise InputError(
                f"{target}: the zones of a disjunction are written as JSON; expected a name that ends in .json or .json.gz"
            )
        import_module("exactzones.formats.union_json").save_union(self, target)  # a floor above

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ZoneUnion):
            return NotImplemented
        return (self.prop, self.complete, self.lists) == (other.prop, other.complete, other.lists)

    def __hash__(self) -> int:
        return hash((self.prop, self.lists))

    def __repr__(self) -> str:
        return f"ZoneUnion({len(self)} zones of {self.prop}{'' if self.complete else ', incomplete'})"


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
    for case in _of_one_horizon(resolved, loaded):
        left = None if most is None else most - sum(map(len, lists))
        try:
            lists.append(find_zones(loaded, case, region, seconds=until, max_zones=left, **options))
        except BudgetExceeded as stopped:
            found = ZoneUnion(loaded, resolved, region, (*lists, stopped.found), complete=False)
            raise BudgetExceeded(stopped.reason, found) from None
    return ZoneUnion(loaded, resolved, region, tuple(lists))


def _of_one_horizon(prop: Disjunction, network: Network) -> list[Property]:
    """Return the cases, each with the same layers in its patterns: a condition that always holds asks for the missing ones."""
    horizon = max((case.horizon if case.conditions else len(network.layers) for case in prop.cases), default=0)
    after_relu = horizon == len(network.layers)
    true = Condition(horizon - after_relu, (), Fraction(1), strict=False, after_relu=after_relu)
    return [case if case.horizon == horizon else Property((*case.conditions, true)) for case in prop.cases]
