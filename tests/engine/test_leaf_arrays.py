"""Systems of equations in floats, whose error bounds must hold, and the vertices that they prove to be simple."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from zones.support import small_networks

from exactzones.engine import shared_vertices
from exactzones.engine.forward import zone_search
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import LeafArrays, solved
from exactzones.engine.search import resolve
from exactzones.engine.simple_vertices import simple_vertices
from exactzones.engine.starting_cones import NotPointedError
from exactzones.engine.workers import LeafBatch
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS
from exactzones.rational import common_zero
from exactzones.testing import domains
from exactzones.testing.strategies import KINDS


def exact_point(rows):
    line = common_zero([[int(entry * 2**40) for entry in map(Fraction, row)] for row in rows.tolist()])
    return [Fraction(entry, line[0]) for entry in line[1:]] if any(line) and line[0] else None


@pytest.mark.parametrize("dim", range(1, 7))
@pytest.mark.parametrize("nearly", [0.0, 1e-6, 1e-13])
def test_points_are_as_near_as_their_bounds_say(dim, nearly):
    """The last hyperplane nearly is a combination of the others; whatever the rows are off by is covered, too."""
    rng = np.random.default_rng(dim)
    planes = rng.integers(-99, 99, (40, dim, dim + 1)).astype(float)
    if nearly and dim > 1:
        planes[:, -1] = planes[:, :-1].sum(axis=1) + np.round(nearly * 2**40 * planes[:, -1]) / 2**40
    off = np.abs(planes).max(axis=2) * 1e-12
    points, error = solved(planes + off[:, :, None] * rng.uniform(-0.999, 0.999, planes.shape), off)
    known = np.flatnonzero(error < np.inf)
    assert len(known) > 30 or nearly == 1e-13
    for k in known:
        exact = exact_point(planes[k])
        assert max(abs(Fraction(a) - b) for a, b in zip(points[k].tolist(), exact, strict=True)) <= Fraction(error[k])


@pytest.mark.parametrize("dim", range(1, 7))
def test_hyperplanes_that_meet_in_no_point_are_not_known(dim):
    rng = np.random.default_rng(dim)
    planes = rng.integers(-9, 9, (20, dim, dim + 1)).astype(float)
    planes[::2, -1, 1:] = planes[::2, 0, 1:] * (dim > 1)
    assert (solved(planes, np.zeros((20, dim)))[1][::2] == np.inf).all()
    assert [array.shape for array in solved(planes[:0], np.zeros((0, dim)))] == [(0, dim), (0,)]


def leaves_of(net, domain):
    """All cells as arrays, or None if the forward engine cannot find them."""
    search = zone_search(net, resolve(net, ALWAYS), () if domain is None else domain.facet_rows())
    if search is None:
        return None
    try:
        frontiers = [LeafBatch.of(frontier) for frontier in search.arrangement.leaves(search.arrangement.start())]
    except NotPointedError:
        return None
    ptr = np.cumsum([0, *np.concatenate([np.diff(leaves.ptr) for leaves in frontiers])])
    prefix, tight = (np.concatenate([getattr(leaves, name) for leaves in frontiers]) for name in ("prefix", "tight"))
    return next(LeafArrays.parts(search.arrangement, LeafBatch(prefix, ptr, tight), len(prefix)))


@given(st.data())
def test_simple_vertices_are_simple(data):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=6, inputs=(1, 4)))
    leaves = leaves_of(net, data.draw(domains(net.inputs)))
    assume(leaves is not None)
    simple = simple_vertices(leaves, leaves.shared, leaves.points(leaves.shared[0]))
    event(f"all are simple: {simple.all()}")
    for k in range(len(leaves)):
        own = range(*leaves.ptr[k : k + 2])
        leaf = Leaf(leaves.arrangement, leaves.prefix[k].tobytes(), leaves.tight[own])
        generators = [leaf.generator(leaves.tight[j]) for j in own]
        for j, generator in zip(own, generators, strict=True):
            if simple[j]:
                assert generator[0] > 0
                assert generators.count(generator) == 1
                for plane in leaves.tight[j]:
                    assert leaf.spans_facet([leaves.tight[i] for i in own if plane in leaves.tight[i]])


def test_nearly_all_vertices_of_generic_cells_are_known_to_be_simple():
    rng = np.random.default_rng(0)
    net = Network.mlp([(rng.normal(size=(8, 3)), rng.normal(size=8)), (rng.normal(size=(8, 8)), rng.normal(size=8))])
    leaves = leaves_of(net, Polyhedron.box(-3, 3, dim=3))
    assert simple_vertices(leaves, leaves.shared, leaves.points(leaves.shared[0])).mean() > 0.99


@given(st.data())
def test_shared_vertices_are_the_same_points(data):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=6, inputs=(1, 4)))
    leaves = leaves_of(net, data.draw(domains(net.inputs)))
    assume(leaves is not None)
    exact = [
        Leaf(leaves.arrangement, leaves.prefix[leaf].tobytes(), leaves.tight).generator(tight)
        for leaf, tight in zip(leaves.leaf_of.tolist(), leaves.tight, strict=True)
    ]
    used, index = leaves.shared
    for k, place in enumerate(index.tolist()):
        assert exact[k][0] == 0 or exact[used[place]] == exact[k]
        assert (leaves.tight[used[place]] == leaves.tight[k]).all()
    assert len(used) <= len({(tight.tobytes(), leaf) for tight, leaf in zip(leaves.tight, leaves.leaf_of.tolist(), strict=True)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_vertices, "_hashes", lambda parts: np.zeros(len(parts[0]), np.uint64))  # all collide
        hashed = shared_vertices.shared_vertices(leaves.arrangement.exact, leaves.prefix, leaves.leaf_of, leaves.tight)
    assert len(hashed[0]) in {1, len(index)}
    assert len(used) == 1 or (hashed[1] == np.arange(len(index))).all()
