"""Bounds of units that several searches need: those of claims about one network on one box are computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from exactzones.certification.provers.relaxation import FloatClaim
from exactzones.checker.arithmetic import Array

if TYPE_CHECKING:
    from exactzones.certification.provers.dual import BoxBatch
    from exactzones.certification.provers.sharp_bounds import SharpBounds

RootBounds: TypeAlias = tuple[Array, Array, list[tuple[int, int]]]
"""Lower and upper bounds of all hidden units, shape (1, units), and those that are recorded: units, and 1 for an upper bound."""


_KEPT = 32
"""How many boxes with sharp bounds are kept: a root, and the parts into which splits of a few units divide it."""


@dataclass
class SharedBounds:
    """The last bounds of units, for searches of other claims about the same network on the same box.

    Attributes:
        roots: with usual slopes.
        sharp: with slopes of their own.
    """

    roots: dict[Hashable, RootBounds] = field(default_factory=dict)
    sharp: dict[Hashable, SharpBounds] = field(default_factory=dict)

    def sharper(self, key: Hashable, compute: Callable[[], SharpBounds]) -> SharpBounds:
        """Return the sharp bounds with a key; they are computed if they are not known."""
        if key not in self.sharp:
            bounds = compute()
            if len(self.sharp) >= _KEPT:
                self.sharp.clear()
            self.sharp[key] = bounds
        return self.sharp[key]


def key_of(claim: FloatClaim, margin: float, box: BoxBatch) -> Hashable:
    """Return all on which bounds of the network's units on a box depend."""
    arrays = claim.fixed, box.low, box.high, box.box_low, box.box_high, box.side
    return claim.depth, margin, *(array.tobytes() for array in arrays)
