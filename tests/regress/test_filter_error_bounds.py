"""Two bounds of the forward engine's float filter were too small: a product of two errors, and errors that underflowed."""

from fractions import Fraction

import numpy as np
import pytest

from exactzones import ALWAYS, Network, feature, find_zones
from exactzones.engine import arrangement
from exactzones.engine.frontier import Cells
from exactzones.engine.kernel.schema import CutRequest
from exactzones.polyhedra import Polyhedron


def _asked(kernel, point, error, row, row_error):
    """Let the kernel classify one neuron on a cell of one generator; tell whether it asks for the exact sign there."""
    dim = len(point) - 1
    asked = []
    one = np.ones(1)
    cells = Cells(
        ptr=np.array([0, 1]),
        points=np.array([point], float),
        error=error * one,
        integers=np.zeros((1, dim + 1), np.int64),
        has_integers=np.zeros(1, np.uint8),
        tight=np.arange(1, dim + 1, dtype=np.int32)[None],
        plane_ptr=np.array([0, dim]),
        plane_ids=np.arange(1, dim + 1, dtype=np.int32),
        plane_rows=np.zeros((dim, dim + 1)),
        plane_error=np.zeros(dim),
    )
    kernel.cut(
        CutRequest(
            cells=cells,
            state=np.full((1, 1), 2, np.uint8),
            rows=np.array(row, float)[None, :, None],
            row_error=row_error * one,
            row_sums=one,
            same=np.zeros(1, np.int32),
            scale=0.0,
            first_id=dim + 1,
            ids=dim + 2,
            signs=lambda *_: asked.append(True) or b"\2",
            limit=10,
        )
    )
    return bool(asked)


@pytest.mark.parametrize("name", ["_compiled", "numpy_kernel"])
def test_the_error_of_a_row_counts_at_the_true_generator(name):
    """The row may be off at a generator that is itself off: the product of both errors was missing.

    The true value below is as little as -.0875 + .9125 * .9 - 2 * .3375 * 1.1 = -.00875; the old bound was
    .1 * 1.5 + .0875 * 4 = .5, and at .0874 the value .5 was taken for positive.
    """
    kernel = pytest.importorskip(f"exactzones.engine.kernel.{name}")
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


def test_a_sum_that_overflows_on_the_way():
    """0.9e308 + 1e308 is infinite in floats, and stayed so when 2.2e308 was taken off: taken for positive."""
    net = Network.of(([[1e307, -1.1e307, -1.1e307]], [9e307], True), ([[1]], [0], False))
    domain = Polyhedron.box([10, 10, 10], [10 + Fraction(1, 100)] * 3)
    assert [zone.pattern for zone in find_zones(net, ALWAYS, domain)] == [("-",)]


def test_a_target_that_overflows_on_the_way():
    """The same in the target: minus infinity, and dropped, where it is positive; listed where it is negative."""
    domain = Polyhedron.box([10, 10, 10], [10 + Fraction(1, 100)] * 3)
    first = (np.eye(3), [0, 0, 0], True)
    for sign, zones in ((1, 0), (-1, 1)):
        row = [sign * 1e307, sign * -1.1e307, sign * -1.1e307]
        assert len(find_zones(Network.of(first, ([row], [sign * 9e307], False)), feature(0), domain)) == zones
        followed = Network.of(first, ([row], [sign * 9e307], True), ([[1]], [0], False))
        assert len(find_zones(followed, feature(0), domain)) == zones


@pytest.mark.parametrize("size", [1e308, 1e200, 1e-200, 5e-324])
def test_ranges_that_overflow(size):
    """On [-1e308, 1e308] the width of a ReLU's range is infinite, and the slope of its chord came out as 0."""
    net = Network.of(([[size]], [0], True), ([[1]], [-size / 2], False))
    assert [zone.pattern for zone in find_zones(net, feature(0), Polyhedron.box([-1], [1]))] == [("+",)]


def test_weights_too_small_for_a_float():
    """1e-330 times 1e300 is far more than 1e-100, but as a float 1e-330 is 0."""
    net = Network.of(([[1e300]], [0], True), ([["1e-330"]], ["-1e-100"], False))
    assert [zone.pattern for zone in find_zones(net, feature(0), Polyhedron.box([-1], [1]))] == [("+",)]
    deeper = Network.of(([[1e300]], [0], True), ([["1e-330"]], [0], True), ([[1]], ["-1e-100"], False))
    assert [zone.pattern for zone in find_zones(deeper, feature(0), Polyhedron.box([-1], [1]))] == [("+", "+")]
