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
from exactzones.polyhedra.program import Point, Program, exactly
from exactzones.polyhedra.representation import HRep
from exactzones.rational import Row, Vector, integer_dot, over_common_denominator

MOST_CORNERS_DIM, _FEW_CORNERS_DIM = 12, 9
"""Up to so many dimensions vertices are computed on demand, and are few enough to be written: a box of more has too many."""

_ROUNDINGS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)


@dataclass(frozen=True, eq=False)
class InequalityCell:
    """A full-dimensional polyhedron, by inequalities.

    Attributes:
        dim: its dimension, which is that of the space.
        rows: integer rows ``b + a . x >= 0``; some may be redundant.
        inner: a point as ``Program.interior`` returns it: rows of single coordinates may be zero there, all others are positive.
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
        return self._new_program()

    def _new_program(self) -> Program:
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
        if self.dim > MOST_CORNERS_DIM and len(self.hrep.rows) > self.dim:
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
        return self._point_where([row], lambda: self.program) is not None

    def point_where(self, rows: Iterable[Row]) -> Point | None:
        """Return a point such as ``inner`` at which these rows are positive, too; None if there is none.

        It depends on the cell and the rows only.  A program that has solved others begins where the last one ended, so that it
        may return another point: a new one is made.
        """
        return self._point_where(list(rows), self._new_program)

    def _point_where(self, wanted: Sequence[Row], program_of: Callable[[], Program]) -> Point | None:
        if _are_positive(wanted, _lifted(self.inner)):
            return self.inner
        program = program_of()
        for row in wanted:
            program.push(row)
        try:
            return program.interior()
        finally:
            for _ in wanted:
                program.pop()

    def maximize(self, objective: Row) -> lp.LPResult:
        """Maximise ``objective . (1, x)`` exactly."""
        return self.program.maximize(objective)

    def strictly_inside(self, point: Point, rows: Sequence[Row] = ()) -> Vector:
        """Return a point of ``point_where``, or one near it, at which all rows of the cell and these are positive."""
        exact = exactly(point)
        if _are_positive((*self.rows, *rows), _lifted(point)):
            return exact
        return self.program.off_the_bounds(exact, rows)

    def rounded(self, point: Point, rows: Sequence[Row] = ()) -> Vector:
        """Return a point near one of ``point_where``, with few binary digits, at which all its rows and these are positive."""
        every, lifted = [*self.rows, *rows], _lifted(point)
        if not _are_positive(every, lifted):
            lifted = _lifted(self.program.off_the_bounds(exactly(point), rows))
        common, *entries = lifted
        for bits in _ROUNDINGS:
            near = (1 << bits, *[_quotient(entry << bits, common) for entry in entries])
            failing = next((k for k, row in enumerate(every) if integer_dot(row, near) <= 0), None)
            if failing is None:
                return tuple([Fraction(entry, 1 << bits) for entry in near[1:]])
            every.insert(0, every.pop(failing))  # it may well fail at the next point, too
        return tuple([Fraction(entry, common) for entry in entries])


def _lifted(point: Point) -> Row:
    """Return a multiple of (1, point) by a positive number, in integers."""
    if not isinstance(point, np.ndarray):
        return over_common_denominator((Fraction(1), *point))[0]
    ratios = [entry.as_integer_ratio() for entry in point.tolist()]
    common = max([below for _, below in ratios], default=1)  # they are powers of two
    return common, *[above * (common // below) for above, below in ratios]


def _quotient(numerator: int, denominator: int) -> int:
    """Return the integer nearest to a quotient, the even one of two, as ``round`` does."""
    whole, rest = divmod(2 * numerator + denominator, 2 * denominator)
    return whole - (not rest and whole & 1)


def _are_positive(rows: Iterable[Row], lifted: Row) -> bool:
    """Tell whether all rows are positive at a point, given a positive multiple of (1, point)."""
    return all(integer_dot(row, lifted) > 0 for row in rows)
