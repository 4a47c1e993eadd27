"""``exactzones topology``."""

import json
from dataclasses import replace

from cli.support import saved

from exactzones import Network, topology
from exactzones.cli import topology as command
from exactzones.errors import BudgetExceeded

RING = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1] * 4], [-1])])  # |x| + |y| - 1


def test_numbers_are_printed_and_written(run, tmp_path):
    net = saved(RING, tmp_path / "net.json")
    outcome = run("topology", net, "--feature", "0", "--domain=-2:2")
    assert (outcome.code, outcome.err) == (0, "")
    assert [line.split(" (")[0].split("  ")[-1].strip() for line in outcome.out.splitlines()] == [
        "1 component, 1 loop",
        "a loop of 4 regions near",
        "1 component",
        "1 component, 1 loop",
        "a loop of 4 regions near",
    ]
    document = json.loads(run("topology", net, "--feature", "0", "--domain=-2:2,-2:2", "--json", "-").out)
    (loop,) = document["holes"]["boundary"]
    assert (loop["dimension"], sorted(map(tuple, loop["corners"]))) == (1, [("-1", "0"), ("0", "-1"), ("0", "1"), ("1", "0")])
    assert len(loop["zones"]) == 4
    document = json.loads(run("topology", net, "--feature", "0", "--threshold=-1", "--open", "--json", "-").out)
    assert document["firing"] == {"betti": [1, 1], "torsion": [[], []], "euler": 0}
    assert document["complement"] == document["boundary"] == {"betti": [1, 0], "torsion": [[], []], "euler": 1}
    flat = json.loads(run("topology", net, "--feature", "0", "--domain=-2:2,0:0", "--json", "-").out)
    assert flat["firing"]["betti"] == [2]


def test_holes_are_counted_from_0_though_time_did_not_suffice_for_the_rest(run, tmp_path, monkeypatch):
    found = replace(topology(RING, 0, (-2, 2)), complement=None, boundary=None)

    def stopped(*_arguments, **_limits):
        raise BudgetExceeded("time is up", found)

    monkeypatch.setattr(command, "topology", stopped)
    outcome = run("topology", saved(RING, tmp_path / "net.json"), "--feature", "0", "--domain=-2:2")
    assert outcome.code == 3
    assert [line.split("  ")[1] for line in outcome.out.splitlines()] == ["where it fires", "around hole 0"]


def test_certificates_are_written_and_checked(run, refused, tmp_path):
    net, proof = saved(RING, tmp_path / "net.json"), tmp_path / "proof.json"
    question = "--feature", "0", "--threshold", "1/2"
    assert run("topology", net, *question, "--domain=-2:2", "--certificate", proof).code == 0
    assert run("check", net, proof, *question, "--domain=-2:2").code == 0
    assert run("check", net, proof, "--feature", "0", "--domain=-2:2").code == 1
    refused("topology", net, *question, "--certificate", proof, says=["a bounded domain"])


def test_bad_features_and_no_time(run, refused, tmp_path):
    net = saved(RING, tmp_path / "net.json")
    refused("topology", net, "--feature", "5", says=["feature 5 does not exist"])
    outcome = run("topology", net, "--feature", "0", "--timeout", "1e-9", "--json", "-")
    assert outcome.code == 3
    assert json.loads(outcome.out)["firing"] is None
