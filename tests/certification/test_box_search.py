"""Searches by splits of units: units that are off are left out of the claim, and later rounds go on where others ended."""

import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import given
from hypothesis import strategies as st

from exactzones.certification import CanFire, CannotFire, case_of, certify, certify_cases, run
from exactzones.certification.provers import box_search
from exactzones.certification.provers.box_search import BoxSearch
from exactzones.certification.provers.dual import BoxBatch, DualBound, DualVariables, Relaxed
from exactzones.certification.run import Run
from exactzones.checker import check
from exactzones.checker.reference import check_plainly
from exactzones.network import Network
from exactzones.polyhedra import HRep, Polyhedron
from exactzones.property import condition, feature

INPUTS = 12
"""More than the search of cells takes."""


def network_of(seed, depth=3):
    """Return a network of which about half of the units of each layer are off on the box [-1, 1]."""
    rng, before, layers = np.random.default_rng(seed), INPUTS, []
    for width in (*(8,) * depth, 1):
        weights, bias = rng.integers(-4, 5, (width, before)) / 4, rng.integers(-2, 3, width).astype(float)
        if width > 1:
            bias[rng.random(width) < 0.5] -= 4 * 12 * 6 ** len(layers)
        layers.append((weights.tolist(), bias.tolist()))
        before = width
    return Network.mlp(layers)


def search_of(seed):
    network = network_of(seed)
    search = BoxSearch([Run(network, [case_of(network, condition({0: 1}), "-1:1")]).searches._prepare(0)[0]])
    boxes = search.stack[0].boxes
    search._tighten(boxes, np.zeros(1, int), root=True)
    return search, boxes


@at_most(25)
@given(st.integers(0, 1 << 32))
def test_bounds_are_the_same(seed):
    search, boxes = search_of(seed)
    off = (boxes.high[0] <= 0) & search.claim.relu
    part = search.claim.without(off)
    rng, count = np.random.default_rng(seed), 3
    boxes = BoxBatch.stack([boxes] * count)
    shape = count, search.claim.units
    open_units = (boxes.low < 0) & (boxes.high > 0)
    boxes.side = np.where(open_units, rng.integers(-1, 2, shape), 0)
    variables = DualVariables(rng.random(shape), rng.random(shape), np.ones((count, 1)), np.zeros((count, 0)))
    results = []
    for claim, its_boxes, its in (search.claim, boxes, variables), (part, boxes.without(off), variables.without(off)):
        dual, relaxed = DualBound(claim, search.rows.matrix), Relaxed(claim, its_boxes)
        result = dual.bound(its_boxes, relaxed, its, dual.combined(its.mu, relaxed))
        corners, gradient = dual.gradient(its_boxes, relaxed, its, result)
        results.append((result.value, result.inputs, corners, claim.slack(corners), gradient.mu))
    for whole, less in zip(*results, strict=True):
        assert np.allclose(whole, less, atol=1e-9)


def claim_of(seed):
    """Return a network and a claim that takes some splits to prove."""
    network = network_of(seed)
    points = np.random.default_rng(0).choice([-1.0, 1.0], (4000, INPUTS))
    top = search_of(seed)[0].claim.slack(points).max()
    return network, case_of(network, condition({0: 1}, -1 - round(1.1 * abs(top))), "-1:1")


@pytest.mark.parametrize("seed", range(3))
def test_certificates_are_accepted(monkeypatch, seed):
    network, case = claim_of(seed)
    monkeypatch.setattr(box_search, "is_affordable", lambda *_: False)
    sizes = []
    for share in (2.0, 0.0):
        monkeypatch.setattr(box_search, "_OFF", share)
        decision = certify_cases(network, [case])
        assert isinstance(decision, CannotFire)
        lines = decision.certificate.lines
        assert check(network, [case], lines).verdict == "valid"
        assert check_plainly(network, [case], iter(lines)).verdict == "valid"
        sizes.append(len(lines))
    assert sizes[0] > 2
    assert sizes[1] == sizes[0]


@pytest.mark.parametrize("seed", range(3))
def test_later_rounds_prove_what_one_round_proves(monkeypatch, seed):
    network, case = claim_of(seed)
    monkeypatch.setattr(box_search, "is_affordable", lambda *_: False)
    once = certify_cases(network, [case])
    monkeypatch.setattr(run, "ROUND", 1)
    monkeypatch.setattr(run, "_PER_REGION", 1)
    often = certify_cases(network, [case])
    assert isinstance(often, CannotFire)
    assert len(often.certificate.lines) <= 1.5 * len(once.certificate.lines)


@pytest.mark.parametrize("arithmetic", ["real", "float32"])
@pytest.mark.parametrize("seed", range(3))
def test_a_network_and_its_copy_at_equal_inputs(seed, arithmetic):
    """The domain is flat, so that cells have no volume: units are split there, although there are few inputs."""
    rng = np.random.default_rng(seed)
    weight, top, bias = ((rng.integers(-8, 9, shape) / 8).tolist() for shape in ((6, 2), 6, 6))
    both = [*([*row, 0, 0] for row in weight), *([0, 0, *row] for row in weight)]
    difference = Network.mlp([(both, bias * 2), ([[*top, *(-entry for entry in top)]], [0])])
    box = [(1, *(sign * (j == k) for j in range(4))) for k in range(4) for sign in (1, -1)]
    equal = Polyhedron(HRep.of(4, box, equations=[(0, 1, 0, -1, 0), (0, 0, 1, 0, -1)]))
    decision = certify(difference, feature(0, "1/2"), equal, arithmetic=arithmetic, seconds=60)
    assert isinstance(decision, CannotFire)
    case = case_of(difference, feature(0, "1/2"), equal, arithmetic=arithmetic)
    assert str(check_plainly(difference, [case], decision.certificate.lines)) == "valid"
    assert isinstance(certify(difference, feature(0, "1/2"), Polyhedron.box(-1, 1, dim=4), seconds=60), CanFire)
