"""Searches by splits of units: units that are off are left out of the claim, and later rounds go on where others ended."""

import numpy as np
import pytest
from examples_drawn import at_most
from hypothesis import given
from hypothesis import strategies as st

from exactzones.certification import CannotFire, case_of, certify_cases, run
from exactzones.certification.provers import box_search
from exactzones.certification.provers.box_search import BoxSearch
from exactzones.certification.provers.dual import BoxBatch, DualBound, DualVariables, Relaxed
from exactzones.certification.run import Run
from exactzones.checker import check
from exactzones.checker.reference import check_plainly
from exactzones.network import Network
from exactzones.property import condition

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
