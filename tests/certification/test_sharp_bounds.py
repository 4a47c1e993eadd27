"""Bounds with slopes of their own: true, sharper than the usual ones, and accepted by the checkers."""

import numpy as np
import pytest

from exactzones.certification import CannotFire, case_of, certify_cases
from exactzones.certification.provers.box_search import BoxSearch
from exactzones.certification.provers.shared_bounds import SharedBounds
from exactzones.certification.provers.sharp_bounds import bottleneck, is_affordable, sharpen
from exactzones.certification.run import Run
from exactzones.checker import check
from exactzones.checker.node_lines import read_node
from exactzones.checker.reference import check_plainly
from exactzones.network import Network
from exactzones.polyhedra import Box
from exactzones.property import condition

INPUTS = 12
"""More than the search of cells takes."""


def network_of(seed, widths=(10, 10, 10, 1)):
    rng, before, layers = np.random.default_rng(seed), INPUTS, []
    for width in widths:
        layers.append((rng.integers(-4, 5, (width, before)).tolist(), rng.integers(-2, 3, width).tolist()))
        before = width
    return Network.mlp(layers)


def root(network, case, shared=None):
    search = BoxSearch([Run(network, [case]).searches._prepare(0)[0]], shared=shared)
    boxes = search.stack[0].boxes
    search._tighten(boxes, np.zeros(1, int), root=True)
    return search, boxes


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold_and_are_sharper(seed):
    network = network_of(seed)
    search, boxes = root(network, case_of(network, condition({0: 1}), "-1:1"))
    assert is_affordable(search.claim, boxes)
    sharp = sharpen(search.dual, boxes, 1.0, lambda: None)
    low, high = sharp.boxes.low[0], sharp.boxes.high[0]
    assert sharp.slopes
    assert (low >= boxes.low[0]).all()
    assert (high <= boxes.high[0]).all()
    points = np.random.default_rng(seed).choice([-1.0, -0.3, 0.2, 1.0], (500, INPUTS))
    values = search.claim.pre_activations(points)
    assert (values >= low - 1e-9).all()
    open_before = (boxes.low[0] < 0) & (boxes.high[0] > 0)
    assert (values <= high + 1e-9)[:, open_before].all()
    for unit, upper in sharp.slopes:
        assert (high - low)[unit] < (boxes.high - boxes.low)[0, unit]
        assert upper in (0, 1)


def test_checkers_accept_them():
    network = network_of(1)
    points = np.random.default_rng(0).choice([-1.0, 1.0], (4000, INPUTS))
    probe = case_of(network, condition({0: 1}), "-1:1")
    top = root(network, probe)[0].claim.slack(points).max()
    case = case_of(network, condition({0: 1}, -round(2.5 * abs(top))), "-1:1")
    decision = certify_cases(network, [case])
    assert isinstance(decision, CannotFire)
    assert check(network, [case], decision.certificate.lines).verdict == "valid"
    assert check_plainly(network, [case], iter(decision.certificate.lines)).verdict == "valid"
    first = read_node(decision.certificate.lines[1])
    assert any(bound.hint.alphas for bound in first.bounds)


def test_a_single_layer_needs_none():
    network = network_of(0, (10, 1))
    search, boxes = root(network, case_of(network, condition({0: 1}), "-1:1"))
    assert not is_affordable(search.claim, boxes)


def test_boxes_with_other_constants_share_no_bounds():
    network, shared = network_of(0), SharedBounds()
    for value in (0, 0, 9, 0):
        case = case_of(network, condition({0: 1}), Box((value, *(-1,) * (INPUTS - 1)), (value, *(1,) * (INPUTS - 1))))
        (alone, expected), (search, boxes) = root(network, case), root(network, case, shared)
        for _ in range(2):
            assert search.bounds == alone.bounds
            assert np.array_equal(boxes.low, expected.low)
            assert np.array_equal(boxes.high, expected.high)
            assert search._sharpen(boxes, 0, 0) == alone._sharpen(expected, 0, 0)
            assert search.slopes == alone.slopes


@pytest.mark.parametrize("seed", [0, 2])
def test_few_open_units_between_wide_layers_are_split_first_and_bounds_sharpened_again(seed):
    network = network_of(seed, (8, 3, 16, 1))
    case = case_of(network, condition({0: 1}), "-1:1")
    search, boxes = root(network, case)
    unit = bottleneck(search.claim, boxes)
    assert search.claim.layer_of[unit] == 1
    assert boxes.low[0, unit] < 0 < boxes.high[0, unit]
    points = np.random.default_rng(seed).choice([-1.0, 1.0], (4000, INPUTS))
    top = search.claim.slack(points).max()
    case = case_of(network, condition({0: 1}, -round(2.5 * abs(top) + 1)), "-1:1")
    decision = certify_cases(network, [case])
    assert isinstance(decision, CannotFire)
    lines = decision.certificate.lines
    assert check(network, [case], lines).verdict == "valid"
    assert check_plainly(network, [case], iter(lines)).verdict == "valid"
    nodes = [*map(read_node, lines[1:])]
    assert any(bound.hint.alphas for node in nodes[1:] for bound in node.bounds)
    assert any(node.splits for node in nodes)


def test_no_unit_is_a_bottleneck_where_layers_are_alike_or_many_units_are_split():
    network = network_of(0)
    search, boxes = root(network, case_of(network, condition({0: 1}), "-1:1"))
    assert bottleneck(search.claim, boxes) is None
    network = network_of(0, (8, 3, 16, 1))
    search, boxes = root(network, case_of(network, condition({0: 1}), "-1:1"))
    boxes.side[0, :4] = 1
    assert bottleneck(search.claim, boxes) is None
