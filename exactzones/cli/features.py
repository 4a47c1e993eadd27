"""``exactzones dead``, ``together`` and ``maximum``: questions about the features of one layer, each answer with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import click

from exactzones.certification import CannotFire, Certificate, Undecided, dead_features
from exactzones.certification import maximum as maximum_of
from exactzones.certification import together as together_of
from exactzones.cli.command import Command
from exactzones.cli.options import (
    DomainOptions,
    NetworkFile,
    ReportOptions,
    arithmetic_option,
    domain_options,
    gathered,
    net_argument,
    path_option,
    report_options,
    timeout_option,
)
from exactzones.cli.outputs import (
    Deliveries,
    check_answer_target,
    check_distinct,
    check_target,
    exact_option,
    is_text_wanted,
    print_table,
    progress,
)
from exactzones.cli.stopping import stop
from exactzones.cli.units import layer_option, unit_option
from exactzones.cli.workers import jobs_option
from exactzones.errors import BudgetExceeded, InputError, quoted
from exactzones.files import make_folder
from exactzones.formats.certificates import save_certificate
from exactzones.notation import number
from exactzones.notation import point as point_text
from exactzones.rational import text

_SEARCH_SHARE = 0.9  # of the time; the rest is for writing
_FEATURES, _PAIRS = "{:,} of {:,} features", "{:,} of {:,} pairs"  # of the progress
_MOST_NUMBERS = 12  # features whose numbers are printed


@dataclass(frozen=True)
class LayerOptions(DomainOptions):
    """The options that name a layer and a domain, and limit the work."""

    layer: int
    arithmetic: str
    timeout: float | None
    jobs: int

    def asked(self) -> dict[str, Any]:
        """Return the arguments of the questions in Python."""
        return {"layer": self.layer, "arithmetic": self.arithmetic, "jobs": self.jobs}


_layer_options = gathered(
    "options",
    LayerOptions,
    layer_option,
    *domain_options("The part of the input space to look at, as for exactzones certify."),
    arithmetic_option,
    timeout_option,
    jobs_option,
)
_certificates_option = path_option(
    "--certificates", "folder", metavar="DIR", help="Write a certificate for each proof into this folder; it is made if needed."
)


@click.command(cls=Command)
@net_argument
@_layer_options
@_certificates_option
@report_options
def dead(net: NetworkFile, options: LayerOptions, folder: Path | None, report: ReportOptions) -> int:
    """List the features of a layer that fire nowhere on a domain, each with a proof.

    \b
    exactzones dead sae.npz --layer 0 --domain=-1:1
    exactzones dead net.onnx --domain=0:1 --certificates proofs --json dead.json
    """
    stop.start(options.timeout)
    network = net.load()
    domain = options.domain(network.inputs)
    check_answer_target(report.json_path, net.path)
    until = stop.deadline.part(_SEARCH_SHARE)
    with (
        progress(quiet=report.quiet, activity="deciding", counts=_FEATURES, of_total=True) as show,
        stop.step(until),
    ):
        decisions = dead_features(network, domain, **options.asked(), seconds=until, progress=show)
    proved = {unit: decision.certificate for unit, decision in decisions.items() if isinstance(decision, CannotFire)}
    undecided = {unit: decision.reason for unit, decision in decisions.items() if isinstance(decision, Undecided)}
    deliveries = Deliveries()
    _write_certificates(deliveries, folder, {f"dead-{unit}": certificate for unit, certificate in proved.items()})
    layer = options.layer % len(network.widths)
    answer = {
        "command": "dead",
        "network": network.sha256,
        "arithmetic": options.arithmetic,
        "layer": layer,
        "features": network.widths[layer],
        "dead": sorted(proved),
        "undecided": [{"feature": unit, "reason": reason} for unit, reason in undecided.items()],
        "certificates": None if folder is None else str(folder),
    }
    deliveries.deliver_answer(answer, report.json_path)
    if is_text_wanted(report.json_path):
        if undecided:
            click.echo(f"undecided: {numbers_text(sorted(undecided))}")
        verb = "is" if len(proved) == 1 else "are"
        count = f"{len(proved)} of {network.widths[layer]} features of layer {layer}"
        click.echo(f"{count} {verb} dead: {numbers_text(sorted(proved))}")
    return deliveries.exit_code(3 if undecided else 0)


@click.command(cls=Command)
@net_argument
@click.option("--features", "spec_of_features", default="all", metavar="LIST", help="Such as 0,3,5 or 0:16 (0 to 15).")
@_layer_options
@_certificates_option
@report_options
def together(net: NetworkFile, spec_of_features: str, options: LayerOptions, folder: Path | None, report: ReportOptions) -> int:
    """Decide for all pairs of features of a layer whether they fire together, at one point of a domain.

    Each pair that does has an exact point, each that does not a proof.

    \b
    exactzones together sae.npz --layer 0 --features 0:64 --domain=-1:1 --json pairs.json
    """
    stop.start(options.timeout)
    network = net.load()
    domain, features = options.domain(network.inputs), read_features(spec_of_features)
    check_answer_target(report.json_path, net.path)
    until = stop.deadline.part(_SEARCH_SHARE)
    with progress(quiet=report.quiet, activity="deciding", counts=_PAIRS, of_total=True) as show, stop.step(until):
        found = together_of(network, features, domain, **options.asked(), seconds=until, progress=show)
        pairs = combinations_with_replacement(found.features, 2) if folder is not None else ()
        proofs = {pair: decision for pair in pairs if isinstance(decision := found.decision(*pair), CannotFire)}
    at = found.together
    deliveries = Deliveries()
    _write_certificates(deliveries, folder, {f"never-{i}-{j}": proof.certificate for (i, j), proof in proofs.items()})
    answer = {
        "command": "together",
        "network": network.sha256,
        "arithmetic": options.arithmetic,
        "layer": found.layer,
        "features": list(found.features),
        "dead": sorted(found.dead),
        "together": [[None if k == -2 else k >= 0 for k in row] for row in at.tolist()],
        "points": [list(map(text, point)) for point in found.points],
        "point_of": [[k if k >= 0 else None for k in row] for row in at.tolist()],
        "certificates": None if folder is None else str(folder),
    }
    deliveries.deliver_answer(answer, report.json_path)
    if is_text_wanted(report.json_path):
        pairs_of = [k for i, row in enumerate(at.tolist()) for k in row[i + 1 :]]
        print_table(
            [
                ("dead features", f"{len(found.dead):,}" + (f": {numbers_text(sorted(found.dead))}" if found.dead else "")),
                ("pairs that fire together", f"{sum(k >= 0 for k in pairs_of):,}"),
                ("pairs that never do", f"{pairs_of.count(-1):,}"),
                ("undecided pairs", f"{pairs_of.count(-2):,}"),
            ]
        )
    return deliveries.exit_code(3 if (at == -2).any() else 0)


@click.command(cls=Command)
@net_argument
@unit_option
@_layer_options
@path_option("--out", metavar="CERT", help="Write the certificate that the feature is nowhere larger to this file.")
@exact_option
@report_options
def maximum(net: NetworkFile, unit: int, options: LayerOptions, out: Path | None, report: ReportOptions) -> int:
    """Compute the largest value of a feature on a domain, exactly, with a proof that it is nowhere larger.

    The value is that before the ReLU.  The certificate is about the claim "--feature I --threshold VALUE".  When time is up, the
    last line is "at least VALUE", and a bound that was proved is printed, too: the certificate is about it.  In floats the value
    is a bound that no order of summation exceeds, and at the point printed every order exceeds another one.

    \b
    exactzones maximum net.npz --feature 0 --domain=-6:6 --out proof.json
    """
    stop.start(options.timeout)
    network = net.load()
    domain = options.domain(network.inputs)
    check_target(out, net.path)
    check_answer_target(report.json_path, net.path)
    check_distinct(("--out", out), ("--json", report.json_path))
    until, reason = stop.deadline.part(_SEARCH_SHARE), None
    try:
        with stop.step(until):
            best = maximum_of(network, unit, domain, **options.asked(), seconds=until)
    except BudgetExceeded as stopped:
        best, reason = stopped.found, str(stopped)
        more = "may be larger elsewhere" if best.upper is None else f"is at most {number(best.upper)} elsewhere"
        click.echo(f"incomplete: {reason}; the feature {more}", err=True)
    deliveries = Deliveries()
    certificate = best.certificate or best.upper_certificate
    if out is not None and certificate is not None:
        deliveries.deliver(out, partial(save_certificate, certificate, out))
    answer = {
        "command": "maximum",
        "network": network.sha256,
        "arithmetic": options.arithmetic,
        "layer": options.layer % len(network.widths),
        "feature": unit,
        "value": None if best.value is None else text(best.value),
        "point": list(map(text, best.point)),
        "ray": None if best.ray is None else list(map(text, best.ray)),
        "attained": best.attained,
        "reached": None if best.reached is None else text(best.reached),
        "upper": None if best.upper is None else text(best.upper),
        "proved": best.ray is not None or best.certificate is not None,
        "certificate": str(deliveries.written[0]) if deliveries.written else None,
    }
    deliveries.deliver_answer(answer, report.json_path)
    if is_text_wanted(report.json_path):
        if not report.quiet:
            rows = [("point", point_text(best.point))]
            rows += [] if best.ray is None else [("ray", point_text(best.ray))]
            if best.value is not None and not best.attained and best.reached is None:
                rows.append(("attained", "no, but values arbitrarily close to it" if best.attained is False else "not known"))
            rows += [] if best.reached is None else [("there, in every order, above", number(best.reached))]
            rows += [] if best.upper is None else [("nowhere more than", number(best.upper))]
            print_table(rows)
        value = "unbounded" if best.value is None else number(best.value)
        click.echo(value if reason is None else f"at least {value}")
    return deliveries.exit_code(0 if reason is None else 3)


def read_features(spec: str) -> list[int] | None:
    """Read a list of features such as 0,3,5 or 0:16; None for all."""
    if spec.strip() == "all":
        return None
    numbers: list[int] = []
    for part in spec.split(","):
        first, colon, end = part.strip().partition(":")
        if not first.isdecimal() or (colon and not end.isdecimal()):
            raise InputError(f"--features is {quoted(spec)}; expected numbers of features such as 0,3,5 or 0:16")
        if colon and int(first) >= int(end):
            raise InputError(f"--features has {quoted(part)}, which is empty; write the smaller number first, such as 0:16")
        numbers += range(int(first), int(end)) if colon else [int(first)]
    return numbers


def _write_certificates(deliveries: Deliveries, folder: Path | None, certificates: dict[str, Certificate]) -> None:
    """Write certificates into a folder, each to a file of its own."""
    if folder is None:
        return
    make_folder(folder)
    for name, certificate in certificates.items():
        path = folder / f"{name}.json"
        deliveries.deliver(path, partial(save_certificate, certificate, path))


def numbers_text(numbers: Sequence[int]) -> str:
    """Return the first numbers of a list as text."""
    shown = ", ".join(map(str, numbers[:_MOST_NUMBERS]))
    return f"{shown}, .. ({len(numbers)} in all)" if len(numbers) > _MOST_NUMBERS else shown or "none"
