"""Stream the zones of a property, one by one, by the engine that is asked for, with a budget and progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from contextlib import closing, nullcontext
from dataclasses import dataclass

from exactzones.engine.backward import backward
from exactzones.engine.forward import forward
from exactzones.errors import BudgetExceeded, DimensionError, DomainError, InputError
from exactzones.network import Network
from exactzones.polyhedra import Cell, Polyhedron
from exactzones.property import Property, condition
from exactzones.zone import Zone

ENGINES = ("forward", "backward")
_MAX_INPUTS = 16


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work is allowed; None is no limit.

    Attributes:
        zones: how many zones may be listed.
        seconds: how long it may take.
    """

    zones: int | None = None
    seconds: float | None = None


def check_domain(network: Network, domain: Polyhedron | None) -> None:
    """Refuse a domain that cannot be worked in.

    Raises:
        DimensionError: the domain lives in another space.
        DomainError: it is a box with more corners than can be held.
    """
    if domain is None:
        return
    if domain.ambient != network.inputs:
        raise DimensionError("a point of the domain", expected=network.inputs, got=domain.ambient)
    if network.inputs > _MAX_INPUTS and len(domain.hrep.closed_rows) > network.inputs:
        raise DomainError(
            f"a bounded domain in {network.inputs} dimensions has too many corners (a box has 2^{network.inputs}; cells are kept "
            f"by their vertices, up to {_MAX_INPUTS} dimensions): look at a slice, network.compose(AffineMap.through(..))"
        )


def stream_zones(
    network: Network,
    prop: Property,
    domain: Polyhedron | None = None,
    *,
    engine: str = "forward",
    budget: Budget | None = None,
    progress: Callable[[int, int], None] | None = None,
    executor: Executor | None = None,
) -> Generator[Zone, None, None]:
    """Yield the zones of a property one by one, as ``find_zones`` lists them.

    Args:
        network: the network.
        prop: a feature or a conjunction of conditions.
        domain: a full-dimensional polyhedron of the input space; all of it by default.
        engine: "forward" or "backward"; see ``find_zones``.
        budget: stop when it runs out.
        progress: called now and then with (cells visited, zones found).
        executor: whose workers take part in the forward engine's search; see ``find_zones``.

    Raises:
        InputError: the property or the domain does not fit the network.
        BudgetExceeded: the budget ran out or a worker died for good; what was yielded until then is right.
    """
    if engine not in ENGINES:
        raise InputError(f"engine {engine!r} is not known; there is {', '.join(ENGINES)}")
    if executor is not None and engine != "forward":
        raise InputError(f"the {engine} engine works alone; an executor's workers take part in the forward engine only")
    meter = _Meter(budget or Budget(), progress)
    resolved = resolve(network, prop)
    check_domain(network, domain)
    found = None
    if engine == "forward":
        found = forward(network, resolved, () if domain is None else domain.facet_rows(), meter.visit, executor)
    zones: Iterator[Zone] | None = found
    if zones is None:
        zones = backward(network, resolved, Cell.space(network.inputs) if domain is None else domain.cell(), meter.visit)
    with nullcontext() if found is None else closing(found):  # workers must not go on when the budget ends the search
        for zone in zones:
            meter.zone()
            yield zone
    meter.report()


def resolve(network: Network, prop: Property) -> Property:
    """Resolve a property; one without conditions looks behind the last layer, so that its zones are all cells."""
    return (prop if prop.conditions else condition({}, 1, after_relu=True)).resolve(network.widths)


class _Meter:
    """Counts cells and zones, reports ten times a second at most, stops when the budget runs out."""

    def __init__(self, budget: Budget, progress: Callable[[int, int], None] | None) -> None:
        self.budget, self.progress = budget, progress
        self.cells = self.zones = 0
        self.start = self.shown = time.monotonic()

    def visit(self, cells: int = 1) -> None:
        self.cells += cells
        now = time.monotonic()
        if self.budget.seconds is not None and now - self.start > self.budget.seconds:
            raise BudgetExceeded(
                f"the budget of {self.budget.seconds:g} s ran out after {self.cells} cells and {self.zones} zones"
            )
        if now - self.shown > 0.1:
            self.shown = now
            self.report()

    def zone(self) -> None:
        if self.budget.zones is not None and self.zones >= self.budget.zones:
            raise BudgetExceeded(f"the budget of {self.budget.zones} zones ran out after {self.cells} cells")
        self.zones += 1

    def report(self) -> None:
        if self.progress is not None:
            self.progress(self.cells, self.zones)
