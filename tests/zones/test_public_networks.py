"""Zones of public networks on a small box around a point: present, exact there, and complete by sampling."""

import os
import random
from fractions import Fraction
from pathlib import Path

import pytest

from exactzones import Polyhedron, feature, find_zones
from exactzones.models import load_network

ROOT = os.environ.get("EXACTZONES_VNNCOMP")
NAMES = [
    *(f"reach_prob_density/onnx/{name}.onnx" for name in ("vdp", "robot", "gcas")),
    *(f"rl_benchmarks/onnx/{name}.onnx" for name in ("cartpole", "dubinsrejoin", "lunarlander")),
    *(f"test/test_{name}.onnx" for name in ("nano", "tiny", "small", "sat", "unsat")),
]

pytestmark = [
    pytest.mark.skipif(ROOT is None, reason="EXACTZONES_VNNCOMP does not name the folder of public networks"),
    pytest.mark.no_cover,
]


@pytest.mark.parametrize("name", NAMES)
def test_zones_around_a_point(name):
    network = load_network(Path(ROOT) / name)
    center = [Fraction(1, 3)] * network.inputs
    radius = Fraction(1, 1000)
    box = Polyhedron.box([c - radius for c in center], [c + radius for c in center])
    last = network.trace(center)[-1]
    brightest = max(range(len(last)), key=last.__getitem__)
    prop = feature(brightest, last[brightest] - Fraction(1, 1 << 20))
    zones = find_zones(network, prop, box)
    assert zones.fires(center)
    rng = random.Random(0)  # noqa: S311 - a sample of points, no secret
    for _ in range(20):
        point = tuple(c + radius * Fraction(rng.randint(-64, 64), 64) for c in center)
        assert zones.fires(point) == network.satisfies(point, prop)
    zone = zones.containing(center)[0]
    assert zone.affine(network.point(center)) == last
