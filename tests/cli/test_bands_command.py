"""``zones --arithmetic``: the bands of floats in JSON, in pictures and in the summary."""

import json
from fractions import Fraction

import jsonschema
from cli.support import ABSOLUTE, saved
from view.support import DIAMOND

from exactzones import Network, feature, find_zones
from exactzones.formats.zones_json import schema


def test_the_bands_of_zones(run, tmp_path):
    net, out = saved(DIAMOND, tmp_path / "net.json"), tmp_path / "zones.json"
    options = ["--feature", 0, "--domain=-2:2", "--json", out, "--plot", tmp_path / "zones.svg"]
    outcome = run("zones", net, *options, "--arithmetic", "float16")
    assert outcome.code == 0, outcome.err
    document = json.loads(out.read_text())
    jsonschema.validate(document, schema())
    bands = [zone.band("float16") for zone in find_zones(DIAMOND, feature(0), (-2, 2))]
    assert document["bands"]["arithmetic"] == "float16"
    assert [Fraction(each["half_width"]) for each in document["bands"]["zones"]] == [Fraction(band.half_width) for band in bands]
    assert [list(map(Fraction, each["errors"])) for each in document["bands"]["zones"]] == [list(band.errors) for band in bands]
    assert float(Fraction(document["bands"]["half_width"])) == max(band.half_width for band in bands)
    assert "in float16     the boundary of the zones may move by up to " in outcome.out
    assert run("zones", net, *options).code == 0
    assert "bands" not in json.loads(out.read_text())


def test_unbounded_zones_have_none(run, tmp_path):
    out = tmp_path / "zones.json"
    outcome = run("zones", saved(ABSOLUTE, tmp_path / "net.json"), "--feature", 0, "--arithmetic", "float32", "--json", out)
    assert json.loads(out.read_text())["bands"] == {"arithmetic": "float32", "half_width": None, "zones": [None, None]}
    assert "may be anywhere in some zone" in outcome.out


def test_the_bands_of_a_disjunction(run, tmp_path):
    net, out = saved(DIAMOND, tmp_path / "net.json"), tmp_path / "union.json"
    where = ["--where", "y[0] > 1 or y[0] < -1/2", "--domain=-2:2", "--arithmetic", "float32", "--json", out]
    outcome = run("zones", net, *where, "--plot", tmp_path / "union.svg")
    assert outcome.code == 0, outcome.err
    document = json.loads(out.read_text())
    assert list(map(len, document["bands"]["zones"])) == [len(zone["cases"]) for zone in document["zones"]]
    assert "in float32" in outcome.out


def test_refusals(refused, tmp_path):
    net = saved(DIAMOND, tmp_path / "net.json")
    refused("zones", net, "--feature", 0, "--arithmetic", "float7", says=["float7"])
    refused("zones", net, "--feature", 0, "--arithmetic", "float32", "--store", tmp_path / "s", says=["--arithmetic"])
    third = saved(Network.mlp([([["1/3"]], [0])]), tmp_path / "third.json")
    refused("zones", third, "--feature", 0, "--domain", "0:1", "--arithmetic", "float32", says=["not numbers of float32"])
