"""The windows of convolutions and pooling, and convolutions as sparse matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.arrays import Array, Shape


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a window moves over the spatial axes; each part but ``ceil`` has one entry per axis.

    Attributes:
        kernel: number of places in the window.
        strides: steps from one window to the next.
        dilations: steps from one place of a window to the next.
        before: padding at the start.
        after: padding at the end.
        ceil: whether the last window may extend beyond the padding at the end.
    """

    kernel: Shape
    strides: Shape
    dilations: Shape
    before: Shape
    after: Shape
    ceil: bool = False

    def windows(self, spatial: Shape) -> tuple[Array, Shape]:
        """Return the entries in each window.

        Args:
            spatial: lengths of the axes.

        Returns:
            The flat index of every place of every window, shape (windows, places), with -1 in the padding and -2 beyond it;
            and the number of windows along each axis.

        Raises:
            FormatError: the parts do not fit the axes, the padding is negative, or there is no window or too many.
        """
        parts = (self.kernel, self.strides, self.dilations, self.before, self.after)
        if any(len(part) != len(spatial) for part in parts) or min((*self.kernel, *self.strides, *self.dilations)) < 1:
            raise FormatError(
                f"kernel {self.kernel}, strides {self.strides} and dilations {self.dilations} do not fit "
                f"the spatial axes {spatial}; a positive number for each is expected"
            )
        if min((*self.before, *self.after)) < 0:
            raise FormatError(f"padding {(*self.before, *self.after)} is negative; numbers from 0 are expected")
        counts = tuple(self._count(axis, length) for axis, length in enumerate(spatial))
        if min(counts) < 1:
            raise FormatError(f"a window of {self.kernel} does not fit into the spatial axes {spatial} and their padding")
        if math.prod(counts) * math.prod(self.kernel) > MAX_WEIGHTS:
            raise FormatError(
                f"{math.prod(counts)} windows of {math.prod(self.kernel)} places are too many; at most {MAX_WEIGHTS} places are "
                "supported"
            )
        flat: Array = np.zeros((1, 1), np.int64)
        for axis, length in enumerate(spatial):
            starts = np.arange(counts[axis]) * self.strides[axis] - self.before[axis]
            places = starts[:, None] + np.arange(self.kernel[axis]) * self.dilations[axis]
            beyond = places >= length + self.after[axis]
            places[(places < 0) | (places >= length)] = -1
            places[beyond] = -2
            outer, inner = flat[:, None, :, None], places[None, :, None, :]
            joined = np.where((outer < 0) | (inner < 0), np.minimum(np.minimum(outer, inner), -1), outer * length + inner)
            flat = joined.reshape(flat.shape[0] * places.shape[0], flat.shape[1] * places.shape[1])
        return flat, counts

    def _count(self, axis: int, length: int) -> int:
        reach = self.dilations[axis] * (self.kernel[axis] - 1) + 1
        room, stride = length + self.before[axis] + self.after[axis] - reach, self.strides[axis]
        if room < 0:
            return 0
        count = room // stride + 1
        if self.ceil and room % stride and count * stride < length + self.before[axis]:
            count += 1  # a window must start inside the data or the padding before it
        return count


def convolution(shape: Shape, weight: Array, geometry: Geometry, groups: int) -> tuple[Array, Array, Array, Shape]:
    """Return a convolution of one sample as a matrix from the flattened sample to the flattened result.

    Args:
        shape: of the sample, (channels, ..).
        weight: shape (outputs, channels / groups, ..).
        geometry: its kernel is the weight's.
        groups: number of parts that the channels are divided into; each output sees one part.

    Returns:
        Rows, columns and values of the matrix's entries, and the shape of the result, (outputs, ..).

    Raises:
        FormatError: the shapes do not fit, or the matrix has too many entries.
    """
    (channels, *spatial), (outputs, part, *kernel) = shape, weight.shape
    if tuple(kernel) != geometry.kernel:
        raise FormatError(f"kernel_shape is {geometry.kernel}; {tuple(kernel)} is expected for a weight of shape {weight.shape}")
    if groups < 1 or channels != part * groups or outputs % groups:
        raise FormatError(
            f"a weight of shape {weight.shape} in {groups} groups does not fit {channels} channels; "
            "(outputs, channels / groups, ..) is expected"
        )
    flat, counts = geometry.windows(tuple(spatial))
    windows, places = flat.shape
    if outputs * windows * part * places > MAX_WEIGHTS:
        raise FormatError(
            f"the convolution has {outputs * windows * part * places} matrix entries; at most {MAX_WEIGHTS} are supported"
        )
    first = np.repeat(np.arange(groups) * part, outputs // groups)  # the first channel that each output sees
    channel = first[:, None] + np.arange(part)  # (outputs, part)
    full = (outputs, windows, part, places)
    rows = np.broadcast_to(np.arange(outputs * windows).reshape(outputs, windows, 1, 1), full)
    columns = channel[:, None, :, None] * math.prod(spatial) + flat[None, :, None, :]
    values = np.broadcast_to(weight.reshape(outputs, 1, part, places), full)
    inside = np.broadcast_to(flat[None, :, None, :] >= 0, full)
    return rows[inside], columns[inside], values[inside], (outputs, *counts)
