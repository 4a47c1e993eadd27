"""The nearest input at which a property fires, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from exactzones.errors import InputError
from exactzones.polyhedra.projection import Norm, distance_to_row, named_norm, project
from exactzones.rational import Row, Vector, exact, integer_row
from exactzones.zone import Zone
from exactzones.zones.listing import Zones


@dataclass(frozen=True, slots=True)
class Nearest:
    """How near to a point a property fires, and where.

    "Fires" is strict as a rule, and then the nearest point is one that inputs that fire come as close to as one likes, without
    ever being there: ``attained`` is False, and ``inside`` gives one of them.

    Attributes:
        distance: the distance (the infimum, if it is not attained); for the norm 2 its square, which is rational.
        point: a nearest point of the closure of the set that fires.
        zone: the zone in whose firing part's closure it lies.
        attained: whether the property fires at ``point``.
    """

    distance: Fraction
    point: Vector
    zone: Zone
    attained: bool

    def inside(self, share: Any) -> Vector:
        """Return an input that fires: a share of the way from ``point`` to the zone's sample.

        Args:
            share: an exact number, 0 < share <= 1; the smaller, the nearer.

        Raises:
            InputError: another number.
        """
        part = exact(share, "share of the way")
        if not 0 < part <= 1:
            raise InputError(f"share of the way is {share}; a number above 0 and at most 1 is expected")
        return tuple(a + part * (b - a) for a, b in zip(self.point, self.zone.sample, strict=True))


def nearest(zones: Sequence[Zone], point: Sequence[Any], norm: Norm = 2) -> Nearest | None:
    """Return the nearest input at which a property fires, or None if there are no zones.

    No other input of the domain that fires is nearer.  Zones are tried in the order of how far off their most distant wall is,
    and those that cannot be nearer are left out.

    Args:
        zones: the complete list of the property's zones, or those zones in which to look.
        point: shape (inputs,), in input units; it may lie outside the domain.
        norm: 1 (sum of changes), 2 (Euclidean) or "inf" (largest change).

    Raises:
        DimensionError: the point has not one number per input.
        InputError: another norm, or an incomplete list, of which the nearest zone may not be the nearest there is.

    >>> from exactzones import Network, feature, find_zones
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> found = nearest(find_zones(net, feature(0)), ["1/3"])
    >>> found.point, found.distance, found.attained                    # the distance 2/3, squared
    ((Fraction(1, 1),), Fraction(4, 9), False)
    """
    chosen = named_norm(norm)
    if isinstance(zones, Zones) and not zones.complete:
        raise InputError("the list of zones is incomplete; pass zones.zones to look for the nearest of those that were found")
    if not zones:
        return None
    start = zones[0].network.point(point)
    lifted = integer_row((Fraction(1), *start))
    at_least = [_lower_bound(zone, lifted, chosen) for zone in zones]
    best: Nearest | None = None
    for k in sorted(range(len(zones)), key=lambda k: at_least[k]):
        if best is not None and (at_least[k] > best.distance or (at_least[k] == best.distance and best.attained)):
            break
        found = project(zones[k].firing.hrep, start, chosen)
        if best is None or (found.distance, not found.attained) < (best.distance, not best.attained):
            best = Nearest(found.distance, found.point, zones[k], found.attained)
    return best


def _lower_bound(zone: Zone, lifted: Row, norm: Norm) -> Fraction:
    """Return the distance to the most distant of the half-spaces whose intersection is the part that fires."""
    rows = [*zone.hrep.rows, *(condition.integer_row for condition in zone.conditions)]
    return max((distance_to_row(row, lifted, norm) for row in rows if any(row[1:])), default=Fraction(0))
