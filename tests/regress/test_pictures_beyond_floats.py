"""What notebooks show of zones whose coordinates floats do not reach, or do not tell apart: division by zero, or an error."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from exactzones import Network, Polyhedron, feature, find_zones

FAR = Fraction(10) ** 400
NET = Network.mlp([([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [0])])


def _polygons(picture):
    return {frozenset(points.split()) for points in re.findall(r'points="([^"]*)"', picture)}


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-FAR, FAR, ["-1.00e+400", "1.00e+400"]),
        (-1 / FAR, 1 / FAR, ["-0", "0"]),
        (-(2**70) - 1, -(2**70) + 1, ["-1.18e+21"]),
        (2**70 - 1, 2**70 + 1, ["1.18e+21"]),
    ],
)
def test_they_are_drawn_like_others(low, high, labels):
    middle = (Fraction(low) + high) / 2
    zones = find_zones(
        Network.mlp([([[1, 0], [0, 1]], [-middle, -middle]), ([[1, 1]], [0])]), feature(0), Polyhedron.box(low, high, dim=2)
    )
    usual = find_zones(NET, feature(0), Polyhedron.box(-1, 1, dim=2))
    assert zones._repr_html_()
    assert _polygons(zones._repr_svg_()) == _polygons(usual._repr_svg_()) != set()
    alike = {zone.pattern: zone for zone in usual}
    assert all(_polygons(zone._repr_svg_()) == _polygons(alike[zone.pattern]._repr_svg_()) for zone in zones)
    assert all(f">{label}<" in zones._repr_svg_() for label in labels)
