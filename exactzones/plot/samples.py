"""Sampled points at which a property fires, for comparison with the zones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.plot import style
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import floats, sides, window_box
from exactzones.property import Property
from exactzones.rational import Vector

_BITS = 20


def plot_samples(
    network: Network, prop: Property, window: Polyhedron, count: int = 2000, *, seed: int = 0, ax: Any = None
) -> Any:
    """Sample points uniformly, draw those at which a property holds (decided exactly), and return the axes.

    Args:
        network: a network with 2 or 3 inputs.
        prop: the property.
        window: a bounded polyhedron; points come from its bounding box.
        count: number of points to sample.
        seed: the same seed gives the same points.
        ax: matplotlib axes (3-D ones for 3 inputs); new ones by default.

    Raises:
        InputError: not 2 or 3 inputs, or an unbounded or flat window.
    """
    if network.inputs not in (2, 3):
        raise InputError(f"sampled points are drawn in 2 or 3 dimensions; this network has {network.inputs} inputs")
    box = window_box(window, network.inputs)
    hits = [point for point in sample(box, count, seed) if network.satisfies(point, prop)]
    with style.settings(ax):
        ax = style.axes(ax, network.inputs)
        style.frame(ax, box)
        if hits:
            ax.plot(*zip(*floats(hits), strict=True), ".", color=style.PALETTE[0], markersize=3, gid="hits")
        ax.set_title(f"{len(hits)} of {count} sampled points fire")
    return ax


def sample(box: Polyhedron, count: int, seed: int) -> list[Vector]:
    """Return random points of a box; each coordinate is uniform on a dyadic grid of 2**20 steps."""
    low, high = sides(box)
    steps = np.random.default_rng(seed).integers(0, 2**_BITS, size=(count, len(low)), endpoint=True)
    return [
        tuple(a + (b - a) * Fraction(step, 2**_BITS) for a, b, step in zip(low, high, row, strict=True)) for row in steps.tolist()
    ]
