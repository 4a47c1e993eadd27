"""Convolution and pooling of ONNX."""

from __future__ import annotations

from exactzones.errors import FormatError
from exactzones.models import pooling, tensors
from exactzones.models.arrays import Shape
from exactzones.models.onnx_node import OnnxNode
from exactzones.models.tensors import Tensor
from exactzones.models.windows import Geometry


def conv(node: OnnxNode) -> Tensor:
    """Return the convolution."""
    weight = node.constant(1)
    x = node.tensor()
    if weight is None or weight.ndim < 3:
        raise FormatError("its input 1 is not a kernel; a constant of shape (outputs, channels / group, ..) is expected")
    kernel = tuple(node.attributes["kernel_shape"] or weight.shape[2:])
    return tensors.convolved(x, weight, node.constant(2), _geometry(node, kernel), node.attributes["group"])


def conv_transpose(node: OnnxNode) -> Tensor:
    """Return the transposed convolution."""
    weight, x = node.constant(1), node.tensor()
    if weight is None or weight.ndim < 3 or weight.ndim != len(x.shape):
        raise FormatError("its input 1 is not a kernel; a constant of shape (channels, outputs / group, ..) is expected")
    kernel, own, axes = weight.shape[2:], node.attributes, weight.ndim - 2
    strides, dilations = tuple(own["strides"] or (1,) * axes), tuple(own["dilations"] or (1,) * axes)
    extra = tuple(own["output_padding"] or (0,) * axes)
    if tuple(own["kernel_shape"] or kernel) != kernel:
        raise FormatError(f"kernel_shape is {tuple(own['kernel_shape'])}; {kernel} is expected")
    lengths = {len(strides), len(dilations), len(extra)}
    if lengths != {axes} or min(extra) < 0 or any(more >= step for more, step in zip(extra, strides, strict=True)):
        raise FormatError(
            f"kernel {kernel}, strides {strides}, dilations {dilations} and output_padding {extra} do not fit shape {x.shape}; "
            "one number for each axis but the first two, and output_padding smaller than strides, are expected"
        )
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    full = [(n - 1) * s + more + size for n, s, more, size in zip(x.shape[2:], strides, extra, reach, strict=True)]
    before, after = _transposed_pads(node, full, strides)
    shape = tuple(length - a - b for length, a, b in zip(full, before, after, strict=True))
    return tensors.transposed_convolution(
        x, weight, node.constant(2), Geometry(kernel, strides, dilations, before, after), (own["group"], shape)
    )


def _transposed_pads(node: OnnxNode, full: list[int], strides: Shape) -> tuple[Shape, Shape]:
    """Return how much of each spatial axis of a transposed convolution is cut off at the start and at the end."""
    own, axes, mode = node.attributes, len(full), node.attributes["auto_pad"]
    same = mode in (b"SAME_UPPER", b"SAME_LOWER")
    wanted = own["output_shape"] or ([n * s for n, s in zip(node.shape[2:], strides, strict=True)] if same else [])
    if wanted:
        wanted = wanted[-axes:]
        total = [length - size for length, size in zip(full, wanted, strict=True)]
        half, rest = tuple(each // 2 for each in total), tuple(each - each // 2 for each in total)
        if min(total) < 0:
            raise FormatError(f"output_shape {wanted} exceeds {full}, the lengths without padding; smaller ones are expected")
        return (half, rest) if mode == b"SAME_UPPER" else (rest, half)
    pads = own["pads"] or [0] * 2 * axes
    if mode not in (b"NOTSET", b"VALID") or len(pads) != 2 * axes or min(pads) < 0:
        raise FormatError(f"auto_pad is {mode!r} and pads are {pads}; two numbers from 0 for each of {axes} axes are expected")
    return tuple(pads[:axes]), tuple(pads[axes:])


def max_pool(node: OnnxNode) -> Tensor:
    """Return maxima over windows."""
    return pooling.pooled_maximum(node.tensor(), _pool_geometry(node))


def average_pool(node: OnnxNode) -> Tensor:
    """Return averages over windows."""
    with_padding = bool(node.attributes["count_include_pad"])
    return pooling.pooled_average(node.tensor(), _pool_geometry(node), with_padding=with_padding)


def global_max_pool(node: OnnxNode) -> Tensor:
    """Return the maximum of each channel."""
    return pooling.pooled_maximum(node.tensor(), _global_geometry(node))


def global_average_pool(node: OnnxNode) -> Tensor:
    """Return the average of each channel."""
    return pooling.pooled_average(node.tensor(), _global_geometry(node), with_padding=False)


def _pool_geometry(node: OnnxNode) -> Geometry:
    kernel = tuple(node.attributes["kernel_shape"])
    if not kernel or min(kernel) < 1:
        raise FormatError(f"kernel_shape is {kernel or 'left out'}; a positive number for each spatial axis is expected")
    return _geometry(node, kernel)


def _global_geometry(node: OnnxNode) -> Geometry:
    spatial = node.shape[2:]
    if not spatial:
        raise FormatError(f"its input has shape {node.shape}; (batch, channels, ..) with axes to pool over is expected")
    return Geometry(spatial, spatial, (1,) * len(spatial), (0,) * len(spatial), (0,) * len(spatial))


def _geometry(node: OnnxNode, kernel: Shape) -> Geometry:
    own, axes, spatial = node.attributes, len(kernel), node.shape[2:]
    strides = tuple(own["strides"] or (1,) * axes)
    dilations = tuple(own["dilations"] or (1,) * axes)
    if len(spatial) != axes or len(strides) != axes or len(dilations) != axes:
        raise FormatError(
            f"kernel {kernel}, strides {strides} and dilations {dilations} do not fit shape {node.shape}; "
            "one number for each axis but the first two is expected"
        )
    before, after = _padding(node, kernel, strides, dilations)
    return Geometry(kernel, strides, dilations, before, after, ceil=bool(own.get("ceil_mode")))


def _padding(node: OnnxNode, kernel: Shape, strides: Shape, dilations: Shape) -> tuple[Shape, Shape]:
    """Return the padding at the start and at the end of each spatial axis."""
    axes, pads, mode = len(kernel), node.attributes["pads"], node.attributes["auto_pad"]
    if mode in (b"SAME_UPPER", b"SAME_LOWER") and min(strides) > 0:
        total = [
            max(0, (-(-length // stride) - 1) * stride + (size - 1) * step + 1 - length)
            for length, stride, size, step in zip(node.shape[2:], strides, kernel, dilations, strict=True)
        ]
        less, more = tuple(pad // 2 for pad in total), tuple(-(-pad // 2) for pad in total)
        return (less, more) if mode == b"SAME_UPPER" else (more, less)
    if mode not in (b"NOTSET", b"VALID"):
        raise FormatError(f"auto_pad is {mode!r}; NOTSET, VALID, SAME_UPPER or SAME_LOWER, with positive strides, is expected")
    if not pads or mode == b"VALID":
        return (0,) * axes, (0,) * axes
    if len(pads) != 2 * axes:
        raise FormatError(f"pads are {pads}; two numbers for each of {axes} axes are expected")
    return tuple(pads[:axes]), tuple(pads[axes:])
