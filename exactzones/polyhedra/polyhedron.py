"""A convex polyhedron with both representations, exact throughout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, DomainError, InputError
from exactzones.notation import linear_sum
from exactzones.polyhedra import backends, lp
from exactzones.polyhedra.cells import Cell, canonical_vrep, reduce_modulo
from exactzones.polyhedra.redundancy import without_redundancy
from exactzones.polyhedra.representation import HRep, VRep
from exactzones.polyhedra.volume import volume
from exactzones.rational import (
    Matrix,
    Row,
    Vector,
    algebraic,
    integer_dot,
    integer_row,
    nullspace,
    row_echelon,
    text,
    vector,
)


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """The points of R^d that satisfy a system of linear inequalities, some of them strict.

    ``==`` is equality of sets.  ``vrep`` is that of the closure.

    Attributes:
        hrep: the inequalities and equations as they were given; ``irredundant`` has what they come down to.

    >>> square = Polyhedron.box(0, 1, dim=2)
    >>> square.vrep.vertices[0], square.volume()
    ((Fraction(0, 1), Fraction(0, 1)), Fraction(1, 1))
    """

    hrep: HRep

    @classmethod
    def of(cls, dim: int, rows: Iterable[Any] = (), *, strict: Iterable[Any] = (), equations: Iterable[Any] = ()) -> Polyhedron:
        """Build from rows ``(b, a_1, .., a_d)`` of exact numbers; see ``HRep``.

        Args:
            dim: dimension d of the space.
            rows: ``b + a . x >= 0``.
            strict: ``b + a . x > 0``.
            equations: ``b + a . x = 0``.
        """
        return cls(HRep.of(dim, rows, strict=strict, equations=equations))

    @classmethod
    def space(cls, dim: int) -> Polyhedron:
        """Return all of R^dim."""
        return cls(HRep(dim))

    @classmethod
    def box(cls, low: Any, high: Any, *, dim: int | None = None) -> Polyhedron:
        """Return ``{x : low_k <= x_k <= high_k}``.

        Args:
            low: one number for all coordinates (with ``dim``), or one per coordinate.
            high: the same.
            dim: dimension, when low and high are numbers.

        Raises:
            InputError: neither a dimension nor lists of numbers, or lists that do not fit.
        """
        if dim is not None:
            low, high = [low] * dim, [high] * dim
        elif not all(isinstance(corner, Iterable) and not isinstance(corner, str) for corner in (low, high)):
            raise InputError(f"a box from {low!r} to {high!r} has no dimension: give dim=, or one number per coordinate")
        below, above = vector(*low), vector(*high)
        if len(below) != len(above):
            raise DimensionError("upper corner of the box", expected=len(below), got=len(above))
        size = len(below)
        rows: list[list[Fraction | int]] = []
        for k in range(size):
            unit = [int(j == k) for j in range(size)]
            rows += [[-below[k], *unit], [above[k], *(-entry for entry in unit)]]
        return cls.of(size, rows)

    @classmethod
    def hull(cls, vertices: Sequence[Any], rays: Sequence[Any] = (), lines: Sequence[Any] = ()) -> Polyhedron:
        """Return the convex hull of at least one point plus the cone of rays plus the span of lines.

        Args:
            vertices: points, shape (dim,) each.
            rays: directions, shape (dim,) each.
            lines: directions taken both ways, shape (dim,) each.

        Raises:
            DomainError: no vertices.
        """
        if not vertices:
            raise DomainError("a hull needs at least one vertex")
        dim = len(vertices[0])
        points = [integer_row((Fraction(1), *vector(*vertex))) for vertex in vertices]
        cone = [integer_row((Fraction(0), *vector(*ray))) for ray in rays]
        span = [integer_row((Fraction(0), *vector(*line))) for line in lines]
        rows, equations = backends.inequalities(points, [r for r in cone if any(r)], [r for r in span if any(r)], dim)
        return cls(HRep.of(dim, rows, equations=equations))

    @classmethod
    def of_cell(cls, cell: Cell, *, strict: Iterable[Row] = ()) -> Polyhedron:
        """Return a cell as a polyhedron, its generators taken over; ``strict`` rows must be positive inside the cell."""
        polyhedron = cls(HRep.of(cell.dim, cell.hrep.rows, strict=strict))
        polyhedron.__dict__["vrep"] = cell.vrep
        return polyhedron

    @property
    def ambient(self) -> int:
        """Dimension of the space that it lies in."""
        return self.hrep.dim

    @cached_property
    def _start(self) -> Vector | lp.Infeasible:
        return lp.feasibility(self.hrep)

    @property
    def is_empty(self) -> bool:
        """Whether no point satisfies every row, strict ones strictly."""
        return isinstance(self._start, lp.Infeasible)

    @property
    def farkas(self) -> lp.Infeasible | None:
        """The proof that it is empty, or None when it is not."""
        return self._start if isinstance(self._start, lp.Infeasible) else None

    @cached_property
    def irredundant(self) -> HRep:
        """The canonical system of the closure: no redundant row, implicit equations in echelon form, rows reduced by them.

        Strict rows that are facets stay strict; those that only touch are kept too when they cut a point off.
        """
        if self.is_empty:
            return HRep.of(self.ambient, [(-1, *(0,) * self.ambient)])
        rows, equations = without_redundancy(self.hrep.closed_rows, self.hrep.equations, self.ambient)
        # Equations are eliminated from the last coordinate on the left so that equal sets give equal rows.
        swapped = [(*equation[1:], equation[0]) for equation in equations]
        reduced = [(0, *(row[1:]), row[0]) for row in rows]
        lead = reduce_modulo(reduced, [(0, *equation) for equation in swapped])
        closed = HRep.of(self.ambient, [(row[-1], *row[1:-1]) for row in lead], equations=_echelon(equations))
        strict = [row for row in self.hrep.strict if not lp.is_valid(closed, row, strictly=True)]
        if not strict:
            return closed
        moved = reduce_modulo([(0, *row[1:], row[0]) for row in strict], [(0, *equation) for equation in swapped])
        above = HRep.of(self.ambient, strict=[(row[-1], *row[1:-1]) for row in moved]).strict
        return HRep.of(self.ambient, set(closed.rows) - set(above), strict=above, equations=closed.equations)

    @cached_property
    def vrep(self) -> VRep:
        """Vertices, rays and lines of the closure, in canonical form."""
        if self.is_empty:
            return VRep(self.ambient, ())
        vertices, rays, lines = backends.generators(self.hrep.closed_rows, self.hrep.equations, self.ambient)
        return canonical_vrep(self.ambient, reduce_modulo([*vertices, *rays], lines), lines)

    @property
    def dim(self) -> int:
        """Its affine dimension; -1 when it is empty."""
        return -1 if self.is_empty else self.ambient - len(self.irredundant.equations)

    @property
    def is_bounded(self) -> bool:
        """Whether it fits in a box."""
        return self.vrep.is_bounded

    def contains(self, point: Sequence[Any]) -> bool:
        """Tell whether a point of shape (d,) lies in it; strict rows count strictly."""
        return self.hrep.contains(vector(*point))

    def intersect(self, other: Polyhedron) -> Polyhedron:
        """Return the points of both."""
        return Polyhedron(self.hrep.intersect(other.hrep))

    def preimage(self, mapping: AffineMap) -> Polyhedron:
        """Return ``{x : mapping(x) in self}``."""
        return Polyhedron(self.hrep.preimage(mapping))

    def closure(self) -> Polyhedron:
        """Return the closure; of an empty set the empty set."""
        return self if self.is_empty else Polyhedron(HRep.of(self.ambient, self.hrep.closed_rows, equations=self.hrep.equations))

    def maximize(self, objective: Sequence[Any]) -> lp.LPResult:
        """Maximise ``objective . x`` exactly: Optimal (a supremum, if rows are strict), Unbounded or Infeasible.

        >>> Polyhedron.box(0, 1, dim=2).maximize([1, 1]).value
        Fraction(2, 1)
        """
        return lp.maximize(self.hrep, vector(*objective))

    def is_subset(self, other: Polyhedron) -> bool:
        """Tell whether every point of this polyhedron lies in ``other``."""
        if other.ambient != self.ambient:
            raise DimensionError("space of the other polyhedron", expected=self.ambient, got=other.ambient, size="dimension")
        both = [(row, False) for row in other.hrep.rows] + [(row, True) for row in other.hrep.strict]
        for row in other.hrep.equations:
            both += [(row, False), (tuple(-entry for entry in row), False)]
        return self.is_empty or all(lp.is_valid(self.hrep, row, strictly=strictly) for row, strictly in both)

    def interior_point(self) -> Vector:
        """Return an exact point of the relative interior.

        Raises:
            DomainError: it is empty.
        """
        if self.is_empty:
            raise DomainError("an empty polyhedron has no interior point")
        vrep = self.vrep
        mean = [sum(entries, start=Fraction(0)) / len(vrep.vertices) for entries in zip(*vrep.vertices, strict=True)]
        return tuple(m + sum(ray[k] for ray in vrep.rays) for k, m in enumerate(mean))

    def affine_hull(self) -> AffineMap:
        """Return a parametrisation of the smallest flat around it: a map from R^dim into the space.

        Compose a network with it to work on a flat domain: ``network.compose(hull)``, ``domain.preimage(hull)``.
        """
        base = self.interior_point()
        directions = nullspace([row[1:] for row in self.irredundant.equations], self.ambient)
        columns = [[direction[k] for direction in directions] for k in range(self.ambient)]
        return AffineMap(Matrix.of(columns, columns=len(directions)), base)

    def volume(self) -> Fraction:
        """Return the exact d-dimensional volume; zero when flat or empty.

        Raises:
            DomainError: it is unbounded and full-dimensional.
        """
        if self.dim < self.ambient:
            return Fraction(0)
        if not self.is_bounded:
            raise DomainError("the volume of an unbounded polyhedron is not a number")
        points, _, _ = self.vrep.homogeneous()
        facets = [sum(1 << k for k, p in enumerate(points) if integer_dot(row, p) == 0) for row in self.irredundant.closed_rows]
        return volume(self.ambient, points, facets)

    def facet_rows(self) -> tuple[Row, ...]:
        """Return the irredundant rows of the closure of a full-dimensional polyhedron.

        Raises:
            DomainError: empty or flat; the message says in which hyperplane it lies and what to do.
        """
        if self.is_empty or self.irredundant.equations:
            raise self._not_full_dimensional()
        return self.irredundant.closed_rows

    def cell(self) -> Cell:
        """Return the closure as a cell ready to be cut.

        Raises:
            DomainError: empty or flat, as ``facet_rows``.
        """
        cell = None if self.hrep.equations else Cell.of(self.ambient, self.hrep.closed_rows)
        if cell is None:
            raise self._not_full_dimensional()
        return cell

    def _not_full_dimensional(self) -> DomainError:
        if self.is_empty:
            return DomainError("the domain is empty: no point satisfies its inequalities")
        equation = self.irredundant.equations[0]
        if next(entry for entry in equation[1:] if entry) < 0:
            equation = tuple(-entry for entry in equation)
        return DomainError(
            f"the domain is flat: it lies in {describe(equation, '=')}; parametrise it: hull = domain.affine_hull(), "
            "then network.compose(hull) on domain.preimage(hull)"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Polyhedron) or other.ambient != self.ambient:
            return NotImplemented
        return self.is_subset(other) and other.is_subset(self)

    def __hash__(self) -> int:
        return hash((self.ambient, self.vrep))

    def _repr_latex_(self) -> str:
        return self.hrep._repr_latex_()


def _echelon(equations: Sequence[Row]) -> list[Row]:
    rows, _ = row_echelon([(*equation[1:], equation[0]) for equation in equations])
    return [(row[-1], *row[:-1]) for row in rows]


def describe(row: Sequence[Any], relation: str = ">=", names: Sequence[str] | None = None) -> str:
    """Write a row as people do: ``2 x0 - x1 >= 3``.

    Args:
        row: ``(b, a_1, .., a_d)``, exact numbers.
        relation: stands between both sides.
        names: one per coordinate; ``x0``, ``x1``, .. by default.

    >>> describe((-3, 2, -1)), describe((0, 1, "1-sqrt(3)"))
    ('2 x0 - x1 >= 3', 'x0 - (-1+sqrt(3)) x1 >= 0')
    """
    labels = names or [f"x{k}" for k in range(len(row) - 1)]
    constant, *slope = [algebraic(entry) for entry in row]
    return f"{linear_sum(zip(slope, labels, strict=True), text)} {relation} {text(-constant)}"
