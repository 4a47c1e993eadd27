"""What a picture of zones is made of: convex parts cut with the window, each in a group with its own colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from exactzones.plot.geometry import Ring, bounding_box, corners, outline
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.rational import Row, Vector, dot
from exactzones.zones import Zones

_MARGIN = Fraction(1, 4)
_FAR = 5


@dataclass(frozen=True)
class Piece:
    """A convex part that fires.

    Attributes:
        part: a cell, or a polyhedron where the part may be flat; uncut.
        zones: indices of the zones that it is made of.
        group: which colour.
        rings: the part cut with the window.
    """

    part: Cell | Polyhedron
    zones: tuple[int, ...]
    group: int
    rings: list[Ring]

    def passes(self, row: Row) -> bool:
        """Tell whether some of the part lies beyond a side of the window."""
        if isinstance(self.part, Cell):
            return self.part.signs(row)[0]
        return not self.part.is_subset(Polyhedron.of(self.part.ambient, [row]))

    def beyond(self, row: Row, window: Polyhedron) -> list[Vector]:
        """Return the corners, on a side of the window, of the part that lies beyond that side; none where the part is flat."""
        outside = self.part if isinstance(self.part, Cell) else None
        for other in window.hrep.rows:
            if outside is not None and other != row:
                outside = outside.halves(other)[1]
        outside = None if outside is None else outside.halves(row)[0]
        return [] if outside is None else [corner for corner in corners(outside) if dot(row, (1, *corner)) == 0]


def default_window(zones: Zones) -> Polyhedron:
    """Return the domain's box when it is bounded, otherwise a box with a margin around all vertices of the parts that fire.

    Nearly parallel hyperplanes meet far away.  Where such vertices would shrink the rest to a dot the window leaves them out, but
    shows a vertex of every island (what goes on beyond the window is marked in any case).
    """
    if zones.domain is not None and zones.domain.is_bounded:
        return bounding_box(zones.domain.vrep.vertices)
    of_zone = [corners(zone.firing_cell) if zone.firing_cell else list(zone.firing.vrep.vertices) for zone in zones]
    vertices = [vertex for part in of_zone for vertex in part]
    if not vertices:
        return bounding_box([(Fraction(0),) * zones.network.inputs])
    middle = [_middle(side) for side in zip(*vertices, strict=True)]
    if any(_span(side) > _FAR * _span(kept) for side, kept in zip(zip(*vertices, strict=True), middle, strict=True)):
        centre = [(kept[0] + kept[-1]) / 2 for kept in middle]
        nearest = [
            min(
                (vertex for k in island for vertex in of_zone[k]),
                key=lambda v: sum((a - c) ** 2 for a, c in zip(v, centre, strict=True)),
            )
            for island in zones.islands
        ]
        vertices = [tuple(kept[0] for kept in middle), tuple(kept[-1] for kept in middle), *nearest]
    return bounding_box(vertices, margin=_MARGIN)


def _middle(side: Sequence[Fraction]) -> list[Fraction]:
    """Return the numbers in order without the least and the greatest twentieth."""
    return sorted(side)[len(side) // 20 : len(side) - len(side) // 20]


def _span(side: Sequence[Fraction]) -> Fraction:
    return max(side) - min(side)


def pieces(zones: Zones, window: Polyhedron, color_by: str, *, merged: bool, only: Sequence[int] | None) -> list[Piece]:
    """Return the parts to draw, grouped by island or each by itself; those outside the window have no rings."""
    parts: list[tuple[Cell | Polyhedron, tuple[int, ...]]]
    if merged:
        whole = [(joined.polyhedron, joined.pieces) for joined in zones.merged]
        parts = [(part.cell() if part.dim == part.ambient else part, indices) for part, indices in whole]
    else:
        parts = [(zone.firing_cell or zone.firing, (k,)) for k, zone in enumerate(zones)]
    if color_by == "zone":
        group_of = {indices[0]: k for k, (_, indices) in enumerate(parts)}
    else:
        group_of = {k: group for group, island in enumerate(zones.islands) for k in island}
    chosen = range(len(zones)) if only is None else only
    return [
        Piece(part, indices, group_of[indices[0]], outline(part, window))
        for part, indices in parts
        if any(k in chosen for k in indices)
    ]
