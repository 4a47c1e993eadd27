"""The part of the input space that a picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import bounding_box, corners
from exactzones.property import Disjunction, Property
from exactzones.zone import Zone

_MARGIN = Fraction(1, 4)
_FAR = 5


class Listed(Protocol):
    """The part of a list of zones that pictures and tables need."""

    @property
    def network(self) -> Network:
        """The network."""

    @property
    def prop(self) -> Property | Disjunction:
        """The property."""

    @property
    def domain(self) -> Polyhedron | None:
        """The domain."""

    @property
    def complete(self) -> bool:
        """Whether the list contains all zones."""

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones."""

    @property
    def islands(self) -> tuple[tuple[int, ...], ...]:
        """The islands."""

    @property
    def island_of(self) -> tuple[int, ...]:
        """For each zone the index of its island."""


def default_window(zones: Listed) -> Polyhedron:
    """Return the bounding box of a bounded domain; otherwise a box with a margin around all vertices of the firing parts.

    Nearly parallel hyperplanes meet far away.  If showing such vertices would shrink the rest to a dot, the window omits them,
    but it shows at least one vertex of every island.  Pictures mark zones that continue beyond the window.
    """
    if zones.domain is not None and zones.domain.is_bounded:
        return bounding_box(zones.domain.vrep.vertices)
    vertices_of = [corners(zone.firing_cell) if zone.firing_cell else list(zone.firing.vrep.vertices) for zone in zones.zones]
    vertices = [vertex for part in vertices_of for vertex in part]
    if not vertices:
        return bounding_box([(Fraction(0),) * zones.network.inputs])
    middle = [_middle(side) for side in zip(*vertices, strict=True)]
    if any(_span(side) > _FAR * _span(kept) for side, kept in zip(zip(*vertices, strict=True), middle, strict=True)):
        centre = [(kept[0] + kept[-1]) / 2 for kept in middle]
        nearest = [
            min(
                (vertex for k in island for vertex in vertices_of[k]),
                key=lambda v: sum((a - c) ** 2 for a, c in zip(v, centre, strict=True)),
            )
            for island in zones.islands
        ]
        vertices = [tuple(kept[0] for kept in middle), tuple(kept[-1] for kept in middle), *nearest]
    return bounding_box(vertices, margin=_MARGIN)


def _middle(side: Sequence[Fraction]) -> list[Fraction]:
    """Return the numbers in order, without the smallest and the largest twentieth."""
    return sorted(side)[len(side) // 20 : len(side) - len(side) // 20]


def _span(side: Sequence[Fraction]) -> Fraction:
    return max(side) - min(side)
