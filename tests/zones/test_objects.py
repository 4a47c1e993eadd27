"""Zones as objects that feel at home in Python: looked up, compared, ordered, pickled, shown."""

import copy
import itertools
import pickle
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import assume, event, given
from hypothesis import strategies as st
from zones.support import any_property, cases, complexes, small_networks

from exactzones.errors import BudgetExceeded, DimensionError, InexactError, InputError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, feature
from exactzones.testing import domain_points, points, points_near
from exactzones.zones import Budget, find_zones

ABS = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1
LINE = Polyhedron.box(-3, 3, dim=1)


def by_inequalities(zones, point):
    return [zone for zone in zones if zone.contains(point)]


@given(st.data())
def test_looking_signs_up_is_holding_points_against_inequalities(data):
    """Points on walls, vertices and elsewhere, inside and outside of the domain."""
    zones = data.draw(complexes() | cases(small_networks(inputs=(1, 3)), any_property).map(lambda case: case.zones))
    inputs = zones.network.inputs
    corners = st.sampled_from([v for zone in zones for v in zone.vrep.vertices] or [(0,) * inputs])
    anywhere = corners | points(inputs, bound=5) | points_near(zones.network) | domain_points(zones)
    sample = data.draw(st.lists(anywhere, min_size=1, max_size=8))
    found = zones.containing(sample)
    event(f"at most {max(map(len, found))} zones at a point")
    assert found == [by_inequalities(zones, point) for point in sample]
    assert found == [zones.containing(point) for point in sample]
    assert zones.at(sample) == [zones.at(point) for point in sample]
    for point, zone in zip(sample, zones.at(sample), strict=True):
        assert (zone is not None) == zones.fires(point)
        assert zone is None or zone.fires(point)


@given(complexes(), st.sampled_from([np.float16, np.float32, np.float64]), st.integers(0, 2**32))
def test_floats_are_the_numbers_that_they_are(zones, kind, seed):
    data = (np.random.default_rng(seed).normal(size=(20, zones.network.inputs)) * 2).astype(kind)
    assert zones.locate(data) == zones.locate([[float(entry) for entry in point] for point in data])
    assert zones.containing(data) == [by_inequalities(zones, point) for point in data]


@pytest.mark.parametrize("size", ["1e-320", "1e-300", "1e-160", "1e160", "1e300", "1e400"])
def test_numbers_at_the_ends_of_the_floats(size):
    """What underflows or overflows as a float is decided in integers."""
    net = Network.mlp([([[size, size], [size, f"-{size}"]], [0, 0]), ([[1, 1]], [0])])
    zones = find_zones(net, ALWAYS)
    data = list(itertools.product([0, size, f"-{size}", "1e-309", "7/3"], repeat=2))
    assert zones.containing(data) == [by_inequalities(zones, point) for point in data]


def test_a_hair_beside_a_wall():
    """x - y is zero in floats; the points lie to the left, on and to the right of the wall."""
    net = Network.mlp([([[1, -1]], [0]), ([[1]], [0])])
    left, right = sorted(find_zones(net, ALWAYS), key=lambda zone: zone.pattern, reverse=True)
    third = "33333333333333333333333/100000000000000000000000"
    data = [("1/3", "1/3"), ("1/3", third), (third, "1/3")]
    assert [set(found) for found in find_zones(net, ALWAYS).containing(data)] == [{left, right}, {right}, {left}]


def test_many_batches(monkeypatch):
    monkeypatch.setattr("exactzones.zones.locate._BATCH", 8)
    zones = find_zones(ABS, feature(0), LINE)
    data = np.linspace(-4, 4, 33)[:, None]
    assert zones.containing(data) == [by_inequalities(zones, point) for point in data]


def test_shapes():
    zones = find_zones(ABS, feature(0), LINE)
    assert zones.containing(np.empty((0, 1))) == zones.locate([]) == []
    assert zones.containing(np.array([2])) == zones.containing([2]) == zones.containing(["2"]) == [zones.at([2])]
    assert zones.locate([["2"], [0.5], [-2], [9]]) == [(0,), (0,), (1,), ()]
    assert zones.at([["2"], [0.5], [9]]) == [zones[0], None, None]
    with pytest.raises(InputError, match=r"shape \(1, 1, 1\)"):
        zones.containing(np.zeros((1, 1, 1)))
    with pytest.raises(DimensionError, match="2 entries; expected 1"):
        zones.containing(np.zeros((3, 2)))
    with pytest.raises(DimensionError, match="point 1 has 2 entries; expected 1"):
        zones.containing([[0], [0, 1]])
    with pytest.raises(DimensionError):
        zones.containing([])
    with pytest.raises(InexactError, match="coordinate 0 of point 1 is nan"):
        zones.containing(np.array([[0], [np.nan]]))
    with pytest.raises(InexactError, match="coordinate 0 of point 1 is 'x'"):
        zones.containing([[0], ["x"]])


def test_a_data_frame_is_a_data_set():
    pandas = pytest.importorskip("pandas")
    zones = find_zones(ABS, feature(0), LINE)
    data = pandas.DataFrame({"x": [2.0, 0.0, -2.0]})
    assert zones.at(data) == [zones[0], None, zones[1]]
    assert zones.containing(data) == [[zones[0]], list(zones), [zones[1]]]


@given(cases(), cases())
def test_lists_are_equal_iff_they_answer_the_same_question_alike(case, other):
    zones = case.zones
    again = find_zones(case.net, case.prop, case.domain, engine="backward" if case.engine == "forward" else "forward")
    assert zones == again
    assert hash(zones) == hash(again)
    different = other.zones
    everywhere = [Polyhedron.space(net.inputs) for net in (case.net, other.net)]
    domains = [zones.domain or everywhere[0], different.domain or everywhere[1]]
    same = (case.net, zones.prop, domains[0]) == (other.net, different.prop, domains[1])
    assert (zones == different) == same
    assert zones != list(zones)


@given(complexes())
def test_zones_are_ordered_by_pattern(zones):
    ordered = sorted(zones)
    assert [zone.pattern for zone in ordered] == sorted(zone.pattern for zone in zones)
    for a, b in itertools.pairwise(ordered):
        assert a < b
        assert a <= b
        assert not a >= b
        assert a != b
    assert ordered[0] <= ordered[0]
    assert not ordered[0] < ordered[0]


def test_zones_with_one_pattern_are_ordered_too():
    wide, narrow = (find_zones(ABS, feature(0), Polyhedron.box(-b, b, dim=1))[0] for b in (3, 2))
    assert wide.pattern == narrow.pattern
    assert (wide < narrow) != (narrow < wide)
    with pytest.raises(TypeError):
        assert wide < "zone"


def twins(value):
    return [copy.copy(value), copy.deepcopy(value), *(pickle.loads(pickle.dumps(value, p)) for p in (2, pickle.HIGHEST_PROTOCOL))]  # noqa: S301 - our own


@at_most(60)
@given(cases(), st.booleans())
def test_pickling(case, looked_at):
    zones = case.zones
    if looked_at:
        assert len(zones.islands) <= len(zones.graph)
        zones.locate([[0] * case.net.inputs])
    for twin in twins(zones):
        assert twin == zones
        assert hash(twin) == hash(zones)
        assert list(twin) == list(zones)
        assert twin.islands == zones.islands
        assert dict(twin.graph.adj) == dict(zones.graph.adj)
    assume(len(zones))
    for twin in twins(zones[0]):
        assert twin == zones[0]
        assert (twin.sample, twin.maximum, twin.firing) == (zones[0].sample, zones[0].maximum, zones[0].firing)


@at_most(60)
@given(cases(), st.data())
def test_sympy_says_where_a_zone_fires(case, data):
    sympy = pytest.importorskip("sympy")
    zones = case.zones
    assume(len(zones))
    zone = data.draw(st.sampled_from(list(zones)))
    condition = zone.as_sympy()
    names = [sympy.Symbol(f"x{k}", real=True) for k in range(case.net.inputs)]
    for point in [*data.draw(st.lists(domain_points(zones), max_size=3)), zone.sample, *zone.vrep.vertices[:2]]:
        values = {name: sympy.Rational(entry.numerator, entry.denominator) for name, entry in zip(names, point, strict=True)}
        assert condition.subs(values) == zone.fires(point)


@given(cases())
def test_data_frame(case):
    pytest.importorskip("pandas")
    zones = case.zones
    frame = zones.to_dataframe()
    assert len(frame) == len(zones)
    assert [column for column in frame.columns if column[0] == "x"] == [f"x{k}" for k in range(case.net.inputs)]
    for k, zone in enumerate(zones):
        row = frame.loc[k]
        assert tuple(row["pattern"].split()) == zone.pattern
        assert k in zones.islands[row["island"]]
        assert (row["facets"], row["vertices"]) == (len(zone.hrep.rows), len(zone.vrep.vertices))
        assert (row["maximum"], row["volume"]) == (zone.maximum.value, zone.volume)
        assert zone.fires([row[f"x{j}"] for j in range(case.net.inputs)])


def test_a_data_frame_of_many_inputs_has_no_volumes():
    pytest.importorskip("pandas")
    net = Network.mlp([([[1] * 6], [0]), ([[1]], [0])])
    assert "volume" not in find_zones(net, feature(0)).to_dataframe()


def test_missing_pandas_is_said_with_the_way_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match=r"pip install exactzones\[pandas\]"):
        find_zones(ABS, feature(0)).to_dataframe()


DIAMOND = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1]], [-1])])


def parsed(svg):
    return ElementTree.fromstring(svg)  # noqa: S314 - our own


def polygons(svg):
    return [element.get("points") for element in parsed(svg).iter("{http://www.w3.org/2000/svg}polygon")]


def test_notebooks_show_a_picture_and_a_table():
    zones = find_zones(DIAMOND, feature(0), Polyhedron.box(-2, 2, dim=2))
    svg = zones._repr_svg_()
    assert len(polygons(svg)) == 4
    lower_left = {"0.00,300.00", "0.00,150.00", "75.00,150.00", "150.00,225.00", "150.00,300.00"}
    assert lower_left in [set(points.split()) for points in polygons(svg)]
    html = zones._repr_html_()
    assert svg in html
    assert "4 zones of z1[0] &gt; 0 in its domain, 1 island<" in html
    assert html.count("<tr>") == 5
    single = zones[0]._repr_html_()
    assert zones[0]._repr_svg_() in single
    assert "unbounded" not in single
    assert zones[0]._repr_latex_().startswith(r"$\displaystyle \left\{ x \in \mathbb{R}^{2}")


@given(cases(small_networks(inputs=(1, 3))))
def test_notebooks_show_every_list(case):
    zones = case.zones
    for shown in (zones, *zones[:2]):
        assert parsed(shown._repr_html_()) is not None
        svg = shown._repr_svg_()
        assert (svg is not None) == (case.net.inputs == 2)
        assert svg is None or parsed(svg) is not None


def test_notebooks_show_empty_long_and_stopped_lists(monkeypatch):
    assert "fires nowhere in its domain" in find_zones(ABS, feature(0), Polyhedron.box("-1/2", 1, dim=1))._repr_html_()
    with pytest.raises(BudgetExceeded) as stopped:
        find_zones(DIAMOND, feature(0), budget=Budget(zones=2))
    assert "incomplete" in stopped.value.found._repr_html_()
    with pytest.raises(BudgetExceeded) as stopped:
        find_zones(DIAMOND, feature(0), budget=Budget(zones=0))
    assert "before the search stopped early" in stopped.value.found._repr_html_()
    monkeypatch.setattr("exactzones.zones.display._ROWS", 3)
    monkeypatch.setattr("exactzones.zones.display._DRAWN", 3)
    zones = find_zones(DIAMOND, feature(0))
    assert zones._repr_svg_() is None
    assert "and 1 more" in zones._repr_html_()


@at_most(60)
@given(st.lists(st.sampled_from([0, 1, -1, "1/2", "sqrt(2)", "-1/2*sqrt(2)", "1-sqrt(2)"]), min_size=9, max_size=9))
def test_irrational_weights(numbers):
    """Corners of cells lie on walls that floats cannot tell from their neighbourhood."""
    net = Network.mlp([([numbers[:2], numbers[2:4], numbers[4:6]], numbers[6:9]), ([[1, -1, 1]], [0])])
    zones = find_zones(net, ALWAYS, Polyhedron.box(-2, 2, dim=2))
    data = [*{vertex for zone in zones for vertex in zone.vrep.vertices}, *(zone.sample for zone in zones)]
    assert zones.containing(data) == [by_inequalities(zones, point) for point in data]
    assert find_zones(net, ALWAYS, Polyhedron.box(-2, 2, dim=2)) == zones
    assert parsed(zones._repr_html_()) is not None
    assert pickle.loads(pickle.dumps(zones)) == zones  # noqa: S301 - our own


def test_importing_exactzones_imports_no_optional_library():
    program = "import sys, exactzones, exactzones.export; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter
    loaded = set(done.stdout.split())
    assert "exactzones" in loaded
    assert not loaded & {"matplotlib", "pandas", "shapely", "sympy", "z3", "IPython"}


def test_an_island_too_small_to_be_seen_has_a_circle():
    corners = Network.mlp([([[1, 1], [-1, -1]], ["-39/10", "-1"]), ([[1, 1]], [0])])  # x + y > 3.9, or x + y < -1
    picture = find_zones(corners, feature(0), (-2, 2))._repr_html_()
    assert picture.count("<circle") == 1
    assert 'cx="296.25"' in picture
    assert 'cy="3.75"' in picture
