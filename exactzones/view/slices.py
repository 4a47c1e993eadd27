"""Flats in a larger input space: a line, a plane or a solid to look at, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, DomainError, InputError
from exactzones.polyhedra import Polyhedron
from exactzones.rational import Vector, dot, integer_row, quotient, rank, row_echelon, vector

MOST = 3
"""Dimensions that a page can show."""


def embedding(
    dim: int, *, through: Sequence[Sequence[Any]] = (), along: Sequence[Sequence[Any]] = (), origin: Sequence[Any] | None = None
) -> AffineMap:
    """Return the flat through two to four points, or through one point along one to three directions, as a map into R^dim.

    Args:
        dim: dimension of the input space.
        through: the points; the first becomes the origin, the k-th next the unit point of axis k - 1.
        along: the directions.
        origin: the point that goes with ``along``; by default the input space's origin.

    Raises:
        InputError: points and directions at once, too few or too many of them, or such that span less than they should.
        DimensionError: a point that does not lie in the input space.

    >>> embedding(4, along=[[1, 0, 0, 0], [0, 0, 1, 1]], origin=[0, 5, 0, 0])(vector(2, 3))
    (Fraction(2, 1), Fraction(5, 1), Fraction(3, 1), Fraction(3, 1))
    """
    if through and (along or origin is not None):
        raise InputError("a slice goes through points, or along directions from one point; both were given")
    count = len(through) - 1 if through else len(along)
    if not 1 <= count <= MOST:
        raise InputError(f"a slice of {count} dimensions cannot be shown; give 2 to 4 points to go through, or 1 to 3 directions")
    points = [vector(*point) for point in through]
    if not points:
        base = vector(*(origin or [0] * dim))
        points = [base, *(_moved(base, vector(*direction)) for direction in along)]
    for k, point in enumerate(points):
        if len(point) != dim:
            raise DimensionError(f"point {k} of the slice", expected=dim, got=len(point))
    found = AffineMap.through(*points)
    if rank([integer_row(column) for column in zip(*found.matrix.rows, strict=True)]) < count:
        what = "points lie on one flat of fewer dimensions" if through else "directions are not linearly independent"
        raise InputError(f"the slice's {what}; choose others")
    return found


def cut_through(domain: Polyhedron | None, flat: AffineMap) -> Polyhedron | None:
    """Return the part of a domain on a flat, in the flat's coordinates; None is all of it.

    Raises:
        DomainError: the flat misses the domain's interior.
    """
    if domain is None:
        return None
    part = domain.preimage(flat)
    if part.dim < flat.inputs:
        raise DomainError("the slice misses the interior of the domain: choose other points, or a larger --domain")
    return part


def foot(flat: AffineMap, point: Vector) -> Vector:
    """Return the coordinates of the point of a flat that is nearest to a point (Euclidean), exactly."""
    columns = list(zip(*flat.matrix.rows, strict=True))
    away = [a - b for a, b in zip(point, flat.offset, strict=True)]
    normal_equations = [integer_row((*(dot(u, v) for v in columns), dot(u, away))) for u in columns]
    reduced, pivots = row_echelon(normal_equations)
    return tuple(quotient(row[-1], row[pivot]) for row, pivot in zip(reduced, pivots, strict=True))


def _moved(point: Vector, direction: Vector) -> Vector:
    if len(point) != len(direction):
        raise DimensionError("direction of the slice", expected=len(point), got=len(direction))
    return tuple(a + b for a, b in zip(point, direction, strict=True))
