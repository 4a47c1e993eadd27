"""Measures of features against integrals over the pieces on which two features are affine, and against plain calculus."""

from fractions import Fraction

import pytest
from examples_drawn import at_most
from hypothesis import event, given
from hypothesis import strategies as st
from zones.support import small_networks

from exactzones import AffineMap, Measures, Network, PairMeasures, Polyhedron, covariance, feature, find_zones, measure, topology
from exactzones.errors import BudgetExceeded, DimensionError, DomainError, InputError
from exactzones.notation import number, point
from exactzones.polyhedra.moments import moment
from exactzones.property import ALWAYS
from exactzones.rational import algebraic
from exactzones.testing import domains, features
from exactzones.testing.strategies import KINDS

ABS = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1
WEDGES = Network.mlp([([[1, 0], [0, 1], [-1, -1]], [0, 0, 0]), ([[1, 1, -1], [-2, 1, 1], [0, 0, 0]], [-1, 0, 0])])


def integral(zones, unit, power=1, other=None):
    """The integral of a feature's power, or of a product of two features, over the firing parts of zones."""
    total = Fraction(0)
    for zone in zones:
        if (cell := zone.firing_cell) is not None:
            row = (zone.affine.offset[unit], *zone.affine.matrix.rows[unit])
            if other is None:
                total += moment(cell, row, power)
            else:
                second = (zone.affine.offset[other], *zone.affine.matrix.rows[other])
                both, apart = ([a + sign * b for a, b in zip(row, second, strict=True)] for sign in (1, -1))
                total += (moment(cell, both, 2) - moment(cell, apart, 2)) / 4
    return total / zones.domain.volume()


@at_most(25)
@given(st.data())
def test_measures_of_a_pair(data):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=5, inputs=(1, 3)))
    one, other = (data.draw(st.integers(0, net.widths[-1] - 1)) for _ in "ij")
    domain = data.draw(domains(net.inputs, bounded=True))
    found = measure(net, one, domain, [other])
    everywhere = find_zones(net, ALWAYS, domain)
    mean = integral(everywhere, one)
    assert (found.mean, found.variance) == (mean, integral(everywhere, one, 2) - mean**2)
    fires, fires_other = (find_zones(net, unit, domain) for unit in (one, other))
    assert (found.share, found.centroid) == (fires.share, fires.centroid())
    assert found.mean_relu == fires.mean() == integral(fires, one)
    assert found.variance_relu == fires.moment(2) - fires.mean() ** 2
    both = find_zones(net, feature(one) & feature(other) if one != other else one, domain)
    pair = found.pairs[other]
    assert pair.both_fire == both.share
    assert pair.covariance_relu == integral(both, one, other=other) - fires.mean() * fires_other.mean()
    if one == other:
        assert pair.covariance_relu == found.variance_relu
    assert pair.correlation_relu is None or abs(pair.correlation_relu) <= 1
    event(f"inputs: {net.inputs}, both fire: {pair.both_fire > 0}")


@at_most(25)
@given(st.data())
def test_the_centroid(data):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=5, inputs=(1, 3)))
    zones = find_zones(net, data.draw(features(net)), data.draw(domains(net.inputs, bounded=True)))
    cells = [zone.firing_cell for zone in zones if zone.firing_cell is not None]
    units = [tuple(Fraction(j == k) for j in range(net.inputs + 1)) for k in range(1, net.inputs + 1)]
    sums = [sum(moment(cell, unit, 1) for cell in cells) for unit in units]
    assert zones.centroid() == (tuple(each / zones.volume for each in sums) if zones.volume else None)


@at_most(25)
@given(st.data(), st.integers(0, 1))
def test_marginals_are_integrals_over_sections(data, power):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=5, inputs=(2, 3)))
    prop, domain = data.draw(features(net)), data.draw(domains(net.inputs, bounded=True))
    zones, k = find_zones(net, prop, domain), data.draw(st.integers(0, net.inputs - 1))
    density = zones.marginal(k, power)
    assert density.integral == zones.moment(power)
    event(f"pieces: {min(len(density.pieces), 5)}")
    if density.pieces:
        low, high = data.draw(st.sampled_from(list(density.intervals)))
        at = low + (high - low) * data.draw(st.sampled_from([Fraction(1, 3), Fraction(1, 2)]))
        section = AffineMap.of(
            [[int(j == (i if i < k else i - 1)) * (i != k) for j in range(net.inputs - 1)] for i in range(net.inputs)],
            [at if i == k else 0 for i in range(net.inputs)],
        )
        cut = find_zones(net.compose(section), prop, domain.preimage(section))
        assert density(at) == cut.moment(power) * cut.domain.volume() / domain.volume()


def test_by_hand():
    found = measure(WEDGES, 0, (-1, 1), [2])
    assert (found.share, found.mean_relu, found.mean) == (Fraction(1, 8), Fraction(1, 24), Fraction(-5, 6))
    assert (found.pairs[2].both_fire, found.pairs[2].covariance_relu) == (0, 0)
    assert found.pairs[2].correlation_relu is None
    found = measure(ABS, 0, (-2, 2))
    assert (found.variance, found.variance_relu, found.centroid) == (Fraction(1, 3), Fraction(5, 48), (0,))
    assert measure(ABS, 0, (0, 1)).centroid is None
    assert covariance(ABS, 0, 1, (-1, 1), layer=0) == Fraction(-1, 16)


@pytest.mark.parametrize("weight", ["1e250", "1e-250"])
def test_a_correlation_of_numbers_that_no_float_holds(weight):
    found = measure(Network.mlp([([[weight], ["-" + weight]], [0, 0])]), 0, (-1, 1), [1])
    assert found.pairs[1].correlation_relu == pytest.approx(-0.6)


def test_irrational_weights():
    """ReLU(sqrt(2) x) + ReLU(-x) - 1 on [-2, 2] fires from -2 to -1 and from sqrt(1/2) to 2."""
    net = Network.mlp([([["sqrt(2)"], [-1]], [0, 0]), ([[1, 1]], [-1])])
    found = measure(net, 0, (-2, 2), [0])
    assert (found.share, found.mean_relu) == (algebraic("3/4-1/8*sqrt(2)"), algebraic("-3/8+9/16*sqrt(2)"))
    assert found.centroid == (algebraic("3/34+1/68*sqrt(2)"),)
    assert found.pairs[0].covariance_relu == found.variance_relu
    zones = find_zones(net, 0, (-2, 2))
    assert zones.marginal(0).breakpoints == (-2, -1, algebraic("1/2*sqrt(2)"), 2)
    assert [zones.marginal(0, power).integral for power in (0, 1)] == zones.moments(1)


def test_long_numbers_are_rounded_in_what_is_shown():
    """Fractions of more digits than Python writes."""
    whole = Fraction(1, 3**20000)
    shown = repr(Measures(whole, mean=1 - whole, centroid=(whole,), pairs={1: PairMeasures(whole, -whole, None)}))
    small = number(whole)
    assert shown == (
        f"Measures(share={small}, mean=~1, centroid={point([whole])}, "
        f"pairs={{1: PairMeasures(both_fire={small}, covariance_relu={number(-whole)})}})"
    )
    assert len(small) < 20


def test_a_marginal_by_hand():
    """x + y > 1 on the unit square: sections x = t have length t, and x + y - 1 on them has the integral t^2 / 2."""
    zones = find_zones(Network.mlp([([[1, 1]], [-1])]), 0, (0, 1))
    assert zones.marginal(0).breakpoints == (0, 1)
    assert zones.marginal(0).pieces == ((0, 1),)
    assert zones.marginal(1, 1)("1/2") == Fraction(1, 8)
    assert zones.marginal(0)(2) == zones.marginal(0)(-1) == 0
    assert find_zones(ABS, feature(0, 5), (-2, 2)).marginal(0).integral == 0


def test_what_has_no_measure_is_refused():
    with pytest.raises(DomainError, match="a mean over an unbounded domain does not exist"):
        measure(ABS, 0, None)
    with pytest.raises(InputError, match="one of the others is 3; expected others 0 to 0"):
        measure(ABS, 0, (-1, 1), [3])
    zones = find_zones(ABS, 0, (-2, 2))
    with pytest.raises(InputError, match="power is 2; expected 0 or 1"):
        zones.marginal(0, 2)
    with pytest.raises(InputError, match="coordinate is 1; expected the number of an input, 0 to 0"):
        zones.marginal(1)


def test_what_is_known_when_time_is_up():
    with pytest.raises(BudgetExceeded) as stopped:
        measure(ABS, 0, (-2, 2), seconds=0)
    assert stopped.value.found.mean is None


def test_volumes_of_boxes_with_many_inputs_are_refused_at_once():
    net = Network.mlp([([[1] * 10, [-1] * 10], [0, 0]), ([[1, 1], [-1, -1]], [-1, -1])])  # +-|x_0 + .. + x_9| - 1
    with pytest.raises(DomainError, match="boxes of at most 9 inputs, and this one has 10; ask about a slice"):
        measure(net, 0, (-1, 1), seconds=20)
    with pytest.raises(
        BudgetExceeded, match="boxes of at most 9 inputs"
    ) as stopped:  # it fires nowhere, and its mean needs volumes
        measure(net, 1, (-1, 1), seconds=20)
    assert (stopped.value.found.share, stopped.value.found.mean) == (0, None)
    with pytest.raises(DomainError, match="holes are computed for boxes of at most 9 inputs, and this one has 10"):
        topology(net, 0, (-1, 1), seconds=20)
    with pytest.raises(DimensionError, match="dimension"):
        measure(net, 0, Polyhedron.box(-1, 1, dim=3))


def test_a_feature_that_never_fires_has_measures_for_any_number_of_inputs():
    zones = find_zones(Network.mlp([([[1] * 40], [0]), ([[-1]], [-1])]), 0, (-1, 1))
    assert (zones.share, zones.moments(1), zones.centroid(), zones.marginal(39).integral) == (0, [0, 0], None, 0)
