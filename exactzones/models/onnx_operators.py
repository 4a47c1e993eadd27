"""What each ONNX operator does to tensors of a network under construction, and to constants."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models import pooling, tensors
from exactzones.models.onnx_node import Node, Operand, array, axes_of, given
from exactzones.models.onnx_tensors import Array, Shape, flattened, reshaped
from exactzones.models.sparse import finite, fractions
from exactzones.models.tensors import Tensor
from exactzones.models.windows import Geometry

Result: TypeAlias = Operand | list[Operand]

SMOOTH = frozenset({
    "Celu", "Cos", "Elu", "Erf", "Exp", "GRU", "Gelu", "GroupNormalization", "HardSwish", "InstanceNormalization", "LRN", "LSTM",
    "LayerNormalization", "Log", "LogSoftmax", "LpNormalization", "Mish", "Pow", "RNN", "Reciprocal", "Selu", "Sigmoid", "Sin",
    "Softmax", "Softplus", "Softsign", "Sqrt", "Swish", "Tanh",
})  # fmt: skip
"""Operators that are not piecewise linear."""


def _arithmetic(node: Node, sign: int) -> Operand:
    left, right = node.operands
    if isinstance(left, Tensor):
        return left.plus(given(right), 1, sign)
    if isinstance(right, Tensor):
        return right.plus(given(left), sign, 1)
    return _folded(node, lambda a, b: a + sign * b)


def _folded(node: Node, operation: Callable[[Array, Array], Array]) -> Array:
    """Compute with constants: integers as NumPy does, all others exactly."""
    left, right = (array(operand) for operand in node.operands)
    shape = tensors.broadcast(left.shape, right.shape)
    if left.dtype.kind == right.dtype.kind == "i":
        return np.asarray(operation(left, right))
    found = np.empty(math.prod(shape), object)
    found[:] = np.broadcast_to(np.asarray(operation(fractions(left), fractions(right)), object), shape).ravel()
    return found.reshape(shape)


def _mul(node: Node) -> Operand:
    left, right = node.operands
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        raise FormatError("a product of two tensors that both depend on the input is not piecewise linear")
    if isinstance(left, Tensor):
        return left.times(array(right))
    if isinstance(right, Tensor):
        return right.times(array(left))
    return _folded(node, lambda a, b: a * b)


def _div(node: Node) -> Operand:
    left, right = node.operands
    if isinstance(right, Tensor):
        raise FormatError("a quotient by what depends on the input is not piecewise linear")
    below = array(right)
    if not np.asarray(below != 0).all():
        raise FormatError("it divides by zero")
    if isinstance(left, Tensor):
        ones = np.empty(below.shape, object)
        ones[...] = 1
        return left.times(np.asarray(ones / fractions(below), object))
    exact = array(left).dtype.kind != "i" or below.dtype.kind != "i"
    return _folded(node, lambda a, b: a / b if exact else np.where(a * b < 0, -(abs(a) // abs(b)), abs(a) // abs(b)))


def _several(pairwise: Callable[[Tensor, Operand], Tensor]) -> Callable[[Node], Operand]:
    """Make an operator of any number of operands from one of two; constants go last."""

    def operator(node: Node) -> Operand:
        ordered = sorted(map(given, node.operands), key=lambda operand: not isinstance(operand, Tensor))
        first = ordered[0]
        if not isinstance(first, Tensor):
            raise FormatError("all its inputs are constants; let the exporter fold constants")
        while len(ordered) > 2:  # in pairs, so that few layers come of it
            pairs = [ordered[k : k + 2] for k in range(0, len(ordered), 2)]
            ordered = [_pair(pairwise, *pair) if len(pair) == 2 else pair[0] for pair in pairs]
        return _pair(pairwise, *ordered) if len(ordered) == 2 else ordered[0]

    return operator


def _pair(pairwise: Callable[[Tensor, Operand], Tensor], left: Operand, right: Operand) -> Tensor:
    if not isinstance(left, Tensor):
        raise FormatError("two of its inputs are constants; let the exporter fold constants")
    return pairwise(left, right)


def _gemm(node: Node) -> Operand:
    own = node.attributes
    if own["transA"] not in (0, 1) or own["transB"] not in (0, 1):
        raise FormatError(f"transA={own['transA']}, transB={own['transB']} is not supported; each must be 0 or 1")
    left, right = (given(operand) for operand in node.operands[:2])
    if len(left.shape) != 2 or len(right.shape) != 2:
        raise FormatError(f"shapes {left.shape} and {right.shape} are not two matrices")
    left, right = (
        operand if not swap else operand.moved(np.transpose) if isinstance(operand, Tensor) else operand.T
        for operand, swap in ((left, own["transA"]), (right, own["transB"]))
    )
    weight = left if isinstance(right, Tensor) else right
    if not isinstance(weight, Tensor):
        finite(weight, "its weight")
    result = tensors.product(left, right)
    alpha, beta = (fractions(np.array(own[name]), name) for name in ("alpha", "beta"))
    if alpha.item() != 1:
        result = result.times(alpha)
    bias = node.operands[2] if len(node.operands) > 2 else None
    if bias is None:
        return result
    if tensors.broadcast(result.shape, bias.shape) != result.shape:
        raise FormatError(f"shape {bias.shape} cannot be spread to {result.shape}")
    if not isinstance(bias, Tensor):
        bias = finite(bias, "its bias")
        return result.plus(bias if beta.item() == 1 else np.asarray(fractions(bias) * beta.item(), object))
    return result.plus(bias.times(beta))


def _matmul(node: Node) -> Operand:
    return tensors.product(given(node.operands[0]), given(node.operands[1]))


def _geometry(node: Node, kernel: Shape) -> Geometry:
    own, axes = node.attributes, len(kernel)
    strides = tuple(own["strides"] or (1,) * axes)
    dilations = tuple(own["dilations"] or (1,) * axes)
    spatial, mode = node.shape[2:], own["auto_pad"]
    if len(spatial) != axes or len(strides) != axes or len(dilations) != axes:
        raise FormatError(f"kernel {kernel}, strides {strides} and dilations {dilations} do not fit shape {node.shape}")
    if mode in (b"SAME_UPPER", b"SAME_LOWER") and min(strides) > 0:
        total = [
            max(0, (-(-length // stride) - 1) * stride + (size - 1) * step + 1 - length)
            for length, stride, size, step in zip(spatial, strides, kernel, dilations, strict=True)
        ]
        less, more = tuple(pad // 2 for pad in total), tuple(-(-pad // 2) for pad in total)
        before, after = (less, more) if mode == b"SAME_UPPER" else (more, less)
    elif mode in (b"NOTSET", b"VALID"):
        pads = tuple(own["pads"]) if own["pads"] and mode == b"NOTSET" else (0,) * (2 * axes)
        if len(pads) != 2 * axes:
            raise FormatError(f"pads {pads} are not two for each of {axes} axes")
        before, after = pads[:axes], pads[axes:]
    else:
        raise FormatError(f"auto_pad {mode!r} is not supported")
    return Geometry(kernel, strides, dilations, before, after, bool(own.get("ceil_mode")))


def _conv(node: Node) -> Operand:
    weight = node.constant(1)
    x = node.tensor()
    if weight is None or weight.ndim < 3:
        raise FormatError("its second input must be a kernel, (outputs, channels, ..)")
    kernel = tuple(node.attributes["kernel_shape"] or weight.shape[2:])
    return tensors.convolved(x, weight, node.constant(2), _geometry(node, kernel), node.attributes["group"])


def _pool(node: Node) -> Geometry:
    kernel = tuple(node.attributes["kernel_shape"])
    if not kernel or min(kernel) < 1:
        raise FormatError("kernel_shape is missing or not positive")
    return _geometry(node, kernel)


def _max_pool(node: Node) -> Operand:
    return pooling.pooled_maximum(node.tensor(), _pool(node))


def _average_pool(node: Node) -> Operand:
    with_padding = bool(node.attributes["count_include_pad"])
    return pooling.pooled_average(node.tensor(), _pool(node), with_padding=with_padding)


def _global_pool(node: Node) -> Geometry:
    spatial = node.shape[2:]
    if not spatial:
        raise FormatError(f"shape {node.shape} has no axes to pool over")
    return Geometry(spatial, spatial, (1,) * len(spatial), (0,) * len(spatial), (0,) * len(spatial))


def _global_average(node: Node) -> Operand:
    return pooling.pooled_average(node.tensor(), _global_pool(node), with_padding=False)


def _batch_normalization(node: Node) -> Operand:
    if not node.attributes["spatial"]:
        raise FormatError("spatial=0, statistics for each entry, is not supported; export the model with opset 9 or newer")
    if node.attributes["training_mode"]:
        raise FormatError("it is in training mode; export the model in evaluation mode")
    scale, shift, mean, variance = (array(node.constant(k)) for k in range(1, 5))
    return tensors.normalized(node.tensor(), scale, shift, mean, variance, node.attributes["epsilon"], node.name)


def _clip(node: Node) -> Operand:
    low, high = node.constant(1), node.constant(2)
    if len(node.operands) == 1:  # attributes, before opset 11
        low, high = (np.array(own) if np.isfinite(own) else None for own in (node.attributes["min"], node.attributes["max"]))
    for bound in (low, high):
        if bound is not None and bound.size != 1:
            raise FormatError(f"a bound of shape {bound.shape} is not one number")
    return tensors.clipped(node.tensor(), *(None if bound is None else bound.reshape(()) for bound in (low, high)))


def _prelu(node: Node) -> Operand:
    return tensors.leaky(node.tensor(), array(node.constant(1)))


def _hard_sigmoid(node: Node) -> Operand:
    own = node.attributes
    return tensors.clipped(node.tensor().times(np.array(own["alpha"])).plus(np.array(own["beta"])), 0, 1)


def _reduced(node: Node, *, mean: bool) -> Operand:
    x, rank = node.tensor(), len(node.shape)
    axes = node.integers(1, "axes")
    if axes is None:
        if node.attributes["noop_with_empty_axes"]:
            return x
        axes = list(range(rank))
    return pooling.summed(x, set(axes_of(axes, rank)), mean=mean, keep=bool(node.attributes["keepdims"]))


def _flatten(node: Node) -> Operand:
    shape = flattened(node.shape, node.attributes["axis"])
    return _arranged(node, shape)


def _arranged(node: Node, shape: Shape) -> Operand:
    operand = given(node.operands[0])
    return operand.reshaped(shape) if isinstance(operand, Tensor) else operand.reshape(shape)


def _reshape(node: Node) -> Operand:
    target = node.constant(1)
    if target is None:
        raise FormatError("the shape to reshape to is no list of integers")
    return _arranged(node, reshaped(node.shape, target, allow_zero=bool(node.attributes["allowzero"])))


def _squeeze(node: Node) -> Operand:
    axes = node.integers(1, "axes")
    rank = len(node.shape)
    chosen = [k for k, n in enumerate(node.shape) if n == 1] if axes is None else axes_of(axes, rank)
    if any(node.shape[k] != 1 for k in chosen):
        raise FormatError(f"an axis of {axes} has not length 1 in shape {node.shape}")
    return _arranged(node, tuple(n for k, n in enumerate(node.shape) if k not in chosen))


def _unsqueeze(node: Node) -> Operand:
    axes = node.integers(1, "axes") or []
    rank = len(node.shape) + len(axes)
    chosen, rest = axes_of(axes, rank), iter(node.shape)
    return _arranged(node, tuple(1 if k in chosen else next(rest) for k in range(rank)))


def _transpose(node: Node) -> Operand:
    order = node.attributes["perm"] or list(range(len(node.shape)))[::-1]
    return node.moved(lambda index: index.transpose(order))


def _slice(node: Node) -> Operand:
    starts, ends = node.integers(1, "starts"), node.integers(2, "ends")
    if starts is None or ends is None or len(starts) != len(ends):
        raise FormatError("starts and ends are missing or do not fit each other")
    axes, steps = node.integers(3, "axes") or list(range(len(starts))), node.integers(4) or [1] * len(starts)
    if len(axes) != len(starts) or len(steps) != len(starts) or 0 in steps:
        raise FormatError(f"axes {axes} and steps {steps} do not fit starts {starts}")
    rank = len(node.shape)
    axes_of(axes, rank)
    cuts = [slice(None)] * rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        length = node.shape[axis]
        stop = end + length if -length <= end < 0 else end  # below -length it is before the first, for negative steps
        cuts[axis] = slice(start if start >= -length else 0, stop if stop >= 0 else (None if step < 0 else 0), step)
    return node.moved(lambda index: index[tuple(cuts)])


def _concat(node: Node) -> Operand:
    parts = [given(operand) for operand in node.operands]
    axis = node.attributes["axis"]
    if any(isinstance(part, Tensor) for part in parts):
        return tensors.concatenated(parts, axis)
    try:
        return np.concatenate([array(part) for part in parts], axis)
    except ValueError as error:
        raise FormatError(str(error)) from None


def _split(node: Node) -> Result:
    axis = node.attributes["axis"]
    if not -len(node.shape) <= axis < len(node.shape):
        raise FormatError(f"axis {axis} does not exist in shape {node.shape}")
    length, count = node.shape[axis], node.outputs
    sizes = node.integers(1, "split") or [min(-(-length // count), length - k * -(-length // count)) for k in range(count)]
    if sum(sizes) != length or len(sizes) != count or min(sizes) < 1:
        raise FormatError(f"length {length} cannot be split into {sizes} for {count} outputs")
    ends = np.cumsum(sizes).tolist()
    return [
        node.moved(lambda index, a=start, b=stop: np.take(index, np.arange(a, b), axis))  # type: ignore[misc]
        for start, stop in zip([0, *ends], ends, strict=False)
    ]


def _gather(node: Node) -> Operand:
    indices, axis = node.constant(1), node.attributes["axis"]
    if indices is None or indices.dtype.kind != "i":
        raise FormatError("its indices are no integers")
    return node.moved(lambda index: np.take(index, indices, axis))


def _expand(node: Node) -> Operand:
    shape = tensors.broadcast(node.shape, tuple(node.integers(1) or ()))
    return node.moved(lambda index: np.broadcast_to(index, shape))


def _pad(node: Node) -> Operand:
    x, rank, mode = node.tensor(), len(node.shape), node.attributes["mode"].decode("ascii", "replace")
    pads = node.integers(1, "pads") or []
    given, axes = node.constant(2), node.integers(3) or list(range(rank))
    value = fractions(np.array(node.attributes["value"]) if given is None else given, "its value").reshape(-1)[:1]
    if len(pads) != 2 * len(axes) or min(pads) < 0 or mode not in ("constant", "reflect", "edge", "wrap"):
        raise FormatError(f"pads {pads} with mode {mode!r} do not fit shape {node.shape}, or are negative")
    widths = [(0, 0)] * rank
    for k, axis in enumerate(axes_of(axes, rank)):
        widths[axis] = (pads[k], pads[k + len(axes)])
    if mode == "reflect" and any(max(pair) >= n for n, pair in zip(node.shape, widths, strict=True) if any(pair)):
        raise FormatError(f"pads {pads} reflect more than there is in shape {node.shape}")
    if math.prod(n + a + b for n, (a, b) in zip(node.shape, widths, strict=True)) > MAX_WEIGHTS:
        raise FormatError(f"pads {pads} are too large")
    options: dict[str, Any] = {"constant_values": -1} if mode == "constant" else {}
    result = x.moved(lambda index: np.pad(index, widths, mode, **options))
    if mode != "constant" or not value[0]:
        return result
    fill = np.pad(np.zeros(x.shape, np.int64), widths, constant_values=1)
    return result.plus(np.asarray(fractions(fill) * value[0], object))


def _shape(node: Node) -> Operand:
    own = node.attributes
    return np.array(node.shape[own["start"] : own["end"]], np.int64)


def _cast(node: Node) -> Operand:
    operand, kind = given(node.operands[0]), node.attributes["to"]
    if kind in (1, 10, 11, 16):  # floats
        return operand if isinstance(operand, Tensor) or operand.dtype.kind not in "iu" else operand.astype(np.float64)
    if kind in (6, 7) and not isinstance(operand, Tensor) and operand.dtype.kind in "iu":
        return operand.astype(np.int64)
    raise FormatError("a cast to integers or truth values is not piecewise linear")


def _filled(node: Node) -> Operand:
    lengths = node.integers(0) or []
    if min(lengths, default=0) < 0 or math.prod(lengths) > MAX_WEIGHTS:
        raise FormatError(f"shape {lengths} is negative or too large")
    return np.broadcast_to(np.asarray(node.attributes["value"]).reshape(-1)[:1], lengths)


_WINDOW = {"auto_pad": b"NOTSET", "dilations": [], "kernel_shape": [], "pads": [], "strides": []}
_NORMALIZE = {"epsilon": 1e-5, "momentum": 0.9, "training_mode": 0, "spatial": 1}
_REDUCE = {"axes": [], "keepdims": 1, "noop_with_empty_axes": 0}
_CLIP = {"min": -math.inf, "max": math.inf}
_MANY = 2**31

OPERATORS: dict[str, tuple[int, int, dict[str, Any], Callable[[Node], Result]]] = {
    "Abs": (1, 1, {}, lambda node: tensors.absolute(node.tensor())),
    "Add": (2, 2, {}, lambda node: _arithmetic(node, 1)),
    "AveragePool": (1, 1, {**_WINDOW, "ceil_mode": 0, "count_include_pad": 0}, _average_pool),
    "BatchNormalization": (5, 5, _NORMALIZE, _batch_normalization),
    "Cast": (1, 1, {"to": 0, "saturate": 1}, _cast),
    "Clip": (1, 3, _CLIP, _clip),
    "Concat": (1, _MANY, {"axis": 0}, _concat),
    "ConstantOfShape": (1, 1, {"value": np.zeros(1, np.float32)}, _filled),
    "Conv": (2, 3, {**_WINDOW, "group": 1}, _conv),
    "Div": (2, 2, {}, _div),
    "Dropout": (1, 2, {"ratio": 0.5, "seed": 0}, lambda node: given(node.operands[0])),  # a third input may switch it on
    "Expand": (2, 2, {}, _expand),
    "Flatten": (1, 1, {"axis": 1}, _flatten),
    "Gather": (2, 2, {"axis": 0}, _gather),
    "Gemm": (2, 3, {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}, _gemm),
    "GlobalAveragePool": (1, 1, {}, _global_average),
    "GlobalMaxPool": (1, 1, {}, lambda node: pooling.pooled_maximum(node.tensor(), _global_pool(node))),
    "HardSigmoid": (1, 1, {"alpha": 0.2, "beta": 0.5}, _hard_sigmoid),
    "Identity": (1, 1, {}, lambda node: given(node.operands[0])),
    "LeakyRelu": (1, 1, {"alpha": float(np.float32(0.01))}, lambda node: tensors.leaky(node.tensor(), node.attributes["alpha"])),
    "MatMul": (2, 2, {}, _matmul),
    "Max": (1, _MANY, {}, _several(tensors.maximum)),
    "MaxPool": (1, 1, {**_WINDOW, "ceil_mode": 0, "storage_order": 0}, _max_pool),
    "Min": (1, _MANY, {}, _several(tensors.minimum)),
    "Mul": (2, 2, {}, _mul),
    "Neg": (1, 1, {}, lambda node: node.tensor().times(np.array(-1))),
    "PRelu": (2, 2, {}, _prelu),
    "Pad": (1, 4, {"mode": b"constant", "pads": [], "value": 0.0}, _pad),
    "ReduceMean": (1, 2, _REDUCE, lambda node: _reduced(node, mean=True)),
    "ReduceSum": (1, 2, _REDUCE, lambda node: _reduced(node, mean=False)),
    "Relu": (1, 1, {}, lambda node: node.tensor().relu()),
    "Reshape": (2, 2, {"allowzero": 0}, _reshape),
    "Shape": (1, 1, {"start": 0, "end": _MANY}, _shape),
    "Slice": (1, 5, {"starts": [], "ends": [], "axes": []}, _slice),
    "Split": (1, 2, {"axis": 0, "split": [], "num_outputs": 0}, _split),
    "Squeeze": (1, 2, {"axes": []}, _squeeze),
    "Sub": (2, 2, {}, lambda node: _arithmetic(node, -1)),
    "Sum": (1, _MANY, {}, _several(lambda left, right: left.plus(right))),
    "Transpose": (1, 1, {"perm": []}, _transpose),
    "Unsqueeze": (1, 2, {"axes": []}, _unsqueeze),
}
"""Fewest and most operands, attributes with their defaults, and what the operator does."""
