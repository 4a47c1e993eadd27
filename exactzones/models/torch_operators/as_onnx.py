"""Functions of PyTorch that are operators of ONNX under other names, or with other parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models.onnx_node import OnnxNode
from exactzones.models.onnx_operators import OPERATORS
from exactzones.models.steps import Operand
from exactzones.models.tensors import Tensor, per_axis
from exactzones.models.torch_operators.operands import Extremes, constant, operand, optional_constant, tensor


def _operator(name: str, *operands: Operand | None, **attributes: Any) -> Any:
    """Return the result of an ONNX operator; attributes that are left out have their defaults."""
    row = OPERATORS[name]
    return row.compute(OnnxNode(operands, row.attributes | attributes, name, ("",)))


def _integers(values: Any) -> Any:
    return np.array([values] if isinstance(values, int) else list(values), np.int64)


def extreme(name: str) -> Callable[..., Any]:
    """Return ``amax`` or ``amin``."""

    def reduce(x: Any, dim: Any = (), keepdim: bool = False) -> Any:
        axes = _integers(dim)
        return _operator(name, tensor(x), axes if axes.size else None, keepdims=int(keepdim))

    return reduce


def extreme_or_pairwise(name: str, pairwise: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return ``max`` or ``min``: of all entries, along an axis, or of two tensors entry by entry."""

    def reduce(x: Any, other: Any = None, keepdim: bool = False, *, dim: Any = None) -> Any:
        axis = other if isinstance(other, int) else dim
        if axis is not None:
            return Extremes(extreme(name)(x, axis, keepdim))
        return extreme(name)(x) if other is None else pairwise(x, other)

    return reduce


def exp(x: Any) -> Any:
    """Return powers of e, of constants."""
    return _operator("Exp", operand(x))


def gather(x: Any, dim: int, index: Any) -> Any:
    """Return entries along an axis at constant places."""
    return _operator("GatherElements", tensor(x), constant(index, "the index").astype(np.int64), axis=dim)


def power(x: Any, exponent: Any) -> Any:
    """Return powers, of constants except where the exponent is 1 or 0."""
    return _operator("Pow", operand(x), operand(exponent))


def square_root(x: Any) -> Any:
    """Return square roots of constants."""
    return _operator("Sqrt", operand(x))


def topk(x: Any, *_: Any, **__: Any) -> Any:
    """Refuse to choose the largest entries, which makes steps.

    Raises:
        FormatError: always.
    """
    raise FormatError(
        "it makes steps, and a network of ReLUs is continuous; read the network up to its argument, and ask whether unit 2 is "
        f'among the largest with among_largest(2, 3, {operand(x).shape[-1]}), or --where "2 in top(3)"'
    )


def cumsum(x: Any, dim: int) -> Any:
    """Return sums of all entries up to each, along an axis."""
    return _operator("CumSum", tensor(x), _integers(dim))


def einsum(equation: str, *operands: Any) -> Any:
    """Return sums of products as an equation says; one factor depends on the input."""
    listed = operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands
    return _operator("Einsum", *map(operand, listed), equation=equation.encode("ascii", "replace"))


def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:  # noqa: A002  torch's name
    """Return sums, or maxima, of absolute values along axes; other norms are not piecewise linear."""
    axes = None if dim is None else _integers(dim)
    if ord == 1:
        return _operator("ReduceL1", tensor(x), axes, keepdims=int(keepdim))
    if ord == float("inf"):
        return _operator("ReduceMax", _operator("Abs", tensor(x)), axes, keepdims=int(keepdim))
    if ord == 2 and not isinstance(x, Tensor):
        return _operator("ReduceL2", operand(x), axes, keepdims=int(keepdim))
    raise FormatError(f"the norm of order {ord} is not piecewise linear; order 1 or infinity is expected")


def norm(x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False, out: None = None) -> Any:  # noqa: ARG001  torch's argument
    """Return ``vector_norm``."""
    return vector_norm(x, p, dim, keepdim)


def repeat(x: Any, *repeats: Any) -> Any:
    """Repeat along every axis; further axes come first."""
    counts = _integers(repeats[0] if len(repeats) == 1 else repeats)
    x = tensor(x)
    return _operator("Tile", x.reshaped((1,) * (len(counts) - len(x.shape)) + x.shape), counts)


def pad(x: Any, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Any:
    """Add entries around a tensor; the pads are those of the last axis, then of the one before it, and so on."""
    x = tensor(x)
    before, after = ([0] * (len(x.shape) - len(pad) // 2) + list(pad[start::2])[::-1] for start in (0, 1))
    kind = {"replicate": "edge", "circular": "wrap"}.get(mode, mode).encode("ascii", "replace")
    return _operator("Pad", x, _integers(before + after), None if value is None else np.array(float(value)), mode=kind)


def conv_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Return a transposed convolution over as many axes as the kernel has."""
    kernel = constant(weight, "the weight")
    axes = kernel.ndim - 2
    pads = per_axis(padding, axes, "padding")
    return _operator(
        "ConvTranspose",
        tensor(x),
        kernel,
        optional_constant(bias, "the bias"),
        strides=per_axis(stride, axes, "stride"),
        pads=[*pads, *pads],
        output_padding=per_axis(output_padding, axes, "output_padding"),
        dilations=per_axis(dilation, axes, "dilation"),
        group=groups,
    )


def interpolate(
    x: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Any:
    """Resize the axes after the first two, by nearest entries, linearly or by cubics."""
    x = tensor(x)
    axes = len(x.shape) - 2
    kind = {"nearest": b"nearest", "bicubic": b"cubic"} | dict.fromkeys(("linear", "bilinear", "trilinear"), b"linear")
    if mode not in kind or antialias:
        raise FormatError(
            f"mode {mode!r} is not supported; nearest, (bi-, tri-)linear or bicubic, without antialias, is expected"
        )
    factors = (
        None if scale_factor is None else [scale_factor] * axes if isinstance(scale_factor, (int, float)) else list(scale_factor)
    )
    if factors is not None and recompute_scale_factor:
        size, factors = [int(n * factor) for n, factor in zip(x.shape[2:], factors, strict=True)], None
    where = b"align_corners" if align_corners else b"half_pixel"
    options = {
        "mode": kind[mode],
        "coordinate_transformation_mode": b"asymmetric" if mode == "nearest" else where,
        "nearest_mode": b"floor",
    }
    if factors is not None:
        return _operator("Resize", x, None, np.array([1.0, 1.0, *factors]), **options)
    return _operator("Resize", x, None, None, _integers([*x.shape[:2], *per_axis(size, axes, "size")]), **options)


def pixel_shuffle(x: Any, upscale_factor: int) -> Any:
    """Move blocks of channels into blocks of pixels."""
    return _operator("DepthToSpace", tensor(x), blocksize=upscale_factor, mode=b"CRD")


def pixel_unshuffle(x: Any, downscale_factor: int) -> Tensor:
    """Move blocks of pixels into blocks of channels."""
    values, r = tensor(x), downscale_factor
    batch, channels, height, width = values.shape
    if height % r or width % r:
        raise FormatError(f"shape {values.shape} does not consist of blocks of {r} by {r} pixels")
    blocks = values.reshaped((batch, channels, height // r, r, width // r, r)).moved(
        lambda index: index.transpose(0, 1, 3, 5, 2, 4)
    )
    return blocks.reshaped((batch, channels * r * r, height // r, width // r))
