"""Count the different affine maps of a network on its zones, without computing them exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.engine.frontier import Integers, States
from exactzones.engine.inequality_leaf import InequalityLeaf
from exactzones.engine.leaf import Leaf
from exactzones.engine.residues import Modulus
from exactzones.network import Layer
from exactzones.threads import one_thread
from exactzones.zone import Zone

_BATCH = 1 << 17  # numbers in one batch


@one_thread
def count_maps(zones: Sequence[Zone]) -> int:
    """Return the number of different affine maps from the input to the property's last pre-activations.

    Args:
        zones: zones of one network and property, found by one search.
    """
    leaves = [zone.source for zone in zones if isinstance(zone.source, (Leaf, InequalityLeaf))]
    if not leaves or len(leaves) < len(zones):
        return len({zone.affine for zone in zones})
    network, last = zones[0].network, max(condition.layer for condition in zones[0].prop.conditions)
    leading = next(k for k, layer in enumerate(network.layers) if layer.relu_units)
    chain = (leaves[0].arrangement.layers[0], *network.layers[leading + 1 : last + 1])
    prefix = np.frombuffer(b"".join(leaf.prefix for leaf in leaves), np.uint8).reshape(len(leaves), -1)
    return len(np.unique(equal_maps(chain, prefix)))


def equal_maps(layers: Sequence[Layer], prefix: States) -> Integers:
    """Return a number for each regime of a chain of layers; regimes have the same number iff their affine maps are equal.

    Multiplied by the product D of all denominators, the entries of the maps are integers of absolute value at most D B.  So maps
    are equal if they agree modulo primes whose product is greater than 2 D B, and different if they differ modulo a prime.

    Args:
        layers: the input of each is the output of the previous one.
        prefix: (P, units) states of the units, layer by layer; units missing at the end count as on.

    Returns:
        Shape (P,).
    """
    scale, size = 2, Fraction(1)
    for layer in layers:
        rows = [(*row, b) for row, b in zip(layer.weight.rows, layer.bias, strict=True)]
        scale *= math.lcm(*(entry.denominator for row in rows for entry in row))
        size = max(Fraction(1), size) * max(sum(map(abs, row), start=Fraction(0)) for row in rows)
    at_point = _residues(Modulus(layers), layers, prefix, at_point=True)[:, 0]
    _, names, counts = np.unique(at_point, return_inverse=True, return_counts=True)  # most maps differ at a random point
    product, below, unsettled = 1, None, np.flatnonzero(counts[names] > 1)
    while product <= scale * size and len(unsettled):
        modulus = Modulus(layers, below)
        product, below = product * modulus.prime, modulus.prime
        residues = np.concatenate([names[unsettled, None], _residues(modulus, layers, prefix[unsettled])], axis=1)
        _, groups, counts = np.unique(residues, axis=0, return_inverse=True, return_counts=True)
        names[unsettled] = groups + names.max() + 1
        unsettled = unsettled[counts[groups] > 1]
    return names


def _residues(modulus: Modulus, layers: Sequence[Layer], prefix: States, *, at_point: bool = False) -> Integers:
    """Return the maps modulo a prime, or just one of their outputs at a random point, a row for each regime."""
    width = layers[0].inputs + 1
    inputs, weights = np.roll(np.eye(width), -1, axis=1), list(modulus.weights)
    if at_point:
        inputs = np.append(np.random.default_rng(0).integers(1, modulus.prime, width - 1).astype(float), 1.0)[None]
        inputs, weights[-1] = modulus.reduced(inputs), weights[-1][:1]
    constant = inputs[:, -1:]
    first = modulus.reduced(inputs @ weights[0].T)
    size = max(1, _BATCH // (len(inputs) * max(max(layer.inputs, layer.outputs) + 1 for layer in layers)))
    batches = []
    for start in range(0, len(prefix), size):
        states: Any = prefix[start : start + size]
        rows, group = first[None], np.zeros(len(states), np.int64)
        for weight in weights[1:]:
            units = rows.shape[2]
            kept, states = states[:, :units], states[:, units:]
            differs = np.append(True, (kept[1:] != kept[:-1]).any(axis=1) | (group[1:] != group[:-1]))
            rows = rows[group[differs]] * kept[differs][:, None] if kept.size else rows[group[differs]]
            maps = np.concatenate([rows, np.broadcast_to(constant, (*rows.shape[:2], 1))], axis=2)
            rows = modulus.reduced(maps.reshape(-1, maps.shape[2]) @ weight.T).reshape(*maps.shape[:2], -1)
            group = np.cumsum(differs) - 1
        batches.append((rows % modulus.prime).astype(np.int64).reshape(len(rows), -1)[group])
    return np.concatenate(batches)
