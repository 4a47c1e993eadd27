"""Looking up zones by their patterns: ten million in a sorted array, without an object for each."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.store.columns import Bytes
from exactzones.zones.islands import pattern_hashes

Hashes: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]


class PatternIndex:
    """Finds patterns among those of all zones.

    Args:
        patterns: (n, width) packed, no two the same.

    Attributes:
        patterns: the same.
        random: (8 width,) the hash of a pattern is the exclusive or of those of its bits that are set.
    """

    def __init__(self, patterns: Bytes) -> None:
        self.patterns = patterns
        seed = 0
        while True:  # until no two patterns have the same hash
            self.random: Hashes = np.random.default_rng(seed).integers(0, 1 << 64, 8 * patterns.shape[1], np.uint64)
            hashes = pattern_hashes(patterns, self.random)
            self._order = np.argsort(hashes, kind="stable")
            self._sorted = hashes[self._order]
            if not (self._sorted[1:] == self._sorted[:-1]).any():
                return
            seed += 1

    def flipped(self, patterns: Bytes, bits: Integers) -> Integers:
        """Return the zones whose patterns differ from these in one bit each, (m,); -1 where there is none."""
        flip = np.zeros_like(patterns)
        flip[np.arange(len(bits)), bits >> 3] = np.left_shift(1, 7 - (bits & 7)).astype(np.uint8)
        return self.find(patterns ^ flip)

    def find(self, patterns: Bytes) -> Integers:
        """Return the zones with these patterns, (m,); -1 where there is none."""
        if not len(self._order):
            return np.full(len(patterns), -1)
        hashes = pattern_hashes(patterns, self.random)
        place = np.minimum(np.searchsorted(self._sorted, hashes), len(self._sorted) - 1)
        zones = self._order[place]
        same = (self._sorted[place] == hashes) & (self.patterns[zones] == patterns).all(axis=1)
        return np.where(same, zones, -1)
