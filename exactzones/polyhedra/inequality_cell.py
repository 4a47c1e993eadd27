"""A full-dimensional polyhedron that is kept by inequalities and one inner point: no vertices, so any dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from exactzones.errors import BackendError, DomainError
from exactzones.polyhedra import lp
from exactzones.polyhedra.cells import Cell
from exactzones.polyhedra.irredundant import irredundant
from exactzones.polyhedra.program import Point, Program
from exactzones.polyhedra.representation import HRep
from exactzones.rational import Row, Vector, dot, integer_dot

_MOST_CORNERS_DIM, _FEW_CORNERS_DIM = 12, 9
"""Up to so many dimensions vertices are computed on demand, and are few enough to be written: a box of more has too many."""

_ROUNDINGS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)


@dataclass(frozen=True, eq=False)
class InequalityCell:
    """A full-dimensional polyhedron, by inequalities.

    Attributes:
        dim: its dimension, which is that of the space.
        rows: integer rows ``b + a . x >= 0``; some may be redundant.
        inner: a point at which every row is positive.
        known_facets: returns the irredundant rows, if the caller has a faster way to them than linear programs in Python.
    """

    dim: int
    rows: tuple[Row, ...]
    inner: Point
    known_facets: Callable[[], Iterable[Row]] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return InequalityCell, (self.dim, self.rows, self.inner, self.known_facets)  # the program of HiGHS cannot be copied

    @cached_property
    def program(self) -> Program:
        """Linear programs over it."""
        return Program.on(HRep.of(self.dim, self.rows))

    @cached_property
    def hrep(self) -> HRep:
        """The irredundant inequalities."""
        if self.known_facets is not None:
            return HRep.of(self.dim, self.known_facets())
        program = self.program
        facets = irredundant(program, self.inner)
        rows = program.exact_rows()
        sides = {(coordinate, side): row for coordinate, side, row in program.bounds.sides()}
        return HRep.of(self.dim, [*(rows[k] for k in facets.rows), *(sides[side] for side in facets.sides)])

    @property
    def has_few_corners(self) -> bool:
        """Whether vertices are few enough to be listed without being asked for."""
        return self.dim <= _FEW_CORNERS_DIM

    def cell(self) -> Cell:
        """Return the cell with its vertices.

        Raises:
            DomainError: there may be too many.
        """
        if self.dim > _MOST_CORNERS_DIM and len(self.hrep.rows) > self.dim:
            raise DomainError(
                f"the vertices of a zone in {self.dim} dimensions are not computed: there may be 2^{self.dim}; its inequalities, "
                "maximum, sample and neighbours are computed without them"
            )
        cell = Cell.of(self.dim, self.hrep.rows)
        if cell is None:
            raise BackendError("a cell with an inner point has no interior")
        return cell

    def exceeds(self, row: Row) -> bool:
        """Tell whether an affine function is positive somewhere."""
        return self.point_where([row]) is not None

    def point_where(self, rows: Iterable[Row]) -> Point | None:
        """Return a point of its interior at which these rows are positive, too; None if there is none."""
        wanted = list(rows)
        inner = (Fraction(1), *_exact(self.inner))
        if all(dot(row, inner) > 0 for row in wanted):
            return self.inner
        for row in wanted:
            self.program.push(row)
        try:
            return self.program.interior()
        finally:
            for _ in wanted:
                self.program.pop()

    def maximize(self, objective: Row) -> lp.LPResult:
        """Maximise ``objective . (1, x)`` exactly."""
        return self.program.maximize(objective)

    def rounded(self, point: Point, rows: Sequence[Row] = ()) -> Vector:
        """Return a point near an inner point, with few binary digits, at which its rows and others are positive."""
        every = [*self.rows, *rows]
        exact = self._off_the_box(_exact(point), every)
        for bits in _ROUNDINGS:
            near = (1 << bits, *(round(entry * (1 << bits)) for entry in exact))
            if all(integer_dot(row, near) > 0 for row in every):
                return tuple(Fraction(entry, 1 << bits) for entry in near[1:])
        return exact

    def _off_the_box(self, point: Vector, rows: Sequence[Row]) -> Vector:
        """Return a point at which all rows are positive, near one that may lie on bounds of coordinates, where these are zero."""
        share = Fraction(1)
        near = point
        while not all(dot(row, (Fraction(1), *near)) > 0 for row in rows):
            share /= 2
            sides = zip(point, *self.program.bounds, strict=True)
            near = tuple(x + share * (_within(x, low, high) - x) for x, low, high in sides)
        return near


def _within(x: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction:
    """Return a number strictly between bounds that may be missing."""
    if low is not None and high is not None:
        return (low + high) / 2
    return x + 1 if high is None else x - 1


def _exact(point: Point) -> Vector:
    return tuple(map(Fraction, point.tolist())) if isinstance(point, np.ndarray) else point
