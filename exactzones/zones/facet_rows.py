"""The irredundant inequalities of one zone of a rational network, in any number of inputs.

On a bounded domain the search begins with the reasons why a neighbour's inequalities are facets or redundant, if they are known.

Without bounds floats prove little.  But after the first layer there are as many coordinates as that layer has units, most of
which are off, and what follows from other inequalities for all values of the first layer follows for those on the domain.
If the layer has all values on the input space, and there is no other domain, nothing else is redundant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, TypeAlias

from exactzones.deadline import Deadline
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.polyhedra import HRep
from exactzones.polyhedra.bounds import Bounds, FloatBounds
from exactzones.polyhedra.facet_search import FacetSearch, FloatRows
from exactzones.polyhedra.program import Program, exactly
from exactzones.rational import Matrix, Row, Vector, certainly_independent
from exactzones.rational.arrays import Floats
from exactzones.zones.crossing import Crossing
from exactzones.zones.surroundings import Surroundings

Key: TypeAlias = tuple[int, int]
"""A row that zones have in common: by its first neuron (layer, unit), or as (-1, number) a row of the domain."""
KeyedReasons: TypeAlias = Mapping[Key, Mapping[Key, float]]
"""``FacetSearch.reasons``, for a zone and its neighbours."""


class NeighbourHints(NamedTuple):
    """What is known of a zone from the other side of a facet; only guesses are made of it.

    Attributes:
        reasons: of the zone on the other side.
        centre: a point inside that zone, (inputs,).
        crossed: the row of the facet.
    """

    reasons: KeyedReasons
    centre: Floats
    crossed: Key


class FacetsFound(NamedTuple):
    """The irredundant rows of a zone, sorted, and why they and the others are what they are."""

    rows: list[Row]
    reasons: KeyedReasons


@dataclass(frozen=True)
class FacetRows:
    """The search for the facets of a zone.

    Attributes:
        crossing: the zone's neurons by their hyperplanes.
        around: what the zone shares with others.
        hints: what is known from a neighbour, if there is one.
        deadline: when to stop.
    """

    crossing: Crossing
    around: Surroundings
    hints: NeighbourHints | None = None
    deadline: Deadline = field(default_factory=Deadline)

    def inner(self) -> Vector | None:
        """Return a point strictly inside; None if the zone has no interior."""
        hints = self._usable_hints
        near = None if hints is None else self._floats.inside(hints.centre, self._numbers_of([hints.crossed]), self.deadline)
        if near is not None:
            return exactly(near)
        program = Program.on(HRep(self._dim, self.around.domain_rows))
        for row in self._neurons:
            program.push(row)
        point = program.interior()
        return None if point is None else program.off_the_bounds(point)

    def facets(self, inner: Vector) -> FacetsFound:
        """Return the irredundant rows, those of the domain included.

        Args:
            inner: as ``inner`` returns it.

        Raises:
            BudgetExceeded: time is up.
        """
        bounds, rows, hints = self.around.bounds[0], list(self._keys), self._usable_hints
        search = FacetSearch(rows, bounds, inner, self._floats, deadline=self.deadline)
        if hints is not None:
            search.hints, search.centre = self._hinted(hints), hints.centre
        elif not self._is_bounded and self.crossing.zone.prop.horizon > 1 and self._first.outputs <= self._dim:
            self._imply_for_all_values(search)
            if not self.around.domain_rows and certainly_independent(self._first.weight.integer_rows()):
                return FacetsFound(sorted(row for k, row in enumerate(rows) if k not in search.redundant), {})
        search.run()
        found = sorted([*(rows[k] for k in search.facets), *(self.around.sides[side] for side in search.sides)])
        keys = list(self._keys.values())
        reasons = {keys[k]: {keys[other]: y for other, y in part.items()} for k, part in search.reasons.items()}
        return FacetsFound(found, reasons)

    def _imply_for_all_values(self, search: FacetSearch) -> None:
        """Enter the rows that follow from others for all values of the first layer."""
        zone, first = self.crossing.zone, self._first
        values = Layer(Matrix.identity(first.outputs), (Fraction(0),) * first.outputs, first.relu)
        passed_on = replace(zone, network=Network((values, *zone.network.layers[1:])))
        of_values = Surroundings(passed_on.network, zone.prop, None, ())
        after = Crossing(passed_on, of_values.neuron_rows(zone.pattern))
        signs, rows = Bounds.of(after.rows, first.outputs)
        inner = FacetSearch(rows, signs, first.affine(exactly(search.inner)), FloatRows.of(rows, FloatBounds.of(signs)))
        inner.deadline = self.deadline
        inner.run()
        sides = {(k, side): row for k, side, row in signs.sides()}
        kept = {rows[k] for k in inner.facets} | {sides[side] for side in inner.sides}
        needed = {unit for row in kept for unit in after.units.get(row, ())}
        for row in self._neurons:
            if needed.isdisjoint(self.crossing.units[row]):
                search.redundant.add(self._number[self._keys[row]])

    def _hinted(self, hints: NeighbourHints) -> dict[int, dict[int, float]]:
        """Return the reasons of a neighbour as reasons of this zone, in which the row between them may play a part."""
        number = self._number
        return {
            number[key]: {number[hints.crossed]: 0.0} | {number[other]: y for other, y in part.items() if other in number}
            for key, part in hints.reasons.items()
            if key in number
        }

    def _numbers_of(self, keys: Iterable[Key]) -> list[int]:
        """Return the numbers of rows, each once; those that this zone does not have are left out."""
        return list(dict.fromkeys(self._number[key] for key in keys if key in self._number))

    @property
    def _usable_hints(self) -> NeighbourHints | None:
        """The hints if the domain is bounded: without bounds floats do not prove that a row is implied."""
        return self.hints if self._is_bounded else None

    @property
    def _is_bounded(self) -> bool:
        low, high = self.around.bounds[0]
        return None not in low and None not in high

    @property
    def _dim(self) -> int:
        return self.crossing.zone.network.inputs

    @property
    def _first(self) -> Layer:
        return self.crossing.zone.network.layers[0]

    @cached_property
    def _neurons(self) -> list[Row]:
        """The rows of neurons that are not rows of the domain."""
        return [row for row in self.crossing.rows if row not in self.around.ends]

    @cached_property
    def _keys(self) -> dict[Row, Key]:
        """The rows that are no bounds of coordinates, each with its key."""
        domain = {row: (-1, number) for number, row in enumerate(self.around.bounds[1])}
        return domain | {row: self.crossing.units[row][0] for row in self._neurons}

    @cached_property
    def _number(self) -> dict[Key, int]:
        """The numbers of the rows, by the keys of all their neurons."""
        numbers = {key: number for number, key in enumerate(self._keys.values())}
        return numbers | {unit: numbers[key] for row, key in self._keys.items() for unit in self.crossing.units.get(row, ())}

    @cached_property
    def _floats(self) -> FloatRows:
        return FloatRows.of(list(self._keys), self.around.limits)
