"""``exactzones zones NET --feature I --export FILE``."""

import pytest
from cli.support import ABSOLUTE, PLANE, saved

from exactzones import Polyhedron, feature, find_zones
from exactzones.export import SUFFIXES, writer


def test_every_export_at_once(run, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    paths = [tmp_path / f"zones{suffix}" for suffix in SUFFIXES]
    options = [word for path in paths for word in ("--export", path)]
    outcome = run("zones", net, "--feature", 1, "--domain", "-2:2", *options)
    assert (outcome.code, outcome.err) == (0, "")
    zones = find_zones(PLANE, feature(1), Polyhedron.box(-2, 2, dim=2))
    for path in paths:
        assert path.read_text() == writer(path, 2)(zones)
        assert f"wrote {path}" in outcome.out


def test_what_was_found_is_exported_when_the_budget_ran_out(run, tmp_path):
    net, out = saved(PLANE, tmp_path / "net.json"), tmp_path / "zones.csv"
    assert run("zones", net, "--feature", 1, "--max-zones", 1, "--export", out).code == 3
    assert out.read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("zones.txt", [".txt", ".graphml, .gexf, .geojson, .wkt, .csv, .smt2"]),
        ("zones.wkt", ["need 2 inputs", "has 1"]),
        ("nowhere/zones.csv", ["its folder does not exist"]),
        ("net.json", ["is the network itself"]),
    ],
)
def test_refused_before_the_work(refused, tmp_path, name, says):
    net = saved(ABSOLUTE, tmp_path / "net.json")
    refused("zones", net, "--feature", 0, "--export", tmp_path / name, says=says)


def test_two_options_with_one_file(refused, tmp_path):
    net, out = saved(ABSOLUTE, tmp_path / "net.json"), tmp_path / "zones.csv"
    refused("zones", net, "--feature", 0, "--export", out, "--export", out, says=["--export and --export name the same file"])
    refused("zones", net, "--feature", 0, "--export", out, "--json", out, says=["--json and --export name the same file"])
