"""Polyhedra: both representations, set operations and their laws, emptiness, flats, and refusals."""

from fractions import Fraction
from itertools import pairwise

import pytest
from examples_drawn import at_most
from hypothesis import event, example, given
from hypothesis import strategies as st
from polyhedra import brute

from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, DomainError, InexactError, InputError
from exactzones.network import Network
from exactzones.polyhedra import HRep, Polyhedron
from exactzones.rational import Matrix, vector
from exactzones.testing import boxes, points, polyhedra, rationals

DIMS = st.integers(1, 3)
ANY = DIMS.flatmap(lambda dim: polyhedra(dim, full_dimensional=False, strict=True))
CLOSED = DIMS.flatmap(lambda dim: polyhedra(dim, full_dimensional=False))


@st.composite
def affine_maps(draw, inner, outer):
    rows = st.lists(st.lists(rationals(2, 2), min_size=inner, max_size=inner), min_size=outer, max_size=outer)
    return AffineMap(Matrix.of(draw(rows)), draw(points(outer, max_denominator=2)))


def _near(polyhedron):
    """Draw points: anywhere, or corners and relative interior points of the polyhedron, where strictness shows."""
    anywhere = points(polyhedron.ambient_dim, max_denominator=2)
    vertices = polyhedron.closure().vrep.vertices
    return anywhere if not vertices else anywhere | st.sampled_from([*vertices, polyhedron.closure().interior_point()])


@given(CLOSED)
def test_from_inequalities_to_generators_and_back(polyhedron):
    if polyhedron.is_empty:
        assert polyhedron.vrep.vertices == polyhedron.vrep.rays == polyhedron.vrep.lines == ()
        event("empty")
        return
    vrep = polyhedron.vrep
    assert polyhedron.is_bounded == vrep.is_bounded
    hull = Polyhedron.hull(vrep.vertices, vrep.rays, vrep.lines)
    assert hull == polyhedron
    assert hull.irredundant == polyhedron.irredundant
    assert hull.vrep == vrep
    for point in vrep.vertices:
        assert polyhedron.contains(point)
        for ray in (*vrep.rays, *vrep.lines, *(tuple(-entry for entry in line) for line in vrep.lines)):
            assert polyhedron.contains([p + 5 * r for p, r in zip(point, ray, strict=True)])
    event(f"bounded: {vrep.is_bounded}, lines: {len(vrep.lines)}, flat: {polyhedron.dim < polyhedron.ambient_dim}")


@given(st.data(), DIMS)
def test_from_generators_to_inequalities_and_back(data, dim):
    corners = data.draw(st.lists(points(dim, max_denominator=2), min_size=1, max_size=5))
    rays = data.draw(st.lists(st.tuples(*[st.integers(-2, 2)] * dim), max_size=2))
    hull = Polyhedron.hull(corners, rays)
    again = Polyhedron(hull.irredundant)
    assert again.vrep == hull.vrep
    assert again.irredundant == hull.irredundant
    weights = data.draw(st.lists(st.integers(1, 5), min_size=len(corners), max_size=len(corners)))
    mixed = [Fraction(sum(w * c[k] for w, c in zip(weights, corners, strict=True)), sum(weights)) for k in range(dim)]
    inside = [m + sum(ray[k] for ray in rays) for k, m in enumerate(mixed)]
    assert hull.contains(inside)
    if not any(map(any, rays)):
        assert set(hull.vrep.vertices) <= set(corners)
        assert hull.is_bounded


@given(ANY)
@example(Polyhedron.of(1, strict=[(0, 1), (0, -1)]))
@example(Polyhedron.of(2, [(0, 1, 0)], strict=[(0, -1, 1), (0, 0, -1)]))
@example(Polyhedron.of(2, strict=[(0, 1, 0)], equations=[(0, 1, 0)]))
def test_emptiness_and_dimension_equal_brute_force(polyhedron):
    size = brute.dimension(polyhedron.hrep)
    assert polyhedron.dim == size
    assert polyhedron.is_empty == (size == -1) == (polyhedron.farkas is not None)
    if size == -1:
        with pytest.raises(DomainError, match="an empty polyhedron has no interior point"):
            polyhedron.interior_point()
    event(f"codimension {polyhedron.ambient_dim - size if size >= 0 else 'empty'}")


@given(DIMS.flatmap(lambda dim: polyhedra(dim, full_dimensional=False, bounded=True)))
def test_vertices_equal_brute_force(polyhedron):
    system = polyhedron.hrep
    assert set(polyhedron.vrep.vertices) == brute.vertices(system.ambient_dim, system.rows, system.equations)
    assert polyhedron.is_bounded


@given(ANY)
def test_interior_point_is_strictly_inside(polyhedron):
    if polyhedron.is_empty:
        event("empty")
        return
    inside = polyhedron.interior_point()
    assert polyhedron.contains(inside)
    assert all(brute.at(row, inside) > 0 for row in polyhedron.irredundant.closed_rows)
    event(f"strict: {bool(polyhedron.hrep.strict)}")


@given(st.data(), ANY)
def test_irredundant_is_the_same_set(data, polyhedron):
    reduced = Polyhedron(polyhedron.irredundant)
    assert reduced == polyhedron
    assert reduced.irredundant == reduced.hrep
    point = data.draw(_near(polyhedron))
    assert reduced.contains(point) == polyhedron.contains(point)
    assert len(reduced.hrep.closed_rows) <= max(len(polyhedron.hrep.closed_rows), 1)


@given(st.data(), CLOSED)
def test_equality_sees_neither_order_nor_scale_nor_redundancy(data, polyhedron):
    system = polyhedron.hrep
    factors = rationals().map(abs).filter(bool)
    rows: list[list[Fraction]] = []
    for row in data.draw(st.permutations(system.rows)):
        factor = data.draw(factors)
        rows.append([factor * entry for entry in row])
    rows += [[a + b for a, b in zip(one, other, strict=True)] for one, other in pairwise(rows)]
    rows += [[row[0] + 1, *row[1:]] for row in rows[:2]]
    pairs = []
    for row in system.equations:  # an equation is two inequalities
        pairs += [row, tuple(-2 * entry for entry in row)]
    same = Polyhedron.of(system.ambient_dim, [*pairs, *rows])
    assert same == polyhedron
    assert hash(same) == hash(polyhedron)
    assert same.irredundant == polyhedron.irredundant
    assert same.vrep == polyhedron.vrep
    assert same.dim == polyhedron.dim


@given(st.data(), DIMS)
def test_inclusion(data, dim):
    one, other = (data.draw(polyhedra(dim, full_dimensional=False, strict=True)) for _ in range(2))
    if data.draw(st.booleans()):
        other = other.closure().intersect(one)
    both = one.intersect(other)
    assert both.is_subset(one)
    assert both.is_subset(other)
    assert both == other.intersect(one)
    assert one.is_subset(other) == (both == one)
    assert (one == other) == (one.is_subset(other) and other.is_subset(one))
    assert one.is_subset(one.closure())
    assert one.is_subset(Polyhedron.space(dim))
    assert one == one.intersect(one)
    assert (one != other) or hash(one) == hash(other)
    point = data.draw(_near(one))
    assert both.contains(point) == (one.contains(point) and other.contains(point))
    if one.is_subset(other) and one.contains(point):
        assert other.contains(point)
    event(f"subset: {one.is_subset(other)}, empty: {one.is_empty}")


@at_most(60)
@given(st.data(), DIMS)
def test_inclusion_of_polytopes_by_their_vertices(data, dim):
    inner, outer = data.draw(polyhedra(dim, bounded=True)), data.draw(polyhedra(dim))
    if data.draw(st.booleans()):
        outer = Polyhedron.of(dim, [(row[0] + 20, *row[1:]) for row in outer.hrep.rows])
    expected = all(brute.at(row, p) >= 0 for row in outer.hrep.rows for p in brute.vertices(dim, inner.hrep.rows))
    assert inner.is_subset(outer) == expected
    event(f"subset: {expected}")


@given(st.data(), DIMS, DIMS)
def test_preimage(data, inner, outer):
    body = data.draw(polyhedra(outer, full_dimensional=False, strict=True))
    mapping = data.draw(affine_maps(inner, outer))
    point = data.draw(points(inner, max_denominator=2))
    pulled = body.preimage(mapping)
    assert pulled.ambient_dim == inner
    assert pulled.contains(point) == body.contains(mapping(point))
    further = data.draw(affine_maps(1, inner))
    assert pulled.preimage(further) == body.preimage(mapping.after(further))
    if not pulled.is_empty:
        assert body.contains(mapping(pulled.interior_point()))
    event(f"preimage empty: {pulled.is_empty}, body empty: {body.is_empty}")


@given(st.data(), ANY)
def test_closure(data, polyhedron):
    closed = polyhedron.closure()
    assert closed.hrep.strict == () or closed.is_empty
    assert closed.is_empty == polyhedron.is_empty
    assert closed.dim == polyhedron.dim
    assert closed.vrep == polyhedron.vrep
    if not polyhedron.is_empty:
        inside, end = polyhedron.interior_point(), data.draw(st.sampled_from(closed.vrep.vertices))
        halfway = [(a + b) / 2 for a, b in zip(inside, end, strict=True)]
        assert closed.contains(end)
        assert polyhedron.contains(halfway)  # a segment from the relative interior stays in until its end


def test_strict_rows_matter():
    opened = Polyhedron.of(1, strict=[(0, 1), (1, -1)])
    closed = Polyhedron.box(0, 1, dim=1)
    assert opened != closed
    assert opened.is_subset(closed)
    assert not closed.is_subset(opened)
    assert opened.closure() == closed
    assert hash(opened) == hash(Polyhedron.of(1, [(5, -1)], strict=[(0, 2), (1, -1)]))
    assert not opened.contains([0])
    assert opened.contains([Fraction(1, 10**9)])
    assert opened.irredundant == opened.hrep
    for side in ((0, 1), (0, -1)):
        assert not Polyhedron.of(1, [side]).is_subset(Polyhedron.of(1, equations=[(0, 1)]))
    corner_off = Polyhedron.of(2, [(0, 1, 0), (0, 0, 1)], strict=[(0, 1, 1)])  # the quadrant without the origin
    quadrant = Polyhedron.of(2, [(0, 1, 0), (0, 0, 1)])
    assert corner_off != quadrant
    assert corner_off.irredundant.strict == ((0, 1, 1),)
    assert Polyhedron.of(2, [(0, 1, 0), (0, 0, 1)], strict=[(1, 1, 1)]).irredundant == quadrant.irredundant
    assert Polyhedron.of(1, strict=[(0, 1)], equations=[(-1, 1)]).irredundant == HRep.of(1, equations=[(-1, 1)])


def test_equal_only_to_polyhedra_of_the_same_space():
    assert Polyhedron.space(1) != Polyhedron.space(2)
    assert Polyhedron.space(1) != "R"
    empty = [Polyhedron.of(2, [(-1, 0, 0)]), Polyhedron.of(2, strict=[(0, 1, 0), (0, -1, 0)]), Polyhedron.box([1, 0], [0, 1])]
    assert len(set(empty)) == 1


@given(st.data(), ANY)
def test_affine_hull(data, polyhedron):
    if polyhedron.is_empty:
        with pytest.raises(DomainError):
            polyhedron.affine_hull()
        event("empty")
        return
    hull = polyhedron.affine_hull()
    assert (hull.inputs, hull.outputs) == (polyhedron.dim, polyhedron.ambient_dim)
    assert brute.rank(hull.matrix.rows) == polyhedron.dim
    inside = polyhedron.preimage(hull)
    assert inside.dim == polyhedron.dim
    coordinates = data.draw(points(polyhedron.dim)) if polyhedron.dim else ()
    assert inside.contains(coordinates) == polyhedron.contains(hull(coordinates))
    flat = Polyhedron.of(polyhedron.ambient_dim, equations=polyhedron.irredundant.equations)
    assert flat.contains(hull(coordinates))
    assert all(flat.contains(vertex) for vertex in polyhedron.vrep.vertices)
    event(f"dim {polyhedron.dim} in {polyhedron.ambient_dim}")


def test_a_network_on_a_flat_domain():
    domain = Polyhedron.of(2, [(0, 1, 0), (1, -1, 0)], equations=[(-1, 1, 1)])  # the segment from (0, 1) to (1, 0)
    with pytest.raises(DomainError) as caught:
        domain.cell()
    assert "it lies in x0 + x1 = 1; parametrise it: hull = domain.affine_hull()" in str(caught.value)
    with pytest.raises(DomainError, match=r"if -3 and 3 are bounds, write a pair \(low, high\) for each input; else param"):
        Polyhedron.box([-3, 3], [-3, 3]).facet_rows()
    hull = domain.affine_hull()
    net = Network.mlp([([[1, 2]], [3]), ([[1]], [0])])
    inside = domain.preimage(hull)
    assert inside.cell().is_bounded
    for vertex in inside.vrep.vertices:
        assert net.compose(hull)(vertex) == net(hull(vertex))
    assert {hull(vertex) for vertex in inside.vrep.vertices} == {vector(0, 1), vector(1, 0)}


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        (Polyhedron.of(1, [(-1, 1), (0, -1)]), "the domain is empty"),
        (Polyhedron.of(1, strict=[(0, 1), (0, -1)]), "the domain is empty"),
        (Polyhedron.box([0, 1], [0, 2]), "flat: it lies in x0 = 0;"),
        (Polyhedron.of(2, [(0, 1, -1), (0, -1, 1)]), "flat: it lies in x0 - x1 = 0;"),
        (Polyhedron.of(2, equations=[(-3, 2, 0)]), "flat: it lies in x0 = 3/2;"),
        # 0 <= x0, 0 <= x1, x0 + x1 <= 0: only the origin, and no row is an equation by itself
        (Polyhedron.of(2, [(0, 1, 0), (0, 0, 1), (0, -1, -1)]), "flat: it lies in x"),
    ],
)
def test_domains_without_an_interior(domain, message):
    with pytest.raises(DomainError, match="the domain is") as caught:
        domain.cell()
    assert message in str(caught.value)


@given(DIMS.flatmap(lambda dim: polyhedra(dim, strict=True)))
def test_cell_is_the_closure(polyhedron):
    cell = polyhedron.cell()
    assert cell.vrep == polyhedron.vrep
    assert Polyhedron.of_cell(cell) == polyhedron.closure()
    assert Polyhedron.of_cell(cell).vrep is cell.vrep
    assert repr(Polyhedron.of_cell(cell)) == repr(Polyhedron(cell.hrep))
    assert hash(Polyhedron.of_cell(cell)) == hash(polyhedron.closure())


@given(DIMS.flatmap(boxes))
def test_box(box):
    low, high = box.vrep.vertices[0], box.vrep.vertices[-1]
    assert Polyhedron.box(low, high) == box
    assert len(box.vrep.vertices) == 2**box.ambient_dim
    assert box.contains(low)
    assert not box.contains([low[0] - Fraction(1, 10**20), *low[1:]])


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Polyhedron.box([0], [1, 2]), DimensionError, "upper corner of the box has 2 entries; expected 1"),
        (lambda: Polyhedron.box([float("nan")], [1]), InexactError, "entry 0 of the lower corner is nan"),
        (lambda: Polyhedron.hull([]), DomainError, "a hull without vertices is not defined; pass at least one vertex"),
        (lambda: Polyhedron.of(2, [(1, 2)]), DimensionError, "has 2 entries; expected 3"),
        (lambda: Polyhedron.space(2).contains([1]), DimensionError, "point has 1 entry; expected 2"),
        (lambda: Polyhedron.space(2).intersect(Polyhedron.space(1)), DimensionError, "space of the other polyhedron"),
        (lambda: Polyhedron.space(2).is_subset(Polyhedron.space(1)), DimensionError, "space of the other polyhedron"),
        (
            lambda: Polyhedron.space(2).preimage(AffineMap.identity(1)),
            DimensionError,
            "codomain of the affine map has dimension 1; expected 2",
        ),
    ],
)
def test_refusals(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(("low", "high"), [(0, 1), ("-1", [1, 1]), ([0], 1.5)])
def test_a_box_without_a_dimension(low, high):
    with pytest.raises(InputError, match="pass dim="):
        Polyhedron.box(low, high)


def test_boundedness_needs_no_vertices():
    cube = Polyhedron.box(-1, 1, dim=40).hrep
    simplex = [[0, *(int(j == k) for j in range(40))] for k in range(40)]
    assert Polyhedron(cube).is_bounded
    assert Polyhedron.of(40, [*simplex, [1, *[-1] * 40]]).is_bounded
    assert not Polyhedron.of(40, [*simplex, [1, -1, *[0] * 39]]).is_bounded
    assert not Polyhedron.of(40, cube.rows[1:]).is_bounded
