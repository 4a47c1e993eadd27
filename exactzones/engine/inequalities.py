"""Zones of a property by the inequalities engine: cells are kept by their rows and one inner point, so any number of inputs.

The search is depth first over the neurons.  A neuron has a sign at a cell's inner point, so one part is known to exist; a linear
program finds a point of the other part, or multipliers that prove that there is none.  The C kernel (``kernel/search.c``) does
that in floats, with error bounds, and in small integers.  What it cannot decide, and everything where it was not compiled, is
decided by filtered linear programs (``polyhedra.program``), exactly where that is necessary.  The zones are the same.

A neuron that is zero on a whole cell is off there.  Parts on which a neuron is on come first.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from exactzones.engine import kernel
from exactzones.engine.arrangement import Arrangement
from exactzones.engine.forward import is_rational, patterns_of, rows_as_bytes, target_of
from exactzones.engine.frontier import OFF, ON, States
from exactzones.engine.inequality_leaf import UNCUT, InequalityLeaf, WholeDomain
from exactzones.engine.inequality_nodes import FIRST_ITEMS, Node, NodeLeaves, NodeQueue, NodeWorker
from exactzones.engine.search_kernel import SearchKernel
from exactzones.engine.workers import leaves_on
from exactzones.errors import BackendError
from exactzones.network import Network
from exactzones.polyhedra import HRep, Polyhedron
from exactzones.polyhedra.inequality_cell import InequalityCell
from exactzones.polyhedra.program import Point, Program
from exactzones.property import Property
from exactzones.rational import Row
from exactzones.rational.floats import clipped_float
from exactzones.zone import Zone

UNSEEN = 4
"""The state of a unit that is still to come."""

_LEAF, _ASK = 0, 1  # kinds of items that the kernel returns; what is left is a cell that waits
_FIXED_SIZE = 1 << 20  # numbers in the dictionaries of so many parts
_MOST_ITEMS, _CALL_SECONDS = 4096, 0.1  # after which a call of the kernel stops


@dataclass(frozen=True, eq=False)
class InequalitySearch:
    """A search for the zones of a property.

    Attributes:
        network: the network.
        prop: the resolved property.
        arrangement: the layers that matter to the property, and the domain.
        repeatable: whether the parts of a cell, inner points included, depend on the cell only: neither on how long a call of the
            kernel takes nor on what was searched before.
    """

    network: Network
    prop: Property
    arrangement: Arrangement
    repeatable: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        return InequalitySearch, (self.network, self.prop, self.arrangement, self.repeatable)

    @cached_property
    def counts(self) -> Counter[str]:
        """How many questions were decided, and how."""
        return Counter()

    def start(self) -> Node | None:
        """Return the domain as a cell; None if it has no interior."""
        kernel.warn_if_slow()
        program = self._program([])
        if _is_flat(program):
            return None
        inner = self._inner(program)
        return None if inner is None else Node(bytes([UNSEEN]) * len(self._has_relu), inner)

    def run(self, start: Node, tick: Callable[[int], None]) -> Generator[Zone, None, None]:
        """Yield the zones."""
        tick(1)
        for leaves in self.leaves([start], tick):
            yield from self.zones(leaves)

    def leaves(self, starts: Sequence[Node | NodeLeaves], tick: Callable[[int], None]) -> Generator[NodeLeaves, None, None]:
        """Yield the leaves of successive cells."""
        stack = [*reversed(starts)]
        items = FIRST_ITEMS
        while stack:
            node = stack.pop()
            if isinstance(node, NodeLeaves):
                tick(len(node))
                yield node
                continue
            begin = time.perf_counter()
            stack += reversed(self.advance(node, items))
            items = max(1, min(_MOST_ITEMS, int(items * min(4.0, _CALL_SECONDS / (time.perf_counter() - begin)))))

    def run_on(self, executor: Executor, start: Node, tick: Callable[[int], None]) -> Generator[Zone, None, None]:
        """Yield the same zones, found by this process and the workers of an executor."""
        with closing(leaves_on(executor, self, [NodeQueue([start])], tick)) as batches:
            for leaves in batches:
                yield from self.all_zones(leaves)

    def cells_after(self, start: Node, leaf: States) -> list[Node | NodeLeaves]:
        """Return the cells whose leaves come after a leaf, in order, as ``resume.frontiers_after`` does.

        Args:
            start: where the search began.
            leaf: (units,) the states of the leaf's units.

        Raises:
            ValueError: no cell contains the leaf.
        """
        stack: list[Node | NodeLeaves] = [start]
        while stack:
            node = stack.pop()
            states = np.atleast_2d(node.states if isinstance(node, NodeLeaves) else np.frombuffer(node.states, np.uint8))
            around = np.flatnonzero(((states == UNSEEN) | (states & ON == leaf)).all(axis=1))
            if not len(around):
                continue
            if isinstance(node, NodeLeaves):
                rest = node.part(int(around[0]) + 1, len(node))
                return [rest] * bool(len(rest)) + stack[::-1]
            stack += reversed(self.advance(node, FIRST_ITEMS))
        raise ValueError("no cell contains the leaf")

    def worker(self) -> NodeWorker:
        """Return a worker for this search."""
        return NodeWorker(self)

    def count(self, stats: Counter[str]) -> None:
        """Add counts to those of this search."""
        self.counts.update(stats)

    def zones(self, leaves: NodeLeaves) -> Iterator[Zone]:
        """Yield the zones of leaves on which the property fires."""
        return (zone for zone in self.all_zones(leaves) if self.arrangement.has_target or zone.can_fire)

    def listed(self, leaves: NodeLeaves) -> NodeLeaves:
        """Return the leaves on which the property fires."""
        if self.arrangement.has_target:
            return leaves
        chosen = [k for k, zone in enumerate(self.all_zones(leaves)) if zone.can_fire]
        return NodeLeaves(leaves.states[chosen], [leaves.inner[k] for k in chosen])

    def all_zones(self, leaves: NodeLeaves) -> Iterator[Zone]:
        """Yield a zone for every leaf, whether or not the property fires on it."""
        patterns = patterns_of(self.arrangement, leaves.states & np.uint8(ON))
        for pattern, states, inner in zip(patterns, rows_as_bytes(leaves.states), leaves.inner, strict=True):
            yield Zone(self.network, self.prop, pattern, InequalityLeaf(self.kernel, states, inner))

    def advance(self, node: Node, items: int) -> list[Node | NodeLeaves]:
        """Search a cell for a while; return its parts in order, leaves among them.

        Args:
            node: the cell.
            items: the number of parts after which the kernel stops.
        """
        if self.repeatable:
            self.__dict__.pop("_stack", None)  # its program would go on from where the last cell left it
            items = self._fixed_items
        if not self.kernel.is_compiled or not isinstance(node.inner, np.ndarray):
            return self.ask(node)
        found = self.kernel.search(node.states, node.inner, items)
        self.counts.update(found["counts"])
        points = np.frombuffer(found["points"]).reshape(-1, self.arrangement.dim)
        states = np.frombuffer(found["states"], np.uint8).reshape(-1, len(node.states))
        parts: list[Node | NodeLeaves] = []
        start = 0
        for kind, group in itertools.groupby(found["kinds"]):
            stop = start + sum(1 for _ in group)
            if kind == _LEAF:
                parts.append(NodeLeaves(states[start:stop], points[start:stop]))
            else:
                nodes = [Node(states[k].tobytes(), points[k]) for k in range(start, stop)]
                parts += nodes if kind != _ASK else itertools.chain(*map(self.ask, nodes))
            start = stop
        return parts

    def ask(self, node: Node) -> list[Node | NodeLeaves]:
        """Decide the next unit of a cell by linear programs: return the parts, first the one on which it is on.

        After the last unit the leaf is returned, if the target is positive somewhere.
        """
        exact, states = self.arrangement.exact, node.states
        prefix, seen = bytes(state & ON for state in states), states.find(UNSEEN)
        program = self._program(self._rows(states))
        if seen < 0:
            target = exact.row(prefix, exact.ids - 1) if self.arrangement.has_target else None
            inner = node.inner if target is None else self._part(program, target, node.inner)
            return [] if inner is None else [NodeLeaves(np.frombuffer(states, np.uint8)[None], [inner])]
        row = exact.row(prefix, exact.base[0] + seen)
        points = {ON: node.inner, OFF: None} if not self._has_relu[seen] else self._sides(program, row, node.inner)
        found = {state: inner for state, inner in points.items() if inner is not None}
        uncut = UNCUT if len(found) == 1 else 0
        return [Node(_with(states, seen, state | uncut), inner) for state, inner in found.items()]

    def inner_point(self, states: bytes) -> Point | None:
        """Return an inner point of the cell with these states, as ``Node`` has it; None if it has none."""
        return self._inner(self._program(self._rows(states)))

    def _inner(self, program: Program) -> Point | None:
        """Return an inner point of a program, the middle of the domain if that is one; None if it has none."""
        middle = self.kernel.middle()
        found = middle if program.is_inside(middle) else program.interior()
        return None if found is None else _in_floats(program, found)

    def _rows(self, states: bytes) -> list[Row]:
        """Return the rows of the units that cut a cell."""
        exact, seen = self.arrangement.exact, states.find(UNSEEN)
        prefix, rows = bytes(state & ON for state in states), []
        for unit, state in enumerate(states[:seen] if seen >= 0 else states):
            if not state & UNCUT:
                row = exact.row(prefix, exact.base[0] + unit)
                rows.append(row if state & ON else _negative(row))
        return rows

    def _sides(self, program: Program, row: Row, inner: Point) -> dict[int, Point | None]:
        """Return by the state of a unit an inner point of this part of the cell, None if it has none."""
        points = {ON: self._part(program, row, inner), OFF: self._part(program, _negative(row), inner)}
        if not any(row):
            points[OFF] = inner
        return points

    def _part(self, program: Program, row: Row, inner: Point) -> Point | None:
        """Return an inner point of the part of a cell on which a row is positive; None if there is none."""
        program.push(row)
        try:
            if isinstance(inner, np.ndarray) and program.is_inside(inner):
                return inner
            self.counts["exact"] += 1
            found = program.interior()
            return None if found is None else _in_floats(program, found)
        finally:
            program.pop()

    def _program(self, rows: Sequence[Row]) -> Program:
        """Return the program of the domain and these rows; what it has in common with the last one stays in place."""
        kept = self._stack.rows
        shared = next(
            (k for k, pair in enumerate(zip(kept, rows, strict=False)) if pair[0] != pair[1]), min(len(kept), len(rows))
        )
        for _ in kept[shared:]:
            self._stack.program.pop()
        for row in rows[shared:]:
            self._stack.program.push(row)
        kept[shared:] = rows[shared:]
        return self._stack.program

    @cached_property
    def _stack(self) -> _Stack:
        return _Stack(Program.on(HRep.of(self.arrangement.dim, self.arrangement.domain)), [])

    @cached_property
    def kernel(self) -> SearchKernel:
        """The kernel's functions for the arrangement."""
        return SearchKernel.of(self.arrangement)

    @property
    def _fixed_items(self) -> int:
        """A number of parts that takes the kernel a fraction of a second, by the size of its dictionaries."""
        dim = self.arrangement.dim
        return max(1, min(_MOST_ITEMS // 4, _FIXED_SIZE // (dim * (dim + len(self._has_relu)))))

    @cached_property
    def _has_relu(self) -> tuple[bool, ...]:
        return tuple(has_relu for layer in self.arrangement.layers for has_relu in layer.relu)


class _Stack(NamedTuple):
    """A program and the rows on it, without those of the domain."""

    program: Program
    rows: list[Row]


def inequalities(
    network: Network,
    prop: Property,
    domain: Polyhedron | None,
    tick: Callable[[int], None] = lambda _cells: None,
    executor: Executor | None = None,
) -> Generator[Zone, None, None] | None:
    """Return an iterator over the zones of a property: those of ``forward``, in another order.

    Returns None if this engine cannot work: a number is irrational, no layer has a ReLU, or nothing depends on the input.

    Args:
        network: the network.
        prop: the property, resolved against the network.
        domain: full-dimensional; None is all of the input space.
        tick: called now and then with a number of cells visited; it may raise to stop the search.
        executor: searches with its workers.

    Raises:
        DomainError: the domain is empty or flat.
    """
    search = inequality_search(network, prop, () if domain is None else domain.hrep.closed_rows)
    if search is None:
        return None
    start = first_cell(search, domain)
    return search.run(start, tick) if executor is None else search.run_on(executor, start, tick)


def whole_domain(network: Network, prop: Property, domain: Polyhedron | None) -> Generator[Zone, None, None] | None:
    """Return an iterator over the zones of a property of values before all ReLUs: the domain, if the property fires there.

    Returns None if a ReLU comes before the values, or a number is irrational.

    Args:
        network: the network.
        prop: the property, resolved against the network.
        domain: full-dimensional; None is all of the input space.

    Raises:
        DomainError: the domain is empty or flat.
    """
    rows = () if domain is None else domain.hrep.closed_rows
    if any(layer.relu_units for layer in network.layers[: prop.horizon]) or not is_rational(network, prop, rows):
        return None
    cell = HRep.of(network.inputs, rows)
    program = Program.on(cell)
    inner = None if _is_flat(program) else program.interior()
    if inner is None or (domain is not None and domain.hrep.equations):
        raise _flat(domain)
    zone = Zone(network, prop, (), WholeDomain(InequalityCell(network.inputs, cell.rows, inner)))
    return (each for each in [zone] if each.can_fire)


def first_cell(search: InequalitySearch, domain: Polyhedron | None) -> Node:
    """Return the domain as a cell.

    Raises:
        DomainError: the domain is empty or flat.
    """
    start = search.start()
    if start is None or (domain is not None and domain.hrep.equations):
        raise _flat(domain)
    return start


def _flat(domain: Polyhedron | None) -> BackendError:
    """Raise the error for a domain without an interior; if it has one, return the error that none was found."""
    assert domain is not None  # noqa: S101 - all of the input space has an interior
    domain.facet_rows()  # names a hyperplane that contains the domain
    return BackendError("a linear program found no interior of a domain that has one")


def inequality_search(network: Network, prop: Property, rows: Sequence[Row]) -> InequalitySearch | None:
    """Return the search for the zones of a property on a domain with these rows; None for the reasons of ``inequalities``."""
    layers = network.layers[: prop.horizon]
    if not is_rational(network, prop, rows) or not any(layer.relu_units for layer in layers):
        return None
    arrangement = Arrangement(layers, rows, network.inputs, target_of(network, prop))
    return InequalitySearch(network, prop, arrangement) if arrangement.dim else None


def _is_flat(program: Program) -> bool:
    """Tell whether the bounds of a coordinate leave no interior."""
    pairs = zip(program.bounds.low, program.bounds.high, strict=True)
    return any(low is not None and high is not None and low >= high for low, high in pairs)


def _in_floats(program: Program, point: Point) -> Point:
    """Return the nearest floats of a point if they are proved to be inside, too; else the point."""
    if isinstance(point, np.ndarray):
        return point
    near = np.array([clipped_float(entry) for entry in point])
    return near if program.is_inside(near) else point


def _with(states: bytes, unit: int, state: int) -> bytes:
    return states[:unit] + bytes([state]) + states[unit + 1 :]


def _negative(row: Row) -> Row:
    return tuple([-entry for entry in row])
