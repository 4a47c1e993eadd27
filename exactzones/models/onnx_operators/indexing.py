"""Operators of ONNX that gather, scatter, repeat or rearrange entries by constant indices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models import tensors
from exactzones.models.arrays import Array, Shape, fractions
from exactzones.models.folding import folded, lifted
from exactzones.models.onnx_node import OnnxNode, Operand, Steppable
from exactzones.models.sparse import Sparse
from exactzones.models.tensors import Tensor


def _indices(node: OnnxNode) -> Array:
    indices = node.array(1)
    if indices.dtype.kind != "i":
        raise FormatError(f"its indices are of type {indices.dtype}; integers are expected")
    return indices


def gather_elements(node: OnnxNode) -> Steppable:
    """Take one entry per index, along an axis."""
    indices, axis = _indices(node), node.attributes["axis"]
    return node.moved(lambda entries: np.take_along_axis(entries, _from_front(indices, entries.shape[axis]), axis))


def gather_nd(node: OnnxNode) -> Steppable:
    """Take the parts that the last axis of the indices names; the first axes may be a batch."""
    indices, batch = _indices(node), node.attributes["batch_dims"]
    if indices.ndim < 1 or not 0 <= batch < min(indices.ndim, len(node.shape) + 1):
        raise FormatError(f"batch_dims is {batch}; a number from 0 that fits indices of shape {indices.shape} is expected")
    if indices.shape[-1] > len(node.shape) - batch or indices.shape[:batch] != node.shape[:batch]:
        raise FormatError(f"indices of shape {indices.shape} do not fit shape {node.shape} with batch_dims {batch}")
    places = np.meshgrid(*(np.arange(n) for n in indices.shape[:-1]), indexing="ij")[:batch] if batch else []
    parts = (*places, *np.moveaxis(indices, -1, 0))
    return node.moved(lambda entries: np.asarray(entries[parts]))


def scatter_nd(node: OnnxNode) -> Operand:
    """Replace the parts that the last axis of the indices names by those of the updates."""
    indices = _indices(node)
    if indices.ndim < 1 or indices.shape[-1] > len(node.shape):
        raise FormatError(f"indices of shape {indices.shape} do not fit shape {node.shape}")
    return _scattered(node, tuple(np.moveaxis(indices, -1, 0)), (*indices.shape[:-1], *node.shape[indices.shape[-1] :]))


def scatter_elements(node: OnnxNode) -> Operand:
    """Replace one entry per index, along an axis, by that of the updates."""
    indices, axis, rank = _indices(node), node.attributes["axis"], len(node.shape)
    if indices.ndim != rank or not -rank <= axis < rank:
        raise FormatError(f"indices of shape {indices.shape} along axis {axis} do not fit shape {node.shape}")
    places = list(np.meshgrid(*(np.arange(n) for n in indices.shape), indexing="ij"))
    places[axis] = _from_front(indices, node.shape[axis])
    return _scattered(node, tuple(places), indices.shape)


def _scattered(node: OnnxNode, places: tuple[Array, ...], shape: Shape) -> Operand:
    """Return the first operand with the third operand's entries at some places, or with these added there."""
    if node.attributes["reduction"] not in (b"none", b"add"):
        raise FormatError(f"reduction {node.attributes['reduction']!r} is not supported; only 'none' and 'add' are")
    data, updates = node.operand(0), node.operand(2)
    if tuple(updates.shape) != shape:
        raise FormatError(f"its updates have shape {updates.shape}; {shape} is expected")
    size, count = math.prod(data.shape), math.prod(shape)
    order = np.arange(size).reshape(data.shape)
    try:
        targets = order[places].reshape(-1)
        order[places] = size + np.arange(count).reshape(shape)
    except (IndexError, ValueError) as error:  # NumPy's
        raise FormatError(f"it does not fit shape {data.shape}: {error}") from None
    if node.attributes["reduction"] == b"add":
        spread = updates if isinstance(updates, Tensor) else lifted(updates)
        total = spread.mapped(Sparse.of((size, count), targets, np.arange(count), np.ones(count)), tuple(data.shape))
        return _sum(total if isinstance(updates, Tensor) else folded(total), data)
    flat = [part.reshaped((part.value.size,)) if isinstance(part, Tensor) else part.reshape(-1) for part in (data, updates)]
    if not any(isinstance(part, Tensor) for part in flat):
        flat[0] = lifted(node.array(0)).reshaped((size,))
    return tensors.concatenated(flat, 0).moved(lambda _: order)


def _sum(left: Operand, right: Operand) -> Operand:
    if isinstance(left, Tensor):
        return left.plus(right)
    return right.plus(left) if isinstance(right, Tensor) else np.asarray(fractions(left) + fractions(right), object)


def tile(node: OnnxNode) -> Steppable:
    """Repeat along every axis."""
    repeats = node.integers(1) or []
    if len(repeats) != len(node.shape) or min(repeats, default=1) < 1:
        raise FormatError(f"its repeats are {repeats}; one positive number for each axis of shape {node.shape} is expected")
    if math.prod(node.shape) * math.prod(repeats) > MAX_WEIGHTS:
        raise FormatError(f"its repeats are {repeats}, which is too much; at most {MAX_WEIGHTS} entries are supported")
    return node.moved(lambda entries: np.tile(entries, repeats))


def depth_to_space(node: OnnxNode) -> Steppable:
    """Move blocks of channels into blocks of pixels."""
    size, mode = _block(node), node.attributes["mode"]
    batch, channels, height, width = node.shape
    if channels % size**2 or mode not in (b"DCR", b"CRD"):
        raise FormatError(f"{channels} channels, mode {mode!r}: a multiple of {size**2}, and DCR or CRD, are expected")
    rest = channels // size**2
    split, order = ((size, size, rest), (0, 3, 4, 1, 5, 2)) if mode == b"DCR" else ((rest, size, size), (0, 1, 4, 2, 5, 3))
    shape = (batch, rest, height * size, width * size)
    return node.moved(lambda entries: entries.reshape(batch, *split, height, width).transpose(order).reshape(shape))


def space_to_depth(node: OnnxNode) -> Steppable:
    """Move blocks of pixels into blocks of channels."""
    size = _block(node)
    batch, channels, height, width = node.shape
    if height % size or width % size:
        raise FormatError(f"shape {node.shape} cannot be divided into blocks of {size} x {size}")
    blocks = (batch, channels, height // size, size, width // size, size)
    shape = (batch, channels * size**2, height // size, width // size)
    return node.moved(lambda entries: entries.reshape(blocks).transpose(0, 3, 5, 1, 2, 4).reshape(shape))


def _block(node: OnnxNode) -> int:
    size: int = node.attributes["blocksize"]
    if size < 1 or len(node.shape) != 4:
        raise FormatError(f"blocksize {size} does not fit shape {node.shape}; a positive number and four axes are expected")
    return size


def trilu(node: OnnxNode) -> Operand:
    """Keep the upper or lower triangle of matrices, and put zeros elsewhere."""
    shift = node.integers(1) or [0]
    keep: Any = np.triu if node.attributes["upper"] else np.tril
    inside = keep(np.ones(node.shape[-2:], np.int64), shift[0])
    return node.tensor().times(inside)


def _from_front(indices: Array, length: int) -> Array:
    """Return indices counted from the front.

    Raises:
        FormatError: an index beyond the axis.
    """
    if indices.size and not -length <= indices.min() <= indices.max() < length:
        raise FormatError(f"its indices reach from {indices.min()} to {indices.max()}; {-length} to {length - 1} is expected")
    return np.where(indices < 0, indices + length, indices)
