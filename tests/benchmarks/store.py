"""What a store of zones costs beside the search: writing, neighbours and islands, size, memory, points.

python tests/benchmarks/store.py [3-64-64-1 ..] [--box 4] [--threshold 0] [--folder DIR]
"""
# ruff: noqa: T201 - scripts print

import argparse
import itertools
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from exactzones import Network, Polyhedron, ZoneStore, feature, store_zones, stream_zones
from exactzones.store import writing

POINTS = 1000


def random_network(widths):
    rng = np.random.default_rng(0)
    layers = itertools.pairwise(widths)
    return Network.mlp([(rng.normal(size=(b, a)).round(3).tolist(), rng.normal(size=b).round(3).tolist()) for a, b in layers])


def seconds(function, *arguments, **options):
    begin = time.process_time()
    result = function(*arguments, **options)
    return time.process_time() - begin, result


def measure(name, bound, threshold, place):
    """Print a row of the table in exactzones/store/README.md."""
    net = random_network([int(width) for width in name.split("-")])
    prop = feature(0, threshold)
    domain = Polyhedron.box(-bound, bound, dim=net.inputs)
    searching, count = seconds(lambda: sum(1 for _ in stream_zones(net, prop, domain)))
    linking, write_links = [], writing.write_links

    def timed(*arguments):
        spent, manifest = seconds(write_links, *arguments)
        linking.append(spent)
        return manifest

    writing.write_links = timed
    with TemporaryDirectory(dir=place) as folder:
        storing, _ = seconds(store_zones, net, prop, domain, directory=folder)
        writing.write_links = write_links
        files = [Path(folder).glob(f"{kind}-*") for kind in ("zones", "links", "index")]
        sizes = [sum(path.stat().st_size for path in paths) / count for paths in files]
        opening, store = seconds(ZoneStore.open, folder)
        points = np.random.default_rng(1).uniform(-bound, bound, (POINTS, net.inputs))
        looking, _ = seconds(store.containing, points)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"| {name} | {count:,} | {storing - linking[0]:.1f} s | {linking[0]:.1f} s | {storing / searching:.1f} | "
        f"{' + '.join(f'{size:.0f}' for size in sizes)} | {memory} MB | {opening:.2f} s | {looking:.2f} s |",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["3-64-64-1", "4-32-32-1"])
    parser.add_argument("--box", type=float, default=4)
    parser.add_argument("--threshold", type=int, default=0, help="-1000000 makes every cell a zone")
    parser.add_argument("--folder", type=Path, help="for the stores, which are removed again")
    options = parser.parse_args()
    for network in options.networks:
        measure(network, options.box, options.threshold, options.folder)
