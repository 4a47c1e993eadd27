"""``exactzones zones --store`` and ``exactzones store``."""

import json

import pytest
from cli.support import saved

from exactzones import Network, find_zones
from exactzones.formats.zones_json import load_zones, zones_to_json
from exactzones.store import ZoneStore

pytest.importorskip("pyarrow")

ABSOLUTE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1


@pytest.fixture
def net(tmp_path):
    return saved(ABSOLUTE, tmp_path / "net.npz")


def test_written_described_exported_and_checked(run, net, tmp_path):
    directory = tmp_path / "s"
    outcome = run("zones", net, "--feature", 0, "--domain", "-3:3", "--store", directory)
    assert (outcome.code, outcome.err) == (0, "")
    lines = {line[:16].strip(): line[16:].strip() for line in outcome.out.splitlines()}
    assert (lines["zones"], lines["islands"]) == ("2", "2")
    assert lines["largest value"] in ("2 at (3)", "2 at (-3)")
    assert outcome.out.endswith(f"wrote {directory}\n")
    outcome = run("store", directory, "info")
    assert outcome.code == 0
    assert "zones       2\n" in outcome.out
    exported = tmp_path / "z.json.gz"
    assert run("store", directory, "export", "--out", exported, "--quiet") == type(outcome)(0, "", "")
    assert load_zones(exported) == zones_to_json(find_zones(ABSOLUTE, 0, (-3, 3)))
    outcome = run("store", directory, "check", "--json", "-")
    assert json.loads(outcome.out)["damages"] == []
    (directory / "zones-00000.parquet").write_bytes(b"x")
    outcome = run("store", directory, "check")
    assert outcome.code == 1
    assert outcome.err.startswith("error: ")
    assert "zones-00000.parquet: the file was changed" in outcome.err


def test_stopped_and_resumed(run, net, tmp_path):
    directory = tmp_path / "s"
    asked = ("zones", net, "--feature", 0, "--domain", "-3:3", "--store", directory)
    outcome = run(*asked, "--max-zones", 1)
    assert outcome.code == 3
    assert "incomplete: the budget of 1 zones ran out" in outcome.err
    assert "1 so far: the store is not complete" in outcome.out
    assert run("store", directory, "info").out.count("not") == 2
    assert run(*asked, "--resume", "--jobs", 2, "--quiet") == type(outcome)(0, "", "")
    assert ZoneStore.open(directory).listed() == find_zones(ABSOLUTE, 0, (-3, 3))
    assert run(*asked, "--resume", "--quiet").code == 0


def test_what_is_refused(refused, run, net, tmp_path):
    directory = tmp_path / "s"
    asked = ("zones", net, "--feature", 0, "--store", directory)
    refused(*asked, "--json", tmp_path / "z.json", says=["--store cannot be combined with --json"])
    refused(*asked, "--merge", says=["--merge"])
    refused(*asked, "--engine", "backward", says=["--engine backward", "forward or inequalities"])
    refused("zones", net, "--feature", 0, "--resume", says=["--store"])
    refused("zones", net, "--feature", 0, "--store", net, says=["net.npz"])
    refused("store", directory, "info", says=["No such file"])
    assert run(*asked, "--quiet").code == 0
    refused(*asked, says=["--resume"])
    refused(*asked, "--resume", "--threshold", 1, says=["another property"])
    refused("store", directory, "export", says=["--out"])
    refused("store", directory, "info", "--out", tmp_path / "z.json", says=["--out"])
    refused("store", directory, "export", "--out", tmp_path / "z.nothing", says=["suffix"])
    network = directory / "network.json"
    network.write_text(network.read_text() + " ")
    refused("store", directory, "check", says=["network.json: the file was changed"])
