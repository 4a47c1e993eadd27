"""The irredundant rows of a full-dimensional polyhedron that is kept by inequalities, each with a point beyond it alone.

Rays from an inner point find most of them: the row that a ray crosses first is irredundant if all others are still positive at a
point after the crossing.  A program decides each of the remaining rows (``polyhedra.program``).

Source: Boneh, Boneh, Caron 1983, Constraint classification in mathematical programming.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from exactzones.polyhedra.program import Point, Program
from exactzones.rational.arrays import Floats

_CHUNK = 1 << 22  # numbers in one batch of rays


@dataclass(frozen=True, slots=True)
class Facets:
    """The facets of a polyhedron.

    Attributes:
        rows: by the index of an irredundant row in the stack: a point of the box at which this row is negative, and all
            others are positive.
        sides: by (coordinate, 1 for a lower bound or -1 for an upper one): a point of the box next to it at which all rows are
            positive.
    """

    rows: dict[int, Point]
    sides: dict[tuple[int, int], Point]


def irredundant(program: Program, inner: Point) -> Facets:
    """Return the facets of a program's polyhedron.  Of several rows with the same hyperplane one is listed.

    Args:
        program: the rows; afterwards they are as before.
        inner: a point at which every row is positive.
    """
    sides = [(coordinate, side) for coordinate, side, _ in program.bounds.sides()]
    found = Facets({}, {})
    for k, point in _crossings(program, np.array([float(entry) for entry in inner]), sides):
        if k < len(program):
            found.rows.setdefault(k, point)
        else:
            found.sides.setdefault(sides[k - len(program)], point)
    dropped = []
    for k in reversed(range(len(program))):
        if k not in found.rows:
            with program.flipped(k):
                beyond = program.interior()
            if beyond is None:
                dropped.append(k)
                program.suspend(k)
            else:
                found.rows[k] = beyond
    for coordinate, side in sides:
        if (coordinate, side) not in found.sides:
            with program.beyond(coordinate, side):
                beyond = program.interior()
            if beyond is not None:
                found.sides[coordinate, side] = beyond
    for k in dropped:
        program.resume(k)
    return Facets(dict(sorted(found.rows.items())), dict(sorted(found.sides.items())))


def _crossings(program: Program, inner: Floats, sides: list[tuple[int, int]]) -> Iterator[tuple[int, Floats]]:
    """Yield (number of a row, or of a side after all rows, point beyond it alone), proved by the error bound.

    There is a ray along the normal of each row and each side.
    """
    slopes = program.slopes()
    normals = np.zeros((len(sides), program.dim))
    for k, (coordinate, side) in enumerate(sides):
        normals[k, coordinate] = side
    every = np.concatenate([slopes, normals])
    size = max(1, _CHUNK // max(1, len(every)))
    for start in range(0, len(every), size):
        yield from _crossed(program, inner, sides, -every[start : start + size])


@np.errstate(all="ignore")  # infinities and NaN decide nothing
def _crossed(program: Program, inner: Floats, sides: list[tuple[int, int]], rays: Floats) -> list[tuple[int, Floats]]:
    """Return the crossings of some rays, (n, d)."""
    low, high = program.float_bounds
    coordinates, signs = np.array(sides, np.int64).reshape(-1, 2).T
    ends = np.where(signs > 0, low[coordinates], high[coordinates])
    heights = np.concatenate([program.values(inner[None])[0][0], signs * (inner[coordinates] - ends)])
    speeds = np.concatenate([rays @ program.slopes().T, rays[:, coordinates] * signs], axis=1)
    times = np.where(speeds < 0, -heights / speeds, np.inf)
    crossed = np.argmin(times, axis=1)
    first = np.take_along_axis(times, crossed[:, None], axis=1)[:, 0]
    np.put_along_axis(times, crossed[:, None], np.inf, axis=1)
    second = times.min(axis=1)
    points = inner + np.where(np.isinf(second), 2 * first + 1, (first + second) / 2)[:, None] * rays
    values, off = program.values(points)
    outside = (points < low).astype(np.int64) + (points > high)
    expected = np.ones(values.shape, np.int64)
    count = len(program)
    rows, others = np.flatnonzero(crossed < count), np.flatnonzero(crossed >= count)
    expected[rows, crossed[rows]] = -1
    right = ((values > off).astype(np.int64) - (values < -off) == expected).all(axis=1) & np.isfinite(first)
    crossing = coordinates[crossed[others] - count]
    there = points[others, crossing]
    right[rows] &= outside[rows].sum(axis=1) == 0
    right[others] &= (outside[others].sum(axis=1) == 1) & (outside[others, crossing] == 1)
    right[others] &= (low[crossing] - 1 < there) & (there < high[crossing] + 1)
    return [(int(crossed[k]), points[k]) for k in np.flatnonzero(right)]
