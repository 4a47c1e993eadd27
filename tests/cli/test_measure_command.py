"""``exactzones measure``."""

import json

from cli.support import ABSOLUTE, PLANE, saved

from exactzones import Network, measure


def test_numbers_are_printed_and_written(run, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    found = measure(PLANE, 1, (-1, 1), [0])
    question = "measure", net, "--feature", "1", "--and", "0", "--domain=-1:1"
    outcome = run(*question, "--exact")
    assert (outcome.code, outcome.err) == (0, "")
    printed = [line.rsplit("  ", 1)[1].strip() for line in outcome.out.splitlines()]
    numbers = [found.share, found.mean, found.variance, found.mean_relu, found.variance_relu]
    numbers += [found.pairs[0].both_fire, found.pairs[0].covariance_relu]
    assert printed[:7] == [str(number) for number in numbers]
    document = json.loads(run(*question, "--json", "-").out)
    names = ["share", "mean", "variance", "mean_relu", "variance_relu"]
    assert [document[name] for name in names] == list(map(str, numbers[:5]))
    assert [document["with"]["0"][name] for name in ("both_fire", "covariance_relu")] == list(map(str, numbers[5:]))
    assert document["centroid"] == list(map(str, found.centroid))
    assert document["complete"]


def test_fixed_inputs_and_other_layers(run, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    document = json.loads(run("measure", net, "--feature", "2", "--layer", "0", "--domain=0:1,1/2:1/2", "--json", "-").out)
    assert (document["share"], document["mean"], document["mean_relu"]) == ("1/2", "0", "1/8")
    assert document["centroid"] == ["3/4", "1/2"]


def test_certificates_are_written_and_checked(run, refused, tmp_path):
    net, proof = saved(PLANE, tmp_path / "net.json"), tmp_path / "proof.json.gz"
    assert run("measure", net, "--feature", "1", "--and", "0", "--domain=-1:1", "--certificate", proof, "--quiet").code == 0
    outcome = run("check", net, proof, "--feature", "1", "--domain=-1:1")
    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "valid")
    assert "  variance of its ReLU " in outcome.out
    assert run("check", net, proof, "--feature", "0", "--domain=-1:1").code == 1
    found = json.loads(run("check", net, proof, "--feature", "1", "--domain=-1:1", "--json", "-").out)["numbers"]
    assert found["share"] == str(measure(PLANE, 1, (-1, 1)).share)
    refused("check", net, proof, "--feature", "1", "--domain=-1:1", "--plain", says=["has one checker"])
    refused("check", net, proof, "--where", "y[0] > y[1]", "--domain=-1:1", says=["expected --feature I"])


def test_what_has_no_mean_and_what_has_no_time(run, refused, tmp_path):
    net = saved(ABSOLUTE, tmp_path / "net.json")
    refused("measure", net, "--feature", "0", says=["a mean over an unbounded domain does not exist"])
    refused("measure", net, "--feature", "5", "--domain=-1:1", says=["feature 5 does not exist"])
    outcome = run("measure", net, "--feature", "0", "--domain=-1:1", "--timeout", "1e-9", "--json", "-")
    assert outcome.code == 3
    assert "incomplete: the budget of 1e-09 s ran out" in outcome.err
    assert not json.loads(outcome.out)["complete"]


def test_many_inputs_have_no_volumes_but_slices_of_them_have(run, refused, tmp_path):
    net = saved(Network.mlp([([[1] * 10], [0]), ([[1]], [-1])]), tmp_path / "net.json")
    refused("measure", net, "--feature", "0", "--domain=-1:1", says=["at most 9 inputs, and this one has 10"])
    sliced = run("measure", net, "--feature", "0", f"--domain=-2:2{',0:0' * 9}")
    assert "share of the domain on which it fires  1/4" in sliced.out


def test_irrational_numbers_are_printed(run, tmp_path):
    net = saved(Network.mlp([([["sqrt(2)"], [-1]], [0, 0]), ([[1, 1]], [-1])]), tmp_path / "net.json")
    outcome = run("measure", net, "--feature", "0", "--domain=-2:2")
    assert outcome.code == 0
    assert "fires  3/4-1/8*sqrt(2)\n" in outcome.out  # from sqrt(1/2) to 2 and from -2 to -1
    assert json.loads(run("measure", net, "--feature", "0", "--domain=-2:2", "--json", "-").out)["share"] == "3/4-1/8*sqrt(2)"
