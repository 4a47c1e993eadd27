"""The topology of where a feature fires: components, loops and cavities, counted exactly.

The activation regions of a network are the cells of a complex: two of them meet in a common face (Grigsby and Lindsey 2022, On
transversality of bent hyperplane arrangements, for generic networks; cutting all cells of a complex along the zeros of a
continuous function that is affine on each leaves a complex in any case).  The sets on which a feature is at least a level, or
equal to it, are complexes of parts of these cells.  The open set on which it is greater than t has the homology of the closed
set on which it is at least a higher level, if no vertex has a value between the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

from exactzones.arguments import DomainLike, NetworkLike, Progress, PropertyLike, as_deadline, as_domain, as_network
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, DomainError, reason_of
from exactzones.network import Network
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.polyhedra.complexes import FaceComplex, part_above
from exactzones.polyhedra.homology import Homology
from exactzones.polyhedra.inequality_cell import MOST_CORNERS_DIM
from exactzones.property import ALWAYS
from exactzones.rational import Row, exact, flag, integer_dot, over_common_denominator, quotient
from exactzones.zones.listing import find_zones
from exactzones.zones.units import ending_at, unit_of


class _Region(NamedTuple):
    """A cell on which the feature, less the threshold, is ``row . (1, x) / unit``."""

    cell: Cell
    row: Row
    unit: int

    @property
    def parts(self) -> list[Cell]:
        """The cell, and the parts of it on which the feature has one sign."""
        return [part for part in (self.cell, *self.cell.halves(self.row)) if part is not None]

    def above(self, level: Fraction) -> Row:
        """Return a row that has the sign of the feature, less the threshold and a level."""
        scaled = [level.denominator * entry for entry in self.row]
        return scaled[0] - level.numerator * self.unit, *scaled[1:]


@dataclass(frozen=True)
class Topology:
    """The homology of three subsets of a domain; None where time did not suffice.

    Attributes:
        firing: where the feature is at least the threshold, or, if ``open``, greater than it.
        complement: the rest of the domain.
        boundary: where it is equal to the threshold.
        open: which firing set was meant.
    """

    firing: Homology | None = None
    complement: Homology | None = None
    boundary: Homology | None = None
    open: bool = False


def topology(
    network: NetworkLike,
    unit: PropertyLike,
    domain: DomainLike = None,
    *,
    threshold: Any = 0,
    open: bool = False,  # noqa: A002 - the word of topology
    layer: int = -1,
    seconds: float | Deadline | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Topology:
    """Return the Betti numbers, torsion and Euler characteristics of where a feature fires, where not, and of the boundary.

    Sets that touch in a point or an edge are connected if they are closed, and apart if they are open.

    Args:
        network: the network, or the path of its file.
        unit: the feature, such as 2 or ``feature(2)``.
        domain: full-dimensional; None is all of the input space.
        threshold: exact number, compared with the feature before its ReLU.
        open: whether the firing set is where the feature is greater than the threshold; by default it has its boundary, too.
        layer: of the feature; 0 is the first, -1 the last.
        seconds: the time limit, or a deadline that has begun already.
        jobs: the number of processes that search for regions; see ``find_zones``.
        executor: searches with its workers.
        progress: called with (cells visited, regions found).

    Raises:
        BudgetExceeded: time is up, or the user interrupted; ``found`` has the parts that are known.
        DomainError: there are too many inputs for cells with vertices.
        InputError: another argument that does not fit.

    >>> from exactzones import Network
    >>> found = topology(Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1] * 4], [-1])]), 0, (-2, 2))
    >>> found.firing.betti, found.complement.betti, found.boundary.betti                            # |x| + |y| >= 1
    ((1, 1), (1, 0), (1, 1))
    """
    loaded, deadline, is_open = as_network(network), as_deadline(seconds), flag(open, "open")
    chosen, at = unit_of(loaded, unit, layer)
    level, region = exact(threshold, "threshold"), as_domain(domain, loaded.inputs)
    search = {"seconds": deadline, "jobs": jobs, "executor": executor, "progress": progress}
    found = Topology(open=is_open)
    try:
        regions = _regions(ending_at(loaded, at, [chosen], relu=False), region, level, search)
        for fuller in _counted(regions, found, deadline):
            found = fuller
    except (BudgetExceeded, KeyboardInterrupt) as stopped:
        raise BudgetExceeded(reason_of(stopped), found) from None
    return found


def _counted(regions: Sequence[_Region], found: Topology, deadline: Deadline) -> Iterator[Topology]:
    """Yield what is known after each of the three subsets."""
    opposite = [region._replace(row=tuple(-entry for entry in region.row)) for region in regions]
    zero, above_zero, below_zero = Fraction(0), _least(regions, deadline) / 2, _least(opposite, deadline) / 2
    found = replace(found, firing=_homology(regions, above_zero if found.open else zero, deadline))
    yield found
    found = replace(found, complement=_homology(opposite, zero if found.open else below_zero, deadline))
    yield found
    yield replace(found, boundary=_homology(regions, zero, deadline, at_level=True))


def _regions(network: Network, domain: Polyhedron | None, level: Fraction, search: dict[str, Any]) -> list[_Region]:
    """Return all activation regions, with the feature on each, less the level; unbounded ones are cut off far outside."""
    zones = find_zones(network, ALWAYS, domain, **search)
    rows = ((zone.affine.offset[0] - level, *zone.affine.matrix.rows[0]) for zone in zones)
    regions = [_Region(zone.cell, *over_common_denominator(row)) for zone, row in zip(zones, rows, strict=True)]
    if domain is None or not domain.is_bounded:
        regions = _cut_off(regions, search["seconds"])
    return regions if domain is None else _inside(regions, domain.hrep.strict, search["seconds"])


def _cut_off(regions: Sequence[_Region], deadline: Deadline) -> list[_Region]:
    """Return the regions within a box around a point of each smallest face of the parts on which the feature has one sign.

    So the interior of the box meets the interior of each face, in a convex set: any union of open faces keeps its homotopy type.
    """
    dim = regions[0].cell.dim
    if dim > MOST_CORNERS_DIM:
        raise DomainError(
            f"unbounded regions in {dim} dimensions are not cut off by a box: it has 2^{dim} corners; look at a slice, "
            "network.compose(AffineMap.through(..))"
        )
    points = [ray for region in regions for part in region.parts for ray in part.rays if ray[0]]
    size = 1 + max((abs(entry) // ray[0] + 1 for ray in points for entry in ray[1:]), default=0)
    bounded = []
    for region in regions:
        cell = region.cell
        for k in deadline.watch(range(dim)):
            for sign in (1, -1):
                side = (size, *(sign * (j == k) for j in range(dim)))
                cell = cell.halves(side)[1] or cell
        bounded.append(region._replace(cell=cell))
    return bounded


def _inside(regions: list[_Region], rows: Sequence[Row], deadline: Deadline) -> list[_Region]:
    """Return the parts of the regions on which strict rows of the domain are at least small numbers.

    No face has a vertex at which a row has a smaller positive value: any union of open faces keeps its homotopy type.
    """
    for row in rows:
        least = _least([_Region(part, row, 1) for region in regions for part in region.parts], deadline)
        inner = _Region(regions[0].cell, row, 1).above(least / 2)
        regions = [region._replace(cell=region.cell.halves(inner)[1] or region.cell) for region in regions]
    return regions


def _least(regions: Sequence[_Region], deadline: Deadline) -> Fraction:
    """Return the least positive value of the feature at a vertex; 1 if there is none."""
    least, over = 1, 0  # as a quotient: infinity
    for cell, row, unit in deadline.watch(regions):
        for ray in cell.rays:
            value = integer_dot(row, ray)
            if value > 0 and value * over < least * unit * ray[0]:
                least, over = value, unit * ray[0]
    return quotient(least, over or 1)


def _homology(regions: Sequence[_Region], level: Fraction, deadline: Deadline, *, at_level: bool = False) -> Homology:
    """Return the homology of where the feature is at least a level, or equal to it."""
    complex_ = FaceComplex(regions[0].cell.dim, deadline)
    for region in regions:
        complex_.add(part_above(region.cell, region.above(level), at_zero=at_level))
    return complex_.homology()
