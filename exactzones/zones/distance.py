"""The nearest input at which a property fires, exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from exactzones.arguments import as_deadline
from exactzones.deadline import Deadline
from exactzones.errors import InputError, quoted
from exactzones.notation import point, root
from exactzones.polyhedra.projection import Norm, Projection, distance_to_row, named_norm, project
from exactzones.rational import Row, Vector, exact, integer_row, irrational
from exactzones.rational.floats import clipped_float
from exactzones.zone import Zone
from exactzones.zones.listing import Zones


@dataclass(frozen=True, slots=True)
class Nearest:
    """The distance from a point to the inputs at which a property fires, and a nearest one.

    Most conditions are strict, so that the firing set does not contain its boundary.  Then the property fires arbitrarily close
    to the nearest point, but not at it: ``attained`` is False, and ``inside`` returns an input at which the property fires.

    Attributes:
        distance: the distance of ``point``; in the norm 2 the nearest float, if the root is irrational.
        distance_squared: the square of the distance, exactly.
        point: a nearest point of the closure of the firing set, shape (inputs,).
        zone: a zone whose firing part has this point in its closure.
        attained: whether the property fires at ``point``.
    """

    distance: Fraction | float
    distance_squared: Fraction
    point: Vector
    zone: Zone
    attained: bool

    def inside(self, share: Any) -> Vector:
        """Return an input at which the property fires, on the segment from ``point`` to the zone's sample.

        Args:
            share: the part of the way, an exact number with 0 < share <= 1; the smaller it is, the nearer is the input.

        Raises:
            InputError: the share is not in this range.
        """
        part = exact(share, "share of the way")
        if not 0 < part <= 1:
            raise InputError(f"the share of the way is {quoted(share)}; expected a number above 0 and at most 1")
        return tuple(a + part * (b - a) for a, b in zip(self.point, self.zone.sample, strict=True))

    def __repr__(self) -> str:
        distance = root(self.distance_squared)
        return f"Nearest(distance {distance} at {point(self.point)}{'' if self.attained else ', not attained'})"


def nearest(
    zones: Sequence[Zone], point: Sequence[Any], norm: Norm = 2, *, seconds: float | Deadline | None = None
) -> Nearest | None:
    """Return the nearest input at which a property fires, or None if there are no zones.

    Zones are tried in the order of a lower bound of their distance (the distance to their most distant half-space) until no
    remaining zone can be nearer.

    Args:
        zones: the complete list of the property's zones, or a selection of zones.
        point: shape (inputs,); it may lie outside the domain.
        norm: 1 (sum of changes), 2 (Euclidean) or "inf" (largest change).
        seconds: time limit, or a deadline that has begun already.

    Raises:
        BudgetExceeded: time is up.
        DimensionError: the point does not have one number per input.
        InputError: the norm is not one of these, or the list is incomplete, so that an unlisted zone may be nearer.

    >>> from exactzones import Network, find_zones
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> answer = nearest(find_zones(net, 0), ["1/3"])
    >>> answer.point, answer.distance, answer.attained
    ((Fraction(1, 1),), Fraction(2, 3), False)
    """
    chosen, deadline = named_norm(norm), as_deadline(seconds)
    if not isinstance(zones, Sequence) or not all(isinstance(zone, Zone) for zone in zones):
        hint = "expected the list that find_zones(net, feature(0)) returns; nearest_input(net, feature(0), point) needs no list"
        raise InputError(f"zones are {quoted(zones)}; {hint}")
    if isinstance(zones, Zones) and not zones.complete:
        raise InputError("the list of zones is incomplete; pass zones.zones to get the nearest of the zones that were found")
    if not zones:
        return None
    start = zones[0].network.point(point)
    lifted = integer_row((Fraction(1), *start))
    lower_bounds = [_lower_bound(zone, lifted, chosen) for zone in deadline.watch(zones)]
    best: tuple[Projection, Zone] | None = None
    for k in deadline.watch(sorted(range(len(zones)), key=lambda k: lower_bounds[k])):
        if best is not None and (lower_bounds[k], best[0].attained) >= (best[0].distance, True):
            break
        foot = project(zones[k].firing.hrep, start, chosen)
        if best is None or (foot.distance, not foot.attained) < (best[0].distance, not best[0].attained):
            best = foot, zones[k]
    return None if best is None else _measured(*best, squared=chosen == 2)


def _measured(projection: Projection, zone: Zone, *, squared: bool) -> Nearest:
    """Return the answer; a projection in the norm 2 has the square of the distance."""
    measured = projection.distance
    distance, square = (_root(measured), measured) if squared else (measured, measured * measured)
    return Nearest(distance, square, projection.point, zone, projection.attained)


def _root(square: Fraction) -> Fraction | float:
    """Return a square root, exactly if it is rational, otherwise as a float whose last bit may be wrong."""
    if irrational([square]):
        return math.sqrt(clipped_float(square))
    above, below = math.isqrt(square.numerator), math.isqrt(square.denominator)
    if above**2 == square.numerator and below**2 == square.denominator:
        return Fraction(above, below)
    shift = max(0, 128 + square.denominator.bit_length() - square.numerator.bit_length()) // 2
    return clipped_float(Fraction(math.isqrt((square.numerator << 2 * shift) // square.denominator), 1 << shift))


def _lower_bound(zone: Zone, lifted: Row, norm: Norm) -> Fraction:
    """Return the distance to the most distant of the half-spaces whose intersection is the firing part.

    Redundant ones do no harm: which ones these are takes linear programs, if the zone was kept by its inequalities.
    """
    sides = zone.hrep.rows if zone.kept is None else zone.kept.rows
    rows = [*sides, *(condition.integer_row for condition in zone.conditions)]
    return max((distance_to_row(row, lifted, norm) for row in rows if any(row[1:])), default=Fraction(0))
