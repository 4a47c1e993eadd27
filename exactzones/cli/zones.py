"""``exactzones zones``: the complete list, as a summary, JSON and a picture."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rich_click as click

from exactzones.cli.common import (
    STDOUT,
    check_answer,
    check_distinct,
    check_target,
    claim_options,
    discard_output,
    json_option,
    net_argument,
    progress,
    quiet_option,
    read,
    shown,
    shown_point,
    table,
)
from exactzones.errors import BudgetExceeded, InputError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property
from exactzones.rational import dot
from exactzones.zones import ENGINES, Budget, Zones, find_zones
from exactzones.zones.display import MAX_VOLUME_INPUTS

_PICTURES = (".svg", ".png", ".pdf")
_DASK_SECONDS = 10  # that a scheduler has to answer


@click.command()
@net_argument
@claim_options()
@click.option("--engine", type=click.Choice(ENGINES), default=ENGINES[0], help="How the zones are found.", show_default=True)
@json_option
@click.option("--plot", "plot_path", type=click.Path(path_type=Path), metavar="OUT", help="Draw them: .svg, .png or .pdf.")
@click.option(
    "--certificate", "proof_path", type=click.Path(path_type=Path), metavar="CERT", help="Prove that the list is complete."
)
@click.option(
    "--export",
    "export_paths",
    type=click.Path(path_type=Path),
    metavar="OUT",
    multiple=True,
    help="Write them for other programs: .graphml, .gexf, .geojson, .wkt, .csv or .smt2 (the question); may be repeated.",
)
@click.option("--merge", is_flag=True, help="Also join zones whose union is convex.")
@click.option("--max-zones", type=click.IntRange(1), metavar="N", help="Stop after N zones (exit code 3).")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop after S seconds (exit code 3).")
@click.option("--jobs", type=click.IntRange(1), default=1, metavar="N", help="Find them with N processes on this machine.")
@click.option("--dask", metavar="ADDRESS", help="Find them with the workers of this dask.distributed scheduler.")
@quiet_option
def zones(
    net: Path,
    index: int,
    threshold: str,
    layer: int,
    spec: str,
    engine: str,
    json_path: Path | None,
    plot_path: Path | None,
    proof_path: Path | None,
    export_paths: tuple[Path, ...],
    merge: bool,
    max_zones: int | None,
    timeout: float | None,
    jobs: int,
    dask: str | None,
    quiet: bool,
) -> int:
    """List every activation zone of a feature: where it fires, completely.

    \b
    exactzones zones net.npz --feature 0
    exactzones zones net.onnx --feature 2 --threshold 1/2 --domain=-6:6 --json zones.json --plot zones.svg
    exactzones zones net.npz --feature 0 --jobs 4 --export zones.csv --export touching.graphml
    """
    network, prop, domain = read(net, index, threshold, layer, spec)
    if timeout is not None and math.isnan(timeout):
        raise InputError("timeout is nan; a number of seconds is expected")
    targets = _Targets(json_path, plot_path, proof_path, export_paths)
    targets.check(net, network.inputs)
    targets.check_numbers(network, prop, domain)
    quiet_summary = quiet or json_path == STDOUT
    start = time.monotonic()
    status = 0
    counted = _Counted()
    try:
        with _workers(engine, jobs, dask) as executor, progress(quiet=quiet) as counted.report:
            budget = Budget(max_zones, timeout)
            found = find_zones(network, prop, domain, engine=engine, budget=budget, progress=counted, executor=executor)
    except BudgetExceeded as stopped:
        found, status = stopped.found, 3
        click.echo(f"incomplete: {stopped.reason}", err=True)
    took = time.monotonic() - start
    # Files first: whoever reads the summary through a pipe may leave before its end.
    targets.write(found, merge=merge)
    if proof_path is not None and found.complete:
        status = _prove(found, proof_path, timeout, quiet=quiet)
    if not quiet_summary:
        try:
            _summarise(found, spec, counted.cells, took, merge=merge)
            for option, path in targets.named():
                if found.complete or option != "--certificate":
                    click.echo(f"wrote {path}")
        except BrokenPipeError:
            discard_output()
    return status


class _Counted:
    """Passes progress on, and remembers how many cells were visited."""

    def __init__(self) -> None:
        self.report: Callable[[int, int], None] | None = None
        self.cells = 0

    def __call__(self, cells: int, zones: int) -> None:
        self.cells = cells
        if self.report is not None:
            self.report(cells, zones)


@contextmanager
def _workers(engine: str, jobs: int, dask: str | None) -> Iterator[Executor | None]:
    """Make the executor that the options name; None is this process alone."""
    if jobs == 1 and dask is None:
        yield None
        return
    option = "--jobs" if dask is None else "--dask"
    if engine != "forward":
        raise InputError(f"{option} needs --engine forward: the {engine} engine works alone")
    if dask is None:
        from exactzones.parallel import processes

        with processes(jobs) as pool:
            yield pool
        return
    if jobs > 1:
        raise InputError("--jobs and --dask exclude each other: processes on this machine, or a scheduler's workers")
    import asyncio

    try:
        from distributed import Client
        from distributed.comm import connect
    except ImportError:
        raise InputError("--dask needs dask.distributed: pip install exactzones[dask]") from None

    async def knock() -> None:
        connection = await connect(dask, timeout=_DASK_SECONDS)
        await connection.close()

    try:  # a Client that fails takes long to go away
        asyncio.run(knock())
    except Exception as error:  # noqa: BLE001 - whatever answers at an address may say anything
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"--dask {dask}: no scheduler answers there within {_DASK_SECONDS} s ({reason})") from None
    with Client(dask, timeout=_DASK_SECONDS, set_as_default=False) as client:
        yield client.get_executor()


@dataclass(frozen=True)
class _Targets:
    """The files that were asked for."""

    json: Path | None
    plot: Path | None
    proof: Path | None
    exports: Sequence[Path]

    def named(self) -> list[tuple[str, Path]]:
        """Return each file with its option."""
        one_each = (("--json", self.json), ("--plot", self.plot), *(("--export", path) for path in self.exports))
        return [(option, path) for option, path in (*one_each, ("--certificate", self.proof)) if path is not None]

    def check(self, net: Path, inputs: int) -> None:
        """Refuse what cannot be written or drawn, or not without a library that is not there, before the work."""
        for option, path in self.named():
            if option == "--json":
                check_answer(path, net)
            else:
                check_target(path, net, _PICTURES if option == "--plot" else ())
        check_distinct(*self.named())
        if self.plot is not None:
            if inputs > 3:
                raise InputError(f"a picture needs at most 3 inputs, this network has {inputs}; plot a slice of it from Python")
            import exactzones.plot  # noqa: F401
        if self.exports:
            from exactzones.export import writer

            for path in self.exports:
                writer(path, inputs)

    def check_numbers(self, network: Network, prop: Property, domain: Polyhedron | None) -> None:
        """Refuse what is about rational numbers only where there are others, before the work."""
        if self.proof is not None or any(path.suffix.lower() == ".smt2" for path in self.exports):
            from exactzones.certification import case_of
            from exactzones.checker.records import require_rational

            require_rational(network, case_of(network, prop, domain))

    def write(self, found: Zones, *, merge: bool) -> None:
        """Write all but the proof."""
        if self.json is not None:
            from exactzones.formats.zones_json import save_zones, zones_text

            if self.json == STDOUT:
                click.echo(zones_text(found, merge=merge), nl=False)
            else:
                save_zones(found, self.json, merge=merge)
        if self.plot is not None:
            from exactzones import plot

            plot.save_zones(found, self.plot)
        if self.exports:
            from exactzones.export import save

            for path in self.exports:
                save(found, path)


def _prove(found: Zones, path: Path, timeout: float | None, *, quiet: bool) -> int:
    """Write the proof that the list is complete, as far as it goes; returns the exit code."""
    from exactzones.certification import Undecided, prove_complete
    from exactzones.formats.certificates import save_certificate

    with progress(quiet=quiet, doing="proving", counts="{:,} regions visited, {:,} open") as report:
        proof = prove_complete(found, seconds=timeout, progress=report)
    save_certificate(proof.certificate, path)
    if isinstance(proof, Undecided):
        click.echo(f"incomplete: the proof is not finished: {proof.reason}; {proof.open_leaves} open leaves", err=True)
        return 3
    return 0


def _summarise(found: Zones, spec: str, visited: int, took: float, *, merge: bool) -> None:
    where = "all of the input space" if found.domain is None else f"the box {spec}"
    only = found.prop.conditions[0]
    click.echo(f"feature {only.terms[0][0]} of layer {only.layer} greater than {shown(-only.constant)} on {where}")
    seconds = f"{took:.2f} s"
    if not len(found):
        nothing = "none: the feature cannot fire here" if found.complete else "none found before the budget ran out"
        table([("zones", nothing), ("cells visited", f"{visited:,}"), ("time", seconds)])
        return
    rows = [("zones", f"{len(found)}{'' if found.complete else ' found so far: the list is not complete'}")]
    rows.append(("cells visited", f"{visited:,}"))
    sizes = sorted((len(island) for island in found.islands), reverse=True)
    listed = " + ".join(map(str, sizes[:8])) + (" + .." if len(sizes) > 8 else "")
    rows.append(("islands" if found.complete else "islands so far", f"{len(sizes)} ({listed} zones)"))
    rows.append(("distinct maps", str(found.distinct_maps)))
    if merge:
        pieces = len(found.merged)
        rows.append(("merged", f"{len(found)} zones into {pieces} convex piece{'s' if pieces > 1 else ''}"))
    if found.domain is not None and found.network.inputs <= MAX_VOLUME_INPUTS and found.share is not None:
        rows.append(("volume share", f"{_percent(found)} of the domain"))
    maximum = found.maximum
    if maximum is not None:
        at = shown_point(maximum.point)
        if maximum.value is None and maximum.ray is not None:
            along = f"from {at} along {shown_point(maximum.ray)}"
            rows.append(("largest value", f"unbounded{f', {along}' if len(along) < 90 else ''}"))
        elif maximum.value is not None:
            rows.append(("largest value", f"{shown(maximum.value)} at {at if len(at) < 60 else 'a vertex (see --json)'}"))
    first = found[0]
    value = dot(first.conditions[0].row, (1, *first.sample)) - only.constant
    rows.append(("witness", f"{shown_point(first.sample)} where it is {shown(value)}"))
    rows.append(("time", seconds))
    table(rows)


def _percent(found: Zones) -> str:
    share = found.share
    assert share is not None  # noqa: S101 - asked for above
    if share == 1:
        return "100 % (exactly)"
    return f"{float(share * 100):.4g} %"
