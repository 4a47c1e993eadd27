"""The zones of one feature through all latent spaces: in each the zones that it has there, and where those of the input go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from matplotlib import pyplot
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch

from exactzones.affine import AffineMap
from exactzones.errors import InputError
from exactzones.network import Latent
from exactzones.notation import counted
from exactzones.plot import style
from exactzones.plot.latent import outline_zones
from exactzones.plot.planar import draw_domain, draw_rings
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import Ring, area, bounding_box, floats, outline, sides, window_box
from exactzones.zones import Zone, Zones
from exactzones.zones.window import default_window

_MARGIN = Fraction(1, 8)
_SHADE = "#dcdcdc"


def plot_spaces(zones: Zones, *, windows: Mapping[str, Polyhedron] | None = None, figure: Any = None) -> list[Any]:
    """Draw the zones in the input space and, side by side, in every latent space of two dimensions; return the axes.

    Filled are the zones of the input, and in each latent space their images, in the same colours.  Outlined are the zones that
    the feature has in the latent space, all over it, whether an input gets there or not.  Zones have one colour if they lead into
    the same zone of the last latent space but one, the last where zones are told apart as a rule.

    Args:
        zones: of two inputs.
        windows: by the names of the spaces (see ``network.latents``) which part of each is shown; by default the domain's box, or
            a box around all vertices, and squares around the images.
        figure: a matplotlib figure; a new one by default.

    Raises:
        InputError: not two inputs, a name that no space has, a window that is no window.
    """
    network = zones.network
    if network.inputs != 2:
        raise InputError(f"spaces are drawn from an input of 2 dimensions on; this network has {network.inputs}")
    first_looked_at = min((condition.layer for condition in zones.prop.conditions), default=0)
    latents = [latent for latent in network.latents if latent.layer <= first_looked_at]
    shown = [latent for latent in latents if latent.dim == 2]
    given = dict(windows or {})
    unknown = sorted(set(given) - {latent.name for latent in shown})
    if unknown:
        raise InputError(f"no space {unknown[0]!r} is drawn; there is {', '.join(latent.name for latent in shown)}")
    boxes = {name: window_box(window, 2) for name, window in given.items()}
    start = boxes.get("input") or default_window(zones)
    parts = [outline(zone.firing_part, start) for zone in zones]
    groups = _groups(zones, latents)
    with style.settings(figure):
        figure = pyplot.figure(figsize=(4.6 * len(shown), 4.4), layout="constrained") if figure is None else figure
        panels = figure.subplots(1, len(shown), squeeze=False)[0]
        for latent, ax in zip(shown, panels, strict=True):
            images = [[_image(zone, latent, ring) for ring in rings] for zone, rings in zip(zones, parts, strict=True)]
            box = boxes.get(latent.name) or (start if latent.layer == 0 else _around(images, zones, latent))
            style.frame(ax, box, "x" if latent.layer == 0 else "z")
            draw_domain(zones.domain if latent.layer == 0 else None, box, ax)
            there = zones if latent.layer == 0 else zones.zones_in(latent.name)
            if latent.layer:
                shades = [floats(ring) for zone in there for ring in outline(zone.firing_part, box)]
                ax.add_collection(PolyCollection(shades, facecolor=_SHADE, edgecolor="none", zorder=1), autolim=False)
                outline_zones(there, box, ax)
            for group in sorted(set(groups)):
                draw_rings([ring for k, rings in enumerate(images) for ring in rings if groups[k] == group], group, ax)
            ax.set_title(f"{latent.name}: {counted(len(there), 'zone')}")
        figure.legend(
            handles=[
                style.swatch(0, "zones of the input, and their images"),
                Patch(facecolor=_SHADE, edgecolor=style.INK, linewidth=2, label="zones of the latent space"),
            ],
            loc="outside lower center",
            ncols=2,
            frameon=False,
        )
        figure.suptitle(f"{zones.prop}, through its spaces")
    return list(panels)


def _groups(zones: Zones, latents: list[Latent]) -> list[int]:
    """Return the colour of each zone: its number among the zones of the last latent space but one that zones lead into."""
    before = latents[max(0, len(latents) - 2)].layer
    skipped = sum(1 for layer in zones.network.layers[:before] if layer.relu_units)
    ways = [zone.pattern[skipped:] for zone in zones]
    numbers = {way: k for k, way in enumerate(dict.fromkeys(ways))}
    return [numbers[way] for way in ways]


def _image(zone: Zone, latent: Latent, ring: Ring) -> Ring:
    """Return a polygon's image in a latent space; one that is squeezed flat as its two ends, or one point."""
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
