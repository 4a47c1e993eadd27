"""``zones``, ``proptest`` and ``view`` of conditions with "or": the union of the zones of their cases."""

import json

import pytest
from cli.support import ABSOLUTE, PLANE, saved

WHERE = "y[0] > 0 or z0[0] > 1/2"


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
    assert "zones          1 found so far: the list is not complete" in done.out
    assert "incomplete: " in done.err
    done = run("zones", net, "--where", "y[0] > 99 or y[1] > 99", "--domain=-2:2")
    assert "none: no case can hold on this domain" in done.out


def test_proptest_checks_every_case_and_their_union(run, net):
    done = run("proptest", net, "--where", WHERE, "--domain=-3:3", "--examples", 20)
    assert done.code == 0
    assert "union_is_right" in done.out
    assert "zones_are_complete, case 1" in done.out


@pytest.mark.parametrize(
    "option", [["--plot", "p.svg"], ["--certificate", "c.json"], ["--export", "z.csv"], ["--merge"], ["--volume"]]
)
def test_what_is_about_one_conjunction(refused, net, option):
    refused("zones", net, "--where", WHERE, *option, says=[f"{option[0]} is about the zones of one conjunction", "has 2 cases"])


def test_a_page_shows_one_conjunction(refused, net, tmp_path):
    out = tmp_path / "page.html"
    refused("view", net, "--where", WHERE, "--out", out, says=["a page shows the zones of one conjunction", "has 2 cases"])


def test_a_property_file_with_several_domains(refused, run, net, tmp_path):
    query = tmp_path / "q.vnnlib"
    head = "(declare-const X_0 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)"
    query.write_text(head + "(assert (<= -3 X_0 3))(assert (or (>= Y_0 1) (>= Y_1 -2)))")
    done = run("zones", net, "--property", query)
    assert done.code == 0
    assert "case 1" in done.out
    query.write_text(head + "(assert (or (and (<= -3 X_0 3) (>= Y_0 1)) (and (<= -1 X_0 1) (>= Y_1 -2))))")
    refused("zones", net, "--property", query, says=["2 cases, different domains"])
