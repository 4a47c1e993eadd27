"""The descent to a locally nearest point, and the exact bound that closes the ball, against the complete list of zones."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from exactzones import Network, Polyhedron, check, condition, feature, find_zones, nearest, nearest_input
from exactzones.certification.ball import approach
from exactzones.certification.ball.feet import foot_from, guessed_foot
from exactzones.certification.ball.foot import ExactBall, Signs
from exactzones.deadline import Deadline
from exactzones.testing import networks, points, properties

TENT = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1


def foot_of_tent(prop=None):
    ball = ExactBall((Fraction(1, 3),), (Fraction(-3),), (Fraction(3),))
    return foot_from(TENT, (prop or feature(0)).resolve(TENT.widths), ball, [(Fraction(2),)], Deadline())


@settings(max_examples=20)
@given(st.data())
def test_every_number_of_inputs_gives_the_distance_of_the_list(data):
    network = data.draw(networks().filter(lambda network: network.inputs <= 2))
    prop, point = data.draw(properties(network)), data.draw(points(network.inputs, bound=3))
    domain = Polyhedron.box(-4, 4, dim=network.inputs)
    expected = nearest(find_zones(network, prop, domain), point, "inf")
    steps = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(approach, "_FEW_INPUTS", 0)
        patch.setattr(approach, "_GUESS", 0.01)
        exactly = approach.Approach._exactly
        patch.setattr(approach.Approach, "_exactly", lambda self, foot: steps.append(foot) or exactly(self, foot))
        answer = nearest_input(network, prop, point, "inf", domain, seconds=60)
    event("by an exact bound" if steps else "by zones, or at once")
    assert (answer is None) == (expected is None)
    if answer is not None:
        assert answer.exact, answer
        assert (answer.upper, answer.attained or not steps) == (expected.distance, expected.attained or not steps)


def wide_network():
    rng = np.random.default_rng(3)
    return Network.mlp([(rng.standard_normal((10, 40)) / 6, rng.standard_normal(10)), (rng.standard_normal((1, 10)), [-4])])


@pytest.mark.parametrize("seconds", [60, None])
def test_smaller_boxes_are_proved_first_if_the_time_is_limited(seconds, monkeypatch):
    radii, decide = [], approach.Approach._decide
    monkeypatch.setattr(
        approach.Approach, "_decide", lambda self, radius, until: radii.append(radius) or decide(self, radius, until)
    )
    answer = nearest_input(wide_network(), 0, [Fraction(1, 2)] * 40, "inf", "0:1", seconds=seconds)
    assert answer.exact
    steps = [*(approach._LADDER if seconds else ()), approach._NARROWER]
    assert radii == [answer.upper * share for share in steps]


def test_a_network_of_many_inputs_is_exact_and_has_a_certificate():
    wide = wide_network()
    point = [Fraction(1, 2)] * 40
    answer = nearest_input(wide, 0, point, "inf", "0:1", seconds=60)
    assert answer.exact
    assert not answer.attained
    assert answer.radius > answer.upper * Fraction(99, 100)
    box = [(x - answer.radius, x + answer.radius) for x in point]
    assert str(check(wide, 0, box, answer.certificate)) == "valid"
    assert max(abs(a - b) for a, b in zip(answer.point, point, strict=True)) == answer.upper
    assert wide(answer.point)[0] == 0


def test_the_bound_is_zero_at_the_radius_and_at_no_larger_one():
    foot = foot_of_tent()
    assert (foot.radius, foot.point, foot.pattern) == (Fraction(2, 3), (1,), ("+-",))
    known = Signs([[True, False]], [[False, True]])  # where x >= 0
    assert foot.gaps(known) == {}
    assert foot.gaps(Signs([[False, False]], [[False, False]])) == {(0, 0): -1, (0, 1): -1}  # both kinks bend away from the bound
    assert replace(foot, radius=foot.radius + Fraction(1, 10**9)).gaps(known) is None


def test_a_condition_that_is_not_strict_is_proved_within_the_open_ball():
    foot = foot_of_tent(condition({0: 1}, strict=False))
    assert foot.gaps(Signs([[True, False]], [[False, True]])) == {}
    flat = replace(foot, ball=foot.ball._replace(high=(Fraction(1),)), radius=Fraction(1))  # here the domain ends before the ball
    assert flat.gaps(Signs([[True, False]], [[False, True]])) is None
    ends = foot.ball._replace(centre=(Fraction(9, 10),), high=(Fraction(1),))  # here both end at the foot
    assert replace(foot, ball=ends, radius=Fraction(1, 10)).gaps(Signs([[True, False]], [[False, True]])) == {}


def test_a_guess_finds_the_nearest_case():
    cases = [feature(0).resolve(TENT.widths), feature(0, "1/2").resolve(TENT.widths)]
    ball = ExactBall((Fraction(1, 3),), (None,), (None,))
    foot, case = guessed_foot(TENT, cases, ball, Fraction(3), Deadline())
    assert (foot.radius, case) == (Fraction(2, 3), 0)
