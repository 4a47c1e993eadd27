"""A cell of the forward engine after all layers, worked out exactly when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import ON, Ids
from exactzones.polyhedra import Cell
from exactzones.rational import Row, Vector, dot, integer_dot


@dataclass(frozen=True, eq=False)
class Leaf:
    """A cell as the arrangement knows it: the states of all units, and the sets of hyperplanes that are tight at its generators.

    Attributes:
        arrangement: which knows the rows.
        prefix: one byte per unit of the layers that cut, 1 on and 0 off.
        tight: (V, d) sorted ids of hyperplanes.
    """

    arrangement: Arrangement
    prefix: bytes
    tight: Ids

    @cached_property
    def facets(self) -> dict[int, Row]:
        """The hyperplanes that are tight somewhere: id -> row, non-negative on the cell, in section coordinates."""
        first = self.arrangement.exact.base[0]
        found = {}
        for identity in sorted(set(self.tight.ravel().tolist()) - {0}):
            row = self.row(identity)
            positive = identity < first or self.prefix[identity - first] == ON
            found[identity] = row if positive else tuple(-entry for entry in row)
        return found

    def row(self, identity: int) -> Row:
        """Return the row of a hyperplane in this leaf's regime, in section coordinates."""
        return self.arrangement.exact.row(self.prefix, identity)

    def generator(self, tight: Ids) -> Row:
        """Return the generator at which these hyperplanes are tight, in section coordinates."""
        return self._generator(tuple(tight.tolist()))

    def _generator(self, tight: tuple[int, ...]) -> Row:
        return self.arrangement.exact.generator(self.prefix, tight, self._facet_rows)

    def _facet_rows(self) -> list[Row]:
        return list(self.facets.values())

    def condition(self) -> Vector | None:
        """Return the condition that is the arrangement's target as an affine function of the input space, if there is one."""
        arrangement = self.arrangement
        if not arrangement.has_target:
            return None
        numerators, scale = arrangement.exact.target(self.prefix)
        section, row = arrangement.section, [Fraction(entry, scale) for entry in numerators]
        found = [row[0]] + [Fraction(0)] * section.dim
        for k, entry in zip(section.coordinates, row[1:], strict=True):
            found[k + 1] = entry
        for line, pivot in zip(section.lines, section.pivots, strict=True):  # constant along the lines
            found[pivot + 1] = -dot(line, found[1:]) / line[pivot]
        return tuple(found)

    def cell(self) -> Cell:
        """Return the cell, exactly.

        Where hyperplanes meet degenerately several tight sets name one generator; rows are then tight at more generators than the
        tight sets say, so the incidence is computed afresh.
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
        """The generators, each with a set of hyperplanes that are tight there; degenerate ones have more."""
        return {self._generator(ids): ids for ids in map(tuple, self.tight.tolist())}

    def generators(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """Return the cell's homogeneous generators and its lines."""
        section = self.arrangement.section
        return tuple(map(section.lift, self._tight_at)), tuple((0, *line) for line in section.lines)
