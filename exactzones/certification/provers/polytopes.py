"""Simple polytopes in floats, many at once: vertices, and the hyperplanes that are tight at each.

This double description is for proofs whose every step is verified exactly later, so its floats need no error bounds.
``polyhedra/backends/__init__.py`` lists the other implementations.
"""

from __future__ import annotations

import numpy as np

from exactzones.certification.provers.relaxation import Floats

_MIX = tuple(np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))


class Planes:
    """All hyperplanes of a search.

    Attributes:
        rows: ``b + a . x >= 0``, shape (at least as many as there are, dim + 1).
        index_of: what each is called in the certificate.
    """

    def __init__(self, dim: int) -> None:
        self.rows = np.zeros((1 << 12, dim + 1))
        self.index_of = np.full(1 << 12, -1)
        self._used = 0

    def add(self, rows: Floats, index: Floats) -> Floats:
        """Keep hyperplanes; returns their ids."""
        count = len(rows)
        while self._used + count > len(self.rows):
            self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
            self.index_of = np.concatenate([self.index_of, np.full_like(self.index_of, -1)])
        ids = np.arange(self._used, self._used + count)
        self.rows[ids], self.index_of[ids] = rows, index
        self._used += count
        return ids


def crossings(vertices: Floats, tight: Floats, owner: Floats, values: Floats, ids: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the vertices where edges of the cells meet the new hyperplanes, their tight ids, and whose they are."""
    chosen = np.nonzero(ids[owner] >= 0)[0]
    negative = values[chosen] < 0
    planes, whose = tight[chosen], owner[chosen].astype(np.uint64)
    keys = []
    for skipped in range(tight.shape[1]):
        key = whose * _MIX[1] + _MIX[2]
        for place in range(tight.shape[1]):
            if place != skipped:
                key = (key * _MIX[0]) ^ (planes[:, place].astype(np.uint64) * _MIX[1] + _MIX[2])
                key ^= key >> np.uint64(29)
        keys.append(key)
    every = np.concatenate(keys)
    order = np.argsort(every, kind="stable")
    same = np.nonzero(every[order][1:] == every[order][:-1])[0]
    one, other = order[same], order[same + 1]
    a, b = one % len(chosen), other % len(chosen)
    crossing = negative[a] != negative[b]
    one, a, b = one[crossing], chosen[a[crossing]], chosen[b[crossing]]
    share = values[a] / (values[a] - values[b])
    fresh = vertices[a] + share[:, None] * (vertices[b] - vertices[a])
    fresh_tight = tight[a].copy()
    fresh_tight[np.arange(len(a)), one // len(chosen)] = ids[owner[a]]
    fresh_tight.sort(1)
    return fresh, fresh_tight, owner[a]
