"""The literal engine, un-ReLU, on the networks of issue 2, beside the fast one and brute force over 2^n, in one run.

    python tests/benchmarks/backward.py [--repeat 3] [--patience 60]

Weights: numpy's default_rng(0), layer by layer W = normal(size=(b, a)) / sqrt(a), bias = normal(size=b) * 0.5; the zones of
feature 0 on [-6, 6]^d.  Times are CPU seconds of this process, the least of the repetitions; ratios are to un-ReLU's.
Brute force tries all 2^n sign vectors, so it is run up to the size where it would outlast the patience: its time is
estimated from 200 sign vectors first.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import itertools
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from exactzones import Network, Polyhedron, Zones, feature, find_zones

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle import brute_force

SIZES = [(2, 4, 4, 1), (3, 6, 1), (2, 8, 1), (2, 6, 6, 1), (2, 32, 32, 1), (3, 12, 12, 1)]
SAMPLE = 200


def random_network(*sizes: int) -> Network:
    """Return the network that the module's docstring describes."""
    rng = np.random.default_rng(0)
    pairs = []
    for a, b in itertools.pairwise(sizes):
        pairs.append((rng.normal(size=(b, a)) / np.sqrt(a), rng.normal(size=b) * 0.5))
    return Network.mlp(pairs)


def seconds(work: Callable[[], object], repeat: int) -> float:
    """Return the least CPU time of several runs."""
    best = math.inf
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def estimate(net: Network, box: Polyhedron) -> float:
    """Guess brute force's time from the feasibility of a few sign vectors."""
    rng = np.random.default_rng(1)
    neurons = sum(len(layer.relu_units) for layer in net.layers)
    start = time.process_time()
    for _ in range(SAMPLE):
        pattern = tuple("".join(rng.choice(["+", "-"], size=len(layer.relu_units))) for layer in net.layers if layer.relu_units)
        rows = []
        for signs, layer, before_relu in zip(pattern, net.layers, net.regime_maps(pattern, len(pattern)), strict=False):
            found = before_relu.augmented().rows
            rows += [
                found[unit] if sign == "+" else tuple(-entry for entry in found[unit])
                for sign, unit in zip(signs, layer.relu_units, strict=True)
            ]
        _ = box.intersect(Polyhedron.of(net.inputs, strict=rows)).is_empty
    return (time.process_time() - start) / SAMPLE * 2.0**neurons


def main() -> None:
    """Print one row per network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="repetitions; the least time counts")
    parser.add_argument("--patience", type=float, default=60, help="seconds that brute force may take")
    options = parser.parse_args()
    print("| network | domain | zones | un-ReLU s | forward s | ratio | brute force s | ratio |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for sizes in SIZES:
        net, box = random_network(*sizes), Polyhedron.box(-6, 6, dim=sizes[0])

        def with_engine(engine: str, net: Network = net, box: Polyhedron = box) -> Zones:
            zones = find_zones(net, feature(0), box, engine=engine)
            for zone in zones:
                _ = zone.vrep  # the forward engine works a cell out when it is asked for
            return zones

        zones, other = with_engine("backward"), with_engine("forward")
        if {zone.pattern: zone.vrep for zone in zones} != {zone.pattern: zone.vrep for zone in other}:
            raise SystemExit(f"the engines disagree on {sizes}")
        slow, fast = (seconds(lambda e=engine: with_engine(e), options.repeat) for engine in ("backward", "forward"))
        expected = estimate(net, box)
        if expected > options.patience:
            oracle = f"stops: about {expected:.1e}", f"{expected / slow:.1e}"
        else:
            found = brute_force(net, feature(0), box)
            if set(found) != {zone.pattern for zone in zones}:
                raise SystemExit(f"brute force disagrees on {sizes}")
            taken = seconds(lambda: brute_force(net, feature(0), box), 1)  # noqa: B023 - called at once
            oracle = f"{taken:.2f}", f"{taken / slow:.0f}"
        name, domain = "-".join(map(str, sizes)), f"[-6, 6]^{sizes[0]}"
        row = (name, domain, len(zones), f"{slow:.3f}", f"{fast:.3f}", f"{fast / slow:.2f}", *oracle)
        print(f"| {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
