"""The exact point that a descent ends at, and the exact proof that on a region of a certificate's tree nothing nearer fires.

At a locally nearest point a combination of the conditions, plus multiples of the neurons that are zero there, does not depend on
the coordinates that are not at a bound.  Both the point and the combination solve a system of linear equations.  The combination,
carried back to the inputs with one slope for each unit, bounds the conditions on the whole ball, not only on the point's cell, as
long as the slopes fit what is known of the units' signs.  At the point's own radius that bound is exactly zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from exactzones.certification.ball.descent import Minimum
from exactzones.network import Network, Pattern
from exactzones.polyhedra.backends.basis import solution_of
from exactzones.property import Property
from exactzones.rational import Matrix, Row, Vector, dot, integer_row

_ZERO = Fraction(0)


class ExactBall(NamedTuple):
    """The points of a box that are within a radius of a centre.

    Attributes:
        centre: shape (inputs,).
        low, high: of the box; None where there is no bound.
    """

    centre: Vector
    low: Sequence[Fraction | None]
    high: Sequence[Fraction | None]

    def ends(self, radius: Fraction) -> tuple[Vector, Vector]:
        """Return the bounds of the coordinates within a radius."""
        low = (x - radius if end is None else max(x - radius, end) for x, end in zip(self.centre, self.low, strict=True))
        high = (x + radius if end is None else min(x + radius, end) for x, end in zip(self.centre, self.high, strict=True))
        return tuple(low), tuple(high)

    def end(self, coordinate: int, radius: float, *, upper: bool) -> tuple[Fraction, int]:
        """Return a bound within a radius as (b, s), which means b + s r for all radii r close to that one."""
        sign = 1 if upper else -1
        bound = (self.high if upper else self.low)[coordinate]
        if bound is not None and sign * (bound - self.centre[coordinate]) <= radius:
            return bound, 0
        return self.centre[coordinate], sign


class Signs(NamedTuple):
    """What is known of the hidden units on a region: for each layer which are >= 0, and which are <= 0."""

    on: Sequence[Sequence[bool]]
    off: Sequence[Sequence[bool]]


@dataclass(frozen=True)
class Foot:
    """A locally nearest point of the closure of where a property holds.

    Attributes:
        network: the network.
        prop: the property, resolved; its conditions read pre-activations of one layer.
        ball: the centre and the domain.
        kept: for each layer before the conditions' one which units pass their values on in the point's cell.
        radius: the distance in the norm infinity.
        point: the point.
        shares: multipliers of conditions, by number, >= 0.
        multipliers: of the neurons' rows, by (layer, unit), >= 0.
    """

    network: Network
    prop: Property
    ball: ExactBall
    kept: tuple[tuple[bool, ...], ...]
    radius: Fraction
    point: Vector
    shares: Mapping[int, Fraction]
    multipliers: Mapping[tuple[int, int], Fraction]

    @classmethod
    def of(cls, network: Network, prop: Property, ball: ExactBall, minimum: Minimum) -> Foot | None:
        """Return the exact point of a local minimum; None if it is not one."""
        kept = tuple(tuple(map(bool, part.tolist())) for part in minimum.cell.on)
        names: list[int | tuple[int, int]] = [*minimum.conditions, *minimum.neurons]
        rows = [_row_of(network, prop, kept, name) for name in names]
        if len(minimum.free) + 1 != len(rows) or not minimum.conditions:
            return None
        point = _point(rows, ball, minimum)
        weights = _weights(rows, minimum.free, len(minimum.conditions))
        if point is None or weights is None or any(weight < 0 for weight in weights):
            return None
        shares = dict(zip(minimum.conditions, weights, strict=False))
        multipliers = dict(zip(minimum.neurons, weights[len(shares) :], strict=True))
        radius = max(abs(a - b) for a, b in zip(point, ball.centre, strict=True))
        foot = cls(network, prop, ball, kept, radius, point, shares, multipliers)
        return foot if foot._is_in_place() else None

    @cached_property
    def trace(self) -> tuple[Vector, ...]:
        """The pre-activations at the point, up to the conditions' layer."""
        return Network(self.network.layers[: len(self.kept) + 1]).trace(self.point)

    @property
    def pattern(self) -> Pattern:
        """The activation pattern of the point's cell."""
        layers = zip(self.network.layers, self.kept, strict=False)
        return tuple("".join("+" if on[u] else "-" for u in layer.relu_units) for layer, on in layers if layer.relu_units)

    def _is_in_place(self) -> bool:
        """Tell whether the point is in the domain, in its closed cell and where the closed conditions hold."""
        low, high = self.ball.ends(self.radius)
        return (
            all(a <= x <= b for a, x, b in zip(low, self.point, high, strict=True))
            and all(condition.value(self.trace[-1]) >= 0 for condition in self.prop.conditions)
            and self.has_in_cell(self.trace)
        )

    def has_in_cell(self, trace: Sequence[Vector]) -> bool:
        """Tell whether a point with these pre-activations is in the closed cell."""
        return all(
            values[u] >= 0 if on[u] else values[u] <= 0
            for layer, on, values in zip(self.network.layers, self.kept, trace, strict=False)
            for u in layer.relu_units
        )

    def gaps(self, signs: Signs) -> dict[tuple[int, int], Fraction] | None:
        """Return by (layer, unit) the coefficients of units whose slopes do not fit what is known on a region.

        Returns:
            An empty table is a proof that nothing in the region is nearer than the radius; None if there is no such proof, even
            though all slopes fit.
        """
        gaps = {
            (k, unit): after[unit]
            for k, after, before in self._bound.layers
            for unit in self.network.layers[k].relu_units
            if not _fits(after[unit], before[unit], on=signs.on[k][unit], off=signs.off[k][unit])
        }
        return gaps if gaps or self._bound.suffices else None

    @cached_property
    def _bound(self) -> _Bound:
        layers, top = self.network.layers, len(self.kept)
        conditions = self.prop.conditions
        before = [_ZERO] * layers[top].outputs
        constant = _ZERO
        for k, share in self.shares.items():
            constant -= share * conditions[k].constant
            for unit, coefficient in conditions[k].terms:
                before[unit] -= share * coefficient
        carried = []
        for k in range(top, -1, -1):
            constant += dot(before, layers[k].bias)
            after = _times(before, layers[k].weight)
            if k:
                before = self._through(k - 1, after)
                carried.append((k - 1, after, before))
        low, high = self.ball.ends(self.radius)
        corner = [x if a > 0 else y for a, x, y in zip(after, low, high, strict=True)]
        least = constant + dot(after, corner)
        strict = all(conditions[k].strict for k, share in self.shares.items() if share)
        # If a coordinate of the corner moves with the radius, the bound is larger within every smaller radius.
        moves = any(a and abs(x - c) == self.radius for a, x, c in zip(after, corner, self.ball.centre, strict=True))
        return _Bound(carried, least > 0 or (least == 0 and (strict or moves)))

    def _through(self, k: int, after: Vector) -> list[Fraction]:
        """Return coefficients of layer k's pre-activations: ``after . ReLU(z) >= before . z`` where the slopes fit."""
        before = list(after)
        for unit in self.network.layers[k].relu_units:
            m = self.multipliers.get((k, unit), _ZERO)
            before[unit] = after[unit] - m if self.kept[k][unit] else m
        return before


class _Bound(NamedTuple):
    """A lower bound of minus the combination of conditions, carried back to the inputs.

    Attributes:
        layers: (layer, coefficients of its activations, coefficients of its pre-activations), the last hidden layer first.
        suffices: whether it proves that nothing is nearer than the radius, where all slopes fit.
    """

    layers: Sequence[tuple[int, Vector, Sequence[Fraction]]]
    suffices: bool


def _fits(after: Fraction, before: Fraction, *, on: bool, off: bool) -> bool:
    """Tell whether ``after ReLU(z) >= before z`` holds where z is known to be >= 0 (``on``), <= 0 (``off``), or neither."""
    fits_on, fits_off = before <= after, before >= 0
    return (fits_on and on) or (fits_off and off) or (fits_on and fits_off)


def _row_of(
    network: Network, prop: Property, kept: Sequence[Sequence[bool]], name: int | tuple[int, int]
) -> tuple[Fraction, Vector]:
    """Return the row (b, a) of a condition, or of a neuron (layer, unit) with the sign with which it is >= 0 on the cell."""
    if isinstance(name, int):
        chosen = prop.conditions[name]
        layer, terms, constant = chosen.layer, chosen.terms, chosen.constant
    else:
        layer, unit = name
        terms, constant = ((unit, Fraction(1 if kept[layer][unit] else -1)),), _ZERO
    before = [_ZERO] * network.layers[layer].outputs
    for unit, coefficient in terms:
        before[unit] += coefficient
    for k in range(layer, -1, -1):
        constant += dot(before, network.layers[k].bias)
        after = _times(before, network.layers[k].weight)
        before = [c if on else _ZERO for c, on in zip(after, kept[k - 1], strict=True)] if k else []
    return constant, after


def _times(row: Sequence[Fraction], matrix: Matrix) -> Vector:
    """Return the product of a row and a matrix."""
    product: Vector = (Matrix.of([row]) @ matrix).rows[0]
    return product


def _point(rows: Sequence[tuple[Fraction, Vector]], ball: ExactBall, minimum: Minimum) -> Vector | None:
    """Return the point at which rows are zero, and coordinates that are not free at a bound of the ball through it."""
    free = set(minimum.free)
    ends = {j: ball.end(j, minimum.radius, upper=j in minimum.upper) for j in range(len(ball.centre)) if j not in free}
    system: list[Row] = []
    for constant, slope in rows:
        base = sum((slope[j] * b for j, (b, _) in ends.items()), start=constant)
        rate = sum((slope[j] * s for j, (_, s) in ends.items()), start=_ZERO)
        system.append(integer_row((base, rate, *(slope[j] for j in minimum.free))))
    solved = solution_of(system)
    if solved is None:
        return None
    values = dict(zip(minimum.free, solved[1:], strict=True)) | {j: b + s * solved[0] for j, (b, s) in ends.items()}
    return tuple(values[j] for j in range(len(ball.centre)))


def _weights(rows: Sequence[tuple[Fraction, Vector]], free: Sequence[int], conditions: int) -> Vector | None:
    """Return multipliers of rows whose combination does not depend on free coordinates; those of conditions sum to 1."""
    unit = (-1, *(int(k < conditions) for k in range(len(rows))))
    return solution_of([unit, *(integer_row((_ZERO, *(slope[j] for _, slope in rows))) for j in free)])
