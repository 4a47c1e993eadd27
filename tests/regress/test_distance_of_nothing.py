"""A point at which a strict condition just fails: the distance is 0, and bisection found nearer witnesses until time was up."""

import pytest

from exactzones import Network, Polyhedron, condition, nearest_input
from exactzones.certification.ball import approach

NETWORK = Network.mlp([([[0, 0], [0, -1], [1, 0], [-1, -1]], [0, 0, 0, 0]), ([[0, 0, -1, -1]], [1])])


@pytest.mark.parametrize("few_inputs", [0, 8])
def test_a_distance_of_0_that_is_not_attained_is_exact(few_inputs, monkeypatch):
    monkeypatch.setattr(approach, "_FEW_INPUTS", few_inputs)
    prop = condition({3: 1}, "2/3", layer=0) & condition({0: -1}, 0, strict=True)
    answer = nearest_input(NETWORK, prop, [-2, 1], "inf", Polyhedron.box(-4, 4, dim=2), seconds=60)
    assert (answer.exact, answer.upper, answer.attained) == (True, 0, False)
