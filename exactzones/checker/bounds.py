"""Lower bounds of linear functions of a network's values, over a region of which bounds of single units are known.

A function of values is carried back, layer by layer, to a function of the inputs that is nowhere greater
(Zhang et al. 2018, CROWN; Wang et al. 2021, beta-CROWN).  Every step is one of these, and rounds down:

- through ``z = W a + b``: the function itself, coefficients rounded down; a value that may be negative costs its lower bound
  times what was cut off;
- through ``a = ReLU(z)`` with ``l <= z <= u``, coefficient c of a, any coefficient p for z:
  ``c a >= p z + 0`` if ``0 <= p <= c``, and ``c a >= p z + min(-p l, (c - p) u)`` if ``c < 0`` (concave in z: least at an end);
- a multiple >= 0 of something that is >= 0 there may be subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.checker.arithmetic import Array, fractions, integers, narrow, size, times, total
from exactzones.checker.claim import Claim, Units

MULTIPLIER_BITS = 32
"""A whole multiplier m in a certificate stands for ``m / 2^32``."""
SLOPE_BITS = 24
ALPHA_BITS = 8


@dataclass
class Region:
    """What is known of all units on some regions: bounds ``v / 2^bits``, shape (regions, units), and which are known."""

    low: Array
    high: Array
    has_low: Array
    has_high: Array

    def part(self, region: int) -> Region:
        """Return one of the regions, as a copy."""
        return Region(*(part[region : region + 1].copy() for part in (self.low, self.high, self.has_low, self.has_high)))

    @classmethod
    def stack(cls, parts: Sequence[Region]) -> Region:
        """Return several as one."""
        return cls(
            *(np.concatenate(arrays) for arrays in zip(*((p.low, p.high, p.has_low, p.has_high) for p in parts), strict=True))
        )

    def learn(self, upper: bool, regions: Sequence[int], units: Sequence[int], values: Sequence[int]) -> None:
        """Learn ``unit <= value`` (upper) or ``unit >= value`` of a unit on a region, for each of three lists of equal length."""
        where, found = (np.array(regions), np.array(units)), integers(values)
        known, has = (self.high, self.has_high) if upper else (self.low, self.has_low)
        if found.dtype == object:
            known = known.astype(object)
        fresh = ~has[where]
        known[where[0][fresh], where[1][fresh]] = found[fresh]
        (np.minimum if upper else np.maximum).at(known, where, found)
        has[where] = True
        if upper:
            self.high = known
        else:
            self.low = known


@dataclass
class Functions:
    """Linear functions to be bounded from below, one per claim.

    Attributes:
        regions: shape (claims,); the region that each is bounded on.
        before: layer -> coefficients of its pre-activations, shape (claims, units).
        after: the same of its activations.
        constant: shape (claims,).
        betas: (claim, unit, upper, multiplier): subtract that multiple of what a known bound leaves.
        alphas: (claim, unit, slope): the lower slope of an open unit, in [0, 1].
    """

    regions: Array
    before: dict[int, Array] = field(default_factory=dict)
    after: dict[int, Array] = field(default_factory=dict)
    constant: Any = 0
    betas: Sequence[tuple[int, int, int, int | Fraction]] = ()
    alphas: Sequence[tuple[int, int, int]] = ()


class Fixed:
    """Numbers are integers that stand for ``v / 2^bits``."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.bits = self.scale = claim.bits

    def known(self, region: Region) -> tuple[Array, Array]:
        """Return the bounds in these numbers."""
        return region.low, region.high

    def product(self, left: Array, units: Units, needed: Array, judged: Array) -> tuple[Array, Array, Array]:
        """Return coefficients of the layer's input, which of those that are judged were rounded, and the bias's part."""
        found, inexact = units.affine.product(left, np.concatenate([[True], needed]), judged=bool(judged.any()))
        return found[:, 1:], inexact[:, 1:] & judged, found[:, 0]

    def times(self, left: Array, right: Array) -> Array:
        """Return the product, rounded down."""
        return times(left, right, self.bits)

    def chord(self, low: Array, high: Array) -> Array:
        """Return ``high / (high - low)``, about, times ``2^SLOPE_BITS``."""
        if size(high) + SLOPE_BITS < 62:
            return np.asarray((high << SLOPE_BITS) // (high - low))
        return integers((high.astype(object) << SLOPE_BITS) // (high - low))

    def scaled(self, coefficient: Array, numerator: Array, bits: int) -> Array:
        """Return ``coefficient * numerator / 2^bits``, about, towards zero or down."""
        return times(coefficient, numerator, bits)

    def number(self, value: Fraction) -> int:
        """Return a rational number, rounded down."""
        return (value.numerator << self.bits) // value.denominator

    def settle(self, total: Any, bits: int) -> int:
        """Return ``total / 2^bits``, rounded down."""
        return int(total // (1 << bits))


class Exact(Fixed):
    """Numbers are Fractions, and nothing is rounded."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim)
        self.scale = 0

    def known(self, region: Region) -> tuple[Array, Array]:
        """Return the bounds as Fractions."""
        return fractions(region.low, 1 << self.bits), fractions(region.high, 1 << self.bits)

    def product(self, left: Array, units: Units, needed: Array, judged: Array) -> tuple[Array, Array, Array]:  # noqa: ARG002
        """Return coefficients of the layer's input, none of them rounded, and the bias's part."""
        found = left @ units.affine.exact
        return found[:, 1:], np.zeros((len(found), len(needed)), bool), found[:, 0]

    def times(self, left: Array, right: Array) -> Array:
        """Return the product."""
        return left * right

    def chord(self, low: Array, high: Array) -> Array:
        """Return ``high / (high - low)``, times ``2^SLOPE_BITS``."""
        found: Array = high * (1 << SLOPE_BITS) / (high - low)
        return found

    def scaled(self, coefficient: Array, numerator: Array, bits: int) -> Array:
        """Return ``coefficient * numerator / 2^bits``."""
        found: Array = coefficient * numerator * Fraction(1, 1 << bits)  # "/" would make floats of integers
        return found

    def number(self, value: Fraction) -> Fraction:  # type: ignore[override]
        """Return the number."""
        return value

    def settle(self, total: Any, bits: int) -> Fraction:  # type: ignore[override]
        """Return ``total / 2^bits``."""
        return Fraction(total) / (1 << bits)


def backward(kind: Fixed, region: Region, functions: Functions) -> tuple[Array, Array, Array]:
    """Return functions of the inputs that are nowhere greater: coefficients (claims, inputs), constants, and which are valid."""
    claim, at = kind.claim, functions.regions
    low, high = kind.known(region)
    constant = np.zeros(len(at), object) + functions.constant
    valid = np.ones(len(at), bool)
    top = max([*functions.before, *functions.after, *(claim.layer_of(beta[1]) - 1 for beta in functions.betas)])
    after: Any = functions.after.get(top)
    for k in range(top, -1, -1):
        units, span = claim.layers[k], slice(claim.offsets[k + 1], claim.offsets[k + 1] + len(claim.layers[k].relu))
        before = functions.before.get(k)
        if after is not None and after.any():
            through, cost, good = _through_relu(kind, region, (low, high), span, units, after, functions)
            constant = constant + cost
            valid &= good
            before = through if before is None else before + through
        if before is None:
            before = np.zeros((len(at), len(units.relu)), np.int64)
        if functions.betas:
            before = before.astype(object)
        for row, unit, upper, multiplier in functions.betas:
            if span.start <= unit < span.stop:
                bound = (high if upper else low)[at[row], unit]
                valid[row] &= bool((region.has_high if upper else region.has_low)[at[row], unit])
                whole = not isinstance(multiplier, Fraction)
                amount = kind.settle(multiplier * (1 << kind.scale), MULTIPLIER_BITS if whole else 0)
                before[row, unit - span.start] += amount if upper else -amount
                bound = bound if isinstance(bound, Fraction) else int(bound)  # a NumPy integer would overflow
                constant[row] += kind.settle((-amount if upper else amount) * bound, kind.scale)
        below = slice(claim.offsets[k], claim.offsets[k + 1])
        linear = ~claim.relu[below]
        # Coefficients of units that are off everywhere are not worked out: they would be dropped.
        off = region.has_high[:, below] & (region.high[:, below] <= 0) & ~(region.has_low[:, below] & (region.low[:, below] >= 0))
        needed = linear | ~off.all(0)
        after, inexact, bias = kind.product(narrow(before) if kind.scale else before, units, needed, linear)
        constant = constant + bias
        if inexact.any():  # what may be negative loses by coefficients that were rounded down
            known = region.has_low[:, below][at]
            valid &= ~(inexact & ~known).any(1)
            least = np.where(known & inexact, np.minimum(low[:, below][at], 0), 0)
            constant = constant + (least.astype(object).sum(1) >> kind.bits)
        more = functions.after.get(k - 1)
        if more is not None:
            after = after + more
    return after, constant, valid


def _through_relu(
    kind: Fixed, region: Region, known: tuple[Array, Array], span: slice, units: Units, after: Array, functions: Functions
) -> tuple[Array, Array, Array]:
    """Turn coefficients of activations into those of pre-activations; returns them, constants, and which claims are valid."""
    at = functions.regions
    low, high = known[0][:, span], known[1][:, span]
    has_low, has_high = region.has_low[:, span], region.has_high[:, span]
    on = ~units.relu | (has_low & (low >= 0))
    off = ~on & has_high & (high <= 0)
    open_ = ~on & ~off
    before = np.where(on[at], after, 0 * after)
    costs = 0 * after
    valid = np.ones(len(at), bool)
    rows, columns = np.nonzero(open_[at] & (after != 0))
    if not len(rows):
        return before, costs[:, 0], valid
    where = at[rows], columns
    c, least, most = after[rows, columns], low[where], high[where]
    knows_low, knows_high = has_low[where], has_high[where]
    positive = c > 0
    lower = np.where(knows_low & knows_high & (most > -least), c, 0 * c)
    given = np.full(after.shape, -1, np.int64)
    for row, unit, numerator in functions.alphas:
        if span.start <= unit < span.stop:
            given[row, unit - span.start] = numerator
    chosen = positive & (given[rows, columns] >= 0)
    lower[chosen] = kind.scaled(c[chosen], given[rows, columns][chosen], ALPHA_BITS)
    both = ~positive & knows_low & knows_high
    slope = np.where(positive, lower, np.where(knows_low & ~knows_high, c, 0 * c))
    bounded = open_ & has_low & has_high
    found = kind.chord(low[bounded], high[bounded])
    chords = np.zeros(low.shape, found.dtype)
    chords[bounded] = found
    slope[both] = kind.scaled(c[both], chords[where][both], SLOPE_BITS)
    loss = 0 * c
    ends, upper = ~positive & knows_low, ~positive & knows_high
    at_low = kind.times(-slope[ends], least[ends])
    at_high = kind.times(c[upper] - slope[upper], most[upper])
    if object in (at_low.dtype, at_high.dtype):
        loss, costs = loss.astype(object), costs.astype(object)
    loss[ends] = at_low
    loss[upper] = np.where(ends[upper], np.minimum(loss[upper], at_high), np.minimum(at_high, 0))
    before[rows, columns] = slope
    costs[rows, columns] = loss
    valid[rows[~positive & ~knows_low & ~knows_high]] = False
    return before, total(costs), valid
