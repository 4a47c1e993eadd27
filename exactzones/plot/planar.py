"""Pieces of the plane drawn as polygons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from matplotlib.collections import PolyCollection

from exactzones.plot import style
from exactzones.plot.pieces import Piece
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import Ring, area, floats, outline, sides
from exactzones.rational import Vector, dot, quotient

_ARROWS = {(0, 0): "<", (0, 1): ">", (1, 0): "v", (1, 1): "^"}
_MANY = 400  # polygons; if there are more, edges are hairlines, because thicker ones would blacken the picture
_SMALL = 4000  # a group gets a number if its largest piece has more than 1/4000 of the window's area
_SPECK = 40  # a smaller group gets a ring if it is nowhere longer than 1/40 of the window
_RING = 14  # diameter of the ring in typographic points


def draw_planar(
    pieces: Sequence[Piece],
    domain: Polyhedron | None,
    window: Polyhedron,
    ax: Any,
    *,
    strength: float = 0.55,
    numbered: bool = True,
    edge: str = style.INK,
) -> None:
    """Draw pieces of the plane, the domain's outline, and an arrow wherever a group extends beyond the window."""
    # Without padding, the axes would hide the outline of a domain that ends at the border of the window.
    style.frame(ax, window, pad=0.02 if domain is not None and domain.is_subset(window) else 0.0)
    draw_domain(domain, window, ax)
    for group, members in by_group(pieces).items():
        draw_rings([ring for piece in members for ring in piece.rings], group, ax, strength, edge)
        for (axis, end), middle in exits([piece for piece in pieces if piece.group == group], window):
            ax.plot(
                *floats([middle])[0], _ARROWS[axis, end], color=style.INK, markersize=7, clip_on=False, zorder=7, gid="continues"
            )
    if numbered:
        number_groups(pieces, window, ax)


def by_group(pieces: Sequence[Piece]) -> dict[int, list[Piece]]:
    """Return the visible pieces by group, in the order of the groups."""
    groups: dict[int, list[Piece]] = defaultdict(list)
    for piece in pieces:
        if piece.rings:
            groups[piece.group].append(piece)
    return dict(sorted(groups.items()))


def draw_rings(rings: Sequence[Ring], group: int, ax: Any, strength: float = 0.55, edge: str = style.INK) -> None:
    """Draw polygons as one collection; draw segments and points (flat parts) as thick lines and dots."""
    polygons = [floats(ring) for ring in rings if len(ring) > 2]
    if polygons:
        look = style.look(group, strength) | {"edgecolor": edge} | ({} if len(polygons) < _MANY else {"linewidth": 0.2})
        ax.add_collection(PolyCollection(polygons, **look, zorder=2, gid=f"group-{group + 1}"), autolim=False)
    for ring in rings:
        if len(ring) <= 2:
            ax.plot(
                *zip(*floats(ring), strict=True),
                "o-" if len(ring) == 1 else "-",
                color=style.colour(group),
                linewidth=3,
                zorder=4,
            )


def draw_tint(rings: Sequence[Ring], group: int, ax: Any, strength: float, gid: str) -> None:
    """Tint polygons in the colour of a group, transparently and without edges, with an opaque hatch on top.

    Hatch and tint are two collections because one collection of an SVG has a single opacity.
    """
    polygons = [floats(ring) for ring in rings]
    look = style.look(group, strength) | {"linewidth": 0.0, "edgecolor": style.colour(group)}
    ax.add_collection(PolyCollection(polygons, **look | {"hatch": None}, gid=gid), autolim=False)
    ax.add_collection(PolyCollection(polygons, **look | {"facecolor": "none"}, gid=f"hatch-{group}"), autolim=False)


def draw_domain(domain: Polyhedron | None, window: Polyhedron, ax: Any) -> None:
    """Shade the part of the domain in the window, and draw its outline."""
    shown = outline(window if domain is None else domain, window)
    for ring in shown:
        ax.fill(*zip(*floats(ring), strict=True), facecolor=style.QUIET, edgecolor="none", zorder=0)
        if domain is not None:
            ax.fill(*zip(*floats(ring), strict=True), **style.DOMAIN_LINE, zorder=3, clip_on=False)


def number_groups(pieces: Sequence[Piece], window: Polyhedron, ax: Any) -> None:
    """Write each group's number on its largest piece, if the number fits, or beside a ring around a speck."""
    whole = area(outline(window, window)[0])
    rest: dict[int, set[Vector]] = {}
    for group, members in by_group(pieces).items():
        rings = [ring for piece in members for ring in piece.rings]
        largest = max((ring for ring in rings if len(ring) > 2), key=area, default=None)
        if largest is not None and area(largest) * _SMALL > whole:
            style.number(ax, centre(largest), str(group))
        else:
            rest[group] = {corner for ring in rings for corner in ring}
    if len(rest) <= style.LISTED:  # more rings would hide the zones
        for group, corners in rest.items():
            ring_speck(group, corners, window, ax)


def ring_speck(group: int, corners: Iterable[Vector], window: Polyhedron, ax: Any) -> None:
    """Draw a ring with a number around a group that is too small to be seen."""
    columns = list(zip(*corners, strict=True))
    low, high = sides(window)
    if any((max(c) - min(c)) * _SPECK > b - a for c, a, b in zip(columns, low, high, strict=True)):
        return
    ((x, y),) = floats([tuple([(max(column) + min(column)) / 2 for column in columns])])
    ring = {"marker": "o", "markersize": _RING, "markerfacecolor": "none", "markeredgecolor": style.INK, "linestyle": "none"}
    ax.plot(x, y, **ring, zorder=6, gid=f"ring-{group + 1}")
    to_the_left = x > float(low[0] + high[0]) / 2  # so that the number stays inside the axes
    ax.annotate(
        str(group),
        (x, y),
        xytext=(-_RING if to_the_left else _RING, 0),
        textcoords="offset points",
        ha="center",
        va="center",
        color=style.INK,
        fontweight="bold",
        path_effects=style.halo(),
        zorder=6,
    )


def on_border(edge: Iterable[Vector], window: Polyhedron) -> bool:
    """Tell whether an edge lies on the border of the window, where the picture ends but the zones may not."""
    ends = list(edge)
    return any(all(dot(row, (1, *corner)) == 0 for corner in ends) for row in window.hrep.rows)


def exits(pieces: Sequence[Piece], window: Polyhedron) -> list[tuple[tuple[int, int], Vector]]:
    """Return where a group extends beyond the window, as pairs ((axis, 0 for the low end or 1), midpoint of an interval there).

    The group crosses a side along an interval if it touches the interval from within and from beyond: with one piece that
    crosses the side, or with two that meet on it.
    """
    crossings: list[tuple[tuple[int, int], Vector]] = []
    for row in window.hrep.rows:
        along = 1 if row[1] else 0
        bound = quotient(-row[0], row[2 - along])
        edges = [edge for piece in pieces for ring in piece.rings for edge in pairwise((*ring, ring[0]))]
        within = _spans([edge for edge in edges if all(corner[1 - along] == bound for corner in edge)], along)
        outside = [piece for piece in pieces if within and piece.passes(row)]
        beyond = _spans([piece.beyond(row, window) for piece in outside], along)
        for start, stop in _common(within, beyond):
            middle = (start + stop) / 2
            side = (1 - along, int(row[2 - along] < 0))
            crossings.append((side, (bound, middle) if along else (middle, bound)))
    return crossings


def _spans(edges: Sequence[Sequence[Vector]], along: int) -> list[list[Fraction]]:
    """Return the union of edges on one line as intervals of a coordinate; intervals that meet are joined."""
    joined: list[list[Fraction]] = []
    for start, stop in sorted((min(a[along] for a in edge), max(a[along] for a in edge)) for edge in edges if edge):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(stop, joined[-1][1])
        elif start < stop:
            joined.append([start, stop])
    return joined


def _common(first: Sequence[Sequence[Fraction]], second: Sequence[Sequence[Fraction]]) -> list[tuple[Fraction, Fraction]]:
    """Return the intersection of two unions of intervals."""
    pairs = [(max(a[0], b[0]), min(a[1], b[1])) for a in first for b in second]
    return [(start, stop) for start, stop in pairs if start < stop]


def centre(ring: Ring) -> tuple[float, ...]:
    """Return the centroid of a convex polygon."""
    total = area(ring)
    centre = [total * 0, total * 0]
    for a, b in pairwise(ring[1:]):
        triangle = (ring[0], a, b)
        for k in range(2):
            centre[k] += area(triangle) * sum(corner[k] for corner in triangle) / 3
    return floats([tuple(entry / total for entry in centre)])[0]
