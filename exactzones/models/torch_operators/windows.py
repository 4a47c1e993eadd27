"""Convolution and pooling of PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exactzones.errors import FormatError
from exactzones.models import pooling, tensors
from exactzones.models.tensors import Tensor, per_axis
from exactzones.models.torch_operators.operands import constant, optional_constant, options_by_position, tensor
from exactzones.models.windows import Geometry


@options_by_position
def conv(
    x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """Return a convolution over as many axes as the kernel has."""
    kernel = constant(weight, "the weight")
    axes = kernel.ndim - 2
    x, dilations, strides = _batched(x, axes), per_axis(dilation, axes, "dilation"), per_axis(stride, axes, "stride")
    if padding == "same":
        total = [step * (size - 1) for step, size in zip(dilations, kernel.shape[2:], strict=True)]
        before = tuple(pad // 2 for pad in total)
        after = tuple(pad - pad // 2 for pad in total)
    else:
        before = after = per_axis(0 if padding == "valid" else padding, axes, "padding")
    geometry = Geometry(kernel.shape[2:], strides, dilations, before, after)
    return tensors.convolved(x, kernel, optional_constant(bias, "the bias"), geometry, groups)


def max_pool(axes: int) -> Callable[..., Tensor]:
    """Return the maximum over windows of some number of axes."""

    @options_by_position
    def pool(
        x: Any,
        kernel_size: Any,
        *,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Tensor:
        if return_indices:
            raise FormatError("return_indices=True is not supported; only the maxima are")
        geometry = _geometry(axes, kernel_size, stride=stride, padding=padding, dilation=dilation, ceil=ceil_mode)
        return pooling.pooled_maximum(_batched(x, axes), geometry)

    return pool


def avg_pool(axes: int) -> Callable[..., Tensor]:
    """Return the average over windows of some number of axes."""

    @options_by_position
    def pool(
        x: Any,
        kernel_size: Any,
        *,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        geometry = _geometry(axes, kernel_size, stride=stride, padding=padding, ceil=ceil_mode)
        return pooling.pooled_average(_batched(x, axes), geometry, with_padding=count_include_pad, divisor=divisor_override)

    return pool


def adaptive_avg_pool(axes: int) -> Callable[..., Tensor]:
    """Return the average over a given number of windows along each of some axes."""

    def pool(x: Any, output_size: Any) -> Tensor:
        x = _batched(x, axes)
        sizes = (output_size,) * axes if output_size is None or isinstance(output_size, int) else tuple(output_size)
        if len(sizes) != axes or any(size is not None and (not isinstance(size, int) or size < 1) for size in sizes):
            raise FormatError(f"output_size is {output_size}; a positive integer, or one for each of {axes} axes, is expected")
        counts = tuple(length if size is None else size for size, length in zip(sizes, x.shape[2:], strict=True))
        return pooling.averaged(x, counts)

    return pool


def adaptive_max_pool(axes: int) -> Callable[..., Tensor]:
    """Return the maximum over a given number of windows along each of some axes; all windows must have the same length."""

    def pool(x: Any, output_size: Any, return_indices: bool = False) -> Tensor:
        x = _batched(x, axes)
        counts = per_axis(output_size, axes, "output_size")
        if return_indices:
            raise FormatError("return_indices=True is not supported; only the maxima are")
        if any(length % count for length, count in zip(x.shape[2:], counts, strict=True)):
            raise FormatError(f"output_size is {output_size}; divisors of the lengths {x.shape[2:]} are expected")
        sizes = tuple(length // count for length, count in zip(x.shape[2:], counts, strict=True))
        return pooling.pooled_maximum(x, _geometry(axes, sizes))

    return pool


def _batched(x: Any, axes: int) -> Tensor:
    if len(tensor(x).shape) != axes + 2:
        raise FormatError(
            f"its input has shape {x.shape}; (batch, channels, ..) with {axes} more axes is expected: pass input_shape"
        )
    return tensor(x)


def _geometry(
    axes: int, kernel_size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil: Any = False
) -> Geometry:
    kernel, pads = per_axis(kernel_size, axes, "kernel_size"), per_axis(padding, axes, "padding")
    strides = kernel if stride is None or stride == [] else per_axis(stride, axes, "stride")
    return Geometry(kernel, strides, per_axis(dilation, axes, "dilation"), pads, pads, ceil=bool(ceil))
