"""The share of the domain's volume on which a property fires: bounds in floats, and exact volumes only where they are wide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from exactzones.polyhedra import Polyhedron
from exactzones.zone import Zone
from exactzones.zones.islands import Connections


def share_bounds(zones: Sequence[Zone], connections: Connections, domain: Polyhedron, width: float) -> tuple[Fraction, Fraction]:
    """Return bounds on the volume of the firing set divided by that of a bounded domain; twice 1 if it is proved to be all.

    Args:
        zones: the zones.
        connections: what floats say about them.
        domain: the domain.
        width: of the bounds, relative to the share; zones whose bounds are wide are computed exactly until that is reached.
    """
    if connections.covers and (connections.survey.least >= 0).all():
        return Fraction(1), Fraction(1)
    whole = domain.cell().volume()
    low, high = map(np.copy, connections.volume_bounds)
    widths = np.where(high < np.inf, high - low, np.inf)
    widest = np.argsort(-widths, kind="stable")
    left = np.append(np.cumsum(widths[widest][::-1])[::-1], 0)  # width of all but the first
    exactly = widest[: int(np.argmax(left <= width * low.sum()))]
    exact = sum((zones[k].volume or Fraction(0) for k in exactly.tolist()), start=Fraction(0))
    low[exactly] = high[exactly] = 0
    least, most = math.nextafter(math.fsum(low), 0), math.nextafter(math.fsum(high), math.inf)
    return (exact + Fraction(least)) / whole, (exact + Fraction(most)) / whole
