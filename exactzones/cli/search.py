"""The search for zones as the commands ``zones`` and ``view`` run it: with a budget, progress and worker processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import rich_click as click

from exactzones.cli.options import Question, gathered, jobs_option, max_zones_option, timeout_option
from exactzones.cli.outputs import progress
from exactzones.cli.stopping import stop
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, InputError
from exactzones.zones import ENGINES, Budget, Zone, Zones, find_zones

_DASK_SECONDS = 10  # time for a scheduler to answer


@dataclass(frozen=True)
class Listing:
    """The zones that a search found, and what the search cost.

    Attributes:
        zones: all zones, or those found before the budget ran out (see ``Zones.complete``).
        cells: number of activation regions visited.
        seconds: wall-clock time.
    """

    zones: Zones
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
        return "none: the feature cannot fire on this domain" if self.zones.complete else "none found before the budget ran out"


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
    click.option("--dask", metavar="ADDRESS", help="Use the workers of the dask.distributed scheduler at this address."),
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


def find(
    question: Question,
    options: SearchOptions | BudgetOptions,
    until: Deadline,
    *,
    quiet: bool,
    on_zone: Callable[[Zone], None] | None = None,
) -> Listing:
    """Find the zones of a question; if the budget runs out, say so on standard error and return the zones found so far.

    Args:
        question: what to ask.
        options: how to search.
        until: the part of the command's time that the search may take.
        quiet: show no progress.
        on_zone: called with each zone when it has been found.
    """
    if isinstance(options, BudgetOptions):
        options = SearchOptions(ENGINES[0], options.max_zones, options.timeout, jobs=1, dask=None)
    counter = CellCounter()
    settings: dict[str, Any] = {"engine": options.engine, "budget": Budget(options.max_zones, until), "progress": counter}
    start = time.monotonic()
    try:
        with running(options) as executor, progress(quiet=quiet) as counter.report, stop.step(until):
            zones = find_zones(*question, executor=executor, on_zone=on_zone, **settings)
    except BudgetExceeded as stopped:
        zones = stopped.found
        click.echo(f"incomplete: {stopped.reason}", err=True)
    return Listing(zones, counter.cells, time.monotonic() - start)


@contextmanager
def running(options: SearchOptions) -> Iterator[Executor | None]:
    """Start the workers that the options ask for; None means that this process does all the work."""
    if options.jobs == 1 and options.dask is None:
        yield None
        return
    option = "--jobs" if options.dask is None else "--dask"
    if options.engine == "backward":
        raise InputError(f"{option} needs another engine: the backward engine runs in a single process")
    if options.dask is None:
        from exactzones.parallel import processes

        with processes(options.jobs) as pool:
            yield pool
        return
    if options.jobs > 1:
        raise InputError("--jobs and --dask exclude each other: use processes on this machine or a scheduler's workers")
    with _dask_executor(options.dask) as executor:
        yield executor


@contextmanager
def _dask_executor(address: str) -> Iterator[Executor]:
    """Connect to a dask.distributed scheduler."""
    import asyncio

    try:
        from distributed import Client
        from distributed.comm import connect
    except ImportError:
        raise InputError("--dask needs dask.distributed, which is not installed: pip install exactzones[dask]") from None

    async def try_to_connect() -> None:
        connection = await connect(address, timeout=_DASK_SECONDS)
        await connection.close()

    try:  # first without a Client, which takes long to close after a failure
        asyncio.run(try_to_connect())
    except Exception as error:  # noqa: BLE001 - any program may listen at the address and answer anything
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"--dask {address}: no scheduler answers there within {_DASK_SECONDS} s ({reason})") from None
    with Client(address, timeout=_DASK_SECONDS, set_as_default=False) as client:
        yield client.get_executor()
