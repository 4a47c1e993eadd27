"""Facets of the forward engine's cells, thousands at a time, as far as they can be decided without exact cells.

Each answer is proved or "not known", by one of two kinds of arithmetic:

* modulo a prime p, in random coordinates: an integer that is not zero modulo p is not zero.  So vectors that are linearly
  independent modulo p are linearly independent.  Vectors that are dependent modulo p nearly always are dependent, too, but this
  has to be decided exactly;
* in floats with the error bounds of the engine (proofs/filter.md): a value that exceeds its bound has a certain sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import Floats, Ids, Integers
from exactzones.engine.leaf_arrays import Flags, LeafArrays
from exactzones.engine.residues import Coordinates, UnluckyPrimeError


@dataclass(frozen=True, eq=False)
class FacetBatch:
    """Successive leaves of one arrangement, and the facets that they may have.

    Attributes:
        leaves: the leaves.
        modular: the arrangement's rows modulo a prime.
    """

    leaves: LeafArrays
    modular: Coordinates

    @classmethod
    def batches(cls, arrangement: Arrangement, prefixes: Sequence[bytes], tight: Sequence[Ids]) -> Iterator[FacetBatch]:
        """Yield all leaves in batches of bounded size."""
        modular = Coordinates(arrangement)
        for leaves in LeafArrays.batches(arrangement, prefixes, tight):
            yield cls(leaves, modular)

    @property
    def arrangement(self) -> Arrangement:
        """The arrangement whose leaves they are."""
        return self.leaves.arrangement

    @property
    def first(self) -> int:
        """Index of the first leaf."""
        return self.leaves.first

    @property
    def tight(self) -> Ids:
        """(V, d) ids of the hyperplanes that are tight at each generator."""
        return self.leaves.tight

    @cached_property
    def _incidence(self) -> tuple[Integers, Integers, Integers]:
        """The generators on each hyperplane of their leaf: (keys, start, generators).

        Incidence f belongs to the leaf and the id with ``keys[f] = leaf * ids + id``; the generators on that hyperplane are
        ``generators[start[f] : start[f + 1]]``.
        """
        keys = (self.leaves.leaf_of[:, None] * self.arrangement.exact.ids + self.tight).ravel()
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

    def index_of(self, leaves: Integers, ids: Integers) -> Integers:
        """Return the indices of the facets of leaves, counted in the batch, at hyperplanes."""
        inner, keys = self.facets[2], self._incidence[0]
        found: Integers = np.searchsorted(keys[inner], leaves * self.arrangement.exact.ids + ids)
        return found

    def generators(self, facet: int) -> Ids:
        """Return the tight sets of a facet's generators, (n, d)."""
        _, start, generators = self._incidence
        at = self.facets[2][facet]
        return self.tight[generators[start[at] : start[at + 1]]]

    @cached_property
    def _modular_rows(self) -> list[Floats]:
        """Per layer the rows of its units on each group modulo the prime, (groups, d + 1, units)."""
        modular = self.modular
        constant = modular.inputs[:, -1:]
        maps = modular.inputs[None]
        rows: list[Floats] = []
        for layer, weight in enumerate(modular.weights):
            if layer:
                kept = self.leaves.inputs(layer, rows[-1])
                maps = np.concatenate([kept, np.broadcast_to(constant, (*kept.shape[:2], 1))], axis=2)
            rows.append(modular.reduced(maps @ weight.T))
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
        """Return at most ``most`` generators of each facet, spread evenly over its list: (used, index, start).

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
        leaves, ids = np.repeat(self.leaves.leaf_of[used], dim), self.tight[used].ravel().astype(np.int64)
        rows = self.leaves.gathered(leaves, ids, modular.fixed, self._modular_rows)
        points, certain = modular.eliminated(rows.reshape(-1, dim, dim + 1))
        factors = np.random.default_rng(1).integers(1, modular.prime, (dim, len(index))).astype(float)
        combined = np.empty((len(start), dim, dim + 1))
        for k, factor in enumerate(modular.reduced(factors)):
            combined[:, k] = np.add.reduceat(modular.reduced(factor[:, None] * points[index]), start)
        _, independent = modular.eliminated(modular.reduced(combined))
        return independent & np.logical_and.reduceat(certain[index], start)

    def vanishing(self, chosen: Integers) -> Flags:
        """Tell which units may be zero on a facet's whole hyperplane, (facets, units); the others certainly are not.

        Units are evaluated at a point that depends on the hyperplane only, so that the answer, even if it is wrong, is the same
        from both sides of a facet.

        Raises:
            UnluckyPrimeError: there is no such point modulo the prime.
        """
        leaves, ids, _ = self.facets
        leaves, ids = leaves[chosen], ids[chosen]
        own = self.leaves.gathered(leaves, ids, self.modular.fixed, self._modular_rows)[:, :2, None]
        if not own.any(axis=1).all():
            raise UnluckyPrimeError
        zero = []
        for layer, groups, rows in zip(self.arrangement.layers, self.leaves.groups, self._modular_rows, strict=False):
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
        values, bound = self.leaves.target_values(used, self.leaves.points(used))
        signs: Integers = (values > bound).astype(np.int64) - (values < -bound)
        return signs
