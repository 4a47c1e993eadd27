"""Options that select a part of an ONNX model, and --argmax."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from exactzones.cli.commands import cli

pytest.importorskip("onnx")

from models.onnx_models import build, save


@pytest.fixture
def model(tmp_path):
    nodes = [("Gemm", "x W", "z", {}), ("Relu", "z", "r", {}), ("Gemm", "r V", "u", {}), ("Softmax", "u", "y", {})]
    weights = {"W": np.array([[1.0, -1.0], [2.0, 1.0]]), "V": np.array([[1.0, 0.0, -1.0], [0.0, 1.0, 0.5]])}
    return save(build(nodes, ["N", "M"], weights), tmp_path / "net.onnx")


def run(*arguments, code=0):
    result = CliRunner().invoke(cli, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.output


def test_info_names_the_end_of_the_model(model):
    text = run("info", model, "--shape", "1,2")
    assert "features 0 to 2 are the values before Softmax at the model's output 'y', which keeps their order" in text
    answer = json.loads(run("info", model, "--shape", "x=1,2", "--json", "-"))
    assert answer["model_outputs"] == [{"name": "y", "shape": [1, 3], "first": 0, "before": "Softmax"}]
    assert answer["model_inputs"] == [{"name": "x", "shape": [1, 2], "first": 0}]


def test_a_jumprelu_fires_where_its_output_is_positive(tmp_path):
    """x * [x > 1/2]: the feature is x - 1/2; a property of VNN-LIB would be about the output, which is not read."""
    nodes = [("Greater", "x t", "c", {}), ("Cast", "c", "f", {"to": 1}), ("Mul", "x f", "y", {})]
    path = save(build(nodes, [1, 1], {"t": np.array([0.5])}), tmp_path / "jump.onnx")
    assert "feature 0 is positive exactly where the model's output 'y' is, which jumps there" in run("info", path)
    assert "volume share   75 % of the domain" in run("zones", path, "--feature", 0, "--domain=0:2")
    query = tmp_path / "q.vnnlib"
    query.write_text("(declare-const X_0 Real)(declare-const Y_0 Real)(assert (<= 0 X_0 2))(assert (>= Y_0 1))")
    refused = CliRunner().invoke(cli, ["certify", str(path), "--property", str(query)])
    assert "the model ends with JumpReLU" in str(refused.exception)


def test_every_command_ends_where_it_is_told(model):
    point = ["--shape", "1,2", "--at", "1,1"]
    assert "feature 0  3  fires" in run("eval", model, *point, "--end-at", "z")
    assert "feature 2  -3" in run("eval", model, *point, "--output", "y")
    assert run("eval", model, *point, "--output", "0") == run("eval", model, *point, "--input", "x")


def test_a_part_is_certified_and_checked(model, tmp_path):
    claim = ["--shape", "1,2", "--end-at", "r", "--feature", "0", "--threshold", "9", "--domain=0:1"]
    assert run("certify", model, *claim, "--out", tmp_path / "c.json").endswith("cannot fire\n")
    checked = run("check", model, tmp_path / "c.json", *claim)
    assert "network read by one reader: the second, independent one reads whole models only" in checked
    assert checked.endswith("valid\n")
    answer = json.loads(run("check", model, tmp_path / "c.json", *claim, "--json", "-"))
    assert answer["readings"].startswith("network read by one reader")


@pytest.mark.parametrize(
    ("name", "readings"),
    [("a.nnet", "network read by one reader: the second, independent one reads ONNX files only"), ("a.json", "")],
)
def test_a_check_says_how_often_the_network_was_read(name, readings, tmp_path):
    (tmp_path / "a.nnet").write_text("1,1,1,1,\n1,1,\n0,\n0,\n1,\n0,0,\n1,1,\n1,\n0,\n")
    (tmp_path / "a.json").write_text('{"format": "exactzones/network", "version": 1, "layers": [{"weight": [[1]]}]}')
    claim = ["--feature", "0", "--threshold", "9", "--domain=0:1"]
    run("certify", tmp_path / name, *claim, "--out", tmp_path / "c.json")
    checked = run("check", tmp_path / name, tmp_path / "c.json", *claim)
    assert checked.startswith(f"{readings}\n" if readings else "proved")
    assert json.loads(run("check", tmp_path / name, tmp_path / "c.json", *claim, "--json", "-"))["readings"] == readings


def test_argmax_is_a_conjunction(model):
    argmax = ["--shape", "1,2", "--argmax", "0", "--domain=-2:2"]
    text = run("zones", model, *argmax)
    assert text.startswith("feature 0 of layer 1 greater than all others on the box -2:2\n")
    assert "can fire" in run("certify", model, *argmax)
    assert "passed" in run("proptest", model, *argmax, "--examples", "20")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--argmax", "0", "--feature", "1"], "give either --feature or --argmax"),
        (["--argmax", "0", "--threshold", "1"], "cannot be combined with --threshold"),
        (["--argmax", "3"], "feature 3 does not exist"),
        (["--feature", "0", "--output", "7"], "output 7 does not exist"),
        (["--feature", "0", "--shape", "1,3,"], "expected the lengths of the axes"),
    ],
)
def test_bad_options_are_one_line(model, options, part):
    shape = [] if "--shape" in options else ["--shape", "1,2"]
    result = CliRunner().invoke(cli, ["zones", str(model), *options, *shape])
    assert result.exit_code != 0
    assert part in f"{result.output}{result.exception}"


def test_argmax_needs_two_units(tmp_path):
    path = save(build([("Relu", "x", "y", {})], [1, 1]), tmp_path / "net.onnx")
    result = CliRunner().invoke(cli, ["zones", str(path), "--argmax", "0"])
    assert "layer 0 has only one" in f"{result.output}{result.exception}"
