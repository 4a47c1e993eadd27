"""Flat polyhedra: the coordinates that are free on them."""

from __future__ import annotations

from fractions import Fraction

from exactzones.affine import AffineMap
from exactzones.errors import DomainError
from exactzones.notation import point
from exactzones.polyhedra.polyhedron import Polyhedron


def free_inputs(domain: Polyhedron | None) -> AffineMap | None:
    """Return the map from the free inputs to all inputs, if the domain fixes some of them by equations; else None.

    Where the equations fix single inputs, the free ones are the map's coordinates, in their order.

    Raises:
        DomainError: the domain is empty, or fixes every input.
    """
    if domain is None or not _has_equations(domain) or domain.dim == domain.ambient_dim:
        return None
    hull = domain.affine_hull()
    if hull.inputs == 0:
        raise DomainError(f"the domain is the single point {point(hull.offset)}; use exactzones eval")
    fixed: dict[int, Fraction] = {}
    for row in domain.irredundant.equations:
        named = [k for k, entry in enumerate(row[1:]) if entry]
        if len(named) > 1:
            return hull
        fixed[named[0]] = Fraction(-row[0], row[1 + named[0]])
    free = [k for k in range(domain.ambient_dim) if k not in fixed]
    matrix = [[int(k == j) for j in free] for k in range(domain.ambient_dim)]
    return AffineMap.of(matrix, [fixed.get(k, 0) for k in range(domain.ambient_dim)])


def _has_equations(domain: Polyhedron) -> bool:
    """Tell whether the system has an equation, or an inequality with its opposite; quick in any dimension."""
    rows = set(domain.hrep.closed_rows)
    return bool(domain.hrep.equations) or any(tuple(-entry for entry in row) in rows for row in rows)
