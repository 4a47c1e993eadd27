"""Zones of a property by the forward engine: the arrangement's cells on which it fires, worked out exactly when asked for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from exactzones.engine.arrangement import MAX_DIM, Arrangement
from exactzones.engine.frontier import ON, Frontier, States
from exactzones.engine.leaf import Leaf
from exactzones.engine.starting_cones import NotPointedError
from exactzones.engine.workers import Division, Leaves
from exactzones.network import Layer, Network, Pattern
from exactzones.property import Property
from exactzones.rational import Matrix, Row, irrational
from exactzones.zone import Zone


@dataclass(frozen=True, eq=False)
class Search:
    """What is looked for, and where; a ``workers.Job``."""

    network: Network
    prop: Property
    arrangement: Arrangement

    def run(self, start: Frontier, tick: Callable[[int], None]) -> Generator[Zone, None, None]:
        """Yield the zones."""
        for leaves in self.arrangement.leaves(start, tick):
            yield from self._zones(leaves)

    def divided(self, start: Frontier, tick: Callable[[int], None], executor: Executor) -> Generator[Zone, None, None]:
        """Yield the same zones, found by the workers of an executor."""
        with closing(Division(self, executor, tick).run(start)) as found:
            for leaves in found:
                yield from self._built(leaves, range(len(leaves)))

    def chosen(self, leaves: Frontier) -> Sequence[int]:
        """Return the leaves that are to be listed."""
        if self.arrangement.has_target:
            return self.arrangement.fires(leaves)
        everything = range(len(leaves))
        if not any(condition.terms for condition in self.prop.conditions):  # it holds everywhere or nowhere
            return everything if all(c.holds(c.constant) for c in self.prop.conditions) else ()
        return [k for k, zone in enumerate(self._built(Leaves.of(leaves), everything)) if zone.can_fire]

    def _zones(self, leaves: Frontier) -> Iterator[Zone]:
        if self.arrangement.has_target or not any(condition.terms for condition in self.prop.conditions):
            return self._built(Leaves.of(leaves), self.chosen(leaves))
        return (zone for zone in self._built(Leaves.of(leaves), range(len(leaves))) if zone.can_fire)

    def _built(self, leaves: Leaves, chosen: Sequence[int]) -> Iterator[Zone]:
        patterns = _patterns(self.arrangement, leaves.prefix)
        for k in chosen:
            tight = leaves.tight[leaves.ptr[k] : leaves.ptr[k + 1]]
            yield Zone(self.network, self.prop, patterns(k), Leaf(self.arrangement, leaves.prefix[k].tobytes(), tight))


def forward(
    network: Network,
    prop: Property,
    domain: Sequence[Row],
    tick: Callable[[int], None] = lambda _cells: None,
    executor: Executor | None = None,
) -> Generator[Zone, None, None] | None:
    """Return an iterator over every zone of a property, as ``backward`` gives them, in another order.

    None where this engine has nothing to work with: a number is irrational, no layer cuts, nothing depends on the input, an
    unbounded domain has lines that only layers behind the first neurons read, or there are more dimensions than the kernel holds.

    Args:
        network: the network.
        prop: a property, resolved against the network.
        domain: rows of a full-dimensional polyhedron of the input space; none for all of it.
        tick: called with a number of cells visited now and then.
        executor: whose workers take part.
    """
    layers = network.layers[: prop.horizon]
    if not is_rational(network, prop, domain) or not any(layer.relu_units for layer in layers):
        return None
    arrangement = Arrangement(layers, domain, network.inputs, _target(network, prop))
    if not 0 < arrangement.dim <= MAX_DIM:
        return None
    try:
        start = arrangement.start()
    except NotPointedError:
        return None
    search = Search(network, prop, arrangement)
    return search.run(start, tick) if executor is None else search.divided(start, tick, executor)


def is_rational(network: Network, prop: Property, domain: Iterable[Row]) -> bool:
    """Tell whether no number of a question is irrational: only such questions are floats and integers good for."""
    return network.is_rational and prop.is_rational and not irrational(itertools.chain(*domain))


def _target(network: Network, prop: Property) -> Layer | None:
    """Return a single strict condition on pre-activations behind the last layer that cuts as a layer of one unit."""
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


def _patterns(arrangement: Arrangement, prefix: States) -> Callable[[int], Pattern]:
    """Return the function that writes the pattern of one of these leaves."""
    written = []
    start = 0
    for layer in arrangement.layers:
        if layer.relu_units:
            states = prefix[:, [start + unit for unit in layer.relu_units]]
            signs = np.where(states == ON, b"+", b"-").tobytes().decode()
            width = len(layer.relu_units)
            written.append([signs[k : k + width] for k in range(0, len(signs), width)])
        start += layer.outputs
    return lambda k: tuple(signs[k] for signs in written)
