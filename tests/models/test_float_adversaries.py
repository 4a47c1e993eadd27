"""Models of several operations whose answer depends on how floats are rounded between them: nothing is decided about them.

Each comes with two executions in float32, written down in NumPy, of which one exceeds the threshold and the other does not.
"""

import numpy as np
import pytest

from exactzones import certify, feature
from exactzones.certification import CanFire, CannotFire, Undecided
from exactzones.models import tensors
from exactzones.models.normalization import Statistics, normalized
from exactzones.models.pooling import pooled_average, pooled_maximum
from exactzones.models.tensors import Tensor
from exactzones.models.windows import Geometry

F = np.float32
BIG, STEP, TINY = F(2**24), F(2**-23), F(2**-126)
PAIRS = Geometry((2,), (2,), (1,), (0,), (1,))


def summed(tensor, *weights):
    return tensors.dense(tensor, np.array([weights], float), None)


def flushed(x):
    return F(0) if abs(x) < TINY else x


def concatenated(start):
    """2^24 x + x - 2^24 x, of copies of x."""
    x, copies = F(1), tensors.concatenated([start] * 3, 1)
    return summed(copies, BIG, 1, -BIG), 0.5, (BIG * x - BIG * x + x, BIG * x + x - BIG * x)


def residual(start):
    """(2^24 x - 2^24) + x, and the same as one sum."""
    inner = summed(start, BIG).plus(np.array([-float(BIG)]))
    x = F(1)
    return inner.plus(start), 0.5, ((BIG * x - BIG) + x, (BIG * x + x) - BIG)


def two_branches(start):
    """2^24 x + x is rounded before 2^24 x is subtracted, or summed up otherwise."""
    copies = tensors.concatenated([start, start], 1)
    x = F(1)
    return summed(copies, BIG, 1).plus(summed(start, BIG), 1, -1), 0.5, ((BIG * x - BIG * x) + x, (BIG * x + x) - BIG * x)


def average(start):
    """The mean of 2^24 x + x and -2^24 x."""
    copies = tensors.concatenated([start] * 4, 1)
    values = tensors.dense(copies, np.array([[BIG, 1, 0, 0], [0, 0, -BIG, 0]], float), None)
    x = F(1)
    mean = pooled_average(values.reshaped((1, 1, 2)), PAIRS, with_padding=False).reshaped((1, 1))
    return mean, 0.25, (np.ldexp((np.ldexp(BIG * x, -1) - np.ldexp(BIG * x, -1)) * 2 + x, -1), F((BIG * x + x) - BIG * x) / 2)


def largest(start):
    """The maximum of 2^24 x + x and 2^24 x, less 2^24; the first sum is rounded up, or to the nearest number."""
    copies = tensors.concatenated([start] * 3, 1)
    values = tensors.dense(copies, np.array([[BIG, 1, 0], [0, 0, BIG]], float), None)
    top = pooled_maximum(values.reshaped((1, 1, 2)), PAIRS).reshaped((1, 1))
    x = F(1)
    up = np.nextafter(BIG * x, F(np.inf))
    return top.plus(np.array([-float(BIG)])), 0.5, (up - BIG, max(BIG * x + x, BIG * x) - BIG)


def leaky(start):
    """The slope (1 + 2^-23) of 1 + 2^-23 has one bit too many, rounded up or down; then the next number is subtracted."""
    slope, x = 1 + STEP, 1 + STEP
    tensor = tensors.leaky(start.times(np.array([-1.0])), float(slope)).plus(np.array([float(1 + 2 * STEP)]))
    down, up = -(1 + 2 * STEP), -(1 + 3 * STEP)
    return tensor.times(np.array([float(BIG)])), -1.0, ((down + (1 + 2 * STEP)) * BIG, (up + (1 + 2 * STEP)) * BIG), x


def divided(start):
    """x / 3 as a quotient, or as a product with 1/3, which is rounded."""
    x = F(5)
    quotient, product = x / F(3), x * (F(1) / F(3))
    tensor = start.divided(np.array([3.0])).plus(np.array([float(min(quotient, product))]), 1, -1)
    values = (quotient - min(quotient, product), product - min(quotient, product))
    return tensor.times(np.array([float(BIG)])), 0.25, tuple(sorted((v * BIG for v in values), reverse=True)), x


def batch_normalized(start):
    """Separate: ((x - mean) / root) scale + shift; folded: x f + (shift - f mean)."""
    x, mean, variance, scale, shift = F(0.7), F(300), F(2), F(1.7), F(0.1)
    tensor = normalized(
        start, Statistics(*(np.array([float(v)]) for v in (mean, variance, scale, shift)), 0.0), "BatchNormalization"
    )
    root = np.sqrt(variance)
    separate = ((x - mean) / root) * scale + shift
    factor = scale / root
    folded = x * factor + (shift - mean * factor)
    assert separate != folded
    high, low = max(separate, folded), min(separate, folded)
    return tensor, float((float(high) + float(low)) / 2), (high, low), x


def underflow(start):
    """2^-100 x, times itself as a chain of products: 2^-127 is kept, or flushed."""
    tensor = start.times(np.array([2.0**-64])).times(np.array([2.0**-63])).times(np.array([2.0**126]))
    kept = F(2**-64) * F(2**-63)
    return tensor, 0.25, (kept * F(2**126), flushed(kept) * F(2**126))


def flushed_difference(start):
    """The difference of two normal numbers is subnormal: kept, or flushed; then it is amplified."""
    least = float(TINY)
    tensor = start.times(np.array([1.5 * least])).plus(np.array([least]), 1, -1).times(np.array([2.0**126]))
    kept = F(1.5) * TINY - TINY
    return tensor, 0.25, (kept * F(2**126), flushed(kept) * F(2**126))


MODELS = [
    concatenated, residual, two_branches, average, largest, leaky, divided, batch_normalized, underflow, flushed_difference,
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_what_depends_on_the_execution_is_not_decided(model):
    tensor, threshold, (fires, silent), *where = model(Tensor.start((1, 1)))
    network, place = tensor.graph.network(tensor.value), [(float(*where or [1]),) * 2]
    assert float(silent) <= threshold < float(fires)
    assert isinstance(certify(network, feature(0, threshold), place, arithmetic="float32", seconds=5), Undecided)
    for beyond, kind in ((threshold + 1000, CannotFire), (threshold - 1000, CanFire)):
        assert isinstance(certify(network, feature(0, beyond), place, arithmetic="float32", seconds=5), kind)
