"""What the command line wrote, and where: found by trying to break it."""

import os
import stat
import subprocess
import sys

import pytest
from cli.support import ABSOLUTE, refused, run, saved

assert refused
assert run


@pytest.fixture
def net(tmp_path):
    return saved(ABSOLUTE, tmp_path / "net.json")


def test_usage_errors_took_four_lines(refused, net):
    refused("zones", net, says=["Missing option '--feature'", "exactzones zones --help"])


def test_the_network_was_overwritten_by_its_zones(refused, net):
    content = net.read_bytes()
    refused("zones", net, "--feature", 0, "--json", net, says=["it is the network itself"])
    assert net.read_bytes() == content


@pytest.mark.skipif(os.name != "posix", reason="needs a named pipe")
def test_a_device_was_replaced_by_a_file(refused, net, tmp_path):
    """As root, ``--json /dev/null`` put a file in the device's place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    refused("zones", net, "--feature", 0, "--json", pipe, says=["not a regular file"])
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_name_that_cannot_be_created_was_found_out_after_the_work(refused, net, tmp_path, monkeypatch):
    monkeypatch.setattr("exactzones.cli.search.find_zones", lambda *_arguments, **_options: pytest.fail("worked"))
    refused("zones", net, "--feature", 0, "--json", tmp_path / ("z" * 250), says=["File name too long"])


def test_a_timeout_of_nan_never_came(refused, net):
    refused("zones", net, "--feature", 0, "--timeout", "nan", says=["timeout is nan"])


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
def test_a_closed_pipe_was_a_failure_and_left_no_json(net, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    out = tmp_path / "z.json"
    command = [sys.executable, "-m", "exactzones", "zones", str(net), "--feature", "0", "--json", str(out)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
    assert out.exists()


def test_no_standard_output_at_all(net, monkeypatch):
    """``>&-`` leaves sys.stdout None: an internal failure."""
    from exactzones.cli import main

    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as left:
        main(["info", str(net)])
    assert left.value.code == 0


def test_a_certificate_was_overwritten_by_the_answer_about_it(refused, run, net, tmp_path):
    proof = tmp_path / "proof.json"
    claim = ("--feature", 0, "--threshold", 9, "--domain=-1:1")
    run("certify", net, *claim, "--out", proof)
    content = proof.read_bytes()
    refused("check", net, proof, *claim, "--json", proof, says=["CERT and --json name the same file"])
    refused("certify", net, *claim, "--resume", proof, "--json", proof, says=["--json and --resume name the same file"])
    refused("certify", net, *claim, "--out", proof, "--json", proof, says=["--out and --json name the same file"])
    assert proof.read_bytes() == content


def test_a_property_was_overwritten_by_its_proof(refused, net, tmp_path):
    prop = tmp_path / "p.vnnlib"
    content = "(declare-const X_0 Real) (declare-const Y_0 Real) (declare-const Y_1 Real) (assert (>= Y_0 1))"
    prop.write_text(content)
    refused("certify", net, "--property", prop, "--out", prop, says=["--out and --property name the same file"])
    refused("certify", net, "--property", prop, "--json", prop, says=["--json and --property name the same file"])
    assert prop.read_text() == content


@pytest.mark.parametrize("name", ["a" * 300, "a" * 300 + "/b"])
@pytest.mark.parametrize("option", ["--json", "--export"])
def test_a_name_that_is_too_long_was_an_internal_failure(refused, net, tmp_path, name, option):
    refused("zones", net, "--feature", 0, option, tmp_path / f"{name}.csv", says=["cannot be written"])
