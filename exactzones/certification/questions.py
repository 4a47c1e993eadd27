"""Questions that certification answers: the exact maximum, features that never fire, features that never fire together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import reduce
from operator import and_
from os import PathLike
from pathlib import Path
from typing import Any

from exactzones.arguments import DomainLike, NetworkLike, PropertyLike, as_deadline, as_domain, as_network, as_unit
from exactzones.certification.climb import Climb, real_maximum
from exactzones.certification.decide import case_of, cases_of, certify
from exactzones.certification.direct import Direct
from exactzones.certification.float_maximum import FloatMaximum
from exactzones.certification.results import Certificate, Decision, ProvedMaximum
from exactzones.certification.run import Run
from exactzones.checker import Report, lines_of
from exactzones.checker import check as check_lines
from exactzones.deadline import Deadline
from exactzones.deprecated import renamed_argument
from exactzones.errors import BudgetExceeded, InputError, quoted
from exactzones.files import unreadable
from exactzones.property import Condition, Property, as_property, feature
from exactzones.rational import entries
from exactzones.rational.float_formats import REAL, FloatArithmetic


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

    >>> from exactzones import Network
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
    seconds: float | Deadline | None = None,
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
        seconds: time limit, or a deadline that has begun already.
        jobs: number of processes on this machine.
        executor: its workers take part.

    Raises:
        BudgetExceeded: time is up, or the network is too large for the proof that nothing is greater; ``found`` has the largest
            value over the reals so far with its point and, if there was time to prove one, a bound ``upper`` in the arithmetic.
        DomainError: the domain is empty.
        InputError: an argument that does not fit.
    """
    loaded = as_network(network)
    number, of_layer = as_unit(unit, layer)
    feature(number, layer=of_layer).resolve(loaded.widths)
    region = as_domain(domain, loaded.inputs)
    Run(
        loaded, [case_of(loaded, feature(number, layer=of_layer), region, arithmetic=arithmetic)]
    )  # refuses what floats cannot hold
    until, options = as_deadline(seconds), {"jobs": jobs, "executor": executor}
    floats = FloatArithmetic.of(arithmetic)
    best = real_maximum(Climb(loaded, number, of_layer, region, arithmetic), until, options)
    if floats is None or best.value is None:
        return best
    search = FloatMaximum(loaded, lambda value: feature(number, value, of_layer), region, floats)
    try:
        value, certificate = search.bound(best.value, until, options)
    except BudgetExceeded as stopped:
        raise BudgetExceeded(stopped.reason, replace(best, certificate=None)) from None
    point, reached = search.reached(best.point) or (best.point, None)
    return ProvedMaximum(value, point, None, certificate, None, reached)
