"""Signs that floats cannot decide: exact rows, exact generators, both cached.

Hyperplanes have ids: 0 is infinity, then the rows of the domain, then the neurons layer by layer (all units are counted,
linear lanes too).  The row of a neuron depends on the regime of the layers before it, its *prefix*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache

from exactzones.affine import AffineMap
from exactzones.network import Layer
from exactzones.rational import Row, Vector, integer_dot, nullspace


class ExactSigns:
    """Exact rows and generators of the cells of a network on the section of its input space that the engine works in.

    Args:
        layers: the layers that are cut, in section coordinates (see ``zones.start``); behind them may come one that is not.
        domain: the rows of the domain, in section coordinates.
        dim: dimension of the section.
    """

    def __init__(self, layers: Sequence[Layer], domain: Sequence[Row], dim: int) -> None:
        self.layers, self.domain, self.dim = layers, domain, dim
        self.base = [1 + len(domain)]  # id of each layer's first neuron
        for layer in layers:
            self.base.append(self.base[-1] + layer.outputs)
        self.ids = self.base[-1]
        self._layer_of = [k for k, layer in enumerate(layers) for _ in range(layer.outputs)]
        self.maps = lru_cache(maxsize=4096)(self._maps)
        self.layer_rows = lru_cache(maxsize=4096)(self._layer_rows)
        self.generator_line = lru_cache(maxsize=65536)(self._generator_line)
        self._at = lru_cache(maxsize=65536)(self._values_at)

    def _maps(self, prefix: bytes) -> tuple[AffineMap, ...]:
        """Return the maps to the pre-activations of layers 0 .. k, for the states (1 on, 0 off) of the units before k."""
        maps = [self.layers[0].affine] if self.layers else []
        used = 0
        for layer, following in zip(self.layers, self.layers[1:], strict=False):
            if used == len(prefix):
                break
            kept = tuple(bool(state) for state in prefix[used : used + layer.outputs])
            used += layer.outputs
            maps.append(following.affine.after(maps[-1].keeping(kept)))
        return tuple(maps)

    def _layer_rows(self, prefix: bytes) -> list[Row]:
        return self.maps(prefix)[-1].augmented().integer_rows()

    def row(self, prefix: bytes, identity: int) -> Row:
        """Return the integer row of a hyperplane in the regime of a prefix, up to a positive factor."""
        if identity == 0:
            return (1, *(0,) * self.dim)
        if identity < self.base[0]:
            return self.domain[identity - 1]
        layer = self._layer_of[identity - self.base[0]]
        before = self.base[layer] - self.base[0]
        return self.layer_rows(prefix[:before])[identity - self.base[layer]]

    def _generator_line(self, prefix: bytes, tight: tuple[int, ...]) -> Row:
        """Return a vector that spans the line on which d hyperplanes meet."""
        (line,) = nullspace([self.row(prefix, identity) for identity in tight], self.dim + 1)
        return line

    def generator(self, prefix: bytes, tight: tuple[int, ...], facets: Callable[[], Sequence[Row]]) -> Row:
        """Return the generator of a cell at which d hyperplanes are tight.

        Args:
            prefix: states of the units of the layers before the last one that matters.
            tight: ids of the hyperplanes.
            facets: returns rows that are >= 0 on the cell, enough of them to make it pointed; asked for only where the
                hyperplanes meet at infinity (which may happen without the hyperplane at infinity: parallel ones do).
        """
        line = self.generator_line(prefix[: self._reads(tight[-1])], tight)
        height = line[0] or next((value for value in (integer_dot(row, line) for row in facets()) if value), 0)
        return line if height > 0 else tuple(-entry for entry in line)

    def _reads(self, identity: int) -> int:
        """Return how much of a prefix the row of a hyperplane depends on."""
        return self.base[self._layer_of[identity - self.base[0]]] - self.base[0] if identity >= self.base[0] else 0

    def signs(self, layer: int, generator: Row) -> bytes:
        """Return the signs of a layer's units at a generator, 1 positive, 2 negative, 0 zero, by exact forward evaluation.

        The generator is a point or a direction (x_0, x) of the cone over R^d, and so is what the network makes of it, its biases
        multiplied by x_0.  On a cell the network is the affine map of the cell's regime, also at the cell's boundary and, by
        homogeneity, along its rays: the signs do not depend on which of the cells around the generator it is looked at from.
        """
        return self._at(layer, generator)[0]

    def _values_at(self, layer: int, generator: Row) -> tuple[bytes, Vector]:
        """Return the signs of a layer's pre-activations and the values of its activations."""
        before = self._at(layer - 1, generator)[1] if layer else tuple(map(Fraction, generator[1:]))
        chosen, height = self.layers[layer], generator[0]
        values = tuple(v + height * b for v, b in zip(chosen.weight @ before, chosen.bias, strict=True))
        return bytes(1 if v > 0 else 2 if v < 0 else 0 for v in values), chosen.activate(values)

    def domain_signs(self, generator: Row) -> bytes:
        """Return the signs of the domain's rows at a generator, as ``signs``."""
        values = (integer_dot(row, generator) for row in self.domain)
        return bytes(1 if v > 0 else 2 if v < 0 else 0 for v in values)
