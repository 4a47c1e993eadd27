"""``exactzones view``: the zones as an interactive page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from exactzones.affine import AffineMap
from exactzones.cli.common import (
    STDOUT,
    check_answer,
    check_target,
    claim_options,
    json_option,
    net_argument,
    progress,
    quiet_option,
    read,
    save_answer,
    table,
)
from exactzones.errors import BudgetExceeded, InputError
from exactzones.spec import parse_point
from exactzones.zones import Budget, find_zones


@click.command()
@net_argument
@claim_options()
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="PAGE.html", help="The page to write.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE", help="Data points to lay over it: .csv or .npy.")
@click.option("--through", multiple=True, metavar="POINT", help="Look at the flat through 2 to 4 such points: repeat it.")
@click.option("--along", multiple=True, metavar="DIRECTION", help="Look at the flat along 1 to 3 such directions: repeat it.")
@click.option("--from", "origin", metavar="POINT", help="Where --along starts; by default the origin.")
@click.option("--max-zones", type=click.IntRange(1), metavar="N", help="Stop after N zones (exit code 3).")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop after S seconds (exit code 3).")
@json_option
@quiet_option
def view(
    net: Path,
    index: int,
    threshold: str,
    layer: int,
    spec: str,
    out: Path,
    data: Path | None,
    through: Sequence[str],
    along: Sequence[str],
    origin: str | None,
    max_zones: int | None,
    timeout: float | None,
    json_path: Path | None,
    quiet: bool,
) -> int:
    """Write the zones of a feature as an interactive page: one HTML file, which needs no network.

    Pan, zoom or turn the zones, colour them, ask each for its pattern, inequalities, vertices and affine map, two for what they
    share, and see where they go in the latent spaces.  Up to 3 inputs are shown as they are, of more a slice.

    In a .csv of data a line is a point; a label may stand behind the numbers, the names of the inputs on the first line.

    \b
    exactzones view net.npz --feature 9 --domain=-6:6 --out page.html
    exactzones view iris_2d.npz --feature 2 --data iris.csv --out page.html
    exactzones view iris.npz --feature 2 --domain 0:8 --out page.html \\
        --through 5.1,3.5,1.4,0.2 --through 7,3.2,4.7,1.4 --through 6.3,3.3,6,2.5
    """
    from exactzones.view import check_shown, cut_through, read_points, save

    start = time.monotonic()
    network, prop, domain = read(net, index, threshold, layer, spec)
    flat = _flat(network.inputs, through, along, origin)
    if flat is None and network.inputs > 3:
        raise InputError(
            f"a page shows up to 3 inputs, this network has {network.inputs}: choose a slice, three points with --through P "
            "--through Q --through R, or two directions with --along U --along V and a start with --from P"
        )
    points = None if data is None else read_points(data, network.inputs)
    check_target(out, net)
    check_answer(json_path, net)
    if data is not None and out.exists() and out.samefile(data):
        raise InputError(f"{out}: cannot be written: it is the data themselves")
    if flat is not None:
        network, domain = network.compose(flat), cut_through(domain, flat)
    check_shown(network)
    status = 0
    try:
        with progress(quiet=quiet) as report:
            found = find_zones(network, prop, domain, budget=Budget(max_zones, timeout), progress=report)
    except BudgetExceeded as stopped:
        found, status = stopped.found, 3
        click.echo(f"incomplete: {stopped.reason}", err=True)
    with progress(quiet=quiet, doing="writing the page"):
        save(found, out, points, flat=flat, title=f"{net.name}: {prop}")
    answer = {"command": "view", "zones": len(found), "islands": len(found.islands), "complete": found.complete, "page": str(out)}
    save_answer(answer, json_path)
    if not quiet and json_path != STDOUT:
        none = "none: the feature cannot fire here" if found.complete else "none found before the budget ran out"
        so_far = "" if found.complete else " found so far: the list is not complete"
        table(
            [
                ("zones", f"{len(found)}{so_far}" if len(found) else none),
                ("islands", len(found.islands)),
                ("page", f"{out.stat().st_size / 1e6:.2f} MB"),
                ("time", f"{time.monotonic() - start:.2f} s"),
            ]
        )
        click.echo(f"wrote {out}")
    return status


def _flat(dim: int, through: Sequence[str], along: Sequence[str], origin: str | None) -> AffineMap | None:
    """Return the slice that the options name, None without any."""
    from exactzones.view import embedding

    if not through and not along:
        if origin is not None:
            raise InputError("--from is where --along starts; give a direction with --along too")
        return None
    points, directions = ([parse_point(text, dim) for text in given] for given in (through, along))
    return embedding(dim, through=points, along=directions, origin=None if origin is None else parse_point(origin, dim))
