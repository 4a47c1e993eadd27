"""The C kernel's search for cells that are kept by inequalities, with what it takes from an arrangement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from exactzones.engine import kernel
from exactzones.engine.arrangement import Arrangement
from exactzones.engine.float_layers import float_rows
from exactzones.engine.frontier import Floats
from exactzones.polyhedra.bounds import Bounds, FloatBounds

_FAR = 1e4  # where floats look for points in directions in which the domain has no bound
_FINEST = 2.0**30  # bounds that are multiples of 1 / this are exact in floats, and in the kernel's integers


@dataclass(frozen=True, eq=False)
class SearchKernel:
    """The function ``search`` of the C kernel and its first argument, the problem.

    Attributes:
        problem: widths, weights, sums of rows, ReLUs, scales; bounds rounded outward (finite ones) and inward, which of them are
            not bounds of the domain; the domain's other rows and their errors; whether there is a target; a number that makes
            the bounds integers, or 0.
        function: of the problem, states, a point, and the number of items after which it stops; None if it was not compiled.
    """

    problem: tuple[Any, ...]
    function: Callable[..., dict[str, Any]] | None

    @classmethod
    def of(cls, arrangement: Arrangement) -> SearchKernel:
        """Return the kernel for an arrangement."""
        floats, dim = arrangement.floats, arrangement.dim
        relu = [has_relu for layer in arrangement.layers for has_relu in layer.relu] + [False] * arrangement.has_target
        bounds, others = Bounds.of(arrangement.domain, dim)
        limits = FloatBounds.of(bounds)
        rows, errors, _ = float_rows(others) if others else (np.zeros((0, dim + 1)), np.zeros(0), 1.0)
        is_open = [np.isinf(side).astype(np.uint8) for side in limits.outer]
        low, high = np.maximum(limits.outer[0], -_FAR), np.minimum(limits.outer[1], _FAR)
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
        return cls(problem, getattr(kernel.load(), "search", None))

    @property
    def is_compiled(self) -> bool:
        """Whether the kernel is there."""
        return self.function is not None

    def search(self, states: bytes, inner: Floats, items: int) -> dict[str, Any]:
        """Search a cell until there are so many items: see ``kernel/search.c``."""
        assert self.function is not None  # noqa: S101 - the caller asked
        return self.function(self.problem, states, np.ascontiguousarray(inner), items)

    def middle(self) -> Floats:
        """Return a point near the middle of the bounds, on no hyperplane of small integers."""
        low, high = self.problem[5], self.problem[6]
        near: Floats = low + (high - low) * np.linspace(0.4871, 0.5213, len(low))
        return near


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
