"""The inequalities engine: against the other engines and brute force, each of its ways to decide, and many inputs."""

import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from engine.support import CASES, PIECES, STEP_BY_STEP, box, paced, random_network, ternary_network
from hypothesis import given, settings
from hypothesis import strategies as st
from zones.support import cases, small_networks

from exactzones.engine import inequality_leaf
from exactzones.engine.inequalities import InequalitySearch, inequality_search
from exactzones.engine.inequality_leaf import InequalityLeaf, facets_of
from exactzones.engine.inequality_nodes import NodeLeaves
from exactzones.engine.search import resolve
from exactzones.engine.search_kernel import SearchKernel
from exactzones.errors import BudgetExceeded, DomainError
from exactzones.formats.zones_json import schema, zones_to_json
from exactzones.network import Network
from exactzones.polyhedra import HRep, Infeasible, Polyhedron, lp
from exactzones.polyhedra.program import Program
from exactzones.property import ALWAYS, condition, feature
from exactzones.zones import find_zones

WITHOUT_KERNEL = (SearchKernel, "is_compiled", property(lambda _: False))
WITHOUT_FILTER = (Program, "is_inside", lambda *_: False), (Program, "_refutes", lambda *_: False)


def search_of(net, prop, domain):
    return inequality_search(net, resolve(net, prop), () if domain is None else domain.hrep.closed_rows)


def described(zones):
    """All that is known of zones, by patterns, so that lists in different orders compare."""
    names = [zone.pattern for zone in zones]
    edges = {
        (frozenset((names[a], names[b])), edge["facet"], edge["flips"], edge["fires"])
        for a, b, edge in zones.graph.edges(data=True)
    }
    cells = {zone.pattern: (zone.hrep, zone.conditions, zone.supremum) for zone in zones}
    islands = {frozenset(names[k] for k in island) for island in zones.islands}
    assert replace(zones).islands == zones.islands  # without the graph
    assert zones.distinct_maps == len({zone.affine for zone in zones})
    return cells, edges, islands, zones.maximum and zones.maximum.value


@settings(max_examples=30)
@given(cases(small_networks(inputs=(1, 3), most=7)))
def test_graph_islands_and_maximum_are_those_of_the_forward_engine(case):
    one, other = (find_zones(case.net, case.prop, case.domain, engine=engine) for engine in ("forward", "inequalities"))
    assert described(one) == described(other)
    assert all(zone.fires(zone.sample) for zone in other)


@pytest.mark.parametrize("patches", [[WITHOUT_KERNEL], [WITHOUT_KERNEL, *WITHOUT_FILTER]], ids=["programs", "exactly"])
@settings(max_examples=10)
@given(case=cases(small_networks(inputs=(1, 3), most=5)))
def test_every_way_to_decide_finds_the_same_zones_in_the_same_order(patches, case):
    expected = find_zones(case.net, case.prop, case.domain, engine="inequalities")
    with pytest.MonkeyPatch.context() as patch:
        for target, name, value in patches:
            patch.setattr(target, name, value)
        found = find_zones(case.net, case.prop, case.domain, engine="inequalities")
        assert [zone.pattern for zone in found] == [zone.pattern for zone in expected]
        assert described(found) == described(expected)


@pytest.mark.parametrize("name", ["plane", "rare", "every cell", "lineality", "several conditions", "degenerate"])
def test_interrupted_at_every_cell(name):
    """A search that is left and taken up again after every single cell finds the same leaves."""
    net, prop, domain = CASES[name]
    search = search_of(net, prop, domain)
    expected = [zone.pattern for zone in find_zones(net, prop, domain, engine="inequalities")]
    stack, zones = [search.start()], []
    while stack:
        node = stack.pop()
        if isinstance(node, NodeLeaves):
            zones += search.zones(node)
        else:
            stack += reversed(search.advance(node, 1))
    assert [zone.pattern for zone in zones] == expected


@pytest.mark.parametrize("pace", [PIECES, replace(PIECES, wait_for_workers=False), STEP_BY_STEP])
@pytest.mark.parametrize("name", ["four dimensions", "rare", "several conditions", "degenerate"])
def test_workers_find_the_same_zones_in_the_same_order(name, pace):
    net, prop, domain = CASES[name]
    expected = find_zones(net, prop, domain, engine="inequalities")
    with ThreadPoolExecutor(2) as executor, paced(pace):
        found = find_zones(net, prop, domain, engine="inequalities", executor=executor)
        assert [zone.pattern for zone in found] == [zone.pattern for zone in expected]
        with pytest.raises(BudgetExceeded):
            find_zones(net, prop, domain, engine="inequalities", executor=executor, max_zones=1)


NARROW = [random_network(9, 6, 1), random_network(12, 3, 3, 1), ternary_network(12, 4, 3, 1, seed=2), random_network(64, 3, 1)]


@pytest.mark.parametrize("net", NARROW, ids=["9 inputs", "12 inputs", "12 inputs, ternary", "64 inputs"])
def test_counts_of_many_inputs_are_those_of_brute_force(net):
    """Every pattern, and whether its rows have a common inner point, by exact programs that share nothing with the engine."""
    domain = box(net.inputs)
    prop = ALWAYS.resolve(net.widths)
    hidden = net.layers[:-1]
    expected = set()
    for signs in itertools.product("+-", repeat=sum(layer.outputs for layer in hidden)):
        ends = list(itertools.accumulate((layer.outputs for layer in hidden), initial=0))
        pattern = tuple("".join(signs[a:b]) for a, b in itertools.pairwise(ends))
        rows = net.neuron_rows(net.regime_maps(pattern, len(hidden))[: len(hidden)])
        strict = [row if sign == "+" else tuple(-entry for entry in row) for (_, _, row), sign in zip(rows, signs, strict=True)]
        if all(any(row) or sign == "-" for row, sign in zip(strict, signs, strict=True)):
            system = HRep.of(net.inputs, domain.hrep.rows, strict=[row for row in strict if any(row)])
            if not isinstance(lp.feasibility(system), Infeasible):
                expected.add(pattern)
    assert {zone.pattern for zone in find_zones(net, prop, domain, engine="inequalities")} == expected


@pytest.mark.parametrize("build", [random_network, ternary_network])
def test_the_engines_agree_on_ten_inputs(build):
    net, domain = build(10, 3, 2, 1, seed=3), box(10)
    one, other = (find_zones(net, 0, domain, engine=engine) for engine in ("forward", "inequalities"))
    assert described(one) == described(other)
    assert [zone.pattern for zone in find_zones(net, 0, domain)] == [zone.pattern for zone in other]  # it is chosen


def test_floats_alone_would_be_wrong():
    """Two neurons with nearly the same hyperplane have a cell between them, however thin; with the same one they have none."""
    thin, nothing = Fraction(1, 10**40), Fraction(0)
    for gap, cells in ((thin, 3), (nothing, 2)):
        net = Network.mlp([([["1/3", "1/7"], ["-1/3", "-1/7"]], [0, gap]), ([[1, 1]], [0])])
        for domain in (None, box(2)):
            zones = find_zones(net, ALWAYS, domain, engine="inequalities")
            assert len(zones) == cells
            assert all(zone.contains(zone.sample) for zone in zones)
    floats = np.array([[1 / 3, 1 / 7, 0.0], [-1 / 3, -1 / 7, float(thin)]])
    assert (floats[0] + floats[1] + 1.0 == 1.0).all()  # to floats, both networks are the same


def test_unclear_facets_are_decided_exactly(monkeypatch):
    net, prop, domain = CASES["four dimensions"]
    zones = find_zones(net, prop, domain, engine="inequalities")
    expected = facets_of([zone.source for zone in zones])
    monkeypatch.setattr(SearchKernel, "facets", lambda _, states, __: np.full((len(states), 1), inequality_leaf._UNCLEAR))
    assert [set(facets) for facets in facets_of([zone.source for zone in zones])] == [set(facets) for facets in expected]


def test_many_inputs_are_listed_without_vertices():
    jsonschema = pytest.importorskip("jsonschema")
    net = random_network(20, 3, 2, 1, seed=5)
    zones = find_zones(net, 0, box(20))
    assert all(isinstance(zone.source, InequalityLeaf) for zone in zones)
    document = zones_to_json(zones)
    jsonschema.validate(document, schema())
    assert all(entry["vertices"] is None for entry in document["zones"])
    assert len(document["adjacency"]) == len(zones.graph.edges) > 0
    assert zones.maximum.value == max(zone.maximum.value for zone in zones)
    assert zones == find_zones(net, 0, box(20))
    with pytest.raises(DomainError, match="vertices of a zone in 20 dimensions are not computed"):
        _ = zones[0].vrep


def test_without_relu_the_domain_is_the_zone():
    """The sum of 17 numbers from -1 to 1 is 17 at most, and twice the first one less 3 is negative."""
    net = Network.of(([[1] * 17, [2, *[0] * 16]], [0, -3], False))
    for prop, value in ((feature(0), 17), (condition({1: -1}, strict=False), 5), (ALWAYS, 0)):
        (zone,) = zones = find_zones(net, prop, (-1, 1))
        assert (zones.islands, zones.maximum.value, zones.distinct_maps) == (((0,),), value, 1)
        assert zone.fires(zone.sample)
        assert zone.hrep == Polyhedron.box(-1, 1, dim=17).hrep
        assert zones_to_json(zones)["zones"][0]["vertices"] is None
        assert pickle.loads(pickle.dumps(zones))[0].hrep == zone.hrep  # noqa: S301 - pickled here
    assert len(find_zones(net, 1, (-1, 1))) == 0
    assert len(find_zones(net, 1)) == 1
    with pytest.raises(DomainError, match="the domain is flat"):
        find_zones(net, 0, Polyhedron.box([0] * 17, [1] * 16 + [0]))


@pytest.mark.parametrize(
    "domain", [Polyhedron.box([0] * 12, [1] * 11 + [0]), Polyhedron.of(12, [(1, *[1] * 12), (-1, *[-1] * 12)])]
)
def test_flat_domains_of_many_inputs_are_refused(domain):
    with pytest.raises(DomainError, match="the domain is flat"):
        find_zones(random_network(12, 3, 1), 0, domain, engine="inequalities")


@settings(max_examples=15)
@given(st.data())
def test_what_the_kernel_calls_inside_is_inside(data):
    """Points and facets of the kernel against exact rows."""
    net = data.draw(small_networks(inputs=(2, 4), most=7))
    zones = find_zones(net, feature(0), box(net.inputs), engine="inequalities")
    for zone in zones:
        leaf = zone.source
        if not isinstance(leaf, InequalityLeaf):  # no ReLU, or nothing depends on the input: another engine did the work
            continue
        point = (Fraction(1), *map(Fraction, leaf.inner))
        assert all(sum(a * b for a, b in zip(row, point, strict=True)) > 0 for row in leaf.rows().values())
        assert sum(a * b for a, b in zip(zone.conditions[0].row, point, strict=True)) > 0
        signs = "".join(zone.pattern)
        assert len(signs) == sum(len(layer.relu_units) for layer in net.layers[: zone.prop.horizon])


def test_parts_on_which_the_feature_cannot_fire_are_pruned():
    net = random_network(5, 6, 6, 1, seed=4)
    threshold = find_zones(net, 0, box(5)).maximum.value * Fraction(9, 10)
    prop = feature(0, threshold=threshold)
    zones = find_zones(net, prop, box(5), engine="inequalities")
    programs = []
    for asked in (prop, ALWAYS):
        search = search_of(net, asked, box(5))
        assert sum(1 for _ in search.run(search.start(), lambda _: None))
        programs.append(search.counts["nodes"])
    every = find_zones(net, ALWAYS, box(5))
    assert {zone.pattern for zone in zones} == {zone.pattern for zone in every if fires_above(zone, threshold)}
    if search.kernel.is_compiled:
        assert 2 * programs[0] < programs[1]


def fires_above(zone, threshold):
    """Tell whether the output exceeds a threshold on a zone, by its vertices."""
    constant, *slope = zone.affine.augmented().rows[0]
    return any(constant + sum(a * x for a, x in zip(slope, vertex, strict=True)) > threshold for vertex in zone.vrep.vertices)


def test_the_search_can_be_pickled():
    net, prop, domain = CASES["rare"]
    search = search_of(net, prop, domain)
    again = pickle.loads(pickle.dumps(search))  # noqa: S301 - pickled here
    assert isinstance(again, InequalitySearch)
    zones = find_zones(net, prop, domain, engine="inequalities")
    assert pickle.loads(pickle.dumps(zones)) == zones  # noqa: S301 - pickled here


@pytest.mark.parametrize("at", [0.0, 0.5, 1.0])
def test_an_inner_point_on_a_bound_of_a_section_is_lifted_off_it(at):
    network = Network.mlp([([[1, 1], [-1, -1]], [1, -3]), ([[1, 1]], [0])])
    search = search_of(network, ALWAYS, Polyhedron.of(2, [(1, -1, -1), (0, 1, 1)]))
    (zone,) = search.run(search.start(), lambda _: None)
    cell = InequalityLeaf(zone.source.kernel, zone.source.states, np.array([at])).inequalities
    for point in (cell.inner, cell.rounded(cell.inner)):
        assert all(row[0] + row[1] * point[0] + row[2] * point[1] > 0 for row in cell.rows)
