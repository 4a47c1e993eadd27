"""How the pre-activations of a layer are rounded when floats compute them: what the proofs about float programs rest on.

A unit is computed as *any* tree of additions of its products and its bias.  Each operation rounds to one of the two neighbouring
numbers of the format, or of a wider one, fused or not; subnormal numbers are kept or flushed to zero; at last the sum is stored
in the format.  For the computed activations ``a`` of the layer before, the unit's value is then

    z = w . a + b + delta,    |delta| <= g (M . |a| + m) + h eta,    g = s / (1 - s)

where s is the sum of the bounds of the roundings on the longest path, eta the smallest positive normal number, M ``|w|`` and m
``|b|``.  Linear operations in a row are a layer, too: M and m are then the products of their magnitudes, and the roundings
add up.  ``proofs/8-deployed.md`` derives this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from exactzones.errors import InputError
from exactzones.rational import Matrix, Vector
from exactzones.rational.arrays import Floats
from exactzones.rational.float_formats import FloatArithmetic

_MANTISSA = 53  # significant bits of a float64


@dataclass(frozen=True)
class ConstantRange:
    """Which formats hold a set of constants.

    Attributes:
        bits: the largest number of significant bits; None if one of them is not a binary fraction.
        least: the smallest magnitude that is not zero; None if there is none.
        greatest: the largest magnitude.
    """

    bits: int | None = 0
    least: Fraction | None = None
    greatest: Fraction = Fraction(0)

    @classmethod
    def of(cls, numbers: Iterable[Fraction]) -> ConstantRange:
        """Return the range of some numbers."""
        bits: int | None = 0
        sizes = {abs(number) for number in numbers if number}
        for size in sizes:
            if size.denominator & (size.denominator - 1):
                bits = None
            elif bits is not None:
                whole = size.numerator
                bits = max(bits, (whole // (whole & -whole)).bit_length())
        return cls(bits, min(sizes, default=None), max(sizes, default=Fraction(0)))

    @classmethod
    def of_floats(cls, sizes: Floats) -> ConstantRange:
        """Return the range of the absolute values of some floats."""
        positive = sizes[sizes > 0]
        if not positive.size:
            return cls()
        mantissas = np.ldexp(np.frexp(positive)[0], _MANTISSA).astype(np.int64)
        zeros = int((mantissas & -mantissas).min()).bit_length() - 1
        return cls(_MANTISSA - zeros, Fraction(float(positive.min())), Fraction(float(positive.max())))

    def join(self, other: ConstantRange) -> ConstantRange:
        """Return the range of both sets together."""
        bits = None if self.bits is None or other.bits is None else max(self.bits, other.bits)
        leasts = [each for each in (self.least, other.least) if each is not None]
        return ConstantRange(bits, min(leasts, default=None), max(self.greatest, other.greatest))

    def misfit(self, arithmetic: FloatArithmetic) -> str | None:
        """Say why the constants are not all normal numbers, or zero, of the arithmetic's format; None if they are."""
        format_ = arithmetic.products
        if self.bits is None or self.bits > format_.precision or self.greatest > format_.largest:
            return f"has weights that are not numbers of {format_.name}; round them first, and ask about the rounded network"
        if self.least is not None and self.least < format_.smallest_normal:
            return f"has weights that are subnormal in {format_.name}, which some machines take for zero; replace them by zero"
        return None


@dataclass(frozen=True)
class UnknownRoundings:
    """Stands for the roundings of a layer about whose computation in floats nothing is claimed.

    Attributes:
        why: as a message says it of the layer.
    """

    why: str


MADE_UP = UnknownRoundings("is composed of operations that no program computes one by one")
"""Of a layer that was composed after its model was read."""


@dataclass(frozen=True)
class Roundings:
    """The roundings of a layer's units.

    Attributes:
        weight: the magnitudes M, shape (outputs, inputs).
        bias: the magnitudes m, shape (outputs,).
        products: on the longest path to each unit the number of roundings to the format of products, shape (outputs,).
        sums: the same for the format of sums.
        underflows: the factor h of the smallest normal number, shape (outputs,).
        constants: of all operations.
        peak: no intermediate value exceeds the bound ``(1 + g) (M . |a| + m) + h eta`` of a unit that it is part of by more than
            this factor.
    """

    weight: Matrix
    bias: Vector
    products: tuple[int, ...]
    sums: tuple[int, ...]
    underflows: Vector
    constants: ConstantRange
    peak: Fraction = Fraction(1)

    @classmethod
    def of(cls, weight: Matrix, bias: Vector) -> Roundings:
        """Return the roundings of a single operation ``weight x + bias``.

        A unit that copies an input, perhaps with its sign changed, and a unit that is constant are not rounded.
        """
        if weight.floats is not None:
            sizes = np.abs(weight.floats)
            magnitudes = Matrix.of(sizes)
            counts: list[int] = np.count_nonzero(sizes, 1).tolist()
            constants = ConstantRange.of_floats(sizes)
        else:
            magnitudes = Matrix.of([[abs(entry) for entry in row] for row in weight.rows], columns=weight.shape[1])
            counts = [sum(map(bool, row)) for row in weight.rows]
            constants = ConstantRange.of(entry for row in weight.rows for entry in row)
        totals = _row_sums(magnitudes)
        exact = [not n or (n == 1 and total == 1 and not b) for n, total, b in zip(counts, totals, bias, strict=True)]
        sums = tuple(0 if e else n - (not b) for e, n, b in zip(exact, counts, bias, strict=True))
        return cls(
            magnitudes,
            tuple(map(abs, bias)),
            products=tuple(0 if e else 2 for e in exact),  # the product, and the result as it is stored
            sums=sums,
            underflows=tuple(
                Fraction(0) if e else 4 * (n + 1) + 2 * total for e, n, total in zip(exact, counts, totals, strict=True)
            ),
            constants=constants.join(ConstantRange.of(bias)),
        )

    def is_exact_in(self, arithmetic: FloatArithmetic) -> bool:
        """Tell whether nothing is rounded: units copy inputs or numbers of the format, perhaps with the sign changed."""
        rounds = any(self.products) or any(self.sums) or any(self.underflows)
        return not rounds and self.constants.misfit(arithmetic) is None

    def after(self, inner: Roundings) -> Roundings:
        """Return the roundings of this operation on the results of another one, whose values are not a layer of their own."""
        supports = [[i for i, entry in enumerate(row) if entry] for row in self.weight.rows]
        through = self.weight @ inner.underflows
        at_once = [sum((inner.underflows[i] for i in support), start=Fraction(0)) for support in supports]
        return Roundings(
            self.weight @ inner.weight,
            tuple(a + b for a, b in zip(self.weight @ inner.bias, self.bias, strict=True)),
            products=_added(self.products, inner.products, supports),
            sums=_added(self.sums, inner.sums, supports),
            underflows=tuple(h + 2 * a + b for h, a, b in zip(self.underflows, through, at_once, strict=True)),
            constants=self.constants.join(inner.constants),
            peak=self._peak_after(inner),
        )

    def _peak_after(self, inner: Roundings) -> Fraction:
        """Return the peak: an intermediate value of the other operation is part of a unit with a factor of this one."""
        least = min((entry for row in self.weight.rows for entry in row if entry), default=Fraction(1))
        return max(self.peak, inner.peak, inner.peak / least)


def known_roundings(
    roundings: Roundings | UnknownRoundings, arithmetic: FloatArithmetic, what: str
) -> tuple[Roundings, list[Fraction]]:
    """Return the roundings of a layer, and for each unit the bound g on its relative error.

    Args:
        roundings: of the layer.
        arithmetic: in which it is computed.
        what: how a message names the layer.

    Raises:
        InputError: the roundings are not known, weights are not normal numbers of the format, or a unit has too many roundings
            for a bound.
    """
    if isinstance(roundings, UnknownRoundings):
        raise InputError(f"{what} {roundings.why}")
    misfit = roundings.constants.misfit(arithmetic)
    if misfit is not None:
        raise InputError(f"{what} {misfit}")
    bounds = []
    for products, sums in zip(roundings.products, roundings.sums, strict=True):
        bound = arithmetic.relative_error(products, sums)
        if bound is None:
            raise InputError(f"{what} has a unit with {sums} additions; {arithmetic.name} is too coarse to bound its error")
        bounds.append(bound)
    return roundings, bounds


def _row_sums(matrix: Matrix) -> Vector:
    ones: Vector = (Fraction(1),) * matrix.shape[1]
    sums: Vector = matrix @ ones
    return sums


def _added(outer: Sequence[int], inner: Sequence[int], supports: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return for each unit its own count and the largest of those from which it is computed."""
    return tuple(own + max((inner[i] for i in support), default=0) for own, support in zip(outer, supports, strict=True))
