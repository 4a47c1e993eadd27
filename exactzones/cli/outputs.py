"""What commands write: files, JSON answers, progress, and tables with numbers as people read them."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from exactzones.cli.stopping import stop
from exactzones.cli.streams import print_document, stdout_failed
from exactzones.errors import InputError, WriteError
from exactzones.files import scratch_beside, unreadable, write_atomically
from exactzones.notation import exactly, number
from exactzones.notation import point as point_text

STDOUT = Path("-")
_REPORT_SECONDS = 10  # between two lines of progress where standard error is not a terminal
_ATTAINED = {True: "", False: ", not attained", None: ", perhaps not attained"}


def _write_exactly(context: click.Context, _parameter: click.Parameter, wanted: Any) -> None:
    """Write numbers exactly until the command ends: the callback of ``--exact``."""
    if wanted:
        context.with_resource(exactly())


exact_option = click.option(
    "--exact",
    is_flag=True,
    expose_value=False,
    callback=_write_exactly,
    help="Print numbers and points in full; by default long ones are decimals such as ~13.0883.  JSON is always exact.",
)


def check_target(path: Path | None, net: Path, suffixes: Sequence[str] = (), *, what: str = "files") -> None:
    """Refuse an output file that cannot or must not be written, before the work rather than after it.

    Args:
        path: of the file; None if there is none to write.
        net: the network's file, which the other one must not replace.
        suffixes: those that the file may have; any, if there are none.
        what: what such files are, as a message names them.
    """
    if path is None:
        return
    if suffixes and path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: suffix {path.suffix!r} is not known; {what} end in {', '.join(suffixes)}")
    try:
        if path.is_dir() or not path.resolve().parent.is_dir():
            raise InputError(f"{path}: cannot be written: {'it is a folder' if path.is_dir() else 'its folder does not exist'}")
        if path.exists():
            if not path.is_file():  # writing replaces the path by a file, even /dev/null
                raise InputError(f"{path}: cannot be written: it is not a regular file")
            if path.samefile(net):
                raise InputError(f"{path}: cannot be written: it is the network itself")
        with scratch_beside(path) as probe:
            probe.open("xb").close()
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def check_answer_target(path: Path | None, net: Path) -> None:
    """Do the same for ``--json``, which may mean standard output."""
    if path != STDOUT:
        check_target(path, net)


def check_distinct(*named: tuple[str, Path | None]) -> None:
    """Refuse two options that name the same file: one would overwrite the other.

    Args:
        named: pairs of an option and its file, or None where the option is absent.
    """
    present = [(option, path) for option, path in named if path is not None]
    for (option, path), (other_option, other_path) in itertools.combinations(present, 2):
        if path.resolve() == other_path.resolve():
            raise InputError(f"{path}: {option} and {other_option} name the same file")


def require_file(path: Path) -> Path:
    """Return the path of a file that exists."""
    if problem := unreadable(path):
        raise InputError(f"{path}: {problem}")
    return path


def is_text_wanted(json_path: Path | None) -> bool:
    """Tell whether a command prints text: not where JSON is printed, unless that failed."""
    return json_path != STDOUT or stdout_failed()


class Deliveries:
    """Delivers the parts of an answer, each on its own: one that fails, or for which there is no time, loses no other.

    Attributes:
        written: the files that were written.
        failures: messages about those that could not be.
    """

    def __init__(self) -> None:
        self.written: list[Path] = []
        self.failures: list[str] = []

    def deliver(self, path: Path, write: Callable[[], None]) -> bool:
        """Write a file in a step of its own, if there is time for it; return whether it was written."""
        before = len(stop.left_out)
        try:
            stop.attempt(str(path), write, writes=True)
        except WriteError as error:
            self.failures.append(str(error))
            return False
        is_written = len(stop.left_out) == before
        if is_written and path not in self.written:
            self.written.append(path)
        return is_written

    def deliver_answer(self, answer: dict[str, Any], path: Path | None) -> None:
        """Write an answer to the target of ``--json``, in full or not at all; exact numbers are strings."""
        if path is None:
            return
        document = (json.dumps({"format": "exactzones/answer", "version": 1, **answer}, indent=1) + "\n").encode()
        if path == STDOUT:
            print_document(document)
            return
        try:
            write_atomically(path, document)
        except WriteError as error:
            self.failures.append(str(error))

    def exit_code(self, code: int) -> int:
        """Report on standard error what is missing, and return the exit code that says so, or else ``code``."""
        if stop.left_out:
            click.echo(f"incomplete: there was no time for: {', '.join(stop.left_out)}", err=True)
            code = 3
        for failure in self.failures:
            click.echo(f"error: {failure}", err=True)
            code = 2
        return code


def value_text(value: Fraction, point: Sequence[Fraction], *, attained: bool | None) -> str:
    """Return a largest value with its place, and whether it is attained there or only approached."""
    return f"{number(value)} at {point_text(point)}{_ATTAINED[attained]}"


def print_table(rows: Sequence[tuple[str, Any]]) -> None:
    """Print labels and values in two columns."""
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        click.echo(f"  {label:<{width}}  {value}")


@contextmanager
def progress(
    *,
    quiet: bool,
    activity: str = "looking for zones",
    counts: str = "{:,} cells visited, {:,} zones found",
    of_total: bool = False,
) -> Iterator[Callable[[Any, Any], None] | None]:
    """Return a callback that shows two counts, or what else ``counts`` formats, on standard error.

    On a terminal it is live, else it is every ten seconds.

    Args:
        quiet: show nothing; the callback is None.
        activity: what the command is doing.
        counts: a format string for the two.
        of_total: the second count is the total of the first; the remaining time is then estimated.
    """
    if quiet:
        yield None
        return
    start = last = time.monotonic()

    def line(done: Any, other: Any, seconds: float) -> str:
        left = f", about {seconds * (other - done) / done:.0f} s left" if of_total and done else ""
        return f"{counts.format(done, other)}, {seconds:.0f} s{left}"

    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(activity) as status:
            yield lambda done, other: status.update(line(done, other, time.monotonic() - start))
        return

    def print_now_and_then(done: Any, other: Any) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _REPORT_SECONDS:
            last = now
            click.echo(line(done, other, now - start), err=True)

    yield print_now_and_then
