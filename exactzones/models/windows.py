"""Where the windows of convolutions and pooling lie, and convolutions as matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_WEIGHTS

Array: TypeAlias = np.ndarray[Any, Any]
Lengths: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a window moves over the spatial axes; each part has one entry per axis.

    Attributes:
        kernel: lengths of the window.
        strides: steps.
        dilations: distances between the window's places.
        before: places of padding at the start.
        after: places of padding at the end.
        ceil: let a last window start that reaches beyond the padding at the end.
    """

    kernel: Lengths
    strides: Lengths
    dilations: Lengths
    before: Lengths
    after: Lengths
    ceil: bool = False

    def windows(self, spatial: Lengths) -> tuple[Array, Lengths]:
        """Return what each window sees.

        Args:
            spatial: lengths of the axes.

        Returns:
            the flat index of every place of every window, shape (windows, places), -1 in the padding and -2 beyond it;
            and how many windows there are along each axis.

        Raises:
            FormatError: parts that do not fit, or no window at all.
        """
        parts = (self.kernel, self.strides, self.dilations, self.before, self.after)
        if any(len(part) != len(spatial) for part in parts) or min((*self.kernel, *self.strides, *self.dilations)) < 1:
            raise FormatError(f"kernel {self.kernel}, strides {self.strides} and dilations {self.dilations} do not fit {spatial}")
        if min((*self.before, *self.after)) < 0:
            raise FormatError(f"padding {(*self.before, *self.after)} is negative, which is not supported")
        counts = tuple(self._count(axis, length) for axis, length in enumerate(spatial))
        if min(counts) < 1:
            raise FormatError(f"a window of {self.kernel} does not fit in {spatial}")
        if math.prod(counts) * math.prod(self.kernel) > MAX_WEIGHTS:
            raise FormatError(f"{math.prod(counts)} windows of {math.prod(self.kernel)} places are too many")
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
            count += 1  # only if it starts inside the data or the padding before them
        return count


def convolution(shape: Lengths, weight: Array, geometry: Geometry, groups: int) -> tuple[Array, Array, Array, Lengths]:
    """Return a convolution as a matrix from one flattened sample to another.

    Args:
        shape: of the sample, (channels, ..).
        weight: shape (outputs, channels / groups, ..).
        geometry: its kernel is the weight's.
        groups: how many parts the channels fall into; each output sees one part.

    Returns:
        rows, columns and values of the entries, and the shape of the result, (outputs, ..).

    Raises:
        FormatError: shapes that do not fit, or too many entries.
    """
    (channels, *spatial), (outputs, part, *kernel) = shape, weight.shape
    if tuple(kernel) != geometry.kernel:
        raise FormatError(f"the kernel's shape {geometry.kernel} is not that of its weight {weight.shape}")
    if groups < 1 or channels != part * groups or outputs % groups:
        raise FormatError(f"weight {weight.shape} with {groups} groups does not fit {channels} channels")
    flat, counts = geometry.windows(tuple(spatial))
    windows, places = flat.shape
    if outputs * windows * part * places > MAX_WEIGHTS:
        raise FormatError(f"the convolution has {outputs * windows * part * places} entries; at most {MAX_WEIGHTS} are held")
    first = np.repeat(np.arange(groups) * part, outputs // groups)  # channel that output begins with
    channel = first[:, None] + np.arange(part)  # (outputs, part)
    full = (outputs, windows, part, places)
    rows = np.broadcast_to(np.arange(outputs * windows).reshape(outputs, windows, 1, 1), full)
    columns = channel[:, None, :, None] * math.prod(spatial) + flat[None, :, None, :]
    values = np.broadcast_to(weight.reshape(outputs, 1, part, places), full)
    there = np.broadcast_to(flat[None, :, None, :] >= 0, full)
    return rows[there], columns[there], values[there], (outputs, *counts)
