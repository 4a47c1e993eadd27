"""The irredundant inequalities of one zone of a rational network, in any number of inputs.

After the first layer there are as many coordinates as that layer has units, most of which are off.  What is redundant is mostly
found there: what follows from other inequalities for all values of the first layer follows for those that it has on the domain.
If the layer has all values on the input space, and there is no other domain, nothing else is redundant.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from exactzones.deadline import Deadline
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.polyhedra import HRep
from exactzones.polyhedra.bounds import Bounds
from exactzones.polyhedra.facet_search import FacetSearch
from exactzones.polyhedra.program import Program
from exactzones.rational import Matrix, Row, Vector, certainly_independent, integer_dot, over_common_denominator
from exactzones.zones.crossing import Crossing


@dataclass(frozen=True)
class FacetRows:
    """The search for the facets of a zone.

    Attributes:
        crossing: the zone's neurons by their hyperplanes.
        domain: the domain's inequalities as primitive rows.
        deadline: when to stop.
    """

    crossing: Crossing
    domain: tuple[Row, ...]
    deadline: Deadline = field(default_factory=Deadline)

    def inner(self) -> Vector | None:
        """Return a point strictly inside; None if the zone has no interior."""
        program = Program.on(HRep(self._dim, self.domain))
        for row in self._neurons:
            program.push(row)
        point = program.interior()
        return None if point is None else program.off_the_bounds(point)

    def facets(self, inner: Vector) -> list[Row]:
        """Return the irredundant rows, those of the domain included, sorted.

        Args:
            inner: as ``inner`` returns it.

        Raises:
            BudgetExceeded: time is up.
        """
        bounds, others = Bounds.of(self.domain, self._dim)
        rows, redundant = [*others, *self._neurons], set[Row]()
        if self.crossing.zone.prop.horizon > 1 and self._first.outputs <= self._dim:
            redundant = self._redundant_for_all_values(bounds, inner)
            if not self.domain and certainly_independent(self._first.weight.integer_rows()):
                return sorted(set(rows) - redundant)
        search = FacetSearch(rows, bounds, inner, deadline=self.deadline)
        search.redundant.update(k for k, row in enumerate(rows) if row in redundant)
        search.run()
        sides = {(k, side): row for k, side, row in bounds.sides()}
        return sorted([*(rows[k] for k in search.facets), *(sides[side] for side in search.sides)])

    def _redundant_for_all_values(self, bounds: Bounds, inner: Vector) -> set[Row]:
        """Return rows that follow from others for all values of the first layer that are in its range on a box."""
        zone, first = self.crossing.zone, self._first
        values = Layer(Matrix.identity(first.outputs), (Fraction(0),) * first.outputs, first.relu)
        after = Crossing(replace(zone, network=Network((values, *zone.network.layers[1:]))))
        signs, rows = Bounds.of(after.rows, first.outputs)
        ranges = _ranges(first, bounds)
        box = Bounds(tuple(map(_larger, signs.low, ranges.low)), tuple(map(_smaller, signs.high, ranges.high)))
        search = FacetSearch(rows, box, first.affine(inner), deadline=self.deadline)
        search.run()
        sides = {(k, side): row for k, side, row in box.sides()}
        kept = {rows[k] for k in search.facets} | {sides[side] for side in search.sides}
        needed = {unit for row in kept for unit in after.units.get(row, ())}
        return {row for row in self._neurons if needed.isdisjoint(self.crossing.units[row])}

    @property
    def _dim(self) -> int:
        return self.crossing.zone.network.inputs

    @property
    def _first(self) -> Layer:
        return self.crossing.zone.network.layers[0]

    @cached_property
    def _neurons(self) -> list[Row]:
        """The rows of neurons that are not rows of the domain."""
        ends = set(self.domain)
        return [row for row in self.crossing.rows if row not in ends]


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


def _larger(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return other if one is None else one if other is None else max(one, other)


def _smaller(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return other if one is None else one if other is None else min(one, other)
