"""Which zones of a store touch: facets matched as in ``zones.graph``, a chunk of zones at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np

from exactzones.engine.facets import FacetBatch
from exactzones.engine.frontier import Integers
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import Flags, LeafArrays
from exactzones.engine.residues import Coordinates
from exactzones.store.packing import FACET, FIRES, NEVER, UNCERTAIN
from exactzones.store.patterns import PatternIndex
from exactzones.store.reading import ZoneStore
from exactzones.store.verdicts import faces_of
from exactzones.zone import Zone
from exactzones.zones.graph import Matching

EDGE = np.dtype([("zone", "<u4"), ("plane", "<u4"), ("other", "<u4"), ("fires", "u1")])
Edges: TypeAlias = Any
"""A structured array of EDGE: a zone, the id of the hyperplane, the zone on its other side, whether the property fires there."""

_Item = TypeVar("_Item")


class StoredMatching(Matching):
    """Matches the facets of the zones of a store.

    Each facet is looked at from both of its sides, so that a chunk's edges do not wait for those of other chunks.  Facets on
    which several neurons flip are found from the later side only.
    """

    def __init__(self, store: ZoneStore, patterns: PatternIndex) -> None:
        leaves: Sequence[Leaf] = Lazy(len(store), store.source)
        zones: Sequence[Zone] = Lazy(len(store), store.__getitem__)
        super().__init__(zones, leaves)
        self._store = store
        self._patterns = patterns
        self._bit_of = store.layout.bit_of
        self._modular = Coordinates(self.arrangement)
        self._numbers = np.arange(0)  # of the zones of the batch in work

    def prefix(self, leaf: int) -> bytes:
        """Return the states of all units on a leaf."""
        return self._store.layout.unpacked(self._patterns.patterns[leaf : leaf + 1]).tobytes()

    def leaf_and_id(self, batch: FacetBatch, facet: int) -> tuple[int, int]:
        """Return the number of a facet's zone, and the id of its hyperplane."""
        leaves, ids, _ = batch.facets
        return int(self._numbers[batch.first + leaves[facet]]), int(ids[facet])

    def edges(self, chunk: int) -> Iterator[Edges]:
        """Yield the edges from a chunk's zones, and those to them that are not found from their other side.

        Raises:
            UnluckyPrimeError: they have to be computed from the exact cells.
        """
        faces = faces_of(self._store, chunk)
        other = self._patterns.flipped(faces.patterns, faces.leaf, self._bit_of[faces.ids - self.first])
        signs = faces.verdicts & (FACET - 1)
        if self.fires_everywhere is not None:
            signs[:] = FIRES if self.fires_everywhere else NEVER
        is_facet = (faces.ids >= self.last) | (faces.verdicts >= FACET)
        sure = (other >= 0) & is_facet & (signs != UNCERTAIN)
        edges = np.zeros(int(sure.sum()), EDGE)
        edges["zone"], edges["plane"] = faces.leaf[sure] + faces.start, faces.ids[sure]
        edges["other"], edges["fires"] = other[sure], signs[sure] == FIRES
        yield edges
        doubtful = np.flatnonzero(~sure)
        which, place = np.unique(faces.leaf[doubtful], return_inverse=True)
        leaves = self._store.batch(chunk).take(which.tolist())
        self._numbers = which + faces.start
        for part in LeafArrays.parts(self.arrangement, leaves):
            inside = np.flatnonzero((place >= part.first) & (place < part.first + len(part)))
            chosen, batch = doubtful[inside], FacetBatch(part, self._modular)
            at = batch.index_of(place[inside] - part.first, faces.ids[chosen])
            yield self._from_one_side(batch, at, other[chosen], is_facet[chosen])
            yield self._from_later_side(batch, at[other[chosen] < 0])

    def _from_one_side(self, batch: FacetBatch, at: Integers, other: Integers, is_facet: Flags) -> Edges:
        """Return the edges at faces where one neuron flips, given the zone there, -1 if it is not listed."""
        spans = is_facet & (other >= 0)
        unproved = np.flatnonzero(~is_facet & (other >= 0))
        spans[unproved] = self.span(batch, at[unproved])
        facets = at[spans].tolist()
        fires = self.fires(batch, facets)
        ends = [self.leaf_and_id(batch, facet) for facet in facets]
        return np.array([(*end, o, f) for end, o, f in zip(ends, other[spans].tolist(), fires, strict=True)], EDGE)

    def _from_later_side(self, batch: FacetBatch, at: Integers) -> Edges:
        """Return the edges, in both directions, at faces where several neurons flip."""
        shared = [*self.several_flip(batch, at)]
        fires = self.fires(batch, [facet for facet, _, _ in shared])
        edges = []
        for (facet, other, _), fire in zip(shared, fires, strict=True):
            zone, plane = self.leaf_and_id(batch, facet)
            edges += [(zone, plane, other, fire), (other, plane, zone, fire)]
        return np.array(edges, EDGE)


class Lazy(Sequence[_Item]):
    """A sequence whose items are computed when they are asked for."""

    def __init__(self, count: int, item: Callable[[int], _Item]) -> None:
        self._count, self._item = count, item

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        return self._item(int(index))
