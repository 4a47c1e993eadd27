"""A sparse autoencoder whose weights are random: which features are dead on a box, and do two of them fire together?

    python tests/benchmarks/features.py [--inputs 768] [--features 24576] [--pairs 20]

Prints CPU seconds from the file to the answers, and the memory at the end.  A tenth of the features have a bias that keeps
them dead.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import itertools
import resource
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from adapters import cpu, one_core

from exactzones import CannotFire, Network, Polyhedron, dead_features, load_network, never_together


def write(path: Path, inputs: int, features: int) -> None:
    """Write an encoder with ReLUs and a decoder, in float32, for inputs from -1 to 1."""
    random = np.random.default_rng(0)
    weight = (random.normal(size=(features, inputs)) / np.sqrt(inputs)).astype(np.float32)
    bias = np.where(random.random(features) < 0.1, -2 * np.sqrt(inputs), -1).astype(np.float32)
    Network.mlp([(weight, bias), (weight.T.copy(), np.zeros(inputs, np.float32))]).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=768)
    parser.add_argument("--features", type=int, default=24576)
    parser.add_argument("--pairs", type=int, default=20)
    options = parser.parse_args()
    one_core()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sae.npz"
        with ProcessPoolExecutor(1) as other:  # whose memory is not counted
            other.submit(write, path, options.inputs, options.features).result()
        start = cpu()
        net = load_network(path)
        loaded = cpu()
        box = Polyhedron.box(-1, 1, dim=options.inputs)
        dead = dead_features(net, box, layer=0)
        decided = cpu()
    proved = sum(isinstance(decision, CannotFire) for decision in dead.values())
    print(f"{options.inputs} to {options.features}: load {loaded - start:.1f} s")
    print(f"all features {decided - loaded:.1f} s, {proved} dead")
    begun = cpu()
    pairs = list(itertools.islice(itertools.combinations(range(options.features), 2), options.pairs))
    decisions = [never_together(net, list(pair), box, layer=0) for pair in pairs]
    never = sum(isinstance(decision, CannotFire) for decision in decisions)
    print(f"{len(pairs)} pairs: {1e3 * (cpu() - begun) / len(pairs):.1f} ms each, {never} never fire together")
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
