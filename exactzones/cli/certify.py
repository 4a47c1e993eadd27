"""``exactzones certify`` and ``exactzones check``: decide a claim with a certificate, and check a certificate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import rich_click as click

from exactzones.certification import CanFire, CannotFire, Decision, case_of, certify_cases
from exactzones.checker import Case, Report, lines_of
from exactzones.checker import check as check_fast
from exactzones.checker.reference import check_plainly
from exactzones.checker.second_reading.onnx_weights import plain_layers, same_function
from exactzones.checker.verified import check_verified, program
from exactzones.cli.options import (
    CommandClaim,
    NetworkFile,
    Question,
    QuestionOptions,
    ReportOptions,
    arithmetic_option,
    gathered,
    json_option,
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
    is_text_wanted,
    number_text,
    point_text,
    print_table,
    progress,
    require_file,
)
from exactzones.cli.stopping import stop
from exactzones.cli.workers import dask_option, jobs_option, workers
from exactzones.errors import BackendError, DomainError, FormatError, InputError
from exactzones.formats.certificates import Checkpoint, load_certificate, save_certificate
from exactzones.network import Network
from exactzones.rational import text
from exactzones.rational.float_formats import REAL

_COUNTS = "{:,} regions visited, {:,} open"  # of the progress
_SEARCH_SHARE = 0.9  # of the time; the rest is for writing
_VNNLIB_WORDS = {"can fire": "sat", "cannot fire": "unsat", "undecided": "unknown"}
_WORDS = {verdict: verdict for verdict in _VNNLIB_WORDS}
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


@dataclass(frozen=True)
class CheckerOptions:
    """The options that choose a checker other than the default, and the arithmetic of the claim."""

    verified: bool
    plain: bool
    case: int | None
    arithmetic: str

    def checker(self) -> Callable[..., Report]:
        """Return the checker's function: network, cases and lines of the certificate to a report.

        Raises:
            InputError: two checkers at once, or a verified checker that has not been built.
        """
        if self.verified and self.plain:
            raise InputError("--verified and --plain choose different checkers: give only one of them")
        if self.plain:
            return check_plainly
        if not self.verified:
            return check_fast
        try:
            program()
        except BackendError as error:
            raise InputError(str(error)) from None
        return check_verified


@click.command()
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
@report_options
def certify(net: NetworkFile, question: QuestionOptions, options: CertifyOptions, report: ReportOptions) -> int:
    """Prove that a feature cannot fire on a domain, or find an input at which it fires.

    Either answer comes with a certificate that "exactzones check" verifies.  The last line printed is "can fire", "cannot
    fire" or "undecided"; for a VNN-LIB property it is "sat", "unsat" or "unknown".  For many at once see
    "exactzones certify --instances TABLE --help".

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
    claim = question.claim(net, options.arithmetic)
    stored, network, cases = claim.stored, claim.network, claim.cases(options.arithmetic)
    _check_files(net, question, options, report)
    earlier = None if options.resume is None else load_certificate(require_file(options.resume))
    until = stop.deadline.part(_SEARCH_SHARE)
    shown = progress(quiet=report.quiet, activity="certifying", counts=_COUNTS)
    with workers(options.jobs, options.dask) as executor, shown as show, stop.step(until):
        checkpoint = None if options.out is None else Checkpoint(options.out)
        decision = certify_cases(
            network, cases, seconds=until, resume=earlier, executor=executor, progress=show, checkpoint=checkpoint
        )
    deliveries = Deliveries()
    if options.out is not None:
        deliveries.deliver(options.out, partial(save_certificate, decision.certificate, options.out))
    words = _WORDS if question.prop_path is None else _VNNLIB_WORDS
    answer = _answer(stored, decision, words)
    if "reason" in answer:
        click.echo(f"incomplete: {answer['reason']}; {answer['open_leaves']} open leaves", err=True)
    written = deliveries.written[0] if deliveries.written else None
    answer |= {"certificate": None if written is None else str(written), "arithmetic": options.arithmetic}
    if options.arithmetic != REAL:
        answer |= _about_floats(net, claim, decision, options)
        answer["real_verdict"] = words[answer["real_verdict"]]
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


def _answer(network: Network, decision: Decision, words: dict[str, str]) -> dict[str, Any]:
    """Return a decision as the fields of the JSON answer."""
    answer: dict[str, Any] = {"command": "certify", "network": network.sha256}
    if isinstance(decision, CanFire):
        witness, outputs = decision.witness, network.trace(decision.witness)[-1]
        fields = {"case": decision.case, "witness": list(map(text, witness)), "outputs": list(map(text, outputs))}
        return answer | {"verdict": words["can fire"]} | fields
    if isinstance(decision, CannotFire):
        return answer | {"verdict": words["cannot fire"], "nodes": decision.nodes}
    return answer | {"verdict": words["undecided"], "reason": decision.reason, "open_leaves": decision.open_leaves}


def _about_floats(net: NetworkFile, claim: CommandClaim, decision: Decision, options: CertifyOptions) -> dict[str, Any]:
    """Return what else is known of a question about floats."""
    from exactzones.cli.floats import findings, replay

    with stop.step(stop.deadline):
        fields = findings(claim.network, claim.cases(options.arithmetic), decision, stop.deadline)
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
        rows = [(f"output {k}", number_text(value)) for k, value in enumerate(outputs)]
        print_table([("witness", point_text(decision.witness)), *rows])
    elif isinstance(decision, CannotFire) and not quiet:
        print_table([("proof", f"{decision.nodes:,} nodes, checked")])
    if answer["arithmetic"] != REAL and not quiet:
        from exactzones.cli.floats import print_findings

        print_findings(answer["arithmetic"], answer)
    click.echo(answer["verdict"])


@click.command()
@net_argument
@click.argument("cert", type=click.Path(path_type=Path))
@question_options
@gathered(
    "options",
    CheckerOptions,
    click.option("--verified", is_flag=True, help="Use the checker whose program was extracted from the proofs in Coq."),
    click.option("--plain", is_flag=True, help="Use the short reference checker, written in plain fractions (slow)."),
    click.option(
        "--case",
        type=click.IntRange(0),
        metavar="K",
        help="The certificate is about case K, counted from 0, of a property with or.",
    ),
    arithmetic_option,
)
@json_option
def check(net: NetworkFile, cert: Path, question: QuestionOptions, options: CheckerOptions, json_path: Path | None) -> int:
    """Check a certificate, in exact integer arithmetic, against the claim that the options state.

    The claim is never taken from the certificate.  The last line printed is "valid" (exit code 0), "invalid: REASON" (1) or
    "incomplete: K open leaves" (3: a run that ended early; "certify --resume" continues it).

    \b
    exactzones check net.npz proof.json --feature 0 --domain=-6:6
    exactzones check net.npz proof-1.json --where "y[0] > 0 or y[1] > 0" --case 1
    """
    checker = options.checker()
    claim = question.claim(net, options.arithmetic)
    claim = claim if options.case is None else claim.of_case(options.case)
    stored = claim.stored
    check_answer_target(json_path, net.path)
    check_distinct(("CERT", cert), ("--json", json_path), ("--property", question.prop_path))
    readings = _read_twice(net, claim.loaded)
    total = _count_lines(require_file(cert))
    network, cases = _as_listed(claim, cert, options.arithmetic)
    with progress(quiet=False, activity="checking", counts="{:,} of {:,} lines checked", of_total=True) as show:
        report = checker(network, cases, _reporting(lines_of(cert), total, show))
    deliveries = Deliveries()
    answer = {"command": "check", "network": stored.sha256, **asdict(report), "readings": readings}
    deliveries.deliver_answer(answer | {"arithmetic": options.arithmetic}, json_path)
    if is_text_wanted(json_path):
        if readings:
            click.echo(readings)
        if report.verdict == "valid":
            click.echo(_proved(report, options.arithmetic))
        click.echo(str(report))
    return deliveries.exit_code({"valid": 0, "invalid": 1, "incomplete": 3}[report.verdict])


def _as_listed(claim: CommandClaim, certificate: Path, arithmetic: str) -> tuple[Network, list[Case]]:
    """Return the network and the cases of a claim, about the free inputs only if the certificate is about that network.

    Where a domain fixes inputs, zones are listed in the others.  Both claims say the same; neither is taken from the certificate.
    """
    if arithmetic == REAL and len(claim.questions) == 1 and _network_of(certificate) != claim.network.sha256:
        try:
            question, embedding = Question(claim.network, *claim.questions[0]).on_free_inputs()
        except DomainError:  # a single point, or none
            return claim.network, claim.cases(arithmetic)
        if embedding is not None and _network_of(certificate) == question.network.sha256:
            return question.network, [case_of(*question, arithmetic=arithmetic)]
    return claim.network, claim.cases(arithmetic)


def _network_of(certificate: Path) -> Any:
    """Return the hash of the network that a certificate says it is about; None if it cannot be read."""
    try:
        return json.loads(next(lines_of(certificate), ""))["network"]
    except (FormatError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _proved(report: Report, arithmetic: str) -> str:
    """Say what a valid certificate proves."""
    if arithmetic != REAL:
        how = "the witness was evaluated" if report.proves == "can fire" else f"{report.nodes:,} nodes"
        return f"proved: {report.proves} in {arithmetic}, in every order of summation ({how})"
    if report.proves == "can fire":
        return "proved: can fire (the witness was evaluated)"
    if report.proves == "cannot fire":
        return f"proved: cannot fire ({report.nodes:,} nodes)"
    return f"proved: the list of {report.zones:,} zones is complete ({report.nodes:,} nodes)"


def _read_twice(net: NetworkFile, network: Network) -> str:
    """Read an ONNX file with a second, independent reader and say how the readings compare; "" for formats of exactzones."""
    if net.path.name.lower().endswith((".json", ".npz")):
        return ""
    if not net.path.name.lower().endswith((".onnx", ".onnx.gz")):
        return "network read by one reader: the second, independent one reads ONNX files only"
    if not net.whole:
        return "network read by one reader: the second, independent one reads whole models only"
    layers = plain_layers(net.path)
    if layers is None:
        return "network read by one reader: the second, independent one does not support this file's operators"
    if not same_function(layers, network):
        raise InputError(f"{net.path}: two independent readers of this file disagree; please report this, with the file")
    return "network read by two independent readers: they agree"


def _count_lines(certificate: Path) -> int:
    """Return the number of lines of a certificate, up to the first unreadable one, which the checker will report."""
    count = 0
    try:
        for _ in lines_of(certificate):
            count += 1
    except FormatError:
        pass
    return count


def _reporting(lines: Iterator[str], total: int, show: Callable[[int, int], None] | None) -> Iterator[str]:
    """Yield lines; before each, report the number of lines yielded so far."""
    for count, line in enumerate(lines):
        if show is not None:
            show(count, total)
        yield line
