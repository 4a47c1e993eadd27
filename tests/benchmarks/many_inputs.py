"""The inequalities engine: rates at many inputs, when it overtakes the forward engine, memory, and relucent if it is installed.

    python tests/benchmarks/many_inputs.py [rates] [unbounded] [overtakes] [memory] [relucent] [--limit 20]

All sections by default, each prints a Markdown table.  Times are CPU seconds on one core.  "cells/s" is the search with one Zone
object per cell, "facets/s" how many cells' irredundant rows the kernel finds a second.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import resource
from itertools import islice

from adapters import RADIUS, Relucent, Weights, best, cpu, name_of, network_of, normal, one_core, ternary

from exactzones import ALWAYS, BudgetExceeded, Network, find_zones, stream_zones
from exactzones.engine.inequality_leaf import facets_of

MANY = ([10, 10, 10, 1], [12, 8, 8, 1], [16, 16, 1], [24, 8, 8, 1], [64, 10, 1])
BOX = (-RADIUS, RADIUS)


def table(*columns: str) -> None:
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)


def row(*entries: object) -> None:
    print(f"| {' | '.join(map(str, entries))} |", flush=True)


def counted(
    net: Network, engine: str, prop: object = ALWAYS, seconds: float = 20, domain: tuple[int, int] | None = BOX
) -> tuple[int, float, bool]:
    """Return the number of zones, the CPU seconds after the first zone, and whether all were listed."""
    stream = stream_zones(net, prop, domain, engine=engine, seconds=seconds)
    found, complete = len(list(islice(stream, 1))), True
    start = cpu()
    try:
        for _ in stream:
            found += 1
    except BudgetExceeded:
        complete = False
    return found, cpu() - start, complete


def rates(limit: float) -> None:
    table("network", "weights", "cells", "complete", "cells/s", "facets/s")
    for kind, draw in (("normal", normal), ("in {-1, 0, 1}", lambda widths: ternary(widths, 0))):
        for widths in MANY:
            net = network_of(*draw(widths))
            (found, seconds, complete), _ = best(lambda net=net: counted(net, "inequalities", seconds=limit), 1)
            leaves = [zone.source for zone in islice(stream_zones(net, ALWAYS, BOX, engine="inequalities"), 1000)]
            _, spent = best(lambda leaves=leaves: facets_of(leaves))
            row(name_of(widths), kind, f"{found:,}", complete, f"{found / seconds:,.0f}", f"{len(leaves) / spent:,.0f}")


def unbounded(limit: float) -> None:
    """All cells on the box and in all of the space."""
    table("network", "weights", "cells in the box", "us a cell", "cells in the space", "us a cell")
    for kind, draw in (("normal", normal), ("in {-1, 0, 1}", lambda widths: ternary(widths, 0))):
        for widths in ([10, 5, 5, 1], [12, 8, 8, 1], [6, 8, 5, 1]):
            net, entries = network_of(*draw(widths)), []
            for domain in (BOX, None):
                found, seconds, _ = counted(net, "inequalities", seconds=limit, domain=domain)
                entries += [f"{found:,}", f"{1e6 * seconds / found:.0f}"]
            row(name_of(widths), kind, *entries)


def overtakes(limit: float) -> None:
    """All cells and, of a feature's zones, everything that the command writes: rows, graph, islands, maximum."""
    table("network", "cells", "forward", "inequalities", "feature, all of it: forward", "inequalities")
    for widths in ([4, 10, 10, 1], [6, 7, 7, 1], [8, 6, 6, 1], [9, 5, 5, 1], [10, 5, 5, 1]):
        net = network_of(*normal(widths))
        answers = [counted(net, engine, seconds=limit) for engine in ("forward", "inequalities")]
        times = []
        for engine in ("forward", "inequalities"):
            start = cpu()
            zones = find_zones(net, 0, BOX, engine=engine)
            _ = [zone.hrep for zone in zones], zones.islands, zones.graph, zones.maximum
            times.append(f"{cpu() - start:.2f} s")
        row(name_of(widths), f"{answers[1][0]:,}", *(f"{spent:.3f} s" for _, spent, _ in answers), *times)


def memory(limit: float) -> None:
    table("network", "cells", "peak MiB before", "peak MiB after")
    net = network_of(*normal([16, 17, 1]))
    counted(net, "inequalities", seconds=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found, _, _ = counted(net, "inequalities", seconds=limit)
    row("16-17-1", f"{found:,}", f"{before:.0f}", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


def relucent(limit: float) -> None:
    try:
        peer = Relucent()
    except ImportError as error:
        print(f"\nrelucent is not installed: {error}")
        return
    table("network", "cells", "exactzones, cells/s", "relucent, cells", "cells/s", "ratio")
    for widths in ([10, 10, 10, 1], [16, 16, 1], [64, 10, 1]):
        weights: Weights
        weights, biases = normal(widths)
        found, seconds, _ = counted(network_of(weights, biases), "inequalities", seconds=limit)
        answer = peer.regions(weights, biases, RADIUS, limit)
        rate = answer.regions / answer.seconds
        regions = f"{'' if answer.complete else '~'}{answer.regions:,}"
        row(name_of(widths), f"{found:,}", f"{found / seconds:,.0f}", regions, f"{rate:,.1f}", f"{found / seconds / rate:,.0f} x")


SECTIONS = {"rates": rates, "unbounded": unbounded, "overtakes": overtakes, "memory": memory, "relucent": relucent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=list(SECTIONS))
    parser.add_argument("--limit", type=float, default=20, help="seconds for one engine and network")
    options = parser.parse_args()
    one_core()
    for name in options.sections:
        SECTIONS[name](options.limit)


if __name__ == "__main__":
    main()
