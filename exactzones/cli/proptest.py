"""``exactzones proptest``: property tests of the zones of a user's own network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from exactzones.cli.options import NetworkFile, Question, QuestionOptions, json_option, net_argument, question_options
from exactzones.cli.outputs import Deliveries, check_answer_target, is_text_wanted, progress
from exactzones.cli.stopping import stop
from exactzones.notation import counted
from exactzones.zones import ZoneUnion, find_union, find_zones


@click.command()
@net_argument
@question_options
@click.option(
    "--examples", type=click.IntRange(1), default=200, show_default=True, metavar="N", help="Number of random examples per check."
)
@json_option
def proptest(net: NetworkFile, question: QuestionOptions, examples: int, json_path: Path | None) -> int:
    """Test the zones of a feature against exact evaluations of the network at random points.

    Prints each check, the number of examples tried, and the first counterexample if there is one (exit code 1).

    \b
    exactzones proptest net.npz --feature 0 --domain=-6:6 --examples 1000
    """
    from exactzones.testing.checks import check_union, check_zones

    asked, _ = question.read(net).on_free_inputs()
    check_answer_target(json_path, net.path)
    with progress(quiet=False) as show:
        zones = find_zones(*asked, progress=show) if isinstance(asked, Question) else find_union(*asked, progress=show)
    answer = {"command": "proptest", "network": asked.network.sha256, "zones": len(zones)}
    if is_text_wanted(json_path):
        click.echo(f"{len(zones)} zones")
    checks: list[dict[str, Any]] = []
    code, deliveries = 0, Deliveries()
    try:
        with stop.step():
            results = check_union(zones, examples) if isinstance(zones, ZoneUnion) else check_zones(zones, examples=examples)
            for result in results:
                checks.append({"check": result.name, "examples": result.tried, "failure": result.failure})
                if is_text_wanted(json_path):
                    verdict = "passed" if result.failure is None else f"FAILED: {result.failure}"
                    click.echo(f"  {result.name:<22}  {result.tried:>6} examples  {verdict}")
    except KeyboardInterrupt:
        click.echo(f"incomplete: {stop.deadline.reason} after {counted(len(checks), 'check')}", err=True)
        code, answer["complete"] = 3, False
    deliveries.deliver_answer({**answer, "checks": checks}, json_path)
    return deliveries.exit_code(1 if any(entry["failure"] is not None for entry in checks) else code)
