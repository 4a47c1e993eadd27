"""Rounded numbers about leaves by the thousand: the target on each, its maximum, and a point at which it is positive."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import Floats, Integers
from exactzones.engine.leaf_arrays import LeafArrays
from exactzones.engine.workers import LeafBatch
from exactzones.rational.floats import filter_float

_BATCH = 1 << 12  # leaves whose vertices are computed at once: more of them have more in common


class LeafFloats(NamedTuple):
    """Rounded numbers about P leaves in an input space of dimension n; NaN where a leaf is unbounded.

    Attributes:
        target: (P, 1 + n) the target as a function of (1, x).
        maximum: (P,) its maximum on the leaf.
        witness: (P, n) a point in the leaf's interior, where the target is positive if it is so anywhere on the leaf; without a
            target the mean of its vertices.
    """

    target: Floats
    maximum: Floats
    witness: Floats


@np.errstate(all="ignore")  # leaves that are unbounded, or too large for floats
def leaf_floats(arrangement: Arrangement, leaves: LeafBatch) -> LeafFloats:
    """Return rounded numbers about leaves; they depend on the leaves and their order only."""
    parts = [_of_batch(batch) for batch in LeafArrays.parts(arrangement, leaves, _BATCH)]
    target, maximum, witness = (np.concatenate(column) for column in zip(*parts, strict=True))
    section = arrangement.section
    row, point = np.zeros((len(target), section.dim + 1)), np.zeros((len(target), section.dim))
    row[:, [0, *(k + 1 for k in section.coordinates)]] = target
    point[:, list(section.coordinates)] = witness
    for line, pivot in zip(section.lines, section.pivots, strict=True):  # the target is constant along the lines
        along = np.array(line, float)
        row[:, pivot + 1] = -(row[:, 1:] @ along) / along[pivot]
    return LeafFloats(row, maximum, point)


def _of_batch(batch: LeafArrays) -> LeafFloats:
    points = _vertices(batch)
    starts, counts = batch.ptr[:-1], np.diff(batch.ptr)[:, None]
    mean = np.add.reduceat(points, starts) / counts
    if not batch.arrangement.has_target:
        width = batch.arrangement.dim + 1
        return LeafFloats(np.full((len(mean), width), np.nan), np.full(len(mean), np.nan), mean)
    target = batch.rows[0][-1][batch.groups[-1], :, 0]
    values = target[batch.leaf_of, 0] + (target[batch.leaf_of, 1:] * points).sum(axis=1)
    maximum = np.maximum.reduceat(values, starts)
    at_mean = target[:, 0] + (target[:, 1:] * mean).sum(axis=1)
    largest = np.flatnonzero(values == maximum[batch.leaf_of])
    which, first = np.unique(batch.leaf_of[largest], return_index=True)
    best = np.full_like(mean, np.nan)
    best[which] = points[largest[first]]
    # Half of the maximum, on the way from the mean, which is interior, to the vertex where the maximum is.
    way = np.where(at_mean > 0, 0, (maximum / 2 - at_mean) / (maximum - at_mean))[:, None]
    return LeafFloats(target, maximum, mean + way * (best - mean))


def _vertices(batch: LeafArrays) -> Floats:
    """Return the generators of all leaves, (V, d); NaN where they are at infinity.  A vertex is computed once for all leaves."""
    dim = batch.arrangement.dim
    _, used, index = np.unique(_vertex_keys(batch), return_index=True, return_inverse=True)
    rows = batch.rows[0]
    domain = [[filter_float(entry) for entry in row] for row in batch.arrangement.domain]
    fixed = np.array([[1.0, *[0.0] * dim], *domain])
    leaves, ids = np.repeat(batch.leaf_of[used], dim), batch.tight[used].ravel().astype(np.int64)
    planes = batch.gathered(leaves, ids, fixed, rows).reshape(-1, dim, dim + 1)
    matrix = planes[:, :, 1:]
    points = np.empty((len(matrix), dim))
    try:
        points[:] = np.linalg.solve(matrix, -planes[:, :, :1])[:, :, 0]
    except np.linalg.LinAlgError:  # some are not points
        singular = np.linalg.det(matrix) == 0
        matrix[singular] = np.eye(dim)
        points[:] = np.linalg.solve(matrix, -planes[:, :, :1])[:, :, 0]
        points[singular] = np.nan
    vertices: Floats = points[index.ravel()]
    return vertices


def _vertex_keys(batch: LeafArrays) -> Integers:
    """Return a number for each generator that is the same, but for collisions, exactly for generators that are the same vertex.

    A vertex depends on its tight set and on the states of the earlier layers, without those of its own hyperplanes: see
    ``ExactSigns.generator``.
    """
    exact, layers = batch.arrangement.exact, batch.arrangement.layers
    first = exact.base[0]
    factors = np.random.default_rng(1).integers(0, 2**63, (batch.arrangement.dim + 1, exact.ids)) * 2 + 1
    weighted = batch.prefix * factors[0, first : first + batch.prefix.shape[1]]
    before = np.zeros((len(batch.prefix), len(layers) + 1), np.int64)
    layer_of = np.zeros(exact.ids, np.int64)
    for k in range(len(layers)):
        start, stop = exact.base[k] - first, exact.base[k + 1] - first
        before[:, k + 1] = before[:, k] + weighted[:, start:stop].sum(axis=1)
        layer_of[exact.base[k] : exact.base[k + 1]] = k
    leaf, last = batch.leaf_of, layer_of[batch.tight[:, -1]]
    keys = before[leaf, last]
    reads = np.array(exact.base)[last]
    # Only neurons that are on contribute to ``before``.
    on = np.zeros((len(batch.prefix), exact.ids), bool)
    on[:, first : first + batch.prefix.shape[1]] = batch.prefix
    row = leaf * exact.ids
    for k in range(batch.arrangement.dim):
        ids = batch.tight[:, k].astype(np.int64)
        keys += ids * factors[k + 1].take(ids) - factors[0].take(ids) * (on.take(row + ids) & (ids < reads))
    return keys
