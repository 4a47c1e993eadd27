"""Exact volumes of polytopes from the incidence of vertices and facets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from exactzones.rational import Row, determinant, sum_of_quotients


def volume(dim: int, vertices: Sequence[Row], facets: Sequence[int]) -> Fraction:
    """Return the volume of a full-dimensional polytope.

    The polytope is cut into pyramids from its first vertex over the facets that do not contain it; those facets are cut likewise,
    down to simplices.

    Args:
        dim: dimension of the space and of the polytope.
        vertices: homogeneous integer rows ``(x_0, x)`` with ``x_0 > 0``, shape (dim + 1,) each.
        facets: for each facet the bit set of the vertices on it.

    Source: Cohen and Hickey 1979, Two algorithms for determining volumes of convex polyhedra.
    """
    return sum_of_quotients((above, below) for _, above, below in simplices(dim, vertices, facets)) / math.factorial(dim)


def simplices(dim: int, vertices: Sequence[Row], facets: Sequence[int]) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Yield simplices that make up such a polytope.

    Each is (the indices of its vertices, numerator, denominator), where the quotient is dim! times its volume.
    """
    for simplex in _simplices((1 << len(vertices)) - 1, facets, dim):
        corners = [vertices[k] for k in simplex]
        yield simplex, abs(determinant(corners)), math.prod([corner[0] for corner in corners])


def _simplices(face: int, facets: Sequence[int], dim: int) -> list[tuple[int, ...]]:
    """Return simplices that make up a face of dimension dim, each as the indices of its vertices."""
    apex = (face & -face).bit_length() - 1
    if dim == 0:
        return [(apex,)]
    pieces = []
    for facet in facets:
        if not facet >> apex & 1:
            pieces += [(apex, *rest) for rest in _simplices(facet, facets_of(facet, facets), dim - 1)]
    return pieces


def facets_of(face: int, facets: Sequence[int]) -> list[int]:
    """Return the maximal proper intersections of a face with the others: its own facets."""
    parts = {face & other for other in facets} - {face, 0}
    return [part for part in parts if not any(part & other == part and part != other for other in parts)]
