"""``exactzones proptest``: property tests of the zones of a user's own network."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from exactzones.cli.common import (
    STDOUT,
    check_answer,
    claim_options,
    json_option,
    net_argument,
    progress,
    read,
    save_answer,
)
from exactzones.zones import find_zones


@click.command()
@net_argument
@claim_options()
@click.option("--examples", type=click.IntRange(1), default=200, show_default=True, metavar="N", help="Examples for each check.")
@json_option
def proptest(net: Path, index: int, threshold: str, layer: int, spec: str, examples: int, json_path: Path | None) -> int:
    """Find the zones of a feature, then try to refute them by exact forward evaluation at many points.

    Prints each check, how many examples it tried, and the first counterexample if there is one (exit code 1).

    \b
    exactzones proptest net.npz --feature 0 --domain=-6:6 --examples 1000
    """
    from exactzones.testing import check_zones

    network, prop, domain = read(net, index, threshold, layer, spec)
    check_answer(json_path, net)
    spoken = json_path != STDOUT
    with progress(quiet=False) as report:
        found = find_zones(network, prop, domain, progress=report)
    if spoken:
        click.echo(f"{len(found)} zones")
    checks = []
    for result in check_zones(found, examples=examples):
        checks.append({"check": result.name, "examples": result.tried, "failure": result.failure})
        if spoken:
            verdict = "passed" if result.failure is None else f"FAILED: {result.failure}"
            click.echo(f"  {result.name:<22}  {result.tried:>6} examples  {verdict}")
    save_answer({"command": "proptest", "network": network.sha256, "zones": len(found), "checks": checks}, json_path)
    return 1 if any(entry["failure"] is not None for entry in checks) else 0
