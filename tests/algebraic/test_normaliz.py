"""Generators of systems over Q(sqrt(D)) against Normaliz, which has number fields of its own; skipped without it."""

from fractions import Fraction

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from exactzones import Polyhedron
from exactzones.polyhedra.cells import canonical_vrep, reduce_modulo
from exactzones.polyhedra.representation import HRep
from exactzones.rational import algebraic, integer_row, irrational, square_root, text

PyNormaliz = pytest.importorskip("PyNormaliz")

FIELDS = {2: "1.4+/-0.1", 3: "1.7+/-0.1", 7: "2.6+/-0.1"}


@st.composite
def systems(draw):
    """Draw systems whose rows have irrational entries of many kinds."""
    radicand, dim = draw(st.sampled_from(sorted(FIELDS))), draw(st.integers(1, 3))
    part = st.fractions(-3, 3, max_denominator=3)
    entry = st.builds(lambda a, b: a + b * square_root(radicand), part, st.one_of(st.just(Fraction(0)), part))
    row = st.lists(entry, min_size=dim + 1, max_size=dim + 1)
    rows = draw(st.lists(row, min_size=1, max_size=6))
    if draw(st.booleans()):
        rows += [[4, *(sign * int(j == k) for j in range(dim))] for k in range(dim) for sign in (1, -1)]
    return radicand, HRep.of(dim, rows, equations=draw(st.lists(row, max_size=1)))


def read(entries, radicand):
    """Return a generator of Normaliz as a homogeneous row; it writes the root as a, and the homogenising coordinate last."""
    numbers = [algebraic(str(entry).replace("a", f"sqrt({radicand})")) for entry in entries]
    return integer_row([numbers[-1], *numbers[:-1]])


@given(systems())
def test_generators_are_those_of_normaliz(case):
    radicand, system = case

    def written(rows):
        return [[text(entry).replace(f"sqrt({radicand})", "a") for entry in (*row[1:], row[0])] for row in rows]

    cone = PyNormaliz.Cone(
        number_field=[f"a2-{radicand}", "a", FIELDS[radicand]],
        inhom_inequalities=written(system.rows) or written([(1, *[0] * system.ambient_dim)]),
        inhom_equations=written(system.equations),
    )
    ours = Polyhedron(system)
    points = [read(point, radicand) for point in cone.VerticesOfPolyhedron()]
    assert ours.is_empty == (not points)
    event(
        f"{'no' if not points else 'irrational' if irrational(x for p in ours.vrep.vertices for x in p) else 'rational'} vertices"
    )
    if points:
        lines = [read(line, radicand) for line in cone.MaximalSubspace()]
        rays = [read(ray, radicand) for ray in cone.ExtremeRays()]
        rays = [ray for ray in rays if not ray[0]]
        assert ours.vrep == canonical_vrep(system.ambient_dim, reduce_modulo([*points, *rays], lines), lines)
