"""Homology over the integers of a complex of cells: Betti numbers and torsion.

Pairs of cells (a, b) whose incidence is 1 or -1 are removed, and the boundaries of the other cells are changed accordingly, which
leaves the homology as it is: first free faces (collapses), then cells with a single face left (coreductions), then any other
pair.  What remains is brought to Smith normal form, which is exact.

Sources: Kaczynski, Mischaikow and Mrozek 2004, Computational Homology, chapter 4; Mrozek and Batko 2009, Coreduction homology
algorithm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exactzones.rational import elementary_divisors

Boundary = dict[int, int]
"""The faces of a cell, by their numbers, with their incidences."""


@dataclass(frozen=True)
class Homology:
    """The homology of a set over the integers.

    Attributes:
        betti: the Betti numbers: how many components, independent loops, cavities, .. there are; one for each dimension.
        torsion: for each dimension the torsion coefficients, each greater than 1.
        euler: the Euler characteristic: the alternating sum of the numbers of faces, and of the Betti numbers.
    """

    betti: tuple[int, ...]
    torsion: tuple[tuple[int, ...], ...]
    euler: int

    def __str__(self) -> str:
        """Return what there is, in words."""
        if not any(self.betti):
            return "empty"
        names = [("component", "components"), ("loop", "loops"), ("cavity", "cavities")]
        names += [(f"hole of dimension {k}", f"holes of dimension {k}") for k in range(3, len(self.betti))]
        counted = zip(self.betti, names, strict=False)
        return ", ".join(f"{count} {one if count == 1 else several}" for count, (one, several) in counted if count)


def homology(boundaries: Sequence[Mapping[int, Boundary]], dim: int) -> Homology:
    """Return the homology of a complex.

    Args:
        boundaries: for each dimension from 0 the cells of that dimension with their boundaries; those of vertices are empty.
        dim: how many Betti numbers are wanted, at most one for each of these dimensions.
    """
    euler = sum((-1) ** k * len(cells) for k, cells in enumerate(boundaries))
    complex_ = _Complex(boundaries)
    complex_.reduce()
    divisors = [complex_.divisors(k) for k in range(len(boundaries) + 1)]
    left = [len(cells) for cells in complex_.boundary]
    betti = [count - len(divisors[k]) - len(divisors[k + 1]) for k, count in enumerate(left)]
    torsion = [tuple(entry for entry in divisors[k + 1] if entry > 1) for k in range(len(left))]
    return Homology(tuple(betti[:dim]), tuple(torsion[:dim]), euler)


class _Complex:
    """A complex that shrinks."""

    def __init__(self, boundaries: Sequence[Mapping[int, Boundary]]) -> None:
        self.boundary = [{cell: dict(faces) for cell, faces in cells.items()} for cells in boundaries]
        self.cofaces: list[dict[int, set[int]]] = [{cell: set() for cell in cells} for cells in self.boundary]
        for k, cells in enumerate(self.boundary[1:], start=1):
            for cell, faces in cells.items():
                for face in faces:
                    self.cofaces[k - 1][face].add(cell)

    def reduce(self) -> None:
        """Remove pairs as long as there are any."""
        for k in range(len(self.boundary) - 1, 0, -1):
            self._collapse(k, list(self.boundary[k - 1]))
        for k in range(1, len(self.boundary)):
            self._coreduce(k, list(self.boundary[k]))
            self._cancel(k)

    def divisors(self, k: int) -> list[int]:
        """Return the elementary divisors, other than 0, of the boundary map from dimension k."""
        if not 0 < k < len(self.boundary) or not self.boundary[k]:
            return []
        number = {face: j for j, face in enumerate(self.boundary[k - 1])}
        rows = [[0] * len(number) for _ in self.boundary[k]]
        for row, faces in zip(rows, self.boundary[k].values(), strict=True):
            for face, incidence in faces.items():
                row[number[face]] = incidence
        return elementary_divisors(rows)

    def _collapse(self, k: int, faces: list[int]) -> None:
        """Remove free faces of dimension k - 1 with their only coface."""
        while faces:
            face = faces.pop()
            if face in self.cofaces[k - 1] and len(self.cofaces[k - 1][face]) == 1:
                (cell,) = self.cofaces[k - 1][face]
                if abs(self.boundary[k][cell][face]) == 1:
                    faces += [other for other in self.boundary[k][cell] if other != face]
                    self._remove(k, cell, face)

    def _coreduce(self, k: int, cells: list[int]) -> None:
        """Remove cells of dimension k that have a single face left, with that face."""
        while cells:
            cell = cells.pop()
            if cell in self.boundary[k] and len(self.boundary[k][cell]) == 1:
                ((face, incidence),) = self.boundary[k][cell].items()
                if abs(incidence) == 1:
                    cells += [other for other in self.cofaces[k - 1][face] if other != cell]
                    self._remove(k, cell, face)

    def _cancel(self, k: int) -> None:
        """Remove any pairs, those with few cofaces first."""
        for cell in list(self.boundary[k]):
            if cell in self.boundary[k]:
                units = [face for face, incidence in self.boundary[k][cell].items() if abs(incidence) == 1]
                if units:
                    self._remove(k, cell, min(units, key=lambda face: len(self.cofaces[k - 1][face])))

    def _remove(self, k: int, cell: int, face: int) -> None:
        """Remove a cell and its face: in the boundary of any other coface, the face is replaced by the cell's other faces."""
        own = self.boundary[k][cell]
        for other in self.cofaces[k - 1][face] - {cell}:
            faces = self.boundary[k][other]
            factor = faces[face] * own[face]  # the incidence is its own inverse
            for part, incidence in own.items():
                value = faces.get(part, 0) - factor * incidence
                if value:
                    faces[part] = value
                    self.cofaces[k - 1][part].add(other)
                else:
                    faces.pop(part, None)
                    self.cofaces[k - 1][part].discard(other)
        for part in own:
            self.cofaces[k - 1][part].discard(cell)
        for above in self.cofaces[k][cell]:
            del self.boundary[k + 1][above][cell]
        for below in self.boundary[k - 1][face]:
            self.cofaces[k - 2][below].discard(face)
        del self.boundary[k][cell], self.cofaces[k][cell], self.boundary[k - 1][face], self.cofaces[k - 1][face]


def cycle_boundary(facets: Iterable[tuple[int, Boundary]]) -> Boundary:
    """Return the incidences of a cell's facets, given their boundaries: those for which the boundary has no boundary.

    Each ridge lies on two facets, which have opposite orientations on it.
    """
    boundaries = dict(facets)
    at: dict[int, list[int]] = {}
    for facet, ridges in boundaries.items():
        for ridge in ridges:
            at.setdefault(ridge, []).append(facet)
    first = next(iter(boundaries))
    signs, left = {first: 1}, [first]
    while left:
        facet = left.pop()
        for ridge, incidence in boundaries[facet].items():
            one, two = at[ridge]
            other = two if facet == one else one
            if other not in signs:
                signs[other] = -signs[facet] * incidence * boundaries[other][ridge]
                left.append(other)
    return signs
