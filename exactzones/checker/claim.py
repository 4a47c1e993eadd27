"""What is claimed, derived from the network, the property and the domain: never from a certificate."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import lcm

import numpy as np

from exactzones.checker.arithmetic import Array, Weights, integers
from exactzones.checker.records import Case, family_of, require_rational
from exactzones.errors import DimensionError
from exactzones.network import Layer, Network
from exactzones.property import Condition


class Units:
    """A layer's units: ``(bias | weight)`` as an exact matrix, and which have a ReLU."""

    def __init__(self, layer: Layer) -> None:
        self.affine = Weights(layer.affine.augmented())
        self.relu = np.array(layer.relu, bool)


@dataclass(frozen=True)
class Target:
    """A condition ``g > 0`` (or >= 0) as minus g, with integer coefficients: what a proof bounds from below.

    Attributes:
        layer: whose values it reads.
        after_relu: those after the ReLU.
        coefficients: shape (units,), exact, at scale 1.
        constant: minus the condition's constant.
        strict: whether the condition is.
    """

    layer: int
    after_relu: bool
    coefficients: Array
    constant: Fraction
    strict: bool


def _target(condition: Condition, width: int) -> Target:
    scale = lcm(*(c.denominator for _, c in condition.terms))
    coefficients = np.zeros(width, object)
    for unit, c in condition.terms:
        coefficients[unit] -= int(c * scale)
    return Target(condition.layer, condition.after_relu, coefficients, -condition.constant * scale, condition.strict)


class Claim:
    """A network and what a tree is about, as integers: cases with the same polyhedron and the same hidden layers.

    Units are numbered through: the inputs, then the units of each hidden layer that decides the properties.

    Args:
        network: the network.
        cases: a family of conjunctions on one polyhedron, each of them impossible.
        bits: how finely the certificate counts.
        units: the network's layers that are known already; the others are added.

    Attributes:
        targets: for each case its conditions.

    Raises:
        DimensionError: a row of the domain that does not fit the network.
        FeatureError: a layer or unit that the network does not have.
        InexactError: an irrational number; certificates are about integers.
    """

    def __init__(self, network: Network, cases: Sequence[Case], bits: int, units: list[Units]) -> None:
        for case in cases:
            require_rational(network, case)
        self.inputs, self.bits, self.rows = network.inputs, bits, cases[0].rows
        for row in self.rows:
            if len(row) != self.inputs + 1:
                raise DimensionError("a row of the domain", expected=self.inputs + 1, got=len(row))
        self.horizon = family_of(network, cases[0])[1]
        conditions = [case.prop.resolve(network.widths).conditions for case in cases]
        looked_at = max([self.horizon, *(condition.layer + 1 for condition in chain(*conditions))])
        units += [Units(layer) for layer in network.layers[len(units) : looked_at]]
        self.layers = units[:looked_at]
        self.offsets = [0, *np.cumsum([self.inputs, *(len(layer.relu) for layer in self.layers[: self.horizon])]).tolist()]
        self.units = self.offsets[-1]
        self.relu = np.concatenate([np.zeros(self.inputs, bool), *(layer.relu for layer in self.layers[: self.horizon])])
        self.targets = [[_target(condition, network.widths[condition.layer]) for condition in some] for some in conditions]

    def layer_of(self, unit: int) -> int:
        """Return 0 for an input, k + 1 for a unit of hidden layer k."""
        return bisect_right(self.offsets, unit) - 1

    def box(self) -> tuple[Array, Array, Array, Array]:
        """Return what single rows of the domain say of each unit: lower and upper bounds, and which are known."""
        low, high = np.zeros(self.units, object), np.zeros(self.units, object)
        has_low, has_high = np.zeros(self.units, bool), np.zeros(self.units, bool)
        for row in self.rows:
            support = [j for j, entry in enumerate(row[1:]) if entry]
            if len(support) != 1:
                continue
            j = support[0]
            numerator, entry = -row[0] << self.bits, row[1 + j]
            if entry > 0:
                bound = numerator // entry
                low[j] = max(low[j], bound) if has_low[j] else bound
                has_low[j] = True
            else:
                bound = -(numerator // -entry)
                high[j] = min(high[j], bound) if has_high[j] else bound
                has_high[j] = True
        return integers(low), integers(high), has_low, has_high
