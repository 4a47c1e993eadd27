"""The graph from patterns and tight sets, against the graph from exact cells: the same edges, facets, flips and verdicts.

What is proved in bulk (modulo a prime, in floats) may also be "not known", and then is decided exactly: so everything is tried
again with primes so small that nearly everything vanishes, and with floats that never tell.
"""

import copy
import itertools

import networkx
import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from zones.support import EVERY_CELL, any_property, small_networks

from exactzones.engine import residues
from exactzones.engine.facets import FacetBatch
from exactzones.engine.leaf import Leaf
from exactzones.engine.residues import Coordinates, UnluckyPrimeError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, condition, feature
from exactzones.testing import adjacency_is_right, domains
from exactzones.testing.strategies import KINDS
from exactzones.zones import find_zones, graph
from exactzones.zones.graph import adjacency, adjacency_of_cells
from exactzones.zones.maps import count_maps


def written(found):
    return {frozenset((a, b)): dict(data) for a, b, data in found.edges(data=True)}


def same(zones):
    """Demand that the two graphs are equal, and return the fast one."""
    fast = adjacency(zones)
    assert list(fast.nodes(data="zone")) == list(enumerate(zones))
    assert written(fast) == written(adjacency_of_cells(zones))
    return fast


def matched(zones):
    """The fast graph, never the other one in its place."""
    return graph.Matching(zones, [zone.source for zone in zones]).graph()


def random_network(*widths, seed=0):
    rng = np.random.default_rng(seed)
    return Network.mlp([(rng.normal(size=(b, a)) / np.sqrt(a), rng.normal(size=b) * 0.5) for a, b in itertools.pairwise(widths)])


def draw_zones(data, *, most=6, inputs=(1, 3)):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=most, inputs=inputs))
    prop = data.draw(st.just(ALWAYS) | any_property(net))
    zones = find_zones(net, prop, data.draw(domains(net.inputs)))
    event(f"by the forward engine: {bool(len(zones)) and isinstance(zones[0].source, Leaf)}")
    return zones


@given(st.data())
def test_the_graph_is_that_of_the_exact_cells(data):
    zones = draw_zones(data)
    found = same(zones.zones)
    event(f"several flip: {any(len(flips) > 1 for _, _, flips in found.edges(data='flips'))}")


@given(st.data())
def test_the_graph_is_that_of_the_exact_cells_in_three_layers_and_four_dimensions(data):
    zones = draw_zones(data, most=5, inputs=(3, 4))
    found = same(zones.zones)
    for k in range(min(4, len(zones))):
        adjacency_is_right(zones, k)
    event(f"edges: {min(5, found.number_of_edges())}")


@given(st.data(), st.sampled_from([3, 5, 7]))
def test_a_small_prime_leaves_more_to_exact_arithmetic_and_changes_nothing(data, prime):
    zones = draw_zones(data)
    used = []

    def primes(_bound):
        for candidate in (prime, 101, 103, 107, 109, 113):
            used.append(candidate)
            yield candidate

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(residues, "_primes_below", primes)
        try:
            found = matched(zones.zones) if all(isinstance(zone.source, Leaf) for zone in zones) and len(zones) else None
        except UnluckyPrimeError:
            event("bad luck")
            found = None
        assert found is None or written(found) == written(adjacency_of_cells(zones.zones))
        same(zones.zones)
    event(f"primes tried: {used[-1:]}")


@given(st.data())
def test_floats_that_never_tell_change_nothing(data):
    zones = draw_zones(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FacetBatch, "fires", lambda _self, chosen: np.zeros(len(chosen), int))
        patch.setattr(FacetBatch, "spans", lambda _self, chosen: np.zeros(len(chosen), bool))
        same(zones.zones)


BOXES = {d: Polyhedron.box(-6, 6, dim=d) for d in (1, 2, 3, 4, 5)}


@pytest.mark.parametrize("widths", [(1, 12, 12, 1), (2, 14, 14, 1), (2, 8, 8, 8, 1), (3, 8, 8, 1), (4, 6, 6, 1), (5, 6, 1)])
@pytest.mark.parametrize("prop", [feature(0), feature(0, "1/4"), EVERY_CELL], ids=str)
def test_generic_networks_in_boxes_and_everywhere(widths, prop):
    net = random_network(*widths)
    for domain in (BOXES[widths[0]], None):
        zones = find_zones(net, prop, domain)
        found = same(zones.zones)
        assert found.number_of_edges() or len(zones) < 2
        assert all(len(flips) == 1 for _, _, flips in found.edges(data="flips"))


def test_a_generic_network_needs_nothing_exact(monkeypatch):
    """And the mean degree of a full complex is at most 2 d."""
    for widths in ((2, 32, 32, 1), (3, 12, 12, 1)):
        zones = find_zones(random_network(*widths), feature(0, -100), BOXES[widths[0]])
        with monkeypatch.context() as patch:
            for name in ("cell", "generator", "row"):
                patch.setattr(Leaf, name, lambda *_: pytest.fail("exact arithmetic"))
            found = matched(zones.zones)
            assert all(found.edges[edge]["fires"] for edge in found.edges)
            assert networkx.is_connected(found)
        assert 2 * found.number_of_edges() <= 2 * widths[0] * len(zones)


def test_a_large_network_on_a_sample():
    """Every zone around a few of them, against their exact cells; and against the network."""
    zones = find_zones(random_network(2, 64, 64, 1), feature(0), BOXES[2])
    assert len(zones) > 5000
    found = zones.graph
    for k in range(0, len(zones), len(zones) // 12):
        adjacency_is_right(zones, k)
        near = sorted({k, *(far for other in found[k] for far in (other, *found[other]))})
        exactly = networkx.relabel_nodes(adjacency_of_cells([zones[n] for n in near]), dict(enumerate(near)))
        assert written(exactly) == written(found.subgraph(near))


def integers(*widths, seed):
    rng = np.random.default_rng(seed)
    return Network.mlp([(rng.integers(-1, 2, (b, a)), rng.integers(-1, 2, b)) for a, b in itertools.pairwise(widths)])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("widths", [(2, 6, 6, 1), (3, 6, 6, 1), (2, 4, 4, 4, 1)])
def test_weights_of_zero_and_one(widths, seed):
    net = integers(*widths, seed=seed)
    for prop in (ALWAYS, feature(0)):
        for domain in (None, BOXES[widths[0]]):
            same(find_zones(net, prop, domain).zones)


def test_neurons_that_are_repeated_flip_together():
    """Every neuron of either layer twice, once with another scale: two flips at least at every edge, four at x = 0."""
    one, two = ([[1, 2], [2, -1], [1, 1]], [1, 0, -1]), ([[1, -1, 1], [2, 1, -2]], [-1, 1])
    twice = Network.mlp(
        [
            ([*one[0], *[[3 * e for e in row] for row in one[0]]], [*one[1], *[3 * b for b in one[1]]]),
            ([[*row, 0, 0, 0] for row in (*two[0], *two[0])], [*two[1], *two[1]]),
            ([[1, 1, 1, 1]], [-1]),
        ]
    )
    once = Network.mlp([one, two, ([[2, 2]], [-1])])
    for domain in (None, BOXES[2]):
        ours, theirs = same(find_zones(twice, ALWAYS, domain).zones), same(find_zones(once, ALWAYS, domain).zones)
        assert ours.number_of_edges() == theirs.number_of_edges() > 10
        assert all(len(flips) == 2 for _, _, flips in ours.edges(data="flips"))


def test_tight_at_both_and_yet_no_facet(monkeypatch):
    """Three lines through a point, one of a later layer that bends there: two cells touch at the bend, and only there.

    x and y have a ReLU, and k = 2 ReLU(x) - x + y = |x| + y bends at the origin.  The cells x > 0, y < 0, k > 0 and x < 0, y < 0,
    k > 0 differ in one neuron.  Shifted infinitesimally, k = 0 leaves a bit of x = 0 to either of them.
    """
    first = ([[1, 0], [0, 1], [1, 0], [0, 1]], [0, 0, 0, 0], [True, True, False, False])
    net = Network.of(first, ([[2, 0, -1, 1]], [0], True), ([[1]], [1], False))
    spans, shrunk = graph.Matching.span, []

    def listening(self, part, candidates):
        found = spans(self, part, candidates)
        shrunk.extend(found[~found])
        return found

    monkeypatch.setattr(graph.Matching, "span", listening)
    for domain in (None, BOXES[2]):
        zones = find_zones(net, ALWAYS, domain)
        same(zones.zones)
        assert shrunk
        shrunk.clear()
        names = {zone.pattern: k for k, zone in enumerate(zones)}
        right, left = names["+-", "+"], names["--", "+"]
        assert not zones.graph.has_edge(right, left)
        assert zones.graph.has_edge(names["+-", "-"], names["--", "-"])
        for k in range(len(zones)):
            adjacency_is_right(zones, k)


def test_rows_of_facets_are_worked_out_when_looked_at():
    zones = find_zones(random_network(2, 6, 6, 1), feature(0), BOXES[2])
    found = zones.graph
    (a, b), *_ = found.edges
    edge = found.edges[a, b]
    assert isinstance(edge._attributes["facet"], graph._FacetRow)
    twin = copy.copy(edge)
    also = found.copy()
    assert isinstance(also.edges[a, b]._attributes["facet"], graph._FacetRow)
    assert "facet" in edge
    assert list(edge) == ["facet", "flips", "fires"]
    assert isinstance(edge["facet"], tuple)
    assert edge["facet"] == twin["facet"] == dict(also.edges[a, b])["facet"]
    assert repr(edge) == repr(dict(edge))
    edge["weight"] = 2
    assert len(edge) == 4
    del edge["weight"]
    assert "weight" not in found.edges[a, b]
    assert written(networkx.Graph(found)) == written(found)


def test_zones_of_two_searches_are_matched_by_their_cells():
    net = random_network(2, 6, 6, 1)
    one, other = (find_zones(net, feature(0), BOXES[2]).zones for _ in range(2))
    mixed = tuple(b if k % 2 else a for k, (a, b) in enumerate(zip(one, other, strict=True)))
    assert written(adjacency(mixed)) == written(adjacency(one))
    backward = find_zones(net, feature(0), BOXES[2], engine="backward")
    renamed = {k: one.index(zone) for k, zone in enumerate(backward)}
    assert written(networkx.relabel_nodes(backward.graph, renamed)) == written(adjacency(one))


@pytest.mark.parametrize(
    "prop",
    [
        condition([1, 0], 1, strict=False),
        condition([1, -1], 1) & condition([0, 1], 1, strict=False),
        condition({0: 1, 3: -1}, 1, layer=1, after_relu=True),
    ],
    ids=str,
)
def test_conditions_that_are_not_a_single_strict_one(prop):
    found = same(find_zones(random_network(2, 8, 8, 2), prop, BOXES[2]).zones)
    assert found.number_of_edges()


def test_primes_and_residues():
    arrangement = find_zones(integers(2, 4, 1, seed=1), feature(0, -9), BOXES[2])[0].source.arrangement
    modular = Coordinates(arrangement)
    p = modular.prime
    assert all(p % factor for factor in range(2, int(p**0.5) + 1))
    values = np.array([0, 1, -1, p, -p, p // 2, p // 2 + 1, 2.0**53 - 1])
    reduced = modular.reduced(values)
    assert np.abs(reduced).max() <= p // 2 + 1
    assert all((int(a) - int(b)) % p == 0 for a, b in zip(values, reduced, strict=True))
    lines = np.array([[[1, 0, -2], [0, 1, 3]], [[1, 2, 3], [2, 4, 6]]], float)
    points, independent = modular.eliminated(lines)
    assert independent.tolist() == [True, False]
    assert (points[0] / points[0, 2]).tolist() == [2, -3, 1]


@given(st.data())
def test_maps_are_counted(data):
    """Maps modulo enough primes are told apart like the maps themselves."""
    zones = draw_zones(data)
    distinct = {zone.affine for zone in zones}
    assert count_maps(zones.zones) == zones.distinct_maps == len(distinct)
    event(f"some equal: {len(distinct) < len(zones)}")


@given(st.data())
def test_maps_are_counted_with_primes_that_tell_little(data):
    """Products of many small primes, before equal residues are believed; maps that differ by a multiple of the first ones."""
    zones = draw_zones(data)

    def primes(bound):
        return (p for p in range(min(bound, 200) - 1, 2, -1) if all(p % factor for factor in range(2, p)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(residues, "_primes_below", primes)
        try:
            assert count_maps(zones.zones) == len({zone.affine for zone in zones})
        except StopIteration:
            event("all primes used up")


@given(st.data())
def test_a_leaf_knows_its_condition(data):
    """Also on networks that read a part of the input space only."""
    zones = draw_zones(data)
    for zone in zones:
        if isinstance(zone.source, Leaf) and zone.source.conditions() is not None:
            (row,) = [condition.row for condition in zone.conditions]
            twin = type(zone)(zone.network, zone.prop, zone.pattern, zone.cell)
            assert twin.conditions == zone.conditions
            assert len(row) == zone.network.inputs + 1
            event("known")
