"""All activation regions of a network on a bounded domain as one complex, with the signs of its output at the vertices."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from exactzones.deadline import Deadline
from exactzones.engine.exact_volumes import exact_vertices
from exactzones.engine.frontier import Integers
from exactzones.engine.leaf import Leaf
from exactzones.errors import DomainError
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.complexes import FaceComplex, Incidences
from exactzones.polyhedra.homology import RegularComplex
from exactzones.polyhedra.inequality_cell import MOST_CORNERS_DIM
from exactzones.polyhedra.loops import loops
from exactzones.property import ALWAYS
from exactzones.rational import Row, Vector, dot, integer_dot, integer_row, quotient, rank
from exactzones.zone import Zone
from exactzones.zones.listing import Zones

_Search: TypeAlias = Callable[..., Zones]


@dataclass(frozen=True)
class Hole:
    """A hole of a set: a closed curve in the set that does not bound, or a closed surface of more dimensions.

    Attributes:
        dim: 1 for a loop, 2 for a cavity, ..
        zones: the zones that it runs through; for a loop in their order.
        corners: of a loop, in order, shape (inputs,) each: it runs along straight lines from each to the next one.
    """

    dim: int
    zones: tuple[Zone, ...]
    corners: tuple[Vector, ...] = ()

    def __repr__(self) -> str:
        return f"Hole(dim={self.dim}, {len(self.zones)} zones)"


@dataclass(frozen=True)
class Regions:
    """The regions, and their faces.

    Attributes:
        network: the network.
        zones: the regions.
        faces: all their faces; the cells are the regions, by their numbers.
        points: the vertices as homogeneous rows (x_0, x).
        signs: the sign of the network's output at each vertex: -1, 0 or 1.
    """

    network: Network
    zones: Zones
    faces: FaceComplex
    points: Sequence[Row]
    signs: Integers

    @classmethod
    def of(cls, network: Network, domain: Polyhedron | None, search: _Search, deadline: Deadline) -> Regions:
        """Find the regions of a network with one output, which has no ReLU.

        Args:
            network: the network.
            domain: full-dimensional; None is all of the input space.
            search: ``find_zones`` with its limits.
            deadline: until when they are looked for.
        """
        zones = search(network, ALWAYS, _closed_and_bounded(network, domain, search, deadline))
        deadline.check()
        leaves = [zone.source for zone in zones if isinstance(zone.source, Leaf)]
        if leaves and len(leaves) == len(zones):
            parts, vertex, points, signs = exact_vertices(leaves, network.layers[-1])
            incidences = Incidences(parts.leaf_of, vertex, parts.tight.astype(np.int64))
        else:
            incidences, points, signs = _of_cells(zones, deadline)
        deadline.check()
        return cls(network, zones, FaceComplex(incidences), points, signs)

    def holes(self, subset: RegularComplex) -> Iterator[Hole]:
        """Yield as many holes of each dimension from 1 as the Betti number of a complex says.

        Args:
            subset: a complex of faces, or of their sections where the output is 0.
        """
        for loop in loops(subset):
            faces = subset.cells[list(loop.edges)].tolist()
            corners = tuple(self._point(int(subset.cells[vertex])) for vertex in loop.vertices)
            yield Hole(1, tuple(self.zones[k] for k in self._along(faces)), corners)
        for k in range(2, len(subset.reduction.boundary)):
            for cycle in subset.reduction.cycles(k):
                cells = {self.faces.cells_at(int(subset.cells[cell]))[0] for cell in cycle}
                yield Hole(k, tuple(self.zones[cell] for cell in sorted(cells)))

    def _along(self, faces: Sequence[int]) -> list[int]:
        """Return a region at each of successive faces, without repetitions of one where it is at many of them."""
        along: list[int] = []
        for face in faces:
            cells = self.faces.cells_at(face)
            if not along or along[-1] not in cells:
                along.append(along[0] if along and along[0] in cells else cells[0])
        return along[:-1] if len(along) > 1 and along[0] == along[-1] else along

    def _point(self, face: int) -> Vector:
        """Return a vertex, or the point of an edge where the output is 0."""
        ends = [tuple([quotient(entry, self.points[k][0]) for entry in self.points[k][1:]]) for k in self.faces.corners(face)]
        if len(ends) == 1:
            return ends[0]
        one, two = (abs(self.network(end)[0]) for end in ends)
        return tuple([(two * a + one * b) / (one + two) for a, b in zip(*ends, strict=True)])


def _of_cells(zones: Sequence[Zone], deadline: Deadline) -> tuple[Incidences, list[Row], Integers]:
    """Return the incidences, the vertices, and the output's signs there for regions that are not leaves of one arrangement.

    A vertex on more than d facets counts once for each d of them that are independent.
    """
    numbers: dict[Row, int] = {}
    signs: list[int] = []
    found: list[tuple[int, int, tuple[int, ...]]] = []
    for k, zone in enumerate(deadline.watch(zones)):
        output, facets = zone.affine.augmented().rows[0], zone.cell.facets
        for j, ray in enumerate(zone.cell.rays):
            vertex = numbers.setdefault(ray, len(numbers))
            if vertex == len(signs):
                signs.append(_sign(dot(output, ray)))
            on = [number for number, (_, members) in enumerate(facets) if members >> j & 1]
            for chosen in itertools.combinations(on, zone.cell.dim):
                if len(on) == zone.cell.dim or rank([facets[number][0][1:] for number in chosen]) == zone.cell.dim:
                    found += [(k, vertex, chosen)]
    return Incidences(*map(np.array, zip(*found, strict=True))), list(numbers), np.array(signs)


def _closed_and_bounded(network: Network, domain: Polyhedron | None, search: _Search, deadline: Deadline) -> Polyhedron:
    """Return a closed and bounded part of a domain; the sets of equal sign of the output have the same homotopy types in both.

    Let the zeros of the output cut the regions.  A box bounds the domain: its interior has a point of each smallest face of all
    parts, and so meets the interior of each face in a convex set.  In this box, each strict row is to be at least half its least
    positive value at a vertex.
    """
    inside = Polyhedron.space(network.inputs) if domain is None else domain
    if inside.is_bounded and not inside.hrep.strict:
        return inside
    *layers, last = network.layers
    cut, rows = Network((*layers, Layer(last.weight, last.bias, (True,)))), list(inside.hrep.closed_rows)

    def vertices() -> list[Row]:
        zones = search(cut, ALWAYS, Polyhedron.of(network.inputs, rows))
        return [ray for zone in deadline.watch(zones) for ray in zone.cell.rays if ray[0]]

    if not inside.is_bounded:
        if network.inputs > MOST_CORNERS_DIM:
            raise DomainError(
                f"unbounded regions in {network.inputs} dimensions are not cut off by a box: it has 2^{network.inputs} corners; "
                "look at a slice, network.compose(AffineMap.through(..))"
            )
        size = 1 + max((abs(entry) // ray[0] + 1 for ray in vertices() for entry in ray[1:]), default=0)
        rows += Polyhedron.box(-size, size, dim=network.inputs).hrep.rows
    for row in inside.hrep.strict:
        least = min(quotient(value, ray[0]) for ray in vertices() if (value := integer_dot(row, ray)) > 0)
        rows.append(integer_row((row[0] - least / 2, *row[1:])))
    return Polyhedron.of(network.inputs, rows)


def _sign(value: Any) -> int:
    return int(value > 0) - int(value < 0)
