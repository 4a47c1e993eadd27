"""Exact means, variances and a covariance of two features of random networks.

    python tests/benchmarks/measures.py [WIDTHS ..]

Prints a Markdown table.  Times are CPU seconds on one core.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import math
import time

from adapters import RADIUS, name_of, network_of, normal, one_core

from exactzones import Polyhedron, feature, find_zones, measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("widths", nargs="*", default=["3-12-12-2", "4-8-8-2", "5-6-6-2"], help="two outputs or more")
    options = parser.parse_args()
    one_core()
    print("| network | zones | of the other | s | digits of the variance's denominator |\n|---|---|---|---|---|", flush=True)
    for widths in [[int(width) for width in name.split("-")] for name in options.widths]:
        net = network_of(*normal(widths))
        box = Polyhedron.box(-RADIUS, RADIUS, dim=net.inputs)
        counts = [f"{len(find_zones(net, feature(k), box)):,}" for k in (0, 1)]
        start = time.process_time()
        found = measure(net, 0, box, [1])
        spent = time.process_time() - start
        digits = int(found.variance_relu.denominator.bit_length() * math.log10(2)) + 1
        print(f"| {name_of(widths)} | {' | '.join(counts)} | {spent:.3g} | {digits:,} |", flush=True)


if __name__ == "__main__":
    main()
