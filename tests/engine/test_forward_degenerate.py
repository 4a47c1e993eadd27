"""Degenerate networks with known counts: parallel, repeated and concurrent hyperplanes, on which other tools lose cells."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from exactzones import ALWAYS, Network, feature, find_zones
from exactzones.polyhedra import Polyhedron


def layer_of_units(rows, biases):
    """One layer of ReLU units, and an output that looks at all of them."""
    return Network.of((rows, biases, True), ([[1] * len(rows)], [0], False))


def count(net, domain=None):
    """Count the cells by both engines."""
    ours = [zone.pattern for zone in find_zones(net, ALWAYS, domain)]
    assert sorted(ours) == sorted(zone.pattern for zone in find_zones(net, ALWAYS, domain, engine="backward"))
    assert len(set(ours)) == len(ours)
    return len(ours)


THIRD, SEVENTH = 1 / 3, 1 / 7
THIRDS = [np.float32(factor) * np.array([1, 2, 1], np.float32) for factor in (1, 1 / 3, 1 / 7, -1 / 11)]


@pytest.mark.parametrize("domain", [None, Polyhedron.box([-6, -6], [6, 6])])
@pytest.mark.parametrize(
    ("rows", "biases", "cells"),
    [
        pytest.param([[1, 0], [-1, 0]], [0, 0], 2, id="x and -x: one line"),
        pytest.param([[1, 1], [2, 2]], [0, 0], 2, id="x + y and its double: one line"),
        pytest.param(
            [[1, 0], [1, 0], [-2, 0], [0, 1]], [0, -1, 2, 0], 6, id="lines x = 0, x = 1 twice, y = 0: three strips halved"
        ),
        pytest.param(
            [row[:2].tolist() for row in THIRDS], [row[2] for row in THIRDS], 2, id="one line times 1, 1/3, 1/7, -1/11 in float32"
        ),
        pytest.param(
            [[1, 0], [0, 1], [1, 1]],
            [-Fraction(THIRD), -Fraction(SEVENTH), -(Fraction(THIRD) + Fraction(SEVENTH))],
            6,
            id="three lines through a float point: no triangle",
        ),
        pytest.param([[1, 0], [0, 1], [1, 1]], [-0.1, -0.2, -(0.1 + 0.2)], 7, id="the third misses the point by rounding"),
        pytest.param([[1, 0], [0, 1], [1, 1], [1, -1]], [0, 0, 0, 0], 8, id="four lines through the origin"),
        pytest.param([[1, 0]] * 5, [0, 1, 2, 3, 4], 6, id="five parallel lines"),
        pytest.param([[0, 0], [1, 0]], [1, 0], 2, id="a unit that does not depend on the input"),
        pytest.param([[0, 0], [1, 0]], [0, 0], 2, id="a unit that is zero everywhere: off"),
    ],
)
def test_counts_of_one_layer(rows, biases, cells, domain):
    assert count(layer_of_units(rows, biases), domain) == cells


@pytest.mark.parametrize("domain", [None, Polyhedron.box([-6], [6])])
def test_two_units_of_the_second_layer_meet_in_a_point(domain):
    """h = ReLU(x), then ReLU(h - 1) and ReLU(1 - h): x <= 0, 0 <= x <= 1, x >= 1."""
    assert count(Network.of(([[1]], [0], True), ([[1], [-1]], [-1, 1], True), ([[1, 1]], [0], False)), domain) == 3


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5])
def test_coordinate_hyperplanes_and_all_of_their_copies(dim):
    """The 2^d orthants, each coordinate given as x, -x and 3 x."""
    rows = [[factor * int(k == unit) for k in range(dim)] for unit in range(dim) for factor in (1, -1, 3)]
    assert count(layer_of_units(rows, [0] * len(rows))) == 2**dim


@pytest.mark.parametrize("dim", [2, 3, 4])
def test_braid_arrangement(dim):
    """The hyperplanes x_i = x_j cut R^d into d! cells, all of them with a line, far from simple."""
    rows = [[int(k == i) - int(k == j) for k in range(dim)] for i in range(dim) for j in range(i)]
    expected = {2: 2, 3: 6, 4: 24}[dim]
    assert count(layer_of_units(rows, [0] * len(rows))) == expected


def test_all_resonance_hyperplanes_in_space():
    """The seven hyperplanes sum of x over a non-empty subset = 0 cut R^3 into 32 cells (Kamiya, Takemura, Terao 2011)."""
    rows = [[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1) if i or j or k]
    assert count(layer_of_units(rows, [0] * len(rows))) == 32


def ternary(widths, seed):
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(widths)
    return Network.mlp([(rng.integers(-1, 2, (m, k)), rng.integers(-1, 2, m)) for k, m in pairs])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("widths", [(2, 6, 6, 1), (3, 6, 6, 1)])
def test_weights_and_biases_of_minus_one_zero_and_one(widths, seed):
    """Regions that parx misses on 17 of these 20, and all of which relucent refuses."""
    net = ternary(widths, seed)
    dim = widths[0]
    for domain in (None, Polyhedron.box([-6] * dim, [6] * dim)):
        for prop in (ALWAYS, feature(0)):
            theirs = {zone.pattern: zone for zone in find_zones(net, prop, domain, engine="backward")}
            ours = find_zones(net, prop, domain)
            assert sorted(zone.pattern for zone in ours) == sorted(theirs)
            for zone in ours:
                assert zone.vrep == theirs[zone.pattern].vrep
                assert zone.hrep == theirs[zone.pattern].hrep


@pytest.mark.parametrize("seed", range(4))
def test_zero_biases(seed):
    """All hyperplanes pass through the origin: 2 * (C(n-1, 0) + .. + C(n-1, d-1)) cones in general position."""
    rng = np.random.default_rng(seed)
    net = layer_of_units(rng.normal(size=(6, 3)), [0] * 6)
    assert count(net) == 2 * (1 + 5 + 10)


@pytest.mark.parametrize("factor", [1, Fraction(1, 3), 1e-300, 1e300])
def test_neurons_scaled_together_and_repeated(factor):
    """A positive factor moves no hyperplane, whether its numbers fit floats well or not."""
    rng = np.random.default_rng(8)
    rows, biases = rng.integers(-3, 4, (5, 2)).tolist(), rng.integers(-3, 4, 5).tolist()
    net = layer_of_units(rows, biases)
    scale = Fraction(factor)
    repeated = [*rows, *([scale * entry for entry in row] for row in rows)]
    assert count(layer_of_units(repeated, [*biases, *(scale * bias for bias in biases)])) == count(net)
