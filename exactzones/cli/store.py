"""``exactzones store``, which looks into a store of zones, exports it and checks it; and ``zones --store``, which writes one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from exactzones.cli.command import Command
from exactzones.cli.options import Question, ReportOptions, path_option, report_options, timeout_option
from exactzones.cli.outputs import (
    Deliveries,
    check_answer_target,
    check_target,
    exact_option,
    is_text_wanted,
    print_table,
    progress,
    value_text,
)
from exactzones.cli.search import CellCounter, SearchOptions, running
from exactzones.cli.stopping import stop
from exactzones.errors import BudgetExceeded, InputError
from exactzones.store import ENGINES, ZoneStore, export, store_zones
from exactzones.zones import Budget

_SAMPLES = 20  # zones that ``check`` computes exactly
_WHOLE_CHECK = "the whole check"
_SEARCH_SHARE = 0.9  # of the time; the rest is for the last chunk and the summary


@click.command(cls=Command)
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("action", type=click.Choice(["info", "export", "check"]))
@path_option("--out", metavar="OUT", help="export: the file to write, .json, .json.gz, .csv, .graphml, ..; see zones --export.")
@timeout_option
@exact_option
@report_options
def store(directory: Path, action: str, out: Path | None, timeout: float | None, report: ReportOptions) -> int:
    """Look into a store of zones, which exactzones zones --store writes.

    info describes it.  export writes its zones to a file for other programs.  check compares every file with its hash in the
    manifest, and computes some zones exactly.

    \b
    exactzones store DIR info
    exactzones store DIR export --out zones.json.gz
    exactzones store DIR check
    """
    if (action == "export") != (out is not None):
        raise InputError("--out names the file that export writes" if out else "export needs --out, the file to write")
    stop.start(timeout)
    opened = ZoneStore.open(directory)
    check_answer_target(report.json_path, directory / "manifest.json")
    deliveries = Deliveries()
    if out is not None:
        check_target(out, directory / "manifest.json")
        deliveries.deliver(out, partial(export, opened, out))
    damages, is_checked = _checked(opened) if action == "check" else ([], False)
    deliveries.deliver_answer(_answer(opened) | {"checked": is_checked, "damages": damages}, report.json_path)
    for line in () if report.quiet else opened.remarks():
        click.echo(f"note: {line}", err=True)
    for line in damages:
        click.echo(f"error: {line}", err=True)
    if not report.quiet and is_text_wanted(report.json_path):
        if action == "info":
            _print_store(opened)
        if is_checked and not damages:
            click.echo(f"all files of {directory} are as they were written")
        for path in deliveries.written:
            click.echo(f"wrote {path}")
    code = deliveries.exit_code(0)
    return 1 if damages and code != 2 else code


def _answer(opened: ZoneStore) -> dict[str, Any]:
    """Return what describes a store in JSON."""
    return {
        "command": "store",
        "zones": len(opened),
        "complete": opened.complete,
        "islands": opened.manifest.islands,
        "question": opened.manifest.question,
    }


def _checked(opened: ZoneStore) -> tuple[list[str], bool]:
    """Return what is wrong with a store, and whether there was time for the whole check."""
    damages: list[str] = []
    stop.attempt(_WHOLE_CHECK, lambda: damages.extend(_damages(opened)))
    return damages, _WHOLE_CHECK not in stop.left_out


def _damages(opened: ZoneStore) -> Iterator[str]:
    """Yield the files that were changed or, if there are none, zones in which the property does not fire."""
    is_changed = False
    for damage in opened.damages():
        is_changed = True
        yield damage
    for k in () if is_changed else range(0, len(opened), max(1, len(opened) // _SAMPLES)):
        zone = opened[k]
        if not (zone.can_fire and zone.fires(zone.sample)):
            yield f"{opened.directory}: zone {k} is not a zone of the property"


def _print_store(opened: ZoneStore) -> None:
    manifest = opened.manifest
    rows = [
        ("property", str(opened.prop)),
        ("zones", _count_text(opened)),
        ("islands", "not known yet" if manifest.islands is None else f"{manifest.islands:,}"),
        ("files", f"{len(manifest.chunks) + len(manifest.links)} for zones and neighbours"),
        ("size", f"{sum(path.stat().st_size for path in opened.directory.iterdir()):,} bytes"),
        ("written by", ", ".join(f"{name} {version}" for name, version in manifest.versions.items())),
    ]
    print_table(rows)


def _count_text(opened: ZoneStore) -> str:
    return f"{len(opened):,}{'' if opened.complete else ' so far: the store is not complete'}"


def require_engine(search: SearchOptions) -> None:
    """Refuse an engine whose zones a store does not keep.

    Raises:
        InputError: the engine is such a one.
    """
    if search.engine not in ("auto", *ENGINES):
        raise InputError(f"--store does not work with --engine {search.engine}; choose forward or inequalities")


def write_store(question: Question, search: SearchOptions, directory: Path, *, resume: bool, quiet: bool) -> int:
    """Write the zones of a question to a store, or go on with it; print a summary; return the exit code."""
    require_engine(search)
    counter, start, status = CellCounter(), time.monotonic(), 0
    until = stop.deadline.part(_SEARCH_SHARE)
    try:
        with running(search) as executor, progress(quiet=quiet) as counter.report, stop.step(until):
            budget = Budget(search.max_zones, until)
            written = store_zones(
                *question,
                directory=directory,
                resume=resume,
                engine=search.engine,
                budget=budget,
                executor=executor,
                progress=counter,
            )
    except BudgetExceeded as stopped:
        written, status = stopped.found, 3
        click.echo(f"incomplete: {stopped.reason}; --resume goes on", err=True)
    if not quiet:
        for line in written.remarks() if not status else ():
            click.echo(f"note: {line}", err=True)
        rows = [("zones", _count_text(written)), ("cells visited", f"{counter.cells:,}")]
        if written.manifest.islands is not None:
            rows.append(("islands", f"{written.manifest.islands:,}"))
            largest = stop.attempt("largest value", lambda: written.maximum)
            if largest is not None and largest.value is not None:
                rows.append(("largest value", value_text(largest.value, largest.point, attained=largest.attained)))
        print_table([*rows, ("time", f"{time.monotonic() - start:.2f} s")])
        click.echo(f"wrote {directory}")
    return Deliveries().exit_code(status)
