"""``exactzones proptest``: property tests of the zones of a user's own network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exactzones.cli.command import Command
from exactzones.cli.options import (
    NetworkFile,
    Question,
    QuestionOptions,
    UnionQuestion,
    json_option,
    net_argument,
    question_options,
    timeout_option,
)
from exactzones.cli.outputs import Deliveries, check_answer_target, is_text_wanted, progress
from exactzones.cli.stopping import stop
from exactzones.errors import BudgetExceeded
from exactzones.notation import counted
from exactzones.zones import Zones, ZoneUnion, find_union, find_zones

if TYPE_CHECKING:
    from exactzones.testing.checks import CheckReport

_SEARCH_SHARE = 0.5  # of the time; the rest is for the checks
_CHECKS_SHARE = 0.9  # of the time that is left


@click.command(cls=Command)
@net_argument
@question_options
@click.option(
    "--examples", type=click.IntRange(1), default=200, show_default=True, metavar="N", help="Number of random examples per check."
)
@timeout_option
@json_option
def proptest(net: NetworkFile, question: QuestionOptions, examples: int, timeout: float | None, json_path: Path | None) -> int:
    """Test the zones of a feature against exact evaluations of the network at random points.

    Prints each check, the number of examples tried, and the first counterexample if there is one (exit code 1).

    \b
    exactzones proptest net.npz --feature 0 --domain=-6:6 --examples 1000
    """
    stop.start(timeout)
    asked, _ = question.read(net).on_free_inputs()
    check_answer_target(json_path, net.path)
    zones = _find(asked)
    reports, is_finished = _run_checks(zones, examples) if zones.complete else ([], False)
    checks = [{"check": report.name, "examples": report.tried, "failure": report.failure} for report in reports]
    answer: dict[str, Any] = {"command": "proptest", "network": asked.network.sha256, "zones": len(zones)}
    if not is_finished:
        answer["complete"] = False
    deliveries = Deliveries()
    deliveries.deliver_answer({**answer, "checks": checks}, json_path)
    if is_text_wanted(json_path):
        click.echo(f"{len(zones)} zones{'' if zones.complete else ' found so far'}")
        for report in reports:
            verdict = "passed" if report.failure is None else f"FAILED: {report.failure}"
            click.echo(f"  {report.name:<22}  {report.tried:>6} examples  {verdict}")
    has_failed = any(report.failure is not None for report in reports)
    return deliveries.exit_code(1 if has_failed else 0 if is_finished else 3)


def _find(asked: Question | UnionQuestion) -> Zones | ZoneUnion:
    """Find the zones; if the time is up, say so and return the zones found so far."""
    until = stop.deadline.part(_SEARCH_SHARE)
    try:
        with progress(quiet=False) as show, stop.step(until):
            if isinstance(asked, UnionQuestion):
                return find_union(*asked, seconds=until, progress=show)
            return find_zones(*asked, seconds=until, progress=show)
    except BudgetExceeded as stopped:
        click.echo(f"incomplete: {stopped.reason}; not all zones were found, and none was tested", err=True)
        zones: Zones | ZoneUnion = stopped.found
        return zones


def _run_checks(zones: Zones | ZoneUnion, examples: int) -> tuple[list[CheckReport], bool]:
    """Run the checks; return their reports, and whether there was time for all of them."""
    from exactzones.testing.checks import check_union, check_zones

    until = stop.deadline.part(_CHECKS_SHARE)
    try:
        with stop.step(until):
            if isinstance(zones, ZoneUnion):
                return check_union(zones, examples=examples, seconds=until), True
            return check_zones(zones, examples=examples, seconds=until), True
    except BudgetExceeded as stopped:
        click.echo(f"incomplete: {stopped.reason} after {counted(len(stopped.found), 'check')}", err=True)
        return stopped.found, False
