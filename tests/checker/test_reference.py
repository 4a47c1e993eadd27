"""The checker against the plain one: the same verdicts, and the same bounds."""

import random
from dataclasses import replace
from fractions import Fraction
from math import lcm

from checker.random_certificates import BITS, Shape, bounds, claims, hint, tail
from checker.support import accepts, certificate, in_columns
from hypothesis import given
from hypothesis import strategies as st

from exactzones.checker import Case, check
from exactzones.checker.reference import Broken, Checker, check_plainly
from exactzones.checker.tree import Tree
from exactzones.property import Property

seeds = st.integers(0, 2**32)


def passes(reference, node):
    try:
        reference.add(node)
    except (Broken, LookupError):
        return False
    return True


def same_bounds(tree, reference):
    """Demand that the same is known on all open regions."""
    assert set(tree.waiting) == set(reference.open)
    for number, place in tree.waiting.items():
        case, region = reference.open[number]
        assert place.tree == case
        known = place.known
        for ours, has, theirs in ((known.low, known.has_low, region.low), (known.high, known.has_high, region.high)):
            found = {u: int(ours[0, u]) for u in range(ours.shape[1]) if has[0, u]}
            assert found == {u: value * 2**reference.bits for u, value in theirs.items()}


def grow(network, cases, bits, seed, patterns=(), count=8):
    """Offer random nodes to both, demand the same of both, and return those that were accepted."""
    draw = random.Random(seed)  # noqa: S311
    trees = [[case] for case in cases]
    tree, reference = Tree(network, trees, bits, patterns), Checker(network, trees, bits, patterns)
    shapes = [Shape.of(network, case) for case in cases]
    same_bounds(tree, reference)
    accepted = []
    for _ in range(count):
        if not reference.open:
            break
        number = draw.choice(sorted(reference.open))
        case, region = reference.open[number]
        depth = len(region.rows)
        some = bounds(draw, shapes[case], depth)
        node = [number, some, tail(draw, shapes[case], depth, bits, len(patterns))]
        verdict = passes(reference, node)
        assert accepts(tree, node) == verdict, node
        if verdict:
            accepted.append(node)
            same_bounds(tree, reference)
    return accepted, reference


@given(claims(), st.sampled_from(BITS), seeds)
def test_the_same_verdicts_and_bounds(claim, bits, seed):
    network, cases = claim
    accepted, reference = grow(network, cases, bits, seed)
    # All at once, the checker takes many nodes together.
    report = check(network, cases, certificate(network, *accepted, bits=bits, cases=len(cases)))
    assert report.verdict == ("incomplete" if reference.open else "valid"), report
    assert report.open_leaves == len(reference.open)
    assert report.nodes == len(accepted)
    lines = certificate(network, *accepted, bits=bits, cases=len(cases))
    assert check_plainly(network, cases, lines) == check_plainly(network, cases, in_columns(lines)) == report
    assert check(network, cases, in_columns(lines)) == report


@given(claims(most=1), st.sampled_from(BITS), seeds)
def test_leaves_are_accepted_up_to_the_last_digit(claim, bits, seed):
    """A condition's constant is moved so that the bound is zero, or one digit beside it: then strictness decides."""
    network, (case,) = claim
    draw = random.Random(seed)  # noqa: S311
    shape = Shape.of(network, case)
    exact, first = draw.randrange(2), draw.choice([1, 1, 3, 1 << 40])
    mu = [0, first, *([1, draw.choice([1, 2, 1 << 35])] if shape.conditions > 1 else [])]
    node = [0, bounds(draw, shape, 0), ["no", exact, mu, hint(draw, shape, 0, wild=0)]]
    reference = Checker(network, [[case]], bits)
    try:
        _, region = reference.learn(0, node[1])
        pairs = list(zip(mu[::2], mu[1::2], strict=True))
        function = reference.negated(reference.conditions[0][0], pairs, reference.hint(0, node[2][3]), exact=exact == 1)
        value = reference.least(0, region, function)
    except (Broken, LookupError):
        return
    if value is None:
        return
    condition, *others = case.prop.resolve(network.widths).conditions
    scale = lcm(*(c.denominator for _, c in condition.terms))
    others = [replace(other, strict=False) for other in others]
    for step in (-1, 0, 1):
        for strict in (True, False):
            moved = condition.constant + (value + Fraction(step, 2**bits)) / (first * scale)
            prop = Property((replace(condition, constant=moved, strict=strict), *others))
            verdict = step < 0 or (step == 0 and strict) or region.is_empty()
            assert accepts(Tree(network, [[Case(case.rows, prop)]], bits), node) == verdict
            assert passes(Checker(network, [[Case(case.rows, prop)]], bits), node) == verdict


@given(claims(most=1), st.sampled_from(BITS), seeds)
def test_the_same_verdicts_about_zones(claim, bits, seed):
    network, (case,) = claim
    units = [len(layer.relu_units) for layer in network.layers[: case.prop.resolve(network.widths).horizon]]
    draw = random.Random(seed)  # noqa: S311
    patterns = [tuple("".join(draw.choice("+-") for _ in range(count)) for count in units if count) for _ in range(4)]
    grow(network, [case], bits, seed, patterns, count=12)
