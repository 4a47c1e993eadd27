"""``zones``, ``proptest`` and ``view`` of conditions with "or": the union of the zones of their cases."""

import csv
import json
from fractions import Fraction

import networkx
import pytest
from cli.support import ABSOLUTE, PLANE, saved

from exactzones import find_union
from exactzones.store import ZoneStore
from exactzones.where import parse_where

WHERE = "y[0] > 0 or z0[0] > 1/2"
PAIR = "y[0] > 2 or y[1] > 2 and y[0] >= -1"


@pytest.fixture
def net(tmp_path):
    return saved(ABSOLUTE, tmp_path / "net.npz")


def test_zones(run, tmp_path, net):
    done = run("zones", net, "--where", WHERE, "--domain=-3:3", "--json", tmp_path / "union.json")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "z1[0] > 0 or z0[0] > 1/2 on the box -3:3"
    rows = dict(line.split(maxsplit=1) for line in lines[1:-1] if not line.startswith(("  case", "  cells")))
    assert rows["zones"] == "2"
    assert [line for line in lines if line.startswith("  case")] == [
        "  case 0         2 zones: z1[0] > 0",
        "  case 1         1 zone: z0[0] > 1/2",
    ]
    assert lines[-1] == f"wrote {tmp_path / 'union.json'}"
    document = json.loads((tmp_path / "union.json").read_text())
    assert [[each["case"] for each in zone["cases"]] for zone in document["zones"]] == [[0, 1], [0]]
    assert json.loads(run("zones", net, "--where", WHERE, "--domain=-3:3", "--json", "-").out) == document
    assert run("zones", net, "--where", WHERE, "--quiet").out == ""


def test_fixed_inputs_and_limits(run, tmp_path):
    net = saved(PLANE, tmp_path / "plane.json")
    done = run("zones", net, "--where", "y[0] > 1 or y[1] > 1", "--domain=-1:1,1:1")
    assert "with x1 = 1; zones and points are in (x0)" in done.out
    done = run("zones", net, "--where", "y[0] > 0 or y[1] > 0", "--domain=-2:2", "--max-zones", 1)
    assert done.code == 3
    assert "zones           1 found so far: the list is not complete" in done.out
    assert "incomplete: " in done.err
    done = run("zones", net, "--where", "y[0] > 99 or y[1] > 99", "--domain=-2:2")
    assert "none: no case can hold on this domain" in done.out


def test_proptest_checks_every_case_and_their_union(run, net):
    done = run("proptest", net, "--where", WHERE, "--domain=-3:3", "--examples", 20)
    assert done.code == 0
    assert "union_is_right" in done.out
    assert "zones_are_complete, case 1" in done.out


def test_every_output(run, tmp_path):
    net = saved(PLANE, tmp_path / "plane.json")
    names = ["union.json", "p.svg", "t.csv", "g.graphml", "g.gexf", "s.geojson", "s.wkt", "q.smt2"]
    options = [part for name in names[2:] for part in ("--export", tmp_path / name)]
    done = run("zones", net, "--where", PAIR, "--domain=-3:3", "--json", tmp_path / "union.json", "--plot", tmp_path / "p.svg",
               *options, "--merge", "--certificate", tmp_path / "proof.json.gz")  # fmt: skip
    assert done.code == 0, done.err
    rows = dict(line.strip().split("  ", 1) for line in done.out.splitlines()[1:] if not line.startswith("wrote"))
    assert {"islands", "merged", "volume share"} <= set(rows)
    wrote = [*(tmp_path / name for name in names), tmp_path / "proof-0.json.gz", tmp_path / "proof-1.json.gz"]
    assert [line for line in done.out.splitlines() if line.startswith("wrote")] == [f"wrote {path}" for path in wrote]
    document = json.loads((tmp_path / "union.json").read_text())
    pairs = {(k, each["case"]) for k, zone in enumerate(document["zones"]) for each in zone["cases"]}
    assert {tuple(pair) for island in document["islands"] for pair in island} == pairs
    assert {tuple(pair) for merged in document["merged"] for pair in merged["pieces"]} == pairs
    table = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert [row["cases"] for row in table] == [
        " ".join(str(each["case"]) for each in zone["cases"]) for zone in document["zones"]
    ]
    share = sum(Fraction(row["volume"]) for row in table) / 36
    assert rows["volume share"].strip() == f"{float(share * 100):.4g} % of the domain"
    shapes = json.loads((tmp_path / "s.geojson").read_text())["features"]
    assert {(shape["properties"]["zone"], shape["properties"]["case"]) for shape in shapes} == pairs
    assert len(networkx.read_graphml(tmp_path / "g.graphml")) == len(document["zones"])
    assert "(assert (or (> (+ z1_0 (- 2.0)) 0.0) (and (> " in (tmp_path / "q.smt2").read_text()


def test_the_certificate_of_each_case_is_checked_against_its_part_of_the_claim(run, refused, tmp_path, net):
    claim = ["--where", WHERE, "--domain=-3:3"]
    assert run("zones", net, *claim, "--certificate", tmp_path / "proof.json").code == 0
    for case, zones in ((0, 2), (1, 1)):
        done = run("check", net, tmp_path / f"proof-{case}.json", *claim, "--case", case)
        assert done.code == 0
        assert f"the list of {zones} zone" in done.out
        assert run("check", net, tmp_path / f"proof-{case}.json", *claim, "--case", 1 - case).code == 1
    refused("check", net, tmp_path / "proof-0.json", *claim, "--case", 2, says=["--case 2", "cases 0 to 1"])
    resumed = run("zones", net, *claim, "--certificate", tmp_path / "proof.json", "--resume")
    assert resumed.code == 0


def test_a_store_of_each_case(run, refused, tmp_path, net):
    done = run("zones", net, "--where", WHERE, "--domain=-3:3", "--store", tmp_path / "store")
    assert done.code == 0
    assert [line for line in done.out.splitlines() if line.startswith("case")] == [
        "case 0: z1[0] > 0",
        "case 1: z0[0] > 1/2",
    ]
    assert [len(ZoneStore.open(tmp_path / "store" / str(case))) for case in (0, 1)] == [2, 1]
    assert run("zones", net, "--where", WHERE, "--domain=-3:3", "--store", tmp_path / "store", "--resume").code == 0
    (tmp_path / "file").write_text("")
    refused("zones", net, "--where", WHERE, "--store", tmp_path / "file", says=["it is a file; name a folder"])
    refused("zones", net, "--where", WHERE, "--store", tmp_path, says=["not empty; the stores of 2 cases need one of their own"])
    refused("zones", net, "--where", WHERE, "--store", tmp_path / "none", "--engine", "backward", says=["--engine backward"])
    assert not (tmp_path / "none").exists()
    assert run("zones", net, "--where", WHERE, "--domain=-3:3", "--store", tmp_path / "made" / "store").code == 0


@pytest.mark.parametrize(("network", "where"), [(ABSOLUTE, WHERE), (PLANE, PAIR)])
def test_page(run, tmp_path, network, where):
    net, out = saved(network, tmp_path / "net.json"), tmp_path / "page.html"
    done = run("view", net, "--where", where, "--domain=-3:3", "--out", out, "--json", tmp_path / "answer.json")
    assert done.code == 0, done.err
    answer = json.loads((tmp_path / "answer.json").read_text())
    union = find_union(network, parse_where(where, network), (-3, 3))
    assert (answer["zones"], answer["islands"]) == (len(union), len(union.islands))
    assert f"{len(union)} zones in {len(union.islands)} island" in out.read_text()


def test_a_property_file_with_several_domains(refused, run, net, tmp_path):
    query = tmp_path / "q.vnnlib"
    head = "(declare-const X_0 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)"
    query.write_text(head + "(assert (<= -3 X_0 3))(assert (or (>= Y_0 1) (>= Y_1 -2)))")
    done = run("zones", net, "--property", query)
    assert done.code == 0
    assert "case 1" in done.out
    query.write_text(head + "(assert (or (and (<= -3 X_0 3) (>= Y_0 1)) (and (<= -1 X_0 1) (>= Y_1 -2))))")
    refused("zones", net, "--property", query, says=["2 cases, different domains"])
