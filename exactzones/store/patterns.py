"""Looking up zones by their patterns: ten million in a sorted array, without an object for each."""

from __future__ import annotations

from hashlib import shake_128
from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.store.packing import Bytes
from exactzones.zones.islands import pattern_hashes

Hashes: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]


def bit_hashes(width: int) -> Hashes:
    """Return the hash of each bit of packed patterns, (8 width,); that of a pattern is the exclusive or of those that are set."""
    return np.frombuffer(shake_128(b"exactzones/store").digest(64 * width), "<u8")


class PatternIndex:
    """Finds patterns among those of all zones.

    Args:
        patterns: (n, width) packed, no two the same.

    Attributes:
        patterns: the same.
        hashes: (n,) those of the patterns, ascending.
        zones: (n,) the zone of each.
    """

    def __init__(self, patterns: Bytes) -> None:
        self.patterns = patterns
        self._bits = bit_hashes(patterns.shape[1])
        hashes = pattern_hashes(patterns, self._bits)
        order = np.argsort(hashes)
        self.hashes = hashes[order]
        self.zones = order.astype(np.uint32 if len(order) < 1 << 32 else np.int64)
        self._shift = np.uint64(64 - max(1, len(order).bit_length()))
        buckets = np.bincount((self.hashes >> self._shift).astype(np.int64), minlength=1 << (64 - int(self._shift)))
        self._bucket = np.concatenate([[0], np.cumsum(buckets)]).astype(self.zones.dtype)

    def flipped(self, patterns: Bytes, owner: Integers, bits: Integers) -> Integers:
        """Return the zones whose patterns differ in one bit each from those of m owners; -1 where there is none.

        Args:
            patterns: (P, width) patterns.
            owner: (m,) indices into these.
            bits: (m,) the bit of each that differs.
        """
        other = patterns[owner]
        other[np.arange(len(bits)), bits >> 3] ^= np.left_shift(1, 7 - (bits & 7)).astype(np.uint8)
        return self._found(other, pattern_hashes(patterns, self._bits)[owner] ^ self._bits[bits])

    def find(self, patterns: Bytes) -> Integers:
        """Return the zones with these patterns, (m,); -1 where there is none."""
        return self._found(patterns, pattern_hashes(patterns, self._bits))

    def _found(self, patterns: Bytes, hashes: Hashes) -> Integers:
        found = np.full(len(patterns), -1)
        bucket = (hashes >> self._shift).astype(np.int64)
        place, end = self._bucket[bucket].astype(np.int64), self._bucket[bucket + 1].astype(np.int64)
        asked = np.flatnonzero(place < end)
        while len(asked):  # few hashes have the same leading bits
            same = self.hashes[place[asked]] == hashes[asked]
            hits = asked[same]
            zones = self.zones[place[hits]].astype(np.int64)
            same[same] = right = (self.patterns[zones] == patterns[hits]).all(axis=1)
            found[hits[right]] = zones[right]
            asked = asked[~same]
            place[asked] += 1
            asked = asked[place[asked] < end[asked]]
        return found
