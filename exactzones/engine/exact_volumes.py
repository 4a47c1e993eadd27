"""Exact volumes of thousands of leaves, without determinants of vertices.

Each part is cut into simplices by faces F_0 > F_1 > .. > F_d, where F_0 is the part, F_d a vertex v, and F_i lies on one hyperplane
g_i more than F_(i-1).  The corners are v and the apexes a_i of F_i, i < d, and the hyperplane g_i does not contain a_(i-1).  As
homogeneous vectors they have the determinant

    det(a_0, .., a_(d-1), v) = product of |g_i . a_(i-1)|, i = 1, .., d,  divided by  |m| / v_0,

where m is the determinant of the slopes of g_1, .., g_d, and v is their common zero as an integer vector.  For the matrix of rows w,
g_1, .., g_d times that of columns v, a_0, .., a_(d-1) is triangular but for its first row, and the first one has the determinant
(w . v) m / v_0 for each w.  The volume is the determinant divided by d! and all heights a_i,0 and v_0.

So the volume of a part is a sum over chains of faces, which is computed for all faces of a dimension at once, from above, in
integers over one denominator: the product of the heights of all generators.  All divisions are exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from exactzones.engine.faces import faces, starts
from exactzones.engine.firing_parts import firing_parts
from exactzones.engine.frontier import Integers
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import LeafArrays
from exactzones.rational.integer_arrays import BigIntegers, common_zeros, quotients, stacked
from exactzones.threads import one_thread

_SHARING = 1 << 17  # generators among which those that are the same vertex are computed once
_BATCH = 1 << 12  # generators of parts whose faces are in memory at once


@one_thread
def exact_volumes(leaves: Sequence[Leaf]) -> Iterator[Fraction | None]:
    """Yield the volume of the firing part of each leaf of one arrangement; None for leaves that may be unbounded.

    Without a target, yield the volumes of the leaves.
    """
    sizes = np.cumsum([len(leaf.tight) for leaf in leaves])
    for chunk in np.split(np.arange(len(leaves)), starts(sizes // _SHARING)[1:]):
        yield from _volumes([leaves[k] for k in chunk.tolist()])


def _volumes(leaves: Sequence[Leaf]) -> list[Fraction | None]:
    """Do that for leaves among which vertices are shared."""
    batches = LeafArrays.batches(leaves[0].arrangement, [leaf.prefix for leaf in leaves], [leaf.tight for leaf in leaves])
    parts, bounded = zip(*map(firing_parts, batches), strict=True)
    volumes = np.where(np.concatenate(bounded), Fraction(0), None)
    whole = LeafArrays.joined(parts)
    firing = np.flatnonzero(np.diff(whole.ptr))
    if len(firing):
        volumes[firing] = ExactParts(whole).volumes(firing)
    listed: list[Fraction | None] = volumes.tolist()
    return listed


class ExactParts:
    """Parts of leaves, and their vertices, exactly.

    Args:
        parts: bounded, and limits of simple polytopes.
    """

    def __init__(self, parts: LeafArrays) -> None:
        self.parts = parts
        self.used, self.index = parts.shared
        keys = self._keys(np.repeat(parts.leaf_of, parts.tight.shape[1]), parts.tight.ravel())
        self._row_keys, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        exact, whose = parts.arrangement.exact, parts.leaf_of[first // parts.tight.shape[1]]
        ids = parts.tight.ravel()[first].tolist()
        self.rows = stacked([exact.multiple(parts.prefix[k].tobytes(), i) for k, i in zip(whose.tolist(), ids, strict=True)])
        self.points, self.minors = common_zeros(self.rows[inverse.reshape(parts.tight.shape)[self.used]])

    def _keys(self, leaves: Integers, ids: Integers) -> Integers:
        """Return a number for each hyperplane on a leaf that is equal where the row is, (n,)."""
        base = self.parts.arrangement.exact.base
        layer = np.searchsorted(base, ids, side="right") - 1  # -1: the domain
        groups = np.stack([*self.parts.groups, np.zeros(len(self.parts), np.int64)])
        keys: Integers = groups[layer, leaves] * base[-1] + ids
        return keys

    def volumes(self, chosen: Integers) -> list[Fraction]:
        """Return the volumes of parts that have generators."""
        sizes = np.cumsum(np.diff(self.parts.ptr)[chosen])
        chunks = np.split(chosen, starts(sizes // _BATCH)[1:])
        return [volume for chunk in chunks for volume in self._volumes_of(chunk)]

    def _volumes_of(self, chosen: Integers) -> list[Fraction]:
        """Do that for parts whose faces fit into memory."""
        parts, sizes = self.parts, np.diff(self.parts.ptr)[chosen]
        ptr = np.concatenate([[0], np.cumsum(sizes)])
        generators = np.repeat(parts.ptr[chosen] - ptr[:-1], sizes) + np.arange(ptr[-1])
        heights = self.points[self.index[generators], 0]
        unit = np.multiply.reduceat(heights, ptr[:-1])
        sums, apexes = unit, ptr[:-1]
        for level in itertools.islice(faces(parts.tight[generators], ptr), 1, None):
            distances = self._distances(generators[apexes[level.parents]], level.planes)
            sums = np.add.reduceat((sums // heights[apexes])[level.parents] * distances, starts(level.children))
            apexes = level.apexes
        corners = generators[apexes]
        totals = np.add.reduceat(sums // self.minors[self.index[corners]], starts(parts.leaf_of[corners]))
        return quotients(totals, unit * math.factorial(parts.arrangement.dim))

    def _distances(self, generators: Integers, ids: Integers) -> BigIntegers:
        """Return |g . a| for generators a and hyperplanes g, (n,)."""
        pairs, inverse = np.unique(generators * self.parts.arrangement.exact.ids + ids, return_inverse=True)
        generators, ids = np.divmod(pairs, self.parts.arrangement.exact.ids)
        rows = np.searchsorted(self._row_keys, self._keys(self.parts.leaf_of[generators], ids))
        values: BigIntegers = np.abs((self.rows[rows] * self.points[self.index[generators]]).sum(axis=1))
        return values[inverse]
