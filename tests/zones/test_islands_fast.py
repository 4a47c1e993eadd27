"""Islands and the maximum of many zones from floats with proved bounds, against the graph and the exact cells, zone by zone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from zones.support import small_networks

from exactzones.engine.leaf import Leaf
from exactzones.engine.survey import Survey
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, feature
from exactzones.rational import integer_dot
from exactzones.testing import domains, features
from exactzones.testing.strategies import KINDS
from exactzones.zones import Zones, find_zones
from exactzones.zones.graph import adjacency, islands
from exactzones.zones.islands import Connections, joined


def draw_zones(data, *, most=6, inputs=(1, 4)):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=most, inputs=inputs))
    zones = find_zones(net, data.draw(features(net)), data.draw(domains(net.inputs)))
    assume(Connections.of(zones.zones) is not None)
    return zones


def islands_by_graph(zones):
    return islands(zones.zones, adjacency(zones.zones))


def first_largest(zones):
    """The first zone with the largest supremum; infinity is the largest."""
    suprema = [zone.supremum for zone in zones]
    return zones[suprema.index(None if None in suprema else max(suprema))]


def same(zones):
    """Demand that the islands and the maximum are those of the graph and of the exact cells; return the fast islands."""
    fast = Connections.of(zones.zones).islands()
    assert fast in (None, islands_by_graph(zones))
    assert zones.islands == islands_by_graph(zones)
    assert zones.maximum == first_largest(zones).maximum
    return fast


@given(st.data())
def test_the_islands_and_the_maximum_are_those_of_the_exact_cells(data):
    fast = same(draw_zones(data))
    event("by the graph" if fast is None else f"{min(len(fast), 3)} islands")


@given(st.data())
def test_the_bounds_hold(data):
    """Of the least value and the largest on each zone; and the verdicts on facets are those of the exact generators."""
    zones = draw_zones(data, most=5, inputs=(1, 3))
    survey, leaves = Survey.of([zone.source for zone in zones]), [zone.source for zone in zones]
    constant = zones.prop.conditions[0].constant
    for k, zone in enumerate(zones):
        assert survey.lower[k] <= survey.upper[k]
        if zone.supremum is None:
            assert survey.upper[k] == np.inf
        else:
            assert survey.lower[k] <= zone.supremum + constant <= survey.upper[k]
        if survey.least[k] > -np.inf:
            row = zone.conditions[0].row
            assert survey.least[k] <= min(row[0] + sum(map(np.multiply, row[1:], v)) for v in zone.vrep.vertices)
    for k, identity, verdict in zip(survey.facet_leaves, survey.facet_ids, survey.verdicts, strict=True):
        leaf, target = leaves[k], leaves[k].row(leaves[k].arrangement.exact.ids - 1)
        values = [integer_dot(target, leaf.generator(ids)) for ids in leaf.tight if identity in ids]
        assert {1: max(values) > 0, 0: True, -1: max(values) < 0}[verdict]


@given(st.data())
def test_floats_that_never_tell_change_nothing(data):
    zones = draw_zones(data, inputs=(1, 3))
    of = Survey.of

    def blind(leaves):
        survey = of(leaves)
        nothing = np.full(len(leaves), np.inf)
        return replace(survey, least=-nothing, lower=-nothing, upper=nothing, verdicts=np.zeros_like(survey.verdicts))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Survey, "of", blind)
        same(zones)


@given(st.data())
def test_hashes_that_collide_match_no_wrong_facets(data):
    zones = draw_zones(data, inputs=(1, 3))
    connections = Connections.of(zones.zones)
    facets = list(zip(connections.survey.facet_leaves, connections.survey.facet_ids, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exactzones.zones.islands.pattern_hashes", lambda packed, _random: np.zeros(len(packed), np.uint64))
        matches = connections.matches
    base = connections.leaves[0].arrangement.exact.base[0]
    for (leaf, identity), match in zip(facets, matches, strict=True):
        if match >= 0:
            other, same_identity = facets[match]
            assert identity == same_identity
            ours, theirs = (connections.leaves[k].prefix for k in (leaf, other))
            assert [k for k, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b] == [identity - base]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_joined_labels_are_the_first_nodes_of_the_components(edges):
    expected = list(range(31))
    for a, b in edges:
        old, new = max(expected[a], expected[b]), min(expected[a], expected[b])
        expected = [new if label == old else label for label in expected]
    half = len(edges) // 2
    labels = np.arange(31)
    for part in (edges[:half], edges[half:]):
        labels = joined(labels, np.array(part, np.int64).reshape(-1, 2).T)
    assert labels.tolist() == expected


def test_covers_means_that_nothing_is_left():
    rng = np.random.default_rng(3)
    net = Network.mlp([(rng.normal(size=(10, 2)), rng.normal(size=10)), (rng.normal(size=(1, 10)), [0])])
    box = Polyhedron.box(-3, 3, dim=2)
    whole, part = find_zones(net, feature(0, -1000), box), find_zones(net, feature(0), box)
    assert Connections.of(whole.zones).covers
    assert Connections.of(part.zones).covers == (len(part) == len(whole)) == False  # noqa: E712
    fewer = Zones(net, whole.prop, box, whole.zones[1:], complete=False)
    assert not Connections.of(fewer.zones).covers


def test_a_generic_network_needs_neither_graph_nor_exact_arithmetic(monkeypatch):
    rng = np.random.default_rng(0)
    net = Network.mlp([(rng.normal(size=(b, a)), rng.normal(size=b)) for a, b in ((3, 12), (12, 12), (12, 1))])
    zones = find_zones(net, feature(0, -1000), Polyhedron.box(-6, 6, dim=3))
    for name in ("cell", "generator", "row"):
        monkeypatch.setattr(Leaf, name, lambda *_: pytest.fail("exact arithmetic"))
    monkeypatch.setattr("exactzones.zones.graph.adjacency", lambda _zones: pytest.fail("the graph"))
    assert zones.islands == (tuple(range(len(zones))),)
    assert len(zones) > 500


def test_zones_of_other_origins_have_no_connections():
    net = Network.mlp([([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [0])])
    box = Polyhedron.box(-1, 1, dim=2)
    assert Connections.of(find_zones(net, ALWAYS, box).zones) is None
    assert Connections.of(find_zones(net, feature(0), box, engine="backward").zones) is None
    assert Connections.of(()) is None
    one, other = find_zones(net, feature(0), box), find_zones(net, feature(0), Polyhedron.box(-2, 2, dim=2))
    assert Connections.of((*one.zones, *other.zones)) is None
