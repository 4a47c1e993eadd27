"""The bands of zones in floats: programs in many orders stay inside, and they say where the property holds in every order."""

from fractions import Fraction

import numpy as np
import pytest

from exactzones import AffineMap, Network, condition, feature, find_zones
from exactzones.band import extents_of
from exactzones.certification.float_orders import FloatProgram
from exactzones.errors import DomainError, InputError


def inner_points(zone, random, program, count=4):
    """Numbers of the format in a zone, as combinations of its vertices."""
    vertices = np.array([[float(x) for x in vertex] for vertex in zone.vrep.vertices])
    points = program.rounded(random.dirichlet(np.ones(len(vertices)), count) @ vertices)
    exact = [tuple(map(Fraction, point)) for point in points]
    return [point for point in exact if zone.contains(point)]


@pytest.mark.parametrize("after_relu", [False, True])
@pytest.mark.parametrize("name", ["float16", "bfloat16+float32", "float32"])
@pytest.mark.parametrize("seed", range(2))
def test_programs_stay_inside_the_band(seed, name, after_relu):
    random = np.random.default_rng(seed)
    program = FloatProgram(Network.mlp([([[1]], [0])]), name)
    shapes = [(5, 2), (4, 5), (2, 4)]
    network = Network.mlp([tuple(program.rounded(random.normal(size=s)) for s in (shape, shape[0])) for shape in shapes])
    program = FloatProgram(network, name)
    prop = condition({0: 1, 1: -2}, "1/4", layer=1, after_relu=True) if after_relu else feature(0)
    for zone in find_zones(network, prop, (-2, 2))[:6]:
        band = zone.band(name)
        (error,), (holds,) = band.errors, [each.holds for each in zone.prop.conditions]
        for point in inner_points(zone, random, program):
            row = zone.conditions[0].row
            exact = row[0] + sum(a * x for a, x in zip(row[1:], point, strict=True))
            computed = [
                program.condition_values(zone.prop, np.array([list(map(float, point))]), each)[0][0] for each in program.orders
            ]
            assert all(abs(value - exact) <= error for value in computed)
            assert band.surely.contains(point) == (exact > error)
            assert band.possibly.contains(point) == (exact > -error)
            if band.surely.contains(point):
                assert all(map(holds, computed))


def test_the_band_of_a_single_unit():
    """z = x + y - 1 is rounded four times; its boundary moves by the error over the length of (1, 1)."""
    (zone,) = find_zones(Network.mlp([([[1, 1]], [-1])]), feature(0), (0, 1))
    band = zone.band("float32")
    s = 4 * Fraction(1, 1 << 23)
    assert s / (1 - s) * 3 < band.errors[0] < s / (1 - s) * 3 + Fraction(1, 1 << 120)
    assert band.half_width == pytest.approx(float(band.errors[0]) / 2**0.5, rel=1e-12)
    assert Fraction(band.half_width) ** 2 * 2 > band.errors[0] ** 2
    assert band.slopes == ((1, 1),)
    (copied,) = find_zones(Network.mlp([([[1, 0]], [0])]), feature(0), (0, 1))
    assert copied.band("bfloat16").half_width == 0


@pytest.mark.parametrize(("bias", "half_width"), [(0.5, 0), (2.0**-30, np.inf)])
def test_the_band_of_a_constant(bias, half_width):
    """Where ReLU(5/8 x + 3/8 y) is off, z is the bias; the order decides only if rounding errors are as large."""
    network = Network.mlp([([[0.625, 0.375]], [0]), ([[1]], [bias])])
    (zone,) = (zone for zone in find_zones(network, feature(0), (-1, 1)) if zone.pattern == ("-",))
    band = zone.band("float32")
    assert band.half_width == half_width
    assert (band.surely == band.possibly) is (half_width == 0)


def test_what_has_no_band():
    (zone,) = find_zones(Network.mlp([([[1]], [-1])]), feature(0))
    with pytest.raises(DomainError, match="unbounded"):
        zone.band()
    (zone,) = find_zones(Network.mlp([([["1/3"]], [-1])]), feature(0), (0, 9))
    with pytest.raises(InputError, match="not numbers of float32"):
        zone.band()
    with pytest.raises(InputError, match="values are exact; expected a format"):
        zone.band("real")


def test_the_band_of_a_zone_without_vertices():
    """Linear programs bound the values on it as its vertices do."""
    random = np.random.default_rng(3)
    network = Network.mlp(
        [(random.integers(-4, 5, shape) / 4, random.integers(-4, 5, shape[0]) / 4) for shape in ((4, 3), (1, 4))]
    )
    zones = find_zones(network, feature(0), (-1, 1), engine="inequalities")
    for zone in zones:
        on_vertices, on_rows = extents_of(zone.vrep.vertices), extents_of(zone.kept)
        assert all(on_vertices(affine) == on_rows(affine) for affine in zone.maps)
    wide = Network.mlp([([[1] * 13], [0]), ([[1]], [-12])])
    (zone,) = find_zones(wide, feature(0), (0, 1), engine="inequalities")
    assert zone.kept is not None
    assert 0 < zone.band("float32").errors[0] < Fraction(1, 1 << 14)
    (zone,) = find_zones(wide, feature(0), engine="inequalities")
    with pytest.raises(DomainError, match="unbounded"):
        zone.band()


def test_the_band_on_a_slice_is_that_of_the_whole_network():
    whole = Network.mlp([([[1, 1, 0], [0, 1, 1]], [0, -1]), ([[1, 1]], [-1])])
    flat = AffineMap.through([0, 0, "1/3"], [1, 0, "1/3"], [0, 1, "1/3"])
    for zone in find_zones(whole.compose(flat), feature(0), (0, 1)):
        (around,) = [other for other in find_zones(whole, feature(0), (0, 1)) if other.pattern == zone.pattern]
        assert 0 < zone.band().errors[0] <= around.band().errors[0]
