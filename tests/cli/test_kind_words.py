"""Bad input of the kinds that people make: one line that names the wrong value, what was expected, and what to do."""

import json
import os

import numpy as np
import pytest
from cli.support import PLANE, saved

from exactzones import Network
from exactzones.cli import main

COMMANDS = {
    "along": ["--from", "0,0", "--to", "1,1"],
    "certify": ["--feature", "0"],
    "dead": [],
    "eval": ["--at", "0,0"],
    "explore": ["--feature", "0", "--at", "0,0"],
    "features": ["--out", "page.html"],
    "info": [],
    "maximum": ["--feature", "0"],
    "nearest": ["--feature", "0", "--at", "0,0"],
    "proptest": ["--feature", "0"],
    "together": [],
    "view": ["--feature", "0", "--out", "page.html"],
    "zone": ["--at", "0,0"],
    "zones": ["--feature", "0"],
}
"""The commands that read a network, each with the options that it needs."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Go to a folder with a network and with files of many kinds that are wrong somewhere."""
    monkeypatch.chdir(tmp_path)
    saved(PLANE, tmp_path / "net.json")
    for suffix in ("csv", "npy", "json", "npz", "onnx", "nnet", "vnnlib"):
        (tmp_path / f"empty.{suffix}").touch()
        (tmp_path / f"folder.{suffix}").mkdir()
        (tmp_path / f"device.{suffix}").symlink_to(os.devnull)
    (tmp_path / "dangling.json").symlink_to("nowhere.json")
    for name, text in {
        "semicolons": "1;2\n3;4\n",
        "spreadsheet": "length;width\n1,4;0,2\n",
        "decimal_commas": "1,5;2,5\n",
        "tabs": "1\t2\n3\t4\n",
        "three": "1,2,7\n3,4,8\n",
        "labels": "1,2,a\n3,4,b\n",
        "header": "width,length\n",
        "table": "net.json,p.vnnlib\n",
        "nan": "1,nan\n",
    }.items():
        (tmp_path / f"{name}.csv").write_text(text)
    np.save("none.npy", np.zeros((0, 2)))
    return tmp_path


FOLDER, DEVICE = "it is a folder; expected a file", "it is a device; expected a file"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_is_wrong_with_its_network(refused, command):
    options = COMMANDS[command]
    refused(command, "nte.json", *options, says=["nte.json: No such file or directory; did you mean 'net.json'?"])
    refused(command, "folder.npz", *options, says=[f"folder.npz: {FOLDER}"])
    refused(command, "device.json", *options, says=[f"device.json: {DEVICE}"])
    refused(command, "empty.onnx", *options, says=["empty.onnx: the file is empty"])
    refused(command, "dangling.json", *options, says=["No such file or directory; it is a link to 'nowhere.json'"])
    refused(command, "no/such/net.npz", *options, says=["the folder 'no/such' does not exist"])


@pytest.mark.parametrize("option", ["--at", "--domain", "--domain-of-data", "--property", "--resume"])
def test_options_say_what_is_wrong_with_their_files(refused, option):
    command = ["nearest", "net.json", "--feature", "0", *(() if option == "--at" else ("--at", "0,0"))]
    if option == "--resume":
        command = ["certify", "net.json", "--feature", "0"]
    if option == "--property":
        command = ["certify", "net.json"]
    suffix = {"--property": "vnnlib", "--resume": "json"}.get(option, "csv")
    refused(*command, option, f"folder.{suffix}", says=[FOLDER])
    refused(*command, option, f"device.{suffix}", says=[DEVICE])
    refused(*command, option, f"missing.{suffix}", says=["No such file or directory"])
    refused(*command, option, f"emtpy.{suffix}", says=["did you mean 'empty."])
    if option != "--resume":
        refused(*command, option, f"empty.{suffix}", says=["the file is empty"])


COMMAS = "separate numbers by commas, not"


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--at", "1;2", [f"{COMMAS} semicolons"]),
        ("--at", "1 2", [f"{COMMAS} spaces"]),
        ("--at", "semicolons.csv:0", [f"{COMMAS} semicolons"]),
        ("--at", "decimal_commas.csv", [f"{COMMAS} semicolons, and write 1.5 for 1,5"]),
        ("--at", "tabs.csv:0", [f"{COMMAS} tabs"]),
        ("--at", "three.csv:0", ["3 entries; expected 2"]),
        ("--at", "header.csv", ["entry 0 of the point is 'width'"]),
        ("--at", "points.txt", ["point is 'points.txt'", ".npy, .csv or .json"]),
        ("--at", "none.npy:0", ["it has 0 rows"]),
        ("--domain", "0:1;0:1", [f"{COMMAS} semicolons"]),
        ("--domain", "semicolons.csv", [f"{COMMAS} semicolons"]),
        ("--domain", "three.csv", ["expected low,high"]),
        ("--domain", "net.json", ["expected a list of pairs"]),
        ("--domain", "0:nan", ["upper bound of every input is 'nan'"]),
        ("--domain-of-data", "semicolons.csv", [f"{COMMAS} semicolons"]),
        ("--domain-of-data", "spreadsheet.csv", [f"{COMMAS} semicolons"]),
        ("--domain-of-data", "decimal_commas.csv", ["write 1.5 for 1,5"]),
        ("--domain-of-data", "tabs.csv", [f"{COMMAS} tabs"]),
        ("--domain-of-data", "header.csv", ["it holds no points; at least 1 is expected"]),
        ("--domain-of-data", "none.npy", ["it holds no points; at least 1 is expected"]),
        ("--domain-of-data", "nan.csv", ["line 1, column 2, is 'nan'"]),
    ],
)
def test_points_and_boxes(refused, option, value, says):
    at = [] if option == "--at" else ["--at", "0,0"]
    refused("explore", "net.json", "--feature", "0", *at, option, value, says=says)


def test_a_box_in_a_file_of_another_kind(refused, folder):
    (folder / "box.txt").write_text("0,1\n")
    refused("zones", "net.json", "--feature", 0, "--domain", "box.txt", says=["suffix '.txt' is not known", ".vnnlib"])


def test_points_and_boxes_that_are_longer_than_a_path_may_be(run, folder):
    saved(Network.mlp([([[1] * 999], [-1])]), folder / "wide.json")
    assert run("eval", "wide.json", "--at", ",".join(["1"] * 999)).out.startswith("  feature 0  998  fires")
    assert run("maximum", "wide.json", "--feature", 0, "--domain", ",".join(["0:1"] * 999)).out.endswith("\n998\n")


def test_a_column_of_numbers_is_not_silently_a_label(run):
    noted = run("zones", "net.json", "--feature", 0, "--domain-of-data", "three.csv")
    assert (noted.code, noted.err.count("\n")) == (0, 1)
    assert noted.err.startswith("note: three.csv: column 3, which holds numbers, is read as labels")
    assert run("zones", "net.json", "--feature", 0, "--domain-of-data", "labels.csv").err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["zon", "net.json"], ["no such command 'zon'; did you mean 'zone'?"]),
        (["nearst", "net.json"], ["did you mean 'nearest'?"]),
        (["zones", "net.json", "--feture", "0"], ["--feature"]),
        (["view", "net.json", "--feature", "0", "--out", "page.pdf"], ["'.pdf'", "pages end in .html, .htm"]),
        (["view", "net.json", "--feature", "0", "--out", "page"], ["pages end in .html, .htm"]),
        (["view", "net.json", "--feature", "0", "--out", "p.html", "--data", "empty.csv"], ["the file is empty"]),
        (["together", "net.json", "--features", "3:1"], ["'3:1', which is empty"]),
        (["dead", "net.json", "--certificates", "net.json"], ["it is a file; name a folder"]),
        (["dead", "net.json", "--certificates", "a" * 300], ["cannot be written: File name too long"]),
        (
            ["certify", "--instances", "table.csv", "--out", "net.json"],
            ["net.json: cannot be written: it is a file; name a folder"],
        ),
        (["zones", "net.json", "--feature", "0", "--store", "net.json"], ["it is a file; name a folder"]),
        (["store", "net.json", "info"], ["net.json: not a store of zones: it is a file"]),
        (["store", "nowhere", "info"], ["nowhere: not a store of zones: No such file"]),
        (["store", "a" * 300, "info"], ["not a store of zones: the name is too long"]),
        (["check", "net.json", "folder.json", "--feature", "0"], [FOLDER]),
        (["check", "net.json", "nte.json", "--feature", "0"], ["did you mean 'net.json'?"]),
        (["verify", "folder.vnnlib", "--network", "N=net.json"], [FOLDER]),
        (["certify", "--instances", "folder.csv", "--out", "out"], [FOLDER]),
    ],
)
def test_other_slips(refused, arguments, says):
    refused(*arguments, says=says)


@pytest.mark.parametrize("command", ["along", "certify", "eval", "explore", "maximum", "nearest", "zone", "zones"])
def test_long_numbers_are_decimals_unless_exact_ones_are_wanted(run, folder, command):
    """The largest value on the box, the point asked about or the value there is a long fraction."""
    network = json.loads((folder / "net.json").read_text())
    network["layers"][-1]["bias"] = ["1/30011", "1/40009"]
    (folder / "net.json").write_text(json.dumps(network))
    options = [*COMMANDS[command]]
    if command in ("along", "zone"):
        options += ["--feature", "0"]
    if command in ("certify", "maximum", "zones"):
        options += ["--domain", "1/30011:1"]
    if command in ("explore", "nearest"):
        options += ["--threshold", "20000/30011"]
    rounded, exact = run(command, "net.json", *options), run(command, "net.json", *options, "--exact")
    assert "~" in rounded.out
    assert "/30011" not in rounded.out.partition("\n")[2]
    assert "/30011" in exact.out or "sqrt(" in exact.out
    assert "~" not in exact.out
    before = run(command, "net.json", *options, "--json", "-")
    assert run(command, "net.json", *options, "--json", "-", "--exact").out.count("~") == before.out.count("~") == 0


def test_an_open_maximum_is_said_to_be_approached_only(run, folder):
    """With x0 < 1 in the domain the largest value 1 is not attained."""
    prop = "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)"
    prop += "(assert (>= X_0 0))(assert (< X_0 1))(assert (>= X_1 (- 1.0)))(assert (<= X_1 0))(assert (> Y_0 0))"
    (folder / "p.vnnlib").write_text(prop)
    outcome = run("zones", "net.json", "--property", "p.vnnlib")
    assert outcome.code == 0, outcome
    assert ", not attained" in outcome.out


def test_verify_says_timed_out_where_reading_takes_too_long(capsys, monkeypatch):
    def endless(_path):
        raise KeyboardInterrupt

    monkeypatch.setattr("exactzones.cli.verify.read_query", endless)
    with pytest.raises(SystemExit) as left:
        main(["verify", "empty.vnnlib", "--network", "N=net.json", "--timeout", "0.000001"])
    caught = capsys.readouterr()
    assert (left.value.code, caught.out) == (3, "timed-out\n")
    assert caught.err.startswith("incomplete: ")
    assert caught.err.endswith("while the query and its networks were read\n")
