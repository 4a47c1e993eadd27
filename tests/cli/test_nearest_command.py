"""``exactzones nearest``."""

import json
from fractions import Fraction

import pytest
from cli.support import ABSOLUTE, PLANE, saved

from exactzones import feature, find_zones, nearest
from exactzones.certification.nearest import NearestInput


def test_the_distance_is_printed_written_and_proved(run, tmp_path):
    net = saved(ABSOLUTE, tmp_path / "net.json")
    outcome = run("nearest", net, "--feature", "0", "--at", "1/3", "--norm", "inf", "--out", tmp_path / "proof.json")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert [line.split() for line in lines[:2]] == [["distance", "2/3"], ["point", "(1)"]]
    assert lines[2].endswith("no, but arbitrarily close to it")
    assert "wrote" in lines[-1]
    document = json.loads(run("nearest", net, "--feature", "0", "--at", "1/3", "--norm", "inf", "--json", "-").out)
    radius = Fraction(document["radius"])
    box = f"--domain={Fraction(1, 3) - radius}:{Fraction(1, 3) + radius}"
    assert run("check", net, tmp_path / "proof.json", "--feature", "0", box).out.splitlines()[-1] == "valid"


@pytest.mark.parametrize("norm", ["1", "2", "inf"])
def test_json_has_the_bounds_of_each_norm(run, tmp_path, norm):
    net = saved(PLANE, tmp_path / "net.json")
    question = "--feature", "0", "--threshold", "1", "--domain=-3:3"
    outcome = run("nearest", net, *question, "--at=-1,-1", f"--norm={norm}", "--json", "-")
    document = json.loads(outcome.out)
    expected = nearest(find_zones(PLANE, feature(0, 1), "-3:3"), [-1, -1], norm if norm == "inf" else int(norm))
    names = ("lower_squared", "upper_squared") if norm == "2" else ("lower", "upper")
    distance = expected.distance_squared if norm == "2" else expected.distance
    assert [document[name] for name in names] == [str(distance)] * 2
    assert (document["exact"], document["attained"], outcome.code) == (True, expected.attained, 0)
    assert document["zone"] == list(expected.zone.pattern)


def test_bounds_are_shown_on_the_way_and_named_as_such_at_the_end(run, tmp_path, monkeypatch):
    net = saved(ABSOLUTE, tmp_path / "net.json")

    def slow(*_, progress, **_limits):
        progress(Fraction(0), None)
        progress(Fraction(1, 4), Fraction(4))
        return NearestInput(2, Fraction(1, 4), Fraction(4), (Fraction(2),), True, ("+-",))

    monkeypatch.setattr("exactzones.cli.nearest.nearest_input", slow)
    monkeypatch.setattr("exactzones.cli.outputs._REPORT_SECONDS", 0)
    outcome = run("nearest", net, "--feature", "0", "--at", "0", "--timeout", "60")
    assert outcome.err.splitlines() == [
        "the distance is not known, 0 s",
        "the distance is between 1/2 and 2, 0 s",
        "incomplete: the budget of 60 s ran out before the distance was exact",
    ]
    assert outcome.code == 3


def test_no_answer_and_no_time(run, tmp_path):
    net = saved(ABSOLUTE, tmp_path / "net.json")
    outcome = run("nearest", net, "--feature", "1", "--at", "0", "--domain=-2:2")
    assert (outcome.code, outcome.out) == (0, "it fires nowhere on the domain\n")
    late = run("nearest", net, "--feature", "0", "--at", "0", "--timeout", "1e-9", "--out", tmp_path / "proof.json")
    assert (late.code, late.out) == (3, "  distance  not known\n")
    assert late.err.splitlines() == [
        "incomplete: the budget of 1e-09 s ran out before the distance was exact",
        f"{tmp_path / 'proof.json'} is not written: no box around the point was proved",
    ]


@pytest.mark.parametrize(("upper", "says"), [(3, "between 1 and 3"), (None, "at least 1")])
def test_bounds_are_one_row(run, tmp_path, monkeypatch, upper, says):
    found = NearestInput("inf", Fraction(1), upper, None, False, None, None, Fraction(1))
    monkeypatch.setattr("exactzones.cli.nearest.nearest_input", lambda *_arguments, **_options: found)
    outcome = run("nearest", saved(ABSOLUTE, tmp_path / "net.json"), "--feature", "0", "--at", "0", "--norm", "inf")
    assert (outcome.code, outcome.out) == (3, f"  distance  {says}\n")
    assert outcome.err == "incomplete: no proof closed the gap\n"


@pytest.mark.parametrize(("place", "unit", "why"), [("2", "0", "the distance is 0"), ("0", "1", "exactzones certify proves")])
def test_why_there_is_no_certificate(run, tmp_path, place, unit, why):
    net, out = saved(ABSOLUTE, tmp_path / "net.json"), tmp_path / "proof.json"
    outcome = run("nearest", net, "--feature", unit, "--at", place, "--domain=-2:2", "--out", out)
    assert (outcome.code, out.exists()) == (0, False)
    assert outcome.err.startswith(f"{out} is not written: ")
    assert why in outcome.err
