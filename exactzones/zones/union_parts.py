"""The parts of the zones of a disjunction, on each of which one case holds: which are connected, and how they merge."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from exactzones.network import Network, Pattern
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.property import Disjunction
from exactzones.rational import Row
from exactzones.zone import Maximum, Zone
from exactzones.zones.merge import MergedZone, merge

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, eq=False)
class UnionParts(Sequence[Zone]):
    """The parts of the zones of a disjunction: a sequence of zones, each with the property of one case.

    Parts of one zone, and so of one cell, may overlap.  Their other attributes are those of ``Zones``, about parts.

    Attributes:
        network: the network.
        prop: the resolved disjunction.
        domain: the domain; None is all of the input space.
        zones: the parts, those of one zone after each other, in the order of the cases.
        owners: for each part the index of its zone in the union, and the number of its case.
        connected: groups of parts that are known to be connected.
        complete: False if the search was stopped.
    """

    network: Network
    prop: Disjunction
    domain: Polyhedron | None
    zones: tuple[Zone, ...]
    owners: tuple[tuple[int, int], ...]
    connected: tuple[tuple[int, ...], ...]
    complete: bool

    def __getitem__(self, index: Any) -> Any:
        return self.zones[index]

    def __len__(self) -> int:
        return len(self.zones)

    @cached_property
    def of_zone(self) -> tuple[tuple[int, ...], ...]:
        """For each zone of the union the indices of its parts."""
        groups = itertools.groupby(range(len(self.zones)), key=lambda k: self.owners[k][0])
        return tuple(tuple(group) for _, group in groups)

    @cached_property
    def islands(self) -> tuple[tuple[int, ...], ...]:
        """The connected components of the set in which a case holds, as sorted tuples of indices of parts.

        Parts are convex, so they are connected iff one contains a point of the other's closure.  If all conditions are strict,
        the set of each case is open in the domain; where two of them meet, they overlap, and do so inside some cell.
        """
        from networkx.utils import UnionFind  # noqa: PLC0415 - slow to import

        joined = UnionFind(range(len(self.zones)))
        for group in self.connected:
            joined.union(*group)
        pairs = itertools.chain.from_iterable(itertools.combinations(parts, 2) for parts in self.of_zone)
        for a, b in pairs if self.prop.is_open else itertools.chain(pairs, self._neighbours()):
            if joined[a] != joined[b] and are_connected(self.zones[a], self.zones[b]):
                joined.union(a, b)
        return tuple(sorted(tuple(sorted(component)) for component in joined.to_sets()))

    def _neighbours(self) -> Iterator[tuple[int, int]]:
        """Yield the pairs of parts with different cases whose cells are different and have a vertex in common."""
        sharing: dict[Row, list[int]] = defaultdict(list)
        for parts in self.of_zone:
            for ray in self.zones[parts[0]].cell.canonical_rays:
                if ray[0]:
                    sharing[ray].append(parts[0])
        for group in sharing.values():
            for one, other in itertools.combinations(group, 2):
                both = itertools.product(*(self.of_zone[self.owners[k][0]] for k in (one, other)))
                yield from ((a, b) for a, b in both if self.owners[a][1] != self.owners[b][1])

    @cached_property
    def island_of(self) -> tuple[int, ...]:
        """The index of each part's island."""
        islands = {k: island for island, members in enumerate(self.islands) for k in members}
        return tuple(islands[k] for k in range(len(self.zones)))

    def islands_of(self, zone: int) -> list[int]:
        """Return the indices of the islands in which a zone of the union has parts, ascending."""
        return sorted({self.island_of[k] for k in self.of_zone[zone]})

    @cached_property
    def zone_graph(self) -> networkx.Graph:
        """The zones as nodes, and their shared facets as edges; see ``Zones.graph``."""
        from exactzones.zones.graph import adjacency_of_cells  # noqa: PLC0415 - networkx is slow to import

        parts = [[self.zones[k] for k in of_zone] for of_zone in self.of_zone]
        return adjacency_of_cells([of_zone[0] for of_zone in parts], parts)

    @cached_property
    def graph(self) -> networkx.Graph:
        """The parts as nodes, and as edges the facets that their cells share; "fires" tells whether the parts touch there."""
        import networkx  # noqa: PLC0415 - slow to import

        graph = networkx.Graph()
        graph.add_nodes_from((k, {"zone": zone}) for k, zone in enumerate(self.zones))
        for one, other, edge in self.zone_graph.edges(data=True):
            for a, b in itertools.product(self.of_zone[one], self.of_zone[other]):
                touch = not self.zones[a].firing.intersect(self.zones[b].firing).is_empty
                graph.add_edge(a, b, facet=edge["facet"], flips=edge["flips"], fires=touch)
        return graph

    @cached_property
    def merged(self) -> tuple[MergedZone, ...]:
        """Convex sets, merged from parts; every part is a piece of exactly one."""
        graph = self.graph.copy()
        for a, b, edge in graph.edges(data=True):
            if self.owners[a][1] != self.owners[b][1]:
                edge["facet"] = None  # only parts of one case end at the same points of a facet
        pairs = itertools.chain.from_iterable(itertools.combinations(parts, 2) for parts in self.of_zone)
        graph.add_edges_from((a, b, {"facet": None, "fires": self.island_of[a] == self.island_of[b]}) for a, b in pairs)
        return merge(self.zones, graph, self.islands)

    @cached_property
    def volume(self) -> Fraction | None:
        """The exact volume of the set in which a case holds, overlaps counted once; None if it is infinite."""
        return volume_of(self.zones)

    @cached_property
    def share(self) -> Fraction | None:
        """The volume divided by that of the domain; None if the domain is unbounded."""
        if self.domain is None or not self.domain.is_bounded or self.volume is None:
            return None
        return self.volume / self.domain.cell().volume()

    @property
    def maximum(self) -> Maximum | None:
        """None: a disjunction is not about one feature."""
        return None

    def at(self, points: Sequence[Sequence[Any]]) -> list[Zone | None]:
        """Return for each point the first part that contains it, or None."""
        return [next((zone for zone in self.zones if zone.fires(point)), None) for point in points]


def are_connected(one: Zone, other: Zone) -> bool:
    """Tell whether the union of the firing parts of two zones is connected: one contains a point of the other's closure."""
    first, second = one.firing, other.firing
    return not (first.intersect(second.closure()).is_empty and first.closure().intersect(second).is_empty)


def count_zones(zones: Sequence[Zone], indices: Iterable[int] | None = None) -> int:
    """Return the number of zones to which these zones, or parts of zones, belong; None stands for all of them."""
    indices = range(len(zones)) if indices is None else indices
    return len({zones.owners[k][0] if isinstance(zones, UnionParts) else k for k in indices})


def volume_of(zones: Iterable[Zone]) -> Fraction | None:
    """Return the volume of the union of the firing parts of zones; None if it is infinite.  Parts of one cell may overlap."""
    volume, earlier = Fraction(0), defaultdict[Pattern, list[Cell]](list)
    for zone in zones:
        cell = zone.firing_cell
        if cell is None:
            continue
        if not cell.is_bounded:
            return None
        rest = [cell]
        for other in earlier[zone.pattern]:
            rest = [piece for part in rest for piece in _outside(part, other)]
        volume += sum((piece.volume() for piece in rest), Fraction(0))
        earlier[zone.pattern].append(cell)
    return volume


def _outside(cell: Cell, other: Cell) -> Iterator[Cell]:
    """Yield the parts of a cell outside another one, by cutting along its facets."""
    inside: Cell | None = cell
    for row, _ in other.facets:
        if inside is None:
            return
        outside, inside = inside.halves(row)
        if outside is not None:
            yield outside
