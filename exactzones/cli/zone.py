"""``exactzones zone``: the zone of a point, in any number of inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from exactzones.cli.command import Command
from exactzones.cli.domains import read_domain
from exactzones.cli.options import NetworkFile, ReportOptions, net_argument, report_options, timeout_option
from exactzones.cli.outputs import Deliveries, check_answer_target, exact_option, is_text_wanted, print_table
from exactzones.cli.points import POINT_HELP, read_point
from exactzones.cli.stopping import stop
from exactzones.errors import FeatureError
from exactzones.formats.local_json import local_zones_document
from exactzones.network import Pattern
from exactzones.notation import comparison, linear, number, root
from exactzones.property import ALWAYS, feature
from exactzones.rational import dot
from exactzones.zones.local import LocalZone, ZoneFacet, zone_at

_MOST_FACETS = 5  # that are printed, the nearest first
_MOST_INEQUALITIES = 10  # that are printed
_LONG_PATTERN = 80  # characters


@click.command("zone", cls=Command)
@net_argument
@click.option("--at", "spec", required=True, metavar="POINT", help=POINT_HELP)
@click.option(
    "--feature",
    "unit",
    type=int,
    metavar="I",
    help="A unit of the last layer, whose value is printed, too, as a function of the inputs.",
)
@click.option("--domain", "domain_spec", default="all", show_default=True, metavar="SPEC", help="As for exactzones zones.")
@timeout_option
@exact_option
@report_options
def command(net: NetworkFile, spec: str, unit: int | None, domain_spec: str, timeout: float | None, report: ReportOptions) -> int:
    """Describe the zone of a point: pattern, inequalities, affine map, and what changes across its nearest facets.

    If the point lies on a boundary, every zone that contains it is described.  The inequalities are the zone's facets, those of
    the domain included; all of them, and their distances, are in JSON, exactly.

    \b
    exactzones zone net.npz --at 1/2,-3/4 --json zone.json
    exactzones zone net.onnx --at images.npy:3 --domain 0:1
    """
    stop.start(timeout)
    network = net.load()
    point, domain = read_point(spec, network.inputs), read_domain(domain_spec, network.inputs)
    if unit is not None and not 0 <= unit < network.widths[-1]:
        raise FeatureError(f"feature {unit} does not exist: the last layer has features 0 to {network.widths[-1] - 1}")
    check_answer_target(report.json_path, net.path)
    with stop.step():
        zones = zone_at(network, point, domain, ALWAYS if unit is None else feature(unit), seconds=stop.deadline)
    with_facets = stop.attempt("facets", lambda: [zone.facets for zone in zones]) is not None
    deliveries = Deliveries()
    if report.json_path is not None and not with_facets:
        stop.left_out.append(str(report.json_path))
    elif report.json_path is not None:
        deliveries.deliver_answer({"command": "zone", **local_zones_document(zones)}, report.json_path)
    if not report.quiet and is_text_wanted(report.json_path):
        _print(zones, unit, with_facets=with_facets)
    return deliveries.exit_code(0)


def _print(zones: Sequence[LocalZone], unit: int | None, *, with_facets: bool) -> None:
    """Print what the zones are, each with its nearest facets if there was time for them."""
    for k, zone in enumerate(zones):
        if len(zones) > 1:
            click.echo(f"zone {k} of {len(zones)} that contain the point (counted from 0)")
        facets = zone.facets if with_facets else ()
        inner = sorted((facet for facet in facets if facet.flips), key=lambda facet: facet.l2_squared)
        rows = [("pattern", pattern_text(zone.pattern))]
        if with_facets:
            rows.append(("facets", f"{len(inner)} where neurons flip, {len(facets) - len(inner)} of the domain"))
        if unit is not None:
            constant, slopes = zone.affine.offset[unit], zone.affine.matrix.rows[unit]
            value = dot((constant, *slopes), (1, *zone.point))
            rows.append((f"feature {unit}", f"{linear((constant, *slopes))}, which is {number(value)} at the point"))
        rows += _rows("nearest", _facet_text, inner, _MOST_FACETS)
        rows += _rows("inequalities", lambda facet: comparison(facet.row, ">="), facets, _MOST_INEQUALITIES)
        print_table(rows)


def _rows(label: str, text: Callable[[ZoneFacet], str], facets: Sequence[ZoneFacet], most: int) -> list[tuple[str, str]]:
    """Return the rows of a table that list facets under one label: of many, the first ones and how many more there are."""
    lines = [text(facet) for facet in facets[:most]]
    if len(facets) > most:
        lines.append(f".. and {len(facets) - most} more: --json writes all")
    return [(label if not k else "", line) for k, line in enumerate(lines)]


def pattern_text(pattern: Pattern) -> str:
    """Return a pattern, or how many units are on if it is long."""
    whole = " ".join(pattern) or "no hidden neurons"
    counts = (f"{part.count('+')} of {len(part)} units" for part in pattern)
    return whole if len(whole) <= _LONG_PATTERN else f"on are {', '.join(counts)}"


def _facet_text(facet: ZoneFacet) -> str:
    flips = " and ".join(f"z{layer}[{unit}]" for layer, unit in facet.flips)
    return f"{flips} flips at distance L1 {number(facet.l1)}, L2 {root(facet.l2_squared)}, Linf {number(facet.linf)}"
