"""The three checkers agree on headers that are malformed, and refuse a zone that is listed twice; messages are one line."""

import json
from fractions import Fraction

import pytest
from checker.support import certificate, high, low
from checker.test_checker import ABSOLUTE, LEFT, LISTED, RIGHT, SPLIT, TOUCHING, WIDE, ZONES

from exactzones.certification import case_of
from exactzones.checker import check
from exactzones.checker.reference import check_plainly
from exactzones.checker.verified import check_verified, program
from exactzones.errors import BackendError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import feature

CANNOT = case_of(ABSOLUTE, feature(0), TOUCHING)
COMPLETE = case_of(ABSOLUTE, feature(0), WIDE)


def checkers():
    try:
        program()
    except BackendError:
        return [check, check_plainly]
    return [check, check_plainly, check_verified]


def verdicts(case, lines):
    reports = [checker(ABSOLUTE, [case], lines) for checker in checkers()]
    for report in reports:
        assert "\n" not in str(report)
        assert len(str(report)) < 450
    return {report.verdict for report in reports}


def header(**changes):
    first, *nodes = certificate(ABSOLUTE, SPLIT, LEFT, RIGHT)
    return [json.dumps(json.loads(first) | changes), *nodes]


MALFORMED = [
    *({"zones": value} for value in (None, {}, "", 0, [[["+-"], ["2"], 3]], ["ab"], [{"a": 1, "b": 2}])),
    *({"zones": [[pattern, ["2"]]]} for pattern in ("+-", {}, None, [["+-"]], [1])),
    *({"zones": [[["+-"], point]]} for point in ("2", {"2": 0}, None, [2], [["2"]])),
    *({"trees": value} for value in ({}, "", 0, [0], [[]], ["0"], [{}], [[True]], [["0"]], [[0], []], [[0.0]])),
    *({"bits": value} for value in (None, 15, 1025, "24", True)),
    *({"cases": value} for value in (None, -1, 2**31 + 1, "1", True)),
    *({"case": value} for value in (None, -1, 2**31 + 1, "0", True)),
    *({"witness": value} for value in ("2", {}, {"2": 0}, 0, [2], ["9" * 20_001], ["1/" + "9" * 20_001], ["1/0"], [""])),
    *({"version": value} for value in (None, 0, True, "1", [1])),
    *({"verdict": value} for value in (None, 0, [])),
    *({"network": value} for value in (None, 0, "first\nsecond", "0" * 10_000)),
    {"format": "a\nb"},
]


@pytest.mark.parametrize("changes", MALFORMED, ids=lambda changes: json.dumps(changes)[:40])
def test_malformed_headers_are_invalid_for_all(changes):
    assert verdicts(CANNOT, header(**changes)) == {"invalid"}


@pytest.mark.parametrize("changes", [change for change in MALFORMED if "witness" not in change], ids=lambda c: json.dumps(c)[:40])
def test_a_true_witness_does_not_excuse_them(changes):
    first = certificate(ABSOLUTE, witness=(0, [3]))[0]
    assert verdicts(COMPLETE, [first]) == {"valid"}
    assert verdicts(COMPLETE, [json.dumps(json.loads(first) | changes)]) == {"invalid"}


@pytest.mark.parametrize("bits", [16, 24, 1024])
def test_well_formed_ones_are_valid_for_all(bits):
    assert verdicts(CANNOT, header(bits=bits, case=2**31, trees=[[0]], witness=None)) == {"valid"}


@pytest.mark.parametrize(
    "node",
    [
        [0, {}, ["relu", 2]],
        [0, "", ["relu", 2]],
        [0, [], {"relu": 2}],
        [0, ["01"], ["relu", 2]],
        [0, [{}], ["relu", 2]],
        [0, [], ["relu"]],
        [0, [], ["relu", 2, 3]],
        [0, [], ["cut", "first\nsecond", "first\nsecond"]],
        [0, [], ["cut", 0, "1" * 5_000]],
        [0, [], ["no", "a\nb", [], []]],
        {"0": [], "1": [], "2": ["relu", 2]},
        [0, [[9, 0, "1" * 20_001]], ["relu", 2]],
    ],
    ids=lambda node: json.dumps(node)[:40],
)
def test_malformed_nodes_are_invalid_for_all(node):
    first, _, left, right = header()
    assert verdicts(CANNOT, [first, json.dumps(node), left, right]) == {"invalid"}


@pytest.mark.parametrize("text", ["[0, [], " + "1e" + "9" * 5_000 + "]", "[0, [], 1." + "1" * 5_000 + "]", "[0,\n" * 500])
def test_messages_about_lines_that_are_not_nodes_are_one_short_line(text):
    assert verdicts(CANNOT, [*header()[:1], text]) == {"invalid"}


def listed(zones):
    return certificate(ABSOLUTE, *LISTED, zones=zones)


def test_a_zone_that_is_listed_twice_is_refused_by_all():
    assert verdicts(COMPLETE, listed(ZONES)) == {"valid"}
    assert verdicts(COMPLETE, listed([*ZONES, ZONES[0]])) == {"invalid"}
    assert verdicts(COMPLETE, listed(ZONES * 500)) == {"invalid"}
    other_witness = (ZONES[0][0], [5])
    assert verdicts(COMPLETE, listed([*ZONES, other_witness])) == {"invalid"}


def test_the_count_of_a_valid_list_is_that_of_its_patterns():
    for checker in checkers():
        report = checker(ABSOLUTE, [COMPLETE], listed(ZONES))
        assert (report.proves, report.zones) == ("complete", len({pattern for pattern, _ in ZONES}))


def test_the_program_refuses_a_zone_twice_by_itself(tmp_path):
    """The wrapper would refuse it before: here the extracted program is asked."""
    import subprocess

    from exactzones.checker.verified import claim_of

    if check_verified not in checkers():
        pytest.skip("the verified checker is not built: bash proofs/build.sh")
    claim, proof = tmp_path / "claim.json", tmp_path / "proof"
    claim.write_text(json.dumps(claim_of(ABSOLUTE, [COMPLETE])))
    for zones, says in ((ZONES, "valid"), ([*ZONES, ZONES[1]], "invalid: two zones have the same pattern")):
        proof.write_text("".join(f"{line}\n" for line in listed(zones)))
        done = subprocess.run([program(), claim, proof], capture_output=True, text=True, check=False)  # noqa: S603
        assert done.stdout.splitlines()[0] == says


ULP = Fraction(1, 2**40)
PAIR = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [1])])  # |x| + 1, which is positive everywhere


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("also", [True, False])
@pytest.mark.parametrize(("end", "lies_in"), [(0, True), (ULP, True), (-ULP, False), (-1, False)])
def test_a_region_lies_in_a_zone_up_to_the_last_digit(sign, also, end, lies_in):
    """Where x >= end the pattern "+-" holds iff end >= 0; mirrored, "-+"."""
    domain = Polyhedron.box([end], [2]) if sign > 0 else Polyhedron.box([-2], [-end])
    case = case_of(PAIR, feature(0), domain)
    first, second = (low(1), high(2)) if sign > 0 else (high(1), low(2))
    leaf = [0, [], ["zone", 0, [first, second]]] if also else [0, [first, second], ["zone", 0, []]]
    lines = certificate(PAIR, leaf, zones=[(("+-",) if sign > 0 else ("-+",), [Fraction(sign)])])
    for checker in checkers():
        assert (checker(PAIR, [case], lines).verdict == "valid") == lies_in, checker
