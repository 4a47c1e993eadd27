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
