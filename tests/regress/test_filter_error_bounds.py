"""Two bounds of the forward engine's float filter were too small: a product of two errors, and errors that underflowed."""

from fractions import Fraction

import numpy as np
import pytest

from exactzones import ALWAYS, Network, find_zones
from exactzones.polyhedra import Polyhedron
from exactzones.zones import arrangement


def _asked(kernel, point, error, row, row_error):
    """Let the kernel classify one neuron on a cell of one generator; tell whether it asks for the exact sign there."""
    dim = len(point) - 1
    asked = []
    one = np.ones(1)
    kernel.cut(
        dim,
        1,
        dim + 1,
        dim + 2,
        1,
        10,
        False,
        0.0,
        np.array([0, 1]),
        np.array([point], float),
        error * one,
        np.zeros((1, dim + 1), np.int64),
        np.zeros(1, np.uint8),
        np.arange(1, dim + 1, dtype=np.int32)[None],
        np.array([0, dim]),
        np.arange(1, dim + 1, dtype=np.int32),
        np.zeros((dim, dim + 1)),
        np.zeros(dim),
        np.array(row, float)[None, :, None],
        row_error * one,
        one,
        np.full((1, 1), 2, np.uint8),
        lambda *_: asked.append(True) or -1,
    )
    return bool(asked)


@pytest.mark.parametrize("name", ["_kernel", "_kernel_numpy"])
def test_the_error_of_a_row_counts_at_the_true_generator(name):
    """The row may be off at a generator that is itself off: the product of both errors was missing.

    The true value below is as little as -.0875 + .9125 * .9 - 2 * .3375 * 1.1 = -.00875; the old bound was
    .1 * 1.5 + .0875 * 4 = .5, and at .0874 the value .5 was taken for positive.
    """
    kernel = pytest.importorskip(f"exactzones.zones.{name}")
    point, row = (1, 1, 1, 1), (0, 1, -0.25, -0.25)
    assert _asked(kernel, point, 0.1, row, 0.0874)
    assert not _asked(kernel, point, 0.1, row, 0.07)


def test_weights_that_underflow():
    """0.6 and 0.9 times 5e-324 both round to 5e-324; that error, times a row sum of 1e-323, was lost."""
    tiny, huge = 5e-324, 10**200
    net = Network.of(([[0.6, 0], [0, 0.9]], [0, 0], True), ([[tiny, -tiny]], [0], True))
    domain = Polyhedron.of(2, [(huge * Fraction(11, 10), -1, 0), (-huge, 0, 1)])  # x <= 1.1e200, y >= 1e200
    assert sorted(zone.pattern for zone in find_zones(net, ALWAYS, domain)) == [("++", "-"), ("-+", "-")]


def test_all_starting_cones_are_cut(monkeypatch):
    """An unbounded domain whose first neurons cut it into more cones than one call of the kernel returns lost the rest."""
    monkeypatch.setattr(arrangement, "_MAX_CELLS", 1)
    net = Network.of(([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 0, 0], True), ([[1, 1, 1]], [0], False))
    domain = Polyhedron.of(3, [(1, 1, 1, 1)])  # x + y + z >= -1 meets all octants
    assert len(find_zones(net, ALWAYS, domain)) == 8


def test_more_dimensions_than_the_kernel_holds():
    """The orthant of 17 dimensions raised ValueError."""
    dim = 17
    rows = [tuple(int(k == unit + 1) for k in range(dim + 1)) for unit in range(dim)]
    net = Network.of(([[1, -1] + [0] * (dim - 2)], [0], True), ([[1]], [0], False))
    assert len(find_zones(net, ALWAYS, Polyhedron.of(dim, rows))) == 2
