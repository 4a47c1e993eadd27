"""The boundary of zones as a hairline, whose legend says how far floats may move it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Context
from typing import Any

from matplotlib.lines import Line2D

from exactzones.errors import InputError
from exactzones.plot import style
from exactzones.polyhedra.shapes import floats
from exactzones.rational import dot
from exactzones.zone import Zone

_LOOK: dict[str, Any] = {"color": style.INK, "linewidth": 0.4}


def draw_band(zones: Sequence[Zone], arithmetic: str, ax: Any) -> Line2D:
    """Draw where the conditions are zero on zones, in 1-D and 2-D, and return the legend entry with the width of the band.

    Raises:
        InputError: a network that the model of execution does not cover, or more than 2 inputs.
    """
    if zones and zones[0].network.inputs > 2:
        raise InputError(f"bands in {arithmetic} are drawn with 1 or 2 inputs; the network has {zones[0].network.inputs}")
    for zone in zones:
        vertices = () if zone.firing_cell is None else zone.firing_cell.vrep.vertices
        for condition in zone.conditions:
            points = floats([vertex for vertex in vertices if dot(condition.row, (1, *vertex)) == 0])
            if zone.network.inputs == 1:
                for (x,) in points:
                    ax.axvline(x, **_LOOK, gid="band")
            elif len(points) == 2:
                ax.plot(*zip(*points, strict=True), **_LOOK, gid="band")
    width = max((zone.band(arithmetic).half_width for zone in zones), default=0.0)
    upward = Context(prec=2, rounding=ROUND_CEILING).create_decimal_from_float(width)
    return Line2D([], [], **_LOOK, label=f"boundary, within {float(upward):g} in {arithmetic}")
