"""Certificates of ``measure`` and ``topology``: how they are written and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exactzones.checker import Report, lines_of
from exactzones.checker.triangulated import NumbersClaim, check_triangulation, is_triangulation
from exactzones.cli.options import CommandClaim, Question
from exactzones.cli.outputs import Deliveries, check_distinct, check_target
from exactzones.cli.stopping import stop
from exactzones.errors import BudgetExceeded, FormatError, InputError
from exactzones.formats.certificates import save_lines
from exactzones.notation import number
from exactzones.polyhedra.homology import Homology
from exactzones.property import unit_condition
from exactzones.rational import algebraic

if TYPE_CHECKING:
    from exactzones.cli.units import UnitOptions

_MEASURES = {
    "share": "share of the domain on which it fires",
    "mean": "mean",
    "variance": "variance",
    "mean_relu": "mean of its ReLU",
    "variance_relu": "variance of its ReLU",
}
_PAIR_MEASURES = {"both_fire": "share on which {} fires too", "covariance_relu": "covariance of its ReLU and {}'s"}
PARTS = {"firing": "where it fires", "complement": "elsewhere", "boundary": "on the threshold"}

certificate_option = click.option(
    "--certificate", type=click.Path(path_type=Path), metavar="CERT", help="Write a certificate, which exactzones check checks."
)


def check_certificate_target(options: UnitOptions, asked: Question, net: Path, json_path: Path | None) -> None:
    """Refuse a certificate for a domain that has none, or whose file would replace another one."""
    from exactzones.zones.triangulation import require_certifiable

    if options.certificate is not None:
        require_certifiable(asked.network, asked.domain)
        check_target(options.certificate, net)
        check_distinct(("--certificate", options.certificate), ("--json", json_path))


def deliver_certificate(
    deliveries: Deliveries,
    options: UnitOptions,
    asked: Question,
    header: dict[str, Any],
    others: Sequence[int] = (),
    *,
    threshold: str = "0",
) -> int:
    """Write the certificate of numbers that are complete; return the exit code."""
    from exactzones.zones.triangulation import certificate_lines

    if options.certificate is None:
        return 0
    units = (options.unit, *others)
    try:
        with stop.step():
            stream = certificate_lines(
                asked.network, units, asked.domain, header, layer=options.layer, threshold=threshold, seconds=stop.deadline
            )
            lines = list(stream)
    except (BudgetExceeded, KeyboardInterrupt):
        click.echo(f"incomplete: {stop.deadline.reason} before the certificate was written", err=True)
        return 3
    deliveries.deliver(options.certificate, partial(save_lines, lines, options.certificate))
    return 0


def measure_rows(numbers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the rows of a table of the numbers of ``measure``, with JSON's names; those that are not known are None."""
    rows = [(label, numbers[name]) for name, label in _MEASURES.items()]
    for unit, pair in numbers["with"].items():
        rows += [(label.format(unit), pair[name]) for name, label in _PAIR_MEASURES.items()]
    return [(label, number(algebraic(value, "number"))) for label, value in rows if value is not None]


def topology_rows(numbers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the rows of a table of the numbers of ``topology``, as JSON has them; those that are not known are None."""
    known = [(label, part) for name, label in PARTS.items() if (part := numbers[name]) is not None]
    return [
        (label, homology_text(Homology(tuple(part["betti"]), tuple(map(tuple, part["torsion"])), part["euler"])))
        for label, part in known
    ]


def homology_text(part: Homology) -> str:
    """Return what is printed of a set's homology."""
    return f"{part} (Betti numbers {part.betti}, Euler characteristic {part.euler})"


def is_about_numbers(certificate: Path) -> bool:
    """Tell whether a file is a certificate of numbers."""
    try:
        return is_triangulation(next(lines_of(certificate), ""))
    except FormatError:
        return False


def check_numbers(claim: CommandClaim, certificate: Path, numbers: dict[str, Any]) -> Report:
    """Check a certificate of numbers about the feature that the command line names; add those of a valid one to ``numbers``.

    Raises:
        InputError: the question is not about one feature, or the domain leaves out sides.
    """
    network, prop, domain = Question(claim.network, *claim.questions[0]).on_free_inputs()[0]
    only = unit_condition(prop.resolve(network.widths)) if len(claim.questions) == 1 else None
    if only is None:
        raise InputError("the certificate is about numbers of one feature; expected --feature I, and --threshold T if it had one")
    if domain is not None and domain.hrep.strict:
        raise InputError("the certificate is about a domain with its sides; expected one without strict inequalities")
    rows = () if domain is None else domain.facet_rows()
    asked = NumbersClaim(network, only.layer, only.terms[0][0], -only.constant, rows)
    report, found = check_triangulation(asked, stop.deadline.watch(lines_of(certificate)))
    numbers.update(found)
    return report
