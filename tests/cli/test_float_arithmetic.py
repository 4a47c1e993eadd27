"""certify and check about floats: verdicts, what else is said, and a program that shows two orders."""

import json
import subprocess
import sys

import numpy as np
import pytest

from exactzones.network import Network


def single(numbers):
    return np.float32(numbers).astype(float)


@pytest.fixture
def net(tmp_path):
    network = Network.mlp(
        [(single([[0.3, -0.7], [0.5, 0.2]]), single([0.1, -0.2])), (single([[1.5, -0.25]]), single([-0.3]))]
    )  # at most 1.325 on the box, at (1, -1)
    network.save(tmp_path / "net.npz")
    return str(tmp_path / "net.npz")


COPIES = [([[1]], [0]), ([[1]], [0])]
DIFFERENCE = [([[1], [-1]], [0, 0]), ([[1, -1]], [0])]
QUESTION = ("--feature", "0", "--domain=-1:1", "--arithmetic", "float32")


def answered(outcome):
    return outcome.code, json.loads(outcome.out)


def test_cannot_fire_in_any_order(net, tmp_path, run):
    proof = str(tmp_path / "proof.json")
    code, found = answered(run("certify", net, *QUESTION, "--threshold", "1.4", "--out", proof, "--json", "-"))
    assert (code, found["verdict"], found["real_verdict"], found["arithmetic"]) == (0, "cannot fire", "cannot fire", "float32")
    for option in ([], ["--plain"]):
        checked = run("check", net, proof, *QUESTION, "--threshold", "1.4", *option)
        assert (checked.code, "proved: cannot fire in float32, in every order of summation" in checked.out) == (0, True)
    checked = run("check", net, proof, "--feature", "0", "--domain=-1:1", "--threshold", "1.4")
    assert checked.code == 1
    assert "the certificate is about float32 arithmetic, but the claim about real" in checked.out


def test_can_fire_in_every_order(net, tmp_path, run):
    proof = str(tmp_path / "witness.json")
    asked = ("certify", net, *QUESTION, "--threshold", "1", "--out", proof, "--replay", "numpy", "--json", "-")
    code, found = answered(run(*asked))
    assert (code, found["verdict"], found["real_verdict"]) == (0, "can fire", "can fire")
    assert float.fromhex(found["replay"]["outputs"][0]) > 1
    checked = run("check", net, proof, *QUESTION, "--threshold", "1")
    assert (checked.code, "proved: can fire in float32" in checked.out) == (0, True)


@pytest.mark.parametrize("library", ["numpy", "onnxruntime", "torch"])
def test_replay(net, run, library):
    """The maximum is attained at (1, -1); float32 computes nearly the same there, and each library says so in its own order."""
    pytest.importorskip(library)
    code, found = answered(run("certify", net, *QUESTION, "--threshold", "1.3", "--replay", library, "--json", "-"))
    assert (code, found["replay"]["library"]) == (0, library)
    assert 1.3 < float.fromhex(found["replay"]["outputs"][0]) < 1.33


def test_the_order_decides(net, tmp_path, run):
    """Over the reals the feature is less than 1.325; one order of float32 exceeds it, another does not."""
    code, found = answered(run("certify", net, *QUESTION, "--threshold", "1.325", "--json", "-"))
    assert (code, found["verdict"], found["real_verdict"]) == (3, "undecided", "cannot fire")
    assert 0 < float(found["missing_margin"]) < 1e-4
    script = tmp_path / "script.py"
    script.write_text(found["depends"]["script"])
    done = subprocess.run([sys.executable, script, net], capture_output=True, text=True, check=True)  # noqa: S603
    values = [float.fromhex(line.split("['")[1].rstrip("']")) for line in done.stdout.splitlines()]
    assert [value > 1.325 for value in values] == [True, False]
    printed = run("certify", net, *QUESTION, "--threshold", "1.325").out
    first, miss, depends, *last = printed.splitlines()
    assert (first, last) == ("over the reals: cannot fire", ["in float32, in every order of summation:", "undecided"])
    assert miss.endswith(f"bounds of a condition miss it by up to {found['missing_margin']}")
    assert depends.startswith("it depends on the order at ")


@pytest.mark.parametrize(("layers", "verdict"), [(COPIES, "cannot fire"), (DIFFERENCE, "undecided")])
def test_the_reals_go_beyond_the_last_float_of_a_domain(layers, verdict, tmp_path, run):
    """The largest number of float32 in the domain is less than 0.05, and less than the threshold; 0.05 exceeds it.

    A network of copies rounds nothing, so its verdict is about the box that floats see; the one over the reals is not.
    """
    path = str(tmp_path / "net.npz")
    Network.mlp(layers).save(path)
    asked = ("certify", path, "--feature", "0", "--domain=0:0.05", "--threshold", "0.049999999", "--json", "-")
    real, floats = json.loads(run(*asked).out), json.loads(run(*asked, "--arithmetic", "float32").out)
    assert (real["verdict"], floats["verdict"], floats["real_verdict"]) == ("can fire", verdict, "can fire")
    assert float(floats.get("missing_margin", 0)) < 1e-6


def test_what_is_known_is_written_where_the_rest_is_interrupted(net, tmp_path, run, monkeypatch):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("exactzones.cli.floats.findings", interrupted)
    proof = tmp_path / "proof.json"
    outcome = run("certify", net, *QUESTION, "--threshold", "1.325", "--out", proof, "--json", "-")
    code, found = answered(outcome)
    assert (code, found["verdict"], found["real_verdict"], found["certificate"]) == (3, "undecided", "undecided", str(proof))
    assert "incomplete: there was no time for: the verdict over the reals" in outcome.err


def test_wrong_uses(net, refused):
    for options, why in (
        (("--arithmetic", "tf32"), "expected real, float64, float32, float16, bfloat16, or a pair"),
        (("--arithmetic", "real", "--replay", "numpy"), "--replay runs a network in float64, float32, float16, not in real"),
        (("--arithmetic", "float32", "--domain", "all"), "input 0 has no bounds of its own"),
    ):
        refused("certify", net, "--feature", "0", "--domain=-1:1", *options, says=[why])
