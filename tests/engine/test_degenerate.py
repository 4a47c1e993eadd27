"""The smallest cases that go wrong elsewhere, with exact region counts over all of the input space; each count is derived."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, condition, feature
from exactzones.zones import ENGINES, find_zones

pytestmark = pytest.mark.parametrize("engine", ENGINES)

THIRD, SEVENTH = 1 / 3, 1 / 7


def one_layer(weight, bias):
    return Network.of((weight, bias, True))


def rows_as_float32(*factors):
    """Rows (1, 2, 1) times a factor, in single precision: weights (f, 2 f) and bias f."""
    rows = np.array([[1, 2, 1]], dtype=np.float32) * np.array(factors, dtype=np.float32)[:, None]
    assert rows.dtype == np.float32
    return rows[:, :2], rows[:, 2]


def through_a_point(*slopes):
    """Lines a (x - 1/3) + c (y - 1/7) = 0 with weights and bias computed in float64."""
    weight = np.array(slopes, dtype=np.float64)
    return weight, np.array([-(a * THIRD + c * SEVENTH) for a, c in slopes])


COUNTS = {
    "x and -x: one point twice": (one_layer([[1], [-1]], [0, 0]), 2),
    "x + y and 2 x + 2 y: one line twice": (one_layer([[1, 1], [2, 2]], [0, 0]), 2),
    # Lines x = 0, x = 1 (twice) and y = 0: three strips, each halved.
    "x, x - 1, 2 - 2 x, y": (one_layer([[1, 0], [1, 0], [-2, 0], [0, 1]], [0, -1, 2, 0]), 6),
    # h = ReLU(x) <= 0 where x <= 0; beyond, h - 1 and 1 - h change sign together at x = 1.
    "ReLU(h - 1), ReLU(1 - h) after h = ReLU(x)": (Network.of(([[1]], [0], True), ([[1], [-1]], [-1, 1], True)), 3),
    # 1, 2 and 1 are powers of two: rounding a row's factor to single precision keeps the row proportional to (1, 2, 1).
    "(1, 2, 1) times 1, 1/3, 1/7, -1/11 as float32": (one_layer(*rows_as_float32(1, 1 / 3, 1 / 7, -1 / 11)), 2),
    # Three lines through one point cut the plane into six wedges; these three do, to the last bit:
    # float(1/3) is a multiple of 2**-54, float(1/7) an even multiple of 2**-55, so sum (below 1/2) and difference are floats.
    "x, y, x + y through (1/3, 1/7) as float64": (one_layer(*through_a_point((1, 0), (0, 1), (1, 1))), 6),
    "x, y, x - y through (1/3, 1/7) as float64": (one_layer(*through_a_point((1, 0), (0, 1), (1, -1))), 6),
    # 2 float(1/3) + float(1/7) needs 54 bits and is rounded, so the third line misses the point and leaves a triangle.
    "x, y, 2 x + y through (1/3, 1/7) as float64": (one_layer(*through_a_point((1, 0), (0, 1), (2, 1))), 7),
    # The same with the biases as the rationals that they stand for.
    "x, y, 2 x + y through (1/3, 1/7) exactly": (one_layer([[1, 0], [0, 1], [2, 1]], ["-1/3", "-1/7", "-17/21"]), 6),
    "no unit cuts: zero rows": (one_layer([[0, 0], [0, 0], [0, 0]], [0, 1, -1]), 1),
    "no hidden layer": (Network.of(([[1, 2]], [3], False)), 1),
    # n planes in general position in R^3 with n = 4: C(4, 0) + C(4, 1) + C(4, 2) + C(4, 3).
    "four planes": (one_layer([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], [0, 0, 0, -1]), 15),
    # All planes x_i = x_j in R^3: one chamber per order of three numbers.
    "the braid arrangement": (one_layer([[1, -1, 0], [0, 1, -1], [1, 0, -1]], [0, 0, 0]), 6),
    "eight inputs, one unit each": (one_layer(np.eye(8, dtype=int), [0] * 8), 256),
    "one unit on two hundred inputs": (one_layer([[1] * 200], [1]), 2),
    "the second layer repeats the first": (Network.of(([[1], [-1]], [0, 0], True), ([[1, -1], [-1, 1]], [0, 0], True)), 2),
}


@pytest.mark.parametrize("name", COUNTS)
def test_region_counts(engine, name):
    net, count = COUNTS[name]
    zones = find_zones(net, ALWAYS, engine=engine)
    assert len(zones) == count
    assert zones.islands == (tuple(range(count)),)
    assert len({zone.pattern for zone in zones}) == count


def test_float64_biases_are_what_the_comments_say(engine):
    """Why the numbers of zones are 6, 6 and 7."""
    assert engine
    third, seventh = Fraction(THIRD), Fraction(SEVENTH)
    assert Fraction(THIRD + SEVENTH) == third + seventh
    assert Fraction(THIRD - SEVENTH) == third - seventh
    assert Fraction(2 * THIRD + SEVENTH) != 2 * third + seventh


@pytest.mark.parametrize("lines", [3, 4, 5])
def test_lines_in_general_position(engine, lines):
    """Tangents of a parabola: no two parallel, no three through a point; 1 + n + C(n, 2) regions, n - 1 choose 2 bounded."""
    net = one_layer([[2 * k, -1] for k in range(lines)], [-k * k for k in range(lines)])
    zones = find_zones(net, ALWAYS, engine=engine)
    assert len(zones) == 1 + lines + lines * (lines - 1) // 2
    assert sum(zone.cell.is_bounded for zone in zones) == (lines - 1) * (lines - 2) // 2


def test_hypercube(engine):
    """x_k = 0 and x_k = 1 for k < 3: 27 cells, the cube itself with the most neighbours."""
    rows, biases = zip(*[([int(j == k) for j in range(3)], -b) for k, b in itertools.product(range(3), (0, 1))], strict=True)
    zones = find_zones(one_layer(rows, biases), ALWAYS, engine=engine)
    assert len(zones) == 27
    (cube,) = (k for k, zone in enumerate(zones) if zone.cell.is_bounded)
    assert Polyhedron(zones[cube].hrep) == Polyhedron.box(0, 1, dim=3)
    assert zones.graph.degree(cube) == 6
    assert zones.graph.number_of_edges() == 3 * 9 * 2


DEAD = Network.of(([[1], [1]], [-1, 0], True), ([[-1, -1]], [-1], True), ([[1]], [0], False))


def test_a_dead_network_cannot_fire(engine):
    """The second layer is at most -1, so the output is the constant 0."""
    assert len(find_zones(DEAD, feature(0), engine=engine)) == 0
    zones = find_zones(DEAD, feature(0), engine=engine)
    assert (zones.islands, zones.merged, zones.maximum, zones.volume) == ((), (), None, 0)
    assert len(find_zones(DEAD, condition([1], strict=False), engine=engine)) == 3
    assert len(find_zones(DEAD, feature(0, threshold=-1), Polyhedron.box(-1, 2, dim=1), engine=engine)) == 3


@pytest.mark.parametrize(("constant", "fires"), [(1, True), (0, False), (-1, False), ("1/1000000", True)])
def test_a_constant_feature_fires_everywhere_or_nowhere(engine, constant, fires):
    """The regime where every neuron is off counts."""
    net = Network.of(([[1, 2], [3, 4]], [5, 6], True), ([[0, 0]], [constant], False))
    zones = find_zones(net, feature(0), engine=engine)
    assert len(zones) == 4 * fires
    box = find_zones(net, feature(0), Polyhedron.box(-9, 9, dim=2), engine=engine)
    assert box.share == fires
    if fires:
        assert zones.maximum.value == Fraction(constant)


def test_a_value_of_exactly_the_threshold_does_not_fire(engine):
    net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [0])])  # |x|
    box = Polyhedron.box(-2, 2, dim=1)
    assert len(find_zones(net, feature(0, threshold=2), box, engine=engine)) == 0
    assert len(find_zones(net, feature(0, threshold="1.99"), box, engine=engine)) == 2
    assert len(find_zones(net, condition([1], -2, strict=False), box, engine=engine)) == 2


def test_a_negative_threshold_looks_at_the_pre_activation(engine):
    """z = -1 - |x| before a last ReLU: a = 0 > -2 everywhere, but the feature is z > -2, so |x| < 1."""
    net = Network.of(([[1], [-1]], [0, 0], True), ([[-1, -1]], [-1], True))
    zones = find_zones(net, feature(0, threshold=-2), engine=engine)
    assert zones.volume == 2
    after = find_zones(net, condition([1], 2, after_relu=True), engine=engine)
    assert [zone.pattern for zone in after] == [("-+", "-"), ("+-", "-")] or len(after) == 2
    assert after.volume is None


def test_a_last_relu_changes_nothing_for_a_threshold_of_zero_or_more(engine):
    layers = [([[1, 1], [1, -1], [0, 1]], [0, 1, -1]), ([[1, -1, 2]], [-1])]
    with_relu = Network.of(*((w, b, True) for w, b in layers))
    without = Network.mlp(layers)
    for threshold in (0, "1/3"):
        one = find_zones(with_relu, feature(0, threshold), engine=engine)
        other = find_zones(without, feature(0, threshold), engine=engine)
        assert [(zone.pattern, zone.vrep) for zone in one] == [(zone.pattern, zone.vrep) for zone in other]
    after = find_zones(with_relu, condition([1], after_relu=True), engine=engine)
    assert {zone.pattern[:1] for zone in after} == {zone.pattern for zone in find_zones(without, feature(0), engine=engine)}


def test_one_input(engine):
    """A zigzag with knots at 0, 1, 2, 3: positive on (0, 2) and beyond 3."""
    # slopes 1, -1, 0.. : x+ - 2 (x-1)+ + 0, then up again from 3
    net = Network.mlp([([[1]] * 4, [0, -1, -2, -3]), ([[1, -2, 1, 1]], [0])])
    zones = find_zones(net, feature(0), engine=engine)
    assert sorted(zone.vrep.vertices for zone in zones) == [((0,), (1,)), ((1,), (2,)), ((3,),)]
    assert sorted(len(island) for island in zones.islands) == [1, 2]
    assert zones.maximum.value is None


def test_a_sliver_of_width_two_to_the_minus_126(engine):
    """Float arithmetic loses it; exactly it has a volume."""
    tiny = Fraction(1, 2**126)
    net = Network.mlp([([[1], [1]], [0, -tiny]), ([[1, -2]], [0])])
    zones = find_zones(net, feature(0), engine=engine)
    assert zones.volume == 2 * tiny
    assert zones.maximum.value == tiny


def test_numbers_of_a_thousand_bits(engine):
    huge = 2**1000 + 1
    net = Network.mlp([([[huge, 1], [-1, huge]], [1, -1]), ([[1, -1]], [Fraction(1, huge)])])
    zones = find_zones(net, ALWAYS, engine=engine)
    assert len(zones) == 4
    fires = find_zones(net, feature(0), engine=engine)
    assert all(net.satisfies(zone.sample, feature(0)) for zone in fires)
    assert {zone.pattern for zone in fires} == {zone.pattern for zone in find_zones(net, feature(0), engine="backward")}
