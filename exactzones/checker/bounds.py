"""Rule of the fast checker: lower bounds of linear functions of a network's values on regions with known bounds of units.

A linear function of values is carried back, layer by layer, to a function of the inputs that nowhere exceeds it on the region
(back-substitution: Zhang et al. 2018, CROWN; Wang et al. 2021, beta-CROWN).  Every step is one of these, and rounds down:

- through ``z = W a + b``: the function itself with its coefficients rounded down; if a value may be negative, its lower bound
  times what the rounding cut off is added;
- through ``a = ReLU(z)`` with ``l <= z <= u``, coefficient c of a, and p as the coefficient of z:
  ``c a >= p z`` if ``0 <= p <= c``, and ``c a >= p z + min(-p l, (c - p) u)`` if ``c < 0``, for any p
  (``c a - p z`` is then concave in z, so it is least at an end);
- a nonnegative multiple of something that is >= 0 on the region may be subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from exactzones.checker.arithmetic import Array, fractions, integers, narrow, size, times, total
from exactzones.checker.claim import Claim, LayerUnits
from exactzones.checker.known import KnownBounds, RoundingErrors

MULTIPLIER_BITS = 32
"""A whole multiplier m in a certificate stands for ``m / 2^32``."""
SLOPE_BITS = 24
"""Fractional bits of the upper slope of an open unit."""
ALPHA_BITS = 8
"""Fractional bits of the lower slopes in a certificate."""


@dataclass
class Functions:
    """Linear functions of a network's values that are to be bounded from below.

    Attributes:
        regions: the region on which each is bounded, shape (functions,).
        before: layer -> coefficients of its pre-activations, shape (functions, units).
        after: layer -> coefficients of its activations, shape (functions, units).
        constant: shape (functions,).
        betas: (function, unit, upper, multiplier): subtract that multiple of ``unit - low`` or of ``high - unit``.
        alphas: (function, unit, slope): the lower slope of an open unit, from 0 to ``2^ALPHA_BITS``.
    """

    regions: Array
    before: dict[int, Array] = field(default_factory=dict)
    after: dict[int, Array] = field(default_factory=dict)
    constant: Any = 0
    betas: Sequence[tuple[int, int, int, int | Fraction]] = ()
    alphas: Sequence[tuple[int, int, int]] = ()


class LinearBounds(NamedTuple):
    """Linear functions that on their regions nowhere exceed the functions to be bounded.

    Attributes:
        coefficients: of a layer's pre-activations or of its inputs, shape (functions, units).
        constants: shape (functions,).
        valid: whether each function exists, shape (functions,); it does not if a bound that it needs is unknown.
    """

    coefficients: Array
    constants: Array
    valid: Array


class FixedPoint:
    """Arithmetic in integers that stand for ``v / 2^bits``; every result is rounded down."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.bits = self.scale = claim.bits

    def known(self, known: KnownBounds) -> KnownBounds:
        """Return the bounds in these numbers."""
        return known

    def product(self, left: Array, units: LayerUnits, needed: Array, judged: Array) -> tuple[Array, Array, Array]:
        """Multiply coefficients of a layer's pre-activations by its weights and biases.

        Args:
            left: the coefficients, shape (functions, units).
            units: the layer.
            needed: which inputs of the layer need a coefficient.
            judged: those of them for which the caller needs to know whether the coefficient was rounded.

        Returns:
            Coefficients of the layer's inputs, a mask of the judged ones that were rounded, and what biases add to the constants.
        """
        product, inexact = units.affine.product(left, np.concatenate([[True], needed]), judged=bool(judged.any()))
        return product[:, 1:], inexact[:, 1:] & judged, product[:, 0]

    def times(self, left: Array, right: Array) -> Array:
        """Return the product, rounded down."""
        return times(left, right, self.bits)

    def chord(self, low: Array, high: Array) -> Array:
        """Return the slope ``high / (high - low)``, rounded down to a multiple of ``2^-SLOPE_BITS``, times ``2^SLOPE_BITS``."""
        if size(high) + SLOPE_BITS < 62:
            return np.asarray((high << SLOPE_BITS) // (high - low))
        return integers((high.astype(object) << SLOPE_BITS) // (high - low))

    def scaled(self, coefficient: Array, numerator: Array, bits: int) -> Array:
        """Return ``coefficient * numerator / 2^bits``, rounded down."""
        return times(coefficient, numerator, bits)

    def number(self, value: Fraction) -> int:
        """Return a rational number, rounded down."""
        return (value.numerator << self.bits) // value.denominator

    def integer(self, values: Array) -> Array:
        """Return integers that stand for ``v / 2^bits`` in these numbers."""
        return values

    def settle(self, total: Any, bits: int) -> int:
        """Return ``total / 2^bits``, rounded down."""
        return int(total // (1 << bits))


class RationalNumbers(FixedPoint):
    """Arithmetic in Fractions; nothing is rounded."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim)
        self.scale = 0

    def known(self, known: KnownBounds) -> KnownBounds:
        """Return the bounds as Fractions."""
        low, high = fractions(known.low, 1 << self.bits), fractions(known.high, 1 << self.bits)
        return KnownBounds(low, high, known.has_low, known.has_high)

    def product(self, left: Array, units: LayerUnits, needed: Array, judged: Array) -> tuple[Array, Array, Array]:  # noqa: ARG002
        """Multiply coefficients of a layer's pre-activations by its weights and biases; none is rounded."""
        product = left @ units.affine.exact
        return product[:, 1:], np.zeros((len(product), len(needed)), bool), product[:, 0]

    def times(self, left: Array, right: Array) -> Array:
        """Return the product."""
        return left * right

    def chord(self, low: Array, high: Array) -> Array:
        """Return the slope ``high / (high - low)``, times ``2^SLOPE_BITS``."""
        slopes: Array = high * (1 << SLOPE_BITS) / (high - low)
        return slopes

    def scaled(self, coefficient: Array, numerator: Array, bits: int) -> Array:
        """Return ``coefficient * numerator / 2^bits``."""
        product: Array = coefficient * numerator * Fraction(1, 1 << bits)  # "/" would make floats of integers
        return product

    def number(self, value: Fraction) -> Fraction:  # type: ignore[override]
        """Return the number."""
        return value

    def integer(self, values: Array) -> Array:
        """Return the fractions that the integers stand for."""
        return fractions(values, 1 << self.bits)

    def settle(self, total: Any, bits: int) -> Fraction:  # type: ignore[override]
        """Return ``total / 2^bits``."""
        return Fraction(total) / (1 << bits)


def backward(arithmetic: FixedPoint, known: KnownBounds, functions: Functions) -> LinearBounds:
    """Carry functions back to the inputs.

    Args:
        arithmetic: in which numbers to compute; the functions' coefficients and constants are in these numbers.
        known: the bounds on all regions.
        functions: what is to be bounded, and the hints.
    """
    claim, at = arithmetic.claim, functions.regions
    constants = np.zeros(len(at), object) + functions.constant
    valid = np.ones(len(at), bool)
    top = max([*functions.before, *functions.after, *(claim.layer_of(beta[1]) - 1 for beta in functions.betas)])
    off = known.are_nonpositive() & ~known.are_on()
    errors = None if claim.sizes is None else RoundingErrors(claim, known)
    known = arithmetic.known(known)
    after: Any = functions.after.get(top)
    for k in range(top, -1, -1):
        span = slice(claim.offsets[k + 1], claim.offsets[k + 1] + len(claim.layers[k].relu))
        before = functions.before.get(k)
        if after is not None and after.any():
            through = _through_relu(arithmetic, known.of_units(span), functions, k, after)
            constants = constants + through.constants
            valid &= through.valid
            before = through.coefficients if before is None else before + through.coefficients
        if before is None:
            before = np.zeros((len(at), len(claim.layers[k].relu)), np.int64)
        if functions.betas:
            before = before.astype(object)
            _subtract_known(arithmetic, known, functions, span, LinearBounds(before, constants, valid))
        inputs = slice(claim.offsets[k], claim.offsets[k + 1])
        through = _through_affine(arithmetic, known.of_units(inputs), k, before, (at, off[:, inputs]))
        constants = constants + through.constants
        if errors is not None:
            constants = constants + total(arithmetic.times(-np.abs(before), arithmetic.integer(errors.of_layer(k)[at])))
        valid &= through.valid
        after = through.coefficients
        if k - 1 in functions.after:
            after = after + functions.after[k - 1]
    return LinearBounds(after, constants, valid)


def _subtract_known(arithmetic: FixedPoint, known: KnownBounds, functions: Functions, span: slice, bounds: LinearBounds) -> None:
    """Subtract the betas' multiples of known bounds of a layer's units, in place.

    Args:
        arithmetic: in which numbers to compute.
        known: the bounds of all units, in these numbers.
        functions: what is bounded.
        span: the layer's units among all units.
        bounds: coefficients of the layer's pre-activations, constants and which are valid.
    """
    at = functions.regions
    for row, unit, upper, multiplier in functions.betas:
        if span.start <= unit < span.stop:
            bound = (known.high if upper else known.low)[at[row], unit]
            bounds.valid[row] &= bool((known.has_high if upper else known.has_low)[at[row], unit])
            whole = not isinstance(multiplier, Fraction)
            amount = arithmetic.settle(multiplier * (1 << arithmetic.scale), MULTIPLIER_BITS if whole else 0)
            bounds.coefficients[row, unit - span.start] += amount if upper else -amount
            bound = bound if isinstance(bound, Fraction) else int(bound)  # a NumPy integer would overflow
            bounds.constants[row] += arithmetic.settle((-amount if upper else amount) * bound, arithmetic.scale)


def _through_affine(
    arithmetic: FixedPoint, known: KnownBounds, k: int, before: Array, regions: tuple[Array, Array]
) -> LinearBounds:
    """Turn coefficients of layer k's pre-activations into those of its inputs.

    Args:
        arithmetic: in which numbers to compute.
        known: the bounds of the layer's inputs, in these numbers.
        k: the layer.
        before: the coefficients, shape (functions, units).
        regions: the region of each function, and a mask of the layer's inputs that are off on each region.
    """
    claim, (at, off) = arithmetic.claim, regions
    linear = ~claim.relu[claim.offsets[k] : claim.offsets[k + 1]]
    needed = linear | ~off.all(0)  # coefficients of units that are off on all regions would be dropped: not computed
    left = narrow(before) if arithmetic.scale else before
    after, inexact, constants = arithmetic.product(left, claim.layers[k], needed, linear)
    valid = np.ones(len(at), bool)
    if inexact.any():  # where a value may be negative, subtract what rounding its coefficient down may have added
        has_low = known.has_low[at]
        valid &= ~(inexact & ~has_low).any(1)
        least = np.where(has_low & inexact, np.minimum(known.low[at], 0), 0)
        constants = constants + (least.astype(object).sum(1) >> arithmetic.bits)
    return LinearBounds(after, constants, valid)


class _OpenTerms(NamedTuple):
    """Terms ``c ReLU(z)`` of open units, as parallel arrays.

    Attributes:
        c: the coefficients, not zero.
        alphas: the lower slopes of the hint, -1 where it has none.
        low, high, has_low, has_high: the known bounds of z.
        chords: the upper slopes, where both bounds are known.
    """

    c: Array
    alphas: Array
    low: Array
    high: Array
    has_low: Array
    has_high: Array
    chords: Array


def _through_relu(arithmetic: FixedPoint, known: KnownBounds, functions: Functions, k: int, after: Array) -> LinearBounds:
    """Turn coefficients of layer k's activations into those of its pre-activations.

    Args:
        arithmetic: in which numbers to compute.
        known: the bounds of the layer's units, in these numbers.
        functions: what is bounded.
        k: the layer.
        after: the coefficients, shape (functions, units).
    """
    at, claim = functions.regions, arithmetic.claim
    on = ~claim.layers[k].relu | known.are_on()
    is_open = ~on & ~known.are_nonpositive()
    before = np.where(on[at], after, 0 * after)
    costs = 0 * after
    valid = np.ones(len(at), bool)
    rows, columns = np.nonzero(is_open[at] & (after != 0))
    if not len(rows):
        return LinearBounds(before, costs[:, 0], valid)
    alphas = np.full(after.shape, -1, np.int64)
    first = claim.offsets[k + 1]
    for row, unit, numerator in functions.alphas:
        if first <= unit < first + after.shape[1]:
            alphas[row, unit - first] = numerator
    where = at[rows], columns
    arrays = known.low, known.high, known.has_low, known.has_high, _chords(arithmetic, known, is_open)
    terms = _OpenTerms(after[rows, columns], alphas[rows, columns], *(array[where] for array in arrays))
    slopes = _slopes(arithmetic, terms)
    losses = _losses(arithmetic, terms, slopes)
    before[rows, columns] = slopes
    costs = costs.astype(object) if losses.dtype == object else costs
    costs[rows, columns] = losses
    valid[rows[(terms.c < 0) & ~terms.has_low & ~terms.has_high]] = False
    return LinearBounds(before, total(costs), valid)


def _chords(arithmetic: FixedPoint, known: KnownBounds, is_open: Array) -> Array:
    """Return the upper slopes of open units of which both bounds are known, shape (regions, units)."""
    bounded = is_open & known.has_low & known.has_high
    slopes = arithmetic.chord(known.low[bounded], known.high[bounded])
    chords = np.zeros(is_open.shape, slopes.dtype)
    chords[bounded] = slopes
    return chords


def _slopes(arithmetic: FixedPoint, terms: _OpenTerms) -> Array:
    """Return for each term a coefficient p of z: of ``c ReLU(z) >= p z + t``."""
    c, alphas, low, high, has_low, has_high, chords = terms
    positive = c > 0
    lower = np.where(has_low & has_high & (high > -low), c, 0 * c)
    chosen = positive & (alphas >= 0)
    lower[chosen] = arithmetic.scaled(c[chosen], alphas[chosen], ALPHA_BITS)
    slopes = np.where(positive, lower, np.where(has_low & ~has_high, c, 0 * c))
    both = ~positive & has_low & has_high
    slopes[both] = arithmetic.scaled(c[both], chords[both], SLOPE_BITS)
    return slopes


def _losses(arithmetic: FixedPoint, terms: _OpenTerms, slopes: Array) -> Array:
    """Return for each term with coefficient p of z the constant t of ``c ReLU(z) >= p z + t``; 0 where no bound is known."""
    losses = 0 * terms.c
    negative = terms.c < 0
    at_low, at_high = negative & terms.has_low, negative & terms.has_high
    low_end = arithmetic.times(-slopes[at_low], terms.low[at_low])
    high_end = arithmetic.times(terms.c[at_high] - slopes[at_high], terms.high[at_high])
    if object in (low_end.dtype, high_end.dtype):
        losses = losses.astype(object)
    losses[at_low] = low_end
    losses[at_high] = np.where(at_low[at_high], np.minimum(losses[at_high], high_end), np.minimum(high_end, 0))
    return losses
