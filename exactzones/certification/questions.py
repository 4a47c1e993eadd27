"""Questions that certification answers: the exact maximum, features that never fire, features that never fire together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, reduce
from operator import and_
from os import PathLike
from pathlib import Path
from typing import Any

from exactzones.arguments import DomainLike, NetworkLike, PropertyLike, as_deadline, as_domain, as_network, as_seconds, as_unit
from exactzones.certification.decide import case_of, cases_of, certify
from exactzones.certification.direct import Direct
from exactzones.certification.float_maximum import FloatMaximum
from exactzones.certification.limits import CELL_SEARCH_INPUTS, MAXIMUM_INPUTS
from exactzones.certification.results import CannotFire, Certificate, Decision, Undecided
from exactzones.certification.witness.search import cell_rows
from exactzones.checker import Report, lines_of
from exactzones.checker import check as check_lines
from exactzones.deadline import Deadline
from exactzones.deprecated import renamed_argument
from exactzones.errors import BudgetExceeded, DomainError, InputError, quoted
from exactzones.files import unreadable
from exactzones.network import Network
from exactzones.notation import number
from exactzones.notation import point as point_text
from exactzones.polyhedra import HRep, Polyhedron, lp
from exactzones.property import Condition, Property, as_property, condition, feature
from exactzones.rational import Row, Vector, dot, entries
from exactzones.rational.float_formats import REAL, FloatArithmetic
from exactzones.zones import find_zones
from exactzones.zones.attained import attaining_point


@dataclass(frozen=True)
class ProvedMaximum:
    """The supremum of a feature on a domain; in floats, bounds of its largest value.

    Attributes:
        value: the largest value; None if the feature is unbounded.  In floats a number that no order of summation exceeds.
        point: where the feature has this value (see ``attained``) or, if it is unbounded, where the ray starts.
        ray: a direction in which it grows without bound.
        certificate: proves that the feature is nowhere greater than ``value``; None if it is unbounded.
        attained: whether a point of the domain has this value: strict rows of the domain may exclude all that have it, and
            ``point`` is then one of them, on the boundary.  None if that is not known, as always in floats.
        reached: in floats, a number that every order of summation exceeds at ``point``; None if none is known.
    """

    value: Fraction | None
    point: Vector
    ray: Vector | None
    certificate: Certificate | None
    attained: bool | None = True
    reached: Fraction | None = None

    def __repr__(self) -> str:
        if self.ray is not None:
            return f"ProvedMaximum(unbounded, from {point_text(self.point)} along {point_text(self.ray)})"
        value = "" if self.value is None else number(self.value)
        if self.reached is not None:
            return f"ProvedMaximum(from {number(self.reached)}, at {point_text(self.point)}, to {value})"
        attained = {True: "", False: ", not attained", None: ", perhaps not attained"}[self.attained]
        return f"ProvedMaximum({value} at {point_text(self.point)}{attained}{'' if self.certificate else ', not proved'})"


def check(
    network: NetworkLike,
    prop: PropertyLike,
    domain: DomainLike,
    certificate: Certificate | Iterable[str] | str | PathLike[str],
    *,
    arithmetic: str = REAL,
    seconds: float | Deadline | None = None,
) -> Report:
    """Check a certificate against a claim: that the property holds nowhere on the domain, or in the listed zones only.

    Args:
        network: the network, or the path of its file.
        prop: a feature, a conjunction of conditions, or a disjunction.
        domain: a polyhedron or a box; None is all of the input space.
        certificate: from ``certify`` or ``prove_complete``, the path of its file, or its lines; the claim is not taken from it.
        arithmetic: that the claim is about, as for ``certify``.
        seconds: time limit, or a deadline that has begun already.  When time is up, the verdict is ``not checked``.

    Raises:
        InputError: an argument that does not fit.  (A certificate that is wrong raises no error: the report says why.)

    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> str(check(net, 0, (-1, 1), certify(net, 0, (-1, 1)).certificate))
    'valid'
    """
    until, loaded = as_deadline(seconds), as_network(network)
    cases, lines = cases_of(loaded, prop, domain, arithmetic=arithmetic), _lines(certificate)
    try:
        return check_lines(loaded, cases, until.watch(lines))
    except BudgetExceeded as stopped:
        return Report("not checked", why=stopped.reason)


def _lines(certificate: Any) -> Iterable[str]:
    if isinstance(certificate, Certificate):
        return certificate.lines
    if isinstance(certificate, (str, PathLike)):
        if problem := unreadable(certificate):
            raise InputError(f"certificate is {quoted(str(certificate))}; expected the path of a file: {problem}")
        return lines_of(Path(certificate))
    if isinstance(certificate, Iterable) and not isinstance(certificate, (bytes, Mapping)):
        return (as_line(line) for line in certificate)
    raise InputError(f"certificate is {quoted(certificate)}; expected certify(..).certificate, or the path of a file")


def as_line(line: Any) -> str:
    """Return a line of a certificate.

    Raises:
        InputError: not text.
    """
    if not isinstance(line, str):
        raise InputError(f"a line of the certificate is {quoted(line)}; expected text")
    return line


def conjunction(*properties: PropertyLike) -> Property:
    """Return the conjunction of properties.

    Args:
        properties: any number, each a property or the number of a feature; none gives the property that always holds.

    >>> str(conjunction(feature(0), 1))
    'z-1[0] > 0 and z-1[1] > 0'
    """
    return reduce(and_, map(as_property, properties), Property(()))


@renamed_argument("one", "features")
def never_together(
    network: NetworkLike,
    features: PropertyLike | Sequence[PropertyLike],
    other: PropertyLike | DomainLike = None,
    domain: DomainLike = None,
    *,
    layer: int = -1,
    arithmetic: str = REAL,
    seconds: float | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
) -> Decision:
    """Decide whether two features can fire at the same point: CannotFire means never together.

    ``never_together(net, [0, 1], domain)`` and ``never_together(net, 0, 1, domain)`` are the same.

    Args:
        network: the network, or the path of its file.
        features: a list of two features, or the first one: numbers of units, or properties.
        other: the second feature, if ``features`` is the first one; otherwise the domain.
        domain: a polyhedron or a box; None is all of the input space.
        layer: of features that are passed as numbers; 0 is the first, -1 the last.
        arithmetic: in which the network is evaluated, as for ``certify``.
        seconds: time limit.
        jobs: number of processes on this machine.
        executor: its workers take part.

    Raises:
        InputError: an argument that does not fit.
    """
    if isinstance(features, (Property, Condition)) or not isinstance(features, Iterable):
        pair, region = [features, other], domain
    else:
        pair, region = entries(features, "features", "two features, such as [0, 1]"), other if domain is None else domain
        if domain is not None and other is not None:
            raise InputError(f"other is {quoted(other)} after a list of features; write never_together(net, [0, 1], domain)")
    if len(pair) != 2:
        raise InputError(f"features are {quoted(pair)}; write never_together(net, [0, 1]), or certify(net, conjunction(..))")
    both = conjunction(*(as_property(each, "feature", layer=layer) for each in pair))
    loaded = as_network(network)
    place = as_domain(region, loaded.inputs)
    direct = Direct.of(loaded, place) if arithmetic == REAL else None
    answer = None if direct is None else direct.decide(both)
    options: dict[str, Any] = {"arithmetic": arithmetic, "seconds": seconds, "jobs": jobs, "executor": executor}
    return answer or certify(loaded, both, place, **options)


@renamed_argument("index", "unit")
def maximum(
    network: NetworkLike,
    unit: PropertyLike,
    domain: DomainLike = None,
    *,
    layer: int = -1,
    arithmetic: str = REAL,
    seconds: float | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
) -> ProvedMaximum:
    """Return the exact supremum of a feature on a domain, with a certificate that the feature is nowhere greater.

    From a point of the domain, an exact linear program climbs to the feature's maximum on the point's cell.  Then certification
    decides whether the feature is larger anywhere; if so, the witness is the next point.  On a box of many inputs, the features
    of the first layer need no search.  In floats, the numbers around this maximum are tried until one is proved to be a bound.

    Args:
        network: the network, or the path of its file.
        unit: its number, or ``feature(2)`` without a threshold.
        domain: a polyhedron or a box; None is all of the input space.
        layer: of a unit that is passed as a number; 0 is the first, -1 the last.
        arithmetic: in which the network is evaluated, as for ``certify``.
        seconds: time limit.
        jobs: number of processes on this machine.
        executor: its workers take part.

    Raises:
        BudgetExceeded: time is up, or the network is too large for the proof that nothing is greater; ``found`` is the largest
            value over the reals so far with its point, without a certificate.
        DomainError: the domain is empty.
        InputError: more inputs than exact linear programs are solved for, or another argument that does not fit.
    """
    loaded = as_network(network)
    number, of_layer = as_unit(unit, layer)
    feature(number, layer=of_layer).resolve(loaded.widths)
    region = as_domain(domain, loaded.inputs)
    case_of(loaded, feature(number, layer=of_layer), region, arithmetic=arithmetic)
    until, options = Deadline(as_seconds(seconds)), {"jobs": jobs, "executor": executor}
    best = _real_maximum(_Climb(loaded, number, of_layer, region), until, options)
    floats = FloatArithmetic.of(arithmetic)
    if floats is None or best.value is None:
        return best
    search = FloatMaximum(loaded, lambda value: feature(number, value, of_layer), region, floats)
    try:
        value, certificate = search.bound(best.value, until, options)
    except BudgetExceeded as stopped:
        raise BudgetExceeded(stopped.reason, replace(best, certificate=None)) from None
    point, reached = search.reached(best.point) or (best.point, None)
    return ProvedMaximum(value, point, None, certificate, None, reached)


def _real_maximum(climb: _Climb, until: Deadline, options: dict[str, Any]) -> ProvedMaximum:
    """Return the maximum over the reals."""
    affine = None if climb.layer % len(climb.network.widths) else Direct.of(climb.network, climb.domain)
    if affine is not None and (best := affine.maximum(climb.unit)) is not None:
        return ProvedMaximum(*best[:2], None, best[2].certificate)
    if climb.network.inputs > MAXIMUM_INPUTS:
        raise InputError(
            f"the network has {climb.network.inputs} inputs; the exact maximum is computed for at most {MAXIMUM_INPUTS}, "
            "or for a unit of the first layer on a box"
        )
    return climb.run(until, options)


@dataclass(frozen=True)
class _Climb:
    """The search for the maximum of a unit on a domain, from one cell's maximum to the next."""

    network: Network
    unit: int
    layer: int
    domain: Polyhedron | None

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The domain's rows ``b + a . x >= 0``."""
        return tuple(case_of(self.network, feature(self.unit, layer=self.layer), self.domain).rows)

    def run(self, until: Deadline, options: dict[str, Any]) -> ProvedMaximum:
        """Climb until the unit is nowhere greater; ``options`` are those of ``certify``."""
        start = lp.feasibility(HRep.of(self.network.inputs, self.rows))
        if isinstance(start, lp.Infeasible):
            raise DomainError("the domain is empty")
        value, point, ray = self.top_of_cell(start)
        while ray is None:
            higher = feature(self.unit, value, self.layer)
            decision = certify(self.network, higher, self.domain, seconds=until, **options)
            if isinstance(decision, CannotFire):
                point, attained = self.attained(value, point, until)
                return ProvedMaximum(value, point, None, decision.certificate, attained)
            if isinstance(decision, Undecided):
                known = True if self.is_inside(point) else None
                raise BudgetExceeded(decision.reason, ProvedMaximum(value, point, None, None, known))
            value, point, ray = self.top_of_cell(decision.witness)
        return ProvedMaximum(None, point, ray, None, attained=False)

    def is_inside(self, point: Vector) -> bool:
        """Tell whether a point of the closed domain satisfies its strict rows."""
        return self.domain is None or self.domain.contains(point)

    def attained(self, value: Fraction, point: Vector, until: Deadline) -> tuple[Vector, bool | None]:
        """Return a point where the feature has its supremum, in the domain if possible, and whether it is: None if not known."""
        if self.domain is None or self.is_inside(point):
            return point, True
        if self.network.inputs > CELL_SEARCH_INPUTS or until.passed:
            return point, None
        top = condition({self.unit: 1}, -value, layer=self.layer, strict=False)
        try:
            zones = find_zones(self.network, top, self.domain, seconds=until)
        except (BudgetExceeded, DomainError):
            return point, None
        inside = attaining_point(self.domain, value, zones)
        return (point, False) if inside is None else (inside, True)

    def top_of_cell(self, point: Vector) -> tuple[Fraction, Vector, Vector | None]:
        """Return the maximum over the closed cell that contains a point, where it is attained, and a ray if it is infinite."""
        network, layer = self.network, self.layer % len(self.network.widths)
        pattern = network.pattern(point, layer)
        maps = network.regime_maps(pattern, layer)
        slope, constant = maps[layer].matrix.rows[self.unit], maps[layer].offset[self.unit]
        best = lp.maximize(HRep.of(network.inputs, (*self.rows, *cell_rows(network, pattern, maps[:layer]))), slope)
        if isinstance(best, lp.Optimal):
            return best.value + constant, best.point, None
        if isinstance(best, lp.Unbounded):
            return dot(slope, best.point) + constant, best.point, best.ray
        return dot(slope, point) + constant, point, None
