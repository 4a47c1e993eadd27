"""Learnt clauses: sets of phases of units that were refuted together, and what they say of other regions.

Source: Marques-Silva and Sakallah 1999, GRASP: a search algorithm for propositional satisfiability; the activities are those of
Moskewicz et al. 2001, Chaff.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np

from exactzones.checker.arithmetic import Array

_DECAY = 0.95  # of activities, at each refutation

T = TypeVar("T")


class Clauses(Generic[T]):
    """Refuted sets of phases, each with its refutation.

    Args:
        units: how many units there are.

    Attributes:
        activity: how often units took part in refutations, recent ones counting more, shape (units,); at most 1.
    """

    def __init__(self, units: int) -> None:
        self.activity = np.zeros(units)
        self._sets, self._count = np.zeros((16, units), np.int8), 0
        self._refutations: list[T] = []

    def add(self, sides: Array, refutation: T) -> None:
        """Learn that the phases ``sides``, shape (units,), entries 1, -1 and 0, are refuted."""
        if self._count == len(self._sets):
            self._sets = np.concatenate([self._sets, np.zeros_like(self._sets)])
        self._sets[self._count] = sides
        self._count += 1
        self._refutations.append(refutation)

    def bump(self, units: Array) -> None:
        """Note that units, as a mask, took part in a refutation."""
        self.activity *= _DECAY
        self.activity[units] += 1 - _DECAY

    def refutation(self, sides: Array) -> tuple[T, Array] | None:
        """Return the refutation of a set that lies in phases, and the mask of its units; None if no set does."""
        sets = self._sets[: self._count]
        inside = np.flatnonzero(sets @ sides == np.abs(sets).sum(1))
        return (self._refutations[inside[0]], sets[inside[0]] != 0) if len(inside) else None
