"""What the commands share: arguments, domains, progress, numbers as people read them."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from exactzones.errors import InputError
from exactzones.files import write_atomically
from exactzones.models import load_network
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, feature
from exactzones.rational import text
from exactzones.spec import parse_domain

_LONG = 40  # characters; longer rationals are also shown as a rounded decimal

net_argument = click.argument("net", type=click.Path(path_type=Path))
quiet_option = click.option("--quiet", is_flag=True, help="No progress, no summary.")
json_option = click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="OUT",
    help="Write the answer as JSON; - is standard output, and then nothing else goes there.",
)
STDOUT = Path("-")


_Command = TypeVar("_Command", bound=Callable[..., Any])


def claim_options(*, required: bool = True) -> Callable[[_Command], _Command]:
    """Return what adds the options that name a feature and a domain: ``index``, ``threshold``, ``layer``, ``spec``.

    Args:
        required: ``--feature`` must be given.
    """
    options = (
        click.option("--feature", "index", type=int, required=required, metavar="I", help="Which unit; 0 is the first."),
        click.option("--threshold", default="0", metavar="T", help="Fires where greater than T (exact number)."),
        click.option("--layer", type=int, default=-1, metavar="L", help="Which layer; 0 is the first, default the last."),
        click.option(
            "--domain", "spec", default="all", metavar="SPEC", help='"all" (default), LO:HI for every input, or LO:HI,LO:HI,..'
        ),
    )

    def add(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def read(net: Path, index: int, threshold: str, layer: int, spec: str) -> tuple[Network, Property, Polyhedron | None]:
    """Return the network, the resolved property and the domain that the options name."""
    network = load_network(net)
    prop = feature(index, threshold, layer).resolve(network.widths)
    bounds = parse_domain(spec, network.inputs)
    domain = None if bounds is None else Polyhedron.box(*zip(*bounds, strict=True))
    return network, prop, domain


def check_target(path: Path | None, net: Path, suffixes: Sequence[str] = ()) -> None:
    """Refuse an output file that could not be written, or must not be, before the work rather than after it."""
    if path is None:
        return
    if suffixes and path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: suffix {path.suffix!r} is not known; pictures end in {', '.join(suffixes)}")
    try:
        if path.is_dir() or not path.resolve().parent.is_dir():
            raise InputError(f"{path}: cannot be written: {'it is a folder' if path.is_dir() else 'its folder does not exist'}")
        if path.exists():
            if not path.is_file():  # it would be replaced by one, /dev/null too
                raise InputError(f"{path}: cannot be written: it is not a regular file")
            if path.samefile(net):
                raise InputError(f"{path}: cannot be written: it is the network itself")
        probe = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        probe.open("xb").close()
        probe.unlink()
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def check_distinct(*named: tuple[str, Path | None]) -> None:
    """Refuse files, each with the option that names it, of which two are the same: one would overwrite the other."""
    given = [(option, path) for option, path in named if path is not None]
    for (one, path), (other, same) in itertools.combinations(given, 2):
        if path.resolve() == same.resolve():
            raise InputError(f"{path}: {one} and {other} name the same file")


def check_answer(path: Path | None, net: Path) -> None:
    """Do the same for ``--json``, which may mean standard output."""
    if path != STDOUT:
        check_target(path, net)


def save_answer(answer: dict[str, Any], path: Path | None) -> None:
    """Write an answer as JSON to where ``--json`` says: numbers as exact strings, all of it or nothing."""
    if path is None:
        return
    written = json.dumps({"format": "exactzones/answer", "version": 1, **answer}, indent=1) + "\n"
    if path == STDOUT:
        click.echo(written, nl=False)
    else:
        write_atomically(path, written.encode())


def discard_output() -> None:
    """Send what is still to be printed nowhere: whoever read it has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def shown(value: Fraction) -> str:
    """Write an exact number; a long one as a rounded decimal, marked as such."""
    exact = text(value)
    if len(exact) <= _LONG:
        return exact
    try:
        rounded = f"{float(value):.12g}"
    except OverflowError:
        rounded = f"{exact[:12]}.. ({len(exact)} digits)"
    return f"~{rounded}"


def shown_point(point: Sequence[Fraction]) -> str:
    """Write a point exactly."""
    return f"({', '.join(map(text, point))})"


@contextmanager
def progress(
    *, quiet: bool, doing: str = "looking for zones", counts: str = "{:,} cells visited, {:,} zones found", of: bool = False
) -> Iterator[Callable[[int, int], None] | None]:
    """Show two counts, such as cells visited and zones found, on standard error: live on a terminal, else every ten seconds.

    Args:
        quiet: show nothing.
        doing: what goes on.
        counts: how to say the counts.
        of: the second count is how many there will be of the first: the time that is left is estimated.
    """
    if quiet:
        yield None
        return
    start = last = time.monotonic()

    def said(one: int, other: int, seconds: float) -> str:
        left = f", about {seconds * (other - one) / one:.0f} s left" if of and one else ""
        return f"{counts.format(one, other)}, {seconds:.0f} s{left}"

    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(doing) as status:
            yield lambda one, other: status.update(said(one, other, time.monotonic() - start))
        return

    def plain(one: int, other: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= 10:
            last = now
            click.echo(said(one, other, now - start), err=True)

    yield plain


def table(rows: Sequence[tuple[str, Any]]) -> None:
    """Print label and value in two columns."""
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        click.echo(f"  {label:<{width}}  {value}")
