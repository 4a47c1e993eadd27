"""Whether a point of a domain attains the largest value, if strict rows exclude a part of the domain's boundary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import chain

from exactzones.polyhedra import HRep, Polyhedron, lp
from exactzones.rational import Vector, irrational
from exactzones.zone import Maximum, Zone


def within(domain: Polyhedron | None, best: Zone, zones: Iterable[Zone]) -> Maximum:
    """Return the maximum over a domain: that of a closed cell, at a point of the domain if one attains it.

    Args:
        domain: None is all of the input space.
        best: the zone with the largest value of the feature in the first condition.
        zones: all zones with this value; they are used only if strict rows of the domain exclude the point of ``best``.
    """
    maximum = best.maximum
    if domain is None or not domain.hrep.strict or maximum.value is None or domain.contains(maximum.point):
        return maximum
    if irrational(chain(*domain.hrep.strict)) or not best.network.is_rational or irrational([maximum.value]):
        return replace(maximum, attained=None)
    point = attaining_point(domain, maximum.value, zones)
    return replace(maximum, attained=False) if point is None else replace(maximum, point=point)


def attaining_point(domain: Polyhedron, value: Fraction, zones: Iterable[Zone]) -> Vector | None:
    """Return a point of a domain, in one of the zones, at which the feature in the first condition is at least a value.

    Args:
        domain: the domain of the zones, with its strict rows.
        value: of the feature.
        zones: of a rational network.
    """
    for zone in zones:
        constant, row = zone.prop.conditions[0].constant, zone.conditions[0].row
        top = (row[0] - constant - value, *row[1:])
        answer = lp.feasibility(HRep.of(zone.network.inputs, (*zone.hrep.rows, top), strict=domain.hrep.strict))
        if not isinstance(answer, lp.Infeasible):
            return answer
    return None
