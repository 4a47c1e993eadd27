"""The claim of a certificate in integers, derived from the network, the property and the domain, never from the certificate."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain

import numpy as np

from exactzones.checker.arithmetic import Array, Weights, integers
from exactzones.checker.deployed import RoundingTerms
from exactzones.checker.records import Case, family_of, integer_condition, require_rational
from exactzones.errors import DimensionError, InputError
from exactzones.network import Layer, Network
from exactzones.property import Condition
from exactzones.rational.float_formats import FloatArithmetic

_FEW = 4  # fewer than this share of a layer's units are converted without the others


class LayerUnits:
    """A layer's units, in the forms that products need; each is made when it is first needed.

    Attributes:
        relu: which units have a ReLU.
        rounding: the rounding errors; None if the claim is about real arithmetic.
    """

    def __init__(self, layer: Layer, arithmetic: FloatArithmetic | None, what: str) -> None:
        self._layer = layer
        self._few: tuple[bytes, Weights] | None = None  # the last few units that were asked for
        self.relu = np.array(layer.relu, bool)
        self.rounding = None if arithmetic is None else RoundingTerms(layer, arithmetic, what)

    @cached_property
    def affine(self) -> Weights:
        """``(bias | weight)`` as an exact matrix."""
        return Weights(self._layer.weight, self._layer.bias)

    def of_units(self, used: Array) -> Weights:
        """Return the rows of ``affine`` with these numbers; a few of many are converted without the others."""
        key = used.tobytes()
        if self._few is None or self._few[0] != key:
            bias = tuple(self._layer.bias[k] for k in used.tolist())
            self._few = key, Weights(self._layer.weight.take(used.tolist()), bias)
        return self._few[1]

    def factors(self, left: Array) -> tuple[Array, Weights]:
        """Return coefficients of units, shape (functions, units), and the rows of these units, without most that nobody uses."""
        used = np.flatnonzero(left.any(0))
        if _FEW * len(used) >= left.shape[1] or "affine" in self.__dict__:
            return left, self.affine
        return left[:, used], self.of_units(used)


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
    def of(cls, condition: Condition, width: int) -> Target:
        """Return the negation of a condition on a layer of this width."""
        coefficients, constant = integer_condition(condition, width)
        return cls(condition.layer, condition.after_relu, -np.array(coefficients, object), -constant, condition.strict)


class Claim:
    """What one tree is about, in integers: cases with the same polyhedron that are decided by the same hidden layers.

    Units are numbered consecutively: first the inputs, then the units of each hidden layer that decides the properties.

    Args:
        network: the network.
        cases: conjunctions on one polyhedron, each of which is claimed to hold nowhere on it.
        bits: number of fractional bits of fixed-point numbers.
        units: layers of the network that were converted before; missing ones are appended.

    Attributes:
        inputs: number of inputs.
        rows: of the polyhedron.
        horizon: number of hidden layers that decide the properties.
        layers: these layers, and the next one if a condition reads its pre-activations.
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

    def __init__(self, network: Network, cases: Sequence[Case], bits: int, units: list[LayerUnits]) -> None:
        for case in cases:
            require_rational(network, case)
        self.inputs, self.bits, self.rows = network.inputs, bits, cases[0].rows
        for row in self.rows.sparse:
            if row.length != self.inputs + 1:
                raise DimensionError("a row of the domain", expected=self.inputs + 1, got=row.length)
        self.horizon = family_of(network, cases[0])[1]
        conditions = [case.prop.resolve(network.widths).conditions for case in cases]
        depth = max([self.horizon, *(condition.layer + 1 for condition in chain(*conditions))])
        arithmetic = FloatArithmetic.of(cases[0].arithmetic)
        numbered = enumerate(network.layers[len(units) : depth], start=len(units))
        units += [LayerUnits(layer, arithmetic, f"layer {k}") for k, layer in numbered]
        self.layers = units[:depth]
        self.offsets = [0, *np.cumsum([self.inputs, *(len(layer.relu) for layer in self.layers[: self.horizon])]).tolist()]
        self.units = self.offsets[-1]
        self.relu = np.concatenate([np.zeros(self.inputs, bool), *(layer.relu for layer in self.layers[: self.horizon])])
        self.targets = [
            [Target.of(condition, network.widths[condition.layer]) for condition in of_case] for of_case in conditions
        ]
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
        low, high = np.zeros(self.units, object), np.zeros(self.units, object)
        has_low, has_high = np.zeros(self.units, bool), np.zeros(self.units, bool)
        for _, constant, terms in self.rows.sparse:
            if len(terms) != 1:
                continue
            ((j, entry),) = terms
            numerator = -constant << self.bits
            if entry > 0:
                bound = numerator // entry
                low[j] = max(low[j], bound) if has_low[j] else bound
                has_low[j] = True
            else:
                bound = -(numerator // -entry)
                high[j] = min(high[j], bound) if has_high[j] else bound
                has_high[j] = True
        return integers(low), integers(high), has_low, has_high
