"""What zones are made of: conditions on a cell, maxima, and where a cell comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from exactzones.affine import AffineMap
from exactzones.errors import BackendError
from exactzones.notation import comparison, number
from exactzones.notation import point as written
from exactzones.polyhedra import Cell, Infeasible, LPResult, Unbounded
from exactzones.property import Condition
from exactzones.rational import Row, Vector, integer_row


@dataclass(frozen=True, slots=True)
class ZoneCondition:
    """A condition of the property on one zone, where it is an affine function ``row . (1, x)``.

    Attributes:
        row: shape (1 + inputs,), the constant first.
        strict: whether the condition is ``row . (1, x) > 0``; otherwise it is ``>= 0``.
    """

    row: Vector
    strict: bool

    def __repr__(self) -> str:
        return f"ZoneCondition({comparison(self.row, '>' if self.strict else '>=')})"

    @property
    def integer_row(self) -> Row:
        """A positive multiple of the row with integer entries."""
        return integer_row(self.row)


@dataclass(frozen=True, slots=True)
class Maximum:
    """The supremum of a feature on a zone: ``value`` at ``point``, or infinity along ``ray`` from ``point``.

    Attributes:
        value: the supremum; None if the feature is unbounded on the zone.
        point: a point of the closed cell where it is attained, or where the ray starts, shape (inputs,).
        ray: a direction in which the feature grows without bound, shape (inputs,); None if it is bounded.
        attained: whether the value is attained.  On a closed cell it is, unless the feature is unbounded; strict rows of a
            domain may exclude all points that attain it (see ``Zones.maximum``).  None if this is not known.
    """

    value: Fraction | None
    point: Vector
    ray: Vector | None = None
    attained: bool | None = True

    def __repr__(self) -> str:
        if self.value is None:
            return f"Maximum(unbounded, from {written(self.point)}{f' along {written(self.ray)}' if self.ray else ''})"
        attained = {True: "", False: ", not attained", None: ", perhaps not attained"}[self.attained]
        return f"Maximum({number(self.value)} at {written(self.point)}{attained})"

    @classmethod
    def of(cls, found: LPResult, scale: int) -> Maximum:
        """Return the maximum of an affine function on a non-empty polyhedron.

        Args:
            found: the maximum of the function times a positive integer.
            scale: the integer.
        """
        if isinstance(found, Unbounded):
            return cls(None, found.point, found.ray, attained=False)
        if isinstance(found, Infeasible):
            raise BackendError("a zone has no point")
        return cls(found.value / scale, found.point)


class CellSource(Protocol):
    """An object that computes a cell on demand, and some of the cell's properties without computing the cell."""

    def cell(self) -> Cell:
        """Return the cell."""

    def generators(self) -> tuple[Sequence[Row], Sequence[Row]]:
        """Return the cell's homogeneous generators, in the cell's order, and its lines."""

    def conditions(self) -> tuple[Vector, ...] | None:
        """Return the rows of the property's conditions as affine functions on the cell; None if they are not known."""


@dataclass(frozen=True, slots=True)
class CellWithConditions:
    """A cell and the rows of the property's conditions on it: the ``CellSource`` for cells that have been computed already."""

    known_cell: Cell
    rows: tuple[Vector, ...]

    def cell(self) -> Cell:
        """Return the cell."""
        return self.known_cell

    def generators(self) -> tuple[Sequence[Row], Sequence[Row]]:
        """Return the cell's homogeneous generators and its lines."""
        return self.known_cell.rays, self.known_cell.lines

    def conditions(self) -> tuple[Vector, ...]:
        """Return the rows of the conditions."""
        return self.rows


def condition_on(condition: Condition, before_relu: AffineMap, kept: tuple[bool, ...]) -> ZoneCondition:
    """Return a condition as an affine function of the input.

    Args:
        condition: the condition.
        before_relu: the affine map from the input to the pre-activations of the condition's layer.
        kept: for each unit of that layer whether it passes its pre-activation on.
    """
    matrix, offset = before_relu.matrix, before_relu.offset
    row = [condition.constant] + [Fraction(0)] * before_relu.inputs
    for unit, coefficient in condition.terms:
        if kept[unit] or not condition.after_relu:
            row[0] += coefficient * offset[unit]
            for k in range(before_relu.inputs):
                row[k + 1] += coefficient * matrix[unit, k]
    return ZoneCondition(tuple(row), condition.strict)
