"""Convolution, pooling and resizing by their definitions, on arrays of Fractions."""

import math
from fractions import Fraction

import numpy as np


def exact(values):
    """Return an array of Fractions."""
    array = np.asarray(values)
    if array.dtype == object:
        entries = [Fraction(entry) for entry in array.ravel()]
    else:
        entries = [Fraction(*entry.item().as_integer_ratio()) for entry in array.astype(np.float64).ravel()]
    found = np.empty(len(entries), object)
    found[:] = entries
    return found.reshape(array.shape)


def each(function):
    """Apply a function of Fractions to every entry, with broadcasting."""

    def operator(*arrays, **_):
        spread = np.broadcast_arrays(*map(exact, arrays))
        found = np.empty(spread[0].shape, object)
        for place in np.ndindex(found.shape):
            found[place] = function(*(array[place] for array in spread))
        return found

    return operator


def windows(x, kernel, strides, dilations, pads, ceil):
    """Yield (place of the result, list of (offset in the kernel, entry, or None in the padding)); beyond it nothing."""
    spatial = x.shape[2:]
    counts = []
    for n, k, s, d, a, b in zip(spatial, kernel, strides, dilations, pads[: len(kernel)], pads[len(kernel) :], strict=True):
        room = Fraction(n + a + b - d * (k - 1) - 1, s)
        count = (math.ceil(room) if ceil else math.floor(room)) + 1
        if ceil and (count - 1) * s >= n + a:
            count -= 1
        counts.append(count)
    for sample, channel in np.ndindex(*x.shape[:2]):
        for window in np.ndindex(*counts):
            seen = []
            for offset in np.ndindex(*kernel):
                place = [w * s - a + o * d for w, s, a, o, d in zip(window, strides, pads, offset, dilations, strict=False)]
                if any(p >= n + b for p, n, b in zip(place, spatial, pads[len(kernel) :], strict=True)):
                    continue
                inside = all(0 <= p < n for p, n in zip(place, spatial, strict=True))
                seen.append((offset, x[(sample, channel, *place)] if inside else None))
            yield (sample, channel, *window), counts, seen


def options(x, kernel, attributes):
    axes = len(kernel)
    strides = attributes.get("strides", [1] * axes)
    dilations = attributes.get("dilations", [1] * axes)
    pads = attributes.get("pads", [0] * 2 * axes)
    mode = attributes.get("auto_pad", b"NOTSET")
    if mode.startswith(b"SAME"):
        pads = [0] * 2 * axes
        for k, (n, s, size, d) in enumerate(zip(x.shape[2:], strides, kernel, dilations, strict=True)):
            total = max(0, (math.ceil(n / s) - 1) * s + d * (size - 1) + 1 - n)
            small, large = total // 2, total - total // 2
            pads[k], pads[k + axes] = (small, large) if mode == b"SAME_UPPER" else (large, small)
    return strides, dilations, pads, attributes.get("ceil_mode", 0)


def pooled(x, kernel, attributes, function):
    result = None
    for place, counts, seen in windows(x, kernel, *options(x, kernel, attributes)):
        if result is None:
            result = np.empty((*x.shape[:2], *counts), object)
        result[place] = function([entry for _, entry in seen])
    return result


def average(entries, with_padding):
    if with_padding:
        entries = [entry or Fraction(0) for entry in entries]
    there = [entry for entry in entries if entry is not None]
    return sum(there, Fraction(0)) / len(there)


def conv(x, weight, bias=None, group=1, **attributes):
    attributes.pop("kernel_shape", None)
    weight = exact(weight)
    outputs, part, *kernel = weight.shape
    result = None
    for place, counts, seen in windows(x, kernel, *options(x, kernel, attributes)):
        if result is None:
            result = np.full((x.shape[0], outputs, *counts), Fraction(0), object)
        sample, channel, *window = place
        for output in range(outputs):
            if output // (outputs // group) == channel // part:
                total = sum((weight[(output, channel % part, *o)] * v for o, v in seen if v is not None), Fraction(0))
                result[(sample, output, *window)] += total
    return result if bias is None else result + exact(bias).reshape(1, -1, *[1] * len(kernel))


def conv_transpose(x, weight, bias=None, group=1, **a):
    weight = exact(weight)
    channels, part, *kernel = weight.shape
    axes = len(kernel)
    strides, dilations = a.get("strides", [1] * axes), a.get("dilations", [1] * axes)
    extra, pads = a.get("output_padding", [0] * axes), a.get("pads", [0] * 2 * axes)
    full = [
        (n - 1) * s + (k - 1) * d + 1 + e for n, s, k, d, e in zip(x.shape[2:], strides, kernel, dilations, extra, strict=True)
    ]
    result = np.full((x.shape[0], part * group, *full), Fraction(0), object)
    for (sample, channel, *place), value in np.ndenumerate(x):
        first = channel // (channels // group) * part
        for (output, *offset), factor in np.ndenumerate(weight[channel]):
            at = [p * s + o * d for p, s, o, d in zip(place, strides, offset, dilations, strict=True)]
            result[(sample, first + output, *at)] += factor * value
    cut = tuple(slice(pads[k], full[k] - pads[k + axes]) for k in range(axes))
    result = result[(slice(None), slice(None), *cut)]
    return result if bias is None else result + exact(bias).reshape(1, -1, *[1] * axes)


def cubic(x, axis, at, a, exclude_outside):
    """Return the four entries around a place, each times the kernel of Keys (1981) at its distance."""
    total, result = Fraction(0), 0
    for k in range(math.floor(at) - 1, math.floor(at) + 3):
        d, a = abs(at - k), Fraction(a)
        weight = (a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
        if not exclude_outside or 0 <= k < x.shape[axis]:
            total += weight
            result = result + np.take(x, min(max(k, 0), x.shape[axis] - 1), axis) * weight
    return result / total


def resize(x, *inputs, mode=b"nearest", axes=None, **a):
    sizes = inputs[2] if len(inputs) == 3 else None
    scales = None if sizes is not None else exact(inputs[0] if len(inputs) == 1 else inputs[1])
    axes = range(x.ndim) if axes is None else axes
    transform = a.get("coordinate_transformation_mode", b"asymmetric" if len(inputs) == 1 else b"half_pixel")
    rounding = a.get("nearest_mode", b"floor" if len(inputs) == 1 else b"round_prefer_floor")
    for k, axis in enumerate(axes):
        old = x.shape[axis]
        new = int(sizes[k]) if sizes is not None else math.floor(old * scales[k])
        scale = Fraction(new, old) if sizes is not None else scales[k]
        lines = []
        for j in range(new):
            at = {
                b"asymmetric": lambda j=j, s=scale: j / s,
                b"half_pixel": lambda j=j, s=scale: (j + Fraction(1, 2)) / s - Fraction(1, 2),
                b"align_corners": lambda j=j, n=new, o=old: Fraction(j * (o - 1), max(n - 1, 1)),
            }[transform]()
            if mode == b"cubic":
                lines.append(cubic(x, axis, at, a.get("cubic_coeff_a", -0.75), a.get("exclude_outside", 0)))
            elif mode == b"linear":
                below = math.floor(at)
                ends = [np.take(x, min(max(place, 0), old - 1), axis) for place in (below, below + 1)]
                lines.append(ends[0] * (1 - at + below) + ends[1] * (at - below))
            else:
                near = {
                    b"floor": math.floor(at),
                    b"ceil": math.ceil(at),
                    b"round_prefer_floor": min((abs(at - n), n) for n in (math.floor(at), math.ceil(at)))[1],
                    b"round_prefer_ceil": min((abs(at - n), -n) for n in (math.floor(at), math.ceil(at)))[1] * -1,
                }[rounding]
                lines.append(np.take(x, min(max(near, 0), old - 1), axis))
        x = np.stack(lines, axis)
    return x
