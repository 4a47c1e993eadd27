"""The parts of leaves on which the target is positive, as leaves of an arrangement to which the target belongs."""

from __future__ import annotations

import numpy as np

from exactzones.engine.faces import numbered, starts
from exactzones.engine.frontier import Ids, Integers
from exactzones.engine.leaf_arrays import Flags, LeafArrays
from exactzones.rational import integer_dot


@np.errstate(all="ignore")  # infinities and NaN decide nothing
def firing_parts(leaves: LeafArrays) -> tuple[LeafArrays, Flags]:
    """Return the firing parts of leaves without generators where nothing fires, and which leaves are certainly bounded, (P,).

    The parts are limits of simple polytopes, as leaves are (proofs/filter.md, B3).  Let t be the target.  Where a leaf has
    generators with t > 0 and others, the polytopes are cut by t >= c, where c > 0 tends to 0 more slowly than they tend to the
    leaf.  So generators with t <= 0 are cut off, and each edge between one with t > 0 and another has a new generator, at t = 0.
    Leaves that may be unbounded have no generators in the result.
    """
    used, index = leaves.shared
    points = leaves.points(used)
    bounded = np.logical_and.reduceat((points[1] < np.inf)[index], leaves.ptr[:-1])
    if not leaves.arrangement.has_target:
        return leaves.keeping(bounded[leaves.leaf_of]), bounded
    values, off = leaves.target_values(used, points)
    sign = np.where(values > off, 1, np.where(values < -off, -1, 0))
    for k in np.flatnonzero((sign == 0) & bounded[leaves.leaf_of[used]]).tolist():
        sign[k] = _sign(leaves, int(used[k]))
    sign = sign[index]
    everywhere = (np.minimum.reduceat(sign, leaves.ptr[:-1]) >= 0)[leaves.leaf_of]
    kept = bounded[leaves.leaf_of] & ((sign > 0) | everywhere)
    cut = np.flatnonzero(bounded[leaves.leaf_of] & ~everywhere)
    leaf_of, tight = _crossings(leaves.leaf_of[cut], leaves.tight[cut], sign[cut] > 0)
    target = np.full((len(tight), 1), leaves.arrangement.exact.ids - 1, leaves.tight.dtype)
    return leaves.keeping(kept, leaf_of, np.hstack([tight, target])), bounded


def _sign(leaves: LeafArrays, generator: int) -> int:
    """Return the exact sign of the target at a generator of a bounded leaf."""
    exact, prefix = leaves.arrangement.exact, leaves.prefix[leaves.leaf_of[generator]].tobytes()
    point = exact.generator(prefix, tuple(leaves.tight[generator].tolist()), facets=list)
    value = integer_dot(exact.target(prefix)[0], point)
    return (value > 0) - (value < 0)


def _crossings(leaf_of: Integers, tight: Ids, positive: Flags) -> tuple[Integers, Ids]:
    """Return the leaf and the tight set, (n, d - 1), of each edge from a positive generator to another one."""
    dim = tight.shape[1]
    edges = [np.column_stack([leaf_of, np.delete(tight, column, axis=1)]) for column in range(dim)]
    both = np.concatenate(edges)
    order, number = numbered(both)
    first = order[starts(number[order])]  # each edge has two generators
    ends = np.bincount(number, np.tile(positive, dim), len(first))
    crossing = both[first[ends == 1]]
    return crossing[:, 0], crossing[:, 1:].astype(tight.dtype)
