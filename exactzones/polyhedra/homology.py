"""Homology over the integers of a complex of cells: Betti numbers, torsion and representative cycles.

Pairs of cells (a, b) whose incidence is 1 or -1 are removed, and the boundaries of the other cells are changed accordingly, which
leaves the homology as it is: first free faces (collapses, which do not need orientations), then cells with a single face left
(coreductions), then any other pair.  What remains is brought to Smith normal form, which is exact.  Going back through the pairs,
cycles and cocycles of what remains become such of the whole complex.

Sources: Kaczynski, Mischaikow and Mrozek 2004, Computational Homology, chapter 4; Mrozek and Batko 2009, Coreduction homology
algorithm.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from exactzones.rational import Row, elementary_divisors, nullspace, rank

Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

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
    return Reduction(boundaries).homology(dim, euler)


class _Pair(NamedTuple):
    """A cell that was removed with a face.

    Attributes:
        dim: of the cell.
        cell: its number.
        face: that of the face.
        boundary: the cell's boundary; the incidence of the face is 1 or -1.
        factors: for each other cell with that face, the multiple of this cell's boundary that was subtracted from its own.
    """

    dim: int
    cell: int
    face: int
    boundary: Boundary
    factors: Mapping[int, int]


class Reduction:
    """A complex that was reduced to a small one with the same homology.

    Args:
        boundaries: see ``homology``.

    Attributes:
        boundary: for each dimension the cells that remain, with their boundaries.
    """

    def __init__(self, boundaries: Sequence[Mapping[int, Boundary]]) -> None:
        self.boundary = [{cell: dict(faces) for cell, faces in cells.items()} for cells in boundaries]
        self.cofaces: list[dict[int, set[int]]] = [{cell: set() for cell in cells} for cells in self.boundary]
        for k, cells in enumerate(self.boundary[1:], start=1):
            for cell, faces in cells.items():
                for face in faces:
                    self.cofaces[k - 1][face].add(cell)
        self._pairs: list[_Pair] = []
        self._reduce()

    def homology(self, dim: int, euler: int) -> Homology:
        """Return the homology, in so many dimensions, of the complex with this Euler characteristic."""
        divisors = [elementary_divisors(self._matrix(k)) for k in range(len(self.boundary) + 1)]
        left = [len(cells) for cells in self.boundary]
        betti = [count - len(divisors[k]) - len(divisors[k + 1]) for k, count in enumerate(left)]
        torsion = [tuple(entry for entry in divisors[k + 1] if entry > 1) for k in range(len(left))]
        return Homology(tuple(betti[:dim]), tuple(torsion[:dim]), euler)

    def cycles(self, k: int) -> list[Boundary]:
        """Return cycles of dimension k of the whole complex that are a basis of its homology with rational coefficients."""
        cells = list(self.boundary[k])
        bounding, transposed = self._matrix(k + 1), zip(*self._matrix(k), strict=True)
        chosen, known = [], rank(bounding)
        for candidate in nullspace([row for row in transposed if any(row)], len(cells)):
            if rank([*bounding, candidate]) > known:
                bounding.append(candidate)
                known += 1
                chosen.append({cell: entry for cell, entry in zip(cells, candidate, strict=True) if entry})
        for cycle in chosen:
            for pair in reversed(self._pairs):
                if pair.dim == k:
                    value = -sum(cycle.get(other, 0) * factor for other, factor in pair.factors.items())
                    if value:
                        cycle[pair.cell] = value
        return chosen

    def cocycles(self, k: int) -> dict[int, Boundary]:
        """Return, for cells of dimension k, the values other than 0 of cocycles that tell apart all cycles' homology classes.

        The values of one cell are a dictionary from the number of the cocycle.
        """
        cells = list(self.boundary[k])
        values: dict[int, Boundary] = {}
        for number, cocycle in enumerate(nullspace([row for row in self._matrix(k + 1) if any(row)], len(cells))):
            for cell, entry in zip(cells, cocycle, strict=True):
                if entry:
                    values.setdefault(cell, {})[number] = entry
        for pair in reversed(self._pairs):
            if pair.dim == k + 1:
                _extend(values, pair.face, pair.boundary)
        return values

    def _reduce(self) -> None:
        """Remove pairs as long as there are any."""
        for k in range(len(self.boundary) - 1, 0, -1):
            self._collapse(k, list(self.boundary[k - 1]))
        for k in range(1, len(self.boundary)):
            self._coreduce(k, list(self.boundary[k]))
            self._cancel(k)

    def _matrix(self, k: int) -> list[Row]:
        """Return the boundaries of the cells of dimension k that remain as rows; there are none of points."""
        if not 0 < k < len(self.boundary):
            return []
        number = {face: j for j, face in enumerate(self.boundary[k - 1])}
        rows = [[0] * len(number) for _ in self.boundary[k]]
        for row, faces in zip(rows, self.boundary[k].values(), strict=True):
            for face, incidence in faces.items():
                row[number[face]] = incidence
        return list(map(tuple, rows))

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
        own, factors = self.boundary[k][cell], {}
        for other in self.cofaces[k - 1][face] - {cell}:
            faces = self.boundary[k][other]
            factors[other] = factor = faces[face] * own[face]  # the incidence is its own inverse
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
        self._pairs.append(_Pair(k, cell, face, own, factors))
        del self.boundary[k][cell], self.cofaces[k][cell], self.boundary[k - 1][face], self.cofaces[k - 1][face]


def _extend(values: dict[int, Boundary], face: int, boundary: Boundary) -> None:
    """Give a face, on which the boundary of a cell is 1 or -1, the values for which cocycles are 0 on that boundary."""
    total: Boundary = {}
    for other, incidence in boundary.items():
        if other != face:
            for number, value in values.get(other, {}).items():
                total[number] = total.get(number, 0) - boundary[face] * incidence * value
    values[face] = {number: value for number, value in total.items() if value}


class RegularComplex:
    """A complex of polytopes, or of sets like them: two facets lie between a cell and a face of two dimensions less.

    Args:
        dims: the dimension of each cell, ascending.
        facets: (n, 2) pairs (cell, facet of it), sorted.
        cells: the names of the cells; by default 0, 1, ..
    """

    def __init__(self, dims: Integers, facets: Integers, cells: Integers | None = None) -> None:
        self.dims, self._pairs = dims, facets
        self.cells = np.arange(len(dims)) if cells is None else cells
        self._ptr = np.searchsorted(facets[:, 0], np.arange(len(dims) + 1)).tolist()
        self._facets: list[int] = facets[:, 1].tolist()
        self._boundaries: dict[int, Boundary] = {}

    def __len__(self) -> int:
        return len(self.dims)

    def of(self, chosen: Flags) -> RegularComplex:
        """Return the complex of the chosen cells, with all facets of each."""
        number = np.cumsum(chosen) - 1
        return RegularComplex(self.dims[chosen], number[self._pairs[chosen[self._pairs[:, 0]]]], self.cells[chosen])

    def facets(self, cell: int) -> list[int]:
        """Return the facets of a cell."""
        return self._facets[self._ptr[cell] : self._ptr[cell + 1]]

    def boundary(self, cell: int) -> Boundary:
        """Return the facets of a cell with their incidences."""
        if cell not in self._boundaries:
            facets = self.facets(cell)
            if len(facets) == 2:
                self._boundaries[cell] = dict(zip(facets, (-1, 1), strict=True))
            else:
                self._boundaries[cell] = cycle_boundary((facet, self.boundary(facet)) for facet in facets) if facets else {}
        return self._boundaries[cell]

    @property
    def euler(self) -> int:
        """The Euler characteristic."""
        counts = np.bincount(self.dims)
        return int(counts[::2].sum() - counts[1::2].sum())

    @cached_property
    def collapses(self) -> list[tuple[int, int]]:
        """Pairs (cell, free facet of it) that can be removed one after the other; as many as are easily found."""
        facet = self._pairs[:, 1]
        counts = np.bincount(facet, minlength=len(self)).tolist()
        sums = np.bincount(facet, self._pairs[:, 0], len(self)).astype(np.int64).tolist()  # of all cells with this facet
        pairs, waiting = [], deque(face for face, count in enumerate(counts) if count == 1)
        while waiting:
            face = waiting.popleft()
            if counts[face] == 1:
                cell = sums[face]
                pairs.append((cell, face))
                for removed in (cell, face):
                    for below in self.facets(removed):
                        counts[below] -= 1
                        sums[below] -= removed
                        if counts[below] == 1:
                            waiting.append(below)
        return pairs

    @cached_property
    def reduction(self) -> Reduction:
        """The complex after its collapses and all other reductions."""
        removed = set(itertools.chain(*self.collapses))
        left: list[dict[int, Boundary]] = [{} for _ in range(int(self.dims.max(initial=0)) + 1)]
        for cell, dim in enumerate(self.dims.tolist()):
            if cell not in removed:
                left[dim][cell] = self.boundary(cell)
        return Reduction(left)

    def homology(self, dim: int) -> Homology:
        """Return the homology, in dimensions 0 to ``dim`` - 1."""
        found = self.reduction.homology(dim, self.euler)
        missing = dim - len(found.betti)
        return Homology((*found.betti, *[0] * missing), (*found.torsion, *[()] * missing), found.euler)

    def cocycles(self, k: int) -> dict[int, Boundary]:
        """Return what ``Reduction.cocycles`` does, for all cells of dimension k."""
        values = self.reduction.cocycles(k)
        for cell, face in reversed(self.collapses):
            if self.dims[face] == k:
                _extend(values, face, self.boundary(cell))
        return values


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
