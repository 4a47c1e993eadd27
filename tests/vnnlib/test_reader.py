"""VNN-LIB files: the cases say what the assertions say."""

import gzip
import os
import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones.errors import FormatError
from exactzones.network import Network
from exactzones.vnnlib.reader import read_vnnlib

FOLDER = os.environ.get("EXACTZONES_VNNCOMP")
FILES = sorted(Path(FOLDER).rglob("*.vnnlib")) if FOLDER else []
DECLARATIONS = "".join(f"(declare-const {name} Real)\n" for name in ("X_0", "X_1", "Y_0", "Y_1"))


# An evaluation of the text itself, which shares nothing with the reader.


def expressions(source):
    """Return the file as nested lists of strings."""
    stack = [[]]
    for symbol in re.findall(r"[()]|[^\s()]+", re.sub(";.*", "", source)):
        if symbol == "(":
            stack.append([])
        elif symbol == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(symbol)
    assert len(stack) == 1
    return stack[0]


def value(term, values):
    if isinstance(term, str):
        return values[term] if term in values else Fraction(term)
    first, *others = (value(part, values) for part in term[1:])
    if term[0] == "-" and not others:
        return -first
    for other in others:
        match term[0]:
            case "+":
                first += other
            case "-":
                first -= other
            case "*":
                first *= other
            case "/":
                first /= other
    return first


def truth(formula, values):
    if isinstance(formula, str):
        return {"true": True, "false": False}[formula]
    if formula[0] in {"and", "or"}:
        return {"and": all, "or": any}[formula[0]](truth(part, values) for part in formula[1:])
    if formula[0] == "not":
        return not truth(formula[1], values)
    if formula[0] == "=>":  # to the right: a => b => c is a => (b => c)
        *premises, conclusion = (truth(part, values) for part in formula[1:])
        return not all(premises) or conclusion
    sides = [value(part, values) for part in formula[1:]]
    compare = {
        "!=": Fraction.__ne__,
        "==": Fraction.__eq__,
        "<=": Fraction.__le__,
        ">=": Fraction.__ge__,
        "<": Fraction.__lt__,
        ">": Fraction.__gt__,
        "=": Fraction.__eq__,
    }
    return all(compare[formula[0]](left, right) for left, right in pairwise(sides))


def asserted(source, values):
    return all(truth(command[1], values) for command in expressions(source) if command[0] == "assert")


# What the cases say.


def row_holds(row, values):
    total = row.constant + sum(coefficient * values[index] for index, coefficient in row.terms)
    return total > 0 if row.strict else total >= 0


def case_holds(case, inputs, outputs):
    inside = all(
        (low is None or low <= x) and (high is None or x <= high) for (low, high), x in zip(case.box, inputs, strict=True)
    )
    both = [*outputs, *reversed(inputs)]  # input i has index ~i
    return inside and all(row_holds(row, inputs) for row in case.rows) and all(row_holds(row, both) for row in case.outputs)


def named(inputs, outputs):
    return {f"{kind}_{k}": x for kind, values in (("X", inputs), ("Y", outputs)) for k, x in enumerate(values)}


@pytest.fixture
def read(tmp_path):
    def read(*assertions, declarations=DECLARATIONS, network=None):
        path = tmp_path / "property.vnnlib"
        path.write_text(declarations + "\n".join(assertions))
        return read_vnnlib(path, network)

    return read


def identity(inputs, outputs, *, relu=False):
    weight = [[int(k == j) for k in range(inputs)] for j in range(outputs)]
    return Network.of((weight, None, relu))


# Formulas at random.

NUMBERS = st.sampled_from(["0", "1", "-1", "2", "0.5", "-0.25", "1e0", "5E-1", "+2.0", "(- 1)", "(/ 1 3)", "(* 2 0.5)"])


def terms(kinds):
    variable = st.sampled_from([f"{kind}_{k}" for kind in kinds for k in range(2)])
    scaled = st.builds("(* {} {})".format, NUMBERS, variable) | st.builds("(/ {} 2.0)".format, variable)
    leaf = variable | NUMBERS | scaled
    return st.recursive(
        leaf,
        lambda deeper: (
            st.builds("({} {} {})".format, st.sampled_from("+-"), deeper, deeper)
            | st.builds("(- {})".format, deeper)
            | st.builds("(+ {} {} {})".format, deeper, deeper, deeper)
            | st.builds("(* {} {})".format, deeper, NUMBERS)
        ),
        max_leaves=4,
    )


def comparisons(kind):
    operator = st.sampled_from(["<=", ">=", "<", ">", "=", "!="])
    chained = st.sampled_from(["<=", ">=", "<", ">", "="])
    pair = st.builds("({} {} {})".format, operator, terms(kind), terms(kind))
    bound = st.builds("({} {}_{} {})".format, operator, st.sampled_from(kind), st.sampled_from("01"), NUMBERS)
    return bound | pair | st.builds("({} {} {} {})".format, chained, NUMBERS, terms(kind), NUMBERS)


FORMULAS = st.recursive(
    comparisons("X") | comparisons("Y") | comparisons("XY") | st.sampled_from(["true", "false"]),
    lambda deeper: (
        st.builds(
            "({} {})".format, st.sampled_from(["and", "or"]), st.lists(deeper, min_size=1, max_size=3).map("\n ; aside )\n ".join)
        )
        | st.builds("(not {})".format, deeper)
        | st.builds("(=> {})".format, st.lists(deeper, min_size=2, max_size=3).map(" ".join))
    ),
    max_leaves=10,
)
SMALL = st.sampled_from([Fraction(k, 6) for k in range(-12, 13)] + [Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2)])


@given(st.lists(FORMULAS, min_size=1, max_size=4), st.data())
def test_the_cases_hold_where_the_assertions_do(tmp_path_factory, formulas, data):
    source = DECLARATIONS + "".join(f"(assert {formula})\n" for formula in formulas)
    path = tmp_path_factory.mktemp("vnnlib") / "property.vnnlib"
    path.write_text(source)
    cases = read_vnnlib(path)
    nets = [identity(2, 2), identity(2, 2, relu=True)]
    for _ in range(10):
        inputs, outputs = data.draw(st.tuples(SMALL, SMALL)), data.draw(st.tuples(SMALL, SMALL))
        expected = asserted(source, named(inputs, outputs))
        assert any(case_holds(case, inputs, outputs) for case in cases) == expected
        for net in nets:
            expected = asserted(source, named(inputs, net(inputs)))
            fires = [
                case.domain.contains(inputs) and case.network_for(net).satisfies(inputs, case.property_for(net)) for case in cases
            ]
            assert any(fires) == expected


def test_numbers_are_the_decimals_that_are_written(read):
    (case,) = read("(assert (<= X_0 0.1))", "(assert (>= X_0 -1e-30))", "(assert (= X_1 (/ -1 3)))")
    assert case.box == ((Fraction(-1, 10**30), Fraction(1, 10)), (Fraction(-1, 3), Fraction(-1, 3)))
    assert case.rows == case.outputs == ()
    assert case.domain.contains(["1/10", "-1/3"])
    assert not case.domain.contains([0.1, "-1/3"])  # the float is larger


def test_cases_may_have_boxes_of_their_own_and_equal_ones(read):
    boxes = "(assert (or (and (<= X_0 1) (>= X_0 0)) (and (<= X_0 3) (>= X_0 2))))"
    cases = read(boxes, "(assert (or (>= Y_0 0) (<= Y_0 -1)))")
    assert [case.box[0] for case in cases] == [(0, 1), (0, 1), (2, 3), (2, 3)]
    assert [[(row.constant, row.terms) for row in case.outputs] for case in cases[:2]] == [[(0, ((0, 1),))], [(-1, ((0, -1),))]]
    assert cases[0].domain is cases[1].domain


def test_an_empty_interval_drops_the_case_and_a_point_does_not(read):
    ends = "(assert (or (and (>= X_0 1) (<= X_0 {})) (= X_0 5)))"
    assert [case.box[0] for case in read(ends.format(0))] == [(5, 5)]
    assert [case.box[0] for case in read(ends.format(1))] == [(1, 1), (5, 5)]
    assert read("(assert (<= X_0 0))", "(assert (or (>= X_0 1) (>= X_0 2)))") == []
    assert read("(assert (< X_0 1))", "(assert (>= X_0 1))") == []
    assert read("(assert (> 0 1))") == []


def test_inputs_without_bounds_of_their_own_have_those_that_conditions_imply(read):
    bounded = "(assert (>= X_0 -1))(assert (<= X_0 2))"
    (case,) = read(f"{bounded}(assert (= X_1 X_0))")
    assert case.box == ((-1, 2), (-1, 2))
    assert case.domain.contains([2, 2])
    assert not case.domain.contains([2, 1])
    (case,) = read(f"{bounded}(assert (<= (+ X_0 (* -2 X_1)) 6))")  # x1 >= (x0 - 6) / 2
    assert case.box == ((-1, 2), (Fraction(-7, 2), None))
    assert read(f"{bounded}(assert (<= X_1 (- X_0 5)))(assert (>= X_1 (+ X_0 0.5)))") == []
    (case,) = read("(assert (= X_1 X_0))")
    assert case.box == ((None, None),) * 2


def test_strict_bounds_stay_strict(read):
    (case,) = read("(assert (< X_0 1))", "(assert (<= X_0 7))", "(assert (<= (+ X_0 X_1) 3))", "(assert (> Y_1 0))")
    assert case.box == ((None, 1), (None, None))
    assert not case.domain.contains([1, 0])
    assert case.domain.contains([0, 3])
    assert not case.domain.contains([0, 4])
    assert case.outputs[0].strict


def test_the_outputs_are_those_after_a_final_relu(read):
    (case,) = read("(assert (<= Y_0 0))")
    for relu, fires in (False, False), (True, True):
        net = identity(2, 2, relu=relu)
        prop = case.property_for(net)
        assert [condition.after_relu for condition in prop.conditions] == [relu]
        assert not net.satisfies([1, 0], prop)
        assert net.satisfies([0, 0], prop)
        assert net.satisfies([-1, 0], case.property_for(identity(2, 2))) is True
        assert net.satisfies([-1, 0], prop) is True
        assert net.satisfies([-1, 0], read("(assert (>= Y_0 0))")[0].property_for(net)) is fires
    partial = Network.of(([[1, 0], [0, 1]], None, [False, True]))
    assert not case.property_for(partial).conditions[0].after_relu


def test_without_assertions_everything_is_allowed(read):
    (case,) = read("(set-logic QF_LRA)")
    assert case.box == ((None, None),) * 2
    assert case.rows == case.outputs == ()


def test_functions_without_arguments_are_constants(read):
    assert (
        len(read("(assert (>= Y_0 X_9))".replace("X_9", "1"), declarations=DECLARATIONS.replace("-const X_0", "-fun X_0 ()")))
        == 1
    )


def test_deep_and_wide_formulas(read):
    deep = 190
    (case,) = read(f"(assert {'(and ' * deep}(<= X_0 1){')' * deep})")
    assert case.box[0] == (None, 1)
    half = deep // 2
    nested = "(or (<= X_1 0) (and (<= X_0 1) " * half + "(<= X_1 1)" + "))" * half
    assert len(read(f"(assert {nested})")) == half + 1
    (case,) = read(f"(assert (<= (+ {'X_0 ' * 5000}) {'(- ' * deep}5000{')' * deep}))")
    assert case.box[0] == (None, 1)
    assert len(read(f"(assert (or {'(<= Y_0 1) ' * 20_000}))")) == 20_000
    assert read(f"(assert (and {'(or (<= X_0 1) (<= X_1 1))' * 40} false))") == []


def test_another_number_of_inputs_or_outputs(read):
    assertion = "(assert (<= Y_0 0))"
    assert len(read(assertion, network=identity(2, 2))) == 1
    for net, what in (identity(3, 2), "inputs"), (identity(2, 3), "outputs"):
        with pytest.raises(FormatError, match=rf"property\.vnnlib: 2 {what} are declared.*the network has 3"):
            read(assertion, network=net)
        with pytest.raises(FormatError, match=f"2 {what} are declared"):
            read(assertion)[0].property_for(net)


# Files as they are in the wild.

PLAIN = DECLARATIONS + "; two bounds\n(assert (<= X_0 1))\n(assert (>= Y_0 0.5)) ; and no more\n"


def box_and_outputs(path):
    return [(case.box, case.outputs) for case in read_vnnlib(path)]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace("bounds", "Schränke").encode("latin-1"),
        PLAIN.replace("bounds", "Schränke").encode(),
        PLAIN.replace("bounds", "限").encode("gb18030"),
        gzip.compress(PLAIN.encode()),
    ],
    ids=["UTF-8 mark", "UTF-16", "CR LF", "CR", "Latin-1 comment", "UTF-8 comment", "GB 18030 comment", "gzip"],
)
def test_every_encoding_reads_like_plain_text(tmp_path, data):
    plain, path = tmp_path / "plain.vnnlib", tmp_path / "p.vnnlib.gz"
    plain.write_text(PLAIN)
    path.write_bytes(data)
    assert box_and_outputs(path) == box_and_outputs(plain)
    assert len(box_and_outputs(path)) == 1


def test_commands_of_smt_solvers_are_passed_over(read):
    around = '(set-option :produce-models true)\n(set-info :source |a ( b\n; c|)\n(set-info :note "; )")\n'
    (case,) = read("(assert (<= X_0 1))", "(check-sat)(get-model)(get-value (X_0))\n(exit)", declarations=around + DECLARATIONS)
    assert case.box == ((None, 1), (None, None))
    with pytest.raises(FormatError, match="line 9"):  # lines within quotes count
        read("(assert (<= X_0 Z))", declarations=around + DECLARATIONS)


def test_a_negation_turns_bounds_and_strictness_around(read):
    (case,) = read("(assert (not (or (> X_0 1) (<= X_1 2) (not (>= Y_0 3)))))")
    assert case.box == ((None, 1), (2, None))
    assert [row.strict for row in case.rows] == [True]
    assert [(row.constant, row.terms, row.strict) for row in case.outputs] == [(-3, ((0, 1),), False)]
    assert [case.box[0] for case in read("(assert (=> (>= X_0 0) (<= X_0 -5)))")] == [(None, 0), (None, -5)]


def test_inputs_and_outputs_in_one_condition_are_asked_about_a_network_that_repeats_its_inputs(read):
    (case,) = read("(assert (<= (+ X_0 (* 2 X_1)) (- Y_1 Y_0)))", "(assert (>= Y_0 0))")
    net = Network.of(([[1, 2], [3, 4]], None, True), ([[1, 1], [1, -1]], None, False))
    wide, prop = case.network_for(net), case.property_for(net)
    assert wide([1, -2]) == (*net([1, -2]), 1, -2)
    assert [condition.terms for condition in prop.conditions] == [((0, -1), (1, 1), (2, -1), (3, -2)), ((0, 1),)]
    (case,) = read("(assert (>= Y_0 0))")
    assert case.network_for(net) is net


# The public files.


def points(cases, constants, count, seed):
    """Draw points of the boxes and just outside, with outputs at and around the constants that the file compares with."""
    import random

    rng = random.Random(seed)  # noqa: S311
    for _ in range(count):
        case = rng.choice(cases)
        inputs = [low + (high - low) * Fraction(rng.randrange(5), 4) for low, high in case.box]
        if rng.random() < 0.3:
            k = rng.randrange(len(inputs))
            inputs[k] += rng.choice([-1, 1])
        yield inputs, [rng.choice(constants) + Fraction(rng.randint(-2, 2), 2) for _ in range(case.output_count)]


@pytest.mark.skipif(not FOLDER, reason="EXACTZONES_VNNCOMP names no folder")
@pytest.mark.parametrize("category", sorted({path.relative_to(FOLDER).parts[0] for path in FILES}))
def test_public_files(category):
    seen = set()
    for path in (path for path in FILES if path.relative_to(FOLDER).parts[0] == category):
        source = path.read_text()
        cases = read_vnnlib(path)
        assert cases
        assert all(case.domain.ambient_dim == source.count("(declare-const X_") for case in cases)
        assert all(case.output_count == source.count("(declare-const Y_") for case in cases)
        parsed = [command[1] for command in expressions(source) if command[0] == "assert"]
        constants = [Fraction(number) for number in re.findall(r"Y_\d+ (-?[\d.e-]+)\)", source)] or [Fraction(0)]
        for inputs, outputs in points(cases, constants, 20, seed=path.name):
            values = named(inputs, outputs)
            expected = all(truth(formula, values) for formula in parsed)
            assert any(case_holds(case, inputs, outputs) for case in cases) == expected
            seen.add(expected)
    assert seen == {True, False}
