"""The proof that an island of zones is complete: certificates for the facets where it ends.

An island is a connected component of the set on which a property with strict conditions holds.  A path that leaves the island's
zones within this set can be moved a little, so that it crosses facets in their relative interiors only.  So an island is complete
if every facet of its zones is the end of the domain, leads to another of its zones, or has a certificate that the property holds
nowhere on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exactzones.arguments import as_deadline
from exactzones.certification.decide import certify
from exactzones.certification.results import CannotFire, Certificate, Undecided
from exactzones.deadline import Deadline
from exactzones.errors import BackendError, InputError, require
from exactzones.polyhedra import Polyhedron
from exactzones.zones import Exploration, ZoneFacet


@dataclass(frozen=True)
class BorderFacet:
    """A facet at which an island ends, inside the domain.

    Attributes:
        zone: the number of its zone in the exploration.
        facet: the facet.
        domain: the facet as a polyhedron, given to the checker as the domain.
        certificate: proves that the property holds nowhere on it.
    """

    zone: int
    facet: ZoneFacet
    domain: Polyhedron = field(repr=False)
    certificate: Certificate = field(repr=False)


def prove_island(found: Exploration, *, seconds: float | Deadline | None = None) -> tuple[BorderFacet, ...] | Undecided:
    """Return a certificate for each facet at which an island ends: together they prove that the island is complete.

    ``check(network, prop, border.domain, border.certificate)`` checks one of them.

    Args:
        found: what ``explore`` returned, of one island, without a radius that it reached.
        seconds: the time limit, or a deadline that has begun already.

    Returns:
        The facets; ``Undecided`` if time was up.

    Raises:
        InexactError: the network, the property or the domain has an irrational number.
        InputError: the list is not that of one complete island.

    >>> from exactzones import Network, explore
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> [border.facet.row for border in prove_island(explore(net, 0, ["3/2"]))]
    [(0, 1)]
    """
    require(found, Exploration, "found", "what explore(network, prop, at=point) returns")
    if not found.complete or found.farther or found.everywhere:
        raise InputError(f"{found} is not a complete island; explore without everywhere, a radius and limits that are reached")
    deadline = as_deadline(seconds)
    inside = {near.pattern for near in found}
    borders = []
    for k, near in enumerate(found):
        for facet in near.local.facets:
            if not facet.flips or near.local.across(facet).pattern in inside:
                continue
            others = [row for row in near.local.hrep.rows if row != facet.row]
            domain = Polyhedron.of(found.network.inputs, others, equations=[facet.row])
            decision = certify(found.network, found.prop, domain, seconds=deadline)
            if isinstance(decision, Undecided):
                return decision
            if not isinstance(decision, CannotFire):
                raise BackendError(f"the property holds at {decision.witness}, where an island was said to end")
            borders.append(BorderFacet(k, facet, domain, decision.certificate))
    return tuple(borders)
