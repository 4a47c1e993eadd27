"""Brute force over all 2^n sign vectors: the slowest and plainest way to the zones, for small networks only.

It shares nothing with the engines but the network and cddlib's linear programs: no cell is ever cut, every pattern is
tried, and a pattern counts iff its cell is full-dimensional, it is the canonical one (a pre-activation that is zero
all over the cell counts as off), and the property holds somewhere on the closed cell.
"""

from __future__ import annotations

import itertools

from exactzones.network import Network, Pattern
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property


def brute_force(network: Network, prop: Property, domain: Polyhedron | None = None) -> dict[Pattern, Polyhedron]:
    """Return pattern -> closed cell for every zone of a property."""
    prop = prop.resolve(network.widths)
    layers = network.layers[: prop.horizon]
    space = domain or Polyhedron.space(network.inputs)
    choices = [["".join(signs) for signs in itertools.product("+-", repeat=len(layer.relu_units))] for layer in layers]
    found = {}
    for choice in itertools.product(*choices):
        pattern = tuple(signs for signs, layer in zip(choice, layers, strict=True) if layer.relu_units)
        maps = network.regime_maps(pattern, prop.horizon)
        inside = []  # b + a . x > 0 for the neurons that are on
        outside = []
        for signs, layer, before_relu in zip(choice, layers, maps, strict=False):
            rows = before_relu.augmented().rows
            for sign, unit in zip(signs, layer.relu_units, strict=True):
                (inside if sign == "+" else outside).append(rows[unit])
        negated = [tuple(-entry for entry in row) for row in outside]
        # Full-dimensional and canonical: a point strictly inside, apart from off neurons that are zero everywhere.
        strictly = [*inside, *(row for row in negated if any(row))]
        open_cell = Polyhedron(space.hrep).intersect(Polyhedron.of(network.inputs, strict=strictly))
        interior = Polyhedron.of(network.inputs, strict=(*open_cell.hrep.rows, *open_cell.hrep.strict))
        if interior.is_empty:
            continue
        cell = Polyhedron(space.hrep).intersect(Polyhedron.of(network.inputs, [*inside, *negated]))
        fires = cell
        for condition in prop.conditions:
            kept = (
                network.layers[condition.layer].kept(choice[condition.layer])
                if condition.after_relu
                else (True,) * network.layers[condition.layer].outputs
            )
            rows = maps[condition.layer].augmented().rows
            row = [condition.constant, *[0] * network.inputs]
            for unit, coefficient in condition.terms:
                if kept[unit]:
                    row = [total + coefficient * entry for total, entry in zip(row, rows[unit], strict=True)]
            fires = fires.intersect(
                Polyhedron.of(network.inputs, strict=[row]) if condition.strict else Polyhedron.of(network.inputs, [row])
            )
        if not fires.is_empty:
            found[pattern] = cell
    return found
