"""Claims about floats: both checkers agree bit by bit, and what they accept no execution violates."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from checker.random_certificates import BITS, float_claims
from checker.support import certificate, high, low, no
from checker.test_all_checkers import checkers
from checker.test_reference import grow
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exactzones.certification import case_of
from exactzones.checker import check
from exactzones.checker.reference import Checker, check_plainly
from exactzones.checker.tree import Tree
from exactzones.errors import InputError
from exactzones.network import Layer, Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import feature

SUM = Network.mlp([([[1, 1, 1]], [0]), ([[1]], [-4])])  # x + y + z - 4 where that sum is positive
BOX = Polyhedron.box(["1/4"] * 3, [1, 1, 1])


def accepted(build, *arguments):
    """What a checker is made into, or None if it refuses the claim."""
    try:
        return build(*arguments)
    except InputError:
        return None


@given(float_claims(), st.sampled_from(BITS), st.integers(0, 2**32))
def test_the_same_verdicts_and_bounds(claim, bits, seed):
    network, cases = claim
    trees = [[case] for case in cases]
    fast, plain = accepted(Tree, network, trees, bits), accepted(Checker, network, trees, bits)
    assert (fast is None) == (plain is None)
    assume(fast is not None)
    nodes, reference = grow(network, cases, bits, seed)
    lines = certificate(network, *nodes, bits=bits, cases=len(cases), arithmetic=cases[0].arithmetic)
    report = check(network, cases, lines)
    assert report.verdict == ("incomplete" if reference.open else "valid"), report
    assert check_plainly(network, cases, lines) == report
    over_reals = [replace(case, arithmetic="real") for case in cases]
    assert {each(network, over_reals, lines).verdict for each in (check, check_plainly)} == {"invalid"}


@given(float_claims(most=1), st.sampled_from(BITS), st.integers(0, 2**32))
def test_the_same_verdicts_about_witnesses(claim, bits, seed):
    network, (case,) = claim
    draw = random.Random(seed)  # noqa: S311
    lines = certificate(network, bits=bits, witness=(0, a_point(case, draw)), arithmetic=case.arithmetic)
    reports = [accepted(checker, network, [case], lines) for checker in (check, check_plainly)]
    assert len({report and report.verdict for report in reports}) == 1


@settings(max_examples=30)  # each is several runs of a program
@given(float_claims(), st.sampled_from(BITS), st.integers(0, 2**32))
def test_the_verified_checker_agrees(claim, bits, seed):
    network, cases = claim
    assume(accepted(Tree, network, [[case] for case in cases], bits) is not None)
    nodes, _ = grow(network, cases, bits, seed)
    lines = certificate(network, *nodes, bits=bits, cases=len(cases), arithmetic=cases[0].arithmetic)
    witness = certificate(network, bits=bits, witness=(0, a_point(cases[0], random.Random(seed))), arithmetic=cases[0].arithmetic)  # noqa: S311
    weakened = [line.replace('"no",0', '"no",1') for line in lines]
    for each in (lines, witness, weakened):
        assert len({checker(network, cases, each).verdict for checker in checkers()}) == 1


def a_point(case, draw):
    """A point of the case's box that is a number of float16, if there is one close to a random point."""
    sides = {}
    for b, *a in case.rows:
        for j, entry in enumerate(a):
            if entry:
                sides.setdefault(j, []).append(Fraction(-b, entry))
    middle = [min(sides[j]) + Fraction(draw.randrange(9), 8) * (max(sides[j]) - min(sides[j])) for j in range(len(sides))]
    return [Fraction(round(x * 32), 32) for x in middle]


def node(*hint):
    return [0, [low(3), high(3)], no((0, 1), hint=hint)]


def floats(threshold, arithmetic="float32"):
    return replace(case_of(SUM, feature(0, threshold), BOX), arithmetic=arithmetic)


def test_the_bound_of_a_sum_is_what_the_rule_says():
    """Over the reals the feature is at most -1; in float32 as much as the rule says, and not a digit less."""
    u, eta = Fraction(1, 2**23), Fraction(1, 2**126)
    g = 4 * u / (1 - 4 * u)  # two additions, a product, and the stored result

    def up(value, bits):
        return Fraction(-((-value * 2**bits).__floor__()), 2**bits)

    first = up(up((4 * 4 + 2 * 3) * eta, 44) + 3 * up(g, 44), 40)
    g = 3 * u / (1 - 3 * u)
    last = up(up(g * 4 + (4 * 2 + 2) * eta, 44) + up(g, 44) * (3 + first), 40)
    top = 3 + first - 4 + last
    for step, verdict in ((Fraction(1, 2**40), "invalid"), (0, "valid")):
        case = floats(top - step)
        lines = certificate(SUM, node(), arithmetic="float32")
        assert {each(SUM, [case], lines).verdict for each in checkers()} == {verdict}


def test_the_claim_names_the_arithmetic_and_not_the_file():
    case = floats("-1/2")
    for name, verdict in (("float32", "valid"), ("real", "invalid"), ("float64", "invalid"), ("tf32", "invalid")):
        lines = certificate(SUM, node(), arithmetic=name)
        assert {each(SUM, [case], lines).verdict for each in checkers()} == {verdict}
    lines = certificate(SUM, node())
    assert check(SUM, [replace(case, arithmetic="real")], lines).verdict == "valid"
    assert check(SUM, [case], lines).why == "the certificate is about real arithmetic, but the claim about float32"


def test_zones_are_about_real_arithmetic():
    lines = certificate(SUM, node(), arithmetic="float32", zones=[(["+"], [Fraction(1)] * 3)])
    assert {each(SUM, [floats(-4)], lines).verdict for each in (check, check_plainly)} == {"invalid"}


@pytest.mark.parametrize(
    ("point", "verdict"), [((1, 1, "1/2"), "valid"), ((1, 1, "1/3"), "invalid"), ((1, "3/4", "1/4"), "invalid")]
)
def test_a_witness_is_a_number_of_the_format_at_which_every_order_fires(point, verdict):
    """Over the reals the feature fires at all three points, by 1/2, by 1/3 and by 2^-24."""
    case = floats(Fraction(-2) - Fraction(1, 2**24))
    lines = certificate(SUM, witness=(0, list(map(Fraction, point))), arithmetic="float32")
    assert {each(SUM, [case], lines).verdict for each in checkers()} == {verdict}


HALF = Fraction(1, 2)
REFUSED = [
    (Network.mlp([([["1/3"]], [0])]), Polyhedron.box([0], [1]), "weights that are not numbers of float32"),
    (Network.mlp([([[1 + Fraction(1, 2**24)]], [0])]), Polyhedron.box([0], [1]), "weights that are not numbers of float32"),
    (Network.mlp([([[1]], [Fraction(1, 2**130)])]), Polyhedron.box([0], [1]), "subnormal in float32"),
    (Network.mlp([([[2]], [0])]), None, "input 0 has no bounds"),
    (Network.mlp([([[2]], [0])]), Polyhedron.box([0], [2**127]), "may exceed the largest number of float32"),
]


@pytest.mark.parametrize(("network", "domain", "why"), REFUSED, ids=[why for _, _, why in REFUSED])
def test_what_the_model_does_not_cover_is_refused(network, domain, why):
    case = replace(case_of(network, feature(0, 9), domain), arithmetic="float32")
    with pytest.raises(InputError, match=why):
        check(network, [case], certificate(network, arithmetic="float32"))
    for checker in checkers():
        with pytest.raises(InputError):
            checker(network, [case], certificate(network, arithmetic="float32"))


def test_too_many_additions_are_refused():
    wide = Network((Layer.of([[1] * 70], [0], relu=False),))
    case = replace(case_of(wide, feature(0, 99), Polyhedron.box([0] * 70, [1] * 70)), arithmetic="bfloat16")
    with pytest.raises(InputError, match="a unit with 69 additions; bfloat16 is too coarse"):
        check(wide, [case], certificate(wide, arithmetic="bfloat16"))


def test_cases_of_two_arithmetics_are_refused():
    with pytest.raises(InputError, match="different arithmetics, float32 and real"):
        check(SUM, [floats(-1), floats(-1, "real")], certificate(SUM, node(), cases=2))
