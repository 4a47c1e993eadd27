"""Networks on which peers are known to fail: what is exact, and what each peer says.

    python tests/benchmarks/failures.py [--peers parx relucent] [--limit 60]

The regions are counted on all of R^d.  regioncam needs a bounded domain and counts on [-6, 6]^2; the table says where the exact
number differs there.  "exact" is the number on which both engines agree, and where pplpy is installed both ways to split with
PPL.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from adapters import PPL, RADIUS, Regioncam, Weights, installed, network_of, one_core, refusal, ternary

from exactzones import ALWAYS, Network, Polyhedron, find_zones

Case = tuple[str, Weights, Weights]


def hidden(*layers: tuple[Any, Any]) -> tuple[Weights, Weights]:
    """Return hidden layers as arrays, followed by their sum as the output."""
    weights = [np.array(weight, float) for weight, _ in layers]
    biases = [np.array(bias, float) for _, bias in layers]
    return [*weights, np.ones((1, len(biases[-1])))], [*biases, np.zeros(1)]


def smallest() -> Iterator[Case]:
    yield "x, -x", *hidden(([[1], [-1]], [0, 0]))
    yield "x+y, 2x+2y", *hidden(([[1, 1], [2, 2]], [0, 0]))
    yield "x, x-1, 2-2x, y", *hidden(([[1, 0], [1, 0], [-2, 0], [0, 1]], [0, -1, 2, 0]))
    yield "h=ReLU(x); h-1, 1-h", *hidden(([[1]], [0]), ([[1], [-1]], [-1, 1]))
    factors = np.array([1, 1 / 3, 1 / 7, -1 / 11], np.float32)
    rows = np.array([1, 2, 1], np.float32) * factors[:, None]
    yield "x+2y+1 times 1, 1/3, 1/7, -1/11 (float32)", *hidden((rows[:, :2], rows[:, 2]))
    p, q = 1 / 3, 1 / 7
    if Fraction(p) + Fraction(q) != Fraction(p + q):
        sys.exit("1/3 + 1/7 is not exact in float64: the three lines do not meet")
    yield "three lines through (1/3, 1/7) (float64)", *hidden(([[1, 0], [0, 1], [1, 1]], [-p, -q, -(p + q)]))
    yield "the same, x+2y the third: a triangle of rounding", *hidden(([[1, 0], [0, 1], [1, 2]], [-p, -q, -(p + 2 * q)]))


def cases() -> Iterator[Case]:
    yield from smallest()
    for widths in ([2, 6, 6, 1], [3, 6, 6, 1]):
        for seed in range(10):
            yield f"{{-1,0,1}} {'-'.join(map(str, widths))}, seed {seed}", *ternary(widths, seed)


def exact(net: Network, weights: Weights, biases: Weights, splitters: list[PPL], radius: int | None) -> int:
    """Return the number of regions that every exact method agrees on; stop where they do not."""
    domain = None if radius is None else Polyhedron.box(-radius, radius, dim=net.inputs)
    counts = {engine: len(find_zones(net, ALWAYS, domain, engine=engine)) for engine in ("forward", "backward")}
    counts |= {splitter.name: splitter.regions(weights, biases, radius, float("inf")).regions for splitter in splitters}
    if len(set(counts.values())) != 1:
        sys.exit(f"exact methods disagree: {counts}")
    return counts["forward"]


def said(peer: Any, weights: Weights, biases: Weights, true: int, bounded: int, seconds: float) -> str:
    """Return what a peer says, in bold where that is not the number of regions."""
    on_box = isinstance(peer, Regioncam)
    try:
        answer = peer.regions(weights, biases, RADIUS if on_box else None, seconds)
    except Exception as error:  # noqa: BLE001 - whatever stops a peer is its answer
        return refusal(error)
    if answer is None:
        return ""
    expected = bounded if on_box else true
    of = f" of {expected}" if expected != true else ""
    if not answer.complete:
        return f"incomplete: {answer.regions}{of}"
    return f"{answer.regions}{of}" if answer.regions == expected else f"**{answer.regions}**{of}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="+", help="peers by name")
    parser.add_argument("--limit", type=float, default=60, help="CPU seconds for a peer and network")
    options = parser.parse_args()
    one_core()
    peers = list(installed(options.peers))
    splitters = [peer for peer in peers if isinstance(peer, PPL)]
    peers = [peer for peer in peers if peer not in splitters]
    totals: dict[str, dict[str, int]] = {peer.name: {"right": 0, "wrong": 0, "refused": 0} for peer in peers}
    columns = ["network", "exact", *(peer.name for peer in peers)]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    for name, weights, biases in cases():
        net = network_of(weights, biases)
        true = exact(net, weights, biases, splitters, None)
        bounded = exact(net, weights, biases, splitters, RADIUS)
        row = [name, str(true)]
        for peer in peers:
            row.append(said(peer, weights, biases, true, bounded, options.limit))
            kind = "refused" if row[-1].startswith(("refuses", "incomplete")) else "wrong" if "**" in row[-1] else "right"
            totals[peer.name][kind] += bool(row[-1])
        print(f"| {' | '.join(row)} |", flush=True)
    for name, total in totals.items():
        print(f"\n{name}: {', '.join(f'{count} {kind}' for kind, count in total.items())}", end="")
    print()


if __name__ == "__main__":
    main()
