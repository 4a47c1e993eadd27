"""``exactzones along``: the pieces of a segment on which a network is affine."""

from __future__ import annotations

from typing import Any

import click

from exactzones.cli.command import Command
from exactzones.cli.options import NetworkFile, ReportOptions, net_argument, report_options, timeout_option
from exactzones.cli.outputs import Deliveries, check_answer_target, exact_option, is_text_wanted
from exactzones.cli.points import POINT_HELP, read_point
from exactzones.cli.stopping import stop
from exactzones.errors import FeatureError
from exactzones.notation import number
from exactzones.rational import text
from exactzones.zones.segments import Segment, SegmentPiece, along

_MOST_ROWS = 40  # of the printed table


@click.command("along", cls=Command)
@net_argument
@click.option("--from", "first", required=True, metavar="POINT", help=f"Where the segment begins.  {POINT_HELP}")
@click.option("--to", "last", required=True, metavar="POINT", help="Where it ends.")
@click.option("--feature", "unit", type=int, metavar="I", help="Also tell where this unit of the last layer is positive.")
@timeout_option
@exact_option
@report_options
def command(net: NetworkFile, first: str, last: str, unit: int | None, timeout: float | None, report: ReportOptions) -> int:
    """Cut a segment into the pieces on which the network is affine, exactly.

    A piece reaches from one t to another: t = 0 is the segment's first point, t = 1 its last.

    \b
    exactzones along net.npz --from 0,0 --to 1,1/2 --feature 0
    exactzones along net.onnx --from images.npy:0 --to images.npy:7 --json pieces.json
    """
    stop.start(timeout)
    network = net.load()
    ends = read_point(first, network.inputs), read_point(last, network.inputs)
    if unit is not None and not 0 <= unit < network.widths[-1]:
        raise FeatureError(f"feature {unit} does not exist: the last layer has features 0 to {network.widths[-1] - 1}")
    check_answer_target(report.json_path, net.path)
    with stop.step():
        segment = along(network, *ends, seconds=stop.deadline)
    deliveries = Deliveries()
    deliveries.deliver_answer(_answer(segment, unit), report.json_path)
    if not report.quiet and is_text_wanted(report.json_path):
        _print(segment, unit)
    return deliveries.exit_code(0)


def _answer(segment: Segment, unit: int | None) -> dict[str, Any]:
    """Return the segment as a JSON object; ``features`` are pairs (constant, slope) of each feature as a function of t."""
    answer: dict[str, Any] = {
        "command": "along",
        "network": segment.network.sha256,
        "from": list(map(text, segment.first)),
        "to": list(map(text, segment.last)),
        "pieces": list(map(_piece, segment)),
    }
    if unit is not None:
        answer |= {"feature": unit, "fires": [[text(start), text(end)] for start, end in segment.firing(unit)]}
    return answer


def _piece(piece: SegmentPiece) -> dict[str, Any]:
    features = zip(piece.affine.offset, piece.affine.matrix.rows, strict=True)
    return {
        "from": text(piece.start),
        "to": text(piece.end),
        "pattern": list(piece.pattern),
        "features": [[text(constant), text(slope)] for constant, (slope,) in features],
    }


def _print(segment: Segment, unit: int | None) -> None:
    """Print a line for each piece: where it is, its pattern or the feature's values at its ends, then where the feature fires."""
    count = len(segment)
    click.echo(f"{count} piece{'s' if count != 1 else ''} from t = 0 (the first point) to t = 1 (the last)")
    for piece in segment[:_MOST_ROWS]:
        where = f"  {number(piece.start):>12} to {number(piece.end):<12}"
        if unit is None:
            click.echo(f"{where}  {' '.join(piece.pattern) or 'no hidden neurons'}".rstrip())
        else:
            values = (piece.affine([t])[unit] for t in (piece.start, piece.end))
            click.echo(f"{where}  feature {unit} from {' to '.join(map(number, values))}")
    if count > _MOST_ROWS:
        click.echo(f"  .. and {count - _MOST_ROWS} more: --json writes all")
    if unit is not None:
        parts = [f"{number(start)} to {number(end)}" for start, end in segment.firing(unit)]
        click.echo(f"feature {unit} fires for t from {', '.join(parts)}" if parts else f"feature {unit} fires nowhere on it")
