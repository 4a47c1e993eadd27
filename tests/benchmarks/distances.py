"""Distances to another class, in the norm infinity, of the images of the category mnist_fc: exact, or a bracket when time is up.

    EXACTZONES_VNNCOMP=FOLDER python tests/benchmarks/distances.py [IMAGE ..] [--seconds 120] [--zone] [--network 256x2]

The images are the centres of the boxes in FOLDER/mnist_fc/vnnlib, and the same shifted by a pixel ("7+" is the shifted image 7).
Times are CPU seconds on one core; the limit counts CPU seconds, too.  With --zone the zone of each image is measured
instead, and the 30 neighbours whose hyperplanes are nearest, each with its facets.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from adapters import cpu, one_core

from exactzones import Network, conjunction, load_network, radius, zone_at
from exactzones.property import condition

SIDE = 28
BOUND = re.compile(r"\((>=|<=) X_(\d+) ([^)\s]+)\)")


def images(folder: Path) -> Iterator[tuple[str, list[Fraction]]]:
    """Yield the names and images of a folder, each followed by the same image shifted by a pixel."""
    found: dict[int, list[Fraction]] = {}
    for path in sorted(folder.glob("prop_*.vnnlib")):
        _, number, radius_ = path.stem.split("_")
        if int(number) in found:
            continue
        ends = {(sign, int(k)): Fraction(value) for sign, k, value in BOUND.findall(path.read_text())}
        lower = (ends[">=", k] for k in range(SIDE * SIDE))
        # At the border of [0, 1] the box is cut; its other end then tells the centre.
        centres = (low + Fraction(radius_) if low else ends["<=", k] - Fraction(radius_) for k, low in enumerate(lower))
        found[int(number)] = [Fraction(round(255 * x), 255) for x in centres]
    for number, image in sorted(found.items()):
        yield str(number), image
        yield f"{number}+", [image[k - 1] if k % SIDE else Fraction(0) for k in range(len(image))]


def distance(name: str, network: Network, image: list[Fraction], seconds: float) -> bool:
    outputs = network(image)
    label = outputs.index(max(outputs))
    stays = conjunction(*(condition({label: 1, other: -1}) for other in range(len(outputs)) if other != label))
    start = cpu()
    answer = radius(network, stays, image, "inf", "0:1", seconds=seconds)
    assert answer is not None
    assert answer.upper is not None
    print(
        f"| {name} | {float(answer.lower):.6f} | {float(answer.upper):.6f} | {answer.exact} | {cpu() - start:.0f} s |", flush=True
    )
    return answer.exact


def zone(name: str, network: Network, image: list[Fraction]) -> None:
    start = cpu()
    (local, *_) = zone_at(network, image, "0:1")
    facets = [facet for facet in local.facets if facet.flips]
    found = cpu()
    beyond = [len(local.across(facet).facets) for facet in sorted(facets, key=lambda facet: facet.linf)[:30]]
    print(
        f"| {name} | {len(facets)} facets | {found - start:.1f} s | {len(beyond)} neighbours | {cpu() - found:.1f} s |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*")
    parser.add_argument("--seconds", type=float, default=120, help="CPU seconds for an image")
    parser.add_argument("--zone", action="store_true", help="measure zones, not distances")
    parser.add_argument("--network", default="256x2")
    options = parser.parse_args()
    one_core()
    time.monotonic = time.process_time  # deadlines count CPU seconds
    folder = Path(os.environ["EXACTZONES_VNNCOMP"]) / "mnist_fc"
    network = load_network(folder / "onnx" / f"mnist-net_{options.network}.onnx")
    chosen = [(name, image) for name, image in images(folder / "vnnlib") if not options.images or name in options.images]
    if options.zone:
        for name, image in chosen:
            zone(name, network, image)
        return
    solved = sum([distance(name, network, image, options.seconds) for name, image in chosen])
    print(f"{solved} of {len(chosen)} distances are exact")


if __name__ == "__main__":
    main()
