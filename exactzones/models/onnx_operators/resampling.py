"""Resize and Upsample of ONNX: nearest entries, or linear or cubic interpolation between them, along each axis."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models import contraction
from exactzones.models.arrays import fractions, object_array
from exactzones.models.onnx_node import OnnxNode, axes_from_front
from exactzones.models.tensors import Tensor

_HALF = Fraction(1, 2)
_OLDEST_MODES = b"asymmetric", b"floor"


def upsample(node: OnnxNode) -> Tensor:
    """Scale axes; of older models."""
    scales = [Fraction(entry) for entry in fractions(node.array(1), "its scales").ravel()]
    return _resized(node, [(axis, scale, None) for axis, scale in enumerate(scales)], _OLDEST_MODES)


def resize(node: OnnxNode) -> Tensor:
    """Scale axes, or make them of given lengths."""
    own, rank = node.attributes, len(node.shape)
    if own["antialias"] or own["keep_aspect_ratio_policy"] != b"stretch":
        raise FormatError("antialias and keep_aspect_ratio_policy are not supported; only their defaults are")
    oldest = len(node.operands) == 2  # opset 10 has no region of interest before the scales, and one way to find the places
    place = 1 if oldest else 2
    scales, sizes = (node.constant(k) for k in (place, 3))
    axes_from_front(list(own["axes"]), rank)
    axes = [axis % rank for axis in own["axes"] or range(rank)]
    if sizes is not None and sizes.size:
        lengths = node.integers(3) or []
        listed: list[Any] = [(axis, Fraction(new, node.shape[axis]), new) for axis, new in zip(axes, lengths, strict=False)]
    else:
        factors = [] if scales is None else fractions(scales, "its scales").ravel().tolist()
        listed = [(axis, Fraction(scale), None) for axis, scale in zip(axes, factors, strict=False)]
    if len(listed) != len(axes):
        raise FormatError(f"its scales or sizes do not fit {len(axes)} axes; one number for each is expected")
    modes = own["coordinate_transformation_mode"], own["nearest_mode"]
    return _resized(node, listed, _OLDEST_MODES if oldest else modes)


def _resized(node: OnnxNode, axes: list[tuple[int, Fraction, int | None]], modes: tuple[bytes, bytes]) -> Tensor:
    """Return the tensor resized along axes.

    Args:
        node: of Resize or Upsample.
        axes: (axis, scale, new length or None).
        modes: how coordinates are computed, and how they are rounded to the nearest entry.
    """
    x, mode = node.tensor(), node.attributes["mode"]
    if mode not in (b"nearest", b"linear", b"cubic"):
        raise FormatError(f"mode {mode!r} is not supported; supported are nearest, linear and cubic")
    for axis, scale, length in axes:
        old = x.shape[axis]
        if scale <= 0 or math.prod(x.shape) // old * (length or scale * old) > MAX_WEIGHTS:
            raise FormatError(f"the scale {scale} of an axis of length {old} is not positive, or too large")
        new = math.floor(old * scale) if length is None else length
        if scale == 1 and new == old:
            continue
        places = [_coordinate(k, scale, old, new, modes[0]) for k in range(new)]
        if mode == b"nearest":
            chosen = np.array([min(max(_rounded(place, modes[1]), 0), old - 1) for place in places], np.int64)
            x = x.moved(lambda index, k=chosen, a=axis: np.take(index, k, a))  # type: ignore[misc]
            continue
        x.graph.refuse_floats("interpolates between values, with weights that each program computes in its own way")
        if mode == b"linear":
            x = _interpolated(x, axis, places)
        else:
            rows = [_cubic_weights(node, place, old) for place in places]
            x = contraction.along_axis(x, axis, object_array([entry for row in rows for entry in row]).reshape(new, old))
    return x


def _cubic_weights(node: OnnxNode, place: Fraction, length: int) -> list[Fraction]:
    """Return the weight of each entry of an axis in the cubic interpolation (Keys, 1981) at a place."""
    a, weights = Fraction(node.attributes["cubic_coeff_a"]), [Fraction(0)] * length
    first = math.floor(place) - 1
    for k in range(first, first + 4):
        d = abs(place - k)
        weight = ((a + 2) * d - (a + 3)) * d * d + 1 if d <= 1 else ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        if not node.attributes["exclude_outside"] or 0 <= k < length:
            weights[min(max(k, 0), length - 1)] += weight
    total = sum(weights)
    return [weight / total for weight in weights]


def _interpolated(x: Tensor, axis: int, places: list[Fraction]) -> Tensor:
    """Return values at places along an axis, linear between the entries and constant beyond them."""
    inside = [min(max(place, Fraction(0)), Fraction(x.shape[axis] - 1)) for place in places]
    low = np.array([math.floor(place) for place in inside], np.int64)
    high = np.minimum(low + 1, x.shape[axis] - 1)
    share = np.array([place - math.floor(place) for place in inside], object)
    share = share.reshape(-1, *[1] * (len(x.shape) - 1 - axis))
    lower, upper = (x.moved(lambda index, k=each: np.take(index, k, axis)) for each in (low, high))  # type: ignore[misc]
    return lower.times(np.asarray(1 - share, object)).plus(upper.times(share))


def _coordinate(k: int, scale: Fraction, old: int, new: int, mode: bytes) -> Fraction:
    """Return the place among the old entries of which entry k of the new ones is the value."""
    if mode == b"align_corners":
        return Fraction(k * (old - 1), new - 1) if new > 1 else Fraction(0)
    if mode == b"asymmetric":
        return k / scale
    if mode == b"half_pixel" or (mode == b"pytorch_half_pixel" and new > 1):
        return (k + _HALF) / scale - _HALF
    if mode == b"pytorch_half_pixel":
        return Fraction(0)
    if mode == b"half_pixel_symmetric":
        centre = Fraction(old, 2) * (1 - Fraction(new) / (scale * old))
        return centre + (k + _HALF) / scale - _HALF
    raise FormatError(
        f"coordinate_transformation_mode {mode!r} is not supported; supported are half_pixel, half_pixel_symmetric, "
        "pytorch_half_pixel, align_corners and asymmetric"
    )


def _rounded(place: Fraction, mode: bytes) -> int:
    """Return the entry that is nearest to a place."""
    rules = {
        b"floor": math.floor(place),
        b"ceil": math.ceil(place),
        b"round_prefer_floor": math.ceil(place - _HALF),
        b"round_prefer_ceil": math.floor(place + _HALF),
    }
    if mode not in rules:
        raise FormatError(f"nearest_mode {mode!r} is not supported; supported are {', '.join(rule.decode() for rule in rules)}")
    return rules[mode]
