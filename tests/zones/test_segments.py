"""The pieces of a segment, against exact evaluation at points."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones import DomainError, Network, along
from exactzones.testing import networks, points


@given(st.data())
def test_a_piece_has_the_values_and_the_pattern_of_its_points(data):
    network = data.draw(networks())
    first, last = (data.draw(points(network.inputs)) for _ in range(2))
    segment = along(network, first, last)
    assert (segment[0].start, segment[-1].end) == (0, 1)
    assert segment.breakpoints == tuple(piece.start for piece in segment[1:])
    for piece in segment:
        assert piece.start < piece.end
        ends = piece.start, piece.end
        for share in (Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1)):
            t = ends[0] + share * (ends[1] - ends[0])
            assert piece.affine([t]) == network.trace(segment.point(t))[-1]
            if 0 < share < 1:
                assert piece.pattern == network.pattern(segment.point(t))
                assert segment.at(t) is piece
    patterns = [piece.pattern for piece in segment]
    assert all(one != other for one, other in pairwise(patterns))


@given(st.data())
def test_a_feature_fires_inside_its_intervals_and_nowhere_else(data):
    network = data.draw(networks())
    segment = along(network, *(data.draw(points(network.inputs)) for _ in range(2)))
    unit, threshold = data.draw(st.integers(0, network.widths[-1] - 1)), data.draw(st.sampled_from(["0", "-1/2", "1"]))
    intervals = segment.firing(unit, threshold)
    ends = sorted({t for interval in intervals for t in interval} | {*segment.breakpoints, Fraction(0), Fraction(1)})
    for t in [(a + b) / 2 for a, b in pairwise(ends)] + list(segment.breakpoints):
        value = network.trace(segment.point(t))[-1][unit]
        assert any(start < t < end for start, end in intervals) == (value > Fraction(threshold))


def test_irrational_weights_have_irrational_breakpoints():
    segment = along(Network.mlp([([["sqrt(2)"]], [-1]), ([[1]], [0])]), [0], [1])
    assert [t * t for t in segment.breakpoints] == [Fraction(1, 2)]
    assert segment.firing(0) == ((segment.breakpoints[0], 1),)


def test_a_segment_of_one_point_and_one_in_many_dimensions():
    rng = np.random.default_rng(0)
    wide = Network.mlp([(rng.standard_normal((40, 784)), rng.standard_normal(40)), (rng.standard_normal((3, 40)), [0, 0, 0])])
    point = rng.random(784)
    assert len(along(wide, point, point)) == 1
    segment = along(wide, point, -point)
    assert len(segment) > 5
    assert segment[3].affine([segment[3].start]) == wide(segment.point(segment[3].start))
    assert repr(segment) == f"Segment({len(segment)} pieces in R^784)"
    with pytest.raises(DomainError, match="from 0 to 1"):
        segment.at(2)
