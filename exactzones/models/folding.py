"""Constants that are computed: an operator takes them as tensors of a graph of their own, which is then evaluated, exactly."""

from __future__ import annotations

import math

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.arrays import Array, computed, finite, fractions, object_array
from exactzones.models.lowering import column
from exactzones.models.sparse import Sparse
from exactzones.models.tensors import Tensor, broadcast
from exactzones.models.values import Value, ancestors
from exactzones.rational import Matrix


def lifted(constant: Array) -> Tensor:
    """Return a constant as a tensor of a new graph, in which nothing depends on the input.

    Raises:
        InexactError: NaN or infinity.
        FormatError: an array without entries.

    >>> folded(lifted(np.array([-1, 2])).relu()).tolist()
    [Fraction(0, 1), Fraction(2, 1)]
    """
    if not constant.size:
        raise FormatError(f"a constant has shape {constant.shape}; at least one entry is expected")
    start = Tensor.start((1,))
    nothing = Sparse.pick(np.full(constant.size, -1), 1)
    value = start.graph.affine([(start.value, nothing)], column(fractions(constant)))
    return Tensor(start.graph, value, constant.shape)


def folded(tensor: Tensor) -> Array:
    """Return the constant that a tensor of such a graph is, as Fractions."""
    return computed(object_array(list(_at_zero(tensor.value).vector()))).reshape(tensor.shape)


def _at_zero(output: Value) -> Sparse:
    """Return a value of a graph at the input zero, as a matrix of one column."""
    columns: dict[Value, Sparse] = {}
    for value in sorted(ancestors(output), key=lambda each: each.number):
        parts = [matrix.after(columns[source]) for source, matrix in value.terms]
        parts += [] if value.constant is None else [value.constant]
        total = Sparse.added(parts) if parts else Sparse.pick(np.full(value.size, -1), 1)
        columns[value] = total.positive() if value.relu else total
    return columns[output]


def product(left: Array, right: Array) -> Array:
    """Return the matrix product of two constants, as NumPy's matmul defines it; exact, and of integers as integers.

    Raises:
        FormatError: shapes that cannot be multiplied.
        InexactError: NaN or infinity.
    """
    a, b = (left[None] if left.ndim == 1 else left), (right[:, None] if right.ndim == 1 else right)
    if min(a.ndim, b.ndim) < 2 or a.shape[-1] != b.shape[-2]:
        raise FormatError(f"shapes {left.shape} and {right.shape} cannot be multiplied")
    if a.dtype.kind == b.dtype.kind == "i":
        return np.asarray(np.matmul(left, right))
    stack = broadcast(a.shape[:-2], b.shape[:-2])
    shape = (*stack, a.shape[-2], b.shape[-1])
    if math.prod(shape) > MAX_WEIGHTS:
        raise FormatError(f"the product has shape {shape}; at most {MAX_WEIGHTS} entries are supported")
    a, b = (np.broadcast_to(finite(part, "its constant"), (*stack, *part.shape[-2:])) for part in (a, b))
    result = np.empty(shape, object)
    for place in np.ndindex(*stack):
        result[place] = np.array((_matrix(a[place]) @ _matrix(b[place])).rows, object).reshape(shape[-2:])
    ends = (*shape[-2:-1][: left.ndim - 1], *shape[-1:][: right.ndim - 1])
    return computed(result).reshape((*stack, *ends))


def _matrix(array: Array) -> Matrix:
    return Matrix.of(array if array.dtype.kind == "f" else array.tolist(), columns=array.shape[1])
