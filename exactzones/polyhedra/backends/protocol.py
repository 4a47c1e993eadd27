"""The interface of a back end: conversions between the two representations of a polyhedron, and linear programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeAlias

from exactzones.errors import BackendError
from exactzones.rational import Row, Vector

Entries: TypeAlias = Sequence[Fraction | int]
"""A row ``(b, a_1, .., a_d)`` of exact numbers, standing for ``b + a . x``."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The optimum of a linear program.

    Attributes:
        value: the maximum.
        point: a point where it is attained, shape (d,).
        multipliers: one per row, then one per equation; ``value - objective . (1, x) = sum multipliers_k * row_k . (1, x)`` for
            all x, and those of rows are >= 0.
    """

    value: Fraction
    point: Vector
    multipliers: Vector


class UnsupportedNumbersError(BackendError):
    """A back end cannot calculate with these numbers; the next one is tried."""


class Backend(Protocol):
    """The functions of a back end: any module that has them is a back end.

    Rows mean ``b + a . x >= 0``, equations ``b + a . x = 0``.  Generators are homogeneous rows ``(x_0, x)``: a point ``x / x_0``
    if ``x_0 > 0``, a direction if ``x_0 = 0``.  The order of returned rows is arbitrary.

    Each function raises UnsupportedNumbersError for numbers that the back end cannot calculate with.
    """

    def generators(self, rows: Sequence[Row], equations: Sequence[Row], dim: int) -> tuple[list[Row], list[Row], list[Row]]:
        """Return (vertices, rays, lines) of a non-empty system in R^dim as primitive rows."""
        ...

    def inequalities(
        self, points: Sequence[Row], rays: Sequence[Row], lines: Sequence[Row], dim: int
    ) -> tuple[list[Row], list[Row]]:
        """Return (rows, equations) of the hull of generators in R^dim as primitive rows; ``points`` is not empty."""
        ...

    def maximize(self, rows: Sequence[Row], equations: Sequence[Row], objective: Entries) -> Solution:
        """Solve ``max objective . (1, x)`` over a system that the caller knows to be feasible and bounded.

        Raises:
            BackendError: the back end finds it infeasible or unbounded.
        """
        ...
