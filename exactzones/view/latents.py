"""The zones of a property in the latent spaces of its network, and where each zone of the input space goes there."""

from __future__ import annotations

from typing import Any

import numpy as np

from exactzones.errors import BudgetExceeded
from exactzones.network import Latent
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import bounding_box, floats
from exactzones.rational import Vector, exact
from exactzones.view.slices import MOST
from exactzones.view.spaces import Data, drawing
from exactzones.zones import Budget, Zones, find_zones
from exactzones.zones.window import default_window

_SECONDS = 20
_MARGIN = exact("1/8")


def latent_spaces(zones: Zones, main: Data) -> list[Data]:
    """Return each latent space that the property lies behind, as ``drawing`` does, with the ways there.

    Args:
        zones: the zones in the input space.
        main: their drawing.

    Returns:
        Per space also ``images`` (per zone of the input space the map there, rows ``b, a_1, .., a_d``, as floats) and ``targets``
        (the zone there that holds the image, or -1).  One that cannot be drawn has its name and dimension only.
    """
    looked_at = min(condition.layer for condition in zones.prop.conditions)
    return [_latent_space(zones, latent, main) for latent in zones.network.latents[1:] if latent.layer <= looked_at]


def _latent_space(zones: Zones, latent: Latent, main: Data) -> Data:
    named: Data = {"name": latent.name, "dim": latent.dim}
    if latent.dim > MOST:
        return named
    images = _images(zones, latent)
    found = _zones_near(zones, latent, _reached(images, main))
    number = {zone.pattern: k for k, zone in enumerate(found)}
    behind = sum(1 for layer in zones.network.layers[latent.layer : zones.prop.horizon] if layer.relu_units)
    targets = [number.get(zone.pattern[len(zone.pattern) - behind :], -1) for zone in zones]
    window = found.domain if found.domain is not None else default_window(found)
    return named | drawing(found, window) | {"images": images.tolist(), "targets": targets, "complete": found.complete}


def _images(zones: Zones, latent: Latent) -> Any:
    """Return per zone the affine map from the input space to a latent space: (zones, latent dim, input dim + 1) floats."""
    before = zones.network.layers[: latent.layer - 1]
    signs = sum(1 for layer in before if layer.relu_units)
    known: dict[tuple[str, ...], list[tuple[float, ...]]] = {}
    found = []
    for zone in zones:
        regime = zone.pattern[:signs]
        if regime not in known:
            mapping = zones.network.regime_maps(regime, len(before))[-1]
            known[regime] = floats(mapping.augmented().rows)
        found.append(known[regime])
    return np.array(found).reshape(len(zones), latent.dim, zones.network.inputs + 1)


def _reached(images: Any, main: Data) -> Polyhedron | None:
    """Return a box around the images of the zones as they are drawn, None where there are none.  It is only looked through."""
    points: list[Vector] = []
    for image, rings in zip(images, main["rings"], strict=True):
        corners = [(1.0, *main["corners"][k]) for ring in rings for k in ring]
        if corners:
            there = np.array(corners) @ image.T
            points += [tuple(map(exact, side)) for side in (there.min(axis=0), there.max(axis=0))]
    return bounding_box(points, margin=_MARGIN) if points else None


def _zones_near(zones: Zones, latent: Latent, window: Polyhedron | None) -> Zones:
    """Return the zones in a window of a latent space, or in all of it."""
    network, prop = zones.network.tail(latent.layer), zones.prop.shifted(latent.layer)
    try:
        return find_zones(network, prop, window, budget=Budget(seconds=_SECONDS))
    except BudgetExceeded as stopped:
        found: Zones = stopped.found
        return found
