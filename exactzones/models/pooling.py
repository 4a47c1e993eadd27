"""Pooling of tensors: averages, sums and maxima over windows or axes, for the operators of ONNX and PyTorch."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.arrays import Array, Shape
from exactzones.models.sparse import Sparse
from exactzones.models.tensors import Tensor
from exactzones.models.values import EXACT, Computation
from exactzones.models.windows import Geometry
from exactzones.roundings import ConstantRange

_ONLY_PADDING = "a window lies in the padding only; smaller pads are expected"


def pooled_average(x: Tensor, geometry: Geometry, *, with_padding: bool, divisor: int | None = None) -> Tensor:
    """Return averages over windows of the axes after the first two.

    Args:
        x: shape (batch, channels, ..).
        geometry: of the windows.
        with_padding: whether the padding counts as zeros; otherwise it is left out of the averages.
        divisor: divide the sums by this number instead of the number of their entries.

    Raises:
        FormatError: the geometry does not fit, or a window lies in the padding only.
    """
    flat, counts = geometry.windows(x.shape[2:])
    sizes = (flat >= (-1 if with_padding else 0)).sum(1)
    if not sizes.all():
        raise FormatError(_ONLY_PADDING)
    weights = np.array([Fraction(1, divisor or size) for size in sizes.tolist()], object)
    return _pool_matrix(x, flat, weights, counts)


def averaged(x: Tensor, outputs: Shape) -> Tensor:
    """Return averages over windows that divide the axes after the first two evenly, as PyTorch's adaptive pooling does.

    Args:
        x: shape (batch, channels, ..).
        outputs: number of windows along each axis.
    """
    places = []
    for length, count in zip(x.shape[2:], outputs, strict=True):
        ranges = [(k * length // count, -(-(k + 1) * length // count)) for k in range(count)]
        places.append([[k if k < stop else -1 for k in range(start, start + length)] for start, stop in ranges])
    flat = np.zeros((1, 1), np.int64)
    for length, own in zip(x.shape[2:], places, strict=True):
        inner = np.array(own)[None, :, None, :]
        outer = flat[:, None, :, None]
        flat = np.where((outer < 0) | (inner < 0), -1, outer * length + inner).reshape(
            flat.shape[0] * inner.shape[1], flat.shape[1] * inner.shape[3]
        )
    weights = np.array([Fraction(1, each) for each in (flat >= 0).sum(1).tolist()], object)
    return _pool_matrix(x, flat, weights, outputs)


def summed(x: Tensor, axes: set[int], *, mean: bool, keep: bool) -> Tensor:
    """Return sums or means along axes.

    Args:
        x: any shape.
        axes: from 0.
        mean: return means.
        keep: leave the axes in place, with length 1.
    """
    rest = [axis for axis in range(len(x.shape)) if axis not in axes]
    size = math.prod(x.shape[axis] for axis in axes)
    gathered = x.moved(lambda index: index.transpose(*rest, *sorted(axes)).reshape(1, -1, size))
    geometry = Geometry((size,), (size,), (1,), (0,), (0,))
    result = pooled_average(gathered, geometry, with_padding=False, divisor=None if mean else 1)
    return result.reshaped(tuple(1 if k in axes else n for k, n in enumerate(x.shape) if keep or k not in axes))


def greatest(x: Tensor, axes: set[int], *, keep: bool) -> Tensor:
    """Return maxima along axes.

    Args:
        x: any shape.
        axes: from 0.
        keep: leave the axes in place, with length 1.
    """
    rest = [axis for axis in range(len(x.shape)) if axis not in axes]
    size = math.prod(x.shape[axis] for axis in axes)
    gathered = x.moved(lambda index: index.transpose(*rest, *sorted(axes)).reshape(1, -1, size))
    result = pooled_maximum(gathered, Geometry((size,), (size,), (1,), (0,), (0,)))
    return result.reshaped(tuple(1 if k in axes else n for k, n in enumerate(x.shape) if keep or k not in axes))


def _pool_matrix(x: Tensor, flat: Array, weights: Array, counts: Shape) -> Tensor:
    """Sum the entries that each window sees, times the window's weight, for every channel.

    Args:
        x: shape (batch, channels, ..).
        flat: shape (windows, places), see ``Geometry.windows``.
        weights: shape (windows,), Fractions.
        counts: number of windows along each axis.
    """
    planes, plane = math.prod(x.shape[:2]), math.prod(x.shape[2:])
    if planes * flat.size > MAX_WEIGHTS:
        raise FormatError(f"the pooling has {planes * flat.size} matrix entries; at most {MAX_WEIGHTS} are supported")
    window, place = np.nonzero(flat >= 0)
    each = np.arange(planes)[:, None]
    rows, columns = each * len(flat) + window, each * plane + flat[window, place]
    values = np.broadcast_to(weights[window], rows.shape)
    matrix = Sparse.of((planes * len(flat), x.value.size), rows.ravel(), columns.ravel(), values.ravel())
    computation = None
    if (weights != 1).any():  # a sum that is divided, or multiplied by a rounded number
        computation = Computation(3, constants=ConstantRange(), peak=float(1 / min(weights)))
    return x.mapped(matrix, (*x.shape[:2], *counts), computation=computation)


def pooled_maximum(x: Tensor, geometry: Geometry) -> Tensor:
    """Return maxima over windows of the axes after the first two.

    Maxima are taken of pairs, then of pairs of pairs, and so on; overlapping windows share pairs.

    Args:
        x: shape (batch, channels, ..).
        geometry: of the windows.

    Raises:
        FormatError: the geometry does not fit, or a window lies in the padding only.
    """
    flat, counts = geometry.windows(x.shape[2:])
    planes, plane = math.prod(x.shape[:2]), math.prod(x.shape[2:])
    if planes * flat.size > MAX_WEIGHTS:
        raise FormatError(f"the pooling compares {planes * flat.size} numbers; at most {MAX_WEIGHTS} are supported")
    if not (flat >= 0).any(1).all():
        raise FormatError(_ONLY_PADDING)
    table = np.where(flat < 0, -1, np.arange(planes)[:, None, None] * plane + flat).reshape(-1, flat.shape[1])
    entries = x.reshaped((x.value.size,))
    while table.shape[1] > 1:
        entries, table = _maxima_of_pairs(entries, table)
    index = table[:, 0].reshape(*x.shape[:2], *counts)
    return entries.moved(lambda _: index)


def _maxima_of_pairs(x: Tensor, table: Array) -> tuple[Tensor, Array]:
    """Halve a table: take the maximum of the first and second entry of each row, of the third and fourth, and so on.

    Args:
        x: a vector.
        table: indices into it, -1 for no entry; shape (rows, width).

    Returns:
        A vector with one maximum per different pair, and the table of indices into it; shape (rows, (width + 1) // 2).
    """
    if table.shape[1] % 2:
        table = np.hstack([table, np.full((len(table), 1), -1)])
    pairs = np.sort(table.reshape(-1, 2), axis=1)
    single = (pairs[:, 0] < 0) | (pairs[:, 0] == pairs[:, 1])
    pairs[single, 0] = -1
    kept, place = np.unique(pairs, axis=0, return_inverse=True)
    place = place.reshape(table.shape[0], -1)
    empty = kept[:, 1] < 0
    two = kept[:, 0] >= 0
    number = np.cumsum(~empty) - 1
    number[empty] = -1
    kept, two = kept[~empty], two[~empty]
    second = x.moved(lambda _: kept[:, 1])
    if not two.any():
        return second, number[place]
    first_excess = x.moved(lambda _: kept[two, 0]).plus(x.moved(lambda _: kept[two, 1]), 1, -1, EXACT).relu()
    spread = np.full(len(kept), -1)
    spread[two] = np.arange(int(two.sum()))
    return second.plus(first_excess.moved(lambda _: spread), computation=EXACT), number[place]
