"""Cells (the package's own double description) against cddlib and against brute force."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from polyhedra import brute

from exactzones.polyhedra import Cell, HRep, Polyhedron
from exactzones.rational import integer_row, vector
from exactzones.testing import polyhedra

ROWS_2 = st.tuples(*[st.integers(-2, 2)] * 3)
ROWS_3 = st.tuples(*[st.integers(-2, 2)] * 4)
ROWS_4 = st.tuples(*[st.integers(-1, 1)] * 5)


def cross_polytope(dim):
    return [(1, *signs) for signs in product((-1, 1), repeat=dim)]


def _cell(polyhedron):
    return Cell.of(polyhedron.ambient_dim, polyhedron.hrep.closed_rows)


def _assert_sound(cell):
    """Check every ray, line and bit set against the rows, from their definitions."""
    for line in cell.lines:
        assert line[0] == 0
        assert any(line)
        assert all(sum(r * x for r, x in zip(row, line, strict=True)) == 0 for row in cell.rows)
    for ray, mask in zip(cell.rays, cell.tight, strict=True):
        values = [ray[0], *(sum(r * x for r, x in zip(row, ray, strict=True)) for row in cell.rows)]
        assert min(values) >= 0
        assert mask == sum(1 << k for k, value in enumerate(values) if value == 0)
    assert len(set(cell.rays)) == len(cell.rays)
    inside = cell.interior_point()
    assert all(brute.at(row, inside) > 0 for row in cell.rows)


@given(st.data(), st.integers(1, 4))
def test_cells_equal_cddlib_both_ways(data, dim):
    """Cut one by one, or converted by cddlib: the same generators, and the same irredundant rows."""
    polyhedron = data.draw(polyhedra(dim, full_dimensional=data.draw(st.booleans()), max_rows=7))
    if polyhedron.hrep.equations:
        polyhedron = Polyhedron.of(dim, polyhedron.hrep.rows)
    cell = _cell(polyhedron)
    if polyhedron.dim < dim:
        assert cell is None
        event("empty or flat")
        return
    assert cell is not None
    _assert_sound(cell)
    assert cell.vrep == polyhedron.vrep
    assert cell.hrep == polyhedron.irredundant
    assert cell.is_bounded == polyhedron.is_bounded
    assert Polyhedron.hull(cell.vrep.vertices, cell.vrep.rays, cell.vrep.lines).irredundant == cell.hrep
    event(f"bounded: {cell.is_bounded}")
    event(f"lines: {len(cell.lines)}")


@given(st.data(), st.integers(1, 3))
def test_cells_equal_brute_force(data, dim):
    polyhedron = data.draw(polyhedra(dim, bounded=True))
    cell = _cell(polyhedron)
    assert cell is not None
    assert set(cell.vrep.vertices) == brute.vertices(dim, polyhedron.hrep.rows)
    assert cell.vrep.rays == cell.vrep.lines == ()


@given(st.data(), st.integers(1, 3))
def test_emptiness_and_flatness_equal_brute_force(data, dim):
    polyhedron = data.draw(polyhedra(dim, full_dimensional=False))
    system = HRep.of(dim, polyhedron.hrep.closed_rows)
    size = brute.dimension(system)
    assert (_cell(Polyhedron(system)) is None) == (size < dim)
    event(f"codimension {dim - size if size >= 0 else 'empty'}")


@given(st.data(), st.integers(1, 3))
def test_the_order_of_cuts_does_not_show(data, dim):
    polyhedron = data.draw(polyhedra(dim, max_rows=7))
    shuffled = data.draw(st.permutations(polyhedron.hrep.rows))
    one, other = _cell(polyhedron), Cell.of(dim, [*shuffled, *shuffled])
    assert one is not None
    assert other is not None
    assert one.vrep == other.vrep
    assert one.hrep == other.hrep


def _cut_and_compare(cell, row):
    """Cut a cell in half and check both halves against cddlib."""
    below, above = cell.halves(row)
    whole = Polyhedron(cell.hrep)
    negated = tuple(-entry for entry in row)
    for half, cut in ((below, negated), (above, row)):
        expected = whole.intersect(Polyhedron.of(cell.dim, [cut]))
        assert (half is None) == (expected.dim < cell.dim)
        if half is not None:
            _assert_sound(half)
            assert half.vrep == expected.vrep
            assert half.hrep == expected.irredundant
    assert cell.signs(row) == (below is not None, above is not None)
    if cell.is_bounded:
        assert sum(Polyhedron(half.hrep).volume() for half in (below, above) if half) == whole.volume()
    return below, above


@given(st.data(), st.integers(1, 4))
def test_halves(data, dim):
    cell = _cell(data.draw(polyhedra(dim)))
    assert cell is not None
    for row in data.draw(st.lists(st.tuples(*[st.integers(-2, 2)] * (dim + 1)).filter(any), min_size=1, max_size=4)):
        halves = _cut_and_compare(cell, row)
        assert any(halves)
        event("cut in two" if all(halves) else "not cut")
        cell = data.draw(st.sampled_from([half for half in halves if half]))


@given(st.lists(ROWS_2, max_size=6) | st.lists(ROWS_3, max_size=5) | st.lists(ROWS_4, max_size=5))
def test_an_arrangement_s_cells_fill_the_box(rows):
    """Cut a cube by every hyperplane: the cells' volumes add up, and their number is right when the hyperplanes are generic."""
    dim = len(rows[0]) - 1 if rows else 1
    box = Polyhedron.box(-2, 2, dim=dim)
    cells = [box.cell()]
    for row in rows:
        if any(row):
            cells = [half for cell in cells for half in cell.halves(row) if half]
    assert sum(cell.volume() for cell in cells) == 4**dim
    inside = [cell.interior_point() for cell in cells]
    signs = {tuple(brute.at(row, point) > 0 for row in rows) for point in inside}
    assert len(signs) == len(cells)
    assert all(brute.at(row, point) != 0 for row in rows if any(row) for point in inside)
    event(f"cells: {min(len(cells), 8)}")


def _interior_point(cell):
    """The centre, rounded to as few bits as keep it inside: from its definition, in Fractions."""
    vertices = [[Fraction(e, ray[0]) for e in ray[1:]] for ray in cell.rays if ray[0]]
    rays = [[Fraction(e, max(map(abs, ray))) for e in ray[1:]] for ray in cell.rays if not ray[0]]
    centre = [sum(v[k] for v in vertices) / len(vertices) + sum(ray[k] for ray in rays) for k in range(cell.dim)]
    for bits in (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32):
        rounded = tuple(Fraction(round(entry * 2**bits), 2**bits) for entry in centre)
        if all(brute.at(row, rounded) > 0 for row in cell.rows):
            return rounded
    return tuple(centre)


@given(st.data(), st.integers(1, 4))
def test_the_interior_point_is_the_rounded_centre(data, dim):
    """Centres half-way between two roundings are frequent here: corners are small integers."""
    polyhedron = data.draw(polyhedra(dim, full_dimensional=True, max_rows=7))
    cell = _cell(Polyhedron.of(dim, polyhedron.hrep.rows))
    assert cell.interior_point() == _interior_point(cell)
    shift = data.draw(st.sampled_from([Fraction(1, 2**70), Fraction(1, 2**110), Fraction(-1, 3**80), Fraction(1, 2**31)]))
    moved = [(row[0] + shift * sum(row[1:]), *row[1:]) for row in cell.rows]
    near = Cell.of(dim, map(integer_row, moved))
    assert near.interior_point() == _interior_point(near)


PYRAMID = [(0, 0, 0, 1), (1, 1, 0, -1), (1, -1, 0, -1), (1, 0, 1, -1), (1, 0, -1, -1)]  # over a square, apex (0, 0, 1)


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ((0, 1, 0, 0), 2),  # through the apex and two edges of the base
        ((0, 1, 1, 0), 2),  # through the apex and two corners
        ((-1, 0, 0, 1), 1),  # touches the apex
        ((0, 0, 0, 1), 1),  # the base
        ((1, 1, 0, -1), 1),  # a side
        ((-1, 0, 0, 2), 2),  # across all four edges at the apex
        ((-1, 1, 0, 2), 2),  # through an edge of the base
        ((-1, 1, 1, 1), 2),  # through the apex, cutting off a corner
    ],
)
def test_cuts_of_a_pyramid(row, parts):
    """The apex is tight at four rows in R^3: not a simple vertex."""
    cell = Cell.of(3, PYRAMID)
    assert cell is not None
    assert len(cell.vrep.vertices) == 5
    assert cell.volume() == Fraction(4, 3)
    assert sum(half is not None for half in _cut_and_compare(cell, row)) == parts


@pytest.mark.parametrize("dim", [3, 4])
def test_cuts_of_cross_polytopes_through_their_vertices(dim):
    """Every vertex is tight at 2^(d-1) facets."""
    cell = Cell.of(dim, cross_polytope(dim))
    assert cell is not None
    assert len(cell.vrep.vertices) == 2 * dim
    assert len(cell.hrep.rows) == 2**dim
    units = [tuple(int(j == k) for j in range(dim)) for k in range(dim)]
    for cut, kept in (
        ((0, *units[0]), 2 * dim - 1),  # through all vertices but two: a pyramid over a smaller cross-polytope
        ((0, *(a - b for a, b in zip(units[0], units[1], strict=True))), None),  # through all vertices but four
        ((0, *[1] * dim), None),  # through no vertex
        ((-1, *[1] * dim), None),  # a facet
        ((-1, *units[0]), None),  # touches a vertex
    ):
        below, above = _cut_and_compare(cell, cut)
        if kept is not None:
            assert above is not None
            assert len(above.vrep.vertices) == kept
        for half in (below, above):
            if half is not None:
                _cut_and_compare(half, (0, *units[1]))
                _cut_and_compare(half, (0, *(a + b for a, b in zip(units[1], units[2], strict=True))))


def test_two_rays_may_share_many_rows_and_no_edge():
    """In the join of two squares (dimension 5) opposite corners of a square share four facets, as many as an edge needs."""
    signs = list(product((-1, 1), repeat=2))
    join = Polyhedron.hull([(*s, 0, 0, 0) for s in signs] + [(0, 0, *s, 1) for s in signs])
    cell = join.cell()
    assert len(cell.vrep.vertices) == len(cell.hrep.rows) == 8
    for row in ((0, 1, 1, 0, 0, 0), (0, 2, 1, 0, 0, 0), (0, 1, 1, 1, 1, 0), (0, 2, 1, 1, 3, 0), (-1, 1, 1, 2, 0, 2)):
        assert all(_cut_and_compare(cell, row))


def test_a_redundant_row_may_touch_a_square():
    """``x2 + x3 <= 2`` is cut first and touches the cube ``[-1, 1]^4`` in a square, on which three rows are tight."""
    cube = Polyhedron.box(-1, 1, dim=4)
    cell = Cell.of(4, [(2, 0, 0, -1, -1), *cube.hrep.rows])
    assert cell is not None
    assert cell.vrep == cube.vrep
    for row in ((0, 1, 1, 0, 0), (0, 2, 1, 0, 0), (-1, 2, 1, 1, 0)):
        assert all(_cut_and_compare(cell, row))


def test_concurrent_hyperplanes_in_the_whole_space():
    """n generic planes through the origin of R^3 make n (n - 1) + 2 cones; all of R^3 is cut, so lines become rays."""
    rows = [(0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 1, 1, 1), (0, 1, 2, 4)]
    cells = [Cell.space(3)]
    for count, row in enumerate(rows, start=1):
        cells = [half for cell in cells for half in _cut_and_compare(cell, row) if half]
        assert len(cells) == count * (count - 1) + 2
    assert all(cell.vrep.vertices == (vector(0, 0, 0),) for cell in cells)


def test_parallel_and_repeated_cuts():
    cell = Cell.of(2, [(0, 1, 0), (0, 2, 0), (1, 1, 0), (3, -1, 0)])
    assert cell is not None
    assert cell.lines == ((0, 0, 1),)
    assert cell.hrep == HRep.of(2, [(0, 1, 0), (3, -1, 0)])
    assert cell.halves((0, -1, 0)) == (cell, None)
    assert cell.halves((0, 0, 0)) == (None, None)
    assert cell.halves((5, 0, 0)) == (None, cell)
    assert cell.halves((-5, 0, 0)) == (cell, None)


def test_no_rows_and_trivial_rows():
    assert Cell.of(2, []) == Cell.space(2)
    assert Cell.of(2, [(0, 0, 0), (1, 0, 0)]) == Cell.space(2)
    assert Cell.of(2, [(-1, 0, 0)]) is None
    assert Cell.of(1, [(0, 1), (0, -1)]) is None
    assert Cell.of(1, [(-1, 1), (0, -1)]) is None
    assert Cell.space(2).hrep == HRep(2)
    assert Cell.space(2).vrep == Polyhedron.space(2).vrep
    assert not Cell.space(1).is_bounded


@given(st.data(), st.integers(1, 3))
def test_facets_hold_their_rays(data, dim):
    cell = _cell(data.draw(polyhedra(dim)))
    assert cell is not None
    assert [row for row, _ in cell.facets] == sorted(row for row, _ in cell.facets)
    for row, on in cell.facets:
        tight = [k for k, ray in enumerate(cell.rays) if sum(a * x for a, x in zip(row, ray, strict=True)) == 0]
        assert on == sum(1 << k for k in tight)
        assert brute.rank([*(cell.rays[k] for k in tight), *cell.lines]) == dim  # a facet of a cone in R^(dim + 1)


def test_long_numbers():
    wide = 10**60 + 7
    cell = Cell.of(2, [(0, wide, 0), (0, 0, wide + 1), integer_row(vector(1, -wide, Fraction(-1, wide)))])
    assert cell is not None
    assert cell.volume() == Fraction(1, 2)  # legs 1/wide and wide
