"""The boundary of zones as a hairline, whose legend says how far floats may move it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.lines import Line2D

from exactzones.band import width_text
from exactzones.plot import style
from exactzones.polyhedra.shapes import floats
from exactzones.rational import dot
from exactzones.zone import Zone

_LOOK: dict[str, Any] = {"color": style.INK, "linewidth": 0.4}


def draw_band(zones: Sequence[Zone], arithmetic: str, ax: Any) -> Line2D:
    """Draw where the conditions are zero on zones, in 1-D and 2-D, and return the legend entry with the width of the band.

    Raises:
        InputError: a network that the model of execution does not cover.
    """
    for zone in zones if ax.name != "3d" else ():
        vertices = () if zone.firing_cell is None else zone.firing_cell.vrep.vertices
        for condition in zone.conditions:
            points = floats([vertex for vertex in vertices if dot(condition.row, (1, *vertex)) == 0])
            if zone.network.inputs == 1:
                for (x,) in points:
                    ax.axvline(x, **_LOOK, gid="band")
            elif len(points) == 2:
                ax.plot(*zip(*points, strict=True), **_LOOK, gid="band")
    width = max((zone.band(arithmetic).half_width for zone in zones), default=0.0)
    return Line2D([], [], **_LOOK, label=f"boundary, within {width_text(width)} in {arithmetic}")
