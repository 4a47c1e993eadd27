"""What floats say about leaves by the thousand: the target on each, its maximum, and a point at which it is positive."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import Floats, Integers, States
from exactzones.engine.leaf_arrays import Flags, LeafArrays
from exactzones.engine.simple_vertices import simple_vertices
from exactzones.engine.starting_cones import Section
from exactzones.engine.workers import LeafBatch

_ROUGH, _WRONG, _WRONG_SHARE = 2.0**-20, 2.0**-30, 2.0**-22
"""The errors of a vertex and of the target's value there, and the latter's share of the value, that a float may have."""

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
        coarse: (P,) whether the leaf is bounded, but floats may say little about it: a vertex or the maximum is not known well.
    """

    target: Floats
    maximum: Floats
    witness: Floats
    signs: np.ndarray[Any, np.dtype[np.int8]]
    simple: Flags
    coarse: Flags


@np.errstate(all="ignore")  # leaves that are unbounded, or too large for floats
def leaf_floats(arrangement: Arrangement, leaves: LeafBatch) -> LeafFloats:
    """Return rounded numbers about leaves; they depend on the leaves and their order only."""
    parts = [_of_batch(batch) for batch in LeafArrays.parts(arrangement, leaves, _BATCH)]
    target, maximum, witness, *others = (np.concatenate(column) for column in zip(*parts, strict=True))
    section = arrangement.section
    return LeafFloats(lifted_rows(section, target), maximum, lifted_points(section, witness), *others)


def lifted_rows(section: Section, rows: Floats) -> Floats:
    """Return functions of (1, x) on a section, (P, d + 1), as functions on the input space that are constant along the lines."""
    lifted = np.zeros((len(rows), section.dim + 1))
    lifted[:, [0, *(k + 1 for k in section.coordinates)]] = rows
    for line, pivot in zip(section.lines, section.pivots, strict=True):
        along = np.array(line, float)
        lifted[:, pivot + 1] = -(lifted[:, 1:] @ along) / along[pivot]
    return lifted


def lifted_points(section: Section, points: Floats) -> Floats:
    """Return points of a section, (P, d), as points of the input space."""
    lifted = np.zeros((len(points), section.dim))
    lifted[:, list(section.coordinates)] = points
    return lifted


def targets_of(arrangement: Arrangement, prefix: States) -> Floats:
    """Return the target as a function of (1, x) on leaves with these states, (P, units), of which nothing else is known."""
    leaves = LeafBatch(prefix, np.zeros(len(prefix) + 1, np.int64), np.zeros((0, arrangement.dim), np.int32))
    parts = [part.rows[0][-1][part.groups[-1], :, 0] for part in LeafArrays.parts(arrangement, leaves)]
    return np.concatenate(parts)


def _of_batch(batch: LeafArrays) -> LeafFloats:
    shared = used, index = batch.shared
    vertices = batch.points(used)
    is_ray = batch.tight[used, 0] == 0
    vertices[0][is_ray] = np.nan
    simple = simple_vertices(batch, shared, vertices)
    points, starts = vertices[0][index], batch.ptr[:-1]
    mean = np.add.reduceat(points, starts) / np.diff(batch.ptr)[:, None]
    coarse = _any_of(~(vertices[1] <= _ROUGH), is_ray, index, starts)
    if not batch.arrangement.has_target:
        nothing = np.full((len(mean), batch.arrangement.dim + 2), np.nan)
        return LeafFloats(nothing[:, 1:], nothing[:, 0], mean, np.zeros(len(index), np.int8), simple, coarse)
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
    is_close = np.maximum.reduceat(wrong[index], starts) <= np.maximum(_WRONG, _WRONG_SHARE * np.abs(maximum))
    coarse |= ~is_close & np.isfinite(maximum)
    return LeafFloats(target, maximum, mean + way * (best - mean), signs[index], simple, coarse)


def _any_of(rough: Flags, is_ray: Flags, index: Integers, starts: Integers) -> Flags:
    """Tell which bounded leaves have a rough vertex."""
    if not (rough & ~is_ray).any():  # mostly
        return np.zeros(len(starts), bool)
    return np.logical_or.reduceat(rough[index], starts) & ~np.logical_or.reduceat(is_ray[index], starts)
