"""``exactzones dead``, ``together`` and ``maximum``."""

import json
from fractions import Fraction

import pytest
from cli.support import saved

from exactzones.certification import ProvedMaximum
from exactzones.errors import BudgetExceeded
from exactzones.network import Network

# Features x, -x, x - 3 and 2x - 1 of the first layer; their sum less 1.
NET = Network.mlp([([[1], [-1], [1], [2]], [0, 0, -3, -1]), ([[1, 1, 1, 1]], [-1])])


@pytest.fixture
def net(tmp_path):
    return saved(NET, tmp_path / "net.json")


def test_dead_features(run, net, tmp_path):
    proofs = tmp_path / "proofs"
    outcome = run("dead", net, "--layer", "0", "--domain=-1:1", "--certificates", proofs)
    assert (outcome.code, outcome.out) == (0, "1 of 4 features of layer 0 is dead: 2\n")
    assert [path.name for path in proofs.iterdir()] == ["dead-2.json"]
    checked = run("check", net, proofs / "dead-2.json", "--feature", "2", "--layer", "0", "--domain=-1:1")
    assert (checked.code, checked.out.splitlines()[-1]) == (0, "valid")
    document = json.loads(run("dead", net, "--domain=-1:1", "--json", "-").out)
    assert (document["layer"], document["features"], document["dead"], document["undecided"]) == (1, 1, [], [])


def test_pairs(run, net, tmp_path):
    proofs = tmp_path / "proofs"
    outcome = run("together", net, "--layer", "0", "--features", "0:2,3", "--domain=-1:1", "--certificates", proofs)
    assert outcome.code == 0
    assert "dead features             0\n" in outcome.out
    assert "pairs that fire together  1\n" in outcome.out
    assert "dead features             1: 2\n" in run("together", net, "--layer", "0", "--domain=-1:1").out
    assert sorted(path.name for path in proofs.iterdir()) == ["never-0-1.json", "never-1-3.json"]
    claim = ("--where", "z0[1] > 0 and z0[3] > 0", "--domain=-1:1")
    assert run("check", net, proofs / "never-1-3.json", *claim).out.endswith("valid\n")
    document = json.loads(run("together", net, "--layer", "0", "--domain=-1:1", "--json", "-").out)
    assert document["dead"] == [2]
    assert document["together"] == [
        [True, False, False, True],
        [False, True, False, False],
        [False, False, False, False],
        [True, False, False, True],
    ]
    for i, row in enumerate(document["point_of"]):
        for j, k in enumerate(row):
            assert (k is None) == (not document["together"][i][j])
            if k is not None:
                values = NET.trace(document["points"][k])[0]
                assert min(values[i], values[j]) > 0


def test_maximum(run, net, tmp_path):
    proof = tmp_path / "proof.json"
    outcome = run("maximum", net, "--feature", "0", "--domain=-2:2", "--out", proof)
    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "4")
    assert run("check", net, proof, "--feature", "0", "--threshold", "4", "--domain=-2:2").out.endswith("valid\n")
    document = json.loads(run("maximum", net, "--feature", "0", "--json", "-").out)
    assert (document["value"], document["proved"], document["attained"]) == (None, True, False)


def test_a_maximum_that_is_not_proved_is_marked(run, net, monkeypatch):
    """The message names the limit of the command line, not what is left of it."""

    def end(*_arguments, seconds, **_options):
        raise BudgetExceeded(seconds.reason, ProvedMaximum(Fraction(3), (Fraction(1),), None, None, upper=Fraction(9)))

    monkeypatch.setattr("exactzones.cli.features.maximum_of", end)
    outcome = run("maximum", net, "--feature", "0", "--domain=-2:2", "--timeout", "5")
    assert (outcome.code, outcome.out.splitlines()[-2:]) == (3, ["  nowhere more than  9", "at least 3"])
    assert outcome.err == "incomplete: the budget of 5 s ran out; the feature is at most 9 elsewhere\n"


def test_floats(run, net, tmp_path):
    """In floats the same answers, but for what depends on the order; the certificates are about the arithmetic."""
    proofs, proof, floats = tmp_path / "proofs", tmp_path / "proof.json", ("--arithmetic", "float32")
    options = ("--domain=-2:2", *floats)
    outcome = run("dead", net, "--layer", "0", *options, "--certificates", proofs)
    assert (outcome.code, outcome.out) == (0, "1 of 4 features of layer 0 is dead: 2\n")
    claim = ("--feature", "2", "--layer", "0", "--domain=-2:2")
    assert run("check", net, proofs / "dead-2.json", *claim, *floats).out.endswith("valid\n")
    assert run("check", net, proofs / "dead-2.json", *claim).code == 1
    document = json.loads(run("together", net, "--layer", "0", *options, "--certificates", proofs, "--json", "-").out)
    assert document["arithmetic"] == "float32"
    assert document["together"] == [[(i in (0, 3) and j in (0, 3)) or i == j == 1 for j in range(4)] for i in range(4)]
    claim = ("--where", "z0[1] > 0 and z0[3] > 0", "--domain=-2:2")
    assert run("check", net, proofs / "never-1-3.json", *claim, *floats).out.endswith("valid\n")
    document = json.loads(run("maximum", net, "--feature", "0", *options, "--out", proof, "--json", "-").out)
    reached, value = Fraction(document["reached"]), Fraction(document["value"])
    assert reached < 4 <= value < reached + Fraction(1, 10**4)
    assert (document["proved"], document["attained"]) == (True, None)
    claim = ("--feature", "0", "--threshold", document["value"], *options)
    assert run("check", net, proof, *claim).out.endswith("valid\n")


def test_bad_input(refused, net):
    refused("dead", net, "--layer", "2", says=["layer 2 does not exist"])
    refused("together", net, "--features", "0-3", says=["--features is '0-3'", "such as 0,3,5 or 0:16"])
    refused("together", net, "--layer", "0", "--features", "9", says=["one of the features is 9"])
    refused("maximum", net, "--feature", "7", says=["feature 7 does not exist"])
    refused("dead", net, "--domain", "0:1", "--domain-of-data", "x.csv", says=["give only one of them"])
    refused("dead", net, "--margin", "1", says=["--margin is about the box of --domain-of-data"])
