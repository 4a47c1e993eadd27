"""``exactzones eval``: evaluate a network at one point, exactly."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from exactzones.cli.options import json_option, net_argument
from exactzones.cli.outputs import STDOUT, check_answer_target, print_table, save_answer
from exactzones.models import load_network
from exactzones.rational import text
from exactzones.spec import parse_point


@click.command("eval")
@net_argument
@click.option("--at", "point_spec", required=True, metavar="POINT", help='Exact coordinates, such as "1/2,-3/4".')
@json_option
def evaluate(net: Path, point_spec: str, json_path: Path | None) -> None:
    """Evaluate a network at a point: exact outputs, activation pattern, and which features fire.

    \b
    exactzones eval net.npz --at "1/2,-3/4"
    """
    network = load_network(net)
    point = parse_point(point_spec, network.inputs)
    check_answer_target(json_path, net)
    values, pattern = network.trace(point)[-1], network.pattern(point)
    fires = [k for k, value in enumerate(values) if value > 0]
    answer = {
        "command": "eval",
        "network": network.sha256,
        "point": list(map(text, point)),
        "values": list(map(text, values)),
        "fires": fires,
        "pattern": list(pattern),
    }
    save_answer(answer, json_path)
    if json_path == STDOUT:
        return
    rows = [(f"feature {k}", f"{text(value)}{'  fires' if value > 0 else ''}") for k, value in enumerate(values)]
    rows.append(("pattern", " ".join(pattern) or "no hidden neurons"))
    rows.append(("fires", ", ".join(map(str, fires)) or "none"))
    print_table(rows)
