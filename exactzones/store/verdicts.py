"""What floats say about the faces of a chunk's zones, kept in a scratch file from the search until the zones are connected."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.engine.leaf_floats import leaf_floats
from exactzones.files import write_atomically
from exactzones.store.columns import flat_list, patterns_of
from exactzones.store.manifest import Chunk
from exactzones.store.packing import Bytes, Planes
from exactzones.store.reading import ZoneStore


class ChunkFaces(NamedTuple):
    """The faces of a chunk's zones on hyperplanes of neurons.

    Attributes:
        start: the number of the first zone.
        patterns: (P, width) of the zones, packed.
        leaf: (F,) the zone of each face, counted in the chunk.
        ids: (F,) its hyperplane.
        verdicts: (F,) what floats say about it, see ``packing.Planes``.
    """

    start: int
    patterns: Bytes
    leaf: Integers
    ids: Integers
    verdicts: Bytes


def save_verdicts(directory: Path, chunk: Chunk, verdicts: Bytes) -> None:
    """Keep the verdicts on a chunk's faces."""
    write_atomically(directory / chunk.verdicts, verdicts.tobytes())


def faces_of(store: ZoneStore, chunk: int) -> ChunkFaces:
    """Return the faces of a chunk's zones; verdicts that were not kept are computed again."""
    entry = store.manifest.chunks[chunk]
    table = store.table(entry, ["pattern", "planes"])
    ids, start = flat_list(table["planes"])
    path = store.directory / entry.verdicts
    verdicts = np.fromfile(path, np.uint8) if path.exists() else np.zeros(0, np.uint8)
    if len(verdicts) != len(ids):
        leaves = store.batch(chunk)
        verdicts = Planes.of(store.layout, leaves, leaf_floats(store.engine.arrangement, leaves)).verdicts
    inner = np.flatnonzero(ids >= store.engine.arrangement.exact.base[0])
    leaf = np.repeat(np.arange(len(table)), np.diff(start))
    return ChunkFaces(store.first(chunk), patterns_of(table), leaf[inner], ids[inner].astype(np.int64), verdicts[inner])
