"""Networks and zones over Q(sqrt(D)) as JSON, on the command line, in pictures."""

import json
from fractions import Fraction

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones import FormatError, InexactError, InputError, Network, Polyhedron, feature, find_zones
from exactzones.formats.zones_json import schema, zones_to_json
from exactzones.models import load_network
from exactzones.models.network_json import save_json
from exactzones.rational import algebraic, irrational, square_root
from exactzones.spec import parse_domain, parse_point

ROOT = square_root(3)
TRIANGLE = [[1, 0], ["-1/2", "sqrt(3)/2"], ["-1/2", "-sqrt(3)/2"]]
NETWORK = Network.of((TRIANGLE, ["-1/2"] * 3, True), ([["1/4", "1/4", "-sqrt(3)/4"]], ["2-sqrt(3)"], False))
SQUARE = Polyhedron.box(-4, 4, dim=2)


@given(st.lists(st.tuples(*[st.fractions(max_denominator=10**6)] * 2), min_size=1, max_size=3))
def test_networks_survive_json(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("json") / "net.json"
    net = Network.of(([[a + b * ROOT for a, b in parts], [1] * len(parts)], [ROOT, 0], [True, False]))
    save_json(net, path)
    assert load_network(path) == net
    assert load_network(path).sha256 == net.sha256


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("sqrt(-1)", r"layers\[0\].weight\[0\]\[0\] is 'sqrt\(-1\)'"),
        ("sqrt(2)/0", "divides by zero"),
        ("sqrt(" + "9" * 30 + ")", r"has too large a radicand; expected at most 2\^64"),
        ("sqrt(2)", r"the weights have sqrt\(2\) and sqrt\(3\)"),
        ("sqrt(2)+sqrt(3)", r"sqrt\(2\) and sqrt\(3\)"),
        ("__import__('os').sqrt(2)", "write a number"),
    ],
)
def test_bad_numbers_are_named(tmp_path, number, message):
    path = tmp_path / "net.json"
    layers = [{"weight": [[number, "sqrt(3)"]]}]
    path.write_text(json.dumps({"format": "exactzones/network", "version": 1, "layers": layers}))
    with pytest.raises(InputError, match=message) as caught:
        load_network(path)
    assert "net.json" in str(caught.value)


def test_stand_ins_are_rational(tmp_path):
    path = tmp_path / "net.json"
    stand_in = {"expression": "pi", "value": "sqrt(2)", "error": "1"}
    path.write_text(
        json.dumps({"format": "exactzones/network", "version": 1, "layers": [{"weight": [[1]]}], "rationalizations": [stand_in]})
    )
    with pytest.raises((FormatError, InexactError), match=r"rationalizations\[0\].value"):
        load_network(path)


def test_zones_as_json():
    zones = find_zones(NETWORK, feature(0), SQUARE)
    document = zones_to_json(zones, merge=True)
    jsonschema.validate(document, schema())
    for zone, written in zip(zones, document["zones"], strict=True):
        vertices = tuple(tuple(map(algebraic, vertex)) for vertex in written["vertices"])
        assert vertices == zone.vrep.vertices
        assert tuple(tuple(map(algebraic, row)) for row in written["inequalities"]) == zone.hrep.rows
        assert tuple(map(algebraic, written["feature"])) == zone.conditions[0].row
    assert "sqrt(3)" in json.dumps(document)


@pytest.mark.parametrize("number", ["1", "-1/2", "sqrt(3)", "-sqrt(3)", "1/2*sqrt(3)", "-1/2-1/3*sqrt(3)", "1+sqrt(2)"])
def test_the_schema_knows_every_form_of_a_number(number):
    jsonschema.validate(number, {"$ref": "#/$defs/number", "$defs": schema()["$defs"]})
    assert str(algebraic(number)) == number


@pytest.mark.parametrize("text", ["sqrt()", "1+", "sqrt(3)/2", "+sqrt(3)", "1/0", "1+2", "sqrt(2)+sqrt(3)", "1++sqrt(2)"])
def test_the_schema_refuses_other_texts(text):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(text, {"$ref": "#/$defs/number", "$defs": schema()["$defs"]})


def test_bounds_and_points_as_text():
    assert parse_domain("-sqrt(2):1+sqrt(2)", 1) == [(-square_root(2), 1 + square_root(2))]
    assert parse_point("sqrt(3)/2,-1", 2) == (ROOT / 2, Fraction(-1))


@pytest.fixture
def saved(tmp_path):
    save_json(NETWORK, tmp_path / "net.json")
    return tmp_path / "net.json"


def test_the_command_line_lists_zones(run, saved, tmp_path):
    out, picture = tmp_path / "zones.json", tmp_path / "zones.svg"
    done = run("zones", saved, "--feature", 0, "--domain", "-4:sqrt(3)", "--json", out, "--plot", picture, "--merge")
    assert done.code == 0, done.err
    zones = find_zones(load_network(saved), feature(0), Polyhedron.box(-4, "sqrt(3)", dim=2))
    assert f"zones          {len(zones)}\n" in done.out
    assert f"largest value  {zones.maximum.value} at" in done.out
    jsonschema.validate(json.loads(out.read_text()), schema())
    assert picture.stat().st_size > 1000


def test_the_command_line_evaluates_and_describes(run, saved):
    done = run("eval", saved, "--at", "sqrt(3)/2,1/2")
    (value,) = NETWORK(["sqrt(3)/2", "1/2"])
    assert irrational([value])
    assert f"feature 0  {value}  fires" in done.out
    assert "sha256         " + NETWORK.sha256 in run("info", saved).out


def test_the_command_line_refuses_certificates(refused, saved, tmp_path):
    refused("certify", saved, "--feature", 0, "--out", tmp_path / "proof.json", says=["irrational", "round explicitly"])
    refused("eval", saved, "--at", "sqrt(2),1", says=["sqrt(2)", "sqrt(3)"])


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_pictures(dim, tmp_path):
    pytest.importorskip("matplotlib")
    from exactzones.plot import plot_zones, save_figure

    rows = [[*(["sqrt(3)/2", -1, "1/3"][k:] + ["sqrt(3)/2", -1, "1/3"][:k])][:dim] for k in range(3)]
    net = Network.of((rows, ["sqrt(3)", "1/2", -1], True), ([[1, "-sqrt(3)", 1]], ["1/5"], False))
    for window in (None, Polyhedron.box("-sqrt(3)", 2, dim=dim)):
        zones = find_zones(net, feature(0))
        ax = plot_zones(zones, window=window, samples=True)
        save_figure(ax.figure, tmp_path / "zones.svg")
        low, high = ax.get_xlim()
        if window is not None:
            assert (round(low, 9), round(high, 9)) == (round(-(3**0.5), 9), 2) or dim > 1
