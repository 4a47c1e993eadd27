"""The search for zones as the commands ``zones`` and ``view`` run it: with a budget, progress and worker processes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import click

from exactzones.affine import AffineMap
from exactzones.cli.options import Question, UnionQuestion, gathered, max_zones_option, timeout_option
from exactzones.cli.outputs import Deliveries, progress
from exactzones.cli.stopping import stop
from exactzones.cli.workers import dask_option, jobs_option, workers
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, InputError
from exactzones.notation import counted, number
from exactzones.zones import ENGINES, Zone, Zones, ZoneUnion, find_union, find_zones

_Listed = TypeVar("_Listed", Zones, ZoneUnion)
_TRIED_ZONES = 64  # in the first file that is written
_GROWTH = 8  # how many times as many are in the next one, at most
_FIXED = 12  # inputs that a slice fixes, as printed
_WRITING_SHARE = 0.6  # of the time left that a file may take, as measured
_SEARCH_SHARE = 0.75  # of the time; the rest is for what follows from the zones, and for writing
_SEARCH_SHARE_BEFORE_FILES = 0.4  # the same if pictures, pages, exports or proofs are written


@dataclass(frozen=True)
class Listing(Generic[_Listed]):
    """The zones that a search found, and what the search cost.

    Attributes:
        zones: all zones, or those found before the budget ran out (see ``Zones.complete``).
        cells: number of activation regions visited.
        seconds: wall-clock time.
    """

    zones: _Listed
    cells: int
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 if the list is complete, else 3."""
        return 0 if self.zones.complete else 3

    @property
    def count_text(self) -> str:
        """The number of zones in words: what it means if it is 0, or if the list is incomplete."""
        if len(self.zones):
            return f"{len(self.zones)}{'' if self.zones.complete else ' found so far: the list is not complete'}"
        if not self.zones.complete:
            return "none found so far: the list is not complete"
        what = "no case can hold" if isinstance(self.zones, ZoneUnion) else "the feature cannot fire"
        return f"none: {what} on this domain"


@dataclass(frozen=True)
class BudgetOptions:
    """The options that limit a search."""

    max_zones: int | None
    timeout: float | None


@dataclass(frozen=True)
class SearchOptions:
    """The options that say how zones are found."""

    engine: str
    max_zones: int | None
    timeout: float | None
    jobs: int
    dask: str | None


budget_options = gathered("limits", BudgetOptions, max_zones_option, timeout_option)
search_options = gathered(
    "search",
    SearchOptions,
    click.option(
        "--engine",
        type=click.Choice(ENGINES),
        default=ENGINES[0],
        show_default=True,
        help="The algorithm: forward enumerates activation regions by their vertices, inequalities without, for many inputs; "
        "backward pulls the feature back through the layers; auto chooses by the number of inputs.",
    ),
    max_zones_option,
    timeout_option,
    jobs_option,
    dask_option,
)


class CellCounter:
    """Passes progress on to a callback and remembers the number of cells visited."""

    def __init__(self) -> None:
        self.report: Callable[[int, int], None] | None = None
        self.cells = 0

    def __call__(self, cells: int, zones: int) -> None:
        """Remember the number of cells and report both counts."""
        self.cells = cells
        if self.report is not None:
            self.report(cells, zones)


def search_deadline(*, writes_files: bool) -> Deadline:
    """Return the part of the command's time that the search may take.

    Args:
        writes_files: whether files other than JSON are written, which take long: pictures, pages, exports or proofs.
    """
    return stop.deadline.part(_SEARCH_SHARE_BEFORE_FILES if writes_files else _SEARCH_SHARE)


def find(
    question: Question,
    options: SearchOptions | BudgetOptions,
    until: Deadline,
    *,
    quiet: bool,
    on_zone: Callable[[Zone], None] | None = None,
) -> Listing[Zones]:
    """Find the zones of a question; if the budget runs out, say so on standard error and return the zones found so far.

    Args:
        question: what to ask.
        options: how to search.
        until: the part of the command's time that the search may take.
        quiet: show no progress.
        on_zone: called with each zone when it has been found.
    """
    return _found(partial(find_zones, *question, on_zone=on_zone), options, until, quiet=quiet)


def find_cases(
    question: UnionQuestion, options: SearchOptions | BudgetOptions, until: Deadline, *, quiet: bool
) -> Listing[ZoneUnion]:
    """Do the same as ``find`` for a question with several cases."""
    return _found(partial(find_union, *question), options, until, quiet=quiet)


def _found(
    search: Callable[..., _Listed], options: SearchOptions | BudgetOptions, until: Deadline, *, quiet: bool
) -> Listing[_Listed]:
    if isinstance(options, BudgetOptions):
        options = SearchOptions(ENGINES[0], options.max_zones, options.timeout, jobs=1, dask=None)
    counter = CellCounter()
    settings = {"engine": options.engine, "seconds": until, "max_zones": options.max_zones, "progress": counter}
    start = time.monotonic()
    try:
        with running(options) as executor, progress(quiet=quiet) as counter.report, stop.step(until):
            zones = search(executor=executor, **settings)
    except BudgetExceeded as stopped:
        zones = stopped.found
        click.echo(f"incomplete: {stopped.reason}", err=True)
    return Listing(zones, counter.cells, time.monotonic() - start)


def deliver_first(
    deliveries: Deliveries, path: Path, zones: Zones | ZoneUnion, write: Callable[[Any], Any], share: float = _WRITING_SHARE
) -> Zones | ZoneUnion:
    """Write a file about as many zones as there is time for, the first ones; return those.

    Args:
        deliveries: of the command.
        path: of the file.
        zones: all zones; a union is written as a whole.
        write: writes the file about some zones; the time that it takes for a few tells for how many there is time.
        share: of the time left that a longer file may take.
    """
    if isinstance(zones, ZoneUnion) or stop.deadline.left() == math.inf or len(zones) <= _TRIED_ZONES:
        deliveries.deliver(path, partial(write, zones))
        return zones
    part, most = _first(zones, 0), _TRIED_ZONES
    while len(part) < min(most, len(zones)):
        longer, start = _first(zones, min(most, _GROWTH * max(len(part), _TRIED_ZONES))), time.monotonic()
        if not deliveries.deliver(path, partial(write, longer)):
            break
        part, seconds = longer, time.monotonic() - start
        most = int(len(part) * share * stop.deadline.left() / max(seconds, 1e-9))
    if 0 < len(part) < len(zones):
        if str(path) in stop.left_out:  # a longer file: the shorter one is there
            stop.left_out.remove(str(path))
        stop.left_out.append(f"more than {len(part)} of {len(zones)} zones in {path}")
    return part


def _first(zones: Zones, count: int) -> Zones:
    return zones if count >= len(zones) else replace(zones, zones=zones.zones[:count], complete=False)


@contextmanager
def running(options: SearchOptions) -> Iterator[Executor | None]:
    """Start the workers that the options ask for; None means that this process does all the work."""
    option = "--jobs" if options.dask is None else "--dask"
    if options.engine == "backward" and (options.jobs > 1 or options.dask is not None):
        raise InputError(f"{option} needs another engine: the backward engine runs in a single process")
    with workers(options.jobs, options.dask) as executor:
        yield executor


def embedding_text(embedding: AffineMap) -> str:
    """Say which inputs the domain fixes; the zones are polyhedra of the other ones, on a slice of the input space."""
    inputs = counted(embedding.outputs, "input")
    rows = list(zip(embedding.matrix.rows, embedding.offset, strict=True))
    fixed = [f"x{k} = {number(offset)}" for k, (row, offset) in enumerate(rows) if not any(row)]
    free = [f"x{k}" for k, (row, _) in enumerate(rows) if any(row)]
    if len(free) != embedding.inputs:
        return f"a slice of {inputs}: on the domain, {embedding.inputs} coordinates determine all of them; zones are in them"
    shown = fixed[:_FIXED] + [f".. {len(fixed)} in all"] * (len(fixed) > _FIXED)
    return f"a slice of {inputs}, with {', '.join(shown)}; zones and points are in ({', '.join(free)})"
