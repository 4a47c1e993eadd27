"""The irredundant inequalities of one zone of a rational network, in any number of inputs.

After the first layer there are as many coordinates as that layer has units, most of which are off.  What is redundant is mostly
found there: what follows from other inequalities for all values of the first layer follows for those that it has on the domain.
If the layer has all values on the input space, and there is no other domain, nothing else is redundant.

If a neighbour's facets are known, the reasons why its inequalities are facets or redundant are tried first.
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
from exactzones.polyhedra.facet_search import FacetSearch, Reasons
from exactzones.polyhedra.float_rows import FloatRows, Side
from exactzones.polyhedra.program import Program, exactly
from exactzones.rational import Matrix, Row, Vector, certainly_independent
from exactzones.rational.arrays import Floats
from exactzones.zones.crossing import Crossing
from exactzones.zones.surroundings import Surroundings

Key: TypeAlias = tuple[int, int]
"""A row that zones have in common: by its first neuron (layer, unit), or as (-1, number) a row of the domain."""
Implied: TypeAlias = tuple[tuple[Key, ...], tuple[Side, ...]]
"""What implies a row: other rows, and sides of the box."""

_PARTS = (2.0**-1, 2.0**-4, 2.0**-8)  # of the way from a facet to a point beyond it, the first at which all rows are positive


class KeyedReasons(NamedTuple):
    """Reasons as in ``facet_search.Reasons``, for a zone and its neighbours; redundant rows with their sides of the box.

    Points beyond facets are those of ``facet_search.FacetSearch``.
    """

    facets: Mapping[Key, Mapping[Key, float]]
    redundant: Mapping[Key, Implied]
    beyond: Mapping[Key, Floats]


NOTHING_KNOWN = KeyedReasons({}, {}, {})


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
        near = None if hints is None else self._near(hints)
        if near is not None:
            return exactly(near)
        program = Program.on(HRep(self._dim, self.around.domain_rows))
        for row in self._neurons:
            program.push(row)
        point = program.interior()
        return None if point is None else program.off_the_bounds(point)

    def _near(self, hints: NeighbourHints) -> Floats | None:
        """Return a point certainly inside and off all bounds that floats find from a neighbour's; None if they find none.

        The rows of both zones agree where they meet, so that this zone begins where the way to a point beyond the neighbour's
        facet alone crosses that facet.
        """
        beyond, crossed = hints.reasons.beyond.get(hints.crossed), self._number.get(hints.crossed)
        if beyond is not None and crossed is not None:
            heights = [abs(float(self._floats.heights(point)[crossed])) for point in (hints.centre, beyond)]
            share = heights[0] / sum(heights)
            for part in _PARTS:
                point = hints.centre + (share + part * (1 - share)) * (beyond - hints.centre)
                if self._floats.are_positive(point):
                    lifted = self._floats.lifted(point, self.deadline)
                    return lifted if self._floats.are_positive(lifted) else point
        return self._floats.inside(hints.centre, self._numbers_of([hints.crossed]), self.deadline)

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
            search.imply()
        # Where hints imply too few of their rows, rows are implied as those of a zone without a neighbour are.
        is_far = hints is not None and 4 * len(search.redundant) < 3 * len(hints.reasons.redundant)
        if (hints is None or is_far) and self.crossing.zone.prop.horizon > 1 and self._first.outputs <= self._dim:
            self._imply_for_all_values(search)
            if not self.around.domain_rows and certainly_independent(self._first.weight.integer_rows()):
                kept = (row for k, row in enumerate(rows) if k not in search.redundant)
                return FacetsFound(sorted(kept), NOTHING_KNOWN)
        search.run()
        found = sorted([*(rows[k] for k in search.facets), *(self.around.sides[side] for side in search.sides)])
        keys = list(self._keys.values())
        facets = {keys[k]: {keys[other]: y for other, y in part.items()} for k, part in search.reasons.facets.items()}
        redundant: dict[Key, Implied] = {
            keys[k]: (tuple(keys[other] for other in part), search.reasons.sides.get(k, ()))
            for k, part in search.reasons.redundant.items()
        }
        beyond = {keys[k]: point for k, point in search.beyond.items()}
        return FacetsFound(found, KeyedReasons(facets, redundant, beyond))

    def _imply_for_all_values(self, search: FacetSearch) -> None:
        """Enter the rows that follow from others for all values of the first layer that are in its range on a box."""
        zone, first = self.crossing.zone, self._first
        values = Layer(Matrix.identity(first.outputs), (Fraction(0),) * first.outputs, first.relu)
        passed_on = replace(zone, network=Network((values, *zone.network.layers[1:])))
        of_values = Surroundings(passed_on.network, zone.prop, None, ())
        after = Crossing(passed_on, of_values.neuron_rows(zone.pattern))
        signs, rows = Bounds.of(after.rows, first.outputs)
        ranges = self.around.value_ranges
        box = Bounds(tuple(map(_larger, signs.low, ranges.low)), tuple(map(_smaller, signs.high, ranges.high)))
        floats, start = FloatRows.of(rows, FloatBounds.of(box)), first.affine(exactly(search.inner))
        inner = FacetSearch(rows, box, start, floats, deadline=self.deadline, is_sparse=True)
        inner.run()
        sides = {(k, side): row for k, side, row in box.sides()}
        kept = {rows[k] for k in inner.facets} | {sides[side] for side in inner.sides}
        needed = {unit for row in kept for unit in after.units.get(row, ())}
        for row in self._neurons:
            if needed.isdisjoint(self.crossing.units[row]):
                search.redundant.add(self._number[self._keys[row]])
        for k, others in inner.reasons.redundant.items():
            implying = [rows[other] for other in others] + [sides[side] for side in inner.reasons.sides[k]]
            units = (after.units[row][0] for row in implying if row in after.units)
            for number in self._numbers_of(after.units[rows[k]][:1]):  # none where inputs give the layer's values no such row
                search.reasons.redundant[number] = tuple(self._numbers_of(units))

    def _hinted(self, hints: NeighbourHints) -> Reasons:
        """Return the reasons of a neighbour as reasons of this zone, in which the row between them may play a part."""
        number, found = self._number, Reasons()
        for key, part in hints.reasons.facets.items():
            if key in number:
                combination = {number[other]: y for other, y in part.items() if other in number}
                found.facets[number[key]] = {number[hints.crossed]: 0.0} | combination
        for key, (others, sides) in hints.reasons.redundant.items():
            if key in number:
                found.redundant[number[key]] = tuple(self._numbers_of([hints.crossed, *others]))
                found.sides[number[key]] = sides
        return found

    def _numbers_of(self, keys: Iterable[Key]) -> list[int]:
        """Return the numbers of rows, each once; those that this zone does not have are left out."""
        return list(dict.fromkeys(self._number[key] for key in keys if key in self._number))

    @property
    def _usable_hints(self) -> NeighbourHints | None:
        """The hints if the domain is bounded: without bounds floats do not prove that a row is implied."""
        low, high = self.around.bounds[0]
        return None if None in low or None in high else self.hints

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


def _larger(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return other if one is None else one if other is None else max(one, other)


def _smaller(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return other if one is None else one if other is None else min(one, other)
