"""The claim of a certificate in integers, derived from the network, the property and the domain, never from the certificate."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain

import numpy as np

from exactzones.checker.arithmetic import Array, Weights, integers
from exactzones.checker.deployed import RoundingTerms
from exactzones.checker.records import Case, family_of, integer_condition, require_rational
from exactzones.checker.sparse_weights import SparseWeights
from exactzones.errors import DimensionError, InputError
from exactzones.network import Layer, Network
from exactzones.property import Condition
from exactzones.rational import SparseRows
from exactzones.rational.blocks import SparseFloats
from exactzones.rational.float_formats import FloatArithmetic

_MOST_BOXES = 8  # domains whose bounds are kept


class LayerUnits:
    """A layer's units, in the forms that products need; each is made when it is first needed.

    Attributes:
        relu: which units have a ReLU.
        rounding: the rounding errors; None if the claim is about real arithmetic.
    """

    def __init__(self, layer: Layer, arithmetic: FloatArithmetic | None = None, what: str = "") -> None:
        self._layer = layer
        self.relu = np.array(layer.relu, bool)
        self.rounding = None if arithmetic is None else RoundingTerms(layer, arithmetic, what)

    @cached_property
    def affine(self) -> Weights:
        """``(bias | weight)`` as an exact matrix."""
        weight, bias = self._layer.weight, self._layer.bias
        sparse = None if weight.sparse_form is None else SparseWeights(weight.sparse_form, bias)
        return sparse if sparse is not None and sparse.is_short else Weights(weight, bias)

    @cached_property
    def floats(self) -> tuple[Array, Array | SparseFloats]:
        """The nearest floats of biases and weights, for provers."""
        return self.affine.split_floats()

    def of(self, units: Sequence[int]) -> LayerUnits:
        """Return the layer of these units only, in real arithmetic."""
        layer = self._layer
        bias, relu = tuple(layer.bias[k] for k in units), tuple(layer.relu[k] for k in units)
        return LayerUnits(Layer(layer.weight.take(units), bias, relu))


class Lowered:
    """A network in the forms that claims about it need, which are made once for all of them."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._layers: dict[tuple[int, FloatArithmetic | None], LayerUnits] = {}
        self._boxes: dict[tuple[SparseRows, int], tuple[Array, Array, Array, Array]] = {}

    def layer(self, k: int, arithmetic: FloatArithmetic | None) -> LayerUnits:
        """Return the units of a layer."""
        if (k, arithmetic) not in self._layers:
            self._layers[k, arithmetic] = LayerUnits(self._network.layers[k], arithmetic, f"layer {k}")
        return self._layers[k, arithmetic]

    def box(self, rows: SparseRows, bits: int) -> tuple[Array, Array, Array, Array]:
        """Return what ``Claim.box`` returns, for the inputs only."""
        if (rows, bits) not in self._boxes:
            if len(self._boxes) >= _MOST_BOXES:
                self._boxes.clear()
            self._boxes[rows, bits] = _box(rows, self._network.inputs, bits)
        return self._boxes[rows, bits]


@dataclass(frozen=True)
class Target:
    """The negation -g of a condition ``g > 0`` (or >= 0), with integer coefficients.  Proofs bound it from below.

    Attributes:
        layer: whose values it reads.
        after_relu: whether it reads them after the ReLU.
        coefficients: Python integers, shape (units,).
        constant: minus the condition's constant, scaled like the coefficients.
        strict: whether the condition is strict.
    """

    layer: int
    after_relu: bool
    coefficients: Array
    constant: Fraction
    strict: bool

    @classmethod
    def of(cls, condition: Condition, units: Sequence[int]) -> Target:
        """Return the negation of a condition on the layer of these units."""
        place = {unit: k for k, unit in enumerate(units)}
        terms = tuple((place[unit], coefficient) for unit, coefficient in condition.terms)
        coefficients, constant = integer_condition(replace(condition, terms=terms), len(units))
        return cls(condition.layer, condition.after_relu, -np.array(coefficients, object), -constant, condition.strict)


class Claim:
    """What one tree is about, in integers: cases with the same polyhedron that are decided by the same hidden layers.

    Units are numbered consecutively: first the inputs, then the units of each hidden layer that decides the properties.

    Args:
        network: the network.
        cases: conjunctions on one polyhedron, each of which is claimed to hold nowhere on it.
        bits: number of fractional bits of fixed-point numbers.
        lowered: the network in the forms that claims need.

    Attributes:
        inputs: number of inputs.
        rows: of the polyhedron.
        horizon: number of hidden layers that decide the properties.
        layers: these layers, and the next one if a condition reads its pre-activations: in real arithmetic the units that are
            read only.
        offsets: the first unit of the inputs (0) and of each hidden layer, then the number of all units.
        units: number of inputs and hidden units.
        relu: which of them have a ReLU, shape (units,).
        targets: for each case the negations of its conditions.
        sizes: bounds on the absolute values of all units that hold on the whole domain; None in real arithmetic.

    Raises:
        DimensionError: a row of the domain that does not fit the network.
        FeatureError: a layer or unit that the network does not have.
        InexactError: an irrational number; certificates are about rational numbers only.
        InputError: a network or domain about which nothing can be proved in the arithmetic.
    """

    def __init__(self, network: Network, cases: Sequence[Case], bits: int, lowered: Lowered) -> None:
        require_fitting(network, cases)
        self.inputs, self.bits, self.rows = network.inputs, bits, cases[0].rows
        self.horizon = family_of(network, cases[0])[1]
        conditions = [case.prop.resolve(network.widths).conditions for case in cases]
        arithmetic = FloatArithmetic.of(cases[0].arithmetic)
        self.layers = [lowered.layer(k, arithmetic) for k in range(self.horizon)]
        read: Sequence[int] = sorted({u for c in chain(*conditions) if c.layer == self.horizon for u, _ in c.terms})
        if any(condition.layer == self.horizon for condition in chain(*conditions)):
            last = lowered.layer(self.horizon, arithmetic)
            read = range(len(last.relu)) if arithmetic or not read else read
            self.layers.append(last if len(read) == len(last.relu) else last.of(read))
        self.offsets = [0, *np.cumsum([self.inputs, *(len(layer.relu) for layer in self.layers[: self.horizon])]).tolist()]
        self.units = self.offsets[-1]
        self.relu = np.concatenate([np.zeros(self.inputs, bool), *(layer.relu for layer in self.layers[: self.horizon])])
        units = [*map(range, network.widths[: self.horizon]), read]
        self.targets = [[Target.of(condition, units[condition.layer]) for condition in of_case] for of_case in conditions]
        self._box = lowered.box(self.rows, bits)
        self.sizes = None if arithmetic is None else self._sizes()

    def _sizes(self) -> Array:
        """Return bounds on the absolute values of all units, from those of the inputs, and require that nothing overflows."""
        low, high, has_low, has_high = (part[: self.inputs] for part in self.box())
        if not (has_low & has_high).all():
            lacking = int(np.nonzero(~(has_low & has_high))[0][0])
            raise InputError(f"input {lacking} has no bounds of its own; proofs about floats need a box around the domain")
        sizes = [np.maximum(np.abs(low), np.abs(high))]
        for layer in self.layers:
            assert layer.rounding is not None  # noqa: S101 - in real arithmetic there are no sizes
            sizes.append(layer.rounding.magnitudes(sizes[-1], self.bits))
        parts = sizes[: self.horizon + 1]
        return np.concatenate([part.astype(object) for part in parts] if any(p.dtype == object for p in parts) else parts)

    def layer_of(self, unit: int) -> int:
        """Return 0 for an input, k + 1 for a unit of hidden layer k."""
        return bisect_right(self.offsets, unit) - 1

    def box(self) -> tuple[Array, Array, Array, Array]:
        """Return the bounds that rows with a single variable give, rounded outward: lower, upper, and which of each are known."""
        hidden = np.zeros(self.units - self.inputs, np.int64)
        low, high, has_low, has_high = self._box
        unknown = hidden.astype(bool)
        return (
            np.concatenate([low, hidden]),
            np.concatenate([high, hidden]),
            np.concatenate([has_low, unknown]),
            np.concatenate([has_high, unknown]),
        )


def require_fitting(network: Network, cases: Sequence[Case]) -> None:
    """Raise an error if cases are not about a network's inputs, or have irrational numbers.

    Raises:
        DimensionError: a row of a domain that does not fit the network.
        InexactError: an irrational number; certificates are about rational numbers only.
    """
    for case in cases:
        require_rational(network, case)
        for row in case.rows.sparse:
            if row.length != network.inputs + 1:
                raise DimensionError("a row of the domain", expected=network.inputs + 1, got=row.length)


def _box(rows: SparseRows, inputs: int, bits: int) -> tuple[Array, Array, Array, Array]:
    low, high = np.zeros(inputs, object), np.zeros(inputs, object)
    has_low, has_high = np.zeros(inputs, bool), np.zeros(inputs, bool)
    for _, constant, terms in rows.sparse:
        if len(terms) != 1:
            continue
        ((j, entry),) = terms
        numerator = -constant << bits
        if entry > 0:
            bound = numerator // entry
            low[j] = max(low[j], bound) if has_low[j] else bound
            has_low[j] = True
        else:
            bound = -(numerator // -entry)
            high[j] = min(high[j], bound) if has_high[j] else bound
            has_high[j] = True
    return integers(low), integers(high), has_low, has_high
