"""``exactzones info --versions``."""

import re

import pytest
from click.testing import CliRunner

from exactzones import __version__
from exactzones.checker import verified
from exactzones.cli.commands import cli
from exactzones.cli.versions import _PACKAGES
from exactzones.polyhedra import backends


def versions():
    result = CliRunner().invoke(cli, ["info", "--versions"])
    assert result.exit_code == 0, result.output
    return dict(re.split(r"  +", line.strip(), maxsplit=1) for line in result.output.splitlines())


def test_everything_that_does_work_is_named():
    rows = versions()
    assert rows["exactzones"] == __version__
    assert rows["kernel"] in {"C", "NumPy"}
    assert rows["conversions"].startswith("cddlib")
    assert set(_PACKAGES) <= set(rows)


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(backends, "BACKENDS", backends.BACKENDS[-1:])
    monkeypatch.setattr("exactzones.cli.versions._PACKAGES", ("no-such-package",))
    monkeypatch.setenv(verified.VARIABLE, "no-such-program")
    rows = versions()
    assert "own double description" in rows["conversions"]
    assert rows["no-such-package"] == "not installed"
    assert rows["verified checker"] == "not built"


@pytest.mark.parametrize("arguments", [["info"], ["info", "no-such-file.json", "--versions"]])
def test_a_network_is_needed_without_the_option_only(arguments):
    assert (CliRunner().invoke(cli, arguments).exit_code == 0) == ("--versions" in arguments)
