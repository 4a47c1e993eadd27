"""What floats say about all leaves of a search in one pass: bounds on the target's values, and where their facets fire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import Floats, Integers
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import LeafArrays
from exactzones.engine.workers import LeafBatch
from exactzones.threads import one_thread

_NEGATIVE, _UNCERTAIN, _POSITIVE = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Survey:
    """Proved bounds on the target of one arrangement on its leaves, and the facets that they may have.

    Attributes:
        least: (P,) lower bounds of the target on each leaf; -infinity where none is known, for example if the leaf has a ray.
        lower: (P,) lower bounds of its supremum.
        upper: (P,) upper bounds of its supremum; infinity where none is known, for example if the leaf has a ray.
        facet_leaves: (F,) the leaf of each neuron's hyperplane that may have a facet.
        facet_ids: (F,) the id of the hyperplane.
        verdicts: (F,) whether the target is positive somewhere on the facet: 1 yes, -1 no, 0 not certain.
    """

    least: Floats
    lower: Floats
    upper: Floats
    facet_leaves: Integers
    facet_ids: Integers
    verdicts: Integers

    @classmethod
    @one_thread
    def of(cls, leaves: Sequence[Leaf]) -> Survey:
        """Survey the leaves of one arrangement, which has a target."""
        prefixes, tight = [leaf.prefix for leaf in leaves], [leaf.tight for leaf in leaves]
        parts = [_surveyed(batch) for batch in LeafArrays.batches(leaves[0].arrangement, prefixes, tight)]
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    @property
    def competing(self) -> Integers:
        """The indices, ascending, of the leaves on which the target may attain its maximum."""
        return np.flatnonzero(~(self.upper < self.lower.max()))


@one_thread
def supremum_bounds(arrangement: Arrangement, leaves: LeafBatch) -> tuple[Floats, Floats]:
    """Return proved lower and upper bounds, (P,) each, of the target's supremum on each of P leaves.

    An upper bound is infinite where none is known, for example if the leaf has a ray.
    """
    parts = [_surveyed(part)[1:3] for part in LeafArrays.parts(arrangement, leaves)]
    lower, upper = zip(*parts, strict=True)
    return np.concatenate(lower), np.concatenate(upper)


@np.errstate(all="ignore")  # infinities and NaN decide nothing
def _surveyed(leaves: LeafArrays) -> tuple[Floats, Floats, Floats, Integers, Integers, Integers]:
    """Return the arrays of a survey for one batch."""
    used, index = leaves.shared
    values, bound = leaves.target_values(used, leaves.points(used))
    known = bound < np.inf
    low = np.where(known, np.nextafter(values - bound, -np.inf), -np.inf)[index]
    high = np.where(known, np.nextafter(values + bound, np.inf), np.inf)[index]
    start, base, ids = leaves.ptr[:-1], leaves.arrangement.exact.base[0], leaves.arrangement.exact.ids
    signs = np.where(low > 0, _POSITIVE, np.where(high < 0, _NEGATIVE, _UNCERTAIN))
    coded = np.sort((((leaves.leaf_of * ids)[:, None] + leaves.tight) * 4 + signs[:, None]).ravel())
    facets = coded[np.flatnonzero(np.diff(coded >> 2, append=-1))]  # the largest sign at each hyperplane's generators
    facets = facets[(facets >> 2) % ids >= base]
    return (
        np.minimum.reduceat(low, start),
        np.maximum.reduceat(low, start),
        np.maximum.reduceat(high, start),
        (facets >> 2) // ids + leaves.first,
        (facets >> 2) % ids,
        (facets & 3) - _UNCERTAIN,
    )
