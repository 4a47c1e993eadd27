"""``exactzones view``: write the zones as an interactive page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from exactzones.affine import AffineMap
from exactzones.cli.bands import check_bands
from exactzones.cli.command import Command
from exactzones.cli.options import (
    NetworkFile,
    Question,
    QuestionOptions,
    ReportOptions,
    UnionQuestion,
    arithmetic_option,
    gathered,
    net_argument,
    path_option,
    question_options,
    report_options,
)
from exactzones.cli.outputs import (
    Deliveries,
    check_answer_target,
    check_target,
    is_text_wanted,
    print_table,
    progress,
)
from exactzones.cli.points import read_data, read_point
from exactzones.cli.search import BudgetOptions, Listing, budget_options, deliver_first, find, find_cases, search_deadline
from exactzones.cli.stopping import stop
from exactzones.errors import BudgetExceeded, InputError
from exactzones.formats.zones_json import network_document
from exactzones.network import Network
from exactzones.polyhedra.flats import free_inputs
from exactzones.property import brief, unit_condition
from exactzones.rational.float_formats import REAL
from exactzones.view import PAGES, Points, Slides, check_shown, cut_through, embedding, read_slide, save
from exactzones.zones import Topology, Zones, ZoneUnion, topology

_HOLES_SHARE = 0.5  # of the time that the list of zones leaves


@dataclass(frozen=True)
class PageOptions:
    """The options that say what the page shows, and where it is written."""

    out: Path
    data: Path | None
    through: tuple[str, ...]
    along: tuple[str, ...]
    origin: str | None
    slides: tuple[str, ...]
    holes: bool
    arithmetic: str

    def slice(self, inputs: int, free: AffineMap | None) -> AffineMap | None:
        """Return the slice of the input space as a map from its coordinates; None shows the input space itself.

        Args:
            inputs: number of inputs.
            free: where the domain fixes inputs, the map from the others: the slice that is shown by default.

        Raises:
            InputError: options that do not describe a slice, or no slice of a space with more than 3 dimensions.
        """
        if self.through or self.along:
            origin = None if self.origin is None else read_point(self.origin, inputs)
            points, directions = ([read_point(text, inputs) for text in texts] for texts in (self.through, self.along))
            return embedding(inputs, through=points, along=directions, origin=origin)
        if self.origin is not None:
            raise InputError("--from is the start of --along: give a direction with --along too")
        if free is not None:
            return free
        if inputs > 3:
            raise InputError(
                f"a page shows up to 3 inputs, but this network has {inputs}: choose a slice, either three points (--through P "
                "--through Q --through R) or two directions and a start (--along U --along V --from P)"
            )
        return None

    def positions(self, flat: AffineMap | None) -> Slides | None:
        """Return the positions of the sliders; None if there are none.

        Raises:
            InputError: an input that the slice does not hold fixed, or no slice.
        """
        if not self.slides:
            return None
        if flat is None:
            raise InputError(
                "--slide moves an input that a slice holds fixed, but the page shows all inputs: use --along and --from"
            )
        return Slides.of(flat, dict(map(read_slide, self.slides)))

    def points(self, inputs: int) -> Points | None:
        """Return the data points to draw."""
        return None if self.data is None else read_data(self.data, inputs)

    def about_holes(self, asked: Question | UnionQuestion) -> Question | None:
        """Return the question whose holes are shown; None if there is none.

        Raises:
            InputError: it is not about one feature of two inputs, or the slice moves.
        """
        if not self.holes:
            return None
        is_plain = asked.network.inputs == 2 and not self.slides
        if not is_plain or isinstance(asked, UnionQuestion) or unit_condition(asked.prop) is None:
            raise InputError("--holes draws loops in a plane of two inputs, for one --feature, without --slide")
        return asked

    def check(self, net: Path, network: Network) -> None:
        """Refuse a page that cannot or must not be written.

        Raises:
            InputError: see above.
        """
        check_bands(network, self.arithmetic)
        check_target(self.out, net, PAGES, what="pages")
        if self.data is not None and self.out.exists() and self.out.samefile(self.data):
            raise InputError(f"{self.out}: cannot be written: it is the data file itself")


@click.command(cls=Command)
@net_argument
@question_options
@gathered(
    "options",
    PageOptions,
    path_option("--out", required=True, metavar="PAGE.html", help="The page to write."),
    path_option("--data", metavar="FILE", help="Also draw these data points: .csv or .npy."),
    click.option(
        "--through",
        multiple=True,
        metavar="POINT",
        help="Show the slice through 2 to 4 points; repeat the option for each point.",
    ),
    click.option(
        "--along",
        multiple=True,
        metavar="DIRECTION",
        help="Show the slice along 1 to 3 directions; repeat the option for each direction.",
    ),
    click.option("--from", "origin", metavar="POINT", help="The point where --along starts; by default the origin."),
    click.option(
        "--slide",
        "slides",
        multiple=True,
        metavar="INPUT=LOW:HIGH[:COUNT]",
        help="Add a slider for an input that the slice holds fixed, with so many values (nine by default); may be repeated.",
    ),
    click.option("--holes", is_flag=True, help="Draw a loop around each hole of the set that fires, and of the rest (2 inputs)."),
    arithmetic_option,
)
@budget_options
@report_options
def view(net: NetworkFile, question: QuestionOptions, options: PageOptions, limits: BudgetOptions, report: ReportOptions) -> int:
    """Write the zones of a feature as an interactive page: one HTML file that needs no internet connection.

    Pan, zoom or rotate the zones; colour them; click one for its activation pattern, inequalities, vertices and affine map, or
    two for what they share; see where they are mapped in the latent spaces.  Networks with more than 3 inputs are shown on a
    slice.

    In a .csv file each line is a data point; a label may follow its numbers, and the first line may name the inputs.

    \b
    exactzones view net.npz --feature 9 --domain=-6:6 --out page.html
    exactzones view net.npz --feature 0 --domain 0:1 --holes --out page.html
    exactzones view net.npz --feature 0 --domain 0:1 --arithmetic float32 --out page.html
    exactzones view net.npz --feature 0 --domain 0:1 --along 1,0,0 --along 0,1,0 --slide 2=0:1 --out page.html
    exactzones view iris_2d.npz --feature 2 --data iris.csv --out page.html
    exactzones view iris.npz --feature 2 --domain 0:8 --out page.html \\
        --through 5.1,3.5,1.4,0.2 --through 7,3.2,4.7,1.4 --through 6.3,3.3,6,2.5
    """
    start = time.monotonic()
    stop.start(limits.timeout)
    asked = question.read(net)
    flat, points = options.slice(asked.network.inputs, free_inputs(asked.domain)), options.points(asked.network.inputs)
    slides = options.positions(flat)
    options.check(net.path, asked.network)
    check_answer_target(report.json_path, net.path)
    shown_first = _on_slice(asked, flat)
    network = shown_first.network
    check_shown(network)
    about_holes = options.about_holes(shown_first)
    listing = _list(shown_first, limits, quiet=report.quiet)
    arithmetic = None if options.arithmetic == REAL else options.arithmetic
    listings = []
    if slides is not None:
        listings = [  # the slice itself is one of the positions
            listing if position == flat else _list(_on_slice(asked, position), limits, quiet=report.quiet)
            for position in slides.positions
        ]
        slides = slides.with_zones([each.zones for each in listings])
    deliveries = Deliveries()
    title = f"{net.path.name}: {brief(asked.prop, network.widths)}{f' on {network.slice}' if network.slice else ''}"
    with progress(quiet=report.quiet, activity="writing the page"):
        holes = None if about_holes is None else _holes(about_holes)
        of_page: dict[str, Any] = {"title": title, "arithmetic": arithmetic, "slides": slides, "holes": holes}
        write = partial(save, path=options.out, data=points, flat=flat, **of_page)
        shown = deliver_first(deliveries, options.out, listing.zones, write)
    islands = stop.attempt("islands", lambda: len(shown.islands))
    answer = {"command": "view", "network": network_document(network), "zones": len(shown), "islands": islands}
    deliveries.deliver_answer({**answer, "complete": shown.complete, "page": str(options.out)}, report.json_path)
    if not report.quiet and is_text_wanted(report.json_path):
        rows = [("zones", listing.count_text), ("islands", "not counted" if islands is None else islands)]
        if network.slice is not None:
            rows.append(("shown", str(network.slice)))
        if deliveries.written:
            rows.append(("page", f"{options.out.stat().st_size / 1e6:.2f} MB"))
        print_table([*rows, ("time", f"{time.monotonic() - start:.2f} s")])
        for path in deliveries.written:
            click.echo(f"wrote {path}")
    is_complete = shown.complete and all(each.zones.complete for each in listings)
    return deliveries.exit_code(0 if is_complete else 3)


def _on_slice(asked: Question | UnionQuestion, flat: AffineMap | None) -> Question | UnionQuestion:
    """Return the question on a slice; None is all of the input space."""
    if flat is None:
        return asked
    return asked._replace(network=asked.network.compose(flat), domain=cut_through(asked.domain, flat))


def _holes(asked: Question) -> Topology | None:
    """Return the holes; if there is no time for them, say so at the end, and return None."""
    (condition,) = asked.prop.conditions
    until = stop.deadline.part(_HOLES_SHARE)
    try:
        with stop.step(until):
            return topology(
                asked.network,
                condition.terms[0][0],
                asked.domain,
                threshold=-condition.constant,
                open=condition.strict,
                layer=condition.layer,
                seconds=until,
            )
    except (BudgetExceeded, KeyboardInterrupt):
        stop.left_out.append("holes")
        return None


def _list(asked: Question | UnionQuestion, limits: BudgetOptions, *, quiet: bool) -> Listing[Zones] | Listing[ZoneUnion]:
    until = search_deadline(writes_files=True)
    if isinstance(asked, UnionQuestion):
        return find_cases(asked, limits, until, quiet=quiet)
    return find(asked, limits, until, quiet=quiet)
