"""Which zones of a store of the inequalities engine touch: facets by the kernel, matched as in ``zones.pattern_graph``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.engine.inequality_leaf import facets_of
from exactzones.store.inequality_rows import InequalityRows
from exactzones.store.matching import EDGE, Edges, Lazy
from exactzones.store.packing import Bytes
from exactzones.store.patterns import PatternIndex
from exactzones.store.reading import ZoneStore
from exactzones.zone import Zone
from exactzones.zones.pattern_graph import PatternMatching

_BATCH = 256  # zones whose facets are computed at once


class InequalityMatching:
    """Matches the facets of the zones of a store; each facet is found from both of its sides."""

    def __init__(self, store: ZoneStore, engine: InequalityRows, patterns: PatternIndex) -> None:
        self._store, self._engine = store, engine
        self._patterns = patterns
        self._base = engine.arrangement.exact.base[0]

    def edges(self, chunk: int) -> Iterator[Edges]:
        """Yield the edges from a chunk's zones."""
        start, batch = self._store.first(chunk), self._store.batch(chunk)
        for k in range(0, len(batch), _BATCH):
            part, first = batch.part(k, k + _BATCH), start + k
            zones: Sequence[Zone] = Lazy(len(part), partial(self._engine.zone, part))
            matching = PatternMatching(zones, self._engine.leaves(part))
            yield self._edges(matching, first, self._patterns.patterns[first : first + len(part)])

    def _edges(self, matching: PatternMatching, first: int, patterns: Bytes) -> Edges:
        faces = [
            (leaf, plane, fires)
            for leaf, facets in enumerate(facets_of(matching.leaves))
            for plane, fires in facets.items()
            if plane >= self._base
        ]
        leaf, plane = (np.array([face[k] for face in faces], np.int64) for k in range(2))
        other = self._patterns.flipped(patterns, leaf, self._engine.layout.bit_of[plane - self._base])
        self._cross_where_several_flip(matching, (leaf, plane), other)
        shared = np.flatnonzero(other >= 0)
        edges = np.zeros(len(shared), EDGE)
        edges["zone"], edges["plane"], edges["other"] = leaf[shared] + first, plane[shared], other[shared]
        for at, k in enumerate(shared.tolist()):
            a, identity, fires = faces[k]
            edges["fires"][at] = matching.fires(a, identity) if fires is None else fires
        return edges

    def _cross_where_several_flip(self, matching: PatternMatching, faces: tuple[Integers, Integers], other: Integers) -> None:
        """Fill in the zones on the other side of faces where several units flip."""
        leaf, plane = faces
        alone = np.flatnonzero(other < 0)
        across = [matching.across(*face) for face in zip(leaf[alone].tolist(), plane[alone].tolist(), strict=True)]
        several = [k for k, states in enumerate(across) if states is not None]
        if several:
            states = np.frombuffer(b"".join(across[k] or b"" for k in several), np.uint8).reshape(len(several), -1)
            other[alone[several]] = self._patterns.find(self._engine.layout.packed(states))
