"""What changes across a facet of a zone: the neurons that are on at one side and off at the other, exactly.

Two zones with a common facet agree on its hyperplane.  So a unit's functions on them differ by a multiple of the facet's row, and
only units that are zero on all of the hyperplane can change their signs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from exactzones.network import Pattern
from exactzones.rational import Row, Vector, quotient
from exactzones.zone import Zone
from exactzones.zones.surroundings import NeuronRow


@dataclass(frozen=True)
class Crossing:
    """The neurons of a zone by their hyperplanes.

    Attributes:
        zone: the zone; only its pattern and its affine maps are read.
        neurons: with their rows on the zone.
    """

    zone: Zone
    neurons: tuple[NeuronRow, ...] = field(repr=False)

    @cached_property
    def units(self) -> dict[Row, list[tuple[int, int]]]:
        """The neurons (layer, unit) by the row that is >= 0 on the zone and zero where they are zero.

        Neurons that are zero everywhere have a row of zeros; those that are zero nowhere are left out.
        """
        found = defaultdict(list)
        for (layer, unit, row, opposite), sign in zip(self.neurons, self.zone.signs, strict=True):
            if any(row[1:]) or not row[0]:
                found[row if sign == "+" else opposite].append((layer, unit))
        return dict(found)

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of the hyperplanes on which neurons are zero, each once."""
        return [row for row in self.units if any(row)]

    def flips(self, row: Row) -> tuple[tuple[int, int], ...]:
        """Return the neurons (layer, unit) that change their signs where a facet's row becomes negative."""
        zero = {*self.units.get(row, ()), *self.units.get((0,) * len(row), ())}
        if len(zero) == 1:  # no other unit changes its sign, so that its function is the same on both sides
            return tuple(zero)
        flipped = []
        change: Vector | None = None  # what the layer's inputs gain across the facet, as multiples of its row
        for k in range(min(zero)[0], max(zero)[0] + 1) if zero else ():
            layer = self.zone.network.layers[k]
            moved = (Fraction(0),) * layer.outputs if change is None else layer.weight @ change
            gained = []
            for unit, on in enumerate(self._kept[k]):
                if (k, unit) not in zero:
                    gained.append(moved[unit] if on else Fraction(0))
                    continue
                here = self._multiple(k, unit, row)
                there = here + moved[unit]
                if (there < 0) != on:
                    flipped.append((k, unit))
                gained.append(min(there, Fraction(0)) - (here if on else Fraction(0)))
            change = tuple(gained)
        return tuple(flipped)

    def pattern_across(self, flips: tuple[tuple[int, int], ...]) -> Pattern:
        """Return the pattern with the signs of some neurons reversed."""
        signs = [list(part) for part in self.zone.pattern]
        for flipped in flips:
            part, place = self._places[flipped]
            signs[part][place] = "-" if signs[part][place] == "+" else "+"
        return tuple(map("".join, signs))

    @cached_property
    def _places(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Where the sign of each neuron stands: in which part of the pattern, and at which place."""
        with_relu = [(k, layer) for k, layer in enumerate(self.zone.network.layers) if layer.relu_units]
        return {(k, unit): (n, place) for n, (k, layer) in enumerate(with_relu) for place, unit in enumerate(layer.relu_units)}

    @cached_property
    def _kept(self) -> list[tuple[bool, ...]]:
        """For each layer that decides the pattern, which units pass their values on."""
        signs = iter(self.zone.pattern)
        layers = self.zone.network.layers[: self.zone.prop.horizon]
        return [layer.kept(next(signs) if layer.relu_units else "") for layer in layers]

    def _multiple(self, layer: int, unit: int, row: Row) -> Fraction:
        """Return c where the pre-activation of a neuron is c times the row."""
        pivot = next(k for k, entry in enumerate(row[1:]) if entry)
        return quotient(self.zone.maps[layer].matrix[unit, pivot], row[pivot + 1])
