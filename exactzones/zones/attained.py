"""Whether some point of a domain has the largest value, where strict rows of the domain exclude a part of its boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain

from exactzones.polyhedra import HRep, Polyhedron, lp
from exactzones.rational import Vector, irrational
from exactzones.zone import Maximum, Zone


def within(domain: Polyhedron | None, maximum: Maximum, zones: Sequence[Zone]) -> Maximum:
    """Return a maximum over closed cells as one over a domain: with a point of the domain if there is one of this value.

    Args:
        domain: None is all of the input space.
        maximum: of the feature in the first condition.
        zones: those of which it is the supremum.
    """
    if domain is None or not domain.hrep.strict or maximum.value is None or domain.contains(maximum.point):
        return maximum
    if irrational(chain(*domain.hrep.strict)) or not zones[0].network.is_rational or irrational([maximum.value]):
        return replace(maximum, attained=None)
    point = attaining_point(domain, maximum.value, zones)
    return replace(maximum, attained=False) if point is None else replace(maximum, point=point)


def attaining_point(domain: Polyhedron, value: Fraction, zones: Sequence[Zone]) -> Vector | None:
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
