"""The nearest input at which a property holds, without a list of zones: an exact answer, or a proved bracket.

A witness is an upper bound; on the segment to it, the first point at which the property holds is a better one.  Where
certification proves that the property holds nowhere on a box around the point, the box's radius is a lower bound in every norm.
Bisection improves both.  Once the box is so small that few zones are left in it, they are listed: the nearest one is the answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from exactzones.arguments import DomainLike, NetworkLike, PropertyLike, as_deadline, as_domain, as_network
from exactzones.certification.decide import certify
from exactzones.certification.results import CanFire, CannotFire, Certificate, point_text
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, DimensionError, DomainError, InputError
from exactzones.network import Network, Pattern
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.polyhedron import Box
from exactzones.polyhedra.projection import Norm, named_norm
from exactzones.property import Disjunction, Property, as_cases
from exactzones.rational import Vector, text
from exactzones.zones import Nearest, Segment, along, find_zones, nearest

_FIRST_RADIUS = Fraction(1, 64)
_DOUBLINGS = 80
_FEW_INPUTS = 8  # zones are listed without a bisection before
_GAP = Fraction(1, 64)  # of the upper bound: with a smaller gap zones are listed
_WIDER = 1 + Fraction(1, 1024)  # the box whose zones are listed, in proportion to the upper bound
_STEP_SHARE, _LISTING_SHARE = 0.4, 0.7  # of the time that is left


@dataclass(frozen=True)
class NearestInput:
    """How far a point is from the inputs at which a property holds.

    Attributes:
        norm: 1, 2 or "inf".
        lower: no input nearer than this has the property; for the norm 2 the square.
        upper: the distance of ``point``, for the norm 2 its square; None if no such input is known.
        point: an input at which the property holds or, if not ``attained``, next to which it does; None if none is known.
        attained: whether the property holds at ``point``.
        pattern: the activation pattern of the zone that ``point`` belongs to.
        certificate: proves that the property holds nowhere on the box of this radius around the point; None if there is none.
        radius: of that box.
    """

    norm: Literal[1, 2, "inf"]
    lower: Fraction
    upper: Fraction | None
    point: Vector | None
    attained: bool
    pattern: Pattern | None
    certificate: Certificate | None = field(repr=False, default=None)
    radius: Fraction = Fraction(0)

    @property
    def exact(self) -> bool:
        """Whether ``upper`` is the distance."""
        return self.lower == self.upper

    def __repr__(self) -> str:
        square = "squared " if self.norm == 2 else ""
        if self.upper is None or self.point is None:
            return f"NearestInput({square}distance at least {text(self.lower)})"
        distance = text(self.upper) if self.exact else f"{float(self.lower):.6g} to {float(self.upper):.6g}"
        return f"NearestInput({square}distance {distance} at {point_text(self.point)}{'' if self.attained else ', not attained'})"


def nearest_input(
    network: NetworkLike,
    prop: PropertyLike | Disjunction,
    point: Any,
    norm: Norm = 2,
    domain: DomainLike = None,
    *,
    seconds: float | Deadline | None = None,
) -> NearestInput | None:
    """Return the nearest input at which a property holds, exactly or, when time is up, between two exact bounds.

    How far a point is from another class is a disjunction: ``~conjunction(..)`` of what makes the class.

    Args:
        network: the network, or the path of its file.
        prop: a feature, a conjunction of conditions, or a disjunction.
        point: shape (inputs,), in the domain.
        norm: 1 (sum of changes), 2 (Euclidean) or "inf" (largest change).
        domain: a polyhedron or a box; None is all of the input space.
        seconds: time limit, or a deadline that has begun already.

    Returns:
        The distance and the input; None if the property holds nowhere on the domain, which was proved.

    Raises:
        DimensionError: the point does not have one number per input.
        DomainError: the point lies outside the domain.
        InputError: another argument that does not fit.

    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> answer = nearest_input(net, 0, ["1/3"], "inf")
    >>> answer.exact, answer.upper, answer.point, answer.attained
    (True, Fraction(2, 3), (Fraction(1, 1),), False)
    """
    loaded, chosen = as_network(network), named_norm(norm)
    cases = as_cases(prop)
    for case in cases:
        case.resolve(loaded.widths)
    start, region = loaded.point(point), as_domain(domain, loaded.inputs)
    if region is not None and region.ambient_dim != loaded.inputs:
        raise DimensionError("domain", expected=loaded.inputs, got=region.ambient_dim, size="dimension")
    if region is not None and not (region.contains(start) or region.hrep.closure().contains(start)):
        raise DomainError("the point lies outside the domain; choose a point of the domain, or a larger domain")
    if loaded.satisfies(start, prop) and (region is None or region.contains(start)):
        return NearestInput(chosen, Fraction(0), Fraction(0), start, attained=True, pattern=loaded.pattern(start))
    return _Approach(loaded, Disjunction(cases), start, chosen, region, as_deadline(seconds)).run()


@dataclass
class _Approach:
    """The search from one point: bounds that come closer to each other."""

    network: Network
    prop: Disjunction
    point: Vector
    norm: Literal[1, 2, "inf"]
    domain: Polyhedron | None
    deadline: Deadline
    radius: Fraction = Fraction(0)  # of the largest box on which the property holds nowhere
    certificate: Certificate | None = None
    best: Vector | None = None

    def run(self) -> NearestInput | None:
        """Bring the bounds together, list the zones between them, and return what is known when time is up."""
        if not self._find_first():
            return None
        undecided: Fraction | None = None
        while self.best is not None and self.network.inputs > _FEW_INPUTS and not self.deadline.passed:
            end = self._reach if undecided is None else min(undecided, self._reach)
            if end - self.radius <= _GAP * self._reach:
                break
            middle = (self.radius + end) / 2
            if not self._decide(middle, self.deadline.part(_STEP_SHARE)):
                undecided = middle
        exact = None if self.best is None or self.deadline.passed else self._by_zones()
        return exact or self._bracket()

    @property
    def _reach(self) -> Fraction:
        """The largest change of a coordinate on the way to the best witness: a box of this radius contains it."""
        return max(abs(a - b) for a, b in zip(self.best or self.point, self.point, strict=True))

    def _find_first(self) -> bool:
        """Look for a witness on boxes that grow until they contain the domain; False if there is none on the domain."""
        radius = _FIRST_RADIUS
        for _ in range(_DOUBLINGS):
            if not self._decide(radius, self.deadline.part(_STEP_SHARE)) and self.deadline.passed:
                return True
            if self.best is not None:
                return True
            if self._contains_domain(radius) and self.radius == radius:
                return False
            radius *= 2
        decision = certify(self.network, self.prop, self.domain, seconds=self.deadline)
        if isinstance(decision, CanFire):
            self._improve(decision.witness)
        return not isinstance(decision, CannotFire)

    def _decide(self, radius: Fraction, until: Deadline) -> bool:
        """Decide whether the property holds on a box around the point; False if that is undecided."""
        decision = certify(self.network, self.prop, self._box(radius), seconds=until)
        if isinstance(decision, CanFire):
            self._improve(decision.witness)
        elif isinstance(decision, CannotFire):
            self.radius, self.certificate = radius, decision.certificate
        return isinstance(decision, (CanFire, CannotFire))

    def _box(self, radius: Fraction) -> Polyhedron:
        """Return the part of the domain in which no coordinate changes by more than a radius."""
        low, high = [entry - radius for entry in self.point], [entry + radius for entry in self.point]
        if isinstance(self.domain, Box):
            return Polyhedron.box(list(map(max, low, self.domain.low)), list(map(min, high, self.domain.high)))
        box = Polyhedron.box(low, high)
        return box if self.domain is None else self.domain.intersect(box)

    def _contains_domain(self, radius: Fraction) -> bool:
        """Tell whether a box around the point certainly contains the domain, which must be a box for that."""
        if not isinstance(self.domain, Box):
            return False
        return all(
            p - radius <= a and b <= p + radius for p, a, b in zip(self.point, self.domain.low, self.domain.high, strict=True)
        )

    def _improve(self, witness: Vector) -> None:
        """Take a witness, or the first point at which the property holds on the way to it, if it is the nearest so far."""
        segment = along(self.network, self.point, witness)
        last = len(self.network.layers) - 1
        resolved = self.prop.resolve(self.network.widths)
        first = Fraction(1)
        for case in resolved.cases:
            if all(c.layer == last and not c.after_relu for c in case.conditions):
                first = min(first, _first(segment, case))
        found = segment.point(first)
        if self.best is None or self._distance(found) < self._distance(self.best):
            self.best = found

    def _distance(self, point: Vector) -> Fraction:
        """Return the distance of a point; for the norm 2 its square."""
        steps = [abs(a - b) for a, b in zip(point, self.point, strict=True)]
        return max(steps) if self.norm == "inf" else sum((step**self.norm for step in steps), start=Fraction(0))

    def _by_zones(self) -> NearestInput | None:
        """List the zones on a box that contains everything nearer than the witness; None if that takes too long."""
        if self.best is None:
            return None
        box = self._box(_upper_root(self._distance(self.best), self.norm) * _WIDER)
        until, found = self.deadline.part(_LISTING_SHARE), list[Nearest]()
        try:
            for case in self.prop.cases:
                answer = nearest(find_zones(self.network, case, box, seconds=until), self.point, self.norm)
                found += [] if answer is None else [answer]
        except (BudgetExceeded, InputError):  # too many inputs for the engines, or a domain that is flat
            return None
        if not found:
            return None
        best = min(found, key=lambda each: (each.distance_squared, not each.attained))
        distance = self._distance(best.point)
        return NearestInput(
            self.norm, distance, distance, best.point, best.attained, best.zone.pattern, self.certificate, self.radius
        )

    def _bracket(self) -> NearestInput:
        """Return what is known."""
        lower = self.radius**2 if self.norm == 2 else self.radius
        if self.best is None:
            return NearestInput(self.norm, lower, None, None, False, None, self.certificate, self.radius)
        attained = self.network.satisfies(self.best, self.prop) and (self.domain is None or self.domain.contains(self.best))
        pattern = self.network.pattern(self.best)
        return NearestInput(
            self.norm, lower, self._distance(self.best), self.best, attained, pattern, self.certificate, self.radius
        )


def _first(segment: Segment, case: Property) -> Fraction:
    """Return the infimum of the t > 0 at which conditions of the last layer hold on a segment; 1 if they do not before."""
    for piece in segment:
        low, high = piece.start, piece.end
        for condition in case.conditions:
            ends = [condition.value(piece.affine([t])) for t in (low, high)]
            if max(ends) <= 0 and (condition.strict or min(ends) < 0):
                break
            zero = (low * ends[1] - high * ends[0]) / (ends[1] - ends[0]) if ends[0] != ends[1] else low
            low, high = (max(low, zero) if ends[0] < 0 else low), (min(high, zero) if ends[1] < 0 else high)
            if low >= high:
                break
        else:
            return low
    return Fraction(1)


def _upper_root(distance: Fraction, norm: Literal[1, 2, "inf"]) -> Fraction:
    """Return an upper bound of a distance, which is squared for the norm 2."""
    if norm != 2:
        return distance
    scale = 1 << 40
    return Fraction(math.isqrt(math.ceil(distance * scale * scale)) + 1, scale)
