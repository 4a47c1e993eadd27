"""Every rule of proofs/certificate.md: a smallest certificate that needs it, and what breaks it."""

import json
from fractions import Fraction

import pytest
from checker.support import certificate, high, low, no, report

from exactzones.certification import case_of
from exactzones.checker import check
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, condition, feature

ONE = 1 << 32
ABSOLUTE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])
"""|x| - 1: unit 0 is x, unit 1 its value before the ReLU, unit 2 minus it."""
TOUCHING = Polyhedron.box([-1], [1])
SPLIT = [0, [], ["relu", 1]]
LEFT = [1, [low(2, 2, ONE)], no((0, 1))]
RIGHT = [2, [high(2, 2, ONE)], no((0, 1))]
THIRD = Network.mlp([([[Fraction(1, 3)]], [0]), ([[1]], [0])])
LANE = Network.of(([[1], [1]], [0, 0], [True, False]), ([[0, Fraction(1, 3)]], [0], False))
TRIANGLE = Polyhedron.of(2, [(0, 1, 0), (0, 0, 1), (1, -1, -1)])
SUM = Network.mlp([([[1, 1]], [0])])
SIGMOID = Network.of(([[1]], [0], True), ([[1]], [-1], True), ([[1]], [0], False))


def verdict(*arguments, **options):
    return str(report(*arguments, **options))


def test_a_split_covers_both_sides():
    assert verdict(ABSOLUTE, feature(0), TOUCHING, SPLIT, LEFT, RIGHT) == "valid"
    assert verdict(ABSOLUTE, feature(0), TOUCHING, SPLIT, RIGHT, LEFT) == "valid"
    assert verdict(ABSOLUTE, feature(0), TOUCHING, SPLIT, LEFT) == "incomplete: 1 open leaf"
    assert verdict(ABSOLUTE, feature(0), TOUCHING, SPLIT) == "incomplete: 2 open leaves"
    assert verdict(ABSOLUTE, feature(0), TOUCHING) == "incomplete: 1 open leaf"


def test_zero_suffices_if_a_condition_is_strict():
    at_least = condition({0: 1}, strict=False)
    assert "cannot hold together" in verdict(ABSOLUTE, at_least, TOUCHING, SPLIT, LEFT, RIGHT)
    always = condition({0: 0}, strict=True) & at_least  # 0 > 0
    assert verdict(ABSOLUTE, always, TOUCHING, [0, [], no((0, 1))]) == "valid"
    both = condition({0: 1}, 5, strict=True) & at_least  # a strict one with multiplier zero does not count
    assert "cannot hold together" in verdict(
        ABSOLUTE, both, TOUCHING, SPLIT, [1, [low(2, 2, ONE)], no((0, 0), (1, 1))], [2, [high(2, 2, ONE)], no((1, 1))]
    )


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ([SPLIT, LEFT, LEFT], "node 1: there is no such region"),
        ([SPLIT, LEFT, [3, [], no((0, 1))]], "node 3: there is no such region"),
        ([LEFT], "node 1: there is no such region"),
        ([[0, [], ["relu", 0]]], "not a hidden unit with a ReLU"),
        ([[0, [], ["relu", 3]]], "not a hidden unit with a ReLU"),
        ([[0, [], ["cut", 1, 0]]], "there is no input 1"),
        ([[0, [], ["zone", 0, []]]], "there is no zone 0"),
        ([[0, [low(3)], no((0, 1))]], "there is no unit 3"),
        ([[0, [low(2), low(0)], no((0, 1))]], "order of layers"),
        ([[0, [], no((1, 1))]], "there is no condition 1"),
        ([[0, [low(1, 2, ONE)], no((0, 1))]], "there is no row 2"),
        ([SPLIT, [1, [low(2, 3, ONE)], no((0, 1))]], "there is no row 3"),
        ([[0, [low(1), high(1)], no((0, 1), hint=[[0, ONE], []])]], "there is no hidden unit 0"),
        ([[0, [low(1), high(1)], no((0, 1), hint=[[6, ONE], []])]], "there is no hidden unit 3"),
        ([[0, [low(1), high(1)], no((0, 1), hint=[[], [0, 1]])]], "there is no hidden unit 0"),
        ([SPLIT, [1, [low(2, 1, ONE)], no((0, 1))]], "cannot hold together"),  # another row
        ([SPLIT, [1, [low(2, 2, ONE + 1)], no((0, 1))]], "cannot hold together"),  # z_2 is perhaps -2^-32
        ([SPLIT, [1, [low(2, 2, ONE - 1)], no((0, 1))]], "cannot hold together"),
        ([SPLIT, [1, [high(2, 2, ONE)], no((0, 1))]], "cannot hold together"),  # the bound of the other side
        ([SPLIT, [1, [], no((0, 1))]], "cannot hold together"),
        ([SPLIT, [1, [low(2, 2, ONE)], no()]], "cannot hold together"),
    ],
)
def test_what_breaks_a_rule(nodes, why):
    found = verdict(ABSOLUTE, feature(0), TOUCHING, *nodes)
    assert found.startswith("invalid: ")
    assert why in found


def test_units_without_a_relu_are_not_split():
    assert "not a hidden unit with a ReLU" in verdict(LANE, feature(0), TOUCHING, [0, [], ["relu", 2]])
    assert verdict(LANE, feature(0), TOUCHING, [0, [], ["relu", 1]]) == "incomplete: 2 open leaves"


def test_roundings_of_values_that_may_be_negative_are_paid_for():
    # out = x / 3 < 0 on [-3, 0]: the coefficient 1/3 is rounded, and the lane may be negative.
    domain, node = Polyhedron.box([-3], [0]), [0, [low(2)], no((0, 1))]
    assert "cannot hold together" in verdict(LANE, feature(0), domain, node)
    assert "cannot hold together" in verdict(LANE, feature(0, Fraction(1, 1 << 40)), domain, node)
    assert verdict(LANE, feature(0, Fraction(4, 1 << 40)), domain, node) == "valid"
    assert "cannot hold together" in verdict(LANE, feature(0, Fraction(4, 1 << 40)), domain, [0, [], no((0, 1))])  # not known
    assert verdict(LANE, feature(0), domain, [0, [], no((0, 1), exact=True)]) == "valid"


def test_exact_bounds_do_not_round():
    domain, split = Polyhedron.box([-1], [1]), [0, [], ["relu", 1]]
    left = [1, [], no((0, 1), exact=True)]
    third = Fraction(1, 3)
    for threshold, expected in ((third, "valid"), (third - Fraction(1, 10**60), "invalid")):
        right = [2, [], no((0, 1), exact=True)]
        assert report(THIRD, feature(0, threshold), domain, split, left, right).verdict == expected
    assert report(THIRD, feature(0, third), domain, split, left, [2, [], no((0, 1))]).verdict == "invalid"
    assert (
        report(THIRD, feature(0, third), domain, [0, [low(1, exact=True), high(1, exact=True)], no((0, 1))]).verdict == "invalid"
    )


def test_rows_of_the_domain():
    # x + y <= 1 on the triangle: row 2; rows 0 and 1 bound x and y from below only.
    for threshold, m, expected in ((1, ONE, "valid"), (1, 2 * ONE, "invalid"), (1, ONE // 2, "invalid"), (0, ONE, "invalid")):
        assert report(SUM, feature(0, threshold), TRIANGLE, [0, [], no((0, 1), hint=[2, m])]).verdict == expected
    assert report(SUM, feature(0, 1), TRIANGLE, [0, [], no((0, 1), hint=[2, "1", 0, 0])]).verdict == "valid"
    assert report(SUM, feature(0, 1), TRIANGLE, [0, [], no((0, 1), hint=[2, "1/2", 2, ONE // 2])]).verdict == "valid"


def test_rows_alone_show_that_a_domain_is_empty():
    empty = Polyhedron.of(2, [(-1, 1, 1), (0, -1, -1)])  # x + y >= 1 and <= 0
    assert report(SUM, feature(0), empty, [0, [], no(hint=[0, ONE, 1, ONE])]).verdict == "valid"
    assert report(SUM, ALWAYS, empty, [0, [], no(hint=[0, ONE, 1, ONE])]).verdict == "valid"
    assert report(SUM, ALWAYS, empty, [0, [], no(exact=True, hint=[0, 1, 1, 1])]).verdict == "valid"
    assert report(SUM, ALWAYS, empty, [0, [], no(hint=[0, ONE, 1, ONE + 1])]).verdict == "invalid"
    touching = Polyhedron.of(2, [(0, 1, 1), (0, -1, -1)])
    assert report(SUM, ALWAYS, touching, [0, [], no(exact=True, hint=[0, 1, 1, 1])]).verdict == "invalid"


def test_contradictory_bounds_show_that_a_region_is_empty():
    empty = Polyhedron.of(1, [(-1, 1), (0, -1)])
    assert report(ABSOLUTE, feature(0), empty, [0, [], no()]).verdict == "valid"
    assert report(ABSOLUTE, feature(0), Polyhedron.of(1, [(0, 1), (0, -1)]), [0, [], no()]).verdict == "invalid"
    domain = Polyhedron.box([1], [2])  # x >= 1, so z_1 <= 0 is empty
    nodes = [0, [low(1)], ["relu", 1]], [1, [], no()]
    assert verdict(ABSOLUTE, feature(0, 2), domain, *nodes) == "incomplete: 1 open leaf"
    assert "cannot hold together" in verdict(ABSOLUTE, feature(0, 2), domain, *nodes, [2, [], no()])


def test_cuts():
    half = 1 << 39
    nodes = [[0, [], ["cut", 0, half]], [1, [low(1), high(1), low(2), high(2)], ["cut", 0, -half]]]
    nodes += [[number, [low(1), high(1), low(2), high(2)], no((0, 1))] for number in (2, 3, 4)]
    assert verdict(ABSOLUTE, feature(0, Fraction(1, 2)), TOUCHING, *nodes) == "valid"
    assert "node 2" in verdict(ABSOLUTE, feature(0, Fraction(-1, 100)), TOUCHING, *nodes)
    # A cut's row: c - x_j or x_j - c, the last row.
    for row, expected in ((2, "incomplete"), (0, "invalid"), (1, "invalid"), (3, "invalid")):
        cut = [[0, [], ["cut", 0, half]], [1, [], no((0, 1), hint=[row, ONE])]]
        found = report(Network.mlp([([[1]], [0])]), feature(0, Fraction(1, 2)), Polyhedron.of(1, [(5, 1), (9, -1)]), *cut)
        assert found.verdict == expected


def test_multiples_of_known_bounds():
    # relu(x) - x is at most 1 on [-1, 1]: x / 2 + 1 / 2 is at least 0.  Up to half of x + 1 may be subtracted, nothing of 1 - x.
    net = Network.of(([[1], [1]], [0, 0], [True, False]), ([[1, -1]], [0], False))
    for known, expected in (
        ([], "valid"),
        ([2, "1/3"], "valid"),
        ([2, ONE >> 1], "valid"),
        ([2, (ONE >> 1) + 1], "invalid"),
        ([2, 1 << 90], "invalid"),
        ([3, 1], "invalid"),
        ([3, "1/3", 2, "1/6"], "invalid"),
    ):
        found = report(net, feature(0, 1), TOUCHING, [0, [low(1), high(1)], no((0, 1), hint=[known, []])])
        assert found.verdict == expected
    unknown = [0, [low(1)], no((0, 1), hint=[[3, 0], []])]
    assert report(net, feature(0, 1), TOUCHING, unknown).verdict == "invalid"
    assert report(net, feature(0, 1), TOUCHING, [0, [low(1)], no((0, 1))]).verdict == "valid"


def test_lower_slopes():
    # 0 <= relu(z) - a z: -relu(z) + z / 2 > 1 is impossible with slope 1/2 at once.
    net = Network.of(([[1], [1]], [0, 0], [True, False]), ([[-1, Fraction(1, 2)]], [0], False))
    for slope, expected in ((128, "valid"), (127, "invalid"), (129, "invalid"), (0, "invalid"), (256, "invalid")):
        found = report(net, feature(0), TOUCHING, [0, [low(1), high(1)], no((0, 1), hint=[[], [1, slope]])])
        assert found.verdict == expected


def test_bounds_of_a_layer_use_those_of_the_layers_before():
    net = SIGMOID  # relu(relu(x) - 1) <= 1 on [-1, 2]
    domain = Polyhedron.box([-1], [2])
    nodes = [0, [low(1), high(1), low(2), high(2)], no((0, 1))]
    assert report(net, feature(0, 1), domain, nodes).verdict == "valid"
    for missing in range(4):
        some = [bound for k, bound in enumerate(nodes[1]) if k != missing]
        assert report(net, feature(0, 1), domain, [0, some, nodes[2]]).verdict == ("valid" if missing in (0, 2) else "invalid")


def test_conditions_on_hidden_layers():
    domain = Polyhedron.box([-1], [2])
    before, after = condition({0: -1}, 0, layer=0), condition({0: -1}, 0, layer=0, after_relu=True)
    assert report(SIGMOID, before & after, domain, [0, [], no((1, 1))]).verdict == "valid"  # -relu(x) > 0 never holds
    assert report(SIGMOID, before & after, domain, [0, [], no((0, 1))]).verdict == "invalid"
    together = condition({0: -1}, 0, layer=0) & condition({0: 1}, 0, layer=2)  # x < 0, and the output positive
    split = [0, [], ["relu", 1]]
    off = [1, [high(2)], no((1, 1))]
    on = [2, [], no((0, 1), hint=[2, ONE])]
    assert report(SIGMOID, together, domain, split, off, on).verdict == "valid"
    assert report(SIGMOID, together, domain, split, off, [2, [], no((1, 1))]).verdict == "invalid"


def test_several_cases_have_a_tree_each():
    cases = [case_of(ABSOLUTE, feature(0), TOUCHING), case_of(ABSOLUTE, feature(0, 1), Polyhedron.box([-2], [2]))]
    nodes = [
        [1, [], ["relu", 1]],
        [0, [], ["relu", 1]],
        [2, [low(2, 2, ONE)], no((0, 1))],
        [3, [high(2, 2, ONE)], no((0, 1))],
        [4, [low(2, 2, ONE)], no((0, 1))],
        [5, [high(2, 2, ONE)], no((0, 1))],
    ]
    assert str(check(ABSOLUTE, cases, certificate(ABSOLUTE, *nodes, cases=2))) == "valid"
    assert str(check(ABSOLUTE, cases, certificate(ABSOLUTE, *nodes[:-1], cases=2))) == "incomplete: 1 open leaf"
    assert "the number of cases is 1 in the certificate, but 2 in the claim" in str(
        check(ABSOLUTE, cases, certificate(ABSOLUTE, *nodes, cases=1))
    )
    wrong = [cases[0], case_of(ABSOLUTE, feature(0, Fraction(99, 100)), Polyhedron.box([-2], [2]))]
    assert check(ABSOLUTE, wrong, certificate(ABSOLUTE, *nodes, cases=2)).verdict == "invalid"
    assert check(ABSOLUTE, wrong[::-1], certificate(ABSOLUTE, *nodes, cases=2)).verdict == "invalid"
    assert str(check(ABSOLUTE, [], certificate(ABSOLUTE, cases=0))) == "valid"


ZONES = [(("-+",), [-2]), (("+-",), [2])]
LISTED = [SPLIT, [1, [low(2, 2, ONE)], ["zone", 0, []]], [2, [high(2, 2, ONE)], ["zone", 1, []]]]
WIDE = Polyhedron.box([-3], [3])


def zones_verdict(nodes=LISTED, zones=ZONES, prop=None, domain=WIDE):
    return str(report(ABSOLUTE, prop or feature(0), domain, *nodes, zones=[(p, [Fraction(x) for x in w]) for p, w in zones]))


def test_lists_of_zones():
    assert zones_verdict() == "valid"
    assert zones_verdict(LISTED[:2]) == "incomplete: 1 open leaf"
    later = [SPLIT, [1, [], ["zone", 0, [low(2, 2, ONE)]]], [2, [], ["zone", 1, [high(2, 2, ONE)]]]]
    assert zones_verdict(later) == "valid"


@pytest.mark.parametrize(
    ("nodes", "zones", "why"),
    [
        (LISTED, ZONES[:1], "no zone 1"),
        (LISTED, ZONES[::-1], "not proved to lie in zone 0"),
        ([SPLIT, [1, [], ["zone", 0, []]]], ZONES, "not proved to lie in zone 0"),
        ([SPLIT, [1, [high(2, 2, ONE)], ["zone", 0, []]]], ZONES, "not proved to lie in zone 0"),
        (LISTED, [ZONES[0], (("+-",), [-2])], "not in the closed cell"),
        (LISTED, [ZONES[0], (("++",), [2])], "zone 1"),
        (LISTED, [ZONES[0], (("+", "-"), [2])], "zone 1: its pattern does not fit"),
        (LISTED, [ZONES[0], (("+-", ""), [2])], "zone 1: its pattern does not fit"),
        (LISTED, [*ZONES, (("+0",), [2])], "zone 2: its pattern does not fit"),
        (LISTED, [*ZONES, (("--",), [2])], "zone 2: its witness is not in the closed cell"),
        (LISTED, [ZONES[0], (("+",), [2])], "zone 1"),
        (LISTED, [ZONES[0], (("+0",), [2])], "zone 1"),
        (LISTED, [ZONES[0], (("+-",), [1])], "does not have the property"),
        (LISTED, [ZONES[0], (("+-",), [4])], "not in the domain"),
        (LISTED, [ZONES[0], (("+-",), [])], "does not have the property"),
        (LISTED, [ZONES[0], (("+-",), [2, 2])], "does not have the property"),
        ([SPLIT, LISTED[1], [2, [], ["zone", 1, [high(3)]]]], ZONES, "no unit 3"),
    ],
)
def test_what_breaks_a_list_of_zones(nodes, zones, why):
    found = zones_verdict(nodes, zones)
    assert found.startswith("invalid: ")
    assert why in found


def test_a_witness_may_lie_on_the_boundary_of_its_cell():
    """-|x| >= 0 holds at 0 alone, a point of both cells: zero agrees with + and with -."""
    corner = condition({0: -1}, -1, strict=False)
    assert zones_verdict(zones=[(("-+",), [0]), (("+-",), [0])], prop=corner) == "valid"
    assert zones_verdict(zones=[(("-+",), [0]), (("+-",), [0]), (("++",), [0]), (("--",), [0])], prop=corner) == "valid"
    assert "zone 1: its witness does not have the property" in zones_verdict(
        zones=[(("-+",), [0]), (("+-",), [Fraction(1, 10**30)])], prop=corner
    )


def test_a_list_of_zones_belongs_to_one_case():
    cases = [case_of(ABSOLUTE, feature(0), WIDE)] * 2
    lines = certificate(ABSOLUTE, cases=2, zones=[(p, [Fraction(x) for x in w]) for p, w in ZONES])
    assert "one case" in str(check(ABSOLUTE, cases, lines))


@pytest.mark.parametrize(
    ("point", "domain", "prop", "expected"),
    [
        (["2"], WIDE, feature(0), "valid"),
        (["-3"], WIDE, feature(0), "valid"),
        (["1"], WIDE, feature(0), "invalid"),
        (["1"], WIDE, condition({0: 1}, strict=False), "valid"),
        (["4"], WIDE, feature(0), "invalid"),
        (["3"], Polyhedron.of(1, strict=[(3, -1)]), feature(0), "invalid"),
        (["299/100"], Polyhedron.of(1, strict=[(3, -1)]), feature(0), "valid"),
        (["2"], Polyhedron.of(1, equations=[(-2, 1)]), feature(0), "valid"),
        (["3"], Polyhedron.of(1, equations=[(-2, 1)]), feature(0), "invalid"),
        (["2", "2"], WIDE, feature(0), "invalid"),
        ([], WIDE, feature(0), "invalid"),
    ],
)
def test_witnesses_are_evaluated_exactly(point, domain, prop, expected):
    for case, agrees in ((0, True), (1, False)):
        found = report(ABSOLUTE, prop, domain, witness=(case, list(map(Fraction, point))))
        assert found.verdict == (expected if agrees else "invalid")
        assert found.proves == ("can fire" if found.verdict == "valid" else "")


def test_the_header_names_the_network():
    lines = certificate(ABSOLUTE, SPLIT, LEFT, RIGHT)
    other = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [Fraction(-999, 1000)])])
    assert "another network" in str(check(other, [case_of(other, feature(0), TOUCHING)], lines))
    lines[0] = json.dumps(json.loads(lines[0]) | {"network": other.sha256})
    assert check(other, [case_of(other, feature(0), TOUCHING)], lines).verdict == "invalid"
    assert check(ABSOLUTE, [case_of(ABSOLUTE, feature(0), TOUCHING)], lines).verdict == "invalid"
