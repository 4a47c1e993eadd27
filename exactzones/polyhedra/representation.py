"""The two representations of a polyhedron, as frozen canonical values.

H: rows ``(b, a_1, .., a_d)`` meaning ``b + a . x >= 0``, ``= 0`` for equations, ``> 0`` for strict rows.
V: vertices, rays and lines.  All rows are primitive integer rows, sorted, so that ``==`` compares the lists of rows as sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from exactzones import deprecated
from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, InputError, quoted
from exactzones.notation import counted, latex_system, points, system
from exactzones.rational import Row, Vector, algebraic, entries, index, integer_dot, integer_row, primitive


@dataclass(frozen=True, slots=True)
class HRep:
    """A system of linear inequalities on R^dim.

    Attributes:
        ambient_dim: dimension d of the space.
        rows: ``b + a . x >= 0``.
        strict: ``b + a . x > 0``.
        equations: ``b + a . x = 0``.
    """

    ambient_dim: int
    rows: tuple[Row, ...] = ()
    strict: tuple[Row, ...] = ()
    equations: tuple[Row, ...] = ()

    dim = deprecated.renamed("HRep.dim", "ambient_dim")

    @classmethod
    def of(cls, dim: int, rows: Iterable[Any] = (), *, strict: Iterable[Any] = (), equations: Iterable[Any] = ()) -> HRep:
        """Build a system from rows of exact numbers: primitive, sorted, without repetitions or trivial rows.

        Args:
            dim: dimension d of the space.
            rows: ``(b, a_1, .., a_d)``, meaning ``b + a . x >= 0``.
            strict: rows meaning ``b + a . x > 0``.
            equations: rows meaning ``b + a . x = 0``.

        Raises:
            DimensionError: a row does not have dim + 1 entries.
            InexactError: an entry is not an exact number.
            InputError: ``dim`` is not a dimension, or rows are not lists of rows.
        """
        size = index(dim, "dimension", least=0)
        weak, strong, flat = _rows(rows, size, "rows"), _rows(strict, size, "strict rows"), _rows(equations, size, "equations")
        return cls(
            size,
            tuple(sorted(row for row in weak if any(row[1:]) or row[0] < 0)),
            tuple(sorted(row for row in strong if any(row[1:]) or row[0] <= 0)),
            tuple(sorted({max(row, tuple(-entry for entry in row)) for row in flat if any(row)})),
        )

    @property
    def closed_rows(self) -> tuple[Row, ...]:
        """Rows and strict rows, all read as ``>= 0``."""
        return tuple(sorted({*self.rows, *self.strict}))

    def closure(self) -> HRep:
        """Return the system with its strict rows read as ``>= 0``: the closure, if the system has a point."""
        return HRep(self.ambient_dim, self.closed_rows, (), self.equations)

    def contains(self, point: Sequence[Fraction | int]) -> bool:
        """Tell whether a point of shape (dim,) satisfies every row."""
        if len(point) != self.ambient_dim:
            raise DimensionError("point", expected=self.ambient_dim, got=len(point))
        lifted = integer_row((1, *point))
        return (
            all(integer_dot(row, lifted) >= 0 for row in self.rows)
            and all(integer_dot(row, lifted) > 0 for row in self.strict)
            and not any(integer_dot(row, lifted) for row in self.equations)
        )

    def preimage(self, mapping: AffineMap) -> HRep:
        """Return the system of ``{x : mapping(x) satisfies this system}``."""
        if not isinstance(mapping, AffineMap):
            raise InputError(f"mapping is {quoted(mapping)}; write AffineMap.of(matrix, offset) or AffineMap.through(point, ..)")
        if mapping.outputs != self.ambient_dim:
            raise DimensionError("codomain of the affine map", expected=self.ambient_dim, got=mapping.outputs, size="dimension")
        pull = row_puller(mapping)
        return HRep.of(
            mapping.inputs,
            map(pull, self.rows),
            strict=map(pull, self.strict),
            equations=map(pull, self.equations),
        )

    def __repr__(self) -> str:
        return f"HRep({system(self.rows, self.strict, self.equations) or 'no inequalities'} in R^{self.ambient_dim})"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {latex_system(self.ambient_dim, self.rows, self.strict, self.equations)}$"

    def intersect(self, other: HRep) -> HRep:
        """Return the system with the rows of both."""
        if other.ambient_dim != self.ambient_dim:
            raise DimensionError(
                "space of the other polyhedron", expected=self.ambient_dim, got=other.ambient_dim, size="dimension"
            )
        return HRep.of(
            self.ambient_dim,
            (*self.rows, *other.rows),
            strict=(*self.strict, *other.strict),
            equations=(*self.equations, *other.equations),
        )


@dataclass(frozen=True, slots=True)
class VRep:
    """The convex hull of vertices plus the cone of rays plus the span of lines; empty if there is no vertex.

    Vertices and rays are determined up to the lines only; they are chosen with zeros at the pivot coordinates of the lines, which
    makes them unique.

    Attributes:
        ambient_dim: dimension d of the space.
        vertices: points.
        rays: primitive integer directions.
        lines: primitive integer directions in reduced row echelon form.
    """

    ambient_dim: int
    vertices: tuple[Vector, ...]
    rays: tuple[Row, ...] = ()
    lines: tuple[Row, ...] = ()

    dim = deprecated.renamed("VRep.dim", "ambient_dim")

    def __repr__(self) -> str:
        named = (("vertex", "vertices", self.vertices), ("ray", "rays", self.rays), ("line", "lines", self.lines))
        parts = [f"{counted(len(listed), one, many)} {points(listed)}" for one, many, listed in named if listed]
        return f"VRep({', '.join(parts) or 'empty'} in R^{self.ambient_dim})"

    @property
    def is_bounded(self) -> bool:
        """Whether there is neither a ray nor a line."""
        return not self.rays and not self.lines

    def homogeneous(self) -> tuple[list[Row], list[Row], list[Row]]:
        """Return (points, rays, lines) as integer rows ``(x_0, x)`` with ``x_0 > 0`` for points."""
        points = [integer_row((Fraction(1), *vertex)) for vertex in self.vertices]
        return points, [(0, *ray) for ray in self.rays], [(0, *line) for line in self.lines]


def row_puller(mapping: AffineMap) -> Any:
    """Return the function that maps a row on the codomain of an affine map to the row of its preimage, as a primitive row."""
    lifted = mapping.augmented().rows
    width = mapping.inputs + 1

    def pull(row: Sequence[Fraction | int]) -> Row:
        pulled = [Fraction(0)] * width
        pulled[0] += row[0]
        for coefficient, image in zip(row[1:], lifted, strict=True):
            if coefficient:
                pulled = [total + coefficient * entry for total, entry in zip(pulled, image, strict=True)]
        return integer_row(pulled)

    return pull


def _rows(rows: Any, dim: int, what: str) -> set[Row]:
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise InputError(f"{what} are {quoted(rows)}; expected a list of rows (b, a_1, .., a_{dim})")
    return {_row(row, dim) for row in rows}


def _row(row: Any, dim: int) -> Row:
    if type(row) is not tuple:
        row = entries(row, "row", f"{dim + 1} numbers (b, a_1, .., a_{dim})")
    if len(row) != dim + 1:
        raise DimensionError("row (b, a_1, .., a_d)", expected=dim + 1, got=len(row))
    if all(type(entry) is int for entry in row):
        return primitive(row)
    return integer_row([algebraic(entry, "row entry") for entry in row])
