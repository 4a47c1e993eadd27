"""Stop commands at random moments, in many ways: nothing that was found is lost, no file is torn, the exit code tells the truth.

python tests/stress/stops.py --runs 200 --seed 1

The ways: signals, one or two; full disks (a limit for the size of files, /dev/full); a standard output whose reader has left;
workers that are killed; a folder that disappears.  A command ends within two seconds of a signal.  On a machine that is busy with
other things that is two seconds of its own time, and some more of the clock's.  A short form is in test_stops.py.
"""

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from cli.support import inherited
from stress.commands import COMMANDS, Files, check_written

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OLD = "what was there before\n"
STOPPED_SECONDS = 2.0  # of its own time that each process of a command may take after a signal
PATIENCE = 15  # how many times as long that may be on a machine that is busy with other things; more if it is very busy
SECONDS = 240  # for a command that ends by itself on such a machine
REASONS = ("incomplete: ", "error: interrupted", "error: the budget of ")  # how the words begin that explain exit code 3
TICK = os.sysconf("SC_CLK_TCK")


class Outcome(NamedTuple):
    """How a command ended: its exit code, what it printed, and whether a second signal has cut it short."""

    code: int
    out: str
    err: str
    is_cut: bool = False

    @property
    def has_failed(self):
        """Whether something could not be written, and the command says so."""
        return self.code == 2 and "cannot be written: " in self.err

    @property
    def is_told(self):
        """Whether the command says that it has not finished."""
        return any(line.startswith(REASONS) for line in self.err.splitlines())


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


def seconds_used(pids):
    """Return the seconds that processes have used, and their children that have ended."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        except OSError:  # it has ended
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICK


def seconds_of_the_past():
    """Return the seconds that all commands have used that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Run:
    """One run of a command in a folder of its own, to be stopped."""

    seconds = 10.0  # for commands that would go on for long

    def __init__(self, command, draw, files, folder):
        self.command, self.draw, self.files, self.folder = command, draw, files, folder
        files.copy_to(folder)
        self.target = folder / command.out if command.out else None
        self.is_file = self.target is not None and self.target.suffix != ""
        self.is_link = self.is_file and draw.random() < 0.3
        if self.is_file:
            (folder / "linked" if self.is_link else self.target).write_text(OLD)
            if self.is_link:
                self.target.symlink_to("linked")

    def start(self, *, limit=None, seconds=None, **streams):
        """Start the command; ``seconds`` are for those that would go on for long."""
        extra = ("--timeout", seconds) if seconds and self.command.is_long else ()
        arguments = [sys.executable, "-m", "exactzones", *map(str, (*self.command.arguments, *extra))]
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        environment = os.environ | {"PYTHONPATH": paths}
        self.past = seconds_of_the_past()
        with inherited(signal.SIG_DFL):
            self.child = subprocess.Popen(arguments, cwd=self.folder, env=environment, text=True, **options)  # noqa: S603
        if limit is not None:  # long before it has anything to write
            resource.prlimit(self.child.pid, resource.RLIMIT_FSIZE, (limit, limit))
        while not is_watching(self.child.pid) and self.child.poll() is None:
            time.sleep(0.002)

    def finish(self, seconds=SECONDS):
        """Wait for the end; return how it ended."""
        try:
            out, err = self.child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise AssertionError(f"it did not end within {seconds} s") from None
        return Outcome(self.child.returncode, out or "", err)

    def signals(self):
        """Send a signal at a random moment, sometimes a second one."""
        self.start()
        time.sleep(self.draw.choice((0.03, 0.2, 0.6)) * self.seconds * self.draw.random())
        before = self.send_signal()
        is_cut = self.draw.random() < 0.25
        if is_cut:
            time.sleep(0.15 + 0.5 * self.draw.random())
            self.send_signal()
        processes = os.getloadavg()[0] / (os.cpu_count() or 1)  # that share a core
        outcome = self.finish(max(PATIENCE, 4 * processes) * STOPPED_SECONDS)._replace(is_cut=is_cut)
        used = seconds_of_the_past() - self.past - before
        assert used <= STOPPED_SECONDS * (3 if self.command.jobs else 1), f"it took {used:.2f} s after the signal"
        assert outcome.code in {0, 3}, outcome
        if self.target is not None and outcome.err.startswith("incomplete: interrupted"):
            assert self.is_new() or self.is_left_out(outcome), "what was found is lost"
        return outcome

    def send_signal(self):
        """Send a signal; return the seconds that the command and its workers had used by then."""
        used = seconds_used([self.child.pid, *workers_of(self.child.pid)])
        self.child.send_signal(self.draw.choice(SIGNALS))
        return used

    def a_full_disk(self):
        """Limit the size of files: writes fail with a part written."""
        self.start(limit=self.draw.choice((0, 1, 100, 5000)), seconds=self.seconds)
        outcome = self.finish()
        assert outcome.code in {0, 2, 3}, outcome
        assert outcome.has_failed == (outcome.code == 2), outcome
        assert self.is_new() or outcome.has_failed or self.is_left_out(outcome), outcome
        return outcome

    def a_full_output(self):
        """Standard output is full: the words go to standard error, the files are written."""
        with Path("/dev/full").open("w") as full:
            self.start(seconds=self.seconds, stdout=full)
            outcome = self.finish()
        if outcome.err.startswith("error: the budget of "):  # there was no time to read the network, and nothing to print
            return outcome
        assert outcome.code == 2, outcome
        assert "standard output cannot be written" in outcome.err, outcome
        assert len(outcome.err.splitlines()) > 1, "the summary is lost"
        assert self.is_new() or self.is_left_out(outcome), outcome
        return outcome

    def a_reader_who_leaves(self):
        """The reader has closed the pipe: nobody misses the words."""
        reading, writing = os.pipe()
        os.close(reading)
        self.start(seconds=self.seconds, stdout=writing)
        os.close(writing)
        outcome = self.finish()
        assert outcome.code in {0, 3}, outcome
        assert self.is_new() or self.is_left_out(outcome), outcome
        return outcome

    def dead_workers(self):
        """Kill workers; their work is done again."""
        self.start(seconds=2 * self.seconds)
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
        assert self.is_new() or self.is_left_out(outcome), "what was found is lost"
        return outcome

    def a_folder_that_disappears(self):
        """The folder of the output is removed while the command works."""
        gone = self.folder / "gone"
        gone.mkdir()
        arguments = tuple(f"gone/{a}" if a == self.command.out else a for a in self.command.arguments)
        self.command = self.command._replace(arguments=arguments)
        self.start(seconds=self.seconds)
        time.sleep(self.draw.random())
        was_running = self.child.poll() is None
        shutil.rmtree(gone, ignore_errors=True)
        self.target = None  # a store makes its folder again
        outcome = self.finish()
        assert outcome.code in {0, 2, 3}, outcome
        assert outcome.has_failed == (outcome.code == 2), outcome
        assert outcome.code == 2 or not was_running or gone.exists() or self.is_left_out(outcome), outcome
        return outcome

    def is_new(self):
        """Tell whether the file was written, or the folder begun."""
        if self.target is None:
            return True
        return self.target.read_text() != OLD if self.is_file else self.target.is_dir()

    def is_left_out(self, outcome):
        """Tell whether the command says that it had no time to write a file, or none to read the question on a busy machine."""
        if any(line.startswith("error: the budget of ") for line in outcome.err.splitlines()):
            return not outcome.out
        return f"there was no time for: {self.command.out}" in outcome.err

    def check(self, outcome):
        """Check what holds after every run."""
        assert "Traceback" not in outcome.err, outcome
        assert "internal failure" not in outcome.err, outcome
        assert not list(self.folder.rglob("*.part")), "a temporary file is left"
        assert outcome.is_cut or outcome.code == 2 or (outcome.code == 3) == outcome.is_told, outcome
        if self.command.name == "verify" and outcome.out:
            assert (outcome.out.split()[0] in {"sat", "unsat"}) == (outcome.code == 0), outcome
        if self.target is None or not self.target.exists():
            return
        assert self.target.is_symlink() == self.is_link
        if self.is_new():
            check_written(self.command, outcome, self.target, self.files)


def ways(command):
    """Return the ways in which a command can be stopped."""
    if command.jobs:
        return [Run.dead_workers, Run.dead_workers, Run.signals]
    chosen = [Run.signals, Run.signals, Run.signals, Run.a_full_output, Run.a_reader_who_leaves]
    return [*chosen, Run.a_full_disk, Run.a_folder_that_disappears] if command.out else chosen


def stops(numbers, seed, folder, report=lambda _line: None):
    """Stop the commands of these numbers; return the failures, each a line."""
    files, failures = Files(folder / "files"), []
    for number in numbers:
        draw = random.Random(f"{seed} {number}")  # noqa: S311
        command = COMMANDS[number % len(COMMANDS)]
        way = draw.choice(ways(command))
        place = folder / str(number)
        place.mkdir()
        run = Run(command, draw, files, place)
        told = f"{number}: {' '.join(map(str, command.arguments[:2]))}, {way.__name__}"
        try:
            outcome = way(run)
            run.check(outcome)
            report(f"{told}: exit code {outcome.code}")
        except AssertionError as error:
            failures.append(f"{told}: {error}")
            report(f"FAILED {failures[-1]}")
        shutil.rmtree(place, ignore_errors=True)
    return failures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        failed = stops(range(options.runs), options.seed, Path(temporary), report=lambda line: print(line, flush=True))  # noqa: T201
    print(f"{options.runs} runs, {len(failed)} failed")  # noqa: T201
    sys.exit(bool(failed))
