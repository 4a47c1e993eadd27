"""Systems without redundant rows, by linear programs, in canonical form."""

from __future__ import annotations

from collections.abc import Sequence

from exactzones.polyhedra import backends
from exactzones.polyhedra.cells import reduce_modulo
from exactzones.rational import Row, row_echelon


def without_redundancy(rows: Sequence[Row], equations: Sequence[Row], dim: int) -> tuple[list[Row], list[Row]]:
    """Return (rows, equations) of a *non-empty* system without redundant rows; rows that are zero everywhere become equations."""
    remaining, flat = [row for row in rows if any(row[1:])], list(equations)
    if not _can_be_positive(remaining, remaining, flat, dim):
        implicit = [row for row in remaining if not _can_be_positive([row], remaining, flat, dim)]
        remaining = [row for row in remaining if row not in implicit]
        flat += implicit
    for row in list(remaining):
        others = [other for other in remaining if other is not row]
        # The row is relaxed by 1, so that the program is bounded.
        violation = backends.maximize([*others, (row[0] + 1, *row[1:])], flat, tuple(-entry for entry in row))
        if violation.value <= 0:
            remaining = others
    return remaining, flat


def modulo(rows: Sequence[Row], equations: Sequence[Row]) -> list[Row]:
    """Return rows modulo equations, so that rows with the same values on the solutions of the equations become equal."""
    # Generators (0, a, b) and lines (0, a, b): the constant comes last, so that the pivots are coordinates.
    reduced = reduce_modulo([(0, *row[1:], row[0]) for row in rows], [(0, *row[1:], row[0]) for row in equations])
    return [(row[-1], *row[1:-1]) for row in reduced]


def echelon(equations: Sequence[Row]) -> list[Row]:
    """Return equations in reduced row echelon form, their pivots in the coordinates."""
    rows, _ = row_echelon([(*equation[1:], equation[0]) for equation in equations])
    return [(row[-1], *row[:-1]) for row in rows]


def _can_be_positive(chosen: Sequence[Row], rows: Sequence[Row], equations: Sequence[Row], dim: int) -> bool:
    """Tell whether a non-empty system has a point where all chosen rows are positive."""
    # One more variable t <= 1, and the chosen rows are >= t.
    lifted = [*((*row, -1 if row in chosen else 0) for row in rows), (1, *(0,) * dim, -1)]
    return backends.maximize(lifted, [(*row, 0) for row in equations], (*(0,) * (dim + 1), 1)).value > 0
