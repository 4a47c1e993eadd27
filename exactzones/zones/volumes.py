"""The share of the domain's volume on which a property fires: bounds in floats, and exact volumes only where they are wide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from exactzones.engine.volumes import volume_bounds
from exactzones.polyhedra import Polyhedron
from exactzones.zone import Zone
from exactzones.zones.islands import Connections

_WIDTH = 1e-7  # of the bounds, relative to the volume: four digits are wanted


def share_bounds(zones: Sequence[Zone], connections: Connections, domain: Polyhedron) -> tuple[Fraction, Fraction]:
    """Return bounds on the volume of the firing set divided by that of a bounded domain; twice 1 if it is proved to be all."""
    if connections.covers and (connections.survey.least >= 0).all():
        return Fraction(1), Fraction(1)
    whole = domain.cell().volume()
    low, high = volume_bounds(connections.leaves)
    width = np.where(high < np.inf, high - low, np.inf)
    widest = np.argsort(-width, kind="stable")
    left = np.append(np.cumsum(width[widest][::-1])[::-1], 0)  # width of all but the first
    exactly = widest[: int(np.argmax(left <= _WIDTH * low.sum()))]
    volumes = [zones[k].volume for k in exactly.tolist()]
    exact = sum((volume for volume in volumes if volume is not None), start=Fraction(0))
    low[exactly] = high[exactly] = 0
    least, most = math.nextafter(math.fsum(low), 0), math.nextafter(math.fsum(high), math.inf)
    return (exact + Fraction(least)) / whole, (exact + Fraction(most)) / whole
