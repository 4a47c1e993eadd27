"""``exactzones eval``: evaluate a network at one point, exactly."""

from __future__ import annotations

from pathlib import Path

import click

from exactzones.cli.command import Command
from exactzones.cli.options import NetworkFile, json_option, net_argument
from exactzones.cli.outputs import Deliveries, check_answer_target, exact_option, is_text_wanted, print_table
from exactzones.cli.points import POINT_HELP, read_point
from exactzones.notation import number
from exactzones.rational import text


@click.command("eval", cls=Command)
@net_argument
@click.option("--at", "point_spec", required=True, metavar="POINT", help=POINT_HELP)
@exact_option
@json_option
def evaluate(net: NetworkFile, point_spec: str, json_path: Path | None) -> int:
    """Evaluate a network at a point: exact outputs, activation pattern, and which features fire.

    \b
    exactzones eval net.npz --at "1/2,-3/4"
    """
    network = net.load()
    point = read_point(point_spec, network.inputs)
    check_answer_target(json_path, net.path)
    values, pattern = network.trace(point)[-1], network.pattern(point)
    answer = {
        "command": "eval",
        "network": network.sha256,
        "point": list(map(text, point)),
        "values": list(map(text, values)),
        "fires": [k for k, value in enumerate(values) if value > 0],
        "pattern": list(pattern),
    }
    deliveries = Deliveries()
    deliveries.deliver_answer(answer, json_path)
    if is_text_wanted(json_path):
        rows = [(f"feature {k}", f"{number(value)}{'  fires' if value > 0 else ''}") for k, value in enumerate(values)]
        rows.append(("pattern", " ".join(pattern) or "no hidden neurons"))
        rows.append(("fires", ", ".join(map(str, answer["fires"])) or "none"))
        print_table(rows)
    return deliveries.exit_code(0)
