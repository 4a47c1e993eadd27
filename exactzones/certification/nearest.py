"""The nearest input at which a property holds, without a list of zones: an exact answer, or a proved bracket.

``ball`` has the search; this module reads its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from exactzones.arguments import DomainLike, NetworkLike, PropertyLike, as_deadline, as_domain, as_network
from exactzones.certification.ball.answer import NearestInput
from exactzones.certification.ball.approach import Approach
from exactzones.deadline import Deadline
from exactzones.errors import DimensionError, DomainError
from exactzones.polyhedra.projection import Norm, named_norm
from exactzones.property import Disjunction, as_cases

__all__ = ["NearestInput", "nearest_input", "radius"]


def nearest_input(
    network: NetworkLike,
    prop: PropertyLike | Disjunction,
    point: Any,
    norm: Norm = 2,
    domain: DomainLike = None,
    *,
    seconds: float | Deadline | None = None,
    progress: Callable[[Fraction, Fraction | None], None] | None = None,
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
        progress: called now and then with the bounds so far: ``lower`` and ``upper`` of the answer.

    Returns:
        The distance and the input; None if the property holds nowhere on the domain, which was proved.

    Raises:
        DimensionError: the point does not have one number per input.
        DomainError: the point lies outside the domain.
        InputError: another argument that does not fit.

    >>> from exactzones import Network
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> answer = nearest_input(net, 0, ["1/3"], "inf")
    >>> answer.exact, answer.upper, answer.point, answer.attained
    (True, Fraction(2, 3), (Fraction(1, 1),), False)
    """
    loaded, chosen, deadline = as_network(network), named_norm(norm), as_deadline(seconds)
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
    return Approach(loaded, Disjunction(cases), start, chosen, region, deadline, progress).run()


def radius(
    network: NetworkLike,
    prop: PropertyLike | Disjunction,
    point: Any,
    norm: Norm = 2,
    domain: DomainLike = None,
    *,
    seconds: float | Deadline | None = None,
) -> NearestInput | None:
    """Return how far a property stays true around a point: the nearest input at which it does not hold.

    Args:
        network: the network, or the path of its file.
        prop: a feature, a conjunction of conditions (such as "this class is the greatest"), or a disjunction.
        point: shape (inputs,), in the domain.
        norm: 1 (sum of changes), 2 (Euclidean) or "inf" (largest change).
        domain: a polyhedron or a box; None is all of the input space.
        seconds: time limit, or a deadline that has begun already.

    Returns:
        As ``nearest_input`` of the negated property: with the distance 0 if the property does not hold at the point; None if it
        holds on the whole domain, which was proved.

    Raises:
        DimensionError: the point does not have one number per input.
        DomainError: the point lies outside the domain.
        InputError: another argument that does not fit, or a property whose negation has too many cases.

    >>> from exactzones import Network
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> radius(net, 0, [3], "inf").upper
    Fraction(2, 1)
    """
    return nearest_input(network, ~Disjunction(as_cases(prop)), point, norm, domain, seconds=seconds)
