"""Which generators of leaves are certainly simple vertices: no other generator of the leaf is the same point.

*Every hyperplane in the tight set of a simple vertex v has a facet at v, of dimension d - 1.*  The kernel's cells are simple
polytopes whose limits are the leaves (proofs/filter.md, B2 and B3).  So for each hyperplane s in the tight set T of v there is an
edge to another generator w(s), whose tight set contains T without s, and w(s) is not v, in the limit either.  The rows of T are
independent (B4).  The row of s is not zero at w(s): otherwise w(s) and v would span the same line.  Now fix t in T.  The
generators v and w(s), for s in T other than t, lie on t.  They are d, and independent: s vanishes at all of them but w(s).
"""

from __future__ import annotations

import numpy as np

from exactzones.engine.frontier import Ids, Integers
from exactzones.engine.leaf_arrays import Bounded, Flags, LeafArrays
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF

_SHARP = 2.0**-30  # largest error of a projection, relative to its size or 1; a vertex beyond that counts as unknown
_SEED = 987_654_321  # unlike the seeds with which weights are drawn: the line must not be normal to a neuron's hyperplane


@np.errstate(all="ignore")  # infinities and NaN prove nothing
def simple_vertices(leaves: LeafArrays, shared: tuple[Integers, Integers], points: Bounded) -> Flags:
    """Tell which generators, (V,), are certainly simple vertices.

    Args:
        leaves: the leaves.
        shared: ``leaves.shared``, the (used, index).
        points: ``leaves.points(used)``.
    """
    used, index = shared
    tight, at_infinity = leaves.tight[used], leaves.tight[used, 0] == 0
    known, simple = _apart(points, tight)
    unknown = np.zeros(len(leaves), bool)
    unknown[leaves.leaf_of[~(known | at_infinity)[index]]] = True
    return simple[index] & ~unknown[leaves.leaf_of]


def _apart(points: Bounded, tight: Ids) -> tuple[Flags, Flags]:
    """Return which of n points are known well, and which of these are certainly not a known one that has another tight set.

    Points are compared by their projections to a random line.
    """
    places, error = points
    direction = np.random.default_rng(_SEED).normal(size=places.shape[1])
    at = places @ direction
    lengths = np.abs(places) @ np.abs(direction)
    wrong = ((places.shape[1] + 4) * UNIT_ROUNDOFF * lengths + error * np.abs(direction).sum()) * SLACK + TINY
    known = wrong < _SHARP * np.maximum(1, lengths)
    chosen = np.flatnonzero(known)
    order = chosen[np.argsort(at[chosen])]
    reach = np.maximum.accumulate((at + wrong)[order])
    apart = (at - wrong)[order[1:]] > reach[:-1]
    run = np.concatenate([[0], np.cumsum(apart)])
    mixed = np.zeros(len(order) + 1, bool)
    mixed[run[1:][~apart & (tight[order[1:]] != tight[order[:-1]]).any(axis=1)]] = True
    simple = np.zeros(len(at), bool)
    simple[order] = ~mixed[run[: len(order)]]
    return known, simple
