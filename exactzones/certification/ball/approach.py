"""The search for the nearest input: bounds of the distance that come closer to each other.

A witness is an upper bound; on the segment to it, the first point at which the property holds is a better one.  In the norm
infinity, descent leads to the locally nearest point (``descent``, ``foot``).  Where certification proves that the property holds
nowhere on a box around the point, the box's radius is a lower bound in every norm; next to a locally nearest point an exact bound
closes the gap (``ring``).  Otherwise bisection improves both bounds.  Once the box is so small that few zones are left in it,
they are listed: the nearest one is the answer.  In the norms 1 and 2 and with many inputs, a walk from cell to cell, nearest
first, takes the place of the list; if it ends early, all cells nearer than the last one are known, which is a lower bound, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from itertools import islice
from typing import Literal

from exactzones.certification.ball.answer import NearestInput
from exactzones.certification.ball.feet import foot_from, guessed_foot
from exactzones.certification.ball.foot import ExactBall, Foot
from exactzones.certification.ball.ring import Ring
from exactzones.certification.decide import cases_of, certify
from exactzones.certification.results import CanFire, CannotFire, Certificate
from exactzones.certification.run import Run
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, InputError
from exactzones.network import Network
from exactzones.polyhedra import Box, Polyhedron
from exactzones.polyhedra.projection import distance
from exactzones.property import Disjunction, Property
from exactzones.rational import Vector, irrational
from exactzones.threads import one_thread
from exactzones.zones import Nearest, NearZone, Segment, along, find_zones, nearest
from exactzones.zones.exploring import first_zone, nearest_in_zones_at

_FIRST_RADIUS = Fraction(1, 64)
_DOUBLINGS = 80
_GUESSED_DOUBLINGS = 12
_FEW_INPUTS = 8  # zones are listed without a bisection before
_GAP = Fraction(1, 64)  # of the upper bound: with a smaller gap zones are listed
_SMALL = Fraction(1, 2**16)  # so much smaller than the first upper bound: zones are listed if no box is proved
_WIDER = 1 + Fraction(1, 1024)  # the box whose zones are listed, in proportion to the upper bound
_NARROWER = 1 - Fraction(1, 1024)  # the box that is proved before the exact bound, in proportion to the distance
_LADDER = (Fraction(1, 2), Fraction(3, 4))  # boxes that are proved before that one, if the time is limited
_STEP_SHARE, _LISTING_SHARE = 0.4, 0.7  # of the time that is left
_BISECTION_SHARE = 0.4  # of the time that is left, before a walk from cell to cell
_FOOT_SHARE = 0.75  # of the time that is left, for the proof that a locally nearest point is the nearest
_MOST_AT_A_POINT = 16  # zones that contain a point are looked at
_GUESS = 0.5  # seconds for a guess
_ROUNDS = 6  # of guesses at a nearer point


@dataclass
class Approach:
    """The search from one point: bounds that come closer to each other."""

    network: Network
    prop: Disjunction
    point: Vector
    norm: Literal[1, 2, "inf"]
    domain: Polyhedron | None
    deadline: Deadline
    progress: Callable[[Fraction, Fraction | None], None] | None = None
    walked: Fraction = Fraction(0)  # a distance, for the norm 2 its square: all cells that are nearer were visited
    radius: Fraction = Fraction(0)  # of the largest box on which the property holds nowhere
    certificate: Certificate | None = None
    best: Vector | None = None
    foot: tuple[Foot, int] | None = None  # the nearest one that descent has led to, and its case
    undecided: Fraction | None = None  # a radius for which there is no proof, or was not found in time

    @one_thread
    def run(self) -> NearestInput | None:
        """Bring the bounds together, list the zones between them, and return what is known when time is up."""
        if self.network.inputs > _FEW_INPUTS:
            self._guess()
        if self.best is None and not self._find_first():
            return None
        exact = self._by_foot() or self._by_bisection()
        return exact or self._bracket()

    def _report(self, *_: int) -> None:
        """Call the caller's function with the bounds of the distance; certification and the list of zones call this."""
        if self.progress is not None:
            lower, upper = self._bounds()
            self.progress(lower, upper)

    def _guess(self) -> None:
        """Look for a witness on boxes that grow, and for nearer ones, without a proof."""
        radius = _FIRST_RADIUS
        for _ in range(_GUESSED_DOUBLINGS):
            if self.deadline.passed or self._guess_within(radius) or self._contains_domain(radius):
                break
            radius *= 2
        for seed in range(_ROUNDS):
            if self.foot is None or self.deadline.passed or self._ball is None:
                break
            cases = self.prop.resolve(self.network.widths).cases
            guess = guessed_foot(self.network, cases, self._ball, self.foot[0].radius, self.deadline, seed=seed)
            if guess is not None and guess[0].radius < self.foot[0].radius:
                self.foot, self.best = guess, guess[0].point

    def _guess_within(self, radius: Fraction) -> bool:
        """Tell whether a guess finds a witness on a box around the point."""
        found = self._run(radius).guess(_GUESS)
        if found is not None:
            self._improve(found[1])
        return found is not None

    def _run(self, radius: Fraction) -> Run:
        return Run(self.network, cases_of(self.network, self.prop, self._box(radius)), self.deadline)

    def _by_foot(self) -> NearestInput | None:
        """Prove that the locally nearest point is the nearest, or go on from a nearer witness; None if that fails."""
        while self.foot is not None and not self.deadline.passed:
            foot, case = self.foot
            if self.best != foot.point:
                return None
            radius = foot.radius * _NARROWER
            if not self._climb(foot):
                return None
            if self.foot[0] is not foot:
                continue
            if self.radius != radius or self.certificate is None:
                return None
            answer = Ring(self._run(foot.radius), foot, case).prove(self.certificate.lines[1:])
            if isinstance(answer, bool):
                return self._exactly(foot) if answer else None
            self._improve(answer)
            if self.foot[0] is foot:
                return None
        return None

    def _climb(self, foot: Foot) -> bool:
        """Prove boxes that reach nearly to a foot, or find a nearer one; False if a proof is not found in time.

        A smaller box takes a fraction of the time: if the last one fails, the others have left a narrow bracket.
        """
        steps = [(share, _STEP_SHARE) for share in _LADDER if self.deadline.seconds is not None]
        for share, part in (*steps, (_NARROWER, _FOOT_SHARE)):
            radius = foot.radius * share
            if self.radius < radius and not self._decide(radius, self.deadline.part(part)):
                self.undecided = radius
                return False
            if self.foot is None or self.foot[0] is not foot:
                break
        return True

    @cached_property
    def _ball(self) -> ExactBall | None:
        """The point and the domain; None if the domain is not a box, or something is irrational."""
        rational = self.network.is_rational and all(case.is_rational for case in self.prop.cases) and not irrational(self.point)
        if self.domain is None:
            nothing = (None,) * self.network.inputs
            return ExactBall(self.point, nothing, nothing) if rational else None
        if not (rational and isinstance(self.domain, Box) and self.domain.is_rational):
            return None
        return ExactBall(self.point, self.domain.low, self.domain.high)

    def _exactly(self, foot: Foot) -> NearestInput:
        """Return a foot as the answer."""
        attained = self._holds_at(foot.point)
        bounds = foot.radius, foot.radius
        return NearestInput("inf", *bounds, foot.point, attained, foot.pattern, self.certificate, self.radius)

    def _by_bisection(self) -> NearestInput | None:
        """Bring the bounds together by bisection and list the zones between them; None if the time does not suffice."""
        if self._walks:
            self._descend()
        first, until = self._reach, self.deadline.part(_BISECTION_SHARE) if self._walks else self.deadline
        while self.best is not None and self.network.inputs > _FEW_INPUTS and not until.passed:
            if not self.radius and self._reach < first * _SMALL:  # the distance may be 0, and no box is without a witness then
                break
            end = self._reach if self.undecided is None else min(self.undecided, self._reach)
            if end - self.radius <= _GAP * self._reach:
                break
            middle = (self.radius + end) / 2
            self._decide(middle, until.part(_STEP_SHARE))
            if self.radius < middle:  # undecided, or a witness: in the norms 1 and 2 it may be farther than the best one
                self.undecided = middle
        return None if self.best is None or self.deadline.passed else self._by_zones()

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
        decision = certify(self.network, self.prop, self.domain, seconds=self.deadline, progress=self._report)
        if isinstance(decision, CanFire):
            self._improve(decision.witness)
        return not isinstance(decision, CannotFire)

    def _decide(self, radius: Fraction, until: Deadline) -> bool:
        """Decide whether the property holds on a box around the point; False if that is undecided."""
        decision = certify(self.network, self.prop, self._box(radius), seconds=until, progress=self._report)
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
        for k, case in enumerate(resolved.cases):
            if self.norm != "inf" or self._ball is None or not self.network.satisfies(witness, case):
                continue
            foot = foot_from(self.network, case, self._ball, (found, witness), self.deadline)
            if foot is not None and (self.foot is None or foot.radius < self.foot[0].radius):
                self.foot = foot, k
                found = foot.point if foot.radius < self._distance(found) else found
        if self.best is None or self._distance(found) < self._distance(self.best):
            self.best = found

    def _distance(self, point: Vector) -> Fraction:
        """Return the distance of a point; for the norm 2 its square."""
        return distance(point, self.point, self.norm)

    @property
    def _walks(self) -> bool:
        """Whether the search ends with a walk from cell to cell, and not with a list of zones."""
        return self.network.inputs > _FEW_INPUTS and self.norm != "inf" and self.prop.is_open

    def _by_walk(self) -> NearestInput | None:
        """Go from cell to cell, the nearest first, until the property holds in one; None if that takes too long.

        In the norms 1 and 2 a ball has a small share of the box around it, so that it meets far fewer cells if there are many
        inputs.  A strict condition that fails at the point is not attained at a nearest one.
        """
        until, reached = self.deadline.part(_LISTING_SHARE), list[Fraction]()
        self._descend()
        nearest_zone: NearZone | None = None
        for case in self.prop.resolve(self.network.widths).cases:
            walk = partial(first_zone, self.network, case, self.point, self.domain, self.norm)
            try:
                zone = walk(limit=self._distance(self.best or self.point), deadline=until, progress=self._report)
            except BudgetExceeded as stopped:
                reached.append(stopped.found)
                continue
            except InputError:  # a domain that is flat
                return None
            if zone is not None:
                self.best, nearest_zone = zone.point, zone
        if reached or nearest_zone is None:
            self.walked = min([*reached, self._distance(self.best or self.point)])
            return None
        distance, attained = nearest_zone.distance, self._holds_at(nearest_zone.point)
        found = nearest_zone.point, attained, nearest_zone.pattern
        return NearestInput(self.norm, distance, distance, *found, self.certificate, self.radius)

    def _descend(self) -> None:
        """Go on to the nearest point of a zone that contains the best one, as long as that is nearer."""
        cases, improved = self.prop.resolve(self.network.widths).cases, True
        while improved and self.best is not None and not self.deadline.passed:
            improved = False
            for case in cases:
                try:
                    feet = nearest_in_zones_at(self.network, case, self.best, self.domain, self.norm, self.point)
                    distance, foot = min(islice(feet, _MOST_AT_A_POINT), default=(Fraction(0), self.best))
                except InputError:  # a domain that is flat
                    return
                if foot != self.best and distance < self._distance(self.best):
                    self.best, improved = foot, True

    def _by_zones(self) -> NearestInput | None:
        """List the zones on a box that contains everything nearer than the witness; None if that takes too long."""
        if self.best is None:
            return None
        if self._walks:
            return self._by_walk()
        box = self._box(_upper_root(self._distance(self.best), self.norm) * _WIDER)
        until, found = self.deadline.part(_LISTING_SHARE), list[Nearest]()
        try:
            for case in self.prop.cases:
                zones = find_zones(self.network, case, box, seconds=until, progress=self._report)
                answer = nearest(zones, self.point, self.norm, seconds=until)
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

    def _holds_at(self, point: Vector) -> bool:
        """Tell whether the property holds at a point, which lies in the domain."""
        return self.network.satisfies(point, self.prop) and (self.domain is None or self.domain.contains(point))

    def _bracket(self) -> NearestInput:
        """Return what is known."""
        lower, upper = self._bounds()
        if self.best is None:
            return NearestInput(self.norm, lower, None, None, False, None, self.certificate, self.radius)
        attained = self._holds_at(self.best)
        pattern = self.network.pattern(self.best)
        return NearestInput(self.norm, lower, upper, self.best, attained, pattern, self.certificate, self.radius)

    def _bounds(self) -> tuple[Fraction, Fraction | None]:
        """Return bounds of the distance, for the norm 2 of its square; the upper one is None if no witness is known."""
        lower = max(self.walked, self.radius**2 if self.norm == 2 else self.radius)
        return lower, None if self.best is None else self._distance(self.best)


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
