"""Polyhedra over Q(sqrt(D)): against the same systems, scaled to rational ones, and by hand."""

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polyhedra.systems import ENTRIES, systems

from exactzones import AffineMap, Polyhedron
from exactzones.polyhedra import HRep, Optimal, VRep
from exactzones.rational import algebraic, integer_dot, irrational, square_root, vector


def scaled(system, root):
    """Return the image of a rational system under ``x -> root x``, an irrational system."""
    return Polyhedron.of(
        system.ambient_dim,
        [(row[0], *(entry / root for entry in row[1:])) for row in system.rows],
        strict=[(row[0], *(entry / root for entry in row[1:])) for row in system.strict],
        equations=[(row[0], *(entry / root for entry in row[1:])) for row in system.equations],
    )


@settings(max_examples=40)
@given(systems(5), st.sampled_from([2, 3, 7]), st.lists(ENTRIES, min_size=3, max_size=3))
def test_polyhedra_over_the_field_are_the_scaled_ones(system, radicand, objective):
    """Everything about root * P follows from P, which cddlib knows: emptiness, generators, facets, maxima, volume."""
    root, old = square_root(radicand), Polyhedron(system)
    new = scaled(system, root)
    assert new.is_empty == old.is_empty
    assert new.dim == old.dim
    assert new.vrep == VRep(
        system.ambient_dim, tuple(tuple(root * x for x in vertex) for vertex in old.vrep.vertices), old.vrep.rays, old.vrep.lines
    )
    assert new.irredundant == scaled(old.irredundant, root).hrep
    assert new == scaled(old.irredundant, root)
    if old.is_empty:
        return
    assert new.contains(new.interior_point())
    assert new.is_subset(Polyhedron(new.irredundant))
    assert Polyhedron.hull(new.vrep.vertices, new.vrep.rays, new.vrep.lines) == new
    if new.is_bounded or new.dim < system.ambient_dim:
        assert new.volume() == old.volume() * root**system.ambient_dim
    before, after = (polyhedron.maximize(objective[: system.ambient_dim]) for polyhedron in (old, new))
    assert type(before) is type(after)
    if isinstance(before, Optimal):
        assert after.value == root * before.value
    hull = new.affine_hull()
    assert hull.inputs == new.dim
    assert all(new.preimage(hull).contains(point) for point in [new.preimage(hull).interior_point()])


@settings(max_examples=40)
@given(systems(5), st.lists(ENTRIES, min_size=3, max_size=3))
def test_strict_rows_over_the_field(system, row):
    root = square_root(2)
    strict = HRep.of(system.ambient_dim, system.rows, strict=[[*row[: system.ambient_dim], 1]], equations=system.equations)
    old, new = Polyhedron(strict), scaled(strict, root)
    assert old.is_empty == new.is_empty
    if not old.is_empty:
        assert new.irredundant == scaled(old.irredundant, root).hrep
        assert not set(new.irredundant.rows) & set(new.irredundant.strict)
        assert not new.is_subset(Polyhedron.of(system.ambient_dim, [[-1, *[0] * system.ambient_dim]]))


def test_a_regular_triangle_has_its_vertices():
    """x >= -1/2 and its turns by 120 degrees: the triangle with corners of length 1, by hand."""
    triangle = Polyhedron.of(2, [("1/2", 1, 0), ("1/2", "-1/2", "sqrt(3)/2"), ("1/2", "-1/2", "-sqrt(3)/2")])
    half, height = Fraction(1, 2), square_root(3) / 2
    assert triangle.vrep.vertices == ((-half, -height), (-half, height), (1, 0))
    assert triangle.volume() == 3 * square_root(3) / 4
    assert triangle.cell().volume() == triangle.volume()
    assert triangle.maximize([0, 1]).value == height
    assert triangle.contains([0, "sqrt(3)/4"])
    assert not triangle.contains(["-1/2", "sqrt(3)"])
    turn = AffineMap.of([["-1/2", "sqrt(3)/2"], ["-sqrt(3)/2", "-1/2"]], [0, 0])
    assert triangle.preimage(turn) == triangle
    assert triangle.preimage(turn).hrep == triangle.hrep
    assert turn.after(turn).after(turn) == AffineMap.identity(2)
    assert turn.after(turn).after(turn).matrix.is_rational


@given(systems(5), st.lists(ENTRIES, min_size=4, max_size=4))
def test_cells_over_the_field(system, row):
    """Cutting root * P gives root times the parts of P."""
    root = square_root(3)
    closed = HRep.of(system.ambient_dim, system.rows)
    old = Polyhedron(closed)
    assume(old.dim == system.ambient_dim)
    cut = HRep.of(system.ambient_dim, [row[: system.ambient_dim + 1]])
    assume(cut.rows)
    for before, after in zip(
        old.cell().halves(cut.rows[0]), scaled(closed, root).cell().halves(scaled(cut, root).hrep.rows[0]), strict=True
    ):
        assert (before is None) == (after is None)
        if before is not None:
            assert after.hrep == scaled(before.hrep, root).hrep
            assert after.vrep.vertices == tuple(tuple(root * x for x in vertex) for vertex in before.vrep.vertices)
            inside = after.interior_point()
            assert all(integer_dot(row, (1, *inside)) > 0 for row in after.rows)
            if before.is_bounded:
                assert after.volume() == before.volume() * root**system.ambient_dim


def test_rows_are_canonical():
    root = square_root(2)
    one, other = (HRep.of(2, [row]) for row in ([root, 2, root], [1, root, 1]))
    assert one == other
    assert one.rows == ((1, root, 1),)
    assert HRep.of(1, [[root, 2 * root]]).rows == ((1, 2),)  # the rational row, where there is one
    assert HRep.of(1, [[-root, 2]]).rows == ((-1, root),)
    assert not irrational(vector("sqrt(4)"))
    assert HRep.of(2, [["sqrt(3)/2", algebraic("sqrt(3)"), 0]]).rows == ((1, 2, 0),)
