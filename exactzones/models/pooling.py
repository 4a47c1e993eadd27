"""Pooling of tensors of a network under construction: averages, sums and maxima over windows."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.sparse import Sparse
from exactzones.models.tensors import Array, Shape, Tensor
from exactzones.models.windows import Geometry


def pooled_average(x: Tensor, geometry: Geometry, *, with_padding: bool, divisor: int | None = None) -> Tensor:
    """Return averages over windows of the axes after the first two.

    Args:
        x: shape (batch, channels, ..).
        geometry: of the windows.
        with_padding: whether the padding counts as zeros, or not at all.
        divisor: what sums are divided by, in place of how many numbers they have.
    """
    flat, counts = geometry.windows(x.shape[2:])
    there = flat >= 0
    number = (flat >= -1 if with_padding else there).sum(1)
    if not number.all():
        raise FormatError("a window lies in the padding only")
    weights = np.array([Fraction(1, divisor or each) for each in number.tolist()], object)
    return _pool_matrix(x, flat, weights, counts)


def averaged(x: Tensor, outputs: Shape) -> Tensor:
    """Return averages over windows that share the axes after the first two evenly, as PyTorch's adaptive pooling does."""
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
    """Return sums or means along axes; ``keep`` leaves them in place with length 1."""
    rest = [axis for axis in range(len(x.shape)) if axis not in axes]
    size = math.prod(x.shape[axis] for axis in axes)
    gathered = x.moved(lambda index: index.transpose(*rest, *sorted(axes)).reshape(1, -1, size))
    geometry = Geometry((size,), (size,), (1,), (0,), (0,))
    result = pooled_average(gathered, geometry, with_padding=False, divisor=None if mean else 1)
    return result.reshaped(tuple(1 if k in axes else n for k, n in enumerate(x.shape) if keep or k not in axes))


def _pool_matrix(x: Tensor, flat: Array, weights: Array, counts: Shape) -> Tensor:
    """Multiply what each window sees by the window's weight, for every channel."""
    planes, plane = math.prod(x.shape[:2]), math.prod(x.shape[2:])
    if planes * flat.size > MAX_WEIGHTS:
        raise FormatError(f"pooling has {planes * flat.size} entries; at most {MAX_WEIGHTS} are held")
    window, place = np.nonzero(flat >= 0)
    each = np.arange(planes)[:, None]
    rows, columns = each * len(flat) + window, each * plane + flat[window, place]
    values = np.broadcast_to(weights[window], rows.shape)
    matrix = Sparse.of((planes * len(flat), x.value.size), rows.ravel(), columns.ravel(), values.ravel())
    return x.mapped(matrix, (*x.shape[:2], *counts))


def pooled_maximum(x: Tensor, geometry: Geometry) -> Tensor:
    """Return maxima over windows of the axes after the first two: pairs, then pairs of pairs, shared where windows overlap.

    Raises:
        FormatError: a window that lies in the padding only.
    """
    flat, counts = geometry.windows(x.shape[2:])
    planes, plane = math.prod(x.shape[:2]), math.prod(x.shape[2:])
    if planes * flat.size > MAX_WEIGHTS:
        raise FormatError(f"pooling compares {planes * flat.size} numbers; at most {MAX_WEIGHTS} are held")
    if not (flat >= 0).any(1).all():
        raise FormatError("a window lies in the padding only")
    table = np.where(flat < 0, -1, np.arange(planes)[:, None, None] * plane + flat).reshape(-1, flat.shape[1])
    here = x.reshaped((x.value.size,))
    while table.shape[1] > 1:
        here, table = _larger_of_pairs(here, table)
    index = table[:, 0].reshape(*x.shape[:2], *counts)
    return here.moved(lambda _: index)


def _larger_of_pairs(x: Tensor, table: Array) -> tuple[Tensor, Array]:
    """Return the larger one of the first and second entry of each row of a table, of the third and fourth, and so on.

    Args:
        x: a vector.
        table: indices into it, -1 for nothing.

    Returns:
        a vector, and the table of indices into it.
    """
    if table.shape[1] % 2:
        table = np.hstack([table, np.full((len(table), 1), -1)])
    pairs = np.sort(table.reshape(-1, 2), axis=1)
    single = (pairs[:, 0] < 0) | (pairs[:, 0] == pairs[:, 1])
    pairs[single, 0] = -1
    kept, place = np.unique(pairs, axis=0, return_inverse=True)
    place = place.reshape(table.shape[0], -1)
    nothing = kept[:, 1] < 0
    two = kept[:, 0] >= 0
    number = np.cumsum(~nothing) - 1
    number[nothing] = -1
    kept, two = kept[~nothing], two[~nothing]
    second = x.moved(lambda _: kept[:, 1])
    if not two.any():
        return second, number[place]
    steps = x.moved(lambda _: kept[two, 0]).plus(x.moved(lambda _: kept[two, 1]), 1, -1).relu()
    spread = np.full(len(kept), -1)
    spread[two] = np.arange(int(two.sum()))
    return second.plus(steps.moved(lambda _: spread)), number[place]
