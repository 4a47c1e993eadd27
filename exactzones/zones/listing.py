"""The complete list of the zones of a property, with their graph, islands, volume and maximum, and the location of points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any, overload

from exactzones import deprecated
from exactzones.arguments import DomainLike, NetworkLike, Progress, PropertyLike, as_function
from exactzones.deadline import Deadline
from exactzones.engine.forward import is_rational
from exactzones.engine.inequality_leaf import competing
from exactzones.engine.search import Budget, as_budget, as_question, stream_zones
from exactzones.errors import BudgetExceeded, InputError, reason_of, require
from exactzones.files import as_path
from exactzones.network import Network, Pattern
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property
from exactzones.rational import dot, read_points
from exactzones.zone import Maximum, Zone
from exactzones.zones.attained import within
from exactzones.zones.display import columns, page, picture, records
from exactzones.zones.locate import Array, Locator
from exactzones.zones.maps import count_maps
from exactzones.zones.measured import Measured
from exactzones.zones.merge import MergedZone, merge
from exactzones.zones.pattern_graph import PatternMatching

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, eq=False)
class Zones(Measured, Sequence[Zone]):
    """The complete list of the zones of a property: a sequence of zones, and what follows from its being complete.

    There are two questions about points.  ``containing(points)`` returns the zones whose closed cell contains a point (several on
    a common boundary); ``at(points)`` returns the zone in which the property fires at the point, or None.  Both take a point,
    shape (inputs,), or points, shape (points, inputs), for which they return a list.  A zone has ``contains`` and ``fires``.

    Two lists are equal iff they have the same network, property and domain, and the same zones in any order.  A slice is a tuple
    of zones, because a part of the list is not complete.

    Attributes:
        network: the network.
        prop: the resolved property.
        domain: the domain; None is all of the input space.
        zones: the zones in the engine's order, which depends on the network, property and domain only.
        complete: False if the search was stopped; ``zones`` then has the zones up to that point.
    """

    network: Network
    prop: Property
    domain: Polyhedron | None
    zones: tuple[Zone, ...]
    complete: bool = True

    @overload
    def __getitem__(self, index: int) -> Zone: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Zone, ...]: ...
    def __getitem__(self, index: int | slice) -> Zone | tuple[Zone, ...]:
        return self.zones[index]

    def __len__(self) -> int:
        return len(self.zones)

    @cached_property
    def graph(self) -> networkx.Graph:
        """The graph with zones as nodes 0, 1, .. and shared facets as edges; see ``zones.graph.adjacency``."""
        from exactzones.zones.graph import adjacency  # noqa: PLC0415 - networkx is slow to import

        return adjacency(self.zones)

    @cached_property
    def touching(self) -> tuple[tuple[int, int], ...]:
        """The pairs of zones that share a facet, each with the smaller index first, ascending: the edges of ``graph``."""
        if "graph" in self.__dict__:
            edges: Iterable[tuple[int, int]] = self.graph.edges
        elif (matching := PatternMatching.of(self.zones)) is not None:
            edges = ((k, other) for k, _, other, _ in matching.shared_facets())
        else:
            from exactzones.zones.graph import pairs  # noqa: PLC0415 - networkx is slow to import

            edges = pairs(self.zones)
        return tuple(sorted((min(a, b), max(a, b)) for a, b in edges))

    @cached_property
    def islands(self) -> tuple[tuple[int, ...], ...]:
        """The connected components of the firing set, as sorted tuples of zone indices, in the order of their first index."""
        if "graph" not in self.__dict__:
            by_patterns = self._connections or PatternMatching.of(self.zones)
            parts = None if by_patterns is None else by_patterns.islands()
            if parts is not None:
                return parts
        from exactzones.zones.graph import islands  # noqa: PLC0415 - networkx is slow to import

        return islands(self.zones, self.graph)

    @cached_property
    def island_of(self) -> tuple[int, ...]:
        """The index of each zone's island."""
        islands = {k: island for island, members in enumerate(self.islands) for k in members}
        return tuple(islands[k] for k in range(len(self.zones)))

    @cached_property
    def merged(self) -> tuple[MergedZone, ...]:
        """Convex sets, merged from zones; every zone is a piece of exactly one.  See ``zones.merge.merge``."""
        return merge(self.zones, self.graph, self.islands)

    @cached_property
    def distinct_maps(self) -> int:
        """The number of different affine maps of the network on the zones."""
        return count_maps(self.zones)

    @cached_property
    def maximum(self) -> Maximum | None:
        """The supremum over all zones of the feature in the property's first condition; None if there are no zones.

        Strict rows of the domain may exclude all points that have this value; ``attained`` is then False.
        """
        best: Zone | None = None
        for zone in self._competing:
            if zone.supremum is None:
                return zone.maximum
            if best is None or best.supremum is None or zone.supremum > best.supremum:
                best = zone
        if best is None:
            return None
        return within(self.domain, best, (zone for zone in self.zones if zone.supremum == best.supremum))

    @property
    def _competing(self) -> Sequence[Zone]:
        """The zones on which the feature may attain its largest value."""
        bounds = self._connections
        chosen = competing([z.source for z in self.zones]) if bounds is None else bounds.survey.competing.tolist()
        return [self.zones[k] for k in chosen]

    @overload
    def containing(self, points: Sequence[Sequence[Any]] | Array) -> list[list[Zone]]: ...
    @overload
    def containing(self, points: Sequence[Any]) -> list[Zone]: ...
    def containing(self, points: Any) -> list[Zone] | list[list[Zone]]:
        """Return the zones whose closed cell contains a point, in the order of this list; for several points, a list of these.

        A single point is compared with the inequalities of every zone.  Several points are evaluated by the network at once, and
        their signs are looked up among the patterns.

        Args:
            points: a point, shape (inputs,), or points, shape (points, inputs).

        Raises:
            DimensionError: a point has another number of coordinates.
            InexactError: a coordinate is not an exact number.
            InputError: the argument is neither a point nor points.
        """
        listed, many = read_points(points)
        if many:
            return [[self.zones[k] for k in indices] for indices in self._indices(listed)]
        lifted = (Fraction(1), *self.network.point(listed))
        return [zone for zone in self.zones if all(dot(row, lifted) >= 0 for row in zone.hrep.rows)]

    @overload
    def at(self, points: Sequence[Sequence[Any]] | Array) -> list[Zone | None]: ...
    @overload
    def at(self, points: Sequence[Any]) -> Zone | None: ...
    def at(self, points: Any) -> Zone | list[Zone | None] | None:
        """Return the first zone in which the property fires at a point, or None; for several points, a list of these.

        Args:
            points: a point, shape (inputs,), or points, shape (points, inputs).

        Raises:
            DimensionError: a point has another number of coordinates.
            InexactError: a coordinate is not an exact number.
            InputError: the argument is neither a point nor points.
        """
        listed, many = read_points(points)
        if many:
            return [_firing(zones, point) for point, zones in zip(listed, self.containing(listed), strict=True)]
        return _firing(self.containing(listed), listed)

    def index(self, value: Any, *bounds: Any) -> int:
        """Return the index of a zone in this list, without comparing it with the others.

        Raises:
            ValueError: the zone is not in the list.
        """
        known = self._index_of.get(value.pattern) if isinstance(value, Zone) and not bounds else None
        return known if known is not None and self.zones[known] == value else self.zones.index(value, *bounds)

    @cached_property
    def _index_of(self) -> dict[Pattern, int]:
        return {zone.pattern: k for k, zone in enumerate(self.zones)}

    def _indices(self, points: Any) -> list[tuple[int, ...]]:
        """Return the indices of the zones whose closed cell contains a point, for each of many points."""
        if is_rational(self.network, self.prop, self.domain.hrep.closed_rows if self.domain else ()):
            return self._locator.locate(points)
        return [tuple(k for k, zone in enumerate(self.zones) if zone.contains(point)) for point in points]

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self.network.layers[: self.prop.horizon], self.network.inputs, self.domain, self.zones)

    def locate(self, points: Sequence[Sequence[Any]] | Array) -> list[tuple[int, ...]]:
        """Return for each of many points the indices of the zones that contain it.  Deprecated: use ``containing``."""
        deprecated.warn("Zones.locate", "zones.containing(points), and zones.index(zone) for the index of a zone")
        listed, many = read_points(points)
        if not many and len(listed):
            raise InputError("points is a single point; expected points, shape (points, inputs): pass [point]")
        return self._indices(listed if many else [])

    def fires(self, point: Sequence[Any]) -> bool:
        """Tell whether the property fires at a point.  Deprecated: use ``at``."""
        deprecated.warn("Zones.fires", "zones.at(point) is not None")
        return self.at(point) is not None

    def zones_in(self, latent: str) -> Zones:
        """Return the property's zones in a latent space, on all of it.

        Args:
            latent: the name of the latent space; ``network.latents`` lists them.

        Raises:
            FeatureError: the network has no such latent space, or the property refers to a layer before it.
        """
        layer = self.network.latent(latent).layer
        return find_zones(self.network.tail(layer), self.prop.shifted(layer))

    def to_dataframe(self) -> Any:
        """Return the zones as a pandas DataFrame with a row for each zone and exact numbers (Fractions and integers).

        Columns: ``pattern``; ``island``; the numbers of ``facets``, ``vertices``, ``rays`` and ``lines``; the ``maximum`` of the
        feature; with up to 5 inputs the ``volume`` (missing if it is infinite); ``x0``, ``x1``, .., a point at which the property
        fires.

        Raises:
            InputError: pandas is not installed.
        """
        try:
            pandas = import_module("pandas")  # optional, and slow to import
        except ImportError:
            raise InputError("a data frame needs pandas, which is not installed: pip install exactzones[pandas]") from None
        index = pandas.RangeIndex(len(self.zones), name="zone")
        rows = list(records(self.zones, self.island_of, self.network.inputs))
        return pandas.DataFrame(rows, index, columns(self.network.inputs), dtype=object).convert_dtypes()

    def save(self, path: str | PathLike[str], *, merge: bool = False) -> None:
        """Write the list to a file; the suffix says how.

        ``.json``, ``.json.gz``: everything, exactly, to be read by other programs.  ``.csv``: a line for each zone.
        ``.graphml``, ``.gexf``: which zones touch.  ``.geojson``, ``.wkt``: the parts that fire, of 2 inputs.  ``.smt2``: the
        question, for SMT solvers.
        For pictures see ``exactzones.plot``, for pages ``exactzones.view``.

        Args:
            path: of the file, which holds either its old content or all of the new.
            merge: whether JSON has the joined zones as well.

        Raises:
            InputError: another suffix, zones that the format cannot hold, or a file that cannot be written.
        """
        target = as_path(path)
        if target.lower().endswith((".json", ".json.gz")):  # imported by name: these packages are on floors above
            import_module("exactzones.formats.zones_json").save_zones(self, target, merge=merge)
        else:
            import_module("exactzones.export").save(self, target)

    def _repr_html_(self) -> str:
        return page(self)

    def _repr_svg_(self) -> str | None:
        return picture(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Zones):
            return NotImplemented
        return self._question == other._question and set(self.zones) == set(other.zones)

    def __hash__(self) -> int:
        return hash((self.prop, self.network.sha256, len(self.zones)))

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields only: cached properties can be computed again."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @property
    def _question(self) -> tuple[Any, ...]:
        return self.network, self.prop, self.complete, self.domain or Polyhedron.space(self.network.inputs)

    def __repr__(self) -> str:
        where = f" on {self.network.slice}" if self.network.slice else ""
        return f"Zones({len(self.zones)} zones of {self.prop}{where}{'' if self.complete else ', incomplete'})"


def _firing(zones: Sequence[Zone], point: Sequence[Any]) -> Zone | None:
    """Return the first of several zones in which the property fires at a point."""
    return next((zone for zone in zones if zone.fires(point)), None)


def as_zones(value: Any, what: str = "zones") -> Zones:
    """Return a list of zones.

    Raises:
        InputError: something else.
    """
    return require(value, Zones, what, "the list that find_zones returns")


def find_zones(
    network: NetworkLike,
    prop: PropertyLike,
    domain: DomainLike = None,
    *,
    engine: str = "auto",
    seconds: float | Deadline | None = None,
    max_zones: int | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    budget: Budget | None = None,
    on_zone: Callable[[Zone], None] | None = None,
) -> Zones:
    """Return the complete list of the zones of a property.

    Args:
        network: the network, or the path of its file.
        prop: a feature (``feature(2)``, or just 2) or a conjunction of conditions.
        domain: full-dimensional; a polyhedron, or a box such as "0:8" or (0, 8); None is all of the input space.
        engine: "forward" keeps cells by their vertices; "inequalities" keeps them by inequalities, for any number of inputs;
            "backward" is un-ReLU as defined: the same zones, each in another order.  "auto" chooses "inequalities" for bounded
            domains from 10 inputs on, else "forward".  What these cannot do (above all, irrational numbers), "backward" does.
        seconds: the time limit, or a deadline that has begun already.
        max_zones: the largest number of zones to list.
        jobs: the number of processes on this machine; it does not change the zones or their order.
        executor: searches with its workers; for example ``dask.distributed``'s ``Client.get_executor()`` or ``MPIPoolExecutor``.
        progress: called at most ten times a second with (cells visited, zones found).
        budget: ``Budget(max_zones, seconds)``, both limits in one value.
        on_zone: called with each zone as soon as it has been found.

    Raises:
        InputError: an argument does not fit.
        BudgetExceeded: a limit was reached, workers died, or the user interrupted; ``found`` is an incomplete Zones.

    >>> from exactzones import Network
    >>> [zone.pattern for zone in find_zones(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])]), 0)]    # |x| - 1
    [('+-',), ('-+',)]
    """
    options = {"budget": as_budget(budget, seconds, max_zones), "jobs": jobs, "executor": executor, "progress": progress}
    return _listed(as_question(network, prop, domain), {**options, "engine": engine}, on_zone)


def _listed(
    question: tuple[Network, Property, Polyhedron | None], options: dict[str, Any], on_zone: Callable[[Zone], None] | None
) -> Zones:
    """List the zones that ``stream_zones`` yields; an interruption raises BudgetExceeded with the zones found until then."""
    if on_zone is not None:
        as_function(on_zone, "on_zone", "a function of a zone, such as print")
    zones: list[Zone] = []
    try:
        with closing(stream_zones(*question, **options)) as stream:
            for zone in stream:
                zones.append(zone)
                if on_zone is not None:
                    on_zone(zone)
    except (BudgetExceeded, KeyboardInterrupt) as stopped:
        raise BudgetExceeded(reason_of(stopped), Zones(*question, tuple(zones), complete=False)) from None
    return Zones(*question, tuple(zones))
