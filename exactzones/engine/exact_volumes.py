"""Exact volumes of thousands of leaves, without determinants of vertices.

A face F of dimension k lies on d - k hyperplanes, the rows of a matrix G.  Its apex a is a vertex that lies on k more, its facet
H lies on one more, with row h, and the pyramid from a over H is a part of F if a is not on H.  A vertex is the vector of the
maximal minors of its d hyperplanes; its height, the first entry, is positive.  For corners v_0, .., v_k in F divide the minors
of the matrix of the v_i by those of G with the same columns left out: up to signs, the quotient is the same for all columns.  It
is the *size* of the simplex, and divided by all heights it adds up to the size of F.  Then

    size(vertex) = 1 / height,      size(F) = sum of |h . a| / height(a) * size(H) over all H without a,

for with G and h as rows and the v_i as columns the determinants are triangular.  The size of a polytope is d! times its volume.

All faces of a dimension are computed at once, over one denominator each: the product of the heights of its generators.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from exactzones.engine.faces import Faces, faces, starts, unlinked
from exactzones.engine.firing_parts import firing_parts
from exactzones.engine.frontier import OFF, Integers
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import Flags, LeafArrays
from exactzones.layer import Layer
from exactzones.rational import Row, common_zero, primitive, sum_of_quotients
from exactzones.rational.integer_arrays import BigIntegers, common_zeros, quotients, stacked
from exactzones.threads import one_thread

_SHARING = 1 << 17  # generators among which those that are the same vertex are computed once
_BATCH = 1 << 11  # generators of faces whose lower faces are in memory at once


@one_thread
def exact_volumes(leaves: Sequence[Leaf]) -> Iterator[Fraction | None]:
    """Yield the volume of the firing part of each leaf of one arrangement; None for leaves that may be unbounded.

    Without a target, yield the volumes of the leaves.
    """
    sizes = np.cumsum([len(leaf.tight) for leaf in leaves])
    for chunk in np.split(np.arange(len(leaves)), starts(sizes // _SHARING)[1:]):
        parts, bounded = _parts([leaves[k] for k in chunk.tolist()])
        firing = np.flatnonzero(np.diff(parts.ptr))
        volumes = np.array([Fraction(0) if known else None for known in bounded.tolist()], object)
        if len(firing):
            ptr = np.append(0, parts.ptr[firing + 1])
            sizes, units = ExactParts(parts).sizes(unlinked(ptr, np.arange(ptr[-1])))
            volumes[firing] = quotients(sizes, units * math.factorial(parts.arrangement.dim))
        yield from volumes.tolist()


@one_thread
def total_volume(leaves: Sequence[Leaf]) -> Fraction | None:
    """Return the sum of these volumes; None if a leaf may be unbounded.

    With a point o, the size of a part is a sum over all its facets: the size of the pyramid from o, negative if the facet's
    hyperplane separates o from the part.  A facet of two parts cancels, so that only the boundary of their union is computed.
    """
    parts, bounded = _parts(leaves)
    if not bounded.all():
        return None
    if not len(parts.tight):
        return Fraction(0)
    cones = _cones(parts)
    sizes, units = cones.exact.sizes(cones.facets, cones.planes)
    scale = cones.point[0] * math.factorial(parts.arrangement.dim)
    return sum_of_quotients(zip(sizes * cones.distances, units * scale, strict=True))


@one_thread
def moments(leaves: Sequence[Leaf], power: int) -> list[Iterator[tuple[int, int]]] | None:
    """Return the integrals of powers 0 to ``power`` of the target over the part of each leaf where it is positive.

    Each is given as (numerator, denominator).  Returns None if a leaf may be unbounded.

    Over a simplex of volume V, the integral of t^k is V h_k / C(d + k, k), where h_k is the sum of all products of k values of t
    at the corners, with repetition (Lasserre and Avrachenkov 2001, The multi-dimensional version of int x^p dx).
    """
    parts, bounded = _parts(leaves)
    if not bounded.all():
        return None
    exact, dim = parts.arrangement.exact, parts.arrangement.dim
    firing = np.append(0, parts.ptr[1:][np.diff(parts.ptr) > 0])
    sums, units = ExactParts(parts).power_sums(power, unlinked(firing, np.arange(firing[-1])))
    unit = exact.target(leaves[0].prefix)[1]
    return [zip(sums[k][0], units ** (k + 1) * (unit**k * math.perm(dim + k, dim)), strict=True) for k in range(power + 1)]


@one_thread
def first_moments(leaves: Sequence[Leaf]) -> list[Iterator[tuple[int, int]]] | None:
    """Return summands of the integrals of all inputs over the parts of leaves where the target is positive, as ``moments`` does.

    They are about pyramids over the boundary, as in ``total_volume``.
    """
    parts, bounded = _parts(leaves)
    if not bounded.all():
        return None
    cones = _cones(parts)
    (sizes, sums), units = cones.exact.power_sums(1, cones.facets, cones.planes, of_inputs=True)
    height, *point = cones.point
    terms = (sums * height + sizes * units * np.array(point, object)[:, None]) * cones.distances
    below = units**2 * (height**2 * math.factorial(len(point) + 1))
    return [zip(row, below, strict=True) for row in terms]


@one_thread
def exact_vertices(leaves: Sequence[Leaf], target: Layer) -> tuple[LeafArrays, Integers, list[Row], Integers]:
    """Return the vertices of bounded leaves of one arrangement, exactly, and the signs at them of one more unit.

    Args:
        leaves: the leaves.
        target: the layer of that unit, which reads the values of the last layer that cuts the leaves.

    Returns:
        (the leaves as arrays, for each of their generators the number of its vertex, the vertices, the target's sign at each).
    """
    arrangement = leaves[0].arrangement.with_target(target)
    units = arrangement.exact.base[-2] - arrangement.exact.base[0]
    prefixes = [leaf.prefix[:units] for leaf in leaves]
    parts = LeafArrays.joined(list(LeafArrays.batches(arrangement, prefixes, [leaf.tight for leaf in leaves])))
    exact = ExactParts(parts)
    rows = _rows(parts, parts.leaf_of[exact.used], np.full(len(exact.used), arrangement.exact.ids - 1))
    values = (rows * exact.points).sum(axis=1)
    numbers: dict[Row, int] = {}
    vertex = np.array([numbers.setdefault(primitive(map(int, point)), len(numbers)) for point in exact.points.tolist()])
    signs = np.zeros(len(numbers), np.int64)
    signs[vertex] = (values > 0).astype(np.int64) - (values < 0)
    return parts, vertex[exact.index], list(numbers), signs


def _parts(leaves: Sequence[Leaf]) -> tuple[LeafArrays, Flags]:
    """Return ``firing_parts`` of all leaves at once."""
    batches = LeafArrays.batches(leaves[0].arrangement, [leaf.prefix for leaf in leaves], [leaf.tight for leaf in leaves])
    parts, bounded = zip(*map(firing_parts, batches), strict=True)
    return LeafArrays.joined(parts), np.concatenate(bounded)


class _Cones(NamedTuple):
    """Pyramids from a point over the facets on the boundary of a union of parts.

    Attributes:
        exact: the parts that have these facets.
        facets: the facets, without those on a hyperplane through the point.
        planes: (F, 1) the hyperplane of each.
        distances: (F,) what the row of the hyperplane is at the point.
        point: a homogeneous vector, (d + 1,).
    """

    exact: ExactParts
    facets: Faces
    planes: Integers
    distances: BigIntegers
    point: BigIntegers


def _cones(parts: LeafArrays) -> _Cones:
    """Return the pyramids for parts of which at least one is not empty."""
    leaf, plane, facets = _boundary(parts)
    point = _corner(parts)
    distances = _rows(parts, leaf, plane) @ point
    away = np.flatnonzero(distances)
    kept = np.zeros(len(parts.tight), bool)
    facets = facets.take(away)
    kept[facets.members] = True
    facets = unlinked(facets.ptr, (np.cumsum(kept) - 1)[facets.members])
    return _Cones(ExactParts(parts.keeping(kept)), facets, plane[away, None], distances[away], point)


def _boundary(parts: LeafArrays) -> tuple[Integers, Integers, Faces]:
    """Return the leaf, the hyperplane, and the generators of the facets of all parts, without those that several parts share.

    Facets are compared by their vertices.  If equal ones are not flat, there are two of them, on both sides.
    """
    keys = (parts.leaf_of[:, None] * parts.arrangement.exact.ids + parts.tight).ravel()
    order = np.argsort(keys, kind="stable")
    start = np.flatnonzero(np.diff(keys[order], prepend=-1))
    leaf, plane = np.divmod(keys[order][start], parts.arrangement.exact.ids)
    facets = unlinked(np.append(start, len(order)), order // parts.tight.shape[1])
    vertices, sizes = parts.shared[1][facets.members], np.diff(facets.ptr)
    random = np.random.default_rng(0).integers(0, 1 << 63, len(vertices), np.uint64)
    lonely = np.ones(len(sizes), bool)
    for size in np.unique(sizes).tolist():
        chosen = np.flatnonzero(sizes == size)
        corners = np.sort(vertices[start[chosen][:, None] + np.arange(size)], axis=1)
        order = np.argsort(random[corners].sum(axis=1))
        equal = np.flatnonzero((corners[order[1:]] == corners[order[:-1]]).all(axis=1))
        lonely[chosen[order[equal]]] = lonely[chosen[order[equal + 1]]] = False
    return leaf[lonely], plane[lonely], facets.take(np.flatnonzero(lonely))


def _corner(parts: LeafArrays) -> BigIntegers:
    """Return a corner of the domain as a homogeneous vector; the origin if no part has one."""
    exact, dim = parts.arrangement.exact, parts.arrangement.dim
    corners = np.flatnonzero((parts.tight < exact.base[0]).all(axis=1))[:1]
    points = [common_zero([exact.row(b"", i) for i in parts.tight[k].tolist()]) for k in corners.tolist()]
    corner = points[0] if points else (1, *[0] * dim)
    return np.array(corner if corner[0] > 0 else [-entry for entry in corner], object)


def _rows(parts: LeafArrays, leaves: Integers, ids: Integers) -> BigIntegers:
    """Return the rows of hyperplanes, (n, d + 1), which are >= 0 on the leaves, times factors that depend on the ids only."""
    exact, first = parts.arrangement.exact, parts.arrangement.exact.base[0]
    rows = stacked([exact.multiple(parts.prefix[k].tobytes(), i) for k, i in zip(leaves.tolist(), ids.tolist(), strict=True)])
    inner = np.flatnonzero((ids >= first) & (ids - first < parts.prefix.shape[1]))
    off = inner[parts.prefix[leaves[inner], ids[inner] - first] == OFF]
    rows[off] *= -1
    return rows


def _batches(top: Faces, containing: Integers | None = None) -> Iterator[tuple[Faces, Integers]]:
    """Yield the faces, and the hyperplanes that contain each, in parts whose lower faces fit into memory."""
    if containing is None:
        containing = np.empty((len(top.ptr) - 1, 0), np.int64)
    for chunk in np.split(np.arange(len(containing)), starts(top.ptr[1:] // _BATCH)[1:]):
        yield top.take(chunk), containing[chunk]


class ExactParts:
    """Vertices of parts of leaves, and volumes, exactly.

    Args:
        parts: bounded, and limits of simple polytopes.
    """

    def __init__(self, parts: LeafArrays) -> None:
        self.parts = parts
        self.used, self.index = parts.shared
        leaf_of, ids = np.repeat(parts.leaf_of, parts.tight.shape[1]), parts.tight.ravel().astype(np.int64)
        self._row_keys, first, inverse = np.unique(self._keys(leaf_of, ids), return_index=True, return_inverse=True)
        self.rows = _rows(parts, leaf_of[first], ids[first])
        self.points = common_zeros(self.rows[inverse.reshape(parts.tight.shape)[self.used]])

    def _keys(self, leaves: Integers, ids: Integers) -> Integers:
        """Return a number for each hyperplane on a leaf that is equal where the row is, (n,)."""
        base = self.parts.arrangement.exact.base
        layer = np.searchsorted(base, ids, side="right") - 1  # -1: the domain
        groups = np.stack([*self.parts.groups, np.zeros(len(self.parts), np.int64)])
        keys: Integers = groups[layer, leaves] * base[-1] + ids
        return keys

    def sizes(self, top: Faces, containing: Integers | None = None) -> tuple[BigIntegers, BigIntegers]:
        """Return the sizes of faces as numerators and positive denominators, (F,).

        Args:
            top: the faces.
            containing: the hyperplanes that contain each, as in ``faces``.
        """
        numerators, units = zip(*[self._sizes(*part) for part in _batches(top, containing)], strict=True)
        return np.concatenate(numerators), np.concatenate(units)

    def power_sums(
        self, power: int, top: Faces, containing: Integers | None = None, *, of_inputs: bool = False
    ) -> tuple[list[BigIntegers], BigIntegers]:
        """Return the sums h_0, .., h_power of each face, (functions, F) each, and the faces' denominators, (F,).

        Of h_k the denominator is the face's to the power of k + 1.  Each simplex of a face counts as often as its size says.

        Args:
            top: the faces.
            containing: the hyperplanes that contain each, as in ``faces``.
            power: at least 0.
            of_inputs: whether the functions are the inputs; by default the only one is the target, times its own denominator.
        """
        values = self._inputs if of_inputs else self._target
        batches = [self._sums(*part, values, power) for part in _batches(top, containing)]
        sums, units = zip(*batches, strict=True)
        return [np.concatenate(degree, axis=1) for degree in zip(*sums, strict=True)], np.concatenate(units)

    def _sizes(self, top: Faces, containing: Integers) -> tuple[BigIntegers, BigIntegers]:
        """Do that for faces whose lower faces fit into memory."""
        heights = self.points[:, 0]
        levels = [top, *faces(self.parts.tight, top, containing)]
        vertices = levels.pop()
        if not levels:
            return np.ones(len(vertices.members), object), heights[self.index[vertices.members]]
        numerators, unit = self._distances(levels[-1].apexes, vertices.planes), self._units(levels[-1])
        for below, level in itertools.pairwise(levels[::-1]):
            apexes, below_unit = level.apexes[below.parents], unit
            unit = self._units(level)
            others = unit[below.parents] // (below_unit[below.children] * heights[self.index[apexes]])
            terms = self._distances(apexes, below.planes) * others * numerators[below.children]
            numerators = np.add.reduceat(terms, starts(below.parents))
        return numerators, unit

    def _sums(
        self, top: Faces, containing: Integers, values_of: Callable[[Faces], BigIntegers], power: int
    ) -> tuple[list[BigIntegers], BigIntegers]:
        """Do that for faces whose lower faces fit into memory: the sums of a pyramid come from its apex and its base.

        Over the denominators n of the base and h of the apex, the sum of degree k of the pyramid is T_k / (n (n h)^k), where
        T_k = S_k h^k + n v T_(k - 1), S_k is that of the base and v / h the value at the apex.
        """
        at_members = values_of(top)
        values = np.empty((len(at_members), len(self.parts.tight)), object)
        values[:, top.members] = at_members
        levels = [top, *faces(self.parts.tight, top, containing)]
        unit = self._units(levels[-1])
        sums = [values[:, levels[-1].apexes] ** k for k in range(power + 1)]
        for below, level in itertools.pairwise(levels[::-1]):
            apexes, below_unit = level.apexes[below.parents], unit[below.children]
            unit, heights = self._units(level), self.points[self.index[apexes], 0]
            others = unit[below.parents] // (below_unit * heights)
            factors, bases = self._distances(apexes, below.planes), sums
            steps, total, sums = below_unit * values[:, apexes], np.zeros(1, object), []
            for k, base in enumerate(bases):
                total = base[:, below.children] * heights**k + total * steps
                factors = factors * others
                sums.append(np.add.reduceat(factors * total, starts(below.parents), axis=1))
        return sums, unit

    def _target(self, top: Faces) -> BigIntegers:
        """Return the target's values at the generators of faces times the generators' heights and its own denominator, (1, V)."""
        parts = self.parts
        rows = _rows(parts, parts.leaf_of[top.apexes], np.full(len(top.ptr) - 1, parts.arrangement.exact.ids - 1))
        points = self.points[self.index[top.members]]
        values: BigIntegers = (np.repeat(rows, np.diff(top.ptr), axis=0) * points).sum(axis=1)
        return values[None]

    def _inputs(self, top: Faces) -> BigIntegers:
        """Return the inputs at the generators of faces times the generators' heights, (d, V)."""
        values: BigIntegers = self.points[self.index[top.members]].T[1:]
        return values

    def _units(self, level: Faces) -> BigIntegers:
        """Return the product of the heights of each face's generators, (F,)."""
        units: BigIntegers = np.multiply.reduceat(self.points[self.index[level.members], 0], level.ptr[:-1])
        return units

    def _distances(self, generators: Integers, ids: Integers) -> BigIntegers:
        """Return |g . a| for generators a and hyperplanes g, (n,)."""
        pairs, inverse = np.unique(generators * self.parts.arrangement.exact.ids + ids, return_inverse=True)
        generators, ids = np.divmod(pairs, self.parts.arrangement.exact.ids)
        rows = np.searchsorted(self._row_keys, self._keys(self.parts.leaf_of[generators], ids))
        values: BigIntegers = np.abs((self.rows[rows] * self.points[self.index[generators]]).sum(axis=1))
        return values[inverse]
