"""``exactzones topology``: how many components, loops and cavities the set has on which a feature fires, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import click

from exactzones.affine import AffineMap
from exactzones.cli.command import Command
from exactzones.cli.numbers import PARTS, certificate_option, check_certificate_target, deliver_certificate, homology_text
from exactzones.cli.options import (
    NetworkFile,
    ReportOptions,
    domain_options,
    gathered,
    net_argument,
    report_options,
    timeout_option,
)
from exactzones.cli.outputs import Deliveries, check_answer_target, is_text_wanted, print_table
from exactzones.cli.stopping import stop
from exactzones.cli.units import UnitOptions, layer_option, unit_option
from exactzones.cli.workers import jobs_option
from exactzones.notation import counted, point
from exactzones.polyhedra.homology import Homology
from exactzones.rational import Vector, text
from exactzones.zones import Hole, Topology, topology

_MOST_HOLES = 20  # of each set that are printed


@dataclass(frozen=True)
class TopologyOptions(UnitOptions):
    """The options that name a feature and a domain, and limit the work."""

    threshold: str
    open: bool


@click.command("topology", cls=Command)
@net_argument
@gathered(
    "options",
    TopologyOptions,
    unit_option,
    click.option("--threshold", default="0", show_default=True, metavar="T", help="The feature fires from T on."),
    click.option("--open", is_flag=True, help="The feature fires above T only: sets that touch in a point are apart."),
    layer_option,
    certificate_option,
    *domain_options("The part of the input space to look at, as for exactzones zones."),
    timeout_option,
    jobs_option,
)
@report_options
def command(net: NetworkFile, options: TopologyOptions, report: ReportOptions) -> int:
    """Count the components, loops and cavities of the set on which a feature fires, of the rest, and of the boundary.

    The numbers are exact Betti numbers over the integers, with torsion and Euler characteristics.  A short
    loop around each hole of any of the three sets says where it is.

    \b
    exactzones topology net.npz --feature 0 --domain=-6:6
    exactzones topology net.npz --feature 0 --threshold 1/2 --open --json holes.json
    """
    stop.start(options.timeout)
    network = net.load()
    asked, embedding = options.question(network, options.threshold)
    check_answer_target(report.json_path, net.path)
    check_certificate_target(options, asked, net.path, report.json_path)
    compute = partial(topology, threshold=options.threshold, open=options.open)
    found, complete = options.answer(compute, asked, quiet=report.quiet)
    numbers = {"open": options.open, **{part: _document(getattr(found, part)) for part in PARTS}}
    known = {
        **options.named("topology", network),
        "threshold": options.threshold,
        **numbers,
        "holes": {part: [_described(hole, embedding) for hole in holes] for part, holes in found.holes.items()},
        "complete": complete,
    }
    deliveries = Deliveries()
    deliveries.deliver_answer(known, report.json_path)
    if not report.quiet and is_text_wanted(report.json_path):
        _print(found, embedding)
    if not complete:
        return deliveries.exit_code(3)
    header = {"kind": "topology", "open": options.open, "numbers": numbers}
    return deliveries.exit_code(deliver_certificate(deliveries, options, asked, header, threshold=options.threshold))


def _document(found: Homology | None) -> dict[str, Any] | None:
    """Return numbers as JSON has them; null where time did not suffice."""
    if found is None:
        return None
    return {"betti": list(found.betti), "torsion": list(map(list, found.torsion)), "euler": found.euler}


def _described(hole: Hole, embedding: AffineMap | None) -> dict[str, Any]:
    """Return a hole as JSON has it: the patterns of the regions around it, and the corners of a loop."""
    corners = hole.corners if embedding is None else map(embedding, hole.corners)
    patterns = [list(zone.pattern) for zone in hole.zones]
    return {"dimension": hole.dim, "zones": patterns, "corners": [list(map(text, corner)) for corner in corners]}


def _print(found: Topology, embedding: AffineMap | None) -> None:
    """Print what is known."""
    rows: list[tuple[str, str]] = []
    for name, label in PARTS.items():
        part: Homology | None = getattr(found, name)
        if part is None:
            continue
        rows.append((label, homology_text(part)))
        holes = found.holes.get(name, ())
        rows += [(f"around hole {number}", _loop_text(hole, embedding)) for number, hole in enumerate(holes[:_MOST_HOLES])]
        if len(holes) > _MOST_HOLES:
            rows.append(("", f".. and {len(holes) - _MOST_HOLES} more, all in the answer of --json"))
    if rows:
        print_table(rows)


def _loop_text(hole: Hole, embedding: AffineMap | None) -> str:
    """Say through how many regions a loop or shell around a hole runs, and the middle of a loop's corners."""
    corners = hole.corners if embedding is None else tuple(map(embedding, hole.corners))
    where = f" near {point(_middle(corners))}" if corners else ""
    return f"{'a loop' if hole.dim == 1 else 'a shell'} of {counted(len(hole.zones), 'region')}{where}"


def _middle(corners: Sequence[Vector]) -> Vector:
    """Return the mean of a loop's corners."""
    return tuple(sum(column, start=Fraction(0)) / len(corners) for column in zip(*corners, strict=True))
