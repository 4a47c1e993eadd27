"""Means of powers of a feature, against integrals over the simplices of each zone's cell, and against plain calculus."""

from fractions import Fraction

import pytest
from examples_drawn import at_most
from hypothesis import event, given
from hypothesis import strategies as st
from zones.support import any_property, small_networks

from exactzones.errors import DomainError, InputError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.moments import moment, weighted_moment
from exactzones.property import Property, feature
from exactzones.rational import dot
from exactzones.testing import domains, features
from exactzones.testing.strategies import KINDS
from exactzones.zones import find_zones

ABS = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1


def simplex_by_simplex(zones, power):
    constant = zones.prop.conditions[0].constant
    total = Fraction(0)
    for zone in zones:
        row = zone.conditions[0].row
        if zone.firing_cell is not None:
            total += moment(zone.firing_cell, (row[0] - constant, *row[1:]), power)
    return total / zones.domain.volume()


@at_most(40)
@given(st.data(), st.integers(0, 3))
def test_moments_of_a_feature(data, power):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=6, inputs=(1, 3)))
    zones = find_zones(net, data.draw(features(net)), data.draw(domains(net.inputs, bounded=True)))
    assert zones.moment(power) == simplex_by_simplex(zones, power)
    assert zones.moment(0) == zones.share
    assert zones.mean() == zones.moment(1)
    event(f"inputs: {net.inputs}, zones: {min(len(zones), 3)}")


@at_most(25)
@given(st.data())
def test_the_mean_does_not_depend_on_the_engine(data):
    net = data.draw(small_networks(most=5, inputs=(1, 2)))
    prop = data.draw(any_property(net).filter(lambda prop: prop.conditions))
    domain = data.draw(domains(net.inputs, bounded=True))
    lists = [find_zones(net, prop, domain, engine=engine) for engine in ("forward", "backward")]
    assert lists[0].mean() == lists[1].mean()


@at_most(40)
@given(st.data(), st.integers(1, 4), st.integers(0, 4))
def test_a_power_over_a_box_by_iterated_integrals(data, dim, power):
    """Integrate (c + a . x)^k over a unit cube: one antiderivative for each coordinate, evaluated at both ends."""
    row = data.draw(st.tuples(*[st.integers(1, 3)] * (dim + 1)))
    expected = Fraction(0)
    for corner in Polyhedron.box(0, 1, dim=dim).vrep.vertices:
        expected += (-1) ** (dim - int(sum(corner))) * dot(row, (1, *corner)) ** (power + dim)
    for k in range(dim):
        expected /= (power + k + 1) * row[k + 1]
    assert moment(Polyhedron.box(0, 1, dim=dim).cell(), row, power) == expected


@at_most(25)
@given(st.data(), st.integers(0, 2))
def test_a_density_that_is_linear_against_the_marginal(data, power):
    """With the density c + x_k, of which the uniform part is the moment, and the other the marginal's first moment."""
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=5, inputs=(1, 3)))
    domain = data.draw(domains(net.inputs, bounded=True))
    zones = find_zones(net, data.draw(features(net)), domain)
    place, constant = data.draw(st.integers(0, net.inputs - 1)), 100
    one = tuple(int(j == place) for j in range(net.inputs))
    everywhere = find_zones(net, Property(()), domain).centroid()
    found = zones.moment(min(power, 1), {one: 1, (0,) * net.inputs: constant})
    marginal = zones.marginal(place, min(power, 1))
    tilted = sum(
        (c * (b ** (k + 2) - a ** (k + 2)) / (k + 2))
        for piece, (a, b) in zip(marginal.pieces, marginal.intervals, strict=True)
        for k, c in enumerate(piece)
    )
    assert found == (constant * zones.moment(min(power, 1)) + tilted) / (constant + everywhere[place])


@at_most(25)
@given(st.data(), st.integers(0, 3))
def test_monomials_over_a_box_by_iterated_integrals(data, power):
    low, exponents = (data.draw(st.lists(st.integers(0, 3), min_size=2, max_size=2)) for _ in range(2))
    box = Polyhedron.box(low, [entry + 2 for entry in low])
    ends = [(Fraction(entry), Fraction(entry + 2)) for entry in low]
    first, second = [
        (b ** (n + 1) - a ** (n + 1)) / (n + 1) for (a, b), n in zip(ends, (exponents[0] + power, exponents[1]), strict=True)
    ]
    assert weighted_moment(box.cell(), (0, 1, 0), power, {tuple(exponents): Fraction(3)}) == 3 * first * second


def test_what_is_not_a_density_is_refused():
    zones = find_zones(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])]), 0, (-2, 2))
    assert zones.moment(2, {(0,): 7}) == zones.moment(2)
    for density, words in (({(1, 0): 1}, "exponents"), ({1: 1}, "expected coefficients"), ({(-1,): 1}, "exponents")):
        with pytest.raises(InputError, match=words):
            zones.mean(density)
    with pytest.raises(DomainError, match="integral over the domain is 0"):
        zones.mean({(1,): 1})


def test_by_hand():
    """|x| - 1 above 0 on [-2, 2]: twice the integral of (x - 1)^k from 1 to 2, over 4."""
    zones = find_zones(ABS, 0, (-2, 2))
    assert [zones.moment(k) for k in range(4)] == [Fraction(1, 2), Fraction(1, 4), Fraction(1, 6), Fraction(1, 8)]
    high = find_zones(ABS, feature(0, "1/2"), (-2, 2))  # from 3/2 to 2, where the feature still is |x| - 1
    assert high.mean() == Fraction(3, 16)
    assert find_zones(ABS, feature(0, 5), (-2, 2)).moment(2) == 0


def test_what_has_no_mean_is_refused():
    with pytest.raises(DomainError, match="a mean over an unbounded domain does not exist"):
        find_zones(ABS, 0).mean()
    with pytest.raises(InputError, match="power"):
        find_zones(ABS, 0, (-2, 2)).moment(-1)
