"""``exactzones zones`` of a property with several cases, joined by or: the union of their zones."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exactzones.affine import AffineMap
from exactzones.cli.bands import band_rows, bands_of
from exactzones.cli.completeness import earlier_proof, prove
from exactzones.cli.options import Question, UnionQuestion
from exactzones.cli.outputs import STDOUT, Deliveries, check_target, is_text_wanted, print_table
from exactzones.cli.search import Listing, SearchOptions, embedding_text, find_cases, search_deadline
from exactzones.cli.stopping import stop
from exactzones.cli.streams import print_document
from exactzones.cli.zones import percent
from exactzones.errors import InputError
from exactzones.files import make_folder
from exactzones.formats.union_json import save_union, union_to_json
from exactzones.notation import counted
from exactzones.notation import point as point_text
from exactzones.property import brief
from exactzones.zones import ZoneUnion
from exactzones.zones.display import MAX_VOLUME_INPUTS
from exactzones.zones.union import of_one_horizon

if TYPE_CHECKING:
    from exactzones.cli.zones import OutputOptions


def list_union(
    question: UnionQuestion, where: tuple[AffineMap | None, str], search: SearchOptions, outputs: OutputOptions, *, quiet: bool
) -> int:
    """List the zones of a property with several cases; return the exit code.

    Args:
        question: on the free inputs.
        where: the map from them to all inputs, if the domain fixes some, and the domain in words.
        search: how to search.
        outputs: where the answer goes; a store and a certificate are written for each case.
        quiet: whether to print no summary.
    """
    start, deliveries, status = time.monotonic(), Deliveries(), 0
    if outputs.store is not None:
        return _write_stores(question, search, outputs.store, resume=outputs.resume, quiet=quiet)
    proofs = [] if outputs.certificate is None else [_of_case(outputs.certificate, k) for k in range(len(question.prop.cases))]
    for path in proofs:
        check_target(path, path.parent)
    listing = find_cases(question, search, search_deadline(writes_files=outputs.writes_files), quiet=quiet)
    union = listing.zones
    _write_json(union, outputs, deliveries)
    outputs.write(union, deliveries)
    for path, listed in zip(proofs, union.lists if union.complete else (), strict=False):
        earlier = earlier_proof(path, resume=outputs.resume)
        status = max(status, prove(listed, path, earlier, deliveries, quiet=quiet))
    if not quiet and is_text_wanted(outputs.json_path):
        embedding, text = where
        click.echo(f"{brief(union.prop, union.network.widths)} on {text}")
        if embedding is not None:
            click.echo(embedding_text(embedding))
        print_table([*_rows(listing, outputs), ("time", f"{time.monotonic() - start:.2f} s")])
        for path in deliveries.written:
            click.echo(f"wrote {path}")
    return deliveries.exit_code(status if union.complete else 3)


def _of_case(path: Path, case: int) -> Path:
    """Return the name of the file of one case: ``proof-1.json`` for ``proof.json``."""
    name, dot, suffixes = path.name.partition(".")
    return path.with_name(f"{name}-{case}{dot}{suffixes}")


def _write_stores(question: UnionQuestion, search: SearchOptions, directory: Path, *, resume: bool, quiet: bool) -> int:
    """Write a store for each case, in a folder of its number; return the largest exit code."""
    from exactzones.cli.store import require_engine, write_store

    require_engine(search)
    make_folder(directory)
    cases, code = of_one_horizon(question.prop.resolve(question.network.widths), question.network), 0
    try:
        names = {path.name for path in directory.iterdir()}
    except OSError as error:
        raise InputError(f"{directory}: cannot be read: {error.strerror or error}") from None
    if names - {str(k) for k in range(len(cases))}:
        raise InputError(f"{directory}: the folder is not empty; the stores of {len(cases)} cases need one of their own")
    for k, case in enumerate(cases):
        if not quiet:
            click.echo(f"case {k}: {question.prop.cases[k]}")
        of_case = Question(question.network, case, question.domain)
        code = max(code, write_store(of_case, search, directory / str(k), resume=resume, quiet=quiet))
    return code


def _write_json(union: ZoneUnion, outputs: OutputOptions, deliveries: Deliveries) -> None:
    """Write the zones as JSON, with what follows from them as far as there is time for it."""
    if outputs.json_path is None:
        return
    islands = stop.attempt("islands", lambda: union.islands) is not None
    merge = outputs.merge and stop.attempt("merged zones", lambda: union.parts.merged) is not None
    options: dict[str, Any] = {"merge": merge, "islands": islands, "bands": bands_of(union, outputs.arithmetic)}
    if outputs.json_path == STDOUT:
        print_document((json.dumps(union_to_json(union, **options), indent=1) + "\n").encode())
    else:
        deliveries.deliver(outputs.json_path, partial(save_union, union, outputs.json_path, **options))


def _rows(listing: Listing[ZoneUnion], outputs: OutputOptions) -> list[tuple[str, Any]]:
    """Return the rows of the summary; those for which there is no time are left out."""
    union = listing.zones
    rows: list[tuple[str, Any]] = [("zones", listing.count_text), ("cells visited", f"{listing.cells:,}")]
    for k, case in enumerate(union.prop.cases[: len(union.lists)]):
        rows.append((f"case {k}", f"{counted(len(union.lists[k]), 'zone')}: {case}"))
    if not len(union):
        return rows
    islands = stop.attempt("islands", lambda: union.islands)
    if islands is not None:
        rows.append(("islands" if union.complete else "islands so far", len(islands)))
    if outputs.merge and (merged := stop.attempt("merged", lambda: union.parts.merged)) is not None:
        rows.append(("merged", f"{counted(len(union.parts), 'part')} of zones into {counted(len(merged), 'convex piece')}"))
    if union.complete and union.domain is not None and union.network.inputs <= MAX_VOLUME_INPUTS:
        share = stop.attempt("volume share", lambda: union.share)
        rows += [] if share is None else [("volume share", f"{percent(share)} of the domain")]
    rows += band_rows(union, outputs.arithmetic)
    return [*rows, ("witness", f"{point_text(union[0].sample)} of case {union[0].cases[0]}")]
