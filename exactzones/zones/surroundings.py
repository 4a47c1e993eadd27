"""What the zones around a point have in common, so that it is computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from exactzones.engine.forward import is_rational
from exactzones.layer import Layer
from exactzones.network import Network, Pattern
from exactzones.polyhedra import Box, HRep, Polyhedron
from exactzones.polyhedra.bounds import Bounds, FloatBounds
from exactzones.polyhedra.float_rows import Side
from exactzones.property import Property
from exactzones.rational import (
    IntegerMatrix,
    Row,
    Vector,
    integer_dot,
    integer_row,
    irrational,
    over_common_denominator,
    primitive,
    quotient,
)

_LAYERS = 8  # whose rows are kept, those that were used last
_DISTANCES = 1 << 14  # that are kept


class Distances(NamedTuple):
    """How far a point is from a hyperplane: in the norms 1 and infinity, and the square in the norm 2."""

    l1: Fraction
    linf: Fraction
    l2_squared: Fraction


class NeuronRow(NamedTuple):
    """A neuron: in a regime its pre-activation is a positive multiple of ``row . (1, x)``; ``opposite`` is -``row``."""

    layer: int
    unit: int
    row: Row
    opposite: Row

    @classmethod
    def of(cls, layer: int, unit: int, row: Row) -> NeuronRow:
        """Return a neuron with both of its rows."""
        return cls(layer, unit, row, tuple([-entry for entry in row]))


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A network on a domain, seen from a point.

    Attributes:
        network: the network.
        prop: the resolved property, which says how many layers matter.
        domain: the domain; None is all of the input space.
        point: shape (inputs,).
    """

    network: Network = field(repr=False)
    prop: Property
    domain: Polyhedron | None = field(repr=False)
    point: Vector = field(repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Surroundings, (self.network, self.prop, self.domain, self.point)  # what was computed cannot be pickled

    @cached_property
    def is_rational(self) -> bool:
        """Whether no number of the network, the property and the domain is irrational."""
        if isinstance(self.domain, Box):
            return is_rational(self.network, self.prop, ()) and not irrational((*self.domain.low, *self.domain.high))
        return is_rational(self.network, self.prop, self.domain_rows)

    @cached_property
    def domain_rows(self) -> tuple[Row, ...]:
        """The domain's inequalities as primitive rows."""
        if self.domain is None:
            return ()
        if isinstance(self.domain, Box):
            return self.domain.hrep.closed_rows
        return HRep.of(self.network.inputs, self.domain.hrep.closed_rows).rows

    @cached_property
    def ends(self) -> frozenset[Row]:
        """The same rows, to look one up."""
        return frozenset(self.domain_rows)

    @cached_property
    def bounds(self) -> tuple[Bounds, list[Row]]:
        """The domain's bounds of coordinates, and its other rows."""
        return Bounds.of(self.domain_rows, self.network.inputs)

    @cached_property
    def value_ranges(self) -> Bounds:
        """The smallest and the largest value of each unit of the first layer within the bounds of coordinates."""
        return _ranges(self.network.layers[0], self.bounds[0])

    @cached_property
    def limits(self) -> FloatBounds:
        """These bounds in floats."""
        return FloatBounds.of(self.bounds[0])

    @cached_property
    def sides(self) -> dict[Side, Row]:
        """The rows of these bounds, by their sides of the box."""
        return {(k, sign): row for k, sign, row in self.bounds[0].sides()}

    @cached_property
    def lifted(self) -> Row:
        """The point as a homogeneous row of integers."""
        return integer_row((Fraction(1), *self.point))

    def distances(self, row: Row) -> Distances:
        """Return how far the hyperplane of a row is from the point."""
        return self._distances(row)

    @cached_property
    def _distances(self) -> Callable[[Row], Distances]:
        return lru_cache(_DISTANCES)(self._distances_to)

    def _distances_to(self, row: Row) -> Distances:
        slopes, height = row[1:], abs(quotient(integer_dot(row, self.lifted), self.lifted[0]))
        sizes = list(map(abs, slopes))
        return Distances(height / max(sizes), height / sum(sizes), height**2 / integer_dot(slopes, slopes))

    def neuron_rows(self, pattern: Pattern) -> tuple[NeuronRow, ...]:
        """Return the rows of all neurons in the regime of a pattern.

        A layer's rows depend on the signs of the layers before it only.
        """
        if not self.is_rational:
            maps = self.network.regime_maps(pattern, self.prop.horizon)[: self.prop.horizon]
            return tuple(NeuronRow.of(*each) for each in self.network.neuron_rows(maps))
        found, used = list[NeuronRow](), 0
        for k, layer in enumerate(self.network.layers[: self.prop.horizon]):
            if layer.relu_units:
                found += self._rows(k, pattern[:used])
                used += 1
        return tuple(found)

    @cached_property
    def _rows(self) -> Callable[[int, Pattern], list[NeuronRow]]:
        return lru_cache(_LAYERS)(self._rows_after)

    @cached_property
    def _values(self) -> Callable[[int, Pattern], IntegerMatrix]:
        return lru_cache(_LAYERS)(self._values_after)

    def _rows_after(self, k: int, signs: Pattern) -> list[NeuronRow]:
        rows = self._values(k, signs).rows()
        return [NeuronRow.of(k, unit, primitive(rows[unit + 1])) for unit in self.network.layers[k].relu_units]

    def _values_after(self, k: int, signs: Pattern) -> IntegerMatrix:
        """Return (1, pre-activations) of layer k as functions of (1, x), times a positive integer, given the signs before it."""
        own = self._lifted[k]
        if not k:
            return own
        before = self.network.layers[k - 1]
        earlier, last = (signs[:-1], signs[-1]) if before.relu_units else (signs, "")
        return own.through((True, *before.kept(last)), self._values(k - 1, earlier))

    @cached_property
    def _lifted(self) -> list[IntegerMatrix]:
        return [layer.weight.lifted(layer.bias) for layer in self.network.layers[: self.prop.horizon]]


def _ranges(layer: Layer, bounds: Bounds) -> Bounds:
    """Return the smallest and the largest value of each unit on a box."""
    if None in bounds.low or None in bounds.high:
        return Bounds.space(layer.outputs)
    low, scale = over_common_denominator((*bounds.low, *bounds.high))  # type: ignore[arg-type]  # none of them is None
    ends = low[: layer.inputs], low[layer.inputs :]
    found: list[tuple[Fraction | None, Fraction | None]] = []
    numerators, below = layer.weight.scaled()
    for row, bias in zip(numerators.rows(), layer.bias, strict=True):
        least = integer_dot(row, tuple(a if w > 0 else b for w, a, b in zip(row, *ends, strict=True)))
        most = integer_dot(row, tuple(b if w > 0 else a for w, a, b in zip(row, *ends, strict=True)))
        # A value that does not vary has no range: a box without an interior would decide nothing.
        found.append(
            (Fraction(least, scale * below) + bias, Fraction(most, scale * below) + bias) if least < most else (None, None)
        )
    return Bounds(*(tuple(each) for each in zip(*found, strict=True)))
