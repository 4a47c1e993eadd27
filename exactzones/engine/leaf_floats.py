"""What floats say about leaves by the thousand: the target on each, its maximum, and a point at which it is positive."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import Floats
from exactzones.engine.leaf_arrays import Flags, LeafArrays
from exactzones.engine.simple_vertices import simple_vertices
from exactzones.engine.workers import LeafBatch

_BATCH = 1 << 12  # leaves whose vertices are computed at once: more of them have more in common


class LeafFloats(NamedTuple):
    """Rounded numbers about P leaves in an input space of dimension n; NaN where a leaf is unbounded.

    Attributes:
        target: (P, 1 + n) the target as a function of (1, x).
        maximum: (P,) its maximum on the leaf.
        witness: (P, n) a point in the leaf's interior, where the target is positive if it is so anywhere on the leaf; without a
            target the mean of its vertices.
        signs: (V,) the target's sign at each generator: 1, -1, or 0 where it is not certain.
        simple: (V,) whether each generator is certainly a simple vertex, see ``simple_vertices``.
    """

    target: Floats
    maximum: Floats
    witness: Floats
    signs: np.ndarray[Any, np.dtype[np.int8]]
    simple: Flags


@np.errstate(all="ignore")  # leaves that are unbounded, or too large for floats
def leaf_floats(arrangement: Arrangement, leaves: LeafBatch) -> LeafFloats:
    """Return rounded numbers about leaves; they depend on the leaves and their order only."""
    parts = [_of_batch(batch) for batch in LeafArrays.parts(arrangement, leaves, _BATCH)]
    target, maximum, witness, signs, simple = (np.concatenate(column) for column in zip(*parts, strict=True))
    section = arrangement.section
    row, point = np.zeros((len(target), section.dim + 1)), np.zeros((len(target), section.dim))
    row[:, [0, *(k + 1 for k in section.coordinates)]] = target
    point[:, list(section.coordinates)] = witness
    for line, pivot in zip(section.lines, section.pivots, strict=True):  # the target is constant along the lines
        along = np.array(line, float)
        row[:, pivot + 1] = -(row[:, 1:] @ along) / along[pivot]
    return LeafFloats(row, maximum, point, signs, simple)


def _of_batch(batch: LeafArrays) -> LeafFloats:
    shared = used, index = batch.shared
    vertices = batch.points(used)
    vertices[0][batch.tight[used, 0] == 0] = np.nan  # a ray
    simple = simple_vertices(batch, shared, vertices)
    points, starts = vertices[0][index], batch.ptr[:-1]
    mean = np.add.reduceat(points, starts) / np.diff(batch.ptr)[:, None]
    if not batch.arrangement.has_target:
        nothing = np.full((len(mean), batch.arrangement.dim + 2), np.nan)
        return LeafFloats(nothing[:, 1:], nothing[:, 0], mean, np.zeros(len(index), np.int8), simple)
    target = batch.rows[0][-1][batch.groups[-1], :, 0]
    at_vertices, wrong = batch.target_values(used, vertices)
    signs = (at_vertices > wrong).astype(np.int8) - (at_vertices < -wrong)
    values = at_vertices[index]
    maximum = np.maximum.reduceat(values, starts)
    at_mean = target[:, 0] + (target[:, 1:] * mean).sum(axis=1)
    largest = np.flatnonzero(values == maximum[batch.leaf_of])
    which, first = np.unique(batch.leaf_of[largest], return_index=True)
    best = np.full_like(mean, np.nan)
    best[which] = points[largest[first]]
    # Half of the maximum, on the way from the mean, which is interior, to the vertex where the maximum is.
    way = np.where(at_mean > 0, 0, (maximum / 2 - at_mean) / (maximum - at_mean))[:, None]
    return LeafFloats(target, maximum, mean + way * (best - mean), signs[index], simple)
