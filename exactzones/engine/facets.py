"""Facets of the forward engine's cells, thousands at a time: what can be decided without exact cells.

Each answer is proved or "not known", by one of two kinds of arithmetic:

* modulo a prime p, in random coordinates: an integer that is not zero modulo p is not zero.  So vectors that are linearly
  independent modulo p are linearly independent.  The converse is nearly always true, but has to be decided exactly;
* in floats with the error bounds of the engine (proofs/filter.md): a value that exceeds its bound has a certain sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import Floats, Ids, Integers, States
from exactzones.engine.residues import Coordinates, UnluckyPrimeError
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF, filter_float

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

_BATCH = 1 << 21  # numbers in one batch of rows


@dataclass(frozen=True, eq=False)
class FacetBatch:
    """Successive leaves of one arrangement as flat arrays, and the facets that they may have.

    Attributes:
        arrangement: whose leaves they are.
        modular: its rows modulo a prime.
        first: index of the first leaf.
        prefix: (P, units) states.
        ptr: (P + 1,) where the generators of each leaf start in ``tight``.
        tight: (V, d) ids of the hyperplanes that are tight at each generator.
    """

    arrangement: Arrangement
    modular: Coordinates
    first: int
    prefix: States
    ptr: Integers
    tight: Ids

    @classmethod
    def batches(cls, arrangement: Arrangement, prefixes: Sequence[bytes], tight: Sequence[Ids]) -> Iterator[FacetBatch]:
        """Yield all leaves in batches of bounded size."""
        modular = Coordinates(arrangement)
        widest = max(max(layer.inputs, layer.outputs) for layer in arrangement.layers) + 1
        generators = arrangement.dim * sum(map(len, tight)) // max(1, len(tight))
        size = max(1, _BATCH // (max(widest, generators) * (arrangement.dim + 1)))
        for first in range(0, len(prefixes), size):
            chosen = slice(first, first + size)
            prefix = np.frombuffer(b"".join(prefixes[chosen]), np.uint8).reshape(-1, len(prefixes[first]))
            ptr = np.concatenate([[0], np.cumsum([len(generators) for generators in tight[chosen]])])
            yield cls(arrangement, modular, first, prefix=prefix, ptr=ptr, tight=np.concatenate(tight[chosen]))

    @cached_property
    def _leaf_of(self) -> Integers:
        """The leaf of each generator, counted in the batch."""
        return np.repeat(np.arange(len(self.prefix)), np.diff(self.ptr))

    @cached_property
    def _incidence(self) -> tuple[Integers, Integers, Integers]:
        """Which generators are on which hyperplanes of their leaf: (keys, start, generators).

        Incidence f is about the leaf and the id with ``keys[f] = leaf * ids + id``; the hyperplane's generators are
        ``generators[start[f] : start[f + 1]]``.
        """
        keys = (self._leaf_of[:, None] * self.arrangement.exact.ids + self.tight).ravel()
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        start = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1], [True]]))
        return keys[start[:-1]], start, order // self.tight.shape[1]

    @cached_property
    def facets(self) -> tuple[Integers, Integers, Integers]:
        """For each neuron's hyperplane that may have a facet: the leaf, the hyperplane's id, the index of the incidence."""
        keys, ids = self._incidence[0], self.arrangement.exact.ids
        inner = np.flatnonzero(keys % ids >= self.arrangement.exact.base[0])
        return keys[inner] // ids, keys[inner] % ids, inner

    def generators(self, facet: int) -> Ids:
        """Return the tight sets of a facet's generators, (n, d)."""
        _, start, generators = self._incidence
        at = self.facets[2][facet]
        return self.tight[generators[start[at] : start[at + 1]]]

    @cached_property
    def _groups(self) -> list[Integers]:
        """Per layer a number for each leaf, non-decreasing, that is equal for leaves with the same states before the layer."""
        groups = []
        for before in self.arrangement.exact.base[:-1]:
            states = self.prefix[:, : before - self.arrangement.exact.base[0]]
            groups.append(np.concatenate([[0], np.cumsum((states[1:] != states[:-1]).any(axis=1))]))
        return groups

    def _representatives(self, layer: int) -> Integers:
        """Return the first leaf of each of a layer's groups."""
        return np.flatnonzero(np.diff(self._groups[layer], prepend=-1))

    def _input(self, layer: int, rows: Floats) -> Floats:
        """Return a layer's input on each of its groups, given the rows of the previous layer on the groups of that one."""
        leaves = self._representatives(layer)
        base = self.arrangement.exact.base
        states = self.prefix[leaves, base[layer - 1] - base[0] : base[layer] - base[0]]
        kept: Floats = rows[self._groups[layer - 1][leaves]] * states[:, None, :]
        return kept

    @cached_property
    def _modular_rows(self) -> list[Floats]:
        """Per layer the rows of its units on each group modulo the prime, (groups, d + 1, units)."""
        modular = self.modular
        constant = modular.inputs[:, -1:]
        maps = modular.inputs[None]
        rows: list[Floats] = []
        for layer, weight in enumerate(modular.weights):
            if layer:
                kept = self._input(layer, rows[-1])
                maps = np.concatenate([kept, np.broadcast_to(constant, (*kept.shape[:2], 1))], axis=2)
            rows.append(modular.reduced(maps @ weight.T))
        return rows

    @cached_property
    def _float_rows(self) -> tuple[list[Floats], list[Floats]]:
        """(rows, factors): per layer and for the target, rows (groups, d + 1, units) in floats and factors (groups,).

        Each entry of the row of unit j has an error of at most ``row_sums[j] * factor``.
        """
        width = self.arrangement.dim + 1
        maps = np.roll(np.eye(width), -1, axis=1)[None]
        error = np.zeros(1)
        rows: list[Floats] = []
        factors: list[Floats] = []
        for layer, floats in enumerate(self.arrangement.floats):
            if layer:
                kept = self._input(layer, rows[-1])
                maps = np.concatenate([kept, np.zeros((*kept.shape[:2], 1))], axis=2)
                maps[:, 0, -1] = 1
                row_sum = self.arrangement.floats[layer - 1].row_sums.max()
                error = factors[-1][self._groups[layer - 1][self._representatives(layer)]] * (row_sum * SLACK)
            largest = np.abs(maps).max(axis=(1, 2))
            factors.append((error + (maps.shape[2] + 4) * UNIT_ROUNDOFF * largest) * SLACK + TINY)
            rows.append(maps @ floats.weight.T)
        return rows, factors

    def _gathered(self, leaves: Integers, ids: Integers, fixed: Floats, layers: Sequence[Floats]) -> Floats:
        """Return the rows of hyperplanes on leaves, (n, d + 1).

        Args:
            leaves: (n,).
            ids: (n,) the hyperplane on each leaf.
            fixed: the rows of infinity and of the domain.
            layers: per layer the rows of its units on each group.
        """
        rows = np.empty((len(ids), self.arrangement.dim + 1))
        base = self.arrangement.exact.base
        is_fixed = ids < base[0]
        rows[is_fixed] = fixed[ids[is_fixed]]
        for layer, (start, stop) in enumerate(pairwise(base[: len(self.arrangement.layers) + 1])):
            at = np.flatnonzero((ids >= start) & (ids < stop))
            rows[at] = layers[layer][self._groups[layer][leaves[at]], :, ids[at] - start]
        return rows

    def spans(self, chosen: Integers) -> Flags:
        """Tell for which facets it is certain that they have dimension d - 1."""
        certain = np.zeros(len(chosen), bool)
        dim = self.arrangement.dim
        for most in (dim + 2, 4 * dim, len(self.tight)):  # a few generators suffice nearly always
            left = np.flatnonzero(~certain)
            if len(left):
                certain[left] = self._independent(*self._some_generators(chosen[left], most))
        return certain

    def _some_generators(self, facets: Integers, most: int) -> tuple[Integers, Integers, Integers]:
        """Return at most so many generators of each facet, spread evenly over its list: (used, index, start).

        ``used`` has every generator once; those of facet k are ``used[index[start[k] : start[k + 1]]]``.
        """
        _, start, generators = self._incidence
        at = self.facets[2][facets]
        counts = start[at + 1] - start[at]
        taken = np.minimum(counts, most)
        ends = np.cumsum(taken)
        step = np.arange(ends[-1]) - np.repeat(ends - taken, taken)
        places = np.repeat(start[at], taken) + step * np.repeat(counts, taken) // np.repeat(taken, taken)
        used, index = np.unique(generators[places], return_inverse=True)
        return used, index, ends - taken

    def _independent(self, used: Integers, index: Integers, start: Integers) -> Flags:
        """Tell for which sets of generators it is certain that their rank is d, by the rank of d random combinations."""
        dim, modular = self.arrangement.dim, self.modular
        leaves, ids = np.repeat(self._leaf_of[used], dim), self.tight[used].ravel().astype(np.int64)
        rows = self._gathered(leaves, ids, modular.fixed, self._modular_rows)
        points, certain = modular.eliminated(rows.reshape(-1, dim, dim + 1))
        factors = np.random.default_rng(1).integers(1, modular.prime, (dim, len(index))).astype(float)
        combined = np.empty((len(start), dim, dim + 1))
        for k, factor in enumerate(modular.reduced(factors)):
            combined[:, k] = np.add.reduceat(modular.reduced(factor[:, None] * points[index]), start)
        _, independent = modular.eliminated(modular.reduced(combined))
        return independent & np.logical_and.reduceat(certain[index], start)

    def vanishing(self, chosen: Integers) -> Flags:
        """Tell which units may be zero on a facet's whole hyperplane, (facets, units); all others certainly are not.

        Units are evaluated at a point that depends on the hyperplane only, so that the answer, even if it is wrong, is the same
        from both sides of a facet.

        Raises:
            UnluckyPrimeError: there is no such point modulo the prime.
        """
        leaves, ids, _ = self.facets
        leaves, ids = leaves[chosen], ids[chosen]
        own = self._gathered(leaves, ids, self.modular.fixed, self._modular_rows)[:, :2, None]
        if not own.any(axis=1).all():
            raise UnluckyPrimeError
        zero = []
        for layer, groups, rows in zip(self.arrangement.layers, self._groups, self._modular_rows, strict=False):
            others = rows[:, :2][groups[leaves]]
            minors = self.modular.reduced(own[:, 0] * others[:, 1] - own[:, 1] * others[:, 0])
            zero.append((minors == 0) & np.array(layer.relu))
        return np.concatenate(zero, axis=1)

    @np.errstate(all="ignore")  # infinities and NaN decide nothing
    def fires(self, chosen: Integers) -> Integers:
        """Tell for each facet whether the target is positive somewhere on it: 1 yes, -1 no, 0 not certain."""
        signs = np.zeros(len(chosen), np.int64)
        for most in (4, 16, len(self.tight)):
            left = np.flatnonzero(signs == 0)
            if len(left):
                used, index, start = self._some_generators(chosen[left], most)
                at_generators = self._target_signs(used)[index]
                signs[left] = np.logical_or.reduceat(at_generators > 0, start)
        if len(left):
            signs[left] -= np.logical_and.reduceat(at_generators < 0, start)
        return signs

    def _target_signs(self, used: Integers) -> Integers:
        """Return the target's sign at generators: 1, -1, or 0 where it is not certain, as it always is at rays."""
        dim, exact = self.arrangement.dim, self.arrangement.exact
        rows, factors = self._float_rows
        domain = [[filter_float(entry) for entry in row] for row in self.arrangement.domain]
        fixed = np.array([[1.0, *[0.0] * dim], *domain])
        leaves, ids = np.repeat(self._leaf_of[used], dim), self.tight[used].ravel().astype(np.int64)
        planes = self._gathered(leaves, ids, fixed, rows).reshape(-1, dim, dim + 1)
        off = np.abs(fixed).max(axis=1)[np.minimum(ids, len(fixed) - 1)] * (2 * UNIT_ROUNDOFF)
        for layer, (start, stop) in enumerate(pairwise(exact.base[: len(self.arrangement.layers) + 1])):
            at = np.flatnonzero((ids >= start) & (ids < stop))
            sums = self.arrangement.floats[layer].row_sums
            off[at] = sums[ids[at] - start] * factors[layer][self._groups[layer][leaves[at]]] * SLACK
        points, error = _solved(planes, off.reshape(-1, dim))
        error[self.tight[used, 0] == 0] = np.inf
        group = self._groups[-1][self._leaf_of[used]]
        target = rows[-1][group, :, 0]
        values = target[:, 0] + (target[:, 1:] * points).sum(axis=1)
        largest = np.maximum(1, np.abs(points).max(axis=1))
        total = 1 + np.abs(points).sum(axis=1)
        wrong = self.arrangement.floats[-1].row_sums[0] * factors[-1][group]
        bound = np.abs(target).sum(axis=1) * ((dim + 4) * UNIT_ROUNDOFF * largest + error) + wrong * (total + dim * error)
        bound = bound * SLACK + TINY
        signs: Integers = (values > bound).astype(np.int64) - (values < -bound)
        return signs


def _solved(planes: Floats, off: Floats) -> tuple[Floats, Floats]:
    """Return the points where d hyperplanes meet, and bounds on the error of their coordinates (infinite: not known).

    The rows (b | M) have entrywise errors of at most ``off``.  With an approximate inverse B of M, and r* and M* for the true
    residual b + M x and matrix, the true point x* has |x* - x| <= |B| |r*| / (1 - |I - B M*|) in the maximum norm:
    proofs/filter.md.
    """
    dim = planes.shape[1]
    constant, matrix = planes[:, :, 0], planes[:, :, 1:]
    singular = np.linalg.slogdet(matrix)[0] == 0
    matrix = np.where(singular[:, None, None], np.eye(dim), matrix)
    inverse = np.linalg.inv(matrix)
    points = -(inverse @ constant[:, :, None])[:, :, 0]
    sizes, inverses = np.abs(matrix), np.abs(inverse)
    length = 1 + np.abs(points).sum(axis=1, keepdims=True)
    residual = np.abs(constant + (matrix @ points[:, :, None])[:, :, 0])
    rounding = (dim + 4) * UNIT_ROUNDOFF * (np.abs(constant) + (sizes @ np.abs(points)[:, :, None])[:, :, 0])
    residual = (residual + rounding + off * length) * SLACK + TINY
    defect = np.abs(np.eye(dim) - inverse @ matrix) + (dim + 4) * UNIT_ROUNDOFF * (np.eye(dim) + inverses @ sizes)
    contraction = (defect.sum(axis=2) + dim * (inverses @ off[:, :, None])[:, :, 0]).max(axis=1) * SLACK + TINY
    error = (inverses @ residual[:, :, None])[:, :, 0].max(axis=1) / (1 - contraction) * SLACK + TINY
    return points, np.where((contraction < 0.5) & ~singular, error, np.inf)
