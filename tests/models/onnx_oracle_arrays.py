"""Operators of ONNX on arrays of Fractions by their definitions, except those in ``onnx_oracle_windows``."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from models.onnx_oracle_windows import exact

EPSILON, HARD_ALPHA, LEAKY_ALPHA = (float(np.float32(number)) for number in (1e-5, 0.2, 0.01))  # attributes are 32-bit floats


def normalized(x, scale, shift, mean, variance, factors, epsilon=EPSILON, **_):
    result = np.empty(x.shape, object)
    for channel in range(x.shape[1]):
        above, square = exact(scale)[channel], exact(variance)[channel] + Fraction(epsilon)
        root = Fraction(math.isqrt(square.numerator), math.isqrt(square.denominator))
        factor = above / root if root * root == square else next(factors) if above else 0
        result[:, channel] = factor * (x[:, channel] - exact(mean)[channel]) + exact(shift)[channel]
    return result


def gemm(a, b, c=None, alpha=1.0, beta=1.0, transA=0, transB=0):  # noqa: N803
    a, b = (exact(m).T if swap else exact(m) for m, swap in ((a, transA), (b, transB)))
    result = Fraction(alpha) * matmul(a, b)
    return result if c is None else result + Fraction(beta) * exact(c)


def matmul(a, b):
    a, b = exact(a), exact(b)
    return np.asarray(np.matmul(a, b), object)


def reduced(x, axes=None, keepdims=1, mean=False, **_):
    axes = tuple(range(x.ndim)) if axes is None else tuple(int(k) for k in axes)
    total = np.asarray(x.sum(axis=axes, keepdims=bool(keepdims)), object)
    return total / math.prod(x.shape[k] for k in axes) if mean else total


def sliced(x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        n = x.shape[axis]
        places, at = [], max(0, min(n - 1 if step < 0 else n, start + n if start < 0 else start))
        stop = end + n if end < 0 else end
        stop = max(-1 if step < 0 else 0, min(n, stop))
        while at < stop if step > 0 else at > stop:
            places.append(int(at))
            at += step
        x = np.take(x, places, int(axis))
    return x


def split(x, sizes=None, axis=0, split=None, outputs=1, **_):
    sizes = split if sizes is None else sizes
    if sizes is None:
        size = -(-x.shape[axis] // outputs)
        sizes = [min(size, x.shape[axis] - size * k) for k in range(outputs)]
    ends = list(itertools.accumulate(sizes))
    return [np.take(x, range(int(b - s), int(b)), axis) for b, s in zip(ends, sizes, strict=True)]


def reshape(x, shape, **_):
    return x.reshape([x.shape[k] if n == 0 else n for k, n in enumerate(shape.tolist())])


def pad(x, pads=None, value=None, axes=None, mode=b"constant", **attributes):
    axes = list(range(x.ndim)) if axes is None else axes
    widths = [(0, 0)] * x.ndim
    for k, axis in enumerate(axes):
        widths[axis] = (int(pads[k]), int(pads[k + len(axes)]))
    cuts = tuple(slice(max(0, -a), n - max(0, -b)) for n, (a, b) in zip(x.shape, widths, strict=True))
    x, widths = x[cuts], [(max(0, a), max(0, b)) for a, b in widths]
    places = np.pad(
        np.arange(x.size).reshape(x.shape), widths, mode.decode(), **({"constant_values": -1} if mode == b"constant" else {})
    )
    fill = Fraction(attributes.get("value", 0.0)) if value is None else exact(value).item()
    return np.array([fill if k < 0 else x.ravel()[k] for k in places.ravel()], object).reshape(places.shape)


def axis_list(first, second):
    return first if second is None else [int(k) for k in second]


def cumulated(x, axis, exclusive=0, reverse=0):
    lines = list(np.moveaxis(x, int(axis), 0))
    result = []
    for k in range(len(lines)):
        before = lines[k + bool(exclusive) :] if reverse else lines[: k + (not exclusive)]
        result.append(sum(before, np.zeros_like(lines[0]) + Fraction(0)))
    return np.moveaxis(np.array(result, object), 0, int(axis))


def scattered(x, indices, updates, reduction=b"none"):
    result = exact(x).copy()
    for place in np.ndindex(*indices.shape[:-1]):
        before = result[tuple(indices[place])] if reduction == b"add" else 0
        result[tuple(indices[place])] = before + exact(updates)[place]
    return result


def scattered_elements(x, indices, updates, axis=0, reduction=b"none"):
    result = exact(x).copy()
    for place, index in np.ndenumerate(indices):
        target = list(place)
        target[axis] = index
        before = result[tuple(target)] if reduction == b"add" else 0
        result[tuple(target)] = before + exact(updates)[place]
    return result


def gathered(x, indices, batch_dims=0):
    rows = [x[place[:batch_dims]][tuple(indices[place])] for place in np.ndindex(*indices.shape[:-1])]
    return np.array(rows, object).reshape(*indices.shape[:-1], *np.shape(rows[0]))


def to_space(x, blocksize, mode=b"DCR"):
    batch, channels, height, width = x.shape
    rest = channels // blocksize**2
    result = np.empty((batch, rest, height * blocksize, width * blocksize), object)
    for n, c, i, j in np.ndindex(*result.shape):
        row, column = i % blocksize, j % blocksize
        block = row * blocksize + column
        source = block * rest + c if mode == b"DCR" else c * blocksize**2 + block
        result[n, c, i, j] = x[n, source, i // blocksize, j // blocksize]
    return result


def to_depth(x, blocksize):
    batch, channels, height, width = x.shape
    result = np.empty((batch, channels * blocksize**2, height // blocksize, width // blocksize), object)
    for n, c, i, j in np.ndindex(*x.shape):
        block = i % blocksize * blocksize + j % blocksize
        result[n, block * channels + c, i // blocksize, j // blocksize] = x[n, c, i, j]
    return result


def taken_elements(x, indices, axis=0):
    result = np.empty(indices.shape, object)
    for place, index in np.ndenumerate(indices):
        source = list(place)
        source[axis] = index
        result[place] = x[tuple(source)]
    return result


def extreme(function):
    def operator(x, second=None, axes=None, keepdims=1, **_):
        axes = axis_list(axes, second)
        axes = tuple(range(x.ndim)) if axes is None else tuple(int(k) for k in axes)
        return np.asarray(function(x, axis=axes, keepdims=bool(keepdims)), object)

    return operator


def dequantized(x, scale, zero=None, axis=1):
    spread = (slice(None), *[None] * (x.ndim - 1 - axis)) if np.ndim(scale) else ()
    zero = np.zeros_like(scale) if zero is None else zero
    return (exact(x) - exact(zero)[spread]) * exact(scale)[spread]


def exponentials(x, factors):
    """Return powers of e, which are taken from ``factors`` where they are irrational."""
    result = np.empty(x.shape, object)
    for place, value in np.ndenumerate(exact(x)):
        result[place] = next(factors) if value else Fraction(1)
        assert float(result[place]) == pytest.approx(math.exp(value), rel=1e-15)
    return result


def root(x, factors):
    result = np.empty(x.shape, object)
    for place, value in np.ndenumerate(exact(x)):
        whole = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
        result[place] = whole if whole * whole == value else next(factors)
    return result
