"""What the README shows is what happens."""

import doctest
import re
from pathlib import Path

import pytest

from exactzones.cli import main

ROOT = Path(__file__).parent.parent


def test_python_examples(monkeypatch):
    monkeypatch.chdir(ROOT)
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert results.attempted > 5
    assert results.failed == 0


def test_first_command_prints_what_the_readme_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    command = re.search(r"exec \S+/exactzones (.*)", (ROOT / "examples/run.sh").read_text())[1]
    arguments = command.split(" --json")[0].split()
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 0
    printed = capsys.readouterr().out.splitlines()
    shown = re.search(r"The first prints\n\n```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1].splitlines()
    assert printed[:-1] == shown[:-1]  # the last line is the time


def test_links_lead_somewhere():
    targets = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())
    assert len(targets) > 4
    for target in targets:
        assert (ROOT / target).exists(), target
