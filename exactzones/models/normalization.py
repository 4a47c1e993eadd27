"""Batch normalization with fixed statistics: an affine map whose factors may be irrational."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models.arrays import Array, fractions, object_array
from exactzones.models.lowering import column
from exactzones.models.rounded import magnitudes
from exactzones.models.sparse import Sparse
from exactzones.models.tensors import Tensor, range_of
from exactzones.models.values import Computation
from exactzones.rational import Rationalization
from exactzones.roundings import ConstantRange

_ROUNDINGS = 11
_ULP = 2.0**-50  # more than what the conversion of these numbers to floats may lose


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """The fixed numbers of a batch normalization: ``scale (x - mean) / sqrt(variance + epsilon) + shift``.

    Attributes:
        mean: shape (channels,), as all arrays.
        variance: of the training data.
        scale: None for 1.
        shift: None for 0.
        epsilon: a number.
    """

    mean: Array
    variance: Array
    scale: Array | None
    shift: Array | None
    epsilon: Any


def normalized(x: Tensor, statistics: Statistics, what: str) -> Tensor:
    """Return the batch normalization of a tensor, with fixed statistics, along axis 1.

    The factor ``scale / sqrt(variance + epsilon)`` is exact if it is rational; otherwise the nearest 64-bit float replaces
    it and is recorded, with a bound on its error, in the network's ``rationalizations``.

    Args:
        x: shape (batch, channels, ..).
        statistics: of the channels.
        what: name of the operator in the record.

    Raises:
        FormatError: the shapes do not fit, or a variance plus epsilon is not positive.
    """
    expected = x.shape[1:2]
    for name in ("mean", "variance", "scale", "shift"):
        part = getattr(statistics, name)
        if part is not None and (len(x.shape) < 2 or part.shape != expected):
            raise FormatError(f"its {name} has shape {part.shape}; one number for each channel of shape {x.shape} is expected")
    factors, offsets = _factors_and_offsets(x, statistics, what)
    spread = (1, *expected, *[1] * (len(x.shape) - 2))

    def spread_out(part: Array) -> Array:
        return np.ascontiguousarray(np.broadcast_to(part.reshape(spread), x.shape))

    computation = _computation(statistics, factors, spread_out)
    return x.mapped(Sparse.diagonal(spread_out(factors)), x.shape, spread_out(offsets), computation)


def _computation(own: Statistics, factors: Array, spread_out: Callable[[Array], Array]) -> Computation:
    """Return how floats compute a normalization: by its factor, or by differences, quotients and products, in any order.

    On the way of a term to the result there are at most: epsilon, its sum with the variance, the root, the quotient by it, the
    product with the scale, the 64-bit float that replaces the factor, the product with x or the mean, two sums, and the result.
    """
    names = [name for name in ("mean", "variance", "scale", "shift") if getattr(own, name) is not None]
    mean, shift = fractions(own.mean), np.zeros(len(factors), object) if own.shift is None else fractions(own.shift)
    scale = np.ones(len(factors), object) if own.scale is None else fractions(own.scale)
    roots = [abs(f / s) if s else Fraction(0) for f, s in zip(factors, scale, strict=True)]  # 1 / sqrt(variance + epsilon)
    sizes = [(abs(s), abs(f), root) for s, f, root in zip(scale, factors, roots, strict=True)]
    constants = reduce(ConstantRange.join, (range_of(getattr(own, name)) for name in names))
    inner = ConstantRange.of(number for triple in sizes for number in triple)
    flushed = np.array([8.0 * (3 + float(sum(triple))) * (1 + _ULP) for triple in sizes])
    return Computation(
        _ROUNDINGS,
        underflows=spread_out(flushed).ravel(),
        offset=magnitudes(
            column(spread_out(object_array([abs(f * m) + abs(s) for f, m, s in zip(factors, mean, shift, strict=True)])))
        ),
        constants=replace(constants.join(inner), bits=constants.bits),
        peak=float(max((1 / number for triple in sizes for number in triple if number), default=1)) * (1 + _ULP),
        always=True,
    )


def _factors_and_offsets(x: Tensor, own: Statistics, what: str) -> tuple[Array, Array]:
    """Return the factor and the offset of each channel; record the factors that are not exact."""
    channels = x.shape[1]
    factors, offsets = np.empty(channels, object), np.empty(channels, object)
    squares = fractions(own.variance, "its variance") + fractions(np.array(own.epsilon), "its epsilon")
    scales = np.full(channels, Fraction(1)) if own.scale is None else fractions(own.scale, "its scale")
    shifts = np.full(channels, Fraction(0)) if own.shift is None else fractions(own.shift, "its shift")
    means = fractions(own.mean, "its mean")
    for k in range(channels):
        if squares[k] <= 0:
            raise FormatError(f"its variance[{k}] is {own.variance[k]} and its epsilon {own.epsilon}; a positive sum is expected")
        name = f"{what}: scale[{k}] / sqrt(variance[{k}] + epsilon)"
        factors[k], record = quotient_by_root(scales[k], squares[k], name)
        offsets[k] = shifts[k] - factors[k] * means[k]
        if record is not None:
            x.graph.rationalizations.append(record)
    return factors, offsets


def quotient_by_root(above: Fraction, square: Fraction, name: str) -> tuple[Fraction, Rationalization | None]:
    """Return ``above / sqrt(square)``: exactly, with None, if it is rational; otherwise a close float, with its record.

    Args:
        above: the numerator.
        square: not negative.
        name: the expression in the record.

    >>> quotient_by_root(Fraction(3), Fraction(1, 4), "")
    (Fraction(6, 1), None)
    """
    root = Fraction(math.isqrt(square.numerator), math.isqrt(square.denominator))
    if root * root == square or not above:
        return above / root if root else Fraction(0), None
    radicand = square.numerator * square.denominator  # sqrt(n/d) is sqrt(nd)/d
    shift = 2 * max(0, 128 - radicand.bit_length() // 2)
    low = math.isqrt(radicand << shift)
    scale = Fraction(square.denominator << (shift // 2))
    bounds = above * scale / low, above * scale / (low + 1)  # the quotient lies between
    try:
        taken = Fraction(float(bounds[0]))
    except OverflowError:
        taken = bounds[0]
    if not taken:
        taken = bounds[0]
    return taken, Rationalization(name, taken, max(abs(bound - taken) for bound in bounds))
