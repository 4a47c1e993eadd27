"""Looking up zones by their patterns: ten million in a sorted array, without an object for each."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.store.packing import Bytes
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
            order = np.argsort(hashes)
            self._sorted = hashes[order]
            if not (self._sorted[1:] == self._sorted[:-1]).any():
                break
            seed += 1
        self._order = order.astype(np.uint32 if len(order) < 1 << 32 else np.int64)
        self._shift = np.uint64(64 - max(1, len(order).bit_length()))
        buckets = np.bincount((self._sorted >> self._shift).astype(np.int64), minlength=1 << (64 - int(self._shift)))
        self._bucket = np.concatenate([[0], np.cumsum(buckets)]).astype(self._order.dtype)

    def flipped(self, patterns: Bytes, owner: Integers, bits: Integers) -> Integers:
        """Return the zones whose patterns differ in one bit each from those of m owners; -1 where there is none.

        Args:
            patterns: (P, width) patterns.
            owner: (m,) indices into these.
            bits: (m,) the bit of each that differs.
        """
        other = patterns[owner]
        other[np.arange(len(bits)), bits >> 3] ^= np.left_shift(1, 7 - (bits & 7)).astype(np.uint8)
        return self._found(other, pattern_hashes(patterns, self.random)[owner] ^ self.random[bits])

    def find(self, patterns: Bytes) -> Integers:
        """Return the zones with these patterns, (m,); -1 where there is none."""
        return self._found(patterns, pattern_hashes(patterns, self.random))

    def _found(self, patterns: Bytes, hashes: Hashes) -> Integers:
        found = np.full(len(patterns), -1)
        bucket = (hashes >> self._shift).astype(np.int64)
        place, end = self._bucket[bucket].astype(np.int64), self._bucket[bucket + 1].astype(np.int64)
        asked = np.flatnonzero(place < end)
        while len(asked):  # few hashes have the same leading bits
            same = self._sorted[place[asked]] == hashes[asked]
            hits = asked[same]
            zones = self._order[place[hits]].astype(np.int64)
            right = (self.patterns[zones] == patterns[hits]).all(axis=1)
            found[hits[right]] = zones[right]
            asked = asked[~same]
            place[asked] += 1
            asked = asked[place[asked] < end[asked]]
        return found
