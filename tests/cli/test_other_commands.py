"""``exactzones eval``, ``info``, ``proptest``, and the commands' own help."""

import json

import numpy as np
import pytest
from cli.support import ABSOLUTE, PLANE, process, saved

from exactzones import __version__
from exactzones.engine import kernel
from exactzones.network import Network
from exactzones.testing import CheckFailed, checks


def test_eval_is_exact(run, tmp_path):
    outcome = run("eval", saved(PLANE, tmp_path / "net.json"), "--at", "1/2,-3/4")
    assert (outcome.code, outcome.err) == (0, "")
    # units 1/2, -3/4, -5/4: only the first is on
    assert outcome.out.splitlines() == [
        "  feature 0  1/2  fires",
        "  feature 1  5/6  fires",
        "  pattern    +--",
        "  fires      0, 1",
    ]


def test_eval_where_nothing_fires_and_without_hidden_neurons(run, tmp_path):
    silent = run("eval", saved(ABSOLUTE, tmp_path / "a.npz"), "--at", "0.5")
    assert silent.out.splitlines()[-1].split() == ["fires", "none"]
    linear = saved(Network.of(([[1]], [0], False)), tmp_path / "b.json")
    assert "no hidden neurons" in run("eval", linear, "--at", "-2").out


def test_eval_shows_pre_activations_of_a_last_layer_with_relu(run, tmp_path):
    net = saved(Network.of(([[1], [-1]], [0, 0], True)), tmp_path / "a.json")
    assert "feature 0  -2\n" in run("eval", net, "--at=-2").out


@pytest.mark.parametrize("spelling", [["--at", "-1"], ["--at=-1"], ["--at", " -1 "]])
def test_negative_points(run, tmp_path, spelling):
    outcome = run("eval", saved(ABSOLUTE, tmp_path / "a.npz"), *spelling)
    assert "feature 0  0\n" in outcome.out


def test_info(run, tmp_path):
    net = Network.of(([[1, 0]] * 10, [0] * 10, True), ([[1] * 10, ["1/3"] * 10], [0, 0], False), ([[1, 2]] * 10, [0] * 10, True))
    outcome = run("info", saved(net, tmp_path / "net.json"))
    assert (outcome.code, outcome.err) == (0, "")
    assert net.sha256 in outcome.out
    for part in (
        "inputs         2",
        "features       10 (layer 2)",
        "ReLU units     20",
        "input (dimension 2), latent1 (dimension 2)",
        f"engine         {kernel.name()} kernel",
        "at most 56, not 2^10",
        "at most 56 in each region of the layers before, not 2^10",
        "one: no ReLU",
    ):
        assert part in outcome.out, outcome.out


def test_info_says_that_weights_alone_do_not_tell_the_activation_function(run, tmp_path):
    save = pytest.importorskip("safetensors.numpy").save_file
    save({"0.weight": np.eye(2), "2.weight": np.eye(2)}, tmp_path / "net.safetensors")
    assert run("info", tmp_path / "net.safetensors").out.splitlines()[-1] == (
        "net.safetensors has weights only: a ReLU between the layers is assumed; export other models to ONNX"
    )
    assert json.loads(run("info", tmp_path / "net.safetensors", "--json", "-").out)["assumes_relu"]
    assert "assumed" not in run("info", saved(PLANE, tmp_path / "net.json")).out


def test_info_of_a_wide_layer_writes_no_novel(run, tmp_path):
    net = Network.of(([[1] * 50] * 300, [0] * 300, True))
    outcome = run("info", saved(net, tmp_path / "net.json"))
    assert "not 2^300" in outcome.out
    assert max(map(len, outcome.out.splitlines())) < 130


def test_proptest_prints_what_it_tried(run, tmp_path):
    outcome = run("proptest", saved(ABSOLUTE, tmp_path / "net.npz"), "--feature", 0, "--domain", "-3:3", "--examples", 30)
    assert outcome.code == 0, outcome
    lines = outcome.out.splitlines()
    assert lines[0] == "2 zones"
    assert [line.split() for line in lines[1:]] == [
        ["zones_are_sound", "30", "examples", "passed"],
        ["zones_are_complete", "30", "examples", "passed"],
        ["zones_do_not_overlap", "30", "examples", "passed"],
        ["adjacency_is_right", "2", "examples", "passed"],
    ]


def test_proptest_prints_the_first_counterexample_and_fails(run, tmp_path, monkeypatch):
    def never(_zones, point):
        if point[0] > 1:
            raise CheckFailed(f"something is wrong at {checks.written(point)}")

    never.__name__ = "zones_are_complete"
    monkeypatch.setattr(checks, "zones_are_complete", never)
    outcome = run("proptest", saved(ABSOLUTE, tmp_path / "net.npz"), "--feature", 0, "--examples", 200)
    assert outcome.code == 1
    assert "FAILED: something is wrong at (" in outcome.out
    assert outcome.out.count("passed") == 3


def test_proptest_of_a_feature_that_never_fires(run, tmp_path):
    outcome = run("proptest", saved(ABSOLUTE, tmp_path / "net.npz"), "--feature", 1, "--examples", 10, "--threshold", "-1")
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "0 zones")
    assert "adjacency" not in outcome.out


@pytest.mark.parametrize("command", [[], ["zones"], ["eval"], ["info"], ["proptest"]])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(run, command, flag):
    outcome = run(*command, flag)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.strip().startswith("Usage: exactzones")
    assert "\x1b" not in outcome.out  # no colours: this is not a terminal


def test_version(run):
    outcome = run("--version")
    assert outcome.code == 0
    assert outcome.out == f"exactzones, version {__version__}, {kernel.name()} kernel\n"


def test_no_command_shows_the_help(run):
    outcome = run()
    assert outcome.code == 2
    assert outcome.out == ""
    assert all(name in outcome.err for name in ("Commands", "certify", "zones", "--argmax K in place of --feature"))


def test_as_a_module_in_a_process_of_its_own(tmp_path):
    done = process("eval", saved(ABSOLUTE, tmp_path / "net.npz"), "--at", "3")
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, "")
    assert "feature 0  2  fires" in out
