"""ReLU networks with exact weights: layers, forward evaluation, activation patterns, affine maps.

A network is a chain of layers ``z_k = W_k a_{k-1} + b_k``, ``a_k = ReLU(z_k)`` on the units that carry a ReLU and
``a_k = z_k`` on the others (linear lanes).  What the literature calls an MLP block (up-projection, ReLU, down-projection)
is two layers: one with ReLU, one without.  All of this is about the real-valued function of the stored
weights, never about a float implementation of it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from exactzones.affine import AffineMap
from exactzones.deprecated import renamed_argument
from exactzones.errors import DimensionError, FeatureError, InexactError, InputError, quoted
from exactzones.layer import Layer
from exactzones.notation import counted, html_table
from exactzones.port import Port
from exactzones.property import as_cases
from exactzones.rational import Rationalization, Row, Vector, algebraic, entries, exact, flat_entries, index
from exactzones.rational import rationalize as to_rational
from exactzones.roundings import MADE_UP

__all__ = ["Latent", "Layer", "Network", "Pattern", "Port", "Slice", "regime_bound"]

Pattern: TypeAlias = tuple[str, ...]
"""One string per layer with ReLU units, one sign per such unit: ``+`` where the unit is on, ``-`` where it is off."""


@dataclass(frozen=True, slots=True)
class Latent:
    """A latent space: the input of layer ``layer`` (0 for the network's own input).

    Attributes:
        name: "input", "latent1", "latent2", ..
        layer: whose input it is.
        dim: its dimension.
    """

    name: str
    layer: int
    dim: int


class Slice(NamedTuple):
    """A slice of a network's input space.

    Attributes:
        whole: the network on all of the input space.
        embedding: from the slice's coordinates to the inputs.
    """

    whole: Network
    embedding: AffineMap

    def __str__(self) -> str:
        return f"a slice of {counted(self.embedding.outputs, 'input', 'inputs')}"


@dataclass(frozen=True)
class Network:
    """A chain of layers.

    Attributes:
        layers: each takes as many values as the layer before has units.
        rationalizations: the irrational weights that were replaced, each with its approximation and a bound of the error.
        input_ports: the model's inputs, if a reader knows them.
        output_ports: the model's outputs, if a reader knows them.
        slice: where the input space lies in a larger one, if ``compose`` made the network; else None.

    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> net([-3])
    (Fraction(2, 1),)
    """

    layers: tuple[Layer, ...]
    rationalizations: tuple[Rationalization, ...] = field(default=(), compare=False)
    input_ports: tuple[Port, ...] = field(default=(), compare=False)
    output_ports: tuple[Port, ...] = field(default=(), compare=False)
    slice: Slice | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.layers, tuple) or not all(isinstance(layer, Layer) for layer in self.layers):
            raise InputError(f"layers are {quoted(self.layers)}; write Network.mlp([(weight, bias), ..]), or Network.of(..)")
        if not self.layers:
            raise InputError("a network needs at least one layer")
        for k, (before, layer) in enumerate(zip(self.layers, self.layers[1:], strict=False), start=1):
            if layer.inputs != before.outputs:
                raise DimensionError(f"input of layer {k}", expected=before.outputs, got=layer.inputs)
        roots = sorted({number.radicand for layer in self.layers for number in layer.irrationals})
        if len(roots) > 1:
            raise InexactError(
                f"the weights have sqrt({roots[0]}) and sqrt({roots[1]}); a network calculates in one field Q(sqrt(D)): "
                "pass rationalize=DENOMINATOR to take nearby rationals"
            )

    @classmethod
    def of(cls, *layers: Layer | tuple[Any, Any, Any], rationalize: int | None = None) -> Network:
        """Build a network from layers or from triples (weight, bias, relu).

        Args:
            layers: see ``Layer.of``.
            rationalize: replace irrational numbers by the closest rationals with denominators up to this, and record them in
                ``rationalizations``.  By default irrational numbers are exact if all belong to one field Q(sqrt(D)), and are
                refused otherwise.

        Raises:
            InexactError: a number that is not finite, or irrational and not of the field.
            InputError: not layers, or layers that do not fit each other.
        """
        most = None if rationalize is None else index(rationalize, "rationalize", least=1)
        record: dict[str, Rationalization] = {}
        built = []
        for k, layer in enumerate(layers):
            if isinstance(layer, Layer):
                built.append(layer)
                continue
            weight, bias, relu = _parts(layer, f"layer {k}", ("weight", "bias", "relu"))
            if most is not None:
                rows = entries(weight, f"layer {k} weight", "a list of rows")
                weight = [[_approximate(e, most, record) for e in entries(row, "row", "a list of numbers")] for row in rows]
                listed = None if bias is None else entries(bias, f"layer {k} bias", "a list of numbers")
                bias = None if listed is None else [_approximate(entry, most, record) for entry in listed]
            built.append(Layer.of(weight, bias, relu=relu, what=f"layer {k}"))
        return cls(tuple(built), tuple(record.values()))

    @classmethod
    def mlp(cls, pairs: Iterable[tuple[Any, Any]], *, rationalize: int | None = None) -> Network:
        """Build a network from pairs (weight, bias), with a ReLU between the layers and none after the last.

        Args:
            pairs: shapes (units, inputs) and (units,); see ``Layer.of``.
            rationalize: see ``of``.
        """
        if isinstance(pairs, (str, dict)) or not isinstance(pairs, Iterable):
            raise InputError(f"layers are {quoted(pairs)}; write Network.mlp([(weight, bias), (weight, bias)])")
        listed = [_parts(pair, f"layer {k}", ("weight", "bias")) for k, pair in enumerate(pairs)]
        return cls.of(*((w, b, k < len(listed) - 1) for k, (w, b) in enumerate(listed)), rationalize=rationalize)

    def rationalized(self, max_denominator: int) -> Network:
        """Return the network with irrational weights replaced by the closest rationals of bounded denominator.

        Args:
            max_denominator: the largest denominator of these rationals.

        >>> net = Network.of(([["sqrt(3)/2"]], [0], True))
        >>> print(net.rationalized(100).rationalizations[0])
        sqrt(3)/2 taken as 84/97 (off by at most 4.6e-05)
        """
        most = index(max_denominator, "max_denominator", least=1)
        layers = ((layer.weight.rows, layer.bias, layer.relu) for layer in self.layers)
        found = Network.of(*layers, rationalize=most)
        return Network(found.layers, (*self.rationalizations, *found.rationalizations))

    @property
    def is_rational(self) -> bool:
        """Whether no weight is irrational."""
        return not any(layer.irrationals for layer in self.layers)

    @property
    def inputs(self) -> int:
        """Dimension of the input space."""
        return self.layers[0].inputs

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of units of each layer."""
        return tuple(layer.outputs for layer in self.layers)

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """The named latent spaces: the input, and the output of each down-projection (a layer without ReLU, except the last)."""
        found = [Latent("input", 0, self.inputs)]
        for k, layer in enumerate(self.layers[:-1], start=1):
            if not layer.relu_units:
                found.append(Latent(f"latent{len(found)}", k, layer.outputs))
        return tuple(found)

    def latent(self, name: str) -> Latent:
        """Return a latent space by name.

        Raises:
            FeatureError: the network has no such latent space; the message lists those that it has.
        """
        for latent in self.latents:
            if isinstance(name, str) and latent.name == name:
                return latent
        raise FeatureError(
            f"no latent space {quoted(name)}; this network has {', '.join(latent.name for latent in self.latents)}"
        )

    def tail(self, layer: int) -> Network:
        """Return the network from layer ``layer`` on, whose input space is that layer's input.

        Raises:
            FeatureError: no such layer.
        """
        if not 0 <= index(layer, "layer") < len(self.layers):
            raise FeatureError(f"layer {layer} does not exist: the network's layers are 0 to {len(self.layers) - 1}")
        return Network(self.layers[layer:], self.rationalizations)

    def compose(self, embedding: AffineMap) -> Network:
        """Return the network ``x -> self(embedding(x))``, exactly: an affine slice of the input space.

        Args:
            embedding: from any space into this network's input space.

        Raises:
            DimensionError: the embedding does not end in this network's input space.
        """
        if not isinstance(embedding, AffineMap):
            raise InputError(f"embedding is {quoted(embedding)}; write AffineMap.of(matrix, offset), or .through(point, ..)")
        if embedding.outputs != self.inputs:
            raise DimensionError("codomain of the embedding", expected=self.inputs, got=embedding.outputs, size="dimension")
        first = self.layers[0]
        composed = first.affine.after(embedding)
        layer = Layer(composed.matrix, composed.offset, first.relu, MADE_UP)
        whole, inner = (self, embedding) if self.slice is None else (self.slice.whole, self.slice.embedding.after(embedding))
        return Network((layer, *self.layers[1:]), self.rationalizations, slice=Slice(whole, inner))

    @renamed_argument("entries", "coordinates")
    def point(self, coordinates: Any) -> Vector:
        """Return an exact point of the input space.

        Args:
            coordinates: a sequence, an array or a tensor of numbers, shape (inputs,), or text such as "1/2,3".

        Raises:
            DimensionError: not one number per input.
            InexactError: a coordinate that is not an exact number.
            InputError: not a sequence of numbers.

        >>> Network.mlp([([[1, 2]], [0])]).point("1/2,3")
        (Fraction(1, 2), Fraction(3, 1))
        """
        numbers = "number" if self.inputs == 1 else "numbers"
        listed = flat_entries(coordinates, "point", f"a sequence of {self.inputs} {numbers}")
        if len(listed) != self.inputs:
            raise DimensionError("point", expected=self.inputs, got=len(listed))
        return tuple(algebraic(entry, f"coordinate {k}") for k, entry in enumerate(listed))

    def trace(self, point: Any) -> tuple[Vector, ...]:
        """Return the pre-activations of every layer at a point, exactly."""
        values = self.point(point)
        trace = []
        for layer in self.layers:
            trace.append(layer.affine(values))
            values = layer.activate(trace[-1])
        return tuple(trace)

    def __call__(self, point: Any) -> Vector:
        """Return the output at a point, exactly."""
        return self.layers[-1].activate(self.trace(point)[-1])

    def pattern(self, point: Any, horizon: int | None = None) -> Pattern:
        """Return the activation pattern at a point, for the first ``horizon`` layers (by default all but the last).

        A pre-activation of exactly zero counts as off.
        """
        before = len(self.layers) - 1 if horizon is None else index(horizon, "horizon", least=0)
        pairs = zip(self.layers[:before], self.trace(point), strict=False)
        return tuple(layer.signs(values) for layer, values in pairs if layer.relu_units)

    def regime_maps(self, pattern: Pattern, horizon: int) -> tuple[AffineMap, ...]:
        """Return the maps from the input to each layer's pre-activations in the regime of ``pattern``.

        Args:
            pattern: signs for the first ``horizon`` layers.
            horizon: maps are returned for the layers up to and including this one, if it exists.
        """
        expected = sum(1 for layer in self.layers[:horizon] if layer.relu_units)
        if len(pattern) != expected:
            raise DimensionError("activation pattern", expected=expected, got=len(pattern))
        maps = []
        signs = iter(pattern)
        current: AffineMap | None = None
        for k, layer in enumerate(self.layers[: horizon + 1]):
            maps.append(layer.affine if current is None else layer.affine.after(current))
            if k < horizon:
                current = maps[-1].keeping(layer.kept(next(signs) if layer.relu_units else ""))
        return tuple(maps)

    def neuron_rows(self, maps: Sequence[AffineMap]) -> tuple[tuple[int, int, Row], ...]:
        """Return per neuron (layer, unit, row): its pre-activation in a regime is a positive multiple of ``row . (1, x)``.

        Args:
            maps: of the regime, as ``regime_maps`` returns them, for as many layers as are wanted.
        """
        found = []
        for k, (layer, mapping) in enumerate(zip(self.layers, maps, strict=False)):
            rows = mapping.augmented().integer_rows()
            found += [(k, unit, rows[unit]) for unit in layer.relu_units]
        return tuple(found)

    def affine_map(self, pattern: Pattern) -> AffineMap:
        """Return the affine map from the input to the last layer's pre-activations in the regime of ``pattern``.

        Args:
            pattern: signs for all layers but the last.
        """
        return self.regime_maps(pattern, len(self.layers) - 1)[-1]

    def satisfies(self, point: Any, prop: Any) -> bool:
        """Tell whether a property holds at a point, by exact forward evaluation.

        Args:
            point: exact numbers, shape (inputs,).
            prop: a property, a disjunction, or the number of a feature.
        """
        cases = [case.resolve(self.widths) for case in as_cases(prop)]
        read = [(condition.layer, unit) for case in cases for condition in case.conditions for unit, _ in condition.terms]
        last = max((layer for layer, _ in read), default=0)  # of this layer only the units that are read are evaluated
        trace = Network(self.layers[:last]).trace(point) if last else ()
        values = self.layers[last - 1].activate(trace[-1]) if last else self.point(point)
        units = {unit for layer, unit in read if layer == last}
        values_of: dict[int, Any] = {**dict(enumerate(trace)), last: self.layers[last].values_of(units, values)}
        relu = [layer.relu for layer in self.layers]
        return any(all(c.holds_at(values_of.get(c.layer, ()), relu[c.layer]) for c in case.conditions) for case in cases)

    def save(self, path: str | Path) -> None:
        """Write the network to a file; the suffix says how: see ``save_network``.

        Args:
            path: ends in .json, which holds any network, or in .npz or .onnx, which hold weights that are floats.

        Raises:
            FormatError: another suffix.
            InputError: the format cannot hold the network exactly, or the file cannot be written.
        """
        import_module("exactzones.models").save_network(self, path)  # imported by name: models is on a floor above

    def __repr__(self) -> str:
        relu = f"{sum(len(layer.relu_units) for layer in self.layers)} ReLU units"
        return f"Network({'-'.join(map(str, (self.inputs, *self.widths)))}, {relu}{f', {self.slice}' if self.slice else ''})"

    def _repr_html_(self) -> str:
        counts = [(k, layer.inputs, layer.outputs, len(layer.relu_units)) for k, layer in enumerate(self.layers)]
        rows = [tuple(map(str, (*row, row[2] - row[3]))) for row in counts]
        spaces = ", ".join(f"{latent.name} (R^{latent.dim})" for latent in self.latents)
        header = ("layer", "inputs", "units", "with ReLU", "linear lanes")
        where = f" on {self.slice}" * (self.slice is not None)
        return f"<p>Network with exact weights{where}; spaces: {spaces}</p>{html_table(rows, header)}"

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the exact weights: of the text that ``canonical_text`` returns."""
        digest = hashlib.sha256()
        for line in self._canonical_lines():
            digest.update(line.encode())
        return digest.hexdigest()

    def canonical_text(self) -> str:
        """Return the network as text: for each layer ``outputs inputs mask``, then for each unit ``weights | bias``.

        Numbers are "p/q" or "p"; irrational ones "a+b*sqrt(D)".
        """
        return "".join(self._canonical_lines())

    def _canonical_lines(self) -> Iterator[str]:
        return chain(["exactzones-network-1\n"], *(layer.lines() for layer in self.layers))


def regime_bound(units: int, dim: int) -> int:
    """Return the largest number of regimes of a layer of ``units`` ReLU units on R^dim: ``sum_{k <= dim} C(units, k)``.

    Source: Schläfli's count of the regions of a hyperplane arrangement; Zaslavsky 1975.

    Args:
        units: how many hyperplanes.
        dim: dimension of the space.

    >>> regime_bound(10, 2)
    56
    """
    count = index(units, "number of units", least=0)
    return sum(math.comb(count, k) for k in range(index(dim, "dimension", least=0) + 1))


def _parts(layer: Any, what: str, names: Sequence[str]) -> tuple[Any, ...]:
    """Return the parts of a layer that is written as a tuple."""
    if not isinstance(layer, (tuple, list)) or len(layer) != len(names):
        raise InputError(f"{what} is {quoted(layer)}; expected ({', '.join(names)})")
    return tuple(layer)


def _approximate(entry: Any, max_denominator: int, record: dict[str, Rationalization]) -> Any:
    try:
        return exact(entry)
    except InputError:
        taken = to_rational(entry, max_denominator)
        record[taken.expression] = taken
        return taken.value
