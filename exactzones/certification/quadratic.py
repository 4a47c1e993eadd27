"""Questions of degree 2, decided cell by cell: on a cell of the network its outputs are affine functions of the inputs."""

from __future__ import annotations

from collections.abc import Sequence

from exactzones.affine import AffineMap
from exactzones.deadline import Deadline
from exactzones.engine.search import stream_zones
from exactzones.errors import DomainError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.flats import free_inputs
from exactzones.polyhedra.quadrics import QuadraticCondition, point_satisfying
from exactzones.property import Property
from exactzones.rational import Vector

MAX_INPUTS = 3
"""Largest number of inputs for conditions of degree 2."""


def find_quadratic(
    network: Network, prop: Property, domain: Polyhedron, conditions: Sequence[QuadraticCondition], seconds: Deadline
) -> Vector | None:
    """Return a point of a domain at which a property and conditions of degree 2 hold; None if there is none.

    Args:
        network: its last layer has no ReLU.
        prop: conditions on the outputs; there may be none.
        domain: bounded, of up to 3 dimensions.
        conditions: on the outputs; at least one.
        seconds: time limit.

    Returns:
        A point, shape (inputs,); it may be irrational, in a field Q(sqrt(D)).

    Raises:
        DomainError: another domain.
        BudgetExceeded: the time ran out.
        InexactError: several conditions on one cell could not be decided together.
    """
    if domain.is_empty:
        return None
    if not domain.is_bounded or domain.dim > MAX_INPUTS:
        raise DomainError(
            f"the domain has {'' if domain.is_bounded else 'no bounds and '}{domain.dim} inputs that are not fixed; conditions "
            f"of degree 2 are decided on bounded domains with up to {MAX_INPUTS} of them"
        )
    if domain.dim == 0:
        point = domain.interior_point()
        outputs = network(point)
        return point if network.satisfies(point, prop) and all(each.holds(outputs) for each in conditions) else None
    embedding = free_inputs(domain)
    if embedding is not None:
        inner = find_quadratic(network.compose(embedding), prop, domain.preimage(embedding), conditions, seconds)
        return None if inner is None else embedding(inner)
    strict = Polyhedron.of(network.inputs, strict=domain.hrep.strict)
    for zone in stream_zones(network, prop, domain, seconds=seconds):
        found = _point_in(zone.firing.intersect(strict), conditions, zone.affine)
        if found is not None:
            return found
    return None


def _point_in(part: Polyhedron, conditions: Sequence[QuadraticCondition], outputs: AffineMap) -> Vector | None:
    """Return a point of a part of a cell at which the conditions hold; see ``point_satisfying``."""
    return point_satisfying([condition.preimage(outputs) for condition in conditions], part)
