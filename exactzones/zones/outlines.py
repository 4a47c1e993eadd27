"""The outlines of thousands of zones in the plane, in floats: for pictures, in which nothing is decided."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from exactzones.engine.frontier import Floats, Integers
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import Flags, LeafArrays
from exactzones.layer import Layer
from exactzones.rational import integer_dot
from exactzones.threads import one_thread
from exactzones.zones.listing import Zones
from exactzones.zones.maps import equal_maps


class Outlines(NamedTuple):
    """What draws P zones; a corner that zones share has one number.

    Attributes:
        chain: layers whose ReLUs have the zones' signs; the last one computes the functions.
        corners: points.
        rings: per zone the corners, in order, of the part in which the property fires.
        cells: per zone those of the closed cell; None if the property fires in all of its interior.
        functions: (P, 3) per zone the value that is positive where the property fires, as ``b + a . x``.
        maps: (P,) equal numbers for equal functions.
    """

    chain: Sequence[Layer]
    corners: list[list[float]]
    rings: list[list[int]]
    cells: list[list[int] | None]
    functions: Floats
    maps: Integers


@one_thread
def outlines(zones: Zones, fine: float) -> Outlines | None:
    """Return the outlines of zones in a bounded domain of the plane; None if they were not found by the forward engine.

    Args:
        zones: of a property with one strict condition.
        fine: how much a corner may be wrong.
    """
    leaves = [zone.source for zone in zones if isinstance(zone.source, Leaf)]
    if not leaves or len(leaves) < len(zones) or not leaves[0].arrangement.has_target or leaves[0].arrangement.dim != 2:
        return None
    batches = LeafArrays.batches(leaves[0].arrangement, [leaf.prefix for leaf in leaves], [leaf.tight for leaf in leaves])
    arrays = LeafArrays.joined([*batches])
    used, index = arrays.shared
    corners, values, certain = _corners(leaves, arrays, used, fine)
    clipped = _Clipped(corners.tolist(), np.where(certain, values, 0.0).tolist())
    rings = [clipped.ring(ring) for ring in _in_order(arrays, corners, index)]
    parts, cells = [ring for ring, _ in rings], [cell for _, cell in rings]
    chain, functions = arrays.arrangement.chain, arrays.rows[0][-1][arrays.groups[-1], :, 0]
    return Outlines(chain, clipped.corners, parts, cells, functions, equal_maps(chain, arrays.prefix))


def _corners(leaves: Sequence[Leaf], arrays: LeafArrays, used: Integers, fine: float) -> tuple[Floats, Floats, Flags]:
    """Return corners, the target's values there, and whether the signs of the values are certain."""
    points = arrays.points(used)
    values, wrong = arrays.target_values(used, points)
    corners, error = points
    certain = np.abs(values) > wrong
    for k in np.flatnonzero(~(error <= fine)).tolist():
        leaf = leaves[arrays.leaf_of[used[k]]]
        weight, *place = leaf.generator(arrays.tight[used[k]])
        corners[k] = [entry / weight for entry in place]
        target = leaf.row(leaf.arrangement.exact.ids - 1)
        sign = integer_dot(target, (weight, *place))
        values[k] = float(np.copysign(values[k] if np.isfinite(values[k]) else 1.0, sign))
        certain[k] = sign != 0
    return corners, values, certain


def _in_order(arrays: LeafArrays, corners: Floats, index: Integers) -> list[list[int]]:
    """Return the corners of each leaf, once around it."""
    at, starts = corners[index], arrays.ptr[:-1]
    around = at - (np.add.reduceat(at, starts) / np.diff(arrays.ptr)[:, None])[arrays.leaf_of]
    order = np.lexsort((np.arctan2(around[:, 1], around[:, 0]), arrays.leaf_of))
    numbers, ends = index[order].tolist(), arrays.ptr.tolist()
    return [numbers[start:stop] for start, stop in pairwise(ends)]


class _Clipped:
    """Clips rings to where values are positive.

    Args:
        corners: points; those where a value is zero are added.
        values: at the points.
    """

    def __init__(self, corners: list[list[float]], values: list[float]) -> None:
        self.corners, self._values = corners, values

    def ring(self, ring: list[int]) -> tuple[list[int], list[int] | None]:
        """Return the part of a ring where values are positive, and the ring itself if that is larger."""
        values = [self._values[corner] for corner in ring]
        if min(values) >= 0 or max(values) <= 0:  # if no sign is certain, the zone is too thin to be seen
            return ring, None
        part = []
        for k, corner in enumerate(ring):
            if values[k] >= 0:
                part.append(corner)
            following = (k + 1) % len(ring)
            if values[k] * values[following] < 0:
                part.append(self._crossing(corner, ring[following]))
        return part, ring

    def _crossing(self, one: int, other: int) -> int:
        """Return the number of a new corner: the point between two corners at which the value is zero."""
        share = self._values[one] / (self._values[one] - self._values[other])
        self.corners.append([a + share * (b - a) for a, b in zip(self.corners[one], self.corners[other], strict=True)])
        return len(self.corners) - 1
