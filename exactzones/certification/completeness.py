"""Prove that a list of zones is complete."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from itertools import takewhile

from exactzones.arguments import Progress, as_deadline, as_progress, as_workers
from exactzones.certification.decide import case_of, resumed
from exactzones.certification.results import CanFire, Certificate, Complete, Undecided
from exactzones.certification.run import Run
from exactzones.deadline import Deadline
from exactzones.deprecated import renamed_argument
from exactzones.errors import InputError, quoted
from exactzones.zones import Zones


@renamed_argument("found", "zones")
def prove_complete(
    zones: Zones,
    *,
    seconds: float | Deadline | None = None,
    resume: Certificate | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    checkpoint: Callable[[Certificate], None] | None = None,
) -> Complete | Undecided:
    """Prove that a list of zones is complete; the checker decides, whatever found the list.

    Args:
        zones: the zones of a property on a domain, as ``find_zones`` returns them.
        seconds: time limit, or a deadline that has begun already.
        resume: the certificate of an earlier run on the same list, from which this one continues.
        jobs: number of processes on this machine.
        executor: its workers take part.
        progress: called now and then with (regions visited, regions that wait).
        checkpoint: called every few seconds with the certificate so far.

    Raises:
        InputError: the list is not complete, because a budget ended the search or a zone is missing; a zone is in it twice; it
            is not a list of zones; or the certificate to resume is about another list.
    """
    numbers = _numbers_of_patterns(zones)
    deadline, workers, report = as_deadline(seconds), as_workers(jobs, executor), as_progress(progress)
    case = case_of(zones.network, zones.prop, zones.domain)
    listed = [(zone.pattern, zone.sample) for zone in takewhile(lambda _: not deadline.passed, zones)]
    if len(listed) < len(zones):
        run = Run(zones.network, [case], deadline)
        return Undecided(run.certificate("undecided"), run.open_leaves(), run.reason())
    run = Run(zones.network, [case], deadline, report, patterns=numbers, zones=listed, checkpoint=checkpoint)
    decision = resumed(run, resume, workers)
    if isinstance(decision, CanFire):
        at = ", ".join(map(str, decision.witness))
        raise InputError(f"the list is not complete: at ({at}) the property holds outside all of its zones")
    return decision if isinstance(decision, Undecided) else Complete(decision.certificate, decision.nodes)


def _numbers_of_patterns(zones: Zones) -> dict[str, int]:
    """Return the number of each zone by its pattern, all signs in one string; refuse a list that cannot be complete."""
    if not isinstance(zones, Zones):
        raise InputError(f"zones are {quoted(zones)}; expected the list that find_zones returns")
    if not zones.complete:
        raise InputError("the list is not complete, since a budget ended the search; call find_zones without a limit")
    numbers = {"".join(zone.pattern): k for k, zone in enumerate(zones)}
    if len(numbers) < len(zones):
        raise InputError(f"the list has {len(zones)} zones, but only {len(numbers)} different patterns; list each zone once")
    return numbers
