"""Thousands of leaves of the forward engine: their vertices and the target's values there, in floats with proved error bounds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import Floats, Ids, Integers, States
from exactzones.engine.shared_vertices import shared_vertices
from exactzones.engine.workers import LeafBatch
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF, filter_float

_BY_COFACTORS = 5  # the largest dimension in which this is faster than LAPACK
_SYSTEMS = 1 << 11  # systems of equations whose arrays the cache holds
_BATCH = 1 << 18  # numbers in one batch of rows: more would leave the cache

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Bounded: TypeAlias = tuple[Floats, Floats]
"""Values, and bounds on their errors; where a bound is infinite, nothing is known."""


@dataclass(frozen=True, eq=False)
class LeafArrays:
    """Successive leaves of one arrangement as flat arrays.

    Attributes:
        arrangement: whose leaves they are.
        first: index of the first leaf.
        prefix: (P, units) states.
        ptr: (P + 1,) where the generators of each leaf start in ``tight``.
        tight: (V, d) ids of the hyperplanes that are tight at each generator.
    """

    arrangement: Arrangement
    first: int
    prefix: States
    ptr: Integers
    tight: Ids

    @classmethod
    def batches(
        cls, arrangement: Arrangement, prefixes: Sequence[bytes], tight: Sequence[Ids], factor: int = 1
    ) -> Iterator[LeafArrays]:
        """Yield all leaves in batches of bounded size, or of so many times that."""
        size = factor * _batch_size(arrangement, len(tight), sum(map(len, tight)))
        for first in range(0, len(prefixes), size):
            chosen = slice(first, first + size)
            prefix = np.frombuffer(b"".join(prefixes[chosen]), np.uint8).reshape(-1, len(prefixes[first]))
            ptr = np.concatenate([[0], np.cumsum([len(generators) for generators in tight[chosen]])])
            yield cls(arrangement, first, prefix=prefix, ptr=ptr, tight=np.concatenate(tight[chosen]))

    @classmethod
    def parts(cls, arrangement: Arrangement, batch: LeafBatch, size: int | None = None) -> Iterator[LeafArrays]:
        """Yield leaves that are arrays already, so many at a time; None is a batch of bounded size."""
        if size is None:
            size = _batch_size(arrangement, len(batch), len(batch.tight))
        for first in range(0, len(batch), size):
            ptr = batch.ptr[first : first + size + 1]
            prefix, tight = batch.prefix[first : first + size], batch.tight[ptr[0] : ptr[-1]]
            yield cls(arrangement, first, prefix=prefix, ptr=ptr - ptr[0], tight=tight)

    @classmethod
    def joined(cls, parts: Sequence[LeafArrays]) -> LeafArrays:
        """Return successive batches as one."""
        before = np.cumsum([0, *(len(part.tight) for part in parts)])
        ptr = np.concatenate([[0], *(part.ptr[1:] + start for part, start in zip(parts, before[:-1], strict=True))])
        prefix, tight = (np.concatenate([getattr(part, name) for part in parts]) for name in ("prefix", "tight"))
        return cls(parts[0].arrangement, parts[0].first, prefix=prefix, ptr=ptr, tight=tight)

    def keeping(self, kept: Flags, leaf_of: Integers | None = None, tight: Ids | None = None) -> LeafArrays:
        """Return the leaves with the generators that are kept, (V,), and n more, given the leaf and the tight set of each."""
        whose, sets = self.leaf_of[kept], self.tight[kept]
        if leaf_of is not None and tight is not None:
            whose, sets = np.concatenate([whose, leaf_of]), np.concatenate([sets, tight])
        ptr = np.concatenate([[0], np.cumsum(np.bincount(whose, minlength=len(self)))])
        return LeafArrays(self.arrangement, self.first, self.prefix, ptr, sets[np.argsort(whose, kind="stable")])

    def __len__(self) -> int:
        return len(self.prefix)

    @cached_property
    def leaf_of(self) -> Integers:
        """The leaf of each generator, counted in the batch."""
        return np.repeat(np.arange(len(self.prefix)), np.diff(self.ptr))

    @cached_property
    def groups(self) -> list[Integers]:
        """Per layer a number for each leaf, non-decreasing, that is equal for leaves with the same states before the layer."""
        groups = []
        for before in self.arrangement.exact.base[:-1]:
            states = self.prefix[:, : before - self.arrangement.exact.base[0]]
            groups.append(np.concatenate([[0], np.cumsum((states[1:] != states[:-1]).any(axis=1))]))
        return groups

    def representatives(self, layer: int) -> Integers:
        """Return the first leaf of each of a layer's groups."""
        return np.flatnonzero(np.diff(self.groups[layer], prepend=-1))

    def inputs(self, layer: int, rows: Floats) -> Floats:
        """Return a layer's input on each of its groups, given the rows of the previous layer on the groups of that one."""
        leaves = self.representatives(layer)
        base = self.arrangement.exact.base
        states = self.prefix[leaves, base[layer - 1] - base[0] : base[layer] - base[0]]
        kept: Floats = rows[self.groups[layer - 1][leaves]] * states[:, None, :]
        return kept

    @cached_property
    def rows(self) -> tuple[list[Floats], list[Floats]]:
        """(rows, factors): per layer and for the target, rows (groups, d + 1, units) in floats and factors (groups,).

        Each entry of the row of unit j has an error of at most ``row_sums[j] * factor``.
        """
        width = self.arrangement.dim + 1
        maps = np.roll(np.eye(width), -1, axis=1)[None]
        error, largest = np.zeros(1), np.ones(1)
        rows: list[Floats] = []
        factors: list[Floats] = []
        for layer, floats in enumerate(self.arrangement.floats):
            if layer:
                before = self.groups[layer - 1][self.representatives(layer)]
                error = factors[-1][before] * (self.arrangement.floats[layer - 1].row_sums.max() * SLACK)
                largest = np.maximum(1, np.abs(rows[-1]).max(axis=(1, 2)))[before]
            factors.append((error + (floats.weight.shape[1] + 4) * UNIT_ROUNDOFF * largest) * SLACK + TINY)
            if layer and len(floats.weight) == 1:  # the target, of which each leaf has a row of its own
                rows.append(self._single_rows(layer, rows[-1], floats.weight[0]))
                continue
            if layer:
                kept = self.inputs(layer, rows[-1])
                maps = np.concatenate([kept, np.zeros((*kept.shape[:2], 1))], axis=2)
                maps[:, 0, -1] = 1
            rows.append(maps @ floats.weight.T)
        return rows, factors

    def _single_rows(self, layer: int, rows: Floats, weight: Floats) -> Floats:
        """Do the same as ``inputs`` for a layer of one unit, and return its rows."""
        leaves = self.representatives(layer)
        base = self.arrangement.exact.base
        states = self.prefix[leaves, base[layer - 1] - base[0] : base[layer] - base[0]]
        single: Floats = rows[self.groups[layer - 1][leaves]] @ (states * weight[:-1])[:, :, None]
        single[:, 0, 0] += weight[-1]
        return single

    def gathered(self, leaves: Integers, ids: Integers, fixed: Floats, layers: Sequence[Floats]) -> Floats:
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
        for layer, (start, stop) in enumerate(itertools.pairwise(base[: len(self.arrangement.layers) + 1])):
            at = np.flatnonzero((ids >= start) & (ids < stop))
            rows[at] = layers[layer][self.groups[layer][leaves[at]], :, ids[at] - start]
        return rows

    @cached_property
    def shared(self) -> tuple[Integers, Integers]:
        """(used, index): generator k is the same as generator ``used[index[k]]``."""
        return shared_vertices(self.arrangement.exact, self.prefix, self.leaf_of, self.tight)

    def points(self, used: Integers) -> Bounded:
        """Return generators as points, (n, d), and bounds on the errors of their coordinates, (n,), infinite at a ray."""
        dim, base = self.arrangement.dim, self.arrangement.exact.base
        rows, factors = self.rows
        domain = [[filter_float(entry) for entry in row] for row in self.arrangement.domain]
        fixed = np.array([[1.0, *[0.0] * dim], *domain])
        leaves, ids = np.repeat(self.leaf_of[used], dim), self.tight[used].ravel().astype(np.int64)
        planes = self.gathered(leaves, ids, fixed, rows).reshape(-1, dim, dim + 1)
        off = np.abs(fixed).max(axis=1)[np.minimum(ids, len(fixed) - 1)] * (2 * UNIT_ROUNDOFF)
        for layer, (start, stop) in enumerate(itertools.pairwise(base[: len(self.arrangement.layers) + 1])):
            at = np.flatnonzero((ids >= start) & (ids < stop))
            sums = self.arrangement.floats[layer].row_sums
            off[at] = sums[ids[at] - start] * factors[layer][self.groups[layer][leaves[at]]] * SLACK
        points, error = solved(planes, off.reshape(-1, dim))
        error[self.tight[used, 0] == 0] = np.inf
        return points, error

    def target_values(self, used: Integers, points: Bounded) -> Bounded:
        """Return the target's values at generators, (n,), given the points of these, and bounds on their errors, (n,)."""
        places, error = points
        dim = self.arrangement.dim
        rows, factors = self.rows
        group = self.groups[-1][self.leaf_of[used]]
        target = rows[-1][group, :, 0]
        values = target[:, 0] + _sum(target[:, 1:] * places)
        largest = np.maximum(1, _largest(np.abs(places)))
        total = 1 + _sum(np.abs(places))
        wrong = self.arrangement.floats[-1].row_sums[0] * factors[-1][group]
        bound = _sum(np.abs(target)) * ((dim + 4) * UNIT_ROUNDOFF * largest + error) + wrong * (total + dim * error)
        return values, bound * SLACK + TINY


def _batch_size(arrangement: Arrangement, leaves: int, generators: int) -> int:
    """Return how many leaves a batch has, given the numbers of all leaves and of all their generators."""
    widest = max(max(layer.inputs, layer.outputs) for layer in arrangement.layers) + 1
    ids = arrangement.dim * generators // max(1, leaves)
    return max(1, _BATCH // (max(widest, ids) * (arrangement.dim + 1)))


@np.errstate(all="ignore")  # infinities and NaN decide nothing
def solved(planes: Floats, off: Floats) -> Bounded:
    """Return the points where d hyperplanes meet, (n, d), and bounds on the errors of their coordinates (infinite: not known).

    With an approximate inverse B of M, and r* and M* for the true residual b + M x and matrix, the true point x* has
    |x* - x| <= |B| |r*| / (1 - |I - B M*|) in the maximum norm: proofs/filter.md, A4.

    Args:
        planes: (n, d, d + 1) the rows (b | M).
        off: (n, d) bounds on the error of each entry of a row.
    """
    parts = [_solved(planes[k : k + _SYSTEMS], off[k : k + _SYSTEMS].T) for k in range(0, len(planes), _SYSTEMS)]
    points, error = zip(*parts, strict=True) if parts else ([planes[:, :, 0]], [off[:, 0]])
    return np.concatenate(points), np.concatenate(error)


def _solved(planes: Floats, off: Floats) -> Bounded:
    """Do that for systems that the cache holds.  The last axis counts the systems here, which is fast for small ones."""
    dim = planes.shape[1]
    rounding = (dim + 4) * UNIT_ROUNDOFF
    constant, matrix = np.ascontiguousarray(planes[:, :, 0].T), np.ascontiguousarray(planes[:, :, 1:].transpose(1, 2, 0))
    inverse, singular = _inverses(matrix)
    points = np.where(singular, np.nan, -_applied(inverse, constant))
    sizes, inverses, lengths = np.abs(matrix), np.abs(inverse), np.abs(points)
    residual = np.abs(constant + _applied(matrix, points)) + rounding * (np.abs(constant) + _applied(sizes, lengths))
    residual = (residual + off * (1 + lengths.sum(axis=0))) * SLACK + TINY
    defect = sum(inverse[:, k, None] * matrix[k] for k in range(dim))
    defect[range(dim), range(dim)] -= 1
    rounded = rounding * (1 + _applied(inverses, sizes.sum(axis=1)))
    contraction = (np.abs(defect).sum(axis=1) + rounded + dim * _applied(inverses, off)).max(axis=0) * SLACK + TINY
    error = _applied(inverses, residual).max(axis=0) / (1 - contraction) * SLACK + TINY
    return points.T, np.where((contraction < 0.5) & ~singular, error, np.inf)


def _applied(matrix: Floats, vector: Floats) -> Floats:
    """Return the products of matrices, (rows, columns, n), and vectors, (columns, n)."""
    product: Floats = (matrix * vector).sum(axis=1)
    return product


def _inverses(matrix: Floats) -> tuple[Floats, Flags]:
    """Return approximate inverses of square matrices, (d, d, n), and which matrices are singular and have none."""
    dim = len(matrix)
    if dim > _BY_COFACTORS:
        square = matrix.transpose(2, 0, 1)
        singular: Flags = np.zeros(len(square), bool)
        try:
            inverse = np.linalg.inv(square)
        except np.linalg.LinAlgError:
            singular = np.linalg.slogdet(square)[0] == 0
            inverse = np.linalg.inv(np.where(singular[:, None, None], np.eye(dim), square))
        return np.ascontiguousarray(inverse.transpose(1, 2, 0)), singular
    cofactors = _cofactors(matrix)
    determinant = (matrix[0] * cofactors[0]).sum(axis=0)
    return cofactors.transpose(1, 0, 2) / determinant, determinant == 0


def _cofactors(matrix: Floats) -> Floats:
    """Return the cofactors of square matrices, (d, d, n), by Laplace expansions of minors of the first and the last rows."""
    first, last = _minors(matrix), _minors(matrix[::-1])
    cofactors = np.zeros_like(matrix)
    for i, j, before, after, sign in _expansion(len(matrix)):
        product = first[before] * last[after]
        cofactors[i, j] = cofactors[i, j] + product if sign > 0 else cofactors[i, j] - product
    return cofactors


def _minors(rows: Floats) -> dict[tuple[int, ...], Floats]:
    """Return the minors of the first k rows, for k < d, in each k columns, given (d, d, n)."""
    minors: dict[tuple[int, ...], Floats] = {(): np.ones(rows.shape[2])}
    for k, row in enumerate(rows[:-1]):
        signed = row, -row
        for columns in itertools.combinations(range(len(rows)), k + 1):
            terms = (signed[(k - at) % 2][column] * minors[columns[:at] + columns[at + 1 :]] for at, column in enumerate(columns))
            minors[columns] = sum(terms, start=np.zeros(rows.shape[2]))
    return minors


@cache
def _expansion(dim: int) -> Sequence[tuple[int, int, tuple[int, ...], tuple[int, ...], int]]:
    """Return the terms of cofactors: (row, column, columns of the rows before it, columns of the rows after it, sign).

    The rows after it are counted from the last one.
    """
    terms = []
    for i, j in itertools.product(range(dim), repeat=2):
        others = [column for column in range(dim) if column != j]
        for before in itertools.combinations(others, i):
            after = tuple(column for column in others if column not in before)
            order = (*before, j, *after)
            inversions = sum(a > b for a, b in itertools.combinations(order, 2)) + len(after) * (len(after) - 1) // 2
            terms.append((i, j, before, after, (-1) ** inversions))
    return terms


def _sum(values: Floats) -> Floats:
    """Return sums over the last axis, which is short: faster than ``sum``."""
    return values @ np.ones(values.shape[-1])


def _largest(values: Floats) -> Floats:
    """Return maxima over the last axis, which is short: faster than ``max``."""
    largest: Floats = np.maximum.reduce(np.ascontiguousarray(values.T))
    return largest
