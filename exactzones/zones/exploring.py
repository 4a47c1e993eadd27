"""Zones in the order of their distance from a point, without a list of zones: in any number of inputs.

The search goes from cell to cell across facets, the nearest cell first.  On the way from the point to a cell at distance d, all
cells are at distance d or less: move both ends of the segment a little, so that it crosses facets in their relative interiors
only; the cells that it meets have points as close to the segment as one likes, and are closed.  So when the nearest cell in the
queue is at distance d, all nearer cells have been found.

A cell on the other side of a facet lies beyond the facet's hyperplane, which is a lower bound of its distance.  The distance
itself is computed, exactly, once that bound is the smallest of all.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, NamedTuple, overload

from exactzones.arguments import DomainLike, NetworkLike, Progress, PropertyLike, as_count, as_function, as_progress
from exactzones.deadline import Deadline
from exactzones.engine.search import Budget, Meter
from exactzones.errors import BudgetExceeded, InputError, quoted, reason_of
from exactzones.network import Network, Pattern
from exactzones.notation import point as written
from exactzones.polyhedra import HRep, Polyhedron
from exactzones.polyhedra.nearest_in_norms import nearest_in_norm_1, nearest_in_norm_inf
from exactzones.polyhedra.nearest_point import nearest_in
from exactzones.polyhedra.program import Program
from exactzones.polyhedra.projection import MANY_INPUTS, Norm, distance, named_norm, project
from exactzones.property import Property
from exactzones.rational import Vector, exact, flag, integer_dot, integer_row
from exactzones.zone import Zone
from exactzones.zones.local import LocalZone, ZoneFacet, zones_containing

_NEAREST = {1: nearest_in_norm_1, 2: nearest_in, "inf": nearest_in_norm_inf}


@dataclass(frozen=True, slots=True)
class NearZone:
    """A zone, and how far its firing part is from a point.

    Attributes:
        local: the zone, with its facets as they are seen from the point.
        distance: the distance of the firing part; for the norm 2 its square.
        point: a nearest point of the closure of the firing part, shape (inputs,).
    """

    local: LocalZone
    distance: Fraction
    point: Vector

    def __repr__(self) -> str:
        return f"NearZone({' '.join(self.pattern) or 'no hidden neurons'}, nearest at {written(self.point)})"

    @property
    def zone(self) -> Zone:
        """The zone."""
        return self.local.zone

    @property
    def pattern(self) -> Pattern:
        """The activation pattern."""
        return self.local.pattern


@dataclass(frozen=True, eq=False)
class Exploration(Sequence[NearZone]):
    """The zones around a point, in the order of their distance, and of their patterns where distances are equal.

    Attributes:
        network: the network.
        prop: the resolved property.
        domain: the domain; None is all of the input space.
        point: the point, shape (inputs,).
        norm: 1, 2 or "inf".
        radius: the largest distance; None if there was no limit.
        everywhere: whether zones of all islands were looked for, or those of one.
        zones: the zones.
        complete: whether all zones that were asked for are listed: those within the radius if there is one, else all.
        farther: whether some of what was asked for is farther than the radius, so that it was left out.
    """

    network: Network = field(repr=False)
    prop: Property
    domain: Polyhedron | None = field(repr=False)
    point: Vector = field(repr=False)
    norm: Literal[1, 2, "inf"]
    radius: Fraction | None
    everywhere: bool
    zones: tuple[NearZone, ...] = field(repr=False)
    complete: bool = True
    farther: bool = False

    @cached_property
    def touching(self) -> tuple[tuple[int, int], ...]:
        """The pairs of zones that share a facet, each with the smaller index first, ascending."""
        index = {near.pattern: k for k, near in enumerate(self.zones)}
        others = (
            (k, index.get(near.local.across(facet).pattern))
            for k, near in enumerate(self.zones)
            for facet in near.local.facets
            if facet.flips
        )
        return tuple(sorted((k, other) for k, other in others if other is not None and k < other))

    @overload
    def __getitem__(self, index: int) -> NearZone: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[NearZone, ...]: ...
    def __getitem__(self, index: int | slice) -> NearZone | tuple[NearZone, ...]:
        return self.zones[index]

    def __iter__(self) -> Iterator[NearZone]:
        return iter(self.zones)

    def __len__(self) -> int:
        return len(self.zones)

    def __repr__(self) -> str:
        what = ("" if self.everywhere else " of an island") + (f" on {self.network.slice}" if self.network.slice else "")
        limits = ", incomplete" * (not self.complete) + ", others are farther than the radius" * (self.complete and self.farther)
        return f"Exploration({len(self.zones)} zones{what} of {self.prop}{limits})"


def explore(
    network: NetworkLike,
    prop: PropertyLike,
    at: Any,
    domain: DomainLike = None,
    *,
    norm: Norm = 2,
    radius: Any = None,
    everywhere: bool = False,
    max_zones: int | None = None,
    seconds: float | Deadline | None = None,
    progress: Progress | None = None,
    on_zone: Callable[[NearZone], None] | None = None,
) -> Exploration:
    """Return the island of zones that is nearest to a point, or all zones around it, in the order of their distance.

    The island is that of the zone whose firing part is nearest: of the point's own zone, if the property holds there.  Zones
    belong to it as far as they are connected by facets on which the property holds somewhere.  No list of zones is needed, and
    the number of inputs may be large.

    Args:
        network: the network, or the path of its file.
        prop: a feature or a conjunction of strict conditions; ``ALWAYS`` for all activation regions.
        at: the point, exact numbers, shape (inputs,).
        domain: a polyhedron with an interior, or a box; None is all of the input space.
        norm: what distance means: 1 (sum of changes), 2 (Euclidean) or "inf" (largest change).
        radius: zones that are farther are left out, and are not walked through.
        everywhere: whether to walk through cells on which the property holds nowhere, too, so that all islands are found.
        max_zones: the largest number of zones to return.
        seconds: the time limit, or a deadline that has begun already.
        progress: called at most ten times a second with (cells visited, zones found).
        on_zone: called with each zone as soon as it has been found: with ``everywhere`` in the order of the result, else the
            nearest of those first that touch the zones found.

    Raises:
        BudgetExceeded: a limit was reached; ``found`` is an incomplete Exploration.
        DomainError: the point lies outside the domain, or the domain is empty or flat.
        InputError: another argument that does not fit.

    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> [(near.pattern, near.distance) for near in explore(net, 0, ["3/2"], norm="inf")]
    [(('+-',), Fraction(0, 1))]
    >>> [(near.pattern, near.distance) for near in explore(net, 0, ["1/2"], norm="inf", everywhere=True)]
    [(('+-',), Fraction(1, 2)), (('-+',), Fraction(3, 2))]
    """
    chosen, whole = named_norm(norm), flag(everywhere, "everywhere")
    start = next(zones_containing(network, at, domain, prop))
    if not whole:
        _require_open(start.prop)
    if on_zone is not None:
        as_function(on_zone, "on_zone", "a function of a zone, such as print")
    meter = Meter(Budget(as_count(max_zones, "max_zones"), seconds), as_progress(progress))
    start = replace(start, deadline=meter.deadline)
    length = _radius(radius)
    walk = _Walk(chosen, length**2 if length is not None and chosen == 2 else length, meter)
    zones, stopped = _found(walk, walk.everywhere(start) if whole else walk.island(start), on_zone)
    question = start.network, start.prop, start.domain, start.point, chosen, length, whole
    if stopped is not None:
        raise BudgetExceeded(stopped, Exploration(*question, zones, complete=False))
    return Exploration(*question, zones, farther=walk.farther)


def first_zone(
    network: Network,
    prop: Property,
    at: Vector,
    domain: Polyhedron | None,
    norm: Literal[1, 2, "inf"],
    *,
    limit: Fraction,
    deadline: Deadline,
    progress: Progress | None = None,
) -> NearZone | None:
    """Return the zone whose firing part is nearest to a point; None if none is within the limit.

    Args:
        network: the network.
        prop: a conjunction of conditions.
        at: the point.
        domain: a polyhedron with an interior; None is all of the input space.
        norm: what distance means.
        limit: the largest distance, for the norm 2 its square.
        deadline: when to end.
        progress: as ``explore`` calls it.

    Raises:
        BudgetExceeded: time is up; ``found`` is a distance, for the norm 2 its square: nothing that is nearer fires.
        DomainError: the point lies outside the domain, or the domain is empty or flat.
    """
    meter = Meter(Budget(None, deadline), progress)
    walk = _Walk(norm, limit, meter)
    try:
        start = replace(next(zones_containing(network, at, domain, prop)), deadline=meter.deadline)
        return next(walk.everywhere(start), None)
    except BudgetExceeded as stopped:
        raise BudgetExceeded(stopped.reason, walk.reached) from None


def _require_open(prop: Property) -> None:
    if not prop.is_open:
        raise InputError(
            "the property has a condition with >=, so that zones may touch where no facet is, and islands are not explored; pass "
            "everywhere=True for the zones of all islands, or write the condition with >"
        )


def _found(
    walk: _Walk, zones: Iterator[NearZone], on_zone: Callable[[NearZone], None] | None
) -> tuple[tuple[NearZone, ...], str | None]:
    """Return the zones of a walk in the order of an ``Exploration``, and why it stopped early; None if it did not."""
    found, stopped = list[NearZone](), None
    try:
        for near in zones:
            walk.meter.zone()
            found.append(near)
            if on_zone is not None:
                on_zone(near)
        walk.meter.report()
    except (BudgetExceeded, KeyboardInterrupt) as error:
        stopped = reason_of(error)
    return tuple(sorted(found, key=lambda near: (near.distance, near.pattern))), stopped


def _radius(radius: Any) -> Fraction | None:
    length = None if radius is None else exact(radius, "radius")
    if length is not None and length < 0:
        raise InputError(f"the radius is {quoted(radius)}; expected a number from 0 on")
    return length


class _Known(IntEnum):
    """What is known of an entry of the queue; of equal distances the least is taken first.

    So of zones that are as far, all have been found before the first is returned.
    """

    BEYOND = 0  # a facet: the distance is that of its hyperplane, or less
    CELL = 1  # the distance of the cell
    ZONE = 2  # the distance of the firing part


class _Entry(NamedTuple):
    distance: Fraction
    known: _Known
    pattern: Pattern
    local: LocalZone
    point: Vector


@dataclass
class _Walk:
    """A search from cell to cell.

    Attributes:
        norm: of distances.
        limit: the largest distance.
        meter: counts cells, and ends the search.
        farther: whether entries were left because they are farther than the limit.
        reached: all cells and firing parts that are nearer have been returned.
    """

    norm: Literal[1, 2, "inf"]
    limit: Fraction | None
    meter: Meter
    farther: bool = False
    reached: Fraction = Fraction(0)
    queue: list[_Entry] = field(default_factory=list)
    seen: set[Pattern] = field(default_factory=set)

    def everywhere(self, start: LocalZone) -> Iterator[NearZone]:
        """Yield all zones in the order of their distance, given a cell that contains the point."""
        self._enter(start, Fraction(0), _Known.CELL)
        for entry in self._nearest_first():
            if entry.known is _Known.BEYOND:
                self._measure(entry.local, _Known.CELL)
            elif entry.known is _Known.ZONE:
                yield NearZone(entry.local, entry.distance, entry.point)
            else:
                if entry.local.zone.can_fire:
                    self._measure(entry.local, _Known.ZONE)
                self._cross(entry.local, entry.local.facets)

    def island(self, start: LocalZone) -> Iterator[NearZone]:
        """Yield the zones of the nearest island, nearest first of those that touch the ones before."""
        first = next(self.everywhere(start), None)
        if first is None:
            return
        self.queue, self.seen = [], set()
        self._enter(first.local, first.distance, _Known.ZONE, first.point)
        for entry in self._nearest_first():
            if entry.known is _Known.BEYOND:
                self._measure(entry.local, _Known.ZONE)
            else:
                yield NearZone(entry.local, entry.distance, entry.point)
                self._cross(entry.local, firing_facets(entry.local))

    def _nearest_first(self) -> Iterator[_Entry]:
        while self.queue:
            if self.limit is not None and self.queue[0].distance > self.limit:
                self.farther = True
                return
            self.reached = max(self.reached, self.queue[0].distance)  # a hyperplane may be nearer than the cell before it
            self.meter.visit(int(self.queue[0].known is _Known.BEYOND))
            yield heapq.heappop(self.queue)

    def _enter(self, local: LocalZone, distance: Fraction, known: _Known, point: Vector = ()) -> None:
        self.seen.add(local.pattern)
        heapq.heappush(self.queue, _Entry(distance, known, local.pattern, local, point))

    def _measure(self, local: LocalZone, known: _Known) -> None:
        """Enter a cell, or its firing part, with its distance."""
        distance, point = _nearest_point(local, self.norm, firing=known is _Known.ZONE)
        self._enter(local, distance, known, point)

    def _cross(self, local: LocalZone, facets: Iterable[ZoneFacet]) -> None:
        """Enter the cells on the other side of some facets."""
        lifted = integer_row((Fraction(1), *local.point))
        for facet in facets:
            if not facet.flips:
                continue
            other = local.across(facet)
            if other.pattern not in self.seen:
                here = integer_dot(facet.row, lifted) >= 0
                self._enter(other, facet.measure(self.norm) if here else Fraction(0), _Known.BEYOND)


def _nearest_point(local: LocalZone, norm: Literal[1, 2, "inf"], *, firing: bool) -> tuple[Fraction, Vector]:
    """Return how far a cell, or the closure of its firing part, is from ``local.point``, and a nearest point."""
    conditions = [condition.integer_row for condition in local.zone.conditions] if firing else []
    rows = [*local.crossing.rows, *(row for row in conditions if any(row[1:]))]
    if local.is_rational and local.network.inputs >= MANY_INPUTS:
        bounds, others = local.around.bounds
        point = _NEAREST[norm](bounds, [*others, *rows], local.point)
        if point is not None:
            return distance(point, local.point, norm), point
    foot = project(HRep(local.network.inputs, (*local.domain_rows, *rows)), local.point, norm, nonempty=True)
    return foot.distance, foot.point


def nearest_in_zones_at(
    network: Network, prop: Property, at: Vector, domain: Polyhedron | None, norm: Literal[1, 2, "inf"], to: Vector
) -> Iterator[tuple[Fraction, Vector]]:
    """Yield, for each zone that contains a point, how far the closure of its firing part is from another one, and its point.

    Args:
        network: the network.
        prop: a conjunction of conditions.
        at: the point that the zones contain.
        domain: a polyhedron with an interior; None is all of the input space.
        norm: what distance means; for the norm 2 the square is yielded.
        to: the other point.
    """
    for local in zones_containing(network, at, domain, prop):
        if local.zone.can_fire:
            yield _nearest_point(replace(local, point=to, shared=None), norm, firing=True)


def firing_facets(local: LocalZone) -> Iterator[ZoneFacet]:
    """Yield the facets on which a property with strict conditions, which holds in the zone, holds somewhere.

    Without the row of a facet, the interior of the cell and the conditions define an open convex set.  It has points on the
    facet's inner side.  So it meets the facet iff it has points on the other side.
    """
    inner = [facet for facet in local.facets if facet.flips]
    conditions = [condition.integer_row for condition in local.zone.conditions]
    if not any(any(row[1:]) for row in conditions):
        yield from inner
        return
    if not local.is_rational:
        for facet in inner:
            if not local.zone.firing.intersect(Polyhedron.of(local.network.inputs, equations=[facet.row])).is_empty:
                yield facet
        return
    program = Program.on(HRep(local.network.inputs, local.domain_rows))
    first = len(program)
    for row in (*(facet.row for facet in inner), *conditions):
        program.push(row)
    for k, facet in enumerate(inner):
        local.deadline.check()
        with program.flipped(first + k):
            if program.interior() is not None:
                yield facet
