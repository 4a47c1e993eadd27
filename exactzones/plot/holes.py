"""Loops around holes, drawn over zones."""

from __future__ import annotations

from typing import Any

from matplotlib.lines import Line2D

from exactzones.errors import InputError, require
from exactzones.notation import counted
from exactzones.plot import style
from exactzones.polyhedra.shapes import floats
from exactzones.zones import Topology

_LINES = {"firing": ("-", "where it fires"), "complement": (":", "elsewhere")}


def draw_holes(shape: Any, inputs: int, ax: Any) -> list[Any]:
    """Draw a loop around each hole of the set that fires and of the rest; return the legend entries.

    Raises:
        InputError: no ``Topology``, or not two inputs.
    """
    found = require(shape, Topology, "holes", "what topology(..) returns")
    if inputs != 2:
        raise InputError(f"loops around holes are drawn in 2 inputs; these zones have {inputs}")
    handles = []
    for name, (dash, where) in _LINES.items():
        holes = found.holes.get(name, ())
        look: dict[str, Any] = {"color": style.INK, "linestyle": dash, "linewidth": 2.2}
        for hole in holes:
            corners = floats(hole.corners)
            ax.plot(*zip(*corners, corners[0], strict=True), color="white", linewidth=4.5, zorder=5)
            ax.plot(*zip(*corners, corners[0], strict=True), **look, zorder=5.1, gid=f"hole-{name}")
        if holes:
            handles.append(Line2D([], [], **look, label=f"around {counted(len(holes), 'hole')} {where}"))
    return handles
