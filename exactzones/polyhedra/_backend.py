"""Conversions and linear programs: by cddlib where every number is rational and not too long, else by ``_field``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from typing import Any

from exactzones.polyhedra import _cdd, _field
from exactzones.polyhedra._cdd import Solution
from exactzones.rational import Row, irrational


def _done(what: str, systems: Sequence[Sequence[Sequence[Fraction | int]]], *more: Any) -> Any:
    """Call the function of this name in the back end for these numbers."""
    if not irrational(chain(*chain(*systems))):
        # pycddlib passes long numbers on as decimals, and Python neither writes nor reads more than 4,300 digits.
        with suppress(ValueError):
            return getattr(_cdd, what)(*systems, *more)
    return getattr(_field, what)(*systems, *more)


def generators(rows: Sequence[Row], equations: Sequence[Row], dim: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Return (vertices, rays, lines) of a system as primitive homogeneous rows; vertices have a positive first entry."""
    found: tuple[list[Row], list[Row], list[Row]] = _done("generators", (rows, equations), dim)
    return found


def inequalities(points: Sequence[Row], rays: Sequence[Row], lines: Sequence[Row], dim: int) -> tuple[list[Row], list[Row]]:
    """Return (rows, equations) of the hull of generators given as homogeneous rows; ``points`` is not empty."""
    found: tuple[list[Row], list[Row]] = _done("inequalities", (points, rays, lines), dim)
    return found


def maximize(rows: Sequence[Any], equations: Sequence[Any], objective: Sequence[Fraction | int]) -> Solution:
    """Solve ``max objective . (1, x)`` over a system that the caller knows to be feasible and bounded.

    Raises:
        BackendError: the back end disagrees about feasible and bounded.
    """
    if irrational(objective):
        return _field.maximize(rows, equations, objective)
    found: Solution = _done("maximize", (rows, equations), objective)
    return found


def canonical(rows: Sequence[Row], equations: Sequence[Row], dim: int) -> tuple[list[Row], list[Row]]:
    """Return (rows, equations) of a *non-empty* system without redundant rows and with implicit equations found."""
    flat = list(equations)
    kept = [row for row in rows if any(row[1:])]
    if not _can_be_raised(kept, kept, flat, dim):
        implied = [row for row in kept if not _can_be_raised([row], kept, flat, dim)]
        kept = [row for row in kept if row not in implied]
        flat += implied
    for row in list(kept):
        others = [other for other in kept if other is not row]
        below = maximize([*others, (row[0] + 1, *row[1:])], flat, tuple(-entry for entry in row))
        if below.value <= 0:
            kept = others
    return kept, flat


def _can_be_raised(raised: Sequence[Row], rows: Sequence[Row], equations: Sequence[Row], dim: int) -> bool:
    """Tell whether a non-empty system has a point where all these rows of it are positive."""
    lifted = [*((*row, -1 if row in raised else 0) for row in rows), (1, *(0,) * dim, -1)]
    return maximize(lifted, [(*row, 0) for row in equations], (*(0,) * (dim + 1), 1)).value > 0
