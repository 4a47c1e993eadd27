"""Functions and methods of PyTorch that move entries or change shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models import tensors
from exactzones.models.arrays import Array, fractions
from exactzones.models.steps import Operand
from exactzones.models.tensors import Tensor
from exactzones.models.torch_operators.conditions import INPUT_TYPE
from exactzones.models.torch_operators.operands import Extremes, axis_from_front, constant, of_steps, operand, tensor


def same(x: Any, *_: Any, **__: Any) -> Any:
    """Return the argument, which the function does not change in evaluation mode, or for exact numbers."""
    return x


def dropout(x: Any, p: Any = 0.5, training: Any = True, inplace: Any = False) -> Any:  # noqa: ARG001  torch's arguments
    """Return the argument; the function drops entries unless it is called with ``training=False``.

    Raises:
        FormatError: it drops entries, whatever mode the module is in.
    """
    if training:
        raise FormatError("it drops entries in evaluation mode, too; write training=self.training, or use nn.Dropout")
    return x


def cat(parts: Any, dim: int = 0) -> Operand:
    """Concatenate along an axis."""
    operands = [operand(part) for part in parts]
    arrays = [part for part in operands if not isinstance(part, Tensor)]
    if len(arrays) == len(operands):
        return np.concatenate([fractions(part) for part in arrays], dim)
    return tensors.concatenated(operands, dim)


def chunk(x: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return a number of consecutive parts along an axis, all of one length except the last."""
    return split(x, -(-tensor(x).shape[dim] // chunks), dim)


def dimensions(x: Any) -> int:
    """Return the number of axes."""
    return len(tensor(x).shape)


@of_steps
def expand(x: Any, *sizes: Any) -> Tensor:
    """Broadcast to a shape; -1 stands for the length before."""
    lengths, own = _unpacked(sizes), tensor(x).shape
    old = (1,) * (len(lengths) - len(own)) + own
    return _moved(x, lambda index: np.broadcast_to(index, [n if m == -1 else m for m, n in zip(lengths, old, strict=True)]))


def filled(number: int) -> Callable[..., Array]:
    """Return ``ones`` or ``zeros``."""
    return lambda *shape, **_: np.full(_unpacked(shape), float(number))


def filled_like(number: int) -> Callable[..., Array]:
    """Return ``ones_like`` or ``zeros_like``."""
    return lambda x, **_: np.full(operand(x).shape, float(number))


def full_like(x: Any, fill_value: Any, **_: Any) -> Array:
    """Return equal numbers in the shape of the argument."""
    return np.full(operand(x).shape, float(fill_value))


@of_steps
def flip(x: Any, *dims: Any) -> Tensor:
    """Reverse axes."""
    return _moved(x, lambda index: np.flip(index, _unpacked(dims)))


@of_steps
def index_select(x: Any, dim: int, index: Any) -> Tensor:
    """Take entries along an axis."""
    return _moved(x, lambda entries: np.take(entries, constant(index, "the index").astype(np.int64), dim))


@of_steps
def narrow(x: Any, dim: int, start: int, length: int) -> Tensor:
    """Take consecutive entries along an axis."""
    return _moved(x, lambda index: np.take(index, np.arange(start, start + length), dim))


def ravel(x: Any) -> Any:
    """Join all axes to one."""
    return flatten(x)


@of_steps
def roll(x: Any, shifts: Any, dims: Any = None) -> Tensor:
    """Shift entries along axes; those that leave at one end enter at the other."""
    return _moved(x, lambda index: np.roll(index, shifts, None if dims in (None, [], ()) else dims))


@of_steps
def select(x: Any, dim: int, index: int) -> Tensor:
    """Take one entry along an axis, and drop the axis."""
    return _moved(x, lambda entries: np.take(entries, index, dim))


def unbind(x: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Return all entries along an axis."""
    return tuple(select(x, dim, k) for k in range(tensor(x).shape[dim]))


@of_steps
def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Join neighbouring axes to one."""
    shape = tensor(x).shape
    first, last = axis_from_front(start_dim, len(shape)), axis_from_front(end_dim, len(shape))
    return tensor(x).reshaped((*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


def get_attribute(x: Any, name: str) -> Any:
    """Return an attribute of a tensor: its shape, or its transpose."""
    if isinstance(x, (Tensor, np.ndarray)):
        if name == "shape":
            return tuple(x.shape)
        if name == "dtype" and isinstance(x, Tensor):
            return INPUT_TYPE
        if name in ("T", "mT"):
            axes = range(len(x.shape)) if name == "T" else range(len(x.shape))[-2:]
            order = [*range(len(x.shape) - len(axes)), *reversed(axes)]
            return x.transpose(order) if isinstance(x, np.ndarray) else permute(x, *order)
    if name == "values" and isinstance(x, Extremes):
        return x.values
    raise FormatError(f"attribute {name!r} is not supported; only the shape, T and mT of a tensor are")


@of_steps
def getitem(x: Any, index: Any) -> Any:
    """Return part of a tensor, or of a list."""
    if isinstance(x, Tensor):
        parts = index if isinstance(index, tuple) else (index,)
        chosen = tuple(part.astype(np.int64) if isinstance(part, np.ndarray) else part for part in parts)
        return _moved(x, lambda entries: np.asarray(entries[chosen]))
    return x[index]


@of_steps
def permute(x: Any, *order: Any, dims: Any = None) -> Tensor:
    """Permute the axes."""
    axes = tuple(dims) if dims is not None else _unpacked(order)
    return _moved(x, lambda index: index.transpose(axes))


@of_steps
def reshape(x: Any, *shape: Any) -> Tensor:
    """Return the same entries in another shape; one length may be -1 for what fits."""
    lengths: list[Any] = list(_unpacked(shape))
    size = tensor(x).value.size
    if not all(isinstance(length, int) for length in lengths):
        raise FormatError(f"the target shape is {lengths}; integers are expected")
    if lengths.count(-1) == 1 and math.prod(n for n in lengths if n != -1):
        lengths[lengths.index(-1)] = size // math.prod(n for n in lengths if n != -1)
    if math.prod(lengths) != size or min(lengths, default=1) < 0:
        raise FormatError(f"shape {x.shape} cannot be reshaped to {tuple(lengths)}")
    return tensor(x).reshaped(tuple(lengths))


def size(x: Any, dim: int | None = None) -> Any:
    """Return the shape, or the length of an axis."""
    shape = tensor(x).shape
    return shape if dim is None else shape[dim]


def split(x: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Return consecutive parts along an axis, all of one length except the last, or of the lengths in a list."""
    length, sizes = tensor(x).shape[dim], split_size_or_sections
    if isinstance(sizes, int):
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)]
    ends = np.cumsum(sizes).tolist()
    pairs = zip([0, *ends], ends, strict=False)
    return tuple(_moved(x, lambda index, a=a, b=b: np.take(index, np.arange(a, b), dim)) for a, b in pairs)  # type: ignore[misc]


@of_steps
def squeeze(x: Any, dim: Any = None) -> Tensor:
    """Drop axes of length 1, by default all."""
    rank = len(tensor(x).shape)
    axes = range(rank) if dim is None else [axis_from_front(axis, rank) for axis in ((dim,) if isinstance(dim, int) else dim)]
    return tensor(x).reshaped(tuple(n for k, n in enumerate(x.shape) if n != 1 or k not in axes))


def stack(parts: Any, dim: int = 0) -> Operand:
    """Concatenate along a new axis."""
    return cat([unsqueeze(part, dim) for part in parts], dim)


@of_steps
def swap(x: Any, dim0: int, dim1: int) -> Tensor:
    """Swap two axes."""
    return _moved(x, lambda index: np.swapaxes(index, dim0, dim1))


@of_steps
def transpose(x: Any) -> Tensor:
    """Transpose a matrix."""
    return _moved(x, np.transpose)


@of_steps
def unflatten(x: Any, dim: int, unflattened_size: Any) -> Any:
    """Split one axis into several."""
    axis = axis_from_front(dim, len(tensor(x).shape))
    return reshape(x, *x.shape[:axis], *unflattened_size, *x.shape[axis + 1 :])


@of_steps
def unsqueeze(x: Any, dim: int) -> Tensor:
    """Insert an axis of length 1."""
    place = axis_from_front(dim, len(tensor(x).shape) + 1)
    return tensor(x).reshaped((*x.shape[:place], 1, *x.shape[place:]))


def _moved(x: Any, move: Callable[[Array], Array]) -> Tensor:
    try:
        return tensor(x).moved(move)
    except (ValueError, IndexError, TypeError) as error:  # NumPy's
        raise FormatError(f"it does not fit shape {x.shape}: {error}") from None


def _unpacked(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments, or the entries of the only one if that is a sequence."""
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], Sequence) else values
