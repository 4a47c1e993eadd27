"""The float filter: always undecided, wrong when its bound is too small, and numbers at the edges of what floats hold."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from zones.support import cases

from exactzones import ALWAYS, Network, feature, find_zones
from exactzones.engine import arrangement
from exactzones.engine.arrangement import Arrangement
from exactzones.engine.float_layers import float_layers
from exactzones.engine.kernel import numpy_kernel
from exactzones.engine.kernel.numpy_pool import Parent
from exactzones.polyhedra import Polyhedron
from exactzones.testing import networks


def zones_of(net, prop=ALWAYS, domain=None, engine="forward"):
    return {zone.pattern: (zone.hrep, zone.vrep) for zone in find_zones(net, prop, domain, engine=engine)}


@pytest.fixture
def knows_nothing(monkeypatch):
    """Rows may be off by any amount, so no float decides a sign; counts the signs that are computed exactly."""
    asked = []
    real = arrangement.float_rows

    def rows_of_unknown_error(rows):
        floats, error, _ = real(rows)
        return floats, np.full_like(error, np.inf), 0.0

    def unknown_row_error(_self, frontier, _floats):
        asked.append(len(frontier))
        return np.full(len(frontier), np.inf)

    monkeypatch.setattr(arrangement, "float_rows", rows_of_unknown_error)
    monkeypatch.setattr(Arrangement, "_row_error", unknown_row_error)
    return asked


def test_a_filter_that_never_decides(knows_nothing):
    """All signs exact: the same zones."""

    @settings(max_examples=30)
    @given(cases(networks()))
    def same_zones(case):
        assert zones_of(case.net, case.prop, case.domain) == zones_of(case.net, case.prop, case.domain, "backward")

    same_zones()
    assert knows_nothing


def test_every_sign_was_exact(knows_nothing):
    rng = np.random.default_rng(0)
    net = Network.mlp([(rng.normal(size=(5, 2)), rng.normal(size=5)), (rng.normal(size=(3, 5)), [0, 0, 0]), ([[1, 1, 1]], [0])])
    box = Polyhedron.box([-2, -2], [2, 2])
    counted = Arrangement(net.layers[:2], box.hrep.rows, 2)
    cells = sum(map(len, counted.leaves(counted.start())))
    assert counted.stats.exact > 4 * cells
    assert knows_nothing
    assert cells == len(zones_of(net, domain=box, engine="backward"))


def nearly_concurrent(seed):
    """Three lines through a random point, each bias rounded: they miss it, and make a triangle of some 10^-16."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(3, 2))
    return Network.of((rows, -(rows @ rng.normal(size=2)), True), ([[1, 1, 1]], [0], False))


def nearly_cancelling(seed):
    """Slopes a c - b (a c / b), where the division rounds: which way decides the sign, and floats cannot tell."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.uniform(1, 2, 3)
    first = ([[a], [b]], [0, 0], True)
    return Network.of(first, ([[c, -(a * c / b)]], [0], True), ([[1]], [0], False))


def at_a_small_angle(seed):
    """Two lines at an angle of 10^-6 and a third through where they cross: that point is known to some 10 digits only."""
    rng = np.random.default_rng(seed)
    row = rng.normal(size=2)
    rows = np.array([row, row + 1e-6 * rng.normal(size=2), rng.normal(size=2)])
    return Network.of((rows, -(rows @ rng.normal(size=2)), True), ([[1, 1, 1]], [0], False))


def wrong_seeds(make, domain, seeds=range(60)):
    return [seed for seed in seeds if zones_of(make(seed), ALWAYS, domain).keys() != backward_patterns(make, seed, domain)]


def backward_patterns(make, seed, domain):
    return zones_of(make(seed), ALWAYS, domain, "backward").keys()


PLANE, LINE = Polyhedron.box([-9, -9], [9, 9]), Polyhedron.box([1], [2])


@pytest.mark.parametrize(("make", "domain"), [(nearly_concurrent, PLANE), (nearly_cancelling, LINE), (at_a_small_angle, PLANE)])
@pytest.mark.parametrize("kernel", ["_compiled", "numpy_kernel"])
def test_the_proved_bound_is_never_wrong(make, domain, kernel, monkeypatch):
    monkeypatch.setattr(arrangement, "_kernel", pytest.importorskip(f"exactzones.engine.kernel.{kernel}"))
    assert wrong_seeds(make, domain) == []


@pytest.mark.parametrize(("make", "domain"), [(nearly_concurrent, PLANE), (nearly_cancelling, LINE)])
@pytest.mark.parametrize("share", [0, 1e-3])
def test_a_smaller_bound_of_values_is_wrong_somewhere(make, domain, share, monkeypatch):
    """Rows and generators as proved or not: values whose bound is shrunk are trusted too early."""
    proved = Parent.bounds
    monkeypatch.setattr(arrangement, "_kernel", numpy_kernel)
    monkeypatch.setattr(Parent, "bounds", lambda pool, v: share * proved(pool, v))
    assert wrong_seeds(make, domain)


def test_rows_trusted_blindly_are_wrong_somewhere(monkeypatch):
    """The error of the rows alone, in the kernel that is used."""
    monkeypatch.setattr(Arrangement, "_row_error", lambda _self, frontier, _floats: np.zeros(len(frontier)))
    assert wrong_seeds(nearly_cancelling, LINE)


def test_generators_trusted_blindly_are_wrong_somewhere(monkeypatch):
    """The error of the generators alone."""
    proved = Parent.solve
    monkeypatch.setattr(arrangement, "_kernel", numpy_kernel)
    monkeypatch.setattr(Parent, "solve", lambda pool, tight, point: (proved(pool, tight, point)[0], 0.0))
    assert wrong_seeds(at_a_small_angle, PLANE)


def gaussian(scale, seed=4):
    rng = np.random.default_rng(seed)
    scale = Fraction(scale)

    def exactly(array):
        return [[scale * Fraction(entry) for entry in row] for row in array.tolist()]

    first = (exactly(rng.normal(size=(5, 2))), exactly(rng.normal(size=(1, 5)))[0], True)
    second = (exactly(rng.normal(size=(4, 5))), [scale**2 * Fraction(entry) for entry in rng.normal(size=4).tolist()], True)
    return Network.of(first, second, (exactly(rng.normal(size=(1, 4))), [0], False))


@pytest.mark.parametrize("scale", ["1e-30", "1e-160", "1e-300", "1e-320", "1e-400", "1e30", "1e160", "1e300", "1e400"])
@pytest.mark.parametrize("domain", [None, PLANE])
@pytest.mark.filterwarnings("error")
def test_weights_at_the_edges_of_what_floats_hold(scale, domain):
    """Scaling every layer (its bias by the scale so far) moves no hyperplane; rows underflow to 0 or overflow to infinity."""
    expected = zones_of(gaussian(1), ALWAYS, domain)
    assert len(expected) > 20
    assert zones_of(gaussian(scale), ALWAYS, domain) == expected
    assert zones_of(gaussian(scale), feature(0), domain) == zones_of(gaussian(1), feature(0), domain)


@pytest.mark.parametrize("side", ["1e-310", "1e-100", "1e100", "1e308", "1e320"])
def test_domains_at_the_edges_of_what_floats_hold(side):
    """A box that is scaled with the biases sees the same patterns."""
    side = Fraction(side)
    rng = np.random.default_rng(2)
    rows, biases = rng.normal(size=(6, 2)), rng.normal(size=6)
    scaled = Network.of((rows, [side * Fraction(bias) for bias in biases.tolist()], True), ([[1] * 6], [0], False))
    plain = Network.of((rows, biases, True), ([[1] * 6], [0], False))
    expected = zones_of(plain, ALWAYS, Polyhedron.box([-2, -2], [2, 2])).keys()
    assert zones_of(scaled, ALWAYS, Polyhedron.box([-2 * side] * 2, [2 * side] * 2)).keys() == expected


@pytest.mark.parametrize("big", [2**53, 10**17, 10**40])
def test_large_weights_that_cancel(big):
    """(big + 1) x - big x - x is zero, and off, everywhere; with one unit more it is a hyperplane."""
    for extra, expected in ((0, {("+++", "-"), ("---", "-")}), (1, {("+++", "+"), ("---", "-")})):
        net = Network.of(([[big + 1 + extra], [big], [1]], [0, 0, 0], True), ([[1, -1, -1]], [0], True), ([[1]], [0], False))
        for domain in (None, Polyhedron.box([-1], [1])):
            assert set(zones_of(net, ALWAYS, domain)) == expected


def test_weights_of_all_sizes_at_once():
    """Every combination of sizes within one row and between rows."""
    sizes = [Fraction(1), Fraction("1e-200"), Fraction("1e200")]
    for signs in itertools.product((1, -1), repeat=3):
        rows = [[s * size, other] for s, size, other in zip(signs, sizes, reversed(sizes), strict=True)]
        net = Network.of((rows, sizes, True), ([[1, -1, 1], sizes], [0, -1], True), ([[1, 1]], [0], False))
        for domain in (None, PLANE):
            assert zones_of(net, ALWAYS, domain) == zones_of(net, ALWAYS, domain, "backward")


def numbers_of_all_sizes(rng, rows, columns):
    exponents = rng.choice([-330, -324, -310, -308, -200, 0, 0, 0, 200, 300, 307, 308, 310], (rows, columns))
    mantissas = rng.choice([-7, -1.7, -1, -0.3, 0, 0.3, 1, 1.1, 3], (rows, columns))
    return [
        [Fraction(m) * Fraction(10) ** e for m, e in zip(*pair, strict=True)]
        for pair in zip(mantissas.tolist(), exponents.tolist(), strict=True)
    ]


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.filterwarnings("error")
def test_random_networks_with_numbers_of_all_sizes(seed):
    """Rows, values, ranges and errors overflow and underflow; nothing is concluded from them."""
    rng = np.random.default_rng(seed)
    widths = [int(rng.integers(1, 3)), *rng.integers(1, 5, int(rng.integers(1, 3))).tolist(), 1]
    layers = [(numbers_of_all_sizes(rng, m, k), numbers_of_all_sizes(rng, 1, m)[0], True) for k, m in itertools.pairwise(widths)]
    net = Network.of(*layers[:-1], (*layers[-1][:2], False))
    low, size = numbers_of_all_sizes(rng, 2, widths[0])
    domain = Polyhedron.box(low, [a + (abs(b) or 1) for a, b in zip(low, size, strict=True)])
    for prop, where in ((ALWAYS, domain), (feature(0), domain), (feature(0), None)):
        assert zones_of(net, prop, where) == zones_of(net, prop, where, "backward")


@given(networks())
def test_the_layers_in_floats(net):
    """Every weight is the nearest float, whole weights are known as such, and rows with the same zeros are found."""
    total = 1
    for layer, floats in zip(net.layers, float_layers(net.layers), strict=True):
        rows = [(*row, b) for row, b in zip(layer.weight.rows, layer.bias, strict=True)]
        assert floats.weight.tolist() == [list(map(float, row)) for row in rows]
        total *= math.lcm(*(entry.denominator for row in rows for entry in row))
        assert floats.scale in (0, total)
        assert floats.scale or total & (total - 1) or total >= 2**52
        for (j, row), (k, other) in itertools.combinations(enumerate(rows), 2):
            parallel = all(a * d == b * c for (a, b), (c, d) in itertools.product(zip(row, other, strict=True), repeat=2))
            assert (floats.same[j] == floats.same[k]) == (parallel and any(row) == any(other))


def test_multiples_that_floats_can_hardly_tell():
    """Tiny, huge and nearly equal rows."""
    third, big = Fraction(1, 3), Fraction(10) ** 200
    rows = [[1, third, 2], [3, 1, 6], [1, third + Fraction(1, 10**30), 2], [-big, -big * third, -2 * big], [0, 0, 0]]
    rows += [[1 / big**2, third / big**2, 2 / big**2], [0, 0, 0], [big**2, 0, 1], [2 * big**2, 0, 2], [0, 1 / big, big]]
    (floats,) = float_layers(Network.of(([row[:2] for row in rows], [row[2] for row in rows], True)).layers)
    assert floats.same.tolist() == [0, 0, 2, 0, 4, 0, 4, 7, 7, 9]
