"""The pieces that pictures of zones draw: convex parts inside the window, in groups with one colour each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exactzones.arguments import as_numbers
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.polyhedra.shapes import Ring, corners, outline
from exactzones.rational import Row, Vector, dot
from exactzones.zones import Zones
from exactzones.zones.union_parts import UnionParts


@dataclass(frozen=True)
class Piece:
    """A convex part that fires.

    Attributes:
        part: a cell, or a polyhedron if the part may be flat; not cut by the window.
        zones: indices of the zones that make up the part.
        group: index of its colour.
        rings: the polygons of the part inside the window.
    """

    part: Cell | Polyhedron
    zones: tuple[int, ...]
    group: int
    rings: list[Ring]

    def passes(self, row: Row) -> bool:
        """Tell whether the part extends beyond a side of the window."""
        if isinstance(self.part, Cell):
            return self.part.signs(row)[0]
        return not self.part.is_subset(Polyhedron.of(self.part.ambient_dim, [row]))

    def beyond(self, row: Row, window: Polyhedron) -> list[Vector]:
        """Return the corners, on a side of the window, of the piece beyond that side; empty if the part is flat."""
        outside = self.part if isinstance(self.part, Cell) else None
        for other in window.hrep.rows:
            if outside is not None and other != row:
                outside = outside.halves(other)[1]
        outside = None if outside is None else outside.halves(row)[0]
        return [] if outside is None else [corner for corner in corners(outside) if dot(row, (1, *corner)) == 0]


def pieces(
    zones: Zones | UnionParts, window: Polyhedron, color_by: str, *, merged: bool, only: Sequence[int] | None
) -> list[Piece]:
    """Return the pieces to draw, grouped by island, by case or one by one; pieces outside the window have no rings."""
    parts: list[tuple[Cell | Polyhedron, tuple[int, ...]]]
    if merged:
        whole = [(joined.polyhedron, joined.pieces) for joined in zones.merged]
        parts = [(part.cell() if part.dim == part.ambient_dim else part, indices) for part, indices in whole]
    else:
        parts = [(zone.firing_part, (k,)) for k, zone in enumerate(zones)]
    if color_by == "case" and isinstance(zones, UnionParts):
        group_of = {k: case for k, (_, case) in enumerate(zones.owners)}
    elif color_by == "zone":
        group_of = {indices[0]: k for k, (_, indices) in enumerate(parts)}
    else:
        group_of = dict(enumerate(zones.island_of))
    chosen = range(len(zones)) if only is None else as_numbers(only, "zones", len(zones))
    return [
        Piece(part, indices, group_of[indices[0]], outline(part, window))
        for part, indices in parts
        if any(k in chosen for k in indices)
    ]
