"""Batch normalization with fixed statistics: an affine map whose factors may be irrational."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models.arrays import Array, fractions
from exactzones.models.sparse import Sparse
from exactzones.models.tensors import Tensor
from exactzones.rational import Rationalization


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
    values, constant = (np.broadcast_to(part.reshape(spread), x.shape) for part in (factors, offsets))
    return x.mapped(Sparse.diagonal(np.ascontiguousarray(values)), x.shape, constant)


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
