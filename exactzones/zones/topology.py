"""The topology of where a feature fires: components, loops and cavities, counted exactly.

The activation regions of a network are the cells of a complex: two of them meet in a common face (Grigsby and Lindsey 2022, On
transversality of bent hyperplane arrangements, for generic networks; cutting all cells of a complex along the zeros of a
continuous function that is affine on each leaves a complex in any case).  Where the domain is bounded, the set on which a
feature is at least t, or greater than t, can be shrunk to the complex of the faces at all of whose vertices it is so.  For in
each cell that the level cuts, the set is convex, and the union of those faces is contractible: it is dual to the facets of a
polytope that can be seen from a point (Bestvina and Brady 1997, Morse theory and finiteness properties of groups, lemma 2.5, for
levels without vertices).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

from exactzones.arguments import DomainLike, NetworkLike, Progress, PropertyLike, as_deadline, as_domain, as_network
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, DomainError, InputError, reason_of, require
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.polyhedra.homology import Homology, RegularComplex
from exactzones.polyhedra.shapes import floats
from exactzones.property import feature
from exactzones.rational import exact, flag
from exactzones.zone import Zone
from exactzones.zones.listing import find_zones
from exactzones.zones.regions import Hole, Regions
from exactzones.zones.units import ending_at, too_many_inputs, unit_of


@dataclass(frozen=True)
class Topology:
    """The homology of three subsets of a domain; None where time did not suffice.

    Attributes:
        firing: where the feature is at least the threshold, or, if ``open``, greater than it.
        complement: the rest of the domain.
        boundary: where it is equal to the threshold.
        open: which firing set was meant.
        holes: for "firing", "complement" and "boundary" as many holes of each dimension from 1 as the Betti number says; short
            loops first.
    """

    firing: Homology | None = None
    complement: Homology | None = None
    boundary: Homology | None = None
    open: bool = False
    holes: Mapping[str, tuple[Hole, ...]] = field(default_factory=dict)


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
        DomainError: a box of 10 or more inputs, whose cells have too many vertices.
        InputError: another argument that does not fit.

    >>> from exactzones import Network
    >>> found = topology(Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1] * 4], [-1])]), 0, (-2, 2))
    >>> found.firing.betti, found.complement.betti, found.boundary.betti                            # |x| + |y| >= 1
    ((1, 1), (1, 0), (1, 1))
    """
    loaded, deadline, is_open = as_network(network), as_deadline(seconds), flag(open, "open")
    chosen, at = unit_of(loaded, unit, layer)
    level, region = exact(threshold, "threshold"), as_domain(domain, loaded.inputs)
    search = partial(find_zones, seconds=deadline, jobs=jobs, executor=executor, progress=progress)
    found, prop = Topology(open=is_open), feature(chosen, level, at).resolve(loaded.widths)
    if problem := too_many_inputs(loaded, prop, region, "holes are"):
        raise DomainError(problem)

    def zone_of(region: Zone) -> Zone:
        return Zone(loaded, prop, region.pattern, region.source)

    try:
        regions = Regions.of(_shifted(ending_at(loaded, at, [chosen], relu=False), level), region, search, deadline)
        for fuller in _counted(regions, found, zone_of, deadline):
            found = fuller
    except (BudgetExceeded, KeyboardInterrupt) as stopped:
        raise BudgetExceeded(reason_of(stopped), found) from None
    return found


def loops(shape: Any, inputs: int) -> dict[str, list[list[tuple[float, ...]]]]:
    """Return the corners of the loops around the holes of the set that fires, and of the rest, by these two names, in floats.

    Raises:
        InputError: no ``Topology``, or not two inputs.
    """
    found = require(shape, Topology, "holes", "what topology(..) returns")
    if inputs != 2:
        raise InputError(f"loops around holes are drawn in 2 inputs; these zones have {inputs}")
    return {name: [floats(hole.corners) for hole in found.holes.get(name, ())] for name in ("firing", "complement")}


def _shifted(network: Network, level: Fraction) -> Network:
    """Return the network with its only output less a number."""
    *layers, last = network.layers
    return Network((*layers, Layer(last.weight, (last.bias[0] - level,), last.relu)))


def _counted(regions: Regions, found: Topology, zone_of: Callable[[Zone], Zone], deadline: Deadline) -> Iterator[Topology]:
    """Yield what is known after each of the three subsets."""
    low, high = regions.faces.extremes(regions.signs)
    whole = regions.faces.regular
    firing, rest = (low > 0, high <= 0) if found.open else (low >= 0, high < 0)

    def holes(subset: RegularComplex) -> tuple[Hole, ...]:
        return tuple(replace(hole, zones=tuple(map(zone_of, hole.zones))) for hole in deadline.watch(regions.holes(subset)))

    for name in ("firing", "complement", "boundary"):
        subset = regions.faces.level_set(regions.signs) if name == "boundary" else whole.of(firing if name == "firing" else rest)
        values: dict[str, Any] = {name: subset.homology(regions.faces.dim)}
        found = replace(found, **values, holes={**found.holes, name: holes(subset)})
        yield found
        deadline.check()
