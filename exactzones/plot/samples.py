"""Sampled points at which a property fires, for comparison with the zones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.arguments import NetworkLike, PropertyLike, WindowLike, as_network, as_window
from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.plot import style
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import floats, sides
from exactzones.property import as_property
from exactzones.rational import Vector, index

_BITS = 20


def plot_samples(
    network: NetworkLike, prop: PropertyLike, window: WindowLike, count: int = 2000, *, seed: int = 0, ax: Any = None
) -> Any:
    """Sample points uniformly, draw those at which a property holds (decided exactly), and return the axes.

    Args:
        network: a network with 2 or 3 inputs, or the path of its file.
        prop: the property, or the number of a feature.
        window: a bounded polyhedron; points come from its bounding box.
        count: number of points to sample.
        seed: the same seed gives the same points.
        ax: matplotlib axes (3-D ones for 3 inputs); new ones by default.

    Raises:
        InputError: not 2 or 3 inputs, or an unbounded or flat window.
    """
    loaded, dim = _as_drawable(network)
    held, box = as_property(prop), as_window(window, dim)
    points = sample(box, index(count, "count", least=0), index(seed, "seed", least=0))
    hits = [point for point in points if loaded.satisfies(point, held)]
    with style.settings(ax):
        ax = style.axes(ax, dim)
        style.frame(ax, box)
        if hits:
            ax.plot(*zip(*floats(hits), strict=True), ".", color=style.PALETTE[0], markersize=3, gid="hits")
        ax.set_title(f"{len(hits)} of {count} sampled points fire")
    return ax


def _as_drawable(network: NetworkLike) -> tuple[Network, int]:
    """Return a network of 2 or 3 inputs, and how many it has."""
    loaded = as_network(network)
    if loaded.inputs not in (2, 3):
        raise InputError(f"sampled points are drawn in 2 or 3 dimensions; this network has {loaded.inputs} inputs")
    return loaded, loaded.inputs


def sample(box: Polyhedron, count: int, seed: int) -> list[Vector]:
    """Return random points of a box; each coordinate is uniform on a dyadic grid of 2**20 steps."""
    low, high = sides(box)
    steps = np.random.default_rng(seed).integers(0, 2**_BITS, size=(count, len(low)), endpoint=True)
    return [
        tuple(a + (b - a) * Fraction(step, 2**_BITS) for a, b, step in zip(low, high, row, strict=True)) for row in steps.tolist()
    ]
