"""The zones of a property in the latent spaces of its network, and the images of the input space's zones in these spaces."""

from __future__ import annotations

from typing import Any

import numpy as np

from exactzones.errors import BudgetExceeded
from exactzones.network import Latent
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import bounding_box, floats
from exactzones.rational import Vector, exact
from exactzones.view.slices import MOST
from exactzones.view.spaces import Data, PointNumbers, drawing
from exactzones.zones import Zones, ZoneUnion, find_union, find_zones
from exactzones.zones.union import as_drawn
from exactzones.zones.union_parts import UnionParts
from exactzones.zones.window import default_window

_SECONDS = 20
_MARGIN = exact("1/8")


def latent_spaces(zones: Zones | UnionParts, main: Data) -> list[Data]:
    """Return the latent spaces before the layers of the property, in the form of ``drawing``, with the maps into them.

    Args:
        zones: the zones in the input space.
        main: their drawing.

    Returns:
        Per space the fields of ``drawing`` and also ``images`` (for each zone of the input space its affine map into the latent
        space, rows ``b, a_1, .., a_d``, as floats) and ``targets`` (the number of the zone there that contains the image, or
        -1).  A space that cannot be drawn has only its name and dimension.
    """
    first_layer = min(condition.layer for condition in zones.prop.conditions)
    return [_latent_space(zones, latent, main) for latent in zones.network.latents[1:] if latent.layer <= first_layer]


def _latent_space(zones: Zones | UnionParts, latent: Latent, main: Data) -> Data:
    named: Data = {"name": latent.name, "dim": latent.dim}
    if latent.dim > MOST:
        return named
    images = _images(zones, latent)
    latent_zones = _zones_near(zones, latent, _reached(images, main))
    number = {(case, zone.pattern): k for case, (k, zone) in zip(_cases(latent_zones), enumerate(latent_zones), strict=True)}
    downstream = sum(1 for layer in zones.network.layers[latent.layer : zones.prop.horizon] if layer.relu_units)
    targets = [
        number.get((case, zone.pattern[len(zone.pattern) - downstream :]), -1)
        for case, zone in zip(_cases(zones), zones, strict=True)
    ]
    window = latent_zones.domain if latent_zones.domain is not None else default_window(latent_zones)
    maps: Data = {"images": images.tolist(), "targets": targets, "complete": latent_zones.complete}
    return named | drawing(latent_zones, window, PointNumbers()) | maps


def _images(zones: Zones | UnionParts, latent: Latent) -> Any:
    """Return each zone's affine map from the input space to a latent space: floats, shape (zones, latent dim, input dim + 1)."""
    before = zones.network.layers[: latent.layer - 1]
    signs = sum(1 for layer in before if layer.relu_units)
    map_of: dict[tuple[str, ...], list[tuple[float, ...]]] = {}
    for zone in zones:
        pattern = zone.pattern[:signs]
        if pattern not in map_of:
            map_of[pattern] = floats(zones.network.regime_maps(pattern, len(before))[-1].augmented().rows)
    return np.array([map_of[zone.pattern[:signs]] for zone in zones]).reshape(len(zones), latent.dim, zones.network.inputs + 1)


def _reached(images: Any, main: Data) -> Polyhedron | None:
    """Return a box around the images of the drawn parts of the zones; None if there are none.

    Its corners come from floats, which suffice for a window.
    """
    points: list[Vector] = []
    for image, rings in zip(images, main["rings"], strict=True):
        corners = [(1.0, *main["corners"][k]) for ring in rings for k in ring]
        if corners:
            mapped = np.array(corners) @ image.T
            points += [tuple(map(exact, side)) for side in (mapped.min(axis=0), mapped.max(axis=0))]
    return bounding_box(points, margin=_MARGIN) if points else None


def _zones_near(zones: Zones | UnionParts, latent: Latent, window: Polyhedron | None) -> Zones | UnionParts:
    """Return the zones in a window of a latent space (None: everywhere) that are found in time."""
    network = zones.network.tail(latent.layer)
    try:
        if isinstance(zones, UnionParts):
            return find_union(network, zones.prop.shifted(latent.layer), window, seconds=_SECONDS).parts
        return find_zones(network, zones.prop.shifted(latent.layer), window, seconds=_SECONDS)
    except BudgetExceeded as stopped:
        partial: Zones | ZoneUnion = stopped.found
        return as_drawn(partial)


def _cases(zones: Zones | UnionParts) -> list[int]:
    """Return the number of each part's case; 0 for the zones of a conjunction."""
    return [case for _, case in zones.owners] if isinstance(zones, UnionParts) else [0] * len(zones)
