"""Solids: zones of a three-dimensional input, and polyhedra cut by a plane as the text shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

from exactzones.plot import style
from exactzones.plot.geometry import Ring, floats, outline
from exactzones.plot.pieces import Piece
from exactzones.plot.planar import by_group
from exactzones.polyhedra import Polyhedron


def draw_solid(pieces: Sequence[Piece], domain: Polyhedron | None, window: Polyhedron, ax: Any) -> None:
    """Draw the facets of pieces of space, without those that two pieces of a group share, and the domain's edges."""
    style.frame(ax, window)
    ax.locator_params(nbins=5)
    for group, members in by_group(pieces).items():
        rings = [ring for piece in members for ring in piece.rings]
        shared = Counter(frozenset(ring) for ring in rings)
        outer = [ring for ring in rings if shared[frozenset(ring)] == 1]
        look = style.look(group, 0.45) | {"hatch": None}
        draw_facets([ring for ring in outer if len(ring) > 2], ax, gid=f"group-{group + 1}", **look)
        for ring in outer:
            if len(ring) <= 2:
                ax.plot(*zip(*floats(ring), strict=True), "o-", color=style.colour(group), linewidth=2)
        largest = max(members, key=lambda piece: (len(piece.rings), -piece.zones[0]))
        corners = floats({corner for ring in largest.rings for corner in ring})
        style.number(ax, [sum(side) / len(corners) for side in zip(*corners, strict=True)], str(group + 1))
    draw_edges(outline(window if domain is None else domain, window), ax)


def draw_facets(rings: Sequence[Ring], ax: Any, **look: Any) -> None:
    """Draw polygons in space as one collection."""
    if rings:
        ax.add_collection3d(Poly3DCollection([floats(ring) for ring in rings], **look))


def draw_edges(rings: Sequence[Ring], ax: Any) -> None:
    """Draw the edges of a solid as thin lines."""
    edges = sorted({tuple(sorted((a, b))) for ring in rings for a, b in zip(ring, (*ring[1:], ring[0]), strict=True)})
    ax.add_collection3d(Line3DCollection([floats(edge) for edge in edges], colors=style.INK, linewidths=0.7, linestyles="--"))
