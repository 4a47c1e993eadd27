"""The zones of one feature in all spaces: each latent space with its own zones and the images of the input space's zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from matplotlib import pyplot
from matplotlib.collections import PolyCollection
from matplotlib.figure import FigureBase
from matplotlib.patches import Patch

from exactzones.affine import AffineMap
from exactzones.arguments import WindowLike, as_window
from exactzones.errors import InputError, require
from exactzones.network import Latent
from exactzones.notation import counted
from exactzones.plot import style
from exactzones.plot.latent import outline_zones
from exactzones.plot.planar import draw_domain, draw_rings
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import Ring, area, bounding_box, floats, outline, sides
from exactzones.property import brief
from exactzones.zones import Zone, Zones, as_zones
from exactzones.zones.window import default_window

_MARGIN = Fraction(1, 8)
_SHADE = "#dcdcdc"


class _Panel(NamedTuple):
    """What is drawn in the panel of one space.

    Attributes:
        latent: the space.
        images: per zone of the input space, the images of its polygons in this space.
        box: the part of the space that is shown.
    """

    latent: Latent
    images: list[list[Ring]]
    box: Polyhedron


def plot_spaces(zones: Zones, *, windows: Mapping[str, WindowLike] | None = None, figure: Any = None) -> list[Any]:
    """Draw the zones in the input space and, side by side, in every latent space of two dimensions; return the axes.

    The zones of the input space are filled.  In each latent space, the feature's zones in that space are outlined, whether or not
    inputs reach them, and the images of the input space's zones are filled in the same colours.  Two zones have the
    same colour if they lead into the same zone of the last latent space but one; in the last space they usually coincide.

    Args:
        zones: of two inputs.
        windows: the part of each space that is shown, by the names of the spaces (see ``network.latents``); by default the
            domain's box, or a box around all vertices, and squares around the images.
        figure: a matplotlib figure; a new one by default.

    Raises:
        InputError: not two inputs, an unknown name of a space, or an unbounded or flat window.
    """
    if figure is not None:
        require(figure, FigureBase, "figure", "a matplotlib figure, such as matplotlib.figure.Figure()")
    if as_zones(zones).network.inputs != 2:
        raise InputError(f"the zones of 2 inputs are drawn through the latent spaces; this network has {zones.network.inputs}")
    first_layer = min((condition.layer for condition in zones.prop.conditions), default=0)
    latents = [latent for latent in zones.network.latents if latent.layer <= first_layer]
    panels = _panels(zones, [latent for latent in latents if latent.dim == 2], {} if windows is None else windows)
    groups = _groups(zones, latents)
    with style.settings(figure):
        figure = pyplot.figure(figsize=(4.6 * len(panels), 4.4), layout="constrained") if figure is None else figure
        axes = list(figure.subplots(1, len(panels), squeeze=False)[0])
        for panel, ax in zip(panels, axes, strict=True):
            _draw_panel(panel, zones, groups, ax)
        handles = [
            style.swatch(0, "zones of the input, and their images"),
            Patch(facecolor=_SHADE, edgecolor=style.INK, linewidth=2, label="zones of the latent space"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
        figure.suptitle(style.heading(brief(zones.prop, zones.network.widths), ", through its spaces"))
    return axes


def _panels(zones: Zones, latents: Sequence[Latent], windows: Mapping[str, WindowLike]) -> list[_Panel]:
    """Return the panels of the spaces.

    Raises:
        InputError: a window of a space that is not drawn, or an unbounded or flat window.
    """
    require(windows, Mapping, "windows", 'a dict from the names of spaces to windows, such as {"input": "-4:4"}')  # type: ignore[type-abstract]
    unknown = sorted(set(windows) - {latent.name for latent in latents})
    if unknown:
        raise InputError(f"no space {unknown[0]!r} is drawn; the spaces are {', '.join(latent.name for latent in latents)}")
    boxes = {name: as_window(window, 2) for name, window in windows.items()}
    start = boxes.get("input") or default_window(zones)
    parts = [outline(zone.firing_part, start) for zone in zones]
    panels = []
    for latent in latents:
        images = [[_image(zone, latent, ring) for ring in rings] for zone, rings in zip(zones, parts, strict=True)]
        box = boxes.get(latent.name) or (start if latent.layer == 0 else _around(images, zones, latent))
        panels.append(_Panel(latent, images, box))
    return panels


def _draw_panel(panel: _Panel, zones: Zones, groups: Sequence[int], ax: Any) -> None:
    """Draw one space: the zones in it, and the images of the zones of the input space in the colours of their groups."""
    latent, images, box = panel
    style.frame(ax, box, "x" if latent.layer == 0 else "z")
    draw_domain(zones.domain if latent.layer == 0 else None, box, ax)
    zones_here = zones if latent.layer == 0 else zones.zones_in(latent.name)
    if latent.layer:
        polygons = [floats(ring) for zone in zones_here for ring in outline(zone.firing_part, box)]
        ax.add_collection(PolyCollection(polygons, facecolor=_SHADE, edgecolor="none", zorder=1), autolim=False)
        outline_zones(zones_here, box, ax)
    for group in sorted(set(groups)):
        draw_rings([ring for k, rings in enumerate(images) for ring in rings if groups[k] == group], group, ax)
    ax.set_title(f"{latent.name}: {counted(len(zones_here), 'zone')}")


def _groups(zones: Zones, latents: list[Latent]) -> list[int]:
    """Return the colour index of each zone; zones that lead into one zone of the last latent space but one have the same."""
    before = latents[max(0, len(latents) - 2)].layer
    skipped = sum(1 for layer in zones.network.layers[:before] if layer.relu_units)
    suffixes = [zone.pattern[skipped:] for zone in zones]
    numbers = {suffix: k for k, suffix in enumerate(dict.fromkeys(suffixes))}
    return [numbers[suffix] for suffix in suffixes]


def _image(zone: Zone, latent: Latent, ring: Ring) -> Ring:
    """Return a polygon's image in a latent space: a polygon, or if the map flattens it a segment or a point."""
    mapping = zone.maps[latent.layer - 1] if latent.layer else AffineMap.identity(2)
    image = tuple(map(mapping, ring))
    if len(image) > 2 and area(image):
        return image
    ends = min(image), max(image)
    return ends if ends[0] != ends[1] else ends[:1]


def _around(images: list[list[Ring]], zones: Zones, latent: Latent) -> Polyhedron:
    """Return a square around the images."""
    corners = list(_corners(images))
    if not corners:
        return default_window(zones.zones_in(latent.name))
    low, high = sides(bounding_box(corners, margin=_MARGIN))
    half = max(b - a for a, b in zip(low, high, strict=True)) / 2
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    return Polyhedron.box([m - half for m in middle], [m + half for m in middle])


def _corners(images: list[list[Ring]]) -> Iterator[Any]:
    for rings in images:
        for ring in rings:
            yield from ring
