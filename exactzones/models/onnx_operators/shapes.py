"""Operators of ONNX that move entries or change shapes, of tensors and of constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models import tensors
from exactzones.models.arrays import Shape, fractions
from exactzones.models.onnx_node import OnnxNode, Operand, Steppable, axes_from_front
from exactzones.models.onnx_tensors import flattened, reshaped
from exactzones.models.tensors import Tensor

NO_AXIS = -(2**31)
"""Stands for an attribute that a file must have."""


def concat(node: OnnxNode) -> Operand:
    """Concatenate along an axis."""
    parts = [node.operand(place) for place in range(len(node.operands))]
    axis = node.attributes["axis"]
    if axis == NO_AXIS:
        raise FormatError("it has no axis; the attribute 'axis' is expected")
    if any(isinstance(part, Tensor) for part in parts):
        return tensors.concatenated([part for part in parts if isinstance(part, Tensor) or part.size], axis)
    try:
        return np.concatenate([node.array(place) for place in range(len(parts))], axis)
    except ValueError as error:  # NumPy's
        raise FormatError(f"its inputs cannot be concatenated along axis {axis}: {error}") from None


def dropout(node: OnnxNode) -> Steppable:
    """Return the operand: in evaluation mode, nothing is dropped."""
    training = node.constant(2)
    if training is not None and training.any():
        raise FormatError("it is in training mode; export the model in evaluation mode")
    return node.steppable()


def expand(node: OnnxNode) -> Steppable:
    """Broadcast to a shape."""
    shape = tensors.broadcast(node.shape, tuple(node.integers(1) or ()))
    return node.moved(lambda index: np.broadcast_to(index, shape))


def flatten(node: OnnxNode) -> Steppable:
    """Return a matrix whose first axis joins the axes before ``axis``, and whose second joins the others."""
    return node.reshaped(flattened(node.shape, node.attributes["axis"]))


def gather(node: OnnxNode) -> Steppable:
    """Take entries along an axis, by constant indices."""
    indices, axis = node.constant(1), node.attributes["axis"]
    if indices is None or indices.dtype.kind != "i":
        kind = "left out" if indices is None else f"of type {indices.dtype}"
        raise FormatError(f"its indices are {kind}; integers are expected")
    return node.moved(lambda index: np.take(index, indices, axis))


def pad(node: OnnxNode) -> Tensor:
    """Add entries around a tensor."""
    x, mode = node.tensor(), node.attributes["mode"].decode("ascii", "replace")
    constant = node.constant(2)
    value = fractions(np.array(node.attributes["value"]) if constant is None else constant, "its value").reshape(-1)[:1]
    widths = _pad_widths(node, mode)
    if any(min(pair) < 0 for pair in widths):  # negative pads cut off
        cuts = tuple(slice(max(0, -a), max(0, n - max(0, -b))) for n, (a, b) in zip(x.shape, widths, strict=True))
        x = x.moved(lambda index: index[cuts])
        widths = [(max(0, a), max(0, b)) for a, b in widths]
    options: dict[str, Any] = {"constant_values": -1} if mode == "constant" else {}
    result = x.moved(lambda index: np.pad(index, widths, mode, **options))
    if mode != "constant" or not value[0]:
        return result
    fill = np.pad(np.zeros(x.shape, np.int64), widths, constant_values=1)
    return result.plus(np.asarray(fractions(fill) * value[0], object))


def _pad_widths(node: OnnxNode, mode: str) -> list[tuple[int, int]]:
    """Return how many entries are added before and after each axis."""
    shape, rank = node.shape, len(node.shape)
    pads = node.integers(1, "pads") or []
    axes = node.integers(3) or list(range(rank))
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise FormatError(f"mode {mode!r} is not supported; supported are constant, reflect, edge and wrap")
    if len(pads) != 2 * len(axes) or (min(pads, default=0) < 0 and mode != "constant"):
        raise FormatError(
            f"pads are {pads}; two numbers for each of {len(axes)} axes are expected, negative ones in mode constant only"
        )
    widths = [(0, 0)] * rank
    for k, axis in enumerate(axes_from_front(axes, rank)):
        widths[axis] = (pads[k], pads[k + len(axes)])
    if mode == "reflect" and any(max(pair) >= n for n, pair in zip(shape, widths, strict=True) if any(pair)):
        raise FormatError(f"pads are {pads}; reflected pads must be smaller than the lengths of shape {shape}")
    if math.prod(n + a + b for n, (a, b) in zip(shape, widths, strict=True)) > MAX_WEIGHTS:
        raise FormatError(f"pads are {pads}, which makes too many entries; at most {MAX_WEIGHTS} are supported")
    return widths


def reshape(node: OnnxNode) -> Steppable:
    """Return the same entries in another shape."""
    return node.reshaped(reshaped(node.shape, node.array(1), allow_zero=bool(node.attributes["allowzero"])))


def slice_(node: OnnxNode) -> Steppable:
    """Take every ``steps``-th entry from ``starts`` to before ``ends`` along axes."""
    starts, ends = node.integers(1, "starts"), node.integers(2, "ends")
    if starts is None or ends is None or len(starts) != len(ends):
        raise FormatError(f"its starts are {starts} and its ends {ends}; lists of the same length are expected")
    axes, steps = node.integers(3, "axes") or list(range(len(starts))), node.integers(4) or [1] * len(starts)
    if len(axes) != len(starts) or len(steps) != len(starts) or 0 in steps:
        raise FormatError(f"axes {axes} and steps {steps} do not fit starts {starts}; one of each, and no step 0, is expected")
    axes_from_front(axes, len(node.shape))
    cuts = [slice(None)] * len(node.shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        length = node.shape[axis]
        stop = end + length if -length <= end < 0 else end  # for negative steps, an end below -length is before the first entry
        cuts[axis] = slice(start if start >= -length else 0, stop if stop >= 0 else (None if step < 0 else 0), step)
    return node.moved(lambda index: index[tuple(cuts)])


def split(node: OnnxNode) -> list[Steppable]:
    """Return consecutive parts along an axis."""
    axis = node.attributes["axis"]
    if not -len(node.shape) <= axis < len(node.shape):
        raise FormatError(f"axis {axis} does not exist in shape {node.shape}")
    length, count = node.shape[axis], len(node.outputs)
    sizes = node.integers(1, "split") or [min(-(-length // count), length - k * -(-length // count)) for k in range(count)]
    if sum(sizes) != length or len(sizes) != count or min(sizes) < 1:
        raise FormatError(
            f"an axis of length {length} cannot be split into parts of {sizes}; "
            f"{count} positive lengths, as many as outputs, are expected"
        )
    ends = np.cumsum(sizes).tolist()
    return [
        node.moved(lambda index, a=start, b=stop: np.take(index, np.arange(a, b), axis))  # type: ignore[misc]
        for start, stop in zip([0, *ends], ends, strict=False)
    ]


def squeeze(node: OnnxNode) -> Steppable:
    """Drop axes of length 1."""
    axes, shape = node.integers(1, "axes"), node.shape
    chosen = [k for k, n in enumerate(shape) if n == 1] if axes is None else axes_from_front(axes, len(shape))
    if any(shape[k] != 1 for k in chosen):
        raise FormatError(f"its axes are {axes}; axes of length 1 in shape {shape} are expected")
    return node.reshaped(tuple(n for k, n in enumerate(shape) if k not in chosen))


def transpose(node: OnnxNode) -> Steppable:
    """Permute the axes; by default, reverse them."""
    order = node.attributes["perm"] or list(range(len(node.shape)))[::-1]
    return node.moved(lambda index: index.transpose(order))


def unsqueeze(node: OnnxNode) -> Steppable:
    """Insert axes of length 1."""
    axes = node.integers(1, "axes") or []
    rank = len(node.shape) + len(axes)
    chosen, rest = axes_from_front(axes, rank), iter(node.shape)
    shape: Shape = tuple(1 if k in chosen else next(rest) for k in range(rank))
    return node.reshaped(shape)
