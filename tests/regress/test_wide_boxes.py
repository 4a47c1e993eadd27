"""The inequalities engine took a domain's bounds beyond 10^4 for 10^4, so that it lost zones; HiGHS loses bounds beyond 10^20."""

from fractions import Fraction

import pytest

from exactzones import Network, Polyhedron, feature, find_zones


@pytest.mark.parametrize(
    ("slope", "half_width"),
    [(Fraction(1, 2**14), 2**16), (Fraction(1, 2**40), 2**42), (Fraction(1, 2**80), 2**82), (Fraction(1, 2**100), None)],
)
def test_engines_agree_on_wide_boxes(slope, half_width):
    """A unit changes its sign near the end of the domain."""
    net = Network.mlp([([[0, slope], [1, 1]], [1, 0]), ([[0, 0]], [1])])
    domain = None if half_width is None else Polyhedron.box(-half_width, half_width, dim=2)
    listed = [find_zones(net, feature(0), domain, engine=engine) for engine in ("forward", "inequalities")]
    assert [{zone.pattern for zone in zones} for zones in listed] == [{("++",), ("+-",), ("-+",), ("--",)}] * 2
    assert {zone.pattern: zone.cell.hrep for zone in listed[0]} == {zone.pattern: zone.cell.hrep for zone in listed[1]}
