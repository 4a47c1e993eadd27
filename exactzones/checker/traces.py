"""The exact evaluation of a network at many points."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from exactzones.network import Network
from exactzones.rational import IntegerMatrix, Vector, integer_row

_FEW_WEIGHTS = 1 << 20  # of networks whose weights become integers


def traces(network: Network, points: Sequence[Vector]) -> list[tuple[Vector, ...]]:
    """Return ``Network.trace`` at each of several rational points; small networks need one product of integers per layer.

    >>> traces(Network.mlp([([["1/2"]], [0]), ([[1]], [1])]), [(Fraction(3),)])
    [((Fraction(3, 2),), (Fraction(5, 2),))]
    """
    weights = sum(layer.inputs * layer.outputs for layer in network.layers)
    if not points or not network.is_rational or weights > _FEW_WEIGHTS:
        return list(map(network.trace, points))
    values = IntegerMatrix.of(list(zip(*(integer_row((Fraction(1), *point)) for point in points), strict=True)))
    layers: list[list[Vector]] = []
    for layer in network.layers:
        scales, *rows = (layer.weight.lifted(layer.bias) @ values).rows()
        columns = zip(*rows, strict=True)
        layers.append([tuple([Fraction(entry, q) for entry in column]) for q, column in zip(scales, columns, strict=True)])
        after = ([max(entry, 0) for entry in row] if relu else row for row, relu in zip(rows, layer.relu, strict=True))
        values = IntegerMatrix.of([scales, *after])
    return list(zip(*layers, strict=True))
