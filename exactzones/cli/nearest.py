"""``exactzones nearest``: the nearest input at which a property holds, in any number of inputs."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import click

from exactzones.certification.nearest import NearestInput, nearest_input
from exactzones.cli.command import Command
from exactzones.cli.options import (
    NetworkFile,
    QuestionOptions,
    ReportOptions,
    net_argument,
    path_option,
    question_options,
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
from exactzones.cli.points import POINT_HELP, norm_option, read_point
from exactzones.cli.stopping import stop
from exactzones.errors import InputError
from exactzones.formats.certificates import save_certificate
from exactzones.notation import number, root
from exactzones.notation import point as point_text
from exactzones.polyhedra.projection import Norm
from exactzones.property import Disjunction
from exactzones.rational import text


@click.command("nearest", cls=Command)
@net_argument
@question_options
@click.option("--at", "place", required=True, metavar="POINT", help=POINT_HELP)
@norm_option
@timeout_option
@path_option("--out", "out", metavar="CERT", help="Write the proof that the property holds nowhere on a box around the point.")
@exact_option
@report_options
def command(
    net: NetworkFile,
    question: QuestionOptions,
    place: str,
    norm: Norm,
    timeout: float | None,
    out: Path | None,
    report: ReportOptions,
) -> int:
    """Find the nearest input at which a feature fires, exactly or, when time is up, between two exact bounds.

    The exit code is 0 if the distance is exact, or if the feature fires nowhere; 3 if there are two bounds.

    \b
    exactzones nearest net.npz --feature 0 --at 1/2,-3/4 --norm inf
    exactzones nearest net.onnx --where "not argmax = 7" --at images.npy:3 --norm inf --domain 0:1 --timeout 60
    """
    stop.start(timeout)
    claim = question.claim(net)
    domains = {id(domain): domain for _, domain in claim.questions}
    if len(domains) != 1:
        raise InputError(f"the property has {len(domains)} domains; ask about each of them")
    point = read_point(place, claim.network.inputs)
    check_target(out, net.path)
    check_answer_target(report.json_path, net.path)
    check_distinct(("--out", out), ("--json", report.json_path))
    (domain,) = domains.values()
    prop = Disjunction(tuple(prop for prop, _ in claim.questions))
    with progress(quiet=report.quiet, activity="looking for the nearest input", counts="the distance is {}") as show:

        def report_bounds(lower: Fraction, upper: Fraction | None) -> None:
            if show is not None:
                show(_distance_text(lower, upper, norm), None)

        answer = nearest_input(claim.network, prop, point, norm, domain, seconds=stop.deadline, progress=report_bounds)
    deliveries = Deliveries()
    if out is not None and answer is not None and answer.certificate is not None:
        deliveries.deliver(out, partial(save_certificate, answer.certificate, out))
    document = {"command": "nearest", "network": claim.network.sha256, **_document(answer, norm)}
    deliveries.deliver_answer(document, report.json_path)
    if not report.quiet and is_text_wanted(report.json_path):
        _print(answer)
        for path in deliveries.written:
            click.echo(f"wrote {path}")
    if answer is not None and not answer.exact:
        ended = timeout is not None or stop.deadline.interrupted  # a part of the time may have been too short
        why = f"{stop.deadline.reason} before the distance was exact" if ended else "no proof closed the gap"
        click.echo(f"incomplete: {why}", err=True)
    if out is not None and (answer is None or answer.certificate is None):
        click.echo(f"{out} is not written: {_why_no_certificate(answer)}", err=True)
    return deliveries.exit_code(0 if answer is None or answer.exact else 3)


def _why_no_certificate(answer: NearestInput | None) -> str:
    if answer is None:
        return "it is about a box around the point; exactzones certify proves that it fires nowhere"
    if answer.upper == 0:
        return "the distance is 0, so there is no box around the point to prove"
    return "no box around the point was proved"


def _document(answer: NearestInput | None, norm: Norm) -> dict[str, Any]:
    """Return the answer as a JSON object; for the norm 2 the bounds are squares."""
    square = "_squared" if norm == 2 else ""
    if answer is None:
        bounds = {f"lower{square}": None, f"upper{square}": None}
        return {"norm": norm, **bounds, "exact": True, "attained": False, "point": None, "zone": None}
    return {
        "norm": norm,
        f"lower{square}": text(answer.lower),
        f"upper{square}": None if answer.upper is None else text(answer.upper),
        "exact": answer.exact,
        "attained": answer.attained,
        "point": None if answer.point is None else list(map(text, answer.point)),
        "zone": None if answer.pattern is None else list(answer.pattern),
        "radius": text(answer.radius),
    }


def _print(answer: NearestInput | None) -> None:
    if answer is None:
        click.echo("it fires nowhere on the domain")
        return
    rows = [("distance", _distance_text(answer.lower, answer.upper, answer.norm))]
    if answer.point is not None:
        rows.append(("point", point_text(answer.point)))
        rows.append(("fires there", "yes" if answer.attained else "no, but arbitrarily close to it"))
    if answer.certificate is not None:
        rows.append(("proved", f"it fires nowhere as long as no input changes by more than {number(answer.radius)}"))
    print_table(rows)


def _distance_text(lower: Fraction, upper: Fraction | None, norm: Norm) -> str:
    """Return what is known of the distance; for the norm 2 the bounds are squares."""
    write = root if norm == 2 else number
    if lower == upper:
        return write(lower)
    if upper is None:
        return f"at least {write(lower)}" if lower else "not known"
    return f"between {write(lower)} and {write(upper)}"
