"""Properties as text: what they say, and what is not a property."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exactzones.certification import CanFire, CannotFire, certify, check
from exactzones.errors import FeatureError, InputError
from exactzones.network import Network
from exactzones.port import Port
from exactzones.property import ALWAYS, Disjunction, as_property, brief, condition, feature
from exactzones.testing import networks, points, properties
from exactzones.where import parse_where

NET = Network.of(([[1], [-1]], [0, 0], True), ([[1, 1], [1, -1], [2, 0]], [-1, 0, 1], [True, False, False]))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("z1[2] > 1/2", "z1[2] > 1/2"),
        ("z-1[2]>=0.25", "z1[2] >= 1/4"),
        ("a0[1] < 3", "a0[1] < 3"),
        ("y[1] > y2", "a1[1] > a1[2]"),
        ("z1[2] > z1[0] and z1[2] > 1/2", "z1[2] > z1[0] and z1[2] > 1/2"),
        ("0 <= z0[0] < 1", "z0[0] >= 0 and z0[0] < 1"),
        ("z0[0] = 1", "z0[0] >= 1 and z0[0] <= 1"),
        ("z0[0] != 1", "z0[0] < 1 or z0[0] > 1"),
        ("not (z0[0] > 1 or z0[1] <= 2)", "z0[0] <= 1 and z0[1] > 2"),
        ("z0[0] > 1 and (z0[1] > 2 or z0[1] > 3)", "z0[0] > 1 and z0[1] > 2 or z0[0] > 1 and z0[1] > 3"),
        ("-(2*z0[0] - z0[1])*3/2 >= 1e-1", "3*z0[0] - 3/2*z0[1] <= -1/10"),
        ("argmax = 2", "a1[2] > a1[0] and a1[2] > a1[1]"),
        ("2 in top(1)", "a1[2] > a1[0] and a1[2] > a1[1]"),
        ("2 in top(2) and z0[0] > 1", "a1[2] > a1[0] and z0[0] > 1 or a1[2] > a1[1] and z0[0] > 1"),
        ("not (2 in top(2))", "a1[0] >= a1[2] and a1[1] >= a1[2]"),
        ("2 not in top(2)", "a1[0] >= a1[2] and a1[1] >= a1[2]"),
        ("2 in top(3)", "always"),
        ("argmax != 2", "a1[0] >= a1[2] or a1[1] >= a1[2]"),
        ("(z0[0] + 1) * 2 > 0 and ((z0[0])) > -1", "2*z0[0] > -2 and z0[0] > -1"),
        ("z0[0] > z0[0] - 1", "0 > -1"),
    ],
)
def test_meaning(text, meaning):
    assert str(parse_where(text, NET)) == meaning


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("z0[0]", "'the end' comes where a relation such as > is expected"),
        ("z0[0] > ", "'the end' is not a number or a variable"),
        ("z0[0] > 1 z0[1]", "'z0[1]' is not expected after a condition"),
        ("z0[0] > $", "'$' is not expected"),
        ("x[0] > 1", "'x[0]' is not a number or a variable such as z1[2]"),
        ("z0[0]*z0[1] > 1", "a product of two variables is not linear"),
        ("1/z0[0] > 1", "division is not by a number other than 0"),
        ("z0[0]/0 > 1", "division is not by a number other than 0"),
        ("z0[0] > z1[0]", "a condition is about one layer"),
        ("z0[0] > a0[0]", "a condition is about one layer"),
        ("(z0[0] > 1", "parenthesis number 1 is not closed"),
        ("argmax > 1", "argmax is followed by = or !="),
        ("argmax = 3", "from 0 to 2"),
        ("3 in top(1)", "'3' is not the number of an output; expected 0 to 2"),
        ("2 in top(4)", "'4' is not the number of largest outputs; expected 1 to 3"),
        ("2 in bottom(1)", "the number of an output is followed by: in top(N)"),
        ("not " * 200 + "z0[0] > 1", "nested more than 100 deep"),
        ("(z0[0] != 1) and " * 20 + "z0[0] > 1", "at most 10000 are supported"),
    ],
)
def test_refused(text, says):
    with pytest.raises(InputError, match=re.escape(says)) as error:
        parse_where(text, NET)
    assert "\n" not in str(error.value)


def test_a_title_says_in_words_that_a_unit_is_the_greatest():
    for text, expected in (
        ("argmax = 2", "feature 2 of layer 1 after its ReLU greater than all others"),
        ("argmax = 2 or argmax = 0", "feature 2 or 0 of layer 1 after its ReLU greater than all others"),
        ("z1[2] > z1[0] and z1[2] > z1[1]", "feature 2 of layer 1 greater than all others"),
        ("y[2] > y[1]", "a1[2] > a1[1]"),
        ("y[2] > y[1] and y[2] >= y[0]", "a1[2] > a1[1] and a1[2] >= a1[0]"),
        ("argmax = 2 or z0[0] > 1", "a1[2] > a1[0] and a1[2] > a1[1] or z0[0] > 1"),
        ("2 in top(3)", "always"),
        ("not (2 in top(3))", "never"),
    ):
        assert brief(parse_where(text, NET), NET.widths) == expected


def test_outputs_have_their_names():
    named = Network(NET.layers, output_ports=(Port("map", (1, 2), 0), Port("score", (1,), 2)))
    assert str(parse_where("map[1] > score and map[0, 1] > 1", named)) == "a1[1] > a1[2] and a1[1] > 1"
    for text in ("map > 1", "map[2] > 1", "score[1] > 0"):
        with pytest.raises(FeatureError, match="is not an entry of"):
            parse_where(text, named)
    softmax = Network(NET.layers, output_ports=(Port("probabilities", (3,), 0, "Softmax"),))
    with pytest.raises(InputError, match="'probabilities' comes after Softmax"):
        parse_where("probabilities[2] > 1/2", softmax)
    with pytest.raises(InputError, match=r"'other\[0\]' is not a number or a variable"):
        parse_where("other[0] > 1", named)


def test_units_that_do_not_exist():
    for text, says in (
        ("z2[0] > 0", "layer 2"),
        ("z0[2] > 0", "feature 2"),
        ("y[3] > 0", "feature 3"),
        ("z-3[0] > 0", "layer -3"),
    ):
        with pytest.raises(FeatureError, match=says):
            parse_where(text, NET)


@given(st.data())
def test_what_is_written_reads_back(data):
    net = data.draw(networks())
    prop = data.draw(properties(net)).resolve(net.widths)
    assume(any(each.terms for each in prop.conditions))
    assert parse_where(prop.exact_text(), net) == Disjunction((prop,))
    assert "-1*" not in str(prop)
    assert "+ -" not in str(prop)


@given(st.data())
def test_and_or_not_hold_where_they_say(data):
    net = data.draw(networks())
    point = data.draw(points(net.inputs))
    one, two, three = (data.draw(properties(net)) for _ in range(3))
    a, b, c = (net.satisfies(point, prop) for prop in (one, two, three))
    for prop, expected in (
        (one | two, a or b),
        (~one, not a),
        ((one | two) & three, (a or b) and c),
        (three & (one | two), (a or b) and c),
        (~(one | two), not (a or b)),
        (~(one & (two | three)), not (a and (b or c))),
    ):
        assert net.satisfies(point, prop) == expected
        if isinstance(prop, Disjunction):
            assert net.satisfies(point, parse_where(str(prop.resolve(net.widths)), net)) == expected


def test_always_and_never():
    assert (~ALWAYS).cases == ()
    assert str(~ALWAYS) == "never"
    assert ~~ALWAYS == ALWAYS
    assert as_property(ALWAYS | feature(0) & ~ALWAYS) == ALWAYS


def test_a_disjunction_is_certified_case_by_case():
    for prop, expected in (
        (feature(0, 9) | feature(1, 9), CannotFire),
        (feature(0, 9) | condition([0, -1]), CanFire),
        (~ALWAYS, CannotFire),
    ):
        decision = certify(NET, prop, (-4, 4))
        assert isinstance(decision, expected)
        assert str(check(NET, prop, (-4, 4), decision.certificate)) == "valid"
    with pytest.raises(InputError, match="a disjunction of 2 cases"):
        as_property(feature(0) | feature(1))
