"""The largest value of a unit of the last layer on [-1,1]^d: for how many inputs it is proved, and in how much CPU time.

    python tests/benchmarks/maxima.py [WIDTHS ..] [--seconds 60]       by default 32-12-12 48-12-12 64-16-16 128-16-16

Each network has normal weights, two hidden layers and one output.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse

from adapters import cpu, name_of, network_of, normal, one_core

from exactzones import BudgetExceeded, Polyhedron, maximum


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("widths", nargs="*", default=["32-12-12", "48-12-12", "64-16-16", "128-16-16"])
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    one_core()
    for text in options.widths:
        widths = [*map(int, text.split("-")), 1]
        net, start = network_of(*normal(widths)), cpu()
        try:
            best, end = maximum(net, 0, Polyhedron.box(-1, 1, dim=widths[0]), seconds=options.seconds), "proved"
        except BudgetExceeded as stopped:
            best, end = stopped.found, f"not proved: {stopped.reason}"
        print(f"{name_of(widths)}: {float(best.value):.4g} in {cpu() - start:.1f} s, {end}", flush=True)


if __name__ == "__main__":
    main()
