"""Merge zones whose firing parts have a convex union, exactly, and keep track of the pieces."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exactzones.polyhedra import Cell, Polyhedron
from exactzones.rational import Row, integer_dot
from exactzones.zone import Zone

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class MergedZone:
    """A convex set on which the property fires: the union of the firing parts of some zones.

    Attributes:
        polyhedron: the set, with strict conditions as strict rows.
        pieces: the indices of the zones, ascending.
    """

    polyhedron: Polyhedron
    pieces: tuple[int, ...]

    def __repr__(self) -> str:
        return f"MergedZone(zones {', '.join(map(str, self.pieces))}: {self.polyhedron!r})"


@dataclass(frozen=True)
class _Convex:
    """A full-dimensional convex set: the points of a closed cell at which the strict rows are positive."""

    cell: Cell
    strict: frozenset[Row]
    pieces: tuple[int, ...]


def merge(zones: Sequence[Zone], graph: networkx.Graph, islands: Sequence[Sequence[int]]) -> tuple[MergedZone, ...]:
    """Merge zones as long as two neighbours have a convex union; then try to merge each island as a whole.

    Each result is exactly the union of its pieces, strict boundaries included, and every zone is a piece of exactly one result.
    The number of results is not always the smallest possible, which would be a hard covering problem.  The results do not depend
    on the order of the zones: they are merged in the order of their patterns.

    Args:
        zones: zones of one network and property.
        graph: as ``adjacency`` returns it.
        islands: as ``graph.islands`` returns them.

    Source: Bemporad, Fukuda, Torrisi 2001, Convexity recognition of the union of polyhedra (the envelope).
    """
    import networkx  # noqa: PLC0415 - slow to import

    order = sorted(range(len(zones)), key=lambda k: zones[k].pattern)
    rank = {k: position for position, k in enumerate(order)}
    ordered = [zones[k] for k in order]
    by_rank = sorted(sorted(rank[k] for k in island) for island in islands)
    merged = _merge_in_order(ordered, networkx.relabel_nodes(graph, rank), by_rank)
    renamed = (MergedZone(join.polyhedron, tuple(sorted(order[k] for k in join.pieces))) for join in merged)
    return tuple(sorted(renamed, key=lambda join: join.pieces))


def _merge_in_order(zones: Sequence[Zone], graph: networkx.Graph, islands: Sequence[Sequence[int]]) -> list[MergedZone]:
    groups: dict[int, _Convex] = {}
    alone: list[MergedZone] = []
    for k, zone in enumerate(zones):
        if zone.firing_cell is None:
            alone.append(MergedZone(zone.firing, (k,)))
        else:
            strict = frozenset(condition.integer_row for condition in zone.conditions if condition.strict)
            groups[k] = _Convex(zone.firing_cell, frozenset(row for row in strict if any(row[1:])), (k,))
    for island in islands:
        full = [k for k in island if k in groups]
        _merge_neighbours(groups, graph.subgraph(full))
        remaining = [k for k in full if k in groups]
        outer = _outer_rows(zones, graph, island)
        if (
            len(remaining) > 2
            and len(full) == len(island)
            and all(_is_valid(row, groups[k].cell) for row in outer for k in remaining)
        ):
            # The boundary has no dent, so the island is the intersection of its outer half-spaces.
            whole = _exactly([groups[k] for k in remaining], Cell.of(zones[0].cell.dim, outer))
            if whole is not None:
                groups = {k: group for k, group in groups.items() if k not in remaining} | {remaining[0]: whole}
    return [*alone, *(MergedZone(Polyhedron.of_cell(g.cell, strict=g.strict), g.pieces) for g in groups.values())]


def _merge_neighbours(groups: dict[int, _Convex], graph: networkx.Graph) -> None:
    import networkx  # noqa: PLC0415 - slow to import

    touching = networkx.Graph()
    touching.add_nodes_from(graph)
    touching.add_edges_from((a, b, {"fires": fires}) for a, b, fires in graph.edges(data="fires"))
    waiting = deque(sorted((min(a, b), max(a, b)) for a, b, fires in touching.edges(data="fires") if fires))
    while waiting:
        a, b = waiting.popleft()
        if a not in groups or b not in groups:
            continue
        union = _join(groups[a], groups[b])
        if union is None:
            continue
        groups[a] = union
        del groups[b]
        neighbours = (set(touching[a]) | set(touching[b])) & set(groups) - {a}
        touching.add_edges_from((a, other) for other in neighbours)
        waiting += sorted((min(a, other), max(a, other)) for other in neighbours)


def _join(first: _Convex, second: _Convex) -> _Convex | None:
    """Return the union of two convex sets with disjoint interiors if it is convex, boundary included; else None.

    Suppose that a hyperplane, the wall, contains a facet of each and separates them.  Then the union of their closures is convex
    iff every other facet's row of either set is valid on the other set.  Necessity: the union ends in the interior of such
    a facet, because the other set is on the other side of the wall.  Sufficiency: together these rows define a set that the wall
    divides into the two sets.
    """
    parts = [first, second]
    ours, theirs = ({row for row, _ in part.cell.facets} for part in parts)
    wall = next((row for row in ours if tuple(-entry for entry in row) in theirs), None)
    if wall is not None:
        ours.remove(wall)
        theirs.remove(tuple(-entry for entry in wall))
        if not all(_is_valid(row, second.cell) for row in ours) or not all(_is_valid(row, first.cell) for row in theirs):
            return None
        return _exactly(parts, Cell.of(first.cell.dim, sorted(ours | theirs)))
    rows = {row for row in ours | theirs if all(_is_valid(row, part.cell) for part in parts)}
    envelope = Cell.of(first.cell.dim, sorted(rows))
    if envelope is None or not _is_covered(envelope, [part.cell for part in parts]):
        return None
    return _exactly(parts, envelope)


def _outer_rows(zones: Sequence[Zone], graph: networkx.Graph, island: Sequence[int]) -> list[Row]:
    """Return the rows of the facets of an island's firing cells that are on the boundary of the island."""
    rows: set[Row] = set()
    for k in island:
        inner = {edge["facet"] for edge in graph[k].values() if edge["fires"]}
        cell = zones[k].firing_cell
        rows |= {row for row, _ in (cell.facets if cell else ()) if max(row, tuple(-entry for entry in row)) not in inner}
    return sorted(rows)


def _exactly(parts: Sequence[_Convex], envelope: Cell | None) -> _Convex | None:
    """Return the union of parts whose closures fill the envelope, if strict rows can describe its boundary; else None."""
    if envelope is None:
        return None
    strict = frozenset(row for part in parts for row in part.strict if all(_is_valid(row, other.cell) for other in parts))
    for part in parts:
        # No strict row of the union excludes a point of a part, and what a part excludes from the union is in another part.
        if any(_meets(part.cell, (row,), part.strict) for row in strict):
            return None
        lost = [row for row in part.strict if _meets(part.cell, (row,), strict)]
        others = [other for other in parts if other is not part]
        if any(not any(_has_face(other, part.cell, row, strict) for other in others) for row in lost):
            return None
    return _Convex(envelope, strict, tuple(k for part in parts for k in part.pieces))


def _is_valid(row: Row, cell: Cell) -> bool:
    """Tell whether a row is non-negative on a cell."""
    return not any(integer_dot(row, line) for line in cell.lines) and all(integer_dot(row, ray) >= 0 for ray in cell.rays)


def _is_covered(cell: Cell, parts: Sequence[Cell]) -> bool:
    """Tell whether a cell is contained in a union of cells, by cutting away one part after the other."""
    if not parts:
        return False
    inside: Cell | None = cell
    for row, _ in parts[0].facets:
        if inside is None:
            return True
        outside, inside = inside.halves(row)
        if outside is not None and not _is_covered(outside, parts[1:]):
            return False
    return True


def _has_face(part: _Convex, cell: Cell, row: Row, strict: frozenset[Row]) -> bool:
    """Tell whether a part contains the points of a cell where a valid row is zero and all strict rows are positive."""
    opposite = (tuple(-entry for entry in line) for line in cell.lines)
    face = [*(ray for ray in cell.rays if integer_dot(row, ray) == 0), *cell.lines, *opposite]
    inside = all(integer_dot(facet, generator) >= 0 for facet, _ in part.cell.facets for generator in face)
    return inside and not any(_meets(cell, (row, other), strict) for other in part.strict)


def _meets(cell: Cell, rows: Sequence[Row], strict: frozenset[Row]) -> bool:
    """Tell whether the face of a cell on which rows are zero contains a point at which all strict rows are positive.

    The rows are valid on the cell, or on the face of those before them.  Every strict row is non-negative on the face, so there
    is such a point iff no strict row vanishes on the whole face.
    """
    face = [ray for ray in cell.rays if not any(integer_dot(row, ray) for row in rows)]
    generators = [*face, *cell.lines]
    return any(ray[0] for ray in face) and all(any(integer_dot(other, g) for g in generators) for other in strict)
