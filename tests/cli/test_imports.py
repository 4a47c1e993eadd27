"""What a command does not need, it does not import: modules are counted, not seconds, which vary."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from exactzones.cli.commands import _COMMANDS, cli

IRIS = str(Path(__file__).parents[2] / "examples/networks/iris_2d.npz")
HEAVY = {"highspy", "matplotlib", "multiprocessing", "networkx", "numpy", "onnx", "pandas", "plotly", "rich_click", "scipy"}
HEAVY |= {"sympy", "torch"}
UNNEEDED = {  # by small questions
    *("exactzones.certification.distribute", "exactzones.models.onnx_model", "exactzones.models.torch_model"),
    *("exactzones.engine.search", "exactzones.features", "exactzones.parallel", "exactzones.view", "exactzones.vnnlib"),
    *(f"exactzones.certification.provers.{name}" for name in ("box_search", "engine_search", "phase_search")),
    *("exactzones.polyhedra.program", "exactzones.zone"),
}


def modules(*arguments):
    """Return the modules that a Python process with these arguments imports."""
    command = [sys.executable, "-X", "importtime", *arguments]
    debugging = os.environ | {"EXACTZONES_DEBUG": "1"}  # else descriptor 2 leads nowhere once the command line has begun
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=debugging)  # noqa: S603 - this very Python
    lines = [line for line in answer.stderr.splitlines() if line.startswith("import time:")]
    assert len(lines) > 20
    return {line.rpartition("|")[2].strip() for line in lines}


def imported(*arguments):
    """Return the heavy packages that a Python process with these arguments imports."""
    return HEAVY & {name.partition(".")[0] for name in modules(*arguments)}


@pytest.mark.parametrize("statement", ["import exactzones", "from exactzones import InputError; dir(__import__('exactzones'))"])
def test_the_package_alone_imports_nothing_heavy(statement):
    assert imported("-c", statement) == set()


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (["--version"], set()),
        (["--help"], {"rich_click"}),
        (["completion", "bash"], set()),
        (["info", IRIS], {"numpy"}),
        (["eval", IRIS, "--at", "1,2"], {"numpy"}),
        (["certify", IRIS, "--feature", "0", "--domain", "0:8"], {"numpy"}),
        (["zones", IRIS, "--feature", "0"], {"multiprocessing", "networkx", "numpy"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_imports_what_it_needs(command, needed):
    assert imported("-m", "exactzones", *command) <= needed


def test_a_proof_imports_its_own_prover_only(tmp_path):
    question = ["--feature", "0", "--threshold", "100000", "--domain", "0:8"]
    out = str(tmp_path / "proof.json")
    for command in (["certify", IRIS, "--out", out], ["check", IRIS, out]):
        assert not UNNEEDED & modules("-m", "exactzones", *command, *question)


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_list_of_commands_says_what_their_own_help_begins_with(name):
    first = cli.get_command(click.Context(cli), name).help.partition("\n\n")[0]
    assert _COMMANDS[name].summary == " ".join(first.split())
