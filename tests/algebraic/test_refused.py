"""Functions for rational numbers only refuse irrational ones, and say what to do."""

import pytest
import sympy

from exactzones import InexactError, InputError, Network, Polyhedron, condition, feature, find_zones
from exactzones.certification import case_of, certify, check, dead_features, maximum, prove_complete
from exactzones.checker.verified import claim_of
from exactzones.cli import main
from exactzones.models import save_network

ABSOLUTE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1
ROOTS = Network.mlp([([["sqrt(2)"], ["-sqrt(2)"]], [0, 0]), ([[1, 1]], [-1])])
SHIFTED = Network.mlp([([[1], [-1]], [0, "sqrt(2)"]), ([[1, 1]], [-1])])
BOX = Polyhedron.box(-1, 1, dim=1)
QUESTIONS = {
    "weights": (ROOTS, feature(0), BOX),
    "no domain": (ROOTS, feature(0), None),
    "bias": (SHIFTED, feature(0), BOX),
    "threshold": (ABSOLUTE, feature(0, "sqrt(2)"), BOX),
    "coefficient": (ABSOLUTE, condition({0: "sqrt(2)"}), BOX),
    "domain": (ABSOLUTE, feature(0), Polyhedron.box("-sqrt(2)", 1, dim=1)),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_certificates_are_refused(question):
    network, prop, domain = question
    for ask in (
        lambda: certify(network, prop, domain),
        lambda: prove_complete(find_zones(network, prop, domain)),
        lambda: claim_of(network, [case_of(network, prop, domain)]),
    ):
        with pytest.raises(InexactError, match=r"irrational numbers, but certificates .* round explicitly"):
            ask()


def test_checks_are_refused():
    proof = certify(ABSOLUTE, feature(0, threshold=1), BOX).certificate
    assert check(ABSOLUTE, feature(0, threshold=1), BOX, proof).verdict == "valid"
    with pytest.raises(InexactError, match="the property has irrational numbers"):
        check(ABSOLUTE, feature(0, threshold="sqrt(2)"), BOX, proof)
    assert check(ROOTS, feature(0), BOX, proof).verdict == "invalid"  # of another network


@pytest.mark.parametrize("ask", [lambda: dead_features(ROOTS, BOX), lambda: maximum(ROOTS, 0, BOX)], ids=["dead", "maximum"])
def test_questions_are_refused(ask):
    with pytest.raises(InexactError, match="round explicitly"):
        ask()


def test_what_to_do_works():
    rounded = ROOTS.rationalized(10**6)
    assert rounded.is_rational
    assert not ROOTS.is_rational
    assert [taken.expression for taken in rounded.rationalizations] == ["sqrt(2)", "-sqrt(2)"]
    assert certify(rounded, feature(0), BOX).witness is not None


def test_two_fields_in_one_network_are_refused():
    two, three = sympy.sqrt(2), sympy.sqrt(3)
    for layers in (
        [([[two, three]], None, True)],
        [([[two]], [three], True)],
        [([[two]], None, True), ([[1]], [three], True)],
    ):
        with pytest.raises(InexactError, match=r"the weights have sqrt\(2\) and sqrt\(3\).*rationalize=DENOMINATOR"):
            Network.of(*layers)
        assert Network.of(*layers, rationalize=100).is_rational
    assert not Network.of(([[sympy.sqrt(8), two / 3]], [1 / two], True)).is_rational  # all of Q(sqrt(2))


def test_two_fields_in_one_question_are_refused():
    for ask in (
        lambda: ROOTS(["sqrt(3)"]),
        lambda: find_zones(ROOTS, feature(0, threshold="sqrt(3)")),
        lambda: find_zones(ROOTS, feature(0), Polyhedron.box("-sqrt(3)", 0, dim=1)),
        lambda: Polyhedron.of(1, [["sqrt(2)", 1], ["sqrt(3)", -1]]).vrep,
    ):
        with pytest.raises(InexactError, match="sqrt"):
            ask()


def test_numbers_outside_of_every_such_field_are_refused():
    for number in (sympy.root(2, 3), sympy.pi, sympy.sqrt(1 + sympy.sqrt(2)), sympy.I):
        with pytest.raises(InputError, match=r"layer 0 weight\[0\]\[0\] is .*pass rationalize="):
            Network.of(([[number]], None, True))
    with pytest.raises(InexactError, match=r"coordinate 0 is 'sqrt\(-1\)'"):
        ROOTS(["sqrt(-1)"])


@pytest.mark.parametrize("wanted", [("--certificate", "proof.json"), ("--export", "query.smt2")])
def test_the_command_line_refuses_before_the_work(wanted, tmp_path, capsys):
    option, name = wanted
    save_network(ROOTS, tmp_path / "net.json")
    written = ["--json", str(tmp_path / "zones.json"), option, str(tmp_path / name)]
    with pytest.raises(SystemExit) as left:
        main(["zones", str(tmp_path / "net.json"), "--feature", "0", *written])
    assert left.value.code == 2
    assert "irrational" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["net.json"]
