"""A network in the forms that the provers and the search for witnesses need, made once for all questions about it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property

import numpy as np

from exactzones.certification.limits import CELL_SEARCH_INPUTS
from exactzones.certification.witness.float_network import FloatNetwork
from exactzones.certification.witness.search import WitnessFinder
from exactzones.checker import Case
from exactzones.checker.claim import Lowered
from exactzones.checker.records import family_of
from exactzones.network import Network
from exactzones.polyhedra import Box, HRep, Polyhedron
from exactzones.rational import SparseRows

_MOST_FINDERS = 8  # domains whose finders are kept
_LARGE = 1 << 17  # weights
_latest: list[Prepared] = []


class Prepared:
    """A network prepared for questions.

    Attributes:
        network: the network.
        lowered: its layers in integers and in floats, as claims have them.
    """

    def __init__(self, network: Network) -> None:
        self.network, self.lowered = network, Lowered(network)
        self._finders: dict[tuple[SparseRows, SparseRows], WitnessFinder] = {}

    @classmethod
    def of(cls, network: Network) -> Prepared:
        """Return a network prepared; that of the latest question is kept."""
        if not _latest or _latest[0].network is not network:
            _latest[:] = [cls(network)]
        return _latest[0]

    @cached_property
    def floats(self) -> FloatNetwork:
        """The network in floats."""
        return FloatNetwork.of(self.network)

    @cached_property
    def attacked(self) -> FloatNetwork:
        """The network in the floats that a search for witnesses uses: float32, which is faster, if it is large."""
        size = sum(layer.inputs * layer.outputs for layer in self.network.layers)
        return self.floats if size < _LARGE else FloatNetwork.of(self.network, np.float32)

    def finder(self, rows: SparseRows, strict: SparseRows) -> WitnessFinder:
        """Return the finder of witnesses on the polyhedron of a case."""
        if (rows, strict) not in self._finders:
            if len(self._finders) >= _MOST_FINDERS:
                self._finders.clear()
            domain = _polyhedron(self.network.inputs, rows, strict)
            self._finders[rows, strict] = WitnessFinder(self.network, domain, self.attacked)
        return self._finders[rows, strict]


def _polyhedron(dim: int, rows: SparseRows, strict: SparseRows) -> Polyhedron:
    """Return the polyhedron of a case: a box where its rows bound every coordinate from both sides."""
    low, high = ({}, {}) if strict or rows.bounds is None else rows.bounds
    if len(low) == len(high) == dim:
        return Box(*(tuple(side[k] for k in range(dim)) for side in (low, high)))
    return Polyhedron(HRep.of(dim, rows, strict=strict))


def families(network: Network, cases: Sequence[Case]) -> list[list[int]]:
    """Group the cases that may share a tree; only where cells are searched does one tree prove several."""
    few = network.inputs <= CELL_SEARCH_INPUTS
    groups: dict[Hashable, list[int]] = {}
    for k, case in enumerate(cases):
        groups.setdefault(family_of(network, case) if few else k, []).append(k)
    return list(groups.values())
