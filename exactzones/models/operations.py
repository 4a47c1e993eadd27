"""Whether the rows of a layer are single operations of the model that was read, or join several in a row.

Over the reals this makes no difference.  In floats it does: what a model computes between two operations is rounded there.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from exactzones.models.arrays import Array
from exactzones.models.sparse import Sparse
from exactzones.models.values import Computation


class Operation(IntEnum):
    """What a row computes from the units of the last layer."""

    COPY = 0
    """A unit, perhaps with its sign changed; or zero."""
    SUM = 1
    """A sum of products."""
    BIASED = 2
    """The same and a constant; or a constant."""
    JOINED = 3
    """More than that: operations one after the other."""


def copies(count: int) -> Array:
    """Return the operations of so many rows that copy units."""
    return np.full(count, Operation.COPY)


def operations_of(terms: Sequence[tuple[Sparse, Array, Sparse]], constant: Sparse | None, total: Sparse) -> Array:
    """Return what the rows of an affine value compute.

    Args:
        terms: for each source the matrix, what the source's rows compute, and these as a matrix on units and the constant 1.
        constant: shape (rows, 1), or None for zero.
        total: the value as such a matrix.
    """
    height = total.shape[0]
    entries, worst, copied = np.zeros(height, int), copies(height), np.ones(height, bool)
    products = np.zeros(height, int)  # of each row, if none were added up
    for matrix, operations, source in terms:
        np.add.at(entries, matrix.rows, 1)
        np.add.at(products, matrix.rows, np.diff(source.starts)[matrix.columns])
        np.maximum.at(worst, matrix.rows, operations[matrix.columns])
        copied[matrix.rows[np.abs(matrix.values) != (matrix.denominator or 1)]] = False
    passed = copied & (entries <= 1)
    found = np.where(passed, worst, np.where(worst == Operation.COPY, Operation.SUM, Operation.JOINED))
    if constant is not None:
        rows = constant.rows
        products[rows] += 1
        found[rows] = np.where(found[rows] <= Operation.SUM, Operation.BIASED, Operation.JOINED)
    kept = np.bincount(total.rows, minlength=height) == products
    return np.where(kept, found, Operation.JOINED)  # where entries were added up or cancelled, their magnitudes are lost


def stated_operations(operations: Array, computation: Computation | None) -> Array:
    """Return what rows compute if the reader of the model states how: then only copies are single operations."""
    if computation is None:
        return operations
    single = (operations == Operation.COPY) & (not computation.always)
    return np.where(single, Operation.COPY, Operation.JOINED)


def origins_of(terms: Sequence[tuple[Sparse, Array]], constant: Sparse | None, fresh: Array) -> Array:
    """Return a number for each row of an affine value, the same for copies of one number that floats compute.

    Args:
        terms: for each source the matrix and the numbers of its rows.
        constant: shape (rows, 1), or None for zero.
        fresh: positive numbers not in use, for rows that are not copies; a copy with the other sign has minus its number.
    """
    height, origins = len(fresh), fresh.copy()
    counts = np.zeros(height, int) if constant is None else np.bincount(constant.rows, minlength=height)
    counts = sum((np.bincount(matrix.rows, minlength=height) for matrix, _ in terms), start=counts)
    for matrix, own in terms:
        copied = (np.abs(matrix.values) == (matrix.denominator or 1)) & (counts[matrix.rows] == 1)
        origins[matrix.rows[copied]] = own[matrix.columns[copied]] * np.sign(matrix.values[copied]).astype(int)
    return origins
