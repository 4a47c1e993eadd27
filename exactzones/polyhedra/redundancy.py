"""Systems without redundant rows, by linear programs."""

from __future__ import annotations

from collections.abc import Sequence

from exactzones.polyhedra import backends
from exactzones.rational import Row


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


def _can_be_positive(chosen: Sequence[Row], rows: Sequence[Row], equations: Sequence[Row], dim: int) -> bool:
    """Tell whether a non-empty system has a point where all chosen rows are positive."""
    # One more variable t <= 1, and the chosen rows are >= t.
    lifted = [*((*row, -1 if row in chosen else 0) for row in rows), (1, *(0,) * dim, -1)]
    return backends.maximize(lifted, [(*row, 0) for row in equations], (*(0,) * (dim + 1), 1)).value > 0
