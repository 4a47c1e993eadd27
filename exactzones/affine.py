"""Affine maps ``x -> A x + b``, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from exactzones.errors import DimensionError, InputError, quoted
from exactzones.notation import latex_affine, linears
from exactzones.rational import Matrix, Vector, independent, integer_row, vector_of

_SHOWN = 100  # inputs and outputs up to which the values are part of a map's text


@dataclass(frozen=True, slots=True)
class AffineMap:
    """The map ``x -> matrix x + offset`` from R^n to R^m.

    Attributes:
        matrix: shape (m, n).
        offset: shape (m,).

    >>> AffineMap.of([[2]], [1])([3])
    (Fraction(7, 1),)
    """

    matrix: Matrix
    offset: Vector

    def __post_init__(self) -> None:
        if not isinstance(self.matrix, Matrix):
            raise InputError(f"matrix is {quoted(self.matrix)}; write AffineMap.of(matrix, offset)")
        if len(self.offset) != self.matrix.shape[0]:
            raise DimensionError("offset of the affine map", expected=self.matrix.shape[0], got=len(self.offset))

    @classmethod
    def of(cls, matrix: Any, offset: Any) -> AffineMap:
        """Build a map from nested sequences of exact numbers.

        Args:
            matrix: shape (m, n).
            offset: shape (m,).

        Raises:
            DimensionError: the offset does not have m entries.
        """
        return cls(Matrix.of(matrix), vector_of(offset, "offset"))

    @classmethod
    def identity(cls, dim: int) -> AffineMap:
        """Return the identity of R^dim."""
        identity = Matrix.identity(dim)
        return cls(identity, (Fraction(0),) * identity.shape[0])

    @classmethod
    def through(cls, *points: Any) -> AffineMap:
        """Return the embedding of R^k onto the flat through k + 1 points.

        The origin is mapped to the first point, the j-th unit vector to the (j + 1)-th.  Use it to look at a plane through three
        points of a larger input space.

        Args:
            points: at least one, shape (m,) each.

        Raises:
            DimensionError: the points have different dimensions.
            InputError: there is no point, or one lies in the flat through those before it, such as the last of three on a line.

        >>> AffineMap.through([0, 0, 1], [1, 0, 1], [0, 1, 1])([2, 3])
        (Fraction(2, 1), Fraction(3, 1), Fraction(1, 1))
        """
        if not points:
            raise InputError("a flat without points is not defined; pass at least one point")
        origin, *others = (vector_of(point, f"point {k}") for k, point in enumerate(points))
        for k, other in enumerate(others):
            if len(other) != len(origin):
                raise DimensionError(f"point {k + 1}", expected=len(origin), got=len(other))
        columns = [[a - b for a, b in zip(other, origin, strict=True)] for other in others]
        rows = [integer_row(column) for column in columns]
        if not independent(rows):
            spanned = next(k for k in range(1, len(points)) if not independent(rows[:k]))
            raise InputError(
                f"point {spanned} lies in the flat through the points before it, and adds no dimension; choose another"
            )
        return cls(Matrix.of([[column[k] for column in columns] for k in range(len(origin))], columns=len(columns)), origin)

    @property
    def inputs(self) -> int:
        """Dimension n of the domain R^n."""
        return self.matrix.shape[1]

    @property
    def outputs(self) -> int:
        """Dimension m of the codomain R^m."""
        return self.matrix.shape[0]

    def __call__(self, point: Any) -> Vector:
        """Return the image of a point of shape (n,)."""
        return tuple(a + b for a, b in zip(self.matrix @ point, self.offset, strict=True))

    def after(self, inner: AffineMap) -> AffineMap:
        """Return the composition ``x -> self(inner(x))``."""
        if not isinstance(inner, AffineMap):
            raise InputError(f"inner map is {quoted(inner)}; write AffineMap.of(matrix, offset)")
        return AffineMap(self.matrix @ inner.matrix, self(inner.offset))

    def keeping(self, kept: tuple[bool, ...]) -> AffineMap:
        """Return the map with the outputs that are not kept set to zero, as a ReLU does on one activation region."""
        return AffineMap(self.matrix.select(kept), tuple(b if keep else b * 0 for b, keep in zip(self.offset, kept, strict=True)))

    def __repr__(self) -> str:
        outputs, inputs = self.matrix.shape
        values = f": {linears(self.augmented().rows)}" if max(inputs, outputs) <= _SHOWN else ""
        return f"AffineMap(R^{inputs} to R^{outputs}{values})"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {latex_affine(self.matrix.rows, self.offset)}$"

    def augmented(self) -> Matrix:
        """Return ``(offset | matrix)``, shape (m, n + 1): row k is output k as ``b + a . x``."""
        return self.matrix.beside(self.offset)
