"""``exactzones certify`` and ``exactzones check``: can it fire, with evidence; and is the evidence right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rich_click as click

from exactzones.checker import Case, lines_of
from exactzones.cli.common import (
    STDOUT,
    check_answer,
    check_distinct,
    check_target,
    claim_options,
    json_option,
    net_argument,
    progress,
    quiet_option,
    read,
    save_answer,
    shown,
    shown_point,
    table,
)
from exactzones.errors import BackendError, FormatError, InputError
from exactzones.models import load_network
from exactzones.network import Network
from exactzones.rational import text

_property = click.option(
    "--property",
    "prop_path",
    type=click.Path(path_type=Path),
    metavar="P.vnnlib",
    help="Conditions in VNN-LIB instead of a feature.",
)


@click.command()
@net_argument
@claim_options(required=False)
@_property
@click.option("--out", type=click.Path(path_type=Path), metavar="CERT", help="Write the certificate (gzipped if it ends in .gz).")
@click.option("--resume", type=click.Path(path_type=Path), metavar="CERT", help="Go on from an earlier run's certificate.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop after S seconds (exit code 3).")
@click.option("--jobs", type=click.IntRange(1), default=1, metavar="N", help="Work with N processes on this machine.")
@json_option
@quiet_option
def certify(
    net: Path,
    index: int | None,
    threshold: str,
    layer: int,
    spec: str,
    prop_path: Path | None,
    out: Path | None,
    resume: Path | None,
    timeout: float | None,
    jobs: int,
    json_path: Path | None,
    quiet: bool,
) -> int:
    """Decide whether a feature can fire on a domain, with evidence.

    The last line is "can fire", "cannot fire" or "undecided" ("sat", "unsat" or "unknown" for a VNN-LIB property).

    \b
    exactzones certify net.npz --feature 0 --domain=-6:6 --out proof.json
    exactzones certify net.onnx --property robust.vnnlib --timeout 60 --out proof.json.gz
    """
    from exactzones.certification import CanFire, CannotFire, certify_cases
    from exactzones.formats.certificates import load_certificate, save_certificate

    if timeout is not None and math.isnan(timeout):
        raise InputError("timeout is nan; a number of seconds is expected")
    network, cases = _claim(net, index, threshold, layer, spec, prop_path)
    check_target(out, net)
    check_answer(json_path, net)
    check_distinct(("--out", out), ("--json", json_path), ("--property", prop_path))
    check_distinct(("--json", json_path), ("--resume", resume))
    earlier = None if resume is None else load_certificate(_file(resume))
    with progress(quiet=quiet, doing="certifying", counts="{:,} regions visited, {:,} open") as report:
        found = certify_cases(network, cases, seconds=timeout, resume=earlier, jobs=jobs, progress=report)
    if out is not None:
        save_certificate(found.certificate, out)
    words = ("can fire", "cannot fire", "undecided") if prop_path is None else ("sat", "unsat", "unknown")
    answer: dict[str, Any] = {"command": "certify", "network": network.sha256}
    rows: list[tuple[str, str]] = []
    if isinstance(found, CanFire):
        values = network.trace(found.witness)[-1]
        answer |= {"verdict": words[0], "case": found.case, "witness": list(map(text, found.witness))}
        answer["outputs"] = list(map(text, values))
        rows = [("witness", shown_point(found.witness)), *((f"output {k}", shown(v)) for k, v in enumerate(values[:20]))]
    elif isinstance(found, CannotFire):
        answer |= {"verdict": words[1], "nodes": found.nodes}
        rows = [("proof", f"{found.nodes:,} nodes, checked")]
    else:
        answer |= {"verdict": words[2], "reason": found.reason, "open_leaves": found.open_leaves}
        click.echo(f"incomplete: {found.reason}; {found.open_leaves} open leaves", err=True)
    save_answer({**answer, "certificate": None if out is None else str(out)}, json_path)
    if json_path != STDOUT:
        if out is not None and not quiet:
            click.echo(f"wrote {out}")
        if rows and not quiet:
            table(rows)
        click.echo(answer["verdict"])
    return 3 if answer["verdict"] == words[2] else 0


@click.command()
@net_argument
@click.argument("cert", type=click.Path(path_type=Path))
@claim_options(required=False)
@_property
@click.option("--verified", is_flag=True, help="Check with the program extracted from the Coq proofs.")
@click.option("--plain", is_flag=True, help="Check with the rules in plain fractions: short to read, and slow.")
@json_option
def check(
    net: Path,
    cert: Path,
    index: int | None,
    threshold: str,
    layer: int,
    spec: str,
    prop_path: Path | None,
    verified: bool,
    plain: bool,
    json_path: Path | None,
) -> int:
    """Check a certificate against a claim, in integers.

    The claim is what the options say, never what the file says. The last line is "valid", "invalid: why" or
    "incomplete: k open leaves" (exit codes 0, 1, 3).

    \b
    exactzones check net.npz proof.json --feature 0 --domain=-6:6
    """
    from exactzones.checker import check as check_certificate

    if verified and plain:
        raise InputError("--verified and --plain name different checkers: give one of them")
    if plain:
        from exactzones.checker.reference import check_plainly as check_certificate
    if verified:
        from exactzones.checker.verified import check_verified as check_certificate
        from exactzones.checker.verified import program

        try:
            program()
        except BackendError as error:
            raise InputError(str(error)) from None
    network, cases = _claim(net, index, threshold, layer, spec, prop_path)
    check_answer(json_path, net)
    check_distinct(("CERT", cert), ("--json", json_path), ("--property", prop_path))
    readings = _read_twice(net, network)
    total = _count(_file(cert))
    with progress(quiet=False, doing="checking", counts="{:,} of {:,} lines checked", of=True) as told:
        report = check_certificate(network, cases, _told(lines_of(cert), total, told))
    save_answer({"command": "check", "network": network.sha256, **asdict(report)}, json_path)
    if json_path != STDOUT:
        if readings:
            click.echo(readings)
        if report.verdict == "valid":
            what = {"can fire": "the witness has the property", "cannot fire": f"it cannot fire: {report.nodes:,} nodes"}
            click.echo(what.get(report.proves, f"the list of {report.zones:,} zones is complete: {report.nodes:,} nodes"))
        click.echo(str(report))
    return {"valid": 0, "invalid": 1, "incomplete": 3}[report.verdict]


def _claim(
    net: Path, index: int | None, threshold: str, layer: int, spec: str, prop_path: Path | None
) -> tuple[Network, Sequence[Case]]:
    """Return the network and the cases that the options name."""
    from exactzones.certification import case_of

    if (index is None) == (prop_path is None):
        raise InputError("give either --feature (with --threshold, --layer, --domain) or --property")
    if prop_path is None:
        network, prop, domain = read(net, index or 0, threshold, layer, spec)
        return network, [case_of(network, prop, domain)]
    if (threshold, layer, spec) != ("0", -1, "all"):
        raise InputError("--property says everything: --threshold, --layer and --domain do not go with it")
    from exactzones.vnnlib.reader import read_vnnlib

    network = load_network(net)
    read_cases = read_vnnlib(prop_path, network)
    return network, [case_of(network, case.property_for(network), case.domain) for case in read_cases]


def _read_twice(net: Path, network: Network) -> str:
    """Read an ONNX file once more, by other means, and say how the readings compare."""
    from exactzones.checker.second_reading.onnx_weights import plain_layers, same_function

    if net.suffix.lower() != ".onnx":
        return ""
    layers = plain_layers(net)
    if layers is None:
        return "network read once (this file's operators are known to one reader only)"
    if not same_function(layers, network):
        raise InputError(f"{net}: two independent readings of this file differ; please report it with the file")
    return "network read twice, independently: the same"


def _count(path: Path) -> int:
    """Return how many lines a certificate has, as far as it can be read: what is wrong with it, the checker says."""
    count = 0
    try:
        for _ in lines_of(path):
            count += 1
    except FormatError:
        pass
    return count


def _told(lines: Iterator[str], total: int, report: Callable[[int, int], None] | None) -> Iterator[str]:
    """Yield lines, reporting how many of them were taken before."""
    for count, line in enumerate(lines):
        if report is not None:
            report(count, total)
        yield line


def _file(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    return path
