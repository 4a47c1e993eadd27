"""Pass-through units: units without ReLU that carry values through a layer, because later layers need them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from exactzones.models.arrays import Array
from exactzones.models.sparse import Sparse


class PassThrough(NamedTuple):
    """Pass-through units for some expressions.

    Attributes:
        units: one row per unit, like the expressions; None if there are no units.
        expressions: the same expressions, now on the units and the constant 1.
        unit_of_row: the unit that each row of the expressions became, -1 for constant rows; None if units of the last layer are
            passed on instead.
    """

    units: Sparse | None
    expressions: list[Sparse]
    unit_of_row: Array | None = None


def choose_pass_through(expressions: Sequence[Sparse], *, every_row: bool) -> PassThrough:
    """Choose units that carry expressions over to the next layer.

    Either the distinct rows of the expressions, except constant ones, become units, or the units of the last layer that they use
    are passed on, whichever needs fewer units.

    Args:
        expressions: matrices on the units of the last layer and the constant 1, which is the last column.
        every_row: give each row a unit of its own instead.
    """
    if not expressions:
        return PassThrough(None, [])
    rows = Sparse.stacked(expressions)
    (height, width), unit_of_row = rows.shape, np.arange(rows.shape[0])
    if not every_row:
        unit_of_row = _distinct_rows(rows)
        used = np.unique(rows.columns[rows.columns < width - 1])
        if len(used) <= int(unit_of_row.max()):
            place = np.zeros(width, np.int64)
            place[used], place[-1] = np.arange(len(used)), len(used)
            on_units = Sparse((height, len(used) + 1), rows.rows, place[rows.columns], rows.values, rows.denominator)
            return PassThrough(Sparse.pick(used, width), _unstacked(on_units, expressions))
    count = int(unit_of_row.max()) + 1
    first = np.unique(unit_of_row[unit_of_row >= 0], return_index=True)[1]
    units = Sparse.pick(np.flatnonzero(unit_of_row >= 0)[first], height).after(rows)
    on_units = Sparse.pick(unit_of_row, count + 1)
    fixed = unit_of_row[rows.rows] < 0
    if fixed.any():
        last = np.full(int(fixed.sum()), count)
        constants = Sparse((height, count + 1), rows.rows[fixed], last, rows.values[fixed], rows.denominator)
        on_units = Sparse.added([on_units, constants])
    return PassThrough(units if count else None, _unstacked(on_units, expressions), unit_of_row)


def _distinct_rows(rows: Sparse) -> Array:
    """Number the rows so that equal rows share a number; constant rows have the number -1."""
    height, width = rows.shape
    starts = rows.starts.tolist()
    numbers = np.empty(height, np.int64)
    known: dict[Any, int] = {}
    for k, (start, stop) in enumerate(pairwise(starts)):
        columns, values = rows.columns[start:stop], rows.values[start:stop]
        constant = start == stop or columns[0] == width - 1
        key = (columns.tobytes(), tuple(values) if rows.denominator else values.tobytes())
        numbers[k] = -1 if constant else known.setdefault(key, len(known))
    return numbers


def _unstacked(rows: Sparse, parts: Sequence[Sparse]) -> list[Sparse]:
    ends = np.cumsum([part.shape[0] for part in parts]).tolist()
    return [rows.row_slice(start, stop) for start, stop in zip([0, *ends], ends, strict=False)]
