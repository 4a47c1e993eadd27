"""Many questions at once, in closed form and by shared points, against single proofs and exact linear programs."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones import (
    CanFire,
    CannotFire,
    Network,
    Polyhedron,
    Undecided,
    certify,
    check,
    conjunction,
    dead_features,
    feature,
    maximum,
    never_together,
    together,
)
from exactzones.arguments import as_domain
from exactzones.certification import case_of
from exactzones.certification.direct import Direct
from exactzones.certification.first_layer import FirstLayer
from exactzones.certification.limits import CELL_SEARCH_INPUTS
from exactzones.checker.reference import check_plainly
from exactzones.errors import FeatureError, InexactError, InputError
from exactzones.polyhedra import Box, lp
from exactzones.property import condition

WIDE = CELL_SEARCH_INPUTS + 1
SMALL = st.integers(-2, 2).map(Fraction) | st.fractions(-2, 2, max_denominator=7)


@st.composite
def layers(draw, inputs, units=4):
    """A layer of small numbers, in which rows may be equal, opposite or zero, and a box."""
    numbers = st.lists(SMALL, min_size=inputs, max_size=inputs)
    rows = draw(st.lists(numbers, min_size=units, max_size=units))
    for k in range(1, units):
        opposite, zero = [-entry for entry in rows[k - 1]], [Fraction(0)] * inputs
        rows[k] = draw(st.sampled_from([rows[k], rows[k], rows[k - 1], opposite, zero]))
    bias = draw(st.lists(SMALL, min_size=units, max_size=units))
    low, high = draw(numbers), draw(numbers)
    box = Box(*(tuple(map(choose, low, high)) for choose in (min, max)))
    return Network.of((rows, bias, True)), box


def firing_together(net, box, units):
    """Decide by an exact linear program: the largest t <= 1 with all units >= t on the box."""
    rows = [(net.layers[0].bias[unit], *net.layers[0].weight.rows[unit], -1) for unit in units]
    inside = [(*row, 0) for row in box.hrep.closed_rows]
    cap = (1, *[0] * net.inputs, -1)
    best = lp.maximize(Polyhedron.of(net.inputs + 1, [*rows, *inside, cap]).hrep, (*[Fraction(0)] * net.inputs, Fraction(1)))
    return best.value > 0


@given(layers(3))
def test_closed_forms_against_linear_programs(drawn):
    net, box = drawn
    units = FirstLayer(net.layers[0], box)
    conditions = [feature(unit).resolve(net.widths).conditions[0] for unit in range(4)]
    functions = [units.function(each) for each in conditions]
    assert units.can_be_positive().tolist() == [firing_together(net, box, [unit]) for unit in range(4)]
    for unit, function in enumerate(functions):
        value, corner = units.maximum(function)
        assert box.contains(corner)
        assert (
            net.trace(corner)[0][unit] == value == box.maximize(net.layers[0].weight.rows[unit]).value + net.layers[0].bias[unit]
        )
    for one in range(4):
        answer = units.positive_together(functions[0], functions[one])
        if isinstance(answer, tuple):
            assert box.contains(answer)
            assert net.satisfies(answer, feature(0) & feature(one))
        else:
            assert not firing_together(net, box, [0, one])
            assert any(largest(units, functions[0], functions[one], share) <= 0 for share in answer)


def largest(units, one, other, share):
    """The largest value on the box of a combination of two functions."""
    function = [share * Fraction(a, one.denominator) + (1 - share) * Fraction(c, other.denominator) for a, c in
                zip((one.constant, *one.slopes), (other.constant, *other.slopes), strict=True)]  # fmt: skip
    ends = zip(function[1:], units.box.low, units.box.high, strict=True)
    return function[0] + sum(max(slope * low, slope * high) for slope, low, high in ends)


@given(layers(WIDE), st.data())
def test_decisions_without_a_search(drawn, data):
    net, box = drawn
    direct = Direct.of(net, box)
    if direct is None:  # too many inputs are fixed
        return
    threshold = data.draw(SMALL)
    for prop in (feature(0, threshold), feature(1) & feature(2, threshold), condition({0: "1/3", 1: -2}, 1) & feature(3)):
        decision = direct.decide(prop)
        if decision is None:
            continue
        assert type(decision) is type(certify(net, prop, box))
        assert str(check(net, prop, box, decision.certificate)) == "valid"
        assert check_plainly(net, [case_of(net, prop, box)], decision.certificate.lines).verdict == "valid"


def test_certificates_are_those_of_single_proofs():
    rng = np.random.default_rng(0)
    net = Network.mlp([(rng.normal(size=(30, 16)), rng.normal(size=30) - 12), (rng.normal(size=(2, 30)), np.zeros(2))])
    dead = dead_features(net, (-1, 1), layer=0)
    assert 0 < len(dead) < 30
    for unit in range(30):
        single = certify(net, feature(unit, layer=0), (-1, 1))
        assert isinstance(single, CannotFire) == (unit in dead)
        if unit in dead:
            assert single.certificate == dead[unit].certificate


@pytest.mark.parametrize("shape", [(3, 8, 5), (12, 9, 5)])
def test_later_layers_and_pairs(shape):
    rng = np.random.default_rng(3)
    inputs, hidden, outputs = shape
    weights = [rng.integers(-3, 4, size) for size in ((hidden, inputs), (outputs, hidden))]
    net = Network.mlp([(weights[0], rng.integers(-2, 1, hidden)), (weights[1], np.array([-300, 0, 1, -2, -9]))])
    for layer in (0, 1):
        width, calls = net.widths[layer], []
        dead = dead_features(net, (0, 1), layer=layer, progress=lambda *counts, calls=calls: calls.append(counts))
        answer = together(net, None, (0, 1), layer=layer)
        assert answer.features == tuple(range(width))
        assert answer.dead == set(dead)
        for i in range(width):
            for j in range(i, width):
                single = never_together(net, [i, j], (0, 1), layer=layer)
                ours = answer.decision(i, j)
                assert isinstance(single, CannotFire) == isinstance(ours, CannotFire) == (answer.together[i, j] < 0)
                prop = feature(i, layer=layer) if i == j else feature(i, layer=layer) & feature(j, layer=layer)
                assert str(check(net, prop, (0, 1), ours.certificate)) == "valid"
                assert answer.together[i, j] == answer.together[j, i]


def test_wrong_arguments():
    net = Network.mlp([([[1, 2], [3, 4]], [0, 0])])
    with pytest.raises(FeatureError, match="layer 1 does not exist"):
        together(net, [0], layer=1)
    with pytest.raises(InputError, match="one of the features is 2"):
        together(net, [2])
    with pytest.raises(InputError, match="feature 1 is not among the features"):
        together(net, [0], (0, 1)).decision(0, 1)
    roots = Network.mlp([([["sqrt(2)"]], [0])])
    for ask in (dead_features, together):
        with pytest.raises(InexactError, match="irrational"):
            ask(roots)


@given(layers(WIDE))
def test_maxima_of_the_first_layer(drawn):
    net, box = drawn
    best = maximum(net, 0, box, layer=0)
    assert best.value == box.maximize(net.layers[0].weight.rows[0]).value + net.layers[0].bias[0]
    assert box.contains(best.point)
    assert net.trace(best.point)[0][0] == best.value
    assert str(check(net, feature(0, best.value, layer=0), box, best.certificate)) == "valid"
    below = best.value - Fraction(1, 10**9)
    assert str(check(net, feature(0, below, layer=0), box, best.certificate)) != "valid"


def test_a_maximum_of_many_inputs():
    """Bounds and weights are not binary fractions: the proof needs the rows of the box."""
    net = Network.mlp([([[Fraction(k, 7) for k in range(-30, 40)]], ["1/3"])])
    best = maximum(net, 0, ("1/3", "2/3"))
    assert best.value == Fraction(1, 3) + sum(Fraction(k, 7) * Fraction(2 if k > 0 else 1, 3) for k in range(-30, 40))
    assert str(check(net, feature(0, best.value), ("1/3", "2/3"), best.certificate)) == "valid"
    case = case_of(net, feature(0, best.value), as_domain(("1/3", "2/3"), 70))
    assert check_plainly(net, [case], best.certificate.lines).verdict == "valid"


def test_a_maximum_in_many_inputs_of_a_later_layer():
    """The maximum over the patterns of three units, each by a linear program; the exact prover closes the regions around it."""
    rng = np.random.default_rng(1)
    hidden, bias = rng.integers(-3, 4, (3, 40)).tolist(), rng.integers(-9, 10, 3).tolist()
    net, box = Network.mlp([(hidden, bias), ([[2, -1, -3]], [1])]), Polyhedron.box(-1, 1, dim=40)
    best = maximum(net, 0, box)
    values = []
    for signs in product((0, 1), repeat=3):
        rows = [(b if on else -b, *(w if on else -w for w in row)) for on, b, row in zip(signs, bias, hidden, strict=True)]
        slope = [sum(c * on * row[k] for c, on, row in zip((2, -1, -3), signs, hidden, strict=True)) for k in range(40)]
        top = Polyhedron.of(40, [*box.hrep.rows, *rows]).maximize(slope)
        constant = 1 + sum(c * on * b for c, on, b in zip((2, -1, -3), signs, bias, strict=True))
        values += [top.value + constant] if isinstance(top, lp.Optimal) else []
    assert best.value == max(values)
    assert str(check(net, feature(0, best.value), box, best.certificate)) == "valid"


def test_one_unit_of_a_wide_layer():
    """A question about one unit converts one row: the exact entries of the whole layer are never made."""
    rng = np.random.default_rng(0)
    net = Network.mlp([(rng.normal(size=(500, 100)), np.zeros(500)), (rng.normal(size=(3, 500)), np.zeros(3))])
    assert certify(net, feature(7, 100, layer=0), (-1, 1)).nodes == 1
    assert certify(net, feature(7, layer=0), (-1, 1)).witness
    assert "_entries" not in net.layers[0].weight.__dict__


def test_pairs_in_floats():
    """Features 1 and 2 are x - 1/2 and 1/2 - x: never together over the reals, but near 1/2 within their rounding errors."""
    net = Network.mlp([([[1, 0], [1, 0], [-1, 0]], [0, "-1/2", "1/2"]), ([[1, 1, 1]], [0])])
    found = together(net, domain=[("0", "1")] * 2, layer=0, arithmetic="float32", seconds=2)
    assert (found.together >= 0).tolist() == [[True, True, True], [True, True, False], [True, False, True]]
    assert isinstance(found.decision(1, 2), Undecided)
    assert isinstance(never_together(net, [1, 2], (0, 1), layer=0), CannotFire)
    for pair in ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0)):
        decision, prop = found.decision(*pair), conjunction(*(feature(unit, layer=0) for unit in pair))
        assert isinstance(decision, CanFire)
        assert check(net, prop, (0, 1), decision.certificate, arithmetic="float32").verdict == "valid"
    unit = maximum(net, 0, (0, 1), arithmetic="bfloat16")
    assert unit.reached < Fraction(3, 2) <= unit.value < unit.reached + 1
