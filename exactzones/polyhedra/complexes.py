"""Complexes of bounded polyhedra that meet in common faces, and the faces of their parts above or at a level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from exactzones.polyhedra.cells import Cell
from exactzones.polyhedra.homology import Boundary, Homology, cycle_boundary, homology
from exactzones.rational import Row, integer_dot, primitive

_Polytope = tuple[Sequence[Row], Sequence[int]]
"""Vertices, and sets of them, as bit sets, whose intersections are the faces."""


class FaceComplex:
    """All faces of polytopes, each once: a face is known by its vertices.

    Attributes:
        boundaries: for each dimension the faces, by their numbers, with their boundaries.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.boundaries: list[dict[int, Boundary]] = [{} for _ in range(dim + 1)]
        self._vertices: dict[Row, int] = {}
        self._faces: dict[frozenset[int], tuple[int, int]] = {}

    def add(self, polytope: _Polytope) -> None:
        """Add a polytope with all its faces."""
        vertices, sets = polytope
        if vertices:
            numbers = [self._vertices.setdefault(vertex, len(self._vertices)) for vertex in vertices]
            self._face((1 << len(vertices)) - 1, sets, numbers)

    def homology(self) -> Homology:
        """Return the homology of the union of all polytopes."""
        return homology(self.boundaries, self.dim)

    def _face(self, face: int, sets: Iterable[int], numbers: Sequence[int]) -> tuple[int, int]:
        """Return the dimension and the number of a face, which is added if it is new."""
        key = frozenset(numbers[k] for k in _members(face))
        if key not in self._faces:
            parts = {face & other for other in sets} - {face, 0}
            facets = [part for part in parts if not any(part & other == part and part != other for other in parts)]
            below = [self._face(facet, parts, numbers) for facet in facets]
            dim = below[0][0] + 1 if below else 0
            if dim <= 1:
                boundary = dict(zip((number for _, number in below), (-1, 1), strict=True)) if below else {}
            else:
                boundary = cycle_boundary((number, self.boundaries[dim - 1][number]) for _, number in below)
            self._faces[key] = dim, len(self._faces)
            self.boundaries[dim][self._faces[key][1]] = boundary
        return self._faces[key]


def above(cell: Cell, row: Row) -> _Polytope:
    """Return the part of a bounded cell on which ``row . (1, x)`` is at least 0."""
    return _cut(cell, row, at_zero=False)


def at_zero(cell: Cell, row: Row) -> _Polytope:
    """Return the part on which it is equal to 0."""
    return _cut(cell, row, at_zero=True)


def _cut(cell: Cell, row: Row, *, at_zero: bool) -> _Polytope:
    values = [integer_dot(row, ray) for ray in cell.rays]
    facets = [on for _, on in cell.facets]
    kept = [k for k, value in enumerate(values) if value == 0 or (value > 0 and not at_zero)]
    vertices, lying = [cell.rays[k] for k in kept], [_facets_on(k, facets) for k in kept]
    on_level = [values[k] == 0 for k in kept]
    for one, two in _edges(values, facets):
        up, down = values[one], -values[two]
        vertices.append(primitive([down * a + up * b for a, b in zip(cell.rays[one], cell.rays[two], strict=True)]))
        lying.append(_facets_on(one, facets) & _facets_on(two, facets))
        on_level.append(True)
    sets = [sum(1 << k for k, on in enumerate(lying) if on >> facet & 1) for facet in range(len(facets))]
    if not at_zero:
        sets.append(sum(1 << k for k, on in enumerate(on_level) if on))
    return vertices, sets


def _edges(values: Sequence[int], facets: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Yield the ends of each edge whose values have different signs, the positive one first."""
    everything = (1 << len(values)) - 1
    for one, above_ in enumerate(values):
        if above_ > 0:
            for two, below in enumerate(values):
                if below < 0:
                    common = everything
                    for facet in facets:
                        if facet >> one & 1 and facet >> two & 1:
                            common &= facet
                    if common.bit_count() == 2:
                        yield one, two


def _facets_on(vertex: int, facets: Sequence[int]) -> int:
    return sum(1 << k for k, facet in enumerate(facets) if facet >> vertex & 1)


def _members(face: int) -> Iterable[int]:
    while face:
        low = face & -face
        yield low.bit_length() - 1
        face ^= low
