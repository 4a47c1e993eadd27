"""Zones for other programs: what these read is what the zones are."""

import csv
import io
import json
from fractions import Fraction

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zones.support import cases, small_networks

from exactzones import (
    Budget,
    BudgetExceeded,
    FeatureError,
    InexactError,
    InputError,
    Network,
    Polyhedron,
    condition,
    feature,
    find_zones,
)
from exactzones.export import SUFFIXES, csv_text, geojson, gexf, graphml, plain_graph, save, smtlib, wkt
from exactzones.rational import square_root
from exactzones.testing import KINDS
from exactzones.zones.window import default_window

DIAMOND = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1]], [-1])])  # |x| + |y| - 1
ABS = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1
SQUARE = Polyhedron.box(-2, 2, dim=2)
# Corners a hair or 10^18 apart are one point as floats: shapely does not accept shapes of such networks.
planar = st.sampled_from([kind for kind in KINDS if kind != "float"]).flatmap(lambda kind: cases(small_networks(kind, inputs=2)))


def same_graph(read, zones):
    graph = zones.graph
    assert sorted(int(k) for k in read.nodes) == sorted(graph.nodes)
    assert {frozenset(map(int, edge)) for edge in read.edges} == set(map(frozenset, graph.edges))
    for k, zone in enumerate(zones):
        node = read.nodes[str(k)]
        assert tuple(node["pattern"].split()) == zone.pattern
        assert k in zones.islands[node["island"]]
        assert zone.fires(node["sample"].split(", "))
        assert [node[f"x{j}"] for j in range(zones.network.inputs)] == list(map(float, zone.sample))
    for a, b, facet in graph.edges(data=True):
        edge = read.edges[str(a), str(b)]
        assert edge["fires"] is facet["fires"]
        assert tuple(tuple(map(int, unit.split(":"))) for unit in edge["flips"].split()) == facet["flips"]
        assert edge["facet"].count("=") == 1


@settings(max_examples=40)
@given(cases())
def test_graphml_is_the_graph(case):
    zones = case.zones
    same_graph(networkx.parse_graphml(graphml(zones)), zones)


@settings(max_examples=25)
@given(cases())
def test_gexf_is_the_graph(case):
    zones = case.zones
    read = networkx.read_gexf(io.BytesIO(gexf(zones).encode()))
    same_graph(read, zones)
    for k, zone in enumerate(zones):
        position = read.nodes[str(k)]["viz"]["position"]
        assert [position[axis] for axis in "xyz"[: case.net.inputs]] == pytest.approx(list(map(float, zone.sample[:3])))


def test_gexf_has_no_date():
    assert "lastmodifieddate" not in gexf(find_zones(ABS, feature(0)))


def test_facets_are_equations():
    edges = plain_graph(find_zones(DIAMOND, feature(0))).edges(data="facet")
    assert {facet.lstrip("-") for _, _, facet in edges} == {"x0 = 0", "x1 = 0"}


@settings(max_examples=25)
@given(planar)
def test_shapely_reads_the_parts_that_fire(case):
    shapely = pytest.importorskip("shapely")
    zones = case.zones
    shapes = shapely.from_wkt(wkt(zones)).geoms
    features = geojson(zones)["features"]
    assert len(shapes) == len(features) == len(zones)
    window = default_window(zones)
    for zone, shape, feature_ in zip(zones, shapes, features, strict=True):
        inside = Polyhedron(zone.firing.hrep).closure().intersect(window)
        expected = 0.0 if inside.is_empty else float(inside.volume())
        assert shape.is_valid
        assert shape.area == pytest.approx(expected, abs=1e-9)
        assert shapely.is_ccw(shape.exterior) if shape.geom_type == "Polygon" and not shape.is_empty else True
        if feature_["geometry"] is None:
            assert shape.is_empty
        else:
            assert shapely.from_geojson(json.dumps(feature_["geometry"])) == shape
        properties = feature_["properties"]
        assert properties["vertices"] == [list(map(str, vertex)) for vertex in zone.firing.vrep.vertices]
        assert properties["unbounded"] == (not zone.firing.is_bounded)


def test_the_union_of_the_shapes_is_where_it_fires():
    shapely = pytest.importorskip("shapely")
    union = shapely.union_all(list(shapely.from_wkt(wkt(find_zones(DIAMOND, feature(0)), SQUARE)).geoms))
    assert union.equals(shapely.box(-2, -2, 2, 2) - shapely.Polygon([(1, 0), (0, 1), (-1, 0), (0, -1)]))


def test_flat_parts_and_empty_ones():
    """|x| + |y| <= 1 and y >= 1 hold at the point (0, 1) only; y >= 0 and -y >= 0 on segments of the line y = 0."""
    flat = condition([-1], 0, strict=False) & condition([0, 0, 1, 0], -1, layer=0, strict=False)
    zones = find_zones(DIAMOND, flat, SQUARE)
    assert wkt(zones) == f"GEOMETRYCOLLECTION ({', '.join(['POINT (0.0 1.0)'] * len(zones))})\n"
    assert {f["geometry"]["type"] for f in geojson(zones)["features"]} == {"Point"}
    ray = condition([0, 0, 0, 1], 0, layer=0, strict=False) & condition([0, 0, 1, 0], 0, layer=0, strict=False)
    segments = find_zones(DIAMOND, ray & condition([1], 0, strict=False), SQUARE)
    assert {f["geometry"]["type"] for f in geojson(segments)["features"]} == {"LineString"}
    assert wkt(find_zones(DIAMOND, feature(0, 9), SQUARE)) == "GEOMETRYCOLLECTION EMPTY\n"
    outside = Polyhedron.box(5, 6, dim=2)
    right = find_zones(DIAMOND, feature(0), SQUARE)
    assert wkt(right, outside).count("POLYGON EMPTY") == len(right)
    assert all(f["geometry"] is None for f in geojson(right, outside)["features"])


@settings(max_examples=25)
@given(cases())
def test_csv_has_a_line_a_zone(case):
    zones = case.zones
    lines = list(csv.DictReader(io.StringIO(csv_text(zones))))
    assert len(lines) == len(zones)
    for k, (zone, line) in enumerate(zip(zones, lines, strict=True)):
        assert line["zone"] == str(k)
        assert tuple(line["pattern"].split()) == zone.pattern
        assert zone.fires([line[f"x{j}"] for j in range(case.net.inputs)])
        assert line["maximum"] == ("" if zone.maximum.value is None else str(zone.maximum.value))
        assert line["volume"] == ("" if zone.volume is None else str(zone.volume))


@given(cases(small_networks(inputs=(1, 3))))
def test_z3_answers_the_query_as_the_zones_do(case):
    z3 = pytest.importorskip("z3")
    solver = z3.Solver()
    solver.from_string(smtlib(case.net, case.prop, case.domain))
    expected = z3.sat if len(case.zones) else z3.unsat
    assert solver.check() == expected


@given(cases(small_networks(inputs=(1, 2))), st.data())
def test_z3_computes_what_the_network_does(case, data):
    """With the inputs fixed at a point, the query is whether the property holds there."""
    z3 = pytest.importorskip("z3")
    point = data.draw(st.tuples(*[st.fractions(-3, 3, max_denominator=7)] * case.net.inputs))
    solver = z3.Solver()
    at = Polyhedron.of(case.net.inputs, equations=[(-x, *(int(j == k) for j in range(len(point)))) for k, x in enumerate(point)])
    solver.from_string(smtlib(case.net, case.prop, at))
    assert (solver.check() == z3.sat) == case.net.satisfies(point, case.prop)


def test_smtlib_text():
    text = smtlib(Network.mlp([([["1/3"], [-1]], [0, "-1/2"]), ([[1, 0]], [0])]), feature(0, 1), Polyhedron.box(-1, 1, dim=1))
    assert "(define-fun z0_0 () Real (* (/ 1.0 3.0) x0))" in text
    assert "(define-fun z0_1 () Real (+ (* (- 1.0) x0) (- (/ 1.0 2.0))))" in text
    assert "(define-fun a0_1 () Real (ite (> z0_1 0.0) z0_1 0.0))" in text
    assert "(define-fun z1_0 () Real a0_0)" in text
    assert text.endswith("(assert (> (+ z1_0 (- 1.0)) 0.0))\n(check-sat)\n")
    with pytest.raises(FeatureError):
        smtlib(ABS, feature(3))
    with pytest.raises(InexactError, match=r"sqrt\(3\) is irrational"):
        smtlib(Network.mlp([([[square_root(3)]], [0]), ([[1]], [0])]), feature(0))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_is_written(tmp_path, suffix):
    target = tmp_path / f"zones{suffix.upper()}"
    save(find_zones(DIAMOND, feature(0), SQUARE), target)
    first = target.read_text()
    save(find_zones(DIAMOND, feature(0), SQUARE), target)
    assert target.read_text() == first
    assert len(first) > 100


def test_what_is_refused(tmp_path):
    zones = find_zones(ABS, feature(0))
    with pytest.raises(InputError, match=r"suffix '.xls' is not known; exports end in .graphml"):
        save(zones, tmp_path / "zones.xls")
    for suffix in (".wkt", ".geojson"):
        with pytest.raises(InputError, match="need 2 inputs, but this network has 1"):
            save(zones, tmp_path / f"zones{suffix}")
    for export in (wkt, geojson):
        with pytest.raises(InputError, match="need 2 inputs, but this network has 1"):
            export(zones)
    assert list(tmp_path.iterdir()) == []


def test_incomplete_lists_say_so():
    with pytest.raises(BudgetExceeded) as stopped:
        find_zones(DIAMOND, feature(0), budget=Budget(zones=2))
    found = stopped.value.found
    assert geojson(found)["complete"] is False
    assert networkx.parse_graphml(graphml(found)).graph["complete"] is False


def test_numbers_are_exact():
    zones = find_zones(ABS, feature(0, "1/3"), Polyhedron.box(-2, "7/3", dim=1))
    (line,) = [line for line in csv.DictReader(io.StringIO(csv_text(zones))) if line["pattern"] == "+-"]
    assert (line["maximum"], line["volume"]) == ("4/3", "1")
    assert Fraction(line["x0"]) > Fraction(4, 3)
