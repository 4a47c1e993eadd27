"""The adjacency graph of zones, drawn on top of the zones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.lines import Line2D

from exactzones.arguments import WindowLike, as_window
from exactzones.errors import InputError
from exactzones.notation import counted
from exactzones.plot import style
from exactzones.plot.pieces import Piece, pieces
from exactzones.plot.planar import centre, draw_planar
from exactzones.plot.zones import title
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import area, edges, floats, outline
from exactzones.rational import Vector
from exactzones.zones import Zones, as_zones
from exactzones.zones.window import default_window

_ZONE_EDGE = "#a8a8a8"  # borders of zones, so light that they are not taken for edges of the graph
_APART: dict[str, Any] = {"color": "#8a8a8a", "linewidth": 1.0, "linestyle": (0, (1.5, 3))}
_SMALL = 250  # a part gets a number if its area is more than 1/250 of the window


def plot_adjacency(zones: Zones, *, window: WindowLike = None, ax: Any = None, legend: bool = True) -> Any:
    """Draw the zones of two inputs faintly with their adjacency graph on top, and return the axes.

    Each node is a zone, drawn in the middle of the visible part that fires.  An edge joins two zones that share a facet.  It
    runs through the part of the facet on which the feature fires; if there is none, the zones do not touch where they fire: the
    edge is grey, dotted and straight, with a cross in the middle.

    Args:
        zones: of two inputs.
        window: a bounded polyhedron; its bounding box is shown.  By default the domain's box, or a box around all vertices.
        ax: matplotlib axes; new ones by default.
        legend: whether to put a legend beside the axes.

    Raises:
        InputError: not two inputs, an unbounded or flat window, or 3-D axes.
    """
    if as_zones(zones).network.inputs != 2:
        raise InputError(f"an adjacency graph is drawn for 2 inputs; this network has {zones.network.inputs}")
    box = default_window(zones) if window is None else as_window(window, 2)
    with style.settings(ax, legend=legend):
        ax = style.axes(ax, 2)
        shown = pieces(zones, box, "island", merged=False, only=None)
        draw_planar(shown, zones.domain, box, ax, strength=0.25, numbered=False, edge=_ZONE_EDGE)
        places = {piece.zones[0]: _middle(piece) for piece in shown if piece.rings}
        crossings = dict(_crossings(shown))
        for a, b, fires in zones.graph.edges(data="fires"):
            if a in places and b in places:
                _draw_edge(places[a], crossings.get((a, b)), places[b], ax, fires=fires)
        _draw_nodes(shown, places, box, ax)
        if legend:
            style.legend_beside(ax, _legend(zones))
        ax.set_title(f"{title(zones)}, {counted(zones.graph.number_of_edges(), 'shared facet')}")
    return ax


def _draw_edge(start: tuple[float, ...], door: tuple[float, ...] | None, end: tuple[float, ...], ax: Any, *, fires: bool) -> None:
    """Draw an edge through a point of the facet on which the feature fires, or one between zones that do not touch there."""
    if fires:
        through = [start, *([door] if door else []), end]
        ax.plot(*zip(*through, strict=True), color=style.INK, linewidth=1.8, zorder=4, gid="edge")
        return
    ax.plot(*zip(start, end, strict=True), **_APART, zorder=3.5, gid="edge")
    middle = [(a + b) / 2 for a, b in zip(start, end, strict=True)]
    ax.plot(*middle, "x", color=_APART["color"], markersize=8, markeredgewidth=1.8, zorder=3.5, gid="apart")


def _middle(piece: Piece) -> tuple[float, ...]:
    ring = piece.rings[0]
    if len(ring) > 2:
        return centre(ring)
    corners = floats(ring)
    return tuple(sum(side) / len(corners) for side in zip(*corners, strict=True))


def _crossings(shown: Sequence[Piece]) -> Iterator[tuple[tuple[int, int], tuple[float, ...]]]:
    """Yield pairs of zones whose visible parts share an edge, with the midpoint of that edge."""
    zones_at: dict[frozenset[Vector], list[int]] = defaultdict(list)
    for piece in shown:
        for ring in piece.rings:
            for edge in edges(ring):
                zones_at[edge].append(piece.zones[0])
    for edge, zones in zones_at.items():
        if len(zones) == 2:
            a, b = zones
            ((x, y), (u, v)) = floats(edge)
            yield (a, b), ((x + u) / 2, (y + v) / 2)
            yield (b, a), ((x + u) / 2, (y + v) / 2)


def _draw_nodes(shown: Sequence[Piece], places: dict[int, tuple[float, ...]], window: Polyhedron, ax: Any) -> None:
    """Draw a dot per zone, large and numbered if the zone has room for it."""
    whole = area(outline(window, window)[0])
    for piece in shown:
        if piece.rings:
            x, y = places[piece.zones[0]]
            roomy = len(piece.rings[0]) > 2 and area(piece.rings[0]) * _SMALL > whole
            look = {"markersize": 12 if roomy else 4, "color": style.colour(piece.group), "markeredgecolor": style.INK}
            ax.plot(x, y, "o", **look, zorder=5, gid="node")
            if roomy:
                style.number(ax, (x, y), str(piece.zones[0]), fontsize=8)


def _legend(zones: Zones) -> list[Any]:
    listed = list(enumerate(zones.islands))[: style.LISTED]
    handles: list[Any] = [style.swatch(k, f"island {k}: {counted(len(members), 'zone')}", strength=0.25) for k, members in listed]
    handles.append(Line2D([], [], color=style.INK, linewidth=1.8, label="shared facet, fires on it"))
    if not all(fires for _, _, fires in zones.graph.edges(data="fires")):
        handles.append(Line2D([], [], **_APART, marker="x", markersize=7, label="shared facet, silent on it:\nnot connected"))
    return handles
