"""Signs that floats cannot decide, from exact rows and exact generators, which are cached.

Hyperplanes have ids: 0 is the hyperplane at infinity, then come the rows of the domain, then the neurons layer by layer (all
units are counted, pass-through units as well).  The row of a neuron depends on the regime of the layers before it, its *prefix*.

All arithmetic is on integers: a layer is the matrix that takes (1, a) to (1, z), times its common denominator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from exactzones.network import Layer
from exactzones.rational import IntegerMatrix, Row, common_zero, integer_dot, primitive


class ExactSigns:
    """Exact rows and generators of a network's cells, on the section of the input space in which the engine works.

    Args:
        layers: the layers that cut, in section coordinates (see ``engine.starting_cones``), with a target layer at the end if
            there is a target.
        domain: the rows of the domain, in section coordinates.
        dim: dimension of the section.

    Attributes:
        base: the id of each layer's first neuron; the last entry is the number of ids.
        ids: the number of ids.
    """

    def __init__(self, layers: Sequence[Layer], domain: Sequence[Row], dim: int) -> None:
        self.layers, self.domain, self.dim = layers, domain, dim
        self.base = [1 + len(domain)]
        for layer in layers:
            self.base.append(self.base[-1] + layer.outputs)
        self.ids = self.base[-1]
        self._layer_of = [k for k, layer in enumerate(layers) for _ in range(layer.outputs)]
        self._layers: dict[int, IntegerMatrix] = {}
        self._units: dict[int, list[IntegerMatrix]] = {}
        self._before_relu = lru_cache(maxsize=4096)(self._values_on)
        self._inputs = lru_cache(maxsize=4096)(self._inputs_on)
        self._neuron_row = lru_cache(maxsize=65536)(self._row_of_neuron)
        self._line = lru_cache(maxsize=65536)(self._solved)
        self._at = lru_cache(maxsize=65536)(self._values_at)

    def _lifted(self, layer: int) -> IntegerMatrix:
        """Return a layer as the matrix from (1, activations) to (1, pre-activations), times a positive integer."""
        if layer not in self._layers:
            self._layers[layer] = self.layers[layer].weight.lifted(self.layers[layer].bias)
        return self._layers[layer]

    def _next_layer(self, prefix: bytes) -> int:
        """Return the layer that follows a prefix."""
        return self._layer_of[len(prefix)]

    def _values_on(self, prefix: bytes) -> IntegerMatrix:
        """Return (1, pre-activations) of the layer that follows a prefix as functions of (1, x), times a positive integer."""
        layer = self._next_layer(prefix)
        return self._lifted(layer) @ self._inputs(prefix) if layer else self._lifted(layer)

    def _inputs_on(self, prefix: bytes) -> IntegerMatrix:
        """Return the input of the layer that follows this prefix as a function of (1, x); the layer is not the first."""
        width = self.layers[self._next_layer(prefix) - 1].outputs
        return self._before_relu(prefix[:-width]).keeping((1, *prefix[-width:]))

    def _value_on(self, prefix: bytes, unit: int) -> IntegerMatrix:
        """Return one row of ``_values_on``."""
        layer = self._next_layer(prefix)
        if layer not in self._units:
            self._units[layer] = self._lifted(layer).parts()
        function = self._units[layer][unit]
        if layer and self.layers[layer].outputs == 1:  # the target's layer: each leaf has inputs of its own
            width = self.layers[layer - 1].outputs
            return function.reading((1, *prefix[-width:])) @ self._before_relu(prefix[:-width])
        return function @ self._inputs(prefix) if layer else function

    def _row_of_neuron(self, prefix: bytes, identity: int) -> Row:
        """Return the row of a neuron, given the states of the layers before it."""
        return primitive(self._value_on(prefix, identity - self.base[0] - len(prefix) + 1).row(0))

    def target(self, prefix: bytes) -> tuple[Row, int]:
        """Return (row, s): the pre-activation of the target layer's only unit is ``row . (1, x) / s``."""
        width = self.layers[-2].outputs
        layer = self._lifted(len(self.layers) - 1).reading((1, *prefix[-width:])) @ self._before_relu(prefix[:-width])
        return layer.row(1), layer.row(0)[0]

    def row(self, prefix: bytes, identity: int) -> Row:
        """Return the integer row of a hyperplane in the regime of a prefix, up to a positive factor."""
        if identity == 0:
            return (1, *(0,) * self.dim)
        if identity < self.base[0]:
            return self.domain[identity - 1]
        return self._neuron_row(prefix[: self.reads(identity)], identity)

    def multiple(self, prefix: bytes, identity: int) -> IntegerMatrix:
        """Return a hyperplane's row, (1, d + 1), times a positive factor that depends on its id only, which is not 0."""
        if identity < self.base[0]:
            return IntegerMatrix.of([self.domain[identity - 1]])
        before = prefix[: self.reads(identity)]
        return self._value_on(before, identity - self.base[0] - len(before) + 1)

    def reads(self, identity: int) -> int:
        """Return the length of the prefix that the row of a hyperplane depends on."""
        return self.base[self._layer_of[identity - self.base[0]]] - self.base[0] if identity >= self.base[0] else 0

    def _solved(self, prefix: bytes, tight: tuple[int, ...]) -> Row:
        """Return a homogeneous vector that spans the intersection of d hyperplanes; for a point x, a positive multiple."""
        line = common_zero([self.row(prefix, identity) for identity in tight])
        return line if line[0] >= 0 else tuple(-entry for entry in line)

    def generator(self, prefix: bytes, tight: tuple[int, ...], facets: Callable[[], Sequence[Row]]) -> Row:
        """Return the generator of a cell at which d hyperplanes are tight.

        The generator does not depend on the states of tight neurons: if such a state changes, the rows of later neurons change
        by multiples of the tight neuron's row, so the rows of the tight set span the same space.  So all cells around a generator
        share it.

        Args:
            prefix: the states of the units; at least those of the layers on which the last hyperplane depends.
            tight: the sorted ids of the hyperplanes.
            facets: returns rows that are non-negative on the cell and make it pointed.  It is called only if the hyperplanes meet
                at infinity, which parallel hyperplanes do even if the hyperplane at infinity is not one of them.
        """
        shared, first = bytearray(prefix[: self.reads(tight[-1])]), self.base[0]
        for identity in tight:
            if first <= identity < first + len(shared):
                shared[identity - first] = 0
        line = self._line(bytes(shared), tight)
        if line[0] or next((value for value in (integer_dot(row, line) for row in facets()) if value), 0) > 0:
            return line
        return tuple(-entry for entry in line)

    def signs(self, layer: int, generator: Row) -> bytes:
        """Return the signs of a layer's units at a generator by exact evaluation: 1 positive, 2 negative, 0 zero.

        The generator is a point or a direction (x_0, x) of the cone over R^d, on which the network is evaluated with its biases
        multiplied by x_0.  On a closed cell the network is the affine map of the cell's regime, by homogeneity along its rays as
        well.  So the signs are the same for all cells around the generator.
        """
        return self._at(layer, generator)[0]

    def _values_at(self, layer: int, generator: Row) -> tuple[bytes, IntegerMatrix]:
        """Return the signs of a layer's pre-activations, and (x_0, activations), times a positive integer."""
        before = self._at(layer - 1, generator)[1] if layer else IntegerMatrix.column(generator)
        signs, after = (self._lifted(layer) @ before).activated((False, *self.layers[layer].relu))
        return signs[1:], after

    def domain_signs(self, generator: Row) -> bytes:
        """Return the signs of the domain's rows at a generator, coded as by ``signs``."""
        values = (integer_dot(row, generator) for row in self.domain)
        return bytes(1 if v > 0 else 2 if v < 0 else 0 for v in values)
