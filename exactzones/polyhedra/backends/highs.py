"""Linear programs in floats, by HiGHS: fast guesses, warm from one program to the next; the only module that imports highspy.

Nothing that it returns is proved.  ``polyhedra.program`` checks every answer, and decides exactly where the check fails.

Source: Huangfu and Hall 2018, Parallelizing the dual revised simplex method.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from exactzones.rational.arrays import Floats

INFINITY = math.inf
_OPTIONS: dict[str, Any] = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",  # a program differs from the one before by a row
    "solver": "simplex",
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
# HiGHS takes coefficients up to the first for zero, and refuses those from the second, and bounds from the third.
_LEAST_ENTRY, _LARGEST_ENTRY, _LARGEST_BOUND = 1e-9, 1e15, 1e20


@dataclass(frozen=True, slots=True)
class FloatSolution:
    """What HiGHS takes for the optimum.

    Attributes:
        point: (columns,) values of the variables.
        duals: (rows,) multipliers of the rows: positive where a lower bound is active, negative where an upper one is.
    """

    point: Floats
    duals: Floats


@dataclass(frozen=True, slots=True)
class Basis:
    """The basis that a program ends with: as many basic columns as tight rows.

    Attributes:
        columns: the basic columns.
        upper: the columns that are fixed at their upper bounds; the others are at their lower bounds, or zero if there is none.
        rows: the rows that are tight.
    """

    columns: tuple[int, ...]
    upper: frozenset[int]
    rows: tuple[int, ...]


@cache
def _highspy() -> Any:
    """Return the library, which takes long to load; most questions need no program."""
    import highspy  # noqa: PLC0415

    return highspy


def _held(low: float, high: float) -> tuple[float, float]:
    """Return bounds of a variable that HiGHS can hold: a lower one that it takes for infinity moves down, an upper one up."""
    return min(low, _LARGEST_BOUND / 2), max(high, -_LARGEST_BOUND / 2)


class FloatProgram:
    """``max costs . v`` over ``low <= v <= high`` and rows ``lower <= a . v <= upper``, which can be changed between solutions.

    Args:
        low: (columns,) lower bounds, -infinity for none.
        high: (columns,) upper bounds.
    """

    def __init__(self, low: Floats, high: Floats) -> None:
        self._highs: Any = _highspy().Highs.__mro__[1]()  # the constructor of Highs itself prints a banner on standard output
        for name, value in _OPTIONS.items():
            self._highs.setOptionValue(name, value)
        for below, above in zip(low.tolist(), high.tolist(), strict=True):
            self._highs.addVar(*_held(below, above))
        self._indices = np.arange(len(low), dtype=np.int32)
        self._taken: list[bool] = []  # by row: whether HiGHS can hold its numbers

    def maximise(self, costs: Floats) -> None:
        """Set the objective."""
        self._highs.changeColsCost(len(costs), self._indices, -costs)

    def bound(self, column: int, low: float, high: float) -> None:
        """Set the bounds of a variable."""
        self._highs.changeColBounds(column, *_held(low, high))

    def push(self, row: Floats, lower: float) -> None:
        """Add the row ``row . v >= lower``; one with numbers that HiGHS refuses keeps its place, but demands nothing."""
        largest = np.abs(row).max(initial=0.0)
        self._taken.append(bool(_LEAST_ENTRY < largest < _LARGEST_ENTRY and abs(lower) < _LARGEST_BOUND))
        if self._taken[-1]:
            self._highs.addRow(lower, INFINITY, len(row), self._indices, row)
        else:
            self._highs.addRow(-INFINITY, INFINITY, 0, self._indices[:0], row[:0])

    def push_terms(self, columns: np.ndarray[Any, Any], terms: Floats, lower: float, upper: float) -> None:
        """Add the row ``lower <= terms . v[columns] <= upper``, of numbers that HiGHS can hold."""
        self._taken.append(True)
        self._highs.addRow(lower, upper, len(terms), columns.astype(np.int32), terms)

    def pop(self, row: int) -> None:
        """Remove a row; later ones move up."""
        self._highs.deleteRows(1, np.array([row], np.int32))
        del self._taken[row]

    def bound_row(self, row: int, lower: float, upper: float) -> None:
        """Set the bounds of a row."""
        if self._taken[row]:
            self._highs.changeRowBounds(row, lower, upper)

    def entry(self, row: int, column: int, value: float) -> None:
        """Set one coefficient."""
        if self._taken[row]:
            self._highs.changeCoeff(row, column, value)

    def solve(self) -> FloatSolution | None:
        """Return what HiGHS takes for the optimum; None if it finds none."""
        self._highs.run()
        if self._highs.getModelStatus() != _highspy().HighsModelStatus.kOptimal:
            return None
        solution = self._highs.getSolution()
        return FloatSolution(np.array(solution.col_value), np.array(solution.row_dual))

    def point_or_ray(self) -> tuple[Floats | None, Floats | None]:
        """Look for a point where all rows hold; the objective is zero.

        Returns:
            A point, or the multipliers of rows that HiGHS takes for a proof that there is none (positive where they multiply a
            lower bound, negative where an upper one); neither if it finds neither.
        """
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == _highspy().HighsModelStatus.kOptimal:
            return np.array(self._highs.getSolution().col_value), None
        if status != _highspy().HighsModelStatus.kInfeasible:
            return None, None
        _, exists, ray = self._highs.getDualRay()
        return None, np.array(ray) if exists else None

    def basis(self) -> Basis:
        """Return the basis of the last solution."""
        basis = self._highs.getBasis()
        columns, rows = basis.col_status, basis.row_status
        basic, upper = _highspy().HighsBasisStatus.kBasic, _highspy().HighsBasisStatus.kUpper
        return Basis(
            tuple(k for k, status in enumerate(columns) if status == basic),
            frozenset(k for k, status in enumerate(columns) if status == upper),
            tuple(k for k, status in enumerate(rows) if status != basic),
        )
