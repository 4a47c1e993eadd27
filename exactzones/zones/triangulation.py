"""A triangulation of a bounded domain on whose simplices features and their ReLUs are affine, as the lines of a certificate.

Each face of the regions is cut into pyramids from its first vertex over its facets that do not contain it, so that neighbouring
regions are cut alike on their common faces.  ``checker/triangulated.py`` says what a file proves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from exactzones.arguments import as_deadline
from exactzones.checker.records import Case, require_rational
from exactzones.checker.triangulated import FORMAT, Simplex
from exactzones.deadline import Deadline
from exactzones.errors import DomainError
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.complexes import FaceComplex
from exactzones.property import Property
from exactzones.rational import SparseRows, exact, text
from exactzones.zones.listing import find_zones
from exactzones.zones.regions import Regions
from exactzones.zones.units import ending_at


def certificate_lines(
    network: Network,
    units: Sequence[int],
    domain: Polyhedron | None,
    header: dict[str, Any],
    *,
    layer: int = -1,
    threshold: Any = 0,
    seconds: float | Deadline | None = None,
) -> Iterator[str]:
    """Yield the lines of a certificate for numbers about features.

    Args:
        network: the network.
        units: the feature, then the others.
        domain: bounded and closed.
        header: "kind" ("measure" or "topology") and "numbers"; for topology also "open".
        layer: of the features.
        threshold: that is subtracted from the first feature.
        seconds: the time limit.

    Raises:
        BudgetExceeded: time is up.
        DomainError: the domain is unbounded, or leaves out sides.
        InexactError: an irrational number.
    """
    require_certifiable(network, domain)
    deadline = as_deadline(seconds)
    *layers, last = ending_at(network, layer, units, relu=True).layers
    cut = Layer(last.weight, (last.bias[0] - exact(threshold, "threshold"), *last.bias[1:]), last.relu)
    whole = Network((*layers, cut, Layer.of([[1] * len(units)], relu=False)))
    regions = Regions.of(whole, domain, partial(find_zones, seconds=deadline), deadline)
    simplices = list(_simplices(regions.faces, deadline))
    counts = {"vertices": len(regions.points), "simplices": len(simplices)}
    yield json.dumps({"format": FORMAT, "network": network.sha256, "with": list(units[1:]), **header, **counts})
    yield from (f"[{', '.join(map(text, point))}]" for point in regions.points)  # json refuses more than 4,300 digits
    yield from map(json.dumps, simplices)


def require_certifiable(network: Network, domain: Polyhedron | None) -> None:
    """Raise an error for a network or a domain that has no such certificate.

    Raises:
        DomainError: the domain is unbounded, or leaves out sides.
        InexactError: an irrational number.
    """
    if domain is None or not domain.is_bounded or domain.hrep.strict:
        raise DomainError('a certificate of numbers is about a bounded domain with its sides, such as "-1:1"')
    require_rational(network, Case(SparseRows.of(domain.hrep.closed_rows), Property(())))


def _simplices(faces: FaceComplex, deadline: Deadline) -> Iterator[Simplex]:
    """Yield the simplices of all cells."""
    below: list[list[int]] = [[] for _ in faces.dims]
    for face, facet in faces.facets.tolist():
        below[face].append(facet)
    known: dict[int, list[Simplex]] = {}

    def cut(face: int) -> list[Simplex]:
        if face not in known:
            apex = faces.corners(face)[0]
            bases = [facet for facet in below[face] if faces.corners(facet)[0] != apex]
            known[face] = [(apex, *base) for facet in bases for base in cut(facet)] if below[face] else [(apex,)]
        return known[face]

    for face in deadline.watch((faces.dims == faces.dim).nonzero()[0].tolist()):
        yield from cut(face)
