"""Tensors of a network under construction: what the operators of ONNX and PyTorch have in common.

A tensor is a value and a shape.  An operator that only moves numbers is an index into the flattened operand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import FormatError, InputError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.lowering import Lowering, Value, column
from exactzones.models.sparse import Sparse, finite, fractions
from exactzones.models.windows import Geometry, convolution
from exactzones.rational import Rationalization

Array: TypeAlias = np.ndarray[Any, Any]
Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor that depends on the network's input.

    Attributes:
        graph: the network it belongs to.
        value: its entries in row-major order.
        shape: their arrangement.
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
        """Where each entry is in the value."""
        return np.arange(self.value.size).reshape(self.shape)

    def moved(self, move: Callable[[Array], Array]) -> Tensor:
        """Return the tensor with its entries moved, copied or left out as ``move`` does with an array; -1 gives zero."""
        index = np.asarray(move(self.index))
        if index.size == 0:
            raise FormatError(f"nothing is left of shape {self.shape}")
        return Tensor(self.graph, self.graph.affine([(self.value, Sparse.pick(index, self.value.size))]), index.shape)

    def reshaped(self, shape: Shape) -> Tensor:
        """Return the same entries in another arrangement."""
        return Tensor(self.graph, self.value, shape)

    def relu(self) -> Tensor:
        """Return the ReLU."""
        return Tensor(self.graph, self.graph.relu(self.value), self.shape)

    def plus(self, other: Tensor | Array, ours: int = 1, theirs: int = 1) -> Tensor:
        """Return ``ours * self + theirs * other`` with broadcasting.

        Raises:
            FormatError: shapes that cannot be broadcast.
        """
        shape = broadcast(self.shape, other.shape)
        index = np.broadcast_to(self.index, shape)
        terms, constant = [(self.value, Sparse.pick(index, self.value.size, ours))], None
        if isinstance(other, Tensor):
            terms.append((other.value, Sparse.pick(np.broadcast_to(other.index, shape), other.value.size, theirs)))
        else:
            spread = np.broadcast_to(finite(other, "its constant"), shape)
            constant = column(spread if theirs == 1 else np.asarray(fractions(spread) * theirs, object))
        return Tensor(self.graph, self.graph.affine(terms, constant), shape)

    def times(self, factor: Array) -> Tensor:
        """Return the product with a constant, entry by entry, with broadcasting."""
        shape = broadcast(self.shape, factor.shape)
        index = np.broadcast_to(self.index, shape).ravel()
        values = np.broadcast_to(finite(factor, "its constant"), shape).ravel()
        matrix = Sparse.of((index.size, self.value.size), np.arange(index.size), index, values)
        return Tensor(self.graph, self.graph.affine([(self.value, matrix)]), shape)

    def mapped(self, matrix: Sparse, shape: Shape, constant: Array | None = None) -> Tensor:
        """Return a linear map of the flattened entries plus a constant of the result's shape."""
        offset = None if constant is None else column(constant)
        return Tensor(self.graph, self.graph.affine([(self.value, matrix)], offset), shape)


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape that arrays of these shapes are broadcast to.

    Raises:
        FormatError: there is none, or it is too large.
    """
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise FormatError(f"shapes {' and '.join(map(str, shapes))} do not fit together") from None
    if math.prod(shape) > MAX_WEIGHTS:
        raise FormatError(f"shape {shape} has too many entries")
    return shape


def concatenated(parts: Sequence[Tensor | Array], axis: int) -> Tensor:
    """Join tensors and constants along an axis.

    Raises:
        FormatError: shapes that do not fit.
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
        raise FormatError(f"shapes {', '.join(str(part.shape) for part in parts)} cannot be joined along axis {axis}") from None
    terms, fixed = [], np.zeros(sum(sizes), object)
    for part, start, size in zip(parts, starts, sizes, strict=True):
        if isinstance(part, Tensor):
            own = np.where((order >= start) & (order < start + size), order - start, -1)
            terms.append((part.value, Sparse.pick(own, part.value.size)))
        else:
            fixed[start : start + size] = fractions(part, "its constant").ravel()
    return Tensor(first.graph, first.graph.affine(terms, column(fixed[order.ravel()])), order.shape)


def product(left: Tensor | Array, right: Tensor | Array) -> Tensor:
    """Return the matrix product of a tensor and a constant, as NumPy's matmul defines it.

    Raises:
        FormatError: shapes that do not fit, two tensors, or too many entries.
    """
    data, constant = (left, right) if isinstance(left, Tensor) else (right, left)
    if not isinstance(data, Tensor) or isinstance(constant, Tensor):
        raise FormatError("a product of two tensors that both depend on the input is not piecewise linear")
    finite(constant, "its constant")
    if not left.shape or not right.shape:
        raise FormatError(f"shapes {left.shape} and {right.shape} cannot be multiplied")
    a, b = (left.shape if len(left.shape) > 1 else (1, *left.shape)), (right.shape if len(right.shape) > 1 else (*right.shape, 1))
    if a[-1] != b[-2]:
        raise FormatError(f"shapes {left.shape} and {right.shape} cannot be multiplied")
    stack = broadcast(a[:-2], b[:-2])
    full = (*stack, a[-2], b[-1], a[-1])  # every product of two numbers, the sum runs over the last axis
    if math.prod(full) > MAX_WEIGHTS:
        raise FormatError(f"shapes {left.shape} and {right.shape} give more than {MAX_WEIGHTS} products")
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
        bias: of a shape that can be broadcast to (.., outputs).
    """
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[1:]:
        raise FormatError(f"shapes {x.shape} and {weight.T.shape} cannot be multiplied")
    finite(weight, "its weight")
    result = product(x, weight.T)
    if bias is None:
        return result
    if broadcast(result.shape, bias.shape) != result.shape:
        raise FormatError(f"a bias of shape {bias.shape} cannot be spread to {result.shape}")
    return result.plus(finite(bias, "its bias"))


def convolved(x: Tensor, weight: Array, bias: Array | None, geometry: Geometry, groups: int) -> Tensor:
    """Return a convolution of a tensor of shape (batch, channels, ..).

    Raises:
        FormatError: shapes that do not fit.
    """
    if len(x.shape) != weight.ndim or weight.ndim < 3:
        raise FormatError(f"shapes {x.shape} and {weight.shape} are not a batch of samples and a kernel")
    batch, *sample = x.shape
    rows, columns, values, shape = convolution(tuple(sample), finite(weight, "its weight"), geometry, groups)
    entries, size, result = len(rows), math.prod(sample), math.prod(shape)
    if batch > 1:
        if batch * entries > MAX_WEIGHTS:
            raise FormatError(f"the convolution has {batch * entries} entries; at most {MAX_WEIGHTS} are held")
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
            raise FormatError(f"a bias of shape {bias.shape} does not fit {shape[0]} outputs")
        spread = finite(bias, "its bias").reshape(-1, *[1] * (len(shape) - 1))
        constant = np.broadcast_to(spread, (batch, *shape))
    return x.mapped(matrix, (batch, *shape), constant)


def normalized(
    x: Tensor, scale: Array | None, shift: Array | None, mean: Array, variance: Array, epsilon: float, what: str
) -> Tensor:
    """Return a batch normalisation with fixed statistics along axis 1: ``scale (x - mean) / sqrt(variance + epsilon) + shift``.

    The factor ``scale / sqrt(variance + epsilon)`` is exact where it is rational; else the nearest 64-bit float is taken
    and recorded, with how far off it is at most, in the network's ``rationalizations``.

    Raises:
        FormatError: shapes that do not fit, or a variance that is not positive.
    """
    if len(x.shape) < 2 or any(part is not None and part.shape != x.shape[1:2] for part in (scale, shift, mean, variance)):
        raise FormatError(f"statistics of shape {mean.shape} do not fit the {x.shape[1:2]} channels of shape {x.shape}")
    channels = x.shape[1]
    factors, offsets = np.empty(channels, object), np.empty(channels, object)
    spreads = fractions(variance, "its variance") + fractions(np.array(epsilon), "its epsilon")
    scales = np.full(channels, Fraction(1)) if scale is None else fractions(scale, "its scale")
    shifts = np.full(channels, Fraction(0)) if shift is None else fractions(shift, "its shift")
    means = fractions(mean, "its mean")
    for k in range(channels):
        if spreads[k] <= 0:
            raise FormatError(f"its variance[{k}] + epsilon is not positive")
        name = f"{what}: scale[{k}] / sqrt(variance[{k}] + epsilon)"
        factors[k], taken = quotient_by_root(scales[k], spreads[k], name)
        offsets[k] = shifts[k] - factors[k] * means[k]
        if taken is not None:
            x.graph.rationalizations.append(taken)
    spread = (1, channels, *[1] * (len(x.shape) - 2))
    values, constant = (np.broadcast_to(part.reshape(spread), x.shape) for part in (factors, offsets))
    return x.mapped(Sparse.diagonal(np.ascontiguousarray(values)), x.shape, constant)


def quotient_by_root(above: Fraction, square: Fraction, name: str) -> tuple[Fraction, Rationalization | None]:
    """Return ``above / sqrt(square)`` if it is rational, else the nearest float (or nearly so) and how far off that is.

    >>> quotient_by_root(Fraction(3), Fraction(1, 4), "")
    (Fraction(6, 1), None)
    """
    root = Fraction(math.isqrt(square.numerator), math.isqrt(square.denominator))
    if root * root == square or not above:
        return above / root if root else Fraction(0), None
    wide = square.numerator * square.denominator  # sqrt(n/d) is sqrt(nd)/d
    shift = 2 * max(0, 128 - wide.bit_length() // 2)
    low = math.isqrt(wide << shift)
    below = Fraction(square.denominator << (shift // 2))
    one, other = above * below / low, above * below / (low + 1)  # the quotient lies between
    try:
        taken = Fraction(float(one))
    except OverflowError:
        taken = one
    if not taken:
        taken = one
    return taken, Rationalization(name, taken, max(abs(one - taken), abs(other - taken)))


def maximum(left: Tensor, right: Tensor | Array) -> Tensor:
    """Return the larger one, entry by entry: ``right + ReLU(left - right)``."""
    return left.plus(right, 1, -1).relu().plus(right)


def minimum(left: Tensor, right: Tensor | Array) -> Tensor:
    """Return the smaller one, entry by entry: ``right - ReLU(right - left)``."""
    return left.plus(right, -1, 1).relu().plus(right, -1, 1)


def clipped(x: Tensor, low: Any, high: Any) -> Tensor:
    """Return ``min(max(x, low), high)``; either bound may be None."""
    bottom = None if low is None else fractions(np.asarray(low), "its lower bound")
    top = None if high is None else fractions(np.asarray(high), "its upper bound")
    if bottom is None or top is None:
        if bottom is not None:
            return maximum(x, bottom)
        return x if top is None else minimum(x, top)
    bottom = np.asarray(np.minimum(bottom, top), object)
    return x.plus(bottom, 1, -1).relu().plus(x.plus(top, 1, -1).relu(), 1, -1).plus(bottom)


def leaky(x: Tensor, slope: Any) -> Tensor:
    """Return x where it is positive, else ``slope x``: ``slope x + (1 - slope) ReLU(x)``."""
    slopes = fractions(np.asarray(slope), "its slope")
    if broadcast(x.shape, slopes.shape) != x.shape:
        raise FormatError(f"slopes of shape {slopes.shape} do not fit shape {x.shape}")
    rest = np.asarray(1 - slopes, object)
    if not rest.any():
        return x
    return x.relu().times(rest).plus(x.times(slopes))


def absolute(x: Tensor) -> Tensor:
    """Return the absolute value: ``2 ReLU(x) - x``."""
    return x.relu().times(np.array(2)).plus(x, 1, -1)


def same(values: Sequence[int] | int, axes: int) -> Shape:
    """Return one number per axis.

    Raises:
        InputError: there are others.
    """
    listed = (values,) * axes if isinstance(values, int) else tuple(values)
    if len(listed) == 1:
        listed *= axes
    if len(listed) != axes or not all(isinstance(entry, int) for entry in listed):
        raise InputError(f"{values} is not one number for each of {axes} axes")
    return listed
