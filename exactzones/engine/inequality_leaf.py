"""A cell of the inequalities engine after all layers, computed exactly on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import ON
from exactzones.engine.leaf import target_rows
from exactzones.polyhedra import Cell
from exactzones.polyhedra.inequality_cell import InequalityCell
from exactzones.polyhedra.program import Point
from exactzones.rational import Row, Vector

UNCUT = 2
"""Added to the state of a unit that does not cut the cell: its sign follows from the cell's other rows."""


@dataclass(frozen=True, eq=False)
class InequalityLeaf:
    """A cell as the states of all units, and an inner point; a ``zone.CellSource``.

    Attributes:
        arrangement: computes the rows of hyperplanes.
        states: one byte per unit of the layers that cut: 1 on, 0 off, plus ``UNCUT`` where its row is redundant.
        inner: a point strictly inside, in section coordinates; if there is a target, it is positive there.
    """

    arrangement: Arrangement
    states: bytes
    inner: Point

    @cached_property
    def prefix(self) -> bytes:
        """One byte per unit, 1 on and 0 off."""
        return bytes(state & ON for state in self.states)

    def rows(self) -> dict[int, Row]:
        """Return the rows that bound the cell: id -> row, non-negative on the cell, in section coordinates."""
        exact = self.arrangement.exact
        rows = dict(enumerate(self.arrangement.domain, start=1))
        for unit, state in enumerate(self.states):
            if not state & UNCUT:
                row = exact.row(self.prefix, exact.base[0] + unit)
                rows[exact.base[0] + unit] = row if state & ON else tuple(-entry for entry in row)
        return rows

    @cached_property
    def inequalities(self) -> InequalityCell:
        """The cell."""
        section = self.arrangement.section
        inner = self.inner
        if section.lines:
            values = dict(zip(section.coordinates, map(Fraction, inner), strict=True))
            inner = tuple(values.get(k, Fraction(0)) for k in range(section.dim))
        return InequalityCell(section.dim, tuple(map(section.lift_row, self.rows().values())), inner)

    def cell(self) -> Cell:
        """Return the cell with its vertices."""
        return self.inequalities.cell()

    def generators(self) -> tuple[Sequence[Row], Sequence[Row]]:
        """Return the cell's homogeneous generators and its lines."""
        cell = self.cell()
        return cell.rays, cell.lines

    def conditions(self) -> tuple[Vector] | None:
        """Return the row of the arrangement's target, which is the property's only condition; None if there is no target."""
        return target_rows(self.arrangement, self.prefix)
