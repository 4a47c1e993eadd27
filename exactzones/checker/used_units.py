"""Functions on the units of a layer that they use only: in a wide layer of a sparse network these are few."""

from __future__ import annotations

from typing import Any

import numpy as np

from exactzones.checker.arithmetic import Array

_WIDE, _FEWER = 128, 2
"""Units are left out in layers so wide, if all units are so many times as many as those that are used."""
SCATTERED = 8
"""Where weights are sparse, their products by blocks are fast: there units are left out if they are so many times as many."""


def used(functions: Array, columns: Array | None) -> tuple[Array, Array | None]:
    """Return coefficients of those units only that some function uses, and the units, if these are few: else as they came.

    Args:
        functions: the coefficients, shape (functions, columns).
        columns: the units; None if they are all units of the layer.
    """
    if functions.shape[1] < _WIDE:
        return functions, columns
    needed = np.asarray(functions.any(0))
    if _FEWER * np.count_nonzero(needed) > len(needed):
        return functions, columns
    return functions[:, needed], np.flatnonzero(needed) if columns is None else columns[needed]


def units_at(first: int, width: int, columns: Array | None) -> Any:
    """Return an index of units of a layer among all units: of these columns, or of all."""
    return slice(first, first + width) if columns is None else first + columns


def whole(functions: Array, columns: Array | None, width: int) -> Array:
    """Return coefficients of all units of a layer."""
    if columns is None:
        return functions
    every = np.zeros((len(functions), width), functions.dtype)
    every[:, columns] = functions
    return every
