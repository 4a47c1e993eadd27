"""Questions that certification answers: the exact maximum, features that never fire, features that never fire together."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import and_

from exactzones.certification.decide import case_of, certify
from exactzones.certification.results import CanFire, CannotFire, Certificate, Decision, Undecided
from exactzones.certification.witness.search import cell_rows
from exactzones.checker import Report
from exactzones.checker import check as check_lines
from exactzones.errors import BudgetExceeded, DomainError, FeatureError, InputError
from exactzones.network import Network
from exactzones.polyhedra import HRep, Polyhedron, lp
from exactzones.property import Property, feature
from exactzones.rational import Row, Vector, dot

_MOST_LP_INPUTS = 32


@dataclass(frozen=True)
class ProvedMaximum:
    """The supremum of a feature on a domain.

    Attributes:
        value: the largest value; None if the feature is unbounded.
        point: where it is attained, or where the ray starts.
        ray: a direction in which it grows for ever.
        certificate: that the feature is nowhere greater than ``value``; None if it is unbounded.
    """

    value: Fraction | None
    point: Vector
    ray: Vector | None
    certificate: Certificate | None


def check(network: Network, prop: Property, domain: Polyhedron | None, certificate: Certificate | Iterable[str]) -> Report:
    """Check a certificate against a claim: that the property holds nowhere on the domain, or in the listed zones only.

    Args:
        network: the network.
        prop: a feature or a conjunction of conditions.
        domain: a polyhedron; None is all of the input space.
        certificate: from ``certify`` or ``prove_complete``, or the lines of a file; nothing of the claim is taken from it.

    >>> from exactzones import Polyhedron
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> box = Polyhedron.box(-1, 1, dim=1)
    >>> str(check(net, feature(0), box, certify(net, feature(0), box).certificate))
    'valid'
    """
    lines = certificate.lines if isinstance(certificate, Certificate) else certificate
    return check_lines(network, [case_of(network, prop, domain)], lines)


def conjunction(*properties: Property) -> Property:
    """Return the property that all of these hold at once.

    Args:
        properties: any number; none gives the property that always holds.

    >>> str(conjunction(feature(0), feature(1)))
    'z-1[0] > 0 and z-1[1] > 0'
    """
    return reduce(and_, properties, Property(()))


def never_together(
    network: Network, one: int, other: int, domain: Polyhedron | None = None, *, layer: int = -1, seconds: float | None = None
) -> Decision:
    """Decide whether two features can fire at the same point: CannotFire means never together.

    Args:
        network: the network.
        one: which unit.
        other: which other unit.
        domain: a polyhedron; None is all of the input space.
        layer: which layer; 0 is the first, -1 the last.
        seconds: how long it may take; None is no limit.
    """
    return certify(network, conjunction(feature(one, layer=layer), feature(other, layer=layer)), domain, seconds=seconds)


def dead_features(
    network: Network, domain: Polyhedron | None = None, *, layer: int = -1, seconds: float | None = None
) -> dict[int, CannotFire | Undecided]:
    """Return the features of a layer that fire nowhere on a domain, each with its certificate.

    Args:
        network: the network.
        domain: a polyhedron; None is all of the input space.
        layer: which layer; 0 is the first, -1 the last.
        seconds: for each feature; those that are not decided in this time are returned as Undecided.

    Raises:
        FeatureError: there is no such layer.
    """
    if not -len(network.widths) <= layer < len(network.widths):
        raise FeatureError(f"layer {layer} does not exist: the network's layers are 0 to {len(network.widths) - 1}")
    found = {}
    for unit in range(network.widths[layer]):
        decision = certify(network, feature(unit, layer=layer), domain, seconds=seconds)
        if not isinstance(decision, CanFire):
            found[unit] = decision
    return found


def maximum(
    network: Network, index: int, domain: Polyhedron | None = None, *, layer: int = -1, seconds: float | None = None
) -> ProvedMaximum:
    """Return the exact supremum of a feature on a domain, with a certificate that nothing is higher.

    From a point where the feature is larger than anything before, an exact linear program climbs to the top of the cell it is in;
    then it is decided whether the feature can be larger still.

    Args:
        network: the network.
        index: which unit.
        domain: a polyhedron; None is all of the input space.
        layer: which layer; 0 is the first, -1 the last.
        seconds: how long it may take; None is no limit.

    Raises:
        BudgetExceeded: time ran out; ``found`` is the largest value so far with its point, without a certificate.
        DomainError: the domain is empty.
        InputError: more inputs than exact linear programs are solved for.
    """
    if network.inputs > _MOST_LP_INPUTS:
        raise InputError(f"the exact maximum needs at most {_MOST_LP_INPUTS} inputs, this network has {network.inputs}")
    end = None if seconds is None else time.monotonic() + seconds
    rows = () if domain is None else case_of(network, feature(index, layer=layer), domain).rows
    start = lp.feasibility(HRep.of(network.inputs, rows))
    if isinstance(start, lp.Infeasible):
        raise DomainError("the domain is empty")
    value, point, ray = _top_of_cell(network, index, layer, rows, start)
    while ray is None:
        left = None if end is None else end - time.monotonic()
        decision = certify(network, feature(index, value, layer), domain, seconds=left if left is None else max(left, 0.01))
        if isinstance(decision, CannotFire):
            return ProvedMaximum(value, point, None, decision.certificate)
        if isinstance(decision, Undecided):
            raise BudgetExceeded(decision.reason, ProvedMaximum(value, point, None, None))
        value, point, ray = _top_of_cell(network, index, layer, rows, decision.witness)
    return ProvedMaximum(None, point, ray, None)


def _top_of_cell(
    network: Network, index: int, layer: int, rows: tuple[Row, ...], point: Vector
) -> tuple[Fraction, Vector, Vector | None]:
    """Return the largest value in the closed cell around a point, where it is, and a ray if there is no largest."""
    layer %= len(network.widths)
    pattern = network.pattern(point, layer)
    maps = network.regime_maps(pattern, layer)
    slope, constant = maps[layer].matrix.rows[index], maps[layer].offset[index]
    best = lp.maximize(HRep.of(network.inputs, (*rows, *cell_rows(network, pattern, maps[:layer]))), slope)
    if isinstance(best, lp.Optimal):
        return best.value + constant, best.point, None
    if isinstance(best, lp.Unbounded):
        return dot(slope, best.point) + constant, best.point, best.ray
    return dot(slope, point) + constant, point, None
