"""Tensors of a network under construction: the semantics that operators of ONNX and PyTorch share.

A tensor is a value of the graph (see ``lowering``) with a shape.  An operator that only moves entries is computed by NumPy
on the tensor's indices, see ``Tensor.moved``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exactzones.errors import FormatError, InputError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.arrays import Array, Shape, finite, fractions
from exactzones.models.lowering import Lowering, column
from exactzones.models.sparse import Sparse
from exactzones.models.values import CHOSEN, EXACT, Computation, Value
from exactzones.models.windows import Geometry, convolution
from exactzones.roundings import ConstantRange

NO_CONSTANT_FACTOR = "a product of two tensors that both depend on the input is not piecewise linear; make one of them a constant"


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor that depends on the network's input.

    Attributes:
        graph: the graph that the value belongs to.
        value: the entries in row-major order.
        shape: lengths of the axes.
    """

    graph: Lowering
    value: Value
    shape: Shape

    @classmethod
    def start(cls, shape: Shape) -> Tensor:
        """Return the input of a new network."""
        graph = Lowering(math.prod(shape))
        return cls(graph, graph.input, shape)

    @property
    def index(self) -> Array:
        """The place of each entry in the value, as an array of the tensor's shape."""
        return np.arange(self.value.size).reshape(self.shape)

    def moved(self, move: Callable[[Array], Array]) -> Tensor:
        """Return the tensor with its entries moved, copied or dropped.

        Args:
            move: moves the entries of an array, which are places in the value; -1 in its result stands for zero.

        Raises:
            FormatError: the result is empty.
        """
        index = np.asarray(move(self.index))
        if index.size == 0:
            raise FormatError(f"the result has no entries; it drops all {self.value.size} of shape {self.shape}")
        return Tensor(self.graph, self.graph.affine([(self.value, Sparse.pick(index, self.value.size))]), index.shape)

    def reshaped(self, shape: Shape) -> Tensor:
        """Return the same entries in another shape of the same size."""
        return Tensor(self.graph, self.value, shape)

    def relu(self) -> Tensor:
        """Return the ReLU of every entry."""
        return Tensor(self.graph, self.graph.relu(self.value), self.shape)

    def plus(
        self, other: Tensor | Array, factor: int = 1, other_factor: int = 1, computation: Computation | None = None
    ) -> Tensor:
        """Return ``factor * self + other_factor * other`` with broadcasting; the factors are 1 or -1.

        Args:
            other: a tensor or a constant.
            factor: 1 or -1.
            other_factor: 1 or -1.
            computation: how floats compute it, if not as a sum.

        Raises:
            FormatError: shapes that cannot be broadcast.
        """
        shape = broadcast(self.shape, other.shape)
        index = np.broadcast_to(self.index, shape)
        terms, constant = [(self.value, Sparse.pick(index, self.value.size, factor))], None
        if isinstance(other, Tensor):
            if other.graph is not self.graph:
                raise FormatError("it joins a constant and a tensor that depends on the input in a way that is not supported")
            terms.append((other.value, Sparse.pick(np.broadcast_to(other.index, shape), other.value.size, other_factor)))
        else:
            spread = np.broadcast_to(finite(other, "its constant"), shape)
            constant = column(spread if other_factor == 1 else np.asarray(fractions(spread) * other_factor, object))
        return Tensor(self.graph, self.graph.affine(terms, constant, computation=computation), shape)

    def times(self, factor: Array, computation: Computation | None = None) -> Tensor:
        """Return the product with a constant, entry by entry, with broadcasting.

        Args:
            factor: the constant.
            computation: how floats compute it, if not as a product.
        """
        shape = broadcast(self.shape, factor.shape)
        index = np.broadcast_to(self.index, shape).ravel()
        values = np.broadcast_to(finite(factor, "its constant"), shape).ravel()
        matrix = Sparse.of((index.size, self.value.size), np.arange(index.size), index, values)
        return Tensor(self.graph, self.graph.affine([(self.value, matrix)], computation=computation), shape)

    def divided(self, divisor: Array) -> Tensor:
        """Return the quotient by a constant without zeros, entry by entry, with broadcasting."""
        inverse = np.asarray(1 / fractions(divisor), object)
        constants = range_of(divisor)
        sizes = range_of(inverse).join(constants)
        return self.times(inverse, Computation(3, constants=replace(sizes, bits=constants.bits)))

    def mapped(
        self, matrix: Sparse, shape: Shape, constant: Array | None = None, computation: Computation | None = None
    ) -> Tensor:
        """Return a linear map of the flattened entries plus a constant.

        Args:
            matrix: shape (entries of the result, entries).
            shape: of the result.
            constant: of the result's shape, or None for zero.
            computation: how floats compute it, if not as a sum of products.
        """
        offset = None if constant is None else column(constant)
        return Tensor(self.graph, self.graph.affine([(self.value, matrix)], offset, computation=computation), shape)


def range_of(constants: Array) -> ConstantRange:
    """Return the range of an array of constants."""
    if constants.dtype.kind == "f":
        return ConstantRange.of_floats(np.abs(constants.astype(np.float64)).ravel())
    return ConstantRange.of(fractions(constants).ravel().tolist())


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape that arrays of these shapes are broadcast to.

    Raises:
        FormatError: there is no such shape, or it has too many entries.
    """
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise FormatError(f"shapes {' and '.join(map(str, shapes))} cannot be broadcast together") from None
    if math.prod(shape) > MAX_WEIGHTS:
        raise FormatError(f"the result has shape {shape}, {math.prod(shape)} entries; at most {MAX_WEIGHTS} are supported")
    return shape


def concatenated(parts: Sequence[Tensor | Array], axis: int) -> Tensor:
    """Concatenate tensors and constants along an axis.

    Args:
        parts: at least one tensor among them.
        axis: negative from the end.

    Raises:
        FormatError: the shapes differ in another axis, or there is no such axis.
    """
    first = next(part for part in parts if isinstance(part, Tensor))
    sizes = [math.prod(part.shape) for part in parts]
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    numbered = [
        np.arange(start, start + size).reshape(part.shape) for part, start, size in zip(parts, starts, sizes, strict=True)
    ]
    try:
        order = np.concatenate(numbered, axis)
    except ValueError:
        shapes = ", ".join(str(part.shape) for part in parts)
        raise FormatError(f"shapes {shapes} cannot be concatenated along axis {axis}") from None
    terms, fixed = [], np.zeros(sum(sizes), object)
    for part, start, size in zip(parts, starts, sizes, strict=True):
        if isinstance(part, Tensor):
            own = np.where((order >= start) & (order < start + size), order - start, -1)
            terms.append((part.value, Sparse.pick(own, part.value.size)))
        else:
            fixed[start : start + size] = fractions(part, "its constant").ravel()
    return Tensor(first.graph, first.graph.affine(terms, column(fixed[order.ravel()])), order.shape)


def product(left: Tensor | Array, right: Tensor | Array) -> Tensor:
    """Return the matrix product of a tensor and a constant, in either order, as NumPy's matmul defines it.

    Raises:
        FormatError: two tensors, shapes that cannot be multiplied, or more products than the limit.
    """
    data, constant = (left, right) if isinstance(left, Tensor) else (right, left)
    if not isinstance(data, Tensor) or isinstance(constant, Tensor):
        raise FormatError(NO_CONSTANT_FACTOR)
    finite(constant, "its constant")
    if not left.shape or not right.shape:
        raise FormatError(f"shapes {left.shape} and {right.shape} cannot be multiplied")
    a, b = (left.shape if len(left.shape) > 1 else (1, *left.shape)), (right.shape if len(right.shape) > 1 else (*right.shape, 1))
    if a[-1] != b[-2]:
        raise FormatError(f"shapes {left.shape} and {right.shape} cannot be multiplied")
    stack = broadcast(a[:-2], b[:-2])
    full = (*stack, a[-2], b[-1], a[-1])  # all products of two numbers; they are summed over the last axis
    if math.prod(full) > MAX_WEIGHTS:
        raise FormatError(
            f"shapes {left.shape} and {right.shape} give {math.prod(full)} products; at most {MAX_WEIGHTS} are supported"
        )
    numbers = [np.arange(math.prod(shape)).reshape(shape) for shape in (a, b)]
    firsts = np.broadcast_to(numbers[0][..., :, None, :], full).ravel()
    seconds = np.broadcast_to(np.swapaxes(numbers[1], -1, -2)[..., None, :, :], full).ravel()
    columns, chosen = (firsts, seconds) if data is left else (seconds, firsts)
    rows = np.repeat(np.arange(math.prod(full[:-1])), full[-1])
    matrix = Sparse.of((math.prod(full[:-1]), data.value.size), rows, columns, constant.ravel()[chosen])
    shape = (*stack, *full[-3:-2][: len(left.shape) - 1], *full[-2:-1][: len(right.shape) - 1])
    return Tensor(data.graph, data.graph.affine([(data.value, matrix)], linear=True), shape)


def dense(x: Tensor, weight: Array, bias: Array | None) -> Tensor:
    """Return ``weight x + bias`` along the last axis of a tensor.

    Args:
        x: shape (.., inputs).
        weight: shape (outputs, inputs).
        bias: of a shape that can be broadcast to (.., outputs), or None for zero.

    Raises:
        FormatError: the shapes do not fit.
    """
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[1:]:
        raise FormatError(f"shapes {x.shape} and {weight.T.shape} cannot be multiplied")
    finite(weight, "its weight")
    result = product(x, weight.T)
    if bias is None:
        return result
    if broadcast(result.shape, bias.shape) != result.shape:
        raise FormatError(f"a bias of shape {bias.shape} cannot be broadcast to {result.shape}")
    return result.plus(finite(bias, "its bias"))


def convolved(x: Tensor, weight: Array, bias: Array | None, geometry: Geometry, groups: int) -> Tensor:
    """Return a convolution.

    Args:
        x: shape (batch, channels, ..).
        weight: shape (outputs, channels / groups, ..).
        bias: shape (outputs,), or None for zero.
        geometry: its kernel is the weight's.
        groups: number of parts that the channels are divided into; each output sees one part.

    Raises:
        FormatError: the shapes do not fit, or the matrix has too many entries.
    """
    if len(x.shape) != weight.ndim or weight.ndim < 3:
        raise FormatError(
            f"shape {x.shape} and a weight of shape {weight.shape} do not fit; (batch, channels, ..) and "
            "(outputs, channels / groups, ..) with as many axes are expected"
        )
    batch, *sample = x.shape
    rows, columns, values, shape = convolution(tuple(sample), finite(weight, "its weight"), geometry, groups)
    entries, size, result = len(rows), math.prod(sample), math.prod(shape)
    if batch > 1:
        if batch * entries > MAX_WEIGHTS:
            raise FormatError(f"the convolution has {batch * entries} matrix entries; at most {MAX_WEIGHTS} are supported")
        each = np.repeat(np.arange(batch), entries)
        rows, columns, values = (
            np.tile(rows, batch) + each * result,
            np.tile(columns, batch) + each * size,
            np.tile(values, batch),
        )
    matrix = Sparse.of((batch * result, batch * size), rows, columns, values)
    constant = None
    if bias is not None:
        if bias.shape != shape[:1]:
            raise FormatError(f"the bias has shape {bias.shape}; ({shape[0]},) is expected")
        spread = finite(bias, "its bias").reshape(-1, *[1] * (len(shape) - 1))
        constant = np.broadcast_to(spread, (batch, *shape))
    return x.mapped(matrix, (batch, *shape), constant)


def transposed_convolution(
    x: Tensor, weight: Array, bias: Array | None, geometry: Geometry, groups_and_shape: tuple[int, Shape]
) -> Tensor:
    """Return a transposed convolution: the transpose of a convolution's matrix.

    Args:
        x: shape (batch, channels, ..).
        weight: shape (channels, outputs / groups, ..).
        bias: shape (outputs,), or None for zero.
        geometry: of the convolution from the result to x.
        groups_and_shape: number of parts that the channels are divided into, and the lengths of the result's spatial axes.

    Raises:
        FormatError: the shapes do not fit, or the matrix has too many entries.
    """
    (groups, spatial), (batch, *sample) = groups_and_shape, x.shape
    if groups < 1 or min(spatial) < 1 or weight.shape[:1] != (sample[0],):
        raise FormatError(f"shape {x.shape} and a weight of shape {weight.shape} in {groups} groups do not fit")
    shape = (weight.shape[1] * groups, *spatial)
    columns, rows, values, back = convolution(shape, finite(weight, "its weight"), geometry, groups)
    if tuple(back) != tuple(sample):
        raise FormatError(f"a result of shape {shape} does not fit shape {x.shape}; smaller output_padding is expected")
    size, result = math.prod(sample), math.prod(shape)
    if batch * len(rows) > MAX_WEIGHTS:
        raise FormatError(f"the convolution has {batch * len(rows)} matrix entries; at most {MAX_WEIGHTS} are supported")
    each = np.repeat(np.arange(batch), len(rows))
    places = np.tile(rows, batch) + each * result, np.tile(columns, batch) + each * size
    matrix = Sparse.of((batch * result, batch * size), *places, np.tile(values, batch))
    constant = None
    if bias is not None:
        if bias.shape != shape[:1]:
            raise FormatError(f"the bias has shape {bias.shape}; ({shape[0]},) is expected")
        constant = np.broadcast_to(finite(bias, "its bias").reshape(-1, *[1] * len(spatial)), (batch, *shape))
    return x.mapped(matrix, (batch, *shape), constant)


def maximum(left: Tensor, right: Tensor | Array) -> Tensor:
    """Return the elementwise maximum, ``right + ReLU(left - right)``."""
    return left.plus(right, 1, -1, EXACT).relu().plus(right, computation=EXACT)


def minimum(left: Tensor, right: Tensor | Array) -> Tensor:
    """Return the elementwise minimum, ``right - ReLU(right - left)``."""
    return left.plus(right, -1, 1, EXACT).relu().plus(right, -1, 1, EXACT)


def clipped(x: Tensor, low: Any, high: Any) -> Tensor:
    """Return ``min(max(x, low), high)``; either bound may be None, and the upper bound wins if they contradict each other."""
    bottom = None if low is None else fractions(np.asarray(low), "its lower bound")
    top = None if high is None else fractions(np.asarray(high), "its upper bound")
    if bottom is None or top is None:
        if bottom is not None:
            return maximum(x, bottom)
        return x if top is None else minimum(x, top)
    bottom = np.asarray(np.minimum(bottom, top), object)
    above, over = x.plus(bottom, 1, -1, EXACT).relu(), x.plus(top, 1, -1, EXACT).relu()
    return above.plus(over, 1, -1, EXACT).plus(bottom, computation=EXACT)


def leaky(x: Tensor, slope: Any) -> Tensor:
    """Return x where it is positive, else ``slope x``, as ``slope x + (1 - slope) ReLU(x)``.

    Raises:
        FormatError: the slopes cannot be broadcast to the shape of x.
    """
    slopes = fractions(np.asarray(slope), "its slope")
    if broadcast(x.shape, slopes.shape) != x.shape:
        raise FormatError(f"slopes of shape {slopes.shape} cannot be broadcast to {x.shape}")
    rest = np.asarray(1 - slopes, object)
    if not rest.any():
        return x
    return x.relu().times(rest, CHOSEN).plus(x.times(slopes), computation=EXACT)


def absolute(x: Tensor) -> Tensor:
    """Return the absolute value, ``2 ReLU(x) - x``."""
    return x.relu().times(np.array(2), CHOSEN).plus(x, 1, -1, EXACT)


def per_axis(numbers: Sequence[int] | int, axes: int, what: str) -> Shape:
    """Return one integer per axis; a single integer stands for every axis.

    Raises:
        InputError: the numbers are not integers, or neither one nor one per axis; the message calls them ``what``.
    """
    listed = (numbers,) * axes if isinstance(numbers, int) else tuple(numbers)
    if len(listed) == 1:
        listed *= axes
    if len(listed) != axes or not all(isinstance(number, int) for number in listed):
        raise InputError(f"{what} is {numbers}; one integer, or one for each of {axes} axes, is expected")
    return listed
