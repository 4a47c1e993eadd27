"""Numbers of more than 4,300 digits, which Python does not write as decimals, nor read: pycddlib passes its numbers on so."""

from __future__ import annotations

from fractions import Fraction

import pytest

from exactzones import Network, Polyhedron, condition, find_zones, nearest
from exactzones.polyhedra import HRep

LONG = Fraction(7**6000, 3**6000)


def test_generators_and_back():
    triangle = Polyhedron.of(2, [(0, 1, 0), (0, 0, 1), (LONG.numerator, -LONG.denominator, -1)])
    assert triangle.vrep.vertices == ((0, 0), (0, LONG.numerator), (LONG, 0))
    assert Polyhedron.hull(triangle.vrep.vertices).hrep == triangle.irredundant


def test_answers_longer_than_the_question():
    """Numbers of 2,500 digits, and a corner with twice as many."""
    a, b = 7**2950, 11**2400
    corner = Polyhedron(HRep.of(2, [(1, -a, 1), (1, 1, -b)]))
    (vertex,) = corner.vrep.vertices
    assert vertex == (Fraction(b + 1, a * b - 1), Fraction(a + 1, a * b - 1))
    assert corner.maximize((a, b)).value == a * vertex[0] + b * vertex[1]


@pytest.mark.parametrize("strict", [True, False])
def test_zones_and_the_nearest_of_them(strict):
    net = Network.mlp([([[LONG, 1], [1, -LONG]], [1 / LONG, LONG]), ([[1, 1]], [-1])])
    zones = find_zones(net, condition({0: 1}, strict=strict))
    assert zones == find_zones(net, condition({0: 1}, strict=strict), engine="backward")
    found = nearest(zones, [-LONG, LONG])
    assert found.attained == net.satisfies(found.point, zones.prop)
    assert zones[0]._repr_html_()
