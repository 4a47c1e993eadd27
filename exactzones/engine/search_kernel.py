"""The C kernel's functions for cells that are kept by inequalities, with what they take from an arrangement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.engine import kernel
from exactzones.engine.arrangement import Arrangement
from exactzones.engine.float_layers import float_rows
from exactzones.engine.frontier import Floats, States
from exactzones.polyhedra.bounds import Bounds, FloatBounds

_FAR = 1e6  # where floats look for points in directions in which the domain has no bound
_FINEST = 2.0**30  # bounds that are multiples of 1 / this are exact in floats, and in the kernel's integers


@dataclass(frozen=True, eq=False)
class SearchKernel:
    """The functions ``search`` and ``facets`` of the C kernel and their first argument, the problem.

    Attributes:
        arrangement: the layers and the domain.
        problem: widths, weights, sums of rows, ReLUs, scales; bounds rounded outward (finite ones) and inward, which of them are
            not bounds of the domain; the domain's other rows and their errors; whether there is a target; a number that makes
            the bounds integers, or 0.
        columns: for each verdict of ``facets`` the id of its hyperplane; 0 for a side that the domain does not have.
    """

    arrangement: Arrangement
    problem: tuple[Any, ...]
    columns: tuple[int, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return SearchKernel.of, (self.arrangement,)

    @classmethod
    def of(cls, arrangement: Arrangement) -> SearchKernel:
        """Return the kernel for an arrangement."""
        floats, dim = arrangement.floats, arrangement.dim
        relu = [has_relu for layer in arrangement.layers for has_relu in layer.relu] + [False] * arrangement.has_target
        bounds, others = Bounds.of(arrangement.domain, dim)
        limits = FloatBounds.of(bounds)
        rows, errors, _ = float_rows(others) if others else (np.zeros((0, dim + 1)), np.zeros(0), 1.0)
        is_open = [np.isinf(side).astype(np.uint8) for side in limits.outer]
        low, high = (np.where(free, far, side) for free, far, side in zip(is_open, (-_FAR, _FAR), limits.outer, strict=True))
        # A coordinate with a single bound that is far away keeps a range.
        low, high = (
            np.where(is_open[0], np.minimum(low, high - _FAR), low),
            np.where(is_open[1], np.maximum(high, low + _FAR), high),
        )
        problem = (
            np.array([dim, *(len(layer.weight) for layer in floats)], np.int64),
            np.concatenate([layer.weight.ravel() for layer in floats]),
            np.concatenate([layer.row_sums for layer in floats]),
            np.array(relu, np.uint8),
            np.array([layer.scale for layer in floats]),
            *(low, high, *limits.inner, *is_open),
            *(np.ascontiguousarray(rows), errors, arrangement.has_target, _scale(limits, np.concatenate([low, high]))),
        )
        return cls(arrangement, problem, _columns(arrangement, bounds))

    @property
    def is_compiled(self) -> bool:
        """Whether the kernel is there; the NumPy kernel has no such functions."""
        return hasattr(kernel.load(), "maxima")

    @property
    def is_open(self) -> bool:
        """Whether a coordinate has no bound in the domain."""
        return bool(self.problem[9].any() or self.problem[10].any())

    @property
    def row_ids(self) -> tuple[int, ...]:
        """The ids of the domain's rows that are not bounds of coordinates, in the kernel's order."""
        return self.columns[: len(self.problem[12])]

    def search(self, states: bytes, inner: Floats, items: int, *, records: bool = False) -> dict[str, Any]:
        """Search a cell until there are so many items: see ``kernel/search.c``; with ``records`` return the tree, too."""
        found: dict[str, Any] = kernel.load().search(self.problem, states, np.ascontiguousarray(inner), items, *[True] * records)
        return found

    def facets(self, states: Sequence[bytes], inner: Sequence[Floats], *, units_only: bool = False) -> States:
        """Return the verdicts of cells, (cells, columns): see ``kernel/facets.c``; with ``units_only`` none about the domain."""
        verdicts = kernel.load().facets(self.problem, b"".join(states), np.ascontiguousarray(inner), *[True] * units_only)
        return np.frombuffer(verdicts, np.uint8).reshape(len(states), -1)

    def maxima(self, states: Sequence[bytes], inner: Sequence[Floats]) -> Floats:
        """Return proved bounds of the target's largest value on cells, below and above, (cells, 2)."""
        bounds = kernel.load().maxima(self.problem, b"".join(states), np.ascontiguousarray(inner))
        return np.frombuffer(bounds).reshape(len(states), 2)

    def middle(self) -> Floats:
        """Return a point near the middle of the bounds, on no hyperplane of small integers."""
        low, high = self.problem[5], self.problem[6]
        near: Floats = low + (high - low) * np.linspace(0.4871, 0.5213, len(low))
        return near


def _columns(arrangement: Arrangement, bounds: Bounds) -> tuple[int, ...]:
    """Return the ids of the domain's rows that are not bounds, of the lower bounds, the upper bounds, and the units."""
    dim, others = arrangement.dim, []
    sides = [0] * (2 * dim)
    for identity, row in enumerate(arrangement.domain, start=1):
        slopes = [k for k, entry in enumerate(row[1:]) if entry]
        if len(slopes) != 1:
            others.append(identity)
            continue
        (k,) = slopes
        side = bounds.low if row[k + 1] > 0 else bounds.high
        if side[k] == Fraction(-row[0], row[k + 1]):
            sides[k if row[k + 1] > 0 else dim + k] = identity
    base = arrangement.exact.base
    return (*others, *sides, *range(base[0], base[len(arrangement.layers)]))


def _scale(limits: FloatBounds, bounds: Floats) -> float:
    """Return the power of two that makes bounds integers; 0 if there is none, or a bound of the domain was rounded."""
    if any((inner != outer).any() for inner, outer in zip(limits.inner, limits.outer, strict=True)):
        return 0.0
    scale = 1.0
    while scale <= _FINEST:
        if (np.rint(bounds * scale) == bounds * scale).all():
            return scale
        scale *= 2
    return 0.0
