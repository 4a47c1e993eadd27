"""The proof that a list of zones is complete, from the tree of the engine that keeps cells by inequalities.

Internal nodes split a cell by a unit; leaves are listed zones, or cells on which a linear bound shows that the property does not
hold.  The multipliers of the engine's linear programs become the hints of bounds.  What the engine cannot decide stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm, ldexp
from typing import NamedTuple

import numpy as np

from exactzones.certification.limits import CELL_SEARCH_INPUTS
from exactzones.certification.provers.base import Proof, SearchTree
from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.arithmetic import Array
from exactzones.checker.bounds import MULTIPLIER_BITS
from exactzones.checker.claim import Claim
from exactzones.checker.rules import OpenRegion
from exactzones.engine.frontier import OFF, ON
from exactzones.engine.inequalities import UNSEEN, InequalitySearch, inequality_search
from exactzones.engine.inequality_leaf import UNCUT
from exactzones.network import Network
from exactzones.property import Property
from exactzones.rational import Vector

_ITEMS = 128  # that a call of the kernel returns
_BOUND, _SPLIT, _SILENT, _ITEM = range(4)  # records of the kernel
_LEAF, _REST = 0, 2  # kinds of its items
_SLACK = 2.0**-26  # bounds that are nearer to zero than this, in proportion, are computed in rational numbers


class _Reason(NamedTuple):
    """What a linear program proved: see ``engine/kernel/record.c``.

    Attributes:
        top: the upper bound.
        common: the common denominator of the multipliers; 0 if they are floats.
        rows: the numbers of the rows: those of the kernel's domain, then one for each split of the path.
        multipliers: theirs.
    """

    top: float
    common: float
    rows: list[int]
    multipliers: list[float]


class _Cell(NamedTuple):
    """A cell that waits.

    Attributes:
        states, inner: as in ``engine.inequality_nodes.Node``.
        bounds: what was proved on it: (unit of the engine, 1 or -1, why).
        parent, side: as in ``SearchTree``.
    """

    states: bytes
    inner: Array
    bounds: list[tuple[int, int, _Reason]]
    parent: int
    side: int


@dataclass(frozen=True, eq=False)
class EngineClaim:
    """A list of zones as the engine searches for it.

    Attributes:
        claim: the certificate's claim, about one case.
        patterns: the signs of the listed zones and their numbers.
        search: the engine's search; its units are those of the claim, and all coordinates have bounds.
        scale: what the checker multiplies the condition by.
        units: the number of units with a ReLU; they come first, in the engine and in the claim.
    """

    claim: Claim
    patterns: Mapping[str, int]
    search: InequalitySearch
    scale: int
    units: int

    @classmethod
    def of(cls, claim: Claim, network: Network, prop: Property, patterns: Mapping[str, int]) -> EngineClaim | None:
        """Return the claim that a list is complete, for the engine; None if another prover has to prove it.

        That is so for few inputs, domains without rows that bound each coordinate, and units without a ReLU up to the last layer
        that has ReLUs.
        """
        resolved = prop.resolve(network.widths)
        layers = list(network.layers[: resolved.horizon])
        while layers and not layers[-1].relu_units:
            layers.pop()
        if claim.inputs <= CELL_SEARCH_INPUTS or not all(all(layer.relu) for layer in layers):
            return None
        search = inequality_search(network, resolved, list(claim.rows))
        if search is None or not search.kernel.is_compiled or search.kernel.is_open:
            return None
        scale = lcm(*(coefficient.denominator for _, coefficient in resolved.conditions[0].terms))
        return cls(claim, patterns, search, scale, sum(layer.outputs for layer in layers))

    @cached_property
    def rows(self) -> list[int]:
        """The numbers of the claim's rows that are rows of the kernel's domain."""
        return [identity - 1 for identity in self.search.kernel.row_ids]

    def cell(self, region: OpenRegion, place: int) -> _Cell | None:
        """Return an open region as a cell of the engine; None if it is not one, or has no interior.

        Args:
            region: the region.
            place: its place among those that are searched.
        """
        claim, known = self.claim, region.known
        if any(row.split is None for row in region.rows):
            return None
        sides = {row.split[0] - claim.inputs: row.split[1] for row in region.rows if row.split is not None}
        on, off = known.are_on()[0, claim.inputs :], known.are_nonpositive()[0, claim.inputs :]
        states = bytearray([UNSEEN]) * sum(layer.outputs for layer in self.search.arrangement.layers)
        for unit in range(self.units):
            if unit in sides:
                states[unit] = ON if sides[unit] else OFF
            elif off[unit] or on[unit]:
                states[unit] = (OFF if off[unit] else ON) | UNCUT
            else:
                break
        if list(sides) != sorted(sides) or any(states[unit] == UNSEEN for unit in sides):
            return None
        inner = self.search.inner_point(bytes(states))
        return _Cell(bytes(states), inner, [], -1, place) if isinstance(inner, np.ndarray) else None


class EngineSearch(SearchTree):
    """The engine's search of open regions, with its tree.

    Args:
        claim: what is proved.
        regions: the open regions; the first one comes first.
        confirm: as in ``FloatRegion``.
        exact: whether all bounds are to be computed in rational numbers.
    """

    def __init__(
        self,
        claim: EngineClaim,
        regions: Sequence[OpenRegion],
        confirm: Callable[[Array], tuple[int, Vector] | None],
        *,
        exact: bool,
    ) -> None:
        super().__init__(confirm)
        self.claim, self.regions, self.exact = claim, regions, exact
        self.stack = [*reversed(range(len(regions)))]
        self.bounds: dict[int, list[tuple[int, int, _Reason]]] = {}

    def run(self) -> Iterator[int]:
        """Search cell after cell, and yield the number of nodes after each call of the kernel."""
        while self.stack and self.witness is None:
            top = self.stack.pop()
            cell = self.claim.cell(self.regions[top], top) if isinstance(top, int) else top
            if cell is not None:
                self._visit(cell)
            yield self.count

    def _visit(self, cell: _Cell) -> None:
        found = self.claim.search.kernel.search(cell.states, cell.inner, _ITEMS, records=True)
        states = np.frombuffer(found["states"], np.uint8).reshape(-1, len(cell.states))
        points = np.frombuffer(found["points"]).reshape(-1, len(cell.inner))
        records, at, item = np.frombuffer(found["tree"]), 0, 0
        places, bounds = [(cell.parent, cell.side)], list(cell.bounds)
        waiting = []
        while at < len(records):
            kind = records[at]
            if kind == _BOUND:
                reason, after = _reason(records, at + 3)
                bounds.append((int(records[at + 1]), int(records[at + 2]), reason))
                at = after
                continue
            place = places.pop()
            if kind == _SPLIT:
                node = self._node(place, bounds)
                self._record_split(node, int(records[at + 1]))
                places += [(node, 0), (node, 1)]
                at += 2
            elif kind == _SILENT:
                reason, after = _reason(records, at + 2)
                self.leaf[self._node(place, bounds)] = int(records[at + 1]), reason
                at = after
            else:
                if found["kinds"][item] == _LEAF:
                    self._reach(states[item], points[item], place, bounds)
                elif found["kinds"][item] == _REST:
                    waiting.append(_Cell(states[item].tobytes(), points[item], bounds, *place))
                item += 1
                at += 1
            bounds = []
        self.stack += reversed(waiting)

    def _node(self, place: tuple[int, int], bounds: list[tuple[int, int, _Reason]]) -> int:
        """Number a node, and put it where it belongs."""
        node = self.count
        self.count += 1
        self._place(node, *place)
        self.bounds[node] = bounds
        return node

    def _reach(self, states: Array, point: Array, place: tuple[int, int], bounds: list[tuple[int, int, _Reason]]) -> None:
        """Record that the engine reached a cell after all layers."""
        zone = self.claim.patterns.get("".join("+" if state & ON else "-" for state in states[: self.claim.units]))
        if zone is not None:
            self.zone[self._node(place, bounds)] = zone
        elif self.witness is None:
            self.witness = self.confirm(point)


class EngineProof(Proof[EngineSearch]):
    """The tree of the engine as nodes of a certificate."""

    def certificate_node(self, node: int, number: int) -> Node:
        """Return a node of the search as the certificate's node ``number``."""
        search = self.search
        first = search.claim.claim.inputs
        bounds = [
            Bound(first + unit, sign < 0, *self._hint(reason, Fraction(1))) for unit, sign, reason in search.bounds.get(node, ())
        ]
        if node in search.split:
            return Node(number, tuple(bounds), "relu", first + search.split[node])
        if node in search.zone:
            return Node(number, tuple(bounds), "zone", search.zone[node])
        unit, reason = search.leaf[node]
        exact, hint = self._hint(reason, Fraction(search.claim.scale))
        sides = ((first + other, upper) for other in range(unit, search.claim.units) for upper in (False, True))
        bounds += [Bound(other, upper, exact, Hint()) for other, upper in sides]
        return Node(number, tuple(bounds), "no", refutations=(Refutation(((0, 1),), hint, exact),))

    def _hint(self, reason: _Reason, scale: Fraction) -> tuple[bool, Hint]:
        """Return whether a bound is to be computed in rational numbers, and its hint, for a function times a scale."""
        rows, count = self.search.claim.rows, len(self.search.claim.claim.rows)
        numbers = [rows[i] if i < len(rows) else count + i - len(rows) for i in reason.rows]
        exact = self.search.exact or reason.common > 0 or -reason.top < _SLACK * (1 + sum(reason.multipliers))
        multipliers: list[int | Fraction]
        if exact:
            multipliers = [Fraction(m) * scale / (int(reason.common) or 1) for m in reason.multipliers]
        else:
            multipliers = [round(ldexp(m, MULTIPLIER_BITS) * float(scale)) for m in reason.multipliers]
        pairs = sorted((number, m) for number, m in zip(numbers, multipliers, strict=True) if m)
        return exact, Hint.of(pairs)


def _reason(records: Array, at: int) -> tuple[_Reason, int]:
    """Read a proof; return it, and where the next record begins."""
    top, common, used = records[at : at + 3].tolist()
    end = at + 3 + 2 * int(used)
    rows = records[at + 3 : end : 2].astype(int).tolist()
    return _Reason(top, common, rows, records[at + 4 : end : 2].tolist()), end
