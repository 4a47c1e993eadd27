"""Nodes in columns, the lines of version 2: what each stands for, and which all checkers refuse."""

import json

import pytest
from checker.support import certificate, in_columns, in_version_1
from checker.test_all_checkers import CANNOT, COMPLETE, checkers
from checker.test_checker import ABSOLUTE, LEFT, LISTED, RIGHT, SPLIT, ZONES

from exactzones.checker.certificate import Bound, Hint, Node, Refutation
from exactzones.checker.node_lines import read_node, write_node

LINES = in_columns(certificate(ABSOLUTE, SPLIT, LEFT, RIGHT))
HEAD = json.loads(LINES[0])


def verdicts(*nodes, version=2):
    lines = [json.dumps(HEAD | {"version": version}), *nodes]
    return {checker(ABSOLUTE, [CANNOT], lines).verdict for checker in checkers()}


def test_what_a_line_stands_for():
    first = Bound(2, False, False, Hint((0, 3), (5 << 32, 7 << 31)))
    second = Bound(3, True, True, Hint((), (), ((2, 1, 6),), ((2, 256), (3, 17))))
    node = Node(4, (first, second), "no", refutations=(Refutation(((0, 1),), Hint((1,), (1 << 40,))),))
    line = write_node(node)
    assert read_node(line) == node
    assert json.loads(line) == [
        4,
        [8, 7],
        ["no", 0, [0, 1]],
        [[[2, 0, 1], [0, 3, 1], [10, 7, 1], [31, 31, 40]], [[0, 1, 0], [5], [3], [1]], [[0, 2, 0], [2, 1], [256, 17], []]],
    ]
    plain = [[8, 0, 5 << 32, 3, 7 << 31, [], []], [15, [5, 6], [2, 256, 3, 17]]]
    assert json.loads(in_version_1([LINES[0], line])[1]) == [4, plain, ["no", 0, [0, 1], [1, 1 << 40, [], []]]]


def test_it_is_valid_for_all_in_both_versions():
    assert verdicts(*LINES[1:]) == {"valid"}
    assert verdicts(*in_version_1(LINES)[1:]) == {"valid"}  # lines of version 1 in a file of version 2
    assert verdicts(*in_version_1(LINES)[1:], version=1) == {"valid"}
    assert verdicts(*LINES[1:], version=1) == {"invalid"}
    assert verdicts(LINES[1], *in_version_1(LINES)[2:]) == {"valid"}


GOOD = [0, [4, 4], ["relu", 1], [[[1, 1], [0, 1], [3, "1/2"], [30, 0]], [[0, 1], [3], [5], []], []]]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), [0, [], ["relu", 1], [], []]),
        ((0,), -1),
        ((0,), True),
        ((0,), []),
        ((1,), [4, -5]),
        ((1,), [4, "4"]),
        ((1,), [4, True]),
        ((1,), [4, [4]]),
        ((1,), [4, 1 << 41]),
        ((1,), [4, -(1 << 62)]),
        ((1,), [4, -(1 << 63)]),
        ((1,), [4, 10**30]),
        ((1,), [4]),
        ((1,), [4, 4, 4]),
        ((1,), {}),
        ((2,), ["no", 0]),
        ((2,), ["no", 0, [0, 1], []]),
        ((2,), ["no", 2, [0, 1]]),
        ((2,), ["no", 0, [0]]),
        ((2,), ["no"]),
        ((2,), []),
        ((2,), ["zone", 0, [4, "4"]]),
        ((2,), ["zone", 0, 4]),
        ((3,), {}),
        ((3,), [[], [], [], []]),
        ((3,), [[], [], 0]),
        ((3, 0), [[1, 1], [0, 1], [3, 3]]),
        ((3, 0), [[1, 1], [0, 1], [3, 3], [], []]),
        ((3, 0, 0), [2]),
        ((3, 0, 0), [1, 2]),
        ((3, 0, 0), [3, -1]),
        ((3, 0, 0), [1, True]),
        ((3, 0, 0), [1, 1 << 70]),
        ((3, 0, 1), [0]),
        ((3, 0, 1), [-1, 1]),
        ((3, 0, 1), [0, "1"]),
        ((3, 0, 1), [1 << 41, 1]),
        ((3, 0, 2), [3]),
        ((3, 0, 2), [-3, "1/2"]),
        ((3, 0, 2), [3, "-1/2"]),
        ((3, 0, 2), [3, "1/0"]),
        ((3, 0, 2), [3, None]),
        ((3, 0, 2), [1 << 41, "1/2"]),
        ((3, 0, 3), [30]),
        ((3, 0, 3), [30, 1]),
        ((3, 0, 3), [30, 0, 0]),
        ((3, 0, 3), [256, 0]),
        ((3, 0, 3), [-1, 0]),
        ((3, 0, 3), [True, 0]),
        ((3, 1), [[0, 1], [3], ["x"], []]),
        ((3, 2), [[0, 1], [1], [257], []]),
        ((3, 2), [[0, 1], [1], ["1"], []]),
        ((3, 2), [[0, 1], [-1], [1], []]),
    ],
)
def test_lines_that_all_refuse(path, value):
    assert verdicts(json.dumps(GOOD)) == {"incomplete"}
    node = json.loads(json.dumps(GOOD))
    if path:
        holder = node
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
    else:
        node = value
    assert verdicts(json.dumps(node)) == {"invalid"}


@pytest.mark.parametrize("more", [4, "4", None, {}, [[4]]])
def test_a_zone_whose_units_are_no_list_is_refused_by_all(more):
    first, *nodes = in_columns(certificate(ABSOLUTE, *LISTED, zones=ZONES))
    number, units, tail, groups = json.loads(nodes[-1])
    assert tail[0] == "zone"
    for wanted, last in (("valid", tail), ("invalid", [*tail[:2], more])):
        lines = [first, *nodes[:-1], json.dumps([number, units, last, groups])]
        assert {checker(ABSOLUTE, [COMPLETE], lines).verdict for checker in checkers()} == {wanted}
