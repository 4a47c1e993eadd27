"""A two-dimensional latent space with the half-planes in which the units of the next layer are active."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from exactzones.arguments import NetworkLike, WindowLike, as_network, as_numbers, as_texts, as_window
from exactzones.errors import DimensionError, InputError
from exactzones.network import Network
from exactzones.notation import counted
from exactzones.plot import style
from exactzones.plot.planar import draw_tint, on_border
from exactzones.polyhedra import Cell, Polyhedron, describe
from exactzones.polyhedra.shapes import bounding_box, floats, outline
from exactzones.property import brief
from exactzones.rational import Vector, dot, index, integer_row
from exactzones.zones import Zones, as_zones

_MARGIN = Fraction(1, 4)
_FAINT = 0.25  # opacity, low because half-planes overlap


def plot_latent(
    network: NetworkLike,
    latent: str | int,
    *,
    window: WindowLike = None,
    units: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    overlay: Zones | None = None,
    letter: str = "z",
    ax: Any = None,
    legend: bool = True,
) -> Any:
    """Draw a latent space with the half-plane, border and weight vector of each unit of the next layer; return the axes.

    Args:
        network: the network, or the path of its file.
        latent: the name of a latent space (see ``network.latents``), or the index of a layer for the space of its inputs.
        window: a bounded polyhedron; its bounding box is shown.  By default a box around the weight vectors and the borders.
        units: units of the layer; by default all of them.
        names: names of these units, in mathtext; ``w_0``, ``w_1``, .. by default.
        overlay: zones in this space, such as ``zones.zones_in(latent)``, outlined on top.
        letter: letter of the coordinates.
        ax: matplotlib axes; new ones by default.
        legend: whether to put a legend beside the axes.

    Raises:
        InputError: a latent space, layer or unit that does not exist, or a space that does not have two dimensions.
    """
    rows, labels = _named_rows(as_network(network), latent, units, names)
    _check_overlay(overlay)
    box = _default_window(rows) if window is None else as_window(window, 2)
    with style.settings(ax, legend=legend):
        ax = style.axes(ax, 2)
        style.frame(ax, box, letter)
        _draw_units(rows, labels, box, ax)
        if overlay is not None:
            outline_zones(overlay, box, ax)
        if legend:
            style.legend_beside(ax, _legend(rows, labels, letter, overlay))
    return ax


def _check_overlay(overlay: Zones | None) -> None:
    if overlay is not None and as_zones(overlay, "overlay").network.inputs != 2:
        raise InputError(f"the space of the overlay has {overlay.network.inputs} dimensions; half-planes are drawn in 2")


def _legend(rows: Sequence[Vector], labels: Sequence[str], letter: str, overlay: Zones | None) -> list[Any]:
    coordinates = [f"{letter}_{{{k}}}" for k in range(2)]
    handles = []
    for group, (row, label) in enumerate(zip(rows, labels, strict=True)):
        inequality = _mathtext(describe(row, ">", coordinates))
        handles.append(style.swatch(group, f"${label}$: ${inequality}$", strength=_FAINT))
    if overlay is not None:
        overlaid = f"{counted(len(overlay), 'zone')} of {brief(overlay.prop, overlay.network.widths)}"
        handles.append(Line2D([], [], color=style.INK, linewidth=2, label=overlaid))
    return handles


def _named_rows(
    network: Network, latent: str | int, units: Sequence[int] | None, names: Sequence[str] | None
) -> tuple[list[Vector], list[str]]:
    """Return the rows ``(b, a_1, a_2)`` of the chosen units of the layer after a latent space, and their names."""
    layer_index = network.latent(latent).layer if isinstance(latent, str) else index(latent, "latent")
    if not 0 <= layer_index < len(network.layers):
        raise InputError(f"layer {layer_index} does not exist: the network's layers are 0 to {len(network.layers) - 1}")
    layer = network.layers[layer_index]
    if layer.inputs != 2:
        raise InputError(f"the latent space {latent!r} has {layer.inputs} dimensions; half-planes are drawn in 2")
    chosen = list(range(layer.outputs)) if units is None else as_numbers(units, "units", layer.outputs)
    labels = [f"w_{{{unit}}}" for unit in chosen] if names is None else as_texts(names, "names")
    if len(labels) != len(chosen):
        raise DimensionError("list of names", expected=len(chosen), got=len(labels))
    return [(layer.bias[unit], *layer.weight.rows[unit]) for unit in chosen], labels


def _default_window(rows: Sequence[Vector]) -> Polyhedron:
    """Return a box around the origin, the weight vectors, and the point of each border that is nearest to the origin."""
    points: list[Vector] = [(Fraction(0), Fraction(0))]
    for offset, *slope in rows:
        square = dot(slope, slope)
        points.append(tuple(slope))
        if square:
            points.append(tuple(-offset * entry / square for entry in slope))
    return bounding_box(points, margin=_MARGIN)


def _draw_units(rows: Sequence[Vector], labels: Sequence[str], box: Polyhedron, ax: Any) -> None:
    for group, (row, label) in enumerate(zip(rows, labels, strict=True)):
        _draw_half_plane(row, group, box, ax)
        _draw_weight(row[1:], f"${label}$", group, ax)


def _draw_half_plane(row: Vector, group: int, box: Polyhedron, ax: Any) -> None:
    whole = Cell.space(2)
    half = whole.halves(integer_row(row))[1] if any(row[1:]) else (whole if row[0] > 0 else None)
    if half is None:
        return
    draw_tint(outline(half, box), group, ax, _FAINT, f"half-plane-{group}")
    if any(row[1:]):
        for ring in outline(Polyhedron.of(2, equations=[row]), box):
            ax.plot(*zip(*floats(ring), strict=True), color=style.colour(group), linewidth=1.8)


def _draw_weight(weight: Sequence[Fraction], label: str, group: int, ax: Any) -> None:
    ((x, y),) = floats([tuple(weight)])
    if not (x or y):
        return
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 14, "linewidth": 2.2, "shrinkA": 0, "shrinkB": 0, "zorder": 4}
    ax.add_patch(FancyArrowPatch((0, 0), (x, y), color=style.colour(group), **look))
    length = (x * x + y * y) ** 0.5
    style.name(ax, (x, y), label, offset=(12 * x / length, 12 * y / length))


def outline_zones(zones: Zones, box: Polyhedron, ax: Any) -> None:
    """Draw the borders of zones in the plane, without the window's own border."""
    for k, zone in enumerate(zones):
        for ring in outline(zone.firing_part, box):
            for edge in zip(ring, (*ring[1:], ring[0]), strict=True):
                if not on_border(edge, box):
                    ax.plot(*zip(*floats(edge), strict=True), color=style.INK, linewidth=2, zorder=3, gid=f"zone-{k}")


def _mathtext(relation: str) -> str:
    return re.sub(r"(\*?)sqrt\((\d+)\)", r"\1\\sqrt{\2}", relation).replace("*", r"\,").replace(" ", r"\,")
