"""``exactzones zones``: list the zones of a feature as a summary, as JSON, as a picture and in other formats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import click

from exactzones.affine import AffineMap
from exactzones.cli.bands import band_rows, bands_of, check_bands
from exactzones.cli.command import Command
from exactzones.cli.completeness import earlier_proof, prove
from exactzones.cli.options import (
    NetworkFile,
    Question,
    QuestionOptions,
    UnionQuestion,
    arithmetic_option,
    gathered,
    json_option,
    net_argument,
    path_option,
    question_options,
    quiet_option,
)
from exactzones.cli.outputs import (
    STDOUT,
    Deliveries,
    check_answer_target,
    check_distinct,
    check_target,
    exact_option,
    is_text_wanted,
    print_table,
    value_text,
)
from exactzones.cli.search import (
    Listing,
    SearchOptions,
    deliver_first,
    embedding_text,
    find,
    search_deadline,
    search_options,
)
from exactzones.cli.stopping import stop
from exactzones.cli.streams import print_document
from exactzones.errors import InputError, WriteError
from exactzones.formats.zones_json import ZonesWriter, zones_writer
from exactzones.notation import counted, decimal, is_exact, number
from exactzones.notation import point as point_text
from exactzones.property import as_cases, brief
from exactzones.rational import dot
from exactzones.rational.float_formats import REAL
from exactzones.zones import Zones, ZoneUnion
from exactzones.zones.display import MAX_VOLUME_INPUTS

_PICTURES = (".svg", ".png", ".pdf")
_WRITING_SHARE = 0.6  # of the time left that pictures and exports may take, as measured
_MANY_VOLUMES = 20_000  # zones; more take as long as the search again
_SHARE_WIDTHS = (1e-4, 1e-5, 1e-6, 1e-7)  # of bounds, until they settle the printed digits
_MOST_ISLANDS = 5  # islands whose sizes are printed, the largest first


@dataclass(frozen=True)
class OutputOptions:
    """The options that name what is written and printed."""

    json_path: Path | None
    plots: tuple[Path, ...]
    theme: str | None
    dpi: int | None
    certificate: Path | None
    exports: tuple[Path, ...]
    store: Path | None
    resume: bool
    merge: bool
    volume: bool
    arithmetic: str

    def targets(self) -> list[tuple[str, Path]]:
        """Return each file to write, with its option."""
        pictures, exports = (("--plot", path) for path in self.plots), (("--export", path) for path in self.exports)
        files = (("--json", self.json_path), *pictures, *exports, ("--certificate", self.certificate))
        return [(option, path) for option, path in files if path is not None]

    @property
    def look(self) -> dict[str, Any]:
        """How pictures look, where an option says it."""
        return {name: value for name, value in (("theme", self.theme), ("dpi", self.dpi)) if value is not None}

    @property
    def writes_files(self) -> bool:
        """Whether files other than JSON and a store are written."""
        return bool(self.plots) or self.certificate is not None or bool(self.exports)

    def check(self, net: Path, question: Question | UnionQuestion) -> None:
        """Refuse, before the search, what could not be written after it.

        Raises:
            InputError: a file that cannot be written, a picture of more than 3 inputs, or a library that is not installed.
            InexactError: irrational numbers in a network, for an output that holds rational numbers only.
        """
        check_bands(question.network, self.arithmetic)
        for option, path in self.targets():
            if option == "--json":
                check_answer_target(path, net)
            else:
                check_target(path, net, _PICTURES if option == "--plot" else (), what="pictures")
        check_distinct(*self.targets())
        if self.resume and self.store is None and self.certificate is None:
            raise InputError("--resume goes on with the store of --store or with the proof of --certificate; name one of them")
        if self.store is not None and (self.merge or self.targets() or self.arithmetic != REAL):
            option = next((option for option, _ in self.targets()), "--merge" if self.merge else "--arithmetic")
            raise InputError(f"--store cannot be combined with {option}; exactzones store DIR export writes other files")
        inputs = question.network.inputs
        self._check_pictures(inputs)
        if self.exports:
            from exactzones.export import writer

            for path in self.exports:
                writer(path, inputs)
        if self.certificate is not None or any(path.suffix.lower() == ".smt2" for path in self.exports):
            _require_rational(question)

    def _check_pictures(self, inputs: int) -> None:
        if self.look and not self.plots:
            raise InputError("--theme and --dpi are about pictures: give --plot OUT too")
        if self.plots:
            if inputs > 3:
                raise InputError(
                    f"a picture needs at most 3 inputs, but this network has {inputs}; plot a slice of it from Python"
                )
            import exactzones.plot  # noqa: F401 - an error if matplotlib is not installed

    def list_zones(self, question: Question, search: SearchOptions, deliveries: Deliveries, *, quiet: bool) -> Listing[Zones]:
        """Find the zones, and write them as JSON meanwhile."""
        until = search_deadline(writes_files=self.writes_files)
        if self.json_path is None:
            return find(question, search, until, quiet=quiet)
        listing: Listing[Zones] | None = None
        try:
            with self._json_writer(question) as writer:
                listing = find(question, search, until, quiet=quiet, on_zone=writer.add)
                self._finish(writer, listing.zones)
            deliveries.written += [self.json_path] * (self.json_path != STDOUT)
        except WriteError as error:
            if listing is None:
                raise
            deliveries.failures.append(str(error))
        return listing

    def _finish(self, writer: ZonesWriter, zones: Zones) -> None:
        """Write what follows the zones in JSON, as far as there is time for it."""
        has_graph = stop.attempt("adjacency and islands", lambda: zones.islands) is not None
        merge = self.merge and stop.attempt("merged zones", lambda: zones.merged) is not None
        writer.finish(zones, merge=merge, graph=has_graph, bands=bands_of(zones, self.arithmetic))

    @contextmanager
    def _json_writer(self, question: Question) -> Iterator[ZonesWriter]:
        """Open a writer whose text goes to the target of ``--json`` at the end."""
        if self.json_path is not None and self.json_path != STDOUT:
            with zones_writer(self.json_path, *question) as writer:
                yield writer
            return
        try:
            with TemporaryFile() as scratch:  # an interruption must not tear what is printed
                yield ZonesWriter(scratch, question)
                scratch.seek(0)
                for part in iter(partial(scratch.read, 1 << 20), b""):
                    print_document(part)
        except OSError as error:
            raise WriteError(f"a temporary file cannot be written: {error.strerror or error}") from None

    def write(self, zones: Zones | ZoneUnion, deliveries: Deliveries) -> None:
        """Write all files but JSON and the certificate."""
        writers: list[tuple[Path, Callable[..., Any]]] = []
        if self.plots:
            from exactzones.plot import save_zones as save_picture

            draw = partial(save_picture, arithmetic=None if self.arithmetic == REAL else self.arithmetic, **self.look)
            writers += [(path, draw) for path in self.plots]
        if self.exports:
            from exactzones.export import save

            writers += [(path, save) for path in self.exports]
        for done, (path, writer) in enumerate(writers):
            deliver_first(deliveries, path, zones, partial(writer, path=path), _WRITING_SHARE / (len(writers) - done))


def _require_rational(question: Question | UnionQuestion) -> None:
    """Refuse irrational numbers."""
    from exactzones.certification import case_of
    from exactzones.checker.records import require_rational

    for case in as_cases(question.prop):
        require_rational(question.network, case_of(question.network, case, question.domain))


_OUTPUT_OPTIONS = (
    json_option,
    path_option(
        "--plot",
        "plots",
        metavar="OUT",
        multiple=True,
        help="Draw the zones: .svg, .png or .pdf (up to 3 inputs).  May be repeated.",
    ),
    click.option("--theme", type=click.Choice(["light", "dark", "print"]), help="Colours of the pictures; print is in greys."),
    click.option("--dpi", type=click.IntRange(1, 1200), metavar="N", help="Pixels per inch of .png pictures; 150 by default."),
    path_option("--certificate", metavar="CERT", help="Prove that the list is complete and write the proof."),
    path_option(
        "--export",
        "exports",
        metavar="OUT",
        multiple=True,
        help="Write the zones for other programs: .graphml or .gexf (graph of touching zones), .geojson or .wkt (shapes), .csv "
        "(table), .smt2 (the question, for SMT solvers).  May be repeated.",
    ),
    path_option("--store", metavar="DIR", help="Write the zones to a folder of Parquet files while they are found."),
    click.option(
        "--resume", is_flag=True, help="Go on with the store in --store DIR or the proof in --certificate CERT, or begin it."
    ),
    click.option("--merge", is_flag=True, help="Also merge zones whose union is convex."),
    arithmetic_option,
    click.option("--volume", is_flag=True, help=f"Print the share of the volume for more than {_MANY_VOLUMES:,} zones, too."),
)


@click.command(cls=Command)
@net_argument
@question_options
@gathered("outputs", OutputOptions, *_OUTPUT_OPTIONS)
@search_options
@exact_option
@quiet_option
def zones(net: NetworkFile, question: QuestionOptions, outputs: OutputOptions, search: SearchOptions, quiet: bool) -> int:
    """List the zones of a feature: all activation regions in which it fires, exactly.

    The summary also counts the islands (connected components of the zones) and the distinct affine maps that the network
    computes on the zones.

    \b
    exactzones zones net.npz --feature 0
    exactzones zones net.onnx --feature 2 --domain=-6:6 --json zones.json
    exactzones zones net.npz --feature 0 --threshold 1/2 --plot zones.svg
    exactzones zones net.npz --feature 0 --jobs 4 --export touching.graphml
    exactzones zones net.npz --where "y[2] > y[0] and y[2] > y[1]" --domain=0:8,1:1
    """
    stop.start(search.timeout)
    asked, embedding = question.read(net).on_free_inputs()
    outputs.check(net.path, asked)
    if isinstance(asked, UnionQuestion):
        from exactzones.cli.union import list_union

        return list_union(asked, (embedding, question.domain_text()), search, outputs, quiet=quiet)
    if outputs.store is not None:
        from exactzones.cli.store import write_store

        return write_store(asked, search, outputs.store, resume=outputs.resume, quiet=quiet)
    earlier = earlier_proof(outputs.certificate, resume=outputs.resume)
    deliveries = Deliveries()
    listing = outputs.list_zones(asked, search, deliveries, quiet=quiet)
    # Files first: a program that reads the summary through a pipe may close it early.
    outputs.write(listing.zones, deliveries)
    status = listing.exit_code
    if outputs.certificate is not None and listing.zones.complete:
        status = prove(listing.zones, outputs.certificate, earlier, deliveries, quiet=quiet)
    if not quiet and is_text_wanted(outputs.json_path):
        _print_summary(listing, question.domain_text(), embedding, outputs)
        for path in deliveries.written:
            click.echo(f"wrote {path}")
    return deliveries.exit_code(status)


def _print_summary(listing: Listing[Zones], where: str, embedding: AffineMap | None, outputs: OutputOptions) -> None:
    """Print what is known of the zones; the rows for which there is no time are left out."""
    zones, start = listing.zones, time.monotonic()
    click.echo(f"{_property_text(zones)} on {where}")
    if embedding is not None:
        click.echo(embedding_text(embedding))
    rows = [("zones", listing.count_text), ("cells visited", f"{listing.cells:,}")]
    if len(zones):
        wanted = {name: compute for name, compute in _ROWS.items() if outputs.merge or compute is not _merged}
        if len(zones) > _MANY_VOLUMES and not outputs.volume:
            wanted["volume share"] = _no_volume_share
        by_name = {name: stop.attempt(name, partial(wanted[name], zones)) for name in sorted(wanted, key="witness".__ne__)}
        rows += [row for name in wanted for row in by_name[name] or ()]  # the witness is quick: there should be time for it
        rows += band_rows(zones, outputs.arithmetic)
    print_table([*rows, ("time", f"{listing.seconds:.2f} s, summary {time.monotonic() - start:.2f} s")])


def _is_feature(zones: Zones) -> bool:
    """Tell whether the property is that one unit is greater than a threshold."""
    conditions = zones.prop.conditions
    if len(conditions) != 1 or conditions[0].after_relu or not conditions[0].strict:
        return False
    return [coefficient for _, coefficient in conditions[0].terms] == [1]


def _property_text(zones: Zones) -> str:
    """Say what a property asks: whether a feature exceeds a threshold, or one unit all others, or as it is written."""
    if not _is_feature(zones):
        return brief(zones.prop, zones.network.widths)
    first = zones.prop.conditions[0]
    return f"feature {first.terms[0][0]} of layer {first.layer} greater than {number(-first.constant)}"


def _distinct_maps(zones: Zones) -> list[tuple[str, str]]:
    return [("distinct maps", str(zones.distinct_maps))]


def _merged(zones: Zones) -> list[tuple[str, str]]:
    pieces = len(zones.merged)
    return [("merged", f"{len(zones)} zones into {pieces} convex piece{'s' if pieces > 1 else ''}")]


def _islands(zones: Zones) -> list[tuple[str, str]]:
    sizes = [len(island) for island in zones.islands]
    largest = sorted(range(len(sizes)), key=lambda island: -sizes[island])[:_MOST_ISLANDS]
    listed = [f"island {island}: {counted(sizes[island], 'zone')}" for island in largest]
    more = [".."] if len(sizes) > len(largest) else []
    return [("islands" if zones.complete else "islands so far", f"{len(sizes)} ({', '.join([*listed, *more])})")]


def _has_volume(zones: Zones) -> bool:
    return zones.domain is not None and zones.network.inputs <= MAX_VOLUME_INPUTS and zones.domain.is_bounded


def _no_volume_share(zones: Zones) -> list[tuple[str, str]]:
    text = f"not computed for more than {_MANY_VOLUMES:,} zones: use --volume"
    return [("volume share", text)] if _has_volume(zones) else []


def _volume_share(zones: Zones) -> list[tuple[str, str]]:
    if not _has_volume(zones):
        return []
    for width in _SHARE_WIDTHS:
        bounds = zones.share_bounds(width)
        if bounds is None:
            return []
        least, most = map(percent, bounds)
        if least == most and (bounds[1] < 1 or bounds[0] == bounds[1]):
            return [("volume share", f"{least} of the domain")]
    return [("volume share", f"{percent(zones.share)} of the domain")] if zones.share is not None else []


def percent(share: Fraction) -> str:
    """Return a share as text: in percent, with ``--exact`` as a number, too."""
    rounded = "100 % (exactly)" if share == 1 else f"{decimal(share * 100, 4)} %"
    return f"{number(share)} ({rounded})" if is_exact() and share != 1 else rounded


def _largest_value(zones: Zones) -> list[tuple[str, str]]:
    largest = zones.maximum if _is_feature(zones) else None
    if largest is None:
        return []
    if largest.value is not None:
        return [("largest value", value_text(largest.value, largest.point, attained=largest.attained))]
    if largest.ray is None:
        return []
    return [("largest value", f"unbounded, from {point_text(largest.point)} along {point_text(largest.ray)}")]


def _witness(zones: Zones) -> list[tuple[str, str]]:
    """Return a point at which the property holds, and the value of a feature there."""
    zone = zones[0]
    if not _is_feature(zones):
        return [("witness", point_text(zone.sample))]
    value = dot(zone.conditions[0].row, (1, *zone.sample)) - zones.prop.conditions[0].constant
    return [("witness", f"{point_text(zone.sample)} where it is {number(value)}")]


_ROWS: dict[str, Callable[[Zones], list[tuple[str, str]]]] = {
    "islands": _islands,
    "distinct maps": _distinct_maps,
    "merged": _merged,
    "volume share": _volume_share,
    "largest value": _largest_value,
    "witness": _witness,
}
"""The rows of the summary that take time, by name."""
