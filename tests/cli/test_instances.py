"""``exactzones certify --instances``: a table of verdicts and checks, kept whenever it is interrupted, and gone on with."""

import csv
import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.support import ABSOLUTE, process, saved
from cli.test_certify_command import hard

ROOT = Path(__file__).parents[2]
HEAD = "(declare-const X_0 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)(assert (<= -3 X_0 3))"


def written(path, *assertions, head=HEAD):
    path.write_text(head + "".join(f"(assert {each})" for each in assertions))
    return path


@pytest.fixture
def folder(tmp_path):
    """|x| - 1 >= 1 is possible on [-3, 3], and >= 3 is not."""
    saved(ABSOLUTE, tmp_path / "net.npz")
    written(tmp_path / "sat.vnnlib", "(>= Y_0 1)")
    unsat = written(tmp_path / "unsat.vnnlib", "(>= Y_0 3)")
    (tmp_path / "packed.vnnlib.gz").write_bytes(gzip.compress(unsat.read_bytes()))
    hard(tmp_path / "hard.npz")
    inputs = "".join(f"(declare-const X_{k} Real)(assert (<= -1 X_{k} 1))" for k in range(4))
    written(tmp_path / "hard.vnnlib", "(>= Y_0 140)", head="(declare-const Y_0 Real)" + inputs)
    return tmp_path


def rows(folder):
    with (folder / "out" / "results.csv").open(newline="") as table:
        return list(csv.DictReader(table))


def test_a_table_of_verdicts_certificates_and_checks(run, folder):
    lines = ["net.npz,sat.vnnlib,60", "net.npz,packed.vnnlib", "", "net.npz,sat.vnnlib,60", "net.npz,no.vnnlib"]
    (folder / "instances.csv").write_text("\n".join(lines) + "\n")
    done = run("certify", "--instances", folder / "instances.csv", "--out", folder / "out", "--jobs", 2)
    assert done.code == 2  # one file is missing
    table = rows(folder)
    assert [(row["network"], row["property"], row["timeout"]) for row in table] == [
        ("net.npz", "sat.vnnlib", "60"),
        ("net.npz", "packed.vnnlib", ""),
        ("net.npz", "no.vnnlib", ""),
    ]
    assert [row["verdict"] for row in table] == ["sat", "unsat", "error"]
    assert [row["check"] for row in table] == ["valid", "valid", ""]
    assert "no.vnnlib: No such file" in table[2]["message"]
    for row in table[:2]:
        assert float(row["seconds"]) > 0
        claim = folder / ("sat.vnnlib" if row["verdict"] == "sat" else "unsat.vnnlib")
        assert run("check", folder / "net.npz", folder / "out" / row["certificate"], "--property", claim).code == 0
    assert "unsat      1" in done.out


def test_a_table_in_floats(run, refused, folder):
    (folder / "instances.csv").write_text("net.npz,sat.vnnlib,60\nnet.npz,unsat.vnnlib,60\n")
    options = "certify", "--instances", folder / "instances.csv", "--out", folder / "out"
    refused(*options, "--arithmetic", "float31", says=["expected real, float64, float32"])
    assert run(*options, "--arithmetic", "float32").code == 0
    assert [(row["arithmetic"], row["verdict"], row["check"]) for row in rows(folder)] == [
        ("float32", "sat", "valid"),
        ("float32", "unsat", "valid"),
    ]
    claim = "--property", folder / "unsat.vnnlib", "--arithmetic", "float32"
    assert run("check", folder / "net.npz", folder / "out" / rows(folder)[1]["certificate"], *claim).code == 0
    refused(*options, "--resume", says=["its verdicts are about float32 arithmetic, not real; write another --out"])
    assert run(*options, "--resume", "--arithmetic", "float32").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interruption_loses_only_what_runs(run, refused, folder, number):
    """After SIGKILL the process that it started runs on until its own time limit."""
    (folder / "instances.csv").write_text("net.npz,unsat.vnnlib\nhard.npz,hard.vnnlib,8\n")
    options = "--instances", folder / "instances.csv", "--out", folder / "out"
    child = process("certify", *options)
    table = folder / "out" / "results.csv"
    give_up = time.monotonic() + 120
    while not table.exists() and time.monotonic() < give_up:
        time.sleep(0.05)
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert [row["verdict"] for row in rows(folder)] == ["unsat"]
    if number == signal.SIGINT:
        assert child.returncode == 3
        assert "after 1 of 2 instances" in err
        return
    before = table.read_bytes()
    refused("certify", *options, says=["has the results of an earlier run; write --resume"])
    done = run("certify", *options, "--resume", "--timeout", "0.01")
    assert done.code == 3
    assert table.read_bytes().startswith(before)
    assert [row["verdict"] for row in rows(folder)] == ["unsat", "undecided"]
    assert rows(folder)[1]["message"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("\n", "the table has no instances"),
        ("net.npz\n", "line 1 is not of the form NETWORK,PROPERTY"),
        ("net.npz,a.vnnlib,soon\n", "'soon' is not a number of seconds"),
        ("net.npz,a.vnnlib,-1\n", "a time limit of -1 s"),
        (None, "No such file"),
    ],
)
def test_tables_that_cannot_be_read(run, tmp_path, text, says):
    table = tmp_path / "instances.csv"
    if text is not None:
        table.write_text(text)
    done = run("certify", "--instances", table, "--out", tmp_path / "out")
    assert (done.code, done.out) == (2, "")
    assert says in done.err


@pytest.mark.parametrize(
    ("query", "seconds", "result"),
    [("sat.vnnlib", "60", "sat\n((X_0 "), ("hard.vnnlib", "0.01", "timeout\n")],
)
def test_the_scripts_of_the_competition(folder, query, seconds, result):
    tool = folder / "exactzones"
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m exactzones "$@"\n')
    tool.chmod(0o755)
    scripts, answer = ROOT / "examples" / "vnncomp", folder / "answer.txt"
    instance = [folder / ("hard.npz" if query == "hard.vnnlib" else "net.npz"), folder / query]
    environment = {**os.environ, "EXACTZONES": str(tool)}
    for name, *options in [("prepare_instance.sh", *instance), ("run_instance.sh", *instance, answer, seconds)]:
        subprocess.run(["bash", scripts / name, "v1", "test", *options], check=True, env=environment)  # noqa: S603, S607
    assert answer.read_text().startswith(result)
    wrong = subprocess.run(["bash", scripts / "install_tool.sh", "v9"], capture_output=True, check=False)  # noqa: S603, S607
    assert (wrong.returncode, wrong.stderr) == (1, b"expected the version v1, not 'v9'\n")


def test_help_of_many_instances(run):
    for arguments in (("--instances", "--help"), ("--instances", "table.csv", "-h")):
        done = run("certify", *arguments)
        assert (done.code, done.err) == (0, "")
        assert "results.csv" in done.out
