"""The rounding term of the fast checker: how far a layer's computed pre-activations may be from ``W a + b``.

``proofs/certificate.md`` states the rule, ``exactzones/roundings.py`` the model of execution.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import numpy as np

from exactzones.checker.arithmetic import Array, Weights, integers
from exactzones.errors import InputError
from exactzones.layer import Layer
from exactzones.rational.float_formats import FloatArithmetic
from exactzones.roundings import known_roundings

_SPARE_BITS = 20
"""How many more fractional bits than the format's precision the coefficients of rounding errors have."""


class RoundingTerms:
    """The rounding errors of one layer as linear functions of the sizes of its inputs.

    Args:
        layer: the layer.
        arithmetic: in which it is computed.
        what: how a message names the layer.

    Attributes:
        coefficients: of the errors, as functions of (1, sizes of the inputs), transposed: shape (inputs + 1, units).

    Raises:
        InputError: a layer whose roundings are not known, weights that are not normal numbers of the format, or a unit with too
            many roundings for a bound.
    """

    def __init__(self, layer: Layer, arithmetic: FloatArithmetic, what: str) -> None:
        roundings, self._relative = known_roundings(layer.as_computed, arithmetic, what)
        self._what, self._arithmetic, self._peak = what, arithmetic, roundings.peak
        self._magnitudes = Weights(roundings.weight, roundings.bias)
        self._underflows = [factor * arithmetic.products.smallest_normal for factor in roundings.underflows]
        self.coefficients = self._scaled(arithmetic.products.precision + _SPARE_BITS)

    def _scaled(self, bits: int) -> Weights:
        """Return the coefficients ``(g m + h eta | g M)``, rounded up to multiples of ``2^-bits``; shape (inputs + 1, units)."""
        above = np.array([error.numerator << bits for error in self._relative], object)[:, None]
        below = np.array([error.denominator * self._magnitudes.denominator for error in self._relative], object)[:, None]
        scaled = -(-above * self._magnitudes.integers.astype(object) // below)
        first = self._magnitudes.integers[:, 0].tolist()
        for j, (error, size, underflow) in enumerate(zip(self._relative, first, self._underflows, strict=True)):
            scaled[j, 0] = ceil((error * size / self._magnitudes.denominator + underflow) * (1 << bits))
        return Weights.of_integers(integers(scaled.T), 1 << bits)

    def errors(self, sizes: Array, bits: int) -> Array:
        """Return bounds on the rounding errors of the units, rounded up.

        Args:
            sizes: bounds on the absolute values of the layer's inputs, shape (regions, inputs).
            bits: numbers are integers that stand for ``v / 2^bits``.

        Returns:
            Shape (regions, units).
        """
        ones = np.full((len(sizes), 1), -1 << bits, object if bits > 60 or sizes.dtype == object else np.int64)
        below, _ = self.coefficients.product(np.concatenate([ones, -sizes], 1), judged=False)
        return -below

    def magnitudes(self, sizes: Array, bits: int) -> Array:
        """Return bounds on the absolute values of the computed units, shape (units,), rounded up.

        Args:
            sizes: bounds on the absolute values of the layer's inputs, shape (inputs,).
            bits: numbers are integers that stand for ``v / 2^bits``.

        Raises:
            InputError: overflow is not excluded.
        """
        lifted = np.array([1 << bits, *sizes.tolist()], object)
        totals = (self._magnitudes.integers.astype(object) @ lifted).tolist()
        bounds = [
            ceil((1 + error) * Fraction(total, self._magnitudes.denominator) + underflow * (1 << bits))
            for error, total, underflow in zip(self._relative, totals, self._underflows, strict=True)
        ]
        if max(bounds) * self._peak >= self._arithmetic.products.largest * (1 << bits):
            raise InputError(f"{self._what} may exceed the largest number of {self._arithmetic.products.name} on the domain")
        return integers(bounds)
