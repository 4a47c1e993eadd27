"""The zones of a property as a stream, by one of the engines, with a budget and progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from exactzones.arguments import (
    DomainLike,
    NetworkLike,
    Progress,
    PropertyLike,
    as_count,
    as_deadline,
    as_domain,
    as_network,
    as_progress,
    as_workers,
)
from exactzones.deadline import Deadline
from exactzones.engine.arrangement import MAX_DIM
from exactzones.engine.backward import backward
from exactzones.engine.forward import forward, is_rational
from exactzones.engine.inequalities import inequalities, whole_domain
from exactzones.errors import BudgetExceeded, DimensionError, DomainError, InputError, quoted
from exactzones.network import Network
from exactzones.parallel import executor_of
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.polyhedra.bounds import Bounds
from exactzones.property import Property, about_output, as_property
from exactzones.zone import Zone

ENGINES = ("auto", "forward", "inequalities", "backward")
_REPORT_SECONDS = 0.1
NO_VERTICES = 10
"""From here on cells of a bounded domain are kept by their inequalities, so that there are no volumes."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of a search; None means no limit.

    Attributes:
        zones: the largest number of zones to list.
        seconds: the longest time to take, in seconds, or a deadline that has begun already.
    """

    zones: int | None = None
    seconds: float | Deadline | None = None

    def __post_init__(self) -> None:
        as_count(self.zones, "number of zones")
        as_deadline(self.seconds)


def check_domain(network: Network, domain: Polyhedron | None, engine: str = "forward") -> None:
    """Check that an engine can list zones on a domain.

    Raises:
        DimensionError: the domain has another dimension than the network's input space.
        DomainError: the domain has too many vertices, and the engine represents cells by theirs.
    """
    if domain is None:
        return
    if domain.ambient_dim != network.inputs:
        raise DimensionError("space of the domain", expected=network.inputs, got=domain.ambient_dim, size="dimension")
    if engine != "inequalities" and network.inputs > MAX_DIM and len(domain.hrep.closed_rows) > network.inputs:
        raise DomainError(
            f"a bounded domain in {network.inputs} dimensions has too many corners (a box has 2^{network.inputs}), and the "
            f"{engine} engine keeps cells by their vertices, up to {MAX_DIM} dimensions: choose the inequalities engine, or "
            "look at a slice, network.compose(AffineMap.through(..))"
        )


def stream_zones(
    network: NetworkLike,
    prop: PropertyLike,
    domain: DomainLike = None,
    *,
    engine: str = "auto",
    seconds: float | Deadline | None = None,
    max_zones: int | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    budget: Budget | None = None,
) -> Generator[Zone, None, None]:
    """Yield the zones of a property one by one, as ``find_zones`` lists them, and with the same arguments.

    Raises:
        InputError: an argument does not fit; raised by the call, not by the first zone.
        BudgetExceeded: the time or the number of zones ran out, or workers died; the zones that were yielded are right.
    """
    if not isinstance(engine, str) or engine not in ENGINES:
        raise InputError(f"engine is {quoted(engine)}; expected {' or '.join(map(repr, ENGINES))}")
    workers = as_workers(jobs, executor)
    if engine == "backward" and workers is not None:
        raise InputError("the backward engine runs in a single process; use jobs= and executor= with the other engines only")
    meter = Meter(as_budget(budget, seconds, max_zones), as_progress(progress))
    loaded, resolved, region = as_question(network, prop, domain)
    if engine == "auto":
        engine = suitable_engine(loaded, resolved, region)
    check_domain(loaded, region, engine)
    zones = partial(_zones_of, loaded, resolved, region, engine)
    return _metered(zones, meter, workers)


def suitable_engine(network: Network, prop: Property, domain: Polyhedron | None) -> str:
    """Return the engine for a question, by the table of tests/benchmarks/README.md.

    Cells by their vertices suit few inputs, and many as long as the domain is unbounded in most directions, since cells then have
    few vertices.
    """
    rows = () if domain is None else domain.hrep.closed_rows
    if network.inputs < NO_VERTICES or not is_rational(network, prop, rows):
        return "forward"
    bounds, _ = Bounds.of(rows, network.inputs)
    is_box = None not in (*bounds.low, *bounds.high)
    return "inequalities" if is_box or network.inputs > MAX_DIM else "forward"


def _zones_of(
    network: Network,
    prop: Property,
    domain: Polyhedron | None,
    engine: str,
    *,
    visit: Callable[..., None],
    executor: Executor | None,
) -> Generator[Zone, None, None]:
    """Return the zones from an engine; what the others cannot do, the backward engine does."""
    zones: Generator[Zone, None, None] | None = None
    if engine == "inequalities":
        zones = inequalities(network, prop, domain, visit, executor)
        if zones is None and network.inputs > MAX_DIM:
            zones = whole_domain(network, prop, domain)
    if engine == "forward" or (engine == "inequalities" and zones is None and network.inputs <= MAX_DIM):
        zones = forward(network, prop, () if domain is None else domain.facet_rows(), visit, executor)
    if zones is None:
        cell = Cell.space(network.inputs) if domain is None else domain.cell(partial(visit, 0))
        zones = backward(network, prop, cell, visit)
    return zones


def _metered(
    zones_of: Callable[..., Generator[Zone, None, None]], meter: Meter, workers: Executor | int | None
) -> Generator[Zone, None, None]:
    """Yield zones until the meter stops the search, and its workers with it."""
    meter.begin()
    maybe_workers = nullcontext() if workers is None else executor_of(workers)
    with maybe_workers as executor, closing(zones_of(visit=meter.visit, executor=executor)) as zones:
        for zone in zones:
            meter.zone()
            yield zone
    meter.report()


def as_budget(budget: Any, seconds: float | Deadline | None, max_zones: int | None) -> Budget:
    """Return the budget that ``seconds`` and ``max_zones`` define, or the one that is passed.

    Raises:
        InputError: both are passed, or the budget is not a ``Budget``.
    """
    if budget is None:
        return Budget(as_count(max_zones, "max_zones"), seconds)
    if not isinstance(budget, Budget):
        raise InputError(f"budget is {quoted(budget)}; pass seconds=60, max_zones=1000 or both instead")
    if seconds is not None or max_zones is not None:
        raise InputError("a budget and seconds or max_zones are passed; pass only seconds=60, max_zones=1000 or both")
    return budget


def as_question(network: NetworkLike, prop: PropertyLike, domain: DomainLike) -> tuple[Network, Property, Polyhedron | None]:
    """Return the network, the resolved property and the domain that the arguments of ``find_zones`` stand for."""
    loaded = as_network(network)
    return loaded, resolve(loaded, as_property(prop)), as_domain(domain, loaded.inputs)


def resolve(network: Network, prop: Property) -> Property:
    """Resolve a property; one without conditions refers to the network's output, so that its zones are all cells."""
    return about_output(prop).resolve(network.widths)


class Meter:
    """Counts cells and zones, reports progress, and raises BudgetExceeded when the budget runs out."""

    def __init__(self, budget: Budget, progress: Callable[[int, int], None] | None) -> None:
        self.budget, self.progress = budget, progress
        self.cells = self.zones = 0
        self.begin()

    def begin(self) -> None:
        """Let the time begin."""
        self.deadline = as_deadline(self.budget.seconds)
        self.last_report = time.monotonic()

    def visit(self, cells: int = 1) -> None:
        """Count cells that were visited."""
        self.cells += cells
        now = time.monotonic()
        if self.deadline.passed:
            after = "" if self.deadline.interrupted else f" after {self.cells} cells and {self.zones} zones"
            raise BudgetExceeded(f"{self.deadline.reason}{after}")
        if now - self.last_report > _REPORT_SECONDS:
            self.last_report = now
            self.report()

    def zone(self) -> None:
        """Count a zone that is about to be listed."""
        if self.budget.zones is not None and self.zones >= self.budget.zones:
            raise BudgetExceeded(f"the budget of {self.budget.zones} zones ran out after {self.cells} cells")
        self.zones += 1

    def report(self) -> None:
        """Report progress."""
        if self.progress is not None:
            self.progress(self.cells, self.zones)
