"""How the firing set, or a feature's mean, is spread along one input."""

from __future__ import annotations

from typing import Any

import numpy as np

from exactzones.notation import number
from exactzones.plot import style
from exactzones.polyhedra.marginal import PiecewisePolynomial
from exactzones.property import brief
from exactzones.zones import Zones, as_zones

_PLACES = 33  # on each piece: a picture shows no more of a polynomial
_DRAWN = 2000  # pieces, at most, that have so many places


def plot_marginal(zones: Zones, coordinate: int = 0, power: int = 0, *, ax: Any = None) -> Any:
    """Draw ``zones.marginal(coordinate, power)`` as a curve with its integral in the title, and return the axes.

    Args:
        zones: in a bounded domain.
        coordinate: the input; the first is 0.
        power: 0 for the density of the firing set, 1 for that times the feature's mean.
        ax: matplotlib axes; new ones by default.

    Raises:
        DomainError: the domain is unbounded, or there are too many inputs for volumes.
        InputError: an input that does not exist, or another power.
    """
    density = as_zones(zones).marginal(coordinate, power)
    with style.settings(ax):
        ax = style.axes(ax, 2)
        across, up = _curve(density)
        ax.plot(across, up, color=style.PALETTE[0], linewidth=1.5)
        ax.fill_between(across, up, color=style.PALETTE[0], alpha=0.25, linewidth=0)
        ax.set_xlabel(f"$x_{{{coordinate}}}$")
        ax.set_ylabel("density of the mean" if power else "density of the firing set")
        integral = f"{'mean' if power else 'share'} {number(density.integral)}"
        ax.set_title(style.heading(brief(zones.prop, zones.network.widths), f": {integral}"))
    return ax


def _curve(density: PiecewisePolynomial) -> tuple[Any, Any]:
    """Return points of the curve, rounded."""
    places = _PLACES if len(density.pieces) <= _DRAWN else 2
    across, up = [np.zeros(0)], [np.zeros(0)]
    for k, (low, high) in enumerate(density.intervals):
        at = [low + (high - low) * j / (places - 1) for j in range(places)]
        across.append(np.array(at, float))
        up.append(np.array([sum(c * t**e for e, c in enumerate(density.pieces[k])) for t in at], float))
    return np.concatenate(across), np.concatenate(up)
