"""Where conditions of degree 2 hold on a bounded polyhedron, exactly.

A function of degree 2 has its extremes on a polytope at points in the relative interior of a face at which its derivatives along
the face are zero.  On each face these points form a polyhedron, on which the function is constant.  So one point for each face
tells the extremes, whether they are attained in spite of strict rows, and, since polyhedra are connected, whether it is zero
somewhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, product

from exactzones.affine import AffineMap
from exactzones.errors import InexactError
from exactzones.polyhedra.polyhedron import Polyhedron
from exactzones.rational import Row, Vector, dot, integer_row, nullspace, square_root

_MOST_PIECES = 1_000  # into which a polyhedron is cut for several conditions
_ROOT_BITS = 300  # of a root whose radicand is too long to be factorised


@dataclass(frozen=True, slots=True)
class QuadraticCondition:
    """``(1, x) M (1, x) > 0`` (strict), ``>= 0``, or ``= 0``.

    Attributes:
        matrix: symmetric, shape (d + 1, d + 1).
        relation: ">", ">=" or "=".
    """

    matrix: tuple[Vector, ...]
    relation: str

    def value(self, point: Sequence[Fraction]) -> Fraction:
        """Return the left-hand side at a point."""
        lifted = (Fraction(1), *point)
        return dot(lifted, [dot(row, lifted) for row in self.matrix])

    def holds(self, point: Sequence[Fraction]) -> bool:
        """Tell whether a point satisfies it."""
        value = self.value(point)
        return value == 0 if self.relation == "=" else value > 0 or (value == 0 and self.relation == ">=")

    def negated(self) -> QuadraticCondition:
        """Return the condition ``-(1, x) M (1, x) >= 0``."""
        return QuadraticCondition(tuple(tuple(-entry for entry in row) for row in self.matrix), ">=")

    def preimage(self, mapping: AffineMap) -> QuadraticCondition:
        """Return the condition on y that x = mapping(y) satisfies this one."""
        rows = [(Fraction(1), *(Fraction(0),) * mapping.inputs), *mapping.augmented().rows]  # of the map from (1, y) to (1, x)
        half = [[dot(row, column) for column in zip(*rows, strict=True)] for row in self.matrix]
        columns = list(zip(*rows, strict=True))
        matrix = [tuple(dot(column, [line[k] for line in half]) for k in range(len(columns))) for column in columns]
        return QuadraticCondition(tuple(matrix), self.relation)

    def critical_points(self, polytope: Polyhedron) -> Iterator[Vector]:
        """Yield a point of each face in whose relative interior the derivatives along it are zero somewhere."""
        system, vertices = polytope.irredundant, polytope.vrep.vertices
        for face in _faces(system.closed_rows, vertices):
            if len(face) == 1:
                yield vertices[next(iter(face))]
                continue
            tight = [row for row in system.closed_rows if all(dot(row, (1, *vertices[k])) == 0 for k in face)]
            equations = [*system.equations, *tight]
            along = nullspace([row[1:] for row in equations], system.ambient_dim)
            zero = [[dot(direction, column[1:]) for column in zip(*self.matrix, strict=True)] for direction in along]
            critical = Polyhedron.of(
                system.ambient_dim,
                strict=[row for row in system.closed_rows if row not in tight],
                equations=[*equations, *(integer_row(row) for row in zero if any(row))],
            )
            if not critical.is_empty:
                yield critical.interior_point()

    def point_in(self, polyhedron: Polyhedron) -> Vector | None:
        """Return a point that satisfies the condition; None if there is none.

        Args:
            polyhedron: bounded; it may have strict rows.

        Returns:
            A rational point; for an equation perhaps one in a field Q(sqrt(D)).
        """
        if polyhedron.is_empty:
            return None
        if self.relation == "=":
            at_most, at_least = self.negated().point_in(polyhedron), self._at_least_zero(polyhedron)
            return None if at_most is None or at_least is None else self._zero_between(at_most, at_least)
        return self._at_least_zero(polyhedron)

    def _at_least_zero(self, polyhedron: Polyhedron) -> Vector | None:
        """Return a point where the left-hand side is positive, or also zero unless the relation is ">"."""
        points = list(self.critical_points(polyhedron.closure()))
        best = max(points, key=self.value)
        if self.value(best) > 0:
            inner, share = polyhedron.interior_point(), Fraction(1)
            point = best
            while not polyhedron.contains(point) or self.value(point) <= 0:  # from a point close to the best one on
                point = _between(best, inner, share)
                share /= 2
            return point
        if self.relation == ">":
            return None
        return next((point for point in points if self.value(point) == 0 and polyhedron.contains(point)), None)

    def _zero_between(self, below: Vector, above: Vector) -> Vector:
        """Return a point of a segment at which the left-hand side is zero; at its ends it is at most and at least zero."""
        constant, end = self.value(below), self.value(above)
        if constant == 0 or end == 0:
            return below if constant == 0 else above
        middle = self.value([(b + a) / 2 for b, a in zip(below, above, strict=True)])
        square = 2 * (constant + end) - 4 * middle  # the value is square t^2 + linear t + constant
        linear = end - constant - square
        if not square:
            return _between(below, above, -constant / linear)
        # Of both roots, the one between 0 and 1 is the one at which the value grows.
        return _between(below, above, (_root(linear * linear - 4 * square * constant) - linear) / (2 * square))


def point_satisfying(conditions: Sequence[QuadraticCondition], polyhedron: Polyhedron) -> Vector | None:
    """Return a point of a bounded polyhedron that satisfies all conditions; None if there is none.

    One condition is decided by its extremes.  For several, the polyhedron is cut into pieces until on each of them one condition
    has no solution, or a point satisfies all.

    Args:
        conditions: at least one.
        polyhedron: it may have strict rows.

    Raises:
        InexactError: the pieces became too many.
    """
    if len(conditions) == 1 or polyhedron.is_empty:
        return conditions[0].point_in(polyhedron)
    pieces = [polyhedron]
    for piece in pieces:
        solutions = [condition.point_in(piece) for condition in conditions]
        if None in solutions:
            continue
        found = [point for point in solutions if point is not None]
        tried = chain(found, _zeros(conditions, piece), [piece.interior_point()])
        witness = next((point for point in tried if all(condition.holds(point) for condition in conditions)), None)
        if witness is not None:
            return witness
        if len(pieces) > _MOST_PIECES:
            raise InexactError(f"{len(conditions)} conditions of degree 2 together could not be decided")
        pieces += _halves(piece)
    return None


def _zeros(conditions: Sequence[QuadraticCondition], piece: Polyhedron) -> Iterator[Vector]:
    """Yield zeros of each equation, on segments between points where its left-hand side has different signs."""
    for condition in conditions:
        if condition.relation == "=":
            points = [point for point in condition.critical_points(piece.closure()) if piece.contains(point)]
            points.append(piece.interior_point())
            for below, above in product(points, repeat=2):
                if condition.value(below) <= 0 <= condition.value(above):
                    yield condition._zero_between(below, above)  # noqa: SLF001  the same module


def _halves(piece: Polyhedron) -> list[Polyhedron]:
    """Return both halves of a piece, cut across the longest side of its bounding box."""
    columns = list(zip(*piece.vrep.vertices, strict=True))
    axis = max(range(len(columns)), key=lambda k: max(columns[k]) - min(columns[k]))
    middle = (max(columns[axis]) + min(columns[axis])) / 2
    row = integer_row((-middle, *(Fraction(int(k == axis)) for k in range(len(columns)))))
    return [
        Polyhedron.of(piece.ambient_dim, (*piece.hrep.rows, side), strict=piece.hrep.strict, equations=piece.hrep.equations)
        for side in (row, tuple(-entry for entry in row))
    ]


def _faces(rows: Sequence[Row], vertices: Sequence[Vector]) -> set[frozenset[int]]:
    """Return the faces of a polytope by their vertices: the intersections of facets, and the polytope itself."""
    facets = [frozenset(k for k, vertex in enumerate(vertices) if dot(row, (1, *vertex)) == 0) for row in rows]
    faces = {frozenset(range(len(vertices)))}
    for facet in facets:
        faces |= {face & facet for face in faces}
    return faces - {frozenset()}


def _between(start: Vector, end: Vector, share: Fraction) -> Vector:
    return tuple(s + share * (e - s) for s, e in zip(start, end, strict=True))


def _root(square: Fraction) -> Fraction:
    """Return a square root, which may be irrational; of a long number a rational one, closer than its printed digits."""
    product_ = square.numerator * square.denominator
    try:
        root: Fraction = square_root(product_) * Fraction(1, square.denominator)
    except InexactError:
        root = Fraction(math.isqrt(product_ << 2 * _ROOT_BITS), square.denominator << _ROOT_BITS)
    return root
