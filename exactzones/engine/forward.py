"""Zones of a property by the forward engine: the arrangement's cells on which the property fires, exact on demand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from exactzones.engine.arrangement import MAX_DIM, Arrangement, Stats
from exactzones.engine.frontier import ON, Frontier, Ids, States
from exactzones.engine.leaf import Leaf
from exactzones.engine.starting_cones import NotPointedError
from exactzones.engine.workers import FrontierWorker, LeafBatch, leaves_on
from exactzones.network import Layer, Network, Pattern
from exactzones.property import Property
from exactzones.rational import Matrix, Row, irrational
from exactzones.zone import Zone


@dataclass(frozen=True, eq=False)
class ZoneSearch:
    """A search for the zones of a property; a ``parallel.pieces.Job``.

    Attributes:
        network: the network.
        prop: the resolved property.
        arrangement: the cells of the layers that matter to the property, on the domain.
    """

    network: Network
    prop: Property
    arrangement: Arrangement

    def run(self, start: Frontier, tick: Callable[[int], None]) -> Generator[Zone, None, None]:
        """Yield the zones."""
        for frontier in self.arrangement.leaves(start, tick):
            leaves = LeafBatch.of(frontier)
            if self._needs_zones:
                yield from (zone for zone in self._zones(leaves, range(len(leaves))) if zone.can_fire)
            else:
                yield from self._zones(leaves, self.chosen(frontier))

    def run_on(self, executor: Executor, start: Frontier, tick: Callable[[int], None]) -> Generator[Zone, None, None]:
        """Yield the same zones, found by the workers of an executor."""
        with closing(leaves_on(executor, self, [start], tick)) as batches:
            for leaves in batches:
                yield from self._zones(leaves, range(len(leaves)))

    def batches(
        self, starts: Sequence[Frontier], tick: Callable[[int], None], executor: Executor | None = None
    ) -> Generator[LeafBatch, None, None]:
        """Yield the zones of successive frontiers as arrays, in the order of ``run``."""
        if executor is not None:
            yield from leaves_on(executor, self, starts, tick)
            return
        for start in starts:
            for frontier in self.arrangement.leaves(start, tick):
                yield LeafBatch.of(frontier).take(self.chosen(frontier))

    def worker(self) -> FrontierWorker:
        """Return a worker for this search."""
        return FrontierWorker(self)

    def count(self, stats: Stats) -> None:
        """Add counts to those of this search."""
        self.arrangement.stats.add(vars(stats))

    def zone(self, prefix: States, tight: Ids) -> Zone:
        """Return the zone with these states of all units, (units,), and these tight sets of its generators, (V, d)."""
        leaves = LeafBatch(prefix[None], np.array([0, len(tight)]), tight)
        return next(self._zones(leaves, [0]))

    def chosen(self, leaves: Frontier) -> Sequence[int]:
        """Return the indices of the leaves on which the property fires, ascending."""
        if self.arrangement.has_target:
            return self.arrangement.fires(leaves)
        everything = range(len(leaves))
        if self._needs_zones:
            return [k for k, zone in enumerate(self._zones(LeafBatch.of(leaves), everything)) if zone.can_fire]
        return everything if all(condition.holds(condition.constant) for condition in self.prop.conditions) else ()

    @property
    def _needs_zones(self) -> bool:
        """Whether only exact zones can tell where the property fires: there is no target, and the conditions are not constant."""
        return not self.arrangement.has_target and any(condition.terms for condition in self.prop.conditions)

    def _zones(self, leaves: LeafBatch, chosen: Sequence[int]) -> Iterator[Zone]:
        patterns, prefixes = patterns_of(self.arrangement, leaves.prefix), rows_as_bytes(leaves.prefix)
        ptr, tight = leaves.ptr.tolist(), leaves.tight
        for k in chosen:
            leaf = Leaf(self.arrangement, prefixes[k], tight[ptr[k] : ptr[k + 1]])
            yield Zone(self.network, self.prop, patterns[k], leaf)


def forward(
    network: Network,
    prop: Property,
    domain: Sequence[Row],
    tick: Callable[[int], None] = lambda _cells: None,
    executor: Executor | None = None,
) -> Generator[Zone, None, None] | None:
    """Return an iterator over the zones of a property: those of ``backward``, in another order.

    Returns None if this engine cannot work: a number is irrational, no layer has a ReLU, nothing depends on the input, there are
    more dimensions than the kernel supports, or an unbounded domain contains lines along which the first layer with a ReLU is
    constant and a later one is not.

    Args:
        network: the network.
        prop: the property, resolved against the network.
        domain: the rows of a full-dimensional polyhedron of the input space; no rows for all of it.
        tick: called now and then with a number of cells visited; it may raise to stop the search.
        executor: searches with its workers.
    """
    search = zone_search(network, prop, domain)
    if search is None:
        return None
    try:
        start = search.arrangement.start()
    except NotPointedError:
        return None
    return search.run(start, tick) if executor is None else search.run_on(executor, start, tick)


def zone_search(network: Network, prop: Property, domain: Sequence[Row]) -> ZoneSearch | None:
    """Return the search for the zones of a property; None for all reasons of ``forward`` but the last, which ``start`` finds."""
    layers = network.layers[: prop.horizon]
    if not is_rational(network, prop, domain) or not any(layer.relu_units for layer in layers):
        return None
    arrangement = Arrangement(layers, domain, network.inputs, target_of(network, prop))
    return ZoneSearch(network, prop, arrangement) if 0 < arrangement.dim <= MAX_DIM else None


def is_rational(network: Network, prop: Property, domain: Iterable[Row]) -> bool:
    """Tell whether all numbers of a question are rational, as floats and integers require."""
    return network.is_rational and prop.is_rational and not irrational(itertools.chain(*domain))


def target_of(network: Network, prop: Property) -> Layer | None:
    """Return a property's only condition as a layer of one unit, if it is strict and on pre-activations; else None."""
    if len(prop.conditions) != 1:
        return None
    (condition,) = prop.conditions
    if condition.after_relu or not condition.strict:
        return None
    layer = network.layers[condition.layer]
    row = [Fraction(0)] * layer.inputs
    constant = condition.constant
    for unit, coefficient in condition.terms:
        row = [total + coefficient * layer.weight[unit, k] for k, total in enumerate(row)]
        constant += coefficient * layer.bias[unit]
    return Layer(Matrix.of([row]), (constant,), (False,))


def patterns_of(arrangement: Arrangement, prefix: States) -> list[Pattern]:
    """Return the patterns of leaves, given the states of all units on each, (P, units)."""
    signs_by_layer = []
    start = 0
    for layer in arrangement.layers:
        if layer.relu_units:
            states = prefix[:, [start + unit for unit in layer.relu_units]]
            signs = np.where(states == ON, b"+", b"-").tobytes().decode()
            width = len(layer.relu_units)
            signs_by_layer.append([signs[k : k + width] for k in range(0, len(signs), width)])
        start += layer.outputs
    return list(zip(*signs_by_layer, strict=True)) if signs_by_layer else [()] * len(prefix)


def rows_as_bytes(states: States) -> list[bytes]:
    """Return each row of states as bytes."""
    data, width = states.tobytes(), states.shape[1]
    return [data[k : k + width] for k in range(0, len(data), width)] if width else [b""] * len(states)
