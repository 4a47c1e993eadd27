"""Float arithmetic in the reference checker: bounds on the rounding errors of units, in plain fractions.

It belongs to ``reference``, which subtracts these bounds in the affine step, and shares no rule with the fast checker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil

from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.rational.float_formats import FloatArithmetic
from exactzones.roundings import UnknownRoundings

ZERO = Fraction(0)


class PlainRoundings:
    """The rounding errors of a network's units in an arithmetic, on the domain of one tree.

    Args:
        network: the network.
        depth: how many of its layers are computed.
        arithmetic: in which they are computed.
        bits: rounded numbers are multiples of ``2^-bits``.
        ends: known lower and upper bounds of the inputs on the whole domain.

    Raises:
        InputError: an input without bounds, weights that are not normal numbers of the format, too many roundings for a bound of
            a unit's error, or numbers that may exceed the largest one of the format.
    """

    def __init__(
        self,
        network: Network,
        depth: int,
        arithmetic: FloatArithmetic,
        bits: int,
        *,
        ends: tuple[Mapping[int, Fraction], Mapping[int, Fraction]],
    ) -> None:
        self._network, self._bits = network, bits
        low, high = ends
        missing = [j for j in range(network.inputs) if j not in low or j not in high]
        if missing:
            raise InputError(f"input {missing[0]} has no bounds")
        self._least: dict[int, list[Fraction]] = {-1: [max(abs(low[j]), abs(high[j])) for j in range(network.inputs)]}
        self._coefficients: list[list[list[Fraction]]] = []
        for k, layer in enumerate(network.layers[:depth]):
            roundings, format_ = layer.as_computed, arithmetic.products
            if isinstance(roundings, UnknownRoundings):
                raise InputError(f"layer {k} {roundings.why}")
            if roundings.constants.misfit(arithmetic) is not None:
                raise InputError(f"layer {k} has weights that are not normal numbers of {format_.name}")
            grid, coefficients, sizes = 2 ** (format_.precision + 20), [], []
            for j in range(layer.outputs):
                s = roundings.products[j] * format_.rounding + roundings.sums[j] * arithmetic.sums.rounding
                if 2 * s > 1:
                    raise InputError(f"layer {k} has a unit with too many additions")
                g, flushed = s / (1 - s), roundings.underflows[j] * format_.smallest_normal
                row = [g * roundings.bias[j] + flushed, *(g * entry for entry in roundings.weight.rows[j])]
                coefficients.append([Fraction(ceil(entry * grid), grid) for entry in row])
                total = sum((m * size for m, size in zip(roundings.weight.rows[j], self._least[k - 1], strict=True)), ZERO)
                sizes.append(self.up((1 + g) * (total + roundings.bias[j]) + flushed))
            if max(sizes) * roundings.peak >= format_.largest:
                raise InputError(f"layer {k} may exceed the largest number of {format_.name}")
            self._coefficients.append(coefficients)
            self._least[k] = sizes

    def up(self, value: Fraction) -> Fraction:
        """Round up to a multiple of ``2^-bits``."""
        return Fraction(ceil(value * 2**self._bits), 2**self._bits)

    def errors(self, k: int, low: Sequence[Fraction | None], high: Sequence[Fraction | None]) -> list[Fraction]:
        """Return bounds on the rounding errors of layer k's units, given the known bounds of its inputs (as pre-activations)."""
        sizes = []
        relus = self._network.layers[k - 1].relu if k else (False,) * len(low)
        for a, b, relu, size in zip(low, high, relus, self._least[k - 1], strict=True):
            if b is not None and (relu or a is not None):
                size = min(size, max(b, ZERO) if relu or a is None else max(abs(a), abs(b)))  # noqa: PLW2901
            sizes.append(size)
        return [
            self.up(row[0] + sum((entry * size for entry, size in zip(row[1:], sizes, strict=True)), ZERO))
            for row in self._coefficients[k]
        ]
