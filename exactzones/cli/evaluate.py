"""``exactzones eval``: a network at one point, exactly."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from exactzones.cli.common import STDOUT, check_answer, json_option, net_argument, save_answer, table
from exactzones.models import load_network
from exactzones.rational import text
from exactzones.spec import parse_point


@click.command("eval")
@net_argument
@click.option("--at", "point", required=True, metavar="POINT", help='Exact coordinates, such as "1/2,-3/4".')
@json_option
def evaluate(net: Path, point: str, json_path: Path | None) -> None:
    """Evaluate a network at a point: exact outputs, activation pattern, which features fire.

    \b
    exactzones eval net.npz --at "1/2,-3/4"
    """
    network = load_network(net)
    at = parse_point(point, network.inputs)
    check_answer(json_path, net)
    values, pattern = network.trace(at)[-1], network.pattern(at)
    answer = {
        "command": "eval",
        "network": network.sha256,
        "point": list(map(text, at)),
        "values": list(map(text, values)),
        "fires": [k for k, value in enumerate(values) if value > 0],
        "pattern": list(pattern),
    }
    save_answer(answer, json_path)
    if json_path == STDOUT:
        return
    rows = [(f"feature {k}", f"{text(value)}{'  fires' if value > 0 else ''}") for k, value in enumerate(values)]
    rows.append(("pattern", " ".join(pattern) or "no hidden neurons"))
    rows.append(("fires", ", ".join(str(k) for k, value in enumerate(values) if value > 0) or "none"))
    table(rows)
