"""Our forward engine against its peers: the same networks and box in one run on one core, region counts compared.

    python tests/benchmarks/peers.py [--only 3-20-20-1] [--peers regioncam PPL] [--limit 20]

Peers that are not installed are named and skipped: regioncam, relucent, parx and pplpy, all on PyPI.  A program that is not
done after --limit seconds of CPU, ours included, is stopped, and its rate up to then is marked "~".  Times are CPU seconds, the
best of 3 runs where they are short.  "ratio" is our rate over the peer's; a number of regions that differs from ours is bold.
"all zones" and "firing zones" are find_zones with Zone objects, for all cells and for the feature z[0] > 0.  PPL first asks
whether a neuron crosses a cell; PPL-plain copies each cell for each neuron and cuts the copies.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse

from adapters import RADIUS, Answer, best, installed, name_of, network_of, normal, one_core, ours

from exactzones import ALWAYS, Budget, BudgetExceeded, Network, Polyhedron, Property, Zones, feature, find_zones

NETWORKS = (
    [2, 32, 32, 1],
    [2, 64, 64, 64, 1],
    [2, 200, 200, 1],
    [3, 20, 20, 1],
    [3, 40, 40, 1],
    [4, 16, 16, 1],
    [5, 12, 12, 1],
    [6, 20, 20, 1],
    [8, 10, 10, 1],
)


def cells_of(answer: Answer | None, own: Answer) -> list[str]:
    """Return a peer's regions, seconds, regions a second and how many times that rate ours is."""
    if answer is None:
        return ["", "", "", ""]
    rate = answer.regions / answer.seconds
    differs = answer.complete and own.complete and answer.regions != own.regions
    return [
        f"**{count_of(answer)}**" if differs else count_of(answer),
        *speed(answer),
        f"{own.regions / own.seconds / rate:,.3g}",
    ]


def count_of(answer: Answer) -> str:
    return f"{'' if answer.complete else '~'}{answer.regions:,}"


def speed(answer: Answer) -> tuple[str, str]:
    return f"{answer.seconds:.3g}", f"{answer.regions / answer.seconds:,.0f}"


def zones_of(net: Network, prop: Property, seconds: float) -> Answer:
    """Return how many Zone objects find_zones gives."""
    box = Polyhedron.box(-RADIUS, RADIUS, dim=net.inputs)

    def run() -> Zones:
        try:
            return find_zones(net, prop, box, budget=Budget(seconds=seconds))
        except BudgetExceeded as stopped:
            return stopped.found

    zones, spent = best(run)
    return Answer(len(zones), spent, zones.complete)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", help="networks by name, such as 3-20-20-1")
    parser.add_argument("--peers", nargs="*", help="peers by name; none but ours when empty")
    parser.add_argument("--limit", type=float, default=20, help="CPU seconds for one engine and network")
    options = parser.parse_args()
    one_core()
    peers = [] if options.peers == [] else list(installed(options.peers))
    columns = ["network", "cells", "s", "cells/s", "all zones", "s", "firing zones", "s"]
    for peer in peers:
        columns += [peer.name, "s", "regions/s", "ratio"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    for widths in NETWORKS:
        if options.only and name_of(widths) not in options.only:
            continue
        weights, biases = normal(widths)
        net = network_of(weights, biases)
        own = ours(net, 3 * options.limit)  # three runs
        row = [name_of(widths), count_of(own), *speed(own)]
        for prop in (ALWAYS, feature(0)):
            zones = zones_of(net, prop, options.limit)
            row += [count_of(zones), speed(zones)[0]]
        for peer in peers:
            try:
                row += cells_of(peer.regions(weights, biases, RADIUS, options.limit), own)
            except Exception as error:  # noqa: BLE001 - whatever stops a peer is its answer
                row += [f"{type(error).__name__}: {str(error)[:60]}", "", "", ""]
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
