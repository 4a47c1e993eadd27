"""Several features in one picture: where each of them fires, and where several do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path

from exactzones.arguments import WindowLike, as_texts, as_window
from exactzones.errors import DimensionError, InputError
from exactzones.notation import counted
from exactzones.plot import style
from exactzones.plot.planar import draw_domain, on_border
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import Ring, bounding_box, edges, floats, outline
from exactzones.property import brief
from exactzones.rational import entries
from exactzones.zones import Zones, as_zones
from exactzones.zones.window import default_window

_SHADE = 0.09  # opacity of one feature: where several fire it is darker
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)), (0, (10, 3)), (0, (3, 1.5, 1, 1.5, 1, 1.5)))
"""Six line styles and seven colours have no common factor: 42 features differ in print, too."""
_COAST = {"linewidths": 11, "alpha": 0.45, "capstyle": "butt"}  # of the strip along a border, on the side that fires


def plot_superposition(
    features: Sequence[Zones],
    *,
    names: Sequence[str] | None = None,
    window: WindowLike = None,
    ax: Any = None,
    legend: bool = True,
) -> Any:
    """Draw where each of several features fires, one on top of the other, and return the axes.

    Each feature has a border of its own colour and line style, with a strip on the side on which it fires, as maps draw coasts;
    the more features fire, the darker the ground.  Borders between zones of one feature are not drawn.

    Args:
        features: at least one list of zones, all of one network with two inputs.
        names: names of the features; by default their properties.
        window: a bounded polyhedron; its bounding box is shown.  By default a box around the default windows of all features.
        ax: matplotlib axes; new ones by default.
        legend: whether to put a legend beside the axes.

    Raises:
        InputError: no feature, features of several networks, not two inputs, an unbounded or flat window, or 3-D axes.
        DimensionError: the number of names is not the number of features.
    """
    features, labels = _labelled(features, names)
    corners = (corner for zones in features for corner in default_window(zones).vrep.vertices)
    box = bounding_box(corners) if window is None else as_window(window, 2)
    with style.settings(ax, legend=legend):
        ax = style.axes(ax, 2)
        style.frame(ax, box)
        draw_domain(features[0].domain, box, ax)
        for group, zones in enumerate(features):
            _draw_feature([ring for zone in zones for ring in outline(zone.firing_part, box)], box, group, ax)
        if legend:
            handles = [
                Line2D([], [], color=style.colour(group), linewidth=2.2, linestyle=_dash(group), label=_entry(label, zones))
                for group, (label, zones) in enumerate(zip(labels, features, strict=True))
            ]
            style.legend_beside(ax, [*handles, *_shades(len(features))], handlelength=3.5)
        ax.set_title(f"where {counted(len(features), 'feature')} fire{'s' if len(features) == 1 else ''}")
    return ax


def _entry(label: str, zones: Zones) -> str:
    return f"{label}: {counted(len(zones), 'zone')}"


def _labelled(listed: Any, names: Sequence[str] | None) -> tuple[list[Zones], list[str]]:
    """Check the features; return them and their names."""
    features = [as_zones(zones, "feature") for zones in entries(listed, "features", "a list of results of find_zones")]
    if not features:
        raise InputError("the list of features is empty; pass at least one list of zones")
    network = features[0].network
    if network.inputs != 2:
        raise InputError(f"features are drawn on top of each other in 2 dimensions; this network has {network.inputs} inputs")
    if any(zones.network != network for zones in features):
        raise InputError("the features belong to different networks; a picture has one input space and so one network")
    labels = [brief(zones.prop, zones.network.widths) for zones in features] if names is None else as_texts(names, "names")
    if len(labels) != len(features):
        raise DimensionError("list of names", expected=len(features), got=len(labels))
    return features, labels


def _draw_feature(rings: Sequence[Ring], window: Polyhedron, group: int, ax: Any) -> None:
    polygons = [floats(ring) for ring in rings if len(ring) > 2]
    shade = PolyCollection(polygons, facecolor=style.INK, alpha=_SHADE, linewidth=0, zorder=1, gid=f"feature-{group}")
    ax.add_collection(shade, autolim=False)
    occurrences = Counter(edge for ring in rings for edge in edges(ring))
    outer = [floats(edge) for edge, times in occurrences.items() if times == 1 and not on_border(edge, window)]
    coast = LineCollection(outer, colors=style.colour(group), zorder=2, **_COAST)
    ax.add_collection(coast, autolim=False)
    if polygons:
        coast.set_clip_path(Path.make_compound_path(*(Path([*ring, ring[0]], closed=True) for ring in polygons)), ax.transData)
    border = {"colors": style.colour(group), "linewidths": 2.2, "linestyles": [_dash(group)], "capstyle": "butt"}
    ax.add_collection(LineCollection(outer, **border, zorder=3), autolim=False)


def _dash(group: int) -> Any:
    return _DASHES[group % len(_DASHES)]


def _shades(features: int) -> list[Any]:
    """Return the legend entries of the ground: how dark it is where no feature fires, one, and all."""
    counts = sorted({1, features})
    return [Patch(facecolor=to_rgba(style.INK, 1 - (1 - _SHADE) ** count), label=f"{count} at once") for count in counts]
