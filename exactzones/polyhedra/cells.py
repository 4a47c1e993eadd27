"""Full-dimensional cells that are cut by one hyperplane after the other, exactly: one step of double description per cut.

A cell is kept as the homogeneous cone over it: lines, and rays ``(x_0, x)`` (a vertex ``x / x_0`` if ``x_0 > 0``, a direction if
``x_0 = 0``), each with the set of rows that are tight on it.  Integers only, any dimension, bounded or not.  Cutting all of R^d
repeatedly gives the cells of an arrangement without ever computing an empty one.

``polyhedra/backends/__init__.py`` lists the other implementations of double description; this is the one that reuses the
generators of the cell before the cut.

Source: Motzkin, Raiffa, Thompson, Thrall 1953; Fukuda and Prodon 1996 (the combinatorial adjacency test).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

from exactzones.polyhedra.representation import HRep, VRep
from exactzones.polyhedra.volume import volume
from exactzones.rational import Row, Vector, integer_dot, primitive, quotient, row_echelon, sum_of_quotients

_ROUNDINGS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_UNIT = 1 << 96  # binary digits with which a centre is calculated before it is rounded


@dataclass(frozen=True)
class Cell:
    """A full-dimensional polyhedron that can be cut by hyperplanes.

    Attributes:
        dim: its dimension, which is that of the space.
        rows: the rows ``b + a . x >= 0`` of the cuts, in their order; some may have become redundant.
        lines: homogeneous basis of the lineality space, each ``(0, x)``.
        rays: homogeneous generators of the cone modulo the lines.
        tight: for each ray a bit set: bit 0 if ``x_0 = 0``, bit k + 1 if ``rows[k]`` is tight on it.
    """

    dim: int
    rows: tuple[Row, ...]
    lines: tuple[Row, ...]
    rays: tuple[Row, ...]
    tight: tuple[int, ...]

    @property
    def ambient_dim(self) -> int:
        """Dimension of the space that contains it, which is its own dimension, because a cell is full-dimensional."""
        return self.dim

    @classmethod
    def space(cls, dim: int) -> Cell:
        """Return all of R^dim."""
        lines = tuple(tuple(int(k == j + 1) for k in range(dim + 1)) for j in range(dim))
        return cls(dim, (), lines, ((1, *(0,) * dim),), (0,))

    @classmethod
    def of(cls, dim: int, rows: Iterable[Row], tick: Callable[[], None] = lambda: None) -> Cell | None:
        """Return the cell of R^dim where all rows are >= 0, or None if it is empty or flat; ``tick`` is called for each row."""
        cell: Cell | None = cls.space(dim)
        for row in rows:
            tick()
            if cell is not None and any(row):
                cell = cell.halves(row)[1]
        return cell

    def signs(self, row: Row) -> tuple[bool, bool]:
        """Tell whether ``b + a . x`` is negative somewhere, and positive somewhere, on the cell."""
        if any(integer_dot(row, line) for line in self.lines):
            return True, True
        values = [integer_dot(row, ray) for ray in self.rays]
        return min(values) < 0, max(values) > 0

    def halves(self, row: Row) -> tuple[Cell | None, Cell | None]:
        """Return the closed parts where ``b + a . x`` is <= 0 and where it is >= 0, None for a part that is flat or empty.

        A row of zeros leaves both parts None.
        """
        on_lines = [integer_dot(row, line) for line in self.lines]
        if any(on_lines):
            return self._halves_across_a_line(row, on_lines)
        values = [integer_dot(row, ray) for ray in self.rays]
        if min(values) >= 0:
            return None, (self if max(values) > 0 else None)
        if max(values) <= 0:
            return self, None
        return self._halves_of_pointed(row, values)

    def _halves_across_a_line(self, row: Row, on_lines: list[int]) -> tuple[Cell, Cell]:
        """Cut where the row is not zero on a line: the line becomes a ray of each half."""
        chosen = next(k for k, value in enumerate(on_lines) if value)
        sign = 1 if on_lines[chosen] > 0 else -1
        pivot = tuple(sign * entry for entry in self.lines[chosen])
        height = abs(on_lines[chosen])

        def onto_hyperplane(generator: Row, value: int) -> Row:
            return primitive(height * g - value * p for g, p in zip(generator, pivot, strict=True))

        lines = tuple(
            onto_hyperplane(line, value) for k, (line, value) in enumerate(zip(self.lines, on_lines, strict=True)) if k != chosen
        )
        bit = 1 << (len(self.rows) + 1)
        rays = tuple(onto_hyperplane(ray, integer_dot(row, ray)) for ray in self.rays)
        tight = (*(mask | bit for mask in self.tight), bit - 1)  # a line is tight at every earlier row, and at infinity
        opposite = tuple(-entry for entry in pivot)
        negated = tuple(-entry for entry in row)
        return (
            Cell(self.dim, (*self.rows, negated), lines, (*rays, opposite), tight),
            Cell(self.dim, (*self.rows, row), lines, (*rays, pivot), tight),
        )

    def _halves_of_pointed(self, row: Row, values: list[int]) -> tuple[Cell, Cell]:
        """Cut by a row that is zero on all lines; its ``values`` on the rays have both signs."""
        bit = 1 << (len(self.rows) + 1)
        shared: list[tuple[Row, int]] = [
            (ray, mask | bit) for ray, mask, value in zip(self.rays, self.tight, values, strict=True) if value == 0
        ]
        for above, below, mask in self.crossing_edges(values):
            up, down = values[above], -values[below]
            crossing = primitive(down * a + up * b for a, b in zip(self.rays[above], self.rays[below], strict=True))
            shared.append((crossing, mask | bit))
        negated = tuple(-entry for entry in row)
        sides = []
        for cut, sign in ((negated, -1), (row, 1)):
            kept = [(ray, mask) for ray, mask, value in zip(self.rays, self.tight, values, strict=True) if sign * value > 0]
            rays, tight = zip(*kept, *shared, strict=True)
            sides.append(Cell(self.dim, (*self.rows, cut), self.lines, rays, tight))
        return sides[0], sides[1]

    def crossing_edges(self, values: list[int]) -> Iterable[tuple[int, int, int]]:
        """Yield (ray above, ray below, bit set of the rows tight on their edge) for the edges that the hyperplane crosses.

        Two rays share an edge iff no third ray is tight on all the rows that are tight on both.  Simple rays, which have as few
        tight rows as a ray can have, are looked up by their edges in a dictionary; only degenerate ones are compared pairwise.
        """
        edge_size = self.dim - len(self.lines) - 1
        above = [k for k, value in enumerate(values) if value > 0]
        below = [k for k, value in enumerate(values) if value < 0]
        simple_below: dict[int, int] = {}
        degenerate_below = []
        for k in below:
            if self.tight[k].bit_count() == edge_size + 1:
                simple_below.update((edge, k) for edge in _without_one_bit(self.tight[k]))
            else:
                degenerate_below.append(k)
        for k in above:
            if self.tight[k].bit_count() == edge_size + 1:
                candidates: Sequence[int] = degenerate_below
                for edge in _without_one_bit(self.tight[k]):
                    other = simple_below.get(edge)
                    # Two simple rays that share this many rows span a two-dimensional face of the cone: no third ray is on it.
                    if other is not None:
                        yield k, other, edge
            else:
                candidates = below
            for other in candidates:
                common = self.tight[k] & self.tight[other]
                if common.bit_count() >= edge_size and self._is_edge(k, other, common):
                    yield k, other, common

    def _is_edge(self, first: int, second: int, common: int) -> bool:
        return not any(mask & common == common for k, mask in enumerate(self.tight) if k not in (first, second))

    @cached_property
    def facets(self) -> tuple[tuple[Row, int], ...]:
        """The irredundant rows, sorted, each with the bit set of the rays on its facet."""
        on_row = [0] * (len(self.rows) + 1)
        for k, mask in enumerate(self.tight):
            for row in bits(mask):
                on_row[row] |= 1 << k
        facets: dict[int, Row] = {}
        for k, on in enumerate(on_row[1:]):
            if on and on not in facets and not any(on & other == on and on != other for other in on_row):
                facets[on] = self.rows[k]
        facets.pop(on_row[0], None)  # a row that is tight at infinity only
        return tuple(sorted((row, on) for on, row in facets.items()))

    @property
    def hrep(self) -> HRep:
        """The irredundant inequalities."""
        return HRep.of(self.dim, (row for row, _ in self.facets))

    @cached_property
    def vrep(self) -> VRep:
        """Vertices, rays and lines in canonical form."""
        return canonical_vrep(self.dim, self.canonical_rays, self.lines)

    @cached_property
    def canonical_rays(self) -> tuple[Row, ...]:
        """The homogeneous generators, reduced modulo the lines, in the order of ``rays``."""
        return reduce_modulo(self.rays, self.lines)

    @property
    def is_bounded(self) -> bool:
        """Whether the cell has neither rays nor lines."""
        return not self.lines and all(ray[0] for ray in self.rays)

    def interior_point(self) -> Vector:
        """Return an exact point strictly inside: the centre, rounded to as few binary digits as possible.

        The centre is the mean of the vertices plus every ray, scaled so that its largest entry is 1.
        """
        centre = _Centre([ray for ray in self.rays if ray[0]], [ray for ray in self.rays if not ray[0]])
        for bits in _ROUNDINGS:
            rounded = centre.rounded(bits)
            if all(integer_dot(row, (1 << bits, *rounded)) > 0 for row in self.rows):
                return tuple([Fraction(entry, 1 << bits) for entry in rounded])
        return centre.exact

    def volume(self) -> Fraction:
        """Return the exact volume of a cell, which must be bounded."""
        return volume(self.dim, self.rays, [on for _, on in self.facets])


class _Centre:
    """The mean of vertices plus rays that are scaled so that their largest entry is 1: exact, and rounded.

    The exact entries are sums of long fractions; mostly the first binary digits suffice to round them.
    """

    def __init__(self, vertices: Sequence[Row], directions: Sequence[Row]) -> None:
        self._vertices, self._directions = vertices, directions
        count = len(vertices)
        scaled = [[ray[k] * _UNIT // ray[0] for ray in vertices] for k in range(1, len(vertices[0]))]
        along = [[ray[k] * _UNIT // max(map(abs, ray)) for ray in directions] for k in range(1, len(vertices[0]))]
        # The centre times _unit lies in [low, low + _slack) each: every quotient was rounded down by less than one.
        self._low = [sum(a) + count * sum(b) for a, b in zip(scaled, along, strict=True)]
        self._unit, self._slack = count * _UNIT, count * (1 + len(directions))

    @cached_property
    def exact(self) -> Vector:
        """The entries, without rounding."""
        entries = []
        for k in range(1, len(self._vertices[0])):
            mean = sum_of_quotients((ray[k], ray[0]) for ray in self._vertices) / len(self._vertices)
            entries.append(mean + sum_of_quotients((ray[k], max(map(abs, ray))) for ray in self._directions))
        return tuple(entries)

    def rounded(self, bits: int) -> Row:
        """Return the entries times 2^bits, rounded to the nearest integer, half to even."""
        entries = []
        for k, low in enumerate(self._low):
            least, most = ((2 * (end << bits) + self._unit) // (2 * self._unit) for end in (low - 1, low + self._slack))
            entries.append(least if least == most else round(self.exact[k] * 2**bits))
        return tuple(entries)


def reduce_modulo(generators: Sequence[Row], lines: Sequence[Row]) -> tuple[Row, ...]:
    """Move homogeneous generators along the lines until they vanish at the lines' pivot coordinates."""
    echelon, pivots = row_echelon(lines)
    reduced = []
    for generator in generators:
        moved = generator
        for line, pivot in zip(echelon, pivots, strict=True):
            if moved[pivot]:
                moved = tuple(line[pivot] * g - moved[pivot] * entry for g, entry in zip(moved, line, strict=True))
        reduced.append(primitive(moved))
    return tuple(reduced)


def canonical_vrep(dim: int, generators: Iterable[Row], lines: Sequence[Row]) -> VRep:
    """Return the sorted V-representation of reduced homogeneous generators and lines."""
    vertices, rays = [], []
    for generator in generators:
        if generator[0]:
            vertices.append(_point(generator))
        else:
            rays.append(generator[1:])
    echelon, _ = row_echelon([line[1:] for line in lines])
    return VRep(dim, tuple(sorted(vertices)), tuple(sorted(rays)), tuple(sorted(echelon)))


@lru_cache(maxsize=16384)  # neighbours share vertices
def _point(generator: Row) -> Vector:
    return tuple([quotient(entry, generator[0]) for entry in generator[1:]])


def bits(mask: int) -> Iterable[int]:
    """Yield the members of a bit set in ascending order."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _without_one_bit(mask: int) -> Iterable[int]:
    return (mask ^ (1 << bit) for bit in bits(mask))
