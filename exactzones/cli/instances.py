"""``exactzones certify --instances``: decide many instances, each in a process of its own, and keep a table of the results."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import click

from exactzones.cli.command import Command
from exactzones.cli.options import arithmetic_option, path_option, quiet_option, refuse_nan
from exactzones.cli.outputs import print_table
from exactzones.cli.stopping import stop
from exactzones.cli.workers import jobs_option
from exactzones.errors import FormatError, InputError
from exactzones.files import make_folder, naming, read_unpacked, write_atomically
from exactzones.rational.float_formats import FloatArithmetic

TABLE = "results.csv"
_MAX_FILE = 2**24
_GRACE_SECONDS = 10  # beyond its time limit, until a process is ended
_POLL_SECONDS = 0.05
_LIMIT_REACHED = 3  # the exit code that says so
_ENDED_SECONDS = 2.0  # for processes to end after they are asked to


@dataclass(frozen=True)
class Instance:
    """A line of the table of instances; the paths are as they are written there."""

    network: str
    property: str
    timeout: str
    arithmetic: str

    def key(self) -> tuple[str, str]:
        """Return what tells it from other instances."""
        return self.network, self.property

    def is_done(self, earlier: Result | None) -> bool:
        """Tell whether an earlier result stands: one that is a verdict, or the same time limit was not enough for."""
        return earlier is not None and (earlier.verdict in ("sat", "unsat") or earlier.timeout == self.timeout)

    def command(self, kind: str, folder: Path, certificate: Path) -> list[str]:
        """Return the command line that certifies it, or checks its certificate."""
        files = [str(_file(folder, self.network)), *([str(certificate)] if kind == "check" else [])]
        claim = ["--property", str(_file(folder, self.property)), "--arithmetic", self.arithmetic]
        return [sys.executable, "-m", "exactzones", kind, *files, *claim, "--json", "-"]


@dataclass(frozen=True)
class Result:
    """A row of the table of results.

    Attributes:
        network, property, timeout, arithmetic: of the instance.
        verdict: sat, unsat, undecided or error.
        seconds: what the decision took, on the wall.
        certificate: name of the file in the folder; "" if there is none.
        check: what the checker says of the certificate: valid, or what is wrong; "" if there is no verdict.
        message: why there is no verdict.
    """

    network: str
    property: str
    timeout: str
    arithmetic: str
    verdict: str
    seconds: str
    certificate: str
    check: str
    message: str


_COLUMNS = [field.name for field in fields(Result)]


@click.command(cls=Command)
@path_option("--instances", "table", required=True, metavar="CSV", help="A line NETWORK,PROPERTY[,SECONDS] for each instance.")
@path_option("--out", "folder", required=True, metavar="DIR", help="The folder for results.csv and the certificates.")
@click.option("--resume", is_flag=True, help="Go on with the table in DIR, or begin it.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    callback=refuse_nan,
    metavar="S",
    help="The most seconds for an instance; without it those of its line, or no limit.",
)
@arithmetic_option
@jobs_option
@quiet_option
def certify_instances(
    table: Path, folder: Path, timeout: float | None, arithmetic: str, jobs: int, *, resume: bool, quiet: bool
) -> int:
    """Decide the instances of a table, N of them at a time, and check the certificates.

    The table is that of VNN-COMP: paths of a model and of a VNN-LIB property, relative to the table's folder, and a time limit.
    DIR/results.csv has a row for each instance that is done, so that after an interruption --resume goes on with the others,
    and with those that are undecided if their time limit is another one now.
    The exit code is 0 if every instance has a verdict and a valid certificate, 1 if a certificate is invalid, 2 if an instance
    cannot be read, 3 if one is undecided or the run was interrupted.

    \b
    exactzones certify --instances instances.csv --out results --jobs 4 --timeout 60
    exactzones certify --instances instances.csv --out results --resume
    exactzones certify --instances instances.csv --out in_float32 --arithmetic float32
    """
    stop.start(None)
    FloatArithmetic.of(arithmetic)  # that refuses what is none
    instances = _read_instances(table, timeout, arithmetic)
    earlier = _earlier(folder, arithmetic, resume=resume)
    run = _Run(
        table.parent, folder, quiet, {each: earlier[each.key()] for each in instances if each.is_done(earlier.get(each.key()))}
    )
    try:
        with stop.step():
            run.all(instances, jobs)
    except KeyboardInterrupt:
        click.echo(f"incomplete: {stop.deadline.reason} after {len(run.results)} of {len(instances)} instances", err=True)
    finally:
        run.end_processes()
    run.write(instances)
    if not quiet:
        verdicts = [result.verdict for result in run.results.values()]
        print_table([(verdict, str(verdicts.count(verdict))) for verdict in ("sat", "unsat", "undecided", "error")])
        click.echo(f"wrote {folder / TABLE}")
    return run.exit_code(len(instances))


def _read_instances(table: Path, timeout: float | None, arithmetic: str) -> list[Instance]:
    """Return the lines of a table of instances, each once, with the time limit that holds for it."""
    with naming(table):
        text = read_unpacked(table, _MAX_FILE).decode("utf-8-sig", "replace")
        instances = []
        for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if len(cells) not in (2, 3) or not all(cells):
                raise FormatError(f"line {number} is not of the form NETWORK,PROPERTY or NETWORK,PROPERTY,SECONDS")
            try:
                own = [float(cell) for cell in cells[2:]]
            except ValueError:
                raise FormatError(f"line {number}: {cells[2]!r} is not a number of seconds") from None
            limits = [limit for limit in (*own, timeout) if limit is not None]
            if not all(limit > 0 for limit in limits):
                raise FormatError(f"line {number}: a time limit of {cells[2]} s; expected a positive number")
            instances.append(Instance(cells[0], cells[1], f"{min(limits):g}" if limits else "", arithmetic))
        if not instances:
            raise FormatError("the table has no instances; expected lines NETWORK,PROPERTY,SECONDS")
        return list({instance.key(): instance for instance in instances}.values())


def _earlier(folder: Path, arithmetic: str, *, resume: bool) -> dict[tuple[str, str], Result]:
    """Make the folder, and return the results of an earlier run in it."""
    path = folder / TABLE
    make_folder(folder)
    if not path.exists():
        return {}
    if not resume:
        raise InputError(f"{path} has the results of an earlier run; write --resume to go on with it, or another --out")
    with naming(path):
        rows = list(csv.reader(io.StringIO(read_unpacked(path, _MAX_FILE).decode("utf-8", "replace"))))
        if not rows or rows[0] != _COLUMNS or any(len(row) != len(_COLUMNS) for row in rows):
            raise FormatError(f"it is not a table of results, whose columns are {', '.join(_COLUMNS)}")
        results = [Result(*row) for row in rows[1:]]
        for result in results:
            if result.arithmetic != arithmetic:
                raise InputError(f"its verdicts are about {result.arithmetic} arithmetic, not {arithmetic}; write another --out")
        return {(result.network, result.property): result for result in results}


def _file(folder: Path, name: str) -> Path:
    """Return a file of the table, which may have been compressed since."""
    path = folder / name
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() and not path.is_file() else path


class _Run:
    """Runs processes, and keeps the results of those that are done.

    Attributes:
        results: by instance.
    """

    def __init__(self, inputs: Path, folder: Path, quiet: bool, results: dict[Instance, Result]) -> None:
        self._inputs, self._folder, self._quiet = inputs, folder, quiet
        self.results = results
        self._running: dict[Instance, _Process] = {}

    def all(self, instances: Sequence[Instance], jobs: int) -> None:
        """Decide all instances that have no result, so many at a time."""
        queue = [instance for instance in reversed(instances) if instance not in self.results]
        while queue or self._running:
            while queue and len(self._running) < jobs:
                instance = queue.pop()
                certificate = self._folder / f"{instances.index(instance)}.json.gz"
                self._running[instance] = _Process(instance, self._inputs, certificate)
            for instance, process in list(self._running.items()):
                result = process.result()
                if result is not None:
                    self.results[instance] = result
                    del self._running[instance]
                    self.write(instances)
                    if not self._quiet:
                        click.echo(f"{len(self.results)}/{len(instances)}  {', '.join(astuple(result)[:6])}", err=True)
            time.sleep(_POLL_SECONDS)

    def write(self, instances: Sequence[Instance]) -> None:
        """Write the table, in the order of the instances."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(_COLUMNS)
        rows.writerows(astuple(self.results[instance]) for instance in instances if instance in self.results)
        write_atomically(self._folder / TABLE, text.getvalue().encode())

    def end_processes(self) -> None:
        """End the processes that still run."""
        for process in self._running.values():
            process.end()

    def exit_code(self, count: int) -> int:
        """Return the exit code for so many instances."""
        results = self.results.values()
        if any(result.check not in ("", "valid") for result in results):
            return 1
        if any(result.verdict == "error" for result in results):
            return 2
        return 3 if len(results) < count or any(result.verdict not in ("sat", "unsat") for result in results) else 0


class _Process:
    """Decides one instance, then checks the certificate."""

    def __init__(self, instance: Instance, inputs: Path, certificate: Path) -> None:
        self._instance, self._inputs, self._certificate = instance, inputs, certificate
        limit = ["--timeout", instance.timeout] if instance.timeout else []
        self._decided: tuple[str, float] | None = None  # the verdict and the seconds
        self._start("certify", "--out", str(certificate), "--quiet", *limit)

    def _start(self, kind: str, *options: str) -> None:
        self._began = time.monotonic()
        command = [*self._instance.command(kind, self._inputs, self._certificate), *options]
        out, err = self._streams = TemporaryFile(), TemporaryFile()  # noqa: SIM115  for a pipe might fill up
        self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)  # noqa: S603

    def result(self) -> Result | None:
        """Return the result if there is one yet."""
        seconds = time.monotonic() - self._began
        if self._child.poll() is None:
            limit = float(self._instance.timeout) + _GRACE_SECONDS if self._instance.timeout and self._decided is None else None
            if limit is not None and seconds > limit:
                self.end()
                return self._row("undecided", seconds, message="it did not end in time, and was ended")
            return None
        out, err = map(_text, self._streams)
        answer = _answer(out)
        message = next(iter(err.splitlines()), f"exit code {self._child.returncode}")
        if self._decided is not None:
            check = answer.get("verdict", message)
            return self._row(*self._decided, check=check if check == "valid" else f"{check}: {answer.get('reason', message)}")
        verdict = answer.get("verdict", "undecided" if self._child.returncode == _LIMIT_REACHED else "error")
        if verdict in ("sat", "unsat"):
            self._decided = verdict, seconds
            self._start("check")
            return None
        return self._row(verdict, seconds, message=answer.get("reason", message))

    def _row(self, verdict: str, seconds: float, *, check: str = "", message: str = "") -> Result:
        name = self._certificate.name if self._certificate.is_file() and verdict != "error" else ""
        of = self._instance
        return Result(of.network, of.property, of.timeout, of.arithmetic, verdict, f"{seconds:.3f}", name, check, message)

    def end(self) -> None:
        """End the process, first kindly."""
        self._child.terminate()
        try:
            self._child.wait(timeout=_ENDED_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def _text(stream: IO[bytes]) -> str:
    """Return what was written to a file, and close it."""
    with stream:
        stream.seek(0)
        return stream.read().decode(errors="replace")


def _answer(text: str) -> dict[str, Any]:
    """Return the answer that a process printed; an empty one if it did not."""
    try:
        answer: dict[str, Any] = json.loads(text)
    except ValueError:
        return {}
    return answer
