"""``exactzones along``, and points from files in every command that takes one."""

import json

import numpy as np
import pytest
from cli.support import ABSOLUTE, PLANE, saved


@pytest.fixture
def net(tmp_path):
    return saved(PLANE, tmp_path / "net.json")


def test_pieces_are_printed_and_written(run, tmp_path):
    net = saved(ABSOLUTE, tmp_path / "a.json")
    outcome = run("along", net, "--from=-2", "--to", "2", "--feature", "0")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "2 pieces from t = 0 (the first point) to t = 1 (the last)",
        "             0 to 1/2           feature 0 from 1 to -1",
        "           1/2 to 1             feature 0 from -1 to 1",
        "feature 0 fires for t from 0 to 1/4, 3/4 to 1",
    ]
    document = json.loads(run("along", net, "--from=-2", "--to", "2", "--feature", "1", "--json", "-").out)
    assert [piece["to"] for piece in document["pieces"]] == ["1/2", "1"]
    assert document["pieces"][0]["features"] == [["1", "-4"], ["-3", "4"]]
    assert (document["pieces"][0]["pattern"], document["fires"]) == (["-+"], [])
    assert "-+" in run("along", net, "--from=-2", "--to", "2").out
    assert "feature 1 fires nowhere on it" in run("along", net, "--from=-2", "--to", "2", "--feature", "1").out


@pytest.fixture
def files(tmp_path):
    points = np.array([[0.5, -0.75], [1, 2]])
    np.save(tmp_path / "one.npy", points[0])
    np.save(tmp_path / "image.npy", points[:1].reshape(1, 2, 1))
    np.save(tmp_path / "many.npy", points)
    texts = {
        "one.csv": "1/2,-3/4\n",
        "named.csv": "x,y,class\n0.5,-0.75,cat\n",
        "column.csv": "1/2\n-3/4\n",
        "many.csv": "1,2\n1/2,-3/4\n",
        "one.json": '["1/2", -0.75]',
        "many.json": "[[0.5, -0.75], [1, 2]]",
        "answer.json": '{"command": "eval", "point": ["1/2", "-3/4"]}',
        "bad.json": "{}",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return tmp_path


SAME = [
    *("one.npy", "image.npy", "many.npy:0"),
    *("one.csv", "named.csv", "column.csv", "many.csv:1"),
    *("one.json", "many.json:0", "answer.json"),
]


@pytest.mark.parametrize("name", SAME)
def test_a_file_is_a_point(run, net, files, name):
    expected = run("eval", net, "--at", "1/2,-3/4").out
    assert run("eval", net, "--at", files / name).out == expected


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("many.npy", "name a row, such as FILE.npy:0"),
        ("many.npy:2", "row 2 does not exist"),
        ("many.csv", "it has 2 points; name one of them"),
        ("one.csv:1", "it has 1 row, counted from 0"),
        ("bad.json", 'or an answer with a "point"'),
        ("none.csv", "No such file"),
    ],
)
def test_a_file_that_is_not_a_point_is_refused(refused, net, files, name, says):
    refused("along", net, "--from", files / name, "--to", "0,0", says=[says, name.partition(":")[0]])


def test_a_feature_that_does_not_exist(refused, net):
    refused("along", net, "--from", "0,0", "--to", "1,1", "--feature", 2, says=["the last layer has features 0 to 1"])
