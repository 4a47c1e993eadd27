"""Which generators of many leaves are the same vertex, so that it is computed once.

A generator depends on its tight set and on the states of the layers before that of its last hyperplane, but not on the states of
its tight neurons (``ExactSigns.generator``).  These are the same for all leaves around it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.exactsigns import ExactSigns
from exactzones.engine.frontier import Ids, Integers, States

Words: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]

_SHIFT = np.uint64(29)


def shared_vertices(exact: ExactSigns, prefix: States, leaf_of: Integers, tight: Ids) -> tuple[Integers, Integers]:
    """Return (used, index): generator k is the same as generator ``used[index[k]]``, and as few are used as possible.

    Args:
        exact: the arrangement's hyperplanes.
        prefix: (P, units) the states on each leaf.
        leaf_of: (V,) the leaf of each generator.
        tight: (V, d) the tight set of each generator.
    """
    first, units = exact.base[0], prefix.shape[1]
    before, others = np.zeros((exact.ids, units), bool), np.ones((exact.ids, units), bool)
    for start, stop in itertools.pairwise(exact.base):
        before[start:stop, : start - first] = True
    neurons = np.arange(min(units, exact.ids - first))
    others[neurons + first, neurons] = False
    columns = [np.ascontiguousarray(column) for column in tight.T]
    parts = [*columns]  # all that a generator depends on
    for states, reads, untouched in zip(_words(prefix), _words(before), _words(others), strict=True):
        relevant = states[leaf_of] & reads[columns[-1]]
        for column in columns:
            relevant &= untouched[column]
        parts.append(relevant)
    keys = _hashes(parts)
    order = np.argsort(keys)
    ordered = keys[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(order)]
    index = np.empty(len(keys), np.int64)
    index[order] = np.cumsum(new) - 1
    used = np.minimum.reduceat(order, np.flatnonzero(new))
    same = used[index]
    if all((part[same] == part).all() for part in parts):
        return used, index
    everything = np.arange(len(keys))  # different generators have the same hash
    return everything, everything


def _words(flags: Any) -> Words:
    """Return rows of flags, (n, units), packed into words, (units / 64, n)."""
    packed = np.packbits(flags, axis=1)
    padded = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), np.uint8)
    padded[:, : packed.shape[1]] = packed
    return np.ascontiguousarray(padded.view(np.uint64).T)


def _hashes(parts: Sequence[np.ndarray[Any, Any]]) -> Words:
    """Return a hash for each of n sequences of integers, of which each array has an entry."""
    factors = np.random.default_rng(1).integers(0, 1 << 63, len(parts), np.uint64) * np.uint64(2) + np.uint64(1)
    hashes = np.zeros(len(parts[0]), np.uint64)
    for factor, part in zip(factors, parts, strict=True):
        hashes = (hashes ^ part.astype(np.uint64)) * factor
        hashes ^= hashes >> _SHIFT
    return hashes
