"""--json says what the command says, in exact numbers, on standard output or in a file; completion scripts."""

import json
import os
import subprocess
import sys

import pytest
from test_readme import ROOT

NET = ROOT / "examples" / "networks" / "text_2_10_2_10.npz"
BOX = "--domain=-6:6"


def answer(outcome, code=0):
    assert outcome.code == code
    document = json.loads(outcome.out)
    assert document.pop("format") == "exactzones/answer"
    assert document.pop("version") == 1
    return document


def test_certify(run):
    document = answer(run("certify", NET, "--feature", 9, BOX, "--json", "-"))
    assert document["verdict"] == "can fire"
    point = ",".join(document["witness"])
    printed = answer(run("eval", NET, "--at=" + point, "--json", "-"))
    assert 9 in printed["fires"]
    assert printed["values"] == document["outputs"]
    document = answer(run("certify", NET, "--feature", 8, BOX, "--json", "-"))
    assert (document["verdict"], document["certificate"]) == ("cannot fire", None)
    assert document["nodes"] > 0


def test_undecided(run):
    document = answer(run("certify", NET, "--feature", 8, BOX, "--timeout", "1e-9", "--json", "-", "--quiet"), code=3)
    assert document["verdict"] == "undecided"
    assert document["open_leaves"] > 0
    assert document["reason"] == "the budget of 1e-09 s ran out"


def test_check(run, tmp_path):
    proof = tmp_path / "proof.json"
    run("certify", NET, "--feature", 8, BOX, "--out", proof, "--quiet")
    document = answer(run("check", NET, proof, "--feature", 8, BOX, "--json", "-"))
    assert (document["verdict"], document["proves"], document["checker"]) == ("valid", "cannot fire", "fast")
    document = answer(run("check", NET, proof, "--feature", 9, BOX, "--json", "-"), code=1)
    assert document["verdict"] == "invalid"
    assert document["why"]


def test_zones(run, tmp_path):
    printed = run("zones", NET, "--feature", 9, BOX, "--json", "-")
    out = tmp_path / "zones.json"
    run("zones", NET, "--feature", 9, BOX, "--json", out)
    assert printed.out == out.read_text()
    assert len(json.loads(printed.out)["zones"]) == 17


def test_info_and_proptest(run):
    document = answer(run("info", NET, "--json", "-"))
    assert (document["inputs"], document["features"]) == (2, 10)
    assert document["layers"][0]["regimes"] == 56
    document = answer(run("proptest", NET, "--feature", 9, BOX, "--examples", 5, "--json", "-"))
    assert document["zones"] == 17
    assert {entry["failure"] for entry in document["checks"]} == {None}


@pytest.mark.parametrize(
    "command", [("info",), ("eval", "--at", "1,2"), ("certify", "--feature", 9), ("proptest", "--feature", 9)]
)
def test_a_file_beside_what_is_printed(run, tmp_path, command):
    out = tmp_path / "answer.json"
    plain = run(command[0], NET, *command[1:])
    both = run(command[0], NET, *command[1:], "--json", out)
    assert (both.code, both.out) == (plain.code, plain.out)
    assert json.loads(out.read_text())["command"] == command[0]


def test_view(run, tmp_path):
    out = tmp_path / "page.html"
    document = answer(run("view", NET, "--feature", 9, BOX, "--out", out, "--json", "-"))
    assert (document["zones"], document["islands"], document["complete"]) == (17, 2, True)
    assert document["page"] == str(out)
    assert out.exists()


def test_targets_are_refused_before_the_work(refused, tmp_path):
    refused("certify", NET, "--feature", 8, "--json", tmp_path / "none" / "a.json", says=["its folder does not exist"])
    refused("info", NET, "--json", NET, says=["it is the network itself"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(run, shell):
    outcome = run("completion", shell)
    assert outcome.code == 0
    assert "_EXACTZONES_COMPLETE" in outcome.out


def test_words_are_completed():
    asked = {"_EXACTZONES_COMPLETE": "bash_complete", "COMP_WORDS": "exactzones certify --f", "COMP_CWORD": "2"}
    program = [sys.executable, "-c", "from exactzones.cli import main; main()"]
    document = subprocess.run(program, env={**os.environ, **asked}, capture_output=True, text=True, check=True)  # noqa: S603 - this very Python
    assert document.stdout.splitlines() == ["plain,--feature"]
