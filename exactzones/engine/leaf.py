"""A cell of the forward engine after all layers, computed exactly on demand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import ON, Ids
from exactzones.polyhedra import Cell
from exactzones.rational import Row, Vector, dot, integer_dot, rank


@dataclass(frozen=True, eq=False)
class Leaf:
    """A cell as combinatorial data: the states of all units, and for each generator the hyperplanes that are tight at it.

    It is a ``zone.CellSource``.

    Attributes:
        arrangement: computes the rows of hyperplanes.
        prefix: one byte per unit of the layers that cut, 1 on and 0 off.
        tight: (V, d) sorted ids of the hyperplanes that are tight at each generator.
    """

    arrangement: Arrangement
    prefix: bytes
    tight: Ids

    @cached_property
    def facets(self) -> dict[int, Row]:
        """Hyperplanes that are tight at a generator: id -> row, non-negative on the cell, in section coordinates."""
        first = self.arrangement.exact.base[0]
        rows = {}
        for identity in sorted(set(self.tight.ravel().tolist()) - {0}):
            row = self.row(identity)
            positive = identity < first or self.prefix[identity - first] == ON
            rows[identity] = row if positive else tuple(-entry for entry in row)
        return rows

    def row(self, identity: int) -> Row:
        """Return the row of a hyperplane in the regime of this leaf, in section coordinates."""
        return self.arrangement.exact.row(self.prefix, identity)

    def generator(self, tight: Ids) -> Row:
        """Return the generator at which d hyperplanes are tight, in section coordinates."""
        return self._generator(tuple(tight.tolist()))

    def _generator(self, tight: tuple[int, ...]) -> Row:
        return self.arrangement.exact.generator(self.prefix, tight, self._facet_rows)

    def _facet_rows(self) -> list[Row]:
        return list(self.facets.values())

    def spans_facet(self, generators: Iterable[Ids]) -> bool:
        """Tell whether generators span a face of dimension d - 1, given their tight sets."""
        return rank([self.generator(tight) for tight in generators]) == self.arrangement.dim

    def fires_at(self, generators: Iterable[Ids]) -> bool:
        """Tell whether the arrangement's target is positive at one of several generators, given their tight sets."""
        target = self.row(self.arrangement.exact.ids - 1)
        return any(integer_dot(target, self.generator(tight)) > 0 for tight in generators)

    def conditions(self) -> tuple[Vector] | None:
        """Return the row of the arrangement's target, which is the property's only condition; None if there is no target."""
        return target_rows(self.arrangement, self.prefix)

    def cell(self) -> Cell:
        """Return the exact cell.

        At a degenerate generator more than d hyperplanes are tight.  It then appears with several tight sets, none of which is
        complete, so incidences that they do not contain are computed.
        """
        facets = self.facets
        tight = []
        for ray, ids in self._tight_at.items():
            mask = int(ray[0] == 0)
            for k, (identity, row) in enumerate(facets.items(), start=1):
                if identity in ids or not integer_dot(row, ray):
                    mask |= 1 << k
            tight.append(mask)
        rows = tuple(map(self.arrangement.section.lift_row, facets.values()))
        rays, lines = self.generators()
        return Cell(self.arrangement.section.dim, rows, lines, rays, tuple(tight))

    @cached_property
    def _tight_at(self) -> dict[Row, tuple[int, ...]]:
        """The generators, each with d hyperplanes that are tight at it (degenerate ones have more)."""
        return {self._generator(ids): ids for ids in map(tuple, self.tight.tolist())}

    def generators(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """Return the cell's homogeneous generators, in the cell's order, and its lines."""
        section = self.arrangement.section
        return tuple(map(section.lift, self._tight_at)), tuple((0, *line) for line in section.lines)


def target_rows(arrangement: Arrangement, prefix: bytes) -> tuple[Vector] | None:
    """Return the target as a function of the input on the cell with these states of all units; None if there is no target."""
    if not arrangement.has_target:
        return None
    numerators, scale = arrangement.exact.target(prefix)
    section, row = arrangement.section, [Fraction(entry, scale) for entry in numerators]
    lifted = [row[0]] + [Fraction(0)] * section.dim
    for k, entry in zip(section.coordinates, row[1:], strict=True):
        lifted[k + 1] = entry
    for line, pivot in zip(section.lines, section.pivots, strict=True):  # constant along the lines
        lifted[pivot + 1] = -dot(line, lifted[1:]) / line[pivot]
    return (tuple(lifted),)
