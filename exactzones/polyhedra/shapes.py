"""Polyhedra as shapes: their parts inside a window as rings of corners.  All functions are exact, except ``floats``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from exactzones.errors import DimensionError, DomainError, InputError
from exactzones.polyhedra.cells import Cell
from exactzones.polyhedra.polyhedron import Polyhedron
from exactzones.rational import Vector, dot, quotient

Ring: TypeAlias = tuple[Vector, ...]
"""The corners of a convex polygon in order; two corners are a segment, one is a point."""


def bounding_box(points: Iterable[Vector], *, margin: Fraction = Fraction(0)) -> Polyhedron:
    """Return the smallest box around points (at least one), extended on every side by a share of its longest side.

    A box with a side of length zero is not a window: such sides are extended by 1 if the margin is 0.
    """
    sides = list(zip(*points, strict=True))
    low, high = [min(side) for side in sides], [max(side) for side in sides]
    longest = max(b - a for a, b in zip(low, high, strict=True))
    extra = margin * longest if margin else Fraction(0)
    pads = [extra if extra or b > a else Fraction(1) for a, b in zip(low, high, strict=True)]
    return Polyhedron.box(
        [a - pad for a, pad in zip(low, pads, strict=True)], [b + pad for b, pad in zip(high, pads, strict=True)]
    )


def window_box(window: Polyhedron, dim: int) -> Polyhedron:
    """Return the bounding box of a window.

    Raises:
        DimensionError: the window lies in another space.
        DomainError: it is unbounded, flat or empty.
    """
    if window.ambient_dim != dim:
        raise DimensionError("space of the window", expected=dim, got=window.ambient_dim, size="dimension")
    if window.dim < dim or not window.is_bounded:
        raise DomainError("the window is unbounded, empty or flat; pass a bounded one such as Polyhedron.box(-4, 4, dim=2)")
    return bounding_box(window.vrep.vertices)


def sides(box: Polyhedron) -> tuple[Vector, Vector]:
    """Return the lowest and the highest corner of a box."""
    vertices = box.vrep.vertices
    return vertices[0], vertices[-1]


def cut(cell: Cell, window: Polyhedron) -> Cell | None:
    """Return the part of a cell inside a window, None if it is flat or empty."""
    part: Cell | None = cell
    for row in window.hrep.rows:
        part = part.halves(row)[1] if part is not None else None
    return part


def outline(part: Cell | Polyhedron, window: Polyhedron) -> list[Ring]:
    """Return the rings (see ``rings``) of the part of a cell or polyhedron inside a window.

    Both may be unbounded; a polyhedron may also be flat.
    """
    if isinstance(part, Cell):
        inside = cut(part, window)
        return [] if inside is None else rings(inside)
    bounded = part.closure().intersect(window)
    if bounded.is_empty:
        return []
    hull = bounded.affine_hull()
    if hull.inputs == 0:
        return [(hull.offset,)]
    if hull.inputs == part.ambient_dim:
        return rings(bounded.cell())
    return [tuple(map(hull, ring)) for ring in rings(bounded.preimage(hull).cell())]


def corners(cell: Cell) -> list[Vector]:
    """Return the vertices of a cell, in the order of its rays."""
    return [tuple(quotient(entry, ray[0]) for entry in ray[1:]) for ray in cell.rays if ray[0]]


def rings(cell: Cell) -> list[Ring]:
    """Return a bounded cell as rings: its two ends in 1-D, its boundary in 2-D, the boundary of each facet in 3-D.

    In 3-D the corners of a facet are in counter-clockwise order, seen from outside.
    """
    points = corners(cell)
    if cell.dim == 1:
        return [tuple(sorted(points))]
    if cell.dim == 2:
        return [tuple(points[k] for k in _walk([on for _, on in cell.facets]))]
    boundaries = []
    for row, on in cell.facets:
        # Two facets of a solid share at most an edge, and an edge has two corners.
        edges = [on & other for _, other in cell.facets if (on & other).bit_count() == 2]
        ring = [points[k] for k in _walk(edges)]
        boundaries.append(tuple(ring if dot(normal(ring), row[1:]) < 0 else reversed(ring)))
    return boundaries


def normal(ring: Sequence[Vector]) -> Vector:
    """Return a normal vector of a polygon in 3-D, by the right-hand rule."""
    u, v = ([b - a for a, b in zip(ring[0], ring[k], strict=True)] for k in (1, 2))
    return (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])


def edges(ring: Ring) -> list[frozenset[Vector]]:
    """Return the edges of a polygon, each as the set of its two ends."""
    return [frozenset(edge) for edge in pairwise((*ring, ring[0])) if len(ring) > 2]


def area(ring: Ring) -> Fraction:
    """Return the exact area of a polygon in 2-D."""
    following = (*ring[1:], *ring[:1])
    return abs(sum((a[0] * b[1] - a[1] * b[0] for a, b in zip(ring, following, strict=True)), start=Fraction(0))) / 2


def floats(points: Iterable[Vector]) -> list[tuple[float, ...]]:
    """Return points with each coordinate rounded to the nearest float.

    Raises:
        InputError: a coordinate is beyond the range of floats.
    """
    try:
        return [tuple(map(float, point)) for point in points]
    except OverflowError:
        raise InputError("a coordinate in the picture is beyond the range of floats; pass a smaller window") from None


def _walk(edges: Sequence[int]) -> list[int]:
    """Return the corners along a closed chain of edges, each of them the bit set of its two ends."""
    remaining = list(edges)
    order = [(remaining[0] & -remaining[0]).bit_length() - 1]
    while remaining:
        edge = next(edge for edge in remaining if edge >> order[-1] & 1)
        remaining.remove(edge)
        order.append((edge ^ 1 << order[-1]).bit_length() - 1)
    return order[:-1]
