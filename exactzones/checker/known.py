"""What the fast checker knows of units on regions: bounds of their values and, in float arithmetic, of their rounding errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exactzones.checker.arithmetic import Array, integers
from exactzones.checker.claim import Claim


@dataclass
class KnownBounds:
    """Known bounds of units on regions.

    Attributes:
        low, high: the bounds, as integers that stand for ``v / 2^bits``, shape (regions, units).
        has_low, has_high: which bounds are known, of the same shape.
    """

    low: Array
    high: Array
    has_low: Array
    has_high: Array

    def part(self, region: int) -> KnownBounds:
        """Return the bounds on one region, as a copy."""
        return KnownBounds(*(part[region : region + 1].copy() for part in (self.low, self.high, self.has_low, self.has_high)))

    def of_units(self, units: slice) -> KnownBounds:
        """Return the bounds of some units, as views."""
        return KnownBounds(*(part[:, units] for part in (self.low, self.high, self.has_low, self.has_high)))

    @classmethod
    def stack(cls, parts: Sequence[KnownBounds]) -> KnownBounds:
        """Return the bounds on several regions as one batch."""
        return cls(
            *(np.concatenate(arrays) for arrays in zip(*((p.low, p.high, p.has_low, p.has_high) for p in parts), strict=True))
        )

    def are_on(self) -> Array:
        """Return which units are known to be >= 0, shape (regions, units)."""
        on: Array = self.has_low & (self.low >= 0)
        return on

    def are_nonpositive(self) -> Array:
        """Return which units are known to be <= 0, shape (regions, units)."""
        nonpositive: Array = self.has_high & (self.high <= 0)
        return nonpositive

    def learn(self, upper: bool, regions: Sequence[int], units: Sequence[int], values: Sequence[int]) -> None:
        """Add bounds ``unit <= value`` (``upper``) or ``unit >= value``; the three sequences are parallel."""
        where, added = (np.array(regions), np.array(units)), integers(values)
        known, has = (self.high, self.has_high) if upper else (self.low, self.has_low)
        if added.dtype == object:
            known = known.astype(object)
        fresh = ~has[where]
        known[where[0][fresh], where[1][fresh]] = added[fresh]
        (np.minimum if upper else np.maximum).at(known, where, added)
        has[where] = True
        if upper:
            self.high = known
        else:
            self.low = known


class RoundingErrors:
    """Bounds on how far computed pre-activations are from their exact values, in float arithmetic.

    Args:
        claim: the claim.
        known: the bounds on all regions, in fixed-point numbers.
        at: the region of each function, shape (functions,).
    """

    def __init__(self, claim: Claim, known: KnownBounds, at: Array) -> None:
        self._claim, self._known = claim, known
        self._regions, self._at = np.unique(at, return_inverse=True)

    def of_layer(self, k: int) -> Array:
        """Return bounds on the rounding errors of layer k's units, for each function on its region; shape (functions, units)."""
        rounding = self._claim.layers[k].rounding
        assert rounding is not None  # noqa: S101 - in real arithmetic nothing is rounded
        return rounding.errors(self._activations(k), self._claim.bits)[self._at]

    def _activations(self, k: int) -> Array:
        """Return bounds on the absolute values of layer k's inputs on the functions' regions, shape (regions, inputs)."""
        inputs = slice(self._claim.offsets[k], self._claim.offsets[k + 1])
        assert self._claim.sizes is not None  # noqa: S101
        sizes, relu = self._claim.sizes[inputs], self._claim.relu[inputs]
        low, high, has_low, has_high = (
            part[self._regions, inputs] for part in (self._known.low, self._known.high, self._known.has_low, self._known.has_high)
        )
        known = np.where(relu, has_high, has_low & has_high)
        size = np.where(relu, np.maximum(high, 0), np.maximum(np.abs(low), np.abs(high)))
        return np.where(known, np.minimum(size, sizes), sizes)
