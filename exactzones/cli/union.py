"""``exactzones zones`` of a property with several cases, joined by or: the union of their zones."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import rich_click as click

from exactzones.affine import AffineMap
from exactzones.cli.options import ReportOptions, UnionQuestion
from exactzones.cli.outputs import STDOUT, Deliveries, is_text_wanted, point_text, print_table, progress
from exactzones.cli.search import CellCounter, SearchOptions, embedding_text, running
from exactzones.cli.stopping import stop
from exactzones.cli.streams import print_document
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded
from exactzones.formats.union_json import save_union, union_to_json
from exactzones.notation import counted
from exactzones.zones import ZoneUnion, find_union

_SEARCH_SHARE = 0.75  # of the time; the rest is for writing


def list_union(
    question: UnionQuestion, embedding: AffineMap | None, where: str, search: SearchOptions, report: ReportOptions
) -> int:
    """List the zones of a property with several cases; return the exit code.

    Args:
        question: on the free inputs.
        embedding: the map from them to all inputs, if the domain fixes some.
        where: the domain in words.
        search: how to search.
        report: where the answer goes.
    """
    start, deliveries = time.monotonic(), Deliveries()
    union, cells = _find(question, search, stop.deadline.part(_SEARCH_SHARE), quiet=report.quiet)
    _write_json(union, report.json_path, deliveries)
    if not report.quiet and is_text_wanted(report.json_path):
        click.echo(f"{union.prop} on {where}")
        if embedding is not None:
            click.echo(embedding_text(embedding))
        print_table([*_rows(union, cells), ("time", f"{time.monotonic() - start:.2f} s")])
        for path in deliveries.written:
            click.echo(f"wrote {path}")
    return deliveries.exit_code(0 if union.complete else 3)


def _find(question: UnionQuestion, search: SearchOptions, until: Deadline, *, quiet: bool) -> tuple[ZoneUnion, int]:
    """Find the zones, and count the cells; if the budget runs out, say so and return the zones found so far."""
    counter = CellCounter()
    settings: dict[str, Any] = {"engine": search.engine, "seconds": until, "max_zones": search.max_zones, "progress": counter}
    try:
        with running(search) as executor, progress(quiet=quiet) as counter.report, stop.step(until):
            return find_union(*question, executor=executor, **settings), counter.cells
    except BudgetExceeded as stopped:
        click.echo(f"incomplete: {stopped.reason}", err=True)
        found: ZoneUnion = stopped.found
        return found, counter.cells


def _write_json(union: ZoneUnion, path: Path | None, deliveries: Deliveries) -> None:
    if path == STDOUT:
        print_document((json.dumps(union_to_json(union), indent=1) + "\n").encode())
    elif path is not None:
        deliveries.deliver(path, lambda: save_union(union, path))


def _rows(union: ZoneUnion, cells: int) -> list[tuple[str, Any]]:
    """Return the rows of the summary: how many zones there are, of which cases, and a point at which one holds."""
    if len(union):
        count = f"{len(union)}{'' if union.complete else ' found so far: the list is not complete'}"
    else:
        count = "none: no case can hold on this domain" if union.complete else "none found before the budget ran out"
    rows: list[tuple[str, Any]] = [("zones", count), ("cells visited", f"{cells:,}")]
    for k, case in enumerate(union.prop.cases[: len(union.lists)]):
        rows.append((f"case {k}", f"{counted(len(union.lists[k]), 'zone')}: {case}"))
    if len(union):
        rows.append(("witness", f"{point_text(union[0].sample)} of case {union[0].cases[0]}"))
    return rows
