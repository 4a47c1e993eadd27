"""The zone of a point, and the zones next to it, without a list of zones: in any number of inputs.

The pattern at the point gives the inequalities.  Which of them are facets is decided by points that violate one of them alone,
and by linear programs (``polyhedra.irredundant``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np

from exactzones.affine import AffineMap
from exactzones.arguments import DomainLike, NetworkLike, PropertyLike, as_deadline, as_domain, as_network
from exactzones.deadline import Deadline
from exactzones.engine.search import resolve
from exactzones.errors import BudgetExceeded, DimensionError, DomainError
from exactzones.network import Network, Pattern
from exactzones.notation import comparison, root
from exactzones.polyhedra import Cell, HRep, Polyhedron
from exactzones.polyhedra.bounds import Bounds
from exactzones.polyhedra.inequality_cell import InequalityCell
from exactzones.polyhedra.program import Program
from exactzones.polyhedra.projection import Norm, named_norm
from exactzones.property import ALWAYS, Property, as_property
from exactzones.rational import Row, Vector, integer_dot, integer_row, irrational
from exactzones.rational.arrays import Floats
from exactzones.zone import Zone
from exactzones.zones.crossing import Crossing
from exactzones.zones.facet_rows import NOTHING_KNOWN, FacetRows, FacetsFound, NeighbourHints
from exactzones.zones.surroundings import Surroundings

MOST_ZONES = 1000
"""At a point that lies in more zones, so many are returned."""


@dataclass(frozen=True, slots=True)
class ZoneFacet:
    """A facet of a zone, and how far its hyperplane is from a point.

    The nearest facet is as far as its hyperplane; others may be farther.

    Attributes:
        row: ``b + a . x >= 0`` on the zone, with equality on the facet, shape (1 + inputs,).
        flips: the neurons (layer, unit) that are on at one side and off at the other; empty where the domain ends.
        l1: the distance in the norm 1.
        linf: the distance in the norm infinity.
        l2_squared: the square of the distance in the norm 2.
    """

    row: Row
    flips: tuple[tuple[int, int], ...]
    l1: Fraction
    linf: Fraction
    l2_squared: Fraction

    def __repr__(self) -> str:
        flips = " and ".join(f"z{layer}[{unit}]" for layer, unit in self.flips)
        what = f"{flips} flips" if flips else "of the domain"
        return f"ZoneFacet({comparison(self.row, '=')}, {what}, L2 distance {root(self.l2_squared)})"

    def measure(self, norm: Norm = 2) -> Fraction:
        """Return the distance; for the norm 2 its square."""
        by_norm: dict[Literal[1, 2, "inf"], Fraction] = {1: self.l1, 2: self.l2_squared, "inf": self.linf}
        return by_norm[named_norm(norm)]


@dataclass(frozen=True)
class LocalZone:
    """A zone that is kept by its inequalities, seen from a point, which need not lie in it.

    Attributes:
        network: the network.
        prop: the resolved property, which says how many layers matter.
        domain: the domain; None is all of the input space.
        pattern: the activation pattern.
        point: the point from which distances are measured, shape (inputs,).
        deadline: when the search for facets stops.
        shared: what the zones of one search have in common.
        hints: what is known from the zone on the other side of a facet.
    """

    network: Network = field(repr=False)
    prop: Property = field(repr=False)
    domain: Polyhedron | None = field(repr=False)
    pattern: Pattern
    point: Vector = field(repr=False)
    deadline: Deadline = field(default_factory=Deadline, repr=False, compare=False)
    shared: Surroundings | None = field(default=None, repr=False, compare=False)
    hints: NeighbourHints | None = field(default=None, repr=False, compare=False)

    @cached_property
    def around(self) -> Surroundings:
        """What the zones of one search have in common."""
        return self.shared or Surroundings(self.network, self.prop, self.domain, self.point)

    @cached_property
    def zone(self) -> Zone:
        """The zone.  Its vertices are computed when they are asked for, which takes long in many dimensions."""
        return Zone(self.network, self.prop, self.pattern, _CellOnDemand(self))

    @property
    def affine(self) -> AffineMap:
        """The network on the zone: the affine map from the input to the pre-activations of the property's last layer."""
        return self.zone.affine

    @property
    def hrep(self) -> HRep:
        """The irredundant inequalities, those of the domain included."""
        return HRep(self.network.inputs, tuple(self._found.rows))

    @cached_property
    def facets(self) -> tuple[ZoneFacet, ...]:
        """The facets, in the order of the rows of ``hrep``."""
        around, rows = self.around, self._found.rows
        flips = (() if row in around.ends else self.crossing.flips(row) for row in rows)
        return tuple(ZoneFacet(row, flipped, *around.distances(row)) for row, flipped in zip(rows, flips, strict=True))

    @cached_property
    def crossing(self) -> Crossing:
        """The neurons by their hyperplanes."""
        return Crossing(self.zone, self.around.neuron_rows(self.pattern))

    def nearest_facet(self, norm: Norm = 2) -> ZoneFacet | None:
        """Return the nearest facet across which the pattern changes; None if there is none."""
        return min((facet for facet in self.facets if facet.flips), key=lambda facet: facet.measure(norm), default=None)

    def across(self, facet: ZoneFacet) -> LocalZone:
        """Return the zone on the other side of a facet, seen from the same point.

        Raises:
            DomainError: the domain ends there.
        """
        if not facet.flips:
            raise DomainError("the domain ends at this facet, so that there is no zone on its other side; choose another facet")
        hints = NeighbourHints(self._found.reasons, self._centre, facet.flips[0])
        return replace(self, pattern=self.crossing.pattern_across(facet.flips), shared=self.around, hints=hints)

    @cached_property
    def _centre(self) -> Floats:
        return np.array([float(entry) for entry in self.inner_point])

    @property
    def is_rational(self) -> bool:
        """Whether no number of the network, the property and the domain is irrational."""
        return self.around.is_rational

    @property
    def domain_rows(self) -> tuple[Row, ...]:
        """The domain's inequalities as primitive rows."""
        return self.around.domain_rows

    @cached_property
    def inner_point(self) -> Vector:
        """A point strictly inside all inequalities of the pattern, shape (inputs,)."""
        if self.is_rational:
            inner = self._search.inner()
            if inner is None:
                raise _flat(self.domain)
            return inner
        return self._irrational_cell.interior_point()

    @cached_property
    def _found(self) -> FacetsFound:
        """The irredundant rows."""
        if self.is_rational:
            return self._search.facets(self.inner_point)
        return FacetsFound(list(self._irrational_cell.hrep.rows), NOTHING_KNOWN)

    @cached_property
    def _irrational_cell(self) -> Cell:
        cell = Cell.of(self.network.inputs, (*self.domain_rows, *self.crossing.rows))
        if cell is None:
            raise _flat(self.domain)
        return cell

    @cached_property
    def _search(self) -> FacetRows:
        return FacetRows(self.crossing, self.around, self.hints, self.deadline)


def zone_at(
    network: NetworkLike,
    point: Any,
    domain: DomainLike = None,
    prop: PropertyLike = ALWAYS,
    *,
    seconds: float | Deadline | None = None,
) -> tuple[LocalZone, ...]:
    """Return the zones that contain a point: one or, if the point lies on a boundary, several.

    Args:
        network: the network, or the path of its file.
        point: exact numbers, shape (inputs,).
        domain: a polyhedron with an interior, or a box; None is all of the input space.
        prop: a feature or a conjunction of conditions; patterns are those of the layers that matter to it.  By default all
            layers matter.  Zones are returned whether or not the property holds in them.
        seconds: time limit, or a deadline that has begun already; the zones' facets are computed when they are asked for.

    Raises:
        BudgetExceeded: the time was up, or the point lies in more than ``MOST_ZONES`` zones; ``found`` has the first ones.
        DimensionError: the point does not have one number per input.
        DomainError: the point lies outside the domain, or the domain is empty or flat.
        InputError: another argument that does not fit.

    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> [zone.pattern for zone in zone_at(net, [0])]
    [('+-',), ('-+',)]
    >>> facet = zone_at(net, ["1/2"])[0].nearest_facet()
    >>> facet.flips, facet.l1
    (((0, 0), (0, 1)), Fraction(1, 2))
    """
    found: list[LocalZone] = []
    try:
        for zone in as_deadline(seconds).watch(zones_containing(network, point, domain, prop)):
            if len(found) == MOST_ZONES:
                raise BudgetExceeded(f"the point lies in more than {MOST_ZONES} zones")  # noqa: TRY301
            found.append(zone)
    except BudgetExceeded as stopped:
        raise BudgetExceeded(stopped.reason, tuple(found)) from None
    return tuple(found)


def zones_containing(network: NetworkLike, point: Any, domain: DomainLike, prop: PropertyLike) -> Iterator[LocalZone]:
    """Return an iterator over the zones of ``zone_at``; errors about arguments are raised by the call."""
    loaded = as_network(network)
    wanted = resolve(loaded, as_property(prop))
    start, region = loaded.point(point), as_domain(domain, loaded.inputs)
    if region is not None and region.ambient_dim != loaded.inputs:
        raise DimensionError("domain", expected=loaded.inputs, got=region.ambient_dim, size="dimension")
    if region is not None and region.hrep.equations:
        raise _flat(region)
    lifted = integer_row((Fraction(1), *start))
    if region is not None and any(integer_dot(row, lifted) < 0 for row in region.hrep.closed_rows):
        raise DomainError("the point lies outside the domain; choose a point of the domain, or a larger domain")
    patterns = _Sides(loaded, wanted.horizon, start).patterns(region)
    shared = Surroundings(loaded, wanted, region, start)
    return (LocalZone(loaded, wanted, region, pattern, start, shared=shared) for pattern in patterns)


@dataclass(frozen=True)
class _Sides:
    """The patterns near a point: at a unit that is zero there, both sides are tried.

    A pattern is that of a zone iff the half-spaces whose boundaries contain the point have a common interior.
    """

    network: Network
    horizon: int
    point: Vector

    def patterns(self, domain: Polyhedron | None) -> Iterator[Pattern]:
        """Yield the patterns of the zones that contain the point, in the order of zones."""
        lifted = integer_row((Fraction(1), *self.point))
        rows = () if domain is None else domain.hrep.closed_rows
        cone = [row[1:] for row in rows if any(row[1:]) and not integer_dot(row, lifted)]
        if _has_interior(cone, self.network.inputs):
            yield from self._from_layer(0, (), cone)
        elif domain is not None:
            raise _flat(domain)

    def _from_layer(self, k: int, prefix: Pattern, cone: list[Row]) -> Iterator[Pattern]:
        if k == self.horizon:
            yield prefix
            return
        layer, values = self.network.layers[k], self._trace[k]
        if not layer.relu_units:
            yield from self._from_layer(k + 1, prefix, cone)
            return
        undecided = [unit for unit in layer.relu_units if not values[unit]]
        rows = self.network.regime_maps(prefix, k)[k].matrix.rows if undecided else ()
        for states, narrowed in self._both([integer_row(rows[unit]) for unit in undecided], cone):
            chosen = dict(zip(undecided, states, strict=True))
            signs = "".join(chosen.get(unit) or ("+" if values[unit] > 0 else "-") for unit in layer.relu_units)
            yield from self._from_layer(k + 1, (*prefix, signs), narrowed)

    def _both(self, slopes: list[Row], cone: list[Row]) -> Iterator[tuple[str, list[Row]]]:
        """Yield the signs of units with these slopes that are possible in a cone, with the part of the cone for each."""
        if not slopes:
            yield "", cone
            return
        first, *others = slopes
        if not any(first):
            yield from (("-" + signs, part) for signs, part in self._both(others, cone))
            return
        for sign, half in (("+", first), ("-", tuple(-entry for entry in first))):
            if _has_interior([*cone, half], self.network.inputs):
                yield from ((sign + signs, part) for signs, part in self._both(others, [*cone, half]))

    @cached_property
    def _trace(self) -> tuple[Vector, ...]:
        return self.network.trace(self.point)


def _has_interior(slopes: list[Row], dim: int) -> bool:
    """Tell whether ``a . x > 0`` for all slopes has a solution."""
    if irrational(entry for row in slopes for entry in row):
        return Cell.of(dim, [(0, *row) for row in slopes]) is not None
    bounds, others = Bounds.of([(0, *row) for row in slopes], dim)
    if any(low is not None and low == high for low, high in zip(*bounds, strict=True)):
        return False
    if not others:
        return True
    signs = (
        (Fraction(-1) if low is None else low, Fraction(1) if high is None else high) for low, high in zip(*bounds, strict=True)
    )
    program = Program(Bounds(*map(tuple, zip(*signs, strict=True))))
    for row in others:
        program.push(row)
    return program.interior() is not None


def _flat(domain: Polyhedron | None) -> DomainError:
    """Return the error for a domain without an interior, or for a pattern that no zone has."""
    if domain is not None:
        try:
            domain.facet_rows()
        except DomainError as error:
            return error
    return DomainError("no zone has this pattern")


@dataclass(frozen=True)
class _CellOnDemand:
    """The ``zone.CellSource`` of a local zone: the cell is computed from its facets when it is asked for."""

    local: LocalZone

    @cached_property
    def inequalities(self) -> InequalityCell | None:
        """The cell by its inequalities, for questions that need no vertices; None if a number is irrational."""
        if not self.local.is_rational:
            return None
        rows = self.local.hrep.rows
        return InequalityCell(self.local.network.inputs, rows, self.local.inner_point, partial(tuple, rows))

    def cell(self) -> Cell:
        """Return the cell."""
        return self._cell

    @cached_property
    def _cell(self) -> Cell:
        if self.inequalities is not None:
            return self.inequalities.cell()
        cell = Cell.of(self.local.network.inputs, self.local.hrep.rows)
        if cell is None:
            raise _flat(self.local.domain)
        return cell

    def generators(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """Return the cell's homogeneous generators and its lines."""
        return self._cell.rays, self._cell.lines

    def conditions(self) -> None:
        """Return None: the conditions are computed from the zone's affine maps."""
