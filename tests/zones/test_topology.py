"""Topology against all chains of faces, found by exact programs over sign vectors; and shapes known by hand."""

import itertools
import os
import zipfile
from fractions import Fraction
from pathlib import Path

import flint
import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import assume, event, given
from hypothesis import strategies as st
from zones.support import small_networks

from exactzones import Network, Polyhedron, topology
from exactzones.errors import BudgetExceeded, FeatureError, InputError
from exactzones.polyhedra.homology import homology
from exactzones.testing import domains, polyhedra
from exactzones.testing.strategies import KINDS

RING = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1] * 4], [-1])])  # |x| + |y| - 1
BOW = Network.mlp([([[1, 1], [-1, -1], [1, -1], [-1, 1]], [0] * 4), ([[1, 1, -1, -1]], [0])])  # |x + y| - |x - y|
SHELL = Network.mlp([([[int(j == k) * s for j in range(3)] for k in range(3) for s in (1, -1)], [0] * 6), ([[1] * 6], [-1])])


def times(row, factor):
    return tuple(factor * entry for entry in row)


def open_faces(net, unit, domain):
    """The relatively open faces of all regions, cut where the feature is 0: their sign vectors, the feature's last."""
    dim = net.inputs
    rows = [*((row, (1, 0)) for row in domain.hrep.rows), *((row, (1,)) for row in domain.hrep.strict)]
    faces = [((), (), (), [tuple(Fraction(int(j == k)) for j in range(dim + 1)) for k in range(1, dim + 1)])]

    def split(face, row, allowed):
        signs, strict, equal, maps = face
        for sign in allowed:
            kept = (*strict, times(row, sign)) if sign else strict, equal if sign else (*equal, row)
            if not Polyhedron.of(dim, strict=kept[0], equations=kept[1]).is_empty:
                yield (*signs, sign), *kept, maps

    for row, allowed in rows:
        faces = [part for face in faces for part in split(face, row, allowed)]
    for k, layer in enumerate(net.layers):
        last, done = k == len(net.layers) - 1, []
        for face in faces:
            before, parts = face[3], [face]
            z = [
                tuple(sum((w * x[j] for w, x in zip(weights, before, strict=True)), start=Fraction(0)) for j in range(dim + 1))
                for weights in layer.weight.rows
            ]
            z = [(row[0] + bias, *row[1:]) for row, bias in zip(z, layer.bias, strict=True)]
            cuts = [unit] if last else [k for k, relu in enumerate(layer.relu) if relu]
            for cut in cuts:
                parts = [part for each in parts for part in split(each, z[cut], (-1, 0, 1))]
            for signs, strict, equal, _ in parts:
                on = dict(zip(cuts, signs[len(signs) - len(cuts) :], strict=True))
                after = [row if on.get(j, 1) > 0 or last else times(row, 0) for j, row in enumerate(z)]
                done.append((signs, strict, equal, after))
        faces = done
    return [face[0] for face in faces]


def betti_of_chains(faces, dim):
    """The Betti numbers over a prime field of the complex of all chains of faces, each in the closure of the next one."""
    below = [
        [j for j, f in enumerate(faces) if j != k and all(a in {b, 0} for a, b in zip(f, g, strict=True))]
        for k, g in enumerate(faces)
    ]
    chains = [[(k,) for k in range(len(faces))]]
    while chains[-1]:
        chains.append([(j, *chain) for chain in chains[-1] for j in below[chain[0]]])
    ranks = [0]
    for shorter, longer in itertools.pairwise(chains):
        number = {chain: k for k, chain in enumerate(shorter)}
        matrix = flint.nmod_mat(len(longer), len(shorter), 32003) if longer and shorter else None
        for k, chain in enumerate(longer):
            for j in range(len(chain)):
                matrix[k, number[chain[:j] + chain[j + 1 :]]] = (-1) ** j % 32003
        ranks.append(matrix.rank() if matrix is not None else 0)
    ranks += [0] * (dim + 2)
    counts = [len(each) for each in chains] + [0] * (dim + 1)
    return tuple(counts[k] - ranks[k] - ranks[k + 1] for k in range(dim))


@at_most(25)
@given(st.data(), st.booleans())
def test_against_all_chains_of_faces(data, open_set):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=4, inputs=(1, 2)))
    domain = data.draw(st.one_of(domains(net.inputs), polyhedra(net.inputs, strict=True)))
    domain = Polyhedron.space(net.inputs) if domain is None else domain
    assume(domain.hrep.rows == domain.hrep.closed_rows)
    unit = data.draw(st.integers(0, net.widths[-1] - 1))
    faces = open_faces(net, unit, domain)
    assume(len(faces) < 150)
    found = topology(net, unit, domain, open=open_set)
    firing = [face for face in faces if face[-1] > 0 or (face[-1] == 0 and not open_set)]
    rest = [face for face in faces if face not in firing]
    level = [face for face in faces if face[-1] == 0]
    for ours, theirs in ((found.firing, firing), (found.complement, rest), (found.boundary, level)):
        assert ours.betti == betti_of_chains(theirs, net.inputs)
        assert ours.euler == sum((-1) ** k * number for k, number in enumerate(ours.betti))
    event(f"Betti numbers of the firing set: {found.firing.betti}")


def turns(corners, point):
    """How often a closed polygon that does not pass through a point goes around it: its crossings of the ray to the right."""
    count = 0
    for (x, y), (to_x, to_y) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if (y > point[1]) != (to_y > point[1]):
            side = (to_x - x) * (point[1] - y) - (to_y - y) * (point[0] - x)
            count += (side > 0) * (to_y > y) - (side < 0) * (to_y < y)
    return count


def check_loops(net, found, level):
    """Each is closed, leads from zone to zone, and does not leave its set."""
    for name, side in (("firing", 1), ("complement", -1), ("boundary", 0)):
        assert len(found.holes[name]) == getattr(found, name).betti[1]
        for loop in found.holes[name]:
            for one, two in zip(loop.corners, (*loop.corners[1:], loop.corners[0]), strict=True):
                assert any(zone.hrep.contains(one) and zone.hrep.contains(two) for zone in loop.zones)
                assert (net(one)[0] > level) - (net(one)[0] < level) in {side, 0}


@at_most(40)
@given(st.data(), st.booleans(), st.integers(0, 8))
def test_loops_lead_from_zone_to_zone(data, open_set, twice):
    row, sign, level = st.tuples(*[st.integers(-2, 2)] * 3), st.sampled_from([1, 1, -1]), Fraction(twice, 2)
    rows = data.draw(st.lists(row, min_size=3, max_size=6))
    signs = data.draw(st.lists(sign, min_size=len(rows), max_size=len(rows)))
    net = Network.mlp([([row[:2] for row in rows], [row[2] for row in rows]), ([signs], [0])])
    check_loops(net, topology(net, 0, data.draw(st.sampled_from([(-3, 3), None])), threshold=level, open=open_set), level)


def test_loops_go_around_holes_in_independent_ways():
    """The sum of a zigzag of x and one of y is 0 where both are even and 2 where both are odd: a tray for nine eggs."""
    units = [(axis, k) for axis in range(2) for k in range(-3, 3)]
    rows = [[int(j == axis) for j in range(2)] for axis, _ in units]
    heights = [-1 if k == -3 else 2 * (-1) ** k for _, k in units]
    tray = Network.mlp([(rows, [-k for _, k in units]), ([heights], [2])])
    found = topology(tray, 0, (-3, 3), threshold="1/2")
    assert (found.firing.betti, found.complement.betti, found.boundary.betti) == ((1, 9), (9, 0), (9, 9))
    check_loops(tray, found, Fraction(1, 2))
    hollows = list(itertools.product((-2, 0, 2), repeat=2))
    matrix = flint.fmpz_mat([[turns(loop.corners, hollow) for hollow in hollows] for loop in found.holes["firing"]])
    assert abs(matrix.det()) == 1
    assert max(len(loop.corners) for loop in found.holes["firing"]) <= 8
    assert topology(tray, 0, (-3, 3), threshold="3/2").firing.betti == (16, 0)


@pytest.mark.parametrize("domain", [(-2, 2), None])
def test_shapes(domain):
    ring = topology(RING, 0, domain)
    assert (ring.firing.betti, ring.complement.betti, ring.boundary.betti) == ((1, 1), (1, 0), (1, 1))
    shell = topology(SHELL, 0, domain)
    assert (shell.firing.betti, shell.complement.betti, shell.boundary.betti) == ((1, 0, 1), (1, 0, 0), (1, 0, 1))
    assert str(shell.firing) == "1 component, 1 cavity"


def test_a_torus():
    """1 - ||x| + |y| - 2| - |z| is at least 0 on a solid torus with square sections, and 0 on its surface."""
    pairs = [([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], [0] * 6)]
    pairs += [([[1, 1, 1, 1, 0, 0], [-1, -1, -1, -1, 0, 0], [0, 0, 0, 0, 1, 1]], [-2, 2, 0]), ([[-1, -1, -1]], [1])]
    found = topology(Network.mlp(pairs), 0, (-4, 4))
    assert (found.firing.betti, found.complement.betti, found.boundary.betti) == ((1, 1, 0), (1, 1, 1), (1, 2, 1))
    assert [hole.dim for hole in found.holes["boundary"]] == [1, 1, 2]
    assert (found.boundary.euler, found.boundary.torsion) == (0, ((), (), ()))


@pytest.mark.skipif("EXACTZONES_RELUCENT" not in os.environ, reason="it does not name a checkout of relucent")
@pytest.mark.parametrize("domain", [(-4, 4), None])
def test_the_torus_of_relucent(domain):
    """A trained 3-15-15-1 classifier whose boundary is a torus: Betti numbers 1, 2, 1 (its tests/test_betti_torus.py)."""
    archive = zipfile.ZipFile(Path(os.environ["EXACTZONES_RELUCENT"]) / "tests/data/torus_boundary_model_seed2.pt")
    names = sorted((name for name in archive.namelist() if "/data/" in name), key=lambda name: int(name.rsplit("/", 1)[1]))
    arrays = [np.frombuffer(archive.read(name), "<f4") for name in names]
    pairs = [(weight.reshape(len(bias), -1), bias) for weight, bias in zip(arrays[::2], arrays[1::2], strict=True)]
    found = topology(Network.mlp(pairs), 0, domain)
    assert (found.firing.betti, found.complement.betti, found.boundary.betti) == ((1, 1, 0), (1, 1, 1), (1, 2, 1))


@pytest.mark.parametrize("domain", [(-1, 1), None])
def test_touching_in_a_point_is_not_overlapping(domain):
    closed, inner = topology(BOW, 0, domain), topology(BOW, 0, domain, open=True)
    assert (closed.firing.betti, closed.complement.betti) == ((1, 0), (2, 0))
    assert (inner.firing.betti, inner.complement.betti) == ((2, 0), (1, 0))
    assert topology(BOW, 0, domain, threshold="1/10").firing.betti == (2, 0)
    assert topology(BOW, 0, domain, threshold="-1/10", open=True).firing.betti == (1, 0)


def test_a_set_of_one_point_and_empty_sets():
    peak = Network.mlp([([[1], [-1]], [0, 0]), ([[-1, -1]], [0])])  # -|x|
    assert topology(peak, 0, (-1, 1)).firing.betti == (1,)
    inner = topology(peak, 0, (-1, 1), open=True)
    assert (inner.firing.betti, inner.firing.euler, str(inner.firing)) == ((0,), 0, "empty")
    assert topology(peak, 0, (-1, 1)).complement.betti == (2,)


def test_a_domain_without_its_boundary():
    """-x >= 0 from 0 to 1 holds at 0 only, and without a side of the domain the ring that touches it is cut open."""
    line = Network.mlp([([[-1]], [0])])
    assert topology(line, 0, Polyhedron.of(1, [(0, 1), (1, -1)])).firing.betti == (1,)
    assert topology(line, 0, Polyhedron.of(1, [(1, -1)], strict=[(0, 1)])).firing.betti == (0,)
    sides = [(1, -1, 0), (1, 1, 0), (2, 0, -1), (2, 0, 1)]
    closed, cut = (topology(RING, 0, Polyhedron.of(2, sides[k:], strict=sides[:k])) for k in (0, 1))
    assert (closed.firing.betti, cut.firing.betti, cut.boundary.betti) == ((1, 1), (1, 0), (1, 0))


def test_torsion():
    """The projective plane with six vertices: every pair of them is an edge."""
    triangles = ["123", "134", "145", "156", "126", "235", "245", "246", "346", "356"]
    edges = ["".join(pair) for pair in itertools.combinations("123456", 2)]
    cells = [
        {int(vertex): {} for vertex in "123456"},
        {int(edge): {int(edge[1]): 1, int(edge[0]): -1} for edge in edges},
        {int(t): {int(t[1:]): 1, int(t[0] + t[2]): -1, int(t[:2]): 1} for t in triangles},
    ]
    found = homology(cells, 2)
    assert (found.betti, found.torsion, found.euler) == ((1, 0), ((), (2,)), 1)


@pytest.mark.parametrize("domain", [(-2, 2), None])
def test_irrational_weights(domain):
    net = Network.mlp([([["sqrt(2)", 0], [-1, "sqrt(2)"], [1, 1]], [0, 0, "-1/2*sqrt(2)"]), ([[1, 1, "-sqrt(2)"]], [-1])])
    found = topology(net, 0, domain)
    assert (found.firing.betti, found.complement.betti, found.boundary.betti) == ((2, 0), (1, 0), (2, 0))


def test_what_does_not_fit():
    with pytest.raises(FeatureError, match="feature 1 does not exist"):
        topology(RING, 1)
    with pytest.raises(InputError, match="open"):
        topology(RING, 0, open="yes")
    with pytest.raises(BudgetExceeded) as stopped:
        topology(RING, 0, (-1, 1), seconds=0)
    assert stopped.value.found.firing is None
