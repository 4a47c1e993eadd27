"""Searches for tests of workers, and how often their pieces travel."""

import itertools
from contextlib import contextmanager

import numpy as np

from exactzones.network import Network
from exactzones.parallel import Pace, driver
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, condition, feature

STEP_BY_STEP = Pace(
    alone_seconds=0, wait_for_workers=True, piece_seconds=0, short_piece_seconds=0, call_seconds=1e-9, call_cells=1
)
"""Workers do everything, and every piece is one call of the kernel that returns one cell."""
PIECES = Pace(
    alone_seconds=0, wait_for_workers=True, piece_seconds=0.01, short_piece_seconds=0.002, call_seconds=0.001, call_cells=32
)


def random_network(*widths, seed=0):
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(widths)
    return Network.mlp([(rng.normal(size=(b, a)) / a**0.5, rng.normal(size=b) / 2) for a, b in pairs])


def ternary_network(*widths, seed=0):
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(widths)
    return Network.mlp([(rng.integers(-1, 2, (b, a)), rng.integers(-1, 2, b)) for a, b in pairs])


def box(dim):
    return Polyhedron.box(-3, 3, dim=dim)


CASES = {
    "plane": (random_network(2, 12, 12, 1), feature(0), box(2)),
    "all of the plane": (random_network(2, 10, 8, 1), feature(0), None),
    "a line": (random_network(1, 20, 10, 1, seed=3), feature(0), None),
    "four dimensions": (random_network(4, 6, 4, 1), feature(0), box(4)),
    "rare": (random_network(3, 10, 10, 1, seed=1), feature(0, threshold="1/2"), box(3)),
    "every cell": (random_network(3, 8, 5, 1), ALWAYS, box(3)),
    "lineality": (random_network(1, 6, 6, 1, seed=4).compose(random_network(3, 1).layers[0].affine), feature(0), None),
    "several conditions": (random_network(2, 9, 9, 2), feature(0) & condition({1: 1}, 1, strict=False), box(2)),
    "degenerate": (ternary_network(3, 7, 7, 1), feature(0), box(3)),
    "degenerate and unbounded": (ternary_network(3, 6, 6, 1, seed=1), feature(0, threshold=-1), None),
    "no ReLU": (Network.of(([[1, 2]], [3], False)), feature(0), None),
}


@contextmanager
def paced(pace):
    before, driver.PACE = driver.PACE, pace
    try:
        yield
    finally:
        driver.PACE = before


def leaves(zones):
    return [(zone.pattern, zone.source.tight.tolist()) for zone in zones]


ENDLESS = random_network(4, 60, 60, 1), feature(0), box(4)
