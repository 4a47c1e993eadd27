"""The index of a store: which zones may have a pattern, in files that are sorted by the leading bits of the patterns' hashes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.store.columns import flat, numbers, parquet_bytes, read_between, table_of
from exactzones.store.manifest import Chunk, save_chunk
from exactzones.store.patterns import Hashes, PatternIndex

_SHIFT = np.uint64(24)  # bits of a hash that are left out
_FILE, _GROUP = 1 << 20, 1 << 13  # rows of a file, and of what is read of it at once


def write_index(directory: Path, index: PatternIndex) -> tuple[Chunk, ...]:
    """Write the index of a store's patterns; return its files."""
    files = []
    for number, start in enumerate(range(0, len(index.hashes), _FILE)):
        part = slice(start, start + _FILE)
        columns = {"hash": (index.hashes[part] >> _SHIFT).astype(np.int64), "zone": index.zones[part].astype(np.int64)}
        table = table_of({name: numbers(values) for name, values in columns.items()})
        files.append(save_chunk(directory, f"index-{number:05}.parquet", len(table), parquet_bytes(table, _GROUP)))
    return tuple(files)


def zones_with(directory: Path, files: Sequence[Chunk], hashes: Hashes) -> Integers:
    """Return the zones whose patterns may have one of these hashes, ascending: all that have, and very few others."""
    wanted = np.unique(hashes >> _SHIFT).astype(np.int64)
    zones = [np.zeros(0, np.int64)]
    for file in files:
        table = read_between(directory / file.file, "hash", wanted)
        if table is not None:
            own, found = (flat(table[name].combine_chunks()) for name in ("hash", "zone"))
            zones.append(found[wanted.take(np.searchsorted(wanted, own), mode="clip") == own])
    return np.sort(np.concatenate(zones))
