"""Trees about several cases: each stands for one tree per case, alike but for the refutations."""

import copy
import json
import random
from dataclasses import replace
from fractions import Fraction

import pytest
from checker.random_certificates import BITS, Shape, bounds, claims, hint, tail
from checker.support import accepts, no
from checker.test_all_checkers import checkers
from examples_drawn import at_most
from hypothesis import given
from hypothesis import strategies as st

from exactzones import Network, Polyhedron, feature
from exactzones.certification import CanFire, CannotFire, case_of, certify_cases
from exactzones.checker import Case, check
from exactzones.checker.certificate import write_header
from exactzones.checker.records import family_of
from exactzones.checker.reference import check_plainly
from exactzones.checker.rules import Invalid
from exactzones.checker.tree import Tree
from exactzones.checker.verified import one_tree_each
from exactzones.errors import FormatError
from exactzones.testing import boxes, networks, properties
from exactzones.zones import find_zones

BOX = Polyhedron.box(-1, 1, dim=1)
DISTANCE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1], [-1, -1]], [-2, 0])])  # |x| - 2 and -|x|


def moved(network, case, by):
    """A case of the same family: with other constants, and its conditions in another order."""
    conditions = case.prop.resolve(network.widths).conditions
    return Case(case.rows, replace(case.prop, conditions=tuple(replace(c, constant=c.constant + by) for c in conditions[::-1])))


def refutation(draw, shape, depth):
    mu = [entry for k in range(shape.conditions) for entry in (k, draw.choice([0, 1, 1, 2, 1 << 70])) if draw.random() < 0.9]
    return [draw.randrange(2), mu[: len(mu) // 2 * 2], hint(draw, shape, depth)]


@at_most(80)
@given(claims(most=1), st.sampled_from(BITS), st.integers(0, 2**32), st.integers(2, 3))
def test_nodes_are_judged_as_in_a_tree_for_each_case(claim, bits, seed, count):
    network, (first,) = claim
    draw = random.Random(seed)  # noqa: S311
    cases = [first, *(moved(network, first, Fraction(draw.randrange(-3, 4), 2)) for _ in range(count - 1))]
    shared, single = Tree(network, [cases], bits), [Tree(network, [[case]], bits) for case in cases]
    shape = Shape.of(network, first)
    for _ in range(8):
        if not shared.waiting:
            break
        number = draw.choice(sorted(shared.waiting))
        depth = len(shared.waiting[number].rows)
        node = [number, bounds(draw, shape, depth), tail(draw, shape, depth, bits)]
        parts = [node] * count
        if node[2][0] == "no":
            refutations = [refutation(draw, shape, depth) for _ in cases]
            parts = [[*node[:2], ["no", *each]] for each in refutations]
            node = [*node[:2], ["no", *(entry for each in refutations for entry in each)]]
        trial = copy.deepcopy(single)
        verdict = all(accepts(tree, part) for tree, part in zip(trial, parts, strict=True))
        assert accepts(shared, node) == verdict, node
        single = trial if verdict else single
    for number, place in shared.waiting.items():
        for tree in single:
            known = tree.waiting[number].known
            for name in ("low", "high", "has_low", "has_high"):
                assert (getattr(known, name) == getattr(place.known, name)).all()


@at_most(60)
@given(st.data())
def test_disjunctions_are_decided_as_the_zones_say(data):
    network = data.draw(networks(inputs=(1, 2), outputs=(1, 2), max_width=3))
    domain = data.draw(boxes(network.inputs))
    props = data.draw(st.lists(properties(network), min_size=2, max_size=3))
    cases = [case_of(network, prop, domain) for prop in props]
    found = certify_cases(network, cases)
    fires = [bool(len(find_zones(network, prop, domain))) for prop in props]
    assert isinstance(found, CanFire if any(fires) else CannotFire)
    lines = found.certificate.lines
    for some in (lines, lines[: len(lines) // 2 + 1]):
        reports = [checker(network, cases, some) for checker in checkers()]
        assert reports == reports[:1] * len(reports)  # with the same numbers of nodes and open leaves
    assert check(network, cases, lines).verdict == "valid"
    if isinstance(found, CanFire):
        assert fires[found.case]
        return
    trees = len({family_of(network, case) for case in cases})
    assert ("trees" in json.loads(lines[0])) == (trees < len(cases))
    single = list(one_tree_each(lines, {}))
    assert "trees" not in json.loads(single[0])
    assert check(network, cases, single).verdict == "valid"
    order = cases[::-1]  # what is proved of other cases counts for nothing, unless it is the same
    assert check(network, order, lines).verdict in ({"valid"} if order == cases else {"valid", "invalid", "incomplete"})


def certificate(trees, *nodes, cases=2):
    header = json.loads(write_header(DISTANCE.sha256, 40, cases, "cannot fire")) | {"trees": trees}
    return [json.dumps(header), *(json.dumps(node) for node in nodes)]


# |x| - 2 > 0 and -|x| - 1 > 0 on [-1, 1]: with x <= 1 and x >= -1 known, the units' chords prove the first.
CASES = [case_of(DISTANCE, feature(0), BOX), case_of(DISTANCE, feature(1, 1), BOX)]
UNITS = [[4 * unit + upper] for unit in (1, 2) for upper in (0, 1)]
BOTH = [0, UNITS, ["no", *no((0, 1))[1:], *no((0, 1))[1:]]]
ONE = [0, UNITS, no((0, 1))]


def test_one_tree_proves_both():
    assert check(DISTANCE, CASES, certificate([[0, 1]], BOTH)).verdict == "valid"
    assert check(DISTANCE, CASES[::-1], certificate([[1, 0]], BOTH)).verdict == "valid"
    assert check(DISTANCE, CASES, certificate([[0], [1]], ONE, [1, *ONE[1:]])).verdict == "valid"


@pytest.mark.parametrize(
    ("trees", "nodes", "why"),
    [
        ([[0, 1]], [ONE], "number of refutations: expected 2, one for each case of the tree; got 1"),
        ([[0], [1]], [BOTH, [1, *BOTH[1:]]], "number of refutations: expected 1, one for each case of the tree; got 2"),
        ([[0]], [ONE], "each case once"),
        ([[0, 0]], [BOTH], "each case once"),
        ([[0, 1], [1]], [BOTH, [1, *ONE[1:]]], "each case once"),
        ([[0, 2]], [BOTH], "each case once"),
        ([], [], "each case once"),
        ([[]], [], "trees must be a list"),
        ({"0": 1}, [BOTH], "trees must be a list"),
        ([[0, True]], [BOTH], "case is True"),
        ([[0, 1]], [[0, UNITS, ["no", 0, [0, 1], [], 0, [1, 1], []]]], "there is no condition 1"),
        ([[0, 1]], [[0, UNITS, ["no", 0, [0, 1], [], 0, [0, 1]]]], "tail"),
    ],
)
def test_broken_ones_are_refused(trees, nodes, why):
    report = check(DISTANCE, CASES, certificate(trees, *nodes))
    assert report.verdict == check_plainly(DISTANCE, CASES, certificate(trees, *nodes)).verdict == "invalid"
    assert why in report.why


def test_every_case_is_refuted():
    """|x| - 1/2 > 0 holds: no refutation of the other case may stand for its own."""
    false = [case_of(DISTANCE, feature(0, Fraction(-3, 2)), BOX), CASES[1]]
    for cases in (false, false[::-1]):
        assert check(DISTANCE, cases, certificate([[0, 1]], BOTH)).verdict == "invalid"


def test_other_polyhedra_are_no_family():
    other = [CASES[0], case_of(DISTANCE, feature(1, 1), Polyhedron.box(-2, 1, dim=1))]
    report = check(DISTANCE, other, certificate([[0, 1]], BOTH))
    assert report.verdict == "invalid"
    assert "more than their conditions" in report.why


def test_expansion_stops_at_what_is_broken():
    for lines in (certificate([[0, 1]], ONE), certificate([[0, 1]], [3, [], ["relu", 1]]), certificate([[0]], BOTH)):
        with pytest.raises(Invalid):
            list(one_tree_each(lines, {}))
    with pytest.raises(FormatError):
        list(one_tree_each([*certificate([[0, 1]], BOTH), "x"], {}))
