"""The search over phases: formulas in the form of networks, against all assignments; its parts against their definitions."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exactzones.certification import CanFire, CannotFire, case_of, certify_cases
from exactzones.certification.provers.clauses import Clauses
from exactzones.certification.provers.dual import Relaxed
from exactzones.certification.provers.phase_search import PhaseSearch, _fix, _linear_conditions, is_combinatorial
from exactzones.certification.run import Run
from exactzones.checker import check
from exactzones.checker.reference import check_plainly
from exactzones.network import Network
from exactzones.property import condition, feature
from exactzones.testing import KINDS, boxes, networks, properties

FREE = 10
"""Inputs of the formulas' networks: more than the search of cells takes."""


def formula_network(clauses, inputs=FREE):
    """Return a network with outputs ``1 - sum over clauses max(0, 1 - literals)`` and ``sum min(x, 1 - x)``.

    Literals are numbers from 1 on, negative where the variable is negated.
    """
    rows, constants = np.zeros((len(clauses) + 2 * inputs, inputs), int), []
    for row, clause in zip(rows, clauses, strict=False):
        for literal in clause:
            row[abs(literal) - 1] -= 1 if literal > 0 else -1
        constants.append(1 - sum(literal < 0 for literal in clause))
    rows[len(clauses) :] = np.concatenate([np.eye(inputs, dtype=int), 2 * np.eye(inputs, dtype=int)])
    outputs = np.zeros((2, len(rows)), int)
    outputs[0, : len(clauses)], outputs[1, len(clauses) : len(clauses) + inputs], outputs[1, -inputs:] = -1, 1, -1
    return Network.mlp([(rows.tolist(), [*constants, *[0] * inputs, *[-1] * inputs]), (outputs.tolist(), [1, 0])])


def formula_case(clauses, inputs=FREE):
    network = formula_network(clauses, inputs)
    prop = condition({0: 1}, -1, strict=False) & condition({1: -1}, 0, strict=False)
    return network, case_of(network, prop, "0:1")


def satisfiable(clauses, inputs):
    return any(
        all(any((literal > 0) == point[abs(literal) - 1] for literal in clause) for clause in clauses)
        for point in product((False, True), repeat=inputs)
    )


@st.composite
def formulas(draw):
    literals = st.integers(1, 7).flatmap(lambda variable: st.sampled_from((variable, -variable)))
    return draw(st.lists(st.lists(literals, min_size=1, max_size=3, unique_by=abs), min_size=1, max_size=35))


@pytest.fixture(scope="module", autouse=True)
def _no_guesses():
    """The search itself must find witnesses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "guess", lambda *_, **__: None)
        yield


@settings(max_examples=25)
@given(formulas())
def test_agrees_with_all_assignments(clauses):
    network, case = formula_case(clauses)
    assert is_combinatorial(region_of(network, case))
    decision = certify_cases(network, [case])
    report = check(network, [case], decision.certificate.lines)
    assert report.verdict == check_plainly(network, [case], iter(decision.certificate.lines)).verdict == "valid"
    assert isinstance(decision, CanFire if satisfiable(clauses, 7) else CannotFire)


def split_formula(rng, count, variables):
    """Return an unsatisfiable formula of so many clauses that are the leaves of a tree of splits."""
    leaves = [()]
    while len(leaves) < count:
        clause = leaves.pop(int(rng.integers(len(leaves))))
        variable = int(rng.choice([v for v in range(1, variables + 1) if v not in map(abs, clause)]))
        leaves += [(*clause, variable), (*clause, -variable)]
    return leaves


@pytest.mark.parametrize("seed", range(3))
def test_finds_short_trees(seed):
    """The tree by which such a formula was made has ``2 count - 1`` nodes."""
    network, case = formula_case(split_formula(np.random.default_rng(seed), 24, 14), 14)
    decision = certify_cases(network, [case])
    assert isinstance(decision, CannotFire)
    assert decision.nodes <= 2 * 24 - 1


def test_leaves_out_splits_that_play_no_part():
    """Of three variables that refute each other two are split; those of the many clauses that can hold are not in the tree."""
    core = [tuple(s * v for s, v in zip(signs, (7, 8, 9), strict=True)) for signs in product((1, -1), repeat=3)]
    others = [(a, -b) for a in range(1, 7) for b in range(1, 7) if a != b] * 3
    network, case = formula_case([*others, *core])
    search = PhaseSearch([region_of(network, case)])
    assert len([*search.run()]) > 7
    tree, stack = [], [0]
    while stack:
        tree.append(stack.pop())
        stack += search.children.get(tree[-1], ())
    assert len(tree) == 7
    assert -1 not in tree


@pytest.mark.parametrize(("inputs", "prop"), [(12, feature(0)), (12, ~feature(0))])
def test_other_claims_are_for_other_searches(inputs, prop):
    rng = np.random.default_rng(0)
    network = Network.mlp([(rng.integers(-3, 4, (5, inputs)).tolist(), [1] * 5), (rng.integers(-3, 4, (1, 5)).tolist(), [1])])
    assert not is_combinatorial(region_of(network, case_of(network, prop, "-1:1")))


def region_of(network, case):
    """Return the region that a search starts from."""
    prepared = Run(network, [case]).searches._prepare(0)
    assert prepared is not None
    return prepared[0]


def test_clauses_refute_what_contains_them():
    clauses = Clauses(4)
    assert clauses.refutation(np.ones(4)) is None
    clauses.add(np.array([1, 0, -1, 0]), "first")
    clauses.add(np.array([0, 1, 0, 0]), "second")
    for sides in product((-1, 0, 1), repeat=4):
        learnt = clauses.refutation(np.array(sides))
        expected = "first" if sides[0] == 1 and sides[2] == -1 else "second" if sides[1] == 1 else None
        assert (learnt and learnt[0]) == expected


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(data=st.data())
def test_programs_and_propagation_keep_all_points(kind, data):
    """Points with given phases, at which the conditions hold, are in what propagation leaves, and no program refutes them."""
    network = data.draw(networks(kind))
    case = case_of(network, data.draw(properties(network)), data.draw(boxes(network.inputs)))
    region = region_of(network, case)
    claim = region.claim
    assume(claim.depth)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    points = rng.uniform(region.low, region.high, (50, len(region.low)))
    search = PhaseSearch([region])
    item = search.stack.pop()
    search._begin(item, 0)
    sides = rng.integers(-1, 2, claim.units) * search._open
    boxes_there = search._boxes(sides[None].astype(float))
    ranges = item.ranges
    _fix(ranges, sides)
    consistent = search._propagation.run(ranges, _linear_conditions(search.dual, boxes_there))
    search._program.fix(sides)
    _, variables = search._program.solve()
    if variables is not None:
        relaxed = Relaxed(claim, boxes_there)
        bound = search.dual.bound(boxes_there, relaxed, variables, search.dual.combined(variables.mu, relaxed))
        assert bound.value[0] >= -1e-6
    for point in points[claim.slack(points) >= 0]:
        before = values_of(claim, point)
        if (before * sides >= 0).all():
            assert consistent
            assert variables is None
            assert (ranges.low - 1e-6 <= before).all()
            assert (before <= ranges.high + 1e-6).all()
            assert (ranges.box_low - 1e-6 <= point).all()
            assert (point <= ranges.box_high + 1e-6).all()


def values_of(claim, point):
    """Return the pre-activations of all hidden units."""
    values, before = point, []
    for weights, biases, mask in zip(claim.weights, claim.biases, claim.masks, strict=True):
        before.append(weights @ values + biases)
        values = np.where(mask, np.maximum(before[-1], 0), before[-1])
    return np.concatenate(before)
