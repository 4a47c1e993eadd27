"""What a command does not need, it does not import: modules are counted, not seconds, which vary."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from exactzones.cli.commands import _COMMANDS, cli

IRIS = str(Path(__file__).parents[2] / "examples/networks/iris_2d.npz")
HEAVY = {"matplotlib", "networkx", "numpy", "onnx", "pandas", "plotly", "rich_click", "scipy", "sympy", "torch"}


def imported(*arguments):
    """Return the heavy packages that a Python process with these arguments imports."""
    command = [sys.executable, "-X", "importtime", *arguments]
    timings = subprocess.run(command, capture_output=True, text=True, check=True).stderr  # noqa: S603 - this very Python
    lines = [line for line in timings.splitlines() if line.startswith("import time:")]
    assert len(lines) > 20
    return HEAVY & {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("statement", ["import exactzones", "from exactzones import InputError; dir(__import__('exactzones'))"])
def test_the_package_alone_imports_nothing_heavy(statement):
    assert imported("-c", statement) == set()


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (["--version"], set()),
        (["--help"], {"rich_click"}),
        (["completion", "bash"], {"rich_click"}),
        (["info", IRIS], {"numpy", "rich_click"}),
        (["eval", IRIS, "--at", "1,2"], {"numpy", "rich_click"}),
        (["certify", IRIS, "--feature", "0"], {"numpy", "rich_click"}),
        (["zones", IRIS, "--feature", "0"], {"networkx", "numpy", "rich_click"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_imports_what_it_needs(command, needed):
    assert imported("-m", "exactzones", *command) <= needed


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_list_of_commands_says_what_their_own_help_begins_with(name):
    first = cli.get_command(click.Context(cli), name).help.partition("\n\n")[0]
    assert _COMMANDS[name].summary == " ".join(first.split())
