"""``exactzones check``: check a certificate against a claim."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from exactzones.certification import case_of
from exactzones.checker import Case, Report, lines_of
from exactzones.checker import check as check_fast
from exactzones.checker.reference import check_plainly
from exactzones.checker.second_reading.onnx_weights import OPERATORS, plain_layers, same_function
from exactzones.checker.verified import check_verified, program
from exactzones.cli.command import Command
from exactzones.cli.numbers import check_numbers, is_about_numbers, measure_rows, topology_rows
from exactzones.cli.options import (
    CommandClaim,
    NetworkFile,
    Question,
    QuestionOptions,
    arithmetic_option,
    gathered,
    json_option,
    net_argument,
    question_options,
    timeout_option,
)
from exactzones.cli.outputs import (
    Deliveries,
    check_answer_target,
    check_distinct,
    is_text_wanted,
    print_table,
    progress,
    require_file,
)
from exactzones.cli.stopping import stop
from exactzones.errors import BackendError, BudgetExceeded, DomainError, FormatError, InputError
from exactzones.network import Network
from exactzones.notation import counted
from exactzones.rational.float_formats import REAL

_COUNTS = "{:,} of {:,} lines checked"  # of the progress
_ONE_READER = "network read by one reader"
_ADVICE = (
    "  so the proof is about the network as this reader understood the file; to test that, compare exactzones eval at a few "
    "points with another program"
)
_BY = {"fast": "", "plain": ", by the reference checker", "verified": ", by the verified checker"}


@dataclass(frozen=True)
class CheckerOptions:
    """The options that choose a checker other than the default, the arithmetic of the claim, and a limit."""

    verified: bool
    plain: bool
    case: int | None
    arithmetic: str
    timeout: float | None

    def require_ordinary(self) -> None:
        """Refuse options that do not apply to a certificate of numbers.

        Raises:
            InputError: another checker, or an arithmetic of floats, is asked for.
        """
        if self.verified or self.plain or self.arithmetic != REAL:
            raise InputError(
                "a certificate of numbers has one checker, in real arithmetic; leave out --verified, --plain, --arithmetic"
            )

    @property
    def name(self) -> str:
        """Which checker: fast, plain or verified."""
        return "verified" if self.verified else "plain" if self.plain else "fast"

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


@click.command(cls=Command)
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
    timeout_option,
)
@json_option
def check(net: NetworkFile, cert: Path, question: QuestionOptions, options: CheckerOptions, json_path: Path | None) -> int:
    """Check a certificate, in exact integer arithmetic, against the claim that the options state.

    The claim is never taken from the certificate.  The last line printed is "valid" (exit code 0), "invalid: REASON" (1),
    "incomplete: K open leaves" (3: a run that ended early; "certify --resume" continues it) or "not checked: REASON" (3).

    \b
    exactzones check net.npz proof.json --feature 0 --domain=-6:6
    exactzones check net.npz proof-1.json --where "y[0] > 0 or y[1] > 0" --case 1
    """
    stop.start(options.timeout)
    checker = options.checker()
    claim = question.claim(net, options.arithmetic)
    claim = claim if options.case is None else claim.of_case(options.case)
    check_answer_target(json_path, net.path)
    check_distinct(("CERT", cert), ("--json", json_path), ("--property", question.prop_path))
    readings = _read_twice(net, claim.loaded)
    numbers: dict[str, Any] = {}
    if is_about_numbers(require_file(cert)):
        options.require_ordinary()
        report = within_time(partial(check_numbers, claim, cert, numbers))
    else:
        report = within_time(partial(_checked, checker, claim, cert, options.arithmetic))
    deliveries = Deliveries()
    answer = {"command": "check", "network": claim.stored.sha256, **asdict(report), "readings": readings}
    answer |= {"arithmetic": options.arithmetic, "checker": options.name} | ({"numbers": numbers} if numbers else {})
    deliveries.deliver_answer(answer, json_path)
    if is_text_wanted(json_path):
        if readings:
            click.echo(readings)
        if readings.startswith(_ONE_READER):
            click.echo(_ADVICE)
        if report.verdict == "valid":
            click.echo(f"proved: {_proved(report, question, options)}")
            if numbers:
                print_table((measure_rows if "share" in numbers else topology_rows)(numbers))
        click.echo(str(report))
    return deliveries.exit_code(exit_code(report))


def _checked(checker: Callable[..., Report], claim: CommandClaim, cert: Path, arithmetic: str) -> Report:
    """Return a checker's report."""
    with progress(quiet=False, activity="checking", counts=_COUNTS, of_total=True) as show:
        total = _count_lines(cert)
        network, cases = _as_listed(claim, cert, arithmetic)
        return checker(network, cases, stop.deadline.watch(_reporting(lines_of(cert), total, show)))


def within_time(check: Callable[[], Report]) -> Report:
    """Return the report of a check, or one that says that there was no time for it."""
    try:
        with stop.step():
            return check()
    except (BudgetExceeded, KeyboardInterrupt):
        reason = stop.deadline.reason
    click.echo(f"incomplete: {reason} before the certificate was checked", err=True)
    return Report("not checked", why=reason)


def exit_code(report: Report) -> int:
    """Return the exit code that says what a report says."""
    return {"valid": 0, "invalid": 1}.get(report.verdict, 3)


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


def _proved(report: Report, question: QuestionOptions, options: CheckerOptions) -> str:
    """Say what a valid certificate proves, from what, and by which checker."""
    nodes = counted(report.nodes, "node", grouped=True)
    if report.proves.startswith("the numbers"):
        return f"{report.proves} ({counted(report.nodes, 'simplex', 'simplices', grouped=True)})"
    if report.proves not in ("can fire", "cannot fire"):
        return f"the list of {counted(report.zones, 'zone', grouped=True)} is complete ({nodes}{_BY[options.name]})"
    how = "the witness was evaluated" if report.proves == "can fire" else nodes
    floats = "" if options.arithmetic == REAL else f" in {options.arithmetic}, in every order of summation"
    return f"{question.verdict_word(report.proves)}{floats} ({how}{_BY[options.name]})"


def _read_twice(net: NetworkFile, network: Network) -> str:
    """Read an ONNX file with a second, independent reader and say how the readings compare; "" for formats of exactzones."""
    if net.path.name.lower().endswith((".json", ".npz")):
        return ""
    if not net.path.name.lower().endswith((".onnx", ".onnx.gz")):
        return f"{_ONE_READER}: the second, independent one reads ONNX files only"
    if not net.whole:
        return f"{_ONE_READER}: the second, independent one reads whole models only"
    layers = plain_layers(net.path)
    if layers is None:
        return f"{_ONE_READER}: the second, independent one reads chains of {', '.join(OPERATORS)} only"
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
