"""Solids: zones of a three-dimensional input, and polyhedra cut by a plane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from matplotlib.colors import to_rgba
from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

from exactzones.affine import AffineMap
from exactzones.arguments import WindowLike, as_window
from exactzones.errors import DimensionError, InputError, require
from exactzones.plot import style
from exactzones.plot.pieces import Piece
from exactzones.plot.planar import by_group
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.polyhedra.shapes import Ring, floats, outline, rings
from exactzones.rational import Matrix, Row, dot, entries, index, integer_row, nullspace, vector_of

_PLANE = "#888888"


def draw_solid(pieces: Sequence[Piece], domain: Polyhedron | None, window: Polyhedron, ax: Any) -> None:
    """Draw the facets of solid pieces, except those that two pieces of a group share, and the domain's edges."""
    style.frame(ax, window)
    ax.locator_params(nbins=5)
    for group, members in by_group(pieces).items():
        facets = [ring for piece in members for ring in piece.rings]
        shared = Counter(frozenset(ring) for ring in facets)
        outer = [ring for ring in facets if shared[frozenset(ring)] == 1]
        look = style.look(group, 0.45) | {"hatch": None}
        draw_facets([ring for ring in outer if len(ring) > 2], ax, gid=f"group-{group + 1}", **look)
        for ring in outer:
            if len(ring) <= 2:
                ax.plot(*zip(*floats(ring), strict=True), "o-", color=style.colour(group), linewidth=2)
        largest = max(members, key=lambda piece: (len(piece.rings), -piece.zones[0]))
        corners = floats({corner for ring in largest.rings for corner in ring})
        style.number(ax, [sum(side) / len(corners) for side in zip(*corners, strict=True)], str(group))
    draw_edges(outline(window if domain is None else domain, window), ax)


def draw_facets(facets: Sequence[Ring], ax: Any, **look: Any) -> None:
    """Draw polygons in space as one collection."""
    if facets:
        ax.add_collection3d(Poly3DCollection([floats(ring) for ring in facets], **look))


def draw_edges(facets: Sequence[Ring], ax: Any) -> None:
    """Draw the edges of a solid as thin lines."""
    edges = sorted({tuple(sorted((a, b))) for ring in facets for a, b in zip(ring, (*ring[1:], ring[0]), strict=True)})
    ax.add_collection3d(Line3DCollection([floats(edge) for edge in edges], colors=style.INK, linewidths=0.7, linestyles="--"))


def plot_polyhedron_3d(
    polyhedron: Polyhedron,
    window: WindowLike,
    *,
    ax: Any = None,
    plane: AffineMap | None = None,
    walls: Sequence[Sequence[Any]] = (),
    group: int = 0,
    letter: str = "x",
) -> Any:
    """Draw a polyhedron of R^3, and optionally a plane through it, inside a window with dashed edges; return the axes.

    Args:
        polyhedron: any polyhedron of R^3; it may be flat or unbounded.
        window: a bounded polyhedron; its bounding box is shown.
        ax: 3-D matplotlib axes; new ones by default.
        plane: a map from R^2, such as a layer's ``affine``, whose range is the plane.
        walls: rows ``(b, a_1, a_2, a_3)``; facets on one of the planes ``b + a . x = 0`` are drawn darker.
        group: index of the colour.
        letter: letter of the coordinates.

    Raises:
        InputError: a polyhedron that is not in R^3, an unbounded or flat window, a map whose range is not a plane, or flat axes.
    """
    if require(polyhedron, Polyhedron, "polyhedron", "a Polyhedron").ambient_dim != 3:
        raise DimensionError("space of the polyhedron", expected=3, got=polyhedron.ambient_dim, size="dimension")
    box = as_window(window, 3)
    solid, facets = _solid_and_facets(polyhedron, box, None if plane is None else _plane_row(plane))
    polygons = _coloured(facets, walls, style.colour(index(group, "group", least=0)))
    if plane is not None:
        polygons += [(ring, _PLANE, 0.45) for ring in _plane_rings(plane, solid, box)]
    with style.settings(ax):
        ax = style.axes(ax, 3)
        style.frame(ax, box, letter)
        ax.locator_params(nbins=5)
        faces = [to_rgba(name, strength) for _, name, strength in polygons]
        edges = [to_rgba(style.INK, 0.0 if name == _PLANE else 1.0) for _, name, _ in polygons]
        draw_facets([ring for ring, _, _ in polygons], ax, facecolor=faces, edgecolor=edges, linewidth=0.6, gid="solid")
        draw_edges(outline(box, box), ax)
    return ax


def _coloured(facets: Sequence[Ring], walls: Any, colour: str) -> list[tuple[Ring, str, float]]:
    """Return facets with their colours and opacities; those on walls are more opaque."""
    rows = [vector_of(wall, "wall") for wall in entries(walls, "walls", "rows (b, a_1, a_2, a_3)")]
    return [(ring, colour, 0.9 if any(_lies_on(ring, row) for row in rows) else 0.4) for ring in facets]


def _solid_and_facets(polyhedron: Polyhedron, box: Polyhedron, plane_row: Row | None) -> tuple[Cell | None, Sequence[Ring]]:
    """Return the part of a polyhedron in a box (None if it is flat) and its facets, cut along a plane, except those in the plane.

    Matplotlib draws whole polygons, the farthest first; only polygons on one side of the plane are hidden correctly.
    """
    inside = polyhedron.closure().intersect(box)
    solid = inside.cell() if inside.dim == 3 else None
    if plane_row is None:
        return solid, outline(polyhedron, box) if solid is None else rings(solid)
    halves = () if solid is None else solid.halves(plane_row)
    facets = outline(polyhedron, box) if solid is None else [ring for half in halves if half is not None for ring in rings(half)]
    return solid, [ring for ring in facets if not _lies_on(ring, plane_row)]


def _plane_row(plane: AffineMap) -> Row:
    """Return the row that is zero on the range of a map.

    Raises:
        DimensionError: a map that does not go from R^2 to R^3.
        InputError: a map whose range is not a plane.
    """
    require(plane, AffineMap, "plane", "an AffineMap from R^2 to R^3")
    for what, expected, got in (("domain of the plane's map", 2, plane.inputs), ("range of the plane's map", 3, plane.outputs)):
        if got != expected:
            raise DimensionError(what, expected=expected, got=got)
    slopes = nullspace(Matrix.of(list(zip(*plane.matrix.rows, strict=True))).integer_rows(), 3)
    if len(slopes) != 1:
        raise InputError("the range of the map is not a plane: its matrix has rank less than 2")
    return integer_row((-dot(slopes[0], plane.offset), *(entry + Fraction(0) for entry in slopes[0])))


def _plane_rings(plane: AffineMap, solid: Cell | None, box: Polyhedron) -> list[Ring]:
    """Return the part of a plane in a box, cut along the facets of a solid."""
    section = box.preimage(plane)
    rest = section.cell() if section.dim == 2 else None
    parts: list[Cell] = []
    for facet, _ in solid.facets if solid is not None else ():
        for row in Polyhedron.of(3, [facet]).preimage(plane).hrep.rows:
            if rest is not None and any(row[1:]) and any(rest.signs(row)):
                below, rest = rest.halves(row)
                parts += [below] if below is not None else []
    parts += [rest] if rest is not None else []
    return [tuple(map(plane, ring)) for part in parts for ring in rings(part)]


def _lies_on(ring: Ring, row: Sequence[Any]) -> bool:
    return all(dot(row, (1, *corner)) == 0 for corner in ring)
