"""What callers pass as points of a polyhedron: corners of a box, generators of a hull."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from exactzones.errors import DimensionError
from exactzones.rational import Vector, algebraic, entries, vector_of


def is_number(corner: Any) -> bool:
    """Tell whether a corner of a box is a single number for all coordinates."""
    if isinstance(corner, str):
        return "," not in corner
    shape = getattr(corner, "shape", None)
    return not isinstance(corner, Iterable) if shape is None else shape == ()


def corner_of(corner: Any, dim: int | None, what: str) -> Vector:
    """Return a corner of a box: one number for each coordinate."""
    if dim is None or not is_number(corner):
        listed = vector_of(corner, what, "one number per coordinate")
        if dim is not None and len(listed) != dim:
            raise DimensionError(f"{what} of the box", expected=dim, got=len(listed))
        return listed
    return (algebraic(corner, what),) * dim


def generators_of(listed: Any, what: str) -> list[Vector]:
    """Return a list of points or directions."""
    return [vector_of(each, f"{what} {k}") for k, each in enumerate(entries(listed, f"list of {what}s", "a list of points"))]
