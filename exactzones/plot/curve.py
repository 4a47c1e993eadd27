"""A feature of one input: the exact graph of its piecewise-linear value, and the intervals on which it fires."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from exactzones.engine.backward import regimes
from exactzones.network import Network
from exactzones.plot import style
from exactzones.plot.pieces import Piece
from exactzones.plot.planar import by_group
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.polyhedra.shapes import Ring, corners, cut, floats, outline, sides
from exactzones.property import Condition
from exactzones.rational import Vector
from exactzones.zones import Zones
from exactzones.zones.union_parts import UnionParts

_DASHES = ("-", "--", "-.", ":")


def draw_curve(zones: Zones | UnionParts, pieces: Sequence[Piece], window: Polyhedron, ax: Any) -> list[Any]:
    """Draw each condition's value and threshold over the window (inside the domain), and the intervals that fire.

    Returns:
        The legend entries of the curves.
    """
    low, high = (x for (x,) in floats(sides(window)))
    ax.set_xlim(low, high)
    ax.set_xlabel("$x_0$")
    ax.set_ylabel("value")
    for ring in outline(window if zones.domain is None else zones.domain, window):
        ax.axvspan(*(x for (x,) in floats(ring)), color=style.QUIET, zorder=0)
    for group, members in by_group(pieces).items():
        _draw_intervals([ring for piece in members for ring in piece.rings], group, ax)
    shown = [corner for piece in pieces for ring in piece.rings for corner in ring]
    for row in window.hrep.rows:
        ends = [corner for piece in pieces for corner in piece.beyond(row, window)]
        if any(corner in shown for corner in ends):
            at, marker = (low, "<") if row[1] > 0 else (high, ">")
            ax.plot(
                at, 0.05, marker, color=style.INK, transform=ax.get_xaxis_transform(), clip_on=False, zorder=7, gid="continues"
            )
    points = breakpoints(zones, window)
    across = [x for (x,) in floats(points)]
    handles = []
    for condition, dash in zip(zones.prop.conditions, itertools.cycle(_DASHES), strict=False):
        (threshold,) = floats([(-condition.constant,)])[0]
        up = [y for (y,) in floats((_value(zones.network, condition, point),) for point in points)]
        handles += ax.plot(across, up, dash, color=style.INK, linewidth=1.6, label=f"value, fires if {condition}", zorder=4)
        ax.axhline(threshold, color=style.INK, linewidth=1.0, linestyle=":", zorder=3)
    ax.margins(y=0.15)
    return handles


def _draw_intervals(rings: Sequence[Ring], group: int, ax: Any) -> None:
    for ring in rings:
        start, stop = (x for (x,) in floats((ring[0], ring[-1])))
        if start == stop:
            ax.axvline(start, color=style.colour(group), linewidth=2, gid=f"group-{group + 1}")
        else:
            ax.axvspan(start, stop, **style.look(group, 0.4), zorder=1, gid=f"group-{group + 1}")
    longest = max(rings, key=lambda ring: ring[-1][0] - ring[0][0])
    ((middle,),) = floats([((longest[0][0] + longest[-1][0]) / 2,)])
    style.number(ax, (middle, 0.95), str(group), transform=ax.get_xaxis_transform())


def _value(network: Network, condition: Condition, point: Vector) -> Fraction:
    """Return the value that a condition compares with its threshold."""
    values = network.trace(point)[condition.layer]
    if condition.after_relu:
        values = network.layers[condition.layer].activate(values)
    return condition.value(values) - condition.constant


def breakpoints(zones: Zones | UnionParts, window: Polyhedron) -> list[Vector]:
    """Return the sorted breakpoints of the network's function in the window, and its ends; between them it is affine."""
    start: Cell | None = Cell.space(1) if zones.domain is None else zones.domain.cell()
    start = cut(start, window) if start is not None else None
    if start is None:
        return []
    return sorted(
        {corner for regime in regimes(zones.network.layers[: zones.prop.horizon], start) for corner in corners(regime.cell)}
    )
