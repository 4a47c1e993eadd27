"""What PyTorch's functions and methods do to tensors of a network under construction."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import FormatError, InputError
from exactzones.models import pooling, tensors
from exactzones.models.sparse import fractions
from exactzones.models.tensors import Tensor, same
from exactzones.models.windows import Geometry

Array: TypeAlias = np.ndarray[Any, Any]
Operand: TypeAlias = Tensor | Array


def _operand(value: Any) -> Operand:
    if isinstance(value, (Tensor, np.ndarray)):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return np.array(value)
    raise FormatError(f"{type(value).__name__} is no tensor and no number")


def _tensor(value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise FormatError("it works on constants only")
    return value


def _constant(value: Any, what: str) -> Array:
    if isinstance(value, Tensor):
        raise FormatError(f"{what} must be a constant; as it is, it depends on the network's input")
    return np.asarray(_operand(value))


def add(left: Any, right: Any, *, alpha: Any = 1, sign: int = 1) -> Any:
    """Return ``left + sign alpha right``."""
    if isinstance(left, int) and isinstance(right, int):  # lengths of axes
        return left + sign * right
    left, right = _operand(left), _operand(right)
    if alpha != 1:
        right = multiply(right, alpha)
    if isinstance(left, Tensor):
        return left.plus(right, 1, sign)
    if isinstance(right, Tensor):
        return right.plus(left, sign, 1)
    return np.asarray(fractions(left) + sign * fractions(right), object)


def multiply(left: Any, right: Any) -> Any:
    """Return the product; one factor must be a constant."""
    if isinstance(left, int) and isinstance(right, int):
        return left * right
    left, right = _operand(left), _operand(right)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        raise FormatError("a product of two tensors that both depend on the input is not piecewise linear")
    if isinstance(left, Tensor):
        return left.times(_constant(right, "a factor"))
    if isinstance(right, Tensor):
        return right.times(left)
    return np.asarray(fractions(left) * fractions(right), object)


def divide(left: Any, right: Any) -> Any:
    """Return the quotient by a constant."""
    below = fractions(_constant(right, "what is divided by"))
    if not np.asarray(below != 0).all():
        raise FormatError("it divides by zero")
    return multiply(_operand(left), np.asarray(1 / below, object))


def _whole(left: Any, right: Any) -> int:
    if not isinstance(left, int) or not isinstance(right, int) or right == 0:
        raise FormatError("a whole quotient is not piecewise linear")
    return left // right


def matmul(left: Any, right: Any) -> Tensor:
    """Return the matrix product with a constant."""
    return tensors.product(_operand(left), _operand(right))


def linear(x: Any, weight: Any, bias: Any = None) -> Tensor:
    """Return ``x weight^T + bias``."""
    return tensors.dense(_tensor(x), _constant(weight, "the weight"), None if bias is None else _constant(bias, "the bias"))


def _batched(x: Any, axes: int) -> Tensor:
    if len(_tensor(x).shape) != axes + 2:
        raise FormatError(f"shape {x.shape} is not a batch of samples with channels and {axes} axes; give input_shape")
    return _tensor(x)


def convolve(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """Return a convolution."""
    kernel = _constant(weight, "the weight")
    axes = kernel.ndim - 2
    x, steps, strides = _batched(x, axes), same(dilation, axes), same(stride, axes)
    if padding == "same":
        total = [step * (size - 1) for step, size in zip(steps, kernel.shape[2:], strict=True)]
        before = tuple(pad // 2 for pad in total)
        after = tuple(pad - pad // 2 for pad in total)
    else:
        before = after = same(0 if padding == "valid" else padding, axes)
    geometry = Geometry(kernel.shape[2:], strides, steps, before, after)
    return tensors.convolved(x, kernel, None if bias is None else _constant(bias, "the bias"), geometry, groups)


def _window(axes: int, size: Any, stride: Any, padding: Any, dilation: Any, ceil: Any) -> Geometry:
    kernel, pads = same(size, axes), same(padding, axes)
    strides = kernel if stride is None or stride == [] else same(stride, axes)
    return Geometry(kernel, strides, same(dilation, axes), pads, pads, bool(ceil))


def _max_pool(axes: int) -> Callable[..., Tensor]:
    def pool(
        x: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Tensor:
        if return_indices:
            raise FormatError("return_indices is not supported")
        return pooling.pooled_maximum(_batched(x, axes), _window(axes, kernel_size, stride, padding, dilation, ceil_mode))

    return pool


def _avg_pool(axes: int) -> Callable[..., Tensor]:
    def pool(
        x: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        geometry = _window(axes, kernel_size, stride, padding, 1, ceil_mode)
        return pooling.pooled_average(_batched(x, axes), geometry, with_padding=count_include_pad, divisor=divisor_override)

    return pool


def _adaptive_avg_pool(axes: int) -> Callable[..., Tensor]:
    def pool(x: Any, output_size: Any) -> Tensor:
        x = _batched(x, axes)
        sizes = (output_size,) * axes if output_size is None or isinstance(output_size, int) else tuple(output_size)
        counts = tuple(length if size is None else size for size, length in zip(sizes, x.shape[2:], strict=True))
        return pooling.averaged(x, counts)

    return pool


def _adaptive_max_pool(axes: int) -> Callable[..., Tensor]:
    def pool(x: Any, output_size: Any, return_indices: bool = False) -> Tensor:
        x = _batched(x, axes)
        counts = same(output_size, axes)
        if return_indices or any(length % count for length, count in zip(x.shape[2:], counts, strict=True)):
            raise FormatError(f"output_size {output_size} that does not divide {x.shape[2:]} is not supported")
        sizes = tuple(length // count for length, count in zip(x.shape[2:], counts, strict=True))
        return pooling.pooled_maximum(x, _window(axes, sizes, None, 0, 1, ceil=False))

    return pool


def normalize(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,  # noqa: ARG001  evaluation is meant
    momentum: Any = 0.1,  # noqa: ARG001  for training only
    eps: float = 1e-5,
    *,
    what: str = "batch_norm",
) -> Tensor:
    """Return a batch normalisation in evaluation mode."""
    if running_mean is None or running_var is None:
        raise FormatError("it keeps no running statistics, so its result depends on the batch")
    parts = [None if part is None else _constant(part, "a parameter") for part in (weight, bias)]
    statistics = [_constant(part, "a statistic") for part in (running_mean, running_var)]
    return tensors.normalized(_tensor(x), parts[0], parts[1], statistics[0], statistics[1], eps, what)


def _relu(x: Any, inplace: bool = False) -> Tensor:  # noqa: ARG001  torch's argument
    return _tensor(x).relu()


def _leaky(x: Any, negative_slope: Any = 0.01, inplace: bool = False) -> Tensor:  # noqa: ARG001
    return tensors.leaky(_tensor(x), negative_slope)


def prelu(x: Any, weight: Any) -> Tensor:
    """Return x where it is positive, else x times the slope of its channel."""
    x, slopes = _tensor(x), _constant(weight, "the slope")
    if slopes.size > 1:
        slopes = slopes.reshape(-1, *[1] * (len(x.shape) - 2))
    return tensors.leaky(x, slopes.reshape(()) if slopes.size == 1 else slopes)


def _clamp(x: Any, min: Any = None, max: Any = None) -> Tensor:  # noqa: A002  torch's names
    low, high = (None if bound is None else _constant(bound, "a bound") for bound in (min, max))
    return tensors.clipped(_tensor(x), low, high)


def hardtanh(x: Any, min_val: Any = -1.0, max_val: Any = 1.0, inplace: bool = False) -> Tensor:  # noqa: ARG001
    """Return ``min(max(x, min_val), max_val)``."""
    return tensors.clipped(_tensor(x), min_val, max_val)


def hardsigmoid(x: Any, inplace: bool = False) -> Tensor:  # noqa: ARG001
    """Return ``min(max(x / 6 + 1 / 2, 0), 1)``."""
    return tensors.clipped(divide(_tensor(x), 6).plus(np.array(0.5)), 0, 1)


def _larger(pairwise: Callable[[Tensor, Operand], Tensor]) -> Callable[..., Tensor]:
    def operator(left: Any, right: Any = None) -> Tensor:
        first, second = _operand(left), _operand(right)
        return pairwise(first, second) if isinstance(first, Tensor) else pairwise(_tensor(second), first)

    return operator


def _same(x: Any, *_: Any, **__: Any) -> Any:
    return x


def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Return the tensor with some neighbouring axes made one."""
    shape = _tensor(x).shape
    first, last = _axis(start_dim, len(shape)), _axis(end_dim, len(shape))
    return _tensor(x).reshaped((*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise FormatError(f"axis {axis} does not exist among {rank}")
    return axis % rank


def _listed(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], Sequence) else values


def reshape(x: Any, *shape: Any) -> Tensor:
    """Return the same entries in another arrangement."""
    wanted: list[Any] = list(_listed(shape))
    size = _tensor(x).value.size
    if not all(isinstance(length, int) for length in wanted):
        raise FormatError(f"shape {wanted} is not known")
    if wanted.count(-1) == 1 and math.prod(n for n in wanted if n != -1):
        wanted[wanted.index(-1)] = size // math.prod(n for n in wanted if n != -1)
    if math.prod(wanted) != size or min(wanted, default=1) < 0:
        raise FormatError(f"shape {x.shape} cannot become {tuple(wanted)}")
    return _tensor(x).reshaped(tuple(wanted))


def unflatten(x: Any, dim: int, unflattened_size: Any) -> Tensor:
    """Return the tensor with one axis made several."""
    axis = _axis(dim, len(_tensor(x).shape))
    return reshape(x, *x.shape[:axis], *unflattened_size, *x.shape[axis + 1 :])


def _permute(x: Any, *order: Any, dims: Any = None) -> Tensor:
    axes = tuple(dims) if dims is not None else _listed(order)
    return _moved(x, lambda index: index.transpose(axes))


def _swapped(x: Any, dim0: int, dim1: int) -> Tensor:
    return _moved(x, lambda index: np.swapaxes(index, dim0, dim1))


def _squeeze(x: Any, dim: Any = None) -> Tensor:
    rank = len(_tensor(x).shape)
    axes = range(rank) if dim is None else [_axis(own, rank) for own in ((dim,) if isinstance(dim, int) else dim)]
    return _tensor(x).reshaped(tuple(n for k, n in enumerate(x.shape) if n != 1 or k not in axes))


def _unsqueeze(x: Any, dim: int) -> Tensor:
    place = _axis(dim, len(_tensor(x).shape) + 1)
    return _tensor(x).reshaped((*x.shape[:place], 1, *x.shape[place:]))


def _moved(x: Any, move: Callable[[Array], Array]) -> Tensor:
    try:
        return _tensor(x).moved(move)
    except (ValueError, IndexError, TypeError) as error:  # NumPy's
        raise FormatError(f"it does not fit shape {x.shape}: {error}") from None


def getitem(x: Any, index: Any) -> Any:
    """Return part of a tensor, or of a list."""
    if isinstance(x, Tensor):
        parts = index if isinstance(index, tuple) else (index,)
        chosen = tuple(part.astype(np.int64) if isinstance(part, np.ndarray) else part for part in parts)
        return _moved(x, lambda entries: np.asarray(entries[chosen]))
    return x[index]


def _attribute(x: Any, name: str) -> Any:
    if name != "shape" or not isinstance(x, Tensor):
        raise FormatError(f"attribute {name!r} is not supported")
    return x.shape


def _size(x: Any, dim: int | None = None) -> Any:
    shape = _tensor(x).shape
    return shape if dim is None else shape[dim]


def _cat(parts: Any, dim: int = 0) -> Tensor:
    return tensors.concatenated([_operand(part) for part in parts], dim)


def _stack(parts: Any, dim: int = 0) -> Tensor:
    return _cat([_unsqueeze(part, dim) for part in parts], dim)


def _split(x: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    length, sizes = _tensor(x).shape[dim], split_size_or_sections
    if isinstance(sizes, int):
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)]
    ends = np.cumsum(sizes).tolist()
    pairs = zip([0, *ends], ends, strict=False)
    return tuple(_moved(x, lambda index, a=a, b=b: np.take(index, np.arange(a, b), dim)) for a, b in pairs)  # type: ignore[misc]


def _chunk(x: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    return _split(x, -(-_tensor(x).shape[dim] // chunks), dim)


def _summed(*, mean: bool) -> Callable[..., Tensor]:
    def operator(x: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        x = _tensor(x)
        rank = len(x.shape)
        chosen = {_axis(own, rank) for own in (range(rank) if dim is None else (dim,) if isinstance(dim, int) else dim)}
        return pooling.summed(x, chosen, mean=mean, keep=keepdim)

    return operator


def pad(x: Any, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Tensor:
    """Return the tensor with zeros around it; pads are given for the last axis first."""
    if mode != "constant" or value not in (None, 0, 0.0):
        raise FormatError(f"padding with mode {mode!r} and value {value!r} is not supported; only with zeros")
    widths = [(0, 0)] * (len(_tensor(x).shape) - len(pad) // 2)
    widths += [(pad[k], pad[k + 1]) for k in range(len(pad) - 2, -1, -2)]
    return _moved(x, lambda index: np.pad(index, widths, constant_values=-1))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": tensors.absolute,
    "adaptive_avg_pool1d": _adaptive_avg_pool(1),
    "adaptive_avg_pool2d": _adaptive_avg_pool(2),
    "adaptive_max_pool1d": _adaptive_max_pool(1),
    "adaptive_max_pool2d": _adaptive_max_pool(2),
    "add": add,
    "avg_pool1d": _avg_pool(1),
    "avg_pool2d": _avg_pool(2),
    "batch_norm": normalize,
    "cat": _cat,
    "chunk": _chunk,
    "clamp": _clamp,
    "clamp_max": lambda x, max: _clamp(x, None, max),  # noqa: A006
    "clamp_min": lambda x, min: _clamp(x, min, None),  # noqa: A006
    "clip": _clamp,
    "concat": _cat,
    "contiguous": _same,
    "conv1d": convolve,
    "conv2d": convolve,
    "conv3d": convolve,
    "detach": _same,
    "dim": lambda x: len(_tensor(x).shape),
    "div": divide,
    "double": _same,
    "dropout": _same,
    "dropout1d": _same,
    "dropout2d": _same,
    "flatten": flatten,
    "float": _same,
    "floordiv": _whole,
    "getattr": _attribute,
    "getitem": getitem,
    "hardsigmoid": hardsigmoid,
    "hardtanh": hardtanh,
    "leaky_relu": _leaky,
    "linear": linear,
    "matmul": matmul,
    "max": _larger(tensors.maximum),
    "max_pool1d": _max_pool(1),
    "max_pool2d": _max_pool(2),
    "maximum": _larger(tensors.maximum),
    "mean": _summed(mean=True),
    "min": _larger(tensors.minimum),
    "minimum": _larger(tensors.minimum),
    "mm": matmul,
    "mul": multiply,
    "multiply": multiply,
    "neg": lambda x: _tensor(x).times(np.array(-1)),
    "pad": pad,
    "permute": _permute,
    "prelu": prelu,
    "relu": _relu,
    "relu6": lambda x, inplace=False: hardtanh(x, 0, 6, inplace),
    "reshape": reshape,
    "size": _size,
    "split": _split,
    "squeeze": _squeeze,
    "stack": _stack,
    "sub": lambda left, right, alpha=1: add(left, right, alpha=alpha, sign=-1),
    "subtract": lambda left, right, alpha=1: add(left, right, alpha=alpha, sign=-1),
    "sum": _summed(mean=False),
    "t": lambda x: _moved(x, np.transpose),
    "transpose": _swapped,
    "truediv": divide,
    "unflatten": unflatten,
    "unsqueeze": _unsqueeze,
    "view": reshape,
}
"""By the name of a function or method; one that works in place has the same name with an underscore or an i."""


def function(name: str) -> Callable[..., Any]:
    """Return what a function or method does.

    Raises:
        InputError: it is not supported.
    """
    for known in (name, name.removesuffix("_"), name.removeprefix("i")):
        if known in FUNCTIONS:
            return FUNCTIONS[known]
    raise InputError("it is not piecewise linear, or not supported")
