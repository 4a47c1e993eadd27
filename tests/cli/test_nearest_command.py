"""``exactzones nearest``."""

import json
from fractions import Fraction

import pytest
from cli.support import ABSOLUTE, PLANE, saved

from exactzones import feature, find_zones, nearest


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


def test_no_answer_and_no_time(run, tmp_path):
    net = saved(ABSOLUTE, tmp_path / "net.json")
    outcome = run("nearest", net, "--feature", "1", "--at", "0", "--domain=-2:2")
    assert (outcome.code, outcome.out) == (0, "it fires nowhere on the domain\n")
    late = run("nearest", net, "--feature", "0", "--at", "0", "--timeout", "1e-9")
    assert late.code == 3
