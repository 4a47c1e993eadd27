"""What the fast checker knows of units on regions: bounds of their values and, in float arithmetic, of their rounding errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exactzones.checker.arithmetic import Array, integers
from exactzones.checker.claim import Claim


@dataclass
class KnownBounds:
    """Known bounds of units on regions.

    Attributes:
        low, high: the bounds, as integers that stand for ``v / 2^bits``, shape (regions, units).
        has_low, has_high: which bounds are known, of the same shape.
        errors: bounds on rounding errors that were computed from these, by the slice of units that they depend on.
    """

    low: Array
    high: Array
    has_low: Array
    has_high: Array
    errors: dict[tuple[int, int], Array] = field(default_factory=dict, init=False, repr=False)

    def part(self, region: int) -> KnownBounds:
        """Return the bounds on one region, as a copy."""
        one = slice(region, region + 1)
        return KnownBounds(self.low[one].copy(), self.high[one].copy(), self.has_low[one].copy(), self.has_high[one].copy())

    def of_units(self, units: Any) -> KnownBounds:
        """Return the bounds of the units of a slice, as views, or of an array of their numbers."""
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
        for start, stop in [key for key in self.errors if key[0] <= max(units) and key[1] > min(units)]:
            del self.errors[start, stop]
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
    """

    def __init__(self, claim: Claim, known: KnownBounds) -> None:
        self._claim, self._known = claim, known

    def of_layer(self, k: int) -> Array:
        """Return bounds on the rounding errors of layer k's units on all regions, shape (regions, units)."""
        rounding, key = self._claim.layers[k].rounding, (self._claim.offsets[k], self._claim.offsets[k + 1])
        assert rounding is not None  # noqa: S101 - in real arithmetic nothing is rounded
        if key not in self._known.errors:
            self._known.errors[key] = rounding.errors(self._activations(slice(*key)), self._claim.bits)
        return self._known.errors[key]

    def _activations(self, units: slice) -> Array:
        """Return bounds on the absolute values of units after their ReLUs, shape (regions, units)."""
        assert self._claim.sizes is not None  # noqa: S101
        sizes, relu, known = self._claim.sizes[units], self._claim.relu[units], self._known.of_units(units)
        has = np.where(relu, known.has_high, known.has_low & known.has_high)
        size = np.where(relu, np.maximum(known.high, 0), np.maximum(np.abs(known.low), np.abs(known.high)))
        if size.dtype != object and sizes.dtype == object and has.all():
            sizes = np.minimum(sizes, np.iinfo(np.int64).max).astype(np.int64)  # the other numbers are less
        return np.where(has, np.minimum(size, sizes), sizes)
