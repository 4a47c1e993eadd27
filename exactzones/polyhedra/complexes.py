"""Complexes of bounded polyhedra that meet in common faces, and the faces of their parts above or at a level."""

from __future__ import annotations

from collections.abc import Sequence

from exactzones.deadline import Deadline
from exactzones.polyhedra.cells import Cell, bits
from exactzones.polyhedra.homology import Boundary, Homology, cycle_boundary, homology
from exactzones.polyhedra.volume import facets_of
from exactzones.rational import Row, integer_dot, primitive

_Polytope = tuple[Sequence[Row], Sequence[int]]
"""Vertices, and sets of them, as bit sets, whose intersections are the faces."""


class FaceComplex:
    """All faces of polytopes, each once: a face is known by its vertices.

    Args:
        dim: dimension of the space.
        deadline: until when faces are added; a cube in d dimensions has 3^d of them.

    Attributes:
        dim: dimension of the space.
        boundaries: for each dimension the faces, by their numbers, with their boundaries.
    """

    def __init__(self, dim: int, deadline: Deadline) -> None:
        self.dim = dim
        self._deadline = deadline
        self.boundaries: list[dict[int, Boundary]] = [{} for _ in range(dim + 1)]
        self._vertices: dict[Row, int] = {}
        self._faces: dict[frozenset[int], tuple[int, int]] = {}

    def add(self, polytope: _Polytope) -> None:
        """Add a polytope with all its faces.

        Raises:
            BudgetExceeded: time is up.
        """
        vertices, sets = polytope
        if vertices:
            numbers = [self._vertices.setdefault(vertex, len(self._vertices)) for vertex in vertices]
            self._face((1 << len(vertices)) - 1, sets, numbers)

    def homology(self) -> Homology:
        """Return the homology of the union of all polytopes."""
        return homology(self.boundaries, self.dim)

    def _face(self, face: int, sets: Sequence[int], numbers: Sequence[int]) -> tuple[int, int]:
        """Return the dimension and the number of a face, which is added if it is new."""
        key = frozenset(numbers[k] for k in bits(face))
        if key not in self._faces:
            self._deadline.check()
            facets = facets_of(face, sets)
            below = [self._face(facet, facets, numbers) for facet in facets]
            dim = below[0][0] + 1 if below else 0
            if dim <= 1:
                boundary = dict(zip((number for _, number in below), (-1, 1), strict=True)) if below else {}
            else:
                boundary = cycle_boundary((number, self.boundaries[dim - 1][number]) for _, number in below)
            self._faces[key] = dim, len(self._faces)
            self.boundaries[dim][self._faces[key][1]] = boundary
        return self._faces[key]


def part_above(cell: Cell, row: Row, *, at_zero: bool = False) -> _Polytope:
    """Return the part of a bounded cell on which ``row . (1, x)`` is at least 0, or only the part on which it is 0."""
    values = [integer_dot(row, ray) for ray in cell.rays]
    facets = [on for _, on in cell.facets]
    kept = [k for k, value in enumerate(values) if value == 0 or (value > 0 and not at_zero)]
    vertices, ends = [cell.rays[k] for k in kept], [(k, k) for k in kept]
    for one, two, _ in cell.crossing_edges(values):
        up, down = values[one], -values[two]
        vertices.append(primitive([down * a + up * b for a, b in zip(cell.rays[one], cell.rays[two], strict=True)]))
        ends.append((one, two))
    sets = [sum(1 << k for k, (one, two) in enumerate(ends) if facet >> one & facet >> two & 1) for facet in facets]
    if not at_zero:
        sets.append(sum(1 << k for k, (one, two) in enumerate(ends) if one != two or values[one] == 0))
    return vertices, sets
