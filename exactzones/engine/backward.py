"""Un-ReLU: the zones of a property, pulled back block by block from the output to the input.  The literal engine.

A zone of a latent space is pulled back through the block before it regime by regime.  In the regime S of neurons that the ReLU
sets to zero, the block is one affine map, so the zone's inequalities are pulled back through that map and cut with the regime:

    zone(S) = { x : W_j x + b_j <= 0 for j in S,  W_j x + b_j >= 0 for j not in S,  C D diag(1 - 1_S)(W x + b) <= d - C c }

Only regimes that exist are visited: a cell of the input space is cut by one neuron after the other, and never cut where it lies
on one side.  The all-off and the all-on regime are regimes like any other.

A latent space with more dimensions than the input is not worth a stop (its arrangement has far more cells than the input can
reach): the layers around it are un-ReLUed together, as one block with several ReLUs.

Everything here is integer arithmetic; the zones come in an order that depends on the network and the property only.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from exactzones.affine import AffineMap
from exactzones.errors import DimensionError
from exactzones.network import Layer, Network, Pattern
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.polyhedra.representation import row_puller
from exactzones.property import Property
from exactzones.rational import Row, Vector, dot
from exactzones.zone import Zone, ZoneCondition, condition_on

Tick = Callable[[], None]
"""Called once per cell visited; it may raise to stop."""


def backward(network: Network, prop: Property, cell: Cell, tick: Tick = lambda: None) -> Iterator[Zone]:
    """Yield every zone of a property on a full-dimensional cell of the input space.

    Args:
        network: the network.
        prop: a property, resolved against the network.
        cell: the domain.
        tick: called once per cell visited.
    """
    first_looked_at = min((condition.layer for condition in prop.conditions), default=len(network.layers))
    stops = [
        latent.layer
        for latent in network.latents[1:]
        if latent.dim <= network.inputs and latent.layer <= first_looked_at and latent.layer < prop.horizon
    ]
    zones: Iterator[Zone] | None = None
    ends = [*stops, prop.horizon]
    for start, end in reversed(list(zip([0, *stops], ends, strict=True))):
        tail, shifted = network.tail(start), prop.shifted(start)
        source = cell if start == 0 else Cell.space(tail.inputs)
        if zones is None:
            zones = _last_block(tail, shifted, source, tick)
        else:
            zones = _pull_back(tail, shifted, source, end - start, list(zones), tick)
    assert zones is not None  # noqa: S101 - there is always a last block
    yield from zones


@dataclass(frozen=True)
class Regime:
    """A regime of the first layers that exists on a cell: signs, part of the cell, maps to each layer's pre-activations."""

    pattern: Pattern
    cell: Cell
    maps: tuple[AffineMap, ...]
    kept: tuple[tuple[bool, ...], ...]

    @property
    def activation(self) -> AffineMap | None:
        """The map from the input to the last layer's activations; None where there is no layer yet."""
        return self.maps[-1].keeping(self.kept[-1]) if self.maps else None


def regimes(layers: Sequence[Layer], cell: Cell, tick: Tick = lambda: None) -> Iterator[Regime]:
    """Yield the full-dimensional regimes of a chain of layers on a cell, depth first."""
    stack = [Regime((), cell, (), ())]
    while stack:
        regime = stack.pop()
        depth = len(regime.maps)
        if depth == len(layers):
            yield regime
            continue
        layer, activation = layers[depth], regime.activation
        before_relu = layer.affine if activation is None else layer.affine.after(activation)
        rows = before_relu.augmented().integer_rows()
        found = []
        for signs, part in split(regime.cell, [rows[unit] for unit in layer.relu_units], tick):
            pattern = (*regime.pattern, signs) if layer.relu_units else regime.pattern
            found.append(Regime(pattern, part, (*regime.maps, before_relu), (*regime.kept, layer.kept(signs))))
        stack += reversed(found)


def split(cell: Cell, rows: Sequence[Row], tick: Tick = lambda: None) -> Iterator[tuple[str, Cell]]:
    """Yield (signs, part) for the full-dimensional parts into which hyperplanes cut a cell; a row that is zero counts as off."""
    stack = [(cell, "")]
    while stack:
        part, signs = stack.pop()
        tick()
        while len(signs) < len(rows):
            below, above = part.halves(rows[len(signs)])
            if above is None:
                signs += "-"
                continue
            if below is not None:
                stack.append((below, signs + "-"))
            part, signs = above, signs + "+"
        yield signs, part


def _last_block(network: Network, prop: Property, cell: Cell, tick: Tick) -> Iterator[Zone]:
    for regime in regimes(network.layers[: prop.horizon], cell, tick):
        last = regime
        if any(condition.layer == prop.horizon for condition in prop.conditions):
            activation = regime.activation
            layer = network.layers[prop.horizon]
            before_relu = layer.affine if activation is None else layer.affine.after(activation)
            last = Regime(regime.pattern, regime.cell, (*regime.maps, before_relu), (*regime.kept, (True,) * layer.outputs))
        conditions = tuple(condition_on(c, last.maps[c.layer], last.kept[c.layer]) for c in prop.conditions)
        yield from _listed(Zone(network, prop, regime.pattern, regime.cell), conditions)


def _listed(zone: Zone, conditions: tuple[ZoneCondition, ...]) -> Iterator[Zone]:
    """Yield a zone if it fires, by its conditions as they were pulled back (the same as it would compute)."""
    zone.__dict__["conditions"] = conditions
    if zone.can_fire:
        yield zone


def _pull_back(network: Network, prop: Property, cell: Cell, depth: int, zones: list[Zone], tick: Tick) -> Iterator[Zone]:
    """Pull the zones of the latent space behind the first ``depth`` layers back to the input of ``network``."""
    for regime in regimes(network.layers[:depth], cell, tick):
        mapping = regime.activation
        assert mapping is not None  # noqa: S101 - a block has layers
        for zone, signs, part in _cut_by_zones(regime.cell, mapping, zones, tick):
            ends = list(itertools.accumulate(map(len, zone.pattern), initial=0))
            behind = tuple(signs[start:end] for start, end in itertools.pairwise(ends))
            conditions = tuple(ZoneCondition(pull_exactly(mapping, c), c.strict) for c in zone.conditions)
            yield from _listed(Zone(network, prop, (*regime.pattern, *behind), part), conditions)


def pull_exactly(mapping: AffineMap, condition: ZoneCondition) -> Vector:
    """Return the row of the condition's function after an affine map, not rescaled."""
    constant, *slope = condition.row
    columns = zip(*mapping.matrix.rows, strict=True)
    return (constant + dot(slope, mapping.offset), *(dot(slope, column) for column in columns))


def _cut_by_zones(cell: Cell, mapping: AffineMap, zones: list[Zone], tick: Tick) -> Iterator[tuple[Zone, str, Cell]]:
    """Yield (zone, signs, part): the full-dimensional parts of a cell that an affine map sends into the zones.

    The zones come from cutting their space neuron by neuron; the same cuts, pulled back, are made here, down to the zones only.
    Where a neuron's pre-activation is zero all over a part (the map squeezes it into the neuron's hyperplane) the neuron
    counts as off, and either side of the hyperplane describes the part; the side that has zones is followed.
    """
    pull = row_puller(mapping)
    stack = [(cell, zones, "")]
    while stack:
        part, group, signs = stack.pop()
        if not group:
            continue
        tick()
        k = len(signs)
        if k == len(group[0].signs):
            yield group[0], signs, part
            continue
        below, above = part.halves(pull(group[0].neuron_rows[k][2]))
        off = [zone for zone in group if zone.signs[k] == "-"]
        on = [zone for zone in group if zone.signs[k] == "+"]
        if below is None and above is None:
            stack.append((part, off or on, signs + "-"))
        if below is not None:
            stack.append((below, off, signs + "-"))
        if above is not None:
            stack.append((above, on, signs + "+"))


def unrelu(target: Polyhedron, layer: Layer) -> list[tuple[str, Polyhedron]]:
    """Pull a polyhedron of a layer's *activations* back to the layer's input, regime by regime.

    The literal operation on one layer: for every regime that exists, the part of the input space that the layer sends into the
    target, as a pair (signs, polyhedron).  Strict rows of the target stay strict; pieces without a point are left out.

    Args:
        target: in the space of what the layer gives, after its ReLU: dimension ``layer.outputs``.
        layer: with ReLU on all of its units, on some, or on none.

    Raises:
        DimensionError: the target does not live in the layer's activation space.

    >>> plus_and_minus = Layer.of([[1], [-1]])
    >>> [(signs, piece.interior_point()[0] > 0) for signs, piece in unrelu(Polyhedron.of(2, strict=[(0, 1, 0)]), plus_and_minus)]
    [('+-', True)]
    """
    if target.ambient != layer.outputs:
        raise DimensionError("space of the target", expected=layer.outputs, got=target.ambient)
    pieces = []
    for regime in regimes([layer], Cell.space(layer.inputs)):
        mapping = regime.maps[0].keeping(regime.kept[0])
        piece = Polyhedron.of_cell(regime.cell).intersect(target.preimage(mapping))
        if not piece.is_empty:
            pieces.append((regime.pattern[0] if regime.pattern else "", Polyhedron(piece.irredundant)))
    return pieces
