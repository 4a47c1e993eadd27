"""Linear functions of a layer's inputs that are carried back to the network's inputs on the units that they use only.

In a wide network whose units depend on few others, most coefficients are zero.  Nothing in this module is trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from exactzones.certification.provers.relaxation import FloatClaim, Relaxation
from exactzones.checker.arithmetic import Array
from exactzones.rational.blocks import SparseFloats

_UNITS, _FUNCTIONS = 16, 1024  # units, and functions, that are carried at a time

_CANCELLED = 1e-7  # a sum is nothing but rounding if it is at most this share of the sum of its terms' sizes
_SCATTERED = 8  # a sparse matrix is multiplied by blocks if at least one in so many of its outputs is used


class Carried(NamedTuple):
    """Linear functions of the values of some units of a layer, each on a box.

    Attributes:
        layer: whose inputs they read.
        at: the box of each, shape (functions,).
        columns: the numbers of the inputs that they use.
        coefficients: of these inputs, shape (functions, columns).
        constants: shape (functions,).
    """

    layer: int
    at: Array
    columns: Array
    coefficients: Array
    constants: Array

    def rows(self, inputs: int) -> Array:
        """Return functions of the network's inputs as rows ``(b, a)``, shape (functions, inputs + 1)."""
        rows = np.zeros((len(self.at), inputs + 1))
        rows[:, 0], rows[:, 1 + self.columns] = self.constants, self.coefficients
        return rows


Look: TypeAlias = Callable[[Carried], None]
"""Is called with functions of a hidden layer's activations on their way back; the layer is the next one."""


def of_units(claim: FloatClaim, k: int, at: Array, unit: Array, upper: Array) -> Iterator[tuple[Array, Carried]]:
    """Yield units of layer k on boxes as functions z or, where ``upper`` is true, -z, some at a time with their places.

    Units of close numbers come together, as they tend to depend on the same ones.
    """
    order = np.argsort(unit, kind="stable")
    place = np.cumsum(np.diff(unit[order], prepend=-1) != 0) // _UNITS
    for start, stop in pairwise([0, *(np.flatnonzero(np.diff(place)) + 1).tolist(), len(order)]):
        for first in range(start, stop, _FUNCTIONS):
            part = order[first : min(stop, first + _FUNCTIONS)]
            columns, rows = narrow_rows(claim.weights[k], unit[part])
            sign = np.where(upper[part], -1.0, 1.0)
            yield part, Carried(k, at[part], columns, sign[:, None] * rows, sign * claim.biases[k][unit[part]])


def narrow_rows(weight: Array | SparseFloats, rows: Array) -> tuple[Array, Array]:
    """Return the columns in which some of these rows have an entry, and the rows on these columns."""
    if isinstance(weight, SparseFloats):
        return weight.narrow(rows)
    chosen = weight[rows]
    columns = np.flatnonzero(chosen.any(0))
    return columns, chosen if len(columns) == weight.shape[1] else chosen[:, columns]


def carry(claim: FloatClaim, relaxed: Sequence[Relaxation], functions: Carried, look: Look | None = None) -> Carried:
    """Return functions of the inputs that nowhere exceed these functions on their boxes, by back-substitution (CROWN)."""
    layer, at, columns, coefficients, constants = functions
    for k in range(layer - 1, -1, -1):
        used = coefficients.any(0)
        if not used.all():
            columns, coefficients = columns[used], coefficients[:, used]
        if look is not None:
            look(Carried(k + 1, at, columns, coefficients, constants))
        part = at[:, None], columns
        negative = np.minimum(coefficients, 0)
        constants = constants + np.einsum("pn,pn->p", negative, relaxed[k].shift[part])
        coefficients = (coefficients - negative) * relaxed[k].lower[part] + negative * relaxed[k].slope[part]
        used = coefficients.any(0)
        columns, coefficients = columns[used], coefficients[:, used]
        constants = constants + coefficients @ claim.biases[k][columns]
        columns, coefficients = _through(claim.weights[k], columns, coefficients, cancelled=look is not None)
    return Carried(0, at, columns, coefficients, constants)


def _through(weight: Array | SparseFloats, columns: Array, coefficients: Array, *, cancelled: bool) -> tuple[Array, Array]:
    """Return the product of coefficients of these outputs of a matrix with it, and the inputs that have any.

    Where its terms cancel, the checker's numbers, which are rounded otherwise, may leave something of either sign: with
    ``cancelled`` such a coefficient is a small negative number, as negative ones need more bounds.
    """
    if isinstance(weight, SparseFloats) and _SCATTERED * len(columns) > weight.shape[0]:
        whole = np.zeros((len(coefficients), weight.shape[0]))
        whole[:, columns] = coefficients
        columns, product = np.arange(weight.shape[1]), whole @ weight
        size = np.abs(whole) @ abs(weight) if cancelled else None
    else:
        columns, rows = narrow_rows(weight, columns)
        product = coefficients @ rows
        size = np.abs(coefficients) @ np.abs(rows) if cancelled else None
    if size is not None:
        product = np.where(np.abs(product) <= _CANCELLED * size, -_CANCELLED * size, product)
    return columns, product
