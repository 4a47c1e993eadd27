"""Loops around holes, drawn over zones."""

from __future__ import annotations

from typing import Any

from matplotlib.lines import Line2D

from exactzones.notation import counted
from exactzones.plot import style
from exactzones.zones.topology import loops

_LINES = {"firing": ("-", "where it fires"), "complement": (":", "elsewhere")}


def draw_holes(shape: Any, inputs: int, ax: Any) -> list[Any]:
    """Draw a loop around each hole of the set that fires and of the rest; return the legend entries.

    Raises:
        InputError: no ``Topology``, or not two inputs.
    """
    handles = []
    for name, holes in loops(shape, inputs).items():
        dash, where = _LINES[name]
        look: dict[str, Any] = {"color": style.INK, "linestyle": dash, "linewidth": 2.2}
        for corners in holes:
            ax.plot(*zip(*corners, corners[0], strict=True), color="white", linewidth=4.5, zorder=5)
            ax.plot(*zip(*corners, corners[0], strict=True), **look, zorder=5.1, gid=f"hole-{name}")
        if holes:
            handles.append(Line2D([], [], **look, label=f"around {counted(len(holes), 'hole')} {where}"))
    return handles
