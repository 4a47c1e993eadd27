"""What follows from the zones of a disjunction: graph, islands, volume and merged parts, against brute force."""

import itertools

import networkx
import pytest
from hypothesis import given, settings
from zones.test_union import NET, questions

from exactzones import Disjunction, InputError, Network, Polyhedron, condition, feature, find_union, find_zones
from exactzones.plot import plot_zones
from exactzones.plot.curve import breakpoints
from exactzones.where import parse_where
from exactzones.zones.union_parts import are_connected, count_zones

FEW = settings(max_examples=12)


@FEW
@given(questions())
def test_islands_and_graph_are_those_of_all_pairs(question):
    network, prop, domain, _ = question
    union = find_union(network, prop, domain)
    parts = union.parts
    graph = networkx.empty_graph(len(parts))
    graph.add_edges_from((a, b) for a, b in itertools.combinations(graph, 2) if are_connected(parts[a], parts[b]))
    assert {frozenset(part for part in island) for island in parts.islands} == set(
        map(frozenset, networkx.connected_components(graph))
    )
    assert sorted(pair for island in union.islands for pair in island) == sorted(parts.owners)
    expected = {}
    for (a, one), (b, other) in itertools.combinations(enumerate(union), 2):
        common = Polyhedron.of(network.inputs, (*one.hrep.rows, *other.hrep.rows))
        if common.dim == network.inputs - 1:
            pairs = itertools.product(one.parts, other.parts)
            expected[a, b] = any(p == q and not x.firing.intersect(y.firing).is_empty for (p, x), (q, y) in pairs)
    assert {(a, b): edge["fires"] for a, b, edge in union.graph.edges(data=True)} == expected


@FEW
@given(questions())
def test_volume_counts_overlaps_once(question):
    """Inclusion and exclusion."""
    network, prop, _, _ = question
    union = find_union(network, prop, Polyhedron.box(-2, 2, dim=network.inputs))
    for zone in union:
        closures = [part.firing.closure() for _, part in zone.parts]
        total = 0
        for size in range(1, len(closures) + 1):
            for chosen in itertools.combinations(closures, size):
                common = chosen[0]
                for other in chosen[1:]:
                    common = common.intersect(other)
                if common.dim == network.inputs:
                    total -= (-1) ** size * common.volume()
        assert zone.volume == total
    assert union.share == sum(zone.volume for zone in union) / 4**network.inputs


@FEW
@given(questions())
def test_merged_parts_cover_the_same_points(question):
    network, prop, domain, points = question
    union = find_union(network, prop, domain)
    merged = union.parts.merged
    assert sorted(part for join in merged for part in join.pieces) == list(range(len(union.parts)))
    for point in [*points, *(zone.sample for zone in union.parts)]:
        holds = any(network.satisfies(point, case) for case in prop.cases) and (domain is None or domain.contains(point))
        assert any(join.polyhedron.contains(point) for join in merged) == holds
    for join in merged:
        for vertex in join.polyhedron.vrep.vertices:
            inside = any(network.satisfies(vertex, case) for case in prop.cases)
            assert inside or not join.polyhedron.contains(vertex)


def test_overlapping_open_intervals_merge_and_closed_ones_touch():
    """On x >= 0: x in (0, 2) or (1, 3); then x < 0 or x >= 0, which is everything, and x < 0 or x > 0, which is not."""
    low, high = (
        condition([0, 1]) & ~condition([0, 1], -2, strict=False),
        condition([0, 1], -1) & ~condition([0, 1], -3, strict=False),
    )
    union = find_union(NET, low | high, (-4, 4))
    (merged,) = union.parts.merged
    assert merged.polyhedron == Polyhedron.of(1, strict=[(0, 1), (3, -1)])
    assert (union.islands, union.volume) == ((((0, 0), (0, 1)),), 3)
    negative, positive = ~condition([0, 1], strict=False), feature(1)
    assert len(find_union(NET, negative | ~negative, (-4, 4)).islands) == 1
    assert len(find_union(NET, negative | positive, (-4, 4)).islands) == 2


def test_one_zone_may_have_parts_in_two_islands():
    union = find_union(NET, condition([0, 1], -3) | (condition([0, 1], -1) & condition([0, -1], 2)), (-4, 4))
    assert union.islands == (((0, 0),), ((0, 1),))
    assert count_zones(union.parts) == 1


def test_picture():
    union = find_union(NET, Disjunction((feature(0), feature(1))).resolve(NET.widths), (-3, 3))
    axes = plot_zones(union, color_by="zone")
    assert axes.get_title() == "z1[0] > 0 or z1[1] > 0: 2 zones, 2 islands"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"0:  +-, case 0", "1:  +-, case 1", "2:  -+, case 0"} <= set(labels)
    assert len(breakpoints(union.parts, Polyhedron.box(-3, 3, dim=1))) == 3


def test_a_picture_has_a_colour_for_each_case():
    net = Network.mlp([([[1], [-1], [0]], [0, 0, 1])])  # x, -x and 1: class 0 is x > 1, class 2 is -1 < x < 1
    union = find_union(net, parse_where("argmax = 0 or argmax = 2", net), (-3, 3))

    def shown(**options):
        axes = plot_zones(union, **options)
        return axes.get_title(), [text.get_text() for text in axes.get_legend().get_texts()]

    for options in ({}, {"color_by": "case"}):
        title, labels = shown(**options)
        assert title == "feature 0 or 2 of layer 0 greater than all others: 1 zone, 2 islands"
        assert [" ".join(label.split()) for label in labels[:2]] == [
            f"case {k}: feature {unit} of layer 0 greater than all others" for k, unit in enumerate((0, 2))
        ]
    for options in ({"color_by": "island"}, {"merged": True}):
        assert shown(**options)[1][:2] == ["island 0: 1 zone", "island 1: 1 zone"]
    for zones, options in ((union, {"merged": True}), (find_zones(net, 0, (-3, 3)), {})):
        with pytest.raises(InputError, match="zones of a disjunction that are not merged"):
            plot_zones(zones, color_by="case", **options)


def test_a_long_title_has_short_lines():
    net = Network.mlp([([[1], [-1]], [0, 0])])
    several = Disjunction(tuple(condition([1, k], 1) for k in range(2, 60))).resolve(net.widths)
    lines = plot_zones(find_union(net, several, (-3, 3))).get_title().split("\n")
    assert max(map(len, lines)) <= 75
    assert lines[0].startswith("z0[0] + 2*z0[1] > -1 or z0[0] + 3*z0[1] > -1 or ")
    assert " ..: 1 zone, 1 island" in " ".join(lines)
