"""Decide whether a property can hold on a domain, and hand over the evidence."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from exactzones.arguments import (
    DomainLike,
    NetworkLike,
    Progress,
    PropertyLike,
    as_deadline,
    as_domain,
    as_network,
    as_progress,
    as_workers,
)
from exactzones.certification.results import CanFire, CannotFire, Certificate, Decision, Undecided
from exactzones.certification.run import Run
from exactzones.checker import Case
from exactzones.deadline import Deadline, TimeUp
from exactzones.errors import DimensionError, InputError, quoted, require
from exactzones.network import Network
from exactzones.polyhedra import Box
from exactzones.property import about_output, as_cases, as_property
from exactzones.rational import SparseRows
from exactzones.rational.float_formats import REAL, FloatArithmetic, FloatFormat
from exactzones.threads import one_thread


def case_of(network: NetworkLike, prop: PropertyLike, domain: DomainLike = None, *, arithmetic: str = REAL) -> Case:
    """Return the claim that a property holds nowhere on a domain.

    Args:
        network: the network.
        prop: a feature or a conjunction of conditions.
        domain: a polyhedron or a box; None is all of the input space.  Strict rows count as non-strict ones.
        arithmetic: in which the network is evaluated: real, or float64, float32, float16, bfloat16 or a pair such as
            bfloat16+float32 (products and results in the first, sums in the second), in any order of summation.

    Raises:
        DimensionError: a domain of another dimension.
        FeatureError: a property that does not fit the network.
        InputError: another argument that does not fit.
    """
    loaded, wanted = as_network(network), as_property(prop)
    region = as_domain(domain, loaded.inputs)
    if not wanted.conditions:  # it is about the same layers as its list of zones
        wanted = about_output(wanted)
    wanted.resolve(loaded.widths)
    floats = FloatArithmetic.of(arithmetic)
    if region is None:
        return Case(SparseRows(()), wanted, arithmetic=arithmetic)
    if region.ambient_dim != loaded.inputs:
        raise DimensionError("domain", expected=loaded.inputs, got=region.ambient_dim, size="dimension")
    if isinstance(region, Box) and region.is_rational:
        if floats is not None:
            region = _with_ends_in(floats.products, region)
        return Case(region.sparse_rows, wanted, arithmetic=arithmetic)
    system = region.hrep
    both = [side for row in system.equations for side in (row, tuple(-entry for entry in row))]
    return Case(SparseRows.of((*system.closed_rows, *both)), wanted, SparseRows.of(system.strict), arithmetic)


def _with_ends_in(format_: FloatFormat, box: Box) -> Box:
    """Return the box of the numbers of a format in a box; the box itself if it has none, or numbers beyond the format."""
    try:
        low = tuple(format_.round(end, "up") for end in box.low)
        high = tuple(format_.round(end, "down") for end in box.high)
    except OverflowError:
        return box
    return Box(low, high, equations=box.equations) if all(a <= b for a, b in zip(low, high, strict=True)) else box


def cases_of(network: NetworkLike, prop: PropertyLike, domain: DomainLike = None, *, arithmetic: str = REAL) -> list[Case]:
    """Return the claim that a property, or any case of a disjunction, holds nowhere on a domain; see ``case_of``."""
    loaded = as_network(network)
    return [case_of(loaded, case, domain, arithmetic=arithmetic) for case in as_cases(prop)]


def certify(
    network: NetworkLike,
    prop: PropertyLike,
    domain: DomainLike = None,
    *,
    arithmetic: str = REAL,
    seconds: float | Deadline | None = None,
    resume: Certificate | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    checkpoint: Callable[[Certificate], None] | None = None,
) -> Decision:
    """Decide whether a property can hold anywhere on a domain.

    Args:
        network: the network, or the path of its file.
        prop: a feature (``feature(2)``, or just 2) or a conjunction of conditions.
        domain: a polyhedron or a box such as "0:8" or (0, 8); None is all of the input space.  "Cannot fire" is proved for
            the closed polyhedron, without regard to which rows are strict.
        arithmetic: in which the network is evaluated, see ``case_of``: in floats the answer is about every order of summation.
        seconds: time limit, or a deadline that has begun already.
        resume: the certificate of an earlier run, from which this one continues.
        jobs: number of processes on this machine.
        executor: its workers take part.
        progress: called now and then with (regions visited, regions that wait).
        checkpoint: called every few seconds with the certificate so far, from which another run can continue.

    Returns:
        CanFire with an exact witness, CannotFire with a certificate that ``check`` accepts, or Undecided when time is up.

    Raises:
        InputError: an argument that does not fit.
    """
    options: dict[str, Any] = {"seconds": seconds, "resume": resume, "jobs": jobs, "executor": executor, "progress": progress}
    loaded = as_network(network)
    return certify_cases(loaded, cases_of(loaded, prop, domain, arithmetic=arithmetic), checkpoint=checkpoint, **options)


def certify_cases(
    network: NetworkLike,
    cases: Sequence[Case],
    *,
    seconds: float | Deadline | None = None,
    resume: Certificate | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    checkpoint: Callable[[Certificate], None] | None = None,
) -> Decision:
    """Decide whether any of several cases can hold: each a conjunction on a polyhedron.  See ``certify``.

    Args:
        network: the network, or the path of its file.
        cases: what ``case_of`` returns, or the cases of a VNN-LIB file.
        seconds: time limit, or a deadline that has begun already.
        resume: the certificate of an earlier run, from which this one continues.
        jobs: number of processes on this machine.
        executor: its workers take part.
        progress: called now and then with (regions visited, regions that wait).
        checkpoint: called every few seconds with the certificate so far, from which another run can continue.

    Raises:
        InputError: an argument that does not fit.
    """
    workers = as_workers(jobs, executor)
    if isinstance(cases, Case) or not isinstance(cases, Sequence) or not all(isinstance(case, Case) for case in cases):
        raise InputError(f"cases are {quoted(cases)}; write [case_of(network, prop, domain), ..]")
    run = Run(as_network(network), cases, as_deadline(seconds), as_progress(progress), checkpoint=checkpoint)
    return resumed(run, resume, workers)


def refute(network: Network, case: Case, deadline: Deadline, *, jobs: int = 1, executor: Executor | None = None) -> Decision:
    """Decide whether a case can hold where it is expected that it cannot: no time is spent on looking for a witness first."""
    return _decide(Run(network, [case], deadline), as_workers(jobs, executor), guess_first=False)


def resumed(run: Run, resume: Certificate | None, workers: Executor | int | None) -> Decision:
    """Go on from the certificate of an earlier run, if there is one."""
    if resume is not None:
        require(resume, Certificate, "resume", "a certificate, such as Certificate.load(path)")
        run.replay(resume)
    if not run.is_replayed:
        return Undecided(run.certificate("undecided"), run.open_leaves(), run.reason())
    return _decide(run, workers)


@one_thread
def _decide(run: Run, workers: Executor | int | None, *, guess_first: bool = True) -> Decision:
    """Search for a witness, then prove region after region."""
    try:
        with _gently_interrupted(run):
            witness = run.guess() if guess_first and not run.nodes else None
            if witness is None and workers is not None and not run.stopped():
                from exactzones.certification.distribute import prove_with_workers

                witness = prove_with_workers(run, workers)
            witness = witness or run.prove_all()
        left = run.left
    except (
        KeyboardInterrupt
    ) as stopped:  # it may come at any point: the tree may be half changed, or ahead of the nodes that are written
        witness, run.interrupted, left = None, not isinstance(stopped, TimeUp), run.open_leaves()
    if witness is not None:
        case, point = witness
        return CanFire(point, case, run.certificate("can fire", witness=witness))
    if left:
        return Undecided(run.certificate("undecided"), left, run.reason(), run.missing_margin())
    return CannotFire(run.certificate("complete" if run.zones else "cannot fire"), run.tree.nodes)


@contextmanager
def _gently_interrupted(run: Run) -> Iterator[None]:
    """Let the first Ctrl-C end a run after the current batch, so that what is proved is kept; a second one ends it at once."""

    def interrupt(_signal: int, _frame: Any) -> None:
        run.interrupted = True
        run.deadline.interrupt()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    on_main_thread = threading.current_thread() is threading.main_thread()  # signal handlers may be set in the main thread only
    if not on_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
