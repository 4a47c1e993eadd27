"""Decide whether a property can hold on a domain, and hand over the evidence."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from exactzones.certification.distribute import prove_with_processes
from exactzones.certification.results import CanFire, CannotFire, Certificate, Complete, Decision, Undecided
from exactzones.certification.run import Run
from exactzones.checker import Case
from exactzones.errors import DimensionError, InputError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property
from exactzones.threads import one_thread
from exactzones.zones import Zones


def case_of(network: Network, prop: Property, domain: Polyhedron | None = None) -> Case:
    """Return the claim that a property holds nowhere on a polyhedron (None: nowhere at all).

    Args:
        network: the network.
        prop: a feature or a conjunction of conditions.
        domain: a polyhedron; None is all of the input space.  Of a strict row its closure counts.

    Raises:
        DimensionError: a domain of another dimension.
        FeatureError: a property that does not fit the network.
    """
    prop.resolve(network.widths)
    if domain is None:
        return Case((), prop)
    if domain.ambient != network.inputs:
        raise DimensionError("domain", expected=network.inputs, got=domain.ambient)
    system = domain.hrep
    both = [side for row in system.equations for side in (row, tuple(-entry for entry in row))]
    return Case((*system.closed_rows, *both), prop, system.strict)


def certify(
    network: Network,
    prop: Property,
    domain: Polyhedron | None = None,
    *,
    seconds: float | None = None,
    resume: Certificate | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Decision:
    """Decide whether a property can hold anywhere on a domain.

    Args:
        network: the network.
        prop: a conjunction of conditions, such as ``feature(0)``.
        domain: a polyhedron (closed: of a strict row its closure counts for "cannot"); None is all of the input space.
        seconds: how long it may take; None is no limit.
        resume: what an earlier run proved.
        jobs: how many processes work on it.
        progress: is told how many regions were visited and how many wait.

    Returns:
        CanFire with an exact witness, CannotFire with a certificate that ``exactzones.checker.check`` accepts, or Undecided.

    Raises:
        InputError: arguments that do not fit each other.
    """
    return certify_cases(network, [case_of(network, prop, domain)], seconds=seconds, resume=resume, jobs=jobs, progress=progress)


def certify_cases(
    network: Network,
    cases: Sequence[Case],
    *,
    seconds: float | None = None,
    resume: Certificate | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Decision:
    """Decide whether any of several cases can hold: each a conjunction on a polyhedron.  See ``certify``.

    Args:
        network: the network.
        cases: what ``case_of`` returns, or a VNN-LIB file's.
        seconds: how long it may take; None is no limit.
        resume: what an earlier run proved.
        jobs: how many processes work on it.
        progress: is told how many regions were visited and how many wait.
    """
    run = Run(network, cases, seconds, progress)
    if resume is not None:
        run.replay(resume)
    return _decide(run, jobs)


def prove_complete(
    found: Zones, *, seconds: float | None = None, progress: Callable[[int, int], None] | None = None
) -> Complete | Undecided:
    """Prove that a list of zones is complete, independently of the engine that found it.

    Args:
        found: the zones of a property on a domain.
        seconds: how long it may take; None is no limit.
        progress: is told how many regions were visited and how many wait.

    Raises:
        InputError: the list is not complete: a budget ended the search, or a zone is missing.
    """
    if not found.complete:
        raise InputError("the list is known not to be complete: a budget ended the search")
    case = case_of(found.network, found.prop, found.domain)
    zones = [(zone.pattern, zone.sample) for zone in found]
    run = Run(found.network, [case], seconds, progress, {"".join(pattern): k for k, (pattern, _) in enumerate(zones)}, zones)
    end = _decide(run)
    if isinstance(end, CanFire):
        at = ", ".join(map(str, end.witness))
        raise InputError(f"the list is not complete: at ({at}) the property holds outside all of its zones")
    return end if isinstance(end, Undecided) else Complete(end.certificate, end.nodes)


@one_thread
def _decide(run: Run, jobs: int = 1) -> Decision:
    """Look for a witness, then prove region after region."""
    try:
        with _gently_interrupted(run):
            found = None if run.nodes else run.guess()
            if found is None and jobs > 1:
                found = prove_with_processes(run, jobs)
            found = found or run.prove_all()
        left = len(run.tree.waiting)
    except KeyboardInterrupt:  # wherever it was: the tree may be half changed, or ahead of what is written
        found, run.interrupted, left = None, True, run.open_leaves()
    if found is not None:
        case, witness = found
        return CanFire(witness, case, run.certificate("can fire", witness=found))
    if left:
        return Undecided(run.certificate("undecided"), left, run.reason())
    return CannotFire(run.certificate("complete" if run.zones else "cannot fire"), run.tree.nodes)


@contextmanager
def _gently_interrupted(run: Run) -> Iterator[None]:
    """Let Ctrl-C end a run after the batch at hand, so that what its search has found is kept; a second one ends it at once."""

    def interrupt(_signal: int, _frame: Any) -> None:
        run.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
