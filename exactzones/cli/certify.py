"""``exactzones certify``: decide a claim, with a witness or a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import click

from exactzones.certification import CanFire, CannotFire, Decision, certify_cases
from exactzones.cli.command import Command
from exactzones.cli.options import (
    CommandClaim,
    NetworkFile,
    QuestionOptions,
    ReportOptions,
    arithmetic_option,
    gathered,
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
    require_file,
)
from exactzones.cli.stopping import stop
from exactzones.cli.workers import dask_option, jobs_option, workers
from exactzones.errors import BudgetExceeded, reason_of
from exactzones.formats.certificates import Checkpoint, load_certificate, save_certificate
from exactzones.network import Network
from exactzones.notation import counted, number
from exactzones.notation import point as point_text
from exactzones.rational import text
from exactzones.rational.float_formats import REAL

_COUNTS = "{:,} regions visited, {:,} open"  # of the progress
_SEARCH_SHARE = 0.9  # of the time; the rest is for writing
_MOST_OUTPUTS = 20  # network outputs printed with a witness


@dataclass(frozen=True)
class CertifyOptions:
    """The options of ``certify`` that say how to search, and with which certificate files."""

    out: Path | None
    resume: Path | None
    expect: str | None
    arithmetic: str
    replay: str | None
    timeout: float | None
    jobs: int
    dask: str | None


@click.command(cls=Command)
@net_argument
@question_options
@gathered(
    "options",
    CertifyOptions,
    path_option("--out", metavar="CERT", help="Write the certificate to this file (compressed if the name ends in .gz)."),
    path_option("--resume", metavar="CERT", help="Continue from the certificate of an earlier, unfinished run."),
    click.option(
        "--expect",
        type=click.Choice(["sat", "unsat"]),
        help="End with exit code 4 if the verdict is the other one; sat is can fire, unsat is cannot fire.",
    ),
    arithmetic_option,
    click.option(
        "--replay",
        type=click.Choice(["numpy", "onnxruntime", "torch"]),
        help="Run the input that was found, if any, in this library, and report what it computes (with --arithmetic).",
    ),
    timeout_option,
    jobs_option,
    dask_option,
)
@exact_option
@report_options
def certify(net: NetworkFile, question: QuestionOptions, options: CertifyOptions, report: ReportOptions) -> int:
    """Prove that a feature cannot fire on a domain, or find an input at which it fires.

    Either answer comes with a certificate that "exactzones check" verifies.  The last line printed is "can fire", "cannot
    fire" or "undecided"; for a VNN-LIB property it is "sat", "unsat" or "undecided".  Standard error says why it is undecided.
    For many at once see "exactzones certify --instances --help".

    \b
    exactzones certify net.npz --feature 0 --domain=-6:6 --out proof.json
    exactzones certify net.onnx --property robust.vnnlib --out proof.json.gz
    exactzones certify net.npz --where "argmax != 2" --domain-of-data iris.csv --margin 1/10
    exactzones certify net.onnx --feature 0 --domain=0:1 --arithmetic float32
    exactzones certify --instances instances.csv --out results --jobs 4 --timeout 60
    """
    stop.start(options.timeout)
    if options.replay is not None:
        from exactzones.cli.floats import require_library

        require_library(options.replay, options.arithmetic)
    try:
        claim, decision = _decide(net, question, options, report)
    except (BudgetExceeded, KeyboardInterrupt) as stopped:  # while files are read, or the search is set up
        return _end_without_decision(reason_of(stopped), options, report)
    stored, deliveries = claim.stored, Deliveries()
    if options.out is not None:
        deliveries.deliver(options.out, partial(save_certificate, decision.certificate, options.out))
    answer = _answer(stored, decision, question)
    if "reason" in answer:
        click.echo(f"incomplete: {answer['reason']}; {counted(answer['open_leaves'], 'open leaf', 'open leaves')}", err=True)
    written = deliveries.written[0] if deliveries.written else None
    answer |= {"certificate": None if written is None else str(written), "arithmetic": options.arithmetic}
    if options.arithmetic != REAL:
        answer |= _about_floats(net, claim, decision, options)
        answer["real_verdict"] = question.verdict_word(answer["real_verdict"])
    deliveries.deliver_answer(answer, report.json_path)
    if is_text_wanted(report.json_path):
        _print_decision(stored, decision, answer, None if report.quiet else written, quiet=report.quiet)
    if "reason" in answer:
        return deliveries.exit_code(3)
    verdict = "sat" if isinstance(decision, CanFire) else "unsat"
    return deliveries.exit_code(0 if options.expect in (None, verdict) else 4)


def _check_files(net: NetworkFile, question: QuestionOptions, options: CertifyOptions, report: ReportOptions) -> None:
    """Refuse files that cannot be written, or that would replace one that is read."""
    check_target(options.out, net.path)
    check_answer_target(report.json_path, net.path)
    check_distinct(("--out", options.out), ("--json", report.json_path), ("--property", question.prop_path))
    check_distinct(("--json", report.json_path), ("--resume", options.resume))


def _decide(
    net: NetworkFile, question: QuestionOptions, options: CertifyOptions, report: ReportOptions
) -> tuple[CommandClaim, Decision]:
    """Return the claim and the decision.

    Raises:
        BudgetExceeded: time was up before there was a decision, even one that it is undecided.
        KeyboardInterrupt: the same, or a signal came.
    """
    claim = question.claim(net, options.arithmetic)
    _check_files(net, question, options, report)
    earlier = None if options.resume is None else load_certificate(require_file(options.resume))
    until = stop.deadline.part(_SEARCH_SHARE)
    shown = progress(quiet=report.quiet, activity="certifying", counts=_COUNTS)
    with workers(options.jobs, options.dask) as executor, shown as show, stop.step(until):
        for network in (claim.stored, claim.network):
            _ = network.sha256  # which any answer has: this can take a second, so it must not wait until time is up
        decision = certify_cases(
            claim.network,
            claim.cases(options.arithmetic),
            seconds=until,
            resume=earlier,
            executor=executor,
            progress=show,
            checkpoint=None if options.out is None else Checkpoint(options.out),
        )
    return claim, decision


def _end_without_decision(reason: str, options: CertifyOptions, report: ReportOptions) -> int:
    """Say that there was no time for anything that a certificate could have."""
    deliveries = Deliveries()
    click.echo(f"incomplete: {reason} before anything was proved; no certificate is written", err=True)
    answer = {"command": "certify", "network": None, "verdict": "undecided", "reason": reason, "open_leaves": None}
    answer |= {"certificate": None, "arithmetic": options.arithmetic}
    deliveries.deliver_answer(answer, report.json_path)
    if is_text_wanted(report.json_path):
        click.echo("undecided")
    return deliveries.exit_code(3)


def _answer(network: Network, decision: Decision, question: QuestionOptions) -> dict[str, Any]:
    """Return a decision as the fields of the JSON answer."""
    answer: dict[str, Any] = {"command": "certify", "network": network.sha256}
    if isinstance(decision, CanFire):
        witness, outputs = decision.witness, network.trace(decision.witness)[-1]
        fields = {"case": decision.case, "witness": list(map(text, witness)), "outputs": list(map(text, outputs))}
        return answer | {"verdict": question.verdict_word("can fire")} | fields
    if isinstance(decision, CannotFire):
        return answer | {"verdict": question.verdict_word("cannot fire"), "nodes": decision.nodes}
    return answer | {"verdict": "undecided", "reason": decision.reason, "open_leaves": decision.open_leaves}


def _about_floats(net: NetworkFile, claim: CommandClaim, decision: Decision, options: CertifyOptions) -> dict[str, Any]:
    """Return what else is known of a question about floats; if there is no time for it, say so at the end."""
    from exactzones.cli.floats import findings, replay

    try:
        with stop.step(stop.deadline):
            cases, real = claim.cases(options.arithmetic), claim.cases(REAL)
            fields = findings(claim.network, cases, real, decision, stop.deadline)
    except KeyboardInterrupt:
        stop.left_out.append("the verdict over the reals")
        fields = {"real_verdict": "undecided"}
    point = decision.witness if isinstance(decision, CanFire) else None
    if "depends" in fields:
        point = tuple(map(Fraction, fields["depends"]["input"]))
    if options.replay is not None and point is not None:
        fields["replay"] = replay(options.replay, claim.stored, net.path, options.arithmetic, point)
    return fields


def _print_decision(network: Network, decision: Decision, answer: dict[str, Any], written: Path | None, *, quiet: bool) -> None:
    """Print a decision: the file written, what supports the verdict, and on the last line the verdict."""
    if written is not None:
        click.echo(f"wrote {written}")
    if isinstance(decision, CanFire) and not quiet:
        outputs = network.trace(decision.witness)[-1][:_MOST_OUTPUTS]
        rows = [(f"output {k}", number(value)) for k, value in enumerate(outputs)]
        print_table([("witness", point_text(decision.witness)), *rows])
    elif isinstance(decision, CannotFire) and not quiet:
        print_table([("proof", f"{counted(decision.nodes, 'node', grouped=True)}, checked")])
    if answer["arithmetic"] != REAL and not quiet:
        from exactzones.cli.floats import print_findings

        print_findings(answer["arithmetic"], answer)
    click.echo(answer["verdict"])
