"""How long pages take to write, and how large they are.

    python tests/benchmarks/pages.py [WIDTH ..]

For each width W all cells of a network 2-W-W-W-1 on [-6,6]^2, in CPU seconds: the search, then the page with graph and islands.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import sys
import time
from itertools import pairwise

import numpy as np

from exactzones import Network, feature, find_zones
from exactzones.view import page


def random_network(*widths):
    draw = np.random.default_rng(0)
    return Network.mlp([(draw.normal(size=(b, a)), draw.normal(size=b)) for a, b in pairwise(widths)])


def main():
    print("| network | zones | search | page | size |\n|---|--:|--:|--:|--:|")
    for width in map(int, sys.argv[1:] or ["40", "100"]):
        net = random_network(2, width, width, width, 1)
        start = time.process_time()
        zones = find_zones(net, feature(0, threshold=-1_000_000), (-6, 6))
        found = time.process_time()
        text = page(zones)
        written = time.process_time() - found
        network = "-".join(["2", *[str(width)] * 3, "1"])
        print(f"| {network} | {len(zones):,} | {found - start:.2f} s | {written:.2f} s | {len(text) / 1e6:.1f} MB |")


if __name__ == "__main__":
    main()
