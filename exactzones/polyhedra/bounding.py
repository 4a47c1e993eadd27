"""Polytopes around a data set: its box, its box along the principal axes, its convex hull."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.errors import DimensionError, InputError, one_of
from exactzones.polyhedra.polyhedron import Polyhedron
from exactzones.rational import Matrix, Vector, entries, exact, integer_row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import clipped_float, float_vector

MOST_HULL_INPUTS = 5
"""Dimension up to which convex hulls are computed: the number of facets grows exponentially with it."""

_DIRECTIONS = 64  # in which the first points of a hull are extreme
_UNIT = 1 << 12  # directions are rounded to multiples of its inverse


def bounding(data: Any, kind: str = "box") -> Polyhedron:
    """Return a polytope that contains all points of a data set, exactly: a domain for questions about them.

    Args:
        data: shape (points, inputs), such as an array, a tensor, or nested sequences of exact numbers.
        kind: "box", the least and the greatest value of each input; "zonotope", the box along the principal axes of the data (a
            parallelotope), which is smaller where inputs are correlated; or "hull", the convex hull, in few dimensions.

    Raises:
        DimensionError: points of different dimensions.
        InexactError: an entry that is not a finite number.
        InputError: there are no points, another kind, or a hull in too many dimensions.

    >>> line = [[0, 0], [1, 2], [2, 2], [4, 5]]
    >>> [bounding(line, kind).volume() for kind in ("box", "hull")]
    [Fraction(20, 1), Fraction(5, 2)]
    >>> bounding(line, "zonotope").volume() < 10
    True
    """
    bound = _KINDS[one_of(kind, [*_KINDS], "kind")]
    listed = entries(data, "data", "points, shape (points, inputs)")
    points = tuple(
        tuple(exact(entry, f"coordinate {j} of point {k}") for j, entry in enumerate(entries(row, f"point {k}", "numbers")))
        for k, row in enumerate(listed)
    )
    if not points or not points[0]:
        raise InputError("data has no points; expected points, shape (points, inputs)")
    for k, point in enumerate(points):
        if len(point) != len(points[0]):
            raise DimensionError(f"point {k} of the data", expected=len(points[0]), got=len(point))
    return bound(points)


def _box(points: tuple[Vector, ...]) -> Polyhedron:
    sides = list(zip(*points, strict=True))
    return Polyhedron.box([min(side) for side in sides], [max(side) for side in sides])


def _zonotope(points: tuple[Vector, ...]) -> Polyhedron:
    floats = _in_floats(points)
    # The full matrices make the axes a basis of the space; where there are many points they are not needed, and huge.
    axes = np.linalg.svd(floats - floats.mean(axis=0), full_matrices=len(points) < len(points[0]))[2]
    directions = np.rint(axes * _UNIT).astype(int).tolist()
    rows = []
    along = (Matrix.of(directions) @ Matrix.of(list(zip(*points, strict=True)))).rows
    for direction, values in zip(directions, along, strict=True):
        rows += [(-min(values), *direction), (max(values), *(-entry for entry in direction))]
    return Polyhedron.of(len(points[0]), rows)


def _hull(points: tuple[Vector, ...]) -> Polyhedron:
    if len(points[0]) > MOST_HULL_INPUTS:
        raise InputError(
            f'the data has {len(points[0])} inputs; a hull is computed for at most {MOST_HULL_INPUTS}: pass "zonotope" or "box"'
        )
    lifted = np.array([integer_row((Fraction(1), *point)) for point in points], object).T
    chosen = _extreme(points)
    while True:  # each time with the points that lie beyond a facet of the hull so far
        hull = Polyhedron.hull([points[k] for k in chosen])
        both = [side for row in hull.hrep.equations for side in (row, tuple(-entry for entry in row))]
        values = np.array([*hull.hrep.rows, *both], object) @ lifted
        beyond = set(values.argmin(axis=1)[values.min(axis=1) < 0].tolist())
        if not beyond:
            return hull
        chosen = sorted({*chosen, *beyond})


def _extreme(points: tuple[Vector, ...]) -> list[int]:
    """Return the numbers of points that are farthest in some directions."""
    directions = np.random.default_rng(0).normal(size=(_DIRECTIONS, len(points[0])))
    return sorted(set((_in_floats(points) @ directions.T).argmax(axis=0).tolist()))


def _in_floats(points: tuple[Vector, ...]) -> Floats:
    return np.array([float_vector(point, clipped_float) for point in points])


_KINDS: dict[str, Callable[[tuple[Vector, ...]], Polyhedron]] = {"box": _box, "zonotope": _zonotope, "hull": _hull}
