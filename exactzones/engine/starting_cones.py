"""The start of the forward engine: a domain as exact simplicial cones.

Cells are represented as cones over R^d, which must be pointed.  A domain with lines, such as R^d itself, is first cut by as many
neurons of the first layer as necessary: k independent ones give 2^k cones.  If all of them together leave lines, because the rank
of the first layer is too low, nothing in the network depends on those directions: the engine works on a section, on which some
coordinates are zero, and the lines are added to the cells at the end.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from exactzones.affine import AffineMap
from exactzones.errors import BackendError
from exactzones.rational import Matrix, Row, integer_dot, nullspace, primitive, rank, row_echelon


class NotPointedError(BackendError):
    """The neurons of the first layer do not make the domain pointed, and later layers depend on its lines."""


@dataclass(frozen=True)
class Section:
    """The subspace of the input space in which the engine works.

    Attributes:
        dim: dimension of the input space.
        lines: an integer basis, in echelon form, of the directions on which neither the domain nor the network depends.
        coordinates: the input coordinates that are kept; the others are zero on the section.
    """

    dim: int
    lines: tuple[Row, ...]
    coordinates: tuple[int, ...]

    @classmethod
    def of(cls, dim: int, slopes: Sequence[Row]) -> Section:
        """Return the section for the lines along which linear functions of the input, given by their slopes, are constant."""
        lines, pivots = row_echelon(nullspace(slopes, dim))
        return cls(dim, lines, tuple(k for k in range(dim) if k not in pivots))

    @property
    def pivots(self) -> tuple[int, ...]:
        """The coordinates that are zero on the section: the pivots of the lines."""
        return tuple(k for k in range(self.dim) if k not in self.coordinates)

    @property
    def embedding(self) -> AffineMap:
        """The map from section coordinates to the input space."""
        columns = len(self.coordinates)
        rows = [[int(k == kept) for kept in self.coordinates] for k in range(self.dim)]
        return AffineMap(Matrix.of(rows, columns=columns), (Fraction(0),) * self.dim)

    def restrict(self, row: Row) -> Row:
        """Return a row of the input space, restricted to the section."""
        return (row[0], *(row[k + 1] for k in self.coordinates))

    def lift_row(self, row: Row) -> Row:
        """Extend a primitive row of the section to the primitive row of the input space that is constant along the lines."""
        if not self.lines:
            return row
        common = math.lcm(*(line[pivot] for line, pivot in zip(self.lines, self.pivots, strict=True)))
        lifted = [0] * (self.dim + 1)
        lifted[0] = row[0] * common
        for entry, k in zip(row[1:], self.coordinates, strict=True):
            lifted[k + 1] = entry * common
        for line, pivot in zip(self.lines, self.pivots, strict=True):
            along = sum(entry * line[k] for entry, k in zip(row[1:], self.coordinates, strict=True))
            lifted[pivot + 1] = -along * (common // line[pivot])
        return primitive(lifted)

    def lift(self, generator: Row) -> Row:
        """Return a homogeneous generator of the section in the coordinates of the input space."""
        if not self.lines:
            return generator
        lifted = [0] * (self.dim + 1)
        lifted[0] = generator[0]
        for entry, k in zip(generator[1:], self.coordinates, strict=True):
            lifted[k + 1] = entry
        return tuple(lifted)


@dataclass(frozen=True)
class Cone:
    """A simplicial cone to start from.

    Attributes:
        generators: the apex and the rays, homogeneous.
        tight: for each generator the sorted ids of the hyperplanes that are tight at it.
        chosen: the hyperplanes that bound the cone, id -> row.
        signs: id -> 1 or -1, the side of the hyperplane on which the cone lies.
    """

    generators: tuple[Row, ...]
    tight: tuple[tuple[int, ...], ...]
    chosen: dict[int, Row]
    signs: dict[int, int]


def starting_cones(dim: int, hyperplanes: Iterable[tuple[int, Row]], fixed: int) -> list[Cone]:
    """Return the simplicial cones into which independent hyperplanes cut R^dim, on the non-negative side of those of the domain.

    Args:
        dim: dimension of the section, at least 1.
        hyperplanes: pairs (id, row), of which the first dim independent ones are used.
        fixed: the largest id of a row of the domain.

    Raises:
        NotPointedError: fewer than dim of the hyperplanes are independent.
    """
    chosen: dict[int, Row] = {}
    for identity, row in hyperplanes:
        if len(chosen) == dim:
            break
        if rank([*(r[1:] for r in chosen.values()), row[1:]]) > len(chosen):
            chosen[identity] = row
    if len(chosen) < dim:
        raise NotPointedError
    ids = tuple(sorted(chosen))
    infinity = (1, *(0,) * dim)
    apex = _oriented(nullspace([chosen[identity] for identity in ids], dim + 1)[0], infinity)
    rays = {}
    for identity in ids:
        others = [chosen[other] for other in ids if other != identity]
        rays[identity] = _oriented(nullspace([infinity, *others], dim + 1)[0], chosen[identity])
    tight = (ids, *((0, *(other for other in ids if other != identity)) for identity in ids))
    both_sides = [identity for identity in ids if identity > fixed]
    cones = []
    for flipped in itertools.product((1, -1), repeat=len(both_sides)):
        signs = dict.fromkeys(ids, 1) | dict(zip(both_sides, flipped, strict=True))
        directed = (tuple(signs[identity] * entry for entry in rays[identity]) for identity in ids)
        cones.append(Cone((apex, *directed), tight, chosen, signs))
    return cones


def _oriented(vector: Row, functional: Row) -> Row:
    """Return a vector or its negative, so that the functional is positive on it."""
    return vector if integer_dot(functional, vector) > 0 else tuple(-entry for entry in vector)
