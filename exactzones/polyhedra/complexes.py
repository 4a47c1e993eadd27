"""All faces of thousands of bounded cells that meet in common faces, each face once, as arrays.

The cells are limits of simple polytopes: d facets meet at each generator, several generators may be the same vertex, and some
faces of the simple polytope may shrink to faces of lower dimension.  If the rows of the d facets are independent at each
generator, then every face of dimension k of a cell is the limit of the generators on some d - k facets; those on any other d - k
facets have a face of lower dimension as their limit.  For a limit of dimension k lies in a face of dimension at most k, and its
boundary lies in faces of lower dimension, so it is all of that face.  Faces are compared by their vertices.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from exactzones.polyhedra.homology import Flags, Integers, RegularComplex

_PACKED = 1 << 62  # numbers below it are packed into one


class Incidences(NamedTuple):
    """Cells of dimension d as limits of simple polytopes, with G generators in all.

    Attributes:
        cell: (G,) the cell of each generator, ascending.
        vertex: (G,) the number of the vertex that it is: 0, 1, .., each at least once.
        facets: (G, d) the facets on which it lies, sorted, numbered in any way; their rows are independent.
    """

    cell: Integers
    vertex: Integers
    facets: Integers


class FaceComplex:
    """The faces of cells, numbered by dimension; the first are the vertices, with their own numbers.

    Args:
        incidences: the cells.

    Attributes:
        dim: d.
        dims: (F,) the dimension of each face, ascending.
        ptr: (F + 1,) where the vertices of each face start in ``vertices``.
        vertices: the vertices of each face, ascending.
        facets: (n, 2) pairs (face, face of one dimension less on its boundary), sorted.
        cells: (n, 2) pairs (face, cell of which it is a face), sorted.
    """

    def __init__(self, incidences: Incidences) -> None:
        cell, vertex, facets = incidences
        self.dim = dim = facets.shape[1]
        count = int(vertex.max()) + 1
        groups = [vertex[None]]  # per dimension (subsets of facets, G): the limit on which a generator lies
        pairs, dims, owners = [np.repeat(np.arange(count)[:, None], 2, axis=1)], [np.zeros(count, np.int64)], [vertex[:0]]
        for k in range(1, dim + 1):
            number = _numbered_groups(cell, facets, dim - k) + sum(map(len, dims))
            groups.append(number)
            pairs.append(_unique_pairs(number.ravel(), np.tile(vertex, len(number))))
            first = np.unique(number, return_index=True)[1]
            owners.append(cell[first % len(cell)])
            dims.append(np.full(len(first), k))
        group, self.vertices = np.concatenate(pairs).T
        dim_of = np.concatenate(dims)
        kept, face_of = _equal_sets(np.append(0, np.cumsum(np.bincount(group))), self.vertices)
        is_kept = np.zeros(len(dim_of), bool)
        is_kept[kept] = True
        self.vertices, self.dims = self.vertices[is_kept[group]], dim_of[kept]
        self.ptr = np.append(0, np.cumsum(np.bincount(face_of[group[is_kept[group]]])))
        self.facets = _facets(groups, is_kept, face_of, self.dims)
        above = np.arange(count, len(dim_of))
        proper = above[self.dims[face_of[above]] == dim_of[above]]
        corners = _unique_pairs(vertex, cell)
        self.cells = np.concatenate([corners, _unique_pairs(face_of[proper], np.concatenate(owners)[proper - count])])

    @cached_property
    def regular(self) -> RegularComplex:
        """The complex of all faces."""
        return RegularComplex(self.dims, self.facets)

    def corners(self, face: int) -> list[int]:
        """Return the vertices of a face."""
        corners: list[int] = self.vertices[self.ptr[face] : self.ptr[face + 1]].tolist()
        return corners

    def cells_at(self, face: int) -> list[int]:
        """Return the cells of which it is a face."""
        first, last = np.searchsorted(self.cells[:, 0], [face, face + 1]).tolist()
        cells: list[int] = self.cells[first:last, 1].tolist()
        return cells

    def extremes(self, values: Integers) -> tuple[Integers, Integers]:
        """Return the least and the largest value at the vertices of each face, (F,) each, given those at all vertices."""
        at = values[self.vertices]
        return np.minimum.reduceat(at, self.ptr[:-1]), np.maximum.reduceat(at, self.ptr[:-1])

    def level_set(self, signs: Integers) -> RegularComplex:
        """Return the zeros of a function that is affine on each cell; each section of a face has the face's name.

        A face on which the function has both signs is cut in a cell of one dimension less.  The facets of that cell are the
        sections of the face's facets, and the faces of two dimensions less on which the function is 0.

        Args:
            signs: the function's signs at the vertices, -1, 0 or 1.
        """
        low, high = self.extremes(signs)
        mixed, zero = (low < 0) & (high > 0), (low == 0) & (high == 0)
        chosen = np.flatnonzero(mixed | zero)
        chosen = chosen[np.argsort((self.dims - mixed)[chosen], kind="stable")]
        number = np.zeros(len(mixed), np.int64)
        number[chosen] = np.arange(len(chosen))
        face, facet = self.facets.T
        own = (mixed | zero)[face] & (mixed[face] == mixed[facet]) & (zero[face] == zero[facet])
        pairs = [self.facets[own], self._ridges(face[mixed[face]], facet[mixed[face]], zero)]
        links = number[np.concatenate(pairs)]
        return RegularComplex((self.dims - mixed)[chosen], links[np.lexsort(links.T[::-1])], chosen)

    def _ridges(self, faces: Integers, facets: Integers, wanted: Flags) -> Integers:
        """Return, for pairs of a face and a facet of it, the pairs of the face and a wanted facet of that facet."""
        ptr = np.searchsorted(self.facets[:, 0], np.arange(len(self.dims) + 1))
        counts = np.diff(ptr)[facets]
        at = np.repeat(ptr[facets] - np.append(0, np.cumsum(counts)[:-1]), counts) + np.arange(counts.sum())
        ridges, owner = self.facets[at, 1], np.repeat(faces, counts)
        kept = wanted[ridges]
        return _unique_pairs(owner[kept], ridges[kept])


def _numbered_groups(cell: Integers, facets: Integers, size: int) -> Integers:
    """Return a number for each set of so many facets of a cell on which a generator lies, (subsets, G)."""
    subsets = list(itertools.combinations(range(facets.shape[1]), size))
    columns = [np.tile(cell, len(subsets))]
    columns += [np.concatenate([facets[:, subset[j]] for subset in subsets]) for j in range(size)]
    return _numbered(columns).reshape(len(subsets), len(cell))


def _numbered(columns: Sequence[Integers]) -> Integers:
    """Return numbers 0, 1, .. of rows, given their columns: equal for equal rows."""
    packed = columns[0]
    for column in columns[1:]:
        size = int(column.max()) + 1
        if int(packed.max()) >= _PACKED // size:
            packed = np.unique(packed, return_inverse=True)[1]
        packed = packed * size + column
    return np.unique(packed, return_inverse=True)[1]


def _unique_pairs(first: Integers, second: Integers) -> Integers:
    """Return the different ones among pairs, sorted, (n, 2)."""
    size = int(second.max(initial=0)) + 1
    packed = np.sort(first * size + second)
    return np.stack(np.divmod(packed[np.diff(packed, prepend=-1) > 0], size), axis=1)


def _equal_sets(ptr: Integers, members: Integers) -> tuple[Integers, Integers]:
    """Return the first of each class of equal sets, ascending, and for each set the place of its class among them."""
    sizes, first = np.diff(ptr), np.empty(len(ptr) - 1, np.int64)
    for size in np.unique(sizes).tolist():
        chosen = np.flatnonzero(sizes == size)
        table = members[ptr[chosen][:, None] + np.arange(size)]
        number = _numbered(list(table.T))
        first[chosen] = chosen[np.unique(number, return_index=True)[1][number]]
    return np.unique(first, return_inverse=True)


def _facets(groups: Sequence[Integers], is_kept: Flags, face_of: Integers, dims: Integers) -> Integers:
    """Return the pairs of a face and a facet of it, which is the limit of the generators on one facet of the cell more."""
    dim, found = len(groups) - 1, [np.empty((0, 2), np.int64)]
    for k in range(1, dim + 1):
        below = {subset: j for j, subset in enumerate(itertools.combinations(range(dim), dim - k + 1))}
        for j, subset in enumerate(itertools.combinations(range(dim), dim - k)):
            own = np.flatnonzero(is_kept[groups[k][j]])
            for extra in set(range(dim)) - set(subset):
                face = face_of[groups[k][j][own]]
                facet = face_of[groups[k - 1][below[tuple(sorted((*subset, extra)))]][own]]
                proper = dims[facet] == k - 1
                found.append(_unique_pairs(face[proper], facet[proper]))
    face, facet = np.concatenate(found).T
    return _unique_pairs(face, facet)
