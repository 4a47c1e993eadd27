"""The nearest input without a list of zones, against the one with a list; brackets against evaluation."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exactzones import (
    BudgetExceeded,
    CannotFire,
    DomainError,
    Network,
    Polyhedron,
    certify,
    check,
    conjunction,
    feature,
    find_zones,
    nearest,
    nearest_input,
    radius,
)
from exactzones.deadline import Deadline
from exactzones.testing import networks, points, properties
from exactzones.zones.exploring import first_zone

ABSOLUTE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1], [-1, -1]], [-1, -1])])


@settings(max_examples=12)
@given(st.data())
def test_it_is_the_nearest_of_the_complete_list(data):
    network = data.draw(networks().filter(lambda network: network.inputs <= 2))
    prop = data.draw(properties(network))
    point = data.draw(points(network.inputs, bound=3))
    norm = data.draw(st.sampled_from([1, 2, "inf"]))
    domain = Polyhedron.box(-4, 4, dim=network.inputs)
    expected = nearest(find_zones(network, prop, domain), point, norm)
    answer = nearest_input(network, prop, point, norm, domain, seconds=60)
    assert (answer is None) == (expected is None)
    assume(answer is not None)
    distance = expected.distance_squared if norm == 2 else expected.distance
    assert answer.exact, answer
    assert (answer.lower, answer.upper) == (distance, distance)
    assert answer.attained == expected.attained
    if answer.certificate is not None:
        box = [(max(x - answer.radius, Fraction(-4)), min(x + answer.radius, Fraction(4))) for x in point]
        assert str(check(network, prop, box, answer.certificate)) == "valid"


def test_a_disjunction_and_a_property_that_holds_nowhere():
    other = feature(0) | feature(1, "-3/2")
    assert nearest_input(ABSOLUTE, other, ["1/3"], 1).upper == 0
    far = nearest_input(ABSOLUTE, feature(0) | feature(0, 9), ["1/3"], "inf")
    assert (far.exact, far.upper, far.attained) == (True, Fraction(2, 3), False)
    assert nearest_input(ABSOLUTE, 1, [0], "inf", "-2:2") is None
    with pytest.raises(DomainError, match="outside the domain"):
        nearest_input(ABSOLUTE, 0, [5], "inf", "-2:2")


def test_many_inputs_have_a_bracket_that_holds():
    rng = np.random.default_rng(3)
    wide = Network.mlp([(rng.standard_normal((10, 40)) / 6, rng.standard_normal(10)), (rng.standard_normal((1, 10)), [-4])])
    point = [Fraction(1, 2)] * 40
    answer = nearest_input(wide, 0, point, "inf", "0:1", seconds=10)
    assert 0 < answer.lower <= answer.upper
    box = [(max(x - answer.radius, 0), min(x + answer.radius, 1)) for x in point]
    assert str(check(wide, 0, box, answer.certificate)) == "valid"
    assert isinstance(certify(wide, 0, box), CannotFire)
    beyond = [x + Fraction(1001, 1000) * (y - x) for x, y in zip(point, answer.point, strict=True)]
    assert wide(beyond)[0] > 0 or answer.exact


def test_no_time_gives_a_bracket_without_a_point():
    answer = nearest_input(ABSOLUTE, 0, [0], "inf", seconds=0)
    assert (answer.exact, answer.upper) == (False, None)
    assert repr(answer) == "NearestInput(distance at least 0)"


HINGES = Network.mlp([([[int(k == unit) for k in range(9)] for unit in range(3)], [0] * 3), ([[1, 1, 0], [0, 0, 1]], [-2, -3])])
"""ReLU(x_0) + ReLU(x_1) > 2, and ReLU(x_2) > 3."""


@pytest.mark.parametrize("norm", [1, 2])
def test_many_inputs_are_reached_from_cell_to_cell(norm, monkeypatch):
    """In the norms 1 and 2 a box around a ball is far larger, so zones are not listed."""
    monkeypatch.setattr("exactzones.certification.ball.approach.find_zones", None)
    prop = feature(0) | feature(1)
    answer = nearest_input(HINGES, prop, [0] * 9, norm)
    assert (answer.exact, answer.upper, answer.attained) == (True, 2, False)  # for the norm 2 the square
    assert HINGES.satisfies([Fraction(1001, 1000) * entry for entry in answer.point], prop)


def test_a_walk_that_ends_early_has_bounds(monkeypatch):
    def walk(*_arguments, **_limits):
        raise BudgetExceeded("time is up", Fraction(15, 8))

    monkeypatch.setattr("exactzones.certification.ball.approach.first_zone", walk)
    answer = nearest_input(HINGES, 0, [0] * 9, 1)
    assert (answer.exact, answer.lower, answer.upper) == (False, Fraction(15, 8), 2)
    assert answer.radius <= 1


def test_the_walk_says_how_far_it_came():
    with pytest.raises(BudgetExceeded) as stopped:
        first_zone(
            HINGES, feature(0).resolve(HINGES.widths), (Fraction(0),) * 9, None, 1, limit=Fraction(3), deadline=Deadline(0)
        )
    assert stopped.value.found == 0
    far = Fraction(1)
    assert (
        first_zone(HINGES, feature(0).resolve(HINGES.widths), (Fraction(0),) * 9, None, 1, limit=far, deadline=Deadline()) is None
    )


def test_the_bounds_are_reported_on_the_way():
    network = Network.mlp([([[1] * 9], [-1]), ([[1]], [-1])])  # x_0 + .. + x_8 > 2
    reported = []
    answer = nearest_input(network, 0, [0] * 9, "inf", progress=lambda lower, upper: reported.append((lower, upper)))
    assert answer.upper == Fraction(2, 9)
    assert reported
    assert all(lower <= answer.upper and (upper is None or upper >= answer.upper) for lower, upper in reported)


def test_a_radius_is_the_distance_to_where_the_property_fails():
    both = conjunction(feature(0), feature(0, -3))
    assert radius(ABSOLUTE, both, ["5/2"], 1) == nearest_input(ABSOLUTE, ~both, ["5/2"], 1)
    assert (radius(ABSOLUTE, both, ["5/2"], "inf").upper, radius(ABSOLUTE, both, [0], "inf").upper) == (Fraction(3, 2), 0)
    assert radius(ABSOLUTE, 1, [0], "inf", "-1/2:1/2").upper == 0
    assert radius(ABSOLUTE, feature(0, -2), [0], 2, "-1/2:1/2") is None
