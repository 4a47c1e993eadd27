"""``exactzones topology``: how many components, loops and cavities the set has on which a feature fires, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import rich_click as click

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
from exactzones.polyhedra.homology import Homology
from exactzones.zones import Topology, topology

_PARTS = {"firing": "where it fires", "complement": "elsewhere", "boundary": "on the threshold"}


@dataclass(frozen=True)
class TopologyOptions(UnitOptions):
    """The options that name a feature and a domain, and limit the work."""

    threshold: str
    open: bool


@click.command("topology")
@net_argument
@gathered(
    "options",
    TopologyOptions,
    unit_option,
    click.option("--threshold", default="0", show_default=True, metavar="T", help="The feature fires from T on."),
    click.option("--open", is_flag=True, help="The feature fires above T only: sets that touch in a point are apart."),
    layer_option,
    *domain_options("The part of the input space to look at, as for exactzones zones."),
    timeout_option,
    jobs_option,
)
@report_options
def command(net: NetworkFile, options: TopologyOptions, report: ReportOptions) -> int:
    """Count the components, loops and cavities of the set on which a feature fires, of the rest, and of the boundary.

    The numbers are exact Betti numbers over the integers, with torsion and Euler characteristics.

    \b
    exactzones topology net.npz --feature 0 --domain=-6:6
    exactzones topology net.npz --feature 0 --threshold 1/2 --open --json holes.json
    """
    stop.start(options.timeout)
    network = net.load()
    asked, _ = options.question(network, options.threshold)
    check_answer_target(report.json_path, net.path)
    compute = partial(topology, threshold=options.threshold, open=options.open)
    found, complete = options.answer(compute, asked, quiet=report.quiet)
    known = {
        **options.named("topology", network),
        "threshold": options.threshold,
        "open": options.open,
        **{part: _document(getattr(found, part)) for part in _PARTS},
        "complete": complete,
    }
    deliveries = Deliveries()
    deliveries.deliver_answer(known, report.json_path)
    if not report.quiet and is_text_wanted(report.json_path):
        _print(found)
    return deliveries.exit_code(0 if complete else 3)


def _document(found: Homology | None) -> dict[str, Any] | None:
    """Return numbers as JSON has them; null where time did not suffice."""
    if found is None:
        return None
    return {"betti": list(found.betti), "torsion": list(map(list, found.torsion)), "euler": found.euler}


def _print(found: Topology) -> None:
    """Print what is known."""
    rows = [(label, getattr(found, name)) for name, label in _PARTS.items()]
    shown = [(label, f"{part} (Betti numbers {part.betti}, Euler characteristic {part.euler})") for label, part in rows if part]
    if shown:
        print_table(shown)
