"""A box as two vectors against the same box as a system of inequalities."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones import Network, Polyhedron, certify, feature
from exactzones.certification import case_of
from exactzones.certification.witness.search_domain import SearchDomain
from exactzones.checker import Case
from exactzones.errors import DimensionError
from exactzones.polyhedra import Box, HRep
from exactzones.rational import Matrix, SparseRows
from exactzones.rational.floats import clipped_float, float_matrix

ENDS = st.fractions(-4, 4, max_denominator=6) | st.integers(-1, 1).map(Fraction)
VECTORS = st.integers(0, 4).flatmap(lambda dim: st.tuples(*[st.lists(ENDS, min_size=dim, max_size=dim).map(tuple)] * 2))


def system(low, high, *, equations):
    """The same box, row by row."""
    rows, fixed = [], []
    for k, (below, above) in enumerate(zip(low, high, strict=True)):
        unit = [int(j == k) for j in range(len(low))]
        if equations and below == above:
            fixed.append([-below, *unit])
        else:
            rows += [[-below, *unit], [above, *(-entry for entry in unit)]]
    return HRep.of(len(low), rows, equations=fixed)


@given(VECTORS, st.booleans())
def test_rows_of_a_box(corners, equations):
    plain, box = Polyhedron(system(*corners, equations=equations)), Box(*corners, equations=equations)
    assert box.hrep == plain.hrep
    assert box.is_empty == plain.is_empty
    assert pickle.loads(pickle.dumps(box)).hrep == plain.hrep  # noqa: S301 - our own bytes
    net = Network.mlp([([[1] * len(corners[0])], [0])]) if corners[0] else None
    if net is not None:
        case = case_of(net, feature(0), box)
        assert case == case_of(net, feature(0), plain)
        assert hash(case) == hash(Case(tuple(case.rows), feature(0)))
    assert tuple(SparseRows.of_box(*corners, equations=equations)) == tuple(
        row for row in (*plain.hrep.rows, *(side for row in plain.hrep.equations for side in (row, tuple(-e for e in row))))
    )


@given(VECTORS, st.data())
def test_points_of_a_box(corners, data):
    box = Box(*corners)
    plain = Polyhedron(box.hrep)
    point = data.draw(st.lists(ENDS, min_size=len(corners[0]), max_size=len(corners[0])))
    assert box.contains(point) == plain.contains(point)
    with pytest.raises(DimensionError):
        box.contains([*point, 0])


@given(VECTORS.filter(lambda corners: corners[0]), st.booleans())
def test_a_box_is_prepared_for_the_search_as_its_rows_are(corners, equations):
    box, plain = (SearchDomain.of(each) for each in (Box(*corners), Polyhedron(system(*corners, equations=equations))))
    assert (box is None) == (plain is None)
    if box is None:
        return
    assert box.system == plain.system
    assert (box.low.tolist(), box.high.tolist()) == (plain.low.tolist(), plain.high.tolist())
    assert (box.embedding is None) == (plain.embedding is None)
    if box.embedding is not None:
        assert box.embedding == plain.embedding
        net = Network.mlp([(np.arange(len(corners[0]), dtype=float)[None], [1])])
        ours, theirs = net.compose(box.embedding), net.compose(plain.embedding)
        assert ours == theirs
        weights = [float_matrix(each.layers[0].weight, clipped_float).tolist() for each in (ours, theirs)]
        assert weights[0] == weights[1]


def test_a_box_of_many_inputs_stays_two_vectors():
    """Rows of 3,073 entries would be 19 million numbers."""
    dim = 3072
    net = Network.mlp([(np.full((1, dim), 0.5), [-1000.0])])
    box = Polyhedron.box(0, Fraction(1, 2), dim=dim)
    assert certify(net, feature(0), box).nodes == 1
    assert certify(net, feature(0, -1000), box).witness
    assert "hrep" not in box.__dict__


def test_products_that_choose_columns():
    matrix = Matrix.of([[1, 2, 3], [4, 5, 6]])
    assert (matrix @ Matrix.of([[1, 0], [0, 0], [0, 1]])).rows == matrix.pick([0, 2]).rows == ((1, 3), (4, 6))
