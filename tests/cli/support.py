"""Run the command line: in this process, or in one of its own where signals and pipes matter."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from exactzones.cli import main
from exactzones.models import save_network
from exactzones.network import Network


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capfd):
    """Run in this process; whatever C libraries print is caught too."""

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        caught = capfd.readouterr()
        return Outcome(left.value.code, caught.out, caught.err)

    return call


@pytest.fixture
def refused(run, tmp_path):
    """Demand exit code 2, one line "error: ..", nothing on standard output and no new file."""

    def call(*arguments, says=()):
        before = sorted(tmp_path.rglob("*"))
        outcome = run(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert outcome.err.startswith("error: "), outcome.err
        assert outcome.err.count("\n") == 1, outcome.err
        assert outcome.err.endswith("\n")
        assert "Traceback" not in outcome.err
        for part in says:
            assert part in outcome.err, outcome.err
        assert sorted(tmp_path.rglob("*")) == before
        return outcome.err

    return call


@contextmanager
def inherited(action):
    """Let processes that are started meanwhile have this action for signals, which a process in the background may ignore.

    A ``preexec_fn`` would do that in a fork of this process, which crashes now and then while BLAS has threads.
    """
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, action) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def process(*arguments, started=False, program=None, action=signal.SIG_DFL, **options):
    """Start the command line, or another program, in a process of its own; wait until Python has imported it if ``started``."""
    ready = "import sys, exactzones.certification; from exactzones.cli import main; print(flush=True); main(sys.argv[1:])"
    command = [sys.executable, *(["-c", program or ready] if program or started else ["-m", "exactzones"]), *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": os.environ}
    with inherited(action):
        child = subprocess.Popen(command, **(pipes | options))  # noqa: S603 - this very Python
    if started:
        child.stdout.readline()
    return child


ABSOLUTE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1], [-1, -1]], [-1, -1])])
"""|x| - 1 and -|x| - 1, which never fires."""

PLANE = Network.mlp([([[1, 0], [0, 1], [1, 1]], [0, 0, -1]), ([[1, 1, -1], [1, -1, 1]], [0, "1/3"])])


def saved(network, path):
    save_network(network, path)
    return path
