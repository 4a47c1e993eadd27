"""``exactzones explore``: the zones around a point, nearest first, in any number of inputs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import click

from exactzones.cli.command import Command
from exactzones.cli.options import (
    NetworkFile,
    Question,
    QuestionOptions,
    ReportOptions,
    UnionQuestion,
    gathered,
    net_argument,
    question_options,
    report_options,
)
from exactzones.cli.outputs import Deliveries, check_answer_target, exact_option, is_text_wanted, print_table, progress
from exactzones.cli.points import POINT_HELP, norm_option, read_point
from exactzones.cli.search import BudgetOptions, budget_options
from exactzones.cli.stopping import stop
from exactzones.cli.zone import pattern_text
from exactzones.errors import BudgetExceeded, InputError
from exactzones.formats.local_json import exploration_document
from exactzones.notation import counted, number, root
from exactzones.polyhedra.projection import Norm
from exactzones.property import ALWAYS
from exactzones.rational import Vector
from exactzones.zones import Exploration, NearZone, explore

_MOST_ZONES = 5  # that are printed
_SEARCH_SHARE = 0.85  # of the time; the rest is for writing


@dataclass(frozen=True)
class WalkOptions:
    """The options that say where to look."""

    place: str
    norm: Norm
    radius: str | None
    everywhere: bool


@click.command("explore", cls=Command)
@net_argument
@question_options
@gathered(
    "walk",
    WalkOptions,
    click.option("--at", "place", required=True, metavar="POINT", help=POINT_HELP),
    norm_option,
    click.option("--radius", metavar="R", help="Leave out zones that are farther than R, an exact number."),
    click.option(
        "--everywhere", is_flag=True, help="Go through regions in which the feature fires nowhere, too: find all islands."
    ),
)
@budget_options
@exact_option
@report_options
def command(net: NetworkFile, question: QuestionOptions, walk: WalkOptions, limits: BudgetOptions, report: ReportOptions) -> int:
    """List the zones around a point in the order of their distance, without a list of all zones.

    Without --everywhere these are the zones of one island (connected component): that of the point or, if the feature does not
    fire there, the nearest one.  Without a feature, all activation regions are zones.

    \b
    exactzones explore net.npz --feature 0 --at 1/2,-3/4
    exactzones explore net.onnx --feature 3 --at images.npy:3 --domain 0:1 --max-zones 30 --json near.json
    exactzones explore net.npz --feature 0 --at 0,0 --everywhere --norm inf --radius 1/2
    """
    stop.start(limits.timeout)
    asked = _read(net, question)
    point = read_point(walk.place, asked.network.inputs)
    check_answer_target(report.json_path, net.path)
    start = time.monotonic()
    found = _explore(asked, point, walk, limits, quiet=report.quiet)
    seconds = time.monotonic() - start
    deliveries = Deliveries()
    if report.json_path is not None:
        document = stop.attempt("the JSON answer", partial(exploration_document, found), writes=True)
        if document is not None:
            deliveries.deliver_answer({"command": "explore", **document}, report.json_path)
    if not report.quiet and is_text_wanted(report.json_path):
        _print(found, seconds)
    return deliveries.exit_code(0 if found.complete else 3)


def _read(net: NetworkFile, question: QuestionOptions) -> Question:
    """Return the question; without a feature it is about all activation regions."""
    if question.names_property or (question.threshold, question.layer) != ("0", -1):
        asked = question.read(net)
        if isinstance(asked, UnionQuestion):
            raise InputError(
                f"explore lists the zones of one conjunction, but the property has {len(asked.prop.cases)} cases, joined by or; "
                "ask about each of them"
            )
        return asked
    network = net.load()
    return Question(network, ALWAYS, question.domain(network.inputs))


def _explore(asked: Question, point: Vector, walk: WalkOptions, limits: BudgetOptions, *, quiet: bool) -> Exploration:
    """Return what was found; if a limit was reached, say so on standard error."""
    until = stop.deadline.part(_SEARCH_SHARE)
    try:
        with progress(quiet=quiet) as show, stop.step(until):
            return explore(
                asked.network,
                asked.prop,
                point,
                asked.domain,
                norm=walk.norm,
                radius=walk.radius,
                everywhere=walk.everywhere,
                max_zones=limits.max_zones,
                seconds=until,
                progress=show,
            )
    except BudgetExceeded as stopped:
        click.echo(f"incomplete: {stopped.reason}", err=True)
        found: Exploration = stopped.found
        return found


def _print(found: Exploration, seconds: float) -> None:
    """Print how many zones there are, and the nearest ones."""
    rows = [("zones", _count_text(found))]
    rows += [("nearest" if not k else "", _zone_text(near, found.norm)) for k, near in enumerate(found[:_MOST_ZONES])]
    if len(found) > _MOST_ZONES:
        rows.append(("", f".. and {len(found) - _MOST_ZONES} more, up to distance {_distance_text(found[-1], found.norm)}"))
    print_table([*rows, ("time", f"{seconds:.2f} s")])


def _count_text(found: Exploration) -> str:
    """Say how many zones there are, and what the list covers, if it is complete."""
    count = len(found) or "none"
    return f"{count}: {_extent(found)}" if found.complete else f"{count} found so far: the list is not complete"


def _extent(found: Exploration) -> str:
    """Say what a complete list covers."""
    if not found:
        return f"it fires nowhere {'within the radius' if found.farther else 'on the domain'}"
    if found.farther:
        return f"all zones {'' if found.everywhere else 'of the island '}within the radius"
    return "all zones" if found.everywhere else "the island is complete"


def _zone_text(near: NearZone, norm: Norm) -> str:
    facets = counted(len(near.local.facets), "facet", "facets")
    return f"{pattern_text(near.pattern)} at distance {_distance_text(near, norm)}, {facets}"


def _distance_text(near: NearZone, norm: Norm) -> str:
    return root(near.distance) if norm == 2 else number(near.distance)
