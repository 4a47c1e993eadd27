"""``exactzones zone``."""

import json

import numpy as np
from cli.support import PLANE, saved

from exactzones import Network


def test_the_zone_of_a_point_is_printed(run, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    outcome = run("zone", net, "--at", "1/2,-3/4", "--feature", "0")
    assert (outcome.code, outcome.err) == (0, "")
    # units x0, x1, x0 + x1 - 1: only the first is on; the last one is zero farther away
    assert outcome.out.splitlines() == [
        "  pattern       +--",
        "  facets        3 where neurons flip, 0 of the domain",
        "  feature 0     x0, which is 1/2 at the point",
        "  nearest       z0[0] flips at distance L1 1/2, L2 1/2, Linf 1/2",
        "                z0[1] flips at distance L1 3/4, L2 3/4, Linf 3/4",
        "                z0[2] flips at distance L1 5/4, L2 ~0.883883, Linf 5/8",
        "  inequalities  x1 <= 0",
        "                x0 >= 0",
        "                x0 + x1 <= 1",
    ]


def test_inequalities_are_rounded_unless_exact_ones_are_wanted(run, tmp_path):
    net = saved(Network.mlp([([[0.1], [1]], [-1, -4]), ([[1, 1]], [0])]), tmp_path / "net.json")
    for options, written in (((), "~ x0 >= 10"), (("--exact",), "x0 >= 36028797018963968/3602879701896397")):
        lines = run("zone", net, "--at", "20", "--domain", "4:30", *options).out.splitlines()
        assert lines[-2].split("inequalities  ")[-1].strip() == written


def test_json_has_the_facets_of_every_zone_at_the_point(run, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    document = json.loads(run("zone", net, "--at", "0,-3/4", "--domain=-1:1", "--json", "-").out)
    assert [zone["pattern"] for zone in document["zones"]] == [["+--"], ["---"]]
    left = document["zones"][1]
    assert left["inequalities"] == [["0", "-1", "0"], ["0", "0", "-1"], ["1", "0", "1"], ["1", "1", "0"]]
    assert left["facets"][0] == {"inequality": 0, "flips": [[0, 0]], "distance": {"l1": "0", "linf": "0", "l2_squared": "0"}}
    assert left["facets"][3]["flips"] == "domain"
    assert left["facets"][3]["distance"] == {"l1": "1", "linf": "1", "l2_squared": "1"}
    assert ["-1", "-1"] in left["vertices"]


def test_many_inputs_have_no_vertices(run, tmp_path):
    rng = np.random.default_rng(0)
    wide = Network.mlp([(rng.standard_normal((90, 30)), rng.standard_normal(90)), (rng.standard_normal((2, 90)), [0, 0])])
    net = saved(wide, tmp_path / "net.npz")
    np.save(tmp_path / "points.npy", rng.random((4, 30)))
    outcome = run("zone", net, "--at", tmp_path / "points.npy:2", "--domain=0:1", "--json", tmp_path / "zone.json")
    assert (outcome.code, outcome.err) == (0, "")
    assert "on are " in outcome.out
    (zone,) = json.loads((tmp_path / "zone.json").read_text())["zones"]
    assert zone["vertices"] is None
    assert len(zone["facets"]) == len(zone["inequalities"]) > 30
    assert outcome.out.splitlines()[-1] == f"{' ' * 16}.. and {len(zone['facets']) - 10} more: --json writes all"


def test_a_point_outside_the_domain_is_refused(refused, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    refused("zone", net, "--at", "5,5", "--domain", "0:1", says=["outside the domain"])
