"""``exactzones features``: the report on files, against the same questions in Python."""

import json

import numpy as np
import pytest
from cli.support import saved

from exactzones import Features, Network
from exactzones.cli.stopping import stop
from exactzones.features.answers import Questions

# Features x, -x, x - 3 and 2x - 1 of the first layer; their sum less 1.
NET = Network.mlp([([[1], [-1], [1], [2]], [0, 0, -3, -1]), ([[1, 1, 1, 1]], [-1])])
SAE = {"W_enc": np.array([[1, -1, 1], [0, 0, 1]]), "b_enc": np.array([0, 0, -2]), "threshold": np.array([0.5, 0.5, 1])}


@pytest.fixture
def net(tmp_path):
    return saved(NET, tmp_path / "net.json")


def test_a_layer_with_data(run, net, tmp_path):
    page, data = tmp_path / "report.html", tmp_path / "data.csv"
    data.write_text("length\n0.5\n-1\n7\n-0.25\n")
    question = ["features", net, "--layer", "0", "--domain=-2:2", "--data", data, "--out", page]
    outcome = run(*question)
    assert (outcome.code, outcome.err) == (0, "")
    assert "dead                      2\n" in outcome.out
    assert "pairs that fire together  1 of 6\n" in outcome.out
    assert "islands without data      of feature 3\n" in outcome.out
    assert "length" in page.read_text()
    assert "Incomplete" not in page.read_text()
    document = json.loads(run(*question, "--features", "0,1,2", "--json", "-").out)
    first, second, third = document["features"]
    features = Features.of(Network(NET.layers[:1]))
    assert (first["verdict"], first["largest"], first["largest_is_proved"], first["data"]) == ("can fire", "2", True, [0])
    assert (second["largest_at"], second["data"], second["islands"], second["islands_without_data"]) == (["-2"], [1, 3], 1, [])
    assert (third["verdict"], third["witness"], third["zones"]) == ("cannot fire", None, None)
    assert document["together"] == [
        [bool(k >= 0) for k in row] for row in features.together((-2, 2), [0, 1, 2]).together.tolist()
    ]


def test_an_autoencoder_alone_and_on_a_network(run, refused, net, tmp_path):
    np.savez(tmp_path / "sae.npz", **SAE)
    page = tmp_path / "report.html"
    alone = ["features", "--sae", tmp_path / "sae.npz", "--domain=-1:1", "--out", page, "--json", "-"]
    document = json.loads(run(*alone).out)
    assert document["network"] == Features.of(sae=SAE).network.sha256
    assert [each["verdict"] for each in document["features"]] == ["can fire", "can fire", "cannot fire"]
    two = saved(Network.mlp([([[1], [2]], [0, 0])]), tmp_path / "two.json")
    document = json.loads(run("features", two, *alone[1:]).out)
    assert document["network"] == Features.of(two, SAE).network.sha256
    refused("features", net, *alone[1:], says=["input of the sparse autoencoder", "expected 1"])
    refused("features", net, *alone[1:], says=["--layer says which layer it reads: layers 0, 1, .. have 4, 1 units"])
    refused("features", "--sae", tmp_path / "sae.npz", "--before-relu", "--out", page, says=["give NET and --sae FILE too"])
    refused("features", net, "--k", "2", "--out", page, says=["give --sae FILE too"])
    refused("features", "--out", page, says=["neither a network nor an autoencoder"])
    refused("features", net, "--layer", "7", "--out", page, says=["layer 7 does not exist"])
    refused("features", net, "--out", tmp_path / "report.txt", says=["pages end in .html, .htm"])


def test_features_for_which_there_is_no_time_are_left_out(run, net, tmp_path, monkeypatch):
    """Ctrl-C in the second question, or where pairs are asked about: what was answered before is written."""
    page, answer = tmp_path / "report.html", tmp_path / "report.json"

    def interrupted(*_arguments, **_options):
        stop.deadline.interrupt(1)
        raise KeyboardInterrupt

    def about(asking, unit, *values):
        return interrupted() if unit else answered(asking, unit, *values)

    answered = Questions.about
    for owner, name, replacement, said in (
        (Features, "together", interrupted, "4 of 4 features, before their pairs"),
        (Questions, "about", about, "1 of 4 features"),
    ):
        monkeypatch.setattr(owner, name, replacement)
        outcome = run("features", net, "--layer", "0", "--domain=-2:2", "--out", page, "--json", answer)
        assert (outcome.code, outcome.err) == (3, f"incomplete: interrupted after {said}\n")
        document = json.loads(answer.read_text())
        assert (document["complete"], len(document["features"]), document["together"]) == (False, int(said[0]), None)
        assert "feature 0" in page.read_text()
        assert " Incomplete: " in page.read_text()


def test_an_autoencoder_reads_a_layer_before_or_after_its_relu(run, tmp_path):
    """The layer is -x, which is -1 to 1 before its ReLU, and 0 to 1 after it."""
    net = saved(Network.mlp([([[-1]], [0]), ([[1], [1], [1]], [0, 0, 0])]), tmp_path / "net.json")
    np.savez(tmp_path / "sae.npz", W_enc=np.array([[-1.0, 1.0]]), b_enc=np.zeros(2))
    question = ["features", net, "--sae", tmp_path / "sae.npz", "--domain=-1:1", "--out", tmp_path / "page.html", "--json", "-"]
    for options, verdicts in (((), ["cannot fire", "can fire"]), (("--before-relu",), ["can fire", "can fire"])):
        document = json.loads(run(*question, "--layer", "0", *options).out)
        assert [each["verdict"] for each in document["features"]] == verdicts


def test_there_is_no_time_at_all(run, net, tmp_path):
    page = tmp_path / "report.html"
    outcome = run("features", net, "--layer", "0", "--out", page, "--timeout", "1e-9", "--json", tmp_path / "report.json")
    assert outcome.code == 3
    assert "ran out" in outcome.err
    if page.exists():
        document = json.loads((tmp_path / "report.json").read_text())
        assert (document["complete"], document["features"]) == (False, [])
