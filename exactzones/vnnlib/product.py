"""Networks made of networks: side by side, and with the inputs repeated among the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.rational import Matrix, Vector


def carrying_inputs(network: Network) -> Network:
    """Return the network ``x -> (network(x), x)``: linear lanes carry the inputs to the last layer.

    Args:
        network: with n inputs and m outputs; the result has n inputs and m + n outputs.

    >>> carrying_inputs(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])]))([-3])
    (Fraction(2, 1), Fraction(-3, 1))
    """
    lanes = network.inputs
    first, *others = network.layers
    identity = Matrix.identity(lanes)
    layers = [_with_lanes(first, first.weight.stack(identity), lanes)]
    layers += [_with_lanes(layer, _diagonal([layer.weight, identity]), lanes) for layer in others]
    return Network(tuple(layers), network.rationalizations)


def _with_lanes(layer: Layer, weight: Matrix, lanes: int) -> Layer:
    return Layer(weight, (*layer.bias, *_zeros(lanes)), (*layer.relu, *(False,) * lanes))


def _diagonal(blocks: Sequence[Matrix]) -> Matrix:
    """Return the block diagonal matrix."""
    width, before, rows = sum(block.shape[1] for block in blocks), 0, []
    for block in blocks:
        after = width - before - block.shape[1]
        rows += [(*_zeros(before), *row, *_zeros(after)) for row in block.rows]
        before += block.shape[1]
    return Matrix.of(rows)


def _zeros(count: int) -> Vector:
    return (Fraction(0),) * count
