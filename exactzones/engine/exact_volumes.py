"""Exact volumes of thousands of leaves, without determinants of vertices.

A face F of dimension k lies on d - k hyperplanes, the rows of a matrix G.  Its apex a is a vertex that lies on k more, its facet
H lies on one more, with row h, and the pyramid from a over H is a part of F if a is not on H.  A vertex is the vector of the
maximal minors of its d hyperplanes; its height, the first entry, is positive.  For corners v_0, .., v_k in F divide the minors
of the matrix of the v_i by those of G with the same columns left out: up to signs, the quotient is the same for all columns.  It
is the *size* of the simplex, and divided by all heights it adds up to the size of F.  Then

    size(vertex) = 1 / height,      size(F) = sum of |h . a| / height(a) * size(H) over all H without a,

for with G and h as rows and the v_i as columns the determinants are triangular.  The size of a polytope is d! times its volume.

All faces of a dimension are computed at once, over one denominator each: the product of the heights of its vertices.  Parts share
faces that have the same vertices.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from exactzones.engine.faces import Faces, faces, shared, starts
from exactzones.engine.firing_parts import firing_parts
from exactzones.engine.frontier import OFF, Integers
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import Flags, LeafArrays
from exactzones.layer import Layer
from exactzones.rational import Row, common_zero, primitive
from exactzones.rational.factored_sums import FactoredQuotients
from exactzones.rational.integer_arrays import BigIntegers, common_zeros, quotients, stacked
from exactzones.threads import one_thread

_SHARING = 1 << 17  # generators among which those that are the same vertex are computed once
_BATCH = 1 << 14  # generators of faces whose lower faces are in memory at once


@one_thread
def exact_volumes(leaves: Sequence[Leaf]) -> Iterator[Fraction | None]:
    """Yield the volume of the firing part of each leaf of one arrangement; None for leaves that may be unbounded.

    Without a target, yield the volumes of the leaves.
    """
    sizes = np.cumsum([len(leaf.tight) for leaf in leaves])
    for chunk in np.split(np.arange(len(leaves)), starts(sizes // _SHARING)[1:]):
        parts, bounded = _parts([leaves[k] for k in chunk.tolist()])
        volumes = np.array([Fraction(0) if known else None for known in bounded.tolist()], object)
        if len(parts.tight):
            firing = _polytopes(parts)
            sizes, units = ExactParts(parts).sizes(firing)
            volumes[firing.owners] = quotients(sizes, units * math.factorial(parts.arrangement.dim))
        yield from volumes.tolist()


@one_thread
def total_volume(leaves: Sequence[Leaf]) -> Fraction | None:
    """Return the sum of these volumes; None if a leaf may be unbounded."""
    volumes = moments(leaves, 0)
    return None if volumes is None else volumes[0]


@one_thread
def moments(leaves: Sequence[Leaf], power: int) -> list[Fraction] | None:
    """Return the integrals of powers 0 to ``power`` of the target over the parts of leaves where it is positive.

    Returns None if a leaf may be unbounded.

    Over a simplex of volume V, the integral of t^k is V h_k / C(d + k, k), where h_k is the sum of all products of k values of t
    at the corners, with repetition (Lasserre and Avrachenkov 2001, The multi-dimensional version of int x^p dx).

    With a point o, h_k of a part is a sum over all its facets F: that of the pyramid from o, negative if F's hyperplane separates
    o from the part.  It is the pyramid's size divided by that of F times the sum over j of v^(k - j) h_j of F, where v is the
    value at o of the part's affine function.  Of two parts with one facet the terms with j = k cancel, so that such terms are
    computed only on the boundary of the parts' union, and for k = 0 there are no others.
    """
    parts, bounded = _parts(leaves)
    if not bounded.all():
        return None
    if not len(parts.tight):
        return [Fraction(0)] * (power + 1)
    cones, dim = _cones(parts, power), parts.arrangement.dim
    ends, height = _ends(cones, power), cones.point[0]
    below = [unit * height for _, unit in ends]
    sums = [total for total, _ in ends]
    if power:
        within = cones.exact.total(power - 1, cones.facets, cones.weights[1:])
        unit = within.unit(cones.exact.points[:, 0])
        for k in range(1, power + 1):
            inner = sum(within.numerators[j][k - j - 1, 0] * unit ** (k - 1 - j) * height**j for j in range(k))
            end_unit = ends[k][1]
            sums[k] = inner * end_unit + sums[k] * (height * (unit // end_unit)) ** k
            below[k] = end_unit * unit**k * height ** (k + 1)
    own = parts.arrangement.exact.target(leaves[0].prefix)[1] if power else 1
    return quotients(sums, [unit * own**k * math.perm(dim + k, dim) for k, unit in enumerate(below)])


def _ends(cones: _Cones, power: int) -> list[tuple[Any, Any]]:
    """Return the sums of h_0, .., h_power over the boundary, by the first weights, each with a number u.

    The denominator of h_k is u to the power of k + 1.
    """
    heights, outer = cones.exact.points[:, 0], np.flatnonzero(cones.weights[0])
    if not power:
        only = cones.exact.total(0, cones.facets.take(outer), cones.weights[:1, outer])
        return [(only.numerators[0][0, 0], only.unit(heights))]
    facets = cones.facets.take(outer)
    silent = ~np.logical_or.reduceat((cones.exact.target[0] != 0)[facets.members], facets.ptr[:-1])  # where the target is 0
    some = cones.exact.total(power, facets.take(np.flatnonzero(~silent)), cones.weights[:1, outer[~silent]])
    rest = cones.exact.total(0, facets.take(np.flatnonzero(silent)), cones.weights[:1, outer[silent]])
    both = FactoredQuotients.joined([replace(some, numerators=some.numerators[:1]), rest]).summed(heights)
    unit = some.unit(heights)
    return [(both.numerators[0][0, 0], both.unit(heights)), *[(sums[0, 0], unit) for sums in some.numerators[1:]]]


@one_thread
def first_moments(leaves: Sequence[Leaf]) -> list[Fraction] | None:
    """Return the integrals of all inputs over the parts of leaves where the target is positive; None as ``moments``.

    They are about pyramids over the boundary.
    """
    parts, bounded = _parts(leaves)
    if not bounded.all():
        return None
    cones = _cones(parts)
    total = cones.exact.total(1, cones.facets, cones.weights, of_inputs=True)
    (sizes, sums), unit = total.numerators, total.unit(cones.exact.points[:, 0])
    height, *point = cones.point
    below = unit**2 * (height**2 * math.factorial(len(point) + 1))
    terms = [above * height + size * unit * entry for above, size, entry in zip(sums[:, 0], sizes[:, 0], point, strict=True)]
    return quotients(terms, [below] * len(terms))


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
    numbers: dict[Row, int] = {}
    vertex = np.array([numbers.setdefault(primitive(map(int, point)), len(numbers)) for point in exact.points.tolist()])
    signs = np.zeros(len(numbers), np.int64)
    (values,) = exact.target
    signs[vertex] = (values > 0).astype(np.int64) - (values < 0)
    return parts, vertex[exact.index], list(numbers), signs


def _parts(leaves: Sequence[Leaf]) -> tuple[LeafArrays, Flags]:
    """Return ``firing_parts`` of all leaves at once."""
    batches = LeafArrays.batches(leaves[0].arrangement, [leaf.prefix for leaf in leaves], [leaf.tight for leaf in leaves])
    parts, bounded = zip(*map(firing_parts, batches), strict=True)
    return LeafArrays.joined(parts), np.concatenate(bounded)


class _Cones(NamedTuple):
    """Pyramids from a point over the facets of parts.

    Attributes:
        exact: the parts that have these facets.
        facets: the facets, without those whose weights are 0.
        weights: (power + 1, F) for each power of the target's value at the point on the parts with this facet, times the point's
            height: the sum of that power times what the row of the facet's hyperplane is at the point.
        point: a homogeneous vector, (d + 1,).
    """

    exact: ExactParts
    facets: Faces
    weights: BigIntegers
    point: BigIntegers


def _cones(parts: LeafArrays, power: int = 0) -> _Cones:
    """Return the pyramids for parts of which at least one is not empty."""
    planes, facets = _facets(parts)
    if not power:
        number = shared(facets.renamed(parts.shared[1]))[1]
        alone = np.flatnonzero(np.bincount(number)[number] == 1)  # if equal ones are not flat, there are two, on both sides
        planes, facets = planes[alone], facets.take(alone)
    kept = np.zeros(len(parts.tight), bool)
    kept[facets.members] = True
    exact, point = ExactParts(parts.keeping(kept)), _corner(parts)
    facets = facets.renamed(exact.index[np.cumsum(kept) - 1])
    values = exact.values(facets.owners, planes, point) * _signs(parts, facets.owners, planes)
    weights = [values]
    if power:
        _, first, inverse = np.unique(facets.owners, return_index=True, return_inverse=True)
        owners = facets.owners[first]
        target = (_rows(parts, owners, np.full(len(owners), parts.arrangement.exact.ids - 1)) @ point)[inverse]
        weights += [values * target**k for k in range(1, power + 1)]
    first, number = shared(facets)
    order = np.argsort(number, kind="stable")
    sums = np.add.reduceat(np.array(weights)[:, order], starts(number[order]), axis=1)
    away = np.flatnonzero((sums != 0).any(axis=0))
    return _Cones(exact, facets.take(first[away]), sums[:, away], point)


def _polytopes(parts: LeafArrays) -> Faces:
    """Return the parts that are not empty."""
    firing = np.flatnonzero(np.diff(parts.ptr))
    ptr = np.append(0, parts.ptr[firing + 1])
    return Faces.of(ptr, np.arange(ptr[-1]), firing).renamed(parts.shared[1])


def _facets(parts: LeafArrays) -> tuple[Integers, Faces]:
    """Return the hyperplane and the generators of each facet of each part."""
    keys = (parts.leaf_of[:, None] * parts.arrangement.exact.ids + parts.tight).ravel()
    order = np.argsort(keys, kind="stable")
    start = starts(keys[order])
    leaf, planes = np.divmod(keys[order][start], parts.arrangement.exact.ids)
    return planes, Faces.of(np.append(start, len(order)), order // parts.tight.shape[1], leaf)


def _corner(parts: LeafArrays) -> BigIntegers:
    """Return a corner of the domain as a homogeneous vector; the origin if no part has one."""
    exact, dim = parts.arrangement.exact, parts.arrangement.dim
    corners = np.flatnonzero((parts.tight < exact.base[0]).all(axis=1))[:1]
    points = [common_zero([exact.row(b"", i) for i in parts.tight[k].tolist()]) for k in corners.tolist()]
    corner = points[0] if points else (1, *[0] * dim)
    return np.array(corner if corner[0] > 0 else [-entry for entry in corner], object)


def _rows(parts: LeafArrays, leaves: Integers, ids: Integers) -> BigIntegers:
    """Return the rows of hyperplanes on leaves, (n, d + 1), times factors that depend on the ids only."""
    multiple = parts.arrangement.exact.multiple
    return stacked([multiple(parts.prefix[k].tobytes(), i) for k, i in zip(leaves.tolist(), ids.tolist(), strict=True)])


def _signs(parts: LeafArrays, leaves: Integers, ids: Integers) -> Integers:
    """Return 1 or -1, (n,), with which the rows of hyperplanes are >= 0 on the leaves."""
    first, signs = parts.arrangement.exact.base[0], np.ones(len(ids), np.int64)
    inner = np.flatnonzero((ids >= first) & (ids - first < parts.prefix.shape[1]))
    signs[inner[parts.prefix[leaves[inner], ids[inner] - first] == OFF]] = -1
    return signs


def _batches(top: Faces) -> Iterator[tuple[Faces, slice]]:
    """Yield the faces, and their numbers, in parts whose lower faces fit into memory."""
    for chunk in np.split(np.arange(len(top.owners)), starts(top.ptr[1:] // _BATCH)[1:])[: len(top.owners)]:
        yield top.take(chunk), slice(chunk[0], chunk[-1] + 1)


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

    def values(self, leaves: Integers, ids: Integers, points: BigIntegers) -> BigIntegers:
        """Return g . a, (n,), for the hyperplanes g of leaves and points a: one, (d + 1,), or n, (n, d + 1)."""
        rows = np.searchsorted(self._row_keys, self._keys(leaves, ids))
        values: BigIntegers = (self.rows @ points)[rows] if points.ndim == 1 else (self.rows[rows] * points).sum(axis=1)
        return values

    def sizes(self, top: Faces) -> tuple[BigIntegers, BigIntegers]:
        """Return the sizes of faces as numerators and positive denominators, (F,)."""
        sums, units = zip(*[self._sums(part, self._zeros, 0) for part, _ in _batches(top)], strict=True)
        return np.concatenate([sizes for ((sizes,),) in sums]), np.concatenate(units)

    def total(self, power: int, top: Faces, weights: BigIntegers, *, of_inputs: bool = False) -> FactoredQuotients:
        """Return weighted sums of h_0, .., h_power of faces, (n, 1) each, over products of heights.

        Each simplex of a face counts as often as its size says.

        Args:
            power: at least 0.
            top: the faces.
            weights: (n, F) how often each face counts in n sums, or (1, F) for one of each input.
            of_inputs: whether the functions are the inputs; by default the only one is the target, times its own denominator.
        """
        values = self.points.T[1:] if of_inputs else self.target if power else self._zeros
        parts = [FactoredQuotients.zero([max(len(weights), len(values))] * (power + 1))]
        for part, chosen in _batches(top):
            sums = [degree * weights[:, chosen] for degree in self._sums(part, values, power)[0]]
            parts.append(FactoredQuotients(sums, part.ptr, part.members).summed(self.points[:, 0]))
        return FactoredQuotients.joined(parts).summed(self.points[:, 0])

    @property
    def _zeros(self) -> BigIntegers:
        """A function that is 0 at all vertices, (1, V)."""
        return np.zeros((1, len(self.points)), object)

    def _sums(self, top: Faces, values: BigIntegers, power: int) -> tuple[list[BigIntegers], BigIntegers]:
        """Return the sums h_0, .., h_power of each face, (functions, F) each, and the denominators of h_0, (F,).

        The sums of a pyramid come from its apex and its base.  Over the denominators n of the base and h of the apex, the sum of
        degree k of the pyramid is T_k / (n (n h)^k), where T_k = S_k h^k + n v T_(k - 1), S_k is that of the base and v / h the
        value at the apex.

        Args:
            top: the faces; their lower faces fit into memory.
            values: (functions, V) the functions' values at the vertices times the vertices' heights.
            power: at least 0.
        """
        levels = [top, *faces(self.parts.tight[self.used], top)]
        unit = self._units(levels[-1])
        sums = [values[:, levels[-1].apexes] ** k for k in range(power + 1)]
        for below, level in itertools.pairwise(levels[::-1]):
            apexes, below_unit = level.apexes[below.parents], unit[below.children]
            unit, heights = self._units(level), self.points[apexes, 0]
            others = unit[below.parents] // (below_unit * heights)
            factors, bases = self._distances(level.owners[below.parents], apexes, below.planes), sums
            steps, total, sums = below_unit * values[:, apexes], np.zeros(1, object), []
            for k, base in enumerate(bases):
                total = base[:, below.children] * heights**k + total * steps
                factors = factors * others
                sums.append(np.add.reduceat(factors * total, starts(below.parents), axis=1))
        return sums, unit

    @cached_property
    def target(self) -> BigIntegers:
        """The target's values at the vertices times the vertices' heights and its own denominator, (1, V)."""
        identity = self.parts.arrangement.exact.ids - 1
        rows = _rows(self.parts, self.parts.leaf_of[self.used], np.full(len(self.used), identity))
        values: BigIntegers = (rows * self.points).sum(axis=1)
        return values[None]

    def _units(self, level: Faces) -> BigIntegers:
        """Return the product of the heights of each face's vertices, (F,)."""
        units: BigIntegers = np.multiply.reduceat(self.points[level.members, 0], level.ptr[:-1])
        return units

    def _distances(self, owners: Integers, vertices: Integers, ids: Integers) -> BigIntegers:
        """Return |g . a| for the vertices a and the hyperplanes g of leaves, (n,); it is the same on all leaves around a."""
        _, first, inverse = np.unique(vertices * self.parts.arrangement.exact.ids + ids, return_index=True, return_inverse=True)
        values: BigIntegers = np.abs(self.values(owners[first], ids[first], self.points[vertices[first]]))
        return values[inverse]
