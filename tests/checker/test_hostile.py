"""Hostile files: one clear error, in bounded time and memory."""

import gzip
import json
import os
import subprocess
import sys
import textwrap

import pytest
from checker.support import certificate, low, no
from checker.test_checker import ABSOLUTE, LEFT, RIGHT, SPLIT, TOUCHING
from hypothesis import given
from hypothesis import strategies as st

from exactzones.certification import case_of
from exactzones.checker import check, lines_of
from exactzones.errors import FormatError
from exactzones.property import feature

CASE = case_of(ABSOLUTE, feature(0), TOUCHING)
LINES = certificate(ABSOLUTE, SPLIT, LEFT, RIGHT)
HEAD = json.loads(LINES[0])
HUGE = 10**4299


def refused(lines, says=""):
    """Demand one short line that says what is wrong."""
    found = check(ABSOLUTE, [CASE], lines)
    assert found.verdict == "invalid"
    assert found.why
    assert "\n" not in found.why
    assert len(found.why) < 5000
    assert says in found.why
    return found.why


def with_header(**changes):
    return [json.dumps(HEAD | changes), *LINES[1:]]


def with_node(text):
    return [LINES[0], text]


def test_the_certificate_itself_is_right():
    assert str(check(ABSOLUTE, [CASE], LINES)) == "valid"


@pytest.mark.parametrize(
    "first", ["", "\n", "{", "[]", "null", "7", '"format"', "{}", "\ufeff{}", '{"format": 1}', "\x00", "nan", "[" * 10**6]
)
def test_first_lines_that_are_no_header(first):
    refused([first, *LINES[1:]], "header is not JSON" if first in ("", "{", "\x00") else "")
    refused([first])


def test_nothing_at_all():
    refused([])


@pytest.mark.parametrize("bits", [15, 1025, 0, -28, 1 << 64, HUGE, True, None, "28", [], {}])
def test_bits_are_from_16_to_1024(bits):
    refused(with_header(bits=bits), "bits")


@pytest.mark.parametrize("bits", [16, 17, 61, 62, 63, 64, 1023, 1024])
def test_all_other_bits_are_right(bits):
    assert str(check(ABSOLUTE, [CASE], with_header(bits=bits))) == "valid"


@pytest.mark.parametrize(
    "changes",
    [
        {"cases": 0},
        {"cases": 2},
        {"cases": 1 << 31},
        {"cases": HUGE},
        {"cases": -1},
        {"cases": True},
        {"cases": [1]},
        {"case": HUGE, "witness": ["2"]},
        {"case": -1, "witness": ["2"]},
        {"case": 1, "witness": ["2"]},
        {"version": 3},
        {"version": 0},
        {"version": True},
        {"version": [[[]]]},
        {"version": "1" * 10**6},
        {"format": "exactzones network"},
        {"network": None},
        {"network": "0" * 64},
        {"network": HEAD["network"].upper()},
        {"verdict": None},
        {"verdict": 1},
        {"witness": "2"},
        {"witness": [2]},
        {"witness": [True]},
        {"witness": ["2/0"]},
        {"witness": ["x"]},
        {"witness": ["1e9999999"]},
        {"witness": ["9" * 30_000]},
        {"witness": ["9" * 5_000]},
        {"witness": [None]},
        {"witness": ["2"] * 100_000},
        {"witness": {"0": "2"}},
        {"zones": None},
        {"zones": {}},
        {"zones": [[]]},
        {"zones": [["+-", ["2"]]]},
        {"zones": [[["+-"], "2"]]},
        {"zones": [[[1], ["2"]]]},
        {"zones": [[["+-"], ["2"]]]},
        {"zones": [[["+" * 10**6], ["2"]]]},
        {"zones": [[["+-"], ["2"]]] * 10_000},
    ],
)
def test_headers_that_lie(changes):
    refused(with_header(**changes))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        " ",
        "null",
        "{}",
        "[]",
        "[0]",
        "[0,[]]",
        "[0,[],[]]",
        "[0,[],[],[]]",
        '[0,[],["relu"]]',
        '[0,[],["relu",1,1]]',
        '[0,[],["relu","1"]]',
        '[0,[],["relu",1.0]]',
        '[0,[],["relu",1e0]]',
        '[0,[],["relu",NaN]]',
        '[0,[],["relu",Infinity]]',
        '[0,[],["relu",-Infinity]]',
        '[0,[],["relu",true]]',
        '[0,[],["relu",null]]',
        '[0,[],["relu",-1]]',
        '[0,[],["relu",[1]]]',
        '[0,[],["rely",1]]',
        '[0,[],[["relu"],1]]',
        '[0,[],{"relu":1}]',
        '[0,{},["relu",1]]',
        '[true,[],["relu",1]]',
        '["0",[],["relu",1]]',
        '[-1,[],["relu",1]]',
        '[0.0,[],["relu",1]]',
        '[0,[[]],["relu",1]]',
        '[0,[4],["relu",1]]',
        '[0,[[-4]],["relu",1]]',
        '[0,[[4,0]],["relu",1]]',
        '[0,[[4,0,-1]],["relu",1]]',
        '[0,[[4,0,"-1/2"]],["relu",1]]',
        '[0,[[4,0,"1/0"]],["relu",1]]',
        '[0,[[4,0,"1/2/3"]],["relu",1]]',
        '[0,[[4,0,"0.5"]],["relu",1]]',
        '[0,[[4,0,"NaN"]],["relu",1]]',
        '[0,[[4,0,0.5]],["relu",1]]',
        '[0,[[4,"0",1]],["relu",1]]',
        '[0,[[4,-1,1]],["relu",1]]',
        '[0,[[4,[2]]],["relu",1]]',
        '[0,[[4,[2],[]]],["relu",1]]',
        '[0,[[4,[],[1]]],["relu",1]]',
        '[0,[[4,[],[1,257]]],["relu",1]]',
        '[0,[[4,[],[1,-1]]],["relu",1]]',
        '[0,[[4,[],[1,"1/2"]]],["relu",1]]',
        '[0,[[4,[],[],[]]],["relu",1]]',
        '[0,[],["cut",0]]',
        '[0,[],["cut",0,"1/2"]]',
        '[0,[],["cut",0,0.5]]',
        '[0,[],["zone",0]]',
        '[0,[],["zone",0,0]]',
        '[0,[],["zone",0,[[]]]]',
        '[0,[],["no",2,[0,1],[]]]',
        '[0,[],["no",true,[0,1],[]]]',
        '[0,[],["no",0,[0],[]]]',
        '[0,[],["no",0,[0,-1],[]]]',
        '[0,[],["no",0,[0,"1"],[]]]',
        '[0,[],["no",0,[0,1.5],[]]]',
        '[0,[],["no",0,[0,1],[0]]]',
        '[0,[],["no",0,[0,1],{}]]',
        '[0,[],["no",0,[0,1]]]',
        '[0,[],["relu",1]] 1',
        '[0,[],["relu",1]',
        "[0,[],['relu',1]]",
        '[0,[],["relu",' + "9" * 5000 + "]]",
        "[" * 10**6,
        '[0,[],["relu",' * 10**5,
        '{"a":' * 10**5,
        '"' + "x" * 10**6,
        "\ud800",
    ],
)
def test_lines_that_are_no_node(text, version):
    refused([json.dumps(HEAD | {"version": version}), text])


@pytest.mark.parametrize(
    ("node", "why"),
    [
        ([HUGE, [], ["relu", 1]], "no such region"),
        ([0, [[4 * HUGE]], ["relu", 1]], "no unit"),
        ([0, [], ["relu", HUGE]], "not a hidden unit"),
        ([0, [], ["cut", HUGE, 0]], "no input"),
        ([0, [], ["zone", HUGE, []]], "no zone"),
        ([0, [], no((HUGE, 1))], "no condition"),
        ([0, [low(1, HUGE, 1)], no((0, 1))], "no row"),
        ([0, [low(1, 1 << 63, 1)], no((0, 1))], "no row"),
        ([0, [low(1, [2 * HUGE, 1], [])], no((0, 1))], "no hidden unit"),
        ([0, [low(1, [], [HUGE, 1])], no((0, 1))], "no hidden unit"),
        ([0, [low(1, [], [1 << 64, 1])], no((0, 1))], "no hidden unit"),
    ],
)
def test_numbers_of_things_may_be_huge(node, why):
    refused(with_node(json.dumps(node)), why)


@pytest.mark.parametrize(
    "m", [1 << 62, 1 << 63, 1 << 64, 1 << 100, HUGE, str(HUGE), f"{HUGE}/3", f"1/{HUGE}", f"{HUGE - 1}/{HUGE}"]
)
@pytest.mark.parametrize("exact", [0, 1])
def test_huge_multipliers(m, exact):
    bounds = [[4 + 2 * exact + side, 0, m, 1, m, [2, m, 3, m], [1, 200]] for side in (0, 1)]
    bounds += [[8 + 2 * exact + side, 0, m, 1, m, [2, m, 3, m], [2, 200]] for side in (0, 1)]
    refused(with_node(json.dumps([0, bounds, no((0, 1), exact=exact, hint=bounds[0][1:])])), "cannot hold together")
    if isinstance(m, int):
        refused(with_node(json.dumps([0, bounds, no((0, m), exact=exact)])), "cannot hold together")
    cut = [0, bounds, ["cut", 0, m if isinstance(m, int) else 0]]
    after = [1, [low(1, 2, m), [5, 2, m], low(2), [9]], no((0, 1), hint=[2, m])]
    found = check(ABSOLUTE, [CASE], [LINES[0], json.dumps(cut), json.dumps(after)])
    assert found.verdict in ("invalid", "incomplete")


def test_quotients_with_many_denominators():
    """Their sum has as many digits as all of them together."""
    bound = low(1, *(entry for k in range(40) for entry in (k % 2, f"1/{HUGE + 2 * k + 1}")))
    refused(with_node(json.dumps([0, [bound], ["relu", 1]])), "multipliers of more than")
    refused(
        with_node(json.dumps([0, [low(1, [entry for m in bound[2::2] for entry in (2, m)], [])], ["relu", 1]])),
        "multipliers of more",
    )
    some = low(1, *bound[1:25], exact=True)
    assert check(ABSOLUTE, [CASE], with_node(json.dumps([0, [some], ["relu", 1]]))).verdict == "incomplete"


def test_nodes_that_come_again_or_make_a_circle():
    refused([LINES[0], LINES[1], LINES[1]], "node 0: there is no such region")
    refused([LINES[0], json.dumps([1, [], ["relu", 1]]), LINES[1]], "node 1: there is no such region")
    refused([LINES[0], json.dumps([2, [], ["relu", 1]])], "node 2")
    refused([*LINES, LINES[1]], "node 0")
    refused([*LINES, LINES[0]], "a node must be")
    refused([LINES[0], *LINES], "a node must be")
    refused([*LINES, "garbage"], "not JSON")


@given(st.data())
def test_cut_off_anywhere(data):
    text = "".join(f"{line}\n" for line in LINES)
    part = text[: data.draw(st.integers(0, len(text) - 2))]
    found = check(ABSOLUTE, [CASE], part.splitlines(keepends=True))
    assert found.verdict in ("invalid", "incomplete")


_JSON = st.recursive(
    st.sampled_from([None, True, 0, 1, -1, 0.5, 1 << 64, "", "x", "1/2", "relu", "no", "cut", "zone"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(sorted(HEAD)), inner, max_size=3),
    max_leaves=20,
)


@given(st.lists(_JSON, max_size=3), st.booleans())
def test_any_json(entries, with_head):
    lines = [json.dumps(entry) for entry in entries]
    found = check(ABSOLUTE, [CASE], [*LINES[: 1 if with_head else 0], *lines])
    assert found.verdict == "invalid" or (with_head and not entries)


@given(st.dictionaries(st.sampled_from([*sorted(HEAD), "witness", "case"]), _JSON, max_size=3))
def test_any_header(changes):
    found = check(ABSOLUTE, [CASE], with_header(**changes))
    assert found.verdict in ("valid", "invalid")
    assert found.verdict == "invalid" or found.proves == "cannot fire"


_ENTRIES = [0, 1, -1, 2, 3, 4, 5, 8, 1 << 32, 1 << 63, -(1 << 70), "1/2", "-1", [], [2, 1], [1, 255], None, True]


@given(st.lists(st.sampled_from(_ENTRIES), max_size=8))
def test_any_hint(entries):
    for node in ([0, [[4, *entries]], ["relu", 1]], [0, [[10, *entries]], ["relu", 1]], [0, [], ["no", 0, [0, 1], entries]]):
        assert check(ABSOLUTE, [CASE], with_node(json.dumps(node))).verdict in ("invalid", "incomplete")


# Files.


def broken_file(path, says=""):
    with pytest.raises(FormatError, match=says) as caught:
        list(lines_of(path))
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert str(check(ABSOLUTE, [CASE], lines_of(path))).startswith("invalid: ")


def test_files_that_are_cut_off_or_damaged(tmp_path):
    packed = gzip.compress("".join(f"{line}\n" for line in LINES).encode())
    path = tmp_path / "c.gz"
    path.write_bytes(packed)
    assert str(check(ABSOLUTE, [CASE], lines_of(path))) == "valid"
    for end in range(2, len(packed) - 1, 7):
        path.write_bytes(packed[:end])
        broken_file(path, "truncated")
    for place in range(2, len(packed), 5):
        path.write_bytes(packed[:place] + bytes([packed[place] ^ 0x55]) + packed[place + 1 :])
        found = check(ABSOLUTE, [CASE], lines_of(path))
        assert found.verdict in ("valid", "invalid")
        assert "\n" not in str(found)
    path.write_bytes(packed + b"more")
    broken_file(path, "cut off|not a certificate")
    path.write_bytes(b"\xff\xfe" * 100)
    broken_file(path, "not a certificate")
    path.write_bytes(b"")
    refused(lines_of(path), "header")
    refused(lines_of(tmp_path / "missing"), "cannot be read")
    refused(lines_of(tmp_path), "cannot be read")


MEASURED = textwrap.dedent(
    """
    import resource, sys, time
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    from checker.test_hostile import ABSOLUTE, CASE, check, lines_of
    for path in sys.argv[1:]:
        start = time.process_time()
        print(check(ABSOLUTE, [CASE], lines_of(path)))
        print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, file=sys.stderr)
    """
)


def bomb(path, *parts):
    with gzip.open(path, "wb", 1) as stream:
        for part in parts:
            stream.write(part)
    assert path.stat().st_size < 1 << 21
    return path


def test_bombs(tmp_path):
    """Small files that unpack to a lot: an error each, within 3 GB of address space."""
    head, many = LINES[0].encode() + b"\n", 1 << 24
    bombs = [
        bomb(tmp_path / "zeros", *[bytes(1 << 20)] * 200),
        bomb(tmp_path / "blank", head, *[b" " * (1 << 20)] * 200),
        bomb(tmp_path / "deep", b"[" * (1 << 25)),
        bomb(tmp_path / "long", head, b"[0,[],[" + b"0," * many + b"0]]"),
        bomb(tmp_path / "empty", head, b"[0,[],[" + b"[]," * (many // 3 - 10) + b"[]]]"),
        bomb(tmp_path / "hint", head, b'[0,[],["no",0,[0,1],[' + b"0,0," * (many // 40) + b"0,0]]]"),
        bomb(tmp_path / "zones", head[:-3] + b"[[],[]]," * (many // 20) + b"[[],[]]]}"),
        bomb(tmp_path / "path", head, *(b'[%d,[],["relu",1]]\n' % (2 * k) for k in range(20_000))),
        bomb(tmp_path / "cuts", head, *(b'[%d,[],["cut",0,%d]]\n' % (2 * k, k) for k in range(20_000))),
    ]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", MEASURED, *map(str, bombs)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(bombs)
    assert all(line.startswith("invalid: ") for line in lines), lines
    assert all(len(line) < 300 for line in lines)
