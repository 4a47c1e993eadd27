"""The forward engine against the backward engine, zone by zone, and against brute force and exact evaluation."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from oracle import brute_force
from zones.support import EVERY_CELL, any_property, by_pattern, cases, same_sets, small_networks

from exactzones import ALWAYS, Network, feature, find_zones
from exactzones.engine.arrangement import Arrangement
from exactzones.engine.forward import forward
from exactzones.polyhedra import Polyhedron
from exactzones.testing import KINDS, boxes, domains, networks


def agree(net, prop, domain):
    """Both engines list the same zones: pattern, inequalities, generators, conditions, sample."""
    ours = find_zones(net, prop, domain)
    theirs = {zone.pattern: zone for zone in find_zones(net, prop, domain, engine="backward")}
    assert sorted(zone.pattern for zone in ours) == sorted(theirs)
    for zone in ours:
        other = theirs[zone.pattern]
        assert zone.hrep == other.hrep
        assert zone.vrep == other.vrep
        assert zone.conditions == other.conditions
        if net.inputs <= 3:  # volumes take long in higher dimensions
            assert zone.volume == other.volume
        assert zone.fires(zone.sample)
        assert other.fires(zone.sample)
    return ours


def used_forward(net, prop, domain):
    resolved = (prop if prop.conditions else EVERY_CELL).resolve(net.widths)
    rows = () if domain is None else domain.facet_rows()
    return forward(net, resolved, rows) is not None


@given(cases(networks()))
def test_both_engines_list_the_same_zones(case):
    zones = agree(case.net, case.prop, case.domain)
    event(f"zones: {min(len(zones), 5)}, domain: {case.domain is not None}")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(data=st.data())
def test_every_cell_of_every_kind_of_network(kind, data):
    net = data.draw(networks(kind, max_width=5))
    domain = data.draw(domains(net.inputs))
    event(f"by the forward engine: {used_forward(net, ALWAYS, domain)}")
    assert agree(net, ALWAYS, domain)


@given(cases(small_networks(most=6)))
def test_zones_are_those_of_brute_force(case):
    zones = find_zones(case.net, case.prop, case.domain)
    same_sets(by_pattern(zones), brute_force(case.net, case.prop, case.domain))


@pytest.mark.parametrize("dim", range(1, 9))
@settings(max_examples=6)
@given(data=st.data())
def test_one_to_eight_inputs(dim, data):
    kind = data.draw(st.sampled_from(["plain", "integer", "float", "parallel"]))
    net = data.draw(networks(kind, inputs=dim, outputs=1, max_width=4 if dim < 5 else 3))
    prop = data.draw(any_property(net))
    domain = data.draw(boxes(dim) if dim > 5 else domains(dim))
    agree(net, prop, domain)


def test_many_inputs_and_few_neurons():
    """A box in 10 dimensions has 1,024 corners; its cells are cut like any others."""
    rng = np.random.default_rng(0)
    dim = 10
    net = Network.mlp([(rng.normal(size=(2, dim)), rng.normal(size=2)), (rng.normal(size=(1, 2)), [0.1])])
    domain = Polyhedron.box([-1] * dim, [1] * dim)
    ours = find_zones(net, feature(0), domain)
    theirs = find_zones(net, feature(0), domain, engine="backward")
    assert sorted(zone.pattern for zone in ours) == sorted(zone.pattern for zone in theirs)
    by_name = {zone.pattern: zone for zone in theirs}
    assert all(zone.hrep == by_name[zone.pattern].hrep for zone in ours)
    assert ours[0].vrep == by_name[ours[0].pattern].vrep


def test_a_corner_of_many_dimensions():
    """A shifted orthant of R^13 and neurons on it: rays only."""
    dim = 13
    rows = [(1, *(int(k == unit) for k in range(dim))) for unit in range(dim)]
    net = Network.mlp([([[1, -1] + [0] * (dim - 2), [0, 1, 1] + [0] * (dim - 3)], [0, 1]), ([[1, 1]], [-1])])
    agree(net, feature(0), Polyhedron.of(dim, rows))


def gaussian(widths, seed):
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    return Network.mlp([(rng.normal(size=(m, k)) / np.sqrt(k), 0.5 * rng.normal(size=m)) for k, m in pairs])


@pytest.mark.parametrize("widths", [(1, 12, 12, 1), (2, 8, 8, 1), (3, 6, 6, 1), (4, 5, 4, 1), (5, 5, 1)])
def test_volumes_add_up_and_cells_have_few_neighbours(widths):
    dim = widths[0]
    net = gaussian(widths, 1)
    zones = find_zones(net, ALWAYS, Polyhedron.box([-2] * dim, [2] * dim))
    assert zones.volume == Fraction(4) ** dim
    degrees = [degree for _, degree in zones.graph.degree]
    assert sum(degrees) <= 2 * dim * len(degrees)


@settings(max_examples=15)
@given(st.data())
def test_volumes_add_up_on_degenerate_networks(data):
    net = data.draw(networks(max_width=5))
    box = data.draw(boxes(net.inputs))
    zones = find_zones(net, ALWAYS, box)
    assert zones.volume == box.volume()


@pytest.mark.parametrize(("widths", "seed"), [((2, 10, 10, 1), 0), ((3, 8, 6, 1), 1), ((4, 6, 6, 1), 2)])
def test_samples_evaluated_exactly_land_in_listed_cells(widths, seed):
    net = gaussian(widths, seed)
    dim = widths[0]
    zones = find_zones(net, ALWAYS, Polyhedron.box([-3] * dim, [3] * dim))
    by_name = {zone.pattern: zone for zone in zones}
    assert len(by_name) == len(zones)
    rng = np.random.default_rng(seed + 100)
    for point in rng.uniform(-3, 3, (150, dim)).tolist():
        zone = by_name[net.pattern(point)[: len(zones[0].pattern)]]
        assert zone.contains(point)
    firing = {zone.pattern for zone in find_zones(net, feature(0), Polyhedron.box([-3] * dim, [3] * dim))}
    assert firing == {pattern for pattern, zone in by_name.items() if fires_somewhere(net, zone)}


def fires_somewhere(net, zone):
    """Evaluate the network itself, exactly, at the corners of a cell."""
    return any(net.trace(vertex)[-1][0] > 0 for vertex in zone.vrep.vertices)


def test_linear_layers_in_front_between_and_behind():
    """Layers without ReLU cut nothing, wherever they stand."""
    rng = np.random.default_rng(5)
    shapes = [(3, 2, False), (4, 3, True), (3, 4, False), (4, 3, True), (2, 4, False), (1, 2, False)]
    net = Network.of(*((rng.integers(-2, 3, (m, k)), rng.integers(-1, 2, m), relu) for m, k, relu in shapes))
    for domain in (None, Polyhedron.box([-3, -3], [3, 3])):
        for prop in (ALWAYS, feature(0), feature(1, layer=2), feature(0, layer=4)):
            agree(net, prop, domain)
            assert used_forward(net, prop, domain)


@pytest.mark.parametrize("rank", [1, 2])
def test_lines_where_the_first_layer_has_low_rank(rank):
    """Directions that no neuron reads are lines of every cell."""
    rng = np.random.default_rng(rank)
    weights = rng.integers(-2, 3, (5, rank)) @ rng.integers(-2, 3, (rank, 3))
    net = Network.mlp([(weights, rng.integers(-2, 3, 5)), (rng.integers(-2, 3, (3, 5)), [1, 0, -1]), ([[1, -2, 1]], [1])])
    zones = agree(net, ALWAYS, None)
    assert used_forward(net, ALWAYS, None)
    assert {len(zone.vrep.lines) for zone in zones} == {3 - np.linalg.matrix_rank(weights)}
    agree(net, feature(0), Polyhedron.of(3, [(2, 1, 1, 0)]))


def test_lines_that_only_deeper_layers_read():
    """The second layer reads a lane that no ReLU of the first cuts: no cell to start from is pointed."""
    net = Network.of(([[1, 0], [0, 1]], [0, 0], [True, False]), ([[1, 1], [1, -1]], [0, 1], True), ([[1, 1]], [-1], False))
    assert not used_forward(net, feature(0), None)
    agree(net, feature(0), None)
    agree(net, ALWAYS, None)
    assert used_forward(net, feature(0), Polyhedron.box([-1, -1], [1, 1]))


def test_nothing_depends_on_the_input():
    net = Network.mlp([([[0, 0], [0, 0]], [1, -1]), ([[1, 1]], [0])])
    assert not used_forward(net, feature(0), None)
    assert [zone.pattern for zone in agree(net, feature(0), None)] == [("+-",)]


def test_the_cells_and_cuts_that_are_counted():
    """Each cut makes one cell more; a box is cut out of one cone by the rows that do not bound it, one side of each is kept."""
    net = gaussian((2, 8, 8, 1), 3)
    rows = Polyhedron.box([-6, -6], [6, 6]).hrep.rows
    arrangement = Arrangement(net.layers[:2], rows, 2)
    found = sum(len(frontier) for frontier in arrangement.leaves(arrangement.start()))
    assert found == arrangement.stats.cells == arrangement.stats.cuts + 1
