"""Networks made of networks: side by side, and with the inputs repeated among the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from itertools import chain

from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.rational import Matrix, Vector
from exactzones.roundings import UnknownRoundings

_SEVERAL = UnknownRoundings("joins linear operations, and stands beside another layer; bounds for this are not implemented")


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


def ending_linearly(network: Network) -> Network:
    """Return the same function as a network whose last layer has no ReLU: after one with ReLUs comes an identity."""
    return network if not any(network.layers[-1].relu) else Network((*network.layers, _lanes(network)), network.rationalizations)


def joined(networks: Sequence[Network]) -> Network:
    """Return the network ``x -> (f(x), g(x), ..)`` of networks that take the same inputs; a single one is returned as it is.

    >>> net = Network.mlp([([[2]], [0])])
    >>> joined([net, Network.mlp([([[1]], [0]), ([[3]], [0])])])([-1])
    (Fraction(-2, 1), Fraction(0, 1))
    """
    return _combined(networks, shared=True)


def side_by_side(networks: Sequence[Network]) -> Network:
    """Return the network ``(x, y, ..) -> (f(x), g(y), ..)`` of networks f, g, ..; a single one is returned as it is.

    >>> net = Network.mlp([([[2]], [0])])
    >>> side_by_side([net, net])([-1, 3])
    (Fraction(-2, 1), Fraction(6, 1))
    """
    return _combined(networks, shared=False)


def _combined(networks: Sequence[Network], *, shared: bool) -> Network:
    if len(networks) == 1:
        return networks[0]
    depth = max(len(network.layers) for network in networks)
    layers = []
    for k, parts in enumerate(zip(*(_deepened(network, depth) for network in networks), strict=True)):
        weights = [part.weight for part in parts]
        weight = reduce(Matrix.stack, weights) if shared and k == 0 else _diagonal(weights)
        bias, relu = (tuple(chain.from_iterable(field)) for field in ((p.bias for p in parts), (p.relu for p in parts)))
        layers.append(Layer(weight, bias, relu, _roundings(parts)))
    return Network(tuple(layers), tuple(chain.from_iterable(network.rationalizations for network in networks)))


def _deepened(network: Network, depth: int) -> list[Layer]:
    """Return the layers, and then layers of linear lanes up to a depth."""
    return [*network.layers, *[_lanes(network)] * (depth - len(network.layers))]


def _lanes(network: Network) -> Layer:
    """Return a layer that passes the network's outputs on."""
    width = network.widths[-1]
    return Layer(Matrix.identity(width), _zeros(width), (False,) * width)


def _with_lanes(layer: Layer, weight: Matrix, lanes: int) -> Layer:
    return Layer(weight, (*layer.bias, *_zeros(lanes)), (*layer.relu, *(False,) * lanes), _roundings([layer]))


def _roundings(parts: Sequence[Layer]) -> UnknownRoundings | None:
    """Return the roundings of layers beside each other: of single operations they are those of the whole."""
    return None if all(part.roundings is None for part in parts) else _SEVERAL


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
