"""Exact means and variances of features on a bounded domain, and how two features go together.

Every number follows from lists of zones: of a feature, of its negative, and of the sum of two ReLUs,
``s = ReLU(f) + ReLU(g)``, which is positive where one of the features fires:

    E[f] = E[ReLU(f)] - E[ReLU(-f)],      E[f^2] = E[ReLU(f)^2] + E[ReLU(-f)^2],
    P(f and g fire) = P(f fires) + P(g fires) - P(s > 0),
    2 E[ReLU(f) ReLU(g)] = E[s^2] - E[ReLU(f)^2] - E[ReLU(g)^2].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial

from exactzones.arguments import (
    DomainLike,
    NetworkLike,
    Progress,
    PropertyLike,
    as_deadline,
    as_domain,
    as_network,
    as_numbers,
)
from exactzones.deadline import Deadline
from exactzones.engine.search import stream_zones
from exactzones.errors import BudgetExceeded, DomainError, reason_of
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.notation import number, point
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, condition, feature
from exactzones.rational import Vector, sum_of_products
from exactzones.rational.floats import ratio_as_float
from exactzones.zones.listing import Zones, find_zones
from exactzones.zones.units import ending_at, too_many_inputs, unit_of
from exactzones.zones.volumes import firing_centroid

_Moments = tuple[Fraction, Fraction, Fraction]
_SUM = Layer.of([[1, 1]], relu=False)
_NEGATIVE = condition([-1])
_MINUS = Fraction(-1)


@dataclass(frozen=True)
class PairMeasures:
    """How the ReLUs of two features go together.

    Attributes:
        both_fire: the share of the domain on which both fire.
        covariance_relu: the covariance of their ReLUs.
        correlation_relu: their correlation, from -1 to 1, in floats; None if one of them is constant.
    """

    both_fire: Fraction
    covariance_relu: Fraction
    correlation_relu: float | None

    def __repr__(self) -> str:
        return f"PairMeasures(both_fire={number(self.both_fire)}, covariance_relu={number(self.covariance_relu)})"


@dataclass(frozen=True)
class Measures:
    """Exact numbers about a feature at a point that is uniform on the domain; None where time did not suffice.

    Attributes:
        share: of the domain, on which the feature fires: it is greater than 0.
        mean_relu: the mean of the feature's ReLU.
        variance_relu: its variance.
        centroid: the mean input at which the feature fires, shape (inputs,); None also if it fires nowhere.
        mean: the mean of the feature, before its ReLU.
        variance: its variance.
        pairs: for other features, by their numbers, how they go together with this one.
    """

    share: Fraction | None = None
    mean_relu: Fraction | None = None
    variance_relu: Fraction | None = None
    centroid: Vector | None = None
    mean: Fraction | None = None
    variance: Fraction | None = None
    pairs: Mapping[int, PairMeasures] = field(default_factory=dict)

    def __repr__(self) -> str:
        known = {name: getattr(self, name) for name in ("share", "mean_relu", "variance_relu", "mean", "variance")}
        parts = [f"{name}={number(value)}" for name, value in known.items() if value is not None]
        parts += [] if self.centroid is None else [f"centroid={point(self.centroid)}"]
        return f"Measures({', '.join([*parts, *(['pairs=' + repr(dict(self.pairs))] if self.pairs else [])])})"


def measure(
    network: NetworkLike,
    unit: PropertyLike,
    domain: DomainLike,
    others: int | Iterable[int] = (),
    *,
    layer: int = -1,
    seconds: float | Deadline | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Measures:
    """Return exact means and variances of a feature on a domain, and how it goes together with others.

    Args:
        network: the network, or the path of its file.
        unit: the feature, such as 2 or ``feature(2)``.
        domain: bounded and full-dimensional; a point is uniform on it.
        others: numbers of features of the same layer, or one number.
        layer: of the features; 0 is the first, -1 the last.
        seconds: the time limit, or a deadline that has begun already.
        jobs: the number of processes that search for zones; see ``find_zones``.
        executor: searches with its workers.
        progress: called with (cells visited, zones found) in each of the searches.

    Raises:
        BudgetExceeded: time is up, the user interrupted, or the other numbers need volumes in too many inputs; ``found`` has the
            numbers that are known.
        DomainError: the domain is unbounded, or a box of 10 or more inputs, for which there are no volumes, and the feature fires
            somewhere in it.
        InputError: another argument that does not fit.

    >>> from exactzones import Network
    >>> found = measure(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])]), 0, (-2, 2))    # |x| - 1
    >>> found.share, found.mean, found.mean_relu, found.variance_relu
    (Fraction(1, 2), Fraction(0, 1), Fraction(1, 4), Fraction(5, 48))
    """
    loaded = as_network(network)
    chosen, at = unit_of(loaded, unit, layer)
    partners = as_numbers(others, "others", loaded.widths[at])
    region, deadline = as_domain(domain, loaded.inputs), as_deadline(seconds)
    if region is None or not region.is_bounded:
        raise DomainError('a mean over an unbounded domain does not exist; name a bounded one, such as "-1:1"')
    search = partial(find_zones, domain=region, seconds=deadline, jobs=jobs, executor=executor, progress=progress)

    def zones(units: list[int], prop: Property) -> Zones:
        ending = ending_at(loaded, at, units, relu=True)
        asked = ending if len(units) == 1 else Network((*ending.layers, _SUM))
        _require_volumes(asked, prop, region, deadline)
        listed = search(asked, prop)
        deadline.check()
        return listed

    found = Measures()
    try:
        for fuller in _measured(chosen, partners, zones):
            found = fuller
    except (BudgetExceeded, KeyboardInterrupt) as stopped:
        raise BudgetExceeded(reason_of(stopped), found) from None
    except DomainError as too_many:
        if found == Measures():
            raise
        raise BudgetExceeded(str(too_many), found) from None
    return found


def covariance(
    network: NetworkLike, unit: PropertyLike, other: int, domain: DomainLike, *, layer: int = -1, seconds: float | None = None
) -> Fraction:
    """Return the exact covariance of the ReLUs of two features of a layer; see ``measure``.

    >>> from exactzones import Network
    >>> covariance(Network.mlp([([[1], [-1]], [0, 0])]), 0, 1, (-1, 1))    # of ReLU(x) and ReLU(-x)
    Fraction(-1, 16)
    """
    found = measure(network, unit, domain, [other], layer=layer, seconds=seconds)
    return found.pairs[other].covariance_relu


def _require_volumes(network: Network, prop: Property, domain: Polyhedron, deadline: Deadline) -> None:
    """Refuse a property that holds somewhere, if the zones are listed without the vertices that volumes need.

    Raises:
        BudgetExceeded: time is up.
        DomainError: there are too many inputs.
    """
    problem = too_many_inputs(network, prop, domain, "volumes are")
    if problem and next(stream_zones(network, prop, domain, seconds=deadline), None) is not None:
        raise DomainError(problem)


def _measured(unit: int, partners: Sequence[int], zones_of: Callable[[list[int], Property], Zones]) -> Iterator[Measures]:
    """Yield what is known of a feature after each step.

    Args:
        unit: the feature.
        partners: the others.
        zones_of: returns the zones of a property of one unit, or of the sum of the ReLUs of two.
    """
    zones = zones_of([unit], feature(0))
    own = _moments(zones)
    found = Measures(own[0], own[1], _variance(own[2], own[1]), _centroid(zones, own[0]))
    yield found
    below = _moments(zones_of([unit], _NEGATIVE))
    mean = sum_of_products([(own[1],), (_MINUS, below[1])])
    found = replace(found, mean=mean, variance=sum_of_products([(own[2],), (below[2],), (_MINUS, mean, mean)]))
    yield found
    for partner in partners:
        other, joined = _moments(zones_of([partner], feature(0))), _moments(zones_of([unit, partner], feature(0)))
        found = replace(found, pairs={**found.pairs, partner: _pair(own, other, joined)})
        yield found


def _moments(zones: Zones) -> _Moments:
    share, first, second = zones.moments(2)
    return share, first, second


def _centroid(zones: Zones, share: Fraction) -> Vector | None:
    """Return ``zones.centroid()``, given the share of the bounded domain: the volume need not be integrated once more."""
    if not share or zones.domain is None:
        return None
    return firing_centroid(zones.zones, sum_of_products([(share, zones.domain.cell().volume())]))


def _pair(one: _Moments, other: _Moments, joined: _Moments) -> PairMeasures:
    """Return how two ReLUs go together, from the moments 0, 1 and 2 of both and of their sum."""
    half = Fraction(1, 2)
    covariance = sum_of_products([(half, joined[2]), (-half, one[2]), (-half, other[2]), (_MINUS, one[1], other[1])])
    variances = [_variance(second, mean) for _, mean, second in (one, other)]
    correlation = None
    if all(variances):
        square = ratio_as_float((covariance, covariance), variances)
        correlation = math.copysign(math.sqrt(square), 1 if covariance >= 0 else -1)
    return PairMeasures(sum_of_products([(one[0],), (other[0],), (_MINUS, joined[0])]), covariance, correlation)


def _variance(second: Fraction, mean: Fraction) -> Fraction:
    """Return a variance, given the mean of the square and the mean."""
    return sum_of_products([(second,), (_MINUS, mean, mean)])
