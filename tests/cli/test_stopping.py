"""Budgets, Ctrl-C and readers who leave: what was found is written and marked, the exit code is 3."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from cli.support import PLANE, process, saved

from exactzones.formats.zones_json import schema
from exactzones.network import Network


@pytest.fixture
def tangents(tmp_path):
    """Lines in general position: 1 + 12 + 66 cells, the feature fires on all."""
    net = Network.mlp([([[2 * k, -1] for k in range(12)], [-k * k for k in range(12)]), ([[1] * 12], [1])])
    return saved(net, tmp_path / "tangents.json")


@pytest.fixture
def endless(tmp_path):
    """More cells than anybody waits for; every one fires."""
    weights = [[(7 * j * j + 3 * j * k + k**3) % 23 - 11 for k in range(5)] for j in range(60)]
    net = Network.mlp([(weights, [(5 * j * j) % 17 - 8 for j in range(60)]), ([[1] * 60], [1])])
    return saved(net, tmp_path / "endless.json")


def read(path):
    document = json.loads(path.read_text())
    jsonschema.validate(document, schema())
    return document


def test_a_budget_of_zones(run, tangents, tmp_path):
    out = tmp_path / "z.json"
    outcome = run("zones", tangents, "--feature", 0, "--max-zones", 10, "--json", out)
    assert outcome.code == 3
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("incomplete: the budget of 10 zones ran out")
    assert "10 found so far: the list is not complete" in outcome.out
    assert "islands so far" in outcome.out
    document = read(out)
    assert (document["complete"], len(document["zones"])) == (False, 10)


def test_a_budget_that_is_just_enough(run, tangents, tmp_path):
    out = tmp_path / "z.json"
    assert run("zones", tangents, "--feature", 0, "--max-zones", 79, "--json", out).code == 0
    document = read(out)
    assert (document["complete"], len(document["zones"])) == (True, 79)


@pytest.mark.parametrize("engine", ["forward", "backward"])
def test_a_budget_of_seconds(run, endless, tmp_path, engine):
    out = tmp_path / "z.json"
    outcome = run("zones", endless, "--feature", 0, "--engine", engine, "--timeout", "0.001", "--json", out, "--quiet")
    assert (outcome.code, outcome.out) == (3, "")
    assert "incomplete: the budget of 0.001 s ran out" in outcome.err
    assert read(out)["complete"] is False


def test_none_found_before_the_budget_ran_out_is_no_proof(run, endless):
    outcome = run("zones", endless, "--feature", 0, "--timeout", "1e-9")
    assert outcome.code == 3
    assert "cannot fire" not in outcome.out


def test_an_interruption_that_a_library_has_renamed(run, tangents, monkeypatch):
    """Extension modules raise an ImportError where their import is interrupted."""

    def load(*_args):
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr("exactzones.cli.options.NetworkFile.load", load)
    done = run("info", tangents)
    assert (done.code, done.out, done.err) == (3, "", "error: interrupted before there was an answer to write\n")


def test_an_end_of_file_is_no_interruption(run, tangents, monkeypatch):
    """Click takes it for one; a damaged file of compiled code causes it."""

    def import_module(_name):
        raise EOFError("marshal data too short")

    monkeypatch.setattr("exactzones.cli.commands.import_module", import_module)
    done = run("info", tangents)
    assert done.code == 1
    assert "internal failure, EOFError: marshal data too short" in done.err


def test_a_picture_of_what_was_found(run, tangents, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "z.svg"
    assert run("zones", tangents, "--feature", 0, "--max-zones", 5, "--plot", picture, "--domain", "-9:9").code == 3
    assert picture.stat().st_size > 1000


def wait_for_work(child):
    """Wait until the process has spent processor time beyond its start."""
    deadline = time.monotonic() + 60
    stat = Path(f"/proc/{child.pid}/stat")
    if not stat.exists():
        time.sleep(4)
        return
    ticks = os.sysconf("SC_CLK_TCK")
    while time.monotonic() < deadline and child.poll() is None:
        user, system = map(int, stat.read_text().rsplit(") ", 1)[1].split()[11:13])
        if (user + system) / ticks > 2.5:
            return
        time.sleep(0.05)


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_writes_what_was_found(endless, tmp_path):
    out = tmp_path / "z.json"
    child = process("zones", endless, "--feature", 0, "--engine", "backward", "--json", out, "--quiet")
    wait_for_work(child)
    child.send_signal(signal.SIGINT)
    printed, err = child.communicate(timeout=120)
    assert (child.returncode, printed) == (3, "")
    assert err.strip() == "incomplete: interrupted"
    assert read(out)["complete"] is False


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
@pytest.mark.parametrize(("extra", "code"), [([], 0), (["--max-zones", "3"], 3)])
def test_a_reader_who_leaves_loses_no_file(tangents, tmp_path, extra, code):
    """The pipe is closed before a word was read."""
    out = tmp_path / "z.json"
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "exactzones", "zones", str(tangents), "--feature", "0", "--json", str(out), *extra]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=120)  # noqa: S603
    os.close(writing)
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == (code == 3)
    assert read(out)["complete"] is (code == 0)


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
def test_a_reader_who_leaves_the_other_commands(tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    reading, writing = os.pipe()
    os.close(reading)
    for command in (["info", net], ["eval", net, "--at", "0,0"]):
        arguments = [sys.executable, "-m", "exactzones", *map(str, command)]
        done = subprocess.run(arguments, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=120)  # noqa: S603
        assert (done.returncode, done.stderr) == (0, "")
    os.close(writing)


def test_progress_is_shown_on_standard_error_now_and_then(run, tangents, monkeypatch):
    """Not on a terminal: a line every ten seconds; the clock here jumps a minute at every look."""
    from exactzones.cli import outputs

    minutes = iter(range(0, 10**9, 60))
    monkeypatch.setattr(outputs.time, "monotonic", lambda: float(next(minutes)))
    outcome = run("zones", tangents, "--feature", 0)
    assert outcome.code == 0
    assert "cells visited" in outcome.err
    assert "zones found" in outcome.err
    quiet = run("zones", tangents, "--feature", 0, "--quiet")
    assert (quiet.out, quiet.err) == ("", "")


def test_checking_says_how_long_it_will_take(run, tangents, tmp_path, monkeypatch):
    from exactzones.cli import outputs

    proof, claim = tmp_path / "proof.json", ("--feature", 0, "--threshold", 1000, "--domain=-5:5")
    run("certify", tangents, *claim, "--out", proof)
    minutes = iter(range(0, 10**9, 60))
    monkeypatch.setattr(outputs.time, "monotonic", lambda: float(next(minutes)))
    outcome = run("check", tangents, proof, *claim)
    assert outcome.out.splitlines()[-1] == "valid"
    lines = len(proof.read_text().splitlines())
    elapsed, left = map(int, re.search(rf"1 of {lines} lines checked, (\d+) s, about (\d+) s left", outcome.err).groups())
    assert left == elapsed * (lines - 1) >= 60


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_write_what_was_found(endless, tmp_path, name):
    out = tmp_path / "z.json"
    child = process("zones", endless, "--feature", 0, "--json", out)
    wait_for_work(child)
    child.send_signal(getattr(signal, name))
    printed, err = child.communicate(timeout=120)
    assert child.returncode == 3
    assert err.startswith("incomplete: interrupted\n")
    assert "found so far: the list is not complete" in printed
    document = json.loads(out.read_text())
    assert document["complete"] is False
    assert document["zones"]
    assert {path.name for path in tmp_path.iterdir()} == {"endless.json", "z.json"}


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_second_signal_ends_at_once(endless, tmp_path):
    """While files are written; no part of one is left."""
    out = tmp_path / "z.json"
    out.write_text("old")
    program = "import sys, time, exactzones.formats.zones_json as f; from exactzones.cli import main\n"
    program += "def slow(self, zones, **_): print('writing', flush=True); [time.sleep(0.01) for _ in range(10**4)]\n"
    program += "f.ZonesWriter.finish = slow; main()"
    child = process("zones", endless, "--feature", 0, "--json", out, "--max-zones", 3, program=program)
    assert child.stdout.readline() == "writing\n"
    child.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    assert child.returncode == 3
    assert {path.name: path.read_text() for path in tmp_path.iterdir() if path != endless} == {"z.json": "old"}


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_an_ignored_signal_stays_ignored(tmp_path):
    """As in the background of a script."""
    net = saved(PLANE, tmp_path / "net.json")
    child = process("eval", net, "--at", "0,0", action=signal.SIG_IGN)
    while child.poll() is None:
        child.send_signal(signal.SIGINT)
        time.sleep(0.05)
    printed, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    assert "feature 0" in printed


def test_the_time_covers_the_summary(run, endless):
    """Its processor time exceeds the limit by little, on any machine; the volume alone would take minutes."""
    start = time.process_time()
    outcome = run("zones", endless, "--feature", 0, "--domain=-9:9", "--timeout", 3)
    assert time.process_time() - start < 3 * 1.1 + 0.5
    assert outcome.code == 3
    assert "found so far" in outcome.out
    assert "incomplete: there was no time for: " in outcome.err


def test_links_are_written_through(run, tangents, tmp_path):
    (tmp_path / "folder").mkdir()
    link, real = tmp_path / "z.json", tmp_path / "folder/real.json"
    link.symlink_to(real)
    assert run("zones", tangents, "--feature", 0, "--json", link).code == 0
    assert link.is_symlink()
    assert read(real)["complete"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="writes to a device that is full")
@pytest.mark.parametrize("output", ["/dev/full", None])
def test_what_cannot_be_printed_goes_to_standard_error(tangents, tmp_path, output):
    out = tmp_path / "z.json"
    command = [sys.executable, "-m", "exactzones", "zones", str(tangents), "--feature", "0", "--json", str(out)]
    redirection = ">&-" if output is None else f">{output}"
    shell = ["sh", "-c", f'"$@" {redirection}', "sh", *command]
    done = subprocess.run(shell, stderr=subprocess.PIPE, text=True, check=False, timeout=120)  # noqa: S603
    assert done.returncode == 2
    assert "zones          79" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: standard output cannot be written: ")
    assert read(out)["complete"]


def test_a_signal_while_text_is_executed():
    """As the making of a dataclass does, in an import; the interpreter would then end itself by the signal."""
    script = (
        "import importlib\n"
        "command = importlib.import_module('exactzones.cli.main')\n"
        "text = 'import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(100)'\n"
        "command._run = lambda _: exec(text)\n"
        "command.main()"
    )
    child = process(program=script)
    _, err = child.communicate(timeout=100)
    assert (child.returncode, err) == (3, "error: interrupted before there was an answer to write\n")
