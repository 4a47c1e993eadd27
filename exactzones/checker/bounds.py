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

from exactzones.checker.arithmetic import Array, Weights, fractions, integers, narrow, size, sums_by_row, times, total
from exactzones.checker.claim import Claim
from exactzones.checker.known import KnownBounds, RoundingErrors
from exactzones.checker.used_units import SCATTERED, units_at, used, whole

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

    def product(self, left: Array, weights: Weights, needed: Array, judged: Array) -> tuple[Array, Array, Array]:
        """Multiply coefficients of a layer's pre-activations by its weights and biases.

        Args:
            left: the coefficients, shape (functions, units).
            weights: of the layer, after its biases.
            needed: which inputs of the layer need a coefficient.
            judged: those of them for which the caller needs to know whether the coefficient was rounded.

        Returns:
            Coefficients of the layer's inputs, a mask of the judged ones that were rounded, and what biases add to the constants.
        """
        product, inexact = weights.product(left, np.concatenate([[True], needed]), judged=bool(judged.any()))
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

    def product(self, left: Array, weights: Weights, needed: Array, judged: Array) -> tuple[Array, Array, Array]:  # noqa: ARG002
        """Multiply coefficients of a layer's pre-activations by its weights and biases; none is rounded."""
        product = left @ weights.exact
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
    errors = None if claim.sizes is None else RoundingErrors(claim, known)
    stored, known = known, arithmetic.known(known)
    hinted = np.array(functions.alphas, np.int64).reshape(-1, 3)
    after, columns = functions.after.get(top), None
    for k in range(top, -1, -1):
        (before, costs, exists), columns = _before_relu(arithmetic, known, functions, (k, hinted), (after, columns))
        constants = constants + costs
        valid &= exists
        if errors is not None:
            lost = arithmetic.integer(errors.of_layer(k)[at][:, units_at(0, len(claim.layers[k].relu), columns)])
            constants = constants + total(arithmetic.times(-np.abs(before), lost))
        (after, costs, exists), columns = _through_affine(arithmetic, (known, stored), k, before, (at, columns))
        constants = constants + costs
        valid &= exists
        if k - 1 in functions.after:
            after, columns = whole(after, columns, claim.offsets[k + 1] - claim.offsets[k]) + functions.after[k - 1], None
    assert after is not None  # noqa: S101 - there is a layer
    return LinearBounds(whole(after, columns, claim.inputs), constants, valid)


def _before_relu(
    arithmetic: FixedPoint,
    known: KnownBounds,
    functions: Functions,
    where: tuple[int, Array],
    carried: tuple[Array | None, Array | None],
) -> tuple[LinearBounds, Array | None]:
    """Return coefficients of layer k's pre-activations, and the unit of each column; None if the columns are all units.

    Args:
        arithmetic: in which numbers to compute.
        known: the bounds of all units, in these numbers.
        functions: what is bounded.
        where: k, and ``functions.alphas`` as an array.
        carried: the coefficients of the layer's activations, and the unit of each column.
    """
    (k, hinted), (after, columns), at = where, carried, functions.regions
    first, width = arithmetic.claim.offsets[k + 1], len(arithmetic.claim.layers[k].relu)
    own = functions.before.get(k)
    if after is not None and after.any():
        after, columns = used(after, columns)
        bounds = _through_relu(arithmetic, known.of_units(units_at(first, width, columns)), (at, hinted, k, columns), after)
    else:
        start = np.zeros((len(at), width), np.int64) if own is None else own
        bounds, columns, own = LinearBounds(start, np.zeros(len(at), np.int64), np.ones(len(at), bool)), None, None
    if own is not None or functions.betas:
        every = whole(bounds.coefficients, columns, width)
        bounds, columns = bounds._replace(coefficients=every if own is None else every + own), None
    if functions.betas:
        bounds = LinearBounds(bounds.coefficients.astype(object), bounds.constants.astype(object), bounds.valid)
        span = slice(first, first + width)
        _subtract_known(arithmetic, known.of_units(span), functions, span, bounds)
    before, columns = used(bounds.coefficients, columns)
    return bounds._replace(coefficients=before), columns


def _subtract_known(arithmetic: FixedPoint, known: KnownBounds, functions: Functions, span: slice, bounds: LinearBounds) -> None:
    """Subtract the betas' multiples of known bounds of a layer's units, in place.

    Args:
        arithmetic: in which numbers to compute.
        known: the bounds of the layer's units, in these numbers.
        functions: what is bounded.
        span: the layer's units among all units.
        bounds: coefficients of the layer's pre-activations, constants and which are valid.
    """
    at = functions.regions
    for row, unit, upper, multiplier in functions.betas:
        if span.start <= unit < span.stop:
            place = at[row], unit - span.start
            bound = (known.high if upper else known.low)[place]
            bounds.valid[row] &= bool((known.has_high if upper else known.has_low)[place])
            whole = not isinstance(multiplier, Fraction)
            amount = arithmetic.settle(multiplier * (1 << arithmetic.scale), MULTIPLIER_BITS if whole else 0)
            bounds.coefficients[row, unit - span.start] += amount if upper else -amount
            bound = bound if isinstance(bound, Fraction) else int(bound)  # a NumPy integer would overflow
            bounds.constants[row] += arithmetic.settle((-amount if upper else amount) * bound, arithmetic.scale)


def _through_affine(
    arithmetic: FixedPoint, known: tuple[KnownBounds, KnownBounds], k: int, before: Array, regions: tuple[Array, Array | None]
) -> tuple[LinearBounds, Array | None]:
    """Turn coefficients of layer k's pre-activations into those of its inputs; return also which inputs, None if all.

    Args:
        arithmetic: in which numbers to compute.
        known: the bounds of all units, in these numbers and as integers.
        k: the layer.
        before: the coefficients, shape (functions, columns).
        regions: the region of each function, and the unit of each column; None if the columns are all units.
    """
    claim, (at, columns), weights = arithmetic.claim, regions, arithmetic.claim.layers[k].affine
    inputs = None
    if columns is not None and weights.is_sparse and SCATTERED * len(columns) > len(claim.layers[k].relu):
        before, columns = whole(before, columns, len(claim.layers[k].relu)), None
    if columns is not None:
        weights, inputs = weights.narrowed(columns)
    units = units_at(claim.offsets[k], claim.offsets[k + 1] - claim.offsets[k], inputs)
    linear, stored = ~claim.relu[units], known[1].of_units(units)
    # Coefficients of units that are off on all regions would be dropped: they are not computed.
    needed = linear | ~(stored.are_nonpositive() & ~stored.are_on()).all(0)
    left = narrow(before) if arithmetic.scale else before
    after, inexact, constants = arithmetic.product(left, weights, needed, linear)
    valid = np.ones(len(at), bool)
    if inexact.any():  # where a value may be negative, subtract what rounding its coefficient down may have added
        of_inputs = known[0].of_units(units)
        has_low = of_inputs.has_low[at]
        valid &= ~(inexact & ~has_low).any(1)
        least = np.where(has_low & inexact, np.minimum(of_inputs.low[at], 0), 0)
        constants = constants + (least.astype(object).sum(1) >> arithmetic.bits)
    return LinearBounds(after, constants, valid), inputs


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


def _through_relu(
    arithmetic: FixedPoint, known: KnownBounds, asked: tuple[Array, Array, int, Array | None], after: Array
) -> LinearBounds:
    """Turn coefficients of layer k's activations into those of its pre-activations.

    Args:
        arithmetic: in which numbers to compute.
        known: the bounds of the columns' units, in these numbers.
        asked: the region of each function, ``Functions.alphas`` as an array, k, and the unit of each column; None if the
            columns are all units.
        after: the coefficients, shape (functions, columns).
    """
    (at, hinted, k, columns), claim = asked, arithmetic.claim
    first, width = claim.offsets[k + 1], len(claim.layers[k].relu)
    on = ~claim.relu[units_at(first, width, columns)] | known.are_on()
    is_open = ~on & ~known.are_nonpositive()
    before = after * on[at]
    valid = np.ones(len(at), bool)
    rows, places = np.nonzero(is_open[at] & (after != 0))
    if not len(rows):
        return LinearBounds(before, 0 * after[:, 0], valid)
    alphas = np.full((len(after), width), -1, np.int64) if len(hinted) else None
    if alphas is not None:
        mine = hinted[(hinted[:, 1] >= first) & (hinted[:, 1] < first + width)]
        alphas[mine[:, 0], mine[:, 1] - first] = mine[:, 2]
    where = at[rows] * after.shape[1] + places
    arrays = known.low, known.high, known.has_low, known.has_high, _chords(arithmetic, known, is_open)
    slopes_of = np.full(len(rows), -1) if alphas is None else alphas[rows, places if columns is None else columns[places]]
    terms = _OpenTerms(after[rows, places], slopes_of, *(array.ravel()[where] for array in arrays))
    slopes = _slopes(arithmetic, terms)
    losses = _losses(arithmetic, terms, slopes)
    before[rows, places] = slopes
    valid[rows[(terms.c < 0) & ~terms.has_low & ~terms.has_high]] = False
    return LinearBounds(before, sums_by_row(rows, losses, after.shape), valid)


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
