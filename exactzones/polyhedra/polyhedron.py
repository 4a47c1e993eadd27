"""A convex polyhedron with both representations, exact throughout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from operator import gt, le
from typing import Any

from exactzones import deprecated
from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, DomainError, InputError, quoted
from exactzones.notation import linear_sum, number, turned
from exactzones.polyhedra import backends, lp
from exactzones.polyhedra.bounds import Bounds
from exactzones.polyhedra.cells import Cell, canonical_vrep, reduce_modulo
from exactzones.polyhedra.reading import corner_of, generators_of, is_number
from exactzones.polyhedra.redundancy import echelon, modulo, without_redundancy
from exactzones.polyhedra.representation import HRep, VRep
from exactzones.polyhedra.volume import volume
from exactzones.rational import (
    Matrix,
    Row,
    SparseRows,
    Vector,
    algebraic,
    index,
    integer_dot,
    integer_row,
    irrational,
    nullspace,
    text,
    vector_of,
)

_SHOWN = 100  # dimension up to which the rows of a box are part of its text


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """The points of R^d that satisfy a system of linear inequalities, some of them strict.

    ``==`` is equality of sets.

    Attributes:
        hrep: the inequalities and equations as they were passed; ``irredundant`` is their canonical form.
        known_vrep: vertices, rays and lines of the closure if the caller has them already; otherwise ``vrep`` computes them.

    >>> square = Polyhedron.box(0, 1, dim=2)
    >>> square.vrep.vertices[0], square.volume()
    ((Fraction(0, 1), Fraction(0, 1)), Fraction(1, 1))
    """

    hrep: HRep
    known_vrep: VRep | None = field(default=None, repr=False, kw_only=True)

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
        return cls(HRep(index(dim, "dimension", least=0)))

    @staticmethod
    def box(low: Any, high: Any, *, dim: int | None = None) -> Box:
        """Return ``{x : low_k <= x_k <= high_k}``.

        Args:
            low: one number for all coordinates (then ``dim`` is needed), or one per coordinate.
            high: in the same form.
            dim: dimension, if low and high are numbers.

        Raises:
            InputError: there is neither a dimension nor a list of numbers, or the lists have different lengths.
        """
        if dim is None and (is_number(low) or is_number(high)):
            raise InputError(f"the box from {quoted(low)} to {quoted(high)} has no dimension; pass dim=2, or a list")
        size = None if dim is None else index(dim, "dimension", least=0)
        below, above = corner_of(low, size, "lower corner"), corner_of(high, size, "upper corner")
        if len(below) != len(above):
            raise DimensionError("upper corner of the box", expected=len(below), got=len(above))
        return Box(below, above)

    @classmethod
    def hull(cls, vertices: Sequence[Any], rays: Sequence[Any] = (), lines: Sequence[Any] = ()) -> Polyhedron:
        """Return the convex hull of at least one point plus the cone of rays plus the span of lines.

        Args:
            vertices: points, shape (dim,) each.
            rays: directions, shape (dim,) each.
            lines: directions that extend both ways, shape (dim,) each.

        Raises:
            DomainError: no vertices.
        """
        corners = generators_of(vertices, "vertex")
        directions, both_ways = generators_of(rays, "ray"), generators_of(lines, "line")
        if not corners:
            raise DomainError("a hull without vertices is not defined; pass at least one vertex")
        dim = len(corners[0])
        for generator in (*corners, *directions, *both_ways):
            if len(generator) != dim:
                raise DimensionError("a generator of the hull", expected=dim, got=len(generator))
        points = [integer_row((Fraction(1), *vertex)) for vertex in corners]
        cone = [integer_row((Fraction(0), *ray)) for ray in directions]
        span = [integer_row((Fraction(0), *line)) for line in both_ways]
        rows, equations = backends.inequalities(points, [r for r in cone if any(r)], [r for r in span if any(r)], dim)
        return cls(HRep.of(dim, rows, equations=equations))

    @classmethod
    def of_cell(cls, cell: Cell, *, strict: Iterable[Row] = ()) -> Polyhedron:
        """Return a cell as a polyhedron with the generators of the cell; ``strict`` rows must be positive inside the cell."""
        return cls(HRep.of(cell.dim, cell.hrep.rows, strict=strict), known_vrep=cell.vrep)

    @property
    def ambient_dim(self) -> int:
        """Dimension d of the space R^d."""
        return self.hrep.ambient_dim

    ambient = deprecated.renamed("Polyhedron.ambient", "ambient_dim")

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
        """The canonical system: no redundant row, all equations explicit and in echelon form, rows reduced modulo the equations.

        Strict rows that touch the closure are kept as strict rows; the others are redundant.
        """
        if self.is_empty:
            return HRep.of(self.ambient_dim, [(-1, *(0,) * self.ambient_dim)])
        rows, equations = without_redundancy(self.hrep.closed_rows, self.hrep.equations, self.ambient_dim)
        closed = HRep.of(self.ambient_dim, modulo(rows, equations), equations=echelon(equations))
        strict = [row for row in self.hrep.strict if not lp.is_valid(closed, row, strictly=True)]
        if not strict:
            return closed
        canonical_strict = HRep.of(self.ambient_dim, strict=modulo(strict, equations)).strict
        weak = set(closed.rows) - set(canonical_strict)
        return HRep.of(self.ambient_dim, weak, strict=canonical_strict, equations=closed.equations)

    @cached_property
    def vrep(self) -> VRep:
        """Vertices, rays and lines of the closure, in canonical form."""
        if self.known_vrep is not None:
            return self.known_vrep
        if self.is_empty:
            return VRep(self.ambient_dim, ())
        vertices, rays, lines = backends.generators(self.hrep.closed_rows, self.hrep.equations, self.ambient_dim)
        return canonical_vrep(self.ambient_dim, reduce_modulo([*vertices, *rays], lines), lines)

    @property
    def dim(self) -> int:
        """Its affine dimension; -1 when it is empty."""
        return -1 if self.is_empty else self.ambient_dim - len(self.irredundant.equations)

    @property
    def is_bounded(self) -> bool:
        """Whether it is bounded."""
        return self.is_empty or lp.is_bounded(self.hrep)

    def contains(self, point: Sequence[Any]) -> bool:
        """Tell whether a point of shape (d,) lies in it; strict rows count strictly."""
        return self.hrep.contains(vector_of(point))

    def intersect(self, other: Polyhedron) -> Polyhedron:
        """Return the intersection."""
        return Polyhedron(self.hrep.intersect(_hrep(other)))

    def preimage(self, mapping: AffineMap) -> Polyhedron:
        """Return ``{x : mapping(x) in self}``."""
        return Polyhedron(self.hrep.preimage(mapping))

    def closure(self) -> Polyhedron:
        """Return the closure, which is empty if the polyhedron is."""
        return self if self.is_empty else Polyhedron(self.hrep.closure())

    def maximize(self, objective: Sequence[Any]) -> lp.LPResult:
        """Maximise ``objective . x`` exactly.

        Args:
            objective: exact numbers, shape (d,).

        Returns:
            Optimal (its value is a supremum if strict rows exclude the point), Unbounded or Infeasible, each with a proof.

        >>> Polyhedron.box(0, 1, dim=2).maximize([1, 1]).value
        Fraction(2, 1)
        """
        return lp.maximize(self.hrep, vector_of(objective, "objective"))

    def is_subset(self, other: Polyhedron) -> bool:
        """Tell whether every point of this polyhedron lies in ``other``."""
        if _hrep(other).ambient_dim != self.ambient_dim:
            raise DimensionError(
                "space of the other polyhedron", expected=self.ambient_dim, got=other.ambient_dim, size="dimension"
            )
        conditions = [(row, False) for row in other.hrep.rows] + [(row, True) for row in other.hrep.strict]
        for row in other.hrep.equations:
            conditions += [(row, False), (tuple(-entry for entry in row), False)]
        return self.is_empty or all(lp.is_valid(self.hrep, row, strictly=strictly) for row, strictly in conditions)

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
        """Return a parametrisation of the affine hull, the smallest flat that contains the polyhedron: a map from R^dim to R^d.

        To work on a flat domain, compose the network with it: ``network.compose(hull)`` on ``domain.preimage(hull)``.

        Raises:
            DomainError: it is empty.
        """
        base = self.interior_point()
        directions = nullspace([row[1:] for row in self.irredundant.equations], self.ambient_dim)
        columns = [[direction[k] for direction in directions] for k in range(self.ambient_dim)]
        return AffineMap(Matrix.of(columns, columns=len(directions)), base)

    def volume(self) -> Fraction:
        """Return the exact d-dimensional volume; zero when flat or empty.

        Raises:
            DomainError: it is unbounded and full-dimensional.
        """
        if self.dim < self.ambient_dim:
            return Fraction(0)
        if not self.is_bounded:
            raise DomainError("the volume of an unbounded polyhedron is not a number")
        points, _, _ = self.vrep.homogeneous()
        facets = [sum(1 << k for k, p in enumerate(points) if integer_dot(row, p) == 0) for row in self.irredundant.closed_rows]
        return volume(self.ambient_dim, points, facets)

    def facet_rows(self) -> tuple[Row, ...]:
        """Return the irredundant rows of the closure of a full-dimensional polyhedron.

        Raises:
            DomainError: it is empty or flat; the message names a hyperplane that contains it, and says what to do.
        """
        if self.is_empty or self.irredundant.equations:
            raise self._not_full_dimensional()
        return self.irredundant.closed_rows

    def cell(self, tick: Callable[[], None] = lambda: None) -> Cell:
        """Return the closure as a cell ready to be cut.

        Args:
            tick: called before each inequality is taken into account, which may take long in many dimensions; it may raise.

        Raises:
            DomainError: it is empty or flat, as for ``facet_rows``.
        """
        cell = None if self.hrep.equations else Cell.of(self.ambient_dim, self.hrep.closed_rows, tick)
        if cell is None:
            raise self._not_full_dimensional()
        return cell

    def _not_full_dimensional(self) -> DomainError:
        if self.is_empty:
            return DomainError("the domain is empty: no point satisfies its inequalities")
        equation = self.irredundant.equations[0]
        return DomainError(
            f"the domain is flat: it lies in {describe(equation, '=')}; {self._hint_at_pairs()}parametrise it: "
            "hull = domain.affine_hull(), then use network.compose(hull) on domain.preimage(hull)"
        )

    def _hint_at_pairs(self) -> str:
        """Return a hint at what a box of a single point may have been meant to be: its corners are easily taken for pairs."""
        return ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Polyhedron) or other.ambient_dim != self.ambient_dim:
            return NotImplemented
        return self.is_subset(other) and other.is_subset(self)

    def __hash__(self) -> int:
        return hash((self.ambient_dim, self.vrep))

    def __repr__(self) -> str:
        system = repr(self.hrep).removeprefix("HRep(")
        return f"Polyhedron({system}"

    def _repr_latex_(self) -> str:
        return self.hrep._repr_latex_()


class Box(Polyhedron):
    """The polyhedron ``{x : low_k <= x_k <= high_k}``, kept as two vectors; its rows are made when they are needed.

    Attributes:
        low, high: shape (dim,).
        equations: whether the coordinates with ``low_k = high_k`` are equations of the system, instead of two inequalities each.
    """

    def __init__(self, low: Vector, high: Vector, *, equations: bool = False) -> None:
        """Hold two corners of the same length; callers outside this package use ``Polyhedron.box``."""
        self.__dict__.update(low=low, high=high, equations=equations, known_vrep=None)

    def _hint_at_pairs(self) -> str:
        if self.low != self.high or len(self.low) < 2:
            return ""
        return f"if {number(self.low[0])} and {number(self.low[1])} are bounds, write a pair (low, high) for each input; else "

    low: Vector
    high: Vector
    equations: bool

    @cached_property
    def hrep(self) -> HRep:
        """The inequalities and equations."""
        rows, equations, dim = [], [], self.ambient_dim
        if self.is_rational and not self.equations:  # of many inputs, reading thousands of rows as numbers would take seconds
            return HRep(dim, tuple(sorted(set(Bounds(self.low, self.high).rows()))))
        for k, (below, above) in enumerate(zip(self.low, self.high, strict=True)):
            unit = [int(j == k) for j in range(dim)]
            if self.equations and below == above:
                equations.append([-below, *unit])
            else:
                rows += [[-below, *unit], [above, *(-entry for entry in unit)]]
        return HRep.of(dim, rows, equations=equations)

    @cached_property
    def is_rational(self) -> bool:
        """Whether no bound is irrational."""
        return not irrational((*self.low, *self.high))

    @cached_property
    def sparse_rows(self) -> SparseRows:
        """The rows of a rational box by their entries that are not zero: inequalities, then both sides of equations."""
        return SparseRows.of_box(self.low, self.high, equations=self.equations)

    @property
    def ambient_dim(self) -> int:
        """Dimension d of the space R^d."""
        return len(self.low)

    @property
    def is_empty(self) -> bool:
        """Whether a lower bound exceeds an upper one."""
        return any(map(gt, self.low, self.high))

    def contains(self, point: Sequence[Any]) -> bool:
        """Tell whether a point of shape (d,) lies in it."""
        vector = vector_of(point)
        if len(vector) != self.ambient_dim:
            raise DimensionError("point", expected=self.ambient_dim, got=len(vector))
        return all(map(le, self.low, vector)) and all(map(le, vector, self.high))

    def __repr__(self) -> str:
        return super().__repr__() if self.ambient_dim <= _SHOWN else f"<box of {self.ambient_dim} inputs>"


def _hrep(other: Any) -> HRep:
    if not isinstance(other, Polyhedron):
        raise InputError(f"the other polyhedron is {quoted(other)}; write Polyhedron.box(0, 8, dim=2) or Polyhedron.of(..)")
    return other.hrep


def describe(row: Sequence[Any], relation: str = ">=", names: Sequence[str] | None = None) -> str:
    """Write a row as text, with the constant on the right and a positive first slope: ``2 x0 - x1 >= 3``.

    Args:
        row: ``(b, a_1, .., a_d)``, exact numbers.
        relation: the sign between both sides.
        names: one name per coordinate; ``x0``, ``x1``, .. by default.

    >>> describe((-3, 2, -1)), describe((3, -2, 0)), describe((0, 1, "1-sqrt(3)"))
    ('2 x0 - x1 >= 3', 'x0 <= 3/2', 'x0 - (-1+sqrt(3)) x1 >= 0')
    """
    labels = names or [f"x{k}" for k in range(len(row) - 1)]
    (constant, *slope), sign = turned([algebraic(entry) for entry in row], relation)
    return f"{linear_sum(zip(slope, labels, strict=True), text)} {sign} {text(-constant)}"
