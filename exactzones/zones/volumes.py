"""Volumes of the parts of zones on which a property fires, exactly, and bounds on their share of the domain in floats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from exactzones.engine.exact_volumes import exact_volumes, first_moments, moments, total_volume
from exactzones.engine.leaf import Leaf
from exactzones.errors import DomainError
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.polyhedra.moments import Polynomial, moment, weighted_moment
from exactzones.rational import Vector, sum_of_products, sum_of_quotients
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


def zone_volumes(zones: Sequence[Zone]) -> list[Fraction | None]:
    """Return the volume of the firing part of each zone; None if it is infinite."""
    leaves = _leaves(zones)
    if leaves is None:
        return [zone.volume for zone in zones]
    pairs = zip(zones, exact_volumes(leaves), strict=True)
    return [zone.volume if volume is None else volume for zone, volume in pairs]


def firing_volume(zones: Sequence[Zone]) -> Fraction | None:
    """Return the sum of these volumes; None if one is infinite."""
    leaves = _leaves(zones)
    total = None if leaves is None else total_volume(leaves)
    if total is not None:
        return total
    volumes = zone_volumes(zones)
    return None if None in volumes else sum_of_quotients((v.numerator, v.denominator) for v in volumes if v is not None)


def firing_moments(zones: Sequence[Zone], power: int) -> list[Fraction]:
    """Return the integrals over the bounded firing set of the powers 0 to ``power`` of the first condition's feature."""
    if not zones:
        return [Fraction(0)] * (power + 1)
    constant, leaves = zones[0].prop.conditions[0].constant, _leaves(zones)
    known = moments(leaves, power) if leaves is not None and leaves[0].arrangement.has_target else None
    if known is not None:
        return [  # of powers of the target, which is the feature plus the constant
            sum_of_products([(Fraction(math.comb(k, j)), (-constant) ** (k - j), known[j]) for j in range(k + 1)])
            for k in range(power + 1)
        ]
    parts = firing_functions(zones)
    return [sum((moment(*part, k) for part in parts), start=Fraction(0)) for k in range(power + 1)]


def weighted_moments(zones: Sequence[Zone], domain: Polyhedron, power: int, density: Polynomial) -> Fraction:
    """Return the mean of what ``firing_moments`` integrates, at a point of a bounded domain whose density is a polynomial.

    Raises:
        DomainError: the polynomial's integral over the domain is not positive.
    """
    whole = weighted_moment(domain.cell(), (Fraction(1), *[Fraction(0)] * domain.ambient_dim), 0, density)
    if whole <= 0:
        raise DomainError(f"the density's integral over the domain is {whole}; expected a positive number")
    return sum((weighted_moment(*part, power, density) for part in firing_functions(zones)), start=Fraction(0)) / whole


def firing_functions(zones: Sequence[Zone]) -> list[tuple[Cell, Vector]]:
    """Return the firing part of each zone that has one, with the row of the first condition's feature."""
    parts = []
    for zone in zones:
        if zone.firing_cell is not None:
            row = zone.conditions[0].row
            parts.append((zone.firing_cell, (row[0] - zone.prop.conditions[0].constant, *row[1:])))
    return parts


def firing_centroid(zones: Sequence[Zone], volume: Fraction) -> Vector | None:
    """Return the centroid of the bounded firing set, whose volume the caller knows; None if that is 0."""
    if not volume:
        return None
    leaves, inputs = _leaves(zones), zones[0].network.inputs
    known = None if leaves is None else first_moments(leaves)
    if known is None:
        cells = [cell for zone in zones if (cell := zone.firing_cell) is not None]
        rows = [tuple(Fraction(j == k) for j in range(inputs + 1)) for k in range(1, inputs + 1)]
        known = [sum((moment(cell, row, 1) for cell in cells), start=Fraction(0)) for row in rows]
    return tuple(sum_of_products([(total, 1 / volume)]) for total in known)


def _leaves(zones: Sequence[Zone]) -> list[Leaf] | None:
    """Return the leaves of zones whose firing parts are known to the arrangement from which they come; None if they are not."""
    leaves = [zone.source for zone in zones if isinstance(zone.source, Leaf)]
    if not leaves or len(leaves) < len(zones) or any(leaf.arrangement is not leaves[0].arrangement for leaf in leaves):
        return None
    if leaves[0].arrangement.section.lines:  # along which every zone is infinite
        return None
    everywhere = not any(condition.terms for condition in zones[0].prop.conditions)
    return leaves if leaves[0].arrangement.has_target or everywhere else None
