"""Parts of a plane as polygons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from matplotlib.collections import PolyCollection

from exactzones.plot import style
from exactzones.plot.geometry import Ring, area, floats, outline, sides
from exactzones.plot.pieces import Piece
from exactzones.polyhedra import Polyhedron
from exactzones.rational import Vector, dot

_ARROWS = {(0, 0): "<", (0, 1): ">", (1, 0): "v", (1, 1): "^"}
_SMALL = 4000  # a part with less than this share of the window has no room for a number


def draw_planar(pieces: Sequence[Piece], domain: Polyhedron | None, window: Polyhedron, ax: Any) -> None:
    """Draw pieces of the plane, the domain's outline, and an arrow wherever an island goes on beyond the window."""
    # A domain that ends at the window's border would have its outline hidden by the axes.
    style.frame(ax, window, pad=0.02 if domain is not None and domain.is_subset(window) else 0.0)
    draw_domain(domain, window, ax)
    for group, members in by_group(pieces).items():
        draw_rings([ring for piece in members for ring in piece.rings], group, ax)
        for (axis, end), middle in exits(members, window):
            ax.plot(
                *floats([middle])[0], _ARROWS[axis, end], color=style.INK, markersize=7, clip_on=False, zorder=7, gid="continues"
            )
    number_groups(pieces, window, ax)


def by_group(pieces: Sequence[Piece]) -> dict[int, list[Piece]]:
    """Return the pieces that can be seen, by group, in order."""
    groups: dict[int, list[Piece]] = defaultdict(list)
    for piece in pieces:
        if piece.rings:
            groups[piece.group].append(piece)
    return dict(sorted(groups.items()))


def draw_rings(rings: Sequence[Ring], group: int, ax: Any) -> None:
    """Draw polygons as one collection, segments and points (flat parts) as thick lines and dots."""
    polygons = [floats(ring) for ring in rings if len(ring) > 2]
    if polygons:
        ax.add_collection(PolyCollection(polygons, **style.look(group), zorder=2, gid=f"group-{group + 1}"), autolim=False)
    for ring in rings:
        if len(ring) <= 2:
            ax.plot(
                *zip(*floats(ring), strict=True),
                "o-" if len(ring) == 1 else "-",
                color=style.colour(group),
                linewidth=3,
                zorder=4,
            )


def draw_domain(domain: Polyhedron | None, window: Polyhedron, ax: Any) -> None:
    """Shade the domain where it is in the window, and draw its outline."""
    shown = outline(window if domain is None else domain, window)
    for ring in shown:
        ax.fill(*zip(*floats(ring), strict=True), facecolor=style.QUIET, edgecolor="none", zorder=0)
        if domain is not None:
            ax.fill(*zip(*floats(ring), strict=True), **style.DOMAIN_LINE, zorder=3, clip_on=False)


def number_groups(pieces: Sequence[Piece], window: Polyhedron, ax: Any) -> None:
    """Number each group on its largest piece, if that has room for a number."""
    whole = area(outline(window, window)[0])
    for group, members in by_group(pieces).items():
        polygons = [ring for piece in members for ring in piece.rings if len(ring) > 2]
        largest = max(polygons, key=area, default=None)
        if largest is not None and area(largest) * _SMALL > whole:
            style.number(ax, _centroid(largest), str(group + 1))


def exits(pieces: Sequence[Piece], window: Polyhedron) -> list[tuple[tuple[int, int], Vector]]:
    """Return where an island goes on beyond the window: (axis, which end) of the side and the middle of each run along it."""
    low, high = sides(window)
    found: list[tuple[tuple[int, int], Vector]] = []
    for axis in range(2):
        for end, bound in enumerate((low[axis], high[axis])):
            unit = [int(k == axis) * (1 - 2 * end) for k in range(2)]
            row = next(row for row in window.hrep.rows if _same_direction(row[1:], unit))
            spans = sorted(
                (min(a[1 - axis], b[1 - axis]), max(a[1 - axis], b[1 - axis]))
                for piece in pieces
                if piece.passes(row)
                for ring in piece.rings
                for a, b in pairwise((*ring, ring[0]))
                if dot(row, (1, *a)) == 0 and dot(row, (1, *b)) == 0 and a != b
            )
            runs: list[list[Fraction]] = []
            for start, stop in spans:
                if runs and start <= runs[-1][1]:
                    runs[-1][1] = max(stop, runs[-1][1])
                else:
                    runs.append([start, stop])
            for start, stop in runs:
                middle = (start + stop) / 2
                found.append(((axis, end), (bound, middle) if axis == 0 else (middle, bound)))
    return found


def _same_direction(slope: Sequence[int], unit: Sequence[int]) -> bool:
    return all((a > 0) == (b > 0) and (a < 0) == (b < 0) for a, b in zip(slope, unit, strict=True))


def _centroid(ring: Ring) -> tuple[float, ...]:
    """Return the centre of mass of a convex polygon."""
    total = area(ring)
    centre = [total * 0, total * 0]
    for a, b in pairwise(ring[1:]):
        triangle = (ring[0], a, b)
        for k in range(2):
            centre[k] += area(triangle) * sum(corner[k] for corner in triangle) / 3
    return floats([tuple(entry / total for entry in centre)])[0]
