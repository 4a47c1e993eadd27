"""Un-ReLU: pull the zones of a property back, block by block, from the output to the input, as un-ReLU is defined.

A zone of a latent space is pulled back through the block before it, one regime (activation region of the block) at a time.  In
the regime where S is the set of neurons that the ReLU sets to zero, the block is a single affine map.  The zone's inequalities
C y <= d are pulled back through that map, y = D diag(1 - 1_S) (W x + b) + c, and intersected with the regime:

    zone(S) = { x : W_j x + b_j <= 0 for j in S,  W_j x + b_j >= 0 for j not in S,  C D diag(1 - 1_S) (W x + b) <= d - C c }

Only regimes that exist are visited: a cell of the input space is cut by one neuron after the other, and only by neurons that
have both signs on it.  The regimes with all neurons off and all neurons on are not special.

A latent space with more dimensions than the input is skipped, because its arrangement has far more cells than the input can
reach: the layers around it are pulled back together, as one block with several ReLUs.

All arithmetic is on integers.  The order of the zones depends on the network and the property only.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, InputError, quoted
from exactzones.network import Layer, Network, Pattern
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.polyhedra.representation import row_puller
from exactzones.property import Property
from exactzones.rational import Row, Vector, dot
from exactzones.zone import CellWithConditions, Zone, ZoneCondition, condition_on

Tick = Callable[[], None]
"""Called once per visited cell; it may raise to stop the search."""


def backward(network: Network, prop: Property, cell: Cell, tick: Tick = lambda: None) -> Generator[Zone, None, None]:
    """Yield every zone of a property on a full-dimensional cell of the input space.

    Args:
        network: the network.
        prop: the property, resolved against the network.
        cell: the domain.
        tick: called once per visited cell.
    """
    first_layer = min((condition.layer for condition in prop.conditions), default=len(network.layers))
    starts = [
        0,
        *(
            latent.layer
            for latent in network.latents[1:]
            if latent.dim <= network.inputs and latent.layer <= first_layer and latent.layer < prop.horizon
        ),
    ]
    ends = [*starts[1:], prop.horizon]
    zones: Iterator[Zone] | None = None
    for start, end in reversed(list(zip(starts, ends, strict=True))):
        tail = network.tail(start)
        block = _Block(tail, prop.shifted(start), cell if start == 0 else Cell.space(tail.inputs), end - start, tick)
        zones = block.zones() if zones is None else block.pull_back(list(zones))
    assert zones is not None  # noqa: S101 - there is at least one block
    yield from zones


@dataclass(frozen=True)
class Regime:
    """A regime of the first layers that exists on a cell.

    Attributes:
        pattern: the signs of each layer with ReLU units.
        cell: the part of the cell that belongs to the regime.
        maps: the affine maps from the input to each layer's pre-activations.
        kept: per layer, for each unit whether it passes its pre-activation on.
    """

    pattern: Pattern
    cell: Cell
    maps: tuple[AffineMap, ...]
    kept: tuple[tuple[bool, ...], ...]

    @property
    def activation(self) -> AffineMap | None:
        """The map from the input to the last layer's activations; None if there are no layers."""
        return self.maps[-1].keeping(self.kept[-1]) if self.maps else None

    def before_relu(self, layer: Layer) -> AffineMap:
        """Return the map from the input to the pre-activations of the next layer."""
        activation = self.activation
        return layer.affine if activation is None else layer.affine.after(activation)


def regimes(layers: Sequence[Layer], cell: Cell, tick: Tick = lambda: None) -> Iterator[Regime]:
    """Yield the full-dimensional regimes of a chain of layers on a cell, depth first."""
    stack = [Regime((), cell, (), ())]
    while stack:
        regime = stack.pop()
        depth = len(regime.maps)
        if depth == len(layers):
            yield regime
            continue
        layer = layers[depth]
        before_relu = regime.before_relu(layer)
        rows = before_relu.augmented().integer_rows()
        parts = []
        for signs, part in split(regime.cell, [rows[unit] for unit in layer.relu_units], tick):
            pattern = (*regime.pattern, signs) if layer.relu_units else regime.pattern
            parts.append(Regime(pattern, part, (*regime.maps, before_relu), (*regime.kept, layer.kept(signs))))
        stack += reversed(parts)


def split(cell: Cell, rows: Sequence[Row], tick: Tick = lambda: None) -> Iterator[tuple[str, Cell]]:
    """Yield (signs, part) for the full-dimensional parts into which hyperplanes cut a cell; a row of zeros has the sign "-"."""
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


@dataclass(frozen=True)
class _Block:
    """Successive layers that are pulled back together.

    Attributes:
        network: the layers of the block and all later ones.
        prop: the property, its layers counted from the start of the block.
        cell: the part of the block's input space in which zones are searched for.
        depth: number of layers in the block.
        tick: called once per visited cell.
    """

    network: Network
    prop: Property
    cell: Cell
    depth: int
    tick: Tick

    def zones(self) -> Iterator[Zone]:
        """Yield the zones of the last block, which ends at the layer of the property's last condition."""
        for regime in self._regimes():
            maps, kept = regime.maps, regime.kept
            if any(condition.layer == self.depth for condition in self.prop.conditions):
                layer = self.network.layers[self.depth]
                maps, kept = (*maps, regime.before_relu(layer)), (*kept, (True,) * layer.outputs)
            conditions = [condition_on(c, maps[c.layer], kept[c.layer]).row for c in self.prop.conditions]
            yield from self._firing(regime.pattern, regime.cell, conditions)

    def pull_back(self, zones: list[Zone]) -> Iterator[Zone]:
        """Yield the zones whose images at the end of the block are these zones."""
        for regime in self._regimes():
            mapping = regime.activation
            assert mapping is not None  # noqa: S101 - a block has layers
            for zone, signs, part in _cut_by_zones(regime.cell, mapping, zones, self.tick):
                ends = list(itertools.accumulate(map(len, zone.pattern), initial=0))
                later = tuple(signs[start:end] for start, end in itertools.pairwise(ends))
                conditions = [pull_exactly(mapping, condition) for condition in zone.conditions]
                yield from self._firing((*regime.pattern, *later), part, conditions)

    def _regimes(self) -> Iterator[Regime]:
        return regimes(self.network.layers[: self.depth], self.cell, self.tick)

    def _firing(self, pattern: Pattern, cell: Cell, conditions: Sequence[Vector]) -> Iterator[Zone]:
        """Yield a zone if the property fires on it."""
        zone = Zone(self.network, self.prop, pattern, CellWithConditions(cell, tuple(conditions)))
        if zone.can_fire:
            yield zone


def pull_exactly(mapping: AffineMap, condition: ZoneCondition) -> Vector:
    """Return the condition's function, composed with an affine map, as a row that is not rescaled."""
    constant, *slope = condition.row
    columns = zip(*mapping.matrix.rows, strict=True)
    return (constant + dot(slope, mapping.offset), *(dot(slope, column) for column in columns))


def _cut_by_zones(cell: Cell, mapping: AffineMap, zones: list[Zone], tick: Tick) -> Iterator[tuple[Zone, str, Cell]]:
    """Yield (zone, signs, part) for the full-dimensional parts of a cell that an affine map takes into zones.

    The zones were made by cutting their space by one neuron after the other.  The same cuts, pulled back, are repeated on
    the cell as far as there are zones.  Where a neuron's pre-activation is zero on a whole part, because the map takes the part
    into the neuron's hyperplane, the neuron's sign is "-" and either side of the hyperplane describes the part; the side with
    zones is followed.
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
    """Pull a polyhedron in the space of a layer's activations back to the layer's input, one regime at a time.

    Args:
        target: in the space of the layer's activations (after the ReLU), of dimension ``layer.outputs``.
        layer: with ReLU on all, some or none of its units.

    Returns:
        A pair (signs, polyhedron) for each regime from which the layer reaches the target: the part of the regime that it maps
        into the target.  Strict rows of the target stay strict.

    Raises:
        DimensionError: the target is not in the layer's activation space.

    >>> plus_and_minus = Layer.of([[1], [-1]])
    >>> [(signs, piece.interior_point()[0] > 0) for signs, piece in unrelu(Polyhedron.of(2, strict=[(0, 1, 0)]), plus_and_minus)]
    [('+-', True)]
    """
    if not isinstance(layer, Layer):
        raise InputError(f"layer is {quoted(layer)}; write Layer.of(weight, bias), or network.layers[0]")
    if not isinstance(target, Polyhedron):
        raise InputError(f"target is {quoted(target)}; write Polyhedron.box(0, 8, dim={layer.outputs}) or Polyhedron.of(..)")
    if target.ambient_dim != layer.outputs:
        raise DimensionError("space of the target", expected=layer.outputs, got=target.ambient_dim, size="dimension")
    pieces = []
    for regime in regimes([layer], Cell.space(layer.inputs)):
        mapping = regime.maps[0].keeping(regime.kept[0])
        piece = Polyhedron.of_cell(regime.cell).intersect(target.preimage(mapping))
        if not piece.is_empty:
            pieces.append((regime.pattern[0] if regime.pattern else "", Polyhedron(piece.irredundant)))
    return pieces
