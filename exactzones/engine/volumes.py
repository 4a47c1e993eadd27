"""Bounds on the volume of the part of each leaf on which the target is positive, in floats with proved errors.

A leaf is cut into simplices as in ``polyhedra.volume``, by its tight sets alone.  They are those of a simple polytope whose limit
is the leaf (proofs/filter.md, B3), so its simplices tend to simplices, perhaps flat ones, that make up the leaf.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from exactzones.engine.frontier import Floats, Integers
from exactzones.engine.kernel import load
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import Bounded, LeafArrays
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF
from exactzones.threads import one_thread


@one_thread
def volume_bounds(leaves: Sequence[Leaf]) -> tuple[Floats, Floats]:
    """Return lower and upper bounds on the volume of the positive part of each of the bounded leaves of one arrangement, (P,).

    An upper bound is infinite or NaN where nothing is known.
    """
    prefixes, tight = [leaf.prefix for leaf in leaves], [leaf.tight for leaf in leaves]
    parts = [_bounds(batch) for batch in LeafArrays.batches(leaves[0].arrangement, prefixes, tight, 4)]
    low, high = (np.concatenate(bounds) for bounds in zip(*parts, strict=True))
    return low, high


@np.errstate(all="ignore")  # infinities and NaN bound nothing
def _bounds(leaves: LeafArrays) -> tuple[Floats, Floats]:
    """Return the bounds for one batch."""
    used, index = leaves.shared
    points, error = leaves.points(used)
    values, off = leaves.target_values(used, (points, error))
    vertices = _Vertices(points, error, values - off, values + off)
    kernel = load()
    if not hasattr(kernel, "volumes"):
        return bounds_of_simplices(leaves, index, vertices)
    tight, ids = np.ascontiguousarray(leaves.tight, np.int32), leaves.arrangement.exact.ids
    found = kernel.volumes(points.shape[1], ids, (leaves.ptr, tight, index), tuple(map(np.ascontiguousarray, vertices)))
    low, high = np.frombuffer(found).reshape(2, -1)
    return low, high


class _Vertices(NamedTuple):
    """Vertices in floats.

    Attributes:
        points: (V, d).
        error: (V,) bounds on the errors of their coordinates.
        least: (V,) lower bounds of the target.
        most: (V,) upper bounds of the target.
    """

    points: Floats
    error: Floats
    least: Floats
    most: Floats


@np.errstate(all="ignore")
def bounds_of_simplices(leaves: LeafArrays, index: Integers, vertices: _Vertices) -> tuple[Floats, Floats]:
    """Do what the kernel does, without it: return the bounds for leaves, given the vertex of each generator."""
    simplices = _simplices(leaves)
    corners, leaf = index[simplices], leaves.leaf_of[simplices[:, 0]]
    sizes, wrong = _determinants(vertices.points[corners], vertices.error[corners])
    least, most = (_positive_part(values[corners]) for values in (vertices.least, vertices.most))
    unit, count = math.factorial(vertices.points.shape[1]), len(leaves)
    rounding = 1 + (np.bincount(leaf, minlength=count) + 1000) * (2 * UNIT_ROUNDOFF)  # of the positive parts and of the sums
    low = np.bincount(leaf, np.maximum(sizes - wrong, 0) * least, count) / (unit * rounding)
    high = np.bincount(leaf, (sizes + wrong) * most, count) * rounding / unit
    return np.where(high < np.inf, low, 0), high + TINY


def _simplices(leaves: LeafArrays) -> Integers:
    """Return simplices that make up the leaves, (S, d + 1) generators.

    Each face is the union of the pyramids from its first generator over its own faces that do not contain it.
    """
    tight, ids = leaves.tight, leaves.arrangement.exact.ids
    member, start = np.arange(len(tight)), leaves.ptr[:-1]
    face = leaves.leaf_of
    apexes = np.empty((len(start), 0), np.int64)
    for _ in range(tight.shape[1]):
        apex = member[start]
        apexes = np.column_stack([apexes, apex])
        away = np.ones((len(member), tight.shape[1]), bool)  # from the apex
        own, theirs = tight[member], tight[apex][face]
        for column in theirs.T:
            away &= own != column[:, None]
        at, position = np.nonzero(away)
        keys = face[at] * ids + own[at, position]
        order = np.argsort(keys, kind="stable")
        keys, member = keys[order], member[at[order]]
        new = np.diff(keys, prepend=-1) != 0
        start, face = np.flatnonzero(new), np.cumsum(new) - 1
        apexes = apexes[keys[start] // ids]
    return np.column_stack([apexes, member[start]])


def _determinants(points: Floats, error: Floats) -> Bounded:
    """Return d! times the volume of simplices, (S,), and bounds on the errors.

    If the entries of row i are off by at most t_i, a determinant is off by at most prod (R_i + d t_i) - prod R_i, where R_i is
    the sum of the absolute values of row i.  Rounding errors act as if each entry were off by a few units of roundoff.

    Args:
        points: (S, d + 1, d) the corners.
        error: (S, d + 1) bounds on the errors of their coordinates.
    """
    dim = points.shape[2]
    rows = [[points[:, i, j] - points[:, 0, j] for j in range(dim)] for i in range(1, dim + 1)]
    minors: dict[tuple[int, ...], Floats] = {(): np.ones(len(points))}
    for column in range(dim):
        minors = {
            chosen: sum(
                ((-1) ** (column - k) * rows[row][column] * minors[chosen[:k] + chosen[k + 1 :]] for k, row in enumerate(chosen)),
                start=np.zeros(len(points)),
            )
            for chosen in itertools.combinations(range(dim), column + 1)
        }
    wrong, product = np.zeros(len(points)), np.ones(len(points))
    for i, row in enumerate(rows, start=1):
        length = sum(map(np.abs, row))
        off = dim * (error[:, i] + error[:, 0]) + (4 * dim + 4) * UNIT_ROUNDOFF * length
        wrong, product = wrong * (length + off) + product * off, product * length
    return np.abs(minors[tuple(range(dim))]), wrong * SLACK + TINY


def _positive_part(values: Floats) -> Floats:
    """Return the share of each simplex on which an affine function is positive, given its values at the corners, (S, d + 1).

    A simplex with a corner of value a > 0 and one of value -b < 0 is cut at the zero between them into two.  Their volumes have
    the ratio a : b; each has a corner of value 0 in place of one of the two, and such corners do not matter.  All terms are
    positive, so rounding errors stay small.
    """
    part = (values >= 0).all(axis=1).astype(float)
    mixed = np.flatnonzero((values >= 0).any(axis=1) & (values < 0).any(axis=1))
    ordered = np.sort(values[mixed], axis=1)[:, ::-1]
    positives = (ordered >= 0).sum(axis=1)
    corners = values.shape[1]
    for count in range(1, corners):
        at = np.flatnonzero(positives == count)
        up, down = ordered[at, :count].T, -ordered[at, count:].T
        row = [np.zeros(len(at))] * (corners - count + 1)  # without positive corners
        for a in up:
            parts = [np.ones(len(at))]
            for k, b in enumerate(down, start=1):
                parts.append((a * parts[-1] + b * row[k]) / (a + b))
            row = parts
        part[mixed[at]] = row[-1]
    return np.where(np.isnan(values).any(axis=1), np.nan, part)
