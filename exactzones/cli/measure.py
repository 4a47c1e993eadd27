"""``exactzones measure``: exact means and variances of a feature on a bounded domain, and how it goes together with others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from exactzones.cli.command import Command
from exactzones.cli.numbers import certificate_option, check_certificate_target, deliver_certificate, measure_rows
from exactzones.cli.options import (
    NetworkFile,
    ReportOptions,
    domain_options,
    gathered,
    net_argument,
    report_options,
    timeout_option,
)
from exactzones.cli.outputs import Deliveries, check_answer_target, exact_option, is_text_wanted, print_table
from exactzones.cli.stopping import stop
from exactzones.cli.units import UnitOptions, layer_option, unit_option
from exactzones.cli.workers import jobs_option
from exactzones.notation import point as point_text
from exactzones.rational import text
from exactzones.zones import Measures, measure


@dataclass(frozen=True)
class MeasureOptions(UnitOptions):
    """The options that name features and a domain, and limit the work."""

    others: tuple[int, ...]


@click.command("measure", cls=Command)
@net_argument
@gathered(
    "options",
    MeasureOptions,
    unit_option,
    click.option("--and", "others", type=int, multiple=True, metavar="J", help="Another unit of the layer; may be repeated."),
    layer_option,
    certificate_option,
    *domain_options("The bounded part of the input space on which a point is uniform, as for exactzones zones."),
    timeout_option,
    jobs_option,
)
@exact_option
@report_options
def command(net: NetworkFile, options: MeasureOptions, report: ReportOptions) -> int:
    """Compute exact means and variances of a feature on a bounded domain, and how it goes together with others.

    A point is uniform on the domain.  The feature fires where it is greater than 0; its ReLU is 0 elsewhere.

    \b
    exactzones measure net.npz --feature 0 --domain=-6:6
    exactzones measure net.onnx --feature 2 --and 0 --and 1 --domain 0:8 --json numbers.json
    """
    stop.start(options.timeout)
    network = net.load()
    asked, embedding = options.question(network)
    check_answer_target(report.json_path, net.path)
    check_certificate_target(options, asked, net.path, report.json_path)
    found, complete = options.answer(partial(measure, others=options.others), asked, quiet=report.quiet)
    centroid = found.centroid if found.centroid is None or embedding is None else embedding(found.centroid)
    numbers = _document(found)
    known = {
        **options.named("measure", network),
        **numbers,
        "centroid": None if centroid is None else list(map(text, centroid)),
        "complete": complete,
    }
    deliveries = Deliveries()
    deliveries.deliver_answer(known, report.json_path)
    if not report.quiet and is_text_wanted(report.json_path):
        _print(found, None if centroid is None else point_text(centroid))
    if not complete:
        return deliveries.exit_code(3)
    pairs = {unit: {name: pair[name] for name in ("both_fire", "covariance_relu")} for unit, pair in numbers["with"].items()}
    header = {"kind": "measure", "numbers": numbers | {"with": pairs}}
    return deliveries.exit_code(deliver_certificate(deliveries, options, asked, header, list(found.pairs)))


def _document(found: Measures) -> dict[str, Any]:
    """Return exact numbers as texts; null where time did not suffice."""
    names = ("share", "mean", "variance", "mean_relu", "variance_relu")
    pairs = {
        str(unit): {
            "both_fire": text(pair.both_fire),
            "covariance_relu": text(pair.covariance_relu),
            "correlation_relu": pair.correlation_relu,
        }
        for unit, pair in found.pairs.items()
    }
    return {name: None if (value := getattr(found, name)) is None else text(value) for name in names} | {"with": pairs}


def _print(found: Measures, centroid: str | None) -> None:
    """Print what is known."""
    shown = measure_rows({**vars(found), "with": {unit: vars(pair) for unit, pair in found.pairs.items()}})
    shown += [] if centroid is None else [("mean input where it fires", centroid)]
    if shown:
        print_table(shown)
