"""Stop commands at random moments, in many ways: nothing that was found is lost, no file is torn, the exit code tells the truth.

python tests/stress/stops.py --runs 200 --seed 1

The ways: signals, one or two; full disks (a limit for the size of files, /dev/full); a standard output whose reader has left;
workers that are killed; a folder that disappears.  A short form is in test_stops.py.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from exactzones.certification import Certificate, case_of, certify
from exactzones.checker import check
from exactzones.models import save_network
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import feature

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OLD = "what was there before\n"
SECONDS = 60  # that a stopped command may take on a machine that is busy with other things


class Command(NamedTuple):
    """A command with its files; ``out`` is written, ``answer`` is its JSON answer."""

    name: str
    arguments: tuple
    out: str | None
    jobs: bool = False


class Outcome(NamedTuple):
    """How a command ended: its exit code, what it printed, and whether it was stopped."""

    code: int
    out: str
    err: str
    seconds: float


COMMANDS = (
    Command("zones", ("zones", "wide.npz", "--feature", 0, "--domain=-3:3", "--json", "out.json"), "out.json"),
    Command("zones", ("zones", "wide.npz", "--feature", 0, "--domain=-3:3", "--json", "out.json", "--jobs", 2), "out.json", True),
    Command("zones", ("zones", "small.npz", "--feature", 0, "--domain=-3:3", "--json", "out.json"), "out.json"),
    Command("export", ("zones", "small.npz", "--feature", 0, "--domain=-3:3", "--export", "out.csv"), "out.csv"),
    Command("view", ("view", "plane.npz", "--feature", 0, "--domain=-3:3", "--out", "out.html"), "out.html"),
    Command(
        "certify", ("certify", "hard.npz", "--feature", 0, "--threshold", 5, "--domain=-3:3", "--out", "out.json"), "out.json"
    ),
    Command("check", ("check", "small.npz", "proof.json", "--feature", 0, "--threshold", 99, "--domain=-3:3"), None),
    Command("eval", ("eval", "small.npz", "--at", "1/2,1/3,1/5", "--json", "out.json"), "out.json"),
    Command("info", ("info", "small.npz", "--json", "out.json"), "out.json"),
    Command("proptest", ("proptest", "plane.npz", "--feature", 0, "--domain=-3:3", "--json", "out.json"), "out.json"),
)


def random_network(*widths):
    """A network with normally distributed weights."""
    draw = np.random.default_rng(0)
    return Network.mlp([(draw.normal(size=(b, a)) / a**0.5, draw.normal(size=b) / 2) for a, b in pairwise(widths)])


NETWORKS = {"wide.npz": (4, 60, 60, 1), "small.npz": (3, 12, 12, 1), "plane.npz": (2, 10, 10, 1), "hard.npz": (6, 60, 60, 1)}


def make_files(folder):
    """Write the networks, and a proof to check."""
    for name, widths in NETWORKS.items():
        save_network(random_network(*widths), folder / name)
    proof = certify(random_network(*NETWORKS["small.npz"]), feature(0, 99), Polyhedron.box(-3, 3, dim=3)).certificate
    (folder / "proof.json").write_text("".join(f"{line}\n" for line in proof.lines))


def is_watching(pid):
    """Tell whether a process handles SIGTERM: its interpreter has started the command."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def workers_of(pid):
    """Return the ids of a command's worker processes."""
    workers = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(") ", 1)[1].split()[1])
            if parent == pid and b"spawn_main" in (folder / "cmdline").read_bytes():
                workers.append(int(folder.name))
        except (OSError, ValueError):
            continue
    return workers


class Run:
    """One run of a command in a folder of its own, to be stopped."""

    def __init__(self, command, draw, files, folder):
        self.command, self.draw, self.folder = command, draw, folder
        for path in files.iterdir():
            shutil.copy(path, folder)
        self.network = random_network(*NETWORKS[command.arguments[1]])
        self.target = folder / command.out if command.out else None
        self.is_link = self.target is not None and draw.random() < 0.3
        if self.target is not None:
            real = folder / "linked" if self.is_link else self.target
            real.write_text(OLD)
            if self.is_link:
                self.target.symlink_to("linked")

    def start(self, *, limit=None, extra=(), **streams):
        """Start the command."""

        def prepare():
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        arguments = [sys.executable, "-m", "exactzones", *map(str, (*self.command.arguments, *extra))]
        self.begin = time.monotonic()
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        environment = os.environ | {"PYTHONPATH": paths}
        self.child = subprocess.Popen(arguments, cwd=self.folder, env=environment, text=True, preexec_fn=prepare, **options)  # noqa: PLW1509, S603
        while not is_watching(self.child.pid) and self.child.poll() is None:
            time.sleep(0.002)

    def finish(self):
        """Wait for the end; return how it ended."""
        start = time.monotonic()
        try:
            out, err = self.child.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise AssertionError(f"still running {SECONDS} s after it was stopped") from None
        return Outcome(self.child.returncode, out or "", err, time.monotonic() - start)

    def signals(self):
        """Send a signal at a random moment, sometimes a second one."""
        self.start()
        time.sleep(self.draw.choice((0.3, 2.0, 6.0)) * self.draw.random())
        self.child.send_signal(self.draw.choice(SIGNALS))
        if self.draw.random() < 0.25:
            time.sleep(0.15 + 0.5 * self.draw.random())
            self.child.send_signal(self.draw.choice(SIGNALS))
            outcome = self.finish()  # the second one may come when the interpreter no longer handles it
            assert outcome.code in {0, 3, *(-number for number in SIGNALS)}, outcome
            return outcome
        outcome = self.finish()
        assert outcome.code in {0, 3}, outcome
        if outcome.err.startswith("incomplete: interrupted") and self.command.name in {"zones", "certify"}:
            assert self.is_new(), "what was found is lost"
        return outcome

    def a_full_disk(self):
        """Limit the size of files: writes fail with a part written."""
        self.start(limit=self.draw.choice((0, 1, 100, 5000)), extra=self.limits())
        outcome = self.finish()
        written = self.target is None or self.is_new()
        assert outcome.code in ({0, 3} if written else {2, 3}), outcome
        assert written or outcome.code == 3 or "cannot be written" in outcome.err, outcome
        assert self.is_kept(outcome) or outcome.code == 2, outcome
        return outcome

    def a_full_output(self):
        """Standard output is full: the words go to standard error, the files are written."""
        with Path("/dev/full").open("w") as full:
            self.start(extra=self.limits(), stdout=full)
            outcome = self.finish()
        assert outcome.code == 2, outcome
        assert "standard output cannot be written" in outcome.err, outcome
        assert len(outcome.err.splitlines()) > 1, "the summary is lost"
        assert self.is_kept(outcome), outcome
        return outcome

    def limits(self):
        """Options that end long commands soon."""
        return ("--timeout", 10) if self.command.name in {"zones", "view", "certify", "export"} else ()

    def a_reader_who_leaves(self):
        """The reader has closed the pipe: nobody misses the words."""
        reading, writing = os.pipe()
        os.close(reading)
        self.start(extra=self.limits(), stdout=writing)
        os.close(writing)
        outcome = self.finish()
        assert outcome.code in {0, 3}, outcome
        assert self.is_kept(outcome), outcome
        return outcome

    def dead_workers(self):
        """Kill workers; their work is done again."""
        self.start(extra=("--timeout", 20))
        for _ in range(self.draw.choice((1, 1, 2, 6))):
            end = time.monotonic() + 15
            while not (workers := workers_of(self.child.pid)) and time.monotonic() < end and self.child.poll() is None:
                time.sleep(0.05)
            time.sleep(0.5 * self.draw.random())
            for pid in workers[: self.draw.choice((1, 2))]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        outcome = self.finish()
        assert outcome.code == 3, outcome
        assert self.is_new(), "what was found is lost"
        return outcome

    def a_folder_that_disappears(self):
        """The folder of the output is removed while the command works."""
        gone = self.folder / "gone"
        gone.mkdir()
        arguments = tuple(f"gone/{a}" if a == self.command.out else a for a in self.command.arguments)
        self.command = self.command._replace(arguments=arguments)
        self.start(extra=self.limits())
        time.sleep(self.draw.random())
        shutil.rmtree(gone, ignore_errors=True)
        outcome = self.finish()
        assert outcome.code in {0, 2, 3}, outcome
        assert outcome.code == 2 or gone.exists() is False, outcome
        assert (
            outcome.code == 2 or self.command.name not in {"zones", "certify"} or outcome.err.startswith("error: interrupted")
        ), outcome
        return outcome

    def is_new(self):
        """Tell whether the file was written."""
        return self.target.read_text() != OLD

    def is_kept(self, outcome):
        """Tell whether what was found was written; on a busy machine there may be no time to read the network, or to write."""
        return self.target is None or self.is_new() or "budget of 10 s ran out" in outcome.err

    def check(self, outcome):
        """Check what holds after every run."""
        assert "Traceback" not in outcome.err, outcome
        assert "internal failure" not in outcome.err, outcome
        assert not list(self.folder.rglob("*.part")), "a temporary file is left"
        if self.target is None or not self.target.exists():
            return
        assert self.target.is_symlink() == self.is_link
        if self.is_new():
            self.check_file(outcome)

    def check_file(self, outcome):
        """Check that a file is whole, and says whether it is complete as the exit code does."""
        text = self.target.read_text()
        if self.command.name == "zones":
            document = json.loads(text)
            assert outcome.code in ({0, 2} if document["complete"] else {2, 3}), (document["complete"], outcome)
        elif self.command.name == "certify":
            claim = case_of(self.network, feature(0, 5), Polyhedron.box(-3, 3, dim=self.network.inputs))
            report = check(self.network, [claim], Certificate.load(self.target).lines)
            assert report.verdict == ("valid" if outcome.code == 0 else "incomplete") or outcome.code == 2, (report, outcome)
        elif self.command.name == "view":
            assert text.rstrip().endswith("</html>")
        elif self.command.name == "export":
            assert len({line.count(",") for line in text.splitlines()[:3]}) == 1
        else:
            json.loads(text)


def ways(command):
    """Return the ways in which a command can be stopped."""
    chosen = [Run.signals, Run.signals, Run.signals, Run.a_full_output, Run.a_reader_who_leaves]
    if command.out is not None:
        chosen += [Run.a_full_disk, Run.a_folder_that_disappears]
    return [Run.dead_workers] if command.jobs else chosen


def stops(runs, seed, folder, report=lambda _line: None):
    """Stop commands in so many runs; return the failures, each a line."""
    files = folder / "files"
    files.mkdir()
    make_files(files)
    draw, failures = random.Random(seed), []  # noqa: S311
    for number in range(runs):
        command = COMMANDS[(seed + number) % len(COMMANDS)]
        way = draw.choice(ways(command))
        place = folder / str(number)
        place.mkdir()
        run = Run(command, draw, files, place)
        try:
            outcome = way(run)
            run.check(outcome)
            report(f"{number}: {command.name}, {way.__name__}: exit code {outcome.code}, {outcome.seconds:.1f} s")
        except AssertionError as error:
            failures.append(f"{number}: {command.name}, {way.__name__}: {error}")
            report(f"FAILED {failures[-1]}")
    return failures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        failed = stops(options.runs, options.seed, Path(temporary), report=lambda line: print(line, flush=True))  # noqa: T201
    print(f"{options.runs} runs, {len(failed)} failed")  # noqa: T201
    sys.exit(bool(failed))
