"""Slices of a larger input space: a line, a plane or a three-dimensional flat, as exact affine maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exactzones.affine import AffineMap
from exactzones.arguments import DomainLike, as_domain
from exactzones.errors import DimensionError, DomainError, InputError, require
from exactzones.polyhedra import Polyhedron
from exactzones.rational import Vector, dot, entries, independent, index, integer_row, quotient, row_echelon, vector_of

MOST = 3
"""Most dimensions that a page can show."""


def embedding(
    dim: int, *, through: Sequence[Sequence[Any]] = (), along: Sequence[Sequence[Any]] = (), origin: Sequence[Any] | None = None
) -> AffineMap:
    """Return a flat as a map into R^dim: through two to four points, or through one point along one to three directions.

    Args:
        dim: dimension of the input space.
        through: the points; the first becomes the slice's origin, the others its unit points, one per axis.
        along: the directions, which become the slice's axes.
        origin: the start of the directions, which becomes the slice's origin; by default the input space's origin.

    Raises:
        InputError: points together with directions, too few or too many of them, or linearly dependent ones.
        DimensionError: a point or direction of another space.

    >>> embedding(4, along=[[1, 0, 0, 0], [0, 0, 1, 1]], origin=[0, 5, 0, 0])([2, 3])
    (Fraction(2, 1), Fraction(5, 1), Fraction(3, 1), Fraction(3, 1))
    """
    inputs = index(dim, "dim", least=1)
    passed, ways = _vectors(through, "through"), _vectors(along, "along")
    if passed and (ways or origin is not None):
        raise InputError(
            "a slice goes either through points or along directions from one point; pass either points or directions"
        )
    count = len(passed) - 1 if passed else len(ways)
    if not 1 <= count <= MOST:
        raise InputError(f"a slice of {count} dimensions cannot be shown; pass 2 to 4 points, or 1 to 3 directions")
    base = vector_of([0] * inputs if origin is None else origin, "origin")
    points = passed or [base, *(_moved(base, direction) for direction in ways)]
    for k, point in enumerate(points):
        if len(point) != inputs:
            raise DimensionError(f"point {k} of the slice", expected=inputs, got=len(point))
    if ways and not independent([integer_row(direction) for direction in ways]):
        raise InputError("the slice's directions are not linearly independent; choose others")
    return AffineMap.through(*points)


def cut_through(domain: DomainLike, flat: AffineMap) -> Polyhedron | None:
    """Return the part of a domain on a slice, in the slice's coordinates; a domain of None, the whole space, gives None.

    Raises:
        DomainError: the slice does not meet the interior of the domain.
    """
    region = as_domain(domain, as_slice(flat).outputs)
    if region is None:
        return None
    part = region.preimage(flat)
    if part.dim < flat.inputs:
        raise DomainError("the slice misses the interior of the domain: choose other points or a larger domain")
    return part


def as_slice(value: Any) -> AffineMap:
    """Return a slice.

    Raises:
        InputError: not an affine map.
    """
    return require(value, AffineMap, "flat", "a slice such as AffineMap.through(p, q, r)")


def foot(flat: AffineMap, point: Vector) -> Vector:
    """Return the exact slice coordinates of the point of the slice that is nearest (Euclidean) to a point."""
    columns = list(zip(*flat.matrix.rows, strict=True))
    difference = [a - b for a, b in zip(point, flat.offset, strict=True)]
    normal_equations = [integer_row((*(dot(u, v) for v in columns), dot(u, difference))) for u in columns]
    reduced, pivots = row_echelon(normal_equations)
    return tuple(quotient(row[-1], row[pivot]) for row, pivot in zip(reduced, pivots, strict=True))


def _vectors(value: Any, what: str) -> list[Vector]:
    return [vector_of(entry, f"{what} {k}") for k, entry in enumerate(entries(value, what, "a sequence of points"))]


def _moved(point: Vector, direction: Vector) -> Vector:
    if len(point) != len(direction):
        raise DimensionError("direction of the slice", expected=len(point), got=len(direction))
    return tuple(a + b for a, b in zip(point, direction, strict=True))
