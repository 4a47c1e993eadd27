"""Zones as compact arrays: the bits of patterns, and the hyperplanes of each zone with what floats say about its faces there."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import ON, Integers, States
from exactzones.engine.leaf_arrays import Flags
from exactzones.engine.leaf_floats import LeafFloats
from exactzones.engine.workers import LeafBatch

Bytes: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]

NEVER, UNCERTAIN, FIRES = 1, 2, 3
FACET = 4
"""Verdicts on faces, see ``Planes``."""


class Layout(NamedTuple):
    """How the states of an arrangement's units are packed.

    Attributes:
        units: number of all units.
        cut: the units with a ReLU: those whose states are bits of a pattern.
        dim: number of hyperplanes in a tight set.
        ids: number of hyperplanes.
    """

    units: int
    cut: Integers
    dim: int
    ids: int

    @classmethod
    def of(cls, arrangement: Arrangement) -> Layout:
        """Return the layout for an arrangement."""
        relu = [has_relu for layer in arrangement.layers for has_relu in layer.relu]
        return cls(len(relu), np.flatnonzero(relu), arrangement.dim, arrangement.exact.ids)

    @property
    def width(self) -> int:
        """Bytes of a packed pattern."""
        return -(-len(self.cut) // 8)

    @property
    def bit_of(self) -> Integers:
        """(units,) the bit of each unit with a ReLU in a pattern."""
        bits = np.zeros(self.units, np.int64)
        bits[self.cut] = np.arange(len(self.cut))
        return bits

    def packed(self, prefix: States) -> Bytes:
        """Return (P, width) packed patterns from (P, units) states."""
        return np.packbits(prefix[:, self.cut] == ON, axis=1)

    def unpacked(self, patterns: Bytes) -> States:
        """Return (P, units) states from (P, width) packed patterns; units without a ReLU are on."""
        prefix = np.full((len(patterns), self.units), ON, np.uint8)
        prefix[:, self.cut] = np.unpackbits(patterns, axis=1, count=len(self.cut))
        return prefix

    @property
    def corner_type(self) -> Any:
        """The type of an index into the hyperplanes of a zone."""
        return np.uint8 if self.ids <= 2**8 else np.dtype("<u2") if self.ids <= 2**16 else np.dtype("<u4")


class Planes(NamedTuple):
    """The hyperplanes that are tight at generators of P zones.

    Attributes:
        ids: (N,) those of each zone, ascending.
        start: (P + 1,) zone k has ``ids[start[k] : start[k + 1]]``.
        corners: (V, d) tight sets, as indices into those.
        verdicts: (N,) what floats say about each face: the largest sign that the target has at its generators, as one of NEVER,
            UNCERTAIN and FIRES, and FACET added if it certainly has dimension d - 1.
    """

    ids: np.ndarray[Any, Any]
    start: Integers
    corners: np.ndarray[Any, Any]
    verdicts: Bytes

    @classmethod
    def of(cls, layout: Layout, leaves: LeafBatch, floats: LeafFloats) -> Planes:
        """Return the hyperplanes of zones, given what floats say about these."""
        counted: Any = np.uint8 if layout.ids <= 2**8 else np.int32
        ids, counts, corners, verdicts = [], [np.zeros(1, np.int64)], [], []
        size = max(1, (1 << 21) // layout.ids)
        for first in range(0, len(leaves), size):
            ptr = leaves.ptr[first : first + size + 1]
            rows = np.repeat(np.arange(len(ptr) - 1, dtype=np.int32) * layout.ids, np.diff(ptr))
            flat = leaves.tight[ptr[0] : ptr[-1]] + rows[:, None]
            seen = _seen(flat, (len(ptr) - 1, layout.ids), floats.signs[ptr[0] : ptr[-1]], floats.simple[ptr[0] : ptr[-1]])
            rank = np.cumsum(seen > 0, axis=1, dtype=counted)
            present = np.flatnonzero(seen)
            ids.append((present % layout.ids).astype(np.uint16 if layout.ids <= 2**16 else np.uint32))
            verdicts.append(seen.take(present))
            counts.append(rank[:, -1].astype(np.int64))
            rank = rank - rank.dtype.type(1)  # an absent hyperplane's rank is not used, so it may wrap around
            corners.append(rank.take(flat).astype(layout.corner_type))
        return cls(np.concatenate(ids), np.cumsum(np.concatenate(counts)), np.concatenate(corners), np.concatenate(verdicts))


def _seen(flat: Integers, shape: tuple[int, int], signs: Any, simple: Flags) -> Bytes:
    """Return verdicts on all faces, 0 where there is none.

    Args:
        flat: (V, d) the faces on which each generator lies.
        shape: of the answer.
        signs: (V,) the target's sign at each generator.
        simple: (V,) which generators are simple vertices.
    """
    seen, facets = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for verdict, sign in ((NEVER, -1), (UNCERTAIN, 0), (FIRES, 1)):  # later ones prevail
        seen.put(flat[signs == sign], verdict)
    facets.put(flat[simple], FACET)
    return seen | facets
