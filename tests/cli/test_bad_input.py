"""Bad input: one line that names what was wrong, exit code 2, no traceback, nothing half-written."""

import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from cli.support import ABSOLUTE, PLANE, saved

from exactzones.network import Network


@pytest.fixture
def net(tmp_path):
    return saved(PLANE, tmp_path / "net.json")


ZONES = [
    (["--feature", "2"], ["feature 2 does not exist", "0 to 1"]),
    (["--feature", "-1"], ["feature -1 does not exist"]),
    (["--feature", "one"], ["'one' is not a valid integer"]),
    ([], ["Missing option '--feature'"]),
    (["--feature", "0", "--layer", "2"], ["layer 2 does not exist", "0 to 1"]),
    (["--feature", "0", "--layer", "-3"], ["layer -3 does not exist"]),
    (["--feature", "0", "--threshold", "half"], ["threshold is 'half'", "1/3"]),
    (["--feature", "0", "--threshold", "nan"], ["threshold is 'nan'"]),
    (["--feature", "0", "--threshold", "1/0"], ["threshold is '1/0'", "divides by zero"]),
    (["--feature", "0", "--threshold", ""], ["threshold is ''"]),
    (["--feature", "0", "--threshold", "1e999999999"], ["threshold is '1e999999999'"]),
    (["--feature", "0", "--domain", "1:0"], ["domain of every input is empty: 1 > 0"]),
    (["--feature", "0", "--domain", "1:1,1/2:1/2"], ["the domain is the single point (1, 1/2)", "exactzones eval"]),
    (["--feature", "0", "--domain", "0:1,0:1,0:1"], ["has 3 entries; expected 2"]),
    (["--feature", "0", "--domain", "everywhere"], ["domain of every input is 'everywhere'", "LO:HI"]),
    (["--feature", "0", "--domain", "-inf:inf"], ["lower bound of every input is '-inf'"]),
    (["--feature", "0", "--domain", "0:1:2"], ["'0:1:2'"]),
    (["--feature", "0", "--domain", ""], ["LO:HI"]),
    (["--feature", "0", "--domain", "\u0661:2"], ["lower bound"]),
    (["--feature", "0", "--engine", "sideways"], ["'sideways'", "backward"]),
    (["--feature", "0", "--max-zones", "0"], ["--max-zones"]),
    (["--feature", "0", "--max-zones", "many"], ["--max-zones"]),
    (["--feature", "0", "--timeout", "0"], ["--timeout"]),
    (["--feature", "0", "--timeout", "-1"], ["--timeout"]),
    (["--feature", "0", "--timeout", "nan"], ["timeout is nan"]),
    (["--feature", "0", "--colour", "red"], ["--colour"]),
    (["--feature", "0", "extra"], ["extra"]),
    (["--feature"], ["--feature"]),
]


@pytest.mark.parametrize(("arguments", "says"), ZONES)
def test_options_of_zones(refused, net, tmp_path, arguments, says):
    out = [] if "--feature" in arguments[-1:] else ["--json", tmp_path / "out.json"]
    refused("zones", net, *out, *arguments, says=says)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["eval"], ["--at"]),
        (["eval", "--at", "1"], ["point '1' has 1 entry; expected 2"]),
        (["eval", "--at", "1,2,3"], ["3 entries; expected 2"]),
        (["eval", "--at", "1,x"], ["coordinate 1 of the point is 'x'"]),
        (["eval", "--at", "1,nan"], ["coordinate 1"]),
        (["eval", "--at", ""], ["1 entry; expected 2"]),
        (["proptest", "--feature", "9"], ["feature 9 does not exist"]),
        (["proptest", "--feature", "0", "--examples", "0"], ["--examples"]),
        (["proptest", "--feature", "0", "--domain", "2:1"], ["empty"]),
        (["info", "--loud"], ["--loud"]),
        (["measure", "--argmax", "1"], ["measure has no option '--argmax'; commands that have it: certify,", ", zones (see "]),
        (["zones", "--class", "1"], ["No such option '--class'. (see exactzones zones --help)"]),
        (["zones", "--featur", "1"], ["No such option '--featur'. Did you mean '--feature'?"]),
    ],
)
def test_options_of_the_other_commands(refused, net, arguments, says):
    refused(arguments[0], net, *arguments[1:], says=says)


def test_no_such_command(refused):
    refused("zone", says=["zone"])


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    "command", [["zones", "--feature", "0"], ["eval", "--at", "0"], ["info"], ["proptest", "--feature", "0"]]
)
class TestFiles:
    """The network file is read first, by every command."""

    def test_missing(self, refused, tmp_path, command):
        refused(command[0], tmp_path / "no.npz", *command[1:], says=["no.npz", "No such file"])

    def test_unknown_suffix(self, refused, tmp_path, command):
        path = tmp_path / "net.h5"
        path.write_bytes(b"")
        refused(command[0], path, *command[1:], says=["net.h5", "suffix '.h5' is not known", ".npz, .json, .onnx"])

    def test_a_folder(self, refused, tmp_path, command):
        path = tmp_path / "net.npz"
        path.mkdir()
        refused(command[0], path, *command[1:], says=["net.npz"])

    def test_no_name_at_all(self, refused, command):
        refused(*command, says=["NET"])
        refused(command[0], "", *command[1:])

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_weights_that_are_not_finite(self, refused, tmp_path, command, bad):
        path = npz(tmp_path / "net.npz", W0=np.array([[1.0], [bad]]), b0=np.zeros(2), W1=np.ones((1, 2)), b1=np.zeros(1))
        refused(command[0], path, *command[1:], says=["net.npz", str(bad), "finite"])

    def test_shapes_that_do_not_fit(self, refused, tmp_path, command):
        path = npz(tmp_path / "net.npz", W0=np.ones((2, 1)), b0=np.zeros(2), W1=np.ones((1, 3)), b1=np.zeros(1))
        refused(command[0], path, *command[1:], says=["net.npz", "3", "2"])
        path = npz(tmp_path / "net.npz", W0=np.ones((2, 1)), b0=np.zeros(3))
        refused(command[0], path, *command[1:], says=["net.npz", "b0"])

    @pytest.mark.parametrize("suffix", [".npz", ".json", ".onnx"])
    @pytest.mark.parametrize("kept", [0, 1, 60, 95])
    def test_truncated(self, refused, tmp_path, command, suffix, kept):
        path = saved(ABSOLUTE, tmp_path / f"net{suffix}")
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * kept // 100])
        refused(command[0], path, *command[1:], says=[path.name])

    def test_an_unsupported_operator(self, refused, tmp_path, command):
        onnx = pytest.importorskip("onnx")
        helper = onnx.helper
        graph = helper.make_graph(
            [helper.make_node("Softplus", ["x"], ["y"], name="soft")],
            "graph",
            [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 2])],
            [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 2])],
        )
        onnx.save(helper.make_model(graph), tmp_path / "net.onnx")
        refused(command[0], tmp_path / "net.onnx", *command[1:], says=["net.onnx", "Softplus", "soft"])

    def test_json_that_is_no_network(self, refused, tmp_path, command):
        path = tmp_path / "net.json"
        for content in ("[]", '{"format": "something else"}', "{}", "null", "1" * 5000, "[" * 100_000):
            path.write_text(content)
            refused(command[0], path, *command[1:], says=["net.json"])

    def test_a_name_with_a_line_break(self, refused, tmp_path, command):
        refused(command[0], tmp_path / "no\nsuch.npz", *command[1:], says=["such.npz"])


class TestTargets:
    """Output files that cannot be written are refused before the work."""

    @pytest.fixture(autouse=True)
    def no_work(self, monkeypatch):
        def fail(*_arguments, **_options):
            pytest.fail("the zones were looked for before the output file was refused")

        monkeypatch.setattr("exactzones.cli.search.find_zones", fail)

    @pytest.mark.parametrize("option", ["--json", "--plot"])
    def test_a_folder_that_does_not_exist(self, refused, net, tmp_path, option):
        refused("zones", net, "--feature", 0, option, tmp_path / "no" / "z.svg", says=["z.svg", "folder does not exist"])

    @pytest.mark.parametrize("option", ["--json", "--plot"])
    def test_a_folder_itself(self, refused, net, tmp_path, option):
        (tmp_path / "z.svg").mkdir()
        refused("zones", net, "--feature", 0, option, tmp_path / "z.svg", says=["z.svg", "it is a folder"])

    @pytest.mark.parametrize("option", ["--json", "--plot"])
    def test_a_folder_that_is_a_file(self, refused, net, option):
        refused("zones", net, "--feature", 0, option, net / "z.svg", says=["folder does not exist"])

    def test_the_network_itself(self, refused, net, tmp_path):
        content = net.read_bytes()
        refused("zones", net, "--feature", 0, "--json", net, says=["it is the network itself"])
        (tmp_path / "link.json").symlink_to(net)
        refused("zones", net, "--feature", 0, "--json", tmp_path / "link.json", says=["it is the network itself"])
        assert net.read_bytes() == content

    def test_one_file_for_two_outputs(self, refused, net, tmp_path):
        path = tmp_path / "z.svg"
        refused("zones", net, "--feature", 0, "--json", path, "--plot", path, says=["same file"])
        refused("zones", net, "--feature", 0, "--plot", path, "--plot", path, says=["--plot and --plot name the same file"])

    def test_a_device_is_not_replaced(self, refused, net, tmp_path):
        """A pipe stands in for /dev/null, which must survive a run as root."""
        pipe = tmp_path / "pipe.json"
        os.mkfifo(pipe)
        refused("zones", net, "--feature", 0, "--json", pipe, says=["not a regular file"])
        assert stat.S_ISFIFO(pipe.stat().st_mode)

    def test_a_name_too_long(self, refused, net, tmp_path):
        refused("zones", net, "--feature", 0, "--json", tmp_path / ("z" * 250), says=["File name too long"])

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_without_permission(self, refused, net, tmp_path):
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        refused("zones", net, "--feature", 0, "--json", closed / "z.json", says=["Permission denied"])

    def test_a_file_system_without_files(self, refused, net):
        if not Path("/proc/self").is_dir():
            pytest.skip("no /proc here")
        refused("zones", net, "--feature", 0, "--json", "/proc/z.json", says=["/proc/z.json: cannot be written"])

    def test_pictures_of_an_unknown_kind(self, refused, net, tmp_path):
        refused("zones", net, "--feature", 0, "--plot", tmp_path / "z.gif", says=["'.gif'", ".svg, .png, .pdf"])
        refused("zones", net, "--feature", 0, "--plot", tmp_path / "z", says=["pictures end in"])

    def test_a_picture_of_four_inputs(self, refused, tmp_path):
        net = saved(Network.mlp([([[1, 2, 3, 4]], [0]), ([[1]], [0])]), tmp_path / "four.json")
        refused("zones", net, "--feature", 0, "--plot", tmp_path / "z.svg", says=["at most 3 inputs", "4"])


def test_a_request_too_large_to_hold(refused, tmp_path):
    net = saved(Network.mlp([([[1] * 784], [0]), ([[1]], [0])]), tmp_path / "wide.json")
    refused("zones", net, "--feature", 0, "--domain", "0:1", "--engine", "forward", says=["784 dimensions", "slice"])


def test_an_output_that_fails_while_it_is_written_leaves_the_old_file(run, net, tmp_path, monkeypatch):
    out = tmp_path / "z.json"
    out.write_text("old")

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("exactzones.files.os.fsync", full)
    outcome = run("zones", net, "--feature", 0, "--json", out, "--quiet")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"error: {out}: cannot be written: No space left on device\n"
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.json", "z.json"]


@pytest.mark.parametrize("error", [RuntimeError("boom\nand more"), MemoryError(), AssertionError(), RecursionError("deep")])
def test_an_internal_failure_is_one_line_and_exit_code_1(run, net, tmp_path, monkeypatch, error):
    def fail(*_arguments, **_options):
        raise error

    monkeypatch.setattr("exactzones.cli.search.find_zones", fail)
    monkeypatch.delenv("EXACTZONES_DEBUG", raising=False)
    outcome = run("zones", net, "--feature", 0, "--json", tmp_path / "z.json")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: internal failure, ")
    assert outcome.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.json"]


def test_a_network_of_one_layer_is_no_bad_input(run, tmp_path):
    path = npz(tmp_path / "net.npz", W0=np.ones((1, 2)), b0=np.zeros(1))
    outcome = run("zones", path, "--feature", 0, "--json", tmp_path / "z.json", "--quiet")
    assert outcome.code == 0
    assert json.loads((tmp_path / "z.json").read_text())["zones"][0]["pattern"] == []
